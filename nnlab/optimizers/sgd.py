"""Gradient descent, with or without momentum."""

from dataclasses import dataclass
from typing import Any

from nnlab.core import words
from nnlab.core.formula import Formula, WeightStep, signed
from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.param import param


@OPTIMIZERS.register("sgd")
@dataclass(frozen=True)
class SGD(Optimizer):
    """Takes a step straight down the slope of each batch: the plain rule that all others build on.

    With momentum it keeps rolling in the direction of the steps before, like a ball: faster along a valley,
    calmer across it.
    """

    title = "Gradient descent (SGD)"
    torch_name = "SGD"
    good_rate = 0.1

    momentum: float = param(0.0, "How much of the last step is kept; 0 is off, 0.9 is usual.", low=0.0, high=0.9999)
    nesterov: bool = param(False, "Look ahead to where momentum leads before measuring the slope; needs momentum.")

    def arguments(self) -> dict[str, Any]:
        """Momentum if there is some, and Nesterov, which means nothing without it."""
        found: dict[str, Any] = {}
        if self.momentum:
            found["momentum"] = self.momentum
            if self.nesterov:
                found["nesterov"] = True
        return found

    def explain(self, step: WeightStep) -> Formula | None:
        """Down the slope, or along what momentum made of it."""
        used, rate = step.decayed, words.number(step.rate)
        if not self.momentum:
            line = f" = {words.number(step.before)} − {rate}·{signed(used)}"
            return step.update_formula("w ← w − rate·g", line, step.before - step.rate * used, step.decay_note())
        if not step.memory:
            return None
        before = step.memory[0]
        rolling = used if step.step == 1 else self.momentum * before + used
        said = f"m = {words.number(rolling)}"
        if step.step > 1:
            said += f" = {words.number(self.momentum)}·{signed(before)} + {signed(used)}"
        said += " (the first step: just the gradient)" if step.step == 1 else ""
        moved = used + self.momentum * rolling if self.nesterov else rolling
        ahead = f"Nesterov looks ahead: g + {words.number(self.momentum)}·m = {words.number(moved)}"
        line = f" = {words.number(step.before)} − {rate}·{signed(moved)}"
        rule = "m ← momentum·m + g,  w ← w − rate·" + ("(g + momentum·m)" if self.nesterov else "m")
        notes = (step.decay_note(), said, ahead if self.nesterov else "")
        return step.update_formula(rule, line, step.before - step.rate * moved, *notes)
