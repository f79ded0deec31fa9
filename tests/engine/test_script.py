"""Steps written down: whatever a module does, the program does the same, or says why it cannot."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from both_engines import ROWS, compare
from torch import Tensor, nn
from torch.nn import functional

from nnlab.engine.captured.tape import CannotCapture


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
    torch.set_flush_denormal(False)


class Made(nn.Module):
    """Some layers, and what happens with them."""

    def __init__(self, act: Callable[..., Tensor], *parts: nn.Module) -> None:
        super().__init__()
        self.act = act
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x, *self.parts)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Made":
        made = Made(self.act, *(copy.deepcopy(part, memo) for part in self.parts))
        return made.train(self.training)


def linear(act: Callable[[Tensor, Tensor], Tensor]) -> nn.Module:
    """What comes out of a Linear, and goes into it, made into something else."""
    return Made(lambda x, layer: act(layer(x), x), nn.Linear(8, 8))


def last(x: Tensor, layer: nn.Module) -> Tensor:
    found: Tensor = layer(x)[0]
    return found


def row() -> Tensor:
    return torch.randn(ROWS, 8)


def series() -> Tensor:
    return torch.randn(ROWS, 6, 8)


def picture() -> Tensor:
    return torch.randn(ROWS, 3, 8, 8)


def film() -> Tensor:
    return torch.randn(ROWS, 2, 4, 4, 4)


def words() -> Tensor:
    return torch.randint(0, 10, (ROWS, 6))


def conv(*after: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), *after)


class Tied(nn.Module):
    """One matrix, used at both ends."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.out = nn.Embedding(10, 8), nn.Linear(8, 10, bias=False)
        self.out.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.out(torch.tanh(self.embedding(x).mean(1)))
        return found


