"""Well-known architectures written by hand in PyTorch, and the same ones rebuilt by calls: as many numbers, the same answers."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nnlab import Project
from nnlab.core.objective import resolve
from nnlab.engine.compile import Network, loss_function

CLOSE = 1e-6


def matched(project: Project, theirs: nn.Module, rename: Callable[[str], str], *inputs: Tensor) -> Network:
    """Our network with the numbers of theirs, after it was seen that both count as many and answer the same."""
    assert project.check() == ()
    ours = project.build(seed=0)
    count = sum(p.numel() for p in theirs.parameters())
    assert sum(p.numel() for p in ours.parameters()) == project.graph.parameter_count() == count
    _stir(theirs)
    ours.load_state_dict({rename(name): value for name, value in theirs.state_dict().items()})
    ours.eval(), theirs.eval()
    with torch.no_grad():
        one, other = ours(*inputs), theirs(*inputs)
    same(one, other)
    return ours


def same(one: Tensor | tuple[Tensor, ...], other: Tensor | tuple[Tensor, ...]) -> None:
    """Equal to 1e-6 of their size."""
    for a, b in zip(*((each,) if isinstance(each, Tensor) else each for each in (one, other)), strict=True):
        assert a.shape == b.shape
        assert float((a - b).detach().abs().max()) <= CLOSE * max(1.0, float(b.detach().abs().max()))


def _stir(module: nn.Module) -> None:
    """Statistics and biases that are not the 0 and 1 they begin with."""
    torch.manual_seed(5)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif name.endswith(("bias", "running_mean")):
                value.normal_(0, 0.1)


def renamed(*pairs: tuple[str, str]) -> Callable[[str], str]:
    """Each of these beginnings or middles of a name put in the place of the other, in their order."""

    def rename(name: str) -> str:
        name = f".{name}"
        for theirs, ours in pairs:
            name = name.replace(f".{theirs}.", f".{ours}.")
        return name[1:]

    return rename


# ------------------------------------------------------------------- ResNet


class Basic(nn.Module):
    def __init__(self, before: int, filters: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.downsample: nn.Module | None = None
        if stride != 1 or before != filters:
            self.downsample = nn.Sequential(nn.Conv2d(before, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Basic(16, 16), Basic(16, 16))
        self.layer2 = nn.Sequential(Basic(16, 32, 2), Basic(32, 32))
        self.layer3 = nn.Sequential(Basic(32, 64, 2), Basic(64, 64))
        self.fc = nn.Linear(64, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


def row(project: Project, after: str, *layers: tuple[str, dict[str, object]]) -> str:
    """Layers wired one after the other; the id of the last."""
    for type_, settings in layers:
        after = project.graph.add(type_, after=after, **settings)  # type: ignore[arg-type]
    return after


def test_a_resnet_of_ready_blocks() -> None:
    project = Project.new()
    project.set_data("picworld")
    last = row(
        project,
        project.graph.add("Input"),
        ("Conv2d", {"name": "conv1", "out_channels": 16, "bias": False}),
        ("BatchNorm2d", {"name": "bn1"}),
        ("ReLU", {}),
        ("residual", {"name": "layer1", "filters": 16, "repeat": 2}),
        ("residual-down", {"name": "layer2_0", "filters": 32}),
        ("residual", {"name": "layer2_1", "filters": 32}),
        ("residual-down", {"name": "layer3_0", "filters": 64}),
        ("residual", {"name": "layer3_1", "filters": 64}),
        ("GlobalAvgPool2d", {}),
        ("Linear", {"name": "fc", "out_features": 8}),
        ("Output", {}),
    )
    assert project.graph.shape(last) == ("N", 8)

    def rename(name: str) -> str:
        stage, _, rest = name.partition(".")
        if not stage.startswith("layer"):
            return name
        stage = stage if stage == "layer1" else f"{stage}_{rest[0]}"
        rest = rest if stage == "layer1" else rest[2:]
        parts = (("conv1", "conv_1"), ("bn1", "norm_1"), ("conv2", "conv_2"), ("bn2", "norm_2"))
        shortcut = (("downsample.0", "projection"), ("downsample.1", "projection_norm"))
        return renamed(*parts, *shortcut)(f"{stage}.{rest}")

    matched(project, ResNet(), rename, torch.randn(4, 3, 32, 32))


# ------------------------------------------------------------------- U-Net


def twice(before: int, filters: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, filters, 3, padding=1), nn.ReLU(), nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU()
    )


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = twice(3, 8), twice(8, 16), twice(16, 32)
        self.up2, self.up1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)
        self.join2, self.join1 = twice(32, 16), twice(16, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(functional.max_pool2d(one, 2))
        x = self.bottom(functional.max_pool2d(two, 2))
        x = self.join2(torch.cat([self.up2(x), two], 1))
        x = self.join1(torch.cat([self.up1(x), one], 1))
        return self.out(x)


def test_a_unet_of_grouped_layers() -> None:
    project = Project.new()
    project.set_data("picworld", target="outline")
    graph = project.graph

    def stage(name: str, filters: int, *sources: str) -> str:
        """Two convolutions as a block, reading one node, or two joined."""
        start = sources[0]
        if len(sources) > 1:
            start = graph.add("Concat")
            for source in sources:
                graph.connect(source, start)
        before = set(graph.nodes)
        convs = [("Conv2d", {"name": called, "out_channels": filters}) for called in ("first", "second")]
        row(project, start, convs[0], ("ReLU", {}), convs[1], ("ReLU", {}))
        block = graph.group(set(graph.nodes) - before, name)
        graph.set(block, name=name)
        return block

    def up(name: str, filters: int, source: str) -> str:
        return row(project, source, ("ConvTranspose2d", {"name": name, "out_channels": filters}))

    one = stage("down1", 8, graph.add("Input"))
    two = stage("down2", 16, row(project, one, ("MaxPool2d", {})))
    bottom = stage("bottom", 32, row(project, two, ("MaxPool2d", {})))
    join2 = stage("join2", 16, up("up2", 16, bottom), two)
    join1 = stage("join1", 8, up("up1", 8, join2), one)
    row(project, join1, ("Conv2d", {"name": "out", "out_channels": 1, "kernel_size": 1}), ("Output", {}))
    matched(project, UNet(), renamed(("0", "first"), ("2", "second")), torch.randn(2, 3, 32, 32))


# ------------------------------------------------------------------- sequences


class Classifier(nn.Module):
    def __init__(self, words: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, 12, padding_idx=0)
        self.lstm = nn.LSTM(12, 20, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(40, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        _, (h, _) = self.lstm(self.embed(tokens))
        return self.head(self.drop(torch.cat([h[-2], h[-1]], 1)))


def test_an_lstm_classifier() -> None:
    project = Project.new()
    project.set_data("mood")
    words = len(project.document.data.spec().vocabulary)
    graph = project.graph
    embed = {"name": "embed", "num_embeddings": words, "embedding_dim": 12, "padding_idx": 0}
    lstm = {"name": "lstm", "hidden_size": 20, "num_layers": 2, "bidirectional": True, "dropout": 0.2}
    read = row(project, graph.add("Input"), ("Embedding", embed), ("LSTM", lstm))
    drop = graph.add("Dropout", name="drop", p=0.3, after=f"{read}.last")
    row(project, drop, ("Linear", {"name": "head", "out_features": 2}), ("Output", {}))
    matched(project, Classifier(words), str, torch.randint(0, words, (5, 13)))


class Translator(nn.Module):
    """nn.TransformerEncoder and nn.TransformerDecoder with padding masks and positions of sines."""

    def __init__(self, source: int, target: int, answers: int) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(source, 24), nn.Embedding(target, 24)
        encoder = nn.TransformerEncoderLayer(24, 4, 48, 0.1, batch_first=True)
        decoder = nn.TransformerDecoderLayer(24, 4, 48, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(encoder, 2, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(decoder, 2)
        self.head = nn.Linear(24, answers)

    def positions(self, x: Tensor) -> Tensor:
        place = torch.arange(x.shape[1])[:, None]
        rate = torch.exp(torch.arange(0, 24, 2) * (-math.log(10000.0) / 24))
        table = torch.zeros(x.shape[1], 24)
        table[:, 0::2], table[:, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
        return x + table

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        padding, length = source == 0, target.shape[1]
        memory = self.encoder(self.positions(self.source(source)), src_key_padding_mask=padding)
        later = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        x = self.decoder(self.positions(self.target(target)), memory, tgt_mask=later, memory_key_padding_mask=padding)
        return self.head(x)


def test_an_encoder_decoder_transformer() -> None:
    project = Project.new()
    project.set_data("zed")
    english, so_far = project.document.data.spec().fields
    answers = project.document.data.spec().width
    graph = project.graph
    half = {"nhead": 4, "dim_feedforward": 48, "num_layers": 2}
    sizes = [{"num_embeddings": len(field.vocabulary), "embedding_dim": 24} for field in (english, so_far)]
    words = graph.add("Input", source=english.name)
    read = row(project, words, ("Embedding", {"name": "source", **sizes[0]}), ("PositionalEncoding", {}))
    padding = row(project, words, ("PaddingMask", {}))
    encoder = row(project, read, ("TransformerEncoder", {"name": "encoder", **half}))
    graph.connect(padding, encoder, "padding")
    said = row(
        project,
        graph.add("Input", source=so_far.name),
        ("Embedding", {"name": "target", **sizes[1]}),
        ("PositionalEncoding", {}),
    )
    decoder = row(project, said, ("TransformerDecoder", {"name": "decoder", **half}))
    graph.connect(encoder, decoder, "memory")
    graph.connect(padding, decoder, "memory_padding")
    row(project, decoder, ("Linear", {"name": "head", "out_features": answers}), ("Output", {}))
    source = torch.randint(1, len(english.vocabulary), (3, *english.shape))
    source[:, 6:] = 0
    target = torch.randint(1, len(so_far.vocabulary), (3, *so_far.shape))
    theirs = Translator(len(english.vocabulary), len(so_far.vocabulary), answers)
    matched(project, theirs, renamed(("source", "source_layer")), source, target)


# ------------------------------------------------------------------- VAE


class VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(64, 32)
        self.mean, self.log_variance = nn.Linear(32, 3), nn.Linear(32, 3)
        self.decoder = nn.Linear(3, 32)
        self.pixels = nn.Linear(32, 64)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = functional.gelu(self.encoder(x.flatten(1)))
        mean, log_variance = self.mean(y), self.log_variance(y)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean) if self.training else mean
        picture = self.pixels(functional.gelu(self.decoder(z))).view(-1, 1, 8, 8)
        return picture, -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)


def vae() -> Project:
    project = Project.new()
    project.set_data("digits", answer="input", standardise=False)
    graph = project.graph
    encoded = row(
        project,
        graph.add("Input"),
        ("Flatten", {}),
        ("Linear", {"name": "encoder", "out_features": 32}),
        ("GELU", {}),
    )
    draw = graph.add("Reparameterise")
    for name in ("mean", "log_variance"):
        graph.connect(row(project, encoded, ("Linear", {"name": name, "out_features": 3})), draw, name)
    row(
        project,
        draw,
        ("Linear", {"name": "decoder", "out_features": 32}),
        ("GELU", {}),
        ("Linear", {"name": "pixels", "out_features": 64}),
        ("Unflatten", {"unflattened_size": "1, 8, 8"}),
        ("Output", {}),
    )
    graph.add("Output", name="penalty", weight=0.01, after=f"{draw}.kl")
    return project


def test_a_variational_autoencoder_with_its_penalty() -> None:
    project, theirs, x = vae(), VAE(), torch.rand(6, 1, 8, 8)
    ours = matched(project, theirs, str, x)
    ours.train(), theirs.train()
    torch.manual_seed(3)
    picture, distance = theirs(x)
    torch.manual_seed(3)
    same(ours(x), (picture, distance))
    row_of_both = torch.cat([picture.flatten(1), distance[:, None]], 1)
    loss = loss_function(resolve(project.document))(row_of_both, x.flatten(1))
    same(loss, functional.mse_loss(picture, x) + 0.01 * distance.mean())


# ------------------------------------------------------------------- graphs


class GCN(nn.Module):
    """Two graph convolutions over a dense table of neighbours."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Linear(features, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        nodes = x.shape[1]
        table = torch.stack([torch.eye(nodes) for _ in x])
        for k, pairs in enumerate(edges):
            for source, target in pairs.T.tolist():
                if source >= 0:
                    table[k, target, source] += 1
        scale = table.sum(2).rsqrt()
        table = scale[:, :, None] * table * scale[:, None, :]
        x = torch.tanh(table @ (x @ self.conv1.weight.T) + self.conv1.bias)
        return table @ (x @ self.conv2.weight.T) + self.conv2.bias


