"""The objects of PicWorld: what parts each is painted of, in the order they are painted.

A part lies in the object's own frame, −1 to 1 across and down, and has one of four colours.
"""

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Literal

MAIN, DARK, LIGHT, SECOND = range(4)
"""Colour slots of an object."""


@dataclass(frozen=True)
class Part:
    """One painted form with the name of what it stands for; forms of the same name are one kind of part."""

    name: str
    slot: int
    form: Literal["ellipse", "box", "triangle", "line"]
    numbers: tuple[float, ...]


def ellipse(name: str, slot: int, x: float, y: float, half_width: float, half_height: float) -> Part:
    """An ellipse about (x, y)."""
    return Part(name, slot, "ellipse", (x, y, half_width, half_height))


def box(name: str, slot: int, x: float, y: float, half_width: float, half_height: float) -> Part:
    """A rectangle about (x, y)."""
    return Part(name, slot, "box", (x, y, half_width, half_height))


def triangle(name: str, slot: int, *corners: float) -> Part:
    """A triangle: x and y of three corners."""
    return Part(name, slot, "triangle", corners)


def line(name: str, slot: int, *numbers: float) -> Part:
    """A thick line: x and y of both ends, and how far it reaches to either side."""
    return Part(name, slot, "line", numbers)


def _both(part: Part) -> tuple[Part, Part]:
    """The part and its mirror image: every other number is an x, up to the sizes."""
    places = {"ellipse": (0,), "box": (0,), "triangle": (0, 2, 4), "line": (0, 2)}[part.form]
    mirrored = tuple(-number if k in places else number for k, number in enumerate(part.numbers))
    return part, Part(part.name, part.slot, part.form, mirrored)


_WHISKERS = tuple(
    whisker
    for d in (0.0, 0.14, 0.28)
    for whisker in _both(line("whisker", DARK, 0.18, 0.28 + 0.3 * d, 0.92, 0.22 + d, 0.03))
)
_PETALS = tuple(
    ellipse("petal", MAIN, 0.34 * sin(2 * pi * k / 5) + 0.0, -0.3 - 0.34 * cos(2 * pi * k / 5), 0.24, 0.24)
    for k in range(5)
)

