"""What a document's training makes small: which Output, which loss, and how the targets must look."""

from dataclasses import dataclass
from typing import Literal

from nnlab.core.dataset import DataSpec
from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm
from nnlab.errors import BuildError, ShapeError

OUTPUT = "Output"
SOFTMAX = "Softmax"
SIGMOID = "Sigmoid"
SAME_NUMBERS = ("Flatten",)
"""Layers that pass numbers on as they are: a Softmax before one is still the last word."""


@dataclass(frozen=True)
class Objective:
    """The loss of one document, ready to be computed."""

    output: str
    """Id of the Output node."""
    loss: Loss
    loss_id: str
    given: Given
    target_form: TargetForm
    metric: Literal["accuracy", "r2"]


def find_output(document: Document) -> str:
    """The one Output that the data reach, with every shape before it known; BuildError names the node at fault."""
    graph = document.graph
    outputs = [node_id for node_id, node in graph.nodes.items() if node.type_id == OUTPUT]
    if not outputs:
        raise BuildError("There is no Output: add one and connect the last layer to it")
    entries = {node_id for node_id, node in graph.nodes.items() if not node.layer.inputs}
    reached = [node_id for node_id in outputs if graph.upstream(node_id) & entries]
    if len(reached) > 1:
        raise BuildError("There is more than one Output: keep one and remove the others", reached[1])
    if not reached:
        raise _not_reached(graph, outputs[0])
    _check_shapes(document, reached[0])
    return reached[0]


def resolve(document: Document) -> Objective:
    """What this document's training makes small; BuildError with a remedy if network, loss and data do not fit."""
    output = find_output(document)
    spec = document.spec
    if spec is None:
        raise BuildError("The data set is not in this installation: choose another under Data")
    node, shape = document.graph.node(output), document.shapes[output].outputs[0]
    role = getattr(node.layer, "role", "auto")
    if role == "classes" and spec.task == "values":
        raise BuildError(f"{node.title} is set to classes, and the data have values: set its role to Automatic", output)
    last = _last_layer(document.graph, output)
    ends_in = document.graph.node(last).type_id
    loss_id = _automatic(spec, role, shape, ends_in) if document.training.loss == "auto" else document.training.loss
    loss = LOSSES[loss_id]()
    try:
        form = loss.target_form(spec, shape)
    except ShapeError as problem:
        raise BuildError(f"{node.title} {problem}", output) from None
    given: Given = "scores"
    if spec.task == "classes" and ends_in in (SOFTMAX, SIGMOID):
        _check_probabilities(document.graph, last, shape, loss_id)
        given = "probabilities"
    return Objective(output, loss, loss_id, given, form, "accuracy" if spec.task == "classes" else "r2")


def _automatic(spec: DataSpec, role: str, shape: Shape, ends_in: str) -> str:
    if spec.task == "values" or role == "values":
        return "mse"
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
    while graph.node(at).type_id in SAME_NUMBERS:
        at = graph.incoming[at][0].source
    return at


def _check_shapes(document: Document, output: str) -> None:
    graph, needed = document.graph, document.graph.upstream(output) | {output}
    unordered = [node_id for node_id in graph.nodes if node_id not in graph.in_order]
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
        if node_id in graph.upstream(output) and not graph.incoming[node_id]:
            return BuildError(f"{graph.node(node_id).title} has nothing connected to its input", node_id)
    return BuildError(f"{title} is not reached by any data: connect an Input to the first layer", output)
