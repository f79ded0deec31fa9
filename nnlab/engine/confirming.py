"""The second speed of shapes: torch itself says what every layer makes of its input, without computing a number."""

import logging
from dataclasses import dataclass

import torch

from nnlab.core.document import Document
from nnlab.core.layer import Shape, shape_text
from nnlab.core.problem import Problem
from nnlab.engine.compile import build
from nnlab.errors import NNLabError

BATCH = 3  # samples, a number that few sizes of a network have
KIND = "shapes-disagree"
PLEASE = "that is a fault of NNLab, please report it"
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Disagreement:
    """A node whose shape the rule of its layer and torch do not agree upon."""

    node: str | None
    """None if torch could not run the network at all."""
    expected: str
    found: str
    """What torch has, or what it says."""

    def problem(self, document: Document) -> Problem:
        """As a mistake of that node."""
        title = "The network" if self.node is None else document.graph.node(self.node).title
        said = f"{title} should give {self.expected}, and PyTorch gives {self.found}: {PLEASE}"
        return Problem("warning", self.node, said, (), KIND)


def confirm(document: Document) -> tuple[Disagreement, ...]:
    """Where torch, asked with tensors that hold no numbers, finds other shapes than the document says.

    Nothing if the document is not sound yet: then it is for `check` to say what is wrong.
    """
    try:
        with torch.device("meta"):
            network = build(document).eval()
    except NNLabError:
        return ()
    try:
        with torch.no_grad():
            values = network.trace(_samples(document))
    except NotImplementedError:
        return ()  # torch has no way to do this without numbers
    except (RuntimeError, ValueError, IndexError, AssertionError) as refusal:
        if "meta" in str(refusal):
            return ()
        return _told((Disagreement(None, "an answer", f"the error {str(refusal).splitlines()[0]!r}"),))
    found = {key: tuple(value.shape) for key, value in values.items()}
    return _told(tuple(each for node_id in document.graph.nodes for each in _at(document, node_id, found)))


def _samples(document: Document) -> torch.Tensor:
    spec = document.spec
    assert spec is not None, "a network that was built has data"
    return torch.empty((BATCH, *spec.packed_shape), device="meta")


def _at(document: Document, node_id: str, found: "dict[str, Shape]") -> list[Disagreement]:
    at, ports = document.shapes[node_id], document.graph.output_ports(node_id)
    if node_id not in found or not at.known:
        return []
    keys = [node_id, *(f"{node_id}.{port.name}" for port in ports[1:])]
    wrong = []
    for key, shape in zip(keys, at.outputs, strict=False):
        real = found.get(key, ())
        if real != (BATCH, *shape):
            text = shape_text(real[1:]) if real[:1] == (BATCH,) else " × ".join(map(str, real))
            wrong.append(Disagreement(node_id, shape_text(shape), text or "one number"))
    return wrong


def _told(found: tuple[Disagreement, ...]) -> tuple[Disagreement, ...]:
    for each in found:
        LOG.warning("shapes disagree at %s: expected %s, found %s", each.node, each.expected, each.found)
    return found
