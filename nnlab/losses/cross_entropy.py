"""Cross-entropy."""

from dataclasses import dataclass
from math import log

import numpy as np

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.core.formula import Exact, Formula, LossSpot
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, answer_width, class_axis, has_positions
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
    tier = 1

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The number of the right class; one score for each class is needed."""
        if spec.task != "classes":
            raise ShapeError("gives values, and cross-entropy is for classes: choose mean squared error as the loss")
        if has_positions(spec):
            class_axis(spec, output)
            return "positions"
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

    def position_expression(self, given: Given, axis: int) -> str:
        """Every place counts alike; -1 does not count."""
        answer, target = ("prediction", "target") if axis == 1 else ("prediction.flatten(0, -2)", "target.flatten()")
        if given == "probabilities":
            return f"F.nll_loss(torch.log({answer}.clamp_min(1e-12)), {target}, ignore_index=-1)"
        return f"F.cross_entropy({answer}, {target}, ignore_index=-1)"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The right class's probability, and its logarithm."""
        p = max(float(self._shares(spot, given)[int(spot.target)]), 1e-45)
        notes: tuple[str, ...] = ()
        if given == "scores":
            score = words.number(float(spot.prediction[int(spot.target)]))
            many = words.count(len(spot.prediction))
            notes = (f"p = {words.number(p)} = e^({score}) / sum of all {many} such powers: the softmax of the scores",)
        return spot.loss_formula(self.formula, f" = −log {words.number(p)}", -log(p), notes=notes)

    def explain_backward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Probability minus truth for scores; for probabilities only the right class counts."""
        p = float(self._shares(spot, given)[spot.place])
        truth = 1.0 if spot.place == int(spot.target) else 0.0
        if given == "scores":
            line = f" = ({words.number(p)} − {words.number(truth)}) / {words.count(spot.rows)}"
            return spot.slope_formula("∂L/∂zₖ = (pₖ − [k is the right class]) / samples", line, (p - truth) / spot.rows)
        p = max(p, 1e-12)
        line = f" = −{words.number(truth)} / ({words.number(p)}·{words.count(spot.rows)})"
        return spot.slope_formula("∂L/∂pₖ = −[k is the right class] / (pₖ · samples)", line, -truth / p / spot.rows)

    def _shares(self, spot: LossSpot, given: Given) -> Exact:
        if given == "probabilities":
            return spot.prediction
        powers = np.exp(spot.prediction - spot.prediction.max())
        return np.asarray(powers / powers.sum())
