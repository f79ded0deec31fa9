"""Cross-entropy."""

from dataclasses import dataclass

from nnlab.core.dataset import DataSpec
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, answer_width
from nnlab.errors import ShapeError


@LOSSES.register("cross-entropy")
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """How surprised the network is by the right class: small when it gave that class a high probability.

    It takes one score for each class and turns the scores into probabilities itself, so no Softmax is needed
    at the end; one that is drawn there is used as it is.
    """

    title = "Cross-entropy"
    formula = "L = −log p(right class)"

    def target_form(self, spec: DataSpec, output: Shape) -> TargetForm:
        """The number of the right class; one score for each class is needed."""
        if spec.task != "classes":
            raise ShapeError("gives values, and cross-entropy is for classes: choose mean squared error as the loss")
        width = answer_width(spec, output)
        if width != spec.width:
            raise ShapeError(
                f"gets {width} number, and cross-entropy needs one for each class: "
                f"make it {spec.width}, or choose binary cross-entropy"
            )
        return "index"

    def expression(self, given: Given) -> str:
        """From scores in one stable step; from probabilities by their logarithm, kept away from log 0."""
        if given == "probabilities":
            return "F.nll_loss(torch.log(prediction.clamp_min(1e-12)), target)"
        return "F.cross_entropy(prediction, target)"