OBJECTS: dict[str, tuple[Part, ...]] = {
    "cat": (
        *_both(triangle("ear", MAIN, -0.62, -0.25, -0.55, -0.95, -0.12, -0.55)),
        ellipse("head", MAIN, 0, 0.05, 0.66, 0.6),
        *_both(ellipse("eye", DARK, -0.25, -0.08, 0.11, 0.13)),
        triangle("nose", LIGHT, -0.09, 0.17, 0.09, 0.17, 0, 0.28),
        *_WHISKERS,
    ),
    "dog": (
        ellipse("head", MAIN, 0, 0, 0.52, 0.62),
        *_both(ellipse("ear", SECOND, -0.58, -0.05, 0.17, 0.5)),
        ellipse("muzzle", LIGHT, 0, 0.32, 0.3, 0.28),
        ellipse("nose", DARK, 0, 0.2, 0.13, 0.1),
        *_both(ellipse("eye", DARK, -0.2, -0.15, 0.08, 0.08)),
        ellipse("tongue", SECOND, 0, 0.62, 0.1, 0.16),
    ),
    "bird": (
        ellipse("body", MAIN, -0.05, 0.15, 0.6, 0.36),
        ellipse("head", MAIN, 0.48, -0.3, 0.27, 0.27),
        triangle("beak", LIGHT, 0.7, -0.38, 0.7, -0.18, 0.98, -0.26),
        ellipse("wing", SECOND, -0.15, 0.1, 0.35, 0.18),
        triangle("tail", SECOND, -0.55, 0.1, -0.98, -0.12, -0.95, 0.25),
        ellipse("eye", DARK, 0.54, -0.36, 0.07, 0.07),
        line("leg", LIGHT, -0.05, 0.5, -0.05, 0.88, 0.04),
        line("leg", LIGHT, 0.15, 0.48, 0.15, 0.88, 0.04),
    ),
    "fish": (
        ellipse("body", MAIN, 0.1, 0, 0.65, 0.38),
        triangle("tail", SECOND, -0.45, 0, -0.95, -0.4, -0.95, 0.4),
        triangle("fin", SECOND, 0, -0.3, 0.25, -0.35, -0.05, -0.7),
        ellipse("eye", DARK, 0.48, -0.1, 0.08, 0.08),
    ),
    "car": (
        box("cabin", MAIN, -0.02, -0.22, 0.48, 0.26),
        box("chassis", MAIN, 0, 0.18, 0.92, 0.24),
        box("window", LIGHT, -0.25, -0.2, 0.19, 0.16),
        box("window", LIGHT, 0.22, -0.2, 0.19, 0.16),
        *_both(ellipse("wheel", DARK, -0.52, 0.44, 0.23, 0.23)),
    ),
    "house": (
        box("wall", MAIN, 0, 0.32, 0.66, 0.5),
        triangle("roof", SECOND, -0.86, -0.16, 0.86, -0.16, 0, -0.9),
        box("door", DARK, 0, 0.53, 0.14, 0.29),
        *_both(box("window", LIGHT, -0.4, 0.2, 0.15, 0.15)),
    ),
    "tree": (
        box("trunk", SECOND, 0, 0.55, 0.12, 0.4),
        *_both(ellipse("crown", MAIN, -0.32, -0.1, 0.4, 0.38)),
        ellipse("crown", MAIN, 0, -0.45, 0.42, 0.4),
    ),
    "flower": (
        line("stem", SECOND, 0, 0, 0, 0.95, 0.06),
        *_PETALS,
        ellipse("centre", LIGHT, 0, -0.3, 0.2, 0.2),
    ),
    "rabbit": (
        *_both(ellipse("ear", MAIN, -0.24, -0.6, 0.13, 0.38)),
        ellipse("head", MAIN, 0, 0.2, 0.52, 0.5),
        *_both(ellipse("eye", DARK, -0.2, 0.08, 0.08, 0.1)),
        ellipse("nose", LIGHT, 0, 0.3, 0.08, 0.06),
        box("teeth", LIGHT, 0, 0.5, 0.09, 0.1),
    ),
    "truck": (
        box("box", MAIN, -0.3, -0.12, 0.62, 0.45),
        box("cabin", SECOND, 0.62, 0.06, 0.26, 0.28),
        box("window", LIGHT, 0.68, -0.03, 0.14, 0.11),
        ellipse("wheel", DARK, -0.55, 0.46, 0.2, 0.2),
        ellipse("wheel", DARK, 0, 0.46, 0.2, 0.2),
        ellipse("wheel", DARK, 0.62, 0.46, 0.2, 0.2),
    ),
    "boat": (
        triangle("hull", MAIN, -0.9, 0.3, 0.9, 0.3, 0, 0.95),
        box("hull", MAIN, 0, 0.42, 0.6, 0.14),
        line("mast", DARK, 0, -0.9, 0, 0.3, 0.04),
        triangle("sail", LIGHT, 0.06, -0.85, 0.06, 0.18, 0.75, 0.18),
        triangle("sail", LIGHT, -0.06, -0.6, -0.06, 0.18, -0.5, 0.18),
    ),
    "mushroom": (
        box("stalk", LIGHT, 0, 0.45, 0.2, 0.45),
        ellipse("cap", MAIN, 0, -0.1, 0.75, 0.45),
        ellipse("spot", LIGHT, -0.3, -0.2, 0.12, 0.12),
        ellipse("spot", LIGHT, 0.25, -0.3, 0.12, 0.12),
        ellipse("spot", LIGHT, 0.05, 0.05, 0.1, 0.1),
    ),
}

BASE = tuple(OBJECTS)[:8]
"""The eight that a backbone learns."""
NOVEL = tuple(OBJECTS)[8:]
"""The four that it never saw."""
