"""How many bits the arithmetic of a step has: mixed precision, and the loss scale that 16-bit floats need.

The network's own operations run in 16 bits where torch's autocast does so; weights, loss, gradients and the update rule
keep 32. What is only looked at (validation, pictures, predictions) is computed in 32 bits, with the weights as they are.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nnlab.core.document import Training

KINDS: dict[str, torch.dtype] = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
SHOWN = {"float32": "float32", "bf16": "bfloat16", "fp16": "float16"}

FIRST_SCALE = 2.0**16
GROWTH_STEPS = 2_000  # in a row without an overflow, after which the scale doubles; both as in torch.amp.GradScaler


@dataclass(frozen=True)
class Precision:
    """The arithmetic of the forward pass on one device, and with it of the backward pass."""

    kind: str
    """"float32", "bf16" or "fp16", as in the training settings."""
    device: str
    """Such as "cpu" or "cuda"."""

    @property
    def is_full(self) -> bool:
        """Whether everything is computed in 32 bits."""
        return self.kind == "float32"

    @property
    def title(self) -> str:
        """As shown: "float32", "bfloat16", "float16"."""
        return SHOWN[self.kind]

    def inside(self) -> Any:
        """A context in which the network's operations have this precision."""
        return torch.autocast(self.device, dtype=KINDS[self.kind], enabled=not self.is_full)

    def answer(self, network: nn.Module, x: Tensor) -> Tensor:
        """The network's answers, as numbers of 32 bits."""
        if self.is_full:
            return network(x)  # type: ignore[no-any-return]
        with self.inside():
            answer: Tensor = network(x)
        return answer.float()

    def refusal(self) -> str:
        """What to tell the user when the network cannot be computed so."""
        wanted = Training.param("precision")
        name = dict(wanted.choices)[self.kind]
        return f"This network cannot be trained in {name} here, so all of it is computed in 32 bits."


class LossScale:
    """Makes gradients so large that 16-bit floats hold them, and leaves out the steps in which they became too large.

    The same rule as torch.amp.GradScaler: half the scale after an overflow, twice after 2 000 steps without one.
    """

    def __init__(self, device: torch.device) -> None:
        self.slope = torch.full((), FIRST_SCALE, device=device)
        """The slope that the backward pass begins with: the scale."""
        self.value = FIRST_SCALE
        self.skipped = 0
        """Steps that were left out because a gradient became infinite."""
        self._good = 0

    def undo(self, gradients: list[Tensor]) -> None:
        """Bring gradients of the scaled loss back to their size."""
        torch._foreach_mul_(gradients, 1.0 / self.value)

    def passes(self, gradient: Tensor) -> bool:
        """Whether the step may be taken; the scale learns from it. Waits for the device."""
        good = bool(torch.isfinite(gradient).all())
        if not good:
            self.skipped, self._good = self.skipped + 1, 0
            self._set(self.value / 2)
        elif self._good + 1 == GROWTH_STEPS:
            self._good = 0
            self._set(self.value * 2)
        else:
            self._good += 1
        return good

    def state(self) -> tuple[float, int, int]:
        """What it remembers."""
        return self.value, self._good, self.skipped

    def restore(self, state: tuple[float, int, int]) -> None:
        """Remember again what `state` gave."""
        value, self._good, self.skipped = state
        self._set(value)

    def _set(self, value: float) -> None:
        self.value = value
        self.slope.fill_(value)
