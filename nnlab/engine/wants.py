"""What a panel may ask of a run, and the answers it gets. No torch here; `probes.py` answers."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "validation", "test"]
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Want:
    """A question; equal questions are answered once, however many panels ask."""


@dataclass(frozen=True)
class BoundaryWant(Want):
    """The network's answer over a grid of two inputs, the other inputs held.

    Ranges come from the data with a margin of a tenth. Units are the data's own, before standardising.
    """

    resolution: int = 100
    x_input: int = 0
    y_input: int = 1
    held: tuple[float, ...] | None = None
    """One value per input, in the data's units; None holds each at its mean."""


@dataclass(frozen=True)
class Boundary:
    """Answer to BoundaryWant. Row 0 of `values` is the lowest y; data with one input have one row and no y_range."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    values: Array
    """(rows, columns, classes) probabilities that sum to 1, or (rows, columns, 1) for a value to predict."""
    task: Literal["classes", "values"]


@dataclass(frozen=True)
class PointsWant(Want):
    """The samples of one part as points of two inputs, with what the network says of each."""

    part: Part = "train"
    x_input: int = 0
    y_input: int = 1
    limit: int = 2_000


@dataclass(frozen=True)
class Points:
    """Answer to PointsWant, in the data's units."""

    x: Array
    y: Array
    target: Array
    """Class number or (first) value."""
    prediction: Array
    """Class number or (first) value."""
    wrong: NDArray[np.bool_]
    """Classes only: prediction differs from target."""


@dataclass(frozen=True)
class ActivationsWant(Want):
    """What every node puts out. For data with two flat inputs: over the input plane; otherwise for one sample."""

    sample: int = 0
    part: Part = "train"
    resolution: int = 32
    """Of the input plane's grid."""
    units: int = 64
    """Units or channels per node at most."""


@dataclass(frozen=True)
class NodeActivations:
    """One node's part of the answer to ActivationsWant."""

    kind: Literal["plane", "maps", "vector"]
    """plane: (units, resolution, resolution), row 0 the lowest y. maps: (channels, height, width). vector: (units,)."""
    values: Array
    low: float
    """Smallest value over the probe batch (up to 256 samples of the part)."""
    high: float
    mean: float
    dead: float
    """Share of units that are 0 for every sample of the probe batch (units that never speak)."""
    units_total: int
    """Before `units` cut it."""


@dataclass(frozen=True)
class Activations:
    """Answer to ActivationsWant."""

    nodes: dict[str, NodeActivations]
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class WeightsWant(Want):
    """Every learned tensor."""


@dataclass(frozen=True)
class Weights:
    """Answer to WeightsWant: node id -> torch's parameter name -> values."""

    nodes: dict[str, dict[str, Array]]


@dataclass(frozen=True)
class SampleWant(Want):
    """One sample through the network: the output of every node, in evaluation mode."""

    sample: int = 0
    part: Part = "train"


@dataclass(frozen=True)
class SampleValues:
    """Answer to SampleWant."""

    raw: Array
    """The sample in the data's own units."""
    nodes: dict[str, Array]
    """Node id -> its output for this sample, without the batch axis. The input node's are standardised."""
    target: float
    prediction: Array
    """Probabilities for classes, values otherwise, in the data's units."""
    rows: int = 0
    """How many samples the part has."""


@dataclass(frozen=True)
class PhaseWant(Want):
    """While a batch is stepped through by phases: what this phase computed at every node."""


@dataclass(frozen=True)
class PhaseValues:
    """Answer to PhaseWant; empty dictionaries for phases not reached yet."""

    phase: str
    loss: float | None = None
    outputs: dict[str, Array] = field(default_factory=dict)
    gradients: dict[str, dict[str, Array]] = field(default_factory=dict)
    """Node id -> parameter name -> gradient, after the backward phase."""
    updates: dict[str, dict[str, Array]] = field(default_factory=dict)
    """Node id -> parameter name -> new value minus old, after the update phase."""


@dataclass(frozen=True)
class HealthWant(Want):
    """How the network is doing as it learns: silent and saturated units, sizes of weights and gradients, its answers."""

    rows: int = 256
    """Training samples that it is judged by, at most."""


@dataclass(frozen=True)
class NodeHealth:
    """One node's part of Health, over the samples it is judged by. A map counts as one unit, with all its places."""

    units: int
    dead: int
    """Units that answer 0 to every sample."""
    saturated: float
    """Share of the answers that lie in the outermost hundredth of the span a squashing layer has; 0 for other layers."""
    spread: float
    """How much one unit's answers differ between samples, as a standard deviation; the mean over the units."""


@dataclass(frozen=True)
class WeightHealth:
    """One node's learned tensors, as parts of Health. Sizes are root mean squares over all numbers of its `weight`."""

    weight: float
    fresh: float
    """The size with which such a layer usually begins."""
    gradient: float
    """Of the loss over the samples judged by, before weight decay and clipping."""
    alike: bool
    """More than one unit, and all of them have the same weights."""


@dataclass(frozen=True)
class Health:
    """Answer to HealthWant: measured in evaluation mode, so that nothing of the run is disturbed."""

    step: int
    epoch: int
    rows: int
    loss: float
    metric: float
    guess_loss: float
    """What the loss would be if the same answer were given to every sample, the best one there is."""
    guess_metric: float
    predicted: tuple[float, ...]
    """Classes only: the share of samples that each class is named for."""
    target: tuple[float, ...]
    """Classes only: the share of samples of each class."""
    input_mean: tuple[float, ...]
    """Of each input (of pictures, each channel) as the network gets it."""
    input_spread: tuple[float, ...]
    target_spread: float
    """Values only: standard deviation of the values as the network has to give them; 0 for classes."""
    target_mean: float
    nodes: dict[str, NodeHealth]
    """In the order of the network."""
    weights: dict[str, WeightHealth]
    """Nodes with learned tensors, in the order of the network."""
