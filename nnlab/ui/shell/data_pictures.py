"""Pictures of data that have no plane: sentences, series, graphs and digits. The ones of examples come with the program.

`packaging/draw_examples.py` draws those anew.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QApplication

from nnlab.core.dataset import DataSpec, Samples
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.sample_words import NO_CLASS
from nnlab.ui.look import pictures, plots, theme
from nnlab.ui.look.sample_pictures import word_of

Floats = NDArray[np.float64]

WIDE, HIGH, RATIO = 320, 140, 2
"""Size of a kept picture, and how many of its pixels make one of these."""
INSET = (32.0, 17.0)  # what a narrow or a wide card may cut off
KEPT = ("mood", "first-word", "zed", "colours", "hourly-load", "molecules", "karate-club", "two-number-digits")
LINE, PILL, GAP = 25.0, 19.0, 3.0  # of a line of words
SERIES, SERIES_HIGH = 3, 32.0
GRAPHS, PASSES, PULL = 3, 400, 0.06
ATOM_LETTERS = {"Carbon": "C", "Nitrogen": "N", "Oxygen": "O", "Fluorine": "F"}
DIGIT_SIDE = 46.0


def keep(folder: str) -> None:
    """Draw the pictures of all examples in KEPT into this folder, for both themes."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    before = theme.current()
    for now in (theme.LIGHT, theme.DARK):
        theme.apply(app, now)
        for id_ in KEPT:
            image = QImage(WIDE * RATIO, HIGH * RATIO, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(RATIO)
            image.fill(now.color("canvas"))
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw(painter, EXAMPLES[id_].document(), QRectF(0, 0, WIDE, HIGH).adjusted(*INSET, -INSET[0], -INSET[1]))
            painter.end()
            image.save(str(Path(folder) / f"{id_}-{now.name}.png"))
    theme.apply(app, before)


def draw(painter: QPainter, document: Document, box: QRectF) -> None:
    """What the data of this document look like."""
    spec, made = document.data.dataset.spec(), document.data.dataset.make()
    _drawing(spec)(painter, spec, made, box)


def can_draw(spec: DataSpec) -> bool:
    """Whether these are sentences, series or graphs of the kinds that are drawn here."""
    target = spec.targets[0].own_shape
    if spec.vocabulary:
        return len(spec.input_shape) == 1 and spec.task == "classes" and target in ((), spec.fields[-1].shape)
    if len(spec.input_shape) != 2 or spec.kind != "x":
        return False
    if [field.kind for field in spec.more] == ["e"]:
        return spec.task == "values" or target == spec.input_shape[:1]
    return not spec.more and spec.task == "values" and spec.input_shape[1] == 1


def _drawing(spec: DataSpec) -> Callable[[QPainter, DataSpec, Samples, QRectF], None]:
    if spec.vocabulary:
        return _sentences
    if any(field.kind == "e" for field in spec.fields):
        return _graphs
    return _series if len(spec.input_shape) == 2 else _digits


# ------------------------------------------------------------------- sentences


def _sentences(painter: QPainter, spec: DataSpec, made: Samples, box: QRectF) -> None:
    """Some sentences as words on pills, the answer coloured: at the end, at its words, or as a sentence below."""
    lines: list[list[tuple[str, str]]] = []
    for row in range(len(made.inputs)):
        found = _lines_of(spec, made, row)
        fits = all(_width(line) <= box.width() for line in found)
        if fits and (not lines or found[-1][-1] != lines[-1][-1]):  # not twice the same answer, one below the other
            lines += found
        if len(lines) * LINE + LINE > box.height():
            break
    top = box.center().y() - (len(lines) * LINE - (LINE - PILL)) / 2
    for number, line in enumerate(lines):
        _pills(painter, line, QPointF(box.center().x() - _width(line) / 2, top + number * LINE))


def _lines_of(spec: DataSpec, made: Samples, row: int) -> list[list[tuple[str, str]]]:
    """Words of one sample, each with the colour of its ground."""
    said = [word_of(spec.vocabulary, n) for n in np.ravel(made.inputs[row]).tolist()]
    target = np.asarray(made.targets[row])
    if spec.more and spec.more[0].vocabulary:
        answer = [spec.answers[int(n)] for n in np.ravel(target).tolist() if n > 0]
        return [[(word, "") for word in said if word], [(word, _class(0)) for word in answer]]
    if target.ndim:
        places = np.ravel(target).tolist()
        marked = [(w, _class(int(k)) if k != NO_CLASS else "") for w, k in zip(said, places, strict=True) if w]
        return [marked]
    shown = [(word, "") for word in said if word]
    shown = shown if len(shown) <= 8 else [*shown[:3], ("…", ""), *shown[-1:]]
    return [[*shown, (spec.answers[int(target)], _class(int(target)))]]


def _class(number: int) -> str:
    classes = theme.current().classes
    return classes[number % len(classes)]


def _width(line: Sequence[tuple[str, str]]) -> float:
    return sum(plots.text_width(word) + 12 + GAP for word, _ in line) - GAP


def _pills(painter: QPainter, line: Sequence[tuple[str, str]], at: QPointF) -> None:
    now, x = theme.current(), at.x()
    for word, ground in line:
        wide = plots.text_width(word) + 12
        pill = QRectF(x, at.y(), wide, PILL)
        painter.setPen(QPen(now.color("hairline"), 1) if not ground else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground) if ground else now.color("raised"))
        painter.drawRoundedRect(pill, PILL / 2, PILL / 2)
        ink = now.color("text") if not ground else _ink(QColor(ground))
        plots.draw_text(painter, QPointF(x + 6, at.y() + 13.5), word, ink)
        x += wide + GAP


