"""Colours, sizes and fonts: every colour literal of the product stands in this file."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

Name = Literal["light", "dark"]
Choice = Literal["system", "light", "dark"]

GRID = 4
RADIUS = 6  # controls
CARD_RADIUS = 10  # nodes and cards
TEXT_PX, CAPTION_PX, TITLE_PX = 13, 11, 17


@dataclass(frozen=True)
class Theme:
    """The colours of one theme as "#rrggbb"; text on its surface has a contrast of 4.5:1 or more (a test computes it)."""

    name: Name
    window: str
    """Behind panels and docks."""
    surface: str
    """Panels, inspector, lists."""
    canvas: str
    """Behind the network and behind plots."""
    raised: str
    """Nodes, cards, menus."""
    sunken: str
    """Text fields, wells."""
    hairline: str
    hover: str
    text: str
    muted: str
    """Captions and units; still readable."""
    accent: str
    """Only for what to do next and what is selected."""
    on_accent: str
    error: str
    warning: str
    good: str
    negative: str
    """Signed values below zero: blue."""
    zero: str
    positive: str
    """Signed values above zero: orange."""
    train: str
    """Curves of the training part, in every panel."""
    validation: str
    metric: str
    wire: str
    classes: tuple[str, ...]
    """Okabe-Ito, one per class; class k also has marker MARKERS[k]."""
    families: dict[str, str]
    """Layer category -> hue of its stripe and icon."""

    def color(self, token: str, alpha: int = 255) -> QColor:
        """One token as a QColor: color("accent"), color("text", 128)."""
        color = QColor(getattr(self, token))
        color.setAlpha(alpha)
        return color


MARKERS = ("o", "s", "t", "d", "p", "h", "star", "+", "x", "t1")
"""pyqtgraph symbols, so classes differ without colour."""

_OKABE_ITO_LIGHT = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c7800", "#3a9bd0", "#a06000", "#555555", "#7b4fb0", "#a8324f",
)  # fmt: skip
_OKABE_ITO_DARK = (
    "#56b4e9", "#e69f00", "#2fc79a", "#e59cc4", "#f0e442", "#6d9dff", "#ff8f5a", "#b8b8b8", "#b592e8", "#f08098",
)  # fmt: skip

LIGHT = Theme(
    name="light",
    window="#eceef1",
    surface="#f7f8fa",
    canvas="#fdfdfe",
    raised="#ffffff",
    sunken="#ffffff",
    hairline="#d5d9df",
    hover="#e6e9ee",
    text="#1d2229",
    muted="#59626e",
    accent="#1f5fd0",
    on_accent="#ffffff",
    error="#b3261e",
    warning="#8a5300",
    good="#1b6e3c",
    negative="#2166ac",
    zero="#f2f2f0",
    positive="#d9690a",
    train="#1f5fd0",
    validation="#c2570c",
    metric="#1b7a5a",
    wire="#8b95a3",
    classes=_OKABE_ITO_LIGHT,
    families={
        "Input and output": "#59626e",
        "Core": "#1f5fd0",
        "Activation": "#c2570c",
        "Convolution": "#7b3fb5",
        "Pooling": "#a8327a",
        "Normalisation": "#0b7a86",
        "Recurrent": "#9a6700",
        "Attention": "#b3261e",
        "Graph": "#3f7d20",
        "Merge and reshape": "#4b5bb5",
        "Regularisation": "#1b7a5a",
        "Blocks": "#6b4a2f",
    },
)

DARK = Theme(
    name="dark",
    window="#15181d",
    surface="#1c2026",
    canvas="#181b20",
    raised="#272c34",
    sunken="#14171b",
    hairline="#383f49",
    hover="#303640",
    text="#e8ebef",
    muted="#a3adba",
    accent="#6ea3ff",
    on_accent="#0b1526",
    error="#ff8a80",
    warning="#ffc266",
    good="#6fd69a",
    negative="#5aa9f0",
    zero="#2c3037",
    positive="#f59a4a",
    train="#6ea3ff",
    validation="#f59a4a",
    metric="#5fd0a5",
    wire="#77828f",
    classes=_OKABE_ITO_DARK,
    families={
        "Input and output": "#a3adba",
        "Core": "#6ea3ff",
        "Activation": "#f59a4a",
        "Convolution": "#c08cf5",
        "Pooling": "#ec86c1",
        "Normalisation": "#4fc3d0",
        "Recurrent": "#e0b04f",
        "Attention": "#ff8a80",
        "Graph": "#92cf6c",
        "Merge and reshape": "#98a6f5",
        "Regularisation": "#5fd0a5",
        "Blocks": "#d3b08c",
    },
)

_current = LIGHT


def current() -> Theme:
    """The theme in force."""
    return _current


def resolve(choice: Choice) -> Theme:
    """The theme a choice means now; "system" follows the desktop's, and is light where it says nothing."""
    if choice == "system":
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return DARK if dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def apply(app: QApplication, theme: Theme) -> None:
    """Make this theme the one in force: Fusion, its palette, its style sheet."""
    global _current
    _current = theme
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))


def _palette(theme: Theme) -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    tokens = {
        roles.Window: "window", roles.WindowText: "text", roles.Base: "sunken", roles.AlternateBase: "surface",
        roles.Text: "text", roles.Button: "raised", roles.ButtonText: "text", roles.BrightText: "error",
        roles.Highlight: "accent", roles.HighlightedText: "on_accent", roles.ToolTipBase: "raised",
        roles.ToolTipText: "text", roles.PlaceholderText: "muted", roles.Link: "accent", roles.Mid: "hairline",
        roles.Midlight: "hover", roles.Dark: "hairline", roles.Light: "raised", roles.Shadow: "hairline",
        roles.Accent: "accent",
    }  # fmt: skip
    for role, token in tokens.items():
        palette.setColor(role, theme.color(token))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, theme.color("muted", 140))
    return palette
