"""Every group of settings in every registry has a form; every edit arrives, comes back and can be refused."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS, MissingDataset
from nnlab.core.document import Data, Training
from nnlab.core.layer import LAYERS
from nnlab.core.loss import LOSSES
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.param import Param, Settings
from nnlab.core.schedule import SCHEDULES
from nnlab.errors import SettingError
from nnlab.ui.forms.controls import Fold, ScrubLabel
from nnlab.ui.forms.fields import ChoiceField, Field, NumberField, SwitchField, TextField
from nnlab.ui.forms.form import NamedField, SettingsForm, VariantField
from nnlab.ui.forms.stepping import stepped

EVERY = {"data": Data, "training": Training} | {
    f"{registry.what} {id_}": registry[id_]
    for registry in (LAYERS, DATASETS, OPTIMIZERS, SCHEDULES, LOSSES)
    for id_ in registry
}


class Heard:
    """What a form told, and the settings as its owner would hold them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.edits: list[tuple[str, Any, bool]] = []

    def __call__(self, name: str, value: Any, done: bool) -> None:
        self.settings = self.settings.with_(**{name: value})
        self.edits.append((name, value, done))


def _form(qtbot: QtBot, settings: Settings) -> tuple[SettingsForm, Heard]:
    heard = Heard(settings)
    form = SettingsForm(settings, heard)
    qtbot.addWidget(form)
    return form, heard


def _another(p: Param, value: Any) -> Any:
    """A value of this setting that differs from the present one."""
    if p.kind == "variant" and p.registry is not None:
        others = [p.registry[k]() for k in p.registry if p.registry[k] is not type(value)]
        return others[0] if others else value
    if p.registry is not None:
        return next(id_ for id_ in p.registry if id_ != value)
    if p.kind == "bool":
        return not value
    if p.kind == "choice":
        return next(v for v, _ in p.choices if v != value)
    if p.kind == "text":
        return f"{value} and more"
    if p.kind == "size" and not isinstance(value, int):
        return 2
    start = value if value is not None else p.low or 1
    moved = stepped(p, start, 1)
    return moved if moved != value else stepped(p, start, -1)


def _edit(field: Field, value: Any) -> None:
    """Do what a user does to bring this value in."""
    if isinstance(field, NumberField):
        _type(field.edit, field.edit._write(value))
    elif isinstance(field, SwitchField):
        field.switch.click()
    elif isinstance(field, ChoiceField):
        index = field.box.findData(value)
        field.box.setCurrentIndex(index)
        field.box.activated.emit(index)
    elif isinstance(field, TextField):
        _type(field.edit, value)
    elif isinstance(field, VariantField):
        assert field.param.registry is not None
        index = field.box.findData(value if isinstance(value, str) else field.param.registry.id_of(value))
        field.box.setCurrentIndex(index)
        field.box.activated.emit(index)


def _type(edit: QLineEdit, text: str) -> None:
    edit.selectAll()
    edit.insert(text)
    QTest.keyClick(edit, Qt.Key.Key_Return)


def _shown(field: Field) -> Any:
    if isinstance(field, NumberField):
        return field.edit.value
    if isinstance(field, SwitchField):
        return field.switch.isChecked()
    if isinstance(field, ChoiceField):
        return field.box.currentData()
    if isinstance(field, TextField):
        return field.edit.text()
    assert isinstance(field, VariantField)
    return field._id() if isinstance(field, NamedField) else field._value


@pytest.mark.parametrize("kind", EVERY.values(), ids=EVERY)
class TestEveryForm:
    def test_there_is_a_field_for_every_setting(self, qtbot: QtBot, kind: type[Settings]) -> None:
        form, _ = _form(qtbot, kind())
        assert list(form.fields) == [p.name for p in kind().open_params() if not p.advanced] + [
            p.name for p in kind().open_params() if p.advanced
        ]

    def test_every_edit_arrives_once_and_comes_back(self, qtbot: QtBot, kind: type[Settings]) -> None:
        settings = kind()
        form, heard = _form(qtbot, settings)
        for name, field in form.fields.items():
            value = _another(field.param, getattr(settings, name))
            if value == getattr(settings, name):
                continue
            _edit(field, value)
            assert heard.edits == [(name, value, True)]
            assert heard.settings == form.settings
            form.set_settings(heard.settings)
            assert _shown(form.fields[name]) == value
            form.set_settings(settings)  # undo
            assert _shown(form.fields[name]) == getattr(settings, name)
            heard.settings = settings
            heard.edits.clear()

    def test_every_control_says_what_it_is(self, qtbot: QtBot, kind: type[Settings]) -> None:
        form, _ = _form(qtbot, kind())
        for control in form.controls():
            assert control.accessibleName()
        for field in form.fields.values():
            assert field.controls()[0].toolTip()

    def test_showing_the_same_settings_tells_nobody(self, qtbot: QtBot, kind: type[Settings]) -> None:
        form, heard = _form(qtbot, kind())
        form.set_settings(kind())
        assert heard.edits == []


