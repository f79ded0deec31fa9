"""Charts have few, round ticks, ranges that hold still, and lines that lose no extreme."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from nnlab.core import words
from nnlab.ui.look import markers, plots, theme

pytestmark = pytest.mark.usefixtures("qapp")

numbers = st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: 0.0 if abs(x) < 1e-12 else x)


@given(numbers, st.floats(1e-9, 1e12), st.integers(2, 12))
def test_ticks_are_few_round_and_inside(low: float, span: float, most: int) -> None:
    high = low + span
    found = plots.ticks(low, high, most)
    assert len(found) <= most + 1
    slack = 1e-6 * (abs(low) + abs(high))
    assert all(low - slack <= tick <= high + slack for tick in found)
    assert found == sorted(found)


def test_ticks_of_odd_ranges_are_no_crash() -> None:
    assert plots.ticks(1, 1, 5) == [1]
    assert plots.ticks(math.nan, 1, 5) == []
    assert plots.ticks(0, 3, 10, whole=True) == [0, 1, 2, 3]


@given(st.floats(1e-12, 1e12), st.floats(1.0, 1e12))
def test_logarithmic_ticks_are_inside_and_few(low: float, ratio: float) -> None:
    bottom, top = plots.log_range(low, low * ratio)
    assert bottom <= low * (1 + 1e-9)
    assert top >= low * ratio * (1 - 1e-9)
    found = plots.log_ticks(bottom, top, 6)
    assert 1 <= len(found) <= 10
    assert all(bottom * (1 - 1e-6) <= tick <= top * (1 + 1e-6) for tick in found)


@given(numbers, st.floats(0, 1e12))
def test_a_round_range_holds_its_numbers(low: float, span: float) -> None:
    bottom, top = plots.round_range(low, low + span)
    slack = 1e-6 * (abs(low) + span)
    assert bottom <= low + slack
    assert top >= low + span - slack
    assert top > bottom


@given(st.floats(0.001, 1e9))
def test_a_growing_axis_ends_beyond_its_number_but_not_far(value: float) -> None:
    end = plots.round_up(value)
    assert value <= end * (1 + 1e-9)
    assert end <= max(1.0, value) * 1.5 + 1e-9


def test_no_tick_is_written_with_an_e() -> None:
    for tick in (1e-5, 3e-12, 0.1 + 0.2, 1e9, 123456.0):
        assert "e" not in words.number(tick)


@given(numbers, st.floats(1e-3, 1e6), st.integers(2, 12))
def test_neighbouring_ticks_are_written_differently(low: float, share: float, most: int) -> None:
    span = max(abs(low), 1.0) * min(1.0, max(share / 1e6, 1e-4))
    found = plots.ticks(low, low + span, most)
    texts = plots.tick_texts(found)
    assert len(texts) == len(found)
    if abs(low) < 1e7:
        assert len(set(texts)) == len(texts)
    assert not any("e" in text for text in texts)


def test_shares_get_places_only_where_they_need_them() -> None:
    assert plots.tick_texts([0.6, 0.8, 1.0], share=True) == ["60\u202f%", "80\u202f%", "100\u202f%"]
    assert plots.tick_texts([0.994, 0.996], share=True) == ["99.4\u202f%", "99.6\u202f%"]


def test_axes_turn_numbers_into_pixels_and_back() -> None:
    axes = plots.Axes(QRectF(10, 20, 200, 100), (-1, 3), (0, 5))
    assert axes.to_x(-1) == 10
    assert axes.to_y(0) == 120
    assert axes.to_y(5) == 20
    assert axes.from_x(axes.to_x(0.7)) == pytest.approx(0.7)
    assert axes.from_y(axes.to_y(2.2)) == pytest.approx(2.2)
    log = plots.Axes(QRectF(0, 0, 100, 100), (0, 1), (0.01, 1), log_y=True)
    assert log.to_y(0.1) == pytest.approx(50)
    assert math.isfinite(log.to_y(0))


def test_points_that_are_no_numbers_are_left_out() -> None:
    axes = plots.Axes(QRectF(0, 0, 100, 100), (0, 3), (0, 1))
    assert len(axes.points(np.arange(4.0), np.array([0.1, np.nan, 0.2, np.nan]))) == 2


def test_a_thinned_line_keeps_every_columns_extremes() -> None:
    rng = np.random.default_rng(0)
    points = np.column_stack([np.linspace(0, 99.9, 5_000), rng.normal(size=5_000)])
    thin = plots.thinned(points)
    assert len(thin) <= 2 * 101
    for column in (0, 37, 99):
        inside = points[np.floor(points[:, 0]) == column, 1]
        kept = thin[np.floor(thin[:, 0]) == column, 1]
        assert (kept.min(), kept.max()) == (inside.min(), inside.max())
    few = points[::50]
    assert plots.thinned(few) is few


def test_a_polygon_has_its_points() -> None:
    points = np.array([[1.5, 2.5], [3.0, 4.0]])
    assert [(p.x(), p.y()) for p in plots.polygon(points)] == [(1.5, 2.5), (3.0, 4.0)]


@pytest.mark.parametrize("shape", theme.MARKERS)
def test_every_marker_has_a_shape_of_its_own(shape: str) -> None:
    path = markers.marker(shape, 10)
    assert 8 <= path.boundingRect().width() <= 16
    others = [markers.marker(other, 10) for other in theme.MARKERS if other != shape]
    assert all(path != other for other in others)


def test_labels_at_the_ends_never_overlap_and_stay_inside() -> None:
    picture = QImage(120, 200, QImage.Format.Format_ARGB32_Premultiplied)
    placed: list[float] = []

    class Watcher(QPainter):
        def drawText(self, at: QPointF, text: str) -> None:  # type: ignore[override]
            placed.append(at.y())

    painter = Watcher(picture)
    labels = [plots.EndLabel(y, "name", "1", QColor("red")) for y in (195, 194, 190, 10)]
    plots.draw_end_labels(painter, 5, 0, 200, labels)
    painter.end()
    names = placed[::2]
    assert all(b - a >= 2 * theme.CAPTION_PX for a, b in pairwise(names))
    assert max(placed) <= 200


def test_a_card_stays_inside_its_bounds() -> None:
    picture = QImage(400, 300, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(picture)
    bounds = QRectF(0, 0, 400, 300)
    for at in (QPointF(0, 0), QPointF(399, 299), QPointF(390, 5), QPointF(200, 150)):
        card = plots.draw_card(painter, at, bounds, [plots.CardLine("a title"), plots.CardLine("weight", "0.53")])
        assert bounds.contains(card)
    painter.end()


def test_a_faded_colour_lies_between_the_colour_and_the_canvas() -> None:
    now = theme.current()
    assert plots.faded("train", 1.0).name() == now.train
    assert plots.faded("train", 0.0).name() == now.canvas
    assert plots.faded("train", 0.5).alpha() == 255
