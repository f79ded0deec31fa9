"""Gradients into steps: torch's update rules over whole lists of tensors, the same to the bit as torch.optim.

torch.optim spends more time around its arithmetic than on it when tensors are small. The rules written out here make
the same calls (a test compares every bit; Adam's are those of `fused=True`). They are kept as text, because both
engines run them: the eager one as Python, the captured one as part of its own program. Any other optimizer runs as
torch's own class, eagerly.
"""

import copy
from typing import Any

import torch
from torch import Tensor

from nnlab.core.optimizer import Optimizer
from nnlab.engine.compile import run_text

SIGNATURE = (
    "w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], t: List[Tensor], "
    "step: int, rate: float, decay: float"
)
"""Weights, gradients, two memories and a counter each, all lists of equal length or empty; steps taken before this one."""

PREPARE = """\
def prepare(w: List[Tensor], g: List[Tensor], each: List[Tensor], l1: float, clip: float):
    if l1 != 0.0:
        torch._foreach_add_(g, torch._foreach_sign(w), alpha=l1)
    if clip != 0.0:
        total = torch.ops.aten.linalg_vector_norm(torch.stack(torch._foreach_norm(each, 2.0)), 2.0)
        torch._foreach_mul_(g, torch.clamp(torch.reciprocal(total + 1e-6) * clip, max=1.0))
"""
"""What happens to gradients before the rule: L1, and clipping to a common length as clip_grad_norm_ does it."""

DECAYED = """\
    d = g
    if decay != 0.0:
        d = torch._foreach_add(g, w, alpha=decay)
"""


class Update:
    """One update rule over a fixed list of parameters. `rate` and `weight_decay` may change between steps."""

    text = ""
    """The rule as a function `update`; empty for rules that only torch's own class knows."""
    whole = True
    """Whether one long tensor of all weights moves as its parts would, to the last bit."""

    def __init__(self, parameters: list[Tensor]) -> None:
        self.parameters = [p.detach() for p in parameters]
        self.rate = 0.0
        self.weight_decay = 0.0
        self.steps = 0

    def apply(self, gradients: list[Tensor]) -> None:
        """Move the parameters by one step. Called without gradient recording."""
        raise NotImplementedError

    def state(self) -> tuple[int, Any]:
        """A private copy of what it remembers between steps."""
        raise NotImplementedError

    def restore(self, state: Any) -> None:
        """Remember again what `state` gave."""
        raise NotImplementedError


class WrittenUpdate(Update):
    """A rule whose text stands in this module."""

    def __init__(self, parameters: list[Tensor], text: str, memories: int, counts: bool) -> None:
        super().__init__(parameters)
        self.text = text
        found = [[torch.zeros_like(p) for p in self.parameters] for _ in range(memories)]
        self.first: list[Tensor] = found[0] if memories > 0 else []
        self.second: list[Tensor] = found[1] if memories > 1 else []
        self.whole = not counts
        count = torch.zeros((), device=self.parameters[0].device)
        self.counts = [count] * len(self.parameters) if counts else []
        self._update = run_text(text)["update"]

    def apply(self, gradients: list[Tensor]) -> None:
        """One step of the rule."""
        memory = (self.first, self.second, self.counts)
        self._update(self.parameters, gradients, *memory, self.steps, self.rate, self.weight_decay)
        self.steps += 1

    def move(self, weights: list[Tensor], gradients: list[Tensor], rate: float | Tensor, decay: float) -> None:
        """The rule's arithmetic on other weights, as a later step than the first; only its memories change besides."""
        self._update(weights, gradients, self.first, self.second, self.counts, 1, rate, decay)

    def state(self) -> tuple[int, list[list[Tensor]]]:
        """A private copy of what it remembers between steps."""
        return self.steps, [[t.clone() for t in group] for group in (self.first, self.second)]

    def restore(self, state: Any) -> None:
        """Remember again what `state` gave."""
        self.steps, saved = state
        for group, values in zip((self.first, self.second), saved, strict=True):
            if group:
                torch._foreach_copy_(group, values)
        self.count_to(self.steps)

    def count_to(self, steps: int) -> None:
        """So many steps were taken."""
        self.steps = steps
        for count in self.counts[:1]:
            count.fill_(steps)


