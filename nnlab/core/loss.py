"""The Loss contract: which targets it takes and the expression it is."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from nnlab.core.dataset import DataSpec
from nnlab.core.layer import Shape
from nnlab.core.param import Settings
from nnlab.registry import Registry

Given = Literal["scores", "probabilities"]
"""What the drawn network ends in: raw scores (logits), or a Softmax or Sigmoid that the user drew."""

TargetForm = Literal["index", "column", "one-hot", "values"]
"""index: int64 (N,). column: float32 (N, 1) of 0 and 1. one-hot: float32 (N, classes). values: float32 (N, width)."""


@dataclass(frozen=True)
class Loss(Settings):
    """One way to measure how wrong the network is. The class docstring is the help text users read."""

    title: ClassVar[str] = ""
    formula: ClassVar[str] = ""

    def target_form(self, spec: DataSpec, output: Shape) -> TargetForm:
        """How the targets must look for this output; ShapeError with a remedy if loss, data and output do not fit."""
        raise NotImplementedError

    def expression(self, given: Given) -> str:
        """The loss as torch code over `prediction` and `target`, which uses only torch and F (torch.nn.functional)."""
        raise NotImplementedError


LOSSES: Registry[type[Loss]] = Registry("nnlab.losses", "loss")
