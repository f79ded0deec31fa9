"""Random networks that can be built: chains, skips, merges, all ports and kinds, every layer there is in its turn."""

import random
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, MISSING, Layer, PortKind, Shape
from nnlab.core.param import Param
from nnlab.core.ready import READY
from nnlab.core.wrapping import tidy
from nnlab.errors import NNLabError

DATA = (
    "iris",
    "spiral",
    "digits",
    "hourly-load",
    "first-word",
    "mood",
    "molecules",
    "house",
    "moving-square",
    "diabetes",
)
LEFT_OUT = ("Input", "Output", "BlockInput", "BlockOutput", "Block")
KINDS = tuple(id_ for id_ in LAYERS if id_ not in LEFT_OUT)
FEW = 6  # for settings that count something
SIZE_LIMIT, WEIGHT_LIMIT, WORK_LIMIT = 5_000, 60_000, 3_000_000
TRIES = 60
NAMES = ("", "", "", "My layer", "left branch", "2nd", "x", "self", "größer", "class")
INDEX_TABLES = {"Embedding": "num_embeddings", "EmbeddingBag": "num_embeddings", "OneHot": "num_classes"}


@dataclass(frozen=True)
class Value:
    """What leaves by one output, and the bound of its whole numbers (0 if they have none)."""

    node: str
    port: str
    shape: Shape
    kind: PortKind
    bound: int = 0


