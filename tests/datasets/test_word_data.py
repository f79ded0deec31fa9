"""Sentences: the grammar of each set holds, and the answers follow from the words alone."""

import re
from collections.abc import Sequence

import numpy as np
import pytest

from nnlab.core.dataset import DATASETS, DataSpec, Samples
from nnlab.datasets import colours, first_word, mood, zed

SEEDS = (0, 1, 2)
WORDS = ("mood", "first-word", "colours", "zed")


def said(vocabulary: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """The words without the padding, which is only at the end."""
    words = [vocabulary[n] for n in numbers]
    there = [word for word in words if word != "·"]
    assert words[: len(there)] == there, "padding stands at the end alone"
    return there


def sentences(spec: DataSpec, made: Samples) -> list[list[str]]:
    return [said(spec.vocabulary, row) for row in made.inputs]


def parts(spec: DataSpec) -> tuple[slice, slice, slice]:
    assert spec.split is not None
    first, second, third = np.cumsum(spec.split)
    return slice(0, first), slice(first, second), slice(second, third)


@pytest.mark.parametrize("id_", WORDS)
def test_words_and_their_numbers_go_both_ways(id_: str) -> None:
    for field in DATASETS[id_]().spec().fields:
        numbers = {word: k for k, word in enumerate(field.vocabulary)}
        assert len(numbers) == len(field.vocabulary), "no word has two numbers"
        assert [field.vocabulary[numbers[word]] for word in field.vocabulary] == list(field.vocabulary)


@pytest.mark.parametrize("id_", WORDS)
def test_the_parts_are_drawn_apart(id_: str) -> None:
    spec, made = DATASETS[id_]().spec(), DATASETS[id_]().make()
    train, validation, test = (made.inputs[part] for part in parts(spec))
    for one, other in ((train, validation), (train, test), (validation, test)):
        rows = min(len(one), len(other))
        assert not np.array_equal(one[:rows], other[:rows])


# ------------------------------------------------------------------- mood

VERDICT = f"was (not )?(({'|'.join(mood.STRONGER)}) )?({'|'.join((*mood.GOOD, *mood.BAD))})"
REVIEW = re.compile(f"the ({'|'.join(mood.SUBJECTS)}) ({VERDICT})( but the ending {VERDICT})?")


def mood_of(words: list[str]) -> int:
    """As a reader would: only the last part counts, and "not" turns it round."""
    last = words[max(k for k, word in enumerate(words) if word == "was") :]
    return int((last[-1] in mood.GOOD) != ("not" in last))


@pytest.mark.parametrize("seed", SEEDS)
def test_reviews_keep_to_the_grammar_and_their_last_part_decides(seed: int) -> None:
    data = mood.Mood(seed=seed)
    spec, made = data.spec(), data.make()
    texts = sentences(spec, made)
    assert spec.split == (2000, 300, 1000)
    assert all(REVIEW.fullmatch(" ".join(words)) for words in texts)
    assert {len(words) for words in texts} == {4, 5, 6, 9, 10, 11, 12, 13}
    assert [mood_of(words) for words in texts] == made.targets.tolist()


def test_counting_words_does_not_tell_the_mood() -> None:
    from sklearn.linear_model import LogisticRegression

    data = mood.Mood()
    spec, made = data.spec(), data.make()
    counts = np.stack([np.bincount(row, minlength=len(spec.vocabulary))[1:] for row in made.inputs])
    train, _, test = parts(spec)
    fitted = LogisticRegression(max_iter=1000).fit(counts[train], made.targets[train])
    assert fitted.score(counts[test], made.targets[test]) <= 0.60


# ------------------------------------------------------------------- first word


@pytest.mark.parametrize("length", [2, 10, 30, 60])
def test_an_animal_and_then_babble(length: int) -> None:
    data = first_word.FirstWord(length=length)
    spec, made = data.spec(), data.make()
    assert spec.input_shape == (length,)
    for words, answer in zip(sentences(spec, made)[::37], made.targets[::37], strict=True):
        assert words[0] == first_word.ANIMALS[answer]
        assert set(words[1:]) <= set(first_word.SYLLABLES)


def test_the_babble_tells_nothing_of_the_animal() -> None:
    made = first_word.FirstWord(samples=20_000, length=10).make()
    for animal in range(4):
        shares = np.bincount(made.inputs[made.targets == animal][:, 1:].ravel(), minlength=9)[4:]
        assert np.allclose(shares / shares.sum(), 0.2, atol=0.01)


# ------------------------------------------------------------------- whose colour

BEFORE_OR_BEHIND = "the (?:(?P<c{0}>{c}) (?P<n{0}>{n})|(?P<m{0}>{n}) that was (?P<d{0}>{c}))"
ONE, OTHER = (BEFORE_OR_BEHIND.format(k, c="|".join(colours.COLOURS), n="|".join(colours.NOUNS)) for k in range(2))
SCENE = re.compile(
    f"(?:(?:{'|'.join(colours.BEFORE)}) )?{ONE} (?:{'|'.join(colours.VERBS)}) {OTHER}(?: (?:{'|'.join(colours.AFTER)}))?"
)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_animal_is_asked_for_its_own_colour_and_nothing_else_is(seed: int) -> None:
    data = colours.Colours(seed=seed)
    spec, made = data.spec(), data.make()
    assert spec.split is not None
    assert spec.split[0] == 4000
    assert spec.split[2] == 1000
    for words, answers in zip(sentences(spec, made), made.targets, strict=True):
        found = SCENE.fullmatch(" ".join(words))
        assert found, words
        owners = {found[f"n{k}"] or found[f"m{k}"]: found[f"c{k}"] or found[f"d{k}"] for k in range(2)}
        asked = {words[place]: colours.COLOURS[answers[place]] for place in np.flatnonzero(answers >= 0)}
        assert asked == owners
        assert len(owners) == 2


def test_without_filler_words_every_sentence_begins_with_an_animal() -> None:
    data = colours.Colours(filler=False)
    assert {words[0] for words in sentences(data.spec(), data.make())} == {"the"}
    assert {words[0] for words in sentences(data.spec(), colours.Colours().make())} == {"the", *colours.BEFORE}


def test_both_orders_and_all_words_occur() -> None:
    data = colours.Colours()
    made = data.make()
    assert set(np.unique(made.inputs)) == set(range(len(data.spec().vocabulary)))
    behind = ["that" in words for words in sentences(data.spec(), made)]
    assert 0.6 < np.mean(behind) < 0.9  # three quarters of two coins


# ------------------------------------------------------------------- Zed


def phrase(words: list[str]) -> list[str]:
    """A part of a sentence in Zed, worked out a second time and in another way."""
    singular = {plural: noun for noun, plural in zed.PLURALS.items()}
    noun = words[-1]
    back = [zed.ADJECTIVES[word] for word in words[-2:0:-1]]
    return [zed.NOUNS[singular[noun]], "-i", *back] if noun in singular else [zed.NOUNS[noun], *back]


def translated(words: list[str]) -> list[str]:
    at = next(k for k, word in enumerate(words) if word in zed.VERBS)
    return [*phrase(words[at + 1 :]), *phrase(words[:at]), zed.VERBS[words[at]]]


@pytest.mark.parametrize("seed", SEEDS)
def test_zed_puts_the_object_first_turns_adjectives_round_and_ends_with_the_verb(seed: int) -> None:
    data = zed.Zed(seed=seed)
    spec, made = data.spec(), data.make()
    so_far = spec.fields[1]
    assert spec.split == (2600, 400, 400)
    for english, given, following in zip(sentences(spec, made), made.more[0], made.targets, strict=True):
        answer = [spec.answers[n] for n in following if n >= 0]
        assert answer == [*translated(english), "end"]
        assert said(so_far.vocabulary, given) == ["start", *answer[:-1]], (
            "the words so far are the answer, one step later"
        )
        assert (following[len(answer) :] == -1).all()


def test_an_example_of_zed_by_hand() -> None:
    assert translated(["the", "big", "old", "dogs", "saw", "a", "red", "cat"]) == [
        "mip",
        "sola",
        "taro",
        "-i",
        "hem",
        "gur",
        "pel",
    ]
    text = " ".join((zed.Zed.__doc__ or "").split())
    english, said_in_zed = re.findall(r'"([a-z -]+)"', text)[:2]
    assert translated(english.split()) == said_in_zed.split()


def test_words_have_the_same_number_as_answer_and_as_word_so_far() -> None:
    assert zed.SO_FAR[1:-1] == zed.ANSWERS[1:]
    assert len(zed.ANSWERS) - 2 == 12, "12 Zed words, beside the end and -i"


@pytest.mark.parametrize("seed", SEEDS)
def test_nearly_all_sentences_held_back_never_occur_in_training(seed: int) -> None:
    data = zed.Zed(seed=seed)
    spec, made = data.spec(), data.make()
    train, validation, test = parts(spec)
    known = {" ".join(words) for words in sentences(spec, made)[train]}
    for part in (validation, test):
        fresh = [" ".join(words) not in known for words in sentences(spec, made)[part]]
        assert zed.unseen(made.inputs[part], made.inputs[train]).tolist() == fresh
        assert 340 <= sum(fresh) <= 400