class Decoder(nn.Module):
    """A small language model, with a mask and positions made on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(10, 16), nn.Embedding(6, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True, norm_first=True)
        self.body, self.out = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        found: Tensor = self.out(
            self.body(self.words(x) + self.places(torch.arange(x.shape[1])), mask=mask, is_causal=True)
        )
        return found


class Sampled(nn.Module):
    """A variational bottleneck: draws while it trains."""

    def __init__(self, draw: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.draw = draw
        self.inner, self.out = nn.Linear(8, 8), nn.Linear(4, 8)

    def forward(self, x: Tensor) -> Tensor:
        middle, spread = self.inner(x).chunk(2, 1)
        if self.training:
            middle = middle + torch.exp(spread / 2) * self.draw(spread)
        found: Tensor = self.out(middle)
        return found


class Statistics(nn.Module):
    """Keeps a mean of its own, as batch normalisation does."""

    mean: Tensor
    slope: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.register_buffer("mean", torch.zeros(8))
        self.register_buffer("slope", torch.linspace(0, 1, 8), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        if self.training:
            with torch.no_grad():
                self.mean.mul_(0.9).add_(x.mean(0) * 0.1)
        return (x - self.mean) * self.slope


def attention(share: float, causal: bool) -> nn.Module:
    def act(x: Tensor, layer: nn.Module) -> Tensor:
        q, k, v = (t.view(len(x), -1, 2, 4).transpose(1, 2) for t in layer(x).chunk(3, -1))
        p = share if layer.training else 0.0
        found = functional.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=causal)
        return found.transpose(1, 2).reshape(len(x), -1, 8)

    return Made(act, nn.Linear(8, 24))


def in_place(h: Tensor, x: Tensor) -> Tensor:
    h = h * 1
    h += x
    h[:, 0] = 0.5
    h[:, 1:3] *= 2
    made = torch.zeros(len(x), 8)
    made[:, :4] = h[:, 4:]
    made[:, 4:] = h[:, :4]
    return made


def overwritten(h: Tensor, x: Tensor) -> Tensor:
    """What is read, written to, and read again through a view that was taken before."""
    d = h.detach().clone()
    view = d[:, ::2]
    before = view.sum(1, keepdim=True)
    d.mul_(3)
    after = view.sum(1, keepdim=True)
    d.zero_()
    d.add_(1)
    return h * before + after * h + d


def filled(h: Tensor, x: Tensor) -> Tensor:
    made = torch.empty(len(x), 8)
    torch.mul(h.detach(), 2.0, out=made)
    return h * made


def from_numbers(h: Tensor, x: Tensor) -> Tensor:
    """A tensor of plain numbers that is written to: each step begins with the numbers again."""
    numbers = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    numbers[0] = x.mean()
    numbers.add_(1)
    return h * numbers


def drawn_for_nothing(h: Tensor, x: Tensor) -> Tensor:
    if h.requires_grad:
        torch.rand(3)
    return functional.dropout(h, 0.3, h.requires_grad)


def picked(h: Tensor, x: Tensor) -> Tensor:
    best, where = h.topk(3, 1)
    return torch.cat([best, h.sort(1)[0], torch.gather(h, 1, where), h[:, [0, 2]], h[:, torch.tensor([1])]], 1)


def taken_apart(h: Tensor, x: Tensor) -> Tensor:
    parts = [torch.tanh(part) for part in h.split([1, 3, 4], 1)]
    return torch.cat(parts[::-1], 1) + torch.stack(h.unbind(1), 1).flip(1).roll(2, 1)


def bounded(h: Tensor, x: Tensor) -> Tensor:
    return torch.where(h > 0, h, h.exp() - 1).masked_fill(x > 1, 0.3).clamp(-2.0, float("inf"))


EXACT: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "Conv1d": (lambda: nn.Sequential(nn.Conv1d(6, 5, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(20, 3)), series),
    "Conv3d": (lambda: nn.Sequential(nn.Conv3d(2, 3, 2), nn.BatchNorm3d(3), nn.MaxPool3d(2)), film),
    "groups and dilation": (lambda: nn.Conv2d(3, 6, 3, groups=3, dilation=2), picture),
    "circular padding": (lambda: nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"), picture),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(6, 4, 3, stride=2, output_padding=1), series),
    "ConvTranspose2d": (lambda: conv(nn.ReLU(True), nn.ConvTranspose2d(4, 3, 3, 2)), picture),
    "BatchNorm2d": (lambda: conv(nn.BatchNorm2d(4), nn.ReLU(True), nn.MaxPool2d(2)), picture),
    "BatchNorm1d of the batch": (
        lambda: nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8, track_running_stats=False)),
        lambda: torch.randn(24, 8),
    ),
    "GroupNorm": (lambda: conv(nn.GroupNorm(2, 4), nn.SiLU()), picture),
    "LayerNorm": (lambda: nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.GELU()), series),
    "RMSNorm": (lambda: nn.Sequential(nn.Linear(8, 8), nn.RMSNorm(8), nn.GELU("tanh")), series),
    "InstanceNorm": (lambda: conv(nn.InstanceNorm2d(4, affine=True, track_running_stats=True)), picture),
    "average pooling": (lambda: conv(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(2)), picture),
    "enlarging": (lambda: conv(nn.Upsample(scale_factor=2, mode="bilinear"), nn.PixelShuffle(2)), picture),
    "Embedding": (lambda: nn.Sequential(nn.Embedding(10, 4, padding_idx=0), nn.Flatten(), nn.Linear(24, 3)), words),
    "EmbeddingBag": (lambda: nn.Sequential(nn.EmbeddingBag(10, 4), nn.Linear(4, 3)), words),
    "RNN": (lambda: Made(last, nn.RNN(8, 5, 2, batch_first=True, dropout=0.2)), series),
    "GRU": (lambda: Made(last, nn.GRU(8, 5, batch_first=True, bidirectional=True)), series),
    "LSTMCell": (lambda: Made(lambda x, cell: cell(x[:, 1], cell(x[:, 0]))[0], nn.LSTMCell(8, 5)), series),
    "MultiheadAttention": (
        lambda: Made(lambda x, a: a(x, x, x)[0], nn.MultiheadAttention(8, 2, batch_first=True, dropout=0.2)),
        series,
    ),
    "attention": (lambda: attention(0.0, False), series),
    "attention with dropout": (lambda: attention(0.2, False), series),
    "causal attention with dropout": (lambda: attention(0.2, True), series),
    "residual": (lambda: linear(lambda h, x: torch.cat([x + h, torch.tanh(h)], 1)), row),
    "one layer three times": (lambda: (lambda a: nn.Sequential(a, nn.Tanh(), a, nn.Tanh(), a))(nn.Linear(8, 8)), row),
    "tied weights": (Tied, words),
    "statistics of its own": (Statistics, row),
    "spectral norm": (lambda: torch.nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8)), row),
    "a weight that is not read": (lambda: Made(lambda x, a, b: a(x), nn.Linear(8, 8), nn.Linear(2, 2)), row),
    "an answer without the input": (lambda: Made(lambda x, a: a.bias.expand(len(x), 8), nn.Linear(8, 8)), row),
    "in place": (lambda: linear(in_place), row),
    "overwritten": (lambda: linear(overwritten), row),
    "put into a place": (lambda: linear(filled), row),
    "plain numbers": (lambda: linear(from_numbers), row),
    "drawn for nothing": (lambda: linear(drawn_for_nothing), row),
    "picked": (lambda: linear(picked), row),
    "taken apart": (lambda: linear(taken_apart), row),
    "bounded": (lambda: linear(bounded), row),
    "scattered": (
        lambda: linear(lambda h, x: torch.zeros(len(x), 8).index_add(1, torch.arange(8).flip(0), h)),
        row,
    ),
    "double": (lambda: linear(lambda h, x: h.double().exp().float()), row),
    "detached": (lambda: linear(lambda h, x: h / h.std(0, keepdim=True).detach() + h.var(1, keepdim=True)), row),
    "RReLU": (lambda: nn.Sequential(nn.Linear(8, 8), nn.RReLU(), nn.PReLU(), nn.LogSoftmax(1)), row),
    "AlphaDropout": (lambda: nn.Sequential(nn.Linear(8, 8), nn.AlphaDropout(0.3), nn.Softplus()), row),
    "Dropout2d": (lambda: conv(nn.Dropout2d(0.3)), picture),
    "Dropout of all": (lambda: nn.Sequential(nn.Linear(8, 8), nn.Dropout(1.0), nn.Linear(8, 2)), row),
}

CLOSE: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "LSTM": (lambda: Made(last, nn.LSTM(8, 5, batch_first=True)), series),
    "LSTM both ways": (
        lambda: Made(last, nn.LSTM(8, 5, 2, batch_first=True, bidirectional=True, dropout=0.3)),
        lambda: series()[:, :3],
    ),
    "LSTM without biases": (lambda: Made(last, nn.LSTM(8, 5, bias=False)), series),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True), series),
    "TransformerDecoderLayer": (
        lambda: Made(lambda x, layer: layer(x, x), nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)),
        series,
    ),
    "a language model": (Decoder, words),
}
"""Modules that torch computes by one large operation where it can, and rounds otherwise there."""

DRAWS: dict[str, Callable[[Tensor], Tensor]] = {
    "randn_like": torch.randn_like,
    "rand_like": torch.rand_like,
    "of another type": lambda t: torch.randn_like(t, dtype=torch.float64).float(),
    "randn": lambda t: torch.randn(t.shape),
    "rand": lambda t: torch.rand(t.shape),
    "randint": lambda t: torch.randint(1, 3, t.shape).float(),
    "randperm": lambda t: torch.randperm(4).float().expand_as(t),
    "normal": lambda t: torch.normal(torch.zeros_like(t), 1.0),
    "in place": lambda t: torch.empty_like(t).exponential_(2.0),
    "bernoulli": lambda t: torch.bernoulli(torch.sigmoid(t)),
    "multinomial": lambda t: torch.multinomial(t.softmax(1), 4, True).float(),
    "gumbel": functional.gumbel_softmax,
    "twice": lambda t: torch.rand(t.shape) - torch.rand(t.shape) + torch.randn_like(t) * torch.randn_like(t),
    "fractional pooling": lambda t: functional.fractional_max_pool2d(t.view(-1, 1, 2, 2), 1, output_size=2).view(-1, 4),
}


def assert_exact(made: nn.Module, x: Tensor, optimizer: str = "adam") -> None:
    apart = compare(made, x, x[:13], optimizer)
    assert apart.steps == 12
    assert (apart.losses, apart.state, apart.figures) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", EXACT)
def test_a_module_is_the_same_to_the_last_bit(name: str) -> None:
    make, data = EXACT[name]
    assert_exact(make(), data())


@pytest.mark.parametrize("name", DRAWS)
def test_random_numbers_are_those_of_the_eager_engine(name: str) -> None:
    assert_exact(Sampled(DRAWS[name]), row(), "sgd")


@pytest.mark.parametrize("name", CLOSE)
def test_what_torch_fuses_is_taken_apart_and_rounds_otherwise(name: str) -> None:
    make, data = CLOSE[name]
    apart = compare(make(), data(), data()[:13])
    assert apart.is_close, apart


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
@pytest.mark.parametrize("rows", [1, 7, 8, 9, 16])
def test_batches_of_every_size_without_a_validation_part(rows: int, optimizer: str) -> None:
    apart = compare(nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3)), row()[:rows], None, optimizer)
    assert (apart.losses, apart.state, apart.figures) == (0.0, 0.0, 0.0)


# ---------------------------------------------------------------- what cannot be written down


class Counter(nn.Module):
    """Remembers something that no file and no moment keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.seen = nn.Linear(8, 8), torch.zeros(8)

    def forward(self, x: Tensor) -> Tensor:
        self.seen.add_(0.1)
        found: Tensor = self.layer(x) + self.seen
        return found


def clipped_below(h: Tensor, x: Tensor) -> Tensor:
    h = h * 1
    h[h < 0] *= 0.1
    return h


OWN = torch.Generator()
REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "an if": (lambda: linear(lambda h, x: h if h.sum() > 0 else -h), "depends on the values"),
    "a number": (lambda: linear(lambda h, x: h * h.abs().max().item()), "depends on the values"),
    "some of them": (lambda: linear(lambda h, x: h + h[h < 0].sum()), "depends on the values"),
    "writing to some of them": (lambda: linear(clipped_below), "depends on the values"),
    "where there is something": (lambda: linear(lambda h, x: h + len(h.nonzero())), "depends on the values"),
    "a memory of its own": (Counter, "not saved with it"),
    "its own generator": (lambda: linear(lambda h, x: h + torch.rand(8, generator=OWN)), "cannot be repeated"),
    "drawing while looked at": (lambda: linear(lambda h, x: h + torch.rand(8)), "only looked at"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_down_is_refused_with_a_reason(name: str) -> None:
    make, reason = REFUSED[name]
    with pytest.raises(CannotCapture, match=reason):
        compare(make(), row(), row()[:13])
