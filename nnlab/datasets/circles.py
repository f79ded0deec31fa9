"""Points on rings around a common middle."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

RADIUS = 3.0


@DATASETS.register("circles")
@dataclass(frozen=True)
class Circles(Dataset):
    """Points on rings, one inside the other: the network has to close a line around the inner ones."""

    title = "Circles"
    category = "Points in the plane"

    samples: int = param(300, "How many points in all.", low=10, high=100_000)
    classes: int = param(2, "How many rings, one class each.", low=2, high=5)
    noise: float = param(0.2, "How far points stray from their ring.", low=0.0, high=2.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two coordinates, one class per ring from the inside outwards."""
        names = (
            ("Inner ring", "Outer ring") if self.classes == 2 else tuple(f"Ring {k + 1}" for k in range(self.classes))
        )
        return DataSpec((2,), "classes", ("x₁", "x₂"), names, rows=self.samples)

    def make(self) -> Samples:
        """Rings of equal distance, classes in turn."""
        rng = np.random.default_rng(self.seed)
        target = np.arange(self.samples) % self.classes
        angle = rng.uniform(0, 2 * np.pi, self.samples)
        radius = RADIUS * (target + 1) / self.classes
        points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points += rng.normal(0, self.noise, points.shape)
        return Samples(points.astype(np.float32), target.astype(np.int64))
