"""Losses that ask how probable the truth is: of a class, of a share, of a count."""

from dataclasses import dataclass
from math import log, pi

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.answers import first_last, needs_shares, numbers_form, row_of_values, scores_form
from nnlab.core.arithmetic.class_weights import ClassWeights, call
from nnlab.core.dataset import Target
from nnlab.core.formula import Formula, LossSpot, signed
from nnlab.core.layer import Shape, shape_text
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LOSSES.register("nll")
@dataclass(frozen=True)
class NegativeLogLikelihood(ClassWeights):
    """Cross-entropy for a network that ends in a Log-softmax: minus the number of the right class.

    It takes the answers for logarithms of probabilities as they are. Without a Log-softmax at the end choose
    cross-entropy, which does both in one step.
    """

    title = "Negative log-likelihood"
    scores_are = "logits"
    formula = "L = −z[right class], z = log p"

    @property
    def rule(self) -> str:
        """With weights the batch is a weighted mean."""
        return (
            self.formula if self.class_weights == "none" else "L = Σ −w[right]·z[right class] / Σ w[right], z = log p"
        )

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The number of the right class; one number for each class is needed."""
        form = scores_form(spec, output, "negative log-likelihood")
        self.check_weights(spec)
        return form

    def check_end(self, ends_in: str) -> None:
        """Other numbers than logarithms of probabilities would fall without end."""
        if ends_in not in ("LogSoftmax", "Softmax"):
            raise ShapeError(
                "does not read a Log-softmax, and negative log-likelihood needs the logarithms it gives: "
                "put one before it, or choose cross-entropy as the loss, which does both"
            )

    def expression(self, given: Given) -> str:
        """F.nll_loss; probabilities (of a Softmax that was drawn) go through the logarithm first."""
        return call("F.nll_loss", self._logs(given), "target", *self.weight_argument())

    def position_expression(self, given: Given, axis: int) -> str:
        """Every place counts alike; -1 does not count."""
        answer, target = first_last(self._logs(given), axis)
        return call("F.nll_loss", answer, target, *self.weight_argument(), "ignore_index=-1")

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """Minus the number of the right class."""
        if given == "probabilities" or spot.prediction.ndim != 1:
            return None
        found = float(spot.prediction[int(spot.target)])
        notes: tuple[str, ...] = ()
        if self.factors:
            weight = words.number(self.factors[int(spot.target)])
            notes = (f"In the mean over the batch this sample counts {weight} times: the weight of its class.",)
        return spot.loss_formula(self.formula, f" = −({words.number(found)})", -found, notes=notes)

    def _logs(self, given: Given) -> str:
        return "torch.log(prediction.clamp_min(1e-12))" if given == "probabilities" else "prediction"


@LOSSES.register("kl-div")
@dataclass(frozen=True)
class KLDivergence(Loss):
    """How far the answer's shares are from the true ones, when the truth itself is made of shares that add up to 1.

    It turns scores into shares itself, as cross-entropy does. With one right class it is cross-entropy.
    """

    title = "Kullback–Leibler divergence"
    scores_are = "logits"
    formula = "L = Σ y · log(y / p)"

    reads_shares = True

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """A share for each class or value, in a row of at least two."""
        form = numbers_form(spec, output, "the Kullback–Leibler divergence")
        if len(output) != 1 or output[0] < 2:
            raise ShapeError("needs a row of at least two shares to compare: choose mean squared error as the loss")
        return form

    def check_end(self, ends_in: str) -> None:
        """Shares add up to 1."""
        needs_shares(ends_in, "the Kullback–Leibler divergence")

    def expression(self, given: Given) -> str:
        """F.kl_div, the mean over samples."""
        logs = "F.log_softmax(prediction, 1)"
        if given == "probabilities":
            logs = "torch.log(prediction.clamp_min(1e-12))"
        return f'F.kl_div({logs}, target, reduction="batchmean")'


@LOSSES.register("poisson-nll")
@dataclass(frozen=True)
class PoissonNLL(Loss):
    """For counts: how probable the true count is, if the answer is the count to be expected.

    A miss by 5 matters much at 10 and little at 1000. The answer must be above 0, so end in a Softplus; numbers
    below 0 are taken for 0. The counts themselves must not be standardised.
    """

    title = "Poisson likelihood"
    formula = "L = mean (ŷ − y·log ŷ)"
    tier = 3

    log_input: bool = param(
        False, "The answer is the logarithm of the expected count: any number will do, and no Softplus is needed."
    )
    full: bool = param(
        False, "Add Stirling's estimate of what the true count adds, which changes no gradient.", advanced=True
    )
    eps: float = param(
        1e-8, "Kept away from the logarithm of 0.", low=1e-12, high=1.0, log=True, label="Epsilon", advanced=True
    )

    @property
    def rule(self) -> str:
        """From the count or from its logarithm."""
        rest = " + y·log y − y + ½·log(2π·y)" if self.full else ""
        return f"L = mean (e^ŷ − y·ŷ{rest})" if self.log_input else f"L = mean (ŷ − y·log ŷ{rest})"

    def values_expression(self, width: int) -> str:
        """The expected counts."""
        return "prediction.exp()" if self.log_input else ""

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The counts."""
        return row_of_values(spec, output, "the Poisson likelihood")

    def expression(self, given: Given) -> str:
        """F.poisson_nll_loss of the expected counts themselves, or of their logarithms."""
        more = [*(["full=True"] if self.full else []), *([f"eps={self.eps!r}"] if self.eps != 1e-8 else [])]
        if self.log_input:
            return f"F.poisson_nll_loss({', '.join(('prediction', 'target', *more))})"
        return f"F.poisson_nll_loss({', '.join(('prediction.clamp_min(0)', 'target', 'log_input=False', *more))})"


