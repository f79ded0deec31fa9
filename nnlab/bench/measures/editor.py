"""The graph editor: every gesture on large networks, through the real canvas."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nnlab.bench.graphs import pipe, residual, sized
from nnlab.bench.measure import MEASURES, Bar, Effort, Facts, Outcome, Reading
from nnlab.core import layout, wrapping
from nnlab.core.document import Document
from nnlab.core.graph import Graph

if TYPE_CHECKING:
    from nnlab.bench.gestures import Hand

SMALL, LARGE, HUGE = 200, 1_000, 5_000
ZOOMS = (1.0, 0.5, 0.25)  # one of each amount of detail
OVERVIEW = 0.3  # as one moves about in a large network
MOST = 95  # of 100 frames are faster than the figure

Figures = tuple[float, ...]


class Editor:
    """Frames of every gesture on networks of three sizes, and the layout."""

    title = "The graph editor"
    how = (
        "Processor time of the window's thread for each mouse event of a gesture and the painting after it, in the real"
        " window (1440×900); 95 of 100 frames are faster than the figure, and the slowest gesture at any zoom counts."
    )
    bars = (
        Bar("a frame of any gesture on 200 nodes", 16, at_least=False, unit="ms"),
        Bar("an edit that changes every shape of 200 nodes, and its painting", 16, at_least=False, unit="ms"),
        Bar("a frame of panning and zooming over 1 000 nodes", 1000 / 60, at_least=False, unit="ms"),
        Bar("a frame of panning over 5 000 nodes", 1000 / 30, at_least=False, unit="ms"),
        Bar("opening 5 000 nodes", 3, at_least=False, unit="s"),
        Bar("tidy layout of 33 residual blocks", 50, at_least=False, unit="ms"),
        Bar("tidy layout of 5 000 nodes", 2, at_least=False, unit="s"),
    )

    def run(self, effort: Effort) -> Outcome:
        """Windows of growing networks after each other, then the layout alone."""
        few = 1 if effort.quick else min(effort.rounds, 3)
        small, facts = _every_gesture(effort.starts)
        opening, huge = _huge(few)
        values = (
            small,
            _frames(pipe(SMALL), effort.rounds, lambda hand: hand.edits()),
            _frames(sized(LARGE), effort.rounds, lambda hand: [*hand.pan(), *hand.zoom()]),
            huge,
            opening,
            tuple(1000 * _cpu(lambda: layout.in_columns(residual(33))) for _ in range(effort.rounds)),
            tuple(_cpu(lambda: wrapping.tidy(sized(HUGE))) for _ in range(few)),
        )
        return Outcome(tuple(Reading(bar, v) for bar, v in zip(self.bars, values, strict=True)), facts)


def _every_gesture(rounds: int) -> tuple[Figures, Facts]:
    """The slowest of each round, and each gesture's own figure."""
    found: dict[str, list[float]] = {}
    with _hand(sized(SMALL)) as hand:
        for _ in range(rounds):
            for zoom in ZOOMS:
                for name, gesture in hand.gestures().items():
                    hand.look(zoom)
                    found.setdefault(f"{name} at {zoom:.0%}", []).append(_most(gesture()))
    worst = tuple(max(values[k] for values in found.values()) for k in range(rounds))
    return worst, {f"{name}, ms": float(np.median(values)) for name, values in found.items()}


def _frames(graph: Graph, rounds: int, act: "Callable[[Hand], Sequence[float]]") -> Figures:
    found = []
    with _hand(graph) as hand:
        for _ in range(rounds):
            hand.look(OVERVIEW)
            found.append(_most(act(hand)))
    return tuple(found)


def _huge(rounds: int) -> tuple[Figures, Figures]:
    """Seconds to open the largest network, and its frames while it is moved."""
    opening, frames = [], []
    for _ in range(rounds):
        with _hand(sized(HUGE)) as hand:
            opening.append(hand.opening)
            hand.look(OVERVIEW)
            frames.append(_most(hand.pan()))
    return tuple(opening), tuple(frames)


def _hand(graph: Graph) -> "Hand":
    from nnlab.bench.gestures import Hand

    return Hand(Document(graph=graph))


def _most(frames: Sequence[float]) -> float:
    return float(np.percentile(frames, MOST))


def _cpu(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began


MEASURES.register("editor")(Editor())
