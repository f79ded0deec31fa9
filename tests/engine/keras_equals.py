"""Run alone, with KERAS_BACKEND=torch: every layer that has an equal in Keras beside PyTorch, on the same numbers."""

import json
import sys
import warnings
from math import prod
from typing import Any

import keras
import numpy as np
import torch
from keras import layers, ops

from nnlab.core.layer import LAYERS, MISSING, Layer, Shape
from nnlab.engine.exports.keras.code import KERAS, KerasCode, NoEqual, handed
from nnlab.engine.exports.keras.table import keras_code
from nnlab.engine.exports.traced import lone
from nnlab.errors import ShapeError

ROWS = 3
TRIED = ((6,), (4, 8, 8), (5, 6), (4, 6, 6, 6), (8, 8, 8))
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "Linear": [{"bias": False}],
    "Flatten": [{"start_dim": 2}],
    "Softmax": [{"dim": -1}, {"dim": 2}],
    "LogSoftmax": [{"dim": -1}],
    "GELU": [{"approximate": "tanh"}],
    "PReLU": [{"num_parameters": "channels"}],
    "BatchNorm2d": [{"affine": False}, {"track_running_stats": False}],
    "LayerNorm": [{"normalized_shape": 2}, {"elementwise_affine": False, "normalized_shape": 2}],
    "RMSNorm": [{"elementwise_affine": False}],
    "Clamp": [{"min": None, "max": 0.5}, {"min": -0.5, "max": None}],
    "InstanceNorm2d": [{"affine": True}],
    "Conv1d": [{"padding": 2}, {"dilation": 2}, {"stride": 2, "padding": 1}],
    "Conv2d": [
        {"kernel_size": (2, 3)}, {"kernel_size": 4}, {"stride": 2, "padding": 1}, {"groups": 2}, {"dilation": 2},
        {"padding": (1, 0), "bias": False}, {"padding_mode": "reflect"}, {"padding_mode": "circular"},
        {"stride": 2, "dilation": 2, "padding": 0},
    ],
    "ConvTranspose2d": [{"kernel_size": 3, "padding": 1}, {"kernel_size": 3, "stride": 1}, {"kernel_size": (4, 2)}],
    "MaxPool2d": [{"kernel_size": 3, "stride": 2, "padding": 1}, {"kernel_size": 3, "ceil_mode": True}],
    "AvgPool2d": [{"kernel_size": 3, "padding": 1}, {"kernel_size": 3, "padding": 1, "count_include_pad": False}],
    "GlobalAvgPool2d": [{"flatten": False}],
    "Upsample": [
        {"mode": "linear"}, {"scale_factor": 3.0}, {"scale_factor": 1.7}, {"mode": "linear", "align_corners": True},
        {"mode": "bicubic", "scale_factor": 0.6}, {"mode": "linear", "size": 5}, {"size": 3},
    ],
    "DepthwiseConv2d": [
        {"multiplier": 2}, {"stride": 2, "padding": 1}, {"stride": 2, "dilation": 2}, {"stride": (1, 2)},
    ],
    "RNN": [{"nonlinearity": "relu"}, {"bidirectional": True}, {"num_layers": 2}],
    "LSTM": [{"bidirectional": True, "num_layers": 2}, {"bias": False}, {"proj_size": 2}],
    "GRU": [{"bidirectional": True, "num_layers": 2}, {"bias": False}],
    "MatMul": [{"transpose_b": True}],
    "Dot": [{"keepdim": False}],
    "Add": [{"weighted": True}],
    "Permute": [{"dims": "0, 3, 1, 2"}],
    "Pad": [{"padding": "1, 2"}, {"mode": "reflect"}, {"mode": "constant", "value": 2.0}, {"mode": "circular"}],
    "Reduce": [{"kind": k, "dims": "1", "keepdim": k == "sum"} for k in ("sum", "max", "min", "norm")],
    "Slice": [{"dim": 2, "start": 1, "end": -1, "step": 2}, {"dim": -1, "start": 2}],
    "Split": [{"parts": 3, "dim": 2}, {"sizes": "1, 3", "dim": 1}],
    "Normalize": [{"p": 1.0}, {"p": 3.0}, {"dim": -1}],
    "SequencePool": [{"mode": m} for m in ("max", "first", "last")],
    "MultiheadAttention": [{"causal": True}, {"average_attn_weights": False}, {"bias": False}],
    "TransformerEncoderLayer": [{"norm_first": True, "activation": "gelu"}, {"causal": True}],
    "Sine": [{"omega": 3.0}],
    "BatchNorm1d": [{"track_running_stats": False, "affine": False}],
    "Softplus": [{"beta": 2.0, "threshold": 0.5}],
    "Expression": [
        {"expression": each}
        for each in ("maximum(a, 0.5) - clamp(a, -1, 1)", "where(a > 0, minimum(a, 2), softplus(a)) / pi", "mean(a) * sum(a)")
    ],
    "Embedding": [{"max_norm": 1.0}],
    "EmbeddingBag": [{"mode": "max", "padding_idx": 0}, {"mode": "sum"}, {"padding_idx": 1}],
    "ConvTranspose1d": [{"kernel_size": 2, "stride": 3, "output_padding": 1}, {"padding": 3}],
    "ConvTranspose3d": [{"dilation": 2, "kernel_size": 2, "stride": 1}],
    "SeparableConv2d": [{"multiplier": 2, "bias": False}, {"stride": 2}],
    "LPPool2d": [{"norm_type": 3, "kernel_size": 3, "ceil_mode": True}, {"norm_type": 1}],
    "AvgPool1d": [{"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}],
    "MaxPool1d": [{"kernel_size": 2, "dilation": 2, "stride": 1}],
    "MaxPool2dWithIndices": [{"kernel_size": 3, "padding": 1, "dilation": 2}],
    "Unfold": [{"dilation": (2, 1), "padding": 1, "stride": (2, 1)}],
    "Fold": [{"kernel_size": 3, "stride": 1, "output_size": 8}],
    "FixedFilter": [{"padding": "valid"}],
    "LocalResponseNorm": [{"size": 2, "alpha": 0.5, "beta": 2.0}],
    "ResizeTo": [{"mode": "crop"}, {"mode": "linear"}],
    "PositionalEncoding": [{"kind": "learned", "max_length": 9}, {"kind": "rotary"}],
    "PatchEmbedding": [{"class_token": False}, {"positions": False}],
    "Constant": [{"shape": "2, 3", "learned": False}],
    "ScaleShift": [{"per": "layer"}],
    "GCNConv": [{"bias": False, "normalize": False}, {"self_loops": False, "dense": True}],
    "SAGEConv": [{"aggregator": "max", "project": True, "normalize": True}, {"aggregator": "sum", "bias": False}],
    "GATConv": [{"heads": 2, "concat": False}, {"heads": 3, "bias": False}],
    "GINConv": [{"eps": 0.5, "train_eps": True, "hidden_channels": 5}],
    "GraphPool": [{"mode": "max"}, {"mode": "mean"}],
    "TransformerEncoder": [{"norm": True, "bias": False, "norm_first": True}],
    "TransformerDecoderLayer": [{"norm_first": True, "bias": False}, {"causal": False}],
    "TransformerDecoder": [{"norm": True, "num_layers": 3}],
    "Transformer": [{"num_encoder_layers": 1, "activation": "gelu"}, {"norm_first": True, "causal": False}],
    "ScaledDotProductAttention": [{"causal": True, "scale": 0.3}, {"dropout": 0.2}],
    "RNNCell": [{"nonlinearity": "relu", "bias": False}],
    "LSTMCell": [{"bias": False}],
    "Step": [{"lower": "minus one", "gradient": "near"}],
    "RReLU": [{"lower": 0.0}],
    "CosineSimilarity": [{"dim": -1, "eps": 1e-6}],
    "Gather": [{"dim": -1}],
    "IndexSelect": [{"dim": -1}],
}  # fmt: skip


def main() -> None:
    """Print layer, settings and shapes -> the largest difference, or why there is none, as JSON."""
    warnings.simplefilter("ignore")
    keras.config.set_image_data_format("channels_first")
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    for id_ in KERAS:
        if id_ not in LAYERS or not LAYERS[id_].inputs or not LAYERS[id_].outputs:
            continue
        for settings in [{}, *SETTINGS.get(id_, [])]:
            layer = LAYERS[id_](**settings)
            for shapes in _shapes(layer)[: 3 if not settings else 2]:
                found[f"{id_} {settings or ''} {shapes}"] = _tried(id_, layer, shapes)
    json.dump(found, sys.stdout)


def _shapes(layer: Layer) -> list[tuple[Shape, ...]]:
    ports = max(1, len(layer.inputs))
    tried = [tuple(s) for s in type(layer).fits] or [(shape,) * ports for shape in TRIED]
    return [shapes for shapes in tried if _fits(layer, shapes)]


def _fits(layer: Layer, shapes: tuple[Shape, ...]) -> bool:
    try:
        layer.output_shapes(*shapes)
    except ShapeError:
        return False
    return True


def _tried(id_: str, layer: Layer, shapes: tuple[Shape, ...]) -> float | str:
    try:
        return _difference(id_, layer, shapes)
    except Exception as problem:  # noqa: BLE001 - the test that reads this says so
        return f"raised {type(problem).__name__}: {problem}"[:300]


def _difference(id_: str, layer: Layer, shapes: tuple[Shape, ...]) -> float | str:
    try:
        code = keras_code(id_, layer, shapes)
    except NoEqual as lack:
        return f"no equal: {lack}"
    torch.manual_seed(1)
    module = lone(layer.torch_code(*shapes), shapes)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) * 0.5 + 0.1)
    kinds = [port.kind for port in layer.inputs] * len(shapes)
    given = [
        None if s == MISSING else _numbers(kind, s, shapes[0][0] if kind == "e" else 5)
        for s, kind in zip(shapes, kinds, strict=False)
    ]
    with torch.no_grad():
        wanted = module(*(each for each in given if each is not None))
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    state = {k.replace("layer.", "it.", 1): v.numpy() for k, v in module.state_dict().items()}
    tried = [_in_keras(each, given, state) for each in (code, code.fuller) if each is not None]
    return max(_far(a, b) for answers in tried for a, b in zip(answers, wanted, strict=False))


