"""The one number editor: what is typed is what is meant, in every country, or it is refused aloud."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from nnlab.core.document import Training
from nnlab.core.param import Param
from nnlab.ui.forms.number_edit import NumberEdit
from nnlab.ui.forms.number_text import as_typed, parse
from nnlab.ui.forms.size_edit import SizeEdit
from nnlab.ui.forms.stepping import Stride, stepped

LOCALES = ("en_US", "de_DE", "fr_FR", "sv_SE", "hi_IN", "ar_EG")
START = 0.25

FLOAT = Param("rate", "Rate", "A number.", "float", low=-1e12, high=1e12)
INT = Param("count", "Count", "A whole number.", "int", low=-(10**12), high=10**12)
RATE = Training.param("learning_rate")
BATCH = Training.param("batch_size")
KERNEL = Param("kernel", "Kernel", "The size.", "size", low=1, high=4096)
PADDING = Param("padding", "Padding", "Zeros.", "size", low=0, high=4096, choices=(("same", "Same"), ("valid", "None")))
WORDY = Param("seeded", "Seeded", "Perhaps.", "int", low=0, high=100, optional=True)


def _ways(value: float) -> Iterator[str]:
    """The ways in which people type one decimal number."""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    yield from (text, text.replace(".", ","), f" {text} ", text.replace("-", "−"))
    if "." in text:
        yield from (text + "0", text.replace("0.", ".", 1) if text.startswith("0.") else text)
    mantissa, exponent = f"{value:.6e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = int(exponent)
    yield from (f"{mantissa}e{power}", f"{mantissa}E{power:+03d}", f"{mantissa}×10^{power}")
    yield from (f"{mantissa}e{power}".replace("-", "−"),)


def _meant() -> list[tuple[str, float]]:
    values = (
        0.001,
        0.01,
        0.003,
        0.125,
        0.5,
        0.05,
        1e-5,
        2.5e-7,
        1.5,
        12.75,
        3.0,
        10.0,
        0.1,
        0.9,
        25.0,
        -0.5,
        -2.0,
        0.0,
    )
    forms = {(text, value) for value in values for text in _ways(value) if not _ambiguous(text)}
    thousands = {
        ("1 000", 1000.0), ("1\u202f000", 1000.0), ("12 345", 12345.0), ("1'000", 1000.0), ("1’000", 1000.0),
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 234,5", 1234.5), ("1 234.5", 1234.5), ("1,234,567", 1234567.0),
        ("1.234.567", 1234567.0), ("1000", 1000.0), ("20 %", 0.2), ("20%", 0.2), ("0,5 %", 0.005), ("5.", 5.0),
        ("+7", 7.0), (".5", 0.5), (",5", 0.5), ("1e3", 1000.0), ("١٫٥", 1.5), ("٣", 3.0), ("0,125", 0.125),
        ("10⁻³", 0.001), ("1,2×10⁻⁵", 1.2e-5), ("10^-3", 0.001), ("2*10^-3", 0.002), ("2·10^2", 200.0),
    }  # fmt: skip
    return sorted(forms | thousands)


def _ambiguous(text: str) -> bool:
    whole, comma, after = text.strip().partition(",")
    return bool(comma) and len(after) == 3 and after.isdigit() and whole.strip("-−+")[:1] not in ("0", "")


REFUSED = [
    "", " ", "abc", "1,000", "12,345", "-1,000", "1.2.3", "1,2,3", "1,23.4", "1.23,4", "0,1,2", "--1", "1e", "e3", "1e+", "1ee3",
    "nan", "inf", "Infinity", "1e400", "1e-400", "1e99999999", "0x10", "1/3", "2^10", "1 0", "12 34", "0 001", "1 00", "1 0000",
    "1__0", ".", ",", "-", "+", "3×105", "1k", "10 000 00", "²", "5²", "½", "一", "1;2", "<b>1</b>", "9" * 61, "1\u202e2", "%",
    "1%%", "5 - 3", "1.5.5e3", "0.0.1", "1 000,000,0", "$5", "1e3.5", "1e3,5",
]  # fmt: skip
FORMS: list[tuple[str, float | None]] = [*_meant(), *((text, None) for text in REFUSED)]


@pytest.fixture(params=LOCALES)
def _locale(request: pytest.FixtureRequest) -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield
    QLocale.setDefault(before)


def _type(edit: QLineEdit, text: str) -> None:
    edit.setFocus()
    edit.selectAll()
    edit.insert(text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def _heard(edit: NumberEdit) -> list[tuple[Any, bool]]:
    heard: list[tuple[Any, bool]] = []
    edit.changed.connect(lambda value, done: heard.append((value, done)))
    return heard


def test_there_are_enough_typed_forms() -> None:
    assert len(FORMS) >= 200


@pytest.mark.usefixtures("_locale")
def test_no_typed_form_changes_its_value_silently_in_any_country(qtbot: Any) -> None:
    edit = NumberEdit(FLOAT, START)
    qtbot.addWidget(edit)
    heard = _heard(edit)
    wrong = []
    for text, meant in FORMS:
        edit.set_value(START)
        heard.clear()
        _type(edit, text)
        taken = heard == [(meant, True)] and edit.value == meant and not edit.problem
        refused = not heard and edit.value == START and bool(edit.problem) and edit.text() == text[:60]
        if not (refused if meant is None else taken):
            wrong.append((text, meant, edit.value, edit.problem))
        edit.set_value(START + 1)
    assert wrong == []


@pytest.mark.usefixtures("_locale")
@pytest.mark.parametrize("text", ["1,000", "1.000", "12.345", "12,345", "1.5", "0,5", "1e-3", "5.5e0"])
def test_a_whole_number_field_never_reads_a_thousand_as_one(qtbot: Any, text: str) -> None:
    edit = NumberEdit(INT, 7)
    qtbot.addWidget(edit)
    _type(edit, text)
    assert edit.value == 7
    assert edit.problem


@pytest.mark.parametrize(
    ("text", "meant"), [("1 000", 1000), ("1e3", 1000), ("16.0", 16), ("1'000", 1000), ("1.000.000", 1_000_000)]
)
def test_a_whole_number_field_takes_whole_numbers_however_written(qtbot: Any, text: str, meant: int) -> None:
    edit = NumberEdit(INT, 7)
    qtbot.addWidget(edit)
    _type(edit, text)
    assert edit.value == meant
    assert isinstance(edit.value, int)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_shown_typed_again_is_the_same_number(value: float) -> None:
    assert parse(as_typed(value)) == value


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_what_is_shown_of_a_whole_number_typed_again_is_the_same(value: int) -> None:
    assert parse(as_typed(value), whole=True) == value


@given(st.text(max_size=80))
def test_any_text_is_a_finite_number_or_a_sentence(text: str) -> None:
    try:
        value = parse(text)
    except ValueError as wrong:
        value, sentence = 0.0, str(wrong)
    else:
        sentence = "It is a number"
    assert math.isfinite(value)
    assert sentence[0].isupper()


def test_a_number_outside_the_range_is_refused_with_the_range(qtbot: Any) -> None:
    edit = NumberEdit(BATCH, 16)
    qtbot.addWidget(edit)
    _type(edit, "0")
    assert edit.value == 16
    assert "from 1 to 65" in edit.problem
    _type(edit, "32")
    assert edit.value == 32
    assert not edit.problem


def test_the_mark_of_a_wrong_number_goes_as_soon_as_it_is_right(qtbot: Any) -> None:
    edit = NumberEdit(RATE, 0.01)
    qtbot.addWidget(edit)
    _type(edit, "0.1x")
    assert edit.problem
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    assert not edit.problem
    assert edit.value == 0.01


def test_escape_brings_the_value_back(qtbot: Any) -> None:
    edit = NumberEdit(RATE, 0.01)
    qtbot.addWidget(edit)
    _type(edit, "wrong")
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert edit.text() == "0.01"
    assert not edit.problem


def test_leaving_the_field_takes_what_was_typed(qtbot: Any) -> None:
    both = QWidget()
    column = QVBoxLayout(both)
    edit, other = NumberEdit(RATE, 0.01), QLineEdit()
    column.addWidget(edit)
    column.addWidget(other)
    qtbot.addWidget(both)
    with qtbot.waitActive(both):
        both.show()
        both.activateWindow()
    edit.setFocus()
    edit.selectAll()
    edit.insert("0,2")
    assert edit.value == 0.01
    other.setFocus()
    assert edit.value == 0.2


def test_arrows_walk_a_learning_rate_by_ones_twos_and_fives_and_finish_as_one(qtbot: Any) -> None:
    edit = NumberEdit(RATE, 0.01)
    qtbot.addWidget(edit)
    heard = _heard(edit)
    for _ in range(3):
        QTest.keyClick(edit, Qt.Key.Key_Up)
    edit.finish()
    assert heard == [(0.02, False), (0.05, False), (0.1, False), (0.1, True)]
    QTest.keyClick(edit, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert edit.value == 0.01


def test_shift_doubles_a_batch_size_to_the_next_power_of_two(qtbot: Any) -> None:
    edit = NumberEdit(BATCH, 20)
    qtbot.addWidget(edit)
    QTest.keyClick(edit, Qt.Key.Key_Up)
    assert edit.value == 21
    QTest.keyClick(edit, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert edit.value == 32
    QTest.keyClick(edit, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert edit.value == 16


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("stride", [Stride(), Stride(big=True), Stride(fine=True)])
@pytest.mark.parametrize("param", [p for p in Training.params() if p.kind in ("int", "float")], ids=lambda p: p.name)
def test_steps_stay_inside_the_range_and_get_to_its_end(param: Param, stride: Stride, sign: int) -> None:
    value: float = getattr(Training(), param.name)
    for _ in range(60):
        moved = stepped(param, value, sign, stride)
        assert param.check(moved) == moved
        assert (moved - value) * sign >= 0
        value = moved
    if param.high is not None and param.high < 20 and not stride.fine:
        assert value in (param.low, param.high)


def test_the_wheel_steps_only_with_the_focus(qtbot: Any) -> None:
    edit = NumberEdit(BATCH, 16)
    qtbot.addWidget(edit)
    with qtbot.waitActive(edit):
        edit.show()
        edit.activateWindow()
    edit.clearFocus()
    _wheel(edit, 120)
    assert edit.value == 16
    edit.setFocus()
    _wheel(edit, 60)
    assert edit.value == 16
    _wheel(edit, 60)
    assert edit.value == 17
    _wheel(edit, -240)
    assert edit.value == 15


def test_the_same_value_from_outside_leaves_what_is_being_typed(qtbot: Any) -> None:
    edit = NumberEdit(RATE, 0.01)
    qtbot.addWidget(edit)
    edit.selectAll()
    edit.insert("0.3")
    edit.set_value(0.01)
    assert edit.text() == "0.3"
    edit.set_value(0.02)
    assert edit.text() == "0.02"


def test_an_empty_field_means_automatic_where_that_is_allowed(qtbot: Any) -> None:
    edit = NumberEdit(WORDY, 5)
    qtbot.addWidget(edit)
    _type(edit, "")
    assert edit.value is None
    assert edit.placeholderText() == "Automatic"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("5", 5), ("3 × 5", (3, 5)), ("3x5", (3, 5)), ("3, 5", (3, 5)), ("3 5", (3, 5)), ("3,3", 3), ("1 2 3", (1, 2, 3))],
)
def test_a_size_is_one_number_or_one_for_each_axis(qtbot: Any, text: str, meant: object) -> None:
    edit = SizeEdit(KERNEL, 7)
    qtbot.addWidget(edit)
    _type(edit, text)
    assert edit.value == meant
    assert not edit.problem


@pytest.mark.parametrize("text", ["1,000", "1 000", "1.5", "0", "3×", "same", "1 2 3 4", "5000", ""])
def test_a_size_that_is_none_is_refused(qtbot: Any, text: str) -> None:
    edit = SizeEdit(KERNEL, 7)
    qtbot.addWidget(edit)
    _type(edit, text)
    assert edit.value == 7
    assert edit.problem


def test_a_size_takes_its_words_typed_or_chosen(qtbot: Any) -> None:
    edit = SizeEdit(PADDING, 1)
    qtbot.addWidget(edit)
    _type(edit, "same")
    assert edit.value == "same"
    assert edit.text() == "Same"
    assert ("A number", 1) in edit.options()
    _type(edit, "none")
    assert edit.value == "valid"


def test_a_step_moves_every_axis_of_a_size(qtbot: Any) -> None:
    edit = SizeEdit(KERNEL, (3, 5))
    qtbot.addWidget(edit)
    QTest.keyClick(edit, Qt.Key.Key_Up)
    assert edit.value == (4, 6)


def _wheel(edit: QWidget, delta: int) -> None:
    none = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        QPointF(5, 5), QPointF(edit.mapToGlobal(QPoint(5, 5))), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
        none, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(edit, event)
