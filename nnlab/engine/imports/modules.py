"""torch's modules as layers: settings are read off a module, and a layer is taken only if it would build the same one."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nnlab.core.arithmetic.axes import listed
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.learning import Learning
from nnlab.engine.compile import run_text
from nnlab.engine.imports import supports
from nnlab.engine.imports.drawing import Drawing, Held, Later, Pairs, Turned, Unfit, Value, layer_of
from nnlab.engine.imports.norms import without_norm
from nnlab.engine.imports.operations import OPERATIONS, as_value
from nnlab.engine.imports.pools import is_causal_table
from nnlab.engine.imports.weighted import LINEAR_MODES, decimal, size
from nnlab.errors import NNLabError, SettingError

Drawer = Callable[..., Any]

HARMLESS = re.compile(r",? ?inplace=(True|False)")
SQUARE = re.compile(r"\((\d+)(?:, \1)+\)")
CHANGED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "LayerNorm": lambda m: {"normalized_shape": len(m.normalized_shape)},
    "RMSNorm": lambda m: {"normalized_shape": len(m.normalized_shape)},
    "PReLU": lambda m: {"num_parameters": "one" if m.num_parameters == 1 else "channels"},
    "Softmax": lambda m: {"dim": 1 if m.dim is None else m.dim},
    "LogSoftmax": lambda m: {"dim": 1 if m.dim is None else m.dim},
    "Unflatten": lambda m: {"unflattened_size": listed(list(m.unflattened_size))},
    "Upsample": lambda m: _upsample(m),
    "MultiheadAttention": lambda m: {"bias": m.in_proj_bias is not None},
    "TransformerEncoderLayer": lambda m: _transformer_layer(m),
    "TransformerDecoderLayer": lambda m: _transformer_layer(m),
    "TransformerEncoder": lambda m: {**_transformer_layer(m.layers[0]), "norm": m.norm is not None},
    "TransformerDecoder": lambda m: {**_transformer_layer(m.layers[0]), "norm": m.norm is not None},
    "Transformer": lambda m: {
        **_transformer_layer(m.encoder.layers[0]),
        "nhead": m.nhead,
        "num_encoder_layers": len(m.encoder.layers),
        "num_decoder_layers": len(m.decoder.layers),
    },
    "LSTM": lambda m: {"proj_size": m.proj_size, "dropout": m.dropout if m.num_layers > 1 else 0.0},
    "GRU": lambda m: {"dropout": m.dropout if m.num_layers > 1 else 0.0},
    "RNN": lambda m: {"dropout": m.dropout if m.num_layers > 1 else 0.0},
}
"""Settings that a module calls otherwise."""


def _upsample(m: Any) -> dict[str, Any]:
    factors = m.scale_factor if isinstance(m.scale_factor, (list, tuple)) else (m.scale_factor,)
    if len(set(factors)) > 1 or m.mode not in ("nearest", "bicubic", *LINEAR_MODES):
        raise Unfit("an upsampling of another kind")
    mode = "linear" if m.mode in LINEAR_MODES else m.mode
    factor = 2.0 if factors[0] is None else float(factors[0])
    return {"mode": mode, "align_corners": bool(m.align_corners), "scale_factor": factor}


def _transformer_layer(m: Any) -> dict[str, Any]:
    bend = {"relu": "relu", "gelu": "gelu"}.get(getattr(m.activation, "__name__", type(m.activation).__name__.lower()))
    if bend is None or not m.self_attn.batch_first:
        raise Unfit("a transformer whose batch does not come first, or with a bend of its own")
    width, inner = m.linear1.in_features, m.linear1.out_features
    return {
        "nhead": m.self_attn.num_heads, "dim_feedforward": None if inner == 4 * width else inner, "dropout": m.dropout.p,
        "activation": bend, "norm_first": m.norm_first, "bias": m.linear1.bias is not None, "causal": False,
    }  # fmt: skip


def settings_of(id_: str, module: nn.Module) -> dict[str, Any]:
    """What the layer's declared settings are on this module, under torch's names."""
    found: dict[str, Any] = {}
    for p in LAYERS[id_].params():
        value = getattr(module, p.name, _NONE)
        if value is _NONE or isinstance(value, nn.Module):
            continue
        if p.kind == "bool":
            value = value is not None if not isinstance(value, bool) else value
        elif p.kind == "size" and not isinstance(value, str):
            value = size(value)
        found[p.name] = value
    return {**found, **CHANGED[id_](module)} if id_ in CHANGED else _usual(id_, found)


_NONE = object()


def _usual(id_: str, found: dict[str, Any]) -> dict[str, Any]:
    """Numbers that only repeat what would be there without them."""
    if "stride" in found and "ool" in id_ and "LP" not in id_ and found["stride"] == found["kernel_size"]:
        found["stride"] = None
    if id_.startswith("Conv") and not id_.startswith("ConvT") and found.get("padding") == 0:
        found["padding"] = "valid"
    return found


def layer_for(module: nn.Module) -> Layer:
    """The layer of a module of torch's; Unfit if there is none, or none with these settings."""
    id_ = type(module).__name__
    if type(module) is nn.Sequential and is_separable(module):
        return separable(module)
    if type(module) is nn.MaxPool2d and module.return_indices:
        id_ = "MaxPool2dWithIndices"
    if not type(module).__module__.startswith("torch.nn.") or id_ not in LAYERS:
        raise Unfit(f"the module {id_}")
    try:
        return _plainer(layer_of(id_, **settings_of(id_, module)), module)
    except (SettingError, TypeError, AttributeError) as problem:
        raise Unfit(f"{id_} with settings that no layer has") from problem


