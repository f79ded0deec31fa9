"""What is wrong with a document, in sentences that name the node, each with the fixes that cure it."""

from collections.abc import Callable, Iterator

from nnlab.core.blocks.inside import InnerDocument
from nnlab.core.checking import answers, data, faults, habits, reading, structure, training, weights
from nnlab.core.document import Document
from nnlab.core.fixes import Fix
from nnlab.core.problem import Case, Problem

__all__ = ["Fix", "Problem", "check", "tell"]

SOUND: tuple[Callable[[Case], Iterator[Problem]], ...] = (data.look, structure.look, faults.look, weights.look)
"""What must be in order before the answer can be asked about."""
DOUBTS = (reading.look, habits.look, training.look)


def check(document: Document) -> tuple[Problem, ...]:
    """Everything that is wrong with a document, errors first, in the order of the network."""
    global _latest
    known, found = _latest
    if known is not document:
        found = (*_examine(document), *(_told[1] if _told[0] is document else ()))
        _latest = document, found
    return found


def tell(document: Document, problems: tuple[Problem, ...]) -> None:
    """What was found elsewhere of this document: it is shown with its other mistakes from now on."""
    global _latest, _told
    _told, _latest = (document, problems), (None, ())


_told: tuple[Document | None, tuple[Problem, ...]] = (None, ())
_latest: tuple[Document | None, tuple[Problem, ...]] = (None, ())
"""The document examined last and what was found: several views ask about the same one after each edit."""


def _examine(document: Document) -> tuple[Problem, ...]:
    case = Case(document)
    if isinstance(document, InnerDocument):
        return tuple(faults.inside(case))
    found = [problem for look in SOUND for problem in look(case)]
    if not any(problem.severity == "error" for problem in found):
        found += answers.look(case)
    found += [problem for look in DOUBTS for problem in look(case)]
    order = {node_id: k for k, node_id in enumerate(document.graph.in_order)}
    found.sort(key=lambda p: (p.severity != "error", order.get(p.node, len(order)) if p.node else -1))
    return tuple(found)
