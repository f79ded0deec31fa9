"""Icons, labels and resources: every name that is used exists and shows, and no text is ever mark-up."""

import re
from pathlib import Path
from typing import Any

import pytest
from PySide6 import QtGui
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication

import nnlab.ui
from nnlab.core.layer import CATEGORIES, LAYERS
from nnlab.ui.look import icons, labels, resources, theme
from nnlab.ui.panel import PANELS

PROMISED = frozenset(
    """
play pause stop step reset dice undo redo new open save plus search fit tidy zoom-in zoom-out cut copy paste duplicate
trash warning error info check close chevron-right chevron-down sun moon export data settings command help restart
panel-loss panel-boundary panel-activations panel-network cat-input cat-core cat-activation cat-convolution cat-pooling
cat-normalisation cat-recurrent cat-attention cat-graph cat-merge cat-regularisation app
""".split()  # noqa: SIM905
)

NASTY = [
    '<img src="file:///dev/zero">', "<b>bold</b>", "&lt;b&gt;", "<?xml version='1.0'?>", "a\n<p>b</p>", "![x](/etc/passwd)",
    "x\u202egnp.exe", "a\x00b\x1bc", "\ud800", "<" * 50 + ">", "<table><table>" * 500,
]  # fmt: skip


@pytest.fixture(params=[theme.LIGHT, theme.DARK], ids=lambda t: t.name)
def _theme(request: pytest.FixtureRequest, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "_current", request.param)


def _ink(image: QImage) -> int:
    """How many pixels are not fully transparent."""
    at = [(x, y) for x in range(image.width()) for y in range(image.height())]
    return sum(image.pixelColor(x, y).alpha() > 0 for x, y in at)


def _used() -> set[str]:
    """Every icon name that stands as a literal in a call of icons.icon or icons.pixmap, or as `icon=` or `icon = `."""
    found: set[str] = set()
    folder = Path(nnlab.ui.__file__).parent
    pattern = re.compile(r"""(?:icons\.(?:icon|pixmap)\(\s*|\bicon\s*=\s*|(?<![.\w])icon\()["']([a-z-]+)["']""")
    for file in folder.rglob("*.py"):
        found |= set(pattern.findall(file.read_text(encoding="utf-8")))
    return found


def test_every_promised_icon_is_there() -> None:
    assert icons.names() >= PROMISED


def test_every_icon_that_is_used_exists() -> None:
    used = _used() | {PANELS[p].icon for p in PANELS if PANELS[p].icon}
    assert used
    assert used <= icons.names()


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_layer_category_has_an_icon_of_its_own(category: str) -> None:
    assert icons.for_category(category).startswith("cat-")
    assert all(LAYERS[kind].category in CATEGORIES for kind in LAYERS)


@pytest.mark.usefixtures("_theme")
@pytest.mark.parametrize("name", sorted(icons.names()))
def test_every_icon_shows_something_in_both_themes(name: str) -> None:
    for size in (16, 24):
        picture = icons.pixmap(name, size, ratio=2.0)
        assert picture.size() == QSize(2 * size, 2 * size)
        ink = _ink(picture.toImage())
        assert 0.03 * 4 * size * size < ink < 0.95 * 4 * size * size


@pytest.mark.usefixtures("_theme")
def test_an_icon_wears_the_colour_of_its_token() -> None:
    image = icons.pixmap("stop", 32, "accent", ratio=1.0).toImage()
    wanted = theme.current().color("accent")
    seen = {
        image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
    }
    assert wanted.name() in seen


def test_a_disabled_icon_is_paler(qapp: QApplication) -> None:
    icon = icons.icon("save")
    strong = icon.pixmap(QSize(16, 16), QIcon.Mode.Normal).toImage()
    pale = icon.pixmap(QSize(16, 16), QIcon.Mode.Disabled).toImage()
    most = [
        max(i.pixelColor(x, y).alpha() for x in range(i.width()) for y in range(i.height())) for i in (strong, pale)
    ]
    assert most[1] < most[0]


def test_the_same_icon_is_drawn_once(qapp: QApplication) -> None:
    assert icons.icon("play").cacheKey() == icons.icon("play").cacheKey()


def test_an_icon_that_is_not_there_is_named(qapp: QApplication) -> None:
    with pytest.raises(KeyError, match="no-such-icon"):
        icons.icon("no-such-icon")
    assert icons.icon("").isNull()


def test_icons_are_found_in_a_frozen_program_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert resources.path("icons", "play.svg").is_file()
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    assert resources.path("icons") == tmp_path / "resources" / "icons"


@pytest.mark.parametrize("text", NASTY)
def test_a_label_shows_mark_up_as_text(qtbot: Any, text: str) -> None:
    made = labels.label(text)
    qtbot.addWidget(made)
    assert made.textFormat() == Qt.TextFormat.PlainText
    made.setText(text)
    assert len(made.text()) <= labels.TEXT_LIMIT
    assert not set(made.text()) & (labels.DIRECTION_MARKS | {"\x00", "\x1b", "\ud800"})


@pytest.mark.parametrize("text", NASTY)
def test_a_tooltip_is_never_taken_for_rich_text(text: str) -> None:
    assert not QtGui.Qt.mightBeRichText(labels.tooltip(text))


@pytest.mark.parametrize("text", NASTY)
def test_a_plot_title_holds_no_tag(text: str) -> None:
    assert "<" not in labels.for_plot(text)
    assert ">" not in labels.for_plot(text)


def test_a_very_long_text_is_cut_with_a_sign(qtbot: Any) -> None:
    made = labels.label("x" * 50_000, "caption")
    qtbot.addWidget(made)
    assert len(made.text()) == labels.TEXT_LIMIT
    assert made.text().endswith("…")


def test_long_help_is_wrapped_in_a_tooltip() -> None:
    assert max(map(len, labels.tooltip("word " * 60).split("\n"))) <= labels.TOOLTIP_WIDTH