def _plainer(layer: Any, module: nn.Module) -> Layer:
    """The layer that says what kind of convolution it is: one with a group for each channel has a name of its own."""
    if type(module) is nn.Conv2d and module.groups == module.in_channels > 1 and module.padding_mode == "zeros":
        many = module.out_channels // module.in_channels
        same = {name: getattr(layer, name) for name in ("kernel_size", "stride", "padding", "dilation", "bias")}
        layer = layer_of("DepthwiseConv2d", multiplier=many, **same)
    found: Layer = layer
    return found


def is_separable(module: nn.Module) -> bool:
    """Whether this is a filter for each channel, and then a mix of the channels at each point, as one layer prints."""
    if type(module) is not nn.Sequential or len(module) != 2 or any(type(m) is not nn.Conv2d for m in module):
        return False
    first: Any = module[0]
    try:
        return is_same(separable(module), module, (first.in_channels, 2**12, 2**12))
    except (Unfit, SettingError, NNLabError):
        return False


def separable(module: Any) -> Layer:
    """The layer for two such convolutions in a row."""
    first, second = module
    layer: Any = layer_for(first)
    settings = {name: getattr(layer, name) for name in ("kernel_size", "stride", "padding", "dilation", "bias")}
    many = first.out_channels // first.in_channels
    found: Layer = layer_of("SeparableConv2d", out_channels=second.out_channels, multiplier=many, **settings)
    return found


def numbers_of(module: nn.Module) -> dict[str, NDArray[Any]]:
    """A module's own numbers by name."""
    return {name: np.array(each.detach().cpu().numpy()) for name, each in module.state_dict().items()}


def is_same(layer: Layer, module: nn.Module, *shapes: tuple[int, ...]) -> bool:
    """Whether the layer builds a module with the same settings, told by torch's own description of both."""
    code = layer.torch_code(*shapes)
    if code.module is None or not code.module.target.startswith("nn."):
        return True
    text = "\n".join(each.text for each in code.support)
    with torch.device("meta"):
        made = run_text(f"{text}\ndef make():\n    return {code.module.source()}\n")["make"]()
    return _described(made) == _described(module)


def _described(module: nn.Module) -> str:
    """As torch describes it; (1, 1) and 1 are one size."""
    return SQUARE.sub(r"\1", HARMLESS.sub("", repr(module)))


