"""RMSprop."""

from dataclasses import dataclass
from typing import Any

from nnlab.core import words
from nnlab.core.formula import Formula, WeightStep, signed
from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.param import param


@OPTIMIZERS.register("rmsprop")
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Divides every weight's step by the usual size of its gradient, so steep and flat directions move alike."""

    title = "RMSprop"
    torch_name = "RMSprop"
    good_rate = 0.01

    alpha: float = param(
        0.99, "How long past gradient sizes are remembered.", low=0.0, high=0.99999, label="Memory", advanced=True
    )
    momentum: float = param(0.0, "How much of the last step is kept; 0 is off.", low=0.0, high=0.9999)
    eps: float = param(1e-8, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, advanced=True)

    def arguments(self) -> dict[str, Any]:
        """Those that differ from torch's own."""
        torch_defaults = {"alpha": 0.99, "momentum": 0.0, "eps": 1e-8}
        return {name: getattr(self, name) for name, usual in torch_defaults.items() if getattr(self, name) != usual}

    def explain(self, step: WeightStep) -> Formula | None:
        """The gradient divided by its usual size."""
        if len(step.memory) < (2 if self.momentum else 1):
            return None
        used = step.decayed
        square = self.alpha * step.memory[0] + (1 - self.alpha) * used**2
        moved = used / (square**0.5 + self.eps)
        kept = f"{words.number(self.alpha)}·{signed(step.memory[0])} + {words.number(1 - self.alpha)}·{signed(used)}²"
        notes = [step.decay_note(), f"v = {words.number(square)} = {kept}"]
        rule, rate = "w ← w − rate·g / (√v + ε)", words.number(step.rate)
        line = f" = {words.number(step.before)} − {rate}·{signed(used)} / (√{words.number(square)} + ε)"
        if self.momentum:
            rolling = self.momentum * step.memory[1] + moved
            mixed = f"{words.number(self.momentum)}·{signed(step.memory[1])} + {signed(moved)}"
            notes.append(f"m = {words.number(rolling)} = {mixed}, where the second is g / (√v + ε)")
            rule, moved = "m ← momentum·m + g / (√v + ε),  w ← w − rate·m", rolling
            line = f" = {words.number(step.before)} − {rate}·{signed(moved)}"
        return step.update_formula(rule, line, step.before - step.rate * moved, *notes)
