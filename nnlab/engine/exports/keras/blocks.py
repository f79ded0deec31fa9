"""Blocks of the drawing as layers of Keras: a class each, one for all that differ in numbers alone."""

import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.depth import copies, grows
from nnlab.core.graph import Graph
from nnlab.core.layer import MISSING, Shape, Support
from nnlab.core.shapes import NodeShapes
from nnlab.core.writing import attribute_names, class_name, slug
from nnlab.engine.exports.keras.carrying import freezing, taking
from nnlab.engine.exports.keras.code import NAME, PART, TAKES, BlockCode
from nnlab.engine.exports.keras.nodes import Missing, check_sharing, equals
from nnlab.engine.exports.keras.scope import TAKEN, Plan, Scope
from nnlab.engine.exports.keras.table import SUPPORTS
from nnlab.engine.exports.keras.text import constructors, folded, numbers_in, unlike

Key = tuple[int, tuple[Shape, ...], bool]
"""An inside, the shapes that come in, and whether it is held still."""
Found = tuple[Block, tuple[Shape, ...], bool, str]
"""A block with its shapes, whether it is held still, and the node of the drawing that it is or is within."""
Number = int | float

OVER_TIME = Support(
    "OverTime",
    '''
class OverTime(layers.Layer):
    """Calls a layer once for each step of a sequence; what it gives is carried on to the next step."""

    def __init__(self, step, states, answers=True, name=None):
        """`states` are the sizes of what is carried on; with `answers`, the first output is none of them."""
        super().__init__(name=name)
        self.step, self.states, self.answers = step, states, answers

    def call(self, inputs, given=None):
        blank = ops.reshape(inputs, (-1, int(np.prod(inputs.shape[1:]))))[:, :1] * 0
        zeros = [
            ops.reshape(ops.repeat(ops.cast(blank, "float32"), int(np.prod(size)), axis=1), (-1, *size))
            for size in self.states
        ]
        wired = given or [None for _ in zeros]
        held = [zero if one is None else one for one, zero in zip(wired, zeros, strict=True)]
        steps = []
        for k in range(inputs.shape[1]):
            said = self.step(inputs[:, k], *held)
            said = list(said) if isinstance(said, (tuple, list)) else [said]
            held = said[1:] if self.answers else said
            steps.append(said[0])
        rest = held if self.answers else held[1:]
        return (ops.stack(steps, axis=1), *rest) if rest else ops.stack(steps, axis=1)

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.step.take_over(state)

    def freeze(self):
        """Hold still what is not to learn."""
        self.step.freeze()
''',
)


@dataclass(frozen=True)
class Body:
    """What is written in the class of one block."""

    block: Block
    support: tuple[Support, ...]
    arguments: tuple[str, ...]
    made: tuple[tuple[str, str], ...]
    """Attribute -> the call that makes it."""
    forward: tuple[str, ...]
    takes: tuple[str, ...]
    freezes: tuple[str, ...]
    answers: int

    @property
    def holes(self) -> list[list[tuple[int, int, str, Number]]]:
        """The numbers in each of the calls."""
        return [numbers_in(text) for _, text in self.made]

    @property
    def values(self) -> list[Number]:
        """The numbers alone."""
        return [value for each in self.holes for *_, value in each]

    def with_numbers(self, texts: list[str]) -> list[str]:
        """The calls with these in the place of their numbers."""
        left, found = iter(texts), []
        for (_, text), holes in zip(self.made, self.holes, strict=True):
            raw, at, parts = text.encode(), 0, []
            for start, end, *_ in holes:
                parts += [raw[at:start].decode(), next(left)]
                at = end
            found.append("".join([*parts, raw[at:].decode()]))
        return found

    @property
    def outline(self) -> tuple[object, ...]:
        """All but the numbers."""
        kinds = ["#" if isinstance(value, int) else "#." for value in self.values]
        names = tuple(attribute for attribute, _ in self.made)
        inner = tuple(each for each in self.support if each != PART)
        return (
            class_name(self.block.called), names, tuple(self.with_numbers(kinds)),
            self.arguments, self.forward, self.takes, self.freezes, inner,
        )  # fmt: skip


