"""A filter that is given and not learned."""

import re
from dataclasses import dataclass
from math import isfinite, prod

import numpy as np

from nnlab.core.arithmetic import filter_steps
from nnlab.core.arithmetic.filters import Filters
from nnlab.core.arithmetic.windows import all_positions, by, picture
from nnlab.core.formula import Formula, Spot
from nnlab.core.layer import LAYERS, Call, Layer, Shape, Support, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

Rows = tuple[tuple[float, ...], ...]

TYPED = "typed"
SIDES = (3, 5, 7)
NUMBER_LIMIT = 1_000_000.0  # sizes of a typed number; far more than a filter needs, far less than overflows


def _over(divisor: float, *rows: tuple[int, ...]) -> Rows:
    return tuple(tuple(n / divisor for n in row) for row in rows)


PRESETS: dict[str, tuple[str, Rows]] = {
    "identity": ("Nothing (identity)", _over(1, (0, 0, 0), (0, 1, 0), (0, 0, 0))),
    "edges across": ("Upright edges (Sobel)", _over(1, (-1, 0, 1), (-2, 0, 2), (-1, 0, 1))),
    "edges down": ("Level edges (Sobel)", _over(1, (-1, -2, -1), (0, 0, 0), (1, 2, 1))),
    "edges": ("All edges (Laplace)", _over(1, (0, 1, 0), (1, -4, 1), (0, 1, 0))),
    "blur": ("Blur (mean)", _over(9, (1, 1, 1), (1, 1, 1), (1, 1, 1))),
    "gauss": ("Soft blur (Gauss)", _over(16, (1, 2, 1), (2, 4, 2), (1, 2, 1))),
    "wide gauss": (
        "Wide soft blur (Gauss)",
        _over(256, (1, 4, 6, 4, 1), (4, 16, 24, 16, 4), (6, 24, 36, 24, 6), (4, 16, 24, 16, 4), (1, 4, 6, 4, 1)),
    ),
    "sharpen": ("Sharpen", _over(1, (0, -1, 0), (-1, 5, -1), (0, -1, 0))),
    "emboss": ("Emboss", _over(1, (-2, -1, 0), (-1, 1, 1), (0, 1, 2))),
}
"""Filter by its id: what it is called, and its numbers."""

SUPPORT = Support(
    "FixedFilter",
    '''\
class FixedFilter(nn.Module):
    """Slides one given filter over every channel; nothing is learned."""

    def __init__(self, kernel, padding=0):
        super().__init__()
        self.register_buffer("kernel", torch.tensor(kernel), persistent=False)
        self.padding = padding

    def forward(self, x):
        channels = x.shape[1]
        weight = self.kernel.expand(channels, 1, -1, -1)
        return F.conv2d(x, weight, padding=self.padding, groups=channels)
''',
)


@LAYERS.register("FixedFilter")
@dataclass(frozen=True)
class FixedFilter(Layer):
    """Slides one filter that you choose over every channel: edges, blur, sharpen, or numbers of your own.

    Nothing is learned. It shows what a convolution does before one learns its filters by itself.
    """

    title = "Fixed filter"
    category = "Convolution"
    tier = 3
    formula = "y = k ∗ x, each channel by itself, k given"

    filter: str = param(
        "edges across",
        "Which filter; or one you type.",
        choices={**{name: title for name, (title, _) in PRESETS.items()}, TYPED: "Typed below"},
    )
    kernel: str = param(
        "0 0 0; 0 1 0; 0 0 0",
        "The numbers of a typed filter: 3, 5 or 7 rows of as many, rows parted by semicolons.",
        label="Typed filter",
    )
    padding: str = param(
        "same", "Keep the picture's size with a border of zeros, or leave the edges out.",
        choices={"same": "Same", "valid": "Valid"},
    )  # fmt: skip

    def output_shape(self, *shapes: Shape) -> Shape:
        """As many channels; the same size, or smaller by the filter's reach."""
        channels, height, width = picture(shapes[0])
        rows = self._rows()
        if not rows:
            raise ShapeError(
                "needs a typed filter of 3, 5 or 7 rows with as many numbers each, as 0 1 0; 1 -4 1; 0 1 0: "
                "type it so, or choose a ready one"
            )
        if self.padding == "same":
            return (channels, height, width)
        return (channels, *all_positions((height, width), len(rows), 1, 0))

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per number of the filter at every place."""
        return 2 * prod(self.output_shape(*shapes)) * len(self._rows()) ** 2

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """F.conv2d with the filter as a buffer."""
        rows = self._rows()
        padding = {"padding": len(rows) // 2} if self.padding == "same" else {}
        return TorchCode("{self}({0})", Call(SUPPORT.name, (rows,), padding), support=(SUPPORT,))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The filter laid on the picture, number times number, and all of it added up."""
        channels, kernel = len(spot.inputs[0]), np.array(self._rows())
        weight = np.broadcast_to(kernel, (channels, 1, *kernel.shape))
        given = Spot(spot.place, spot.inputs, spot.output, {"weight": weight}, spot.sources, spot.units)
        filters = Filters(2, channels, len(kernel), padding=self.padding, groups=channels, bias=False)
        return filter_steps.forward(filters, self.formula, given)

    def summary(self) -> str:
        """What it looks for."""
        if self.filter != TYPED:
            return self.filter
        rows = self._rows()
        return f"typed {by(len(rows))}" if rows else "typed"

    def _rows(self) -> Rows:
        """The filter's numbers; empty if what is typed is no filter."""
        if self.filter != TYPED:
            return PRESETS[self.filter][1]
        lines = [line.strip() for line in re.split(r"[;\n]", self.kernel) if line.strip()]
        rows = tuple(tuple(_number(word) for word in re.split(r"[\s,]+", line)) for line in lines)
        square = len(rows) in SIDES and all(len(row) == len(rows) for row in rows)
        usable = square and all(isfinite(n) and abs(n) <= NUMBER_LIMIT for row in rows for n in row)
        return rows if usable else ()


def _number(word: str) -> float:
    try:
        return float(word.replace("−", "-"))
    except ValueError:
        return float("nan")
