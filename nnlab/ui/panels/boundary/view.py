"""What the boundary panel shows: the newest answers, and the choices made in its controls."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PySide6.QtGui import QColor

from nnlab.core.dataset import DataSpec
from nnlab.engine.wants import Array, Boundary, Part, Points
from nnlab.ui.look import labels, pictures, theme

NEAR = 9.0  # pixels from a point at which it is meant


@dataclass(frozen=True)
class View:
    """One moment of the panel."""

    boundary: Boundary
    spec: DataSpec
    x_input: int = 0
    y_input: int = 1
    points: dict[Part, Points] = field(default_factory=dict)
    shown: tuple[Part, ...] = ("train", "validation")
    discretise: bool = False

    @property
    def xs(self) -> Array:
        """Where the columns of the answer lie."""
        return np.linspace(*self.boundary.x_range, self.boundary.values.shape[1], dtype=np.float32)

    @property
    def is_line(self) -> bool:
        """There is one input, so the answer is a curve over it."""
        return len(self.boundary.values) == 1

    @property
    def is_classes(self) -> bool:
        """The answer is a class, not a value."""
        return self.boundary.task == "classes"

    @property
    def is_square(self) -> bool:
        """Both inputs are coordinates of one plane, so a step means as much in either."""
        return len(self.spec.inputs) == 2 and self.is_classes

    def input_name(self, number: int) -> str:
        """An input's name as it may be painted."""
        known = number < len(self.spec.inputs)
        return labels.plain(self.spec.inputs[number]) if known else f"input {number + 1}"

    def answer_name(self, number: int) -> str:
        """A class's name, or the name of a value to predict."""
        known = number < len(self.spec.answers)
        return labels.plain(self.spec.answers[number]) if known else f"class {number + 1}"

    @cached_property
    def span(self) -> tuple[float, float]:
        """The range of the values to predict, from the data, so that colours hold still while the network learns."""
        targets = [points.target for points in self.points.values() if len(points.target)]
        values = np.concatenate(targets) if targets else self.boundary.values
        values = values[np.isfinite(values)]
        if len(values) == 0:
            return (-1.0, 1.0)
        low, high = float(values.min()), float(values.max())
        return (low, high) if high > low else (low - 1, high + 1)

    @cached_property
    def pixels(self) -> pictures.Pixels:
        """The plane in colours, the lowest y first."""
        if self.is_classes:
            return pictures.classes(self.boundary.values, self.discretise)
        return pictures.scaled(self.boundary.values[..., 0], *self.span)

    def colors(self, points: Points) -> list[QColor] | None:
        """A colour for each point: its value's on a plane; None where the classes have their own."""
        if self.is_classes:
            return None
        if self.is_line:
            return [theme.current().color("train")] * len(points.target)
        return pictures.scaled_colors(points.target, *self.span)

    def value_at(self, x: float, y: float) -> Array | None:
        """What the network answers at this place: a probability for each class, or one value."""
        rows, columns, _ = self.boundary.values.shape
        across = _share(x, self.boundary.x_range)
        up = 0.0 if self.is_line else _share(y, self.boundary.y_range)
        if not (0 <= across <= 1 and 0 <= up <= 1):
            return None
        found: Array = self.boundary.values[round(up * (rows - 1)), round(across * (columns - 1))]
        return found


def _share(value: float, span: tuple[float, float]) -> float:
    return (value - span[0]) / (span[1] - span[0]) if span[1] > span[0] else 0.0
