"""The same numbers in another order or with other axes; axis 0 is the batch and stays what it is."""

from dataclasses import dataclass
from math import prod

import numpy as np

from nnlab.core import words
from nnlab.core.arithmetic.axes import AXIS_LIMIT, axis, listed, new_axis, numbers
from nnlab.core.formula import Formula, Place, Spot
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

SUMMARY = 24  # characters on a node
ANY_IN, ANY_OUT = (Port("in", "*"),), (Port("out", "*"),)


def _filled(sizes: tuple[int, ...], total: int, what: str) -> Shape:
    """These sizes with -1 replaced by what is left; ShapeError if they cannot hold so many numbers."""
    if sizes.count(-1) > 1 or any(n < 1 and n != -1 for n in sizes):
        raise ShapeError(f"needs sizes of at least 1, and at most one -1 for what is left, and has {listed(sizes)}")
    rest = prod(n for n in sizes if n != -1)
    if total % rest or (-1 not in sizes and rest != total):
        raise ShapeError(
            f"gets {what} of {words.count(total)} numbers, and its sizes {listed(sizes)} take "
            f"{'a multiple of ' if -1 in sizes else ''}{words.count(rest)}: change them, or put -1 for one of them"
        )
    return tuple(total // rest if n == -1 else n for n in sizes)


@dataclass(frozen=True)
class _Rearranged(Layer):
    """What these layers share: nothing is computed, and every number is taken over."""

    category = "Merge and reshape"
    tier = 2
    inputs = ANY_IN
    outputs = ANY_OUT

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Where the number stood before."""
        there = self._origin(spot)
        at = ", ".join(str(k + 1) for k in there)
        return spot.output_formula(self.formula, f", taken over from place {at}", float(spot.inputs[0][there]))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Back to where the number stood."""
        return (spot.passes("∂L/∂x = δ, put back in its place", " = δ", spot.delta, self._origin(spot)),)

    def _origin(self, spot: Spot) -> Place:
        """The order of the numbers is the same, unless a layer says otherwise."""
        flat = np.ravel_multi_index(spot.place, spot.output.shape)
        return tuple(int(k) for k in np.unravel_index(flat, spot.inputs[0].shape))


@LAYERS.register("Reshape")
@dataclass(frozen=True)
class Reshape(_Rearranged):
    """Lays the numbers of a sample out in other rows and columns; their order stays the same.

    A row of 784 numbers becomes a picture with the sizes 1, 28, 28. Write -1 for a size that follows from the others.
    """

    title = "Reshape"
    formula = "y = x, in other sizes"

    shape: str = param("-1", "The sizes of a sample with commas, as 1, 28, 28; -1 is what is left.", label="Sizes")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The sizes that are asked for."""
        return _filled(self._sizes(), prod(shapes[0]), "samples")

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """reshape, the batch kept."""
        return TorchCode(f"{{0}}.reshape({{0}}.shape[0], {listed(self._sizes())})")

    def summary(self) -> str:
        """The sizes."""
        return self.shape[:SUMMARY]

    def _sizes(self) -> tuple[int, ...]:
        return numbers(self.shape, "sizes", "1, 28, 28")


@LAYERS.register("Unflatten")
@dataclass(frozen=True)
class Unflatten(_Rearranged):
    """Makes several axes of one: the opposite of Flatten.

    The end of a decoder is often a row of numbers that has to become small pictures again.
    """

    title = "Unflatten"
    formula = "y = x, one axis as several"

    dim: int = param(1, "Which axis is divided; 1 is the first after the batch.", low=-AXIS_LIMIT, high=AXIS_LIMIT)
    unflattened_size: str = param(
        "1, -1", "The sizes it becomes with commas, as 16, 7, 7; -1 is what is left.", label="Sizes"
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """The axis is replaced by the sizes."""
        (shape,) = shapes
        at = axis(self.dim, shape)
        return (*shape[:at], *_filled(self._sizes(), shape[at], "an axis"), *shape[at + 1 :])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.Unflatten."""
        return TorchCode.of_module("nn.Unflatten", self.dim, self._sizes())

    def summary(self) -> str:
        """The sizes."""
        return self.unflattened_size[:SUMMARY]

    def _sizes(self) -> tuple[int, ...]:
        return numbers(self.unflattened_size, "sizes", "16, 7, 7")


@LAYERS.register("Permute")
@dataclass(frozen=True)
class Permute(_Rearranged):
    """Puts the axes in another order: channels last instead of first, time before features.

    No number changes, only the way to it. The order names the old axes, as 0, 2, 1: the batch stays in front.
    """

    title = "Permute"
    formula = "y = x, axes in another order"
    fits = (((4, 6),), ((1, 5),), ((7, 2),))

    dims: str = param("0, 2, 1", "The old axes in their new order with commas; 0 is the batch.", label="Order")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The sizes in the new order."""
        (shape,) = shapes
        return tuple(shape[k - 1] for k in self._order(shape)[1:])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """permute, with the batch in front."""
        return TorchCode(f"{{0}}.permute({listed(self._order(shapes[0]))})")

    def summary(self) -> str:
        """The order."""
        return self.dims[:SUMMARY]

    def _order(self, shape: Shape) -> tuple[int, ...]:
        """All axes, the batch in front; ShapeError if one is missing or named twice."""
        order = numbers(self.dims, "order", "0, 2, 1")
        count = len(shape) + 1
        order = tuple(k + count if k < 0 else k for k in order)
        order = order if 0 in order else (0, *order)
        natural = listed((0, *range(count - 1, 0, -1)))
        if sorted(order) != list(range(count)):
            raise ShapeError(
                f"puts {words.plural(len(order) - 1, 'axis', 'axes')} in order, and gets {shape_text(shape)} with "
                f"{len(shape)} after the batch: name each of them once, as {natural}"
            )
        if order[0] != 0:
            raise ShapeError(f"would mix the samples of a batch: axis 0 is the batch, keep it in front, as {natural}")
        return order

    def _origin(self, spot: Spot) -> Place:
        order = self._order(spot.inputs[0].shape)[1:]
        there = {old - 1: spot.place[new] for new, old in enumerate(order)}
        return tuple(there[k] for k in range(len(order)))


@LAYERS.register("Transpose")
@dataclass(frozen=True)
class Transpose(_Rearranged):
    """Swaps two axes, as rows and columns of a table: time before features becomes features before time.

    Recurrent layers and attention read steps × features, convolutions over signals channels × steps.
    """

    title = "Transpose"
    formula = "y = x, two axes swapped"
    fits = (((4, 6),), ((2, 5, 5),), ((3, 1, 4),))

    dim0: int = param(1, "One axis; 1 is the first after the batch.", low=-AXIS_LIMIT, high=AXIS_LIMIT, label="Axis")
    dim1: int = param(2, "The axis it changes places with.", low=-AXIS_LIMIT, high=AXIS_LIMIT, label="Other axis")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The two sizes change places."""
        (shape,) = shapes
        if len(shape) == 1 and (self.dim0, self.dim1) == (1, 2):
            raise ShapeError(
                f"needs two axes to swap, and gets {shape_text(shape)}: remove it, or put a Reshape before it"
            )
        swapped, (one, other) = list(shape), self._places(shape)
        swapped[one], swapped[other] = shape[other], shape[one]
        return tuple(swapped)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """transpose."""
        return TorchCode(f"{{0}}.transpose({self.dim0}, {self.dim1})")

    def summary(self) -> str:
        """The axes."""
        return f"axes {self.dim0} and {self.dim1}"

    def _places(self, shape: Shape) -> tuple[int, int]:
        return axis(self.dim0, shape), axis(self.dim1, shape)

    def _origin(self, spot: Spot) -> Place:
        one, other = self._places(spot.output.shape)
        there = list(spot.place)
        there[one], there[other] = spot.place[other], spot.place[one]
        return tuple(there)


@LAYERS.register("Squeeze")
@dataclass(frozen=True)
class Squeeze(_Rearranged):
    """Takes away an axis of size 1: a picture of one channel becomes a plain table of rows and columns.

    An axis of another size stays as it is.
    """

    title = "Squeeze"
    formula = "y = x, without an axis of size 1"

    dim: int = param(
        -1, "Which axis goes; 1 is the first after the batch, -1 the last.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Without the axis, if its size is 1."""
        (shape,) = shapes
        at = axis(self.dim, shape)
        return (*shape[:at], *shape[at + 1 :]) if shape[at] == 1 else shape

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """squeeze."""
        return TorchCode(f"{{0}}.squeeze({self.dim})")

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"


@LAYERS.register("Unsqueeze")
@dataclass(frozen=True)
class Unsqueeze(_Rearranged):
    """Adds an axis of size 1: a table of rows and columns becomes a picture of one channel.

    Nothing is computed; layers that need one axis more can follow.
    """

    title = "Unsqueeze"
    formula = "y = x, with another axis of size 1"

    dim: int = param(
        1, "Where the new axis stands; 1 is behind the batch, -1 behind the last.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """With another 1."""
        (shape,) = shapes
        at = new_axis(self.dim, shape)
        return (*shape[:at], 1, *shape[at:])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """unsqueeze."""
        return TorchCode(f"{{0}}.unsqueeze({self.dim})")

    def summary(self) -> str:
        """The axis."""
        return f"axis {self.dim}"
