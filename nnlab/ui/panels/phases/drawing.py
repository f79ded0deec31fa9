"""The picture of the step-by-step panel: the four phases, the chosen number with its formulas, and all nodes in a table."""

from collections.abc import Sequence
from math import prod

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent

from nnlab.core import words
from nnlab.core.dataset import DataSpec
from nnlab.core.dataset import Target as Wanted
from nnlab.core.document import Document
from nnlab.core.objective import OUTPUT, resolve
from nnlab.engine.wants import MEAN, PhaseFocus, PhaseValues
from nnlab.errors import BuildError
from nnlab.ui.drawing import Drawing
from nnlab.ui.look import labels, theme
from nnlab.ui.look.sample_pictures import vocabulary_of
from nnlab.ui.panels.phases.bar import NAMES, SENTENCES, phase_bar
from nnlab.ui.panels.phases.formulas import formula_card
from nnlab.ui.panels.phases.rows import GAP, Row, Sizes, Target, space, stacked, target_in, text_rows
from nnlab.ui.panels.phases.strip import losses_strip, place_name, strip
from nnlab.ui.panels.phases.table import lines_of, table_rows

MARGIN = 12.0
SHORT = 340  # pixels below which the formula comes first
TWO_COLUMNS = 760.0  # pixels from which on the table stands beside the formulas
MOST_VALUES, MOST_PLACES = 4, 8  # of a sample's truth that are written out
NOTHING = PhaseValues("")


