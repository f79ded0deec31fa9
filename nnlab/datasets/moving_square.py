"""Short films of a square that moves up, down, left or right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 26
SIZES = (800, 200, 300)
FRAMES, SIDE = 8, 16
DIRECTIONS = {"Up": (-1, 0), "Down": (1, 0), "Left": (0, -1), "Right": (0, 1)}
"""What it is called, and how many rows and columns the square goes in each frame."""
SQUARES = (2, 3)


@DATASETS.register("moving-square")
@dataclass(frozen=True)
class MovingSquare(Dataset):
    """Eight frames of a small square on the move: no single frame tells where it is going.

    What leaves the picture on one side comes in again on the other.
    """

    title = "Moving square"
    category = "Pictures"

    samples: int = param(
        SIZES[0], "How many films to train on; 200 more are for validation, 300 for the test.", low=10, high=20_000
    )
    noise: float = param(0.2, "How grainy the films are.", low=0.0, high=2.0)
    seed: int = param(0, "Which random films.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """One channel, eight frames of 16 × 16 pixels; four directions."""
        sizes = (self.samples, *SIZES[1:])
        return DataSpec(
            (1, FRAMES, SIDE, SIDE),
            "classes",
            answers=tuple(DIRECTIONS),
            rows=sum(sizes),
            name="film",
            target_name="direction",
            split=sizes,
        )

    def make(self) -> Samples:
        """The films of the three parts, each shot by itself."""
        made = [self._part(k, rows) for k, rows in enumerate((self.samples, *SIZES[1:]))]
        films, labels = (np.concatenate(each) for each in zip(*made, strict=True))
        return Samples(films, labels)

    def _part(self, number: int, rows: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rng = np.random.default_rng([SET, number, self.seed])
        labels = rng.permutation(np.arange(rows) % len(DIRECTIONS)).astype(np.int64)
        start, size = rng.integers(0, SIDE, (rows, 2)), rng.integers(SQUARES[0], SQUARES[-1] + 1, rows)
        steps = np.array(list(DIRECTIONS.values()))[labels]
        corner = start[:, None] + np.arange(FRAMES)[:, None] * steps[:, None]  # (rows, frames, 2)
        beyond = (np.arange(SIDE) - corner[..., None]) % SIDE  # how far each row and column lies behind the corner
        inside = beyond < size[:, None, None, None]
        films = (inside[:, :, 0, :, None] & inside[:, :, 1, None, :]).astype(np.float32)
        films += np.float32(self.noise) * rng.standard_normal(films.shape, np.float32)
        return films[:, None], labels
