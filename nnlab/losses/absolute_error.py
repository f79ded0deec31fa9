"""Losses of the distance between answer and truth that do not let single large misses count most."""

from dataclasses import dataclass

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.answers import numbers_form
from nnlab.core.dataset import Target
from nnlab.core.formula import Exact, Formula, LossSpot, signed
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm
from nnlab.core.param import param


def _distances(spot: LossSpot) -> Exact:
    """How far each answer is from the truth."""
    return np.asarray(spot.prediction - spot.target).ravel()


def _mean_line(parts: list[str], many: int) -> str:
    """Up to three parts of a mean, written out."""
    dots = " + …" if many > 3 else ""
    return f" = {parts[0]}" if many == 1 else f" = ({' + '.join(parts[:3])}{dots}) / {words.count(many)}"


@LOSSES.register("l1")
@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """The mean distance between answer and truth: a miss twice as large counts twice as much.

    Single values far off the rest pull less than with the squared error; it aims at the middle value, not the mean.
    """

    title = "Mean absolute error (L1)"
    formula = "L = mean |ŷ − y|"

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The values themselves; for classes 1 in the place of the right one."""
        return numbers_form(spec, output, "mean absolute error")

    def expression(self, given: Given) -> str:
        """F.l1_loss."""
        return "F.l1_loss(prediction, target)"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The distance; with several values their mean."""
        pairs = zip(spot.prediction.ravel().tolist(), spot.target.ravel().tolist(), strict=True)
        parts = [f"|{words.number(said)} − {signed(truth)}|" for said, truth in pairs]
        line = _mean_line(parts, len(parts))
        return spot.loss_formula(self.formula, line, float(np.abs(_distances(spot)).mean()))

    def explain_backward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Only the direction of the miss, shared out over the batch."""
        side = float(np.sign(_distances(spot)[spot.place]))
        many = spot.rows * spot.prediction.size
        line = f" = {words.number(side)} / {words.count(many)}"
        return spot.slope_formula("∂L/∂ŷ = sign(ŷ − y) / answers", line, side / many)


@LOSSES.register("huber")
@dataclass(frozen=True)
class Huber(Loss):
    """Squared for small misses, straight for large ones: careful near the truth, calm far from it.

    Up to the border (delta) it is half the squared distance; beyond, it grows like the distance alone.
    """

    title = "Huber"
    formula = "L = ½·d² if |d| < δ, else δ·(|d| − ½·δ)"

    delta: float = param(1.0, "Where squared ends and straight begins.", low=1e-6, high=65_536, log=True)

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The values themselves; for classes 1 in the place of the right one."""
        return numbers_form(spec, output, "the Huber loss")

    def expression(self, given: Given) -> str:
        """F.huber_loss."""
        more = "" if self.delta == 1.0 else f", delta={self.delta!r}"
        return f"F.huber_loss(prediction, target{more})"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Squared or straight, for each value."""
        far, border = np.abs(_distances(spot)), words.number(self.delta)
        parts = [
            f"½·{words.number(d)}²" if d < self.delta else f"{border}·({words.number(d)} − ½·{border})"
            for d in far.tolist()
        ]
        each = np.where(far < self.delta, 0.5 * far**2, self.delta * (far - 0.5 * self.delta))
        return spot.loss_formula(self.formula, _mean_line(parts, len(parts)), float(each.mean()))


@LOSSES.register("smooth-l1")
@dataclass(frozen=True)
class SmoothL1(Loss):
    """Like the mean absolute error, but round at its tip, so that small misses settle.

    It is the Huber loss divided by its border: the straight part always has slope 1.
    """

    title = "Smooth L1"
    formula = "L = ½·d²/β if |d| < β, else |d| − ½·β"

    beta: float = param(1.0, "Where squared ends and straight begins.", low=1e-6, high=65_536, log=True)

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The values themselves; for classes 1 in the place of the right one."""
        return numbers_form(spec, output, "smooth L1")

    def expression(self, given: Given) -> str:
        """F.smooth_l1_loss."""
        more = "" if self.beta == 1.0 else f", beta={self.beta!r}"
        return f"F.smooth_l1_loss(prediction, target{more})"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Squared or straight, for each value."""
        far, border = np.abs(_distances(spot)), words.number(self.beta)
        parts = [
            f"½·{words.number(d)}²/{border}" if d < self.beta else f"({words.number(d)} − ½·{border})"
            for d in far.tolist()
        ]
        each = np.where(far < self.beta, 0.5 * far**2 / self.beta, far - 0.5 * self.beta)
        return spot.loss_formula(self.formula, _mean_line(parts, len(parts)), float(each.mean()))
