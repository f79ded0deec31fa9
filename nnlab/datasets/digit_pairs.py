"""Pairs of handwritten digits: the same digit twice, or two different ones."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Field, Samples
from nnlab.core.param import param

SET = 41
SIDE, WHITE = 8, 16.0
PICTURES = 1797
PART_ENDS = (0, 1000, 1300, PICTURES)
"""Training, validation and test pairs are made of different pictures."""
HELD_BACK = (300, 500)


@DATASETS.register("digit-pairs")
@dataclass(frozen=True)
class DigitPairs(Dataset):
    """Two handwritten digits at a time: do both show the same digit? Half of the pairs do.

    The pictures are those of the handwritten digits. Pictures of training pairs occur in no other pair.
    """

    title = "Pairs of digits"
    category = "Pictures"

    samples: int = param(
        2000, "How many pairs to train on; 300 more are for validation, 500 for the test.", low=10, high=50_000
    )
    seed: int = param(0, "Which random pairs.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Two pictures of one channel, and whether they are of the same digit."""
        sizes = self._sizes()
        return DataSpec(
            (1, SIDE, SIDE),
            "classes",
            answers=("Different", "Same"),
            rows=sum(sizes),
            name="first",
            more=(Field("second", (1, SIDE, SIDE)),),
            target_name="same",
            split=sizes,
        )

    def make(self) -> Samples:
        """Different and same pairs in turn, each part of pictures of its own."""
        from sklearn.datasets import load_digits

        table = load_digits()
        pictures = table.images[:, None].astype(np.float32) / np.float32(WHITE)
        digits = table.target.astype(np.int64)
        shuffled = np.random.default_rng(SET).permutation(PICTURES)
        pairs = []
        for k, rows in enumerate(self._sizes()):
            mine = shuffled[PART_ENDS[k] : PART_ENDS[k + 1]]
            pairs.append(mine[_pairs(digits[mine], rows, np.random.default_rng([SET, k, self.seed]))])
        first, second = np.concatenate(pairs).T
        return Samples(pictures[first], (digits[first] == digits[second]).astype(np.int64), more=(pictures[second],))

    def _sizes(self) -> tuple[int, int, int]:
        return self.samples, *HELD_BACK


def _pairs(
    digits: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", rows: int, rng: np.random.Generator
) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """(rows, 2): places of pictures, of one digit in every second row and of two in the others."""
    of_digit = [np.flatnonzero(digits == digit) for digit in range(10)]
    found = np.zeros((rows, 2), np.int64)
    for row in range(rows):
        digit = int(rng.integers(10))
        other = digit if row % 2 else (digit + int(rng.integers(1, 10))) % 10
        one = int(rng.choice(of_digit[digit]))
        found[row] = one, rng.choice(of_digit[other][of_digit[other] != one])
    return found
