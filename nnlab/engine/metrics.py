"""Targets in the form a loss takes, and how good answers are."""

from collections.abc import Callable
from functools import lru_cache
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnlab.core.dataset import Samples
from nnlab.core.loss import WHOLE_NUMBERS
from nnlab.core.objective import Objective, Term
from nnlab.core.parts import Parts
from nnlab.engine.compile import loss_function, run_text
from nnlab.errors import BuildError

WIDE = 16  # values up to which each is judged by itself
PLACES = "this network answers with a place for each sample, and not with classes"
NEIGHBOURS = 1024  # samples at most among which nearest neighbours are looked for

Measured = Callable[[Tensor, Tensor], Tensor]


def all_targets(objective: Objective, samples: Samples, parts: Parts) -> Tensor:
    """The targets of every answer as the loss takes them: of one alone as they are, of several in one row each."""
    found = [targets_as(term, _targets_at(term.at, samples, parts)) for term in objective.terms]
    if not objective.is_packed:
        return found[0]
    return torch.cat([y.reshape(len(y), prod(y.shape[1:])).float() for y in found], 1)  # a part may be empty


def _targets_at(at: int, samples: Samples, parts: Parts) -> NDArray[np.generic]:
    if at < 0:
        return parts.spec.unpack(samples.inputs)[0]
    return samples.also[at - 1] if at else samples.targets


def targets_as(term: Term, targets: NDArray[np.generic]) -> Tensor:
    """The targets of one answer as its loss takes them."""
    made = torch.tensor(targets)
    if term.target_form == "column":
        return made.float().reshape(-1, *term.shape)
    if term.target_form == "one-hot":
        return torch.nn.functional.one_hot(made, term.target.width).float()
    return made


def measure(prediction: Tensor, target: Tensor, objective: Objective) -> Tensor:
    """How good the first answer is, by the metric of the objective."""
    term = objective.main
    if objective.is_packed:
        prediction = prediction[:, : prod(term.shape)].reshape(-1, *term.shape)
        target = target[:, : prod(term.target_shape)].reshape(-1, *term.target_shape)
        target = target.long() if term.target_form in WHOLE_NUMBERS else target
    if term.target_form == "sequence":
        return rows_right(prediction, target)
    if objective.metric == "neighbours":
        return neighbours(prediction, target)
    if objective.metric == "r2":
        return r_squared(values_of(prediction, term), target)
    if objective.metric == "iou":
        return overlap(classes_of(prediction, objective), labels_of(target, objective))
    if objective.metric == "exact":
        return exactness(classes_of(prediction, objective), labels_of(target, objective))
    return accuracy(prediction, target, objective)


