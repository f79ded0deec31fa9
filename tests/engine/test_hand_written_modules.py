"""Modules as people write them: each comes in with layers alone, answers as before, and can be trained on."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

import nnlab
from nnlab.core.blocks.grouping import taken_apart
from nnlab.core.check import check
from nnlab.core.graph import Node
from nnlab.core.layer import UnknownLayer


class Functional(nn.Module):
    """Everything as functions, as in PyTorch's first tutorials."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 8, 3)
        self.fc1, self.fc2 = nn.Linear(8 * 2 * 2, 16), nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), (2, 2))
        x = x.view(x.size(0), -1)
        x = F.dropout(F.relu(self.fc1(x)), 0.5, self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class BasicBlock(nn.Module):
    def __init__(self, given: int, made: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, made, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(made)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(made, made, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(made)
        self.downsample = None
        if stride != 1 or given != made:
            self.downsample = nn.Sequential(nn.Conv2d(given, made, 1, stride, bias=False), nn.BatchNorm2d(made))

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.bn1, self.relu, self.maxpool = nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(8, 8), BasicBlock(8, 8))
        self.layer2 = nn.Sequential(BasicBlock(8, 16, 2))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(x, 1))


class Dense(nn.Module):
    """A loop over a ModuleList, each of which sees all before it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(4 + 4 * k), nn.ReLU(), nn.Conv2d(4 + 4 * k, 4, 3, padding=1)) for k in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        return torch.cat(features, 1).mean([2, 3])


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(8, 2), nn.Linear(2, 8)

    def forward(self, x: Tensor) -> Tensor:
        b, c, _, _ = x.size()
        y = F.adaptive_avg_pool2d(x, 1).view(b, c)
        y = torch.sigmoid(self.fc2(F.relu(self.fc1(y)))).view(b, c, 1, 1)
        return x * y.expand_as(x)


class LastOfLSTM(nn.Module):
    """A memory that is made by hand, of zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.lstm, self.fc = nn.Embedding(50, 8), nn.LSTM(8, 12, 2, batch_first=True), nn.Linear(12, 3)

    def forward(self, words: Tensor) -> Tensor:
        h0 = torch.zeros(2, words.size(0), 12).to(words.device)
        c0 = torch.zeros(2, words.size(0), 12, device=words.device)
        out, _ = self.lstm(self.embed(words), (h0, c0))
        return self.fc(out[:, -1, :])


class TimeFirst(nn.Module):
    """torch's own order of axes, both directions, the last memories of each side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.fc = nn.GRU(4, 6, 2, bidirectional=True), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        _, h = self.gru(x.permute(1, 0, 2))
        return self.fc(torch.cat((h[-2, :, :], h[-1, :, :]), dim=1))


class ByDirection(nn.Module):
    """The memory taken apart as torch's manual says, batch in front otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(4, 6, 2, bidirectional=True, batch_first=True), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        _, (h, _) = self.lstm(x)
        last = h.view(2, 2, x.size(0), 6)[-1]
        return self.fc(torch.cat([last[0], last[1]], dim=1))


class AttentionTimeFirst(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.norm = nn.MultiheadAttention(8, 2), nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(0, 1)
        x = self.norm(x + self.attention(x, x, x)[0])
        return x.transpose(0, 1).mean(1)


class Causal(nn.Module):
    """A language model on torch's encoder, time first, that may not look ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 4)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 1, enable_nested_tensor=False)
        self.fc = nn.Linear(4, 9)

    def forward(self, words: Tensor) -> Tensor:
        later = torch.triu(torch.ones(6, 6) * float("-inf"), diagonal=1)
        return self.fc(self.encoder(self.embed(words).permute(1, 0, 2), later)).permute(1, 0, 2)


class Positions(nn.Module):
    def __init__(self, width: int, longest: int = 50) -> None:
        super().__init__()
        place = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        table = torch.zeros(1, longest, width)
        table[0, :, 0::2], table[0, :, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
        self.register_buffer("pe", table)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.get_buffer("pe")[:, : x.size(1)]


class WordsClassifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.positions = nn.Embedding(20, 8, padding_idx=0), Positions(8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
        self.encoder, self.fc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(8, 3)

    def forward(self, words: Tensor) -> Tensor:
        x = self.positions(self.embed(words) * math.sqrt(8))
        return self.fc(self.encoder(x, src_key_padding_mask=words == 0)[:, 0])


class GPT(nn.Module):
    """Attention by hand, with a table of places and a mask in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.tok, self.pos = nn.Embedding(20, 8), nn.Embedding(10, 8)
        self.qkv, self.out, self.ln1, self.ln2 = nn.Linear(8, 24), nn.Linear(8, 8), nn.LayerNorm(8), nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8))
        self.head = nn.Linear(8, 20, bias=False)
        self.register_buffer("mask", torch.tril(torch.ones(10, 10)).view(1, 1, 10, 10))

    def forward(self, words: Tensor) -> Tensor:
        b, t = words.size()
        x = self.tok(words) + self.pos(torch.arange(t, device=words.device))
        q, k, v = (part.view(b, t, 2, 4).transpose(1, 2) for part in self.qkv(self.ln1(x)).split(8, dim=2))
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(4))
        scores = scores.masked_fill(self.get_buffer("mask")[:, :, :t, :t] == 0, float("-inf"))
        seen = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).contiguous().view(b, t, 8)
        x = x + self.out(seen)
        return self.head(x + self.mlp(self.ln2(x)))


class VisionTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token, self.places = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.places
        return self.head(self.encoder(x)[:, 0])


class Twins(nn.Module):
    """The same layers on both sides, and how alike what they make is."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
        self.fc = nn.Linear(3, 1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        first, second = self.embed(a), self.embed(b)
        return torch.sigmoid(self.fc(torch.abs(first - second))).squeeze(1)


class Formulas(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)
        self.gain, self.shift = nn.Parameter(torch.full((6,), 1.5)), nn.Parameter(torch.full((6,), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(x)
        x = torch.exp(-(x**2)) + torch.log(x.abs() + 1) / torch.sqrt(x * x + 0.1)
        x = torch.where(x > 0.4, x, 0.1 * x)
        return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-5) * self.gain + self.shift


class Mixture(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(6, 4) for _ in range(3)])
        self.gate = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        weights = F.softmax(self.gate(x), dim=-1)
        made = torch.stack([expert(x) for expert in self.experts], dim=1)
        return (weights.unsqueeze(-1) * made).sum(dim=1)


class PointNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv1d(5, 8, 1), nn.BatchNorm1d(8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv(x.transpose(2, 1))))
        return self.fc(torch.max(x, 2, keepdim=True)[0].view(-1, 8))


class CellByCell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.fc = nn.LSTMCell(6, 5), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        h, c = x.new_zeros(x.size(0), 5), x.new_zeros(x.size(0), 5)
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        return self.fc(h)


def words(rows: int, length: int, known: int) -> Tensor:
    return torch.randint(0, known, (rows, length))


MODULES: dict[str, tuple[type[nn.Module], Callable[[], tuple[Tensor, ...]]]] = {
    "functional": (Functional, lambda: (torch.randn(4, 3, 16, 16),)),
    "resnet": (ResNet, lambda: (torch.randn(2, 3, 16, 16),)),
    "dense": (Dense, lambda: (torch.randn(2, 4, 8, 8),)),
    "squeeze-excite": (SqueezeExcite, lambda: (torch.randn(2, 8, 8, 8),)),
    "last-of-lstm": (LastOfLSTM, lambda: (words(2, 9, 50),)),
    "time-first": (TimeFirst, lambda: (torch.randn(2, 9, 4),)),
    "by-direction": (ByDirection, lambda: (torch.randn(2, 9, 4),)),
    "attention-time-first": (AttentionTimeFirst, lambda: (torch.randn(2, 5, 8),)),
    "causal": (Causal, lambda: (words(2, 6, 9),)),
    "words-classifier": (WordsClassifier, lambda: (words(2, 7, 20),)),
    "gpt": (GPT, lambda: (words(2, 7, 20),)),
    "vision-transformer": (VisionTransformer, lambda: (torch.randn(2, 3, 8, 8),)),
    "twins": (Twins, lambda: (torch.randn(2, 6), torch.randn(2, 6))),
    "formulas": (Formulas, lambda: (torch.randn(2, 6),)),
    "mixture": (Mixture, lambda: (torch.randn(2, 6),)),
    "point-net": (PointNet, lambda: (torch.randn(2, 6, 5),)),
    "cell-by-cell": (CellByCell, lambda: (torch.randn(2, 4, 6),)),
}


def brought(name: str) -> tuple[nn.Module, tuple[Tensor, ...], Any]:
    torch.manual_seed(0)
    kind, example = MODULES[name]
    model, inputs = kind().eval(), example()
    for each in model.modules():
        if isinstance(each, (nn.BatchNorm1d, nn.BatchNorm2d)):  # as if it had been trained
            assert each.running_mean is not None
            assert each.running_var is not None
            each.running_mean.normal_()
            each.running_var.uniform_(0.5, 2)
    return model, inputs, nnlab.from_module(model, inputs if len(inputs) > 1 else inputs[0])


def layers(project: Any) -> dict[str, Node]:
    return dict(taken_apart(project.document.graph).nodes)


@pytest.mark.parametrize("name", MODULES)
def test_it_comes_in_without_unknown_parts_and_answers_as_before(name: str) -> None:
    model, inputs, project = brought(name)
    assert [n.type_id for n in layers(project).values() if isinstance(n.layer, UnknownLayer)] == []
    assert [p.message for p in check(project.document) if p.severity == "error"] == []
    assert len(project.notices) == 1  # that data must be chosen
    with torch.no_grad():
        wanted, found = model(*inputs), project.model()(*inputs)
    assert torch.allclose(found.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in MODULES if n != "gpt"])
def test_it_learns_all_that_the_module_learns(name: str) -> None:
    model, _, project = brought(name)
    assert sum(p.numel() for p in project.model().parameters()) == sum(p.numel() for p in model.parameters())


def test_the_places_that_are_used_come_along_of_a_table_that_no_sample_chooses_from() -> None:
    model, _, project = brought("gpt")
    unused = (10 - 7) * 8
    assert sum(p.numel() for p in project.model().parameters()) == sum(p.numel() for p in model.parameters()) - unused


def test_shared_layers_share_and_the_last_axis_of_one_is_left_out_at_the_end() -> None:
    _, _, project = brought("twins")
    assert sum(bool(n.learning.shares) for n in project.document.graph.nodes.values()) >= 1
    assert "Squeeze" not in [n.type_id for n in layers(project).values()]


def test_a_formula_is_one_layer() -> None:
    _, _, project = brought("formulas")
    written = [n.layer.expression for n in layers(project).values() if n.type_id == "Expression"]  # type: ignore[attr-defined]
    assert "where(a > 0.4, a, 0.1 * a)" in written
    assert any("exp" in text and "log" in text for text in written)


def test_time_first_needs_no_layer_that_swaps_axes() -> None:
    for name in ("time-first", "attention-time-first", "causal"):
        _, _, project = brought(name)
        assert not {"Transpose", "Permute"} & {n.type_id for n in layers(project).values()}, name


def test_time_in_the_place_of_the_batch_is_not_drawn_as_if_it_were_one() -> None:
    """Without a transpose torch's recurrent layers read along the samples."""
    found = nnlab.from_module(nn.Sequential(nn.Linear(4, 4), nn.GRU(4, 3)), torch.randn(2, 5, 4))
    assert "GRU (from outside)" in [n.type_id for n in layers(found).values()]


