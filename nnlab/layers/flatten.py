"""From a picture to a row."""

from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core.formula import Formula, Place, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

AXES = 8  # more than any tensor here has


@LAYERS.register("Flatten")
@dataclass(frozen=True)
class Flatten(Layer):
    """Lays all numbers of a sample out in one row, so that a Linear layer can see the whole picture at once.

    Nothing is computed and nothing is lost but the order in space. Axis 0 is the batch and stays as it is.
    """

    title = "Flatten"
    category = "Core"
    formula = "y = x, in one row"

    start_dim: int = param(
        1, "First axis to lay out; 1 is the first after the batch.", low=-AXES, high=AXES, advanced=True
    )
    end_dim: int = param(-1, "Last axis to lay out; -1 is the last there is.", low=-AXES, high=AXES, advanced=True)

    def output_shape(self, *shapes: Shape) -> Shape:
        """The axes from start to end become one."""
        (shape,) = shapes
        start, end = self._axis(self.start_dim, shape), self._axis(self.end_dim, shape)
        if start > end:
            raise ShapeError(f"starts at axis {start} and ends before it, at axis {end}: use start 1 and end -1")
        return (*shape[: start - 1], prod(shape[start - 1 : end]), *shape[end:])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.flatten, with the end only where it is not the last axis."""
        axes = (self.start_dim,) if self.end_dim == -1 else (self.start_dim, self.end_dim)
        return TorchCode(f"torch.flatten({{0}}, {', '.join(map(str, axes))})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Where the number stood before."""
        there = self._origin(spot)
        where = [f"{axis} {k + 1}" for axis, k in zip(("map", "row", "column"), there, strict=False)]
        said = ", ".join(where) if len(there) == 3 else f"unit {there[0] + 1}"
        return spot.output_formula(self.formula, f", taken over from {said}", float(spot.inputs[0][there]))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Back to where the number stood."""
        return (spot.passes("∂L/∂x = δ, put back in its place", " = δ", spot.delta, self._origin(spot)),)

    def _origin(self, spot: Spot) -> Place:
        """A flattening leaves the order of the numbers as it is."""
        flat = np.ravel_multi_index(spot.place, spot.output.shape)
        return tuple(int(k) for k in np.unravel_index(flat, spot.inputs[0].shape))

    def summary(self) -> str:
        """Which axes, where that is not all of them."""
        return "" if (self.start_dim, self.end_dim) == (1, -1) else f"axes {self.start_dim} to {self.end_dim}"

    def _axis(self, axis: int, shape: Shape) -> int:
        """The axis counted from the batch, which is 0."""
        found = axis if axis >= 0 else axis + len(shape) + 1
        if found == 0:
            raise ShapeError("would mix the samples of a batch: axis 0 is the batch, start at axis 1")
        if not 0 < found <= len(shape):
            raise ShapeError(f"has no axis {axis}: there are only {len(shape)} after the batch; use start 1 and end -1")
        return found
