"""A made-up story, letter by letter: at each place the next letter is to be said."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 42
HELD_BACK = (200, 300)

ANIMALS = ("cat", "dog", "fox", "owl", "hen", "mouse", "horse")
KINDS = ("big", "small", "old", "sly", "brown", "tired")
DEEDS = ("saw", "met", "followed", "woke", "helped")
WAYS = ("sat down", "ran home", "fell asleep", "went away", "sang a song")
TIMES = ("then", "one day", "at night", "soon")
LETTERS = (" ", ".", *sorted({*"".join((*ANIMALS, *KINDS, *DEEDS, *WAYS, *TIMES, "and", "the"))} - {" "}))
NAMES = ("␣", *LETTERS[1:])
NUMBER = {letter: k for k, letter in enumerate(LETTERS)}


@DATASETS.register("next-letter")
@dataclass(frozen=True)
class NextLetter(Dataset):
    """Pieces of a made-up story about animals: a network reads them letter by letter and says which letter comes next.

    Nobody can always be right, since nobody knows which animal will come; but once a word has begun, the rest follows.
    """

    title = "The next letter"
    category = "Sequences"

    samples: int = param(
        1500, "How many pieces to train on; 200 more are for validation, 300 for the test.", low=10, high=50_000
    )
    length: int = param(32, "Letters in a piece.", low=8, high=256)
    seed: int = param(0, "Which random story.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Letters, and the next one at each place."""
        sizes = (self.samples, *HELD_BACK)
        return DataSpec(
            (self.length,),
            "classes",
            answers=NAMES,
            rows=sum(sizes),
            name="letters",
            kind="i",
            vocabulary=NAMES,
            target_name="next letter",
            target_shape=(self.length,),
            split=sizes,
        )

    def make(self) -> Samples:
        """Pieces that begin anywhere in a story; each part has a story of its own."""
        pieces = []
        for k, rows in enumerate((self.samples, *HELD_BACK)):
            rng = np.random.default_rng([SET, k, self.seed])
            text = story(rng, max(4000, 4 * rows) + self.length)
            starts = rng.integers(0, len(text) - self.length - 1, rows)
            pieces.append(text[starts[:, None] + np.arange(self.length + 1)])
        letters = np.concatenate(pieces)
        return Samples(letters[:, :-1].copy(), letters[:, 1:].copy())


def story(rng: np.random.Generator, length: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """At least so many letters, as numbers."""
    sentences: list[str] = []
    written = 0
    while written < length:
        sentences.append(_sentence(rng))
        written += len(sentences[-1]) + 1
    return np.array([NUMBER[letter] for letter in " ".join(sentences)], np.int64)


def _sentence(rng: np.random.Generator) -> str:
    """[then] the [big] cat saw the [old] dog [and ran home]."""
    time = f"{_of(rng, TIMES)} " if rng.integers(0, 2) else ""
    end = f" and {_of(rng, WAYS)}" if rng.integers(0, 2) else ""
    return f"{time}{_animal(rng)} {_of(rng, DEEDS)} {_animal(rng)}{end}."


def _animal(rng: np.random.Generator) -> str:
    kind = f"{_of(rng, KINDS)} " if rng.integers(0, 2) else ""
    return f"the {kind}{_of(rng, ANIMALS)}"


def _of(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(0, len(words)))]
