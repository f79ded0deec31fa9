"""A network while it is being drawn: nodes with their wires, sizes and learned numbers, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.arithmetic.axes import listed
from nnlab.core.graph import ID_PATTERN, Graph, Link, Node
from nnlab.core.layer import LAYERS, MISSING, VARIADIC_LIMIT, Layer, PortKind, Shape, UnknownLayer
from nnlab.core.learning import Learning, parameter_shapes
from nnlab.core.starts import Starts
from nnlab.core.wrapping import tidy
from nnlab.core.writing import slug
from nnlab.engine.imports.scopes import Scopes

Arrays = Mapping[str, NDArray[Any]]

NODES_LIMIT = 20_000
SPENT_LIMIT = 2**27  # numbers that a file may have computed before anything is drawn


class Unfit(Exception):
    """No layer does exactly this; the text says what is not there, as the rest of a sentence."""


def layer_of(id_: str, **settings: Any) -> Any:
    """The layer of this id with these settings; SettingError if it does not take them."""
    return LAYERS[id_](**settings)


@dataclass(frozen=True)
class Value:
    """What leaves a node by one of its ports."""

    node: str
    port: str
    shape: Shape
    kind: PortKind = "x"


@dataclass(frozen=True, eq=False)
class Held:
    """Numbers that the model brings along: weights, tables. They have no batch axis of their own."""

    array: NDArray[Any]
    learned: bool = False
    name: str = ""


@dataclass(frozen=True)
class Turned:
    """A hidden state as torch has it, with the batch as its second axis."""

    value: Value
    last: Value | None = None
    """The last step of the layer's answer, if its last row is that."""
    both: bool = False
    """The last two rows side by side are that, those of the two directions."""


@dataclass(frozen=True)
class Later:
    """A table that says which steps are later than a step, so that attention cannot look there."""

    of: Value | None = None


@dataclass(frozen=True)
class Spread:
    """A tensor repeated along axes of size 1; a sum or product does that of its own."""

    of: Value
    shape: Shape


@dataclass(frozen=True)
class Pile:
    """Tensors on top of each other in front of the batch, as the answers of several networks of which the mean is taken."""

    parts: "tuple[Value, ...]"


@dataclass(frozen=True)
class Pairs:
    """A mask over pairs of steps as torch's attention takes it: once for each head, later steps hidden or not."""

    of: Value
    times: int = 1
    causal: bool = False


