"""What the present data offer to settings that name a part of them: which input, which target, which loss."""

from collections.abc import Mapping
from dataclasses import replace

from nnlab.core.document import Document
from nnlab.core.graph import Node
from nnlab.core.loss import AUTO, LOSSES, loss_id
from nnlab.core.objective import INPUT_TARGET, OUTPUT
from nnlab.core.shapes import bindings
from nnlab.ui.look.labels import plain

INPUT = "Input"
Choices = tuple[tuple[str, str], ...]
"""(value, text) pairs."""


def data_choices(document: Document, node: Node) -> Mapping[str, Choices]:
    """For each setting of this node that names something of the data: what can be chosen now, its own value included."""
    if node.type_id == INPUT:
        found = {"source": _sources(document, node)}
    elif node.type_id == OUTPUT:
        found = {"target": _targets(document), "loss": _losses()}
    else:
        return {}
    present = {name: getattr(node.layer, name) for name in found}
    return {name: _with_present(choices, loss_id(present[name])) for name, choices in found.items()}


def _sources(document: Document, node: Node) -> Choices:
    spec = document.spec
    if spec is None:
        return (("", "Automatic"),)
    unnamed = document.graph.with_node(replace(node, layer=node.layer.with_(source="")))
    at = bindings(unnamed, spec.fields).get(node.id)
    now = f"Automatic: {plain(spec.fields[at].name)}" if at is not None and len(spec.fields) > 1 else "Automatic"
    return (("", now), *((field.name, plain(field.name)) for field in spec.fields))


def _targets(document: Document) -> Choices:
    spec = document.spec
    named = tuple((target.name, plain(target.name)) for target in spec.targets) if spec is not None else ()
    return (("", "Automatic"), *(pair for pair in named if pair[0]), (INPUT_TARGET, "The first input itself"))


def _losses() -> Choices:
    titled = sorted((kind.title, id_) for id_, kind in LOSSES.items())
    return ((AUTO, "Automatic"), *((id_, title) for title, id_ in titled))


def _with_present(choices: Choices, present: str) -> Choices:
    """What was chosen for other data stays to be seen, and says that it is not there."""
    if present in [value for value, _ in choices]:
        return choices
    return (*choices, (present, f"{plain(present)} (not there)"))
