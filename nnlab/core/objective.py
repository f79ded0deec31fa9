"""What a document's training makes small: which Output, which loss, and how the targets must look."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from nnlab.core.dataset import Field, Target
from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.layer import Shape
from nnlab.core.loss import AUTO, LOSSES, Given, Loss, TargetForm, class_axis, has_positions, loss_id
from nnlab.core.shapes import called, with_sources
from nnlab.errors import BuildError, ShapeError

if TYPE_CHECKING:
    from nnlab.core.parts import Parts

OUTPUT = "Output"
SOFTMAX = "Softmax"
SIGMOID = "Sigmoid"
SAME_NUMBERS = ("Flatten",)
"""Layers that pass numbers on as they are: a Softmax before one is still the last word."""


Metric = Literal["accuracy", "r2", "iou", "exact", "neighbours"]
INPUT_TARGET = "input"


@dataclass(frozen=True)
class Term:
    """One answer and what it is compared with."""

    output: str
    """Id of the Output node."""
    loss: Loss
    loss_id: str
    given: Given
    target_form: TargetForm
    target: Target
    at: int
    """Which target of the data it is; -1 for the first input."""
    shape: Shape
    """Of one sample's answer."""
    weight: float = 1.0
    axis: int = 1
    """Where the scores of the classes lie, if there is a class for each position."""

    @property
    def expression(self) -> str:
        """The loss as torch code over `prediction` and `target`."""
        if self.target_form == "positions":
            return self.loss.position_expression(self.given, self.axis)
        return self.loss.expression(self.given)

    @property
    def middle(self) -> float:
        """Above which one number means yes."""
        return 0.0 if self.given == "scores" and self.loss.scores_are != "numbers" else 0.5

    @property
    def target_shape(self) -> Shape:
        """Of one sample's target in the form the loss takes."""
        if self.target_form == "index":
            return ()
        if self.target_form == "one-hot":
            return (self.target.width,)
        return self.target.own_shape if self.target_form in ("values", "positions", "sequence") else self.shape


@dataclass(frozen=True)
class Objective:
    """The loss of one document, ready to be computed. What it says of an answer is said of the first one."""

    terms: tuple[Term, ...]
    """Every answer, the one that the metric is of first."""
    metric: Metric
    penalties: tuple[tuple[str, float], ...] = ()
    """Outputs that are losses themselves, with their weights."""

    @property
    def main(self) -> Term:
        """The answer that panels and the metric speak of."""
        return self.terms[0]

    @property
    def output(self) -> str:
        """Id of the Output node."""
        return self.main.output

    @property
    def loss(self) -> Loss:
        """How wrong the answer is."""
        return self.main.loss

    @property
    def loss_id(self) -> str:
        """The id of that loss."""
        return self.main.loss_id

    @property
    def given(self) -> Given:
        """What the drawn network ends in."""
        return self.main.given

    @property
    def target_form(self) -> TargetForm:
        """How the targets must look."""
        return self.main.target_form

    @property
    def is_packed(self) -> bool:
        """Whether the answers of a sample lie in one row, one after the other."""
        return len(self.terms) + len(self.penalties) > 1

    @property
    def outputs(self) -> tuple[str, ...]:
        """Every Output in the order in which the answers are packed."""
        return (*(term.output for term in self.terms), *(node_id for node_id, _ in self.penalties))


def find_outputs(document: Document) -> tuple[str, ...]:
    """The Outputs that the data reach, with every shape before them known; BuildError names the node at fault.

    A loss counts also where all that it is made of comes from the network itself, as from noise.
    """
    graph = document.graph
    outputs = [node_id for node_id, node in graph.nodes.items() if node.type_id == OUTPUT]
    if not outputs:
        raise BuildError("There is no Output: add one and connect the last layer to it")
    entries = {node_id for node_id, node in graph.nodes.items() if node.layer.is_entry}
    reached = [node_id for node_id in outputs if graph.upstream(node_id) & entries]
    if not reached:
        raise _not_reached(graph, outputs[0])
    charged = [n for n in outputs if document.shapes[n].kinds[:1] == ("s",)]
    found = [n for n in outputs if n in reached or n in charged]
    for node_id in found:
        _check_shapes(document, node_id)
    return tuple(found)


