"""What a step of a graph is called, whoever wrote it down, and what it holds."""

import operator
from typing import Any

from torch import fx, nn

from nnlab.engine.imports import supports


def function_name(node: fx.Node) -> str:
    """torch's name of a function or method, without the underscores of those that change their input."""
    if node.op == "call_method":
        return str(node.target).rstrip("_")
    target: Any = node.target
    if supports.is_ours(target):
        return f"nnlab.{target.__name__}"
    name = getattr(target, "__name__", str(target))
    if target is nn.functional.batch_norm or target is nn.functional.instance_norm:
        return f"F.{name}"
    if name in ("boolean_dispatch", "fn"):
        name = next((n for n, f in vars(nn.functional).items() if f is target), name)
    if target in (operator.or_, operator.and_, operator.invert):
        return {"or_": "or", "and_": "and"}.get(name, name)
    return str(name).rstrip("_") if not name.startswith("__") else str(name).strip("_")


LATER = {"rmul": "mul", "radd": "add", "and_": "and", "multiply": "mul"}
"""What Python calls a step if a number stands in front."""


def plain_name(node: fx.Node) -> str:
    """The same, whichever side of it a number stands on."""
    name = function_name(node)
    return LATER.get(name, name)


FRESH = ("new_zeros", "new_ones", "new_full", "new_tensor", "zeros_like", "ones_like", "full_like")
"""Numbers that only have their sizes from a sample."""


def is_touched(given: bool, name: str, module: nn.Module | None) -> bool:
    """Whether a step depends on the samples: `given` says that one of its inputs does."""
    if module is not None:
        return given or not isinstance(module, nn.Embedding)
    return given and name not in FRESH


def is_method(node: fx.Node) -> bool:
    """Whether the step was written as x.sum(1), and not as torch.sum(x, 1)."""
    return node.op == "call_method" or type(node.target).__name__ == "method_descriptor"


def flat(value: Any) -> list[Any]:
    """Everything in a value of tuples, lists and dictionaries, in a row."""
    if isinstance(value, dict):
        return [each for part in value.values() for each in flat(part)]
    if isinstance(value, (tuple, list)):
        return [each for part in value for each in flat(part)]
    if isinstance(value, slice):
        return flat((value.start, value.stop, value.step))
    return [value]
