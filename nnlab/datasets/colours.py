"""Sentences with two animals and their colours: whose colour is whose?"""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 29
SIZES = (4000, 500, 1000)
LENGTH = 13  # today the cat that was black chased the dog that was white again

COLOURS = ("black", "white", "brown", "grey")
NOUNS = ("cat", "dog", "horse", "mouse", "bird")
VERBS = ("chased", "saw", "liked")
BEFORE = ("today", "once", "suddenly")
AFTER = ("again", "outside", "quietly")
VOCABULARY = ("·", "the", "that", "was", *COLOURS, *NOUNS, *VERBS, *BEFORE, *AFTER)
NUMBER = {word: k for k, word in enumerate(VOCABULARY)}


@DATASETS.register("colours")
@dataclass(frozen=True)
class Colours(Dataset):
    """Two animals in a sentence, each with its colour before or behind it: the black cat chased the dog that was white.

    The answer asked at each animal is its own colour; all other places do not count.
    """

    title = "Whose colour"
    category = "Sequences"

    filler: bool = param(True, "Some sentences have a word more in front or at the end, so that places shift.")
    seed: int = param(0, "Which random sentences.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Thirteen places for words, and a colour to name at two of them."""
        return DataSpec(
            (LENGTH,),
            "classes",
            answers=tuple(colour.capitalize() for colour in COLOURS),
            rows=sum(SIZES),
            name="words",
            kind="i",
            vocabulary=VOCABULARY,
            target_name="colour",
            target_shape=(LENGTH,),
            split=SIZES,
        )

    def make(self) -> Samples:
        """Three parts, drawn apart."""
        inputs, targets = np.zeros((sum(SIZES), LENGTH), np.int64), np.full((sum(SIZES), LENGTH), -1, np.int64)
        at = 0
        for k, rows in enumerate(SIZES):
            rng = np.random.default_rng([SET, k, self.seed])
            for row in range(at, at + rows):
                words, owners = self._sentence(rng)
                inputs[row, : len(words)] = [NUMBER[word] for word in words]
                for place, colour in owners:
                    targets[row, place] = colour
            at += rows
        return Samples(inputs, targets)

    def _sentence(self, rng: np.random.Generator) -> tuple[list[str], list[tuple[int, int]]]:
        """The words, and for each animal its place and its colour's number."""
        verb, *fillers = rng.integers(0, (len(VERBS), 2, len(BEFORE), 2, len(AFTER)))
        front, which_front, back, which_back = (int(n) for n in fillers)
        words = [BEFORE[which_front]] * (front if self.filler else 0)
        owners = []
        first, second = rng.choice(len(NOUNS), 2, replace=False)
        for noun in (first, second):
            colour, behind = (int(n) for n in rng.integers(0, (len(COLOURS), 2)))
            owners.append((len(words) + (1 if behind else 2), colour))
            words += _animal(NOUNS[noun], COLOURS[colour], bool(behind))
            words += [VERBS[verb]] if len(owners) == 1 else []
        return words + [AFTER[which_back]] * (back if self.filler else 0), owners


def _animal(noun: str, colour: str, behind: bool) -> list[str]:
    return ["the", noun, "that", "was", colour] if behind else ["the", colour, noun]
