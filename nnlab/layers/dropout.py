"""Dropout."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from nnlab.core import words
from nnlab.core.arithmetic.windows import spaced
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("Dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """While training, makes a random share of the numbers 0, and the others larger to make up for it.

    No unit can rely on one other unit alone, which helps against overfitting. It does nothing once training is over.
    In signals, pictures and films neighbours are so alike that dropping single numbers hides little: there whole
    channels can be dropped instead.
    """

    title = "Dropout"
    category = "Regularisation"
    formula = "y = x · mask / (1 − p)"

    p: float = param(0.5, "Share of the numbers that are made 0.", low=0.0, high=1.0, label="Share dropped")
    channels: bool = param(
        False,
        "Drop whole channels of a signal, a picture or a film; in rows of numbers, single numbers all the same.",
        label="Whole channels",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A mask and a scale per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Dropout; for whole channels the one of torch's for this many axes."""
        axes = len(shapes[0]) - 1
        return TorchCode.of_module(
            f"nn.Dropout{axes}d" if self.channels and axes in (1, 2, 3) else "nn.Dropout", self.p
        )

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Kept and enlarged, or dropped; outside training, the number itself."""
        x = float(spot.inputs[0][spot.place])
        if spot.batch is None:
            return spot.output_formula(self.formula, f" = {words.number(x)} (it drops nothing outside training)", x)
        if self.p == 1:
            return spot.output_formula(self.formula, ": everything is dropped", 0.0)
        if self._drops(spot):
            return spot.output_formula(self.formula, f" = {words.number(x)}·0 / {self._kept()}: dropped this time", 0.0)
        return spot.output_formula(self.formula, f" = {words.number(x)}·1 / {self._kept()}", x / (1 - self.p))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The same mask again."""
        if self.p == 1:
            return (spot.passes("∂L/∂x = 0", ": everything was dropped", 0.0),)
        mask = 0 if self._drops(spot) else 1
        line = f" = {words.number(spot.delta)}·{mask} / {self._kept()}"
        passed = spot.delta / (1 - self.p) if mask else 0.0
        return (spot.passes("∂L/∂x = δ · mask / (1 − p)", line, passed),)

    def _drops(self, spot: Spot) -> bool:
        # an input of exactly 0 stays 0 either way: nobody can see whether it was dropped
        return spot.value == 0 and float(spot.inputs[0][spot.place]) != 0

    def _kept(self) -> str:
        return words.number(1 - self.p)

    def summary(self) -> str:
        """The share, and whether it is of channels."""
        return f"{self.p:.3g}{' of channels' if self.channels else ''}"


@dataclass(frozen=True)
class _ChannelDropout(Layer):
    """What the channel dropouts share; each says how many axes its samples have."""

    category = "Regularisation"
    tier = 2
    formula = "y = x · mask / (1 − p), one mask for a whole channel"
    axes: ClassVar[int] = 2

    p: float = param(0.5, "Share of the channels that are made 0.", low=0.0, high=1.0, label="Share dropped")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        spaced(shapes[0], self.axes)
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A mask and a scale per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        return TorchCode.of_module(f"nn.Dropout{self.axes}d", self.p)

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Kept and enlarged, or dropped; outside training, the number itself."""
        x = float(spot.inputs[0][spot.place])
        if spot.batch is None:
            return spot.output_formula(self.formula, f" = {words.number(x)} (it drops nothing outside training)", x)
        if self.p == 1 or (x != 0 and spot.value == 0):
            return spot.output_formula(self.formula, ": the whole channel is dropped this time", 0.0)
        return spot.output_formula(
            self.formula, f" = {words.number(x)}·1 / {words.number(1 - self.p)}", x / (1 - self.p)
        )

    def summary(self) -> str:
        """The share."""
        return f"{self.p:.3g}"


@LAYERS.register("Dropout2d")
@dataclass(frozen=True)
class Dropout2d(_ChannelDropout):
    """While training, makes whole channels of a picture 0 at random, and the others larger to make up for it.

    Neighbouring pixels are so alike that dropping single ones hides little; a whole map is missed.
    """

    title = "Channel dropout 2-D"
    fits = (((3, 8, 8),), ((1, 5, 6),))


@LAYERS.register("Dropout1d")
@dataclass(frozen=True)
class Dropout1d(_ChannelDropout):
    """While training, makes whole channels of a signal 0 at random, and the others larger to make up for it."""

    title = "Channel dropout 1-D"
    axes = 1
    fits = (((3, 16),), ((1, 9),))


@LAYERS.register("Dropout3d")
@dataclass(frozen=True)
class Dropout3d(_ChannelDropout):
    """While training, makes whole channels of a volume or film 0 at random, and the others larger to make up for it."""

    title = "Channel dropout 3-D"
    axes = 3
    fits = (((2, 3, 4, 3),), ((1, 2, 2, 2),))


@dataclass(frozen=True)
class _AlphaDropout(Layer):
    """What the two dropouts for SELU share."""

    category = "Regularisation"
    tier = 2
    formula = "y = a · (x or α′) + b, so that mean and spread stay"

    p: float = param(0.5, "Share that is dropped.", low=0.0, high=1.0, label="Share dropped")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A mask, a scale and a shift per number."""
        return 3 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch's module of the same name."""
        return TorchCode.of_module(f"nn.{LAYERS.id_of(self)}", self.p)

    def summary(self) -> str:
        """The share."""
        return f"{self.p:.3g}"


@LAYERS.register("AlphaDropout")
@dataclass(frozen=True)
class AlphaDropout(_AlphaDropout):
    """The dropout that belongs to SELU: it keeps mean and spread of what passes through.

    Dropped numbers become SELU's floor instead of 0. It does nothing once training is over.
    """

    title = "Alpha dropout"


@LAYERS.register("FeatureAlphaDropout")
@dataclass(frozen=True)
class FeatureAlphaDropout(_AlphaDropout):
    """Alpha dropout of whole channels: for SELU in networks for signals and pictures."""

    title = "Channel alpha dropout"
    fits = (((3, 16),), ((3, 8, 8),))

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        (shape,) = shapes
        if len(shape) < 2:
            raise ShapeError(
                f"drops whole channels of signals or pictures, and gets {shape_text(shape)}: put Alpha dropout in its place"
            )
        return shape
