"""A function of two numbers, with noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

Points = NDArray[np.float64]

HALF = 3.0


@DATASETS.register("surface")
@dataclass(frozen=True)
class Surface(Dataset):
    """Points on a landscape: the network learns the height z above every place of the plane."""

    title = "Surface"
    category = "Curves and surfaces"

    samples: int = param(500, "How many points in all.", low=10, high=100_000)
    shape: str = param(
        "hills",
        "What the landscape looks like without noise.",
        choices={"plane": "Plane", "saddle": "Saddle", "hills": "Hills and valleys", "ripple": "Ripple"},
    )
    noise: float = param(0.05, "How far points stray up and down.", low=0.0, high=2.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two coordinates in, one height out."""
        return DataSpec((2,), "values", ("x₁", "x₂"), ("z",), rows=self.samples)

    def make(self) -> Samples:
        """Places drawn evenly from the square between −3 and 3."""
        rng = np.random.default_rng(self.seed)
        x, y = rng.uniform(-HALF, HALF, (2, self.samples))
        z = _SHAPES[self.shape](x, y) + rng.normal(0, self.noise, self.samples)
        return Samples(np.stack([x, y], axis=1).astype(np.float32), z[:, None].astype(np.float32))


def _plane(x: Points, y: Points) -> Points:
    return (x + y) / 6


def _saddle(x: Points, y: Points) -> Points:
    return x * y / 9


def _hills(x: Points, y: Points) -> Points:
    total = np.zeros_like(x)
    for height, at_x, at_y in ((1.0, -1.5, -1.5), (1.0, 1.5, 1.5), (-1.0, -1.5, 1.5), (-1.0, 1.5, -1.5)):
        total += height * np.exp(-((x - at_x) ** 2) - (y - at_y) ** 2)
    return total


def _ripple(x: Points, y: Points) -> Points:
    height: Points = np.cos(2 * np.hypot(x, y))
    return height


_SHAPES = {"plane": _plane, "saddle": _saddle, "hills": _hills, "ripple": _ripple}
