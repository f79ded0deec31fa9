"""Models as their authors write them, for the tests of what comes in: with modules of their own, called once, in rows, and again."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

Made = tuple[nn.Module, tuple[Tensor, ...]]


class BasicBlock(nn.Module):
    def __init__(self, given: int, made: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, made, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(made)
        self.conv2 = nn.Conv2d(made, made, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(made)
        short = nn.Sequential(nn.Conv2d(given, made, 1, stride, bias=False), nn.BatchNorm2d(made))
        self.downsample = short if stride != 1 else None

    def forward(self, x: Tensor) -> Tensor:
        beside = x if self.downsample is None else self.downsample(x)
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + beside)


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, 8))
        self.layer2 = nn.Sequential(BasicBlock(8, 16, 2), BasicBlock(16, 16))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer2(self.layer1(torch.relu(self.conv1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Vgg(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(36, 5))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


class MaskedBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.other = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8))

    def forward(self, x: Tensor, unseen: Tensor) -> Tensor:
        y = self.norm(x)
        x = x + self.attention(y, y, y, key_padding_mask=unseen)[0]
        return x + self.mlp(self.other(x))


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.blocks = nn.ModuleList([MaskedBlock() for _ in range(3)])
        self.head = nn.Linear(8, 20)

    def forward(self, words: Tensor) -> Tensor:
        unseen, x = words == 0, self.words(words)
        for block in self.blocks:
            x = block(x, unseen)
        return self.head(x)


class Branch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Linear(4, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.narrow(torch.tanh(self.wide(x)))


class Twins(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.twin, self.out = Branch(), nn.Linear(6, 1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.out(torch.cat([self.twin(left), self.twin(right)], 1))


class Again(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.step, self.out = nn.Sequential(nn.Linear(4, 4), nn.Tanh()), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = self.step(x)
        return self.out(x)


class SelfAttention(nn.Module):
    """As in small language models: one projection for all three, and looks that reach back alone."""

    def __init__(self) -> None:
        super().__init__()
        self.c_attn, self.c_proj = nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, width = x.shape
        q, k, v = (t.view(batch, steps, 2, 4).transpose(1, 2) for t in self.c_attn(x).split(width, dim=2))
        looks = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(4))
        looks = looks.masked_fill(torch.tril(torch.ones(steps, steps)).view(1, 1, steps, steps) == 0, float("-inf"))
        y = F.softmax(looks, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(batch, steps, width))


class Halves(SelfAttention):
    """The same by torch's function, with looks that reach everywhere and a scale of their own."""

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, width = x.shape
        q, k, v = (t.reshape(batch, steps, 2, 4).transpose(1, 2) for t in self.c_attn(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, scale=0.3)
        return self.c_proj(y.transpose(1, 2).reshape(batch, steps, width))


class WriterBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2, self.attn = nn.LayerNorm(8), nn.LayerNorm(8), SelfAttention()
        self.mlp = nn.Sequential(nn.Linear(8, 32), nn.GELU(approximate="tanh"), nn.Linear(32, 8))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Writer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte, self.h = nn.Embedding(20, 8), nn.ModuleList([WriterBlock() for _ in range(3)])
        self.ln_f, self.head = nn.LayerNorm(8), nn.Linear(8, 20, bias=False)

    def forward(self, words: Tensor) -> Tensor:
        x = self.wte(words)
        for block in self.h:
            x = block(x)
        return self.head(self.ln_f(x))


class Attending(nn.Module):
    """nn.MultiheadAttention in one of the ways in which it is used."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, bias=how != "no bias", batch_first=True)
        self.out, self.how = nn.Linear(8, 3), how

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if self.how == "causal" else None
        keys = x if other is None else other
        y, looks = self.attention(x, keys, keys, attn_mask=later, need_weights=self.how == "weights")
        return (self.out(y), looks) if self.how == "weights" else self.out(y)


class Encoder(nn.Module):
    def __init__(self, norm_first: bool = False) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=norm_first, activation="gelu")
        self.words, self.out = nn.Embedding(20, 8), nn.Linear(8, 3)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, words: Tensor) -> Tensor:
        return self.out(self.encoder(self.words(words)).mean(1))


class Mixed(nn.Module):
    """A layer of each kind that files take apart."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.first, self.norm, self.bend = nn.Linear(8, 8), nn.LayerNorm(8), nn.GELU(approximate)
        self.lstm = nn.LSTM(8, 6, batch_first=True, bidirectional=True)
        self.gru, self.out, self.bn = nn.GRU(12, 5, batch_first=True), nn.Linear(5, 2), nn.BatchNorm1d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.lstm(self.bend(self.norm(self.first(x))))[0]
        return self.bn(self.out(self.gru(x)[1][-1]))


def _words() -> tuple[Tensor, ...]:
    return (torch.randint(1, 20, (2, 5)),)


def _steps(many: int = 1) -> tuple[Tensor, ...]:
    return tuple(torch.randn(2, 5 + 2 * k, 8) for k in range(many))


MODELS: dict[str, Callable[[], Made]] = {
    "resnet": lambda: (ResNet(), (torch.randn(2, 3, 16, 16),)),
    "vgg": lambda: (Vgg(), (torch.randn(2, 3, 8, 8),)),
    "reader": lambda: (Reader(), _words()),
    "twins": lambda: (Twins(), (torch.randn(2, 4), torch.randn(2, 4))),
    "again": lambda: (Again(), (torch.randn(2, 4),)),
    "writer": lambda: (Writer(), _words()),
    "self-attention": lambda: (SelfAttention(), _steps()),
    "halves": lambda: (Halves(), _steps()),
    "attention": lambda: (Attending("plain"), _steps()),
    "no-bias": lambda: (Attending("no bias"), _steps()),
    "causal": lambda: (Attending("causal"), _steps()),
    "weights": lambda: (Attending("weights"), _steps()),
    "cross": lambda: (Attending("cross"), _steps(2)),
    "encoder": lambda: (Encoder(), _words()),
    "encoder-norm-first": lambda: (Encoder(norm_first=True), _words()),
    "mixed": lambda: (Mixed(), _steps()),
    "mixed-tanh": lambda: (Mixed("tanh"), _steps()),
}


def trained(name: str) -> Made:
    """The model with numbers as if it had been trained: no two of its tensors are equal by chance."""
    torch.manual_seed(0)
    model, inputs = MODELS[name]()
    with torch.no_grad():
        for each in model.parameters():
            each.add_(torch.randn_like(each) * 0.1)
        for part in model.modules():
            if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
                assert part.running_mean is not None
                assert part.running_var is not None
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
    return model.eval(), inputs
