"""nnlab bench: every bar, measured side by side on this machine."""

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from nnlab import __version__
from nnlab.bench import clocks, parts
from nnlab.bench.measure import MEASURES, Bar, Effort, Outcome, Reading, in_order, not_measured
from nnlab.cli.output import draw, finite, flush, one_line, say, table
from nnlab.core.words import duration, number, percent, plural
from nnlab.errors import SettingError
from nnlab.files import disk
from nnlab.project.network import lookup

DONE, FAILED = 0, 1
QUICK = {"rounds": 3, "seconds": 0.12}
BUSY = 0.3  # share of the machine that others use above which the window cannot be judged
TOOK = "measured in, s"


def bench(names: Sequence[str], quick: bool, clock: str, threads: str, out: str | None, check: bool) -> int:
    """Measure; 1 with `check` if a bar was missed."""
    chosen = [name for name in in_order() if name in set(names)] if names else in_order()
    for name in names:
        lookup(MEASURES, name)
    if out is not None:
        disk.check_writable(Path(out))
    load = clocks.load_of_others()
    effort = _effort(quick, clock, threads, load)
    say(_head(effort, load))
    if load > BUSY:
        say("Other programs are busy: the figures of the window are worse than on a quiet machine.")
    began = time.perf_counter()
    outcomes = {}
    with parts.own_folder():
        for name in chosen:
            outcomes[name] = _one(name, effort)
    readings = [reading for outcome in outcomes.values() for reading in outcome.readings]
    say()
    say(f"{_sum(readings)} in {duration(time.perf_counter() - began)} minutes.")
    if out is not None:
        disk.write(Path(out), json.dumps(finite(_record(effort, outcomes)), indent=1).encode())
    missed = any(reading.verdict == "missed" for reading in readings)
    return FAILED if check and missed else DONE


def part(name: str, arguments: list[str]) -> int:
    """Be one part of the bench, in the process that was made for it."""
    return parts.main(name, arguments)


def show_list() -> int:
    """What there is to measure, how, and the bars."""
    for name in in_order():
        measure = MEASURES[name]
        say(f"{name}: {measure.title}")
        say(f"    {measure.how}")
        for bar in measure.bars:
            say(f"    {_limit(bar) or 'no bar'}: {bar.what}")
    return DONE


def _effort(quick: bool, clock: str, threads: str, load: float) -> Effort:
    chosen: clocks.Clock = clocks.choose(load) if clock == "auto" else "cpu" if clock == "cpu" else "wall"
    try:
        counts = clocks.thread_counts(chosen, threads)
    except ValueError:
        raise SettingError(f'--threads takes numbers and "all", as 1,2,all, not {threads!r}') from None
    return Effort(clock=chosen, threads=counts, quick=quick, **(QUICK if quick else {}))  # type: ignore[arg-type]


def _head(effort: Effort, load: float) -> str:
    clock = "processor time, one thread" if effort.clock == "cpu" else "wall clock"
    return (
        f"NNLab {__version__}, {plural(os.cpu_count() or 1, 'core')} ({percent(load, 0)} busy), torch {metadata.version('torch')}; "
        f"training by {clock}; median of {plural(effort.rounds, 'round')} (smallest to largest)."
    )


def _one(name: str, effort: Effort) -> Outcome:
    measure, began = MEASURES[name], time.perf_counter()
    if sys.stderr.isatty():
        draw(f"\r{measure.title} ...")
    try:
        outcome = parts.measure(name, effort)
    except parts.PartFailed as problem:
        outcome = not_measured(measure.bars, f"failed: {problem}")
    if sys.stderr.isatty():
        draw("\r" + " " * (len(measure.title) + 4) + "\r")
    _tell(f"{measure.title}   [{name}]", outcome)
    return replace(outcome, facts={**outcome.facts, TOOK: time.perf_counter() - began})


def _tell(title: str, outcome: Outcome) -> None:
    """One measure's rows; a note that is the same in all of them stands once."""
    readings, notes = outcome.readings, {reading.note for reading in outcome.readings}
    say()
    say(title)
    if len(readings) > 1 and len(notes) == 1:
        readings = tuple(replace(reading, note="") for reading in readings)
        for note in filter(None, notes):
            say(f"  {one_line(note)}")
    lines = table([_row(reading) for reading in readings], ("figure", "range", "bar", "", ""), right=(0,))
    for line in lines[1:]:
        say(f"  {line}")
    for fact, value in outcome.facts.items():
        say(f"    {fact}: {value if isinstance(value, str) else number(value)}")
    flush()


def _row(reading: Reading) -> tuple[str, ...]:
    bar, median = reading.bar, reading.median
    what = f"{bar.what}: {one_line(reading.note)}" if reading.note else bar.what
    if median is None:
        return ("–", "", _limit(bar), reading.verdict, what)
    spread = f"({number(min(reading.rounds))} to {number(max(reading.rounds))})"
    return (f"{number(median)} {bar.unit}", spread, _limit(bar), reading.verdict.upper(), what)


def _limit(bar: Bar) -> str:
    if bar.limit is None:
        return ""
    return f"{'≥' if bar.at_least else '≤'} {number(bar.limit)} {bar.unit}"


def _sum(readings: Sequence[Reading]) -> str:
    barred = [reading for reading in readings if reading.bar.limit is not None]
    counts = {word: sum(r.verdict == word for r in barred) for word in ("met", "missed", "not measured")}
    return f"{plural(len(barred), 'bar')}: " + ", ".join(f"{n} {word}" for word, n in counts.items())


def _record(effort: Effort, outcomes: dict[str, Outcome]) -> dict[str, Any]:
    return {
        "nnlab": __version__,
        "python": platform.python_version(),
        "torch": metadata.version("torch"),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "clock": effort.clock,
        "rounds": effort.rounds,
        "quick": effort.quick,
        "measures": {name: _measure_record(name, outcome) for name, outcome in outcomes.items()},
    }


def _measure_record(name: str, outcome: Outcome) -> dict[str, Any]:
    measure = MEASURES[name]
    return {
        "title": measure.title,
        "how": measure.how,
        "readings": [
            {
                "what": reading.bar.what,
                "bar": reading.bar.limit,
                "at_least": reading.bar.at_least,
                "unit": reading.bar.unit,
                "median": reading.median,
                "rounds": list(reading.rounds),
                "verdict": reading.verdict,
                "note": reading.note,
            }
            for reading in outcome.readings
        ],
        "facts": outcome.facts,
    }
