"""A made-up table of ten columns and a yes-or-no answer."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

FEATURES = 10
OWN = 6  # columns with news of their own; the others are mixtures of these
CORNERS = ((-1, -1), (-1, 1), (1, 1), (1, -1))  # typical samples, answers in turn: no flat border parts them
APART = 1.7  # how far the typical samples are from the middle
HINT = 0.5  # how much a single direction tells of the answer


@DATASETS.register("ten-features")
@dataclass(frozen=True)
class TenFeatures(Dataset):
    """A made-up table: ten measurements of each sample, and a yes or no to find out from them.

    Six columns each say something new; the other four are mixtures of those six, as in many real tables.
    """

    title = "Ten features"
    category = "Made-up tables"

    samples: int = param(1000, "How many rows in all.", low=10, high=100_000)
    noise: float = param(0.8, "How far samples stray from the typical ones.", low=0.0, high=5.0)
    seed: int = param(0, "Which random rows.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Ten numbers, two classes."""
        names = tuple(f"Feature {k + 1}" for k in range(FEATURES))
        return DataSpec((FEATURES,), "classes", names, ("No", "Yes"), rows=self.samples)

    def make(self) -> Samples:
        """Samples around typical ones, each answer in turn."""
        rng = np.random.default_rng(self.seed)
        kind = np.arange(self.samples) % len(CORNERS)
        answer = kind % 2
        hidden = rng.normal(0, self.noise, (self.samples, OWN))
        hidden[:, :2] += APART * np.array(CORNERS)[kind]
        hidden[:, 2] += HINT * (2 * answer - 1)
        turned, _ = np.linalg.qr(rng.normal(size=(OWN, OWN)))  # so that every column knows a little of everything
        own = hidden @ turned
        mixtures = own @ rng.uniform(-1, 1, (OWN, FEATURES - OWN))
        columns = np.concatenate([own, mixtures], axis=1)
        return Samples(columns.astype(np.float32), answer.astype(np.int64))
