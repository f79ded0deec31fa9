"""Clouds of points, one class each."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

RADIUS = 2.5


@DATASETS.register("blobs")
@dataclass(frozen=True)
class Blobs(Dataset):
    """Round clouds of points side by side: the easiest task, and one for straight lines."""

    title = "Blobs"
    category = "Points in the plane"

    samples: int = param(300, "How many points in all.", low=10, high=100_000)
    classes: int = param(3, "How many clouds, one class each.", low=2, high=8)
    noise: float = param(0.6, "How wide each cloud is.", low=0.0, high=5.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two coordinates, one class per cloud."""
        return DataSpec(
            (2,), "classes", ("x₁", "x₂"), tuple(f"Cloud {k + 1}" for k in range(self.classes)), rows=self.samples
        )

    def make(self) -> Samples:
        """Clouds around a circle, turned as the seed says; classes in turn."""
        rng = np.random.default_rng(self.seed)
        target = np.arange(self.samples) % self.classes
        angle = 2 * np.pi * (rng.uniform() + target / self.classes)
        points = RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points += rng.normal(0, self.noise, points.shape)
        return Samples(points.astype(np.float32), target.astype(np.int64))