@LOSSES.register("gaussian-nll")
@dataclass(frozen=True)
class GaussianNLL(Loss):
    """For values with a doubt: the network says of each value what it is, and how unsure it is of that.

    It answers two numbers for each value to predict: first all the values, then the logarithms of their variances, so
    that any number will do. Where the data scatter, a wide answer costs less than a wrong one. R² is that of the values.
    """

    title = "Gaussian likelihood"
    formula = "L = mean ½·(log σ² + (ŷ − y)² / σ²)"
    tier = 3

    full: bool = param(False, "Add ½·log 2π, which changes no gradient.", advanced=True)
    eps: float = param(
        1e-6, "The smallest variance that counts.", low=1e-12, high=1.0, log=True, label="Epsilon", advanced=True
    )

    @property
    def rule(self) -> str:
        """With the constant, if it is added."""
        return self.formula.replace(")² / σ²)", ")² / σ² + log 2π)") if self.full else self.formula

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The values; twice as many numbers are needed."""
        if spec.task != "values" or len(spec.own_shape) != 1:
            raise ShapeError(
                "is not compared with a row of values, and the Gaussian likelihood is for those: "
                "choose Automatic as the loss"
            )
        if output != (2 * spec.width,):
            raise ShapeError(
                f"gets {shape_text(output)}, and the data need {2 * spec.width} numbers a sample: each value to predict, "
                "then the logarithm of each one's variance"
            )
        return "values"

    @classmethod
    def numbers(cls, spec: Target) -> int:
        """Each value, and the logarithm of its variance."""
        return 2 * spec.width

    def values_expression(self, width: int) -> str:
        """The first half."""
        return f"prediction[:, :{width}]"

    def expression(self, given: Given) -> str:
        """The arithmetic of F.gaussian_nll_loss, which looks at every variance and cannot be captured for that."""
        return f"""(
        0.5
        * (
            torch.log(variance := prediction.chunk(2, 1)[1].exp().clamp_min({self.eps!r}))
            + (prediction.chunk(2, 1)[0] - target) ** 2 / variance
        )
    ).mean(){" + 0.9189385332046727" if self.full else ""}"""

    def explain_forward(self, spot: LossSpot, given: Given) -> Formula | None:
        """The variance and the squared miss, for each value."""
        said, logs = np.split(spot.prediction.ravel(), 2)
        truth, variance = spot.target.ravel(), np.maximum(np.exp(logs), self.eps)
        each = 0.5 * (np.log(variance) + (said - truth) ** 2 / variance + (log(2 * pi) if self.full else 0.0))
        more = f" + {words.number(log(2 * pi))}" if self.full else ""
        parts = [
            f"½·(log {words.number(v)} + ({words.number(s)} − {signed(t)})² / {words.number(v)}{more})"
            for v, s, t in zip(variance.tolist()[:2], said.tolist(), truth.tolist(), strict=False)
        ]
        dots = " + …" if len(each) > 2 else ""
        line = f" = {parts[0]}" if len(each) == 1 else f" = ({' + '.join(parts)}{dots}) / {words.count(len(each))}"
        v, z = words.number(float(variance[0])), words.number(float(logs[0]))
        return spot.loss_formula(self.rule, line, float(each.mean()), notes=(f"σ² = {v} = e^({z})",))
