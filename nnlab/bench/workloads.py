"""What is trained: the same data, network, batch and optimizer for NNLab, for hand-written loops and for peers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nnlab.bench import modules
from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.param import param
from nnlab.core.parts import divide

if TYPE_CHECKING:
    from torch import Tensor, nn

EPOCHS = 1_000_000  # no run ends while it is measured
TEN = tuple(str(digit) for digit in range(10))


@dataclass(frozen=True)
class TwoArms(Dataset):
    """Points on two arms, one with the value 1, the other with −1."""

    title = "Two arms"

    def spec(self) -> DataSpec:
        """Two coordinates and a value."""
        return DataSpec((2,), "values", ("x₁", "x₂"), ("arm",), rows=250)

    def make(self) -> Samples:
        """125 points on each arm, without noise."""
        share = np.arange(125) / 125
        angle, radius = 3.5 * np.pi * share, 5 * share
        arm = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
        values = np.repeat([[1.0], [-1.0]], 125, axis=0)
        return Samples(np.concatenate([arm, -arm]).astype(np.float32), values.astype(np.float32))


@dataclass(frozen=True)
class FlatDigits(Dataset):
    """Handwritten digits as rows of 64 numbers, 28 whole batches of 64."""

    title = "Digits in rows"

    def spec(self) -> DataSpec:
        """64 numbers, ten classes."""
        return DataSpec((64,), "classes", tuple(f"pixel {k + 1}" for k in range(64)), TEN, rows=1792)

    def make(self) -> Samples:
        """Those of the catalogue, in rows."""
        made = DATASETS["digits"]().make()
        return Samples(made.inputs[:1792].reshape(1792, 64), made.targets[:1792])


@dataclass(frozen=True)
class NoisePictures(Dataset):
    """Pictures of noise with classes drawn at random: the arithmetic is that of real ones."""

    title = "Pictures of noise"

    def spec(self) -> DataSpec:
        """One channel of 28 × 28, ten classes."""
        return DataSpec((1, 28, 28), "classes", (), TEN, rows=2560)

    def make(self) -> Samples:
        """20 whole batches of 128."""
        rng = np.random.default_rng(1)
        return Samples(rng.normal(size=(2560, 1, 28, 28)).astype(np.float32), rng.integers(0, 10, 2560))


@dataclass(frozen=True)
class Workload:
    """One piece of training work."""

    title: str
    batch: int
    rule: Literal["sgd", "adam"]
    rate: float
    loss: Literal["mse", "cross-entropy"]
    module: "Callable[[], nn.Module]"
    """A fresh network, as one writes it by hand."""
    document: Document | None = None
    """The same network and training in NNLab; None if it cannot be drawn there yet."""
    made: "Callable[[], tuple[Tensor, Tensor]] | None" = None
    """The data, where there is no document."""

    @property
    def has_pictures(self) -> bool:
        """Whether its samples are channels × height × width."""
        spec = self.document.spec if self.document is not None else None
        return spec is not None and spec.is_picture

    def data(self) -> "tuple[Tensor, Tensor]":
        """Inputs and targets as tensors: a whole number of batches, the very numbers that NNLab trains on."""
        import torch

        if self.made is not None:
            return self.made()
        assert self.document is not None
        train = divide(self.document.data).train
        return torch.tensor(train.inputs), torch.tensor(train.targets)

    def loss_of(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """The loss as a function."""
        import torch.nn.functional as f

        return f.mse_loss if self.loss == "mse" else f.cross_entropy

    def optimizer(self, parameters: Any, **options: Any) -> Any:
        """Torch's optimizer for this work."""
        import torch

        kind = torch.optim.SGD if self.rule == "sgd" else torch.optim.Adam
        return kind(parameters, lr=self.rate, **options)


def drawn(work: Workload, dataset: Dataset, *layers: Layer) -> Workload:
    """The work with its document: these layers between input and output, no validation part, data as they are."""
    training = Training(
        loss=work.loss,
        optimizer=OPTIMIZERS[work.rule](),
        learning_rate=work.rate,
        batch_size=work.batch,
        epochs=EPOCHS,
        device="cpu",
    )
    data = Data(dataset=dataset, validation=0.0, standardise=False)
    graph = chain(layer("Input"), *layers, layer("Output"))
    return Workload(
        work.title, work.batch, work.rule, work.rate, work.loss, work.module,
        Document(graph=graph, data=data, training=training, title=work.title),
    )  # fmt: skip


