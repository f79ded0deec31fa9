"""Over random networks of every layer: the shapes that are promised are those of torch, and the exported text is the network."""

import math
import os
from typing import Any

import pytest
import torch
from random_graphs import KINDS, random_document, random_samples

from nnlab.core.document import Document
from nnlab.core.objective import resolve
from nnlab.engine.compile import arguments, build, source
from nnlab.engine.confirming import confirm

GRAPHS = int(os.environ.get("NNLAB_GRAPHS", "60"))
PER_TEST = 5
FIRST = int(os.environ.get("NNLAB_FIRST_GRAPH", "0"))


def seeds() -> list[int]:
    """Spread over all layers however few they are."""
    step = max(1, len(KINDS) // GRAPHS)
    return [FIRST + k * step for k in range(GRAPHS)]


def assert_shapes(document: Document, values: dict[str, Any], count: int) -> None:
    for node_id, at in document.shapes.items():
        assert at.known, (node_id, at)
        keys = [node_id, *(f"{node_id}.{port.name}" for port in document.graph.output_ports(node_id)[1:])]
        for key, shape in zip(keys, at.outputs, strict=True):
            assert tuple(values[key].shape) == (count, *shape), key


def assert_same(mine: Any, theirs: Any, values: dict[str, Any]) -> None:
    """To a millionth of the largest number on the way: the last digit of attention depends on where in memory it lies."""
    largest = max(float(v.float().nan_to_num().abs().max()) for v in values.values())
    assert torch.allclose(mine.float(), theirs.float(), rtol=1e-6, atol=1e-6 * max(1.0, largest), equal_nan=True)


def assert_exported(
    document: Document, network: torch.nn.Module, given: tuple[Any, ...], values: dict[str, Any]
) -> None:
    """The text that export prints, in a namespace of its own, with the same weights."""
    names: dict[str, Any] = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "math": math}
    exec(compile(source(document), "exported.py", "exec"), names)
    exported = names["Network"]()
    exported.load_state_dict(network.state_dict())
    taken = [torch.as_tensor(given[k]) for k in arguments(document)]
    torch.manual_seed(1)
    answers = exported.eval()(*taken)
    answers = answers if isinstance(answers, tuple) else (answers,)
    for answer, output in zip(answers, resolve(document).outputs, strict=True):
        assert_same(answer, values[output], values)


def examine(seed: int) -> Document:
    document = random_document(seed)
    given = random_samples(document, seed)
    assert document.spec is not None
    network = build(document, seed=seed).eval()
    x = torch.from_numpy(document.spec.pack(given))
    torch.manual_seed(1)
    with torch.no_grad():
        values = network.trace(x)
        assert_shapes(document, values, len(x))
        assert confirm(document) == ()
        assert_exported(document, network, given, values)
    return document


@pytest.mark.parametrize("first", range(0, GRAPHS, PER_TEST))
def test_random_networks_have_the_shapes_that_are_promised_and_are_what_is_exported(first: int) -> None:
    for seed in seeds()[first : first + PER_TEST]:
        try:
            examine(seed)
        except Exception as problem:
            raise AssertionError(f"the network of seed {seed} (wanted: {KINDS[seed % len(KINDS)]})") from problem


def test_every_layer_has_its_turn() -> None:
    seen = {node.type_id for seed in range(0, len(KINDS), 17) for node in random_document(seed).graph.nodes.values()}
    assert len(seen) > 25
    assert KINDS[17] in seen


def test_a_seed_makes_the_same_network() -> None:
    assert random_document(5) == random_document(5)