def test_a_setting_of_the_chosen_optimizer_arrives_as_the_whole_optimizer(qtbot: QtBot) -> None:
    form, heard = _form(qtbot, Training(optimizer=OPTIMIZERS["sgd"]()))
    field = form.fields["optimizer"]
    assert isinstance(field, VariantField)
    assert field.form is not None
    momentum = field.form.fields["momentum"]
    _edit(momentum, 0.9)
    assert heard.edits == [("optimizer", OPTIMIZERS["sgd"](momentum=0.9), True)]
    form.set_settings(Training(optimizer=OPTIMIZERS["sgd"]()))
    assert _shown(momentum) == 0.0


def test_a_setting_of_the_chosen_loss_arrives_as_the_loss_and_the_usual_ones_as_its_name(qtbot: QtBot) -> None:
    form, heard = _form(qtbot, Training())
    field = form.fields["loss"]
    assert isinstance(field, NamedField)
    assert field.form is None, "Automatic has no settings"
    _edit(field, "cross-entropy")
    form.set_settings(heard.settings)
    assert field.form is not None
    smoothing = field.form.fields["label_smoothing"]
    _edit(smoothing, 0.1)
    smoothed = LOSSES["cross-entropy"](label_smoothing=0.1)
    assert heard.edits == [("loss", "cross-entropy", True), ("loss", smoothed, True)]
    form.set_settings(heard.settings)
    assert field.form.fields["label_smoothing"] is smoothing, "the form stays while it is edited"
    assert isinstance(smoothing, NumberField)
    _type(smoothing.edit, "1.5")
    assert "from 0 to 1" in smoothing.edit.problem
    _edit(smoothing, 0.0)
    assert heard.settings.loss == "cross-entropy"
    form.set_settings(Training())
    assert field.form is None
    assert field.box.currentData() == "auto"


def test_a_refused_edit_stays_visible_with_its_reason_and_changes_nothing(qtbot: QtBot) -> None:
    def refuse(name: str, value: Any, done: bool) -> None:
        raise SettingError("These two shares leave nothing to train on", name)

    form = SettingsForm(Data(), refuse)
    qtbot.addWidget(form)
    field = form.fields["validation"]
    assert isinstance(field, NumberField)
    _type(field.edit, "0.8")
    assert field.edit.text() == "0.8"
    assert field.edit.problem == "These two shares leave nothing to train on"
    assert field.edit.value == 0.2
    assert form.settings == Data()
    QTest.keyClick(field.edit, Qt.Key.Key_Escape)
    assert field.edit.text() == "0.2"


def test_a_refused_setting_of_a_data_set_is_marked_where_it_was_typed(qtbot: QtBot) -> None:
    form, heard = _form(qtbot, Data())
    field = form.fields["dataset"]
    assert isinstance(field, VariantField)
    assert field.form is not None
    samples = field.form.fields["samples"]
    assert isinstance(samples, NumberField)
    _type(samples.edit, "3")
    assert "Samples" in samples.edit.problem
    assert heard.edits == []


def test_a_missing_data_set_is_named_and_another_can_be_chosen(qtbot: QtBot) -> None:
    form, heard = _form(qtbot, Data(dataset=MissingDataset("weather", {})))
    field = form.fields["dataset"]
    assert isinstance(field, VariantField)
    assert "weather" in field.box.currentText()
    _edit(field, DATASETS["spiral"]())
    assert heard.settings.as_dict()["dataset"]["type"] == "spiral"
    form.set_settings(heard.settings)
    assert field.box.findText("weather", Qt.MatchFlag.MatchContains) == -1


