"""What every ready block promises: it fits its wire, opens into known layers, computes and learns as it says."""

from math import prod
from typing import Any

import pytest
import torch

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.grouping import ungroup
from nnlab.core.blocks.inside import look_into
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Shape, UnknownLayer
from nnlab.core.ready import READY
from nnlab.engine.compile import run_text
from nnlab.files import codec

FITTING = [(id_, shape) for id_, ready in READY.items() for shape in ready.fits]
PROMISED = {
    "conv-bn-relu", "residual", "residual-down", "bottleneck", "dense-block", "inception", "inverted-residual",
    "unet-down", "unet-up", "squeeze-excite", "cbam-lite", "mlp", "encoder-pre-norm", "encoder-post-norm", "lstm-head",
    "vae-bottleneck", "patch-gan",
}  # fmt: skip
TWO_INPUTS = {"unet-up": (((16, 4, 4), (16, 8, 8)), ((6, 3, 3), (2, 6, 6)))}
"""Blocks that one wire is not enough for, with shapes that fit."""

CASES: list[tuple[str, tuple[Shape, ...]]] = [
    *((id_, (shape,)) for id_, shape in FITTING),
    *((id_, shapes) for id_, every in TWO_INPUTS.items() for shapes in every),
]
every_case = pytest.mark.parametrize(("id_", "shapes"), CASES, ids=[f"{id_}-{shapes}" for id_, shapes in CASES])


def test_the_blocks_that_were_promised_are_there() -> None:
    assert set(READY) >= PROMISED
    assert {id_ for id_, _ in CASES} == set(READY), "every block is tested with shapes that fit it"


@pytest.mark.parametrize("id_", READY)
def test_says_what_it_is_for_and_is_made_of_known_layers(id_: str) -> None:
    ready = READY[id_]
    assert ready.title
    assert len(ready.title) <= 22, "the list of layers cuts longer names"
    assert ready.blurb.endswith(".")
    block = ready.block()
    assert block.title == ready.title
    assert not any(isinstance(node.layer, UnknownLayer) for node in block.inner.nodes.values())
    assert len({node_id for node_id in block.inner.nodes if node_id not in block.needed}) == 0, "nothing hangs loose"
    places = {(node.x, node.y) for node in block.inner.nodes.values()}
    assert len(places) == len(block.inner.nodes), "it opens laid out"
    assert {p.name for p in block.lent} == {name for name, _ in block.promoted}


@every_case
def test_fits_its_wire_and_computes_the_shapes_weights_and_outputs_that_it_says(
    id_: str, shapes: tuple[Shape, ...]
) -> None:
    block = READY[id_].block(shapes[0])
    promised, code = block.output_shapes(*shapes), block.torch_code(*shapes)
    names: dict[str, Any] = run_text("\n\n".join(each.text for each in code.support))
    assert code.module is not None
    module = eval(code.module.source(), names)
    tensors = [torch.randn(3, *shape, requires_grad=True) for shape in shapes]
    made = module(*tensors)
    outputs = made if isinstance(made, tuple) else (made,)
    assert [tuple(o.shape) for o in outputs] == [(3, *shape) for shape in promised]
    real = {name: tuple(p.shape) for name, p in module.named_parameters()}
    assert block.parameter_shapes(*shapes) == real
    assert block.parameter_count(*shapes) == sum(map(prod, real.values()))
    assert block.flops(*shapes) > 0
    sum(o.square().sum() for o in outputs).backward()
    assert all(p.grad is not None for p in module.parameters()), "every weight learns"
    assert all(t.grad is not None for t in tensors)


@every_case
def test_opens_without_a_mistake_and_comes_apart(id_: str, shapes: tuple[Shape, ...]) -> None:
    block = READY[id_].block(shapes[0])
    graph = Graph().with_node(Node("block", block))
    inside = look_into(Document(graph=graph), ["block"])
    assert set(inside.graph.nodes) == set(block.inner.nodes)
    assert not [n for n, at in block.within(*shapes).items() if not at.known]
    graph = Graph().with_node(Node("block", block.with_(repeat_as="depth")))  # a loop cannot be taken apart
    apart, ids = ungroup(graph, "block")
    assert len(ids) == len(block.inner.nodes) - len(block.entries) - len(block.exits)
    assert "block" not in apart.nodes


@pytest.mark.parametrize("id_", READY)
def test_survives_being_written_down(id_: str) -> None:
    graph = Graph().with_node(Node("block", READY[id_].block()))
    assert codec.paste(Graph(), codec.copy(graph, ["block"]))[0].node("block").layer == graph.node("block").layer


@pytest.mark.parametrize(
    "id_",
    ["residual", "encoder-pre-norm", "encoder-post-norm", "inverted-residual", "squeeze-excite", "cbam-lite", "mlp"],
)
@pytest.mark.parametrize("share", [False, True])
def test_what_keeps_the_size_can_be_repeated(id_: str, share: bool) -> None:
    shape = READY[id_].fits[0]
    block = READY[id_].block(shape).with_(repeat=3, share=share)
    assert isinstance(block, Block)
    assert block.output_shapes(shape) == (shape,)
    assert block.parameter_count(shape) == (1 if share else 3) * READY[id_].block(shape).parameter_count(shape)


def test_ids_of_blocks_are_no_ids_of_layers() -> None:
    assert not set(READY) & set(LAYERS)