class Growing:
    """A network that grows, layer by layer; every step leaves it sound."""

    def __init__(self, seed: int, data: str) -> None:
        self.dice = random.Random(seed)
        self.data = Data(DATASETS[data]())
        self.spec = self.data.spec()
        self.graph = Graph()
        self.values: list[Value] = []
        for field in self.spec.fields:
            source = field.name if self.spec.more else ""
            bound = len(field.vocabulary) if field.kind == "i" else self.spec.fields[0].shape[0]
            self._place(LAYERS["Input"]().with_(source=source), (), [Value("", "out", field.shape, field.kind, bound)])

    # ---------------------------------------------------------------- growing

    def add(self, kind: str) -> bool:
        """One layer of this kind somewhere; False if it found no place."""
        for k in range(TRIES):
            layer = self._layer(kind, plain=k > TRIES // 2)
            wires = self._wires(layer)
            if wires is not None and self._fits(layer, wires):
                return True
        return self._with_room(kind)

    def add_block(self, id_: str) -> bool:
        """One of the ready blocks."""
        for value in self.dice.sample(self.values, len(self.values)):
            try:
                block = READY[id_].block(value.shape)
            except NNLabError:
                continue
            if len(block.ports_in) == 1 and block.ports_in[0].kind in ("*", value.kind) and self._fits(block, [value]):
                return True
        return False

    def _layer(self, kind: str, plain: bool) -> Layer:
        layer: Layer = LAYERS[kind]()
        for p in () if plain else layer.params():
            if self.dice.random() < 0.4:
                try:
                    layer = layer.with_(**{p.name: self._setting(p, getattr(layer, p.name))})
                except NNLabError:
                    continue
        return layer

    def _setting(self, p: Param, now: object) -> object:
        low, high = p.low or 0, min(p.high if p.high is not None else FEW, FEW)
        if p.kind == "bool":
            return self.dice.random() < 0.5
        if p.kind == "choice":
            return self.dice.choice([value for value, _ in p.choices])
        if p.kind == "int":
            return self.dice.randint(int(low), max(int(low), int(high)))
        if p.kind == "float":
            return round(self.dice.uniform(float(low), float(min(high, 1.0))), 3)
        if p.kind == "size":
            sizes = [self.dice.randint(max(int(low), 1), 3) for _ in range(p.axes or 2)]
            words = [value for value, _ in p.choices]
            return self.dice.choice([sizes[0], tuple(sizes), *words])
        return now

    def _wires(self, layer: Layer) -> list[Value | None] | None:
        """A value for each port; None if there is none of its kind."""
        ports = layer.inputs
        if layer.variadic:
            ports = ports[:1] * self.dice.choice([2, 2, 3])
        found: list[Value | None] = []
        for port in ports:
            fitting = [v for v in self.values if port.kind == "*" or v.kind in (port.kind, "*")]
            alike = [v for v in fitting if found and found[0] is not None and v.shape == found[0].shape]
            if port.optional and (not fitting or self.dice.random() < 0.5):
                found.append(None)
            elif not fitting:
                return None
            else:
                found.append(self.dice.choice(alike if alike and self.dice.random() < 0.7 else fitting))
        return found

    def _fits(self, layer: Layer, wires: "list[Value | None] | list[Value]") -> bool:
        """Put it there if it takes what it gets and stays small."""
        layer = self._with_room_for_words(layer, wires)
        if LAYERS.id_of(layer) == "Divide" and wires[1] is not None:
            wires = [
                wires[0],
                self._away_from_zero(wires[1]),
            ]  # else the last digit of a denominator decides everything
        shapes = tuple(w.shape if w else MISSING for w in wires)
        if not self._numbers_fit(layer, wires):
            return False
        try:
            made = layer.output_shapes(*shapes)
            if any(prod(s) > SIZE_LIMIT or prod(s) < 1 for s in made) or layer.parameter_count(*shapes) > WEIGHT_LIMIT:
                return False
            if layer.flops(*shapes) > WORK_LIMIT:
                return False
            kinds = [w.kind for w in wires if w is not None] or ["x"]
            found = [
                Value("", p.name, s, kinds[0] if p.kind == "*" else p.kind, self._bound(layer, wires, p.kind))
                for p, s in zip(layer.outputs, made, strict=True)
            ]
            self._place(layer, wires, found)
        except NNLabError:
            return False
        return True

    def _away_from_zero(self, value: Value) -> Value:
        self._place(LAYERS["Softplus"](), [value], [replace(value, port="out")])
        return self.values[-1]

    def _with_room_for_words(self, layer: Layer, wires: Any) -> Layer:
        name = INDEX_TABLES.get(LAYERS.id_of(layer))
        return layer.with_(**{name: max(wires[0].bound, 2)}) if name and wires[0] is not None else layer

    def _numbers_fit(self, layer: Layer, wires: Any) -> bool:
        """Whole numbers that point at something point at what is there."""
        id_ = LAYERS.id_of(layer)
        if id_ == "PaddingMask":
            return True
        if id_ == "Cast" and getattr(layer, "to", "") == "i":
            return False
        pointing = [(p, w) for p, w in zip(layer.inputs, wires, strict=False) if w is not None and p.kind in ("i", "e")]
        return all(w.bound > 0 and self._points(layer, id_, p.kind, w.bound, wires) for p, w in pointing)

    def _points(self, layer: Layer, id_: str, kind: PortKind, bound: int, wires: Any) -> bool:
        shape = wires[0].shape
        if kind == "e":
            return bool(shape[:1] >= (bound,))
        if id_ in ("Gather", "IndexSelect"):
            dim = getattr(layer, "dim", 1)
            at = dim - 1 if dim > 0 else len(shape) + dim
            return 0 <= at < len(shape) and shape[at] >= bound
        return id_ != "MaxUnpool2d" or self._same_pool(layer, wires)

    def _same_pool(self, layer: Layer, wires: Any) -> bool:
        """Places point into the picture that becomes of them, so that must not be smaller than before the pool."""
        try:
            made = layer.output_shapes(*(w.shape if w else MISSING for w in wires))
        except NNLabError:
            return False
        return prod(made[0][1:]) >= wires[1].bound

    def _bound(self, layer: Layer, wires: Any, kind: PortKind) -> int:
        id_, first = LAYERS.id_of(layer), wires[0] if wires else None
        if first is None:
            return 0
        if id_ == "ArgMax":
            dim = getattr(layer, "dim", -1)
            return int(first.shape[dim - 1 if dim > 0 else dim])
        if id_ == "MaxPool2dWithIndices":
            return prod(first.shape[1:])
        return first.bound if kind == "*" and id_ != "Cast" else 0

    # ---------------------------------------------------------------- room for what fits nowhere

    def _with_room(self, kind: str) -> bool:
        """Make what this layer says it takes, then put it there."""
        layer: Layer = LAYERS[kind]()
        if kind == "MaxUnpool2d":
            picture = self._made("x", (2, 6, 6))
            if picture is None or not self._fits(LAYERS["MaxPool2dWithIndices"](), [picture]):
                return False
            return self._fits(layer, [*self.values[-2:], picture])
        for shapes in self.dice.sample(layer.fits, len(layer.fits)) or [((4,),) * max(1, len(layer.inputs))]:
            wires: list[Value | None] = []
            for port, shape in zip(layer.inputs, shapes, strict=False):
                wires.append(None if shape == MISSING else self._made(port.kind, shape))
            lacking = [p for p, w, s in zip(layer.inputs, wires, shapes, strict=False) if w is None and s != MISSING]
            if all(p.optional for p in lacking) and self._fits(layer, wires):
                return True
        return False

    def _made(self, kind: PortKind, shape: Shape) -> Value | None:
        """Decimals of this shape, or what there is of another kind."""
        if kind not in ("x", "*"):
            fitting = [v for v in self.values if v.kind == kind and v.shape == shape]
            return self.dice.choice(fitting) if fitting else None
        rows = [v for v in self.values if v.kind == "x" and v.shape and prod(v.shape) <= 2_000]
        if not rows:
            return None
        value = self.dice.choice(rows)
        chain = [LAYERS["Flatten"]()] if len(value.shape) > 1 else []
        chain += [LAYERS["Linear"]().with_(out_features=prod(shape))]
        if len(shape) > 1:
            chain.append(LAYERS["Reshape"]().with_(shape=", ".join(map(str, shape))))
        for layer in chain:
            made = layer.output_shapes(value.shape)[0]
            self._place(layer, [value], [Value("", "out", made, "x")])
            value = self.values[-1]
        return value

    def _place(self, layer: Layer, wires: Any, made: list[Value]) -> None:
        node_id = self.graph.new_id(layer)
        name = self.dice.choice(NAMES)
        graph = self.graph.with_node(Node(node_id, layer, name=name))
        for k, wire in enumerate(wires):
            if wire is not None:
                port = f"in{k + 1}" if layer.variadic else layer.inputs[k].name
                graph = graph.with_link(Link(wire.node, node_id, port, wire.port))
        self.graph = graph
        self.values += [replace(value, node=node_id) for value in made]

    # ---------------------------------------------------------------- ending

    def end(self) -> Document:
        """Everything that leads nowhere is joined into one answer of the size that the data want."""
        used = {(k.source, k.source_port) for k in self.graph.links}
        loose = [v for v in self.values if (v.node, v.port) not in used]
        rows: list[Value] = []
        entries = {n for n, node in self.graph.nodes.items() if node.layer.is_entry}
        if not any(v.kind != "s" and (self.graph.upstream(v.node) | {v.node}) & entries for v in loose):
            loose.append(self.values[0])  # else all that comes of the data is charged for, and nothing is an answer
        for value in loose:
            entries = {n for n, node in self.graph.nodes.items() if node.layer.is_entry}
            if value.kind == "s" and self.graph.upstream(value.node) & entries:
                self._place(LAYERS["Output"](), [value], [])
                continue
            if value.kind != "x":
                self._place(LAYERS["Cast"]().with_(to="x"), [value], [replace(value, port="out", kind="x")])
                value = self.values[-1]
            if len(value.shape) != 1:
                flat = LAYERS["Flatten" if value.shape else "Reshape"]()
                made = flat.output_shapes(value.shape)
                self._place(flat, [value], [Value("", "out", made[0], "x")])
                value = self.values[-1]
            rows.append(value)
        while len(rows) > 1:
            taken, rows = rows[:8], rows[8:]
            self._place(LAYERS["Concat"](), taken, [Value("", "out", (sum(v.shape[0] for v in taken),), "x")])
            rows.append(self.values[-1])
        self._place(
            LAYERS["Linear"]().with_(out_features=self.spec.width), rows, [Value("", "out", (self.spec.width,), "x")]
        )
        self._place(LAYERS["Output"](), [self.values[-1]], [])
        return Document(tidy(self.graph), self.data)


def random_document(seed: int, layers: int = 10) -> Document:
    """The network of this seed; every run of `len(KINDS)` seeds has every layer in its turn."""
    dice = random.Random(seed)
    wanted = KINDS[seed % len(KINDS)]
    for data in dice.sample(DATA, len(DATA)):
        growing = Growing(seed, data)
        if not any(v.kind == "x" for v in growing.values):
            growing.add("Embedding")
        for kind in dice.choices(KINDS, k=dice.randint(2, layers - 4)):
            growing.add(kind)
        if not growing.add(wanted):
            continue
        for kind in dice.choices(KINDS, k=dice.randint(1, 3)):
            growing.add(kind)
        if dice.random() < 0.3:
            growing.add_block(dice.choice(sorted(READY)))
        return growing.end()
    raise AssertionError(f"no data here give room for {wanted}")


def random_samples(document: Document, seed: int, count: int = 3) -> tuple[Any, ...]:
    """Inputs for such a network, an array for each input of the data."""
    spec, dice = document.spec, np.random.default_rng(seed)
    assert spec is not None
    found: list[Any] = []
    for field in spec.fields:
        if field.kind == "i":
            found.append(dice.integers(0, len(field.vocabulary), (count, *field.shape)))
        elif field.kind == "e":
            edges = dice.integers(0, spec.fields[0].shape[0], (count, *field.shape))
            edges[:, :, field.shape[1] // 2 :] = -1
            found.append(edges)
        else:
            found.append(dice.standard_normal((count, *field.shape)).astype(np.float32))
    return tuple(found)
