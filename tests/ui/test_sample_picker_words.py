"""The sample picker with sentences and graphs: words instead of numbers."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS, DataSpec
from nnlab.engine.wants import SampleValues
from nnlab.ui.sample_picker import SamplePicker


@pytest.fixture
def picker(qtbot: QtBot) -> SamplePicker:
    made = SamplePicker()
    qtbot.addWidget(made)
    made.show()
    return made


def sample(id_: str, row: int, right: bool = True) -> tuple[SampleValues, DataSpec]:
    """A row of a data set with what a network would say of it, all right or with the first place wrong."""
    data = DATASETS[id_]()
    spec, made = data.spec(), data.make()
    raw = spec.pack([each[row : row + 1] for each in (made.inputs, *made.more)])[0]
    target = np.asarray(made.targets[row])
    scores = np.eye(spec.width, dtype=np.float32)[np.maximum(target, 0)]
    if not right:
        place = np.flatnonzero(np.ravel(target) >= 0)[0]
        np.atleast_2d(scores)[place] = np.roll(np.atleast_2d(scores)[place], 1)
    whole = target.astype(np.float32) if target.ndim else None
    return SampleValues(raw, {}, float(np.ravel(target)[0]), scores, 5, whole), spec


def test_a_sentence_is_shown_in_words_without_its_padding(picker: SamplePicker) -> None:
    picker.show_sample(*sample("mood", 0))
    assert picker.text.isVisible()
    assert picker.text.text() == "the film was really silly"
    assert picker.said.text() == "Bad mood ✓"


def test_a_translation_stands_below_its_sentence(picker: SamplePicker) -> None:
    picker.show_sample(*sample("zed", 0))
    assert picker.text.text().splitlines() == ["a big bird saw some old big cats", "mip -i gur hem luse gur pel end ✓"]
    assert picker.said.text() == ""
    picker.show_sample(*sample("zed", 0, right=False))
    wrong = "mip -i gur hem luse gur pel end, taken for luse -i gur hem luse gur pel end"
    assert picker.text.text().splitlines()[1] == wrong


def test_only_places_that_count_are_named(picker: SamplePicker) -> None:
    picker.show_sample(*sample("colours", 0))
    assert picker.text.text().splitlines() == ["the brown mouse liked the grey horse again", "Brown Grey ✓"]


def test_scores_of_all_places_in_one_row_are_taken_apart(picker: SamplePicker) -> None:
    values, spec = sample("colours", 0)
    picker.show_sample(replace(values, prediction=values.prediction.ravel()), spec)
    assert picker.text.text().splitlines()[1] == "Brown Grey ✓"


def test_a_long_row_of_words_is_cut_and_its_first_word_has_the_number_0(picker: SamplePicker) -> None:
    picker.show_sample(*sample("first-word", 0))
    assert picker.text.text().startswith("cat ")
    assert picker.text.text().endswith(" …")
    assert len(picker.text.text().split()) == 21


def test_of_many_members_it_is_said_how_many_are_right(picker: SamplePicker) -> None:
    picker.show_sample(*sample("karate-club", 0))
    assert picker.text.text() == "Teacher Officer ✓"
    picker.show_sample(*sample("karate-club", 1, right=False))
    assert picker.text.text() == "31 of 32 places right"


def test_a_sample_without_words_after_one_with_words_shows_none(picker: SamplePicker) -> None:
    picker.show_sample(*sample("mood", 0))
    values = SampleValues(np.zeros(2, np.float32), {}, 0.0, np.array([0.9, 0.1], np.float32), 5)
    picker.show_sample(values, DataSpec((2,), "classes", ("a", "b"), ("cat", "dog")))
    assert not picker.text.isVisible()