class StepsDrawing(Drawing):
    """Paints one batch on its way, and tells what was clicked."""

    chosen = Signal(object)
    """A Target: the user wants to look at this."""

    def __init__(self) -> None:
        super().__init__(
            "Step by step",
            "The phase of the batch, the formulas of one number, and all layers. Up and Down choose a layer, "
            "Left and Right a number of it, Page Up and Page Down another phase to look back at.",
        )
        self.values = NOTHING
        self.document = Document()
        self.shown = ""
        """The phase that is looked at; the present one unless the user looks back."""
        self.hint = ""
        """What to press, where it is not the usual."""
        self._columns: list[tuple[QRectF, list[Row]]] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_values(self, values: PhaseValues, document: Document) -> None:
        """Paint this from now on; a new phase is looked at as soon as it is there."""
        if values.phase != self.values.phase:
            self.shown = values.phase
        self.values, self.document = values, document
        self._describe()
        self._lay_out()

    def _describe(self) -> None:
        """What a screen reader says: the first formula."""
        focus = self.values.focus
        said = focus.formulas.get(self.shown, ()) if focus is not None else ()
        if focus is not None and said and focus.node in self.document.graph.nodes:
            title = self.document.graph.nodes[focus.node].title
            text = f"{NAMES.get(self.shown, '')}: {title}, {said[0].name}, {said[0].line}"
            self.setAccessibleDescription(labels.plain(text))

    def look_at(self, phase: str) -> None:
        """Show the formulas of this phase."""
        self.shown = phase
        self._lay_out()

    # ---------------------------------------------------------------- what stands where

    def _lay_out(self) -> None:
        room = max(120.0, self.width() - 2 * MARGIN)
        wide = room >= TWO_COLUMNS and bool(self.values.phase)
        left = round(room * 0.56) if wide else room
        sizes, right = Sizes.at(left), room - left - 2 * MARGIN
        top = [phase_bar(self.values.phase, self.shown, Sizes.at(room)), *self._headline(room, Sizes.at(room))]
        edge = MARGIN + sum(row.height for row in top)
        first = self._focus_rows(left, sizes)
        table = self._table(right if wide else room, sizes)
        columns = [(QRectF(MARGIN, MARGIN, room, edge), top)]
        if wide:
            columns.append((QRectF(MARGIN, edge + GAP, left, 0), first))
            columns.append((QRectF(MARGIN + left + 2 * MARGIN, edge + GAP, right, 0), table))
        else:
            columns.append((QRectF(MARGIN, edge + GAP, room, 0), [*first, space(2 * GAP), *table]))
        self._columns = columns
        bottom = max(place.top() + sum(row.height for row in rows) for place, rows in columns)
        self.setMinimumHeight(min(16_000, round(bottom + MARGIN)))
        self.update()

    def _headline(self, room: float, sizes: Sizes) -> list[Row]:
        sentence = self.hint if self.hint and not self.values.phase else SENTENCES.get(self.shown, "")
        facts = self._facts()
        rows = [space(2)] if facts and self._is_short() else [space(2), *text_rows(sentence, room, sizes.text)]
        return [*rows, *text_rows(facts, room, sizes.caption, "muted")] if facts else rows

    def _facts(self) -> str:
        """The batch, its loss, the sample's truth."""
        values = self.values
        if not values.phase:
            return ""
        found = [f"Batch of {words.count(values.rows)}"]
        truth = self._truth()
        if truth:
            found.append(truth)
        if values.loss is not None:
            found.append(f"loss {words.number(values.loss)}")
        if values.clipped < 1:
            found.append(f"gradients clipped to {words.number(values.clipped)} of their length")
        return " · ".join(found)

    def _truth(self) -> str:
        values, spec = self.values, self.document.spec
        if values.sample == MEAN or not values.target or spec is None:
            return ""
        said = _right_answers(self.document, spec, values.target)
        scaled = ", standardised" if spec.task == "values" and self.document.data.standardise_targets else ""
        return f"sample {values.sample + 1}: truth {said}{scaled}" if said else ""

    def _focus_rows(self, room: float, sizes: Sizes) -> list[Row]:
        """The chosen number and its formulas for the phase that is looked at."""
        focus = self.values.focus
        if focus is None or focus.node not in self.document.graph.nodes or focus.node not in self.values.nodes:
            return []
        node = self.values.nodes[focus.node]
        rows = self._title_rows(focus, room, sizes)
        numbers = node.gradient if self.shown == "backward" and node.gradient is not None else node.output
        vocabulary = vocabulary_of(self.document, focus.node) if numbers is node.output else ()
        cells = [*strip(numbers, focus.place, room, sizes, vocabulary), space()]
        if self.shown == "loss" and self.values.losses is not None:
            cells = text_rows("Loss of each sample (click one to look at it)", room, sizes.caption, "muted")
            cells += [losses_strip(self.values.losses, self.values.sample, room), space()]
        cards: list[Row] = []
        for place, formula in enumerate(focus.formulas.get(self.shown, ())):
            cards += [formula_card(formula, room, sizes, main=place == 0), space()]
        # the formula is what one came for: in a low panel it comes first
        return [*rows, *cards, *cells] if self._is_short() else [*rows, *cells, *cards]

    def _is_short(self) -> bool:
        """Whether the panel is so low that little of the picture is seen at once."""
        around = self.parentWidget()
        return around is not None and around.height() < SHORT

    def _title_rows(self, focus: PhaseFocus, room: float, sizes: Sizes) -> list[Row]:
        title = labels.plain(self.document.graph.nodes[focus.node].title)
        where = place_name(self.values.nodes[focus.node].output.shape, focus.place)
        if vocabulary_of(self.document, focus.node):
            where = where.replace("unit", "word")
        rows = text_rows(f"{title} · {where}" if where else title, room, sizes.large, bold=True)
        if self._is_short():
            return [*rows, space(3)]
        kind = "gradient" if self.shown == "backward" else "output"
        shape = " × ".join(str(n) for n in self.values.nodes[focus.node].output.shape)
        said = f"{focus.code} · {shape} · colours: {kind}"
        return [*rows, *text_rows(labels.plain(said), room, sizes.caption, "muted"), space(2)]

    def _table(self, room: float, sizes: Sizes) -> list[Row]:
        if not self.values.nodes:
            return []
        graph = self.document.graph
        titles = {n: labels.plain(graph.nodes[n].title) for n in self.values.nodes if n in graph.nodes}
        focus = self.values.focus.node if self.values.focus is not None else ""
        return table_rows(lines_of(self.values, titles), focus, room, sizes)

    # ---------------------------------------------------------------- painting and choosing

    def draw(self, painter: QPainter) -> None:
        """Everything that is seen."""
        seen = QRectF(self.visibleRegion().boundingRect()) if self.isVisible() else QRectF(self.rect())
        for place, rows in self._columns:
            for row, inner in stacked(rows, place):
                if inner.intersects(seen) or seen.isEmpty():
                    row.paint(painter, inner)
        if self.hasFocus():
            painter.setPen(QPen(theme.current().color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(seen.adjusted(1, 1, -1, -1))

    def target_at(self, at: QPointF) -> Target | None:
        """What lies at this point."""
        for place, rows in self._columns:
            if place.left() <= at.x() <= place.right():
                found = target_in(rows, place, at)
                if found is not None:
                    return found
        return None

    def pointed(self) -> None:
        """The pointer shows what can be clicked."""
        hand = self.hover is not None and not self.message and self.target_at(self.hover) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look at what was clicked."""
        if event.button() == Qt.MouseButton.LeftButton and not self.message:
            found = self.target_at(event.position())
            if found is not None:
                self.chosen.emit(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys walk through layers and numbers, Page Up and Page Down through the phases."""
        key = Qt.Key(event.key())
        if self.message or not self.values.phase:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step_node(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._step_place(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._step_phase(1 if key == Qt.Key.Key_PageDown else -1)
        else:
            super().keyPressEvent(event)

    def _step_node(self, by: int) -> None:
        ids = [n for n in self.values.nodes if n in self.document.graph.nodes]
        now = self.values.focus.node if self.values.focus is not None else ""
        if ids:
            self._choose("node", _moved(ids, now, by))

    def _step_place(self, by: int) -> None:
        focus = self.values.focus
        node = self.values.nodes.get(focus.node) if focus is not None else None
        if focus is None or node is None or not focus.place:
            return
        place = list(focus.place)
        for axis in reversed(range(len(place))):  # like an odometer: the last axis turns first
            place[axis] += by
            if 0 <= place[axis] < node.output.shape[axis]:
                self._choose("place", tuple(place))
                return
            place[axis] = 0 if by > 0 else node.output.shape[axis] - 1

    def _step_phase(self, by: int) -> None:
        order = list(NAMES)
        reached = order[: order.index(self.values.phase) + 1] if self.values.phase in order else []
        if reached:
            self._choose("phase", _moved(reached, self.shown, by))

    def _choose(self, kind: str, value: object) -> None:
        self.chosen.emit(Target(kind, value))  # type: ignore[arg-type]

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard's mark shows."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """It goes."""
        super().focusOutEvent(event)
        self.update()

    def minimumSizeHint(self) -> QSize:
        """As tall as everything in it."""
        return QSize(160, max(120, self.minimumHeight()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other width, other lines."""
        if event.size().width() != event.oldSize().width():
            self._lay_out()


def _moved(things: Sequence[str], now: str, by: int) -> str:
    if now not in things:
        return things[0]
    return things[min(max(0, things.index(now) + by), len(things) - 1)]


def _right_answers(document: Document, spec: DataSpec, target: Sequence[float]) -> str:
    """What is right for a sample, in words; of a network with several answers each by its name."""
    if len(document.graph.nodes) == 0 or sum(n.type_id == OUTPUT for n in document.graph.nodes.values()) < 2:
        return _right_answer(spec.targets[0], target)
    try:
        objective = resolve(document)
    except BuildError:
        return ""
    found, at = [], 0
    for term in objective.terms:
        wide = prod(term.target_shape)
        said = _right_answer(term.target, target[at : at + wide]) if at + wide <= len(target) else ""
        found += [f"{term.target.name} {said}" if len(objective.terms) > 1 else said] if said else []
        at += wide
    return ", ".join(found)


def _right_answer(wanted: Wanted, target: Sequence[float]) -> str:
    """What is right for a sample; nothing where a whole picture is the answer."""
    axes = len(wanted.own_shape)
    if axes > 1:
        return ""
    if wanted.task != "classes":
        more = " …" if len(target) > MOST_VALUES else ""
        return ", ".join(words.number(x) for x in target[:MOST_VALUES]) + more
    if axes == 1:
        counted = [int(x) for x in target if x >= 0]
        more = " …" if len(counted) > MOST_PLACES else ""
        return " ".join(_answer(wanted, k) for k in counted[:MOST_PLACES]) + more
    return _answer(wanted, int(target[0]) if len(target) == 1 else max(range(len(target)), key=lambda k: target[k]))


def _answer(wanted: Wanted, number: int) -> str:
    return labels.plain(wanted.answers[number]) if 0 <= number < len(wanted.answers) else f"class {number + 1}"
