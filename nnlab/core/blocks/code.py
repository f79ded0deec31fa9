"""A block as torch code: a class of its own, made once, in a row, or called again and again with the same weights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nnlab.core.blocks import depth, over_time
from nnlab.core.layer import Call, Shape, Support, TorchCode
from nnlab.core.learning import Made, made_of
from nnlab.core.writing import (
    RESERVED,
    Body,
    Repeated,
    attribute_names,
    batch_shape,
    class_name,
    class_text,
    settled,
    slug,
    steps_of,
)

if TYPE_CHECKING:
    from nnlab.core.blocks.block import Block


def torch_code(block: "Block", shapes: tuple[Shape, ...]) -> TorchCode:
    """The code of a block that takes these shapes."""
    support, name = _written(block, shapes)
    if block.is_over_time:
        arguments = list(_arguments(block, attribute_names(block.inner)).values())
        called, text, code = over_time.module(block, shapes, name, arguments)
        return replace(code, module=Call(called), support=(*support, Support(called, text)))
    forward = "{self}(" + ", ".join(f"{{{k}}}" for k in range(len(block.entries))) + ")"
    several = len(block.exits) > 1
    results = tuple(f"{{r}}[{k}]" for k in range(len(block.exits))) if several else ("{r}",)
    if block.repeat == 1:
        return TorchCode(forward, Call(name), results, support)
    if block.is_row:
        return TorchCode(forward, Repeated(name, times=block.repeat), results, support)
    stack, names = f"{name}Stack", [name]
    if depth.grows(block):
        support, names = _each_its_own(block, shapes, name)
    text = _stack(block, stack, names, _note(shapes))
    return TorchCode(forward, Call(stack), results, (*support, Support(stack, text, stack)))


def _each_its_own(block: "Block", shapes: tuple[Shape, ...], name: str) -> tuple[tuple[Support, ...], list[str]]:
    """A class for each copy, all of one family so that they become one with an argument, and the names of the classes."""
    found: list[Support] = []
    names = [name, *(f"{name}{k}" for k in range(2, block.repeat + 1))]
    for mine, copy in zip(names, depth.copies(block), strict=True):
        *needs, last = _written(copy, shapes)[0]
        found += [each for each in needs if each not in found]
        found.append(Support(mine, last.text.replace(f"class {last.name}(", f"class {mine}(", 1), name))
    return tuple(found), names


def _written(block: "Block", shapes: tuple[Shape, ...]) -> tuple[tuple[Support, ...], str]:
    """The definitions that one copy takes, the last of which is its class, and the name of that."""
    inner, inside, names = block.inner, block.within(*shapes), attribute_names(block.inner)
    support, codes = settled({n: inner.nodes[n].layer.torch_code(*inside[n].inputs) for n in block.needed})
    inputs = {n: inside[n].inputs for n in block.needed}
    made = made_of(inner, block.needed, codes, names, inputs)
    steps = steps_of(inner, block.needed, codes, inside, made.attribute)
    arguments = _arguments(block, names)
    body = Body(steps, names, arguments, block.exits).lines()
    name = class_name(block.called)
    while name in [each.name for each in support]:
        name += "Block"
    text = class_text(name, made, list(arguments.values()), _note(block.step_shapes(shapes)), body)
    return (*support, Support(name, text, name)), name


def trace_text(block: "Block", shapes: tuple[Shape, ...]) -> str:
    """A function of one copy's module and its arguments that gives what leaves every node inside, by the node's id."""
    inner, names = block.inner, attribute_names(block.inner)
    support, codes = settled(
        {n: inner.nodes[n].layer.torch_code(*block.within(*shapes)[n].inputs) for n in block.needed}
    )
    inputs = {n: block.within(*shapes)[n].inputs for n in block.needed}
    made = made_of(inner, block.needed, codes, names, inputs)
    steps = steps_of(inner, block.needed, codes, block.within(*shapes), made.attribute)
    arguments = {node_id: f"given_{k}" for k, node_id in enumerate(block.entries)}
    lines = [f"def trace({', '.join(['self', *arguments.values()])}):", "    values = {}"]
    for node_id, step in steps.items():
        if node_id in arguments:
            lines.append(f"    values[{node_id!r}, 0] = {arguments[node_id]}")
            continue
        texts = [f"values[{value!r}]" if value else "None" for value in step.sources]
        lines.append(f"    r = {step.applied(texts, 'given_0')}")
        lines += [f"    values[{node_id!r}, {k}] = {each.format(r='r')}" for k, each in enumerate(step.code.results)]
    return "\n\n\n".join([*(each.text for each in support), "\n".join([*lines, "    return values"])]) + "\n"


def _note(shapes: Sequence[Shape]) -> str:
    return "  # " + ", ".join(map(batch_shape, shapes)) if shapes else ""


def _arguments(block: "Block", names: Mapping[str, str]) -> dict[str, str]:
    """A name for each argument of forward: x if there is one, else the port's."""
    if len(block.entries) == 1:
        return {block.entries[0]: "x"}
    found: dict[str, str] = {}
    for node_id, port in zip(block.entries, block.ports_in, strict=True):
        name = slug(port.name) or node_id
        while name in RESERVED or name in found.values() or name in names.values():
            name += "_"
        found[node_id] = name
    return found


def _stack(block: "Block", stack: str, names: Sequence[str], note: str) -> str:
    """A class that applies one copy after the other; `names` are their classes, or the one of all."""
    arguments = list(_arguments(block, attribute_names(block.inner)).values())
    passed = ", ".join(arguments[: len(block.exits)])
    called = "self.block" if block.share else "block"
    loop = f"for _ in range({block.repeat}):" if block.share else "for block in self.blocks:"
    body = [loop, f"    {passed} = {called}({', '.join(arguments)})", f"return {passed}"]
    copies = f"[{names[0]}() for _ in range({block.repeat})]"
    if len(names) > 1:
        copies = f"[{', '.join(f'{name}()' for name in names)}]"
    made = {"block": f"{names[0]}()"} if block.share else {"blocks": f"nn.ModuleList({copies})"}
    return class_text(stack, Made(made), arguments, note, body)