def _numbers(kind: str, shape: Shape, bound: int = 5) -> torch.Tensor:
    if kind == "i" and len(shape) == 3:  # places in pictures: of numbers that meet at one, any might stay
        return torch.arange(prod(shape[1:])).reshape(shape[1:]).expand(ROWS, *shape)
    if kind in "ie":
        return torch.randint(-1 if kind == "e" else 0, bound, (ROWS, *shape))
    if kind == "m":
        mask = torch.zeros(ROWS, *shape, dtype=torch.bool)
        mask[1, ..., -1:] = shape[-1] > 1
        return mask
    return torch.randn(ROWS, *shape)


def _in_keras(code: KerasCode, given: list[Any], state: dict[str, Any]) -> list[Any]:
    """Every output that Keras has, once with all of them and once by the shorter way to each."""
    names: dict[str, Any] = {"keras": keras, "layers": layers, "ops": ops, "np": np, "state": state}
    for support in code.support:
        exec(support.text, names)
    inputs = [None if v is None else keras.Input(tuple(v.shape[1:]), dtype=_kind(v)) for v in given]
    fed = [v for v in given if v is not None]
    for at, forward in [(None, code.forward), *code.shorter.items()]:
        batch = next((f"given_{k}" for k, each in enumerate(inputs) if each is not None), "")
        text = forward.format(*(f"given_{k}" for k in range(len(inputs))), name="it", batch=batch)
        made = eval(text, {**names, **{f"given_{k}": each for k, each in enumerate(inputs)}})
        results = [made] if at is not None else [eval(r.format(r="r"), {**names, "r": made}) for r in code.results]
        model = keras.Model([each for each in inputs if each is not None], results)
        for name, numbers in code.numbers:
            place = f'model.get_layer("{name.format(name="it")}")'
            exec(handed(place, numbers.format(s="it")), {**names, "model": model})
        answer = model(fed, training=False)
        answer = list(answer) if isinstance(answer, (list, tuple)) else [answer]
        if at is None:
            first = answer
        elif _far(answer[0], first[at]) > 1e-6:
            return [torch.full_like(answer[0], float("inf"))]
    return first


def _kind(value: torch.Tensor) -> str:
    return "bool" if value.dtype == torch.bool else "int64" if value.dtype == torch.int64 else "float32"


def _far(a: Any, b: Any) -> float:
    if tuple(a.shape) != tuple(b.shape):
        return float("inf")
    a, b = a.detach().double(), b.detach().double()
    return float((a - b).abs().max() / b.abs().max().clamp(min=1)) if a.numel() else 0.0


if __name__ == "__main__":
    main()
