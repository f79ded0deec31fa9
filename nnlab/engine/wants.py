"""What a panel may ask of a run, and the answers it gets. No torch here; `probes.py` answers."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import Target
from nnlab.core.document import Training
from nnlab.core.formula import Formula

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
    path: tuple[str, ...] = ()
    """Ids of blocks, each inside the one before: the layers inside the last one are asked about."""


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
    colours: Array | None = None
    """Of an Input of pictures with three channels: the sample's picture itself, (3, height, width) from 0 to 1."""


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
class OtherAnswer:
    """What a further Output says of a sample, in the data's own units."""

    output: str
    """Id of the Output."""
    target: Target
    """What it is compared with."""
    right: Array
    prediction: Array
    """Probabilities for classes (each place's as the last axis), values otherwise."""


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
    targets: Array | None = None
    """All that is right for the sample, where that is more than one class or value."""
    others: tuple[OtherAnswer, ...] = ()
    """The further answers of a network that has several."""


@dataclass(frozen=True)
class PhaseWant(Want):
    """While a batch is stepped through by phases: what every node computed so far, and the formulas of one number."""

    sample: int = 0
    """Which sample of the batch is shown, from 0; MEAN shows the mean of all of them."""
    node: str = ""
    """The node whose formulas are wanted; empty: none."""
    place: tuple[int, ...] = ()
    """Which number of that node's output; one that is not there means the one farthest from zero."""


MEAN = -1
"""In place of a sample: the whole batch."""


@dataclass(frozen=True)
class Numbers:
    """A tensor in short: how large it is, and no more of its numbers than a window can use."""

    shape: tuple[int, ...]
    """Of what is shown: a sample without the batch axis, or a learned tensor."""
    values: Array
    """In that shape if `is_whole`, else the first numbers in one row."""
    low: float
    """Of all numbers: for what nodes put out, over the whole batch."""
    high: float
    mean: float
    size: float
    """Root mean square of all numbers: how large they are, whatever their sign."""
    is_whole: bool = True


@dataclass(frozen=True)
class ParameterPhases:
    """One learned tensor on its way through the phases; None for what is not reached yet."""

    before: Numbers
    gradient: Numbers | None = None
    used: Numbers | None = None
    """The gradient after L1 and clipping, as the update rule was given it."""
    after: Numbers | None = None
    step: Numbers | None = None
    """The new value minus the old one."""


@dataclass(frozen=True)
class NodePhases:
    """One node on its way through the phases."""

    output: Numbers
    gradient: Numbers | None = None
    """How the loss changes with each number it put out; None before the backward phase, or where none flows."""
    parameters: dict[str, ParameterPhases] = field(default_factory=dict)


@dataclass(frozen=True)
class PhaseFocus:
    """The formulas of one number, phase by phase."""

    node: str
    place: tuple[int, ...]
    formulas: dict[str, tuple[Formula, ...]] = field(default_factory=dict)
    """Phase -> what there is to say, for the phases reached so far; at least one formula for each."""
    code: str = ""
    """The layer as torch code."""


@dataclass(frozen=True)
class PhaseValues:
    """Answer to PhaseWant. `phase` is empty, and so is everything else, while no batch is under way."""

    phase: str
    loss: float | None = None
    """Of the batch; None before the loss phase."""
    nodes: dict[str, NodePhases] = field(default_factory=dict)
    """In the order of computing."""
    rows: int = 0
    """Samples in the batch."""
    sample: int = 0
    """The one that is shown, or MEAN."""
    target: tuple[float, ...] = ()
    """Its truth: the class's number, or as many numbers as the network answers with."""
    losses: Array | None = None
    """The loss of each sample by itself, after the loss phase; None if the loss does not take one sample."""
    rate: float = 0.0
    """The learning rate of this step."""
    clipped: float = 1.0
    """By what all gradients were multiplied so that they are not too long; known after the update phase."""
    focus: PhaseFocus | None = None

    @property
    def outputs(self) -> dict[str, Array]:
        """What each node put out for the sample shown."""
        return {node_id: node.output.values for node_id, node in self.nodes.items()}

    @property
    def gradients(self) -> dict[str, dict[str, Array]]:
        """Node id -> parameter name -> gradient, after the backward phase."""
        return self._of_parameters("gradient")

    @property
    def updates(self) -> dict[str, dict[str, Array]]:
        """Node id -> parameter name -> new value minus old, after the update phase."""
        return self._of_parameters("step")

    def _of_parameters(self, what: str) -> dict[str, dict[str, Array]]:
        found: dict[str, dict[str, Array]] = {}
        for node_id, node in self.nodes.items():
            for name, parameter in node.parameters.items():
                numbers: Numbers | None = getattr(parameter, what)
                if numbers is not None:
                    found.setdefault(node_id, {})[name] = numbers.values
        return found


@dataclass(frozen=True)
class WayWant(Want):
    """The way that the run took so far: where its settings changed, and to which moments it can go back at once."""


@dataclass(frozen=True)
class Way:
    """Answer to WayWant."""

    moments: tuple[int, ...]
    """The steps of which everything is kept."""
    settings: tuple[tuple[int, Training], ...]
    """From which step on which settings were in force; the first are those of the start."""


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
    seconds: float = field(default=0.0, compare=False)
    """What this look took: who asks often asks large networks less often."""
