"""Gradients into steps: torch's update rules over whole lists of tensors, the same to the bit as torch.optim.

torch.optim spends more time around its arithmetic than on it when tensors are small. The rules written out here
make the same calls in the same order (a test compares every bit); any other optimizer runs as torch's own class.
"""

import copy
from typing import Any, cast

import torch
from torch import Tensor

from nnlab.core.optimizer import Optimizer


class Update:
    """One update rule over a fixed list of parameters. `rate` and `weight_decay` may change between steps."""

    states = 0
    """Tensors of the parameters' sizes that it keeps."""

    def __init__(self, parameters: list[Tensor], arguments: dict[str, Any]) -> None:
        self.parameters = [p.detach() for p in parameters]
        self.arguments = arguments
        self.rate = 0.0
        self.weight_decay = 0.0
        self.steps = 0
        self._scalars: dict[float, Tensor] = {}
        self.memory = [[torch.zeros_like(p) for p in self.parameters] for _ in range(self.states)]

    def apply(self, gradients: list[Tensor]) -> None:
        """Move the parameters by one step. Called without gradient recording."""
        raise NotImplementedError

    def state(self) -> tuple[int, list[list[Tensor]]]:
        """A private copy of what it remembers between steps."""
        return self.steps, [[t.clone() for t in group] for group in self.memory]

    def restore(self, state: Any) -> None:
        """Remember again what `state` gave."""
        self.steps, saved = state
        for group, values in zip(self.memory, saved, strict=True):
            if group and self.steps == 0:  # before the first batch nobody knows which parameters are read at all
                torch._foreach_zero_(group)
            elif group:
                torch._foreach_copy_(group, values)

    def scalar(self, value: float) -> Tensor:
        """A setting as a tensor: lists of small tensors multiply by one three times as fast as by a Python number."""
        found = self._scalars.get(value)
        if found is None:
            found = self._scalars[value] = torch.full((), value, device=self.parameters[0].device)
        return found

    def decayed(self, gradients: list[Tensor]) -> list[Tensor]:
        """The gradients with the pull of weight decay added, as fresh tensors if there is one."""
        if self.weight_decay == 0:
            return gradients
        return _new(torch._foreach_add(gradients, self.parameters, alpha=self.weight_decay))


class SGD(Update):
    """torch.optim.SGD."""

    def __init__(self, parameters: list[Tensor], arguments: dict[str, Any]) -> None:
        self.momentum = arguments.get("momentum", 0.0)
        self.nesterov = arguments.get("nesterov", False)
        self.states = 1 if self.momentum else 0
        super().__init__(parameters, arguments)

    def apply(self, gradients: list[Tensor]) -> None:
        """One step down the slope, with momentum if there is some."""
        gradients = self.decayed(gradients)
        if self.momentum:
            (buffers,) = self.memory
            if self.steps == 0:
                torch._foreach_copy_(buffers, gradients)
            else:
                torch._foreach_mul_(buffers, self.scalar(self.momentum))
                torch._foreach_add_(buffers, gradients)
            gradients = _new(torch._foreach_add(gradients, buffers, alpha=self.momentum)) if self.nesterov else buffers
        torch._foreach_add_(self.parameters, gradients, alpha=-self.rate)
        self.steps += 1


class Adam(Update):
    """torch.optim.Adam."""

    states = 2
    decoupled = False

    def apply(self, gradients: list[Tensor]) -> None:
        """One step sized by running means of gradients and their squares."""
        beta1, beta2 = self.arguments.get("betas", (0.9, 0.999))
        means, squares = self.memory
        self.steps += 1
        if self.decoupled and self.weight_decay != 0:
            torch._foreach_mul_(self.parameters, 1 - self.rate * self.weight_decay)
        elif not self.decoupled:
            gradients = self.decayed(gradients)
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, self.scalar(beta2))
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        spread = _new(torch._foreach_sqrt(squares))
        torch._foreach_div_(spread, torch.full((), (1 - beta2**self.steps) ** 0.5, device=spread[0].device))
        torch._foreach_add_(spread, [self.scalar(self.arguments.get("eps", 1e-8))] * len(spread))
        torch._foreach_addcdiv_(self.parameters, means, spread, (self.rate / (1 - beta1**self.steps)) * -1)


