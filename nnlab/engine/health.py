"""How a network is doing as it learns: silent and saturated units, sizes of weights and gradients, its answers.

The network is looked at in evaluation mode: batch norm's running figures and the dice of dropout stay as they are, so
that looking changes nothing. What gradients say of dead layers, of fading and of size holds in either mode.
"""

import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from nnlab.engine.doctor.signs import SQUASHING
from nnlab.engine.metrics import classes_of, labels_of
from nnlab.engine.wants import Health, HealthWant, NodeHealth, WeightHealth

if TYPE_CHECKING:
    from nnlab.core.objective import Objective
    from nnlab.core.parts import Parts
    from nnlab.engine.learner import Learner

NUMBERS = 2**22  # activations of the samples judged by at most, in all layers
END = 0.01  # the part of the span at either end in which an answer is saturated
ALIKE = 1e-6  # two units whose weights differ by less of their size are the same unit twice


class Running(Protocol):
    """What has a learner and stands at a step."""

    @property
    def learner(self) -> "Learner":
        """The network with its data."""

    @property
    def step(self) -> int:
        """Steps taken."""

    @property
    def epoch(self) -> int:
        """Epochs gone through."""


def measure(want: HealthWant, at: Running) -> Health:
    """The state of the network as it is now. Called while looking: in evaluation mode."""
    learner, began = at.learner, time.perf_counter()
    parameters = {
        name: p
        for name, p in learner.network.named_parameters()
        if p.requires_grad and p.dim() > 1 and not name.endswith(".original0")  # of weight norm: lengths, no weights
    }
    with torch.inference_mode(False), torch.enable_grad():
        x, y = _sample(learner, want.rows)
        outputs = learner.network.trace(learner.raw(x))
        answer = learner.answer_in(outputs)
        loss = learner.loss(answer, y)
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    outputs = {node_id: value.detach() for node_id, value in outputs.items() if node_id in learner.document.graph.nodes}
    answer = answer.detach()
    figures = [loss.detach(), learner.metric(answer, y), _guess_loss(learner, y)]
    nodes = _Nodes(learner, outputs)
    weights = _Weights(learner, parameters, gradients)
    numbers = iter(torch.stack([f.float() for f in (*figures, *nodes.figures, *weights.figures)]).tolist())
    told = (next(numbers), next(numbers))
    guess_loss = next(numbers)
    predicted, target, guess_metric = _classes(learner, answer, y)
    return Health(
        at.step, at.epoch, len(x), *told, guess_loss, guess_metric, predicted, target,
        *_inputs(learner.parts), *_targets(learner.parts), nodes.read(numbers), weights.read(numbers),
        time.perf_counter() - began,
    )  # fmt: skip


