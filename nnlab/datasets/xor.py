"""Points in four squares, coloured like a chessboard."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

HALF = 3.0
GAP = 0.15  # kept free on both sides of the axes


@DATASETS.register("xor")
@dataclass(frozen=True)
class Xor(Dataset):
    """Four squares coloured like a chessboard: the smallest task that one straight line cannot solve.

    A point's class says whether its two coordinates have the same sign. XOR is short for "exclusive or":
    one or the other, but not both.
    """

    title = "XOR"
    category = "Points in the plane"

    samples: int = param(300, "How many points in all.", low=10, high=100_000)
    noise: float = param(0.1, "How far points stray, across the borders too.", low=0.0, high=2.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two coordinates; the class says whether their signs agree."""
        return DataSpec((2,), "classes", ("x₁", "x₂"), ("Same sign", "Opposite signs"), rows=self.samples)

    def make(self) -> Samples:
        """The four squares in turn, so that they hold equally many points."""
        rng = np.random.default_rng(self.seed)
        square = np.arange(self.samples) % 4
        right, top = square % 2, square // 2
        signs = np.stack([2 * right - 1, 2 * top - 1], axis=1)
        points = signs * rng.uniform(GAP, HALF, (self.samples, 2)) + rng.normal(0, self.noise, (self.samples, 2))
        return Samples(points.astype(np.float32), (right != top).astype(np.int64))
