"""Keras equals of convolutions and pools: channels come first in both, as `set_image_data_format` says."""

from typing import Any

from nnlab.core.layer import LAYERS, Shape
from nnlab.engine.exports.keras_code import KerasCode, call, each, equal, of, only, short, unless, weighted


@equal("Conv1d", "Conv2d", "Conv3d")
def _conv(layer: Any, shape: Shape) -> KerasCode:
    axes = len(shape) - 1
    kernel, stride, dilation = (each(size, axes) for size in (layer.kernel_size, layer.stride, layer.dilation))
    only(layer.padding_mode in ("zeros", "reflect"), "it fills a border with zeros or mirrored numbers only")
    only(max(stride) == 1 or max(dilation) == 1, "it has no stride together with a dilation")
    before, padding = _conv_border(layer, axes, kernel, stride, dilation)
    made = call(
        f"Conv{axes}D", layer.out_channels, short(kernel), strides=unless(short(stride), 1), padding=padding,
        dilation_rate=unless(short(dilation), 1), groups=unless(layer.groups, 1), use_bias=unless(layer.bias, True),
        name="{name}",
    )  # fmt: skip
    order = ", ".join(map(str, (*range(2, axes + 2), 1, 0)))
    return weighted(f"{made}({before})", f"{of('weight')}.transpose({order})", *([of("bias")] if layer.bias else []))


