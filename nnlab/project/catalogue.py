"""Lists of what there is to build with, as plain values that can be printed or turned into JSON."""

from typing import Any

from nnlab.core.dataset import DATASETS, Dataset
from nnlab.core.example import EXAMPLES
from nnlab.core.layer import CATEGORIES, LAYERS, Layer, Port
from nnlab.core.param import Param, Settings
from nnlab.core.template import TEMPLATES

Entry = dict[str, Any]


def layers() -> list[Entry]:
    """Every layer: id, title, category, tier, help, formula, ports and parameters, in the palette's order."""
    entries = [_layer(id_, LAYERS[id_]) for id_ in LAYERS]
    return sorted(entries, key=lambda e: (CATEGORIES.index(e["category"]), e["tier"], e["title"]))


def datasets() -> list[Entry]:
    """Every data set: id, title, category, help, task, input shape, the names of inputs and answers, parameters."""
    return sorted((_dataset(id_, DATASETS[id_]) for id_ in DATASETS), key=lambda e: (e["category"], e["title"]))


def examples() -> list[Entry]:
    """Every example project: id, title, what one sees, and the validation metric it reaches."""
    entries = [
        {"id": i, "title": e.title, "blurb": e.blurb, "goal": e.goal, "order": e.order} for i, e in EXAMPLES.items()
    ]
    return sorted(entries, key=lambda e: (e["order"], e["id"]))


def templates() -> list[Entry]:
    """Every template: id, title, and what makes its architecture what it is."""
    entries = [{"id": i, "title": t.title, "blurb": t.blurb, "order": t.order} for i, t in TEMPLATES.items()]
    return sorted(entries, key=lambda e: (e["order"], e["id"]))


def lessons() -> list[Entry]:
    """Every lesson. This version has none yet."""
    return []


def _layer(id_: str, kind: type[Layer]) -> Entry:
    return {
        "id": id_,
        "title": kind.title,
        "category": kind.category,
        "tier": kind.tier,
        "help": kind.help_text(),
        "formula": kind.formula,
        "inputs": [_port(port) for port in kind.inputs],
        "outputs": [_port(port) for port in kind.outputs],
        "grows": kind.variadic,
        "parameters": parameters(kind),
    }


def _dataset(id_: str, kind: type[Dataset]) -> Entry:
    spec = kind().spec()
    return {
        "id": id_,
        "title": kind.title,
        "category": kind.category,
        "help": _help(kind),
        "task": spec.task,
        "input_shape": list(spec.input_shape),
        "inputs": list(spec.inputs),
        "answers": list(spec.answers),
        "parameters": parameters(kind),
    }


def _port(port: Port) -> Entry:
    return {"name": port.name, "kind": port.kind, "optional": port.optional}


def parameters(kind: type[Settings]) -> list[Entry]:
    """Every declared setting of a layer or data set: name, label, type, default, range, choices and why it is there."""
    defaults = kind().as_dict()
    return [_parameter(p, defaults[p.name]) for p in kind().open_params()]


def _parameter(p: Param, default: Any) -> Entry:
    return {
        "name": p.name,
        "label": p.label,
        "type": p.kind,
        "default": default,
        "low": p.low,
        "high": p.high,
        "choices": [value for value, _ in p.choices],
        "optional": p.optional,
        "advanced": p.advanced,
        "why": p.why,
    }


def _help(kind: type[Settings]) -> str:
    import inspect

    return inspect.getdoc(kind) or ""
