"""A border around pictures, signals and rows."""

from dataclasses import dataclass

from nnlab.core.arithmetic.axes import SIZE_LIMIT, listed, numbers
from nnlab.core.layer import LAYERS, Layer, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

SUMMARY = 24  # characters on a node
WORDS = {"zero": "zeros", "constant": "value", "reflect": "mirror", "replicate": "edge", "circular": "wrap"}


@LAYERS.register("Pad")
@dataclass(frozen=True)
class Pad(Layer):
    """Puts a border around a picture, or before and behind a signal, so that it gets larger.

    The border can be zeros, a mirror image, the edge repeated, or the other side as on a globe. Negative widths cut off.
    """

    title = "Pad"
    category = "Merge and reshape"
    tier = 2
    formula = "y = x with a border"
    fits = (((2, 5, 5),), ((3, 6),), ((1, 4, 3),))

    padding: str = param(
        "1",
        "Widths with commas: one for all sides, or left, right, or left, right, top, bottom, as torch orders them.",
        label="Widths",
    )
    mode: str = param(
        "zero",
        "What stands in the border.",
        choices={
            "zero": "Zeros",
            "constant": "One value",
            "reflect": "Mirror image",
            "replicate": "The edge repeated",
            "circular": "The other side",
        },
        label="Filled with",
    )
    value: float = param(
        0.0,
        "The number in the border, if it is filled with one value.",
        low=-SIZE_LIMIT,
        high=SIZE_LIMIT,
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Each axis grows by its two widths."""
        (shape,) = shapes
        sides = self._sides(shape)
        pairs = [(sides[n], sides[n + 1]) for n in range(0, len(sides), 2)]
        if len(pairs) > len(shape) or (self._is_copied and not len(shape) - 1 <= len(pairs) <= min(3, len(shape))):
            raise ShapeError(
                f"has {len(sides)} widths ({listed(sides)}), and {shape_text(shape)} takes {2 * max(1, len(shape) - 1)}: "
                "two for each axis behind the channels, or one number for all"
            )
        grown = list(shape)
        for n, (before, behind) in enumerate(pairs):
            self._check(shape[-1 - n], before, behind)
            grown[-1 - n] += before + behind
        if min(grown) < 1:
            raise ShapeError(f"cuts off more of {shape_text(shape)} than there is: use smaller widths")
        return tuple(grown)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """F.pad."""
        more = f', mode="{self.mode}"' if self._is_copied else ""
        if self.mode == "constant" and self.value:
            more = f", value={self.value!r}"
        return TorchCode(f"F.pad({{0}}, ({listed(self._sides(shapes[0]))}){more})")

    def summary(self) -> str:
        """The widths, and what stands there."""
        return f"{self.padding[: SUMMARY - 9]} · {WORDS[self.mode]}"

    @property
    def _is_copied(self) -> bool:
        """Whether the border is made of the picture's own numbers."""
        return self.mode in ("reflect", "replicate", "circular")

    def _sides(self, shape: Shape) -> tuple[int, ...]:
        given = numbers(self.padding, "widths", "1, 1, 2, 2")
        if len(given) == 1:
            return given * (2 * max(1, len(shape) - 1))
        if len(given) % 2:
            raise ShapeError(
                f"has {len(given)} widths ({listed(given)}), and each axis has two sides: "
                "write one number for all, two as left, right, or four as left, right, top, bottom"
            )
        return given

    def _check(self, size: int, before: int, behind: int) -> None:
        """A mirror shows at most what is there, without the edge itself; the other side at most all of it."""
        limit = {"reflect": size - 1, "circular": size}.get(self.mode, SIZE_LIMIT)
        if max(before, behind) > limit:
            what = "mirrors" if self.mode == "reflect" else "wraps"
            raise ShapeError(
                f"{what} a border of {max(before, behind)}, and the axis has {size} places, enough for {limit}: "
                "make the border narrower, or fill it with zeros"
            )
        if self._is_copied and size + min(before, 0) + min(behind, 0) < 1:
            raise ShapeError("cuts off all there is to copy from: use smaller widths")
