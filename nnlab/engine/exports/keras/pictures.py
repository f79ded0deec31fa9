"""Keras equals of convolutions and pools: channels come first in both, as `set_image_data_format` says."""

from dataclasses import replace
from typing import Any

from nnlab.core.layer import LAYERS, Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, call, each, equal, of, short, unless, weighted
from nnlab.engine.exports.keras.windows import BORDERED


@equal("Conv1d", "Conv2d", "Conv3d")
def _conv(layer: Any, shape: Shape) -> KerasCode:
    axes = len(shape) - 1
    kernel, stride, dilation = (each(size, axes) for size in (layer.kernel_size, layer.stride, layer.dilation))
    stepped = max(stride) > 1 and max(dilation) > 1  # Keras has not both: every place is computed, some are taken
    before, padding = _conv_border(layer, axes, kernel, stride, dilation)
    made = call(
        f"Conv{axes}D", layer.out_channels, short(kernel), strides=None if stepped else unless(short(stride), 1),
        padding=padding, dilation_rate=unless(short(dilation), 1), groups=unless(layer.groups, 1),
        use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    taken = f"[:, :, {', '.join(f'::{step}' for step in stride)}]" if stepped else ""
    order = ", ".join(map(str, (*range(2, axes + 2), 1, 0)))
    learned = (f"{of('weight')}.transpose({order})", *([of("bias")] if layer.bias else []))
    code = weighted(f"{made}({before}){taken}", *learned)
    return replace(code, support=(BORDERED,)) if before.startswith("bordered") else code


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
    if mode in ("replicate", "circular"):
        return f"bordered({{0}}, {tuple(border)}{', circular=True' if mode == 'circular' else ''})"
    options = "" if mode == "zeros" else f', mode="{mode}"'
    return f"ops.pad({{0}}, {widths}{options}{f', constant_values={value}' if value else ''})"


@equal("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
def _conv_transpose(layer: Any, shape: Shape) -> KerasCode:
    axes = len(shape) - 1
    kernel, stride = each(layer.kernel_size, axes), each(layer.stride, axes)
    padding, extra = each(layer.padding, axes), each(layer.output_padding, axes)
    gaps = any(k < s for k, s in zip(kernel, stride, strict=True))
    if layer.groups > 1 or max(each(layer.dilation, axes)) > 1 or any(extra) or gaps:
        return _spread(layer, axes, kernel, stride, padding)
    made = call(
        f"Conv{axes}DTranspose", layer.out_channels, short(kernel), strides=unless(short(stride), 1),
        use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    ends = ", ".join(f"{p}:-{p}" if p else ":" for p in padding)
    cut = f"[:, :, {ends}]" if any(padding) else ""
    order = ", ".join(map(str, (*range(2, axes + 2), 1, 0)))
    return weighted(
        f"{made}({{0}}){cut}",
        f"{of('weight')}.transpose({order})",
        *([of("bias")] if layer.bias else []),
    )


SPREAD = Support(
    "spread_out",
    '''
def spread_out(x, strides, border):
    """Zeros between the numbers of each axis, and around them: a convolution of that is a transposed one."""
    for axis, (step, (before, after)) in enumerate(zip(strides, border, strict=True), 2):
        size = x.shape[axis]
        if step > 1:
            x = ops.stack([x, *(ops.zeros_like(x) for _ in range(step - 1))], axis=axis + 1)
            x = ops.reshape(x, (-1, *x.shape[1:axis], size * step, *x.shape[axis + 2 :]))
            x = ops.take(x, np.arange((size - 1) * step + 1), axis=axis)
        x = ops.take(x, np.arange(max(0, -before), x.shape[axis] - max(0, -after)), axis=axis)
        widths = [(0, 0)] * len(x.shape)
        widths[axis] = (max(0, before), max(0, after))
        x = ops.pad(x, widths)
    return x
''',
)
TURNED = Support(
    "turned_filters",
    '''
def turned_filters(weight, groups):
    """The filters of a transposed convolution as those of a plain one: mirrored, inputs and outputs exchanged."""
    parts = [np.swapaxes(each, 0, 1) for each in np.split(weight, groups)]
    weight = np.flip(np.concatenate(parts), axis=tuple(range(2, weight.ndim)))
    return np.moveaxis(weight, (0, 1), (-1, -2)).copy()
''',
)


def _spread(
    layer: Any, axes: int, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...]
) -> KerasCode:
    """Keras's own has no groups, gaps or dilation that fit: a convolution of the picture with zeros in between."""
    extra, dilation = each(layer.output_padding, axes), each(layer.dilation, axes)
    whole = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    border = tuple((n - p, n - p + more) for n, p, more in zip(whole, padding, extra, strict=True))
    made = call(
        f"Conv{axes}D", layer.out_channels, short(kernel), dilation_rate=unless(short(dilation), 1),
        groups=unless(layer.groups, 1), use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    filters = f"turned_filters({of('weight')}, {layer.groups})"
    code = weighted(f"{made}(spread_out({{0}}, {stride}, {border}))", filters, *([of("bias")] if layer.bias else []))
    return replace(code, support=(SPREAD, TURNED))


@equal("GlobalAvgPool1d", "GlobalAvgPool2d", "GlobalAvgPool3d", "GlobalMaxPool1d", "GlobalMaxPool2d", "GlobalMaxPool3d")
def _global_pool(layer: Any, shape: Shape) -> KerasCode:
    kind = "Average" if "Avg" in LAYERS.id_of(layer) else "Max"
    keep = None if getattr(layer, "flatten", True) else True
    return KerasCode(f"{call(f'Global{kind}Pooling{len(shape) - 1}D', keepdims=keep)}({{0}})")


@equal("PointwiseConv2d")
def _pointwise(layer: Any, shape: Shape) -> KerasCode:
    return _conv(layer.filters, shape)


@equal("DepthwiseConv2d")
def _depthwise(layer: Any, shape: Shape) -> KerasCode:
    """Keras counts the filters of each channel apart."""
    filters = layer.filters(shape[0])
    kernel, stride, dilation = (each(size, 2) for size in (filters.kernel_size, filters.stride, filters.dilation))
    stepped = max(stride) > 1 and (max(dilation) > 1 or len(set(stride)) > 1)
    before, padding = _conv_border(filters, 2, kernel, stride, dilation)
    made = call(
        "DepthwiseConv2D", short(kernel), strides=None if stepped else unless(short(stride), 1), padding=padding,
        depth_multiplier=unless(layer.multiplier, 1), dilation_rate=unless(short(dilation), 1),
        use_bias=unless(layer.bias, True), name="{name}",
    )  # fmt: skip
    weight = f"{of('weight')}.transpose(2, 3, 0, 1).reshape({kernel[0]}, {kernel[1]}, {shape[0]}, {layer.multiplier})"
    taken = f"[:, :, ::{stride[0]}, ::{stride[1]}]" if stepped else ""
    code = weighted(f"{made}({before}){taken}", weight, *([of("bias")] if layer.bias else []))
    return replace(code, support=(BORDERED,)) if before.startswith("bordered") else code


@equal("SeparableConv2d")
def _separable(layer: Any, shape: Shape) -> KerasCode:
    """Two layers: Keras's own has no bias between its steps."""
    first = _depthwise(_FirstStep(layer, shape[0]), shape)
    learned, bias = of("1.weight"), [of("1.bias")] if layer.bias else []
    name = "{name}_mix"
    second = call("Conv2D", layer.out_channels, 1, use_bias=unless(layer.bias, True), name=name)
    numbers = tuple((called, text.replace("{s}.", "{s}.0.")) for called, text in first.numbers)
    mixed = (name, ", ".join([f"{learned}.transpose(2, 3, 1, 0)", *bias]))
    return replace(first, forward=f"{second}({first.forward})", numbers=(*numbers, mixed))


class _FirstStep:
    """The first half of a separable convolution, as a depthwise one."""

    def __init__(self, layer: Any, channels: int) -> None:
        self.multiplier, self.bias, self._filters = layer.multiplier, layer.bias, layer._first(channels)

    def filters(self, channels: int) -> Any:
        """Its filters."""
        return self._filters
