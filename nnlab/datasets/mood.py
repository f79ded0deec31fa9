"""Short reviews whose mood is decided by their last part."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 27  # of the curriculum's list: each set draws numbers of its own
SIZES = (2000, 300, 1000)
LENGTH = 13  # the longest: the film was not very good but the ending was not very good

SUBJECTS = ("film", "book", "play", "trip", "game", "meal")
STRONGER = ("very", "really", "so", "rather")
GOOD = ("good", "lovely", "funny", "clever", "great")
BAD = ("bad", "boring", "silly", "dull", "awful")
VOCABULARY = ("·", "the", "was", "not", "but", "ending", *SUBJECTS, *STRONGER, *GOOD, *BAD)
NUMBER = {word: k for k, word in enumerate(VOCABULARY)}
MOODS = ("Bad mood", "Good mood")


@DATASETS.register("mood")
@dataclass(frozen=True)
class Mood(Dataset):
    """Made-up reviews of 4 to 13 words, such as: the film was not bad but the ending was very dull.

    "Not" turns a word round, and what is said of the ending decides. Which words occur tells next to nothing;
    their order tells everything.
    """

    title = "Mood of a review"
    category = "Sequences"

    seed: int = param(0, "Which random sentences.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Thirteen words, padded at the end, and two moods."""
        return DataSpec(
            (LENGTH,),
            "classes",
            answers=MOODS,
            rows=sum(SIZES),
            name="words",
            kind="i",
            vocabulary=VOCABULARY,
            target_name="mood",
            split=SIZES,
        )

    def make(self) -> Samples:
        """Bad and good sentences in turn, in three parts that are drawn apart."""
        parts = [_part(np.random.default_rng([SET, k, self.seed]), rows) for k, rows in enumerate(SIZES)]
        moods = np.concatenate([np.arange(rows) % 2 for rows in SIZES])
        return Samples(np.concatenate(parts), moods.astype(np.int64))


def _part(rng: np.random.Generator, rows: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Sentences, the even ones of bad mood and the odd ones of good mood."""
    words = np.zeros((rows, LENGTH), np.int64)
    subjects, has_ending = rng.integers(0, len(SUBJECTS), rows), rng.integers(0, 2, rows)
    for row in range(rows):
        mood, other = row % 2, int(rng.integers(0, 2))
        text = ["the", SUBJECTS[subjects[row]], "was", *_verdict(rng, other if has_ending[row] else mood)]
        if has_ending[row]:
            text += ["but", "the", "ending", "was", *_verdict(rng, mood)]
        words[row, : len(text)] = [NUMBER[word] for word in text]
    return words


def _verdict(rng: np.random.Generator, mood: int) -> list[str]:
    """[not] [very] good, meaning this mood."""
    turned, stronger, which, degree = rng.integers(0, (2, 2, len(GOOD), len(STRONGER)))
    adjectives = GOOD if mood != turned else BAD
    return ["not"] * turned + [STRONGER[degree]] * stronger + [adjectives[which]]
