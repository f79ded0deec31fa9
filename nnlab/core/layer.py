"""The Layer contract: declared settings, a shape rule without torch, and the torch code it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nnlab.core.param import Settings
from nnlab.errors import ShapeError
from nnlab.registry import Registry

if TYPE_CHECKING:
    from nnlab.core.formula import Formula, Spot

Shape = tuple[int, ...]
"""Sizes of a tensor without its batch axis: a picture is (channels, height, width), a row of features (n,)."""

MISSING: Shape = (-1,)
"""Stands for the shape at an optional input that has no wire."""

PortKind = Literal["x", "i", "m", "h", "e", "s", "*"]
"""x float tensor, i integer indices, m mask (True where nothing may be looked at), h hidden state, e edge list, s a loss
for each sample, * whatever comes."""

VARIADIC_LIMIT = 16  # wires into one merge layer


@dataclass(frozen=True)
class Port:
    """One place where a wire can end or start."""

    name: str
    kind: PortKind = "x"
    optional: bool = False


@dataclass(frozen=True)
class Call:
    """A torch constructor call: what is built, and what the exported code prints, from one description.

    `target` is a dotted name below `torch`, as "nn.Linear", or one of the code's `support`; arguments are plain Python
    literals, or further calls.
    """

    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def source(self) -> str:
        """The call as Python text: nn.Linear(2, 8, bias=False)."""
        parts = [_literal(a) for a in self.args] + [f"{k}={_literal(v)}" for k, v in self.kwargs.items()]
        return f"{self.target}({', '.join(parts)})"


def _literal(value: object) -> str:
    """A value as code formatters write it: plain words in double quotes."""
    if isinstance(value, Call):
        return value.source()
    return f'"{value}"' if isinstance(value, str) and value.isalnum() else repr(value)


@dataclass(frozen=True)
class Support:
    """A definition that a layer's code needs beside torch: a class or a function, as it stands in the exported file."""

    name: str
    text: str
    """Uses only torch, nn, F, math, and the definitions before it."""
    family: str = ""
    """For the class of a block what the block is called in code: those of one family may share one class."""


@dataclass(frozen=True)
class TorchCode:
    """What a layer is in PyTorch: a module to construct (or none) and the expression that applies it.

    In `forward`, {0}, {1}, ... stand for the inputs and {self} for the module; only names from `torch`,
    `nn`, `F` (torch.nn.functional) and of `support` may be used besides.
    """

    forward: str
    module: Call | None = None
    results: tuple[str, ...] = ("{r}",)
    """What leaves by each output port, as an expression over {r}, the value of `forward`."""
    support: tuple[Support, ...] = ()

    @classmethod
    def of_module(cls, target: str, *args: object, **kwargs: object) -> "TorchCode":
        """The common case: construct a module, call it on the one input."""
        return cls("{self}({0})", Call(target, args, kwargs))


@dataclass(frozen=True)
class Layer(Settings):
    """One kind of node. The class docstring is the help text users read; its first line the tooltip."""

    title: ClassVar[str] = ""
    category: ClassVar[str] = ""
    """One of CATEGORIES: the palette's heading, and the node's colour and icon."""
    tier: ClassVar[int] = 1
    formula: ClassVar[str] = ""
    """What it computes, in one line of plain text."""
    inputs: ClassVar[tuple[Port, ...]] = (Port("in"),)
    outputs: ClassVar[tuple[Port, ...]] = (Port("out"),)
    fits: ClassVar[tuple[tuple[Shape, ...], ...]] = ()
    """Input shapes that it takes as it is, one for each port: for layers that plain rows and pictures do not fit."""
    is_entry: ClassVar[bool] = False
    """Data enter here: its shape and kind are those of the data."""
    variadic: ClassVar[bool] = False
    """Ports in1, in2, ... grow as wires are added (merges); `inputs` then lists the ones it needs at least."""

    def output_shape(self, *shapes: Shape) -> Shape:
        """The output's shape for these input shapes; ShapeError with a remedy if it cannot be.

        There is one shape for each port of `inputs`, in their order: MISSING for an optional one without a wire.
        """
        raise NotImplementedError

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """One shape per output port; layers with a single output need only `output_shape`."""
        return (self.output_shape(*shapes),)

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Trainable tensors by torch's name for them, as {"weight": (8, 2), "bias": (8,)}."""
        return {}

    def flops(self, *shapes: Shape) -> int:
        """Floating-point operations for one sample, a multiply and an add counted as two."""
        return 0

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """The module and expression for these input shapes, which `output_shape` has accepted."""
        raise NotImplementedError

    def summary(self) -> str:
        """The one or two settings that matter, for the node's second line: "8 · bias", "16 @ 3×3"."""
        return ""

    def explain_forward(self, spot: "Spot") -> "Formula | None":
        """How the number at this spot came about, with its numbers; None leaves it to a general sentence."""
        return None

    def explain_backward(self, spot: "Spot") -> "tuple[Formula, ...]":
        """What becomes of the gradient that reached this spot: of each learned tensor, and what is passed back."""
        return ()

    def parameter_count(self, *shapes: Shape) -> int:
        """How many numbers this layer learns."""
        return sum(prod(s) for s in self.parameter_shapes(*shapes).values())

    @classmethod
    def help_text(cls) -> str:
        """The class docstring with its indentation taken out."""
        import inspect

        return inspect.getdoc(cls) or ""


CATEGORIES = (
    "Input and output",
    "Core",
    "Activation",
    "Convolution",
    "Pooling",
    "Normalisation",
    "Recurrent",
    "Attention",
    "Graph",
    "Merge and reshape",
    "Regularisation",
    "Blocks",
)
"""The palette's headings, in their order."""

LAYERS: Registry[type[Layer]] = Registry("nnlab.layers", "layer")


@dataclass(frozen=True)
class UnknownLayer(Layer):
    """A layer from a newer or extended NNLab. It is kept as it is and saved back unchanged."""

    title: ClassVar[str] = "Unknown layer"
    category: ClassVar[str] = "Core"
    type_id: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def inputs_seen(self) -> int:
        """Nothing is known of its ports; wires to it are kept by name."""
        return 0

    def output_shape(self, *shapes: Shape) -> Shape:
        """Always refuses: nobody here knows what it does."""
        raise ShapeError(
            f"is the layer {self.type_id!r}, which this version of NNLab does not know: replace it to train"
        )

    def as_dict(self) -> dict[str, Any]:
        """The settings as they were found in the file."""
        return dict(self.raw)


def shape_text(shape: Shape) -> str:
    """A shape as users see it, with the batch as N: "N × 1 × 28 × 28"."""
    return " × ".join(["N", *(str(n) for n in shape)])
