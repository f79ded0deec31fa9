"""Every panel explains itself, opens without a run, follows a real one, and survives what is done under it."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QSlider, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from nnlab.core.dataset import DATASETS, MissingDataset
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.engine.events import EpochDone, Epochs, Failed, Losses, Prepared, Snapshot
from nnlab.ui.look import icons, theme
from nnlab.ui.panel import PANELS, Panel
from nnlab.ui.workbench import Workbench

PATIENCE = 20_000  # milliseconds for torch to be loaded and a picture to come


def chain(*layers: Layer) -> Graph:
    graph, before = Graph(), ""
    for layer in layers:
        node_id = graph.new_id(layer)
        graph = graph.with_node(Node(node_id, layer))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return graph


def document(data: str = "spiral", width: int = 2, **settings: object) -> Document:
    layers = [LAYERS["Input"](), LAYERS["Linear"](out_features=5), LAYERS["Tanh"]()]
    layers += [LAYERS["Linear"](out_features=width), LAYERS["Output"]()]
    made = Document(graph=chain(*layers)).with_data(dataset=DATASETS[data](**settings))
    return made.with_training(epochs=3)


def pictures_document() -> Document:
    layers = [LAYERS["Input"](), LAYERS["Conv2d"](out_channels=3), LAYERS["ReLU"](), LAYERS["MaxPool2d"]()]
    layers += [LAYERS["Flatten"](), LAYERS["Linear"](out_features=10), LAYERS["Output"]()]
    return Document(graph=chain(*layers)).with_data(dataset=DATASETS["digits"]()).with_training(epochs=1)


@pytest.fixture(params=sorted(PANELS))
def kind(request: pytest.FixtureRequest) -> type[Panel]:
    return PANELS[request.param]


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Workbench]:
    made = Workbench(document())
    yield made
    made.close()


def open_panel(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> Panel:
    """As the window does it: asked while visible, told of everything."""
    panel = kind(bench)
    qtbot.addWidget(panel)
    bench.add_asker(lambda: panel.wants() if panel.isVisible() else frozenset())
    bench.pictured.connect(lambda snapshot: panel.on_snapshot(snapshot) if panel.isVisible() else None)
    bench.happened.connect(panel.on_events)
    bench.document_changed.connect(panel.on_document)
    panel.resize(420, 320)
    panel.show()
    return panel


def drawn(panel: Panel) -> bytes:
    """The panel's pixels, freshly painted."""
    picture = panel.grab().toImage()
    return bytes(picture.constBits())


def train(bench: Workbench, qtbot: QtBot) -> None:
    bench.train()
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=PATIENCE)


def sentence(panel: Panel) -> str:
    found = panel.drawing.message  # type: ignore[attr-defined]
    assert isinstance(found, str)
    return found


def test_explains_itself(kind: type[Panel]) -> None:
    assert kind.title
    assert kind.icon in icons.names()
    text = kind.__doc__ or ""
    assert len(text) > 80
    assert text.split("\n")[0].endswith(".")


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(
    kind: type[Panel], bench: Workbench, qtbot: QtBot
) -> None:
    panel = open_panel(kind, bench, qtbot)
    controls = [
        w for w in panel.findChildren(QWidget) if isinstance(w, (QAbstractButton, QComboBox, QSpinBox, QSlider))
    ]
    own = [
        w
        for w in controls
        if not w.objectName().startswith("qt_") and not isinstance(w.parent(), (QSpinBox, QComboBox))
    ]
    for control in own:
        name = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert name, control
        assert control.focusPolicy() != Qt.FocusPolicy.NoFocus, name
    assert panel.drawing.accessibleName()  # type: ignore[attr-defined]
    assert panel.drawing.accessibleDescription()  # type: ignore[attr-defined]


