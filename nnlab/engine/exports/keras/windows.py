"""Keras equals of layers that slide a window: pools of all kinds, unfolding, fixed filters, local norms, borders."""

from math import prod
from typing import Any

from nnlab.core.layer import LAYERS, Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, call, each, equal, only, short, unless

BORDERED = Support(
    "bordered",
    '''
def bordered(x, border, circular=False):
    """A border around the last axes that goes on with what is at the edge, or at the other side."""
    for axis, (before, after) in enumerate(border, len(x.shape) - len(border)):
        size = x.shape[axis]
        places = np.arange(-before, size + after)
        x = ops.take(x, places % size if circular else np.clip(places, 0, size - 1), axis=axis)
    return x
''',
)
WINDOWS = Support(
    "windows",
    '''
def windows(x, size, strides, gaps):
    """The numbers under a window at each of its places, side by side along a new last axis."""
    x, kept = x[..., None], len(x.shape) - len(size)
    for axis, (count, step, gap) in enumerate(zip(size, strides, gaps, strict=True), kept):
        places = (x.shape[axis] - gap * (count - 1) - 1) // step + 1
        starts = [gap * k for k in range(count)]
        parts = [ops.take(x, np.arange(start, start + step * places, step), axis=axis) for start in starts]
        x = ops.reshape(ops.stack(parts, axis=-1), (-1, *parts[0].shape[1:-1], x.shape[-1] * count))
    return x
''',
)
AVERAGE = Support(
    "average_pool",
    '''
def average_pool(x, size, strides, border, counted):
    """An average pool that divides by how many numbers count: those of the picture, and of so much of its border."""
    none = ((0, 0), (0, 0))
    rest = tuple((a - b, c - d) for (a, c), (b, d) in zip(border, counted, strict=True))
    ones = ops.pad(ops.pad(ops.ones_like(x), none + counted, constant_values=1.0), none + rest)
    whole = ops.average_pool(ops.pad(x, none + border), size, strides)
    return whole / ops.average_pool(ones, size, strides)
''',
)
ADAPTIVE = Support(
    "adaptive_pool",
    '''
def adaptive_pool(x, sizes, pool):
    """Pool in windows that divide each axis as evenly as can be."""
    for axis, size in enumerate(sizes, 2):
        n = x.shape[axis]
        starts = [(k * n // size, -(-(k + 1) * n // size)) for k in range(size)]
        parts = [pool(ops.take(x, np.arange(a, b), axis=axis), axis=axis) for a, b in starts]
        x = ops.stack(parts, axis=axis)
    return x
''',
)
LARGEST = Support(
    "largest_places",
    '''
def largest_places(x, size, strides, gaps, border):
    """Where in its picture the largest number of each window was, counted row by row."""
    height, width = x.shape[2:]
    places = np.arange(height * width).reshape(1, 1, height, width)
    framed = np.pad(places, ((0, 0), (0, 0), *border))
    x = ops.pad(x, ((0, 0), (0, 0), *border), constant_values=-np.inf)
    found = ops.argmax(windows(x, size, strides, gaps), axis=-1)
    seen = windows(ops.convert_to_tensor(framed), size, strides, gaps)
    chosen = ops.one_hot(found, seen.shape[-1], dtype="int64")
    return ops.sum(chosen * seen, axis=-1)
''',
)
UNPOOL = Support(
    "unpooled",
    '''
def unpooled(x, places, sizes):
    """Each number back at its place, 0 elsewhere."""
    channels, count = x.shape[1], int(np.prod(x.shape[2:]))
    there = ops.one_hot(ops.reshape(places, (-1, channels, count)), int(np.prod(sizes)))
    x = ops.matmul(ops.reshape(x, (-1, channels, 1, count)), there)
    return ops.reshape(x, (-1, channels, *sizes))
''',
)
COLUMNS = Support(
    "columns",
    '''
def columns(x, size, strides, gaps, border):
    """Every window as a column: one row for each of its numbers."""
    x = ops.pad(x, ((0, 0), (0, 0), *border))
    x = windows(x, size, strides, gaps)
    x = ops.reshape(x, (-1, x.shape[1], x.shape[2] * x.shape[3], x.shape[4]))
    return ops.reshape(ops.swapaxes(x, 2, 3), (-1, x.shape[1] * x.shape[3], x.shape[2]))
''',
)
FILTER = Support(
    "FixedFilter",
    '''
class FixedFilter(layers.Layer):
    """Slides one given filter over every channel; nothing is learned."""

    def __init__(self, kernel, padding="valid", **options):
        super().__init__(**options)
        self.kernel, self.padding = np.array(kernel, "float32"), padding

    def call(self, x):
        kernel = np.repeat(self.kernel[:, :, None, None], x.shape[1], axis=2)
        return ops.depthwise_conv(x, kernel, padding=self.padding)
''',
)
RESPONSE = Support(
    "local_response",
    '''
def local_response(x, size, alpha, beta, k):
    """Divides by the sizes of the same place in the channels around."""
    border = ((0, 0), (size // 2, (size - 1) // 2), *((0, 0) for _ in x.shape[2:]))
    squares, channels = ops.pad(ops.square(x), border), x.shape[1]
    total = sum(squares[:, at : at + channels] for at in range(size))
    return x / (k + alpha / size * total) ** beta
''',
)