def find_output(document: Document) -> str:
    """The Output whose answer the metric is of; BuildError names the node at fault."""
    outputs = find_outputs(document)
    answers = [n for n in outputs if document.shapes[n].kinds[:1] != ("s",)]
    if not answers:
        raise BuildError("No Output gives an answer: connect the last layer to one", outputs[0])
    spec = document.spec
    at = target_places(document, answers) if spec is not None else {}
    return min(answers, key=lambda n: (at.get(n, 0) != 0, answers.index(n)))


def target_places(document: Document, outputs: Sequence[str]) -> dict[str, int]:
    """Which target of the data each Output is compared with, -1 for the first input; BuildError if there is none.

    Those that name none get the targets that nobody names, in their order.
    """
    spec, graph = document.spec, document.graph
    names = [target.name for target in spec.targets] if spec is not None else []
    wanted = {n: str(getattr(graph.node(n).layer, "target", "")) for n in outputs}
    free = [k for k, name in enumerate(names) if name not in wanted.values()]
    found: dict[str, int] = {}
    for node_id, name in wanted.items():
        if name in names:
            found[node_id] = names.index(name)
        elif name == INPUT_TARGET:
            found[node_id] = -1
        elif name or not free:
            raise _no_target(graph, node_id, name, names)
        else:
            found[node_id] = free.pop(0)
    return found


def _no_target(graph: Graph, node_id: str, name: str, names: Sequence[str]) -> BuildError:
    title, known = graph.node(node_id).title, " or ".join([*names, INPUT_TARGET])
    if name:
        return BuildError(f"{title} is compared with {name!r}, and the data have no such target: name {known}", node_id)
    return BuildError(
        f"There is more than one Output, and nothing in the data is left to compare {title} with: "
        f"name its target ({known}), or remove it",
        node_id,
    )


def resolve(document: Document) -> Objective:
    """What this document's training makes small; BuildError with a remedy if network, loss and data do not fit."""
    outputs, main = find_outputs(document), find_output(document)
    spec = document.spec
    if spec is None:
        raise BuildError("The data set is not in this installation: choose another under Data")
    answers = [n for n in outputs if document.shapes[n].kinds[:1] != ("s",)]
    at = target_places(document, answers)
    ordered = [main, *(n for n in answers if n != main)]
    terms = tuple(_term(document, n, at[n], n == main) for n in ordered)
    penalties = tuple((n, float(getattr(document.graph.node(n).layer, "weight", 1.0))) for n in outputs if n not in at)
    metric: Metric = "accuracy" if terms[0].target.task == "classes" else "r2"
    if spec.metric and at[main] == 0:
        metric = spec.metric
    if terms[0].loss.is_of_places:
        metric = "neighbours"
    if terms[0].target_form == "sequence":
        metric = "exact"
    return Objective(terms, metric, penalties)


def fitted(objective: Objective, parts: "Parts") -> Objective:
    """The same with what its losses take from the training part put in, such as balanced weights of the classes."""
    if not any(term.loss.learns_from_counts for term in objective.terms):
        return objective
    return replace(objective, terms=tuple(_fitted(term, parts) for term in objective.terms))


def counted(document: Document, objective: Objective) -> Objective:
    """The same as `fitted`, where the data are at hand only if they are asked for; DataError if they cannot be."""
    if not any(term.loss.learns_from_counts for term in objective.terms):
        return objective
    from nnlab.core.parts import divide

    return fitted(objective, divide(document.data))


def _fitted(term: Term, parts: "Parts") -> Term:
    if not term.loss.learns_from_counts or term.target.task != "classes":
        return term
    train = parts.train
    given = parts.spec.unpack(train.inputs)[0] if term.at < 0 else (train.targets, *train.also)[term.at]
    counts = [int((given == label).sum()) for label in range(term.target.width)]
    return replace(term, loss=term.loss.fitted(counts))


def _term(document: Document, output: str, at: int, is_main: bool) -> Term:
    spec, node = document.spec, document.graph.node(output)
    assert spec is not None
    shape = document.shapes[output].outputs[0]
    target = spec.targets[at] if at >= 0 else _itself(spec.fields[0])
    role = getattr(node.layer, "role", "auto")
    if role == "classes" and target.task == "values":
        raise BuildError(f"{node.title} is set to classes, and the data have values: set its role to Automatic", output)
    last = _last_layer(document.graph, output)
    ends_in = document.graph.node(last).type_id
    chosen = _chosen_loss(document, output, is_main)
    chosen = _automatic(target, role, shape, ends_in) if chosen == AUTO else chosen
    loss = LOSSES[chosen]() if isinstance(chosen, str) else chosen
    try:
        form = loss.target_form(target, shape)
        loss.check_end(ends_in)
        axis = class_axis(target, shape) if form == "positions" else 1
    except ShapeError as problem:
        raise BuildError(f"{node.title} {_with_source(document, output, str(problem))}", output) from None
    given: Given = "scores"
    if (target.task == "classes" or loss.reads_shares) and ends_in in (SOFTMAX, SIGMOID):
        _check_probabilities(document.graph, last, shape, loss_id(loss))
        given = "probabilities"
    weight = float(getattr(node.layer, "weight", 1.0))
    return Term(output, loss, loss_id(loss), given, form, target, at, shape, weight, axis)