def test_several_values_are_shown_as_such_and_replaced_by_the_next_edit(qtbot: QtBot) -> None:
    linear = LAYERS["Linear"]()
    form, heard = _form(qtbot, linear)
    form.set_settings(linear, mixed={"out_features", "bias"})
    units, bias = form.fields["out_features"], form.fields["bias"]
    assert isinstance(units, NumberField)
    assert isinstance(bias, SwitchField)
    assert (units.edit.text(), units.edit.placeholderText()) == ("", "Several values")
    assert bias.switch.checkState() == Qt.CheckState.PartiallyChecked
    _type(units.edit, "8")
    assert heard.edits == [("out_features", 8, True)]


def test_advanced_settings_are_folded_away_until_asked_for(qtbot: QtBot) -> None:
    form, _ = _form(qtbot, OPTIMIZERS["adam"]())
    form.show()
    field = form.fields["beta1"].controls()[0]
    assert not field.isVisible()
    form.controls()[0].click()  # type: ignore[attr-defined]
    assert field.isVisible()
    again, _ = _form(qtbot, OPTIMIZERS["adam"]())
    again.show()
    assert again.fields["beta1"].controls()[0].isVisible()
    again.controls()[0].click()  # type: ignore[attr-defined]


def test_dragging_a_label_is_one_edit(qtbot: QtBot) -> None:
    form, heard = _form(qtbot, LAYERS["Linear"](out_features=8))
    form.show()
    label = next(child for child in form.findChildren(ScrubLabel) if child.text() == "Units")
    middle = label.rect().center()
    QTest.mousePress(label, Qt.MouseButton.LeftButton, pos=middle)
    for dx in (6, 12, 18):
        _move(label, middle.x() + dx, middle.y())
    QTest.mouseRelease(label, Qt.MouseButton.LeftButton, pos=middle)
    assert [value for _, value, _ in heard.edits] == [9, 10, 11, 11]
    assert [done for _, _, done in heard.edits] == [False, False, False, True]


def test_pointing_at_a_setting_explains_it(qtbot: QtBot) -> None:
    form, _ = _form(qtbot, LAYERS["Linear"]())
    form.show()
    said: list[str] = []
    form.explained.connect(said.append)
    with qtbot.waitActive(form):
        form.activateWindow()
    form.fields["out_features"].controls()[0].setFocus()
    assert said[-1] == "How many outputs (units)."


def test_tab_goes_through_the_fields_in_their_order_after_another_optimizer(qtbot: QtBot) -> None:
    form, _ = _form(qtbot, Training())
    form.set_settings(replace(Training(), optimizer=OPTIMIZERS["sgd"]()))
    wanted = form.controls()
    seen = [wanted[0]]
    widget: QWidget | None = wanted[0].nextInFocusChain()
    while widget is not None and widget is not wanted[0]:
        if widget in wanted:
            seen.append(widget)
        widget = widget.nextInFocusChain()
    assert seen == wanted


def test_no_form_needs_more_width_than_the_narrowest_inspector(qtbot: QtBot) -> None:
    for kind in EVERY.values():
        form, _ = _form(qtbot, kind())
        assert form.minimumSizeHint().width() <= 280 - 24 - 10


def _move(widget: QWidget, x: int, y: int) -> None:
    from PySide6.QtCore import QEvent, QPoint, QPointF
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    at = QPointF(widget.mapToGlobal(QPoint(x, y)))
    QApplication.sendEvent(widget, QMouseEvent(QEvent.Type.MouseMove, QPointF(x, y), at, left, left, none))


def test_a_folded_setting_that_another_one_asks_for_is_shown(qtbot: QtBot) -> None:
    loss = LOSSES["cross-entropy"]()
    form = SettingsForm(loss, lambda *_: None)
    qtbot.addWidget(form)
    form.show()
    weights = form.fields["weights"].widget
    assert not weights.isVisible()
    form.set_settings(loss.with_(class_weights="own"))
    assert weights.isVisible()
    for fold in form.findChildren(Fold):
        fold.setChecked(False)  # the next form of this kind begins folded
