"""Losses of places: the network lays each sample somewhere, near others of its class and far from the rest."""

from dataclasses import dataclass
from typing import ClassVar

from nnlab.core import words
from nnlab.core.dataset import Target
from nnlab.core.layer import Shape, shape_text
from nnlab.core.loss import LOSSES, Given, Loss, TargetForm, has_positions
from nnlab.core.param import param
from nnlab.errors import ShapeError

ALIKE = "alike := target.unsqueeze(1) == target"
APART = 'apart := torch.cdist(prediction, prediction, compute_mode="donot_use_mm_for_euclid_dist")'
"""The distance of every sample of the batch to every other, without the rounding of torch's faster way."""


@dataclass(frozen=True)
class PlaceLoss(Loss):
    """A loss of the distances between the samples of a batch; which belong together follows from their classes."""

    is_of_places: ClassVar[bool] = True

    def target_form(self, spec: Target, output: Shape) -> TargetForm:
        """The number of the class; the answer is one row of as many numbers as are wanted."""
        loss = f"the {type(self).title.lower()} loss"
        if spec.task != "classes":
            raise ShapeError(f"gives values, and {loss} is for classes: choose mean squared error as the loss")
        if has_positions(spec):
            raise ShapeError(f"has a class at each place, and {loss} is for one: choose cross-entropy as the loss")
        if len(output) != 1:
            raise ShapeError(
                f"gets {shape_text(output)}, and {loss} needs one row of numbers for each sample: "
                "put a Flatten and a Linear before it"
            )
        return "index"


@LOSSES.register("triplet")
@dataclass(frozen=True)
class Triplet(PlaceLoss):
    """Lays each sample nearer to those of its own class than to any other, by a margin.

    Of each batch it takes the hardest: the farthest sample of the same class and the nearest of another (Hermans and
    others, In Defense of the Triplet Loss, 2017). A sample that is alone of its class in the batch is only kept away
    from the others, so batches should be large beside the number of classes. The answer has as many numbers as
    are wanted; the figure beside the loss is the share of samples whose nearest neighbour is of their class.
    """

    title = "Triplet"
    formula = "L = mean max(0, margin + d(farthest alike) − d(nearest other))"
    tier = 2

    margin: float = param(1.0, "How much nearer its own class must be.", low=1e-6, high=65_536, log=True)

    @property
    def rule(self) -> str:
        """With the margin that is set."""
        return f"L = mean max(0, {words.number(self.margin)} + d(farthest alike) − d(nearest other))"

    def expression(self, given: Given) -> str:
        """Over all samples of the batch; without any other class there is nothing to keep away from, and it is 0."""
        return f"""torch.relu(
        {self.margin!r}
        + torch.where(
            {ALIKE},
            {APART},
            0.0,
        ).amax(1)
        - torch.where(alike, torch.inf, apart).amin(1)
    ).mean()"""


@LOSSES.register("contrastive")
@dataclass(frozen=True)
class Contrastive(PlaceLoss):
    """Pulls every two samples of one class together, and pushes two of different classes apart up to a margin.

    It is the mean over all pairs of the batch (Hadsell, Chopra and LeCun, Dimensionality Reduction by Learning an
    Invariant Mapping, 2006). The answer has as many numbers as are wanted; the figure beside the loss is the share of
    samples whose nearest neighbour is of their class.
    """

    title = "Contrastive"
    formula = "L = mean over pairs of ½·d² if alike, else ½·max(0, margin − d)²"
    tier = 3

    margin: float = param(1.0, "How far apart two of different classes should be.", low=1e-6, high=65_536, log=True)

    @property
    def rule(self) -> str:
        """With the margin that is set."""
        return f"L = mean over pairs of ½·d² if alike, else ½·max(0, {words.number(self.margin)} − d)²"

    def expression(self, given: Given) -> str:
        """Over all pairs; a sample and itself add nothing, and a batch of one has no pair."""
        return f"""0.5 * torch.where(
        target.unsqueeze(1) == target,
        {APART},
        torch.relu({self.margin!r} - apart),
    ).square().sum() / (len(target) * max(1, len(target) - 1))"""
