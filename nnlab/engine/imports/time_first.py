"""Models whose batch comes second, as torch's recurrent layers and attention have it unless they are told otherwise.

Such a tensor is a batch-first one that is looked at the other way round. What treats each step of each sample by
itself does the same to both, and a layer that reads in time is built batch-first with the same numbers.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from nnlab.core.arithmetic.axes import listed
from nnlab.engine.imports.drawing import Drawing, Held, Unfit, Value
from nnlab.engine.imports.naming import flat
from nnlab.engine.imports.operations import CURVES, PASSING, REDUCED, SIMPLE

Usual = Callable[[Any, Any, Any], Any]
"""Draws the step for a module (or None), its arguments and its named arguments."""

IN_TIME = (nn.RNNBase, nn.MultiheadAttention, nn.Transformer)
STACKS = (nn.TransformerEncoder, nn.TransformerDecoder, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
MIXING = {
    *("glu", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "normalize", "squeeze", "unsqueeze", "transpose"),
    *("swapaxes", "argmax", "unfold", "im2col", "fold", "col2im", "local_response_norm", "dropout1d", "dropout2d"),
    *("dropout3d", "feature_alpha_dropout"),
}
EACH = {
    *(name for name in (*SIMPLE, *CURVES, *PASSING) if name not in MIXING),
    *("add", "iadd", "radd", "sub", "isub", "rsub", "mul", "imul", "rmul", "div", "truediv", "neg", "gelu", "linear"),
    *("layer_norm", "rms_norm", "embedding", "maximum", "minimum", "clamp", "abs", "square", "pow", "sin", "float"),
}
"""What treats each number, or each step, by itself."""
LAST = ("softmax", "log_softmax", "cat", "concat", "chunk", "split", "stack")
"""What does so along the last axis."""
EACH_MODULES = (nn.Linear, nn.LayerNorm, nn.RMSNorm, nn.Embedding, nn.Dropout, nn.Identity, nn.AlphaDropout)


@dataclass(frozen=True)
class Swapped:
    """A tensor whose first axis is time and whose second is the batch; `value` has them the other way round."""

    value: Value


def is_swapped(args: Any) -> bool:
    """Whether one of a step's arguments is such a tensor."""
    return any(isinstance(each, Swapped) for each in flat(args))


def turned_round(d: Drawing, x: Value | Swapped, order: Sequence[int]) -> Any:
    """The axes in another order, wherever the batch goes of the first two places."""
    value, axes = (x.value, [1, 0]) if isinstance(x, Swapped) else (x, [0, 1])
    rank = len(value.shape) + 1
    axes += range(2, rank)
    made = [axes[n] for n in order]
    swaps = made[1] == 0
    kept = [0, made[0], *made[2:]] if swaps else made
    if kept[0] != 0 or sorted(kept) != list(range(rank)):
        raise Unfit("the batch in another place")
    there = value if kept == sorted(kept) else d.one("Permute", value, dims=listed(kept))
    return Swapped(there) if swaps else there


def order_of(name: str, rank: int, args: Sequence[Any], kwargs: Any) -> list[int] | None:
    """The order that a transpose or permute asks for; None if the batch stays in front."""
    given = list(flat(list(args) + list(kwargs.values())))
    if name == "t":
        given = [0, 1]
    if not given or not all(isinstance(n, int) for n in given):
        return None
    named = [n % rank for n in given]
    order = named if name == "permute" else list(range(rank))
    if name != "permute":
        order[named[0]], order[named[1]] = order[named[1]], order[named[0]]
    return order


def drawn(d: Drawing, name: str, module: nn.Module | None, args: Any, kwargs: Any, usual: Usual) -> Any:
    """A step on such a tensor; Unfit if it does not keep the samples apart, or nobody knows."""
    if module is not None:
        return _module(d, module, args, kwargs, usual)
    if name in ("transpose", "permute", "swapaxes", "t"):
        order = order_of(name, len(args[0].value.shape) + 1, args[1:], kwargs)
        if order is None:
            raise Unfit("axes in an order that is computed")
        return turned_round(d, args[0], order)
    if name == "getitem":
        return usual(None, args, kwargs) if isinstance(args[0], (tuple, list)) else _piece(args, usual)
    if name in REDUCED or name == "max":
        return _over_time(args, kwargs, usual)
    if name in EACH or (name in LAST and _last(args, kwargs)):
        return _wrapped(usual(None, _plain(args), _plain(kwargs)))
    raise Unfit(f"{name} with the batch behind")


