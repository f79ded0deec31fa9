"""nnlab eval and predict: a trained project's figures, and what it says of new data."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.cli import sample_files, sample_folders, tables
from nnlab.cli.output import say, say_json
from nnlab.cli.projects import find
from nnlab.cli.training import figure, refuse_mistakes
from nnlab.core.dataset import DataSpec, Target
from nnlab.core.objective import resolve
from nnlab.core.words import plural
from nnlab.errors import BuildError, FileError
from nnlab.files import disk as files
from nnlab.project import Project

Answers = dict[str, NDArray[Any]]
WIDEST = 64  # values of one sample that still make a table


def evaluate(name: str, data: str | None, as_json: bool) -> int:
    """Print loss and metric of every part, or of the samples in a file."""
    project, spec = _trained(name)
    if data is None:
        metrics = project.evaluate()
    else:
        needed = {term.at for term in resolve(project.document).terms if term.at >= 0}
        if project.document.data.answer == "input":
            inputs = sample_files.read_inputs(data, spec)
            metrics = project.evaluate(inputs, inputs[0])
        else:
            metrics = project.evaluate(*sample_files.read_samples(data, spec, needed))
    if as_json:
        say_json(metrics)
    else:
        for key, value in metrics.items():
            say(f"{key.replace('_', ' '):24}{figure(key, value)}")
    return 0


def predict(name: str, data: str, out: str | None) -> int:
    """Write the answers for the inputs in a file: classes with all probabilities, or values."""
    project, spec = _trained(name)
    names: list[str] = []
    if Path(data).is_dir():
        shown, names = sample_folders.pictures(data, spec)
        answers = project.predict_all(shown)
    else:
        answers = project.predict_all(*sample_files.read_inputs(data, spec))
    targets = {name: term.target for name, term in zip(answers, resolve(project.document).terms, strict=True)}
    ending = Path(out or "").suffix.lower()
    if out is None:
        sys.stdout.write(_as_csv(answers, targets, names))
        return 0
    if ending == ".npy" and len(answers) > 1:
        raise FileError(f"a .npy file holds one array, and there are {len(answers)} answers: write to a .npz file")
    if ending in (".npy", ".npz"):
        made = sample_files.to_npz(answers) if ending == ".npz" else sample_files.to_npy(next(iter(answers.values())))
        files.write(out, made)
    else:
        files.write(out, _as_csv(answers, targets, names).encode())
    rows = len(next(iter(answers.values())))
    each = f", {len(answers)} for each sample," if len(answers) > 1 else ""
    say(f"Wrote {plural(rows * len(answers), 'answer')}{each} to {files.name_of(out)}.")
    return 0


def _trained(name: str) -> tuple[Project, DataSpec]:
    project = find(name)
    refuse_mistakes(project)
    spec = project.document.spec
    if spec is None:  # check has refused this already
        raise BuildError("The data set of this project is not in this installation.")
    project.model()
    return project, spec


# ------------------------------------------------------------------- as a table


def _as_csv(answers: Answers, targets: dict[str, Target], names: list[str]) -> str:
    """All answers side by side, after the names of the samples if they have any; FileError if one is no table."""
    header: list[str] = ["file"] if names else []
    columns: list[list[object]] = [list(names)] if names else []
    for name, array in answers.items():
        added = _columns(name, array, targets[name], len(answers) == 1)
        header += added
        columns += added.values()
    return tables.to_csv(header, [list(row) for row in zip(*columns, strict=True)])


def _columns(name: str, array: NDArray[Any], target: Target, alone: bool) -> dict[str, list[object]]:
    """The columns of one answer."""
    if target.task == "classes" and array.ndim == 2:
        said: list[object] = [target.answers[k] for k in array.argmax(1)]
        head = {"prediction" if alone else name: said}
        return head | {
            ("" if alone else f"{name}: ") + f"probability of {answer}": _rounded(array[:, k])
            for k, answer in enumerate(target.answers)
        }
    if target.task == "classes" and array.ndim == 3:
        space = ", " if any(" " in answer for answer in target.answers) else " "
        texts: list[object] = [space.join(target.answers[k] for k in row) for row in array.argmax(-1)]
        return {"prediction" if alone else name: texts}
    if array.ndim != 2 or array.shape[1] > WIDEST:
        raise FileError(
            f"the answer {name} is {tables.times(array.shape[1:])} numbers for each sample, which is no table: "
            "add -o answers.npz"
        )
    return {
        key if alone else f"{name}: {key}" if key != name else key: _rounded(array[:, k])
        for k, key in enumerate(_value_names(name, target, array.shape[1]))
    }


def _value_names(name: str, target: Target, wide: int) -> list[str]:
    if len(target.answers) == wide:
        return list(target.answers)
    return [f"{name} {k + 1}" for k in range(wide)]


def _rounded(values: NDArray[np.floating]) -> list[object]:
    return [float(f"{v:.7g}") for v in values.tolist()]
