"""Randomness while training that is no dropout of single numbers."""

from dataclasses import dataclass
from math import prod

from nnlab.core import words
from nnlab.core.formula import Formula, Spot, signed
from nnlab.core.layer import LAYERS, Call, Layer, Shape, Support, TorchCode
from nnlab.core.param import param

NOISE = Support(
    "GaussianNoise",
    '''\
class GaussianNoise(nn.Module):
    """Adds noise while training and does nothing afterwards."""

    def __init__(self, sigma):
        super().__init__()
        self.sigma = sigma

    def forward(self, x):
        if not self.training:
            return x
        return x + self.sigma * torch.randn(x.shape, dtype=x.dtype, device=x.device)
''',
)

DROP_PATH = Support(
    "DropPath",
    '''\
class DropPath(nn.Module):
    """Leaves a branch out for some samples at random while training, and makes it larger for the others."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        kept = x.new_ones(x.shape[0], *[1] * (x.dim() - 1))
        return x * F.dropout(kept, self.p)
''',
)


@LAYERS.register("GaussianNoise")
@dataclass(frozen=True)
class GaussianNoise(Layer):
    """While training, adds a little random noise to every number, so that no sample is ever seen twice alike.

    It helps against overfitting, and makes an autoencoder one that cleans pictures. It does nothing afterwards.
    """

    title = "Gaussian noise"
    category = "Regularisation"
    tier = 2
    formula = "y = x + σ · noise"

    sigma: float = param(0.1, "How strong the noise is.", low=0.0, high=100.0, label="Sigma")

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A product and a sum per number."""
        return 2 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """torch.randn while training."""
        return TorchCode("{self}({0})", Call(NOISE.name, (self.sigma,)), support=(NOISE,))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """The number and what was added; outside training, the number itself."""
        x = float(spot.inputs[0][spot.place])
        if spot.batch is None:
            return spot.output_formula(self.formula, f" = {words.number(x)} (no noise outside training)", x)
        added = spot.value - x  # nobody knows the draw but by what it did
        return spot.output_formula(self.formula, f" = {words.number(x)} + {signed(added)}, drawn at random", x + added)

    def explain_backward(self, spot: Spot) -> tuple[Formula, ...]:
        """The gradient passes unchanged."""
        return (spot.passes("∂L/∂x = δ", " = δ", spot.delta),)

    def summary(self) -> str:
        """The strength."""
        return f"σ {words.number(self.sigma)}"


@LAYERS.register("DropPath")
@dataclass(frozen=True)
class DropPath(Layer):
    """While training, leaves everything that comes through it out for some samples at random.

    Put it at the end of a branch before an Add: the sample then goes round the branch (stochastic depth). It does
    nothing once training is over. In a block that is repeated the share can grow with depth: the first copies, which
    all later ones build on, are left out seldom.
    """

    title = "Drop path"
    category = "Regularisation"
    tier = 3
    formula = "y = x · mask / (1 − p), one mask for a whole sample"

    p: float = param(
        0.1, "Share of the samples for which the branch is left out.", low=0.0, high=1.0, label="Share dropped"
    )
    schedule: str = param(
        "same",
        "Within a block that is repeated with weights of its own: the same share in every copy, or one that grows with "
        "depth up to the share that is set.",
        choices={"same": "The same everywhere", "linear": "Grows with depth"},
        label="Over the depth",
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """Unchanged."""
        return shapes[0]

    def flops(self, *shapes: Shape) -> int:
        """A product per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """One dropped or kept number for each sample."""
        return TorchCode("{self}({0})", Call(DROP_PATH.name, (self.p,)), support=(DROP_PATH,))

    def explain_forward(self, spot: Spot) -> Formula | None:
        """Kept and enlarged, or left out; outside training, the number itself."""
        x = float(spot.inputs[0][spot.place])
        if spot.batch is None:
            return spot.output_formula(self.formula, f" = {words.number(x)} (nothing is left out outside training)", x)
        if self.p == 1 or not spot.output.any():
            return spot.output_formula(self.formula, ": left out for this sample", 0.0)
        return spot.output_formula(
            self.formula, f" = {words.number(x)}·1 / {words.number(1 - self.p)}", x / (1 - self.p)
        )

    def summary(self) -> str:
        """The share."""
        return f"{self.p:.3g}"
