"""Samples of words as text, and how metrics are called."""

from typing import get_args

import numpy as np

from nnlab.core import words
from nnlab.core.dataset import DataSpec, Field
from nnlab.core.objective import Metric
from nnlab.core.sample_words import answers_at_places, sentence, text_of

WORDS = Field("words", (4,), "i", vocabulary=("·", "one", "two"))


def test_padding_is_left_out_at_the_end_alone() -> None:
    assert sentence(WORDS, np.array([1, 0, 2, 0])) == "one · two"
    assert sentence(WORDS, np.array([0, 0, 0, 0])) == ""
    assert sentence(WORDS, np.array([1, 9, 2, 0])) == "one 9 two"


def test_the_words_are_found_beside_other_inputs() -> None:
    spec = DataSpec((2,), "classes", ("a", "b"), ("no", "yes"), more=(WORDS,))
    sample = spec.pack([np.array([[0.5, 1.5]]), np.array([[2, 1, 0, 0]])])[0]
    assert text_of(spec, sample) == "two one"
    assert text_of(DataSpec((2,), "classes", ("a", "b"), ("no", "yes")), np.zeros(2)) == ""


def test_only_places_that_count_are_compared() -> None:
    scores = np.eye(3)[[0, 1, 2]]
    assert answers_at_places("abc", np.array([0, -1, 2]), scores) == "a c ✓"
    assert answers_at_places("abc", np.array([0, 2, -1]), scores) == "a c, taken for a b"


def test_every_metric_has_a_name_and_all_but_r2_are_shares() -> None:
    for metric in get_args(Metric):
        assert words.METRICS[metric]
        assert words.is_share(f"validation_{metric}") == (metric != "r2")
    assert not words.is_share("test_loss")
