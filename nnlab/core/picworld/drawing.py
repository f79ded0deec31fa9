"""PicWorld's pictures: many objects drawn at once, each with its own place, light, background, angle and focus."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import radians

import numpy as np
from numpy.typing import NDArray

from nnlab.core.picworld.objects import OBJECTS, Part

Exact = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Yes = NDArray[np.bool_]

SIDE = 32
FINE = 2  # points in a pixel, along each axis
AT_ONCE = 12  # pictures whose numbers stay in the processor's own memory
WHITE = 255
PLACE, TURN, SHEAR, SIZE, SHRINK = 0.3, radians(20), 0.2, 0.75, 0.35
DARKER, BRIGHTER, SIDEWAYS = 0.5, 0.3, 0.4
BLUR, NOISE, MORE_NOISE = 1.2, 0.02, 0.03
BLOCKS = 8  # along a background of coloured blocks


@dataclass(frozen=True)
class Troubles:
    """What makes it hard to see what a picture shows, each from 0 (easy) to 1 (hard)."""

    place: float
    """Where the object is, and how far away."""
    light: float
    """How bright the picture is, and from which side."""
    background: float
    """How busy it is behind the object."""
    angle: float
    """How far the object is turned and leans."""
    focus: float
    """How blurred and grainy the picture is."""


@dataclass(frozen=True)
class Drawn:
    """Pictures with what is to be seen where."""

    pictures: Bytes
    """(n, 3, 32, 32), from 0 (dark) to 255."""
    parts: NDArray[np.int8]
    """(n, 32, 32): which part of its object a pixel shows, counted in the order they are painted; −1 is background."""


def draw(names: Sequence[str], labels: NDArray[np.int64], troubles: Troubles, rng: np.random.Generator) -> Drawn:
    """A picture of names[k] for every label k."""
    frames, colours = _frames(len(labels), troubles, rng), _colours(len(labels), rng)
    pictures = _backgrounds(len(labels), troubles.background, rng)
    parts = np.full((len(labels), SIDE, SIDE), -1, np.int8)
    for k, name in enumerate(names):
        rows = np.flatnonzero(labels == k)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            painted = paint(OBJECTS[name], frames[some])
            parts[some] = seen(painted)
            slots = np.array([0, *(part.slot + 1 for part in OBJECTS[name])], np.uint8)[painted]
            pictures[some] = coloured(pictures[some], slots, colours[some])
    _light(pictures, troubles.light, rng)
    pictures = _focus(pictures, troubles.focus, rng)
    return Drawn(developed(pictures), parts)


def developed(pictures: Exact) -> Bytes:
    """Numbers from 0 to 1 as a picture file has them, in 256 steps."""
    return (np.clip(pictures, 0, 1) * WHITE + np.float32(0.5)).astype(np.uint8)


# ---------------------------------------------------------------- painting


def paint(parts: Sequence[Part], frames: Exact) -> Bytes:
    """(n, 64, 64): the number of the part on top at every point, from 1; 0 where there is none.

    A frame has six numbers: u = f0·x + f1·y + f2 and v = f3·x + f4·y + f5 are the object's own places of a point.
    """
    points = (np.arange(FINE * SIDE, dtype=np.float32) + np.float32(0.5)) / np.float32(FINE * SIDE / 2) - 1
    f = frames[:, :, None, None]
    x, y = points[None, None, :], points[None, :, None]
    u, v = f[:, 0] * x + f[:, 1] * y + f[:, 2], f[:, 3] * x + f[:, 4] * y + f[:, 5]
    painted = np.zeros(u.shape, np.uint8)
    for k, part in enumerate(parts):
        inside = _FORMS[part.form](u, v, *(np.float32(number) for number in part.numbers))
        np.copyto(painted, np.uint8(k + 1), where=inside)
    return painted


def _ellipse(u: Exact, v: Exact, x: float, y: float, half_width: float, half_height: float) -> Yes:
    across, down = (u - x) / half_width, (v - y) / half_height
    across *= across
    down *= down
    across += down
    return np.asarray(across <= 1)


def _box(u: Exact, v: Exact, x: float, y: float, half_width: float, half_height: float) -> Yes:
    return np.asarray((np.abs(u - x) <= half_width) & (np.abs(v - y) <= half_height))


def _triangle(u: Exact, v: Exact, ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> Yes:
    turn = 1.0 if (bx - ax) * (cy - ay) > (by - ay) * (cx - ax) else -1.0
    inside = np.ones(u.shape, bool)
    for px, py, qx, qy in ((ax, ay, bx, by), (bx, by, cx, cy), (cx, cy, ax, ay)):
        side = v * np.float32(turn * (qx - px))
        side -= u * np.float32(turn * (qy - py))
        inside &= side >= np.float32(turn * ((qx - px) * py - (qy - py) * px))
    return inside


def _line(u: Exact, v: Exact, ax: float, ay: float, bx: float, by: float, reach: float) -> Yes:
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    along = u * np.float32(dx / length)
    along += v * np.float32(dy / length)
    along -= np.float32((ax * dx + ay * dy) / length)
    np.clip(along, 0, 1, out=along)
    across, down = u - ax, v - ay
    across -= along * dx
    down -= along * dy
    across *= across
    down *= down
    across += down
    return np.asarray(across <= reach * reach)


_FORMS: dict[str, Callable[..., Yes]] = {"ellipse": _ellipse, "box": _box, "triangle": _triangle, "line": _line}


def _four(painted: Bytes) -> list[Bytes]:
    """The points of each pixel, one array for each of the four."""
    return [painted[:, row::FINE, column::FINE] for row in range(FINE) for column in range(FINE)]


def seen(painted: Bytes) -> NDArray[np.int8]:
    """The part that most of a pixel's points show, the one on top where that is a tie; −1 where under half are covered."""
    points = _four(painted)
    best = np.zeros(points[0].shape, np.int8)
    lead = np.zeros(points[0].shape, np.uint8)
    covered = np.zeros(points[0].shape, np.uint8)
    for point in points:
        covered += point > 0
        votes = np.zeros(point.shape, np.uint8)
        for other in points:
            votes += point == other
        votes *= 32
        votes += point
        votes[point == 0] = 0
        better = votes > lead
        np.copyto(lead, votes, where=better)
        np.copyto(best, point.astype(np.int8), where=better)
    return np.where(2 * covered >= FINE * FINE, best - 1, -1).astype(np.int8)


