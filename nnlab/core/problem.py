"""One mistake in a document, and what the rules that look for mistakes ask of the document."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from nnlab.core.document import Document
from nnlab.core.fixes import Fix
from nnlab.core.graph import Link
from nnlab.core.layer import PortKind, Shape
from nnlab.core.mistake import MISTAKES, Mistake, Severity
from nnlab.core.objective import resolve
from nnlab.errors import BuildError

LINEAR, FLATTEN, OUTPUT, INPUT = "Linear", "Flatten", "Output", "Input"


@dataclass(frozen=True)
class Problem:
    """One mistake or doubt. An error keeps the network from training, a warning or an info does not."""

    severity: Severity
    node: str | None
    """Id of the node it is about; None if it is about the data, the training or the network as a whole."""
    message: str
    fixes: tuple[Fix, ...] = ()
    kind: str = ""
    """Its id in the catalogue of mistakes."""

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
        return [n for n in every if n in self.reached or self.is_charge(n)] or wired or every

    def is_charge(self, node_id: str) -> bool:
        """Whether this Output takes a loss, which may come from the network itself, as from noise."""
        return self.document.shapes[node_id].kinds[:1] == ("s",)

    @cached_property
    def needed(self) -> frozenset[str]:
        """What the answers depend on, the Outputs themselves with them."""
        return self.before(self.outputs)

    def before(self, ends: Iterable[str]) -> frozenset[str]:
        """These nodes and all that they depend on."""
        return self._spread(ends, lambda n: (k.source for k in self.graph.incoming[n]))

    @cached_property
    def sound(self) -> bool:
        """The network has answers, and the shape of each is known."""
        return bool(self.outputs) and all(self.document.shapes[n].known for n in self.outputs)

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

    def problem(self, kind: Mistake, node_id: str, said: str, *fixes: Fix) -> Problem:
        """A problem of one node: its name and what is said of it."""
        return Problem(kind.severity, node_id, f"{self.name(node_id)} {said}", fixes, MISTAKES.id_of(kind))

    def general(self, kind: Mistake, said: str, *fixes: Fix, node: str | None = None) -> Problem:
        """A problem of the data, the training or the whole, in a sentence of its own."""
        return Problem(kind.severity, node, said, fixes, MISTAKES.id_of(kind))

    def only_source(self, node_id: str) -> str | None:
        """The node whose wire is the only one into this."""
        links = self.graph.incoming[node_id]
        return links[0].source if len(links) == 1 else None

    def carries(self, link: Link) -> tuple[Shape, PortKind] | None:
        """What goes through a wire, if that is known."""
        at = self.document.shapes[link.source]
        ports = [port.name for port in self.graph.output_ports(link.source)]
        if not at.known or link.source_port not in ports:
            return None
        place = ports.index(link.source_port)
        return (at.outputs[place], at.kinds[place]) if place < min(len(at.outputs), len(at.kinds)) else None

    def curing(self, fixes: Iterable[Fix], most: int = 2) -> tuple[Fix, ...]:
        """Those fixes after which network, loss and data fit; the first two."""
        good = {each.label: each for each in islice((f for f in fixes if _resolves(f.apply(self.document))), 2 * most)}
        return tuple(good.values())[:most]

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
