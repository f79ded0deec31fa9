"""nnlab dice: many seeds of one project, and how many of them solve it."""

import sys
from typing import Any

import numpy as np

from nnlab.cli.output import draw, finite, note, say, say_json, table
from nnlab.cli.projects import find
from nnlab.cli.training import refuse_mistakes
from nnlab.core.words import METRICS, fixed, is_share, number, percent
from nnlab.engine.many.rolled import RollStatus
from nnlab.project.many import ManyRuns

BAR = 24  # characters
SHOWN = 5  # seeds at either end of the table


def dice(name: str, seeds: int, epochs: int | None, threshold: float | None, out: str | None, as_json: bool) -> int:
    """Roll the dice; 1 if every seed blew up."""
    project = find(name)
    refuse_mistakes(project)
    shows = sys.stderr.isatty() and not as_json
    runs = project.train_many(seeds, epochs, threshold=threshold, on_progress=_draw if shows else None)
    if shows:
        draw("\r\x1b[K")
    for sentence in runs.notices:
        note(sentence)
    if as_json:
        say_json(_facts(runs))
    else:
        _say(runs)
    if out is not None and runs.best is not None:
        runs.project(runs.best).save(out)
        note(f"The best seed, {runs.best}, was saved to {out}.")
    return 1 if runs.best is None else 0


def _draw(status: RollStatus) -> None:
    filled = round(BAR * status.done)
    draw(f"\r{'█' * filled}{'░' * (BAR - filled)} epoch {status.epoch}/{status.epochs}\x1b[K")


def _say(runs: ManyRuns) -> None:
    rolled = runs.rolled
    share = is_share(rolled.metric)
    losses = rolled.metrics[f"{rolled.part}_loss"]
    order = np.lexsort((np.nan_to_num(losses, nan=np.inf), -np.nan_to_num(runs.scores, nan=-np.inf)))
    rows = []
    for rank, place in enumerate(order.tolist()):
        if SHOWN <= rank < len(order) - SHOWN:
            continue
        if rank == len(order) - SHOWN and len(order) > 2 * SHOWN:
            rows.append(["...", "", "", ""])
        score, loss = float(runs.scores[place]), float(losses[place])
        verdict = "blew up" if rolled.lost[place] else "solved" if score >= runs.threshold else ""
        shown = ["", ""] if rolled.lost[place] else [percent(score) if share else fixed(score), number(loss)]
        rows.append([str(runs.seeds[place]), *shown, verdict])
    for line in table(rows, ["seed", METRICS[rolled.metric], "loss", ""], right=(0, 1, 2)):
        say(line)
    say()
    say(str(runs))


def _facts(runs: ManyRuns) -> dict[str, Any]:
    rolled = runs.rolled
    return {
        "seeds": list(runs.seeds),
        "epochs": rolled.epochs,
        "part": rolled.part,
        "metric": rolled.metric,
        "threshold": runs.threshold,
        "solved": runs.solved,
        "solved_seeds": list(runs.solved_seeds),
        "lost_seeds": list(runs.lost_seeds),
        "best": runs.best,
        "median": runs.median,
        "metrics": {name: finite(values.tolist()) for name, values in runs.metrics.items()},
        "engine": rolled.engine,
        "device": rolled.device,
        "seconds": rolled.seconds,
        "notices": list(runs.notices),
    }
