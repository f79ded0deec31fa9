"""Points on two half circles that reach into each other."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param


@DATASETS.register("moons")
@dataclass(frozen=True)
class Moons(Dataset):
    """Two crescents that reach into each other: a bent line parts them, a straight one nearly does."""

    title = "Moons"
    category = "Points in the plane"

    samples: int = param(300, "How many points in all.", low=10, high=100_000)
    noise: float = param(0.25, "How far points stray from their crescent.", low=0.0, high=2.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two coordinates, one class per crescent."""
        return DataSpec((2,), "classes", ("x₁", "x₂"), ("Upper moon", "Lower moon"), rows=self.samples)

    def make(self) -> Samples:
        """Half circles of radius 2, the lower one moved to the right; classes in turn."""
        rng = np.random.default_rng(self.seed)
        target = np.arange(self.samples) % 2
        angle = rng.uniform(0, np.pi, self.samples)
        side = 1.0 - 2.0 * target
        x = side * (2 * np.cos(angle) - 1)
        y = side * (2 * np.sin(angle) - 0.5)
        points = np.stack([x, y], axis=1) + rng.normal(0, self.noise, (self.samples, 2))
        return Samples(points.astype(np.float32), target.astype(np.int64))
