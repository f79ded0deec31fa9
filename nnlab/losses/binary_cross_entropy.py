"""Binary cross-entropy."""

from dataclasses import dataclass

import numpy as np

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.core.formula import Exact, Formula, LossSpot
from nnlab.core.layer import Shape, shape_text
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, answer_width, has_positions
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
    tier = 1

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """A column of 0 and 1 for one output, otherwise 1 in the place of the right class."""
        if spec.task != "classes":
            raise ShapeError(
                "gives values, and binary cross-entropy is for classes: choose mean squared error as the loss"
            )
        if has_positions(spec):
            places = spec.own_shape
            if spec.width != 2 or output not in ((1, *places), (*places, 1)):
                raise ShapeError(
                    f"gets {shape_text(output)}, and needs one number for yes or no at each place: {shape_text((1, *places))}"
                )
            return "column"
        return "column" if answer_width(spec, output) == 1 else "one-hot"

    def expression(self, given: Given) -> str:
        """From scores (logits) in one stable step, or from probabilities."""
        if given == "probabilities":
            return "F.binary_cross_entropy(prediction, target)"
        return "F.binary_cross_entropy_with_logits(prediction, target)"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The logarithm of the probability that was given to the truth; with several outputs their mean."""
        p = self._chances(spot, given)
        right = np.where(spot.target > 0.5, p, 1 - p)
        losses = -np.log(np.maximum(right, 1e-44))
        shown = " + ".join(f"−log {words.number(r)}" for r in right.ravel()[:3].tolist())
        dots = " + …" if right.size > 3 else ""
        line = f" = {shown}" if right.size == 1 else f" = ({shown}{dots}) / {words.count(right.size)}"
        notes: tuple[str, ...] = ()
        if given == "scores":
            score = words.number(float(spot.prediction.ravel()[0]))
            notes = (f"p = {words.number(float(p.ravel()[0]))} = 1 / (1 + e^−({score})): the sigmoid of the score",)
        return spot.loss_formula(self.formula, line, float(losses.mean()), notes=notes)

    def explain_backward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Probability minus truth for scores; for probabilities divided by the curve's slope."""
        p, y = float(self._chances(spot, given)[spot.place]), float(spot.target[spot.place])
        many = spot.rows * len(spot.prediction)
        line = f" = ({words.number(p)} − {words.number(y)}) / {words.count(many)}"
        if given == "scores":
            return spot.slope_formula("∂L/∂z = (p − y) / answers", line, (p - y) / many)
        slope = max(p * (1 - p), 1e-12)
        rule = "∂L/∂p = (p − y) / (p·(1 − p)) / answers"
        return spot.slope_formula(rule, f"{line} / {words.number(slope)}", (p - y) / slope / many)

    def _chances(self, spot: LossSpot, given: Given) -> Exact:
        if given == "probabilities":
            return spot.prediction
        return np.asarray(1 / (1 + np.exp(-np.clip(spot.prediction, -700, 700))))
