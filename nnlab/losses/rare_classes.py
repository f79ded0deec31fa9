"""Losses for what is rare: few pixels of a mask, few samples of a class."""

from dataclasses import dataclass

from nnlab.core import words
from nnlab.core.arithmetic.answers import first_last, needs_shares, scores_form
from nnlab.core.arithmetic.class_weights import ClassWeights
from nnlab.core.dataset import Target
from nnlab.core.layer import Shape
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, class_axis, has_positions
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LOSSES.register("dice")
@dataclass(frozen=True)
class Dice(Loss):
    """How badly the drawn mask and the true one overlap: 0 when they are the same, near 1 when they miss each other.

    Small things in a large picture count as much as large ones, which cross-entropy would nearly overlook.
    """

    title = "Dice (overlap)"
    scores_are = "logits"
    formula = "L = 1 − (2·Σ p·y + 1) / (Σ p + Σ y + 1)"
    tier = 3

    smooth: float = param(
        1.0,
        "Added above and below: keeps empty masks apart from wrong ones.",
        low=1e-6,
        high=65_536,
        log=True,
        advanced=True,
    )

    @property
    def rule(self) -> str:
        """With the number that is added."""
        return self.formula.replace(" + 1)", f" + {words.number(self.smooth)})")

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """A mask of 0 and 1, or a class at each place."""
        if not has_positions(spec):
            raise ShapeError(
                "is not compared with a class at each place, and the Dice loss is for that: choose cross-entropy as the loss"
            )
        if spec.width == 2 and output in ((1, *spec.own_shape), (*spec.own_shape, 1)):
            return "column"
        class_axis(spec, output)
        return "positions"

    def expression(self, given: Given) -> str:
        """The overlap of each sample's mask, and the mean over samples; 1 more above and below keeps empty masks apart."""
        p = ("prediction" if given == "probabilities" else "torch.sigmoid(prediction)") + ".flatten(1)"
        y = "target.flatten(1)"
        s = self._added
        return f"(1 - (2 * ({p} * {y}).sum(1) + {s}) / ({p}.sum(1) + {y}.sum(1) + {s})).mean()"

    def position_expression(self, given: Given, axis: int) -> str:
        """The same for each class, and the mean over classes; places with -1 are left out."""
        scores = "prediction" if axis == 1 else "prediction.movedim(-1, 1)"
        p = (scores if given == "probabilities" else f"torch.softmax({scores}, 1)") + ".flatten(2)"
        counts = "(target >= 0).flatten(1).unsqueeze(1)"
        classes = f"torch.arange({scores}.shape[1], device=target.device).unsqueeze(1)"
        y = f"(target.flatten(1).unsqueeze(1) == {classes})"
        s = self._added
        return f"(1 - (2 * ({p} * {y}).sum(2) + {s}) / (({p} * {counts}).sum(2) + {y}.sum(2) + {s})).mean()"

    @property
    def _added(self) -> str:
        return f"{int(self.smooth) if self.smooth.is_integer() else self.smooth!r}"


@LOSSES.register("focal")
@dataclass(frozen=True)
class Focal(ClassWeights):
    """Cross-entropy that looks away from what is easy: samples it is already sure of hardly count.

    Useful where one class is rare: the many easy samples of the other do not drown it. The weights of the classes
    are what its authors call α; the mean is over samples, whatever they weigh.
    """

    title = "Focal"
    scores_are = "logits"
    formula = "L = −(1 − p)^γ · log p(right class)"
    tier = 3

    gamma: float = param(2.0, "How strongly it looks away; 0 is cross-entropy.", low=0.0, high=100.0, label="Focus (γ)")

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The number of the right class, of the sample or at each place."""
        form = scores_form(spec, output, "the focal loss")
        self.check_weights(spec)
        return form

    def check_end(self, ends_in: str) -> None:
        """The probability of the right class is one of shares."""
        needs_shares(ends_in, "the focal loss")

    def expression(self, given: Given) -> str:
        """From the cross-entropy of each sample, which is minus the logarithm of its p."""
        whole = self._whole("target", self._each("prediction", "target", given, ""))
        return f"({whole}).mean()"

    def position_expression(self, given: Given, axis: int) -> str:
        """The mean over the places that count."""
        answer, target = first_last("prediction", axis)
        whole = self._whole(target, self._each(answer, target, given, ", ignore_index=-1"))
        return f"({whole}).sum() / (target >= 0).sum()"

    def _whole(self, target: str, each: str) -> str:
        if not self.factors:
            return f"(1 - torch.exp(-{each})) ** {self.gamma!r} * {each}"
        return f"""
        {self.weight_tensor()}[{target}]
        * (1 - torch.exp(-(each := {each}))) ** {self.gamma!r}
        * each
    """

    @property
    def rule(self) -> str:
        """With the weight of the class before it."""
        return self.formula if self.class_weights == "none" else "L = −α[right]·(1 − p)^γ · log p(right class)"

    def _each(self, answer: str, target: str, given: Given, more: str) -> str:
        if given == "probabilities":
            return f'F.nll_loss(torch.log({answer}.clamp_min(1e-12)), {target}{more}, reduction="none")'
        return f'F.cross_entropy({answer}, {target}{more}, reduction="none")'