def _ink(ground: QColor) -> QColor:
    """Black or white, whichever is easier to read on this."""
    return QColor(Qt.GlobalColor.black if ground.lightnessF() > 0.42 else Qt.GlobalColor.white)


# ------------------------------------------------------------------- series


def _series(painter: QPainter, spec: DataSpec, made: Samples, box: QRectF) -> None:
    """Some windows of the series, and as dots the numbers that are to be foretold."""
    now = theme.current()
    step = (box.height() + 6) / SERIES
    for number in range(SERIES):
        row = (number * 2 + 1) * len(made.inputs) // (2 * SERIES)
        past, future = np.ravel(made.inputs[row]).astype(float), np.ravel(made.targets[row]).astype(float)
        both = np.concatenate([past, future])
        low, high = both.min(), both.max()
        xs = box.left() + np.arange(len(both)) / (len(both) - 1) * box.width()
        ys = box.top() + number * step + (high - both) / (high - low) * SERIES_HIGH
        path = QPainterPath(QPointF(xs[0], ys[0]))
        for x, y in zip(xs[1 : len(past)].tolist(), ys[1 : len(past)].tolist(), strict=True):
            path.lineTo(x, y)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(now.color("train"), 1.8))
        painter.drawPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("validation"))
        for x, y in zip(xs[len(past) :].tolist(), ys[len(past) :].tolist(), strict=True):
            painter.drawEllipse(QPointF(x, y), 2.2, 2.2)


# ------------------------------------------------------------------- graphs


def _graphs(painter: QPainter, spec: DataSpec, made: Samples, box: QRectF) -> None:
    """One large graph with its sides in colour, or a few small ones with a letter for each node."""
    if spec.task == "classes":
        sides = np.max(np.asarray(made.targets), axis=0)
        _graph(painter, _pairs(made, 0), box, [QColor(_class(int(k))) for k in sides], [])
        return
    rows = [row for row in range(len(made.inputs)) if np.asarray(made.inputs[row]).sum() >= 9][:GRAPHS]
    wide = box.width() / GRAPHS
    letters = [ATOM_LETTERS.get(name, name[:1]) for name in spec.inputs]
    for number, row in enumerate(rows):
        kinds = np.asarray(made.inputs[row])
        here = [
            int(k)
            for k, used in zip(kinds.argmax(1).tolist(), np.atleast_1d(kinds.any(1)).tolist(), strict=True)
            if used
        ]
        place = QRectF(box.left() + number * wide + 6, box.top(), wide - 12, box.height())
        _graph(painter, _pairs(made, row), place, [QColor(_class(k)) for k in here], [letters[k] for k in here])


