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
from nnlab.engine.exports.keras_code import KERAS, KerasCode, NoEqual, handed
from nnlab.engine.exports.keras_table import keras_code
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
    "LayerNorm": [{"normalized_shape": 2}, {"elementwise_affine": False}],
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
    "Upsample": [{"mode": "linear"}, {"scale_factor": 3.0}],
    "DepthwiseConv2d": [{"multiplier": 2}, {"stride": 2, "padding": 1}],
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
    "Normalize": [{"p": 1.0}, {"dim": -1}],
    "SequencePool": [{"mode": m} for m in ("max", "first", "last")],
    "MultiheadAttention": [{"causal": True}, {"average_attn_weights": False}, {"bias": False}],
    "TransformerEncoderLayer": [{"norm_first": True, "activation": "gelu"}, {"causal": True}],
    "Sine": [{"omega": 3.0}],
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
    answers = _in_keras(code, given, {k.replace("layer.", "it.", 1): v.numpy() for k, v in module.state_dict().items()})
    return max(_far(a, b) for a, b in zip(answers, wanted, strict=False))


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