def _border(layer: Any, shape: Shape, axes: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The layer's own border, and with what a window that goes beyond it needs behind."""
    kernel = each(layer.kernel_size, axes)
    stride = kernel if layer.stride is None else each(layer.stride, axes)
    gap, width = each(getattr(layer, "dilation", 1), axes), each(getattr(layer, "padding", 0), axes)
    own, whole = [], []
    for n, k, s, d, p, out in zip(shape[1:], kernel, stride, gap, width, layer.output_shape(shape)[1:], strict=True):
        more = (out - 1) * s + d * (k - 1) + 1 - n - 2 * p
        own.append((p, p))
        whole.append((p, p + max(0, more)))
    return own, whole


@equal(
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool2dWithIndices",
    "LPPool1d", "LPPool2d",
)  # fmt: skip
def _pool(layer: Any, shape: Shape) -> KerasCode:
    axes, id_ = len(shape) - 1, LAYERS.id_of(layer)
    kernel = each(layer.kernel_size, axes)
    stride = kernel if layer.stride is None else each(layer.stride, axes)
    own, whole = _border(layer, shape, axes)
    if id_.startswith("Max"):
        return _max_pool(layer, kernel, stride, whole)
    counts = not id_.startswith("Avg") or layer.count_include_pad
    return _average(layer, kernel, stride, whole, own if counts else [(0, 0)] * axes)


def _average(
    layer: Any,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    whole: list[tuple[int, int]],
    divisor: list[tuple[int, int]],
) -> KerasCode:
    """An average pool, or a power pool, which is one of powers."""
    axes, support = len(kernel), tuple[Support, ...]()
    if whole == divisor or not any(map(sum, whole)):
        made = call(f"AveragePooling{axes}D", short(kernel), strides=unless(short(stride), short(kernel)))
        average = f"{made}({_padded('{x}', whole)})"
    else:
        average, support = f"average_pool({{x}}, {kernel}, {stride}, {tuple(whole)}, {tuple(divisor)})", (AVERAGE,)
    if not hasattr(layer, "norm_type"):
        return KerasCode(average.replace("{x}", "{0}"), support=support)
    power, count = layer.norm_type, prod(kernel)
    sizes = "ops.maximum(ops.abs({0}), 1e-6)" + (f" ** {power}" if power != 1 else "")
    total = f"{count} * {average.replace('{x}', sizes)}"
    return KerasCode(total if power == 1 else f"({total}) ** (1 / {power})", support=support)


def _padded(x: str, border: list[tuple[int, int]], value: str = "") -> str:
    if not any(map(sum, border)):
        return x
    return f"ops.pad({x}, {((0, 0), (0, 0), *border)}{f', constant_values={value}' if value else ''})"


def _max_pool(layer: Any, kernel: tuple[int, ...], stride: tuple[int, ...], border: list[tuple[int, int]]) -> KerasCode:
    axes, gap = len(kernel), each(getattr(layer, "dilation", 1), len(kernel))
    made = call(f"MaxPooling{axes}D", short(kernel), strides=unless(short(stride), short(kernel)))
    framed = _padded("{0}", border, "-np.inf")
    forward, support = f"{made}({framed})", tuple[Support, ...]()
    if max(gap) > 1:
        forward, support = f"ops.max(windows({framed}, {kernel}, {stride}, {gap}), axis=-1)", (WINDOWS,)
    if LAYERS.id_of(layer) != "MaxPool2dWithIndices":
        return KerasCode(forward, support=support)
    places = f"largest_places({{0}}, {kernel}, {stride}, {gap}, {tuple(border)})"
    return KerasCode(
        f"({forward}, {places})", ("{r}[0]", "{r}[1]"), shorter={0: forward, 1: places}, support=(WINDOWS, LARGEST)
    )


@equal("MaxUnpool2d")
def _unpool(layer: Any, *shapes: Shape) -> KerasCode:
    kernel = each(layer.kernel_size, 2)
    stride = kernel if layer.stride is None else each(layer.stride, 2)
    only(all(k <= s for k, s in zip(kernel, stride, strict=True)), "windows that overlap may name a place twice")
    return KerasCode(f"unpooled({{0}}, {{1}}, {shapes[2][1:]})", support=(UNPOOL,))


@equal(
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
)  # fmt: skip
def _adaptive_pool(layer: Any, shape: Shape) -> KerasCode:
    """Where the sizes divide evenly, the windows are those of a plain pool."""
    axes, out = len(shape) - 1, layer.output_shape(shape)[1:]
    average = "Avg" in LAYERS.id_of(layer)
    if all(n % m == 0 for n, m in zip(shape[1:], out, strict=True)):
        kernel = [n // m for n, m in zip(shape[1:], out, strict=True)]
        kind = "Average" if average else "Max"
        return KerasCode(f"{call(f'{kind}Pooling{axes}D', short(kernel))}({{0}})")
    return KerasCode(f"adaptive_pool({{0}}, {out}, {'ops.mean' if average else 'ops.max'})", support=(ADAPTIVE,))


@equal("Unfold")
def _unfold(layer: Any, shape: Shape) -> KerasCode:
    kernel, stride, gap, width = (
        each(size, 2) for size in (layer.kernel_size, layer.stride, layer.dilation, layer.padding)
    )
    border = tuple((p, p) for p in width)
    return KerasCode(f"columns({{0}}, {kernel}, {stride}, {gap}, {border})", support=(WINDOWS, COLUMNS))


FOLD = Support(
    "folded",
    '''
def folded(x, sizes, size, strides, gaps, border):
    """Columns of windows back in a picture; where windows overlap, their numbers add up."""
    height, width = (n + 2 * edge for n, edge in zip(sizes, border, strict=True))
    places = np.arange(height * width).reshape(height, width)
    whole = zip((height, width), size, strides, gaps, strict=True)
    rows, across = (range(0, n - gap * (count - 1), step) for n, count, step, gap in whole)
    seen = [
        [places[top + gaps[0] * i, left + gaps[1] * j] for top in rows for left in across]
        for i in range(size[0])
        for j in range(size[1])
    ]
    table = np.eye(height * width, dtype="float32")[np.array(seen).ravel()]
    channels = x.shape[1] // (size[0] * size[1])
    x = ops.matmul(ops.reshape(x, (-1, channels, len(table))), table)
    x = ops.reshape(x, (-1, channels, height, width))
    return x[:, :, border[0] : height - border[0], border[1] : width - border[1]]
''',
)


@equal("Fold")
def _fold(layer: Any, shape: Shape) -> KerasCode:
    sizes, kernel, stride, gap, width = (
        each(size, 2) for size in (layer.output_size, layer.kernel_size, layer.stride, layer.dilation, layer.padding)
    )
    return KerasCode(f"folded({{0}}, {sizes}, {kernel}, {stride}, {gap}, {width})", support=(FOLD,))


@equal("FixedFilter")
def _fixed_filter(layer: Any, shape: Shape) -> KerasCode:
    same = ', padding="same"' if layer.padding == "same" else ""
    return KerasCode(f"FixedFilter({layer._rows()!r}{same})({{0}})", support=(FILTER,))


@equal("LocalResponseNorm")
def _local_response(layer: Any, shape: Shape) -> KerasCode:
    numbers = f"{layer.size}, {layer.alpha!r}, {layer.beta!r}, {layer.k!r}"
    return KerasCode(f"local_response({{0}}, {numbers})", support=(RESPONSE,))
