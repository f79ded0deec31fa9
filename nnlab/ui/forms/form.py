"""A form made from declared settings: nothing is listed twice, so a new layer or data set has its form at once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from nnlab.core.param import Param, Settings
from nnlab.errors import SettingError
from nnlab.ui.forms.controls import HEIGHT, Choice, Fold, ScrubLabel, chain_focus
from nnlab.ui.forms.fields import Field, NumberField, OnChange, simple_field
from nnlab.ui.look.labels import PlainLabel, label, plain, tooltip

LABEL_WIDTH = 124
GAP = 4
NARROWEST = 64  # of a field beside which something stands

OnSetting = Callable[[str, Any, bool], None]
"""(name, value, done)."""

_unfolded: set[type[Settings]] = set()  # whose advanced settings are open; kept while the window lives


class SettingsForm(QWidget):
    """One row for each declared setting; the advanced ones are folded away under "More"."""

    explained = Signal(str)
    """What the setting under the pointer or with the focus does; empty when there is none."""

    def __init__(
        self,
        settings: Settings,
        on_change: OnSetting,
        extras: Mapping[str, QWidget] | None = None,
        parent: QWidget | None = None,
        more: str = "More",
        choices: Mapping[str, tuple[tuple[str, str], ...]] | None = None,
    ) -> None:
        """`extras` puts a small widget at the end of the row of a setting, as the dice beside the seed.

        `more` is the text of the line that opens the advanced settings. `choices` makes a text that can only be one of
        a few a list to choose from: (value, text) pairs by the name of the setting.
        """
        super().__init__(parent)
        self.settings = settings
        self.fields: dict[str, Field] = {}
        self._on_change = on_change
        self._extras = extras or {}
        self._more = more
        self._rows: dict[str, _Row] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        params = [_chosen(p, (choices or {}).get(p.name)) for p in settings.open_params()]
        for p in params:
            if not p.advanced:
                column.addWidget(self._row(p))
        self._fold: Fold | None = None
        advanced = [p for p in params if p.advanced]
        if advanced:
            self._add_folded(column, advanced)
        self._unfold_what_is_asked()
        chain_focus(self.controls())

    def set_settings(self, settings: Settings, mixed: Collection[str] = ()) -> None:
        """Show other values of the same kind of settings, in place; names in `mixed` show several values."""
        if type(settings) is not type(self.settings):
            raise TypeError("a form shows one kind of settings; make another form")
        self.settings = settings
        for name, field in self.fields.items():
            if name in mixed:
                field.set_mixed()
            else:
                field.set_value(getattr(settings, name))
            self._rows[name].show_problem(_problem_of(field))
        self._unfold_what_is_asked()

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Whether this setting can be edited now."""
        self._rows[name].setEnabled(enabled)

    def hide_setting(self, name: str) -> None:
        """Leave out a setting that is edited elsewhere."""
        self._rows[name].hide()

    def controls(self) -> list[QWidget]:
        """What Tab stops at, in order."""
        found: list[QWidget] = []
        for advanced in (False, True):
            if advanced and self._fold is not None:
                found.append(self._fold)
            for name, field in self.fields.items():
                if field.param.advanced == advanced:
                    found += field.controls()
                    found += [self._extras[name]] if name in self._extras else []
        return found

    # ---------------------------------------------------------------- inside

    def _add_folded(self, column: QVBoxLayout, advanced: list[Param]) -> None:
        kind = type(self.settings)
        folded = QWidget()
        inner = QVBoxLayout(folded)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(GAP)
        for p in advanced:
            inner.addWidget(self._row(p))

        def toggle(is_open: bool) -> None:
            folded.setVisible(is_open)
            (_unfolded.add if is_open else _unfolded.discard)(kind)

        self._fold = Fold(plain(self._more), toggle, kind in _unfolded)
        self._fold.setAccessibleName(f"More settings of {plain(kind.title)}")
        column.addWidget(self._fold)
        column.addWidget(folded)
        folded.setVisible(kind in _unfolded)

    def _unfold_what_is_asked(self) -> None:
        """A setting that another one makes needed is not to be looked for."""
        if self._fold is not None and any(self.settings.param(name).advanced for name in self.settings.asks_for):
            self._fold.setChecked(True)

    def _row(self, p: Param) -> "_Row":
        def changed(value: Any, done: bool) -> None:
            self._on_field(p.name, value, done)

        def nested(value: Any, done: bool) -> None:
            self._apply(p.name, value, done)

        value = getattr(self.settings, p.name)
        field: Field
        if p.registry is not None:
            kind = VariantField if p.kind == "variant" else NamedField
            field = kind(p, value, changed, nested, self.explained.emit)
        else:
            field = simple_field(p, value, changed)
        row = _Row(field, self._extras.get(p.name))
        row.explained.connect(self.explained)
        self.fields[p.name] = field
        self._rows[p.name] = row
        return row

    def _on_field(self, name: str, value: Any, done: bool) -> None:
        try:
            self._apply(name, value, done)
        except SettingError as wrong:
            self.fields[name].reject(getattr(self.settings, name), str(wrong))
            self._rows[name].show_problem(str(wrong))
        else:
            self._rows[name].show_problem("")

    def _apply(self, name: str, value: Any, done: bool) -> None:
        before = self.settings
        self.settings = before.with_(**{name: value})
        try:
            self._on_change(name, getattr(self.settings, name), done)
        except SettingError:
            self.settings = before
            raise


