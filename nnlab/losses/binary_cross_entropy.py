"""Binary cross-entropy."""

from dataclasses import dataclass

from nnlab.core.dataset import DataSpec
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, answer_width
from nnlab.errors import ShapeError


@LOSSES.register("bce")
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Cross-entropy for yes or no: one number says how likely "yes" is.

    With two classes one output is enough: it answers whether a sample is of the second class. With one output
    for each class, each answers its own yes or no. It turns scores into probabilities itself, so no Sigmoid is
    needed at the end; one that is drawn there is used as it is.
    """

    title = "Binary cross-entropy"
    formula = "L = −y log p − (1 − y) log(1 − p)"

    def target_form(self, spec: DataSpec, output: Shape) -> TargetForm:
        """A column of 0 and 1 for one output, otherwise 1 in the place of the right class."""
        if spec.task != "classes":
            raise ShapeError(
                "gives values, and binary cross-entropy is for classes: choose mean squared error as the loss"
            )
        return "column" if answer_width(spec, output) == 1 else "one-hot"

    def expression(self, given: Given) -> str:
        """From scores (logits) in one stable step, or from probabilities."""
        if given == "probabilities":
            return "F.binary_cross_entropy(prediction, target)"
        return "F.binary_cross_entropy_with_logits(prediction, target)"
