"""Words in the step-by-step panel are words, each in a cell that has room for it."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QApplication

from nnlab.engine.wants import Numbers
from nnlab.ui.look import plots
from nnlab.ui.panels.phases.rows import Sizes, Target
from nnlab.ui.panels.phases.strip import _Cells, strip

VOCABULARY = ("·", "the", "film", "unforgettable")
SENTENCE = np.array([1, 2, 3, 0], np.float32)


def test_each_cell_has_room_for_its_word(qapp: QApplication) -> None:
    texts = ["the", "film", "unforgettable", ""]
    cells = _Cells(SENTENCE, SENTENCE.shape, 300.0, Sizes.at(300), texts)
    assert cells.has_texts
    place = QRectF(0, 0, 300, 100)
    for k, text in enumerate(texts):
        assert cells.box(k, place).width() >= plots.text_width(text, Sizes.at(300).caption, True)
        assert cells.at(cells.box(k, place).center(), place) == k


def test_a_sentence_of_any_length_is_written_in_words_and_can_be_clicked(qapp: QApplication) -> None:
    for length in (1, 4, 60):
        values = np.resize(SENTENCE, length)
        numbers = Numbers(values.shape, values, 0.0, 3.0, 1.0, 1.0)
        (row,) = strip(numbers, (0,), 300.0, Sizes.at(300), VOCABULARY)
        place = QRectF(0, 0, 300, row.height)
        assert row.hit(place.topLeft() + QRectF(0, 0, 8, 8).center(), place) == Target("place", (0,))
        (plain,) = strip(numbers, (0,), 300.0, Sizes.at(300))
        assert row.height >= plain.height or length > 32