class _Row(QWidget):
    """Label, field, and under them the sentence that says what is wrong, if something is."""

    explained = Signal(str)

    def __init__(self, field: Field, extra: QWidget | None) -> None:
        super().__init__()
        p = field.param
        self._label: PlainLabel = ScrubLabel(p.label, field.edit) if isinstance(field, NumberField) else label(p.label)
        self._label.setToolTip(tooltip(p.why))
        self._label.setBuddy(field.controls()[0])
        self._why = p.why
        self._problem: PlainLabel | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * GAP)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        self._label.setMinimumHeight(20 if field.stacked else HEIGHT)
        right = field.widget if extra is None else _beside(field.widget, extra)
        if field.stacked:
            self._grid.addWidget(self._label, 0, 0, 1, 2)
            self._grid.addWidget(right, 1, 0, 1, 2)
        else:
            self._label.setFixedWidth(LABEL_WIDTH)
            self._label.setWordWrap(True)
            self._grid.addWidget(self._label, 0, 0)
            self._grid.addWidget(right, 0, 1)
        for control in (self._label, *field.controls()):
            control.installEventFilter(self)
        if isinstance(field, NumberField):
            field.edit.refused.connect(self.show_problem)

    def show_problem(self, sentence: str) -> None:
        """Say under the field what is wrong with it."""
        if self._problem is None:
            if not sentence:
                return
            self._problem = label("", "caption")
            self._problem.setForegroundRole(QPalette.ColorRole.BrightText)
            self._problem.setWordWrap(True)
            self._problem.setProperty("role", "error")
            self._grid.addWidget(self._problem, 2, 0, 1, 2)
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell what the setting does when it is pointed at or reached."""
        if event.type() in (QEvent.Type.Enter, QEvent.Type.FocusIn):
            self.explained.emit(self._why)
        elif event.type() == QEvent.Type.Leave:
            self.explained.emit("")
        return False


class VariantField(Field):
    """A choice among a registry's things, and under it the form of the chosen one's own settings."""

    stacked = True

    def __init__(
        self, param: Param, value: Settings, on_chosen: OnChange, on_nested: OnChange, explain: Callable[[str], None]
    ) -> None:
        """`on_nested` hears of edits of the chosen one's settings, and may raise SettingError."""
        super().__init__(param, on_chosen)
        self._on_nested_change = on_nested
        self._explain = explain
        self._registry: Any = param.registry
        self._value = value
        self.form: SettingsForm | None = None
        self.widget = QWidget()
        self.box = Choice()
        self._describe(self.box)
        self._column = QVBoxLayout(self.widget)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP)
        self._column.addWidget(self.box)
        self._fill()
        self.box.activated.connect(self._on_chosen)
        self._show_form()

    def set_value(self, value: Any) -> None:
        """Show this one: in place where only its settings differ."""
        old, self._value = self._value, value
        if type(old) is type(value) and self.form is not None:
            self.form.set_settings(value)
            return
        if type(old) is not type(value):
            self._fill()
            self._show_form()
            chain_focus(self.controls())

    def set_mixed(self) -> None:
        """None of them."""
        self.box.setCurrentIndex(-1)

    def controls(self) -> list[QWidget]:
        """The list, then its form."""
        return [self.box, *(self.form.controls() if self.form is not None else [])]

    def _fill(self) -> None:
        self.box.clear()
        present = self._id()
        if present is None:
            self.box.addItem(plain(f"{type(self._value).title} {getattr(self._value, 'type_id', '')!r}"), None)
        for category, ids in _grouped(self._registry).items():
            if category:
                self.box.add_heading(category)
            for id_ in ids:
                self.box.addItem(plain(self._registry[id_].title), id_)
        self.box.setCurrentIndex(max(0, self.box.findData(present)) if present else 0)

    def _show_form(self) -> None:
        if self.form is not None:
            self._column.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if type(self._value).params():
            self.form = SettingsForm(self._value, self._on_nested, more=f"More of {self._value.title}")
            self.form.explained.connect(self._explain)
            self._column.addWidget(self.form)

    def _on_chosen(self, index: int) -> None:
        id_ = self.box.itemData(index)
        if id_ is not None and id_ != self._id():
            self.on_change(self._registry[id_](), True)

    def _on_nested(self, name: str, value: Any, done: bool) -> None:
        if self.form is not None:
            self._value = self.form.settings
            self._on_nested_change(self._value, done)

    def _id(self) -> str | None:
        try:
            return str(self._registry.id_of(self._value))
        except KeyError:
            return None


