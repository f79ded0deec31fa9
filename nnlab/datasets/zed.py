"""English sentences and their translation into Zed, a small made-up language with a word order of its own."""

from dataclasses import dataclass

import numpy as np

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Field, Integers, Samples
from nnlab.core.param import param

SET = 30
SIZES = (2600, 400, 400)
ENGLISH_LENGTH = 9  # the big old dogs saw the small red birds
ZED_LENGTH = 10  # noun -i and two adjectives, twice, the verb, and the end

SINGULAR, PLURAL = ("the", "a"), ("the", "some")
NOUNS = {"dog": "taro", "cat": "mip", "bird": "luse", "child": "nok", "horse": "veba"}
PLURALS = {"dog": "dogs", "cat": "cats", "bird": "birds", "child": "children", "horse": "horses"}
ADJECTIVES = {"big": "gur", "small": "ti", "red": "sola", "old": "hem"}
VERBS = {"saw": "pel", "chased": "drak", "helped": "omi"}
MANY = "-i"

ENGLISH = ("·", "the", "a", "some", *NOUNS, *PLURALS.values(), *ADJECTIVES, *VERBS)
ANSWERS = ("end", *NOUNS.values(), MANY, *ADJECTIVES.values(), *VERBS.values())
"""What can be said next; the words have the same numbers in SO_FAR."""
START = len(ANSWERS)
SO_FAR = ("·", *ANSWERS[1:], "start")
ENGLISH_NUMBER = {word: k for k, word in enumerate(ENGLISH)}
ZED_NUMBER = {word: k for k, word in enumerate(ANSWERS)}


@DATASETS.register("zed")
@dataclass(frozen=True)
class Zed(Dataset):
    """English sentences and what they are in Zed, a made-up language: "the big dog saw some cats" is "mip -i taro gur pel".

    In Zed what is seen or chased comes first and the verb last; adjectives stand behind their noun, in the opposite order;
    -i makes several of one; there is no "the". Beside the English sentence the network gets the Zed words said so far,
    and at each place it is to say the next one.
    """

    title = "English to Zed"
    category = "Sequences"

    seed: int = param(0, "Which random sentences.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """English words, Zed words so far, and the next Zed word at each place."""
        return DataSpec(
            (ENGLISH_LENGTH,),
            "classes",
            answers=ANSWERS,
            rows=sum(SIZES),
            name="english",
            kind="i",
            vocabulary=ENGLISH,
            more=(Field("zed so far", (ZED_LENGTH,), "i", vocabulary=SO_FAR),),
            target_name="next zed word",
            target_shape=(ZED_LENGTH,),
            split=SIZES,
            metric="exact",
        )

    def make(self) -> Samples:
        """Three parts, drawn apart: sentences of one may by chance be in another too."""
        rows = sum(SIZES)
        english, so_far = np.zeros((rows, ENGLISH_LENGTH), np.int64), np.zeros((rows, ZED_LENGTH), np.int64)
        following = np.full((rows, ZED_LENGTH), -1, np.int64)
        at = 0
        for k, part in enumerate(SIZES):
            rng = np.random.default_rng([SET, k, self.seed])
            for row in range(at, at + part):
                words, translated = sentence(rng)
                numbers = [ZED_NUMBER[word] for word in translated]
                english[row, : len(words)] = [ENGLISH_NUMBER[word] for word in words]
                so_far[row, : len(numbers) + 1] = [START, *numbers]
                following[row, : len(numbers) + 1] = [*numbers, ZED_NUMBER["end"]]
            at += part
        return Samples(english, following, more=(so_far,))


def sentence(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """A random sentence in English and in Zed."""
    verb = list(VERBS)[rng.integers(0, len(VERBS))]
    subject, zed_subject = _noun_phrase(rng)
    thing, zed_thing = _noun_phrase(rng)
    return [*subject, verb, *thing], [*zed_thing, *zed_subject, VERBS[verb]]


def unseen(english: Integers, training: Integers) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Which of these English sentences do not occur in the training part."""
    known = {row.tobytes() for row in training}
    return np.array([row.tobytes() not in known for row in english])


def _noun_phrase(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    many, article, noun, adjectives = (int(n) for n in rng.integers(0, (2, 2, len(NOUNS), 3)))
    name = list(NOUNS)[noun]
    chosen = [list(ADJECTIVES)[k] for k in rng.choice(len(ADJECTIVES), adjectives, replace=False)]
    english = [(PLURAL if many else SINGULAR)[article], *chosen, PLURALS[name] if many else name]
    return english, [NOUNS[name], *[MANY] * many, *(ADJECTIVES[word] for word in reversed(chosen))]
