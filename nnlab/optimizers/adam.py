"""Adam and AdamW."""

from dataclasses import dataclass
from typing import Any

from nnlab.core import words
from nnlab.core.formula import Formula, WeightStep, signed
from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.param import param


@OPTIMIZERS.register("adam")
@dataclass(frozen=True)
class Adam(Optimizer):
    """Gives every weight a step size of its own, from running means of its gradients. A good first choice."""

    title = "Adam"
    torch_name = "Adam"
    good_rate = 0.01

    beta1: float = param(0.9, "How long past gradients are remembered.", low=0.0, high=0.9999, advanced=True)
    beta2: float = param(0.999, "How long past gradient sizes are remembered.", low=0.0, high=0.99999, advanced=True)
    eps: float = param(1e-8, "Keeps the division from blowing up.", low=1e-12, high=1.0, log=True, advanced=True)

    def arguments(self) -> dict[str, Any]:
        """Betas and eps where they differ from torch's own."""
        found: dict[str, Any] = {}
        if (self.beta1, self.beta2) != (0.9, 0.999):
            found["betas"] = (self.beta1, self.beta2)
        if self.eps != 1e-8:
            found["eps"] = self.eps
        return found

    def explain(self, step: WeightStep) -> Formula | None:
        """The running mean of the gradient, divided by its usual size."""
        if len(step.memory) < 2:
            return None
        start, used = self._start(step)
        m = self.beta1 * step.memory[0] + (1 - self.beta1) * used
        v = self.beta2 * step.memory[1] + (1 - self.beta2) * used**2
        mean, square = m / (1 - self.beta1**step.step), v / (1 - self.beta2**step.step)
        moved = mean / (square**0.5 + self.eps)
        rate = words.number(step.rate)
        line = f" = {words.number(start)} − {rate}·{signed(mean)} / (√{words.number(square)} + ε)"
        mixed = f"{words.number(self.beta1)}·{signed(step.memory[0])} + {words.number(1 - self.beta1)}·{signed(used)}"
        squared = (
            f"{words.number(self.beta2)}·{signed(step.memory[1])} + {words.number(1 - self.beta2)}·{signed(used)}²"
        )
        notes = (
            self._note(step, start),
            f"m = {words.number(m)} = {mixed}",
            f"v = {words.number(v)} = {squared}",
            f"m′ = m / (1 − β₁^{step.step}) = {words.number(mean)},  v′ = v / (1 − β₂^{step.step}) = {words.number(square)}",
        )
        return step.update_formula("w ← w − rate·m′ / (√v′ + ε)", line, start - step.rate * moved, *notes)

    def _start(self, step: WeightStep) -> tuple[float, float]:
        """The value the step begins from, and the gradient it uses."""
        return step.before, step.decayed

    def _note(self, step: WeightStep, start: float) -> str:
        return step.decay_note()


@OPTIMIZERS.register("adamw")
@dataclass(frozen=True)
class AdamW(Adam):
    """Adam that shrinks the weights apart from its steps, so that L2 means what it says. The usual choice for large networks."""

    title = "AdamW"
    torch_name = "AdamW"

    def _start(self, step: WeightStep) -> tuple[float, float]:
        return step.before * (1 - step.rate * step.decay), step.gradient

    def _note(self, step: WeightStep, start: float) -> str:
        if not step.decay:
            return ""
        shrunk = f"{words.number(step.before)}·(1 − {words.number(step.rate)}·{words.number(step.decay)})"
        return f"L2 first shrinks the weight to {words.number(start)} = {shrunk}"