def _sample(learner: "Learner", limit: int) -> tuple[Tensor, Tensor]:
    """Training samples, always the same ones; fewer where the layers are large."""
    x, y = learner.data["train"]
    rows = max(2, min(limit, NUMBERS // learner.numbers_per_sample))
    if len(x) <= rows:
        return x, y
    chosen = _chosen(len(x), rows).to(x.device)
    return x[chosen], y[chosen]


@lru_cache(maxsize=4)
def _chosen(total: int, wanted: int) -> Tensor:
    """Rows drawn once: evenly spaced ones could all be of one class where the classes take turns."""
    return torch.from_numpy(np.sort(np.random.default_rng(0).permutation(total)[:wanted]))


# ------------------------------------------------------------------- layers and weights


class _Nodes:
    """What the layers put out, as figures that are read from the device together."""

    def __init__(self, learner: "Learner", outputs: dict[str, Tensor]) -> None:
        graph = learner.document.graph
        self._units: dict[str, int] = {}
        self.figures: list[Tensor] = []
        for node_id, value in outputs.items():
            if not value.numel() or not value.is_floating_point():
                continue
            units, layer = _by_unit(value), graph.node(node_id).layer
            self._units[node_id] = units.shape[1]
            silent = (units == 0).all(0).sum() if layer.category == "Activation" else units.new_zeros(())
            span = SQUASHING.get(graph.node(node_id).type_id)
            self.figures += [silent, _saturated(units, span), units.std(0, correction=0).mean()]

    def read(self, numbers: Iterator[float]) -> dict[str, NodeHealth]:
        """The figures as numbers again."""
        return {n: NodeHealth(k, round(next(numbers)), next(numbers), next(numbers)) for n, k in self._units.items()}


def _by_unit(value: Tensor) -> Tensor:
    """One column per unit; a map's places, and the steps of a series, are rows."""
    if value.dim() < 2:
        return value.reshape(-1, 1)
    if value.dim() == 3:  # (samples, steps, features)
        return value.reshape(-1, value.shape[2])
    return value.reshape(len(value), value.shape[1], -1).transpose(1, 2).reshape(-1, value.shape[1])


def _saturated(units: Tensor, span: tuple[float, float] | None) -> Tensor:
    if span is None:
        return units.new_zeros(())
    low, high = span
    edge = END * (high - low)
    return ((units < low + edge) | (units > high - edge)).float().mean()


class _Weights:
    """Sizes of each node's weights and of their gradients, as figures that are read from the device together."""

    def __init__(
        self, learner: "Learner", parameters: Mapping[str, Tensor], gradients: tuple[Tensor | None, ...]
    ) -> None:
        nodes = {name: node_id for node_id, name in learner.network.attributes.items()}
        self._fresh: dict[str, float] = {}
        self.figures: list[Tensor] = []
        for (name, p), gradient in zip(parameters.items(), gradients, strict=True):
            node_id = nodes.get(name.partition(".")[0], "")
            if gradient is None or node_id in self._fresh:  # of several tensors the first speaks for its node
                continue
            rows = p.detach().reshape(len(p), -1)
            self._fresh[node_id] = (3 * rows.shape[1]) ** -0.5
            apart = (rows - rows[:1]).abs().max() <= ALIKE * rows.abs().max()
            alike = apart if len(rows) > 1 else torch.zeros_like(apart)
            self.figures += [_size(rows), _size(gradient), alike]

    def read(self, numbers: Iterator[float]) -> dict[str, WeightHealth]:
        """The figures as numbers again."""
        found: dict[str, WeightHealth] = {}
        for node_id, fresh in self._fresh.items():
            weight, gradient, alike = next(numbers), next(numbers), next(numbers)
            found[node_id] = WeightHealth(weight, fresh, gradient, bool(alike))
        return found


def _size(values: Tensor) -> Tensor:
    return values.detach().square().mean().sqrt()


# ------------------------------------------------------------------- answers and data


def _classes(learner: "Learner", answer: Tensor, y: Tensor) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Shares of the classes among answers and targets, and the accuracy of always naming the commonest."""
    if learner.objective.metric != "accuracy":
        return (), (), 0.0
    width = learner.parts.spec.width
    said, true = (
        classes_of(learner.first(answer), learner.objective),
        labels_of(learner.first_target(y), learner.objective),
    )
    counts = true.long() >= 0  # places that count
    counted = torch.stack([torch.bincount(k[counts].long(), minlength=width)[:width] for k in (said, true)])
    predicted, target = (counted.float() / counts.sum().clamp_min(1)).tolist()
    return tuple(predicted), tuple(target), max(target)


def _guess_loss(learner: "Learner", y: Tensor) -> Tensor:
    """The loss of the best answer that is the same for every sample; infinite where that is not known."""
    objective = learner.objective
    if objective.is_packed:
        return torch.tensor(torch.inf, device=y.device)
    plain = objective.loss == type(objective.loss)()
    if objective.loss_id == "cross-entropy" and plain:
        known = y[y >= 0].flatten()
        share = torch.bincount(known).float() / max(1, len(known))
        return -(share * share.clamp_min(1e-12).log()).sum()
    mean = y.float().mean(0)
    if objective.loss_id == "bce" and plain:
        spread = mean.clamp(1e-6, 1 - 1e-6)
        return -(spread * spread.log() + (1 - spread) * (1 - spread).log()).mean()
    if objective.target_form == "values" and objective.loss.values_expression(1):
        return _doubtful(learner, y, mean).clamp_min(1.0)  # such a loss may be below 0, and counts in logarithms
    return learner.loss(_same_for_all(objective, y, mean), y.float() if objective.target_form == "values" else y)


def _same_for_all(objective: "Objective", y: Tensor, mean: Tensor) -> Tensor:
    """The answer that says the same of every sample: means, shares of the classes, or one place."""
    term = objective.main
    if term.target_form == "sequence":
        alike = mean.new_zeros(len(y), *term.shape)
        return alike if term.given == "scores" else alike + 1 / term.shape[-1]
    if term.target_form not in ("index", "positions"):
        scores = objective.loss_id == "bce" and term.given == "scores"
        return (torch.logit(mean, eps=1e-6) if scores else mean).expand_as(y)
    if term.loss.is_of_places:
        return mean.new_zeros(len(y), *term.shape)
    known = y[y >= 0].flatten()
    share = torch.bincount(known, minlength=term.target.width).float() / max(1, len(known))
    said = share.clamp_min(1e-12).log() if term.given == "scores" else share
    if term.target_form == "index" or term.axis == -1:
        return said.expand(len(y), *term.shape)
    return said.reshape(-1, *[1] * (len(term.shape) - 1)).expand(len(y), *term.shape)


def _doubtful(learner: "Learner", y: Tensor, mean: Tensor) -> Tensor:
    """The loss of the mean with its spread, or of its logarithm, whichever of them the answer has."""
    spread = y.float().var(0, correction=0)
    both = torch.cat([mean, spread.clamp_min(1e-6).log()])
    said = both if learner.objective.main.shape == both.shape else mean.clamp_min(1e-6).log()
    return learner.loss(said.expand(len(y), *said.shape), y.float())


@lru_cache(maxsize=4)
def _inputs(parts: "Parts") -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and spread of each input, or each channel, as the network gets it."""
    values = parts.train.inputs.astype(np.float64)
    axes = (0, *range(2, values.ndim))
    return tuple(values.mean(axes).tolist()), tuple(values.std(axes).tolist())


@lru_cache(maxsize=4)
def _targets(parts: "Parts") -> tuple[float, float]:
    """Spread and mean of the values to give, the largest of several; 0 for classes."""
    if parts.spec.task == "classes":
        return 0.0, 0.0
    values = parts.train.targets.astype(np.float64)
    return float(values.std(0).max()), float(np.abs(values.mean(0)).max())