def spiral() -> Workload:
    """Two arms, three small layers."""
    make = partial(modules.dense, (2, 8, 8, 8, 1), "Tanh", ends_in="Tanh")
    work = Workload("Spiral MLP 2-8-8-8-1, batch 10, SGD", 10, "sgd", 0.03, "mse", make)
    return drawn(work, TwoArms(), *dense(8, 8, 8, 1, activation="Tanh"), layer("Tanh"))


def xor() -> Workload:
    """The smallest network that there is anything to learn for."""
    work = Workload("XOR net 2-4-1, batch 10, SGD", 10, "sgd", 0.1, "mse", partial(modules.dense, (2, 4, 1), "Tanh"))
    return drawn(work, TwoArms(), *dense(4, 1, activation="Tanh"))


def digits() -> Workload:
    """Handwritten digits, two layers."""
    make = partial(modules.dense, (64, 128, 64, 10), "ReLU")
    work = Workload("Digits MLP 64-128-64-10, batch 64, Adam", 64, "adam", 1e-3, "cross-entropy", make)
    return drawn(work, FlatDigits(), *dense(128, 64, 10, activation="ReLU"))


def cnn() -> Workload:
    """Pictures through two convolutions."""
    work = Workload(
        "CNN 28×28, 16 and 32 filters, batch 128, Adam", 128, "adam", 1e-3, "cross-entropy", modules.small_cnn
    )
    return drawn(
        work, NoisePictures(),
        layer("Conv2d", out_channels=16), layer("ReLU"), layer("MaxPool2d"),
        layer("Conv2d", out_channels=32), layer("ReLU"), layer("MaxPool2d"),
        layer("Flatten"), layer("Linear", out_features=10),
    )  # fmt: skip


def gru() -> Workload:
    """Series of 32 steps through 64 recurrent units."""
    return Workload(
        "GRU(64), length 32, batch 64, Adam", 64, "adam", 1e-3, "cross-entropy", modules.gru, made=modules.series
    )


def transformer() -> Workload:
    """64 tokens through two blocks of attention."""
    return Workload(
        "Transformer, 2 blocks, d 64, length 64, batch 64, Adam",
        64,
        "adam",
        1e-3,
        "cross-entropy",
        modules.transformer,
        made=modules.tokens,
    )


@dataclass(frozen=True)
class Blank(Dataset):
    """So many samples of one number, in so many classes; other samples take their place."""

    title = "Blank"

    samples: int = param(1_000, "How many samples.")
    classes: int = param(2, "How many classes.")

    def spec(self) -> DataSpec:
        """One number."""
        names = tuple(str(k) for k in range(self.classes))
        return DataSpec((1,), "classes", ("number",), names, rows=self.samples)

    def make(self) -> Samples:
        """All 0, classes in turn."""
        return Samples(np.zeros((self.samples, 1), np.float32), np.arange(self.samples) % self.classes)


def stand_in(work: Workload, samples: int, classes: int) -> Document:
    """A document with the training of this work, for a network that cannot be drawn yet."""
    found = drawn(work, Blank(samples, classes), layer("Linear", out_features=classes)).document
    assert found is not None
    return found


def eight() -> Workload:
    """The same work as `watched`, for loops written by hand."""
    make = partial(modules.dense, (2, 8, 8, 8, 2), "Tanh")
    return Workload("8-8-8 on the spiral", 10, "sgd", 0.03, "cross-entropy", make, watched())


def watched() -> Document:
    """What the window trains while it is measured: 8-8-8 on 250 points of the spiral, batches of 10."""
    return Document(
        graph=chain(layer("Input"), *dense(8, 8, 8, 2, activation="Tanh"), layer("Output")),
        data=Data(dataset=DATASETS["spiral"]().with_(samples=250), validation=0.0),
        training=Training(
            optimizer=OPTIMIZERS["sgd"](), learning_rate=0.03, batch_size=10, epochs=EPOCHS, device="cpu"
        ),
        title="Spiral",
    )