class Blocks:
    """The classes of all blocks of a drawing."""

    def __init__(self, graph: Graph, order: list[str], shapes: Mapping[str, NodeShapes], missing: Missing) -> None:
        """What has no equal is noted in `missing`."""
        self._missing = missing
        self._calls: dict[Key, BlockCode] = {}
        self._kept: list[Block] = []  # so that their ids stay theirs
        self._used = {*SUPPORTS, OVER_TIME.name}
        self._grown: dict[int, tuple[Block, ...]] = {}
        found = list(self._blocks(graph, order, shapes, "", still=False))
        for depth in sorted({each[0].depth for each in found}):
            self._write([each for each in found if each[0].depth == depth])

    def _blocks(
        self, graph: Graph, order: list[str], shapes: Mapping[str, NodeShapes], at: str, still: bool
    ) -> Iterator[Found]:
        """Every block, those within blocks as well; of those whose copies are not alike, every copy."""
        for n in order:
            layer, frozen = graph.nodes[n].layer, still or graph.nodes[n].learning.frozen
            if not isinstance(layer, Block):
                continue
            if grows(layer):
                self._grown[id(layer)] = copies(layer)
            for copy in self._grown.get(id(layer), (layer,)):
                inputs = shapes[n].inputs
                yield copy, inputs, frozen, at or n
                yield from self._blocks(copy.inner, list(copy.needed), copy.within(*inputs), at or n, frozen)

    def code(self, block: Block, shapes: tuple[Shape, ...], still: bool) -> BlockCode:
        """What a block is in Keras."""
        every = self._grown.get(id(block), (block,))
        made = self._calls[_key(every[0], shapes, still)]
        if block.is_over_time:
            return _over_time(block, shapes, made)
        calls = [self._calls[_key(copy, shapes, still)].forward for copy in every]
        each = tuple(_made(call) for call in calls) if len(every) > 1 else ()
        return BlockCode(
            made.forward, made.results, made.numbers, support=made.support,
            times=block.repeat, shared=block.share, row=block.is_row, each=each, freezes=made.freezes,
        )  # fmt: skip

    def _write(self, blocks: list[Found]) -> None:
        groups: dict[object, dict[Key, Body]] = {}
        for block, shapes, still, node_id in blocks:
            key = _key(block, shapes, still)
            if any(key in group for group in groups.values()):
                continue
            body = self._body(block, shapes, still, node_id)
            groups.setdefault(body.outline, {})[key] = body
        for group in groups.values():
            self._settle(group)

    def _body(self, block: Block, shapes: tuple[Shape, ...], still: bool, node_id: str) -> Body:
        inner, inside, names = block.inner, block.within(*shapes), attribute_names(block.inner)
        order = [n for n in block.needed if n not in block.entries]
        codes = equals(inner, order, inside, self.code, self._missing, node_id, still)
        if len(codes) < len(order):
            return Body(block, (), (), (), (), (), (), len(block.exits))
        support = tuple(dict.fromkeys(each for code in codes.values() for each in code.support))
        self._used |= {each.name for each in support}
        given = _arguments(block, TAKEN | {each.name for each in support} | set(names.values()))
        plan = Plan(inner, codes, given, block.exits, names)
        check_sharing(plan, inside, self._missing, node_id)
        scope = Scope(plan, inside=True)
        lines = scope.lines()
        forward = _returning(lines, scope.answers())
        arguments = tuple(given.values())
        made = tuple(scope.made.items())
        return Body(
            block, support, arguments, made, forward, tuple(taking(scope)), tuple(freezing(scope)), len(block.exits)
        )

    def _settle(self, group: dict[Key, Body]) -> None:
        """Write one class for blocks that differ in numbers alone, and how it is called for each."""
        bodies = list(group.values())
        first = bodies[0]
        wanted = class_name(first.block.called)
        name = unlike(wanted, self._used, "Block")
        self._used.add(name)
        columns = list(zip(*(body.values for body in bodies), strict=True))
        parameters = _parameters(bodies, columns)
        by_column = {column: parameter for parameter, column in parameters.items()}
        texts = [by_column.get(column, repr(column[0])) for column in columns]
        cls = Support(name, _class_text(name, first, first.with_numbers(texts), list(parameters)))
        support = (*((PART,) if first.takes else ()), *first.support, cls)
        several = first.answers > 1
        results = tuple(f"{{r}}[{k}]" for k in range(first.answers)) if several else ("{r}",)
        inputs = ", ".join(f"{{{k}}}" for k in range(len(first.arguments)))
        for row, key in enumerate(group):
            chosen = [f"{parameter}={column[row]!r}" for parameter, column in parameters.items()]
            call = f"{name}({', '.join([*chosen, f'name={chr(34)}{NAME}{chr(34)}'])})({inputs})"
            numbers = ((NAME, TAKES),) if first.takes else ()
            self._calls[key] = BlockCode(call, results, numbers, support=support, freezes=bool(first.freezes))


