"""Mean squared error."""

from dataclasses import dataclass

from nnlab.core.dataset import DataSpec
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, answer_width


@LOSSES.register("mse")
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The mean of the squared differences between answer and truth: large misses count most.

    The usual choice for values. For classes it compares each output with 1 for the right class and 0 for the others.
    """

    title = "Mean squared error"
    formula = "L = mean (ŷ − y)²"

    def target_form(self, spec: DataSpec, output: Shape) -> TargetForm:
        """The values themselves; for classes 1 in the place of the right one, or a column of 0 and 1."""
        width = answer_width(spec, output)
        if spec.task == "values":
            return "values"
        return "one-hot" if width == spec.width else "column"

    def expression(self, given: Given) -> str:
        """The same from scores and from probabilities."""
        return "F.mse_loss(prediction, target)"
