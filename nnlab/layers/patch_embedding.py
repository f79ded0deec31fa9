"""From a picture to a row of patches, as a transformer reads it."""

from dataclasses import dataclass

from nnlab.core.arithmetic.windows import by, picture
from nnlab.core.layer import LAYERS, Call, Layer, Shape, Support, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

SUPPORT = Support(
    "PatchEmbedding",
    '''\
class PatchEmbedding(nn.Module):
    """Cuts a picture into patches and makes one row of numbers of each, with a class token and learned positions."""

    def __init__(self, channels, height, width, patch, size, class_token=True, positions=True):
        super().__init__()
        self.patches = nn.Conv2d(channels, size, patch, stride=patch)
        count = (height // patch) * (width // patch) + class_token
        self.token = nn.Parameter(torch.zeros(1, 1, size)) if class_token else None
        self.positions = nn.Parameter(0.02 * torch.randn(1, count, size)) if positions else None

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        if self.token is not None:
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        return x if self.positions is None else x + self.positions
''',
)


@LAYERS.register("PatchEmbedding")
@dataclass(frozen=True)
class PatchEmbedding(Layer):
    """Cuts a picture into square patches and makes a row of numbers of each: a sentence that a transformer can read.

    All patches are read by the same weights. A learned class token is put before them, where the transformer can
    gather its answer, and learned positions are added, since attention by itself does not know what lies where.
    """

    title = "Patch embedding"
    category = "Convolution"
    tier = 2
    formula = "yₜ = W · patchₜ + b + positionₜ"
    fits = (((1, 8, 8),), ((3, 12, 8),))

    patch: int = param(4, "Height and width of a patch; it must divide those of the picture.", low=1, high=4096)
    size: int = param(32, "How many numbers each patch becomes.", low=1, high=65_536)
    class_token: bool = param(True, "Put a learned row before the patches, to gather the answer in.")
    positions: bool = param(True, "Add learned numbers that tell where each patch was.", label="Learned positions")

    def output_shape(self, *shapes: Shape) -> Shape:
        """One row for each patch, and one for the class token."""
        _, height, width = picture(shapes[0])
        if height % self.patch or width % self.patch:
            raise ShapeError(
                f"cannot cut a picture of {by((height, width))} into patches of {by(self.patch)}: "
                f"use a patch that divides {height} and {width}"
            )
        return ((height // self.patch) * (width // self.patch) + self.class_token, self.size)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The class token, the positions, and weights that read a patch."""
        rows, size = self.output_shape(*shapes)
        found: dict[str, Shape] = {"token": (1, 1, size)} if self.class_token else {}
        found |= {"positions": (1, rows, size)} if self.positions else {}
        return {**found, "patches.weight": (size, shapes[0][0], self.patch, self.patch), "patches.bias": (size,)}

    def flops(self, *shapes: Shape) -> int:
        """A multiply and an add per weight for each patch, and a sum per number for the positions."""
        rows, size = self.output_shape(*shapes)
        patches = rows - self.class_token
        return 2 * patches * size * shapes[0][0] * self.patch**2 + rows * size * self.positions

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A convolution as wide as its stride, laid out in a row."""
        options = {"class_token": self.class_token, "positions": self.positions}
        left_out = {name: value for name, value in options.items() if not value}
        call = Call(SUPPORT.name, (*shapes[0], self.patch, self.size), left_out)
        return TorchCode("{self}({0})", call, support=(SUPPORT,))

    def summary(self) -> str:
        """The patch and the size."""
        return f"{by(self.patch)} → {self.size}"
