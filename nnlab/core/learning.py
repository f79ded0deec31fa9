"""How the numbers of one layer are learned: frozen or not, how fast, from which start, alone or shared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from nnlab.core.layer import Shape, TorchCode
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

    def open_params(self) -> tuple[Param, ...]:
        """Those of a form; whose weights it uses is said by pointing at two layers."""
        return tuple(p for p in self.params() if p.name != "shares")


USUAL = Learning()


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
        call = codes[n].module
        if call is None:
            continue
        problem = sharing_problem(graph, n, shapes)
        if problem:
            raise BuildError(f"{graph.nodes[n].title} {problem}", n)
        other = owner(graph, n)
        made.attribute[n] = names[other] if other in order else names[n]
        if made.attribute[n] != names[n]:
            continue
        made.own[n] = names[n]
        learning = graph.nodes[n].learning
        made.constructors[names[n]] = call.source() + (".requires_grad_(False)" if learning.frozen else "")
        starts += _starts(learning, names[n], graph.nodes[n].layer.parameter_shapes(*shapes[n]))
        if learning.frozen and not call.target.startswith(STATELESS):
            still.append(names[n])
    return Made(made.constructors, tuple(starts), tuple(still), made.attribute, made.own)


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
