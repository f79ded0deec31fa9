"""Upsampling without weights."""

from dataclasses import dataclass
from math import floor, prod

from nnlab.core import words
from nnlab.core.arithmetic.module_call import module_call
from nnlab.core.arithmetic.windows import NOUNS, Size, by, per_axis
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
"""torch's word for straight lines between the numbers, by the axes of space."""
COST = {"nearest": 0, "linear": 3, "bicubic": 32}
"""Operations for each number that comes out, counted per axis for straight lines."""


@LAYERS.register("Upsample")
@dataclass(frozen=True)
class Upsample(Layer):
    """Makes a signal, a picture or a volume larger without learning anything: it copies or blends neighbours.

    Followed by a convolution it does what a transposed convolution does, without a chequered pattern.
    """

    title = "Upsample"
    category = "Convolution"
    tier = 2
    formula = "y = x, each number as often as the factor says, or blended"

    scale_factor: float = param(2.0, "How many times as large.", low=0.01, high=64.0, label="Factor")
    size: Size | None = param(
        None,
        "The size to come to, in place of the factor; left empty, the factor counts.",
        kind="size",
        low=1,
        high=4096,
        optional=True,
        advanced=True,
    )
    mode: str = param(
        "nearest",
        "How numbers between are found: the nearest copied, a straight line, or a curve (pictures alone).",
        choices={"nearest": "Nearest", "linear": "Straight line", "bicubic": "Curve"},
    )
    align_corners: bool = param(
        False, "Put the outermost numbers exactly onto the corners; not for nearest.", advanced=True
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Sizes times the factor, rounded down; or the size that is asked for."""
        (shape,) = shapes
        axes = len(shape) - 1
        if axes not in LINEAR:
            raise ShapeError(
                f"needs a signal, a picture or a volume, and gets {shape_text(shape)}: put it before any Flatten or Linear"
            )
        if self.mode == "bicubic" and axes != 2:
            raise ShapeError(f"can draw curves between numbers only in pictures, not in a {NOUNS[axes]}: use nearest")
        if self.align_corners and self.mode == "nearest":
            raise ShapeError(
                "cannot align corners where it copies the nearest number: turn that off, or use a straight line"
            )
        if isinstance(self.size, tuple) and len(self.size) != axes:
            raise ShapeError(f"is given {len(self.size)} sizes for a {NOUNS[axes]}: give one number, or {axes}")
        if self.size is not None:
            return (shape[0], *per_axis(self.size, axes))
        made = tuple(floor(n * self.scale_factor) for n in shape[1:])
        if min(made) < 1:
            raise ShapeError(f"would leave nothing of a {NOUNS[axes]} of {by(shape[1:], axes)}: make the factor larger")
        return (shape[0], *made)

    def flops(self, *shapes: Shape) -> int:
        """Nothing for copies; a few operations per number that comes out where they are blended."""
        axes = len(shapes[0]) - 1 if self.mode == "linear" else 1
        return COST[self.mode] * axes * prod(self.output_shape(*shapes))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Upsample, with torch's word for the mode."""
        mode = LINEAR.get(len(shapes[0]) - 1, "linear") if self.mode == "linear" else self.mode
        whole = self.scale_factor == int(self.scale_factor)
        factor = int(self.scale_factor) if whole else self.scale_factor
        call = module_call(
            self,
            size=(self.size, None),
            scale_factor=(factor if self.size is None else None, None),
            mode=(mode, "nearest"),
            align_corners=(self.align_corners, False),
        )
        return TorchCode("{self}({0})", call)

    def summary(self) -> str:
        """The factor or the size."""
        if self.size is None:
            return f"×{words.number(self.scale_factor)}"
        return f"to {self.size if isinstance(self.size, int) else by(self.size, len(self.size))}"
