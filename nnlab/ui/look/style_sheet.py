"""The look of buttons, fields, tabs, docks and menus, written once with the tokens of the theme."""

import os
import tempfile
from dataclasses import fields
from pathlib import Path
from string import Template

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from nnlab.ui.look import icons, theme
from nnlab.ui.look.theme import Theme

SIGNS = {
    "check": ("check", "on_accent", 16),
    "down": ("chevron-down", "muted", 16),
    "up": ("chevron-up", "muted", 16),
    "right": ("chevron-right", "muted", 16),
    "close": ("close", "muted", 16),
    "tick": ("check", "text", 16),
}
"""Name in the sheet -> icon, colour and size: a style sheet takes its signs from files only."""

_folder: tempfile.TemporaryDirectory[str] | None = None


def install(app: QApplication, chosen: Theme, scale: float = 1.0) -> None:
    """Make this theme the one in force, for palette, fonts and every control."""
    theme.apply(app, chosen)
    app.setFont(font(app.font(), scale))
    app.setStyleSheet(text(chosen, _signs(chosen)))


def font(base: QFont, scale: float = 1.0) -> QFont:
    """The system's font in our size, with figures of equal width so that numbers do not dance."""
    made = QFont(base)
    made.setPixelSize(round(theme.TEXT_PX * scale))
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def text(chosen: Theme, signs: dict[str, str]) -> str:
    """The style sheet; `signs` are the files of SIGNS."""
    tokens = {field.name: getattr(chosen, field.name) for field in fields(chosen) if field.type in ("str", str)}
    hover = chosen.color("accent").darker(112) if chosen.name == "light" else chosen.color("accent").lighter(112)
    soft = chosen.color("accent")
    extra = {
        "accent_hover": hover.name(),
        "accent_soft": f"rgba({soft.red()}, {soft.green()}, {soft.blue()}, 36)",
        "radius": f"{theme.RADIUS}px",
        "card_radius": f"{theme.CARD_RADIUS}px",
        "text_px": f"{theme.TEXT_PX}px",
        "caption_px": f"{theme.CAPTION_PX}px",
    }
    return Template(_SHEET).substitute({**tokens, **extra, **{f"sign_{k}": v for k, v in signs.items()}})


def _signs(chosen: Theme) -> dict[str, str]:
    global _folder
    if _folder is None or not os.path.isdir(_folder.name):
        _folder = tempfile.TemporaryDirectory(prefix="nnlab-", ignore_cleanup_errors=True)
    made = {}
    for key, (name, token, size) in SIGNS.items():
        file = Path(_folder.name) / f"{key}-{chosen.name}.png"
        if not file.exists():
            icons.pixmap(name, size, token, 1.0).save(str(file))
            icons.pixmap(name, size, token, 2.0).save(str(file.with_stem(file.stem + "@2x")))
        made[key] = file.as_posix()
    return made


