"""A whole variational autoencoder, drawn from nodes, against one that is written by hand."""

import pytest
import torch
from torch import Tensor, nn

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.engine.compile import build
from nnlab.engine.headless import run_to_end
from nnlab.engine.loop import Loop

CODE = 3
WEIGHT = 0.05


def vae() -> Document:
    """Pictures of digits through a code of three numbers."""
    return Document(
        graph=wired(
            {
                "input": layer("Input"),
                "flatten": layer("Flatten"),
                "hidden": layer("Linear", out_features=16),
                "relu": layer("ReLU"),
                "mean": layer("Linear", out_features=CODE),
                "spread": layer("Linear", out_features=CODE),
                "code": layer("Reparameterise"),
                "picture": layer("Linear", out_features=64),
                "unflatten": layer("Reshape", shape="1, 8, 8"),
                "output": layer("Output"),
                "cost": layer("Output", weight=WEIGHT),
            },
            "input > flatten",
            "flatten > hidden",
            "hidden > relu",
            "relu > mean",
            "relu > spread",
            "mean > code.mean",
            "spread > code.log_variance",
            "code > picture",
            "picture > unflatten",
            "unflatten > output",
            "code.kl > cost",
        ),
        data=Data(dataset=DATASETS["digits"](), answer="input"),
        training=Training(batch_size=100, epochs=3, learning_rate=0.005, seed=4, device="cpu"),
    )


class ByHand(nn.Module):
    """The same as it stands in a textbook."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(64, 16)
        self.mean = nn.Linear(16, CODE)
        self.spread = nn.Linear(16, CODE)
        self.picture = nn.Linear(CODE, 64)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.relu(self.hidden(x.flatten(1)))
        mean, log_variance = self.mean(hidden), self.spread(hidden)
        kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)
        drawn = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance) if self.training else mean
        return self.picture(drawn).view(-1, 1, 8, 8), kl


def test_the_drawn_network_is_the_one_written_by_hand() -> None:
    mine, theirs = build(vae(), seed=0), ByHand()
    theirs.load_state_dict(mine.state_dict())
    x = torch.rand(5, 1, 8, 8)
    for training in (False, True):
        mine.train(training)
        theirs.train(training)
        torch.manual_seed(1)
        packed = mine(x)
        torch.manual_seed(1)
        picture, kl = theirs(x)
        assert torch.allclose(packed[:, :64], picture.flatten(1), atol=1e-6)
        assert torch.allclose(packed[:, 64], kl, atol=1e-5)


def test_the_loss_is_that_of_the_picture_and_the_weighted_cost_of_the_code() -> None:
    loop = Loop(vae(), lambda event: None)
    x, _ = (part.clone() for part in loop.order.batch(0))
    theirs = ByHand()
    theirs.load_state_dict({key: value.clone() for key, value in loop.learner.network.state_dict().items()})
    torch.set_rng_state(loop.learner.dice.state.clone())
    picture, kl = theirs(x)
    wanted = nn.functional.mse_loss(picture, x) + WEIGHT * kl.mean()
    loop.advance()
    assert loop.last_loss == pytest.approx(wanted.item(), rel=1e-5)


def test_it_learns() -> None:
    history = run_to_end(vae()).history
    assert history["validation_loss"][-1] < history["validation_loss"][0]
