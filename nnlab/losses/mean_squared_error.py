"""Mean squared error."""

from dataclasses import dataclass

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.core.formula import Formula, LossSpot, signed
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, answer_width, has_positions
from nnlab.errors import ShapeError


@LOSSES.register("mse")
@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """The mean of the squared differences between answer and truth: large misses count most.

    The usual choice for values. For classes it compares each output with 1 for the right class and 0 for the others.
    """

    title = "Mean squared error"
    formula = "L = mean (ŷ − y)²"
    tier = 1

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The values themselves; for classes 1 in the place of the right one, or a column of 0 and 1."""
        if has_positions(spec):
            raise ShapeError(
                "has a class at each place, and mean squared error is not for that: choose cross-entropy as the loss"
            )
        width = answer_width(spec, output)
        if spec.task == "values":
            return "values"
        return "one-hot" if width == spec.width else "column"

    def expression(self, given: Given) -> str:
        """The same from scores and from probabilities."""
        return "F.mse_loss(prediction, target)"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The squared difference; with several values their mean."""
        pairs = list(zip(spot.prediction.ravel().tolist(), spot.target.ravel().tolist(), strict=True))
        shown = " + ".join(f"({words.number(said)} − {signed(truth)})²" for said, truth in pairs[:3])
        dots = " + …" if len(pairs) > 3 else ""
        line = f" = {shown}" if len(pairs) == 1 else f" = ({shown}{dots}) / {words.count(len(pairs))}"
        return spot.loss_formula(self.formula, line, sum((a - b) ** 2 for a, b in pairs) / len(pairs))

    def explain_backward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Twice the difference, shared out over the batch."""
        said, truth = float(spot.prediction[spot.place]), float(spot.target[spot.place])
        many = spot.rows * len(spot.prediction)
        line = f" = 2·({words.number(said)} − {signed(truth)}) / {words.count(many)}"
        return spot.slope_formula("∂L/∂ŷ = 2·(ŷ − y) / answers", line, 2 * (said - truth) / many)
