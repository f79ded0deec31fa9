"""The boundary panel draws the answer where it belongs, for any number of classes, and says when there is none."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QSlider
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.engine.events import Prepared, Snapshot
from nnlab.engine.wants import Boundary, BoundaryWant, Points, PointsWant, Want
from nnlab.ui.look import plots, theme
from nnlab.ui.panel import PANELS
from nnlab.ui.panels.boundary import NO_PLANE, PICTURES, BoundaryPanel
from nnlab.ui.workbench import Workbench

SIDE = 20


def document(data: str = "spiral", **settings: object) -> Document:
    graph = Graph().with_node(Node("input", LAYERS["Input"]()))
    return Document(graph=graph).with_data(dataset=DATASETS[data](**settings))


def plane(classes: int = 2) -> Boundary:
    """Class 0 in the lower half, the last class in the upper."""
    values = np.zeros((SIDE, SIDE, classes), np.float32)
    values[: SIDE // 2, :, 0] = 1
    values[SIDE // 2 :, :, -1] = 1
    return Boundary((-2, 2), (-1, 3), values, "classes")


def points(classes: int = 2) -> Points:
    target = np.array([0, 0, classes - 1, classes - 1], np.float32)
    said = np.array([0, 1, classes - 1, classes - 1], np.float32)
    x, y = np.array([-1, 1, -1, 1], np.float32), np.array([0, 0, 2, 2], np.float32)
    return Points(x, y, target, said, target != said)


def empty() -> Points:
    nothing = np.empty(0, np.float32)
    return Points(nothing, nothing, nothing, nothing, np.empty(0, np.bool_))


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(document())
    yield made
    made.close()


@pytest.fixture
def panel(bench: Workbench, qtbot: QtBot) -> BoundaryPanel:
    return open_panel(bench, qtbot)


def open_panel(bench: Workbench, qtbot: QtBot) -> BoundaryPanel:
    made = PANELS["boundary"](bench)
    assert isinstance(made, BoundaryPanel)
    qtbot.addWidget(made)
    bench.document_changed.connect(made.on_document)
    made.resize(420, 360)
    made.show()
    return made


def answer(panel: BoundaryPanel, boundary: object, train: object, validation: object = None) -> None:
    found: dict[Want, object] = {}
    for want in panel.wants():
        if isinstance(want, BoundaryWant):
            found[want] = boundary
        elif isinstance(want, PointsWant):
            found[want] = train if want.part == "train" else validation or empty()
    panel.on_snapshot(Snapshot(1, 0, 0, found))


def color_at(panel: BoundaryPanel, x: float, y: float) -> QColor:
    drawing = panel.plane
    assert drawing.view is not None
    axes = drawing.axes(drawing.view)
    return drawing.grab().toImage().pixelColor(round(axes.to_x(x)), round(axes.to_y(y)))


def distance(a: QColor, b: QColor) -> int:
    return abs(a.red() - b.red()) + abs(a.green() - b.green()) + abs(a.blue() - b.blue())


def winner(color: QColor, classes: int) -> int:
    named = [QColor(name) for name in theme.current().classes[:classes]]
    return min(range(classes), key=lambda k: distance(color, named[k]))


# ---------------------------------------------------------------- the plane


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_each_place_has_the_colour_of_its_class_the_right_way_up(panel: BoundaryPanel, classes: int) -> None:
    answer(panel, plane(classes), empty())
    assert winner(color_at(panel, -1.7, -0.5), classes) == 0
    assert winner(color_at(panel, 1.7, 2.5), classes) == classes - 1


def test_points_lie_at_their_place_and_wrong_ones_have_a_ring(panel: BoundaryPanel) -> None:
    answer(panel, plane(), empty())
    before = panel.plane.grab().toImage()
    answer(panel, plane(), points())
    after = panel.plane.grab().toImage()
    assert before != after
    assert panel.plane.view is not None
    axes = panel.plane.axes(panel.plane.view)

    def changed(x: float, y: float) -> int:
        middle = (round(axes.to_x(x)), round(axes.to_y(y)))
        around = [(middle[0] + dx, middle[1] + dy) for dx in range(-9, 10) for dy in range(-9, 10)]
        return sum(before.pixelColor(*at) != after.pixelColor(*at) for at in around)

    assert changed(-1, 0) > 20
    assert changed(1, 0) > changed(-1, 0) + 20  # the wrong one, with its ring
    assert changed(0, 1) == 0


def test_parts_can_be_hidden(panel: BoundaryPanel) -> None:
    answer(panel, plane(), points(), points())
    both = panel.plane.grab().toImage()
    panel.validation_box.setChecked(False)
    one = panel.plane.grab().toImage()
    panel.train_box.setChecked(False)
    none = panel.plane.grab().toImage()
    assert len({bytes(picture.constBits()) for picture in (both, one, none)}) == 3


def test_points_in_the_plane_have_equal_steps_both_ways(panel: BoundaryPanel) -> None:
    answer(panel, plane(), empty())
    panel.resize(900, 300)
    assert panel.plane.view is not None
    axes = panel.plane.axes(panel.plane.view)
    assert axes.to_x(1) - axes.to_x(0) == pytest.approx(axes.to_y(0) - axes.to_y(1), rel=0.02)


def test_the_number_of_classes_may_change_under_it(panel: BoundaryPanel, bench: Workbench) -> None:
    answer(panel, plane(2), points(2))
    panel.grab()
    answer(panel, plane(5), points(5))  # the data set's names are still those of two classes
    panel.grab()
    bench.open_document(document(arms=5))
    answer(panel, plane(2), points(2))
    panel.grab()


def test_hovering_tells_the_prediction_or_the_sample(panel: BoundaryPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(panel, plane(), points())
    shown: list[plots.CardLine] = []
    monkeypatch.setattr(plots, "draw_card", lambda painter, at, bounds, lines: shown.extend(lines))
    assert panel.plane.view is not None
    axes = panel.plane.axes(panel.plane.view)
    panel.plane.hover = QPointF(axes.to_x(-1.6), axes.to_y(2.6))
    panel.plane.grab()
    assert ("Arm 2", "100.0\u202f%") in [(line.caption, line.value) for line in shown]
    shown.clear()
    panel.plane.hover = QPointF(axes.to_x(1), axes.to_y(0))
    panel.plane.grab()
    said = {line.caption: line.value for line in shown}
    assert said["is"] == "Arm 1"
    assert said["wrongly predicted"] == "Arm 2"


def test_discretising_shows_the_winner_alone(panel: BoundaryPanel) -> None:
    unsure = Boundary((-2, 2), (-1, 3), np.full((SIDE, SIDE, 2), [0.45, 0.55], np.float32), "classes")
    answer(panel, unsure, empty())
    pale = color_at(panel, 0, 0)
    panel.discrete_box.setChecked(True)
    assert distance(color_at(panel, 0, 0), QColor(theme.current().classes[1])) < distance(
        pale, QColor(theme.current().classes[1])
    )


# ---------------------------------------------------------------- values


def test_a_surface_has_the_colours_of_the_data_range(panel: BoundaryPanel, bench: Workbench) -> None:
    bench.open_document(document("surface"))
    rising = np.linspace(-1, 1, SIDE, dtype=np.float32)[:, None, None] * np.ones((1, SIDE, 1), np.float32)
    train = points()
    train = Points(train.x, train.y, np.array([-1, 0, 0.5, 1], np.float32), train.prediction, np.zeros(4, np.bool_))
    answer(panel, Boundary((-2, 2), (-1, 3), rising, "values"), train)
    assert panel.plane.view is not None
    assert panel.plane.view.span == (-1, 1)
    low, high = color_at(panel, -1.7, -0.9), color_at(panel, -1.7, 2.9)
    assert low.blue() > low.red()
    assert high.red() > high.blue()
    assert not panel.discrete_box.isVisible()


def test_one_input_is_drawn_as_a_curve_over_its_samples(panel: BoundaryPanel, bench: Workbench) -> None:
    bench.open_document(document("curve"))
    x = np.array([2, 0, 1], np.float32)
    train = Points(x, x * 2, x * 2, x * 3, np.zeros(3, np.bool_))
    line = Boundary((-1, 3), (0, 0), np.linspace(-3, 9, SIDE, dtype=np.float32)[None, :, None], "values")
    answer(panel, line, train)
    view = panel.plane.view
    assert view is not None
    assert view.is_line
    found = view.value_at(1.0, 0.0)
    assert found is not None
    assert float(found[0]) == pytest.approx(3.0, abs=0.4)
    axes = panel.plane.axes(view)
    assert axes.y[0] <= 0
    assert axes.y[1] >= 4
    picture, curve = panel.plane.grab().toImage(), theme.current().color("positive")
    at = round(axes.to_x(0.5))  # between the samples, the answer 1.5 lies on its way from 0 to 3
    near = [y for y in range(picture.height()) if distance(picture.pixelColor(at, y), curve) < 150]
    assert near
    assert min(near) - 3 <= axes.to_y(1.5) <= max(near) + 3
    assert max(near) - min(near) < 30


# ---------------------------------------------------------------- looking closer


def turn_wheel(panel: BoundaryPanel, x: float, y: float, notches: int) -> bool:
    """Turn the wheel over this place; whether the panel took it."""
    view = panel.plane.view
    assert view is not None
    axes, canvas = panel.plane.axes(view), panel.plane.canvas
    at = QPointF(axes.to_x(x), axes.to_y(y))
    none = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase)
    turn = QPoint(0, 120 * notches)
    event = QWheelEvent(at, QPointF(canvas.mapToGlobal(at.toPoint())), QPoint(), turn, *none, False)
    QApplication.sendEvent(canvas.viewport(), event)
    return event.isAccepted()


def test_the_wheel_looks_closer_and_the_picture_only_magnifies(panel: BoundaryPanel) -> None:
    answer(panel, plane(), points())
    view, wants = panel.plane.view, panel.wants()
    assert view is not None
    assert turn_wheel(panel, 0.0, 2.0, 6)
    axes = panel.plane.axes(view)
    assert axes.x[1] - axes.x[0] < 2
    assert axes.x[0] < 0 < axes.x[1]
    assert axes.y[1] - axes.y[0] == pytest.approx(axes.x[1] - axes.x[0], rel=0.02)
    assert panel.wants() == wants
    assert winner(color_at(panel, 0.0, 2.0), 2) == 1
    answer(panel, plane(), points())  # the next picture does not take the view away
    assert panel.plane.axes(view).x == pytest.approx(axes.x)


def test_all_is_shown_again_by_button_key_or_double_click(panel: BoundaryPanel, qtbot: QtBot) -> None:
    answer(panel, plane(), points())
    view = panel.plane.view
    assert view is not None
    canvas = panel.plane.canvas
    assert not panel.show_all.isEnabled()

    def press_f() -> None:
        panel.activateWindow()
        canvas.setFocus()
        qtbot.waitUntil(canvas.hasFocus)
        qtbot.keyClick(canvas, Qt.Key.Key_F)

    def double_click() -> None:
        middle = panel.plane.axes(view).rect.center().toPoint()
        qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=middle)
        qtbot.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=middle)
        qtbot.mouseRelease(canvas.viewport(), Qt.MouseButton.LeftButton, pos=middle)

    for way in (panel.show_all.click, press_f, double_click):
        turn_wheel(panel, 0.0, 0.0, 3)
        assert panel.show_all.isEnabled()
        way()
        assert panel.plane.axes(view).x == pytest.approx((-2, 2))
        assert canvas.follows
        assert not panel.show_all.isEnabled()


def test_a_wheel_that_has_nothing_to_do_is_left_to_others(panel: BoundaryPanel) -> None:
    answer(panel, plane(), points())
    assert not turn_wheel(panel, 0.0, 0.0, -3)
    assert turn_wheel(panel, 0.0, 0.0, 3)
    assert turn_wheel(panel, 0.0, 0.0, -9)
    assert panel.plane.canvas.follows


def drag(panel: BoundaryPanel, button: Qt.MouseButton, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press, move and release the button between two places of the plane."""
    view = panel.plane.view
    assert view is not None
    axes, where = panel.plane.axes(view), panel.plane.canvas.viewport()
    first, last = (QPointF(axes.to_x(x), axes.to_y(y)) for x, y in (start, end))
    types = QEvent.Type
    steps = [(types.MouseButtonPress, 0.0), (types.MouseMove, 0.3), (types.MouseMove, 0.6), (types.MouseMove, 1.0)]
    for kind, share in [*steps, (types.MouseButtonRelease, 1.0)]:
        at = first + share * (last - first)
        changed = Qt.MouseButton.NoButton if kind == types.MouseMove else button
        held = Qt.MouseButton.NoButton if kind == types.MouseButtonRelease else button
        place = QPointF(where.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, place, changed, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(where, event)
        panel.grab()


def test_the_right_button_draws_the_box_to_look_into(panel: BoundaryPanel) -> None:
    answer(panel, plane(), points())
    view = panel.plane.view
    assert view is not None
    drag(panel, Qt.MouseButton.RightButton, (-1, 2), (0, 1))
    now = panel.plane.axes(view)
    assert now.x == pytest.approx((-1, 0), abs=0.1)
    assert now.y == pytest.approx((1, 2), abs=0.1)


def test_dragging_moves_what_is_zoomed_but_never_beyond_the_plane(panel: BoundaryPanel) -> None:
    answer(panel, plane(), points())
    view = panel.plane.view
    assert view is not None
    panel.plane.area.zoom(0.5)
    drag(panel, Qt.MouseButton.LeftButton, (0.5, 1), (0, 1))
    assert panel.plane.axes(view).x == pytest.approx((-0.5, 1.5), abs=0.05)
    drag(panel, Qt.MouseButton.LeftButton, (1.4, 1), (-0.4, 1))
    assert panel.plane.axes(view).x == pytest.approx((0, 2), abs=0.05)


def test_other_inputs_are_shown_whole(panel: BoundaryPanel, bench: Workbench) -> None:
    bench.open_document(document("iris"))
    answer(panel, plane(3), points(3))
    panel.plane.area.zoom(0.5)
    panel.y_choice.setCurrentIndex(2)
    answer(panel, plane(3), points(3))
    assert panel.plane.canvas.follows


# ---------------------------------------------------------------- many inputs


def test_two_inputs_of_many_are_chosen(panel: BoundaryPanel, bench: Workbench) -> None:
    bench.open_document(document("iris"))
    assert panel.inputs_row.isVisible()
    panel.x_choice.setCurrentIndex(2)
    panel.y_choice.setCurrentIndex(3)
    wants = {type(want): want for want in panel.wants()}
    assert wants[BoundaryWant] == BoundaryWant(x_input=2, y_input=3)
    answer(panel, plane(3), points(3))
    panel.grab()


def test_one_input_is_never_on_both_axes(panel: BoundaryPanel, bench: Workbench, qtbot: QtBot) -> None:
    bench.open_document(document("iris"))
    panel.x_choice.setCurrentIndex(1)
    panel.x_choice.activated.emit(1)
    want = next(want for want in panel.wants() if isinstance(want, BoundaryWant))
    assert want.x_input != want.y_input


def test_the_other_inputs_have_sliders_once_their_ranges_are_known(panel: BoundaryPanel, bench: Workbench) -> None:
    bench.open_document(document("iris"))
    assert next(w for w in panel.wants() if isinstance(w, BoundaryWant)).held is None
    panel.others_button.setChecked(True)
    asked = {(w.x_input, w.y_input) for w in panel.wants() if isinstance(w, PointsWant)}
    assert {(0, 1), (2, 3)} <= asked
    answer(panel, plane(3), points(3))
    sliders = panel.held.findChildren(QSlider)
    assert [slider.accessibleName() for slider in sliders if slider.accessibleName()] != []
    assert next(w for w in panel.wants() if isinstance(w, BoundaryWant)).held is None
    next(s for s in sliders if s.accessibleName()).setValue(0)
    held = next(w for w in panel.wants() if isinstance(w, BoundaryWant)).held
    assert held is not None
    assert len(held) == 4
    assert -1.0 in held
    panel.held.reset()
    assert next(w for w in panel.wants() if isinstance(w, BoundaryWant)).held is None


# ---------------------------------------------------------------- nothing to draw


def test_pictures_have_no_plane_and_are_not_asked_for(panel: BoundaryPanel, bench: Workbench) -> None:
    bench.open_document(document("digits"))
    assert panel.drawing.message == PICTURES
    assert panel.wants() == frozenset()
    bench.open_document(document())
    assert panel.drawing.message != PICTURES
    assert panel.wants()


@pytest.mark.parametrize("data", ["mood", "zed", "karate-club", "hourly-load"])
def test_sentences_series_and_graphs_have_no_plane_either(panel: BoundaryPanel, bench: Workbench, data: str) -> None:
    bench.open_document(document(data))
    assert panel.drawing.message == NO_PLANE
    assert panel.wants() == frozenset()


def test_a_new_run_on_other_data_takes_its_inputs(panel: BoundaryPanel, bench: Workbench) -> None:
    other = document("wine")
    bench.run_document = other
    panel.on_events([Prepared(1, other, "CPU", "eager", 1, 10, (100, 20, 0))])
    assert panel.x_choice.count() == 13
    assert panel.inputs_row.isVisible()


def test_a_long_name_is_cut_with_an_ellipsis(panel: BoundaryPanel, bench: Workbench) -> None:
    bench.open_document(document("breast-cancer"))
    panel.resize(220, 300)
    answer(panel, plane(), points())
    panel.grab()