def measured_loss(objective: Objective, batch_size: int) -> Measured:
    """The loss of these answers; one of the distances in a batch is taken batch by batch also where there are more.

    Such batches take every k-th sample, so that data sorted by class have some of each in all of them.
    """
    loss = loss_function(objective)
    if not any(term.loss.is_of_places for term in objective.terms):
        return loss

    def measured(prediction: Tensor, target: Tensor) -> Tensor:
        rows = len(target)
        batches = -(-rows // max(1, batch_size))
        if batches <= 1:
            return loss(prediction, target)
        each = [loss(prediction[k::batches], target[k::batches]) * len(target[k::batches]) for k in range(batches)]
        return torch.stack(each).sum() / rows

    return measured


def values_of(prediction: Tensor, term: Term) -> Tensor:
    """The values that an answer means: the answer itself, but where the loss says otherwise."""
    text = term.loss.values_expression(term.target.width)
    return _function_of(text)(prediction) if text else prediction


@lru_cache(maxsize=64)
def _function_of(text: str) -> Callable[[Tensor], Tensor]:
    made: Callable[[Tensor], Tensor] = run_text(f"def values(prediction):\n    return {text}\n")["values"]
    return made


def rows_right(prediction: Tensor, target: Tensor) -> Tensor:
    """The share of rows that are exactly right, if each step says its likeliest: repeats are one, blanks are dropped."""
    said, steps, places = prediction.argmax(2), prediction.shape[1], target.shape[1]
    before = torch.cat([torch.zeros_like(said[:, :1]), said[:, :-1]], 1)
    new = (said > 0) & (said != before)
    at = torch.where(new, new.long().cumsum(1) - 1, steps)  # what is dropped goes behind the end
    read = torch.full_like(said[:, :1], -1).expand(-1, steps + 1).scatter(1, at, said - 1)[:, :steps]
    return ((read[:, :places] == target).all(1) & (read[:, places:] < 0).all(1)).float().mean()


def neighbours(prediction: Tensor, labels: Tensor) -> Tensor:
    """The share of samples whose nearest neighbour is of their class, among up to 1024 that are evenly spaced."""
    step = -(-len(prediction) // NEIGHBOURS)
    places, labels = prediction.float()[::step], labels[::step]
    itself = torch.diag(torch.full((len(places),), torch.inf, device=places.device))
    nearest = (torch.cdist(places, places) + itself).argmin(1)
    return (labels[nearest] == labels).float().mean()


def accuracy(prediction: Tensor, target: Tensor, objective: Objective) -> Tensor:
    """The share of samples, or of places that count, whose class is right."""
    right = classes_of(prediction, objective) == labels_of(target, objective)
    if objective.target_form != "positions":
        return right.float().mean()
    return right.sum() / (target >= 0).sum()


def exactness(classes: Tensor, labels: Tensor) -> Tensor:
    """The share of samples in which every place that counts is right."""
    return ((classes == labels) | (labels < 0)).reshape(len(labels), -1).all(1).float().mean()


def overlap(classes: Tensor, labels: Tensor) -> Tensor:
    """Intersection over union of what is not background (class 0), over all samples together (Jaccard index)."""
    both = ((classes > 0) & (classes == labels)).sum()
    either = (((classes > 0) | (labels > 0)) & (labels >= 0)).sum()
    return both / either.clamp_min(1)


def classes_of(prediction: Tensor, objective: Objective) -> Tensor:
    """The class that each answer names: one for each sample, or for each place."""
    term = objective.main
    if term.loss.is_of_places:
        raise BuildError(PLACES)
    if term.target_form == "positions":
        return prediction.argmax(term.axis)
    if term.target_form == "column":
        yes = (prediction > term.middle).long()
        return yes if term.target.own_shape else yes.reshape(len(prediction), -1)[:, 0]
    return prediction.reshape(len(prediction), -1).argmax(1)


def labels_of(target: Tensor, objective: Objective) -> Tensor:
    """The classes that these targets mean."""
    if objective.target_form == "column":
        return target.long() if objective.main.target.own_shape else target[:, 0].long()
    return target.argmax(1) if objective.target_form == "one-hot" else target


def probabilities(prediction: Tensor, objective: Objective) -> Tensor:
    """A probability for each class, from what the network puts out; each row sums to 1.

    With a class at each place, in the form of the answer: for each class along its axis, or of "yes" alone.
    """
    term = objective.main
    if term.loss.is_of_places:
        raise BuildError(PLACES)
    if term.target_form == "sequence":
        return torch.softmax(prediction, 2) if term.given == "scores" else prediction
    if term.target_form == "positions":
        return torch.softmax(prediction, term.axis) if term.given == "scores" else prediction
    if term.target.own_shape and term.target_form == "column":
        return torch.sigmoid(prediction) if term.given == "scores" else prediction.clamp(0.0, 1.0)
    flat = prediction.reshape(len(prediction), -1)
    meant = term.loss.scores_are if term.given == "scores" else "numbers"
    if term.target_form == "column":
        one = _yes(flat, meant)
        return torch.cat([1 - one, one], 1)
    if meant != "numbers" and (term.target_form == "index" or term.loss_id == "kl-div"):
        return torch.softmax(flat, 1)
    return _shared(torch.sigmoid(flat) if meant == "logits" else flat)


def _yes(flat: Tensor, meant: str) -> Tensor:
    """The probability of yes; of a margin from 0 where it is -1 to 1 where it is 1."""
    if meant == "logits":
        return torch.sigmoid(flat)
    return ((flat + 1) / 2 if meant == "margins" else flat).clamp(0.0, 1.0)


def _shared(flat: Tensor) -> Tensor:
    """Numbers of which each stands for itself, as shares of their sum."""
    shares = flat.clamp_min(0.0)
    total = shares.sum(1, keepdim=True)
    return torch.where(total > 0, shares / total, torch.full_like(shares, 1 / shares.shape[1]))


def r_squared(prediction: Tensor, target: Tensor) -> Tensor:
    """The share of the targets' variance that is explained: averaged over the values to predict, if they are few.

    Of pictures and other wide answers all numbers are taken together.
    """
    left = ((target - prediction) ** 2).sum(0)
    total = ((target - target.mean(0)) ** 2).sum(0)
    if left.numel() > WIDE:
        left, total = left.sum(), total.sum()
    explained = torch.where(total > 0, 1 - left / total, (left == 0).float())
    return explained.mean()
