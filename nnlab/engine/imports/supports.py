"""Modules and functions that NNLab itself prints beside torch's, recognised when they come back in exported code.

A class is taken for one of ours only if its `forward` is the same program: a name proves nothing.
"""

import sys
from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np
from torch import nn

from nnlab.core.arithmetic.axes import listed
from nnlab.core.layer import LAYERS, Support
from nnlab.core.learning import Learning
from nnlab.engine.compile import run_text
from nnlab.engine.imports.drawing import Drawing, Later, Turned, Unfit, Value, layer_of
from nnlab.engine.imports.operations import OPERATIONS, as_value, has_links, operation
from nnlab.engine.imports.weighted import decimal


class SizeOf(tuple[int, ...]):
    """The sizes of a tensor, which know whose they are."""

    of: Value
    whole: bool = True

    @classmethod
    def made(cls, sizes: tuple[int, ...], of: Value, whole: bool = True) -> "SizeOf":
        """These sizes, of this tensor; `whole` if they are all of them."""
        found = cls(sizes)
        found.of, found.whole = of, whole
        return found


IMPORTS = "import math\nimport torch\nimport torch.nn.functional as F\nfrom torch import Tensor, nn\n\n\n"


@lru_cache(maxsize=2)
def ours(imported: bool = False) -> dict[str, Any]:
    """Every class and function that a layer's code may need, by name.

    Python compiles calls of what a file has imported in another way than those of what it was given: `imported` has the
    former, as in exported code.
    """
    texts: dict[str, str] = {}
    for id_ in LAYERS:
        for value in vars(sys.modules[LAYERS[id_].__module__]).values():
            found = value if isinstance(value, tuple) else (value,)
            texts |= {each.name: each.text for each in found if isinstance(each, Support)}
            needs = getattr(value, "needs", ())
            texts |= {each.name: each.text for each in needs if isinstance(each, Support)}
    for module in (
        "nnlab.core.arithmetic.sequences",
        "nnlab.core.arithmetic.attending",
        "nnlab.core.arithmetic.linked_nodes",
    ):
        texts |= {v.name: v.text for v in vars(sys.modules[module]).values() if isinstance(v, Support)}
    names = run_text((IMPORTS if imported else "") + "\n\n".join(texts.values()))
    return {name: names[name] for name in texts if name in names}


def is_ours(thing: Any) -> bool:
    """Whether this class or function is the same program as the one of ours with its name."""
    mine = ours().get(getattr(thing, "__name__", ""))
    if mine is None:
        return False
    if isinstance(mine, type) != isinstance(thing, type):
        return False
    candidates = (mine, ours(imported=True)[thing.__name__])
    *known, code = (getattr(getattr(each, "forward", each), "__code__", None) for each in (*candidates, thing))
    return code is not None and any(each is not None and _program(each) == _program(code) for each in known)


