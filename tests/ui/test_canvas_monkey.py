"""Three hundred random gestures: whatever happens, the items mirror the graph, and undoing all gives the start."""

import random
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from test_canvas import ALT, CTRL, NONE, SHIFT, Hand, drop, mirrors, small_network

from nnlab.core.layer import LAYERS
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.workbench import Workbench

GESTURES = 300


@pytest.fixture
def bench() -> Iterator[Workbench]:
    made = Workbench(small_network())
    yield made
    made.close()


class Monkey:
    """Draws gestures by lot; the same seed does the same things."""

    def __init__(self, editor: GraphEditor, seed: int) -> None:
        self.editor, self.dice, self.hand = editor, random.Random(seed), Hand(editor)
        self.tricks: tuple[Callable[[], None], ...] = (
            self.drag, self.drag, self.drag, self.wire, self.wire, self.wire, self.drop, self.drop, self.key, self.verb,
            self.verb, self.search, self.undo, self.zoom, self.half,
        )  # fmt: skip

    def place(self) -> QPointF:
        items = list(self.editor.picture.nodes.values())
        if items and self.dice.random() < 0.7:
            return self.dice.choice(items).card().center() + QPointF(self.dice.randint(-90, 90), 0)
        seen = self.editor.seen()
        return QPointF(seen.left() + self.dice.random() * seen.width(), seen.top() + self.dice.random() * seen.height())

    def held(self) -> Qt.KeyboardModifier:
        return self.dice.choice([NONE, NONE, NONE, SHIFT, CTRL, ALT, ALT | SHIFT])

    def drag(self) -> None:
        self.hand.drag(self.place(), self.place(), self.held())

    def wire(self) -> None:
        ports = [
            item.port_point(p.name, out)
            for item in self.editor.picture.nodes.values()
            for out in (False, True)
            for p in (item.look.outputs if out else item.look.inputs)
        ]
        if len(ports) > 1:
            self.hand.drag(*self.dice.sample(ports, 2))

    def drop(self) -> None:
        drop(self.editor, self.dice.choice(list(LAYERS)), self.place(), self.held())

    def key(self) -> None:
        keys = [Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_C]
        QTest.keyClick(self.editor, self.dice.choice(keys), self.dice.choice([NONE, SHIFT, CTRL]))

    def verb(self) -> None:
        editor = self.editor
        self.dice.choice(
            [editor.delete_selection, lambda: editor.delete_selection(reconnect=True), editor.copy, editor.paste,
             editor.cut, editor.duplicate, lambda: editor.duplicate(keep_wires=True), editor.tidy, editor.fit_all,
             lambda: editor.paste(keep_wires=True)]
        )()  # fmt: skip

    def search(self) -> None:
        self.editor.search_at(self.place())
        QTest.keyClicks(self.editor.choices.field, self.dice.choice(["a", "lin", "conv 8", "zzz", ""]))
        key = self.dice.choice([Qt.Key.Key_Return, Qt.Key.Key_Escape])
        QTest.keyClick(self.editor.choices.field, key)

    def undo(self) -> None:
        for _ in range(self.dice.randint(1, 4)):
            self.dice.choice([self.editor.bench.undo, self.editor.bench.redo])()

    def zoom(self) -> None:
        self.editor.zoom_by(self.dice.choice([0.4, 0.8, 1.25, 2.0]))

    def half(self) -> None:
        """A drag that something interrupts."""
        self.hand.press(self.place())
        self.hand.move(self.place())
        self.dice.choice([self.editor.escape, self.editor.bench.undo, self.editor.select_all, self.undo])()
        self.hand.move(self.place())
        self.hand.release(self.place())

    def settle(self) -> None:
        """Close what a gesture left open."""
        if self.editor.choices.isVisible():
            QTest.keyClick(self.editor.choices.field, Qt.Key.Key_Escape)


@pytest.mark.parametrize(("seed", "glides"), [(1, False), (2, False), (3, True)])
def test_random_gestures_leave_the_items_equal_to_the_graph(
    bench: Workbench, qtbot: QtBot, seed: int, glides: bool
) -> None:
    editor = GraphEditor(bench)
    qtbot.addWidget(editor)
    editor.resize(1000, 700)
    editor.show()
    editor.glide.enabled = glides
    start = bench.document
    monkey = Monkey(editor, seed)
    seen: list[int] = []
    bench.document_changed.connect(lambda old, new: seen.append(1))
    for n in range(GESTURES):
        monkey.dice.choice(monkey.tricks)()
        monkey.settle()
        editor.glide.settle()
        assert mirrors(editor)
        if len(bench.document.graph.nodes) > 40:
            editor.select_all()
            editor.delete_selection()
        if n % 20 == 0:
            editor.grab()  # paints everything
    assert len(seen) > GESTURES / 3
    bench.trainer.stop()
    while bench.history.undo_label is not None:
        bench.undo()
    editor.glide.settle()
    assert bench.document == start
    assert mirrors(editor)
