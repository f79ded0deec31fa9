"""Measuring a trained network and asking it: for scripts and the command line."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.check import check
from nnlab.core.dataset import Field, Samples, Target
from nnlab.core.document import Document
from nnlab.core.objective import INPUT_TARGET, Term
from nnlab.core.words import plural
from nnlab.engine.device import arithmetic, memory_sentence, out_of_memory
from nnlab.errors import BuildError, DataError

if TYPE_CHECKING:
    from torch import Tensor

    from nnlab.engine.learner import Learner


def evaluate(document: Document, weights: object, samples: Samples | None = None) -> dict[str, float]:
    """Loss and metric of the network with these weights: of every part, or of `samples` in the data's own units.

    For parts the names are train_loss, validation_accuracy and the like; for samples loss and accuracy (or r2).
    """
    with in_words(document), _learner(document, weights) as learner:
        if samples is None:
            return learner.measure()
        inputs = _standard(learner, samples.inputs, samples.more)
        first, *rest = _targets(learner, samples, len(inputs))
        x, y = learner.on_device(Samples(inputs, first, also=tuple(rest)))
        with learner.looking():
            prediction = learner.answers(x)
            loss, metric = learner.loss(prediction, y), learner.metric(prediction, y)
        return {"loss": float(loss), learner.objective.metric: float(metric)}


def predict(
    document: Document, weights: object, inputs: NDArray[Any], more: Sequence[NDArray[Any]] = ()
) -> NDArray[np.float32]:
    """What the network's first answer says of these inputs (`more`: of data with several inputs the others).

    In the data's own units: (rows, classes) probabilities that sum to 1, or (rows, width) values; places of samples are
    given as they are. DataError if the inputs have another form.
    """
    return next(iter(every_answer(document, weights, inputs, more).values()))


def every_answer(
    document: Document, weights: object, inputs: NDArray[Any], more: Sequence[NDArray[Any]] = ()
) -> dict[str, NDArray[np.float32]]:
    """What the network says of these inputs, by the names of what it predicts; the answer that the metric is of first.

    Classes of a sample are (rows, classes) probabilities. Where each place has a class, the classes are the last axis.
    """
    import torch

    with in_words(document), _learner(document, weights) as learner:
        x = torch.tensor(_standard(learner, inputs, more), device=learner.place.device)
        with learner.looking():
            said = learner.answers(x)
            parts = [own_units(learner, term, part) for term, part in _unpacked(learner, said)]
        return dict(zip(answer_names(learner.objective.terms), parts, strict=True))


def answer_names(terms: Sequence[Term]) -> tuple[str, ...]:
    """What answers are called: as what they are compared with, with a number where two are compared with the same."""
    found: list[str] = []
    for term in terms:
        name = term.target.name if term.at >= 0 else INPUT_TARGET
        same = sum(term.at == other.at for other in terms[: len(found)])
        found.append(f"{name} {same + 1}" if same else name)
    return tuple(found)


def _unpacked(learner: "Learner", said: "Tensor") -> "Iterator[tuple[Term, Tensor]]":
    """Every answer by itself."""
    if not learner.objective.is_packed:
        yield learner.objective.main, said
        return
    at = 0
    for term in learner.objective.terms:
        wide = prod(term.shape)
        yield term, said[:, at : at + wide].reshape(-1, *term.shape)
        at += wide


def right_ones(learner: "Learner", term: Term, part: str, row: int) -> NDArray[np.float32]:
    """What is right for one sample of a part, in the data's own units."""
    raw = learner.parts.raw(part)
    if term.at < 0:
        return np.array(learner.parts.spec.unpack(raw.inputs[row : row + 1])[0][0], np.float32)
    return np.array((raw.targets, *raw.also)[term.at][row], np.float32)


def own_units(learner: "Learner", term: Term, said: "Tensor") -> NDArray[np.float32]:
    """One answer as people read it: probabilities, or values in the data's own units."""
    from nnlab.engine.metrics import probabilities, values_of

    if term.loss.is_of_places:
        return np.array(said.cpu().numpy(), np.float32)
    if term.target.task == "classes":
        found = np.array(probabilities(said, replace(learner.objective, terms=(term,))).cpu().numpy(), np.float32)
        return found if term.target_form == "sequence" else _classes_last(found, term)
    values = np.array(values_of(said, term).cpu().numpy(), np.float32)
    if term.at == 0:
        return learner.parts.original_targets(values)
    return values if term.at > 0 else _as_input(learner, values)


def _classes_last(found: NDArray[np.float32], term: Term) -> NDArray[np.float32]:
    """With the probabilities of each place side by side; of two classes told by one number, of both."""
    if not term.target.own_shape:
        return found
    if term.target_form == "positions":
        return np.ascontiguousarray(np.moveaxis(found, term.axis, -1))
    yes = found.reshape(len(found), *term.target.own_shape)
    return np.stack([1 - yes, yes], -1)


