"""Cross-entropy."""

from dataclasses import dataclass
from math import log

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.answers import first_last
from nnlab.core.arithmetic.class_weights import ClassWeights, call
from nnlab.core.dataset import Target
from nnlab.core.formula import Exact, Formula, LossSpot
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, TargetForm, answer_width, class_axis, has_positions
from nnlab.core.param import param
from nnlab.errors import ShapeError

TINY = 1e-45  # the smallest probability that is told


@LOSSES.register("cross-entropy")
@dataclass(frozen=True)
class CrossEntropy(ClassWeights):
    """How surprised the network is by the right class: small when it gave that class a high probability.

    It takes one score for each class and turns the scores into probabilities itself, so no Softmax is needed
    at the end; one that is drawn there is used as it is. Label smoothing and class weights hold for validation as
    well, as in torch: a smoothed loss cannot reach 0.
    """

    title = "Cross-entropy"
    scores_are = "logits"
    formula = "L = −log p(right class)"
    tier = 1

    label_smoothing: float = param(
        0.0,
        "Share of the truth that is spread over all classes: the network is not asked to be quite sure.",
        low=0.0,
        high=1.0,
    )

    @property
    def rule(self) -> str:
        """With smoothing every class has its part; with weights the batch is a weighted mean."""
        weighed = self.class_weights != "none"
        w, wk = ("w[right]·", "wₖ·") if weighed else ("", "")
        each = f"−{w}log p(right class)"
        if self.label_smoothing:
            each = f"−(1 − ε)·{w}log p(right class) − ε/K·Σ {wk}log pₖ"
        return f"L = Σ ({each}) / Σ w[right]" if weighed else f"L = {each}"

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The number of the right class; one score for each class is needed."""
        if spec.task != "classes":
            raise ShapeError("gives values, and cross-entropy is for classes: choose mean squared error as the loss")
        if has_positions(spec):
            class_axis(spec, output)
            self.check_weights(spec)
            return "positions"
        width = answer_width(spec, output)
        if width != spec.width:
            raise ShapeError(
                f"gets {width} number, and cross-entropy needs one for each class: "
                f"make it {spec.width}, or choose binary cross-entropy"
            )
        self.check_weights(spec)
        return "index"

    def expression(self, given: Given) -> str:
        """From scores in one stable step; from probabilities by their logarithm, kept away from log 0."""
        return self._call("prediction", "target", given)

    def position_expression(self, given: Given, axis: int) -> str:
        """Every place counts alike; -1 does not count."""
        answer, target = first_last("prediction", axis)
        return self._call(answer, target, given, "ignore_index=-1")

    def _call(self, answer: str, target: str, given: Given, *more: str) -> str:
        shares = given == "probabilities"
        smoothed = (f"label_smoothing={self.label_smoothing!r}",) if self.label_smoothing else ()
        name = (
            "nll_loss" if shares and not smoothed else "cross_entropy"
        )  # of logarithms of shares the latter is as well
        answer = f"torch.log({answer}.clamp_min(1e-12))" if shares else answer
        return call(f"F.{name}", answer, target, *self.weight_argument(), *more, *smoothed)

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The right class's probability, and its logarithm."""
        shares, right = self._shares(spot, given), int(spot.target)
        p = max(float(shares[right]), TINY)
        notes: tuple[str, ...] = ()
        if given == "scores":
            score = words.number(float(spot.prediction[right]))
            many = words.count(len(spot.prediction))
            notes = (f"p = {words.number(p)} = e^({score}) / sum of all {many} such powers: the softmax of the scores",)
        if self.factors:
            weight = words.number(self.factors[right])
            notes += (f"In the mean over the batch this sample counts {weight} times: the weight of its class.",)
        if not self.label_smoothing:
            return spot.loss_formula(self.formula, f" = −log {words.number(p)}", -log(p), notes=notes)
        spread = self._spread(shares, right)
        left, share = 1 - self.label_smoothing, self.label_smoothing / len(shares)
        line = f" = −{words.number(left)}·log {words.number(p)} + {words.number(share)}·{words.number(spread)}"
        whose = "each times its class's weight, divided by that of this one" if self.factors else "added up"
        notes += (f"{words.number(spread)} = −log p of every class, {whose}",)
        return spot.loss_formula(self._alone, line, -left * log(p) + share * spread, notes=notes)

    @property
    def _alone(self) -> str:
        """The rule of a sample by itself, where its own weight cancels out."""
        if self.factors:
            return "L = −(1 − ε)·log p(right class) − ε/K·Σ wₖ·log pₖ / w[right]"
        return self.rule

    def _spread(self, shares: Exact, right: int) -> float:
        logs = -np.log(np.maximum(shares, TINY))
        if not self.factors:
            return float(logs.sum())
        return float((logs * np.asarray(self.factors)).sum()) / max(self.factors[right], 1e-12)

    def explain_backward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Probability minus truth for scores; for probabilities only the right class counts."""
        if self.factors or (self.label_smoothing and given == "probabilities"):
            return None  # how much this sample counts depends on the classes of all others in the batch
        p = float(self._shares(spot, given)[spot.place])
        truth = 1.0 if spot.place == int(spot.target) else 0.0
        if given == "scores":
            rule = "∂L/∂zₖ = (pₖ − [k is the right class]) / samples"
            if self.label_smoothing:
                truth = (1 - self.label_smoothing) * truth + self.label_smoothing / len(spot.prediction)
                rule = "∂L/∂zₖ = (pₖ − (1 − ε)·[k is the right class] − ε/K) / samples"
            line = f" = ({words.number(p)} − {words.number(truth)}) / {words.count(spot.rows)}"
            return spot.slope_formula(rule, line, (p - truth) / spot.rows)
        p = max(p, 1e-12)
        line = f" = −{words.number(truth)} / ({words.number(p)}·{words.count(spot.rows)})"
        return spot.slope_formula("∂L/∂pₖ = −[k is the right class] / (pₖ · samples)", line, -truth / p / spot.rows)

    def _shares(self, spot: LossSpot, given: Given) -> Exact:
        if given == "probabilities":
            return spot.prediction
        powers = np.exp(spot.prediction - spot.prediction.max())
        return np.asarray(powers / powers.sum())
