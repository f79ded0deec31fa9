"""A notebook: the program in cells, each with a few words about it, to be run from top to bottom with PyTorch alone."""

import json
import re
from collections.abc import Iterable

from nnlab.core.document import Document
from nnlab.engine.exports.format import FORMATS, Format, Weights, Written

SAID = {
    "SEED": "## Settings\n\nWhat was set under *Training* and *Data*. Change them here and run the cells below again.",
    "Network": "## The network\n\nEvery layer is made once, in `__init__`; `forward` says what happens to a batch of samples.",
    "loss": "## Loss and figures\n\nHow wrong an answer is, and how well the network does on samples it is shown.",
    "train": "## Training\n\nOne step a batch: the loss, its gradients, and a small change of every weight against them.",
    "load": "## Data\n\nSet `DATA` below to the name of an `.npz` file of your own.",
    "main": "## Run it\n\nWithout data it trains on random numbers, which shows that it works and nothing else.",
}
ORDER = ("SEED", "Network", "loss", "train", "load", "main")
TOP = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)


def write(document: Document, weights: Weights | None = None) -> Written:
    """The notebook in format 4.5; it carries no weights and begins anew."""
    from nnlab.engine.export import python

    cells = [_cell("markdown", _title(document))] + [
        _cell(kind, text) for kind, text in _cells(python(document)) if text.strip()
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    book = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return Written((json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode())


def _title(document: Document) -> str:
    """What stands at the top: plain words only, so that no title can become a link or a picture."""
    kept = "".join(c for c in document.title if c.isalnum() or c in " -,.()'").strip()[:80]
    return (
        f"# {kept or 'A neural network'}\n\nExported from NNLab. The cells need only PyTorch (`pip install torch numpy`): "
        "run them from top to bottom."
    )


def _cells(script: str) -> Iterable[tuple[str, str]]:
    """The script's parts as cells, under the headings that they belong to."""
    body, _, _ = script.partition('\nif __name__ == "__main__":')
    head, rest = _head(body)
    yield "code", head
    open_heading = ""
    for part in _parts(rest):
        heading = _heading_of(part, open_heading)
        if heading != open_heading:
            open_heading = heading
            yield "markdown", SAID[heading]
        yield "code", _in_cell(part)
    yield "code", "main()"


def _head(body: str) -> tuple[str, str]:
    """The imports, without the words about the command line, and what comes after them."""
    code = body.split('"""', 2)[2].lstrip("\n") if body.startswith('"""') else body
    imports, rest = [], code.splitlines()
    while rest and (not rest[0] or rest[0].startswith(("import ", "from "))):
        imports.append(rest.pop(0))
    return "\n".join(line for line in imports if line != "import sys").strip("\n"), "\n".join(rest)


def _parts(body: str) -> list[str]:
    """Definitions and settings as they are set apart by two empty lines."""
    return [
        part.strip("\n") for part in re.split(r"\n\n\n(?=\S)|\n\n(?=class |def )", body.strip("\n")) if part.strip()
    ]


def _heading_of(part: str, before: str) -> str:
    """The heading that a part belongs to; helpers stand under the one that is open."""
    found = TOP.search(part)
    if found is None:
        return "SEED"
    name = found[1]
    if name in ("train", "load", "main"):
        return name
    if name.startswith(("loss", "as_target", "accuracy", "r2", "evaluate", "iou", "exact")):
        return "loss"
    return "Network" if before in ("SEED", "Network", "") else before


def _in_cell(part: str) -> str:
    """A part as it stands in a cell: data are named by a variable and not by the command line."""
    if part.startswith("def main"):
        return 'DATA = ""  # the name of your .npz file\n\n\n' + part.replace(
            "load(sys.argv[1:])", "load([DATA] if DATA else [])"
        )
    return part


def _cell(kind: str, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}


FORMATS.register("notebook")(
    Format(
        title="Notebook",
        kind="Jupyter notebooks",
        ending=".ipynb",
        about="The network and its training in cells with a few words about each, for Jupyter or Colab.",
        order=2,
        make=write,
    )
)