def _as_input(learner: "Learner", values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first input as the network draws it, in its own units."""
    spec, parts = learner.parts.spec, learner.parts
    if not spec.is_packed:
        return parts.original(values.reshape(-1, *spec.input_shape))
    wide = prod(spec.fields[0].shape)
    flat = values.reshape(len(values), -1) * parts.input_scale[:wide] + parts.input_mean[:wide]
    return flat.reshape(-1, *spec.fields[0].shape).astype(np.float32)


# ------------------------------------------------------------------- samples from elsewhere


@contextlib.contextmanager
def _learner(document: Document, weights: object) -> "Iterator[Learner]":
    from nnlab.engine.learner import Learner

    learner = Learner(document, weights)
    if weights is not None and learner.unfit:
        raise BuildError(
            f"The saved weights are of another network: they do not fit {', '.join(learner.unfit)}. Train it again."
        )
    with arithmetic(learner.threads):
        yield learner


def _targets(learner: "Learner", samples: Samples, rows: int) -> list[NDArray[Any]]:
    """The answers of these samples as training has them; DataError if they do not fit the data."""
    spec, given = learner.parts.spec, (samples.targets, *samples.also)
    if len(given) != len(spec.targets):
        names = " and ".join(target.name for target in spec.targets)
        raise DataError(f"Each sample has {plural(len(spec.targets), 'answer')}, {names}: give an array for each.")
    first, *rest = (_fitting(t, array, rows) for t, array in zip(spec.targets, given, strict=True))
    if spec.task == "values":
        first = np.asarray((first - learner.parts.target_mean) / learner.parts.target_scale, np.float32)
    return [first, *rest]


def _fitting(target: Target, given: object, rows: int) -> NDArray[Any]:
    """One answer of each sample; a place that does not count has the class -1."""
    values = _numbers(given, "answers")
    if values.shape != (rows, *target.own_shape):
        wanted = "one class, or one number for each value to predict"
        if len(target.own_shape) > (target.task == "values"):
            wanted = f"{' × '.join(map(str, target.own_shape))} {'classes' if target.task == 'classes' else 'numbers'}"
        raise DataError(f"The answers do not fit: each sample needs {wanted}.")
    if target.task == "values":
        return values
    least = -1 if target.own_shape else 0
    if values.min() < least or values.max() >= target.width or (values % 1).any():
        raise DataError(f"There are {target.width} classes, numbered from 0, and a sample has another number.")
    return values.astype(np.int64)


def _standard(learner: "Learner", inputs: NDArray[Any], more: Sequence[NDArray[Any]] = ()) -> NDArray[np.float32]:
    spec = learner.parts.spec
    given = (inputs, *more)
    if len(given) != len(spec.fields):
        names = " and ".join(field.name for field in spec.fields)
        raise DataError(f"Each sample has {plural(len(spec.fields), 'input')}, {names}: give an array for each.")
    places = spec.fields[0].shape[0] if spec.fields[0].shape else 0
    arrays = [_checked(each, array, places) for each, array in zip(spec.fields, given, strict=True)]
    if len({len(array) for array in arrays}) > 1:
        raise DataError("Every input needs as many samples as the others.")
    if len(arrays[0]) == 0:
        raise DataError("There are no samples.")
    return learner.parts.standardise(spec.pack(arrays))


def _checked(field: Field, given: object, places: int) -> NDArray[np.float32]:
    """One input of each sample; edges join so many places."""
    values = _numbers(given, "inputs")
    if values.shape[1:] != field.shape:
        raise DataError(
            f"Each sample needs {' × '.join(map(str, field.shape))} numbers, and these have "
            f"{' × '.join(map(str, values.shape[1:])) or 'one'}."
        )
    bounds = {"i": (0, len(field.vocabulary) - 1 if field.vocabulary else np.inf), "e": (-1, places - 1), "m": (0, 1)}
    least, most = bounds.get(field.kind, (-np.inf, np.inf))
    if field.kind in bounds and values.size and ((values % 1).any() or values.min() < least or values.max() > most):
        known = f" from {least} to {most}" if np.isfinite(most) else ""
        raise DataError(f"The input {field.name} takes whole numbers{known}, and a sample has another number.")
    return values


def _numbers(given: object, what: str) -> NDArray[np.float32]:
    """Whatever was given as an array; DataError if it holds anything but usable numbers."""
    try:
        with np.errstate(over="ignore"):
            values = np.atleast_1d(np.asarray(given, np.float32))
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"The {what} must be plain numbers, as many in every row.") from None
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise DataError(f"Row {row + 1} of the {what} has a cell without a usable number (missing or infinite).")
    return values


@contextlib.contextmanager
def in_words(document: Document) -> Iterator[None]:
    """Errors of torch that a user can act on become sentences: those that `check` has for them."""
    try:
        yield
    except (RuntimeError, MemoryError, IndexError, ValueError) as error:
        if out_of_memory(error):
            raise BuildError(memory_sentence()) from error
        wrong = next((problem for problem in check(document) if problem.severity == "error"), None)
        if wrong is not None:
            raise BuildError(wrong.message, wrong.node) from error
        raise
