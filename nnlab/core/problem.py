"""One mistake in a document, and what the rules that look for mistakes ask of the document."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Literal

from nnlab.core.document import Document
from nnlab.core.fixes import Fix
from nnlab.core.objective import resolve
from nnlab.errors import BuildError

LINEAR, FLATTEN, OUTPUT, INPUT = "Linear", "Flatten", "Output", "Input"


@dataclass(frozen=True)
class Problem:
    """One mistake or doubt. An error keeps the network from training, a warning does not."""

    severity: Literal["error", "warning"]
    node: str | None
    """Id of the node it is about; None if it is about the data, the training or the network as a whole."""
    message: str
    fixes: tuple[Fix, ...] = ()

    def __str__(self) -> str:
        """As a line of text: "error: ..."."""
        return f"{self.severity}: {self.message}"


class Case:
    """A document under examination, with what several rules ask of it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.graph = document.graph
        self.kinds = {node_id: node.type_id for node_id, node in self.graph.nodes.items()}

    def of_kind(self, kind: str) -> list[str]:
        """The nodes of one kind, in the order they were added."""
        return [node_id for node_id, found in self.kinds.items() if found == kind]

    @cached_property
    def reached(self) -> frozenset[str]:
        """What the data reach."""
        return self._spread(self.of_kind(INPUT), lambda n: (k.target for k in self.graph.outgoing[n]))

    @cached_property
    def outputs(self) -> list[str]:
        """Outputs that the data reach, or where there is none, all that have a wire, or all."""
        every = self.of_kind(OUTPUT)
        wired = [n for n in every if self.graph.incoming[n]]
        return [n for n in every if n in self.reached] or wired or every

    @cached_property
    def needed(self) -> frozenset[str]:
        """What the answer depends on, the Output itself with it."""
        return self._spread(self.outputs[:1], lambda n: (k.source for k in self.graph.incoming[n]))

    @cached_property
    def loose_ends(self) -> list[str]:
        """Nodes whose result goes nowhere, in the order of the network."""
        ends = (n for n in self.graph.in_order if not self.graph.outgoing[n])
        return [n for n in ends if self.graph.nodes[n].layer.outputs]

    @cached_property
    def _titles(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for node in self.graph.nodes.values():
            counted[node.title] = counted.get(node.title, 0) + 1
        return counted

    def name(self, node_id: str) -> str:
        """What to call a node in a sentence: its title, and its id where another has the same title."""
        title = self.graph.node(node_id).title
        return title if self._titles[title] == 1 else f"{title} ({node_id})"

    def problem(self, severity: Literal["error", "warning"], node_id: str, said: str, *fixes: Fix) -> Problem:
        """A problem of one node: its name and what is said of it."""
        return Problem(severity, node_id, f"{self.name(node_id)} {said}", fixes)

    def curing(self, fixes: Iterable[Fix]) -> tuple[Fix, ...]:
        """Those fixes after which network, loss and data fit; at most two."""
        return tuple(islice((each for each in fixes if _resolves(each.apply(self.document))), 2))

    @staticmethod
    def _spread(start: Iterable[str], step: Callable[[str], Iterator[str]]) -> frozenset[str]:
        seen = set(start)
        todo = list(seen)
        while todo:
            fresh = set(step(todo.pop())) - seen
            seen |= fresh
            todo += fresh
        return frozenset(seen)


def _resolves(document: Document) -> bool:
    try:
        resolve(document)
    except BuildError:
        return False
    return True
