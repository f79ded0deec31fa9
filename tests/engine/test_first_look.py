"""Before the first step: what starts dead, far too large or all alike is told; no example raises an alarm."""

import dataclasses

import pytest

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES
from nnlab.engine.doctor.course import Course
from nnlab.engine.doctor.doctor import Note
from nnlab.engine.doctor.first_look import first_look
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.health import measure
from nnlab.engine.learner import Learner
from nnlab.engine.wants import HealthWant


@dataclasses.dataclass
class Beginning:
    """A network that has not learned anything."""

    learner: Learner
    step: int = 0
    epoch: int = 0


def looked_at(document: Document) -> tuple[Note, ...]:
    learner = Learner(document.with_training(device="cpu"))
    learner.network.eval()
    return first_look(Signs(document, Course(), (measure(HealthWant(), Beginning(learner)),)))


def network(*units: int, activation: str = "ReLU", **learning: str) -> Document:
    graph = chain(layer("Input"), *dense(*units, activation=activation), layer("Output"))
    for node in list(graph.nodes.values()):
        if node.type_id == "Linear" and learning:
            graph = graph.with_node(dataclasses.replace(node, learning=node.learning.with_(**learning)))
    return Document(graph, Data(dataset=DATASETS["moons"]()), Training())


def with_bias(document: Document, node_id: str, bias: float) -> tuple[Note, ...]:
    learner = Learner(document.with_training(device="cpu"))
    learner.network.eval()
    learner.network.get_parameter(f"{node_id}.bias").data.fill_(bias)
    return first_look(Signs(document, Course(), (measure(HealthWant(), Beginning(learner)),)))


@pytest.mark.parametrize("example", list(EXAMPLES))
def test_no_example_raises_an_alarm(example: str) -> None:
    assert looked_at(EXAMPLES[example].make()) == ()


def test_weights_that_are_far_too_large_are_told_with_their_start() -> None:
    document = network(128, 128, 128, 2, init="large")
    (note,) = looked_at(document)
    assert (note.kind, note.title) == ("wild-start", "Starts far too large")
    assert note.cures[0].label == "Start 4 layers with PyTorch's own weights"
    assert looked_at(note.cures[0].apply(document)) == ()


def test_a_layer_that_starts_dead_is_told() -> None:
    (note,) = with_bias(network(16, 2), "linear", -100.0)
    assert (note.kind, note.node) == ("dead-start", "relu")
    assert note.message.startswith("Before the first step 16 of 16 units of ReLU answer 0 to all of")
    assert "Put Leaky ReLU in the place of ReLU" in [cure.label for cure in note.cures]


def test_samples_that_all_look_the_same_are_told() -> None:
    document = network(*[4] * 12, 2, activation="Sigmoid")
    (note,) = looked_at(document)
    assert note.kind == "silent-start"
    assert note.cures[0].label == "Put a batch norm before each of 7 layers"
    assert looked_at(note.cures[0].apply(document)) == ()


def test_nothing_is_said_of_a_network_that_has_learned() -> None:
    learner = Learner(network(128, 128, 128, 2, init="large").with_training(device="cpu"))
    learner.network.eval()
    health = dataclasses.replace(measure(HealthWant(), Beginning(learner)), step=1)
    assert first_look(Signs(learner.document, Course(), (health,))) == ()
