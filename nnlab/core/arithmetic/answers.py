"""What losses ask of an answer: one number for each value, one score for each class, or a class at each place."""

from nnlab.core.dataset import Target
from nnlab.core.layer import LAYERS, Shape
from nnlab.core.loss import TargetForm, answer_width, class_axis, has_positions
from nnlab.errors import ShapeError


def numbers_form(spec: Target, output: Shape, loss: str) -> TargetForm:
    """For losses that compare numbers: the values, or 1 for the right class and 0 for the others."""
    if has_positions(spec):
        raise ShapeError(f"has a class at each place, and {loss} is not for that: choose cross-entropy as the loss")
    width = answer_width(spec, output)
    if spec.task == "values":
        return "values"
    return "one-hot" if width == spec.width else "column"


def scores_form(spec: Target, output: Shape, loss: str, places: bool = True) -> TargetForm:
    """For losses of one score for each class: the number of the right class, of the sample or at each place."""
    if spec.task != "classes":
        raise ShapeError(f"gives values, and {loss} is for classes: choose mean squared error as the loss")
    if has_positions(spec):
        if not places:
            raise ShapeError(f"has a class at each place, and {loss} is for one: choose cross-entropy as the loss")
        class_axis(spec, output)
        return "positions"
    width = answer_width(spec, output)
    if width != spec.width:
        raise ShapeError(
            f"gets {width} number, and {loss} needs one for each class: "
            f"make it {spec.width}, or choose binary cross-entropy as the loss"
        )
    return "index"


def row_of_values(spec: Target, output: Shape, loss: str) -> TargetForm:
    """For losses of a plain row of values."""
    if spec.task != "values" or len(spec.own_shape) != 1:
        raise ShapeError(f"is not compared with a row of values, and {loss} is for those: choose Automatic as the loss")
    answer_width(spec, output)
    return "values"


def yes_or_no(spec: Target, output: Shape, loss: str) -> TargetForm:
    """For losses of one number that stands for yes or no: 1 for the second of two classes."""
    if spec.task != "classes" or spec.width != 2 or has_positions(spec):
        raise ShapeError(f"is not a choice between two classes, and {loss} is for that: choose Automatic as the loss")
    if answer_width(spec, output) != 1:
        raise ShapeError(f"gets 2 numbers a sample, and {loss} needs 1: set the units of the last Linear to that")
    return "column"


def first_last(text: str, axis: int) -> tuple[str, str]:
    """Prediction and target as torch takes them for a class at each place: classes in axis 1, or places in a row."""
    if axis == 1:
        return text, "target"
    return f"{text}.flatten(0, -2)", "target.flatten()"


def needs_shares(ends_in: str, loss: str) -> None:
    """For losses of probabilities that add up to 1: a Sigmoid does not give those."""
    if ends_in == "Sigmoid":
        raise ShapeError(
            f"reads a Sigmoid, which gives every class a probability of its own, and {loss} needs them to add up to 1: "
            "put a Softmax in its place, or choose binary cross-entropy as the loss"
        )


def needs_scores(ends_in: str, loss: str) -> None:
    """For losses of plain scores, which probabilities are not."""
    if ends_in in ("Sigmoid", "Softmax", "LogSoftmax"):
        raise ShapeError(
            f"reads probabilities, and {loss} needs plain scores: remove the {LAYERS[ends_in].title} before it, "
            "or choose Automatic as the loss"
        )
