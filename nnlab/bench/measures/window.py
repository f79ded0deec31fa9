"""The window while it trains at full speed: what it costs the training, how evenly it paints, how soon it answers."""

import statistics
from typing import Any

from nnlab.bench.measure import MEASURES, Bar, Effort, Facts, Outcome, Reading
from nnlab.bench.parts import partners

TRAIN_SECONDS, QUICK_SECONDS = 3.0, 1.2
PLAYGROUND_EPOCHS = 43  # that TensorFlow Playground's page can show in a second
FIGURES = ("p50", "p99", "cpu")

BARS = (
    Bar("of the speed that the same engine has with no window", 0.95),
    Bar(
        "epochs a second shown (5 times what TensorFlow Playground's page can)",
        5 * PLAYGROUND_EPOCHS,
        unit="epochs/s",
    ),
    Bar("between two paintings, half of them (p50)", 16.7, at_least=False, unit="ms"),
    Bar("between two paintings, 99 of 100 (p99)", 20, at_least=False, unit="ms"),
    Bar("processor time of the window's thread for each painting", 5, at_least=False, unit="ms"),
    Bar("from a click to its effect painted, slowest", 50, at_least=False, unit="ms"),
)


class WindowSpeed:
    """Two processes in turn: the window with everything open, and the engine alone."""

    title = "The whole window while 8-8-8 trains on the 250-point spiral"
    how = (
        "The real window (1440×900; loss, boundary 100×100 and every node's picture in sight) in one process and the bare"
        " engine in another train in turn, by the wall clock; a mark in the window asks to be painted every 16 ms and notes"
        " when it was; clicks on nodes are sent from a thread of their own."
    )
    bars = BARS

    def run(self, effort: Effort) -> Outcome:
        """Let them train in turn, round after round."""
        seconds = QUICK_SECONDS if effort.quick else TRAIN_SECONDS
        with partners("window", "engine") as (window, engine):
            engine.ask("train", 0.2)
            rounds = [_round(window, engine, seconds) for _ in range(effort.rounds)]
        values = [
            [r["window"]["rate"] / r["engine"]["rate"] for r in rounds],
            [r["window"]["epochs"] for r in rounds],
            *([r["window"][name] for r in rounds] for name in FIGURES),
            [max(r["input"]["waits"], default=float("nan")) for r in rounds],
        ]
        notes = ["", "", "", "", "", _lost(rounds)]
        readings = [Reading(bar, tuple(v), n) for bar, v, n in zip(self.bars, values, notes, strict=True)]
        return Outcome(tuple(readings), _facts(rounds))


def _round(window: Any, engine: Any, seconds: float) -> dict[str, Any]:
    return {
        "engine": engine.ask("train", seconds / 2),
        "window": window.ask("train", seconds),
        "again": engine.ask("train", seconds / 4),
        "rest": window.ask("rest", seconds / 3),
        "input": window.ask("input", seconds / 2),
    }


def _lost(rounds: list[dict[str, Any]]) -> str:
    lost = sum(r["input"]["lost"] for r in rounds)
    return f"{lost} clicks had no effect" if lost else ""


def _facts(rounds: list[dict[str, Any]]) -> Facts:
    middle = statistics.median
    waits = [wait for r in rounds for wait in r["input"]["waits"]]
    return {
        f"engine alone ({rounds[-1]['engine']['engine']}), steps/s": middle(r["engine"]["rate"] for r in rounds),
        f"with the window ({rounds[-1]['window']['engine']}), steps/s": middle(r["window"]["rate"] for r in rounds),
        "between two paintings while nothing trains, p50, ms": middle(r["rest"]["p50"] for r in rounds),
        "between two paintings while nothing trains, p99, ms": middle(r["rest"]["p99"] for r in rounds),
        "processor time for each painting while nothing trains, ms": middle(r["rest"]["cpu"] for r in rounds),
        "from a click to its effect painted, half of them, ms": middle(waits) if waits else "none",
    }


MEASURES.register("window")(WindowSpeed())
