"""How the numbers of one layer are learned: frozen or not, how fast, from which start, alone or shared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from nnlab.core.layer import Call, Layer, Shape, TorchCode
from nnlab.core.param import Param, Settings, param
from nnlab.errors import BuildError

if TYPE_CHECKING:
    from nnlab.core.graph import Graph

INITIALISERS = {
    "default": ("PyTorch's own", ""),
    "xavier_uniform": ("Xavier, uniform", "nn.init.xavier_uniform_({})"),
    "xavier_normal": ("Xavier, normal", "nn.init.xavier_normal_({})"),
    "kaiming_uniform": ("Kaiming, uniform", 'nn.init.kaiming_uniform_({}, nonlinearity="relu")'),
    "kaiming_normal": ("Kaiming, normal", 'nn.init.kaiming_normal_({}, nonlinearity="relu")'),
    "orthogonal": ("Orthogonal", "nn.init.orthogonal_({})"),
    "normal": ("Normal, spread 0.02", "nn.init.normal_({}, std=0.02)"),
    "large": ("Normal, spread 1", "nn.init.normal_({})"),
    "zeros": ("All zero", "nn.init.zeros_({})"),
    "ones": ("All one", "nn.init.ones_({})"),
}
"""Id -> what it is called, and the torch call (Glorot 2010, He 2015, Saxe 2014)."""

NORMS = {"none": "None", "weight": "Weight norm", "spectral": "Spectral norm"}
"""Id -> what it is called: ways in which torch computes a weight from what is learned (Salimans 2016, Miyato 2018)."""

NORM_CALLS = {"weight": "weight_norm", "spectral": "spectral_norm"}
"""Id -> the function of torch.nn.utils.parametrizations."""

NORMED = frozenset({"nn.Linear", *(f"nn.{kind}{n}d" for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3))})
"""Modules whose weight may be so computed."""

STATELESS = ("nn.Linear", "nn.Conv", "nn.Embedding")
"""Modules that compute the same in training and afterwards: frozen, they need no more than that."""


@dataclass(frozen=True)
class Learning(Settings):
    """How the weights of one layer are treated in training."""

    title: ClassVar[str] = "Learning"

    frozen: bool = param(False, "Keep its weights as they are while the others learn.", label="Freeze weights")
    rate: float = param(
        1.0, "Its learning rate, as a multiple of the network's.", low=0.0, high=1000.0, label="Learning rate ×"
    )
    init: str = param(
        "default",
        "What its weights start from.",
        choices={name: title for name, (title, _) in INITIALISERS.items()},
        label="Start weights",
    )
    shares: str = param(
        "",
        "The id of another layer of the same kind whose weights it uses as its own. Empty: none.",
        label="Weights of",
    )
    norm: str = param(
        "none",
        "How its weights are held in check, for Linear and convolutions. Weight norm learns the length of each unit's "
        "weights apart from their direction. Spectral norm divides by the largest stretch, which steadies GANs.",
        choices=NORMS,
        label="Norm of weights",
    )

    def open_params(self) -> tuple[Param, ...]:
        """Those of a form; whose weights it uses is said by pointing at two layers."""
        return tuple(p for p in self.params() if p.name != "shares")


USUAL = Learning()


def takes_norm(layer: Layer, *shapes: Shape) -> bool:
    """Whether the weights of this layer can be computed by weight or spectral norm: Linear and the convolutions."""
    call = layer.torch_code(*shapes).module
    return call is not None and call.target in NORMED


def norm_problem(layer: Layer, learning: Learning, *shapes: Shape) -> str:
    """A sentence if this layer is to have a norm of weights and has no weights for one."""
    if learning.norm == "none" or takes_norm(layer, *shapes):
        return ""
    return f"cannot have {NORMS[learning.norm].lower()}: only Linear and convolutions can, so set its norm of weights to None"


def parameter_shapes(layer: Layer, learning: Learning, *shapes: Shape) -> dict[str, Shape]:
    """Trainable tensors by torch's name for them, as they are with the layer's norm of weights."""
    plain = layer.parameter_shapes(*shapes)
    if learning.norm == "none" or not takes_norm(layer, *shapes):
        return plain
    weight, place = plain.pop("weight"), "parametrizations.weight.original"
    if learning.norm == "spectral":
        return {**plain, place: weight}
    return {**plain, f"{place}0": (weight[0], *(1,) * (len(weight) - 1)), f"{place}1": weight}


def owner(graph: "Graph", node_id: str) -> str:
    """The node whose weights this one uses: itself, or the one that it shares those of, however many steps away."""
    seen = [node_id]
    while True:
        other = graph.nodes[seen[-1]].learning.shares
        if not other or other not in graph.nodes:
            return seen[-1]
        if other in seen:
            return min(seen[seen.index(other) :])  # they share with each other: one of them it must be
        seen.append(other)


def sharing_problem(graph: "Graph", node_id: str, shapes: Mapping[str, tuple[Shape, ...]]) -> str:
    """A sentence if this node cannot use the weights that it wants to use; `shapes` are those of each node's inputs."""
    wanted = graph.nodes[node_id].learning.shares
    if not wanted:
        return ""
    if wanted not in graph.nodes or wanted == node_id:
        return f"is to use the weights of {wanted!r}, and there is no other layer of that id: choose another, or none"
    other = owner(graph, node_id)
    mine, theirs = graph.nodes[node_id], graph.nodes[other]
    if other not in shapes or node_id not in shapes:
        return ""
    if type(mine.layer) is not type(theirs.layer) or mine.layer.parameter_shapes(
        *shapes[node_id]
    ) != theirs.layer.parameter_shapes(*shapes[other]):
        return f"cannot use the weights of {theirs.title}: both must be of one kind, with weights of the same sizes"
    return ""


