"""The Loss contract: which targets it takes and the expression it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.core.layer import Shape, shape_text
from nnlab.core.param import Settings
from nnlab.errors import ShapeError
from nnlab.registry import Registry

if TYPE_CHECKING:
    from nnlab.core.formula import Formula, LossSpot

Given = Literal["scores", "probabilities"]
"""What the drawn network ends in: raw scores (logits), or a Softmax or Sigmoid that the user drew."""

TargetForm = Literal["index", "column", "one-hot", "values", "positions", "sequence"]
"""index: int64 (N,). column: float32 (N, 1), or (N, 1, H, W), of 0 and 1. one-hot: float32 (N, classes).
values: float32 (N, *shape). positions: int64 (N, *shape), with -1 where the class does not count.
sequence: int64 (N, places) with -1 behind the end, and an answer of its own length."""
WHOLE_NUMBERS: tuple[TargetForm, ...] = ("index", "positions", "sequence")
"""Forms of targets that are the numbers of classes."""


@dataclass(frozen=True)
class Loss(Settings):
    """One way to measure how wrong the network is. The class docstring is the help text users read."""

    title: ClassVar[str] = ""
    formula: ClassVar[str] = ""
    tier: ClassVar[int] = 2
    """1 for those a beginner needs, which stand first in lists; 3 for rare ones."""

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """How the targets must look for this output; ShapeError with a remedy if loss, target and output do not fit."""
        raise NotImplementedError

    @property
    def rule(self) -> str:
        """The formula, with what the settings add to it."""
        return self.formula

    @classmethod
    def numbers(cls, spec: Target) -> int:
        """How many numbers the network gives for a row of values, or for a class."""
        return spec.width

    def values_expression(self, width: int) -> str:
        """What the answer says of `width` values to predict, as torch code over `prediction`; empty: the answer itself."""
        return ""

    scores_are: ClassVar[Literal["numbers", "logits", "margins"]] = "numbers"
    """What plain scores of classes mean: themselves, beside 0 and 1; logits, of which a sigmoid or softmax makes
    probabilities; margins, of which the sign or the largest decides."""
    is_of_places: ClassVar[bool] = False
    """The answer is a place for each sample, near those of its class, and not a score for each class."""

    @property
    def learns_from_counts(self) -> bool:
        """Whether `fitted` makes a difference."""
        return False

    def fitted(self, counts: Sequence[int]) -> Self:
        """The same with what it takes from the training part put in: how many samples, or places, each class has there."""
        return self

    reads_shares: ClassVar[bool] = False
    """A Softmax or Sigmoid at the end gives probabilities for values, too, and not only for classes."""

    def check_end(self, ends_in: str) -> None:
        """ShapeError with a remedy if the network ends in a kind of layer whose numbers it cannot take."""

    def position_expression(self, given: Given, axis: int) -> str:
        """The same for a class at each position or pixel, with the scores along `axis` (1 or -1); -1 does not count."""
        raise NotImplementedError

    def expression(self, given: Given) -> str:
        """The loss as torch code over `prediction` and `target`, which uses only torch and F (torch.nn.functional)."""
        raise NotImplementedError

    def explain_forward(self, spot: "LossSpot", given: Given) -> "Formula | None":
        """How one sample's loss came about, with its numbers; None leaves it to a general sentence."""
        return None

    def explain_backward(self, spot: "LossSpot", given: Given) -> "Formula | None":
        """How the loss of the batch changes with one number of one sample's answer."""
        return None


LOSSES: Registry[type[Loss]] = Registry("nnlab.losses", "loss")
AUTO = "auto"
"""In the place of a loss: the one that suits answer and data."""


def loss_id(chosen: str | Loss) -> str:
    """The id of what was chosen as the loss: "auto", an id, or a loss with settings of its own."""
    return chosen if isinstance(chosen, str) else LOSSES.id_of(chosen)


def answer_width(spec: Target, output: Shape) -> int:
    """How many numbers the network answers with, if that fits the target; ShapeError with a remedy if not."""
    if spec.task == "values" and spec.shape is not None and len(spec.shape) != 1:
        if output != spec.shape:
            raise ShapeError(f"gets {shape_text(output)}, and its target is {shape_text(spec.shape)}: make them equal")
        return spec.width
    what = "class" if spec.task == "classes" else "value"
    wanted = f"{spec.width} (one for each {what})" if spec.width > 1 else "1"
    if spec.task == "classes" and spec.width == 2:
        wanted += " or 1 (yes or no)"
    if len(output) != 1:
        first = "take its last step, or pool it over time or over its nodes, or " if len(output) == 2 else ""
        raise ShapeError(
            f"gets {shape_text(output)}, and needs one row of numbers: "
            f"{first}put a Flatten and a Linear with units {wanted} before it"
        )
    (width,) = output
    if width != spec.width and not (width == 1 and spec.task == "classes" and spec.width == 2):
        numbers = words.plural(width, "number")
        raise ShapeError(
            f"gets {numbers} a sample, and the data need {wanted}: set the units of the last Linear to that"
        )
    return width


def has_positions(spec: Target) -> bool:
    """Whether there is a class for each position of a sequence or pixel of a picture, and not one for the sample."""
    return spec.task == "classes" and spec.own_shape != ()


def class_axis(spec: Target, output: Shape) -> int:
    """Where the scores of the classes lie when there is a class for each position: 1 or -1. ShapeError if they do not fit.

    Sequences may have them last, (T, C); pictures, as convolutions make them, first: (C, H, W).
    """
    places = spec.own_shape
    if len(places) == 1 and output == (*places, spec.width):
        return -1
    if output == (spec.width, *places):
        return 1
    wanted = (*places, spec.width) if len(places) == 1 else (spec.width, *places)
    raise ShapeError(f"gets {shape_text(output)}, and needs a score for each class at each place: {shape_text(wanted)}")
