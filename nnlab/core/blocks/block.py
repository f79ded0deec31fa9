"""Blocks: a layer whose setting is a network of its own. Values nest, so undo, files and shapes need nothing new."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from nnlab.core.blocks import checks as block_checks
from nnlab.core.blocks import code as block_code
from nnlab.core.blocks import depth as block_depth
from nnlab.core.blocks import over_time
from nnlab.core.blocks.ports import EMPTY, BlockInput, BlockOutput, kind_made, kind_taken, ordered, port_names
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer, Port, Shape, TorchCode
from nnlab.core.learning import owner
from nnlab.core.param import Param, graph, param, places
from nnlab.core.shapes import NodeShapes, infer
from nnlab.core.words import count
from nnlab.core.writing import attribute_names
from nnlab.errors import SettingError

DEPTH_LIMIT = 8  # blocks within blocks
LAYERS_LIMIT = 5_000  # with every repeat counted
KNOWN_LIMIT = 8  # input shapes whose answers a block remembers


Places = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of promoted settings, each with the settings inside that it sets, as "conv.out_channels"."""


def named(places: Mapping[str, tuple[str, ...]]) -> Places:
    """Promoted settings by their names."""
    return tuple(places.items())


class _Title:
    """A block's title is what it is called; that of the kind is Block."""

    def __get__(self, block: "Block | None", kind: type) -> str:
        return block.called if block is not None and block.called else "Block"


class _Ports:
    """A block's ports are its Block inputs and outputs; the kind's are those of an empty block."""

    def __init__(self, side: type[BlockInput] | type[BlockOutput]) -> None:
        self._side = side

    def __get__(self, block: "Block | None", kind: type) -> tuple[Port, ...]:
        is_input = self._side is BlockInput
        if block is None:
            return (Port("in" if is_input else "out", "*"),)
        return block.ports_in if is_input else block.ports_out


