"""The Dataset contract: what the numbers are (at once, without making them), and the numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nnlab.core.layer import PortKind, Shape
from nnlab.core.param import Settings
from nnlab.errors import DataError
from nnlab.registry import Registry

if TYPE_CHECKING:  # the welcome page names examples and their data without any number being made
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int64]


Task = Literal["classes", "values"]


@dataclass(frozen=True)
class Field:
    """One input of a sample: a row of a table, a picture, the words of a sentence, the edges of a graph."""

    name: str
    shape: Shape
    kind: PortKind = "x"
    """x decimals, i whole numbers such as words by their number, m a mask, e a list of edges (2, E) with -1 as padding."""
    names: tuple[str, ...] = ()
    """A name for each feature of flat data, with its unit if it has one."""
    vocabulary: tuple[str, ...] = ()
    """What each whole number stands for; 0 is the padding where samples differ in length."""


@dataclass(frozen=True)
class Target:
    """One thing to predict."""

    name: str
    task: Task
    answers: tuple[str, ...]
    """Class names, or a name for each value."""
    shape: Shape | None = None
    """Classes: () one for a sample, (T,) one for each position, (H, W) one for each pixel. Values: of one sample's answer.
    None: one class, or as many values as there are names."""

    @property
    def own_shape(self) -> Shape:
        """The shape of one sample's target."""
        if self.shape is not None:
            return self.shape
        return () if self.task == "classes" else (len(self.answers),)

    @property
    def width(self) -> int:
        """How many classes, or how many values to predict."""
        return len(self.answers) if self.task == "classes" else prod(self.own_shape)


@dataclass(frozen=True)
class DataSpec:
    """The facts of a data set that the graph and the panels need before any number is made."""

    input_shape: Shape
    """Of one sample: (2,) for points, (1, 8, 8) for pictures of one channel."""
    task: Task
    inputs: tuple[str, ...] = ()
    """A name for each feature of flat data, with its unit if it has one; empty for pictures."""
    answers: tuple[str, ...] = ()
    """Class names, or a name for each value to predict."""
    rows: int = 0
    """How many samples there are; 0 where that is not known before they are made."""

    axes: tuple[int, int] = (0, 1)
    """The two inputs of a wider table that tell most: those a plane is drawn of first."""

    name: str = "x"
    """Of the first input."""
    kind: PortKind = "x"
    """Of the first input."""
    vocabulary: tuple[str, ...] = ()
    """Of the first input, where it is made of whole numbers."""
    more: tuple[Field, ...] = ()
    """Further inputs of each sample."""
    target_name: str = "y"
    target_shape: Shape | None = None
    """Of one sample's target; see Target.shape."""
    also: tuple[Target, ...] = ()
    """Further targets."""
    split: tuple[int, int, int] | None = None
    """So many first rows are for training, then validation, then test: data with a division of their own."""
    metric: Literal["", "iou", "exact"] = ""
    """How well the first answer fits: the usual one of its task, overlap of masks, or share of sequences all right."""

    @property
    def width(self) -> int:
        """How many classes, or how many values to predict."""
        return self.targets[0].width

    @property
    def is_picture(self) -> bool:
        """Samples are channels × height × width."""
        return len(self.input_shape) == 3 and not self.more

    @property
    def has_plane(self) -> bool:
        """Samples are single numbers, so that two of them span a plane, or one a line."""
        return len(self.input_shape) == 1 and self.kind == "x" and not self.more

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every input of a sample."""
        return (Field(self.name, self.input_shape, self.kind, self.inputs, self.vocabulary), *self.more)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Everything to predict."""
        return (Target(self.target_name, self.task, self.answers, self.target_shape), *self.also)

    @property
    def is_packed(self) -> bool:
        """Whether the inputs of a sample lie in one row, one after the other."""
        return bool(self.more)

    @property
    def packed_shape(self) -> Shape:
        """The shape of one sample as it is kept."""
        return (sum(prod(f.shape) for f in self.fields),) if self.is_packed else self.input_shape

    def pack(self, arrays: "Sequence[NDArray[np.generic]]") -> "Floats":
        """Arrays of all inputs as they are kept: one alone as it is, several in one row for each sample."""
        import numpy as np

        if not self.is_packed:
            return np.asarray(arrays[0], np.float32)
        return np.concatenate([np.asarray(a, np.float32).reshape(len(a), -1) for a in arrays], axis=1)

    def unpack(self, inputs: "NDArray[np.generic]") -> "tuple[NDArray[np.generic], ...]":
        """What `pack` made, as an array for each input in its own kind."""
        import numpy as np

        kinds = {"x": np.float32, "h": np.float32, "m": np.bool_}
        found: list[NDArray[np.generic]] = []
        at = 0
        for each in self.fields:
            width = prod(each.shape)
            part = inputs[:, at : at + width] if self.is_packed else inputs
            found.append(part.reshape(len(inputs), *each.shape).astype(kinds.get(each.kind, np.int64)))
            at += width
        return tuple(found)


@dataclass(frozen=True)
class Samples:
    """Rows of data: inputs (rows, *input_shape), targets (rows,) for classes, (rows, width) for values.

    Decimals are float32, whole numbers and classes int64, masks bool; -1 as a class of a position does not count.
    """

    inputs: "Floats | Integers"
    targets: "Integers | Floats"
    more: "tuple[NDArray[np.generic], ...]" = ()
    """Further inputs, in the order of the spec."""
    also: "tuple[NDArray[np.generic], ...]" = ()
    """Further targets, in the order of the spec."""

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Dataset(Settings):
    """One source of data, offline. The class docstring is the help text users read."""

    title: ClassVar[str] = ""
    category: ClassVar[str] = ""
    """"Points in the plane", "Curves and surfaces", "Made-up tables", "Real tables" or "Pictures", "Sequences" or "Graphs"."""

    def spec(self) -> DataSpec:
        """The facts, without making the data: fast, and never from a file or a network."""
        raise NotImplementedError

    def make(self) -> Samples:
        """The data; the same settings give the same numbers. DataError if it cannot be had."""
        raise NotImplementedError


DATASETS: Registry[type[Dataset]] = Registry("nnlab.datasets", "data set")


def __getattr__(name: str) -> Any:
    """The kinds of arrays, for whoever makes some: numpy is loaded then."""
    if name not in ("Floats", "Integers"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import numpy as np
    from numpy.typing import NDArray

    return NDArray[np.float32] if name == "Floats" else NDArray[np.int64]


@dataclass(frozen=True)
class MissingDataset(Dataset):
    """Data that this installation does not have. It is named, kept and saved back unchanged."""

    title: ClassVar[str] = "Missing data set"
    category: ClassVar[str] = "Missing"
    type_id: str = ""
    raw: dict[str, Any] = field(default_factory=dict, hash=False)

    def spec(self) -> DataSpec:
        """Always refuses, with the name of what is missing."""
        raise DataError(f"the data set {self.type_id!r} is not in this installation; choose another under Data")

    def make(self) -> Samples:
        """Always refuses."""
        raise DataError(f"the data set {self.type_id!r} is not in this installation; choose another under Data")

    def as_dict(self) -> dict[str, Any]:
        """The settings as they were found in the file."""
        return dict(self.raw)