@dataclass(frozen=True)
class Made:
    """What the constructor of a class has to do for its nodes."""

    constructors: dict[str, str] = field(default_factory=dict)
    """Attribute -> the call that makes it."""
    starts: tuple[str, ...] = ()
    """Statements that give weights another start."""
    still: tuple[str, ...] = ()
    """Attributes that stay as they are after training also while the others train: frozen batch norms and dropouts."""
    attribute: dict[str, str] = field(default_factory=dict)
    """Node -> the attribute that is its module; only nodes that are modules."""
    own: dict[str, str] = field(default_factory=dict)
    """The same without nodes that use the module of another."""


def made_of(
    graph: "Graph",
    order: Sequence[str],
    codes: Mapping[str, TorchCode],
    names: Mapping[str, str],
    shapes: Mapping[str, tuple[Shape, ...]],
) -> Made:
    """How the modules of these nodes are made; BuildError if one wants to share weights that are not like its own."""
    made = Made()
    starts: list[str] = []
    still: list[str] = []
    for n in order:
        problem = norm_problem(graph.nodes[n].layer, graph.nodes[n].learning, *shapes[n])
        call = codes[n].module
        problem = problem or (sharing_problem(graph, n, shapes) if call else "")
        if problem:
            raise BuildError(f"{graph.nodes[n].title} {problem}", n)
        if call is None:
            continue
        other = owner(graph, n)
        made.attribute[n] = names[other] if other in order else names[n]
        if made.attribute[n] != names[n]:
            continue
        made.own[n] = names[n]
        learning = graph.nodes[n].learning
        first, then = _construction(learning, names[n], call, graph.nodes[n].layer.parameter_shapes(*shapes[n]))
        made.constructors[names[n]] = first
        starts += then
        if learning.frozen and (learning.norm == "spectral" or not call.target.startswith(STATELESS)):
            still.append(names[n])
    return Made(made.constructors, tuple(starts), tuple(still), made.attribute, made.own)


def _construction(
    learning: Learning, attribute: str, call: Call, parameters: Mapping[str, Shape]
) -> tuple[str, list[str]]:
    """The call that makes the module, and what follows all such calls: other starts, and after them the norm."""
    freezing, norm = ".requires_grad_(False)" if learning.frozen else "", NORM_CALLS.get(learning.norm, "")
    starts = _starts(learning, attribute, parameters)
    if not norm:
        return call.source() + freezing, starts
    if not starts:
        return f"{norm}({call.source()}){freezing}", []
    return call.source(), [*starts, f"{norm}(self.{attribute}){freezing}"]


def _starts(learning: Learning, attribute: str, parameters: Mapping[str, Shape]) -> list[str]:
    call = INITIALISERS[learning.init][1]
    if not call:
        return []
    weights = [name for name, shape in parameters.items() if len(shape) > 1]
    return [call.format(_path(attribute, name)) for name in weights]


def _path(attribute: str, name: str) -> str:
    if all(part.isidentifier() for part in name.split(".")):
        return f"self.{attribute}.{name}"
    return f'self.{attribute}.get_parameter("{name}")'
