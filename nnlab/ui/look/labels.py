"""Text on the screen, always plain: rich text would read local files that a handed-over project names."""

import html
import textwrap
import unicodedata
from typing import Literal

from PySide6 import QtGui
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

from nnlab.ui.look import theme

Role = Literal["text", "caption", "title"]

TEXT_LIMIT = 10_000  # characters shown of one text
TOOLTIP_WIDTH = 64  # characters in one line of a tooltip
HARMLESS = "\ufffd"
LINE_ENDS = {"\r\n": "\n", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\t": " "}
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_SIZES: dict[Role, int] = {"text": theme.TEXT_PX, "caption": theme.CAPTION_PX, "title": theme.TITLE_PX}


def plain(text: str) -> str:
    """The text cut at 10,000 characters, its control and direction characters made visible and harmless."""
    cut = text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    for old, new in LINE_ENDS.items():
        cut = cut.replace(old, new)
    return "".join(c if _is_harmless(c) else HARMLESS for c in cut)


def tooltip(text: str) -> str:
    """The text for setToolTip: wrapped into lines, and never taken for rich text."""
    lines = plain(text).split("\n")
    wrapped = "\n".join(textwrap.fill(line, TOOLTIP_WIDTH) for line in lines)
    if QtGui.Qt.mightBeRichText(wrapped):  # Qt guesses from tags and entities: a space of no width breaks them
        wrapped = wrapped.replace("<", "<\u200b").replace("&", "&\u200b")
    return wrapped


def for_plot(text: str) -> str:
    """The text for pyqtgraph's titles, axes and legends, which take rich text only: every mark-up sign escaped."""
    return html.escape(plain(text))


class PlainLabel(QLabel):
    """A label that shows its text as it is, whatever stands in it."""

    def __init__(self, text: str = "", role: Role = "text") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setText(text)
        if role == "caption":
            self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        font = self.font()
        font.setPixelSize(_SIZES[role])
        if role == "title":
            font.setWeight(font.Weight.DemiBold)
        self.setFont(font)

    def setText(self, text: str) -> None:
        """Show this text, made harmless."""
        super().setText(plain(text))


def label(text: str, role: Role = "text") -> PlainLabel:
    """The one way to make a label: plain text in the size of its role."""
    return PlainLabel(text, role)


def _is_harmless(character: str) -> bool:
    if character == "\n":
        return True
    return character not in DIRECTION_MARKS and unicodedata.category(character) not in ("Cc", "Cs")
