"""Targets in the form a loss takes, and how good answers are."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnlab.core.loss import TargetForm
from nnlab.core.objective import Objective


def targets_as(form: TargetForm, targets: NDArray[np.generic], classes: int) -> Tensor:
    """The targets as the loss takes them."""
    made = torch.tensor(targets)
    if form == "column":
        return made.float().reshape(-1, 1)
    if form == "one-hot":
        return torch.nn.functional.one_hot(made, classes).float()
    return made


def accuracy(prediction: Tensor, target: Tensor, objective: Objective) -> Tensor:
    """The share of samples whose class is right."""
    return (classes_of(prediction, objective) == labels_of(target, objective)).float().mean()


def classes_of(prediction: Tensor, objective: Objective) -> Tensor:
    """The class that each answer names."""
    if objective.target_form == "column":
        scores = objective.given == "scores" and objective.loss_id == "bce"
        return (prediction.reshape(len(prediction), -1)[:, 0] > (0.0 if scores else 0.5)).long()
    return prediction.reshape(len(prediction), -1).argmax(1)


def labels_of(target: Tensor, objective: Objective) -> Tensor:
    """The classes that these targets mean."""
    if objective.target_form == "column":
        return target[:, 0].long()
    return target.argmax(1) if objective.target_form == "one-hot" else target


def probabilities(prediction: Tensor, objective: Objective) -> Tensor:
    """A probability for each class, from what the network puts out; each row sums to 1."""
    flat = prediction.reshape(len(prediction), -1)
    if objective.target_form == "column":
        one = (
            torch.sigmoid(flat) if objective.loss_id == "bce" and objective.given == "scores" else flat.clamp(0.0, 1.0)
        )
        return torch.cat([1 - one, one], 1)
    if objective.given == "scores" and objective.loss_id == "cross-entropy":
        return torch.softmax(flat, 1)
    if objective.given == "scores" and objective.loss_id == "bce":
        flat = torch.sigmoid(flat)
    shares = flat.clamp_min(0.0)
    total = shares.sum(1, keepdim=True)
    return torch.where(total > 0, shares / total, torch.full_like(shares, 1 / shares.shape[1]))


def r_squared(prediction: Tensor, target: Tensor) -> Tensor:
    """The share of the targets' variance that is explained, averaged over the values to predict."""
    left = ((target - prediction) ** 2).sum(0)
    total = ((target - target.mean(0)) ** 2).sum(0)
    explained = torch.where(total > 0, 1 - left / total, (left == 0).float())
    return explained.mean()