def _key(block: Block, shapes: tuple[Shape, ...], still: bool) -> Key:
    """Blocks with this very inside, however often they are repeated."""
    return id(block.inner), shapes, still


def _returning(lines: list[str], answers: list[str]) -> tuple[str, ...]:
    """The statements, the last of which returns."""
    if len(answers) == 1 and lines and lines[-1].startswith(f"{answers[0]} = ") and not lines[-1].endswith("("):
        return (*lines[:-1], f"return {lines[-1].partition(' = ')[2]}")
    return (*lines, f"return {', '.join(answers)}")


def _made(forward: str) -> str:
    """The constructor in the code of a block, without its name."""
    text = forward.format(*(f"in{k}" for k in range(32)), name="it")
    (found,) = constructors(text, frozenset({forward.partition("(")[0]}))
    return found.text


def _over_time(block: Block, shapes: tuple[Shape, ...], made: BlockCode) -> BlockCode:
    """The layer called once for each step of a sequence."""
    states = list(block.step_shapes(shapes)[1:])
    given = [f"{{{k}}}" for k in range(1, len(shapes))]
    options = ["answers=False"] if len(block.exits) == len(states) else []
    text = f'OverTime({", ".join([_made(made.forward), repr(states), *options])}, name="{NAME}")'
    wired = any(shape != MISSING for shape in shapes[1:])
    forward = f"{text}({{0}}, [{', '.join(given)}])" if wired else f"{text}({{0}})"
    several = len(block.exits) > 1
    results = tuple(f"{{r}}[{k}]" for k in range(len(block.exits))) if several else ("{r}",)
    numbers = tuple((name, 'part(state, "{s}.step.")') for name, _ in made.numbers)
    return BlockCode(forward, results, numbers, support=(*made.support, OVER_TIME), freezes=made.freezes)


def _arguments(block: Block, taken: set[str] | frozenset[str]) -> dict[str, str]:
    """Block input -> the name of its argument."""
    if len(block.entries) == 1:
        return {block.entries[0]: "inputs"}
    found: dict[str, str] = {}
    for n in block.entries:
        wanted = slug(block.port_of(n)) or "inputs"
        wanted = f"{wanted}_given" if keyword.iskeyword(wanted) else wanted
        name, k = wanted, 1
        while name in taken or name in found.values():
            k += 1
            name = f"{wanted}_{k}"
        found[n] = name
    return found


def _parameters(bodies: list[Body], columns: list[tuple[Number, ...]]) -> dict[str, tuple[Number, ...]]:
    """Numbers that are not the same in all of these blocks, by a name that says what they are."""
    roles = [role for each in bodies[0].holes for _, _, role, _ in each]
    found: dict[str, tuple[Number, ...]] = {}
    for column, role in zip(columns, roles, strict=True):
        if len(set(column)) > 1 and column not in found.values():
            name = _promoted(bodies, column) or role
            found[unlike(name, {*found, "self", "options", "name"}, "_more")] = column
    return found


def _promoted(bodies: list[Body], column: tuple[Number, ...]) -> str:
    """The name that the drawing has for this number, if it is a promoted setting."""
    for name, _ in bodies[0].block.promoted:
        if name.isidentifier() and tuple(getattr(body.block, name, None) for body in bodies) == column:
            return name
    return ""


def _class_text(name: str, body: Body, made: list[str], parameters: list[str]) -> str:
    shown = "".join(c for c in body.block.called if c.isprintable() and c not in '"\\').strip()[:60]
    lines = [f"class {name}(layers.Layer):", f'    """{shown or "A block"}, as it was drawn."""', ""]
    if body.made:
        lines += [f"    def __init__({', '.join(['self', *parameters, '**options'])}):"]
        lines += ["        super().__init__(**options)"]
        for (attribute, _), text in zip(body.made, made, strict=True):
            lines += [f"        {line}" for line in folded(f"self.{attribute} = {text}")]
        lines += [""]
    lines += [f"    def call({', '.join(['self', *body.arguments])}):", *(f"        {line}" for line in body.forward)]
    if body.takes:
        lines += ["", "    def take_over(self, state):", '        """Take over what PyTorch has learned."""']
        lines += [f"        {line}" for line in body.takes]
    if body.freezes:
        lines += ["", "    def freeze(self):", '        """Hold still what is not to learn."""']
        lines += [f"        {line}" for line in body.freezes]
    return "\n".join(lines) + "\n"
