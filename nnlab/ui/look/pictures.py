"""Arrays as pictures: signed values blue to orange, magnitudes dark to bright, classes in their colours.

Row 0 of a plane is its lowest y, so planes are turned upside down here; feature maps are not. Every QImage owns its bytes.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, isfinite
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from nnlab.engine.wants import Array, NodeActivations
from nnlab.ui.look import theme

Pixels = NDArray[np.uint32]
"""One 0xAARRGGBB number for each pixel, alpha multiplied in."""

GAP = 2  # pixels between the tiles of a mosaic
SMALLEST_TILE = 12
SMALLEST_LIMIT = 1e-30  # what is smaller than this everywhere is drawn as zero
WASH = 0.74  # how far a certain class covers the canvas: points of the same colour must stand out


# ---------------------------------------------------------------- numbers to pixels


def signed(values: Array, limit: float) -> Pixels:
    """Blue below zero, orange above, full colour at plus or minus `limit`; what is not a number is shown as zero."""
    size = limit if isfinite(limit) and limit > SMALLEST_LIMIT else 1.0
    place = _bounded(values, -size, size, 0.0) * np.float32(127.0 / size) + np.float32(128.5)
    now = theme.current()
    table = _signed_table(now.negative, now.zero, now.positive)
    return table[place.astype(np.uint8)]


def magnitude(values: Array, low: float, high: float) -> Pixels:
    """Dark violet at `low`, over green, to bright yellow at `high`."""
    span = high - low
    scale = 255.0 / span if isfinite(span) and span > 0 else 0.0
    place = (_bounded(values, low, high, low) - np.float32(low)) * np.float32(scale)
    return cast(Pixels, _magnitude_table()[np.clip(place, 0, 255).astype(np.uint8)])


def scaled(values: Array, low: float, high: float) -> Pixels:
    """Signed colours where the range spans zero, magnitudes where it does not."""
    return signed(values, max(-low, high)) if low < 0 < high else magnitude(values, low, high)


def classes(probabilities: Array, discretise: bool = False) -> Pixels:
    """The winning class's colour, paler the less certain; several classes that compete blend.

    `probabilities` has the classes on its last axis. `discretise` shows the winner alone.
    """
    count = probabilities.shape[-1]
    colors, base = _class_colors(count)
    sure = _bounded(probabilities, 0.0, 1.0, 0.0)
    if discretise:
        pixels = (base + np.float32(WASH * 0.8) * (colors - base)).astype(np.uint32)[sure.argmax(axis=-1)]
    else:
        chance = np.float32(1.0 / count)
        lead = np.maximum(sure - chance, 0) * np.float32(WASH / (1 - 1 / count) if count > 1 else WASH)
        pixels = (base + lead @ (colors - base)).astype(np.uint32)
    return cast(Pixels, 0xFF000000 | pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2])


def photograph(values: Array) -> QImage:
    """A picture as it is in the data, (channels, height, width) from 0 to 1: three channels as its colours, one as grey."""
    rgb = values if len(values) == 3 else np.repeat(values[:1], 3, axis=0)
    byte = (_bounded(rgb, 0.0, 1.0, 0.0) * np.float32(255) + np.float32(0.5)).astype(np.uint32)
    return image(cast(Pixels, np.uint32(0xFF000000) | byte[0] << 16 | byte[1] << 8 | byte[2]))


def mask(labels: NDArray[np.integer]) -> QImage:
    """The class of each pixel in its colour; class 0 is the background and stays empty."""
    colors, base = _class_colors(max(1, int(labels.max(initial=0))))
    table = np.concatenate([base[None], colors])
    return image(_pack(table)[np.maximum(labels, 0)])


def image(pixels: Pixels, flip: bool = False) -> QImage:
    """A QImage with bytes of its own; `flip` puts row 0 at the bottom, as the planes of snapshots need it."""
    rows = np.ascontiguousarray(pixels[::-1] if flip else pixels)
    height, width = rows.shape
    return QImage(rows.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()


def signed_colors(values: Array, limit: float) -> list[QColor]:
    """The colours that `signed` gives these numbers."""
    return [QColor.fromRgb(pixel) for pixel in signed(values, limit).tolist()]


def scaled_colors(values: Array, low: float, high: float) -> list[QColor]:
    """The colours that `scaled` gives these numbers."""
    return [QColor.fromRgb(pixel) for pixel in scaled(values, low, high).tolist()]


def ramp(low: float, high: float, width: int, height: int, upright: bool = False) -> QImage:
    """The colour bar of `scaled`: from `low` at the left (or the bottom) to `high`."""
    steps = np.linspace(low, high, max(2, height if upright else width), dtype=np.float32)
    line = scaled(steps, low, high)
    pixels = np.repeat(line[:, None], width, axis=1) if upright else np.repeat(line[None, :], height, axis=0)
    return image(pixels, flip=upright)


# ---------------------------------------------------------------- what a node puts out


def limit_of(node: NodeActivations) -> float:
    """The size at which this node's colours are full: its largest value over the probe batch."""
    size = max(abs(node.low), abs(node.high))
    return size if isfinite(size) and size > SMALLEST_LIMIT else 1.0


