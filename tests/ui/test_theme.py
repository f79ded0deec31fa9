"""Every text can be read on every surface it stands on, in both themes."""

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from nnlab.ui.look import style_sheet, theme

SURFACES = ("window", "surface", "canvas", "raised", "sunken", "hover")
TEXTS = ("text", "muted", "accent", "error", "warning", "good")


def luminance(color: QColor) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(over: QColor, under: QColor, share: float) -> QColor:
    return QColor.fromRgbF(
        *(a * share + b * (1 - share) for a, b in zip(over.getRgbF()[:3], under.getRgbF()[:3], strict=True))
    )


@pytest.mark.parametrize("chosen", [theme.LIGHT, theme.DARK], ids=lambda t: t.name)
class TestBothThemes:
    def test_text_stands_out_from_every_surface(self, chosen):
        low = {
            (text, ground): round(contrast(chosen.color(text), chosen.color(ground)), 2)
            for text in TEXTS
            for ground in SURFACES
            if contrast(chosen.color(text), chosen.color(ground)) < 4.5
        }
        assert not low

    def test_the_accented_button_can_be_read_also_under_the_pointer(self, chosen):
        accent = chosen.color("accent")
        for ground in (accent, accent.darker(112) if chosen.name == "light" else accent.lighter(112)):
            assert contrast(chosen.color("on_accent"), ground) >= 4.5

    def test_a_selected_row_can_be_read(self, chosen):
        for ground in ("surface", "raised"):
            tinted = mixed(chosen.color("accent"), chosen.color(ground), 40 / 255)
            assert contrast(chosen.color("text"), tinted) >= 4.5

    def test_classes_curves_and_families_stand_out_from_the_canvas(self, chosen):
        ground = chosen.color("canvas")
        colors = [*chosen.classes, *chosen.families.values(), chosen.train, chosen.validation, chosen.metric]
        assert min(contrast(QColor(color), ground) for color in colors) >= 3.0

    def test_focus_and_selection_can_be_seen(self, chosen):
        for ground in SURFACES:
            assert contrast(chosen.color("accent"), chosen.color(ground)) >= 3.0

    def test_the_style_sheet_is_made_of_the_tokens(self, chosen):
        made = style_sheet.text(chosen, dict.fromkeys(style_sheet.SIGNS, "sign.png"))
        assert "$" not in made
        assert chosen.accent in made
        other = theme.DARK if chosen is theme.LIGHT else theme.LIGHT
        assert other.window not in made


def test_figures_are_equally_wide(qtbot):
    made = style_sheet.font(QApplication.font())
    assert made.pixelSize() == theme.TEXT_PX
    assert [tag.toString() for tag in made.featureTags()] == [b"tnum"]
