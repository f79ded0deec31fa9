"""nnlab eval and predict: a trained project's figures, and what it says of new data."""

import io
import sys

import numpy as np

from nnlab.cli import tables
from nnlab.cli.output import say, say_json
from nnlab.cli.projects import find
from nnlab.cli.training import figure, refuse_mistakes
from nnlab.core.dataset import DataSpec
from nnlab.core.words import plural
from nnlab.errors import BuildError
from nnlab.files import disk as files
from nnlab.project import Project


def evaluate(name: str, data: str | None, as_json: bool) -> int:
    """Print loss and metric of every part, or of the samples in a file."""
    project, spec = _trained(name)
    if data is None:
        metrics = project.evaluate()
    else:
        inputs, targets = tables.read_samples(data, spec)
        metrics = project.evaluate(inputs, targets)
    if as_json:
        say_json(metrics)
    else:
        for key, value in metrics.items():
            say(f"{key.replace('_', ' '):24}{figure(key, value)}")
    return 0


def predict(name: str, data: str, out: str | None) -> int:
    """Write the answers for the inputs in a file: the class with all probabilities, or the values."""
    project, spec = _trained(name)
    answers = project.predict(tables.read_inputs(data, spec))
    if out is not None and out.lower().endswith(".npy"):
        stream = io.BytesIO()
        np.lib.format.write_array(stream, answers, allow_pickle=False)
        files.write(out, stream.getvalue())
    else:
        header, rows = _as_rows(answers, spec)
        text = tables.to_csv(header, rows)
        if out is None:
            sys.stdout.write(text)
            return 0
        files.write(out, text.encode())
    say(f"Wrote {plural(len(answers), 'answer')} to {files.name_of(out)}.")
    return 0


def _trained(name: str) -> tuple[Project, DataSpec]:
    project = find(name)
    refuse_mistakes(project)
    spec = project.document.spec
    if spec is None:  # check has refused this already
        raise BuildError("The data set of this project is not in this installation.")
    project.model()
    return project, spec


def _as_rows(
    answers: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]", spec: DataSpec
) -> tuple[list[str], list[list[object]]]:
    numbers = [[float(f"{v:.7g}") for v in row] for row in answers.tolist()]
    if spec.task == "values":
        return list(spec.answers), [list(row) for row in numbers]
    best = answers.argmax(axis=1)
    header = ["prediction", *(f"probability of {name}" for name in spec.answers)]
    return header, [[spec.answers[k], *row] for k, row in zip(best, numbers, strict=True)]
