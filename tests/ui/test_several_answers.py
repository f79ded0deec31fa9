"""A network with several answers: each panel that tells what the network says tells all of it."""

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.parts import divide
from nnlab.core.template import TEMPLATES
from nnlab.engine.learner import Learner
from nnlab.engine.probes import answer
from nnlab.engine.wants import SampleValues, SampleWant
from nnlab.ui.panels.phases.drawing import _right_answers
from nnlab.ui.sample_picker import SamplePicker

TWO = TEMPLATES["two-heads"].document()


class Scene:
    """What a probe looks at, without a run."""

    def __init__(self, document: Document = TWO) -> None:
        self.learner = Learner(document)


@pytest.fixture(scope="module")
def sample() -> SampleValues:
    found = answer(SampleWant(3), Scene())  # type: ignore[arg-type]
    assert isinstance(found, SampleValues)
    return found


def test_a_sample_comes_with_what_every_output_says_of_it(sample: SampleValues) -> None:
    (parity,) = sample.others
    raw = divide(TWO.data).raw_train
    assert parity.target.name == "parity"
    assert int(parity.right) == raw.also[0][3] == raw.targets[3] % 2
    assert parity.prediction.shape == (2,)
    assert float(parity.prediction.sum()) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(sample.prediction.sum(), 1.0, atol=1e-5)


def test_the_row_above_a_panel_names_every_answer(sample: SampleValues, qtbot: QtBot) -> None:
    picker = SamplePicker()
    qtbot.addWidget(picker)
    picker.show_sample(sample, TWO.spec)
    digit = int(sample.target)
    assert picker.said.text().startswith(str(digit))
    (line,) = [line for line in picker.text.text().splitlines() if line.startswith("parity: ")]
    said = ("Even", "Odd")[digit % 2]
    assert said.casefold() in line.casefold()
    assert ("✓" in line) == (int(np.argmax(sample.others[0].prediction)) == digit % 2)


def test_the_truth_of_a_sample_in_a_batch_is_told_of_every_answer(qapp: QApplication) -> None:
    spec = TWO.spec
    assert spec is not None
    said = _right_answers(TWO, spec, (7.0, 1.0))
    assert said.startswith("digit 7, parity ")
    assert said.split()[-1] == spec.targets[1].answers[1]


@pytest.mark.parametrize("name", ["two-number-digits", "outlines"])
def test_an_answer_that_is_a_picture_is_shown_beside_the_sample(name: str, qtbot: QtBot) -> None:
    document = EXAMPLES[name].document()
    scene = Scene(document)
    found = answer(SampleWant(0), scene)  # type: ignore[arg-type]
    assert isinstance(found, SampleValues)
    picker = SamplePicker()
    qtbot.addWidget(picker)
    picker.show_sample(found, document.spec)
    assert not picker.drawn.isHidden()
    assert picker.drawn.pixmap().width() >= 36
    picker.show_sample(answer(SampleWant(0), Scene(TWO)), TWO.spec)  # type: ignore[arg-type]
    assert picker.drawn.isHidden()
