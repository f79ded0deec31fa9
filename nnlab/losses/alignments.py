"""Losses of rows that come without saying which step belongs to which place."""

from dataclasses import dataclass

from nnlab.core.arithmetic.answers import needs_shares
from nnlab.core.dataset import Target
from nnlab.core.layer import Shape, shape_text
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, has_positions
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LOSSES.register("ctc")
@dataclass(frozen=True)
class CTC(Loss):
    """For a row of classes that is shorter than the row of answers, such as letters in a recording of speech.

    At each step the network scores first "nothing new" (the blank) and then each class; which step says which is left
    to it. All ways to say the right row count together: steps that repeat a class are one, and blanks are dropped
    (Graves and others, Connectionist Temporal Classification, 2006). Places with -1 fill up the end of shorter rows.
    The figure beside the loss is the share of rows that are exactly right when each step says its likeliest.
    """

    title = "CTC"
    formula = "L = −log Σ p(ways that read as the right row) / places"
    tier = 3

    zero_infinity: bool = param(
        True,
        "A row with no way at all, because there are too few steps for it, counts 0 instead of infinity. torch's zero_infinity.",
        label="Skip impossible rows",
    )

    @classmethod
    def numbers(cls, spec: Target) -> int:
        """Each class, and nothing new."""
        return spec.width + 1

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """A row of classes, and at least as many steps with a score more than there are classes."""
        if not has_positions(spec) or len(spec.own_shape) != 1:
            raise ShapeError(
                "is not compared with a row of classes, and CTC is for those: choose Automatic as the loss"
            )
        (places,) = spec.own_shape
        if len(output) != 2 or output[0] < places or output[1] != spec.width + 1:
            raise ShapeError(
                f"gets {shape_text(output)}, and CTC needs {shape_text((places, spec.width + 1))} or more steps: "
                "at each one a score for nothing new, and then one for each class"
            )
        return "sequence"

    def check_end(self, ends_in: str) -> None:
        """What can be said at a step excludes all else."""
        needs_shares(ends_in, "CTC")

    def expression(self, given: Given) -> str:
        """F.ctc_loss, with the blank as the first class; its gradient is that of log_softmax, for shares as well."""
        scores = "torch.log(prediction.clamp_min(1e-12))" if given == "probabilities" else "prediction"
        more = "\n        zero_infinity=True," if self.zero_infinity else ""
        return f"""F.ctc_loss(
        F.log_softmax({scores}, 2).movedim(1, 0),
        target + 1,
        torch.full((len(target),), prediction.shape[1]),
        (target >= 0).sum(1),{more}
    )"""
