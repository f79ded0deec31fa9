"""The document: graph, data and training settings as one frozen value; all that undo and a file's text hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from nnlab.core.dataset import DATASETS, Dataset, DataSpec
from nnlab.core.graph import NOTHING, Graph
from nnlab.core.loss import AUTO, LOSSES, Loss
from nnlab.core.optimizer import OPTIMIZERS, Optimizer
from nnlab.core.param import Param, Settings, param, variant
from nnlab.core.schedule import SCHEDULES, Schedule
from nnlab.core.shapes import NodeShapes, infer
from nnlab.core.starts import NO_STARTS, Starts
from nnlab.errors import DataError

SEED_LIMIT = 2**32 - 1


@dataclass(frozen=True)
class Data(Settings):
    """Where the samples come from and how they are divided."""

    title: ClassVar[str] = "Data"

    dataset: Dataset = variant(DATASETS, "spiral", "Where the samples come from.", label="Data set")
    validation: float = param(
        0.2, "Share held back to watch for overfitting while training.", low=0.0, high=0.9, label="Validation share"
    )
    test: float = param(
        0.0,
        "Share never looked at in training, for an honest verdict at the end.",
        low=0.0,
        high=0.9,
        label="Test share",
    )
    standardise: bool = param(
        True, "Shift and scale each input to mean 0 and spread 1, measured on the training part alone."
    )
    standardise_targets: bool = param(
        False,
        "Shift and scale each value to predict in the same way while training; answers are shown in their own units.",
        advanced=True,
    )
    split_seed: int = param(0, "Which samples land in which part.", low=0, high=SEED_LIMIT, advanced=True)
    answer: str = param(
        "given",
        "What the network is to answer with: what the data set says, or the input itself (an autoencoder).",
        choices={"given": "As the data set says", "input": "The input itself"},
        label="Target",
        advanced=True,
    )

    def spec(self) -> DataSpec:
        """The facts of the data as training sees them; DataError if the data set is missing."""
        spec = self.dataset.spec()
        if self.answer == "given":
            return spec
        if spec.kind == "i":
            return replace(spec, task="classes", answers=spec.vocabulary, target_shape=spec.input_shape, also=())
        names = spec.inputs or ("value",)
        shape = None if len(spec.input_shape) == 1 and spec.inputs else spec.input_shape
        return replace(spec, task="values", answers=names, target_shape=shape, also=(), metric="")


@dataclass(frozen=True)
class Training(Settings):
    """How the network learns."""

    title: ClassVar[str] = "Training"

    loss: str | Loss = param(
        AUTO,
        "What is made small. Automatic: cross-entropy for classes, mean squared error for values.",
        choices={AUTO: "Automatic"},  # and every loss there is, see `params`
        registry=LOSSES,
    )
    """The id of a loss as it is, or a loss with settings of its own."""
    optimizer: Optimizer = variant(OPTIMIZERS, "adam", "The rule that turns gradients into steps.")
    learning_rate: float = param(
        0.01, "How big a step is. Too small: slow. Too large: it bounces or blows up.", low=0.0, high=1000.0, log=True
    )
    schedule: Schedule = variant(SCHEDULES, "constant", "How the learning rate changes over the run.")
    batch_size: int = param(16, "Samples looked at before each step.", low=1, high=65_536)
    epochs: int = param(200, "How many times the training part is gone through.", low=1, high=1_000_000)
    l1: float = param(
        0.0, "Pulls weights to exactly zero: adds this times the sum of their sizes.", low=0, high=100, label="L1"
    )
    l2: float = param(
        0.0, "Pulls weights towards zero: torch's weight_decay.", low=0, high=100, label="L2 (weight decay)"
    )
    clip_norm: float = param(
        0.0,
        "Longest gradient that is let through; longer ones are scaled down. 0 is off.",
        low=0,
        high=1e6,
        label="Clip gradients",
    )
    early_stopping: bool = param(False, "Stop when validation no longer improves, and keep the best weights.")
    patience: int = param(20, "Epochs without improvement before stopping.", low=1, high=100_000)
    seed: int = param(0, "Same seed, same start, same order of samples: the same run again.", low=0, high=SEED_LIMIT)
    device: str = param(
        "auto",
        "Where the arithmetic happens.",
        choices={"auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"},
        advanced=True,
    )
    precision: str = param(
        "float32",
        "How many bits the network computes with; weights always keep 32. 16 bits are faster on a GPU, seldom on a CPU.",
        choices={"float32": "32 bits", "bf16": "16 bits (bfloat16)", "fp16": "16 bits (float16, scaled loss)"},
        advanced=True,
    )
    layout: str = param(
        "auto",
        "How pictures lie in memory. Automatic: whichever a short trial finds faster.",
        choices={"auto": "Automatic", "standard": "Channel by channel", "channels-last": "Pixel by pixel"},
        label="Memory layout",
        advanced=True,
    )
    cache_features: bool = param(
        True,
        "Compute only once what frozen layers at the beginning make of each sample; the numbers are the same, and sooner.",
        label="Keep features",
        advanced=True,
    )
    threads: int = param(
        0, "Processor cores that compute; 0 leaves it to a short trial.", low=0, high=256, advanced=True
    )

    @classmethod
    @lru_cache(maxsize=1)
    def params(cls) -> tuple[Param, ...]:
        """The declared settings; the choices of the loss are all that are registered."""
        known = sorted(LOSSES.items(), key=lambda item: (item[1].tier, item[1].title))
        losses = tuple((id_, loss.title) for id_, loss in known)
        return tuple(replace(p, choices=(*p.choices, *losses)) if p.name == "loss" else p for p in super().params())


@dataclass(frozen=True)
class Document:
    """Everything a project is, except learned weights and recorded runs. Never changed in place."""

    graph: Graph = field(default_factory=Graph)
    data: Data = field(default_factory=Data)
    training: Training = field(default_factory=Training)
    title: str = ""
    notes: str = ""
    starts: Starts = NO_STARTS
    """Numbers that layers start from instead of random ones."""
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING, hash=False)
    """Fields of a newer file that are kept and saved back unchanged."""

    @cached_property
    def spec(self) -> DataSpec | None:
        """The facts of the data, or None when the data set is missing."""
        try:
            return self.data.spec()
        except DataError:
            return None

    @cached_property
    def shapes(self) -> Mapping[str, NodeShapes]:
        """The shapes at every node."""
        return infer(self.graph, self.spec.fields if self.spec else None)

    def parameter_count(self, node_id: str) -> int | None:
        """How many numbers this node learns; None while its input is not known."""
        at = self.shapes[node_id]
        return self.graph.node(node_id).parameter_count(*at.inputs) if at.known else None

    def with_graph(self, graph: Graph) -> "Document":
        """With another graph."""
        return replace(self, graph=graph)

    def with_data(self, **changes: object) -> "Document":
        """With some data settings changed; SettingError if a value does not fit."""
        return replace(self, data=self.data.with_(**changes))

    def with_training(self, **changes: object) -> "Document":
        """With some training settings changed; SettingError if a value does not fit."""
        return replace(self, training=self.training.with_(**changes))
