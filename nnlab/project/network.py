"""The network of a project as calls: each one makes the next document and is one undo step."""

import builtins
import difflib
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nnlab.core import activation, layout, wrapping
from nnlab.core.blocks import grouping
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.history import History
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.learning import USUAL, Learning, owner
from nnlab.core.param import Settings
from nnlab.core.ready import READY
from nnlab.core.typed import shorthand
from nnlab.core.typed.planting import planted
from nnlab.errors import GraphError, SettingError
from nnlab.files.codec import POSITION_LIMIT
from nnlab.registry import Registry, UnknownKind


@dataclass(frozen=True)
class NodeView:
    """What there is to know of one node."""

    id: str
    type: str
    """Torch's class name where there is one: "Linear"."""
    name: str
    """What the user calls it; empty for the layer's own title."""
    parameters: Mapping[str, Any]
    """Its settings by torch's names for them."""
    note: str
    x: float
    y: float
    learning: Learning = USUAL
    """Whether it is frozen, how fast it learns, what it starts from, whose weights it uses."""


class ProjectGraph:
    """The network of a project. Ids are strings such as "linear_2"; every change can be undone.

    Whatever cannot be raises an NNLabError with a sentence, and changes nothing.
    """

    def __init__(self, history: History[Document]) -> None:
        self._history = history

    # ---------------------------------------------------------------- asking

    @property
    def nodes(self) -> tuple[str, ...]:
        """The ids: every node after the nodes it reads from."""
        graph = self._graph
        return (*graph.in_order, *(n for n in graph.nodes if n not in set(graph.in_order)))

    @property
    def wires(self) -> tuple[Link, ...]:
        """Every wire, with its `source`, `target`, `source_port` and `target_port`."""
        return tuple(sorted(self._graph.links))

    def node(self, node_id: str) -> NodeView:
        """One node's type, name and settings; GraphError if there is none of this id."""
        node = self._graph.node(node_id)
        return NodeView(
            node.id, node.type_id, node.name, node.layer.as_dict(), node.note, node.x, node.y, node.learning
        )

    def shape(self, node_id: str) -> tuple[str | int, ...] | str:
        """The shape of its output with the batch as "N", as ("N", 8); or the sentence that says why it has none."""
        self._graph.node(node_id)
        at = self._history.value.shapes[node_id]
        if at.problem:
            return f"{self._graph.node(node_id).title} {at.problem}"
        if at.waiting:
            return "not known yet: an earlier layer has no shape"
        return ("N", *at.outputs[0])

    def parameter_count(self, node_id: str | None = None) -> int | None:
        """How many numbers this node learns (the whole network without an id); None while a shape is not known.

        In the whole network weights that several nodes share count once.
        """
        document = self._history.value
        if node_id is not None:
            self._graph.node(node_id)
            return document.parameter_count(node_id)
        graph = self._graph
        counts = [document.parameter_count(n) for n in graph.nodes if owner(graph, n) == n]
        known = [n for n in counts if n is not None]
        return sum(known) if len(known) == len(counts) else None

    # ---------------------------------------------------------------- editing

    def add(
        self,
        type: str,
        *,
        name: str = "",
        note: str = "",
        x: float | None = None,
        y: float | None = None,
        after: str | None = None,
        **params: Any,
    ) -> str:
        """Add a layer and return its id; settings have torch's names: `add("Linear", out_features=8)`.

        With `after` its first input is wired to that node, or to one of its outputs: `after="lstm.last"`. Without `x` and
        `y` (canvas units, the upper left corner) it goes to the right of that node, or of the layer added last.
        """
        layer = make_layer(type, **params)
        graph = self._graph
        node_id = graph.new_id(layer)
        source, _, port = (after or "").partition(".")
        left, top = _beside_last(graph) if after is None else _beside(graph, graph.node(source))
        own = _checked({"x": left if x is None else x, "y": top if y is None else y, "name": name, "note": note})
        node = Node(node_id, layer, **own)
        graph = graph.with_node(node)
        self._apply(f"Add {node.title}", graph if after is None else graph.connect(source, node_id, None, port or None))
        return node_id

    def add_text(self, text: str, after: str | None = None) -> str:
        """Add the layers that a text stands for, wired one after the other, and return the id of the last.

        `add_text("conv 64 k3, bn, relu", after=x)`, `"mlp 256 128 10"`, `"3x(conv 64, bn, relu)"`: names are ids, titles
        or short names; settings are numbers in their usual order, k3, setting=value. With `after` the first is wired
        to that node, and the shape there decides whether conv is Conv1d or Conv2d. One undo step for all of them.
        """
        document = self._history.value
        described = shorthand.parse(text)
        graph, ids = planted(document.graph, described, after, document.shapes)
        self._apply(f"Add {described.title(tuple(graph.nodes[n].type_id for n in ids))}", graph)
        return ids[-1]

    def connect(self, source: str, target: str, port: str | None = None, source_port: str | None = None) -> None:
        """Wire one node's output to another's first free input, or to `port`; LinkError with the rule if it may not be."""
        self._apply("Connect", self._graph.connect(source, target, port, source_port))

    def disconnect(self, source: str, target: str, port: str | None = None) -> None:
        """Take away the wires from one node to another (only the one at `port`, if named)."""
        graph = self._graph
        graph.node(source), graph.node(target)
        gone = [k for k in graph.incoming[target] if k.source == source and port in (None, k.target_port)]
        if not gone:
            raise GraphError(f"there is no wire from {source} to {target}" + (f" at {port!r}" if port else ""))
        self._apply("Disconnect", graph.without_links(gone))

    def remove(self, *node_ids: str) -> None:
        """Remove nodes and the wires at them."""
        if not node_ids:
            return
        graph = self._graph.without_nodes(node_ids)
        what = self._graph.node(node_ids[0]).title if len(node_ids) == 1 else f"{len(node_ids)} layers"
        self._apply(f"Delete {what}", graph)

    def set(self, node_id: str, **changes: Any) -> None:
        """Change settings of a node's layer, or its `name`, `note`, `x` or `y`; SettingError if a value does not fit."""
        node = self._graph.node(node_id)
        own = _checked({key: changes.pop(key) for key in ("name", "note", "x", "y") if key in changes})
        layer = node.layer.with_(**_written(type(node.layer), changes)) if changes else node.layer
        labels = {p.name: p.label for p in node.layer.open_params()}
        what = ", ".join([*own, *(labels.get(name, name) for name in changes)])
        self._apply(f"{node.title}: {what}", self._graph.with_node(replace(node, layer=layer, **own)))

    def learn(self, *node_ids: str, **settings: Any) -> None:
        """Say how layers learn: `frozen`, `rate` (a multiple of the learning rate), `init`, `shares` (another node's id), `norm`."""
        graph = self._graph
        nodes = [graph.node(node_id) for node_id in node_ids]
        changed = [replace(node, learning=node.learning.with_(**settings)) for node in nodes]
        labels = ", ".join(Learning.param(name).label for name in settings)
        self._apply(
            f"{nodes[0].title if len(nodes) == 1 else f'{len(nodes)} layers'}: {labels}", graph.with_nodes(changed)
        )

    def activate(self, node_id: str, kind: str | None) -> str:
        """Put an activation behind a layer, exchange the one there, or take it out (None); return its id, or "".

        `activate("linear", "Tanh")`. It is the only node that reads from the layer, or from the norm behind it.
        """
        lookup(LAYERS, kind) if kind else None
        graph = activation.activated(self._graph, node_id, kind or "")
        self._apply(f"Activation of {self._graph.node(node_id).title}: {kind or 'none'}", graph)
        return activation.activation_of(graph, node_id).node

    def group(self, node_ids: Iterable[str], name: str = "") -> str:
        """Put these nodes into one block and return its id; GraphError with the reason if they cannot be one layer."""
        graph, block_id = grouping.group(self._graph, node_ids, name)
        self._apply(f"Group {name or 'layers'}", graph)
        return block_id

    def ungroup(self, block_id: str) -> tuple[str, ...]:
        """Put the layers of a block in its place and return their ids."""
        graph, ids = grouping.ungroup(self._graph, block_id)
        self._apply("Ungroup", graph)
        return ids

    def tidy(self) -> None:
        """Lay the network out from left to right."""
        self._apply("Tidy", wrapping.tidy(self._graph))

    # ---------------------------------------------------------------- inside

    @property
    def _graph(self) -> Graph:
        return self._history.value.graph

    def _apply(self, label: str, graph: Graph) -> None:
        self._history.apply(label, self._history.value.with_graph(graph))

    def __repr__(self) -> str:
        return f"<{len(self._graph.nodes)} nodes, {len(self._graph.links)} wires>"