@dataclass(frozen=True)
class Block(Layer):
    """Several layers as one: open it to see and change what is inside, or repeat it to make a deep network.

    Its ports are the Block inputs and Block outputs inside. Repeated, what leaves one copy enters the next. Over the
    steps of a sequence it is a recurrent layer of your own: the first input is taken step by step, and every further
    one is a state that is carried on from step to step and begins with zeros, or with what a wire brings.
    """

    title = _Title()  # an instance's is what it is called
    category = "Blocks"
    tier = 2
    formula = "y = f(x), with the layers inside as f"
    inputs = _Ports(BlockInput)  # an instance's are those of its inside
    outputs = _Ports(BlockOutput)
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = (((4,),), ((2, 5, 5),))

    called: str = param("", "What the block is, and the name of its class in code.", label="Name")
    inner: Graph = graph(EMPTY, "The layers inside.")
    repeat: int = param(1, "How many copies follow each other.", low=1, high=1000, label="Repeats")
    share: bool = param(False, "Whether all repeats use the same weights.", label="Shared weights")
    repeat_as: str = param(
        "depth",
        "One after the other: as often as its repeats say. Over the steps of a sequence: once for each, with the same "
        "weights; further inputs are states that are carried on.",
        choices=over_time.WAYS,
        label="Runs",
        advanced=True,
    )
    promoted: Places = places("Settings inside that are shown and set outside.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.depth > DEPTH_LIMIT:
            raise SettingError(f"blocks nest at most {DEPTH_LIMIT} deep: ungroup one of them", "inner")
        if self.size > LAYERS_LIMIT:
            raise SettingError(
                f"the block would have {count(self.size)} layers with all repeats, and {count(LAYERS_LIMIT)} are the "
                "most: repeat it less often",
                "repeat",
            )

    # ---------------------------------------------------------------- what is inside

    @cached_property
    def depth(self) -> int:
        """How many levels of blocks this one makes: 1 if no block is inside."""
        return 1 + max((b.depth for b in self._blocks), default=0)

    @cached_property
    def size(self) -> int:
        """How many layers there are inside, blocks within taken apart and every repeat counted."""
        within = sum(b.size for b in self._blocks)
        ports = len(self.entries) + len(self.exits)
        return self.repeat * max(1, within + len(self.inner.nodes) - len(self._blocks) - ports)

    @property
    def _blocks(self) -> list["Block"]:
        return [node.layer for node in self.inner.nodes.values() if isinstance(node.layer, Block)]

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """The ids of its Block inputs, in the order of the ports."""
        return ordered(self.inner, BlockInput)

    @cached_property
    def exits(self) -> tuple[str, ...]:
        """The ids of its Block outputs, in the order of the ports."""
        return ordered(self.inner, BlockOutput)

    @cached_property
    def ports_in(self) -> tuple[Port, ...]:
        """An input port for each Block input, of the kind that is taken inside."""
        names = port_names(self.inner, self.entries)
        found = tuple(Port(names[n], kind_taken(self.inner, n)) for n in self.entries)
        return over_time.with_states(found) if self.is_over_time else found

    @property
    def is_over_time(self) -> bool:
        """Whether it runs once for each step of a sequence."""
        return self.repeat_as == "time"

    @cached_property
    def ports_out(self) -> tuple[Port, ...]:
        """An output port for each Block output, of the kind that is made inside."""
        names = port_names(self.inner, self.exits)
        return tuple(Port(names[n], kind_made(self.inner, n)) for n in self.exits)

    def port_of(self, node_id: str) -> str:
        """The port that this Block input or output is."""
        ids, ports = (self.entries, self.ports_in) if node_id in self.entries else (self.exits, self.ports_out)
        return ports[ids.index(node_id)].name

    # ---------------------------------------------------------------- settings

    def __getattr__(self, name: str) -> Any:
        """A promoted setting by its name."""
        if not name.startswith("_"):
            for spot in dict(self.__dict__.get("promoted", ())).get(name, ()):
                node_id, _, field = spot.partition(".")
                if self.has(node_id, field):
                    return getattr(self.inner.nodes[node_id].layer, field)
        raise AttributeError(name)

    def has(self, node_id: str, field: str) -> bool:
        """Whether a layer inside has this setting."""
        node = self.inner.nodes.get(node_id)
        return node is not None and field in [p.name for p in node.layer.open_params()]

    @property
    def lent(self) -> tuple[Param, ...]:
        """The promoted settings, as a form shows them."""
        found = []
        for name, spots in self.promoted:
            for node_id, _, field in (spot.partition(".") for spot in spots):
                if self.has(node_id, field):
                    inside = next(p for p in self.inner.nodes[node_id].layer.open_params() if p.name == field)
                    found.append(replace(inside, name=name, label=_label(name, inside), advanced=False))
                    break
        return tuple(found)

    def open_params(self) -> tuple[Param, ...]:
        """Its own settings and the promoted ones. What runs over time is neither repeated otherwise nor has other weights."""
        hidden = {
            name for name in ("repeat", "share") if self.is_over_time and getattr(self, name) == getattr(Block, name)
        }
        return (*(p for p in super().open_params() if p.name not in hidden), *self.lent)

    def with_(self, **changes: object) -> Self:
        """The same with some settings changed, promoted ones among them; SettingError if a name or value does not fit."""
        lent = {p.name for p in self.lent}
        own = {name: value for name, value in changes.items() if name not in lent}
        block = super().with_(**own) if own else self
        for name, value in changes.items():
            if name in lent:
                block = block._with_lent(name, value)
        return block

    def _with_lent(self, name: str, value: object) -> Self:
        inner = self.inner
        for node_id, _, field in (spot.partition(".") for spot in dict(self.promoted)[name]):
            if self.has(node_id, field):
                node = inner.nodes[node_id]
                inner = inner.with_node(replace(node, layer=node.layer.with_(**{field: value})))
        return replace(self, inner=inner)

    def summary(self) -> str:
        """How often it is repeated, or how many layers it holds."""
        if self.is_over_time:
            return "over time"
        if self.repeat > 1:
            return f"× {self.repeat}" + (", shared" if self.share else "")
        layers = len(self.inner.nodes) - len(self.entries) - len(self.exits)
        return f"{count(layers)} {'layer' if layers == 1 else 'layers'}"

    # ---------------------------------------------------------------- shapes

    def within(self, *shapes: Shape) -> Mapping[str, NodeShapes]:
        """The shapes at every node inside, for these shapes at the ports."""
        found = self._known.get(shapes)
        if found is None:
            kinds = [port.kind for port in self.ports_in]
            given = dict(zip(self.entries, zip(self.step_shapes(shapes), kinds, strict=False), strict=False))
            if len(self._known) >= KNOWN_LIMIT:
                self._known.clear()
            found = self._known[shapes] = infer(self.inner, None, given)
        return found

    def step_shapes(self, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """What enters inside: over time, what one step has."""
        return over_time.step_shapes(self, shapes) if self.is_over_time else shapes

    @cached_property
    def _known(self) -> dict[tuple[Shape, ...], Mapping[str, NodeShapes]]:
        return {}

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The nodes inside that its outputs depend on, each after those it reads from."""
        wanted = frozenset[str]().union(*(self.inner.upstream(n) | {n} for n in self.exits))
        return tuple(n for n in self.inner.in_order if n in wanted)

    def output_shape(self, *shapes: Shape) -> Shape:
        """The shape at its first output."""
        return self.output_shapes(*shapes)[0]

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """What leaves by each port; a mistake inside is told with the name of the layer inside."""
        block_checks.check_ports(self)
        if self.is_over_time:
            over_time.check(self, shapes)
        inside = self.within(*shapes)
        block_checks.check_inside(self, inside)
        found = tuple(inside[n].outputs[0] for n in self.exits)
        if self.is_over_time:
            return over_time.output_shapes(self, shapes, found)
        if self.repeat > 1:
            block_depth.check(self)
            block_checks.check_repeat(self, shapes, found)
        return found

    # ---------------------------------------------------------------- what it learns and costs

    def _layers(self, shapes: tuple[Shape, ...]) -> Iterator[tuple[str, Layer, tuple[Shape, ...]]]:
        inside = self.within(*shapes)
        for node_id in self.needed:
            yield node_id, self.inner.nodes[node_id].layer, inside[node_id].inputs

    def _learners(self, shapes: tuple[Shape, ...]) -> Iterator[tuple[str, Layer, tuple[Shape, ...]]]:
        """The layers inside without those that use the weights of another."""
        return (each for each in self._layers(shapes) if owner(self.inner, each[0]) in (each[0], *self._loose))

    @cached_property
    def _loose(self) -> frozenset[str]:
        return frozenset(self.inner.nodes) - frozenset(self.needed)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Those of the layers inside, under the names that they have in code."""
        names = attribute_names(self.inner)
        once = {
            f"{names[node_id]}.{name}": size
            for node_id, _, inputs in self._learners(shapes)
            for name, size in self.inner.nodes[node_id].parameter_shapes(*inputs).items()
        }
        return {f"{prefix}{name}": size for prefix in self._prefixes() for name, size in once.items()}

    def parameter_count(self, *shapes: Shape) -> int:
        """How many numbers it learns, with those of every repeat that has its own."""
        once = sum(self.inner.nodes[n].parameter_count(*inputs) for n, _, inputs in self._learners(shapes))
        return once * len(self._prefixes())

    def flops(self, *shapes: Shape) -> int:
        """Those of the layers inside, for every repeat or step."""
        times = shapes[0][0] if self.is_over_time else self.repeat
        return times * sum(layer.flops(*inputs) for _, layer, inputs in self._layers(shapes))

    @property
    def is_row(self) -> bool:
        """Repeated with weights of its own, and as simple as nn.Sequential."""
        plain = self.repeat > 1 and not self.share and not block_depth.grows(self)
        return plain and len(self.entries) == len(self.exits) == 1

    def _prefixes(self) -> list[str]:
        if self.is_over_time:
            return ["step."]
        if self.repeat == 1:
            return [""]
        if self.share:
            return ["block."]
        return [f"{n}." if self.is_row else f"blocks.{n}." for n in range(self.repeat)]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A class of its own, made once, or in a row, or called again and again with the same weights."""
        return block_code.torch_code(self, shapes)


def _label(name: str, inside: Param) -> str:
    """What a promoted setting is called outside: as inside where it kept its name, with its number if there are several."""
    number = name.removeprefix(f"{inside.name}_")
    if name == inside.name or number.isdigit():
        return inside.label if name == inside.name else f"{inside.label} {number}"
    said = name.replace("_", " ")
    return said[:1].upper() + said[1:]