def test_without_a_run_it_says_what_would_fill_it(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    assert "Train" in sentence(panel)
    bench.open_document(Document())
    assert "No network" in sentence(panel)
    drawn(panel)


def test_follows_a_real_run(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    empty = drawn(panel)
    train(bench, qtbot)
    qtbot.waitUntil(lambda: sentence(panel) == "", timeout=PATIENCE)
    assert drawn(panel) != empty


@pytest.mark.parametrize(
    "made",
    [
        document("curve", 1),
        document("surface", 1),
        document("iris", 3),
        document("spiral", 3, arms=3),
        document("xor", 1),
        pictures_document(),
    ],
    ids=["curve", "surface", "iris", "three arms", "one column", "pictures"],
)
def test_draws_or_says_why_not_for_all_kinds_of_data(
    kind: type[Panel], made: Document, bench: Workbench, qtbot: QtBot
) -> None:
    panel = open_panel(kind, bench, qtbot)
    bench.open_document(made)
    train(bench, qtbot)
    qtbot.waitUntil(lambda: sentence(panel) == "" or "Pictures" in sentence(panel), timeout=PATIENCE)
    drawn(panel)


def test_follows_another_document_with_more_classes(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    train(bench, qtbot)
    bench.open_document(document("spiral", 5, arms=5))
    drawn(panel)  # the old picture, the new document
    train(bench, qtbot)
    qtbot.waitUntil(lambda: sentence(panel) == "", timeout=PATIENCE)
    drawn(panel)


def test_survives_the_deletion_of_layers_while_it_shows_them(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    train(bench, qtbot)
    for node_id in list(bench.document.graph.nodes):
        bench.apply_graph("Delete", bench.document.graph.without_node(node_id))
        bench.frame()
        drawn(panel)
    assert "No network" in sentence(panel)
    bench.undo()
    drawn(panel)


def test_shows_the_sentence_that_comes_in_place_of_an_answer(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    wants = panel.wants()
    panel.on_snapshot(Snapshot(1, 0, 0, dict.fromkeys(wants, "The test part is empty: raise its share.")))
    if wants:
        assert sentence(panel) == "The test part is empty: raise its share."
    panel.on_snapshot(Snapshot(1, 0, 0, {}))
    panel.on_snapshot(Snapshot(1, 0, 0, dict.fromkeys(wants)))
    drawn(panel)


def test_says_why_a_run_could_not_begin_and_forgets_it_with_the_next(
    kind: type[Panel], bench: Workbench, qtbot: QtBot
) -> None:
    panel = open_panel(kind, bench, qtbot)
    panel.on_events([Failed(1, "Linear has nothing connected to its input.", "linear")])
    assert "nothing connected" in sentence(panel)
    panel.hide()
    panel.show()
    assert "nothing connected" in sentence(panel)
    panel.on_events([Prepared(2, bench.document, "CPU", "eager", 1, 20, (320, 80, 0))])
    assert "nothing connected" not in sentence(panel)


def test_a_missing_data_set_is_no_crash(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    bench.open_document(bench.document.with_data(dataset=MissingDataset("far-away")))
    assert panel.wants() == frozenset() or kind.title == "Loss"
    drawn(panel)


def test_takes_what_happened_while_hidden_and_paints_nothing_then(
    kind: type[Panel], bench: Workbench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = open_panel(kind, bench, qtbot)
    panel.hide()
    painted: list[object] = []
    monkeypatch.setattr(panel.drawing, "draw", lambda painter: painted.append(painter))  # type: ignore[attr-defined]
    train(bench, qtbot)
    assert not painted
    panel.show()
    qtbot.waitUntil(lambda: bool(painted), timeout=PATIENCE)


def test_follows_the_theme_any_size_and_any_number(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    train(bench, qtbot)
    qtbot.waitUntil(lambda: sentence(panel) == "", timeout=PATIENCE)
    light = drawn(panel)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    try:
        theme.apply(app, theme.DARK)
        panel.on_theme()
        assert drawn(panel) != light
    finally:
        theme.apply(app, theme.LIGHT)
    for width, height in ((1, 1), (90, 60), (180, 140), (1600, 1000)):
        panel.resize(width, height)
        drawn(panel)
    nan, far = float("nan"), float("inf")
    run = bench.trainer.run
    losses = Losses(run, 60, np.array([nan, far], np.float32))
    panel.on_events([losses, Epochs.of(run, [EpochDone(4, 80, far, nan, nan, nan, 0.1, 1, False)])])
    drawn(panel)


def test_the_mouse_may_wander_and_click_everywhere(kind: type[Panel], bench: Workbench, qtbot: QtBot) -> None:
    panel = open_panel(kind, bench, qtbot)
    train(bench, qtbot)
    qtbot.waitUntil(lambda: sentence(panel) == "", timeout=PATIENCE)
    drawing = panel.drawing  # type: ignore[attr-defined]
    for x in range(5, drawing.width(), 37):
        for y in range(5, min(drawing.height(), 400), 29):
            qtbot.mouseMove(drawing, QPoint(x, y))
            qtbot.mouseClick(drawing, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
            drawn(panel)
    for key in (
        Qt.Key.Key_Right,
        Qt.Key.Key_Down,
        Qt.Key.Key_Return,
        Qt.Key.Key_Left,
        Qt.Key.Key_Up,
        Qt.Key.Key_Escape,
    ):
        qtbot.keyClick(drawing, key)
        drawn(panel)
