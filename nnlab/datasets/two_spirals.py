"""Two long spirals without noise, as many points as a deep network needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 5
SIZES = (1000, 1000, 4000)


@DATASETS.register("two-spirals")
@dataclass(frozen=True)
class TwoSpirals(Dataset):
    """Two arms that wind around each other nearly twice, from the very middle out to 1: a test for deep networks."""

    title = "Two spirals"
    category = "Points in the plane"

    samples: int = param(
        SIZES[0],
        "How many points to train on; 1,000 more are for validation, 4,000 for the test.",
        low=10,
        high=100_000,
    )
    noise: float = param(0.0, "How far points stray from their arm.", low=0.0, high=1.0)
    turns: float = param(1.75, "How often each arm winds around.", low=0.1, high=5.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two coordinates, one class for each arm."""
        sizes = (self.samples, *SIZES[1:])
        return DataSpec((2,), "classes", ("x₁", "x₂"), ("Arm 1", "Arm 2"), rows=sum(sizes), split=sizes)

    def make(self) -> Samples:
        """Points spread evenly along their arm by lot, in three parts that are drawn apart."""
        made = [self._part(k, rows) for k, rows in enumerate((self.samples, *SIZES[1:]))]
        points, labels = (np.concatenate(each) for each in zip(*made, strict=True))
        return Samples(points, labels)

    def _part(self, number: int, rows: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rng = np.random.default_rng([SET, number, self.seed])
        labels = rng.permutation(np.arange(rows) % 2).astype(np.int64)
        radius = np.sqrt(rng.uniform(0, 1, rows))
        angle = radius * self.turns * 2 * np.pi + np.pi * labels
        points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points += self.noise * rng.standard_normal(points.shape)
        return points.astype(np.float32), labels
