"""A layer that cannot take what it is given: what the rules ask of it, and which repairs really cure it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nnlab.core.document import Document
from nnlab.core.fixes import Fix
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, MISSING, Layer, Port, Shape
from nnlab.core.mistake import Mistake
from nnlab.core.problem import Case
from nnlab.errors import NNLabError

BUTTONS = 3  # repairs that are offered beside one mistake


@dataclass(frozen=True)
class Fault:
    """One node whose layer refuses what arrives."""

    case: Case
    node_id: str

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.case.graph

    @cached_property
    def node(self) -> Node:
        """The node at fault."""
        return self.graph.node(self.node_id)

    @property
    def layer(self) -> Layer:
        """Its layer."""
        return self.node.layer

    @property
    def kind(self) -> str:
        """The id of its layer."""
        return self.node.type_id

    @property
    def name(self) -> str:
        """What to call it."""
        return self.case.name(self.node_id)

    @property
    def said(self) -> str:
        """What the layer says of it."""
        return self.case.document.shapes[self.node_id].problem

    @property
    def inputs(self) -> tuple[Shape, ...]:
        """The shapes at its ports."""
        return self.case.document.shapes[self.node_id].inputs

    @property
    def first(self) -> Shape:
        """The shape at its first port."""
        return self.inputs[0] if self.inputs else MISSING

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The wires into it."""
        return self.graph.incoming[self.node_id]

    @cached_property
    def arriving(self) -> tuple[tuple[Link, Shape], ...]:
        """The wires into it with what they carry; none if that is not known of all."""
        found = [(link, self.case.carries(link)) for link in self.links]
        return tuple((link, facts[0]) for link, facts in found if facts is not None)

    def port(self, name: str) -> Port:
        """One of its input ports."""
        return next(port for port in self.graph.input_ports(self.node_id) if port.name == name)

    def takes(self, layer: Layer) -> bool:
        """Whether another layer in its place would take what it is given."""
        return takes(layer, self.inputs)


Look = Callable[[Fault], "tuple[Mistake, Iterator[Fix]] | None"]
"""A rule for faults: which mistake it is and what may cure it, or None if it is another."""


def takes(layer: Layer, inputs: Iterable[Shape]) -> bool:
    """Whether a layer takes these shapes."""
    try:
        layer.output_shapes(*inputs)
    except NNLabError:
        return False
    return True


def changed(layer: Layer, **settings: object) -> Layer | None:
    """The layer with other settings; None if it does not take them."""
    try:
        return layer.with_(**settings)
    except NNLabError:
        return None


def kept(layer: Layer, kind: str) -> Layer | None:
    """A layer of another kind with the same settings as far as it has and takes them; None if there is no such kind."""
    if kind not in LAYERS:
        return None
    made: Layer = LAYERS[kind]()
    mine = {p.name for p in layer.params()}
    for p in made.params():
        if p.name in mine:
            made = changed(made, **{p.name: getattr(layer, p.name)}) or made
    return made


def curing(case: Case, node_id: str, fixes: Iterable[Fix], most: int = BUTTONS) -> tuple[Fix, ...]:
    """Those fixes after which this node has no mistake: first those after which no other has one either."""
    good: list[tuple[int, Fix]] = []
    labels: set[str] = set()
    for each in fixes:
        after = each.apply(case.document)
        if each.label in labels or after is case.document or not _cured(after, node_id):
            continue
        labels.add(each.label)
        good.append((sum(bool(at.problem) for at in after.shapes.values()), each))
    return tuple(each for _, each in sorted(good, key=lambda pair: pair[0]))[:most]


def _cured(after: Document, node_id: str) -> bool:
    return node_id not in after.graph.nodes or after.shapes[node_id].known
