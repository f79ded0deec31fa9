"""The layer whose formula is typed: in a network, in both engines, in files, as code, and when it is wrong."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import nnlab
from nnlab.core.chain import layer, wired
from nnlab.core.check import check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.formula import Spot
from nnlab.core.graph import Link
from nnlab.core.layer import MISSING, Layer
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.compile import build, source
from nnlab.engine.exports.format import FORMATS
from nnlab.engine.loop import Loop
from nnlab.errors import BuildError
from nnlab.files import codec


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


def document(expression: str, *ports: str) -> Document:
    """Two hidden rows of numbers that go into one expression."""
    made: dict[str, Layer] = {
        "input": layer("Input"), "one": layer("Linear", out_features=6), "two": layer("Linear", out_features=6),
        "made": layer("Expression", expression=expression), "last": layer("Linear", out_features=2),
        "output": layer("Output"),
    }  # fmt: skip
    graph = wired(made, "input > one", "input > two", "made > last", "last > output")
    links = {Link("one" if k % 2 == 0 else "two", "made", port) for k, port in enumerate(ports)}
    graph = replace(graph, links=graph.links | links)
    return Document(graph, Data(dataset=DATASETS["moons"]()), Training().with_(epochs=6, device="cpu"))


TRAINED = {
    "a + sin(a) ** 2": "a",
    "a * sigmoid(b)": "ab",
    "where(a > b, a, 0.1 * b) + maximum(a, 0)": "ab",
    "(a - mean(a)) / sqrt(mean((a - mean(a)) ** 2) + 0.001)": "a",
    "exp(-b ** 2) * minimum(a, 2) + clamp(c, -1, 1) - log(abs(d) + 1)": "abcd",
    "softplus(a) ** 1.5 - 2 ** -b + cos(tanh(a)) * sum(b)": "ab",
}


@pytest.mark.parametrize(("expression", "ports"), TRAINED.items(), ids=list(TRAINED))
def test_both_engines_train_it_alike(expression: str, ports: str) -> None:
    found: list[dict[str, Any]] = []
    for captured in (False, True):
        loop = Loop(document(expression, *ports), lambda event: None)
        loop.advance()
        if captured:
            capture_now(loop)
            assert loop.captured is not None, loop.engine_reason
        for _ in loop.steps():
            pass
        found.append(loop.learner.as_arrays())
    assert all(np.isfinite(values).all() for values in found[0].values())
    for name, values in found[0].items():
        assert np.array_equal(values, found[1][name]), name


def test_the_code_is_torch_and_nothing_else() -> None:
    made = document("a * sigmoid(b) + 0.5", "a", "b")
    assert "x = one * torch.sigmoid(x) + 0.5\n" in source(made)
    assert codec.document_from_dict(codec.document_to_dict(made)) == (made, ())


@pytest.mark.parametrize(
    ("expression", "ports", "said"),
    [
        ("__import__('os').system('true')", "a", "no function that is known here"),
        ("a * b", "a", "at b"),
        ("a", "ab", "at b"),
        ("a +", "a", "cannot read"),
    ],
)
def test_a_wrong_one_is_a_sentence_on_its_node_and_is_never_built(expression: str, ports: str, said: str) -> None:
    made = document(expression, *ports)
    assert any(said in problem.message and problem.node == "made" for problem in check(made))
    with pytest.raises(BuildError):
        build(made)


def test_its_formula_has_the_numbers_put_in() -> None:
    kind = layer("Expression", expression="a * b + 1")
    a, b = np.array([2.0, 3.0]), np.array([4.0])
    said = kind.explain_forward(Spot(place=(1,), inputs=(a, b), output=np.array([9.0, 13.0])))
    assert said is not None
    assert said.line == "13 = 3 * 4 + 1"
    assert said.computed == 13.0
    whole = layer("Expression", expression="a - mean(a)")
    assert whole.explain_forward(Spot(place=(0,), inputs=(a,), output=a)) is None


def test_it_is_typed_and_set_from_python() -> None:
    project = nnlab.Project.example("moons")
    node = project.graph.add("Expression", expression="relu(a) ** 2")
    assert project.graph.node(node).parameters == {"expression": "relu(a) ** 2"}
    project.graph.set(node, expression="tanh(a)")
    typed = project.graph.add_text('expression expression="a * 2"')
    assert project.graph.node(typed).parameters == {"expression": "a * 2"}


def test_what_stands_on_the_node_is_short() -> None:
    assert layer("Expression", expression="a  *  2").summary() == "a * 2"
    assert len(layer("Expression", expression="a" + " + a" * 30).summary()) == 24


@pytest.mark.parametrize("form", ["onnx", "pt2"])
def test_it_leaves_as_a_file_of_operations(form: str) -> None:
    made = document("where(a > 0, a, 0.1 * a) + maximum(b, 0)", "a", "b")
    assert FORMATS[form].make(made, {n: t.numpy() for n, t in build(made, 0).state_dict().items()}).data


def test_an_input_that_is_missing_is_no_shape() -> None:
    kind = layer("Expression", expression="a - b")
    assert kind.output_shape((3, 4), (3, 1), MISSING, MISSING) == (3, 4)