def test_a_graph_convolutional_network() -> None:
    project = Project.new()
    project.set_data("karate-club", standardise=False)
    graph = project.graph
    members, friends = graph.add("Input", source="members"), graph.add("Input", source="friendships")
    first = row(project, members, ("GCNConv", {"name": "conv1", "out_channels": 8}))
    graph.connect(friends, first, "edges")
    second = row(project, first, ("Tanh", {}), ("GCNConv", {"name": "conv2", "out_channels": 2}))
    graph.connect(friends, second, "edges")
    row(project, second, ("Output", {}))
    made = project.document.data.dataset.make()
    x, edges = torch.from_numpy(made.inputs), torch.from_numpy(made.more[0])
    matched(project, GCN(x.shape[2]), str, x, edges)


# ------------------------------------------------------------------- two inputs


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.facts, self.joint, self.price = nn.Linear(4, 8), nn.Linear(24, 16), nn.Linear(16, 1)

    def forward(self, table: Tensor, picture: Tensor) -> Tensor:
        seen = functional.max_pool2d(functional.relu(self.conv1(picture)), 2)
        seen = functional.relu(self.conv2(seen)).mean((2, 3))
        both = torch.cat([seen, functional.relu(self.facts(table))], 1)
        return self.price(functional.relu(self.joint(both)))


