"""A sample of words as people read it: the sentence, and what is right for it beside what the network says."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DataSpec, Field
from nnlab.core.words import count

PADDING = "·"  # the word with the number 0 where samples differ in length
NO_CLASS = -1  # a place that does not count
MOST_NAMED = 12  # places whose classes are named; of more it is said how many are right
MOST_WORDS = 20  # of a sentence


def sentence(field: Field, numbers: NDArray[np.generic]) -> str:
    """The words that these whole numbers stand for, without the padding at the end; a long sentence is cut."""
    whole, padded = [int(n) for n in np.ravel(numbers)], field.vocabulary[:1] == (PADDING,)
    used = max((k + 1 for k, n in enumerate(whole) if n != 0), default=0) if padded else len(whole)
    text = " ".join(_name(field.vocabulary, n) for n in whole[: min(used, MOST_WORDS)])
    return text if used <= MOST_WORDS else f"{text} …"


def text_of(spec: DataSpec, sample: NDArray[np.generic]) -> str:
    """What a sample's first input made of words says; empty if it has none."""
    for field, values in zip(spec.fields, spec.unpack(sample[None]), strict=True):
        if field.vocabulary:
            return sentence(field, values[0])
    return ""


def answers_at_places(answers: Sequence[str], target: NDArray[np.generic], scores: NDArray[np.generic]) -> str:
    """The right class of every place that counts, and what the network says where that is something else."""
    counted = np.asarray(target) != NO_CLASS
    right = [int(n) for n in target[counted]]
    said = [int(n) for n in np.argmax(scores, axis=-1)[counted]]
    if len(right) > MOST_NAMED:
        return f"{count(sum(a == b for a, b in zip(right, said, strict=True)))} of {count(len(right))} places right"
    text = " ".join(_name(answers, n) for n in right)
    return f"{text} ✓" if said == right else f"{text}, taken for {' '.join(_name(answers, n) for n in said)}"


def _name(names: Sequence[str], number: int) -> str:
    return names[number] if 0 <= number < len(names) else f"{number}"