class TorchUpdate(Update):
    """Any other class of torch.optim, driven through its own `step`."""

    whole = False

    def __init__(
        self, parameters: list[Tensor], arguments: dict[str, Any], name: str, rates: list[float] | None = None
    ) -> None:
        """`rates`: a multiple of the learning rate for each parameter."""
        super().__init__(parameters)
        self._rates = sorted(set(rates or [1.0]))
        each = rates or [1.0] * len(parameters)
        groups = [[p for p, mine in zip(self.parameters, each, strict=True) if mine == rate] for rate in self._rates]
        self.optimizer = getattr(torch.optim, name)([{"params": group} for group in groups], lr=0.0, **arguments)

    def apply(self, gradients: list[Tensor]) -> None:
        """One step of the torch optimizer."""
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"], group["weight_decay"] = self.rate * rate, self.weight_decay
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


def update_rule(settings: Optimizer, parameters: list[Tensor]) -> Update:
    """The rule these settings name, over these parameters."""
    name, arguments = settings.torch_name, settings.arguments()
    written = WRITTEN.get(name)
    if written is None or not set(arguments) <= written[1]:
        return TorchUpdate(parameters, arguments, name)
    body, memories, counts = written[0](**arguments)
    return WrittenUpdate(parameters, f"def update({SIGNATURE}):\n{body}", memories, counts)


def _sgd(momentum: float = 0.0, nesterov: bool = False) -> tuple[str, int, bool]:
    """torch.optim.SGD."""
    if not momentum:
        return DECAYED + "    torch._foreach_add_(w, d, alpha=-rate)\n", 0, False
    rolling = f"""\
    if step == 0:
        torch._foreach_copy_(m, d)
    else:
        torch._foreach_mul_(m, {momentum!r})
        torch._foreach_add_(m, d)
"""
    moved = f"torch._foreach_add(d, m, alpha={momentum!r})" if nesterov else "m"
    return DECAYED + rolling + f"    torch._foreach_add_(w, {moved}, alpha=-rate)\n", 1, False


def _adam(
    kind: str = "_fused_adam_", betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
) -> tuple[str, int, bool]:
    """torch.optim.Adam with fused=True, and AdamW under another name; all weights share one counter."""
    settings = f"beta1={betas[0]!r}, beta2={betas[1]!r}, weight_decay=decay, eps={eps!r}"
    called = f"torch.{kind}(w, g, m, v, torch.jit.annotate(List[Tensor], []), t, lr=rate, {settings}"
    return f"    t[0].add_(1)\n    {called}, amsgrad=False, maximize=False)\n", 2, True


def _adamw(**arguments: Any) -> tuple[str, int, bool]:
    return _adam("_fused_adamw_", **arguments)


def _rmsprop(alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0.0) -> tuple[str, int, bool]:
    """torch.optim.RMSprop."""
    spread = f"""\
    torch._foreach_mul_(m, {alpha!r})
    torch._foreach_addcmul_(m, d, d, 1 - {alpha!r})
    spread = torch._foreach_add(torch._foreach_sqrt(m), {eps!r})
"""
    if not momentum:
        return DECAYED + spread + "    torch._foreach_addcdiv_(w, d, spread, -rate)\n", 1, False
    rolling = f"""\
    torch._foreach_mul_(v, {momentum!r})
    torch._foreach_addcdiv_(v, d, spread)
    torch._foreach_add_(w, v, alpha=-rate)
"""
    return DECAYED + spread + rolling, 2, False


WRITTEN: dict[str, tuple[Any, set[str]]] = {
    "SGD": (_sgd, {"momentum", "nesterov"}),
    "Adam": (_adam, {"betas", "eps"}),
    "AdamW": (_adamw, {"betas", "eps"}),
    "RMSprop": (_rmsprop, {"alpha", "eps", "momentum"}),
}

prepare = run_text(PREPARE)["prepare"]