def thumbnail(node: NodeActivations, width: int, height: int) -> QImage:
    """What a node puts out, in a picture of exactly this size: a mosaic of planes or maps, or bars. Gaps are clear."""
    width, height = max(1, width), max(1, height)
    if node.colours is not None:
        return _fitted(photograph(node.colours), width, height)
    if node.kind == "vector":
        return image(_bars(np.atleast_1d(node.values).ravel(), limit_of(node), width, height))
    if is_series(node.values):
        return image(_profile(node.values.ravel(), limit_of(node), width, height))
    tall, wide = node.values.shape[1:]
    aspect = wide / max(1, tall)
    if len(node.values) == 1:  # a table of numbers, such as words by features: never a thread that nobody can see
        aspect = min(2.0, max(0.5, aspect))
    columns, rows, tile_height = mosaic(len(node.values), width, height, aspect)
    tile_width = max(1, min(width, round(tile_height * aspect)))
    tiles = _tiles(node, slice(0, columns * rows), tile_width, tile_height)
    grid_width, grid_height = columns * (tile_width + GAP) - GAP, rows * (tile_height + GAP) - GAP
    corner = (max(0, (width - grid_width) // 2), max(0, (height - grid_height) // 2))
    return image(_placed(tiles, columns, GAP, corner, (width, height)))


def is_series(values: Array) -> bool:
    """Whether maps are one row of numbers or one column: moments of a series, not a picture."""
    return values.ndim == 3 and len(values) == 1 and min(values.shape[1:]) == 1 < max(values.shape[1:])


def _fitted(picture: QImage, width: int, height: int) -> QImage:
    """A picture as large as it can be in exactly this size, in the middle, its pixels sharp; the rest is clear."""
    scale = min(width / picture.width(), height / picture.height())
    shown = picture.scaled(max(1, round(picture.width() * scale)), max(1, round(picture.height() * scale)))
    return shown.copy((shown.width() - width) // 2, (shown.height() - height) // 2, width, height)


def sheet(node: NodeActivations, columns: int, tile_width: int, tile_height: int, gap: int) -> QImage:
    """All units of a node in rows of `columns` tiles of exactly this size, the gaps between them clear."""
    tiles = _tiles(node, slice(None), tile_width, tile_height)
    rows = ceil(len(tiles) / columns)
    size = (columns * (tile_width + gap) - gap, rows * (tile_height + gap) - gap)
    return image(_placed(tiles, columns, gap, (0, 0), size))


def enlarged(node: NodeActivations, unit: int, width: int, height: int) -> QImage:
    """One unit in exactly this size."""
    return image(_tiles(node, slice(unit, unit + 1), max(1, width), max(1, height))[0])


def mosaic(count: int, width: int, height: int, aspect: float = 1.0) -> tuple[int, int, int]:
    """Columns, rows and tile height that show `count` tiles as large as may be, or as many as have room."""
    best = (1, 1, max(1, min(height, int(width / aspect))))
    for rows in range(1, max(1, height // (SMALLEST_TILE + GAP)) + 1):
        tile_height = (height - GAP * (rows - 1)) // rows
        columns = max(1, int((width + GAP) / (tile_height * aspect + GAP)))
        best = (columns, rows, max(1, min(tile_height, int(width / aspect))))
        if columns * rows >= count:
            break
    columns, rows, tile_height = best
    rows = min(rows, max(1, ceil(count / columns)))
    return max(1, min(columns, ceil(count / rows))), rows, tile_height


def _tiles(node: NodeActivations, units: slice, width: int, height: int) -> Pixels:
    limit = limit_of(node)
    values = _bounded(node.values[units], -limit, limit, 0.0)
    small = _resample(values, height, width, smooth=node.kind == "plane")
    return signed(small[:, ::-1] if node.kind == "plane" else small, limit)


def _placed(tiles: Pixels, columns: int, gap: int, corner: tuple[int, int], size: tuple[int, int]) -> Pixels:
    canvas = np.zeros((size[1], size[0]), np.uint32)
    tall, wide = tiles.shape[1:]
    for number, pixels in enumerate(tiles):
        y = corner[1] + number // columns * (tall + gap)
        x = corner[0] + number % columns * (wide + gap)
        room = canvas[y : y + tall, x : x + wide]
        room[:] = pixels[: room.shape[0], : room.shape[1]]
    return canvas


def _bars(values: Array, limit: float, width: int, height: int) -> Pixels:
    canvas = np.zeros((height, width), np.uint32)
    count = min(len(values), max(1, width // 3))
    pitch = min(width / max(1, count), 24.0)
    left = (width - pitch * count) / 2
    share = _bounded(values[:count], -limit, limit, 0.0) / np.float32(limit)
    low = min(0.0, float(share.min(initial=0.0)))
    high = max(0.0, float(share.max(initial=0.0)))
    per_unit = (height - 1) / (high - low if high > low else 1.0)
    zero = round(high * per_unit)
    colors = signed(values[:count], limit)
    line = theme.current().color("muted").rgba()
    canvas[min(zero, height - 1), :] = line
    for number in range(count):
        x = int(left + number * pitch)
        end = round((high - float(share[number])) * per_unit)
        wide = max(1, int(pitch) - (1 if pitch < 6 else GAP))
        canvas[min(zero, end) : max(zero, end), x : x + wide] = colors[number]
    return canvas


def _profile(values: Array, limit: float, width: int, height: int) -> Pixels:
    """A series from left to right: each moment a column from zero to its value."""
    canvas = np.zeros((height, width), np.uint32)
    seen = _resample(_bounded(values, -limit, limit, 0.0)[None, None], 1, width, smooth=True)[0, 0]
    low, high = min(0.0, float(seen.min(initial=0.0))), max(0.0, float(seen.max(initial=0.0)))
    per_unit = (height - 1) / (high - low if high > low else 1.0)
    zero, ends = round(high * per_unit), np.round((high - seen) * per_unit).astype(int)
    lines = np.arange(height)[:, None]
    inside = (lines >= np.minimum(zero, ends)) & (lines <= np.maximum(zero, ends))
    canvas[:] = np.where(inside, signed(seen, limit)[None], np.uint32(0))
    canvas[min(zero, height - 1), :] = theme.current().color("muted").rgba()
    return canvas


def _resample(values: Array, height: int, width: int, smooth: bool) -> Array:
    down, across = _weights(values.shape[1], height, smooth), _weights(values.shape[2], width, smooth)
    return cast(Array, np.matmul(np.matmul(down, values), across.T))


@lru_cache(maxsize=64)
def _weights(source: int, target: int, smooth: bool) -> Array:
    """The matrix that resizes one axis: means over each target pixel; between samples if `smooth`, else nearest."""
    center = (np.arange(target) + 0.5) * source / target - 0.5
    if target > source and not smooth:
        center = np.round(center)
    reach = max(1.0, source / target)
    weight = np.maximum(0, 1 - np.abs(center[:, None] - np.arange(source)) / reach)
    weight[:, 0] += np.maximum(0, np.minimum(1, -center)) * (reach == 1)
    weight[:, -1] += np.maximum(0, np.minimum(1, center - (source - 1))) * (reach == 1)
    return cast(Array, (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32))


def _bounded(values: Array, low: float, high: float, instead: float) -> Array:
    """The values inside these bounds, and `instead` for what is no number; a tenth of nan_to_num's time."""
    inside = np.minimum(np.maximum(values, np.float32(low)), np.float32(high))
    missing = np.isnan(inside)
    if missing.any():
        inside[missing] = instead
    return cast(Array, inside)


# ---------------------------------------------------------------- tables


@lru_cache(maxsize=8)
def _signed_table(negative: str, zero: str, positive: str) -> Pixels:
    low, middle, high = (_rgb(QColor(name)) for name in (negative, zero, positive))
    share = ((np.arange(256) - 128) / 127.0).clip(-1, 1)[:, None]
    return _pack(middle + np.where(share < 0, (low - middle) * -share, (high - middle) * share))


@lru_cache(maxsize=1)
def _magnitude_table() -> Pixels:
    """A straight climb in lightness through violet, teal and green to yellow, in the OKLCh space."""
    share = np.linspace(0, 1, 256)
    lightness = 0.28 + 0.64 * share
    hue = np.radians(305 - 200 * share)
    chroma = 0.095 + 0.03 * np.sin(np.pi * share) + 0.07 * share**2  # inside what screens can show, all the way
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    cone = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    mix = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    light = (mix @ cone**3).clip(0, 1)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return _pack(255 * srgb.T)


def _class_colors(count: int) -> tuple[Array, Array]:
    now = theme.current()
    return _class_table(now.classes, now.zero, count)


@lru_cache(maxsize=32)
def _class_table(names: Sequence[str], zero: str, count: int) -> tuple[Array, Array]:
    colors = np.stack([_rgb(QColor(names[k % len(names)])) for k in range(max(1, count))])
    return colors.astype(np.float32), _rgb(QColor(zero)).astype(np.float32)


def _rgb(color: QColor) -> NDArray[np.float64]:
    return np.array([color.red(), color.green(), color.blue()], dtype=float)


def _pack(rgb: NDArray[np.float64]) -> Pixels:
    whole = np.round(rgb).clip(0, 255).astype(np.uint32)
    return cast(Pixels, np.uint32(0xFF000000) | whole[:, 0] << 16 | whole[:, 1] << 8 | whole[:, 2])