@dataclass
class Drawing:
    """The network so far."""

    nodes: dict[str, Node] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    starts: dict[str, Arrays] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    """What no layer does, and how often."""
    name: str = ""
    """What the part that is being drawn is called where it comes from."""
    batch: int = -1
    """How many samples the model was looked at with: a size that is this number in front is that of the batch."""
    values: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    """What goes into each merge."""
    entered: dict[str, Value] = field(default_factory=dict)
    """What enters at each Input."""
    made_of: dict[Any, str] = field(default_factory=dict)
    """Which node a module became when it was first met: a second call shares its weights."""

    awaited: set[str] = field(default_factory=set)
    """Nodes that more than one step reads, so that none of them may take their place."""
    twins: dict[Any, Any] = field(default_factory=dict)
    """Modules with the batch in front that stand for others which have it behind."""
    scope: Scopes = ()
    """The modules of the model that the part stands in."""
    places: dict[str, tuple[Scopes, str]] = field(default_factory=dict)
    """Node -> its modules, and what it is called in full."""

    spent: int = 0
    """How many numbers were computed for the file so far."""

    # ---------------------------------------------------------------- drawing

    def spend(self, many: int) -> None:
        """Count numbers that a file has computed of its own; Unfit if they are too many."""
        self.spent += many
        if self.spent > SPENT_LIMIT:
            raise Unfit("numbers beyond all bounds")

    def add(
        self, layer: Layer, *inputs: Value | None, tensors: Arrays | None = None, learning: Learning | None = None
    ) -> tuple[Value, ...]:
        """One node with its wires; ShapeError or Unfit if the layer does not take them, and nothing is drawn."""
        if not layer.variadic:
            inputs = (*inputs, *(None,) * (len(layer.inputs) - len(inputs)))
        shapes = tuple(MISSING if value is None else value.shape for value in inputs)
        outputs = layer.output_shapes(*shapes)
        if layer.variadic and len(inputs) > VARIADIC_LIMIT:
            raise Unfit(f"joins more than {VARIADIC_LIMIT} wires")
        self._check_numbers(parameter_shapes(layer, learning or Learning(), *shapes), tensors)
        ports = [f"in{k + 1}" for k in range(len(inputs))] if layer.variadic else [p.name for p in layer.inputs]
        kinds = [p.kind for p in layer.inputs] * (len(inputs) if layer.variadic else 1)
        given = [None if v is None else self._of_kind(v, kind) for v, kind in zip(inputs, kinds, strict=False)]
        node_id = self._place(layer, given, ports, tensors, learning)
        if layer.variadic:
            self.values[node_id] = tuple(v for v in given if v is not None)
        first: PortKind = next((v.kind for v in given if v is not None), "x")
        return tuple(
            Value(node_id, port.name, shape, first if port.kind == "*" else port.kind)
            for port, shape in zip(layer.outputs, outputs, strict=False)
        )

    def one(self, id_: str, *inputs: Value | None, **settings: Any) -> Value:
        """A node of the layer of this id, of whose outputs the first is wanted."""
        return self.add(layer_of(id_, **settings), *inputs)[0]

    def entry(self, name: str, shape: Shape, kind: PortKind, source: str) -> Value:
        """Where data enter."""
        self.name = name
        layer = layer_of("Input", source=source) if source else layer_of("Input")
        found = Value(self._place(layer, (), ()), "out", shape, kind)
        self.entered[found.node] = found
        return found

    def exit(self, value: Value, target: str) -> str:
        """Where an answer leaves."""
        self.name = ""
        if not value.shape and value.kind == "x":
            value = self._as_row(value)
        layer = layer_of("Output", target=target) if target else layer_of("Output")
        return self._place(layer, (value,), ("in",))

    def _as_row(self, value: Value) -> Value:
        """One number for each sample as a row of one: what took the axis away at the very end is left out."""
        before = [k for k in self.links if k.target == value.node]
        if type(self.nodes[value.node].layer) is LAYERS["Squeeze"] and not self.uses(value):
            self.remove(value.node)
            (link,) = before
            return Value(link.source, link.source_port, (1,), value.kind)
        return self.one("Reshape", value, shape="1")

    def constant(self, held: Held) -> Value:
        """Numbers that come along as a node of their own."""
        array = np.asarray(held.array)
        if array.dtype.kind != "f" or not 1 <= array.ndim <= 8 or not array.size:
            raise Unfit("numbers of a kind that no layer holds")
        layer = layer_of("Constant", shape=listed(array.shape), learned=held.learned)
        key = ("Constant", held.name, array.shape, array.tobytes()) if held.name else None
        if key in self.made_of and self.made_of[key] in self.nodes:
            return Value(self.made_of[key], "out", tuple(array.shape))
        was, self.name = self.name, held.name or self.name
        try:
            found = self.add(layer, tensors={"weight": array.astype(np.float32)})[0]
            if key is not None:
                self.made_of[key] = found.node
            return found
        finally:
            self.name = was

    def opaque(
        self, what: str, inputs: Sequence[Value], facts: Sequence[tuple[Shape, PortKind]], tensors: Arrays | None = None
    ) -> tuple[Value, ...]:
        """A node for what no layer does: it keeps its place, its wires and its numbers, and says what it is."""
        self.unknown[what] = self.unknown.get(what, 0) + 1
        layer = UnknownLayer(self.outside(what), {"sizes": [list(shape) for shape, _ in facts]})
        was, self.name = self.name, self.name or what
        node_id = self._place(layer, inputs, ["in", *(f"in{k + 1}" for k in range(1, len(inputs)))], tensors)
        self.name = was
        return tuple(Value(node_id, f"out{k + 1}", shape, kind) for k, (shape, kind) in enumerate(facts))

    @staticmethod
    def outside(what: str) -> str:
        """The kind of such a node."""
        return f"{what} (from outside)"[:100]

    # ---------------------------------------------------------------- what comes of it

    def uses(self, value: Value) -> int:
        """How many wires leave here, one more if another is still to come."""
        return (value.node in self.awaited) + sum(
            k.source == value.node and k.source_port == value.port for k in self.links
        )

    def change(self, node_id: str, layer: Layer) -> None:
        """Another layer in the place of this one."""
        self.nodes[node_id] = replace(self.nodes[node_id], layer=layer)

    def remove(self, node_id: str) -> None:
        """Take a node out again, with its wires."""
        del self.nodes[node_id]
        self.starts.pop(node_id, None)
        self.links = [k for k in self.links if node_id not in (k.source, k.target)]

    def graph(self) -> Graph:
        """The network, laid out; what leads to no answer is left out."""
        graph = Graph(dict(self.nodes), frozenset(self.links))
        ends = [
            n for n, node in self.nodes.items() if node.layer.category == "Input and output" and not node.layer.outputs
        ]
        kept = frozenset[str]().union(*(graph.upstream(n) | {n} for n in ends))
        kept |= {n for n, node in self.nodes.items() if node.layer.is_entry}
        return tidy(graph.without_nodes([n for n in graph.nodes if n not in kept]))

    def numbers(self) -> Starts:
        """What the nodes begin with."""
        return Starts(self.starts)

    # ---------------------------------------------------------------- inside

    def _place(
        self,
        layer: Layer,
        inputs: Sequence[Value | None],
        ports: Sequence[str],
        tensors: Arrays | None = None,
        learning: Learning | None = None,
    ) -> str:
        if len(self.nodes) >= NODES_LIMIT:
            raise Unfit("the model has too many parts to be drawn")
        node_id, name = self._called(layer)
        self.places[node_id] = self.scope, self.name
        self.nodes[node_id] = Node(node_id, layer, name=name, learning=learning or Learning())
        for value, port in zip(inputs, ports, strict=False):
            if value is not None:
                self.links.append(Link(value.node, node_id, port, value.port))
        if tensors and not (learning and learning.shares):
            self.starts[node_id] = tensors
        return node_id

    def _called(self, layer: Layer) -> tuple[str, str]:
        """The id, and the name where the one from elsewhere says more than the id does."""
        graph = Graph(self.nodes)
        known = not isinstance(layer, UnknownLayer)
        stem = graph.new_id(layer if known else layer_of("Identity")) if known else "unknown"
        wanted = slug(self.name)[:50].strip("_")
        if ID_PATTERN.fullmatch(wanted) and wanted not in self.nodes:
            usual = stem.rsplit("_", 1)[0] if stem.rsplit("_", 1)[-1].isdigit() else stem
            plain = wanted.removeprefix(usual)
            own = "" if wanted.startswith(usual) and (not plain or plain.strip("_").isdigit()) else self.name
            return wanted, own[:64]
        base = wanted or stem
        free = next(n for n in chain([stem], (f"{base}_{k}" for k in range(2, NODES_LIMIT + 2))) if n not in self.nodes)
        return free, self.name[:64] if wanted else ""

    def _of_kind(self, value: Value, kind: PortKind) -> Value:
        """A hidden state where decimals are wanted is turned into decimals."""
        if kind == "*" or value.kind in (kind, "*") or self.entered.get(value.node, value).kind == kind:
            return value
        if kind == "e" and value.kind == "i" and value.node in self.entered and len(value.shape) == 2:
            self.entered[value.node] = replace(value, kind="e")
            return self.entered[value.node]
        if (kind, value.kind) == ("h", "x") and "h" in [p.name for p in self.nodes[value.node].layer.outputs]:
            return replace(value, port="h", kind="h")  # a cell tells what it remembers
        if (kind, value.kind) == ("x", "h"):
            was, self.name = self.name, ""
            try:
                return self.add(layer_of("Cast", to="x"), value)[0]
            finally:
                self.name = was
        raise Unfit(f"a wire of another kind of numbers ({value.kind} instead of {kind})")

    def _check_numbers(self, wanted: dict[str, Shape], tensors: Arrays | None) -> None:
        given = {name: tuple(array.shape) for name, array in (tensors or {}).items()}
        for name, shape in wanted.items():
            if given.get(name) != tuple(shape):
                raise Unfit(f"its {name} has another form")