def draw(d: Drawing, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call of a module as a node; Unfit if no layer does the same."""
    if not type(module).__module__.startswith("torch.nn."):
        if type(module).__name__ == "ProjectedLSTM" and supports.is_ours(type(module)):
            return recurrent_of(d, "LSTM", module, *args, **kwargs)
        return supports.draw(d, module, args, kwargs, _learning(d, module), numbers_of(module))
    if type(module) in QUIET:
        return args[0]
    if type(module).__name__ in AS_FUNCTIONS:
        return AS_FUNCTIONS[type(module).__name__](d, module, *args)
    layer = layer_for(without_norm(module)[0])
    for kind, drawer in DRAWERS.items():
        if isinstance(module, kind):
            return drawer(d, layer, module, *args, **kwargs)
    found = placed(d, layer, module, [as_value(d, x) for x in (*args, *kwargs.values())])
    return found[0] if len(found) == 1 else found


QUIET = (nn.Identity,)
PADDED = {
    "Zero": "constant",
    "Constant": "constant",
    "Reflection": "reflect",
    "Replication": "replicate",
    "Circular": "circular",
}
AS_FUNCTIONS: dict[str, Drawer] = {
    **{
        f"{name}Pad{axes}d": lambda d, m, x, mode=mode: OPERATIONS["pad"](
            d, x, m.padding, mode, getattr(m, "value", 0.0)
        )
        for name, mode in PADDED.items()
        for axes in (1, 2, 3)
    },
    "Softmax2d": lambda d, m, x: d.one("Softmax", as_value(d, x), dim=1),
    "Softmin": lambda d, m, x: d.one("Softmax", OPERATIONS["neg"](d, x), dim=1 if m.dim is None else m.dim),
    "UpsamplingNearest2d": lambda d, m, x: OPERATIONS["interpolate"](d, x, m.size, m.scale_factor),
    "UpsamplingBilinear2d": lambda d, m, x: OPERATIONS["interpolate"](d, x, m.size, m.scale_factor, "bilinear", True),
}
"""torch's modules that are a function of theirs with settings."""


def placed(d: Drawing, layer: Layer, module: nn.Module, inputs: list[Value | None]) -> tuple[Value, ...]:
    """The node with the module's numbers."""
    wanted = [value.shape if value is not None else (-1,) for value in inputs]
    layer.output_shapes(*wanted)
    if not is_same(layer, without_norm(module)[0], *wanted):
        raise Unfit(f"{type(module).__name__} with settings that no layer has")
    found = d.add(layer, *inputs, tensors=numbers_of(module), learning=_learning(d, module))
    d.made_of.setdefault(module, found[0].node)
    return found


def _learning(d: Drawing, module: nn.Module) -> Learning:
    parameters = list(module.parameters())
    frozen = bool(parameters) and not any(each.requires_grad for each in parameters)
    shares = d.made_of.get(module, "") if parameters else ""
    return Learning(frozen=frozen, shares=shares, norm=without_norm(module)[1])


# -------------------------------------------------------------------------- modules with more than one input


def recurrent_of(d: Drawing, id_: str, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    """A recurrent module of ours, as the layer of torch's kind."""
    return _recurrent(d, layer_of(id_, **settings_of(id_, module)), module, *args, **kwargs)


def _recurrent(d: Drawing, layer: Layer, module: Any, x: Any, memory: Any = None) -> Any:
    if not module.batch_first:
        raise Unfit(f"{type(module).__name__} whose batch comes second: build it with batch_first=True")
    layer = _with_gates(layer, module)
    states = 2 if isinstance(module, nn.LSTM) else 1
    given = list(memory) if isinstance(memory, (tuple, list)) else [memory]
    hidden = [None if _is_nothing(each) else _first(each) for each in given]
    hidden = hidden if any(hidden) else [None] * states
    out, last, *memories = placed(d, layer, module, [as_value(d, x), *hidden])
    turned = [Turned(each, last if k == 0 else None, module.bidirectional) for k, each in enumerate(memories)]
    return out, turned[0] if states == 1 else tuple(turned)


def _with_gates(layer: Layer, module: nn.RNNBase) -> Layer:
    """Gates that keep the memory all begin with one bias, if that is asked for: then the numbers say which."""
    name = next((n for n in ("forget_bias", "update_bias") if hasattr(layer, n)), "")
    gate = slice(module.hidden_size, 2 * module.hidden_size)
    found: dict[bool, set[float]] = {True: set(), False: set()}
    for key, each in module.named_parameters():
        if key.startswith("bias"):
            found[key.startswith("bias_ih")].update(each.detach()[gate].tolist())
    if not name or found[False] != {0.0} or len(found[True]) != 1:
        return layer
    return layer.with_(**{name: decimal(found[True].pop())})


def _is_nothing(held: object) -> bool:
    return held is None or (isinstance(held, Held) and not np.any(held.array))


def _first(value: object) -> Value:
    if isinstance(value, (Turned, Value)):
        return value.value if isinstance(value, Turned) else value
    raise Unfit("a recurrent layer that starts with a memory of another form")


def _cell(d: Drawing, layer: Layer, module: nn.Module, x: Any, memory: Any = None) -> Any:
    pair = isinstance(module, nn.LSTMCell)
    given = list(memory) if isinstance(memory, (tuple, list)) else [memory] * (2 if memory is None and pair else 1)
    hidden = [None if _is_nothing(each) else as_value(d, each) for each in given]
    found = placed(d, layer, module, [as_value(d, x), *hidden])
    return found[:1] + found[2:] if pair else found[0]


def _table(d: Drawing, mask: Any, heads: int = 1) -> tuple[bool, Value | None]:
    """A mask over pairs of steps: whether it hides later steps, and the wire of another."""
    if isinstance(mask, Pairs) and mask.times == heads:
        return mask.causal, mask.of
    if mask is None:
        return False, None
    if isinstance(mask, Later) or (isinstance(mask, Held) and _hides_later(mask)):
        return True, None
    if isinstance(mask, Value) and mask.kind == "m":
        return False, mask
    raise Unfit("attention with a mask of its own")


def _hides_later(mask: Held) -> bool:
    """torch.nn's masks are true, or -∞, where nothing may be looked at."""
    array = np.asarray(mask.array)
    return is_causal_table(Held(~array)) if array.dtype == np.bool_ else is_causal_table(mask)


def _attention(
    d: Drawing, layer: Layer, module: nn.MultiheadAttention, query: Any, key: Any, value: Any, key_padding_mask: Any = None,
    need_weights: bool = True, attn_mask: Any = None, average_attn_weights: bool = True, is_causal: bool = False,
) -> Any:  # fmt: skip
    if not module.batch_first:
        raise Unfit("attention whose batch comes second: build it with batch_first=True")
    causal, mask = _table(d, attn_mask, module.num_heads)
    layer = layer.with_(causal=causal, average_attn_weights=bool(average_attn_weights))
    k = None if key is query and value is query else as_value(d, key)
    v = None if value is key else as_value(d, value)
    padding = None if key_padding_mask is None else as_value(d, key_padding_mask)
    return placed(d, layer, module, [as_value(d, query), k, v, padding, mask])


def _encoder(
    d: Drawing, layer: Layer, module: nn.Module, src: Any, mask: Any = None, src_key_padding_mask: Any = None,
    is_causal: Any = None, src_mask: Any = None,
) -> Value:  # fmt: skip
    first: Any = module.layers[0] if isinstance(module, nn.TransformerEncoder) else module
    causal, table = _table(d, mask if mask is not None else src_mask, first.self_attn.num_heads)
    padding = None if src_key_padding_mask is None else as_value(d, src_key_padding_mask)
    return placed(d, layer.with_(causal=causal), module, [as_value(d, src), padding, table])[0]


def _decoder(
    d: Drawing, layer: Layer, module: nn.Module, tgt: Any, memory: Any, tgt_mask: Any = None, memory_mask: Any = None,
    tgt_key_padding_mask: Any = None, memory_key_padding_mask: Any = None, tgt_is_causal: Any = None,
    memory_is_causal: Any = False,
) -> Value:  # fmt: skip
    causal, table = _table(d, tgt_mask)
    if table is not None or memory_mask is not None:
        raise Unfit("a decoder with a mask of its own")
    masks = [None if m is None else as_value(d, m) for m in (tgt_key_padding_mask, memory_key_padding_mask)]
    return placed(d, layer.with_(causal=causal), module, [as_value(d, tgt), as_value(d, memory), *masks])[0]


def _transformer(
    d: Drawing, layer: Layer, module: nn.Module, src: Any, tgt: Any, src_mask: Any = None, tgt_mask: Any = None,
    memory_mask: Any = None, src_key_padding_mask: Any = None, tgt_key_padding_mask: Any = None,
    memory_key_padding_mask: Any = None, src_is_causal: Any = None, tgt_is_causal: Any = None, memory_is_causal: bool = False,
) -> Value:  # fmt: skip
    causal, table = _table(d, tgt_mask)
    if table is not None or src_mask is not None or memory_mask is not None:
        raise Unfit("a transformer with a mask of its own")
    if memory_key_padding_mask is not src_key_padding_mask:
        raise Unfit("a transformer whose halves see different padding")
    masks = [None if m is None else as_value(d, m) for m in (src_key_padding_mask, tgt_key_padding_mask)]
    return placed(d, layer.with_(causal=causal), module, [as_value(d, src), as_value(d, tgt), *masks])[0]


def _unpool(d: Drawing, layer: Layer, module: nn.Module, x: Any, indices: Any, output_size: Any = None) -> Value:
    if not isinstance(output_size, supports.SizeOf):
        raise Unfit("an unpooling to a size of its own")
    return placed(d, layer, module, [as_value(d, x), as_value(d, indices), output_size.of])[0]


DRAWERS: dict[Any, Drawer] = {
    nn.RNNBase: _recurrent,
    nn.RNNCellBase: _cell,
    nn.MultiheadAttention: _attention,
    (nn.TransformerEncoder, nn.TransformerEncoderLayer): _encoder,
    (nn.TransformerDecoder, nn.TransformerDecoderLayer): _decoder,
    nn.Transformer: _transformer,
    nn.MaxUnpool2d: _unpool,
}


def frozen_value(x: Tensor) -> NDArray[Any]:
    """A tensor's numbers."""
    return np.array(x.detach().cpu().numpy())