def _plain(value: Any) -> Any:
    """The arguments with the batch in front."""
    if isinstance(value, Swapped):
        return value.value
    if isinstance(value, Held) and value.array.ndim == 3:
        return Held(value.array.swapaxes(0, 1), value.learned, value.name)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_plain(each) for each in value)
    return value


def _wrapped(found: Any) -> Any:
    return tuple(map(_wrapped, found)) if isinstance(found, tuple) else Swapped(found)


def _module(d: Drawing, module: nn.Module, args: Any, kwargs: Any, usual: Usual) -> Any:
    if isinstance(module, nn.RNNBase) and not isinstance(args[0], Swapped):
        return usual(module, _plain_wires(args), _plain_wires(kwargs))  # memories alone are told so
    if isinstance(module, (*IN_TIME, *STACKS)):
        key = ("batch first", module)
        twin = d.twins.setdefault(key, None) or batch_first(module)
        d.twins[key] = twin
        found = usual(twin, _plain_wires(args), _plain_wires(kwargs))
        return (Swapped(found[0]), *found[1:]) if isinstance(found, tuple) else Swapped(found)
    each = isinstance(module, EACH_MODULES) or type(module).__module__ == "torch.nn.modules.activation"
    if not each or getattr(module, "dim", -1) not in (-1, None):
        raise Unfit(f"{type(module).__name__} with the batch behind")
    return _wrapped(usual(module, _plain(args), _plain(kwargs)))


def _plain_wires(value: Any) -> Any:
    """The same, but masks and memories that come along as they are."""
    if isinstance(value, dict):
        return {key: _plain_wires(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_plain_wires(each) for each in value)
    return value.value if isinstance(value, Swapped) else value


def batch_first(module: nn.Module) -> nn.Module:
    """The same module with the same numbers, which takes the batch in front."""
    parts = [getattr(m, "batch_first", True) for m in module.modules()]
    if all(parts):
        raise Unfit(f"{type(module).__name__} that takes time for the batch")
    twin: Any = copy.deepcopy(module, {id(p): p for p in (*module.parameters(), *module.buffers())})
    for each in twin.modules():
        if hasattr(each, "batch_first"):
            each.batch_first = True
    found: nn.Module = twin
    return found


def _piece(args: Any, usual: Usual) -> Any:
    """One step of all samples, or some of the steps."""
    x, index = args
    items = list(index) if isinstance(index, tuple) else [index]
    if len(items) > 1 and items[1] != slice(None):
        raise Unfit("some samples of a batch")
    turned = (slice(None), items[0], *items[2:])
    found = usual(None, (x.value, turned), {})
    return found if isinstance(items[0], int) else Swapped(found)


def _over_time(args: Any, kwargs: Any, usual: Usual) -> Any:
    """One number of all steps, or of all features."""
    named = dict(kwargs)
    dim = named.pop("dim", args[1] if len(args) > 1 else None)
    at = dim[0] if isinstance(dim, (tuple, list)) and len(dim) == 1 else dim
    rank = len(args[0].value.shape) + 1
    if not isinstance(at, int) or at % rank == 1:
        raise Unfit("one number of many samples")
    by_time = at % rank == 0
    found = usual(None, (args[0].value, 1 if by_time else at, *args[2:]), named)
    gone = by_time and not named.get("keepdim") and True not in args[2:]
    return found if gone else _wrapped(found)


def _last(args: Any, kwargs: Any) -> bool:
    """Whether the axis that is named is the last."""
    ranks = [len(each.value.shape) for each in flat(args) if isinstance(each, Swapped)]
    dim = kwargs.get("dim", args[-1])
    return isinstance(dim, int) and not isinstance(dim, bool) and dim in (-1, ranks[0])