class AdamW(Adam):
    """torch.optim.AdamW."""

    decoupled = True


class RMSprop(Update):
    """torch.optim.RMSprop."""

    def __init__(self, parameters: list[Tensor], arguments: dict[str, Any]) -> None:
        self.momentum = arguments.get("momentum", 0.0)
        self.states = 2 if self.momentum else 1
        super().__init__(parameters, arguments)

    def apply(self, gradients: list[Tensor]) -> None:
        """One step divided by the running size of the gradients."""
        gradients = self.decayed(gradients)
        alpha, squares = self.arguments.get("alpha", 0.99), self.memory[0]
        torch._foreach_mul_(squares, self.scalar(alpha))
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - alpha)
        spread = _new(torch._foreach_sqrt(squares))
        torch._foreach_add_(spread, [self.scalar(self.arguments.get("eps", 1e-8))] * len(spread))
        if self.momentum:
            buffers = self.memory[1]
            torch._foreach_mul_(buffers, self.scalar(self.momentum))
            torch._foreach_addcdiv_(buffers, gradients, spread)
            torch._foreach_add_(self.parameters, buffers, alpha=-self.rate)
        else:
            torch._foreach_addcdiv_(self.parameters, gradients, spread, -self.rate)
        self.steps += 1


class TorchUpdate(Update):
    """Any other class of torch.optim, driven through its own `step`."""

    def __init__(self, parameters: list[Tensor], arguments: dict[str, Any], name: str) -> None:
        super().__init__(parameters, arguments)
        self.optimizer = getattr(torch.optim, name)(self.parameters, lr=0.0, **arguments)

    def apply(self, gradients: list[Tensor]) -> None:
        """One step of the torch optimizer."""
        for group in self.optimizer.param_groups:
            group["lr"], group["weight_decay"] = self.rate, self.weight_decay
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1

    def state(self) -> tuple[int, Any]:
        """A private copy of what it remembers between steps."""
        return self.steps, copy.deepcopy(self.optimizer.state_dict())

    def restore(self, state: Any) -> None:
        """Remember again what `state` gave."""
        self.steps, saved = state
        self.optimizer.load_state_dict(copy.deepcopy(saved))


WRITTEN_OUT: dict[str, type[Update]] = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW, "RMSprop": RMSprop}
KNOWN_ARGUMENTS = {
    "SGD": {"momentum", "nesterov"},
    "Adam": {"betas", "eps"},
    "AdamW": {"betas", "eps"},
    "RMSprop": {"alpha", "eps", "momentum"},
}


def update_rule(settings: Optimizer, parameters: list[Tensor]) -> Update:
    """The rule these settings name, over these parameters."""
    name, arguments = settings.torch_name, settings.arguments()
    kind = WRITTEN_OUT.get(name)
    if kind is not None and set(arguments) <= KNOWN_ARGUMENTS[name]:
        return kind(parameters, arguments)
    return TorchUpdate(parameters, arguments, name)


def clip(gradients: list[Tensor], longest: float) -> None:
    """Scale the gradients down to a common length of at most `longest`, as torch.nn.utils.clip_grad_norm_ does."""
    lengths = torch._foreach_norm(gradients, 2.0)
    total = torch.linalg.vector_norm(torch.stack(lengths), 2.0)
    torch._foreach_mul_(gradients, torch.clamp(longest / (total + 1e-6), max=1.0))


def with_l1(gradients: list[Tensor], parameters: list[Tensor], strength: float) -> list[Tensor]:
    """The gradients with the slope of strength × Σ|p| added."""
    return _new(torch._foreach_add(gradients, torch._foreach_sign(parameters), alpha=strength))


def _new(tensors: Any) -> list[Tensor]:
    return list(cast("tuple[Tensor, ...]", tensors))