def _with_source(document: Document, output: str, said: str) -> str:
    """What a loss says of an answer, with the layer that it comes from: "gets 3 numbers a sample from Linear, and ..."."""
    link = document.graph.incoming[output][0]
    at = document.shapes[output]
    named = with_sources(document.graph, output, said, {link.target_port: (at.inputs[0], at.kinds[0])})
    if named != said or not said.startswith("gets "):
        return named
    return said.replace(", and ", f" from {called(document.graph, link.source)}, and ", 1)


def _itself(field: Field) -> Target:
    """The input as a target."""
    if field.kind == "i":
        return Target(INPUT_TARGET, "classes", field.vocabulary, field.shape)
    return Target(INPUT_TARGET, "values", field.names or ("value",), field.shape)


def _chosen_loss(document: Document, output: str, is_main: bool) -> str | Loss:
    own: str | Loss = getattr(document.graph.node(output).layer, "loss", AUTO)
    if isinstance(own, str) and own not in LOSSES and own != AUTO:
        title = document.graph.node(output).title
        raise BuildError(f"{title} asks for the loss {own!r}, which is not known here: set it to auto", output)
    if own != AUTO or not is_main:
        return own
    return document.training.loss


def _automatic(target: Target, role: str, shape: Shape, ends_in: str) -> str:
    if target.task == "values" or role == "values":
        return "mse"
    if has_positions(target):
        return (
            "bce"
            if target.width == 2 and shape in ((1, *target.own_shape), (*target.own_shape, 1))
            else "cross-entropy"
        )
    return "bce" if shape == (1,) or ends_in == SIGMOID else "cross-entropy"


def _check_probabilities(graph: Graph, last: str, shape: Shape, loss_id: str) -> None:
    title, ends_in = graph.node(last).title, graph.node(last).type_id
    if ends_in == SOFTMAX and shape == (1,):
        raise BuildError(f"{title} over a single number is always 1: remove it, or put a Sigmoid in its place", last)
    if ends_in == SIGMOID and loss_id == "cross-entropy":
        raise BuildError(
            f"{title} gives every class a probability of its own, and cross-entropy needs them to add up to 1: "
            "put a Softmax in its place, or choose binary cross-entropy",
            last,
        )


def _last_layer(graph: Graph, output: str) -> str:
    """The node that made the numbers which reach this Output."""
    at = graph.incoming[output][0].source
    while graph.node(at).type_id in SAME_NUMBERS and graph.incoming[at]:
        at = graph.incoming[at][0].source
    return at


def _check_shapes(document: Document, output: str) -> None:
    graph, needed = document.graph, document.graph.upstream(output) | {output}
    ordered = set(graph.in_order)
    unordered = [node_id for node_id in graph.nodes if node_id not in ordered]
    for node_id in (*graph.in_order, *unordered):
        if node_id in needed and document.shapes[node_id].problem:
            raise BuildError(f"{graph.node(node_id).title} {document.shapes[node_id].problem}", node_id)
    for node_id in (*graph.in_order, *unordered):
        if node_id in needed and not document.shapes[node_id].known:
            title = graph.node(node_id).title
            raise BuildError(f"{title} has a wire from an output that does not exist: remove the wire", node_id)


def _not_reached(graph: Graph, output: str) -> BuildError:
    title = graph.node(output).title
    if not graph.incoming[output]:
        return BuildError(f"{title} has nothing connected to it: draw a wire from the last layer", output)
    for node_id in graph.in_order:
        waits = graph.nodes[node_id].layer.inputs and not graph.incoming[node_id]
        if waits and node_id in graph.upstream(output):
            return BuildError(f"{graph.node(node_id).title} has nothing connected to its input", node_id)
    return BuildError(f"{title} is not reached by any data: connect an Input to the first layer", output)