def coloured(behind: Exact, slots: Bytes, colours: Exact) -> Exact:
    """These pictures with the slots' colours (n, slots, 3) laid over them, each as far as it covers a pixel.

    One picture and one set of slots may stand for all n colours.
    """
    points = _four(slots)
    bare = sum((p == 0).astype(np.float32) for p in points) / np.float32(len(points))
    result = np.repeat(behind * bare[:, None], len(colours) // len(behind), axis=0)
    for slot in range(colours.shape[1]):
        cover = sum((p == slot + 1).astype(np.float32) for p in points) / np.float32(len(points))
        result += cover[:, None] * colours[:, slot, :, None, None]
    return np.asarray(result, np.float32)


# ---------------------------------------------------------------- what is drawn by lot


def _frames(n: int, troubles: Troubles, rng: np.random.Generator) -> Exact:
    """Where each object lies: its own places as a function of the picture's."""
    place = PLACE * troubles.place * rng.uniform(-1, 1, (n, 2))
    size = SIZE * (1 - SHRINK * troubles.place * rng.uniform(0, 1, n))
    angle = TURN * troubles.angle * rng.uniform(-1, 1, n)
    shear = SHEAR * troubles.angle * rng.uniform(-1, 1, n)
    turned = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], 1) / size[:, None]
    u = turned[:, :2] - shear[:, None] * turned[:, 2:]
    v = turned[:, 2:]
    shifts = [-(axis * place).sum(1, keepdims=True) for axis in (u, v)]
    return np.concatenate([u, shifts[0], v, shifts[1]], 1).astype(np.float32)


def _colours(n: int, rng: np.random.Generator) -> Exact:
    """(n, 4, 3): main, dark, light and second colour of each object."""
    main = rng.uniform(0.05, 0.8, (n, 3))
    dark, light = rng.uniform(0.05, 0.18, (n, 3)), rng.uniform(0.75, 1, (n, 3))
    second = np.clip(main + rng.uniform(-0.3, 0.3, (n, 3)), 0, 1)
    return np.stack([main, dark, light, second], 1).astype(np.float32)


def _backgrounds(n: int, trouble: float, rng: np.random.Generator) -> Exact:
    """(n, 3, 32, 32): a flat colour, and over it, as strong as the trouble, a ramp, stripes or blocks of other colours."""
    kind = rng.integers(0, 4, n)
    flat, other = rng.uniform(0, 1, (2, n, 3)).astype(np.float32)
    blocks = rng.uniform(0, 1, (n, 3, BLOCKS, BLOCKS)).astype(np.float32)
    heading, count, phase = rng.uniform(0, 2 * np.pi, n), rng.uniform(2, 5, n), rng.uniform(0, 1, n)
    centres = (np.arange(SIDE) + 0.5) / (SIDE / 2) - 1
    along = (np.cos(heading)[:, None, None] * centres + np.sin(heading)[:, None, None] * centres[:, None]) / np.sqrt(2)
    share = np.zeros((n, SIDE, SIDE), np.float32)
    ramps, stripes, checks = kind == 1, kind == 2, kind == 3
    share[ramps] = (along[ramps] + 1) / 2
    share[stripes] = (along[stripes] * count[stripes, None, None] + phase[stripes, None, None]) % 1 < 0.5
    base = np.broadcast_to(flat[:, :, None, None], (n, 3, SIDE, SIDE)).copy()
    base += np.float32(trouble) * share[:, None] * (other - flat)[:, :, None, None]
    wide = blocks[checks].repeat(SIDE // BLOCKS, 2).repeat(SIDE // BLOCKS, 3)
    base[checks] += np.float32(trouble) * (wide - base[checks])
    return base


def _light(pictures: Exact, trouble: float, rng: np.random.Generator) -> None:
    """Brighter or darker as a whole, and from one side to the other."""
    whole = 1 + trouble * rng.uniform(-DARKER, BRIGHTER, len(pictures))
    side = SIDEWAYS * trouble * rng.uniform(-1, 1, len(pictures))
    centres = (np.arange(SIDE) + 0.5) / (SIDE / 2) - 1
    factor = (whole[:, None] * (1 + side[:, None] * centres)).astype(np.float32)
    pictures *= factor[:, None, None, :]


def _focus(pictures: Exact, trouble: float, rng: np.random.Generator) -> Exact:
    """Blurred by a bell curve of up to 1.2 pixels, then with some noise."""
    sigma = np.maximum(BLUR * trouble * rng.uniform(0, 1, len(pictures)), 1e-3)
    apart = np.subtract.outer(np.arange(SIDE), np.arange(SIDE)) ** 2
    bell = np.exp(-apart / (2 * sigma[:, None, None] ** 2))
    bell = (bell / bell.sum(2, keepdims=True)).astype(np.float32)[:, None]
    noise = rng.standard_normal(pictures.shape, np.float32)
    noise *= np.float32(NOISE + MORE_NOISE * trouble)
    return np.asarray(bell @ pictures @ bell.transpose(0, 1, 3, 2) + noise, np.float32)
