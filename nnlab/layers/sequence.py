"""What becomes of a sequence: one row of it, or the same in the other order."""

from dataclasses import dataclass
from math import prod

from nnlab.core import words
from nnlab.core.arithmetic.sequences import check_mask, pooled_rows, sequence
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, MISSING, Layer, Port, Shape, Support, TorchCode
from nnlab.core.param import param

REVERSED = Support(
    "reversed_steps",
    '''\
def reversed_steps(x, mask):
    """The steps that are not masked in the opposite order; those that are masked stay where they are."""
    keep = (~mask).long()
    places = mask.int().argsort(dim=1, stable=True)  # of the steps that count, then of the others
    rank = (keep.sum(1, keepdim=True) - keep.cumsum(1)).clamp(min=0)
    source = torch.where(mask, torch.arange(x.shape[1], device=x.device), places.gather(1, rank))
    return x.gather(1, source.unsqueeze(-1).expand_as(x))
''',
)


@LAYERS.register("SequencePool")
@dataclass(frozen=True)
class SequencePool(Layer):
    """Makes one row of a whole sequence: the mean or largest of each feature over time, or the first or last step.

    It is how a sentence of any length becomes an answer of one size. With a mask, padding does not count.
    """

    title = "Pool over time"
    category = "Pooling"
    tier = 2
    formula = "y = mean (max, first, last) of x over time, without what is masked"
    inputs = (Port("in"), Port("mask", "m", optional=True))
    fits = (((7, 3), MISSING), ((7, 3), (7,)), ((1, 5), (1,)))

    mode: str = param(
        "mean",
        "What is made of the steps: their mean, the largest of each feature, the first, or the last.",
        choices={"mean": "Mean", "max": "Largest", "first": "First", "last": "Last"},
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """One row of features."""
        length, width = sequence(shapes[0])
        check_mask(shapes[1], length, "mask")
        return (width,)

    def flops(self, *shapes: Shape) -> int:
        """One sum or comparison per number."""
        return prod(shapes[0]) if self.mode in ("mean", "max") else 0

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A reduction over time, or a step of it."""
        return pooled_rows(self.mode, shapes[1])

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The numbers of one feature over time."""
        if len(spot.inputs) > 1:
            return None
        seen = spot.inputs[0][:, spot.place[0]]
        made = {"mean": seen.mean(), "max": seen.max(), "first": seen[0], "last": seen[-1]}[self.mode]
        said = {"mean": "mean", "max": "largest", "first": "first", "last": "last"}[self.mode]
        line = f" = {said} of the {words.plural(len(seen), 'step')} of feature {spot.place[0] + 1}"
        return spot.output_formula(self.formula, line, float(made))

    def summary(self) -> str:
        """What is made of the steps."""
        return self.mode


@LAYERS.register("LastStep")
@dataclass(frozen=True)
class LastStep(Layer):
    """Takes the last step of a sequence and forgets the others; with a mask, the last that is not padding.

    After a recurrent layer that step has seen all the others. Its port for the last step gives the same, unless there
    is padding at the end.
    """

    title = "Last step"
    category = "Recurrent"
    tier = 2
    formula = "y = x of the last step that is not masked"
    inputs = (Port("in"), Port("mask", "m", optional=True))
    fits = (((7, 3), MISSING), ((7, 3), (7,)), ((1, 5), (1,)))

    def output_shape(self, *shapes: Shape) -> Shape:
        """One row of features."""
        length, width = sequence(shapes[0])
        check_mask(shapes[1], length, "mask")
        return (width,)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The step."""
        return pooled_rows("last", shapes[1])


@LAYERS.register("Reverse")
@dataclass(frozen=True)
class Reverse(Layer):
    """Turns the order of the steps round: the last comes first. With a mask, padding stays where it is.

    Before and after a recurrent layer it makes a layer that reads from right to left.
    """

    title = "Reverse"
    category = "Recurrent"
    tier = 2
    formula = "y_t = x of step T − t + 1"
    inputs = (Port("in"), Port("mask", "m", optional=True))
    fits = (((7, 3), MISSING), ((7, 3), (7,)), ((1, 5), (1,)))

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        length, _ = sequence(shapes[0])
        check_mask(shapes[1], length, "mask")
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A flip along time."""
        if shapes[1] == MISSING:
            return TorchCode("{0}.flip(1)")
        return TorchCode(f"{REVERSED.name}({{0}}, {{1}})", support=(REVERSED,))
