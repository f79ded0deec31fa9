"""Losses that are content once an answer is right by a margin, and losses of direction."""

from dataclasses import dataclass

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.answers import needs_scores, numbers_form, row_of_values, scores_form, yes_or_no
from nnlab.core.dataset import Target
from nnlab.core.formula import Formula, LossSpot, signed
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LOSSES.register("hinge")
@dataclass(frozen=True)
class Hinge(Loss):
    """For yes or no: nothing once the answer is right by a margin of 1, and more the further it is on the wrong side.

    One number above 0 means the second class, below 0 the first. It is the loss of support vector machines.
    """

    title = "Hinge"
    scores_are = "margins"
    formula = "L = max(0, 1 − t·z), t = ±1"

    margin: float = param(1.0, "How far on the right side is far enough.", low=1e-6, high=65_536, log=True)

    @property
    def rule(self) -> str:
        """With the margin that is set."""
        return f"L = max(0, {words.number(self.margin)} − t·z), t = ±1"

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """A column of 0 and 1."""
        return yes_or_no(spec, output, "the hinge loss")

    def check_end(self, ends_in: str) -> None:
        """A probability never reaches the margin on both sides."""
        needs_scores(ends_in, "the hinge loss")

    def expression(self, given: Given) -> str:
        """The margin that is missing; 0 and 1 become -1 and 1."""
        return f"torch.relu({_plain(self.margin)} - (2 * target - 1) * prediction).mean()"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The missing margin."""
        score, side = float(spot.prediction.ravel()[0]), 2 * float(spot.target.ravel()[0]) - 1
        line = f" = max(0, {words.number(self.margin)} − {signed(side)}·{signed(score)})"
        return spot.loss_formula(self.rule, line, max(0.0, self.margin - side * score))


@LOSSES.register("multi-margin")
@dataclass(frozen=True)
class MultiMargin(Loss):
    """Hinge for many classes: nothing once the right class leads all others by 1.

    Classes that come closer than that to the right one are pushed down.
    """

    title = "Multi-class hinge"
    scores_are = "margins"
    formula = "L = Σ max(0, 1 − z[right] + z[other]) / classes"

    margin: float = param(1.0, "How far the right class must lead.", low=1e-6, high=65_536, log=True)
    p: int = param(1, "1: a missing margin counts as it is. 2: squared.", low=1, high=2, label="Power")

    @property
    def rule(self) -> str:
        """With the margin and the power that are set."""
        square = "²" if self.p == 2 else ""
        return f"L = Σ max(0, {words.number(self.margin)} − z[right] + z[other]){square} / classes"

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The number of the right class; one score for each class is needed."""
        return scores_form(spec, output, "the multi-class hinge loss", places=False)

    def check_end(self, ends_in: str) -> None:
        """Probabilities never lie a whole margin apart."""
        needs_scores(ends_in, "the multi-class hinge loss")

    def expression(self, given: Given) -> str:
        """F.multi_margin_loss."""
        more = f", p={self.p}" if self.p != 1 else ""
        more += f", margin={self.margin!r}" if self.margin != 1.0 else ""
        return f"F.multi_margin_loss(prediction, target{more})"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The margins that are missing."""
        right = int(spot.target)
        missing = np.maximum(0.0, self.margin - spot.prediction[right] + np.delete(spot.prediction, right))
        square = "²" if self.p == 2 else ""
        shown = " + ".join(f"{words.number(float(m))}{square}" for m in missing[:3])
        missing = missing**self.p
        dots = " + …" if len(missing) > 3 else ""
        line = f" = ({shown}{dots}) / {words.count(len(spot.prediction))}"
        return spot.loss_formula(self.rule, line, float(missing.sum()) / len(spot.prediction))


@LOSSES.register("hinge-embedding")
@dataclass(frozen=True)
class HingeEmbedding(Loss):
    """For distances between pairs: small for pairs of the first class (alike), at least the margin for the second (different).

    The answer must be a distance, 0 or more, as the length of a difference. Accuracy takes a distance above 0.5 for
    different, halfway to the usual margin.
    """

    title = "Hinge of a distance"
    formula = "L = d if alike, else max(0, 1 − d)"
    tier = 3

    margin: float = param(1.0, "The distance that different pairs should have.", low=1e-6, high=65_536, log=True)

    @property
    def rule(self) -> str:
        """With the margin that is set."""
        return f"L = d if alike, else max(0, {words.number(self.margin)} − d)"

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """A column of 0 (alike) and 1 (different)."""
        return yes_or_no(spec, output, "the hinge of a distance")

    def expression(self, given: Given) -> str:
        """F.hinge_embedding_loss, which wants 1 for alike and -1 for different."""
        more = f", margin={self.margin!r}" if self.margin != 1.0 else ""
        return f"F.hinge_embedding_loss(prediction, 1 - 2 * target{more})"


@LOSSES.register("multi-label-soft-margin")
@dataclass(frozen=True)
class MultiLabelSoftMargin(Loss):
    """A yes or no for each of several labels, which may all be true at once: the mean of their binary cross-entropies.

    The answers are scores, above 0 for yes; a Sigmoid is not needed at the end.
    """

    title = "Multi-label soft margin"
    scores_are = "logits"
    formula = "L = mean over labels of −y log σ(z) − (1 − y) log σ(−z)"
    tier = 3

    reads_shares = True

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """Values of 0 and 1 for each label; for classes 1 in the place of the right one."""
        form = numbers_form(spec, output, "the multi-label soft margin")
        if len(output) != 1:
            raise ShapeError("needs a row of labels: choose mean squared error as the loss")
        return form

    def expression(self, given: Given) -> str:
        """F.multilabel_soft_margin_loss; probabilities are used as they are."""
        if given == "probabilities":
            return "F.binary_cross_entropy(prediction, target)"
        return "F.multilabel_soft_margin_loss(prediction, target)"


@LOSSES.register("cosine-embedding")
@dataclass(frozen=True)
class CosineEmbedding(Loss):
    """How far the answer points away from the truth: 0 in the same direction, 1 at a right angle, 2 the opposite way.

    Only directions count, not lengths: for rows of values that stand for a meaning.
    """

    title = "Cosine distance"
    formula = "L = 1 − ŷ·y / (|ŷ|·|y|)"

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """At least two values: one number has no direction."""
        form = row_of_values(spec, output, "the cosine distance")
        if spec.width < 2:
            raise ShapeError("gives one value, which has no direction: choose mean squared error as the loss")
        return form

    def expression(self, given: Given) -> str:
        """F.cosine_embedding_loss, with all pairs meant to be alike."""
        return "F.cosine_embedding_loss(prediction, target, torch.ones_like(prediction[:, 0]))"

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The cosine of the angle."""
        said, truth = spot.prediction.ravel(), spot.target.ravel()
        lengths = float(np.linalg.norm(said) * np.linalg.norm(truth))
        if lengths == 0:
            return None
        together = float(said @ truth)
        line = f" = 1 − {signed(together)} / {words.number(lengths)}"
        return spot.loss_formula(self.formula, line, 1 - together / lengths)


def _plain(number: float) -> str:
    """A number in code: 1 rather than 1.0."""
    return repr(int(number) if number.is_integer() else number)
