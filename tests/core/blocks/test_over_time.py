"""Blocks that run once for each step of a sequence: the loop a person would write, with the same weights at each step."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.grouping import ungroup
from nnlab.core.blocks.inside import leaves, look_into
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.check import check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import MISSING, Layer
from nnlab.core.ready import READY
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.compile import build, run_text, source
from nnlab.engine.export import python
from nnlab.engine.exports.format import FORMATS
from nnlab.engine.looking_inside import tracer
from nnlab.engine.loop import Loop
from nnlab.errors import GraphError, ShapeError
from nnlab.files import codec


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


def cell(width: int = 6) -> Block:
    """A plain recurrent cell: the state is the answer."""
    return READY["own-cell"].block().with_(units=width)


def gated(width: int = 5) -> Block:
    """Two states and an answer of its own: three inputs and three outputs."""
    made: dict[str, Layer] = {
        "x": BlockInput(name="x"), "h": BlockInput(name="h", order=1), "c": BlockInput(name="c", order=2),
        "both": layer("Concat"), "gate": layer("Linear", out_features=width), "keep": layer("Sigmoid"),
        "new": layer("Linear", out_features=width), "bent": layer("Tanh"), "kept": layer("Multiply"),
        "sum": layer("Add"), "answer": layer("Linear", out_features=2),
        "y": BlockOutput(name="y"), "h_out": BlockOutput(name="h", order=1), "c_out": BlockOutput(name="c", order=2),
    }  # fmt: skip
    inner = wired(
        made, "x > both", "h > both", "both > gate", "gate > keep", "both > new", "new > bent", "keep > kept",
        "c > kept", "kept > sum", "bent > sum", "sum > answer", "answer > y", "bent > h_out", "sum > c_out",
    )  # fmt: skip
    return Block(called="Gated", inner=inner, repeat_as="time")


def document(block: Block, *more: str) -> Document:
    """Waves, read by a block, answered from its last step."""
    graph = wired(
        {
            "input": layer("Input"), "loop": block, "last": layer("LastStep"), "dense": layer("Linear", out_features=WIDE),
            "output": layer("Output"),
        },
        "input > loop", "loop > last", "last > dense", "dense > output", *more,
    )  # fmt: skip
    return Document(graph, Data(dataset=DATASETS[SERIES]()), Training().with_(epochs=1, device="cpu", batch_size=32))


SERIES = "hourly-load"
WIDE = DATASETS[SERIES]().spec().width


def module_of(block: Block, *shapes: tuple[int, ...]) -> Any:
    code = block.torch_code(*shapes)
    assert code.module is not None
    names: dict[str, Any] = run_text("\n\n".join(each.text for each in code.support))
    return eval(code.module.source(), names)


def test_it_is_torchs_own_recurrent_network() -> None:
    torch.manual_seed(0)
    module, x = module_of(cell(), (7, 3), MISSING), torch.randn(4, 7, 3)
    step: Any = module.step
    by_torch: Any = nn.RNN(3, 6, batch_first=True)
    with torch.no_grad():
        by_torch.weight_ih_l0.copy_(step.of_step.weight)
        by_torch.bias_ih_l0.copy_(step.of_step.bias)
        by_torch.weight_hh_l0.copy_(step.of_state.weight)
        by_torch.bias_hh_l0.zero_()
    assert torch.allclose(module(x), by_torch(x)[0], atol=1e-6)


def test_it_is_the_hand_written_loop_to_the_last_bit() -> None:
    torch.manual_seed(1)
    block = gated()
    module, x = module_of(block, (7, 3), MISSING, (5,)), torch.randn(4, 7, 3)
    c = torch.randn(4, 5)
    answers, last_h, last_c = module(x, c)
    h, found = torch.zeros(4, 5), []
    for t in range(7):
        y, h, c = module.step(x[:, t], h, c)
        found.append(y)
    assert torch.equal(answers, torch.stack(found, 1))
    assert torch.equal(last_h, h)
    assert torch.equal(last_c, c)
    assert block.output_shapes((7, 3), MISSING, (5,)) == ((7, 2), (5,), (5,))


def test_its_ports_are_a_sequence_and_states_that_need_no_wire() -> None:
    assert [(p.name, p.optional) for p in gated().inputs] == [("x", False), ("h", True), ("c", True)]
    assert [p.name for p in gated().outputs] == ["y", "h", "c"]
    assert [p.optional for p in gated().with_(repeat_as="depth").inputs] == [False] * 3


def test_weights_count_once_and_work_counts_for_each_step() -> None:
    block = cell()
    module = module_of(block, (7, 3), MISSING)
    assert block.parameter_shapes((7, 3), MISSING) == {n: tuple(p.shape) for n, p in module.named_parameters()}
    assert block.flops((14, 3), MISSING) == 2 * block.flops((7, 3), MISSING)


@pytest.mark.parametrize(
    ("block", "shapes", "said"),
    [
        (cell(), ((7, 3), (5,)), "Make both sizes equal"),
        (cell(), ((), MISSING), "needs a sequence"),
        (cell().with_(repeat=2), ((7, 3), MISSING), "repeats to 1"),
        (
            replace(gated(), inner=gated().inner.without_node("y").without_node("h_out")),
            ((7, 3), MISSING, MISSING),
            "as many",
        ),
    ],
    ids=["size", "no sequence", "repeated", "outputs"],
)
def test_what_cannot_run_over_time_is_said(block: Block, shapes: Any, said: str) -> None:
    with pytest.raises(ShapeError, match=said):
        block.output_shapes(*shapes)


def test_without_a_state_each_step_is_computed_by_itself() -> None:
    inner = wired({"x": BlockInput(), "d": layer("Linear", out_features=4), "y": BlockOutput()}, "x > d", "d > y")
    block = Block(inner=inner, repeat_as="time")
    assert block.output_shapes((7, 3)) == ((7, 4),)
    module, x = module_of(block, (7, 3)), torch.randn(2, 7, 3)
    assert torch.allclose(module(x), module.step.d(x), atol=1e-6)


@pytest.mark.parametrize("block", [cell(), gated()], ids=["cell", "gated"])
def test_both_engines_train_it_alike(block: Block) -> None:
    found: list[dict[str, Any]] = []
    for captured in (False, True):
        loop = Loop(document(block), lambda event: None)
        loop.advance()
        if captured:
            capture_now(loop)
            assert loop.captured is not None, loop.engine_reason
        for _ in range(6):
            loop.advance()
        found.append(loop.learner.as_arrays())
    for name, values in found[0].items():
        assert np.isfinite(values).all()
        assert np.array_equal(values, found[1][name]), name


def test_it_is_written_down_and_written_out() -> None:
    made = document(cell())
    assert not [p for p in check(made) if p.severity == "error"]
    assert codec.document_from_dict(codec.document_to_dict(made)) == (made, ())
    assert "for step in x.unbind(1):" in source(made)
    run_text(python(made).replace('if __name__ == "__main__":\n    main()\n', ""))


@pytest.mark.parametrize("form", ["onnx", "pt2"])
def test_it_leaves_as_a_file(form: str) -> None:
    made = document(cell())
    assert FORMATS[form].make(made, {n: t.numpy() for n, t in build(made, 0).state_dict().items()}).data


def test_inside_one_sees_a_single_step() -> None:
    made = document(cell())
    inside = look_into(made, ["loop"])
    assert inside.shapes["tanh"].outputs == ((6,),)
    assert "loop" in leaves(made)
    network = build(made, 0)
    x = torch.tensor(Loop(made, lambda event: None).learner.parts.train.inputs[:2])
    seen = tracer(network, made, ("loop",))(x)
    assert seen["tanh"].shape == (2, 6)
    assert torch.equal(seen["tanh"], network.trace(x)["loop"][:, 0])


def test_it_cannot_be_taken_apart_while_it_runs_over_time() -> None:
    with pytest.raises(GraphError, match="steps of a sequence"):
        ungroup(document(cell()).graph, "loop")
    graph = document(cell().with_(repeat_as="depth")).graph
    assert "loop" not in ungroup(graph, "loop")[0].nodes


def test_classes_that_differ_in_sizes_still_become_one() -> None:
    graph = wired(
        {
            "input": layer("Input"), "one": cell(6), "two": cell(9), "last": layer("LastStep"),
            "dense": layer("Linear", out_features=WIDE), "output": layer("Output"),
        },
        "input > one", "one > two", "two > last", "last > dense", "dense > output",
    )  # fmt: skip
    made = Document(graph, Data(dataset=DATASETS[SERIES]()))
    network, x = build(made, 3), torch.randn(2, *DATASETS[SERIES]().spec().packed_shape)
    assert network(x).shape == (2, WIDE)
    assert network.trace(x)["two"].shape[-1] == 9
