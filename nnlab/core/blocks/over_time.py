"""A block that runs once for each step of a sequence: the same weights at every step, and a state that is carried on.

Its first input is the sequence, taken step by step along axis 1. Every further input is a state: it begins with what a
wire brings, or with zeros, and takes the value that leaves the block at its output. With as many outputs as inputs the
first output is the answer to a step and the others are the states; with one less, each output is a state, and the first
of them is the answer as well, as in a plain recurrent network.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nnlab.core.layer import MISSING, Port, Shape, TorchCode
from nnlab.core.learning import Made
from nnlab.core.shapes import infer
from nnlab.core.writing import RESERVED, batch_shape, class_text
from nnlab.errors import ShapeError

if TYPE_CHECKING:
    from nnlab.core.blocks.block import Block

TRIES = 32  # sizes that a state which begins with zeros is tried with

WAYS = {"depth": "One after the other", "time": "Over the steps of a sequence"}
"""How a block is repeated, as a user reads it."""


def with_states(ports: Sequence[Port]) -> tuple[Port, ...]:
    """The ports of such a block: its states need no wire."""
    first, *states = ports or (Port("in", "*"),)
    return (first, *(Port(p.name, p.kind, optional=True) for p in states)) if ports else ()


def state_outputs(block: "Block") -> tuple[int, ...]:
    """Which output is the next value of each state, in their order; ShapeError if that cannot be told."""
    states, outputs = len(block.entries) - 1, len(block.exits)
    if outputs == states + 1:
        return tuple(range(1, outputs))
    if outputs == states:
        return tuple(range(outputs))
    raise ShapeError(
        "cannot run over time: it needs as many Block outputs as Block inputs, the first for the answer to a step and "
        "one for each state, or one output less if the first state is the answer"
    )


def check(block: "Block", shapes: Sequence[Shape]) -> None:
    """ShapeError if this block cannot run over time, or nothing comes in that has steps."""
    if not shapes[0]:
        raise ShapeError("needs a sequence: steps first, then what each step has")
    if block.repeat > 1:
        raise ShapeError("cannot run over time and be repeated as well: set its repeats to 1, and use two such blocks")
    state_outputs(block)
    for port in block.ports_in[1:]:
        if port.kind in ("i", "m", "e"):
            raise ShapeError(f"cannot carry {port.name} from step to step: a state is made of decimals")


def step_shapes(block: "Block", shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    """The shapes at one step, states included; what cannot be known yet stays missing."""
    if not shapes or shapes[0] == MISSING or not shapes[0]:
        return tuple(shapes)
    step, given = shapes[0][1:], [*shapes[1:], *[MISSING] * (len(block.entries) - len(shapes))]
    if MISSING not in given:
        return (step, *given)
    tried: set[tuple[Shape, ...]] = set()
    waiting = [tuple(size if shape == MISSING else shape for shape in given) for size in _sizes(block, step)]
    while waiting and len(tried) < TRIES:
        states = waiting.pop(0)
        if states in tried:
            continue
        tried.add(states)
        after = _after(block, (step, *states))
        if after is not None:
            found = tuple(a if shape == MISSING else shape for a, shape in zip(after, given, strict=True))
            if found == states:
                return (step, *states)
            waiting.insert(0, found)
    return (step, *(step if shape == MISSING else shape for shape in given))


def _sizes(block: "Block", step: Shape) -> list[Shape]:
    """Sizes that a state may have: those of what is computed from the step alone, the last first, and the step's own."""
    kinds = [port.kind for port in block.ports_in]
    inside = infer(block.inner, None, {**dict.fromkeys(block.entries), block.entries[0]: (step, kinds[0])})
    known = [inside[n].outputs[0] for n in block.needed if inside[n].known and inside[n].outputs]
    return list(dict.fromkeys([*reversed(known), step, (1,)]))


def _after(block: "Block", shapes: tuple[Shape, ...]) -> tuple[Shape, ...] | None:
    """The states' sizes after a step; None if the step cannot be taken with these."""
    kinds = [port.kind for port in block.ports_in]
    inside = infer(block.inner, None, dict(zip(block.entries, zip(shapes, kinds, strict=True), strict=True)))
    exits = [inside[n].outputs[0] if inside[n].known else None for n in block.exits]
    found = [exits[k] for k in state_outputs(block)]
    return None if None in found else tuple(shape for shape in found if shape is not None)


def output_shapes(block: "Block", shapes: Sequence[Shape], step: Sequence[Shape]) -> tuple[Shape, ...]:
    """What leaves: an answer for each step, and the last value of each state; `step` is what one step gives."""
    inner = step_shapes(block, shapes)
    for port, before, k in zip(block.ports_in[1:], inner[1:], state_outputs(block), strict=True):
        if before != step[k]:
            raise ShapeError(
                f"cannot carry {port.name} from step to step: {batch_shape(before)} goes in and {batch_shape(step[k])} "
                "comes out. Make both sizes equal"
            )
    return ((shapes[0][0], *step[0]), *step[1:])


def module(block: "Block", shapes: Sequence[Shape], name: str, arguments: Sequence[str]) -> tuple[str, str, TorchCode]:
    """The name and the text of the class that goes over the steps, and the code that applies it.

    `name` is the class of one step, `arguments` are what it calls its inputs.
    """
    check(block, shapes)
    arguments = _short(arguments)
    inner = step_shapes(block, shapes)
    wired = [k for k, shape in enumerate(shapes) if shape != MISSING]
    sequence, states = arguments[0], list(arguments[1:])
    step, steps, answer = (_unlike(word, arguments) for word in ("step", "steps", "y"))
    lines = [f"{steps} = []"]
    for k, state in enumerate(states, 1):
        if k not in wired:
            lines.append(f"{state} = {_zeros(block, sequence, inner[k])}")
    made = [answer, *states] if len(block.exits) > len(states) else states
    lines += [
        f"for {step} in {sequence}.unbind(1):",
        f"    {', '.join(made)} = self.step({', '.join([step, *states])})",
        f"    {steps}.append({made[0]})",
        f"return {', '.join([f'torch.stack({steps}, 1)', *made[1:]])}",
    ]
    note = "  # " + ", ".join(batch_shape(shapes[k]) for k in wired)
    called = f"{name}OverTime"
    text = class_text(called, Made({"step": f"{name}()"}), [arguments[k] for k in wired], note, lines)
    results = tuple(f"{{r}}[{k}]" for k in range(len(block.exits))) if len(block.exits) > 1 else ("{r}",)
    return called, text, TorchCode("{self}(" + ", ".join(f"{{{k}}}" for k in wired) + ")", results=results)


def _short(names: Sequence[str]) -> list[str]:
    """The names without the strokes that keep them apart from what is inside, where that keeps them apart from each other."""
    short = [name.rstrip("_") for name in names]
    alike = len(set(short)) < len(short)
    return [a if alike or (b in RESERVED and b != "x") else b for a, b in zip(names, short, strict=True)]


def _zeros(block: "Block", sequence: str, shape: Shape) -> str:
    sizes = ", ".join([f"{sequence}.shape[0]", *map(str, shape)])
    if block.ports_in[0].kind in ("x", "h"):
        return f"{sequence}.new_zeros({sizes})"
    return f"torch.zeros({sizes}, device={sequence}.device)"


def _unlike(word: str, others: Sequence[str]) -> str:
    while word in others:
        word += "_"
    return word
