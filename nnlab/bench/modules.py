"""The networks of the bench as one writes them by hand in torch, and data for those that NNLab cannot draw yet."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def dense(sizes: tuple[int, ...], activation: str, ends_in: str = "") -> "nn.Module":
    """Linear layers of these sizes with an activation between them, and perhaps one at the end."""
    from torch import nn

    layers: list[nn.Module] = []
    for wide, narrow in pairwise(sizes):
        layers += [nn.Linear(wide, narrow), getattr(nn, activation)()]
    if not ends_in:
        layers.pop()
    return nn.Sequential(*layers)


def small_cnn() -> "nn.Module":
    """Two convolutions with pooling, one Linear."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 49, 10),
    )  # fmt: skip


def gru() -> "nn.Module":
    """A recurrent layer of 64 units; its last state is classified."""
    from torch import nn

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(8, 64, batch_first=True)
            self.linear = nn.Linear(64, 4)

        def forward(self, x: Any) -> Any:
            return self.linear(self.gru(x)[0][:, -1])

    return Recurrent()


def transformer() -> "nn.Module":
    """Embedding, two blocks of attention, mean, Linear."""
    import torch
    from torch import nn

    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(64, 64)
            self.position = nn.Parameter(torch.zeros(1, 64, 64))
            self.blocks = nn.Sequential(_block(), _block())
            self.linear = nn.Linear(64, 4)

        def forward(self, x: Any) -> Any:
            return self.linear(self.blocks(self.embedding(x) + self.position).mean(1))

    return Tokens()


def _block() -> "nn.Module":
    import torch.nn.functional as f
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.LayerNorm(64), nn.LayerNorm(64)
            self.heads, self.mix = nn.Linear(64, 192), nn.Linear(64, 64)
            self.up, self.down = nn.Linear(64, 256), nn.Linear(256, 64)

        def forward(self, x: Any) -> Any:
            rows, length, width = x.shape
            q, k, v = self.heads(self.first(x)).view(rows, length, 3, 4, 16).permute(2, 0, 3, 1, 4)
            seen = f.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(rows, length, width)
            x = x + self.mix(seen)
            return x + self.down(f.gelu(self.up(self.second(x))))

    return Block()


def series() -> "tuple[Tensor, Tensor]":
    """2,048 series of 32 steps of 8 numbers, four classes at random."""
    import torch

    return _labelled(lambda dice: torch.randn(2048, 32, 8, generator=dice))


def tokens() -> "tuple[Tensor, Tensor]":
    """1,024 texts of 64 tokens out of 64, four classes at random."""
    import torch

    return _labelled(lambda dice: torch.randint(0, 64, (1024, 64), generator=dice))


def _labelled(make: "Callable[[Any], Tensor]") -> "tuple[Tensor, Tensor]":
    import torch

    dice = torch.Generator().manual_seed(1)
    x = make(dice)
    return x, torch.randint(0, 4, (len(x),), generator=dice)
