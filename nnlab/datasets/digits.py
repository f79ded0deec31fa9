"""Handwritten digits, small pictures."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples, Target
from nnlab.core.param import param

SIDE = 8
WHITE = 16.0  # the brightest pixel in the collection


@DATASETS.register("digits")
@dataclass(frozen=True)
class Digits(Dataset):
    """1 797 handwritten digits as pictures of 8 × 8 pixels, from 0 (paper) to 1 (ink).

    Written on forms by hand, scanned and made small at Boğaziçi University in Istanbul, 1998.
    """

    title = "Handwritten digits"
    category = "Pictures"

    parity: bool = param(
        False,
        "Ask a second thing of each picture, for a second Output: whether the digit is even.",
        label="Even or odd as well",
        advanced=True,
    )

    def spec(self) -> DataSpec:
        """Pictures of one channel, ten classes; and two more if it is asked whether they are even."""
        also = (Target("parity", "classes", ("Even", "Odd")),) if self.parity else ()
        names = tuple(str(digit) for digit in range(10))
        return DataSpec(
            (1, SIDE, SIDE), "classes", (), names, rows=1797, target_name="digit" if also else "y", also=also
        )

    def make(self) -> Samples:
        """The pictures as they come with scikit-learn, scaled to 0..1."""
        from sklearn.datasets import load_digits

        table = load_digits()
        pictures = table.images[:, None].astype(np.float32) / np.float32(WHITE)
        digits = table.target.astype(np.int64)
        return Samples(pictures, digits, also=(digits % 2,) if self.parity else ())