def _pairs(made: Samples, row: int) -> list[tuple[int, int]]:
    edges = np.asarray(made.more[0][row]).astype(int)
    return sorted({(min(a, b), max(a, b)) for a, b in edges.T.tolist() if a >= 0 and b >= 0})


def _graph(
    painter: QPainter, pairs: Sequence[tuple[int, int]], box: QRectF, colours: Sequence[QColor], letters: Sequence[str]
) -> None:
    places = _spread(pairs, len(colours), box)
    painter.setPen(QPen(theme.current().color("wire"), 1.6 if letters else 0.9))
    for start, end in pairs:
        painter.drawLine(places[start], places[end])
    painter.setPen(QPen(theme.current().color("canvas"), 1))
    radius = 7.5 if letters else 4.2
    for number, (place, colour) in enumerate(zip(places, colours, strict=True)):
        painter.setPen(QPen(theme.current().color("canvas"), 1))
        painter.setBrush(colour)
        painter.drawEllipse(place, radius, radius)
        if letters:
            text = letters[number]
            at = place + QPointF(-plots.text_width(text, 9, True) / 2, 3.3)
            plots.draw_text(painter, at, text, _ink(colour), 9, True)


def _spread(pairs: Sequence[tuple[int, int]], count: int, box: QRectF) -> list[QPointF]:
    """Nodes where springs along the edges and a push between all of them come to rest (Fruchterman and Reingold)."""
    places = np.random.default_rng(4).normal(size=(count, 2))
    starts, ends = (np.array(side, int) for side in zip(*pairs, strict=True))
    for k in range(PASSES):
        apart = places[:, None] - places[None]
        push = apart / (np.square(apart).sum(-1, keepdims=True) + 0.01)
        move: Floats = push.sum(1) - PULL * places
        spring = places[ends] - places[starts]
        spring = spring * np.linalg.norm(spring, axis=1, keepdims=True)
        np.add.at(move, starts, spring)
        np.add.at(move, ends, -spring)
        length = np.linalg.norm(move, axis=1, keepdims=True)
        places += move / np.maximum(length, 1e-9) * np.minimum(length, 0.3 * (1 - k / PASSES))
    places -= places.mean(0)
    places = places @ np.linalg.svd(places, full_matrices=False)[2].T  # the longest way lies across
    if box.height() > box.width():
        places = places[:, ::-1]
    reach = places.max(0) - places.min(0)
    room = np.array([box.width() - 16, box.height() - 16])
    scale = np.minimum(room / np.maximum(reach, 1e-9), 1.35 * (room / np.maximum(reach, 1e-9)).min())
    middle = (places.max(0) + places.min(0)) / 2
    shown = (places - middle) * scale + [box.center().x(), box.center().y()]
    return [QPointF(x, y) for x, y in shown.tolist()]


# ------------------------------------------------------------------- digits


def _digits(painter: QPainter, spec: DataSpec, made: Samples, box: QRectF) -> None:
    """Pictures as they are, in rows."""
    step = DIGIT_SIDE + 6
    columns, rows = int((box.width() + 6) // step), int((box.height() + 6) // step)
    corner = box.center() - QPointF(columns * step - 6, rows * step - 6) / 2
    inputs = np.asarray(made.inputs, np.float32)
    for number, sample in enumerate(inputs[: columns * rows]):
        line, column = divmod(number, columns)
        place = QRectF(corner.x() + column * step, corner.y() + line * step, DIGIT_SIDE, DIGIT_SIDE)
        painter.drawImage(place, pictures.photograph(sample / max(1.0, float(inputs.max()))))
