"""Keras equals of layers that make pictures larger or smaller: resizing, borders, and channels that become pixels."""

from typing import Any

from nnlab.core.layer import Shape, Support
from nnlab.engine.exports.keras.code import KerasCode, call, equal, only, short
from nnlab.engine.exports.keras.windows import BORDERED

NEAREST = Support(
    "nearest",
    '''
def nearest(x, sizes, factors=None):
    """Resize by copying the nearest number before each place."""
    for axis, size in enumerate(sizes, 2):
        step = x.shape[axis] / size if factors is None else 1 / factors[axis - 2]
        places = np.minimum(np.arange(size, dtype="float32") * np.float32(step), x.shape[axis] - 1)
        x = ops.take(x, places.astype("int64"), axis=axis)
    return x
''',
)
BLENDED = Support(
    "blended",
    '''
def blended(x, sizes, factors=None, corners=False, curved=False):
    """Resize by straight lines between neighbours, or by cubic curves through four of them."""
    for axis, size in enumerate(sizes, 2):
        n = x.shape[axis]
        step = n / size if factors is None else 1 / factors[axis - 2]
        if corners:
            at = np.arange(size) * ((n - 1) / (size - 1) if size > 1 else 0.0)
        else:
            at = (np.arange(size) + 0.5) * step - 0.5
        at = at if curved else np.maximum(at, 0)
        table = np.zeros((n, size), "float32")
        for offset in range(-1, 3):
            place = np.floor(at).astype(int) + offset
            far, near = np.abs(at - place), 1 - np.abs(at - place)
            inner, outer = (1.25 * far - 2.25) * far**2 + 1, ((-0.75 * far + 3.75) * far - 6) * far + 3
            weight = np.where(far <= 1, inner, np.where(far < 2, outer, 0)) if curved else np.maximum(near, 0)
            np.add.at(table, (np.clip(place, 0, n - 1), np.arange(size)), weight)
        x = ops.moveaxis(ops.matmul(ops.moveaxis(x, axis, -1), table), -1, axis)
    return x
''',
)
SHUFFLED = Support(
    "regrouped",
    '''
def regrouped(x, before, order, after):
    """Take axes apart, exchange them, and put them together again, sample by sample."""
    return ops.reshape(ops.transpose(ops.reshape(x, (-1, *before)), order), (-1, *after))
''',
)


@equal("Upsample")
def _upsample(layer: Any, shape: Shape) -> KerasCode:
    axes, out = len(shape) - 1, layer.output_shape(shape)[1:]
    whole = all(m % n == 0 for n, m in zip(shape[1:], out, strict=True))
    even = layer.size is not None or layer.scale_factor == int(layer.scale_factor)
    if layer.mode == "nearest" and whole and even:
        return _repeated(shape, out)
    factors = f", {(float(layer.scale_factor),) * axes}" if layer.size is None else ""
    if layer.mode == "nearest":
        return KerasCode(f"nearest({{0}}, {out}{factors})", support=(NEAREST,))
    options = (", corners=True" if layer.align_corners else "") + (", curved=True" if layer.mode == "bicubic" else "")
    return KerasCode(f"blended({{0}}, {out}{factors}{options})", support=(BLENDED,))


def _repeated(shape: Shape, out: Shape) -> KerasCode:
    factors = tuple(m // n for n, m in zip(shape[1:], out, strict=True))
    if len(factors) == 1:
        return KerasCode(f"ops.repeat({{0}}, {factors[0]}, axis=2)")
    return KerasCode(f"{call(f'UpSampling{len(factors)}D', short(factors))}({{0}})")


@equal("ResizeTo")
def _resize_to(layer: Any, *shapes: Shape) -> KerasCode:
    shape, like = shapes
    if layer.mode == "nearest":
        return KerasCode(f"nearest({{0}}, {like[1:]})", support=(NEAREST,))
    if layer.mode != "crop":
        return KerasCode(f"blended({{0}}, {like[1:]})", support=(BLENDED,))
    sides = [(int((m - n) / 2), m - n - int((m - n) / 2)) for n, m in zip(shape[1:], like[1:], strict=True)]
    cut = "".join(f", {max(0, -a)}:{n - max(0, -b)}" for n, (a, b) in zip(shape[1:], sides, strict=True))
    smaller = any(min(pair) < 0 for pair in sides)
    text = f"{{0}}[:, :{cut}]" if smaller else "{0}"
    more = tuple((max(0, a), max(0, b)) for a, b in sides)
    return KerasCode(f"ops.pad({text}, {((0, 0), (0, 0), *more)})" if any(map(sum, more)) else text)


@equal("Pad")
def _pad(layer: Any, shape: Shape) -> KerasCode:
    """The sides as PyTorch has them: the last axis first."""
    sides = layer._sides(shape)
    pairs = [(sides[k], sides[k + 1]) for k in range(0, len(sides), 2)][::-1]
    kept = len(shape) + 1 - len(pairs)
    only(min(sides) >= 0 or layer.mode == "constant", "it takes nothing away")
    if layer.mode in ("replicate", "circular"):
        option = ", circular=True" if layer.mode == "circular" else ""
        return KerasCode(f"bordered({{0}}, {tuple(pairs)}{option})", support=(BORDERED,))
    text = "{0}"
    if min(sides) < 0:
        ends = [f"{max(0, -a)}:{n - max(0, -b)}" for n, (a, b) in zip(shape[-len(pairs) :], pairs, strict=True)]
        text += f"[{', '.join([*[':'] * kept, *ends])}]"
    widths = (*((0, 0) for _ in range(kept)), *((max(0, a), max(0, b)) for a, b in pairs))
    mode = ', mode="reflect"' if layer.mode == "reflect" else ""
    value = f", constant_values={layer.value!r}" if layer.mode == "constant" and layer.value else ""
    return KerasCode(f"ops.pad({text}, {widths}{mode}{value})" if any(map(sum, widths)) else text)


@equal("PixelShuffle")
def _pixel_shuffle(layer: Any, shape: Shape) -> KerasCode:
    by, (channels, height, width) = layer.upscale_factor, shape
    before = (channels // by**2, by, by, height, width)
    return _regrouped(before, (0, 1, 4, 2, 5, 3), layer.output_shape(shape))


@equal("PixelUnshuffle")
def _pixel_unshuffle(layer: Any, shape: Shape) -> KerasCode:
    by, (channels, height, width) = layer.downscale_factor, shape
    before = (channels, height // by, by, width // by, by)
    return _regrouped(before, (0, 1, 3, 5, 2, 4), layer.output_shape(shape))


@equal("ChannelShuffle")
def _channel_shuffle(layer: Any, shape: Shape) -> KerasCode:
    before = (layer.groups, shape[0] // layer.groups, *shape[1:])
    return _regrouped(before, (0, 2, 1, *range(3, len(shape) + 2)), shape)


def _regrouped(before: Shape, order: Shape, after: Shape) -> KerasCode:
    return KerasCode(f"regrouped({{0}}, {before}, {order}, {after})", support=(SHUFFLED,))
