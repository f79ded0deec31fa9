"""Numbers that do not come from the data: tensors that are learned or fixed, and noise."""

from dataclasses import dataclass
from math import prod

from nnlab.core.arithmetic.axes import SIZE_LIMIT, listed, numbers
from nnlab.core.layer import LAYERS, Call, Layer, Shape, Support, TorchCode
from nnlab.core.param import param
from nnlab.errors import ShapeError

SUMMARY = 24  # characters on a node

CONSTANT = Support(
    "Constant",
    '''class Constant(nn.Module):
    """A tensor without an input, the same for every sample: learned, or fixed as it began."""

    def __init__(self, *sizes, start="zeros", std=0.02, learned=True):
        super().__init__()
        made = {"zeros": torch.zeros, "ones": torch.ones, "normal": torch.randn}[start](*sizes)
        made = made * std if start == "normal" else made
        if learned:
            self.weight = nn.Parameter(made)
        else:
            self.register_buffer("weight", made)

    def forward(self, batch):
        return self.weight.expand(batch, *self.weight.shape)
''',
)

NOISE = Support(
    "Noise",
    '''class Noise(nn.Module):
    """Fresh random numbers for every sample."""

    def __init__(self, *sizes, std=1.0):
        super().__init__()
        self.sizes = sizes
        self.register_buffer("std", torch.tensor(std), persistent=False)  # it is moved to the network's device

    def forward(self, batch):
        return self.std * torch.randn(batch, *self.sizes, device=self.std.device)
''',
)

UNIFORM = Support(
    "UniformNoise",
    '''class UniformNoise(nn.Module):
    """Fresh random numbers for every sample, each as likely as any other between two ends."""

    def __init__(self, *sizes, std=1.0):
        super().__init__()
        self.sizes = sizes
        self.register_buffer("std", torch.tensor(std), persistent=False)  # it is moved to the network's device

    def forward(self, batch):
        return self.std * math.sqrt(3) * (2 * torch.rand(batch, *self.sizes, device=self.std.device) - 1)
''',
)


def _sizes(text: str) -> Shape:
    found = numbers(text, "sizes", "1, 64")
    if min(found) < 1:
        raise ShapeError(f"needs sizes of at least 1, and has {listed(found)}")
    return found


@LAYERS.register("Constant")
@dataclass(frozen=True)
class Constant(Layer):
    """Numbers that do not depend on the sample: learned like weights, or fixed.

    Each sample of a batch gets the same ones: a token that stands for the whole picture, a table of positions,
    a starting state.
    """

    title = "Constant"
    category = "Input and output"
    tier = 2
    formula = "y = w"
    inputs = ()

    shape: str = param("1", "The sizes for a sample with commas, as 1, 64.", label="Sizes")
    start: str = param(
        "zeros",
        "What the numbers are at the start.",
        choices={"zeros": "All 0", "ones": "All 1", "normal": "Small random numbers"},
    )
    std: float = param(0.02, "How large small random numbers are.", low=0.0, high=100.0, label="Spread", advanced=True)
    learned: bool = param(True, "Learn the numbers; otherwise they stay as they are.")

    def output_shape(self, *shapes: Shape) -> Shape:
        """The sizes that are asked for."""
        return _sizes(self.shape)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The tensor, if it is learned."""
        return {"weight": _sizes(self.shape)} if self.learned else {}

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A parameter or buffer, repeated for the batch."""
        usual = {"start": "zeros", "std": 0.02, "learned": True}
        own = {name: getattr(self, name) for name in usual if getattr(self, name) != usual[name]}
        if self.start != "normal":
            own.pop("std", None)
        return TorchCode("{self}({batch})", Call("Constant", _sizes(self.shape), own), support=(CONSTANT,))

    def summary(self) -> str:
        """The sizes."""
        return f"{self.shape[: SUMMARY - 10]} · {'learned' if self.learned else 'fixed'}"


@LAYERS.register("Noise")
@dataclass(frozen=True)
class Noise(Layer):
    """Fresh random numbers for every sample, drawn anew each time: what a generator makes its pictures of.

    They have mean 0 and the spread that is set, and are drawn while training and when the network is used.
    """

    title = "Noise"
    category = "Input and output"
    tier = 2
    formula = "y ~ Normal(0, spread), or as likely anywhere within √3 · spread of 0"
    inputs = ()

    shape: str = param("16", "The sizes for a sample with commas, as 16, or 1, 28, 28.", label="Sizes")
    std: float = param(1.0, "How large the numbers are.", low=0.0, high=SIZE_LIMIT, label="Spread")
    distribution: str = param(
        "normal",
        "Normal: most near 0, a few far off. Even: each as likely as any other, and none beyond 1.73 times the spread.",
        choices={"normal": "Normal", "uniform": "Even"},
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """The sizes that are asked for."""
        return _sizes(self.shape)

    def flops(self, *shapes: Shape) -> int:
        """One number drawn and scaled."""
        return 2 * prod(_sizes(self.shape))

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.randn or torch.rand with torch's own generator, on the device of the network."""
        own = {} if self.std == 1.0 else {"std": self.std}
        support = NOISE if self.distribution == "normal" else UNIFORM
        return TorchCode("{self}({batch})", Call(support.name, _sizes(self.shape), own), support=(support,))

    def summary(self) -> str:
        """The sizes."""
        return self.shape[:SUMMARY]