def _conv_border(
    layer: Any, axes: int, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[str, str | None]:
    """The input with its border, and the word for the padding that Keras adds by itself."""
    whole = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if layer.padding == "causal":
        return padded([(n, 0) for n in whole], layer.padding_mode), None
    if layer.padding == "valid":
        return "{0}", None
    even = [(n // 2, n - n // 2) for n in whole]
    border = even if layer.padding == "same" else [(n, n) for n in each(layer.padding, axes)]
    if layer.padding_mode == "zeros" and max(stride) == 1 and border == even:
        return "{0}", "same" if any(whole) else None
    return padded(border, layer.padding_mode), None


def padded(border: list[tuple[int, int]], mode: str = "zeros", value: str = "") -> str:
    """The input with a border of so many numbers before and after, on the axes behind the channels."""
    if not any(map(sum, border)):
        return "{0}"
    widths = ((0, 0), (0, 0), *border)
    options = "" if mode == "zeros" else f', mode="{mode}"'
    return f"ops.pad({{0}}, {widths}{options}{f', constant_values={value}' if value else ''})"


@equal("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
def _conv_transpose(layer: Any, shape: Shape) -> KerasCode:
    axes = len(shape) - 1
    kernel, stride = each(layer.kernel_size, axes), each(layer.stride, axes)
    padding, extra = each(layer.padding, axes), each(layer.output_padding, axes)
    only(layer.groups == 1, "its transposed convolution has no groups")
    only(max(each(layer.dilation, axes)) == 1, "its transposed convolution has no dilation that fits")
    only(not any(extra), "its transposed convolution has no output padding that fits")
    only(all(k >= s for k, s in zip(kernel, stride, strict=True)), "its transposed convolution leaves no gaps")
    made = call(
        f"Conv{axes}DTranspose", layer.out_channels, short(kernel), strides=unless(short(stride), 1),
        use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    cut = f"layers.Cropping{axes}D({short(padding) if axes > 1 else padding[0]})({{}})" if any(padding) else "{}"
    order = ", ".join(map(str, (*range(2, axes + 2), 1, 0)))
    return weighted(
        cut.replace("{}", f"{made}({{0}})"),
        f"{of('weight')}.transpose({order})",
        *([of("bias")] if layer.bias else []),
    )


@equal("MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d")
def _pool(layer: Any, shape: Shape) -> KerasCode:
    axes, is_max = len(shape) - 1, LAYERS.id_of(layer).startswith("Max")
    only(not layer.ceil_mode or layer.output_shape(shape) == _floor(layer, shape), "its pools never round up")
    only(max(each(getattr(layer, "dilation", 1), axes)) == 1, "its pools have no dilation")
    only(not getattr(layer, "return_indices", False), "its pools do not say where the largest number was")
    border = [(n, n) for n in each(layer.padding, axes)]
    framed = bool(any(map(sum, border)))
    only(is_max or not framed or layer.count_include_pad, "its average pools do not leave a border out")
    kernel = each(layer.kernel_size, axes)
    stride = kernel if layer.stride is None else each(layer.stride, axes)
    made = call(
        f"{'Max' if is_max else 'Average'}Pooling{axes}D", short(kernel), strides=unless(short(stride), short(kernel))
    )
    return KerasCode(f"{made}({padded(border, value='-float(' + chr(34) + 'inf' + chr(34) + ')' if is_max else '')})")


def _floor(layer: Any, shape: Shape) -> Shape:
    found: Shape = layer.with_(ceil_mode=False).output_shape(shape)
    return found


@equal("GlobalAvgPool1d", "GlobalAvgPool2d", "GlobalAvgPool3d", "GlobalMaxPool1d", "GlobalMaxPool2d", "GlobalMaxPool3d")
def _global_pool(layer: Any, shape: Shape) -> KerasCode:
    kind = "Average" if "Avg" in LAYERS.id_of(layer) else "Max"
    keep = None if getattr(layer, "flatten", True) else True
    return KerasCode(f"{call(f'Global{kind}Pooling{len(shape) - 1}D', keepdims=keep)}({{0}})")


@equal(
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
)  # fmt: skip
def _adaptive_pool(layer: Any, shape: Shape) -> KerasCode:
    """Where the sizes divide evenly, the windows are those of a plain pool."""
    axes, out = len(shape) - 1, layer.output_shape(shape)[1:]
    only(all(n % m == 0 for n, m in zip(shape[1:], out, strict=True)), "it has no pool with windows of different sizes")
    kernel = [n // m for n, m in zip(shape[1:], out, strict=True)]
    kind = "Average" if "Avg" in LAYERS.id_of(layer) else "Max"
    return KerasCode(f"{call(f'{kind}Pooling{axes}D', short(kernel))}({{0}})")


@equal("Upsample")
def _upsample(layer: Any, shape: Shape) -> KerasCode:
    only(layer.mode == "nearest", "its enlarging between pixels is another arithmetic")
    axes, out = len(shape) - 1, layer.output_shape(shape)[1:]
    only(all(m % n == 0 for n, m in zip(shape[1:], out, strict=True)), "it enlarges by whole factors only")
    factors = tuple(m // n for n, m in zip(shape[1:], out, strict=True))
    if axes == 1:
        return KerasCode(f"ops.repeat({{0}}, {factors[0]}, axis=2)")
    return KerasCode(f"{call(f'UpSampling{axes}D', short(factors))}({{0}})")


@equal("PointwiseConv2d")
def _pointwise(layer: Any, shape: Shape) -> KerasCode:
    return _conv(layer.filters, shape)


@equal("DepthwiseConv2d")
def _depthwise(layer: Any, shape: Shape) -> KerasCode:
    """Keras counts the filters of each channel apart."""
    filters = layer.filters(shape[0])
    only(shape[0] > 1, "its filters are for more than one channel")
    kernel, stride, dilation = (each(size, 2) for size in (filters.kernel_size, filters.stride, filters.dilation))
    only(len(set(stride)) == 1, "it strides alike on both axes")
    only(max(stride) == 1 or max(dilation) == 1, "it has no stride together with a dilation")
    before, padding = _conv_border(filters, 2, kernel, stride, dilation)
    made = call(
        "DepthwiseConv2D", short(kernel), strides=unless(short(stride), 1), padding=padding,
        depth_multiplier=unless(layer.multiplier, 1), dilation_rate=unless(short(dilation), 1),
        use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    weight = f"{of('weight')}.transpose(2, 3, 0, 1).reshape({kernel[0]}, {kernel[1]}, {shape[0]}, {layer.multiplier})"
    return weighted(f"{made}({before})", weight, *([of("bias")] if layer.bias else []))


@equal("Pad")
def _pad(layer: Any, shape: Shape) -> KerasCode:
    """The sides as PyTorch has them: the last axis first."""
    only(layer.mode not in ("replicate", "circular"), "it fills a border with one number or mirrored ones only")
    sides = layer._sides(shape)
    pairs = [(sides[k], sides[k + 1]) for k in range(0, len(sides), 2)][::-1]
    only(min(sides) >= 0, "it takes nothing away")
    widths = (*((0, 0) for _ in range(len(shape) + 1 - len(pairs))), *pairs)
    mode = ', mode="reflect"' if layer.mode == "reflect" else ""
    value = f", constant_values={layer.value!r}" if layer.mode == "constant" and layer.value else ""
    return KerasCode(f"ops.pad({{0}}, {widths}{mode}{value})")
