"""Bringing one input to the size of another."""

from dataclasses import dataclass
from math import prod

from nnlab.core.arithmetic.axes import listed
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

SMOOTH = {2: "linear", 3: "bilinear", 4: "trilinear"}  # torch's words, by the axes of a sample


@LAYERS.register("ResizeTo")
@dataclass(frozen=True)
class ResizeTo(Layer):
    """Brings a picture or signal to the size of the one at its second input; the channels stay as they are.

    Two ways through a network often end a pixel apart: put it on one of them, and they can be added or joined again.
    """

    title = "Resize to match"
    category = "Merge and reshape"
    tier = 3
    formula = "y = x, as large as the other"
    inputs = (Port("in"), Port("like"))
    fits = (((2, 5, 5), (3, 8, 6)), ((4, 7), (1, 9)), ((1, 3, 4, 4), (2, 2, 5, 5)))

    mode: str = param(
        "nearest",
        "How: repeat the nearest number, draw straight lines between them, or cut off and fill up with zeros.",
        choices={"nearest": "Repeat the nearest", "linear": "In between", "crop": "Cut off or fill up"},
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Own channels, the other's sizes."""
        shape, like = shapes
        if len(shape) != len(like) or not 2 <= len(shape) <= 4:
            raise ShapeError(
                f"needs two pictures or two signals, and gets {shape_text(shape)} and {shape_text(like)}: "
                "put it before any Flatten, and give both the same number of axes"
            )
        return (shape[0], *like[1:])

    def flops(self, *shapes: Shape) -> int:
        """A weighted mean of the corners around each number, where there is one."""
        return 2 ** len(shapes[0]) * prod(self.output_shape(*shapes)) if self.mode == "linear" else 0

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """F.interpolate, or F.pad with the borders that are missing or too much."""
        shape, like = shapes
        if self.mode == "crop":
            sides: list[int] = []
            for own, other in zip(reversed(shape[1:]), reversed(like[1:]), strict=True):
                before = int((other - own) / 2)  # an odd one more goes behind
                sides += [before, other - own - before]
            return TorchCode(f"F.pad({{0}}, ({listed(sides)}))")
        mode = "" if self.mode == "nearest" else f', mode="{SMOOTH[len(shape)]}"'
        return TorchCode(f"F.interpolate({{0}}, size={{1}}.shape[2:]{mode})")

    def summary(self) -> str:
        """How."""
        return {"nearest": "nearest", "linear": "in between", "crop": "crop or fill"}[self.mode]