def _program(code: Any) -> Any:
    inner = tuple(_program(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, inner


def draw(
    d: Drawing, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], learning: Learning, numbers: Any
) -> Any:
    """A call of one of our own modules as the layer that prints it."""
    name = type(module).__name__
    if name not in READERS or not is_ours(type(module)):
        raise Unfit(f"the module {name}")
    if name == "DroppedAttention":
        from nnlab.engine.imports.pools import attention

        made = attention(d, *args, **kwargs)
        layer: Any = d.nodes[made.node].layer
        d.change(made.node, layer.with_(dropout=getattr(module, "dropout", 0.0)))
        return made
    inputs = [as_value(d, x) for x in args if not isinstance(x, int)]
    id_, settings = READERS[name](module, *(value.shape for value in inputs))
    state = {key: each for key, each in numbers.items() if each.dtype.kind == "f"}
    found = d.add(layer_of(id_, **settings), *inputs, tensors=state, learning=learning)
    d.made_of.setdefault(module, found[0].node)
    return found[0] if len(found) == 1 else found


# -------------------------------------------------------------------------- what each of them is


def _gcn(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    settings = {name: getattr(m, name) for name in ("self_loops", "normalize", "dense")}
    return "GCNConv", {"out_channels": len(m.weight), "bias": m.bias is not None, **settings}


def _sage(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    return "SAGEConv", {
        "out_channels": m.own.out_features, "aggregator": m.aggregator, "project": m.project is not None,
        "normalize": m.normalize, "bias": m.own.bias is not None,
    }  # fmt: skip


def _gat(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    settings = {name: getattr(m, name) for name in ("heads", "concat", "negative_slope")}
    return "GATConv", {
        "out_channels": m.listens.shape[1], "dropout": m.dropout.p, "bias": m.bias is not None, **settings
    }  # fmt: skip


def _gin(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    inner, units = m.mlp[0].out_features, m.mlp[2].out_features
    return "GINConv", {
        "out_channels": units, "hidden_channels": None if inner == units else inner, "eps": decimal(m.eps),
        "train_eps": isinstance(m.eps, nn.Parameter),
    }  # fmt: skip


def _positions(kind: str, table: str) -> Callable[..., tuple[str, dict[str, Any]]]:
    def read(m: Any, shape: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
        length = len(getattr(m, table))
        longest = None if length == shape[0] else length
        return "PositionalEncoding", {"kind": kind, "max_length": longest, "dropout": m.dropout.p}

    return read


def _patches(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    return "PatchEmbedding", {
        "patch": m.patches.kernel_size[0], "size": m.patches.out_channels, "class_token": m.token is not None,
        "positions": m.positions is not None,
    }  # fmt: skip


def _scale(m: Any, shape: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    per = "layer" if tuple(m.weight.shape) == (1,) and shape != (1,) else "channel"
    return "ScaleShift", {"per": per, "scale": _uniform(m.weight, 1.0), "shift": _uniform(m.bias, 0.0)}


def _uniform(tensor: Any, otherwise: float) -> float:
    """The number that a tensor is filled with, if it is filled with one."""
    array = tensor.detach().cpu().numpy()
    first = float(array.flat[0])
    return decimal(first) if np.all(array == array.flat[0]) and abs(first) <= 1000 else otherwise


def _constant(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    array = m.weight.detach().cpu().numpy()
    start = "zeros" if not array.any() else "ones" if np.all(array == 1) else "normal"
    return "Constant", {"shape": listed(array.shape), "learned": isinstance(m.weight, nn.Parameter), "start": start}


def _filter(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    from nnlab.layers import fixed_filter

    rows = m.kernel.detach().cpu().numpy()
    padding = "same" if m.padding else "valid"
    for preset_id, preset in fixed_filter.PRESETS.items():
        known = np.asarray(preset[1], np.float32)
        if known.shape == rows.shape and np.allclose(known, rows, atol=1e-7):
            return "FixedFilter", {"filter": preset_id, "padding": padding}
    typed: str = "; ".join(" ".join(f"{float(n):.7g}" for n in row) for row in rows)
    return "FixedFilter", {"filter": fixed_filter.TYPED, "kernel": typed, "padding": padding}


def _fractional(m: Any, *_: Any) -> tuple[str, dict[str, Any]]:
    ratio = m.output_ratio
    return "FractionalMaxPool2d", {
        "kernel_size": m.kernel_size, "output_ratio": ratio[0] if isinstance(ratio, tuple) else ratio
    }  # fmt: skip


READERS: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "GCNConv": _gcn,
    "SAGEConv": _sage,
    "GATConv": _gat,
    "GINConv": _gin,
    "SinePositions": _positions("sine", "table"),
    "LearnedPositions": _positions("learned", "table"),
    "RotaryPositions": _positions("rotary", "cos"),
    "PatchEmbedding": _patches,
    "ScaleShift": _scale,
    "Constant": _constant,
    "Noise": lambda m: ("Noise", {"shape": listed(m.sizes), "std": decimal(m.std)}),
    "UniformNoise": lambda m: (
        "Noise",
        {"shape": listed(m.sizes), "std": decimal(m.std), "distribution": "uniform"},
    ),
    "WeightedSum": lambda m, *_: ("Add", {"weighted": True}),
    "GaussianNoise": lambda m, *_: ("GaussianNoise", {"sigma": m.sigma}),
    "DropPath": lambda m, *_: ("DropPath", {"p": m.p}),
    "Reparameterise": lambda m, *_: ("Reparameterise", {"beta": m.beta}),
    "FixedFilter": _filter,
    "FractionalMaxPool2d": _fractional,
    "DroppedAttention": lambda m, *_: ("ScaledDotProductAttention", {}),
}


# -------------------------------------------------------------------------- our functions


@operation("nnlab.later_positions")
def later_positions(d: Drawing, x: Any) -> Later:
    """The table that hides later steps."""
    return Later(as_value(d, x))


@operation("nnlab.reversed_steps")
def reversed_steps(d: Drawing, x: Any, mask: Any) -> Value:
    """The steps that count, turned round."""
    return d.one("Reverse", as_value(d, x), as_value(d, mask))


def _pooled(layer: str, mode: str) -> Any:
    def pool(d: Drawing, x: Any, mask: Any) -> Value:
        kind = "GraphPool" if mode != "first" and has_links(d) else layer
        return d.one(kind, as_value(d, x), as_value(d, mask), mode=mode)

    return pool


for _mode in ("mean", "max", "first"):
    operation(f"nnlab.masked_{_mode}")(_pooled("SequencePool", _mode))
operation("nnlab.masked_sum")(_pooled("GraphPool", "sum"))


@operation("nnlab.masked_last")
def masked_last(d: Drawing, x: Any, mask: Any) -> Value:
    """The last step that counts."""
    return d.one("LastStep", as_value(d, x), as_value(d, mask))


# -------------------------------------------------------------------------- expressions that our layers print


class Marks:
    """Which numbers of a tensor are zero."""

    def __init__(self, of: Value) -> None:
        self.of = of


@operation("eq")
def equal(d: Drawing, x: Any, y: Any) -> Any:
    """A mask of padding, or of rows of zeros."""
    if isinstance(x, Value) and isinstance(y, int) and x.kind == "i":
        return d.one("PaddingMask", x, number=y)
    if isinstance(x, Value) and isinstance(y, (int, float)) and y == 0:
        return Marks(x)
    raise Unfit("a comparison")


@operation("all")
def all_of(d: Drawing, x: Any, dim: int = -1, keepdim: bool = False) -> Value:
    """A mask of the rows that are all zero."""
    if isinstance(x, Marks) and len(x.of.shape) == 2 and dim in (-1, 2) and not keepdim:
        return d.one("NodeMask", x.of)
    raise Unfit("a comparison")


@operation("flip")
def flip(d: Drawing, x: Any, *dims: Any) -> Value:
    """The order of the steps turned round."""
    named = dims[0] if len(dims) == 1 and isinstance(dims[0], (list, tuple)) else dims
    value = as_value(d, x)
    if list(named) != [1] or len(value.shape) != 2:
        raise Unfit("another order along an axis")
    return d.one("Reverse", value)


@operation("invert", "bitwise_not", "logical_not")
def invert(d: Drawing, x: Any) -> Any:
    """A mask of what may be looked at, made of one of what may not."""
    if isinstance(x, Value) and x.kind == "m":
        return May(x)
    if isinstance(x, Later):
        return May(x)
    raise Unfit("the opposite of a mask")


class May:
    """What may be looked at: the opposite of a mask."""

    def __init__(self, mask: Any) -> None:
        self.mask = mask


@operation("ne")
def unequal(d: Drawing, x: Any, y: Any) -> Any:
    """What is no padding."""
    return invert(d, equal(d, x, y))


def of_may(d: Drawing, name: str, x: May, args: tuple[Any, ...], kwargs: Any) -> Any:
    """A step on the opposite of a mask: as numbers it is 1 where the mask says no, and 0 elsewhere."""
    if not isinstance(x.mask, Value):
        raise Unfit("the opposite of a mask")
    if name in ("unsqueeze", "getitem"):
        return May(OPERATIONS[name](d, x.mask, *args, **kwargs))
    if name in ("float", "to", "type_as", "type"):
        return OPERATIONS["rsub"](d, d.one("Cast", x.mask, to="x"), 1.0)
    raise Unfit("the opposite of a mask")


def is_memory(x: object) -> bool:
    """Whether this is a hidden state."""
    return isinstance(x, Turned)