class Deciding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 1e9:
            x = x * 2
        return self.fc(x)


def test_a_model_that_decides_by_its_numbers_is_drawn_as_it_was_run_and_it_is_said_so() -> None:
    project = nnlab.from_module(Deciding(), torch.randn(2, 6))
    assert sorted(n.type_id for n in layers(project).values()) == ["Input", "Linear", "Output"]
    assert any("decides" in each for each in project.notices)
    plain = nnlab.from_module(nn.Sequential(nn.Linear(6, 2)), torch.randn(2, 6))
    assert not any("decides" in each for each in plain.notices)


class Ensemble(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList([nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)) for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(0)


def test_a_mean_over_several_networks_is_their_average() -> None:
    torch.manual_seed(0)
    model, x = Ensemble().eval(), torch.randn(2, 6)
    project = nnlab.from_module(model, x)
    assert [n.type_id for n in layers(project).values()].count("Average") == 1
    assert torch.allclose(project.model()(x), model(x), atol=1e-6)


class Divergence(nn.Module):
    """A code, and how far its distribution is from a standard normal one: one number a sample."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.spread = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        m, v = self.mean(x), self.spread(x)
        return m, -0.5 * torch.sum(1 + v - m.pow(2) - v.exp(), dim=1) + 1


def test_one_number_a_sample_and_a_number_are_a_formula() -> None:
    theirs, x = Divergence(), torch.randn(5, 4)
    project = nnlab.from_module(theirs, x)
    assert [each for each in project.check() if each.severity == "error"] == []
    for mine, their in zip(project.model()(x), theirs(x), strict=True):
        assert torch.allclose(mine.flatten(), their.flatten(), rtol=1e-6, atol=1e-6)
