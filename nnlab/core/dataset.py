"""The Dataset contract: what the numbers are (at once, without making them), and the numbers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nnlab.core.layer import Shape
from nnlab.core.param import Settings
from nnlab.errors import DataError
from nnlab.registry import Registry

if TYPE_CHECKING:  # the welcome page names examples and their data without any number being made
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int64]


@dataclass(frozen=True)
class DataSpec:
    """The facts of a data set that the graph and the panels need before any number is made."""

    input_shape: Shape
    """Of one sample: (2,) for points, (1, 8, 8) for pictures of one channel."""
    task: Literal["classes", "values"]
    inputs: tuple[str, ...] = ()
    """A name for each feature of flat data, with its unit if it has one; empty for pictures."""
    answers: tuple[str, ...] = ()
    """Class names, or a name for each value to predict."""
    rows: int = 0
    """How many samples there are; 0 where that is not known before they are made."""

    axes: tuple[int, int] = (0, 1)
    """The two inputs of a wider table that tell most: those a plane is drawn of first."""

    @property
    def width(self) -> int:
        """How many classes, or how many values to predict."""
        return len(self.answers)

    @property
    def is_picture(self) -> bool:
        """Samples are channels × height × width."""
        return len(self.input_shape) == 3


@dataclass(frozen=True)
class Samples:
    """Rows of data: inputs float32 (rows, *input_shape); targets int64 (rows,) for classes, float32 (rows, width) for values."""

    inputs: "Floats"
    targets: "Integers | Floats"

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Dataset(Settings):
    """One source of data, offline. The class docstring is the help text users read."""

    title: ClassVar[str] = ""
    category: ClassVar[str] = ""
    """"Points in the plane", "Curves and surfaces", "Made-up tables", "Real tables" or "Pictures"."""

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
