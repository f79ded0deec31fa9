"""Functions of single numbers for many seeds, which round at each place as they would for a seed alone.

torch computes exponentials for whole rows of numbers at once, and those that are left at a tensor's end one by one and
a little differently. So each seed's numbers are divided as they would be alone: what fills whole rows, and the rest.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nnlab.core.objective import Objective

LANES = (1, 8, 16, 32, 64)
TRIALS = (3, 8, 16, 20, 32, 37, 48, 64, 100, 150)

Function = Callable[[Tensor], Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]


def loss_for_many(objective: Objective, loss: Loss) -> Loss:
    """The loss for use inside vmap; both cross-entropies have a form of their own, unless they are set otherwise."""
    if objective.loss != type(objective.loss)():
        return weighed_and_smoothed(objective) or loss
    if objective.target_form == "index" and objective.loss_id == "cross-entropy" and objective.given == "scores":
        return lambda prediction, target: _ClassesOfOne.apply(prediction, target)  # type: ignore[no-untyped-call]
    if objective.loss_id != "bce":
        return loss
    scores = objective.given == "scores"
    return lambda prediction, target: _CrossEntropyOfOne.apply(prediction, target, scores)  # type: ignore[no-untyped-call]


def weighed_and_smoothed(objective: Objective) -> Loss | None:
    """Cross-entropy with both of its settings, for which torch has no form for many; None for all others."""
    loss = objective.loss
    smoothing, factors = getattr(loss, "label_smoothing", 0.0), getattr(loss, "factors", ())
    if not (smoothing and factors and objective.target_form == "index" and objective.given == "scores"):
        return None

    def measured(prediction: Tensor, target: Tensor) -> Tensor:
        logs, weight = torch.log_softmax(prediction, 1), prediction.new_tensor(factors)
        mine = weight[target]
        right = logs.gather(1, target.unsqueeze(1)).squeeze(1)
        spread = (logs * weight).sum() / len(factors)
        return -((1 - smoothing) * (right * mine).sum() + smoothing * spread) / mine.sum()

    return measured


class SideBySideFunctions(TorchFunctionMode):
    """Inside, functions that a network calls by name have their form for many; only within vmap."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Call the function, or what stands in its place."""
        if function in (torch.sigmoid, Tensor.sigmoid, nn.functional.sigmoid):
            return _SigmoidOfOne.apply(*args)  # type: ignore[no-untyped-call]
        return function(*args, **(kwargs or {}))


class _SigmoidOfOne(torch.autograd.Function):
    """For one seed, with a rule of its own for many."""

    generate_vmap_rule = False

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return torch.sigmoid(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        raise NotImplementedError

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None], x: Tensor) -> tuple[Tensor, int]:
        made: Tensor = _SigmoidOfAll.apply(_first(x, in_dims[0], info.batch_size))  # type: ignore[no-untyped-call]
        return made, 0


class _SigmoidOfAll(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        made = divided(torch.sigmoid, x)
        ctx.save_for_backward(made)
        return made

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        (made,) = ctx.saved_tensors
        return torch.ops.aten.sigmoid_backward(slopes[0], made)  # type: ignore[no-any-return]


class _CrossEntropyOfOne(torch.autograd.Function):
    """Binary cross-entropy of scores or of probabilities for one seed, with a rule of its own for many."""

    generate_vmap_rule = False

    @staticmethod
    def forward(prediction: Tensor, target: Tensor, scores: bool) -> Tensor:
        return _cross_entropies(prediction, target, scores).mean()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        raise NotImplementedError

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], x: Tensor, target: Tensor, scores: bool) -> tuple[Tensor, int]:
        seeds = info.batch_size
        x, target = _first(x, in_dims[0], seeds), _first(target, in_dims[1], seeds)
        made: Tensor = _CrossEntropyOfAll.apply(x, target, scores)  # type: ignore[no-untyped-call]
        return made, 0


class _CrossEntropyOfAll(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, target: Tensor, scores: bool) -> Tensor:
        ctx.save_for_backward(x, target)
        ctx.scores = scores
        return _cross_entropies(x, target, scores).reshape(len(x), -1).mean(1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        x, target = ctx.saved_tensors
        slope = slopes[0].reshape(-1, *[1] * (x.dim() - 1))
        if ctx.scores:
            found = (divided(torch.sigmoid, x) - target) * slope
        else:
            found = torch.ops.aten.binary_cross_entropy_backward(slope.expand_as(x), x, target, None, 0)
        return found / x[0].numel(), None, None  # dividing comes last, as in torch's own


def _cross_entropies(x: Tensor, target: Tensor, scores: bool) -> Tensor:
    if scores:
        return nn.functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    return nn.functional.binary_cross_entropy(x, target, reduction="none")


class _ClassesOfOne(torch.autograd.Function):
    """Cross-entropy of scores for one seed, with a rule of its own for many: half the operations of torch's."""

    generate_vmap_rule = False

    @staticmethod
    def forward(prediction: Tensor, target: Tensor) -> Tensor:
        return nn.functional.cross_entropy(prediction, target)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        raise NotImplementedError

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], x: Tensor, target: Tensor) -> tuple[Tensor, int]:
        seeds = info.batch_size
        x, target = _first(x, in_dims[0], seeds), _first(target, in_dims[1], seeds)
        made: Tensor = _ClassesOfAll.apply(x, target)  # type: ignore[no-untyped-call]
        return made, 0


class _ClassesOfAll(torch.autograd.Function):
    """Scores (seeds, rows, classes) and classes (seeds, rows)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, target: Tensor) -> Tensor:
        logs, places = torch.log_softmax(x, 2), target.unsqueeze(2)
        ctx.save_for_backward(logs, places)
        return logs.gather(2, places).mean((1, 2)).neg()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        logs, places = ctx.saved_tensors
        each = (-slopes[0] / places.shape[1]).view(-1, 1, 1).expand_as(places)
        picked = torch.zeros_like(logs).scatter(2, places, each)
        return torch.ops.aten._log_softmax_backward_data(picked, logs, 2, logs.dtype), None


def divided(function: Function, x: Tensor) -> Tensor:
    """The function of (seeds, ...), each seed's numbers divided as they are alone."""
    return _divided(function, x, lanes_of(function) if x.device.type == "cpu" else 1)


def _divided(function: Function, x: Tensor, lanes: int) -> Tensor:
    count = x[0].numel()
    whole = count // lanes * lanes
    if whole == count:
        return function(x)
    flat = x.reshape(len(x), count)
    if whole == 0:  # a gap after each seed, so that torch does not take all of them as one row
        return function(nn.functional.pad(flat, (0, 1))[:, :count]).reshape(x.shape)
    return torch.cat([function(flat[:, :whole]), function(flat[:, whole:])], 1).reshape(x.shape)


@lru_cache(maxsize=64)
def lanes_of(function: Function) -> int:
    """How many numbers this machine puts through the function at once."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        trials = [4 * torch.randn(16, count, generator=generator) for count in TRIALS]
        for lanes in LANES:
            own = (torch.stack([function(row) for row in x]) for x in trials)
            if all(torch.equal(_divided(function, x, lanes), alone) for x, alone in zip(trials, own, strict=True)):
                return lanes
    return 1


def _first(tensor: Tensor, dim: int | None, seeds: int) -> Tensor:
    return tensor.expand(seeds, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
