"""Points on spiral arms."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

RADIUS = 3.0
MIDDLE = 0.02  # share of an arm left free in the middle, where all arms would meet


@DATASETS.register("spiral")
@dataclass(frozen=True)
class Spiral(Dataset):
    """Points on arms that wind around each other: no straight line can part them."""

    title = "Spiral"
    category = "Points in the plane"

    samples: int = param(400, "How many points in all.", low=10, high=100_000)
    arms: int = param(2, "How many arms, one class each.", low=2, high=5)
    noise: float = param(0.1, "How far points stray from their arm.", low=0.0, high=2.0)
    turns: float = param(1.5, "How often each arm winds around.", low=0.1, high=5.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two coordinates, one class per arm."""
        return DataSpec(
            (2,), "classes", ("x₁", "x₂"), tuple(f"Arm {k + 1}" for k in range(self.arms)), rows=self.samples
        )

    def make(self) -> Samples:
        """Arms from the middle outwards, classes in turn, points spread evenly along the length of their arm."""
        rng = np.random.default_rng(self.seed)
        target = np.arange(self.samples) % self.arms
        place = np.arange(self.samples) // self.arms
        # one random place in each of equally long stretches: random, without clumps and holes;
        # the length of an arm grows with the square of its radius, hence the root
        share = (place + rng.uniform(0, 1, self.samples)) / (place.max() + 1)
        along = np.sqrt(MIDDLE + (1 - MIDDLE) * share)
        angle = 2 * np.pi * (self.turns * along + target / self.arms)
        points = RADIUS * along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points += rng.normal(0, self.noise, points.shape)
        return Samples(points.astype(np.float32), target.astype(np.int64))
