"""A function of one number, with noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

Points = NDArray[np.float64]

HALF = 3.0


@DATASETS.register("curve")
@dataclass(frozen=True)
class Curve(Dataset):
    """Points along a curve: the network learns the height y for every place x."""

    title = "Curve"
    category = "Curves and surfaces"

    samples: int = param(200, "How many points in all.", low=10, high=100_000)
    shape: str = param(
        "sine",
        "What the curve looks like without noise.",
        choices={"line": "Line", "sine": "Sine wave", "step": "Step", "bump": "Bump"},
    )
    noise: float = param(0.1, "How far points stray up and down.", low=0.0, high=2.0)
    seed: int = param(0, "Which random points.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """One number in, one number out."""
        return DataSpec((1,), "values", ("x",), ("y",), rows=self.samples)

    def make(self) -> Samples:
        """Points spread evenly from −3 to 3, in random order."""
        rng = np.random.default_rng(self.seed)
        x = HALF * (2 * (rng.permutation(self.samples) + rng.uniform(0, 1, self.samples)) / self.samples - 1)
        y = _SHAPES[self.shape](x) + rng.normal(0, self.noise, self.samples)
        return Samples(x[:, None].astype(np.float32), y[:, None].astype(np.float32))


def _line(x: Points) -> Points:
    return 0.5 * x


def _sine(x: Points) -> Points:
    return np.sin(2 * x)


def _step(x: Points) -> Points:
    return np.where(x < 0, -1.0, 1.0)


def _bump(x: Points) -> Points:
    return np.exp(-(x**2))


_SHAPES = {"line": _line, "sine": _sine, "step": _step, "bump": _bump}