def make_layer(type: str, **params: Any) -> Layer:
    """A layer by its type id, or a ready block by its id; an error names the nearest ids if there is none of this one."""
    if type in READY:
        return READY[type].block().with_(**params)
    kind: builtins.type[Layer] = lookup(LAYERS, type)
    return kind().with_(**_written(kind, params))


def _written(kind: builtins.type[Settings], given: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of whole numbers as the texts that settings such as a shape are kept in: (1, 8, 8) as "1, 8, 8"."""
    texts = {p.name for p in kind.params() if p.kind == "text"}
    return {name: _listed(value) if name in texts else value for name, value in given.items()}


def _listed(value: Any) -> Any:
    row = isinstance(value, tuple | list) and bool(value)
    whole = row and all(isinstance(n, numbers.Integral) and not isinstance(n, bool) for n in value)
    return ", ".join(str(int(n)) for n in value) if whole else value


def lookup(registry: Registry[Any], id_: str) -> Any:
    """What is registered under this id; UnknownKind that suggests similar ids if nothing is."""
    if not isinstance(id_, str):
        raise SettingError(f"a {registry.what} is chosen by its name, not by {id_!r}")
    if id_ in registry:
        return registry[id_]
    by_small = {known.lower(): known for known in registry}
    near = [by_small[n] for n in difflib.get_close_matches(id_.lower(), by_small, n=3)]
    hint = f"; did you mean {' or '.join(near)}?" if near else f" (there are: {', '.join(registry)})"
    raise UnknownKind(f"there is no {registry.what} called {id_[:60]!r}{hint}", registry.what, id_)


def checked_text(value: object, what: str) -> str:
    """The value if it is a text; SettingError if it is not."""
    if not isinstance(value, str):
        raise SettingError(f"a {what} is a text, not {value!r}", what)
    return value


def _checked(own: dict[str, Any]) -> dict[str, Any]:
    """A node's own settings, each of its proper type; SettingError for one that is not."""
    for key, value in own.items():
        if key in ("name", "note"):
            checked_text(value, key)
        elif isinstance(value, bool) or not isinstance(value, numbers.Real) or not _on_canvas(value):
            raise SettingError(f"{key} is a place on the canvas, within a million of its middle, not {value!r}", key)
    return {key: value if isinstance(value, str) else float(value) for key, value in own.items()}


def _on_canvas(value: Any) -> bool:
    return bool(-POSITION_LIMIT <= value <= POSITION_LIMIT)


def _beside_last(graph: Graph) -> tuple[float, float]:
    """A free place to the right of the node added last, the answer left aside."""
    last = next((n for n in reversed(list(graph.nodes.values())) if n.layer.outputs), None)
    return _beside(graph, last) if last is not None else (0.0, 0.0)


def _beside(graph: Graph, node: Node) -> tuple[float, float]:
    """A free place to the right of this node."""
    x, y = node.x + layout.WIDTH + layout.GAP_X, node.y
    while any(abs(n.x - x) < layout.WIDTH and abs(n.y - y) < layout.HEIGHT for n in graph.nodes.values()):
        y += layout.HEIGHT + layout.GAP_Y
    return x, y
