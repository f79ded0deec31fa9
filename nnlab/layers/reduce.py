"""Many numbers into one: the mean, sum, largest, smallest or length along axes."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.axes import axes, listed, numbers
from nnlab.core.formula import Exact, Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import param

FUNCTIONS = {
    "mean": "torch.mean",
    "sum": "torch.sum",
    "max": "torch.amax",
    "min": "torch.amin",
    "norm": "torch.linalg.vector_norm",
}
COMPUTED: dict[str, Callable[[Exact], float]] = {
    "mean": lambda x: float(np.mean(x)),
    "sum": lambda x: float(np.sum(x)),
    "max": lambda x: float(np.max(x)),
    "min": lambda x: float(np.min(x)),
    "norm": lambda x: float(np.sqrt(np.sum(x**2))),
}
SAID = {"mean": "the mean", "sum": "the sum", "max": "the largest", "min": "the smallest", "norm": "the length"}
SUMMARY = 24  # characters on a node


@LAYERS.register("Reduce")
@dataclass(frozen=True)
class Reduce(Layer):
    """Makes one number of all numbers along an axis: their mean, sum, largest, smallest, or length.

    The mean over the steps of a series, or over rows and columns of a picture, says what is in it and not where.
    """

    title = "Reduce"
    category = "Merge and reshape"
    tier = 2
    formula = "y = mean of x along an axis"

    kind: str = param(
        "mean",
        "What becomes of the numbers.",
        choices={"mean": "Mean", "sum": "Sum", "max": "Largest", "min": "Smallest", "norm": "Length (norm)"},
    )
    dims: str = param("-1", "Along which axes, with commas; 1 is the first after the batch, -1 the last.", label="Axes")
    keepdim: bool = param(False, "Keep the axes, with a size of 1.", label="Keep the axes")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The axes go, or become 1."""
        (shape,) = shapes
        gone = axes(self._dims(), shape)
        if self.keepdim:
            return tuple(1 if k in gone else n for k, n in enumerate(shape))
        return tuple(n for k, n in enumerate(shape) if k not in gone)

    def flops(self, *shapes: Shape) -> int:
        """One operation per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.mean, sum, amax, amin or the norm."""
        dims = self._dims()
        at = str(dims[0]) if len(dims) == 1 else f"({listed(dims)})"
        keep = ", keepdim=True" if self.keepdim else ""
        return TorchCode(f"{FUNCTIONS[self.kind]}({{0}}, dim={at}{keep})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Over how many numbers."""
        gone = axes(self._dims(), spot.inputs[0].shape)
        place = iter(spot.place)
        at = tuple(slice(None) if k in gone and not self.keepdim else next(place) for k in range(spot.inputs[0].ndim))
        if self.keepdim:
            at = tuple(slice(None) if k in gone else p for k, p in enumerate(at))
        seen = np.asarray(spot.inputs[0][at])
        value = COMPUTED[self.kind](seen)
        line = f" = {SAID[self.kind]} of {words.plural(seen.size, 'number')}"
        return spot.output_formula(f"y = {SAID[self.kind]} of x along the axis", line, value)

    def summary(self) -> str:
        """What becomes of which axes."""
        return f"{self.kind} · axis {self.dims}"[:SUMMARY]

    def _dims(self) -> tuple[int, ...]:
        return numbers(self.dims, "axes", "2, 3")