def houses() -> Project:
    project = Project.new()
    project.set_data("house", samples=20, standardise_targets=True)
    graph = project.graph
    seen = graph.add_text("conv 8, relu, maxpool, conv 16, relu", after=graph.add("Input", source="picture"))
    seen = row(project, seen, ("GlobalAvgPool2d", {}))
    read = row(
        project, graph.add("Input", source="table"), ("Linear", {"name": "facts", "out_features": 8}), ("ReLU", {})
    )
    both = graph.add("Concat")
    graph.connect(seen, both)
    graph.connect(read, both)
    joint, price = {"name": "joint", "out_features": 16}, {"name": "price", "out_features": 1}
    row(project, both, ("Linear", joint), ("ReLU", {}), ("Linear", price), ("Output", {}))
    return project


def test_a_network_with_a_table_and_a_picture() -> None:
    rename = renamed(("conv1", "conv2d"), ("conv2", "conv2d_2"))
    matched(houses(), TwoInputs(), rename, torch.randn(5, 4), torch.rand(5, 3, 32, 32))


def test_data_with_several_inputs_are_asked_with_an_array_for_each() -> None:
    from nnlab.errors import DataError

    project, theirs = houses(), TwoInputs()
    made = project.document.data.dataset.make()
    table, pictures = made.inputs[:6], made.more[0][:6]
    names = renamed(("conv1", "conv2d"), ("conv2", "conv2d_2"))
    project.weights = {names(k): v.numpy() for k, v in theirs.state_dict().items()}
    prices = project.predict(table, pictures)
    assert prices.shape == (6, 1)
    from nnlab.core.parts import divide

    parts = divide(project.document.data)
    given = parts.spec.unpack(parts.standardise(parts.spec.pack((table, pictures))))
    with torch.no_grad():
        expected = parts.original_targets(theirs(*(torch.from_numpy(np.array(each)) for each in given)).numpy())
    assert np.allclose(prices, expected, rtol=1e-5)
    figures = project.evaluate((table, pictures), made.targets[:6])
    assert figures["r2"] < 1
    with pytest.raises(DataError, match="2 inputs, table and picture"):
        project.evaluate(table, made.targets[:6])
    with pytest.raises(DataError, match="2 inputs, table and picture"):
        project.predict(table)
    with pytest.raises(DataError, match="as many samples"):
        project.predict(table, pictures[:3])
