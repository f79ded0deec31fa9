"""Parts of a tensor, and tensors as parts of another: slices, pieces, stacks."""

from dataclasses import dataclass
from typing import cast

from nnlab.core.arithmetic.axes import AXIS_LIMIT, SIZE_LIMIT, at_axis, axis, listed, new_axis, numbers
from nnlab.core.formula import Formula, Place, Spot
from nnlab.core.layer import LAYERS, VARIADIC_LIMIT, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

SUMMARY = 24  # characters on a node


@LAYERS.register("Slice")
@dataclass(frozen=True)
class Slice(Layer):
    """Keeps a part of an axis and leaves the rest out: some rows of a picture, the last steps of a series.

    Places are counted from 0, and the end is not part of it, as in Python: 2 to 5 keeps places 2, 3 and 4. Negative
    numbers count from the end.
    """

    title = "Slice (crop)"
    category = "Merge and reshape"
    tier = 2
    formula = "y = x[start : end]"
    inputs = (Port("in", "*"),)
    outputs = (Port("out", "*"),)

    dim: int = param(
        1, "Along which axis; 1 is the first after the batch, -1 the last.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )
    start: int = param(
        0, "The first place that is kept; -3 is the third from the end.", low=-SIZE_LIMIT, high=SIZE_LIMIT
    )
    end: int | None = param(
        None,
        "The first place that is left out again; left empty, everything to the end is kept.",
        kind="int",
        low=-SIZE_LIMIT,
        high=SIZE_LIMIT,
        optional=True,
    )
    step: int = param(1, "Keep every second (2) or third (3) place only.", low=1, high=SIZE_LIMIT, advanced=True)

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many places as are kept."""
        (shape,) = shapes
        at = axis(self.dim, shape)
        kept = len(range(*slice(self.start, self.end, self.step).indices(shape[at])))
        if not kept:
            raise ShapeError(
                f"keeps nothing of axis {self.dim}, which has {shape[at]} places: let it start before {shape[at]} "
                "and end behind its start"
            )
        return (*shape[:at], kept, *shape[at + 1 :])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """Python's slice."""
        text = f"{self.start or ''}:{'' if self.end is None else self.end}"
        return TorchCode(f"{{0}}[{at_axis(self.dim, text if self.step == 1 else f'{text}:{self.step}')}]")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Where the number stood before."""
        there = self._origin(spot)
        at = ", ".join(str(k + 1) for k in there)
        return spot.output_formula(self.formula, f", taken over from place {at}", float(spot.inputs[0][there]))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Back to where the number stood; what was left out gets no gradient."""
        return (spot.passes("∂L/∂x = δ, put back in its place", " = δ", spot.delta, self._origin(spot)),)

    def _origin(self, spot: Spot) -> Place:
        shape = spot.inputs[0].shape
        at = axis(self.dim, shape)
        kept = range(*slice(self.start, self.end, self.step).indices(shape[at]))
        return (*spot.place[:at], kept[spot.place[at]], *spot.place[at + 1 :])

    def summary(self) -> str:
        """Which part of which axis."""
        end = "end" if self.end is None else self.end
        return f"axis {self.dim}: {self.start} to {end}"[:SUMMARY]


class _Pieces:
    """The output ports of a Split: as many as it has pieces, and two of a Split in general."""

    def __get__(self, split: "Split | None", kind: type | None = None) -> tuple[Port, ...]:
        count = 2 if split is None else split.pieces
        return tuple(Port(f"out{n}", "*") for n in range(1, count + 1))


@LAYERS.register("Split")
@dataclass(frozen=True)
class Split(Layer):
    """Cuts an axis into pieces that leave by outputs of their own, each on its own way.

    Half of the features can pass through a gate that the other half opens. Concatenate puts pieces together again.
    """

    title = "Split"
    category = "Merge and reshape"
    tier = 2
    formula = "y₁, y₂, … = pieces of x"
    inputs = (Port("in", "*"),)
    outputs = cast("tuple[Port, ...]", _Pieces())
    fits = (((4,),), ((6, 5, 5),), ((2, 7),))

    parts: int = param(2, "How many pieces, as equal as can be.", low=2, high=VARIADIC_LIMIT, label="Pieces")
    sizes: str = param(
        "",
        "Sizes of the pieces with commas, as 3, 5; -1 is what is left. Empty: equal pieces.",
        advanced=True,
    )
    dim: int = param(
        1, "Along which axis; 1 is the first after the batch, -1 the last.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )

    @property
    def pieces(self) -> int:
        """How many outputs there are."""
        try:
            return len(self._given()) or self.parts
        except ShapeError:
            return self.parts

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The sizes of the pieces along the axis."""
        (shape,) = shapes
        at = axis(self.dim, shape)
        return tuple((*shape[:at], size, *shape[at + 1 :]) for size in self._sizes(shape[at], shape))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.chunk for equal pieces, torch.split for given sizes."""
        total = shapes[0][axis(self.dim, shapes[0])]
        results = tuple(f"{{r}}[{n}]" for n in range(self.pieces))
        if self._given():
            return TorchCode(
                f"torch.split({{0}}, {list(self._sizes(total, shapes[0]))}, dim={self.dim})", results=results
            )
        function = "torch.chunk" if total % self.parts == 0 else "torch.tensor_split"
        return TorchCode(f"{function}({{0}}, {self.parts}, dim={self.dim})", results=results)

    def summary(self) -> str:
        """The pieces."""
        return (self.sizes or f"{self.parts} pieces")[:SUMMARY]

    def _given(self) -> tuple[int, ...]:
        if not self.sizes.strip():
            return ()
        given = numbers(self.sizes, "sizes", "3, 5")
        if len(given) < 2:
            raise ShapeError("needs at least two sizes, with commas between them, as 3, 5")
        return given

    def _sizes(self, total: int, shape: Shape) -> tuple[int, ...]:
        given = self._given()
        if not given:
            if self.parts > total:
                raise ShapeError(
                    f"cuts axis {self.dim} of {shape_text(shape)} into {self.parts} pieces, and it has {total} "
                    "places: make fewer pieces, or choose another axis"
                )
            small, more = divmod(total, self.parts)
            return tuple(small + (n < more) for n in range(self.parts))
        rest = total - sum(n for n in given if n != -1)
        sizes = tuple(rest if n == -1 else n for n in given)
        if given.count(-1) > 1 or min(sizes) < 1 or sum(sizes) != total:
            raise ShapeError(
                f"cuts axis {self.dim} of {shape_text(shape)} into {listed(given)}, and it has {total} places: "
                "let the sizes add up to that, or put -1 for one of them"
            )
        return sizes


@LAYERS.register("Stack")
@dataclass(frozen=True)
class Stack(Layer):
    """Puts equal tensors on top of each other along a new axis: rows become a table, pictures become a film.

    Concatenate makes an axis longer; Stack makes a new one, as long as there are wires.
    """

    title = "Stack"
    category = "Merge and reshape"
    tier = 2
    formula = "y[k] = xₖ"
    inputs = (Port("in1"), Port("in2"))
    variadic = True

    dim: int = param(
        1, "Where the new axis stands; 1 is behind the batch, -1 behind the last.", low=-AXIS_LIMIT, high=AXIS_LIMIT
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """With an axis more."""
        first = shapes[0]
        at = new_axis(self.dim, first)
        for shape in shapes[1:]:
            if shape != first:
                raise ShapeError(
                    f"cannot stack {shape_text(first)} and {shape_text(shape)}: make them equal, "
                    "or put them side by side with a Concatenate"
                )
        return (*first[:at], len(shapes), *first[at:])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.stack."""
        return TorchCode(f"torch.stack([{', '.join(f'{{{n}}}' for n in range(len(shapes)))}], dim={self.dim})")

    def explain_forward(self, spot: Spot) -> Formula | None:
        """From which wire the number was taken over."""
        wire, there = self._origin(spot)
        source = spot.sources[wire] if wire < len(spot.sources) else f"wire {wire + 1}"
        return spot.output_formula(self.formula, f", taken over from {source}", float(spot.inputs[wire][there]))

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """Back to the wire it came from."""
        wire, there = self._origin(spot)
        return (spot.passes("∂L/∂x = δ, for the wire it came from", " = δ", spot.delta, there, wire),)

    def _origin(self, spot: Spot) -> tuple[int, Place]:
        at = new_axis(self.dim, spot.inputs[0].shape)
        return spot.place[at], (*spot.place[:at], *spot.place[at + 1 :])

    def summary(self) -> str:
        """The new axis."""
        return f"axis {self.dim}"
