"""Three periods of a sine between 0 and 1."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 10
SIZES = (256, 128, 512)
PERIODS = 3


@DATASETS.register("wave")
@dataclass(frozen=True)
class Wave(Dataset):
    """Points on three waves in a row: six bends for the network to make out of straight pieces."""

    title = "Wave"
    category = "Curves and surfaces"

    noise: float = param(0.05, "How far points stray up and down.", low=0.0, high=2.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """One number in, one number out."""
        return DataSpec((1,), "values", ("x",), ("y",), rows=sum(SIZES), split=SIZES)

    def make(self) -> Samples:
        """Points anywhere from 0 to 1, in three parts that are drawn apart."""
        parts = []
        for k, rows in enumerate(SIZES):
            rng = np.random.default_rng([SET, k, self.seed])
            x = rng.uniform(0, 1, rows)
            parts.append(np.stack([x, np.sin(2 * np.pi * PERIODS * x) + rng.normal(0, self.noise, rows)], axis=1))
        points = np.concatenate(parts).astype(np.float32)
        return Samples(points[:, :1], points[:, 1:])
