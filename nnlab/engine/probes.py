"""Answers to what panels ask of a run, made between two steps: private, read-only arrays, in evaluation mode."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import parametrize

from nnlab.core.parts import Parts
from nnlab.core.words import plural
from nnlab.engine.asking import own_units, right_ones
from nnlab.engine.dice import undisturbed
from nnlab.engine.health import measure
from nnlab.engine.learner import Learner
from nnlab.engine.looking_inside import tracer
from nnlab.engine.metrics import classes_of, probabilities, values_of
from nnlab.engine.scene import Scene
from nnlab.engine.wants import (
    Activations,
    ActivationsWant,
    Array,
    Boundary,
    BoundaryWant,
    HealthWant,
    NodeActivations,
    OtherAnswer,
    PhaseWant,
    Points,
    PointsWant,
    SampleValues,
    SampleWant,
    Want,
    Way,
    WayWant,
    Weights,
    WeightsWant,
)

MARGIN = 0.1  # of the data's range, around it
PROBE_ROWS = 256  # samples that ranges and dead units are judged by
PROBE_NUMBERS = 2**22  # activations of the probe batch at most, in all layers
PART_WORDS = {"train": "training", "validation": "validation", "test": "test"}


def answer(want: Want, scene: Scene) -> object:
    """The answer to one want, or a sentence why there is none."""
    probe = _PROBES.get(type(want))
    if probe is None:
        return "Nobody here knows how to answer this."
    calm = contextlib.nullcontext() if scene.learner.dice.drawn is False else undisturbed()
    try:
        with calm, scene.learner.looking():
            return probe(want, scene)
    except _Unfit as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001 - a picture that cannot be made must not end the training
        return f"This picture cannot be made: {str(error).splitlines()[0] if str(error) else type(error).__name__}"


class _Unfit(Exception):
    """A want that does not fit this network or its data; the text says why."""


# ------------------------------------------------------------------- the plane of two inputs


def _boundary(want: BoundaryWant, scene: Scene) -> Boundary:
    learner, parts = scene.learner, scene.learner.parts
    x_input, y_input = _axes(parts, want.x_input, want.y_input)
    grid = _grid(parts, x_input, y_input, want.resolution, want.held)
    values = _said(learner, learner.first(learner.answers(torch.tensor(grid, device=learner.place.device))))
    y_range = (0.0, 0.0) if y_input is None else _range(parts, y_input)
    shaped = values.reshape(1 if y_input is None else want.resolution, want.resolution, -1)
    return Boundary(_range(parts, x_input), y_range, _frozen(shaped), parts.spec.task)


def _points(want: PointsWant, scene: Scene) -> Points:
    learner, parts = scene.learner, scene.learner.parts
    x_input, y_input = _axes(parts, want.x_input, want.y_input)
    rows = _spaced(len(parts.part(want.part)), want.limit)
    raw = parts.raw(want.part)
    if len(rows) == 0:
        empty = _frozen(np.empty(0))
        return Points(empty, empty, empty, empty, np.zeros(0, np.bool_))
    answers = learner.first(learner.answers(_rows_of(learner, want.part, rows)))
    target = raw.targets[rows] if parts.spec.task == "classes" else raw.targets[rows, 0]
    if parts.spec.task == "classes":
        prediction = classes_of(answers, learner.objective).cpu().numpy()
        wrong = prediction != target
    else:
        prediction = parts.original_targets(values_of(answers, learner.objective.main).cpu().numpy())[:, 0]
        wrong = np.zeros(len(rows), np.bool_)
    wrong.flags.writeable = False
    x = raw.inputs[rows, x_input]
    y = target if y_input is None else raw.inputs[rows, y_input]
    return Points(_frozen(x), _frozen(y), _frozen(target), _frozen(prediction), wrong)


def _axes(parts: Parts, x_input: int, y_input: int) -> tuple[int, int | None]:
    """The two inputs that are drawn; the second is None where the data have only one."""
    shape = parts.spec.input_shape
    if parts.spec.is_packed:
        raise _Unfit(
            "This needs data of single numbers alone, such as points or a table; these samples have more beside."
        )
    if len(shape) != 1:
        raise _Unfit("This needs data of single numbers, such as points or a table; these samples are pictures.")
    if not (0 <= x_input < shape[0] and (shape[0] == 1 or 0 <= y_input < shape[0])):
        raise _Unfit(f"The data have only {plural(shape[0], 'input')}: choose another one to draw.")
    return x_input, None if shape[0] == 1 else y_input


@lru_cache(maxsize=64)
def _range(parts: Parts, column: int) -> tuple[float, float]:
    values = np.concatenate([parts.raw(part).inputs[:, column] for part in PART_WORDS])
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


@lru_cache(maxsize=4)
def _grid(parts: Parts, x_input: int, y_input: int | None, resolution: int, held: tuple[float, ...] | None) -> Array:
    """Standardised samples over the plane, row by row from the lowest y; one row where there is one input."""
    middle = np.asarray(held, np.float64) if held is not None else parts.raw_train.inputs.mean(0, dtype=np.float64)
    if middle.shape != parts.spec.input_shape:
        raise _Unfit(
            f"The other inputs are held at {plural(len(middle), 'value')}, and the data have another number of them."
        )
    across = np.linspace(*_range(parts, x_input), resolution)
    rows = 1 if y_input is None else resolution
    samples = np.tile(middle, (rows * resolution, 1))
    samples[:, x_input] = np.tile(across, rows)
    if y_input is not None:
        samples[:, y_input] = np.repeat(np.linspace(*_range(parts, y_input), resolution), resolution)
    return parts.standardise(samples)


# ------------------------------------------------------------------- activations


def _activations(want: ActivationsWant, scene: Scene) -> Activations:
    learner, parts = scene.learner, scene.learner.parts
    limit = max(1, min(PROBE_ROWS, PROBE_NUMBERS // learner.numbers_per_sample))
    probe_rows = _spaced(_rows(parts, want.part), limit)
    trace = tracer(learner.network, learner.document, want.path)
    probe = trace(_rows_of(learner, want.part, probe_rows))
    plane = parts.spec.input_shape == (2,)
    if plane:
        grid = torch.tensor(_grid(parts, 0, 1, want.resolution, None), device=learner.place.device)
        shown = trace(grid)
    else:
        shown = trace(_rows_of(learner, want.part, np.array([_clamped(parts, want)])))
    nodes: dict[str, NodeActivations] = {}
    for node_id, values in shown.items():
        nodes[node_id] = _of_plane(values, probe[node_id], want) if plane else _of_sample(values, probe[node_id], want)
    if not plane:
        return Activations(nodes if want.path else {**nodes, **_coloured(nodes, want, scene)})
    return Activations(nodes, _range(parts, 0), _range(parts, 1))


def _coloured(nodes: dict[str, NodeActivations], want: ActivationsWant, scene: Scene) -> dict[str, NodeActivations]:
    """The Inputs of pictures in colour, with the picture as it is in the data."""
    learner, parts = scene.learner, scene.learner.parts
    raw = parts.raw(want.part).inputs[_clamped(parts, want)][None]
    photographs = [
        values[0]
        for field, values in zip(parts.spec.fields, parts.spec.unpack(raw), strict=True)
        if field.kind == "x"
        and len(field.shape) == 3
        and field.shape[0] == 3
        and 0 <= values.min() <= values.max() <= 1
    ]
    found: dict[str, NodeActivations] = {}
    for node_id, shown in nodes.items():
        node = learner.document.graph.nodes.get(node_id)
        fitting = [picture for picture in photographs if picture.shape == shown.values.shape]
        if node is not None and node.type_id == "Input" and fitting:
            found[node_id] = replace(shown, colours=_frozen(fitting[0]))
    return found


def _of_plane(values: Tensor, probe: Tensor, want: ActivationsWant) -> NodeActivations:
    flat = values.reshape(len(values), -1)
    units = flat[:, : want.units].T.reshape(-1, want.resolution, want.resolution)
    return NodeActivations("plane", _array(units), *_figures(probe.reshape(len(probe), -1)), flat.shape[1])


def _of_sample(values: Tensor, probe: Tensor, want: ActivationsWant) -> NodeActivations:
    one = values[0]
    if one.dim() < 2:
        flat = one.reshape(-1)
        return NodeActivations(
            "vector", _array(flat[: want.units]), *_figures(probe.reshape(len(probe), -1)), len(flat)
        )
    maps = one[None] if one.dim() == 2 else one if one.dim() == 3 else _frames(one[: want.units])
    total = 1 if one.dim() == 2 else len(one)
    channels = probe.reshape(len(probe), total, -1).transpose(1, 2).reshape(-1, total)
    return NodeActivations("maps", _array(maps[: want.units]), *_figures(channels), total)


def _frames(film: Tensor) -> Tensor:
    """Maps with more axes than a picture, such as frames that follow each other: their pictures side by side, in rows."""
    frames = film.reshape(len(film), -1, *film.shape[-2:])
    count, tall, wide = frames.shape[1:]
    across = min(count, round((2 * count * tall / max(1, wide)) ** 0.5) or 1)  # about twice as wide as tall
    down = -(-count // across)
    filled = torch.zeros((len(film), down * across, tall, wide), dtype=frames.dtype, device=frames.device)
    filled[:, :count] = frames
    rows = filled.reshape(len(film), down, across, tall, wide).transpose(2, 3)
    return rows.reshape(len(film), down * tall, across * wide)


def _figures(units: Tensor) -> tuple[float, float, float, float]:
    """Lowest, highest, mean, and the share of columns that are 0 throughout."""
    if units.numel() == 0:
        return 0.0, 0.0, 0.0, 0.0
    dead = (units == 0).all(0).float().mean()
    low, high, mean, dead_share = torch.stack([units.min(), units.max(), units.float().mean(), dead]).tolist()
    return low, high, mean, dead_share


# ------------------------------------------------------------------- weights, one sample, phases


def _weights(want: WeightsWant, scene: Scene) -> Weights:
    network = scene.learner.network
    node_ids = {name: node_id for node_id, name in network.attributes.items()}
    found: dict[str, dict[str, Array]] = {}
    for key, parameter in network.named_parameters():
        attribute, _, name = key.partition(".")
        found.setdefault(node_ids.get(attribute, attribute), {})[name] = _array(parameter)
    for attribute, node_id in node_ids.items():
        module: Any = network.get_submodule(attribute)
        if parametrize.is_parametrized(module, "weight"):  # what a norm makes of the learned numbers
            found[node_id]["weight"] = _array(module.weight)
    return Weights(found)


def _sample(want: SampleWant, scene: Scene) -> SampleValues:
    learner, parts = scene.learner, scene.learner.parts
    row = _clamped(parts, want)
    outputs = learner.network.trace(_rows_of(learner, want.part, np.array([row])))
    raw = parts.raw(want.part)
    nodes = {node_id: _array(values[0]) for node_id, values in outputs.items()}
    of_places = learner.objective.main.loss.is_of_places  # and not of classes that could be told
    said = np.empty(0) if of_places else _said(learner, outputs[learner.objective.output])[0]
    target = float(np.ravel(raw.targets[row])[0])
    targets = _frozen(raw.targets[row]) if np.size(raw.targets[row]) > 1 else None
    others = tuple(
        OtherAnswer(
            term.output,
            term.target,
            _frozen(right_ones(learner, term, want.part, row)),
            _frozen(own_units(learner, term, outputs[term.output])[0]),
        )
        for term in learner.objective.terms[1:]
    )
    return SampleValues(_frozen(raw.inputs[row]), nodes, target, _frozen(said), len(raw), targets, others)


def _phase(want: PhaseWant, scene: Scene) -> object:
    return scene.phases.values(want)


def _way(want: WayWant, scene: Scene) -> Way:
    return Way(scene.timeline.checkpoints.steps, scene.timeline.settings)


def _rows(parts: Parts, part: str) -> int:
    rows = len(parts.part(part))
    if rows == 0:
        raise _Unfit(f"The {PART_WORDS[part]} part is empty: raise its share under Data.")
    return rows


def _clamped(parts: Parts, want: ActivationsWant | SampleWant) -> int:
    return min(max(0, want.sample), _rows(parts, want.part) - 1)


def _spaced(rows: int, limit: int) -> NDArray[np.int64]:
    """Up to `limit` row numbers, evenly spaced."""
    return np.arange(rows) if rows <= limit else np.linspace(0, rows - 1, limit).astype(np.int64)


def _rows_of(learner: Learner, part: str, rows: NDArray[np.int64]) -> Tensor:
    x = learner.raw(learner.data[part][0])
    return x if len(rows) == len(x) else x[torch.from_numpy(rows).to(x.device)]


def _said(learner: Learner, answers: Tensor) -> Array:
    """Probabilities for classes, values in the data's units otherwise."""
    if learner.objective.main.loss.is_of_places:
        raise _Unfit("This network answers with a place for each sample, so there are no classes to draw.")
    if learner.objective.main.target.task == "classes":
        return np.asarray(probabilities(answers, learner.objective).cpu().numpy(), np.float32)
    return learner.parts.original_targets(values_of(answers, learner.objective.main).cpu().numpy())


def _array(values: Tensor) -> Array:
    return _frozen(values.detach().float().cpu().numpy())


def _frozen(values: NDArray[Any]) -> Array:
    """A private copy (torch's arrays share memory with the live tensors) that nobody can write to."""
    copy = np.array(values, np.float32)
    copy.flags.writeable = False
    return copy


_PROBES: dict[type[Want], Callable[[Any, Scene], object]] = {
    BoundaryWant: _boundary,
    PointsWant: _points,
    ActivationsWant: _activations,
    WeightsWant: _weights,
    SampleWant: _sample,
    PhaseWant: _phase,
    WayWant: _way,
    HealthWant: measure,
}
