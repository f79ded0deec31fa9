"""The window while it trains at full speed: what it costs the training, how evenly it paints, how soon it answers."""

import statistics
from dataclasses import replace
from typing import Any

import numpy as np

from nnlab.bench.measure import MEASURES, Bar, Effort, Facts, Outcome, Reading
from nnlab.bench.parts import Partner, partners
from nnlab.bench.waiting import TASKS
from nnlab.core.words import plural

TURNS = 3  # of window and engine in one round
FULL_SECONDS, QUICK_SECONDS = 1.0, 0.5  # of the window in one turn; the engine has half of that before and after
PLAYGROUND_EPOCHS = 43  # that TensorFlow Playground's page can show in a second

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
        seconds = QUICK_SECONDS if effort.quick else FULL_SECONDS
        with partners("window", "engine") as (window, engine):
            engine.ask("train", 0.2)
            rounds = [_round(window, engine, seconds) for _ in range(effort.starts)]
        readings = [
            Reading(bar, tuple(r[key] for r in rounds if key in r)) for bar, key in zip(self.bars, KEYS, strict=True)
        ]
        readings[-1] = replace(readings[-1], note=_lost(rounds))
        return Outcome(tuple(readings), _facts(rounds))


KEYS = ("ratio", "epochs", "p50", "p99", "cpu", "slowest")
"""Of a round, one for each bar."""


def _round(window: Partner, engine: Partner, seconds: float) -> dict[str, Any]:
    alone, shown = [], []
    for _ in range(TURNS):
        alone.append(engine.ask("train", seconds / 2))
        shown.append(window.ask("train", seconds))
        alone.append(engine.ask("train", seconds / 2))
    rest = [window.ask("rest", seconds)]
    clicks = window.ask("input", 2 * seconds)
    rates = {"alone": _mean(alone, "rate"), "shown": _mean(shown, "rate")}
    undisturbed = _mean(shown, "undisturbed") / _mean(alone, "undisturbed")
    waits = {"slowest": max(clicks["waits"])} if clicks["waits"] else {}
    return {
        **rates, **waits, **_painting(shown), "ratio": rates["shown"] / rates["alone"], "undisturbed": undisturbed,
        "epochs": _mean(shown, "epochs"), "rest": _painting(rest), "clicks": clicks,
        "engines": (alone[-1]["engine"], shown[-1]["engine"]),
    }  # fmt: skip


def _painting(turns: list[dict[str, Any]]) -> dict[str, float]:
    """Half and 99 of 100 of the times between two paintings, and what each painting costs, in milliseconds."""
    gaps = np.concatenate([turn["gaps"] for turn in turns])
    p50, p99 = np.percentile(gaps, [50, 99])
    alone = np.percentile(gaps - np.concatenate([turn["waits"] for turn in turns]), 99)
    cpu = sum(turn["cpu"] for turn in turns) / len(gaps)
    return {"p50": float(p50), "p99": float(p99), "p99 alone": float(alone), "cpu": cpu}


def _mean(turns: list[dict[str, Any]], key: str) -> float:
    return statistics.fmean(turn[key] for turn in turns)


def _lost(rounds: list[dict[str, Any]]) -> str:
    lost = sum(r["clicks"]["lost"] for r in rounds)
    return f"{plural(lost, 'click')} had no effect" if lost else ""


def _facts(rounds: list[dict[str, Any]]) -> Facts:
    waits = [wait for r in rounds for wait in r["clicks"]["waits"]]
    alone, shown = rounds[-1]["engines"]
    undisturbed: Facts = {
        "of the speed, less waits for a processor core, ×": statistics.median(r["undisturbed"] for r in rounds),
        "between two paintings, less waits for a core, p99, ms": statistics.median(r["p99 alone"] for r in rounds),
    }
    return {
        **(undisturbed if TASKS.is_dir() else {}),
        f"engine alone ({alone}), steps/s": _mean(rounds, "alone"),
        f"with the window ({shown}), steps/s": _mean(rounds, "shown"),
        "between two paintings while nothing trains, p50, ms": statistics.median(r["rest"]["p50"] for r in rounds),
        "between two paintings while nothing trains, p99, ms": statistics.median(r["rest"]["p99"] for r in rounds),
        "processor time for each painting while nothing trains, ms": _mean([r["rest"] for r in rounds], "cpu"),
        "from a click to its effect painted, half of them, ms": statistics.median(waits) if waits else "none",
    }


MEASURES.register("window")(WindowSpeed())
