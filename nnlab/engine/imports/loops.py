"""Modules that NNLab prints for blocks over the steps of a sequence, as such blocks again."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import MISSING, Shape
from nnlab.core.learning import Learning
from nnlab.core.starts import Starts
from nnlab.core.writing import attribute_names
from nnlab.engine.compile import run_text
from nnlab.engine.dice import undisturbed
from nnlab.engine.imports.drawing import Arrays, Drawing, Unfit, Value
from nnlab.engine.imports.finishing import Imported

Read = Callable[[nn.Module, Any], Imported]

ENDING = "OverTime"
"""Of the class's name; the class of one step is what stands before it."""


def is_loop(module: nn.Module) -> bool:
    """Whether this may be such a module: what it does is looked at when it is drawn."""
    name = type(module).__name__
    return name.endswith(ENDING) and name != ENDING and list(module._modules) == ["step"]


def drawn_loop(d: Drawing, module: nn.Module, inputs: list[Value], read: Read) -> Any:
    """A call of such a module as a block; Unfit if it does something else. `read` makes a drawing of one step."""
    shapes = [value.shape for value in inputs]
    given = [torch.randn(d.batch, *shape) for shape in shapes]
    block, starts = _block(module, _first_step(module, given), read)
    wired = {port.name for port in block.ports_in} & {*_arguments(module)}
    values = iter(inputs)
    placed = [next(values, None) if k == 0 or p.name in wired else None for k, p in enumerate(block.ports_in)]
    _check(block, starts, module, given, tuple(MISSING if value is None else value.shape for value in placed))
    found = d.add(block, *placed, tensors=starts, learning=Learning(frozen=_is_frozen(module)))
    return found[0] if len(found) == 1 else found


def _is_frozen(module: nn.Module) -> bool:
    return not any(p.requires_grad for p in module.parameters()) and any(True for _ in module.parameters())


def _arguments(module: nn.Module) -> list[str]:
    return [name.rstrip("_") for name in list(inspect.signature(type(module).forward).parameters)[1:]]


def _first_step(module: nn.Module, given: list[Tensor]) -> tuple[Tensor, ...]:
    """What the module of one step is called with first."""
    seen: list[tuple[Any, ...]] = []
    step = module.get_submodule("step")
    hook = step.register_forward_pre_hook(lambda _, args: seen.append(args))
    try:
        with undisturbed():
            module(*given)
    except Exception as problem:
        raise Unfit("a loop that does not take decimals") from problem
    finally:
        hook.remove()
    if not seen or not all(isinstance(each, Tensor) for each in seen[0]):
        raise Unfit("a loop that goes over no steps")
    return seen[0]


def _block(module: nn.Module, inputs: tuple[Tensor, ...], read: Read) -> tuple[Block, Arrays]:
    """One step as the inside of a block, and its numbers under their names in the loop's module."""
    step = module.get_submodule("step")
    made = read(step, inputs)
    if made.unknown:
        raise Unfit(made.unknown[0])
    names = _arguments(step)
    graph, starts = made.document.graph, made.document.starts
    entries = [n for n, node in graph.nodes.items() if node.type_id == "Input"]
    exits = [n for n, node in graph.nodes.items() if node.type_id == "Output"]
    if len(entries) != len(inputs) or len(names) < len(inputs) or len(exits) not in (len(inputs) - 1, len(inputs)):
        raise Unfit("a loop over a step that takes or gives something else")
    nodes: dict[str, Node] = dict(graph.nodes)
    for k, n in enumerate(entries):
        nodes[n] = replace(nodes[n], layer=BlockInput(name=names[k], order=k))
    states = names[1 : len(inputs)]
    answers = states if len(exits) < len(inputs) else ["y", *states]
    for k, n in enumerate(exits):
        nodes[n] = replace(nodes[n], layer=BlockOutput(name=answers[k], order=k))
    inner = Graph(nodes, graph.links)
    return Block(called=_called(module), inner=inner, repeat_as="time"), _numbers(inner, starts)


def _numbers(inner: Graph, starts: Starts) -> Arrays:
    attributes = attribute_names(inner)
    return {f"step.{attributes[n]}.{name}": array for n, tensors in starts.items() for name, array in tensors.items()}


def _called(module: nn.Module) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(module).__name__.removesuffix(ENDING)).lower()
    return words[:1].upper() + words[1:]


def _check(block: Block, starts: Arrays, module: nn.Module, given: list[Tensor], shapes: tuple[Shape, ...]) -> None:
    """Unfit if the block does not give what the module gives."""
    code = block.torch_code(*shapes)
    assert code.module is not None  # a block's code is a class
    text = "\n\n\n".join(each.text for each in code.support)
    with undisturbed():
        made: nn.Module = run_text(f"{text}\n\n\ndef make():\n    return {code.module.source()}\n")["make"]()
    made.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in starts.items()}, strict=False)
    made.eval()
    mine, its = made(*given), module(*given)
    pairs = zip(mine, its, strict=False) if isinstance(its, tuple) else [(mine, its)]
    if isinstance(mine, tuple) != isinstance(its, tuple) or not all(
        a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in pairs
    ):
        raise Unfit("a loop that does something else with its steps")