_SHEET = """
QWidget { outline: none; }
QMainWindow, QDialog { background: $window; }
QMainWindow::separator { background: $hairline; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QDialog#commandPalette { background: $raised; border: 1px solid $hairline; }
QListView[raised="true"], QTreeView[raised="true"] { background: $raised; }
QSplitter::handle { background: $hairline; }
QSplitter::handle:hover { background: $accent; }

QToolTip {
    background: $raised; color: $text; border: 1px solid $hairline; border-radius: $radius; padding: 6px 8px;
}

QMenuBar { background: $window; border-bottom: 1px solid $hairline; padding: 2px 8px; }
QMenuBar::item { background: transparent; padding: 4px 8px; border-radius: $radius; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $raised; border: 1px solid $hairline; border-radius: $radius; padding: 4px; }
QMenu::item { padding: 5px 20px 5px 8px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $hairline; margin: 4px 8px; }
QMenu::indicator { width: 16px; height: 16px; left: 4px; }
QMenu::indicator:checked { image: url($sign_tick); }
QMenu::right-arrow { image: url($sign_right); width: 16px; height: 16px; right: 4px; }

QPushButton {
    background: $raised; color: $text; border: 1px solid $hairline; border-radius: $radius;
    padding: 4px 12px; min-height: 20px;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $hairline; }
QPushButton:focus { border: 1px solid $accent; }
QPushButton:disabled { color: $muted; background: $surface; }
QPushButton:flat { background: transparent; border-color: transparent; }
QPushButton:flat:hover { background: $hover; }
QPushButton:flat:focus { border-color: $accent; }
QPushButton[entry="true"] { text-align: left; }
QPushButton[accented="true"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[accented="true"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[accented="true"]:focus { border-color: $text; }
QPushButton[accented="true"]:disabled { background: $surface; color: $muted; border-color: $hairline; }

QToolButton {
    background: transparent; color: $text; border: 1px solid transparent; border-radius: $radius; padding: 3px;
}
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $accent_soft; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $muted; }
QToolButton[accented="true"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QToolButton[accented="true"]:hover { background: $accent_hover; border-color: $accent_hover; }
QToolButton[accented="true"]:focus { border-color: $text; }
QToolButton[accented="true"]:disabled { background: $surface; color: $muted; border-color: $hairline; }
QToolButton::menu-indicator { image: none; }
QToolButton::menu-button { border: none; width: 16px; }
QToolButton::menu-arrow { image: url($sign_down); width: 12px; height: 12px; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox {
    background: $sunken; color: $text; border: 1px solid $hairline; border-radius: $radius;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit, QAbstractSpinBox, QComboBox { padding: 2px 8px; min-height: 22px; }
QPlainTextEdit, QTextEdit { padding: 4px; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: $muted; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
    border: 1px solid $accent;
}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $muted; background: $surface; }
QLineEdit[wrong="true"] { border-color: $error; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url($sign_down); width: 16px; height: 16px; }
QComboBox QAbstractItemView {
    background: $raised; border: 1px solid $hairline; padding: 4px; selection-background-color: $accent_soft;
    selection-color: $text;
}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; background: transparent; width: 18px; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $hover; }
QAbstractSpinBox::up-arrow { image: url($sign_up); width: 12px; height: 12px; }
QAbstractSpinBox::down-arrow { image: url($sign_down); width: 12px; height: 12px; }

QCheckBox, QRadioButton { spacing: 8px; padding: 2px; border: 1px solid transparent; border-radius: 4px; }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox::indicator, QRadioButton::indicator {
    width: 16px; height: 16px; background: $sunken; border: 1px solid $muted; border-radius: 4px;
}
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url($sign_check); }
QRadioButton::indicator:checked { background: $sunken; border: 5px solid $accent; width: 8px; height: 8px; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $hairline; background: $surface; }

QSlider::groove:horizontal { height: 4px; background: $hairline; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
    width: 14px; height: 14px; margin: -6px 0; border-radius: 8px; background: $raised; border: 1px solid $muted;
}
QSlider::handle:horizontal:focus, QSlider::handle:horizontal:hover { border-color: $accent; }

QProgressBar {
    background: $hairline; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; text-align: center;
}
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QGroupBox { border: none; border-top: 1px solid $hairline; margin-top: 20px; padding-top: 8px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; top: 2px; }

QToolBar { background: $window; border: none; border-bottom: 1px solid $hairline; padding: 0; spacing: 0; }
QToolBar[below="true"] { border-bottom: none; border-top: 1px solid $hairline; }
#dockBody, #dockTitle { background: $surface; }
QDockWidget { color: $text; titlebar-close-icon: url($sign_close); }
QTabWidget::pane { border: none; border-top: 1px solid $hairline; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab {
    background: transparent; color: $muted; padding: 6px 8px 5px 8px; border: none;
    border-bottom: 2px solid transparent;
}
QTabBar::tab:hover { color: $text; background: $hover; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { color: $accent; }

QAbstractItemView { border: none; background: $surface; alternate-background-color: $surface; }
QAbstractItemView::item { padding: 2px 4px; border-radius: 4px; }
QAbstractItemView::item:hover { background: $hover; }
QAbstractItemView::item:selected { background: $accent_soft; color: $text; }
QHeaderView::section {
    background: $surface; color: $muted; border: none; border-bottom: 1px solid $hairline; padding: 4px 8px;
}
QScrollArea { border: none; background: transparent; }
QAbstractScrollArea::corner { background: transparent; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle { background: $hairline; border-radius: 3px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::handle:vertical { min-height: 24px; }
QScrollBar::handle:horizontal { min-width: 24px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QStatusBar { background: $window; border-top: 1px solid $hairline; }
QStatusBar::item { border: none; }
QStatusBar QToolButton, QStatusBar QPushButton { padding: 1px 8px; min-height: 18px; }

QLabel { background: transparent; }
"""
