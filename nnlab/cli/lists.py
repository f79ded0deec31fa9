"""nnlab examples, templates, layers, datasets, lessons."""

from typing import Any

from nnlab.cli.output import say, say_json, table
from nnlab.core.layer import shape_text
from nnlab.core.words import percent
from nnlab.project import catalogue


def show(what: str, as_json: bool) -> int:
    """Print one of the catalogues, for people or as JSON."""
    entries: list[dict[str, Any]] = getattr(catalogue, what)()
    if as_json:
        say_json(entries)
    elif not entries:
        say(f"There are no {what} in this version yet.")
    else:
        for line in _LINES[what](entries):
            say(line)
    return 0


def _examples(entries: list[dict[str, Any]]) -> list[str]:
    rows = [(e["id"], percent(e["goal"], 0), e["blurb"]) for e in entries]
    return table(rows, ("EXAMPLE", "REACHES", "WHAT ONE SEES"), right=[1])


def _templates(entries: list[dict[str, Any]]) -> list[str]:
    return table([(e["id"], e["blurb"]) for e in entries], ("TEMPLATE", "WHAT IT IS"))


def _layers(entries: list[dict[str, Any]]) -> list[str]:
    rows = [(e["id"], e["category"], _names(e["parameters"]), _first_line(e["help"])) for e in entries]
    return table(rows, ("LAYER", "CATEGORY", "PARAMETERS", "WHAT IT DOES"))


def _datasets(entries: list[dict[str, Any]]) -> list[str]:
    rows = [
        (e["id"], e["category"], shape_text(tuple(e["input_shape"])), e["task"], _first_line(e["help"]))
        for e in entries
    ]
    return table(rows, ("DATA SET", "CATEGORY", "INPUT", "TASK", "WHAT IT IS"))


def _names(parameters: list[dict[str, Any]]) -> str:
    some = ", ".join(p["name"] for p in parameters[:3])
    return some + (", ..." if len(parameters) > 3 else "")


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


_LINES = {
    "examples": _examples,
    "templates": _templates,
    "layers": _layers,
    "datasets": _datasets,
    "lessons": _examples,
}
