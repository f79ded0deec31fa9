"""The heart of a variational autoencoder: a code that is drawn at random, and what that costs."""

from dataclasses import dataclass
from math import prod
from typing import Any

from nnlab.core import words
from nnlab.core.layer import LAYERS, Call, Layer, Port, Shape, Support, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

BETA_LIMIT = 1000.0

REPARAMETERISE = Support(
    "Reparameterise",
    '''\
class Reparameterise(nn.Module):
    """Draws a code around the mean while training, and says how far its distribution is from a standard normal one."""

    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = beta

    def forward(self, mean, log_variance):
        distance = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).flatten(1).sum(1)
        if self.training:
            mean = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return mean, self.beta * distance
''',
)


@LAYERS.register("Reparameterise")
@dataclass(frozen=True)
class Reparameterise(Layer):
    """Draws a code at random around a mean that the network says, with a spread that it says as well.

    Gradients pass because only the noise is random. Connect kl to an Output of its own: it keeps all codes together near
    0, so that new ones can be made up later. Outside training the mean itself goes on.
    """

    title = "Reparameterise (VAE)"
    category = "Regularisation"
    tier = 2
    formula = "z = μ + exp(½ log σ²) · ε, ε drawn from N(0, 1); kl = β · ½ Σ (μ² + σ² − 1 − log σ²)"
    inputs = (Port("mean"), Port("log_variance"))
    outputs = (Port("out"), Port("kl", "s"))
    fits = (((2,), (2,)), ((8,), (8,)), ((3, 4, 4), (3, 4, 4)))

    beta: float = param(
        1.0, "How much the distance to a standard normal distribution counts.", low=0.0, high=BETA_LIMIT
    )

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """A code as large as the mean, and one number for each sample."""
        mean, spread = shapes
        if mean != spread or not mean:
            raise ShapeError(
                f"gets means {shape_text(mean)} and log variances {shape_text(spread)}, which must be equal: "
                "give both layers before it as many units"
            )
        return (mean, ())

    def output_shape(self, *shapes: Shape) -> Shape:
        """A code as large as the mean."""
        return self.output_shapes(*shapes)[0]

    def flops(self, *shapes: Shape) -> int:
        """The draw, and the distance."""
        return 10 * prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A small module, since it does something else while training."""
        options: dict[str, Any] = {} if self.beta == 1 else {"beta": self.beta}
        made = Call(REPARAMETERISE.name, (), options)
        return TorchCode("{self}({0}, {1})", made, ("{r}[0]", "{r}[1]"), (REPARAMETERISE,))

    def summary(self) -> str:
        """How much the distance counts."""
        return "" if self.beta == 1 else f"β {words.number(self.beta)}"
