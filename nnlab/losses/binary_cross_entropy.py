"""Binary cross-entropy."""

from dataclasses import dataclass

import numpy as np

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.core.formula import Exact, Formula, LossSpot
from nnlab.core.layer import Shape, shape_text
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, answer_width, has_positions
from nnlab.core.param import param
from nnlab.errors import ShapeError

TINY = 1e-44  # the smallest probability that is told


@LOSSES.register("bce")
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Cross-entropy for yes or no: one number says how likely "yes" is.

    With two classes one output is enough: it answers whether a sample is of the second class. With one output
    for each class, each answers its own yes or no. It turns scores into probabilities itself, so no Sigmoid is
    needed at the end; one that is drawn there is used as it is. Its settings hold for validation as well.
    """

    title = "Binary cross-entropy"
    scores_are = "logits"
    formula = "L = −y log p − (1 − y) log(1 − p)"
    tier = 1

    pos_weight: float = param(
        1.0,
        "How much each yes counts beside a no: above 1 where yes is rare. torch's pos_weight.",
        low=1e-6,
        high=1e6,
        log=True,
        label="Weight of yes",
    )
    label_smoothing: float = param(
        0.0,
        "Pulls the truth towards the middle: with 0.1 it is 0.05 and 0.95 instead of 0 and 1.",
        low=0.0,
        high=1.0,
    )

    @property
    def rule(self) -> str:
        """With the weight of yes, and the truth as it is after smoothing."""
        weighed = "L = −w·y log p − (1 − y) log(1 − p)" if self.pos_weight != 1 else self.formula
        return f"{weighed}, y smoothed by ε" if self.label_smoothing else weighed

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
        target = "target"
        if self.label_smoothing:
            target = f"target * {_short(1 - self.label_smoothing)} + {_short(self.label_smoothing / 2)}"
        weight = f", pos_weight=prediction.new_tensor({self.pos_weight!r})" if self.pos_weight != 1 else ""
        if given == "scores":
            return f"F.binary_cross_entropy_with_logits(prediction, {target}{weight})"
        if weight:  # torch weighs a yes only in this form
            return f"F.binary_cross_entropy_with_logits(torch.logit(prediction, eps=1e-7), {target}{weight})"
        return f"F.binary_cross_entropy(prediction, {target})"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The logarithm of the probability that was given to the truth; with several outputs their mean."""
        p = self._chances(spot, given)
        y = self._truths(spot)
        no = 1 - y
        losses = -self.pos_weight * y * np.log(np.maximum(p, TINY)) - no * np.log(np.maximum(1 - p, TINY))
        parts = zip(
            (self.pos_weight * y).ravel()[:3].tolist(), no.ravel()[:3].tolist(), p.ravel()[:3].tolist(), strict=True
        )
        shown = " + ".join(_part(yes, rest, chance) for yes, rest, chance in parts)
        dots = " + …" if losses.size > 3 else ""
        line = f" = {shown}" if losses.size == 1 else f" = ({shown}{dots}) / {words.count(losses.size)}"
        notes: tuple[str, ...] = ()
        if given == "scores":
            score = words.number(float(spot.prediction.ravel()[0]))
            notes = (f"p = {words.number(float(p.ravel()[0]))} = 1 / (1 + e^−({score})): the sigmoid of the score",)
        if self.label_smoothing:
            notes += (f"Smoothed, a yes is {words.number(1 - self.label_smoothing / 2)} and a no the rest up to 1.",)
        return spot.loss_formula(self.rule, line, float(losses.mean()), notes=notes)

    def explain_backward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Probability minus truth for scores; for probabilities divided by the curve's slope."""
        p, y = float(self._chances(spot, given)[spot.place]), float(self._truths(spot)[spot.place])
        many, w = spot.rows * len(spot.prediction), self.pos_weight
        line, miss, rule = f" = ({words.number(p)} − {words.number(y)}) / {words.count(many)}", p - y, "p − y"
        if w != 1:
            miss, rule = (1 - y) * p - w * y * (1 - p), "(1 − y)·p − w·y·(1 − p)"
            no, yes = f"{words.number(1 - y)}·{words.number(p)}", f"{words.number(w * y)}·{words.number(1 - p)}"
            line = f" = ({no} − {yes}) / {words.count(many)}"
        if given == "scores":
            return spot.slope_formula(f"∂L/∂z = ({rule}) / answers", line, miss / many)
        slope = max(p * (1 - p), 1e-12)
        rule = f"∂L/∂p = ({rule}) / (p·(1 − p)) / answers"
        return spot.slope_formula(rule, f"{line} / {words.number(slope)}", miss / slope / many)

    def _truths(self, spot: LossSpot) -> Exact:
        """The truth as the loss takes it, after smoothing."""
        return np.asarray(spot.target * (1 - self.label_smoothing) + self.label_smoothing / 2)

    def _chances(self, spot: LossSpot, given: Given) -> Exact:
        if given == "probabilities":
            return spot.prediction
        return np.asarray(1 / (1 + np.exp(-np.clip(spot.prediction, -700, 700))))


def _part(yes: float, no: float, p: float) -> str:
    """What one answer adds: the logarithms that count, with what they count unless that is 1."""
    found = [(yes, p), (no, 1 - p)]
    return " ".join(
        f"−{'' if weight == 1 else words.number(weight) + '·'}log {words.number(chance)}"
        for weight, chance in found
        if weight
    )


def _short(share: float) -> str:
    """A share in code, without the last digits of binary arithmetic: 0.95, not 0.9500000000000001."""
    return repr(float(f"{share:.12g}"))
