"""Long rows of syllables of which only the very first word counts."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 28
HELD_BACK = (500, 1000)

ANIMALS = ("cat", "dog", "owl", "fox")
SYLLABLES = ("la", "di", "mo", "ru", "ne")


@DATASETS.register("first-word")
@dataclass(frozen=True)
class FirstWord(Dataset):
    """An animal, and then nothing but babble: which animal was it? The longer the babble, the harder to remember."""

    title = "Remember the first word"
    category = "Sequences"

    samples: int = param(
        4000, "How many rows to train on; 500 more are for validation, 1,000 for the test.", low=10, high=100_000
    )
    length: int = param(30, "Words in a row, the animal among them.", low=2, high=200)
    seed: int = param(0, "Which random rows.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """One word for each step, four animals to tell apart."""
        return DataSpec(
            (self.length,),
            "classes",
            answers=tuple(animal.capitalize() for animal in ANIMALS),
            rows=self.samples + sum(HELD_BACK),
            name="words",
            kind="i",
            vocabulary=(*ANIMALS, *SYLLABLES),
            target_name="animal",
            split=(self.samples, *HELD_BACK),
        )

    def make(self) -> Samples:
        """The animals in turn, each followed by syllables drawn at random."""
        parts = []
        for k, rows in enumerate((self.samples, *HELD_BACK)):
            rng = np.random.default_rng([SET, k, self.seed])
            words = len(ANIMALS) + rng.integers(0, len(SYLLABLES), (rows, self.length))
            words[:, 0] = np.arange(rows) % len(ANIMALS)
            parts.append(words)
        inputs = np.concatenate(parts).astype(np.int64)
        return Samples(inputs, inputs[:, 0].copy())
