"""What is marked on the track: the best epoch, the end, changed settings, the moments that are kept."""

from dataclasses import dataclass, fields
from itertools import pairwise

from nnlab.core import words
from nnlab.core.document import Document, Training
from nnlab.engine.live import LIVE_SETTINGS, with_live_settings
from nnlab.engine.wants import Way
from nnlab.ui.record import Record

ENDS = {"done": "the run was over", "early": "stopped early", "stopped": "stopped by you", "diverged": "went astray"}


@dataclass(frozen=True)
class Mark:
    """One place that stands out."""

    step: int
    kind: str
    """"best", "end", "early" or "change"."""
    text: str


def marks_of(record: Record, way: Way | None) -> list[Mark]:
    """The marks of a run, from the start to its end."""
    found = [Mark(since, "change", text) for since, text in changes(way)] if way else []
    if record.best is not None and record.epoch > 1:
        found.append(Mark(record.best[0] * record.steps_per_epoch, "best", "best epoch so far"))
    if record.end is not None:
        step = record.end.step - (record.end.reason == "diverged")
        kind = "end" if record.end.reason in ("done", "stopped") else "early"
        found.append(Mark(step, kind, ENDS[record.end.reason]))
    return sorted(found, key=lambda mark: mark.step)


def changes(way: Way) -> list[tuple[int, str]]:
    """From which step on which settings were others than before, in words; what was set before the first is no change."""
    return [(since, difference(before, after)) for (_, before), (since, after) in pairwise(way.settings) if since > 0]


def difference(before: Training, after: Training) -> str:
    """The settings that differ: "Learning rate 0.03 → 0.1"."""
    parts = []
    for field in fields(Training):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name in LIVE_SETTINGS and old != new:
            parts.append(f"{Training.param(field.name).label} {_shown(old)} → {_shown(new)}")
    return ", ".join(parts) or "the same settings"


def branch_words(way: Way | None, run: Document | None, now: Document, step: int) -> str:
    """What going on from this step with the present settings would change; empty if the run would repeat itself."""
    if way is None or run is None or not way.settings:
        return ""
    wanted = with_live_settings(run.training, now.training)
    in_force = [training for since, training in way.settings if since <= step][-1:]
    later = [training for since, training in way.settings if since > step]
    other = next((training for training in [*in_force, *later] if training != wanted), None)
    return "" if other is None else difference(other, wanted)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "none"
    if isinstance(value, int | float):
        return words.number(value)
    return str(getattr(value, "title", value))