@dataclass(frozen=True)
class _Word(Settings):
    """In the place of a thing: a word that is none, such as Automatic."""

    word: str = ""


class NamedField(VariantField):
    """A list of names in which a chosen thing may have settings of its own, under the list; a word such as Automatic has none."""

    def __init__(
        self, param: Param, value: Any, on_chosen: OnChange, on_nested: OnChange, explain: Callable[[str], None]
    ) -> None:
        super().__init__(param, _held(param, value), on_chosen, on_nested, explain)

    def set_value(self, value: Any) -> None:
        """Show this name, or this thing."""
        old, new = self._value, _held(self.param, value)
        super().set_value(new)
        if type(old) is type(new) and old != new and isinstance(new, _Word):
            self._fill()

    def _fill(self) -> None:
        self.box.clear()
        present = str(self._id())
        choices = self.param.choices or tuple((id_, self._registry[id_].title) for id_ in self._registry)
        if present not in [id_ for id_, _ in choices]:
            choices = ((present, present), *choices)
        for id_, text in choices:
            self.box.addItem(plain(text), id_)
        self.box.setCurrentIndex(self.box.findData(present))

    def _on_chosen(self, index: int) -> None:
        id_ = self.box.itemData(index)
        if id_ is not None and id_ != self._id():
            self.on_change(id_, True)

    def _id(self) -> str | None:
        return self._value.word if isinstance(self._value, _Word) else super()._id()


def _held(param: Param, value: Any) -> Settings:
    """The thing that a name stands for, or the word that it is."""
    if isinstance(value, Settings):
        return value
    known = param.registry is not None and value in param.registry
    found: Settings = param.registry[value]() if known and param.registry is not None else _Word(value)
    return found


def _grouped(registry: Any) -> dict[str, list[str]]:
    """The ids under the categories of their things, each sorted by title."""
    found: dict[str, list[str]] = {}
    for id_ in sorted(registry, key=lambda k: registry[k].title.casefold()):
        found.setdefault(getattr(registry[id_], "category", ""), []).append(id_)
    return found


def _chosen(p: Param, choices: tuple[tuple[str, str], ...] | None) -> Param:
    return p if choices is None else replace(p, kind="choice", choices=choices)


def _problem_of(field: Field) -> str:
    return field.edit.problem if isinstance(field, NumberField) else ""


def _beside(widget: QWidget, extra: QWidget) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    widget.setMinimumWidth(NARROWEST)  # it gives way to the extra, and the form does not become wider
    row.addWidget(widget, 1)
    row.addWidget(extra)
    return both
