"""Graph layers: each node learns from the nodes it is linked with."""

from dataclasses import dataclass
from typing import Any, ClassVar

from nnlab.core import words
from nnlab.core.arithmetic.attending import HEAD_LIMIT
from nnlab.core.arithmetic.linked_nodes import EDGE_ENDS, EDGE_TABLE, SPREAD, nodes_and_edges
from nnlab.core.arithmetic.sequences import SIZE_LIMIT
from nnlab.core.layer import LAYERS, Call, Layer, Port, Shape, Support, TorchCode
from nnlab.core.param import param

GCN = Support(
    "GCNConv",
    '''\
class GCNConv(nn.Module):
    """Graph convolution (Kipf and Welling 2017): D^-1/2 (A + I) D^-1/2 X W + b, edge by edge or as one dense table."""

    def __init__(self, in_channels, out_channels, bias=True, self_loops=True, normalize=True, dense=False):
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(out_channels, in_channels)))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.self_loops, self.normalize, self.dense = self_loops, normalize, dense

    def forward(self, x, edges):
        x = F.linear(x, self.weight)
        source, target, real = edge_ends(edges)
        weight = real.to(x.dtype)
        loop = torch.full(x.shape[:2], float(self.self_loops), dtype=x.dtype, device=x.device)
        if self.normalize:
            degree = loop.scatter_add(1, target, weight)  # of edges that arrive
            scale = degree.clamp(min=1).rsqrt() * (degree > 0)
            weight = weight * scale.gather(1, source) * scale.gather(1, target)
            loop = loop * scale**2
        if self.dense:
            places = target * x.shape[1] + source
            table = torch.zeros(x.shape[0], x.shape[1] ** 2, dtype=x.dtype, device=x.device)
            table = table.scatter_add(1, places, weight).view(-1, x.shape[1], x.shape[1])
            x = (table + torch.diag_embed(loop)) @ x
        else:
            x = spread(x, source, target, weight) + x * loop.unsqueeze(-1)
        return x if self.bias is None else x + self.bias
''',
)

STRONGEST = Support(
    "strongest",
    '''\
def strongest(x, source, target, real):
    """The largest number that arrives at each node along its edges, feature by feature; 0 where nothing arrives."""
    sent = x.gather(1, source.unsqueeze(-1).expand(-1, -1, x.shape[2]))
    sent = sent.masked_fill(~real.unsqueeze(-1), float("-inf"))
    nothing = torch.full_like(x, float("-inf"))
    found = nothing.scatter_reduce(1, target.unsqueeze(-1).expand_as(sent), sent, "amax")
    return found.masked_fill(found == float("-inf"), 0.0)
''',
)

SAGE = Support(
    "SAGEConv",
    '''\
class SAGEConv(nn.Module):
    """GraphSAGE (Hamilton et al. 2017): a weighted sum of a node, and one of what its neighbours are together."""

    def __init__(self, in_channels, out_channels, aggregator="mean", project=False, normalize=False, bias=True):
        super().__init__()
        self.own = nn.Linear(in_channels, out_channels, bias=bias)
        self.neighbours = nn.Linear(in_channels, out_channels, bias=False)
        self.project = nn.Linear(in_channels, in_channels) if project else None
        self.aggregator, self.normalize = aggregator, normalize

    def forward(self, x, edges):
        source, target, real = edge_ends(edges)
        said = x if self.project is None else F.relu(self.project(x))
        if self.aggregator == "max":
            heard = strongest(said, source, target, real)
        else:
            weight = real.to(x.dtype)
            heard = spread(said, source, target, weight)
            if self.aggregator == "mean":
                count = torch.zeros(x.shape[:2], dtype=x.dtype, device=x.device).scatter_add(1, target, weight)
                heard = heard / count.clamp(min=1).unsqueeze(-1)
        x = self.own(x) + self.neighbours(heard)
        return F.normalize(x, dim=-1) if self.normalize else x
''',
)

GAT = Support(
    "GATConv",
    '''\
class GATConv(nn.Module):
    """Graph attention (Velickovic et al. 2018): each node weighs itself and its neighbours, in several heads."""

    def __init__(self, in_channels, out_channels, heads=1, concat=True, negative_slope=0.2, dropout=0.0, bias=True):
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads * out_channels, in_channels)))
        self.listens = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, out_channels)))
        self.speaks = nn.Parameter(nn.init.xavier_uniform_(torch.empty(heads, out_channels)))
        self.bias = nn.Parameter(torch.zeros(heads * out_channels if concat else out_channels)) if bias else None
        self.heads, self.concat, self.negative_slope = heads, concat, negative_slope
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, edges):
        nodes = x.shape[1]
        linked = edge_table(edges, nodes) + torch.eye(nodes, device=x.device) > 0
        x = F.linear(x, self.weight).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (N, heads, nodes, features)
        score = (x @ self.listens.unsqueeze(-1)) + (x @ self.speaks.unsqueeze(-1)).transpose(2, 3)
        score = F.leaky_relu(score, self.negative_slope).masked_fill(~linked.unsqueeze(1), float("-inf"))
        weights = score.softmax(-1)
        x = self.dropout(weights) @ x
        x = x.transpose(1, 2).flatten(2) if self.concat else x.mean(1)
        return (x if self.bias is None else x + self.bias), weights
''',
)

GIN = Support(
    "GINConv",
    '''\
class GINConv(nn.Module):
    """Graph isomorphism layer (Xu et al. 2019): a small network on (1 + eps) times a node plus the sum of its neighbours."""

    def __init__(self, in_channels, hidden_channels, out_channels, eps=0.0, train_eps=False):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(in_channels, hidden_channels), nn.ReLU(), nn.Linear(hidden_channels, out_channels)
        )
        self.eps = nn.Parameter(torch.tensor(eps)) if train_eps else eps

    def forward(self, x, edges):
        source, target, real = edge_ends(edges)
        return self.mlp((1 + self.eps) * x + spread(x, source, target, real.to(x.dtype)))
''',
)


@dataclass(frozen=True)
class _GraphLayer(Layer):
    """What all of them share: nodes and edges come in, and nodes go out."""

    category = "Graph"
    tier = 3
    inputs = (Port("in"), Port("edges", "e"))
    fits = (((6, 3), (2, 9)), ((1, 4), (2, 1)), ((5, 2), (2, 3)))
    needs: ClassVar[tuple[Support, ...]] = (EDGE_ENDS,)

    out_channels: int = param(
        8, "How many numbers each node has afterwards (units).", low=1, high=SIZE_LIMIT, label="Units"
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """A row of units for each node."""
        nodes, _, _ = nodes_and_edges(*shapes)
        return (nodes, self.out_channels)

    def arguments(self, width: int) -> tuple[Any, ...]:
        """What the module's constructor is given first."""
        return (width, self.out_channels)

    def options(self) -> dict[str, Any]:
        """The settings that differ from the module's own, as they are printed."""
        usual = type(self)(out_channels=self.out_channels)
        names = [p.name for p in self.params()]
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A module in plain torch, printed with the network."""
        made = Call(self.needs[-1].name, self.arguments(shapes[0][1]), self.options())
        return TorchCode("{self}({0}, {1})", made, ("{r}",) * len(self.outputs), self.needs)

    def summary(self) -> str:
        """The units."""
        return f"{self.out_channels}"


@LAYERS.register("GCNConv")
@dataclass(frozen=True)
class GCNConv(_GraphLayer):
    """Each node becomes a weighted mean of itself and its neighbours, seen through one matrix of weights for all.

    Like a convolution, but over links instead of pixels: after two of them a node knows of the neighbours of its
    neighbours. An edge leads one way; a friendship is two edges.
    """

    title = "Graph convolution (GCN)"
    formula = "Y = D^-½ (A + I) D^-½ X W + b"
    needs = (EDGE_ENDS, SPREAD, GCN)

    bias: bool = param(True, "Add a learned constant to every output.")
    self_loops: bool = param(True, "Let each node hear itself as well.")
    normalize: bool = param(
        True,
        "Divide by how many neighbours both ends of an edge have, so that popular nodes do not drown the others.",
        label="Normalise",
    )
    dense: bool = param(
        False,
        "Compute with a table of all pairs of nodes, not edge by edge: the same result, quicker where most are linked.",
        label="Dense table",
        advanced=True,
    )

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """One matrix of weights for all nodes, and the biases."""
        found: dict[str, Shape] = {"weight": (self.out_channels, shapes[0][1])}
        return {**found, "bias": (self.out_channels,)} if self.bias else found

    def flops(self, *shapes: Shape) -> int:
        """The weighted sums of each node, and a multiply and an add per edge and unit."""
        nodes, width, edges = nodes_and_edges(*shapes)
        pairs = nodes * nodes if self.dense else edges + nodes
        return 2 * nodes * width * self.out_channels + 2 * pairs * self.out_channels


@LAYERS.register("SAGEConv")
@dataclass(frozen=True)
class SAGEConv(_GraphLayer):
    """Each node is put together with the mean, the sum or the largest of what its neighbours have.

    A node and its neighbours have weights of their own, so that a node is not lost among many neighbours (GraphSAGE).
    """

    title = "GraphSAGE"
    formula = "y_v = W x_v + U mean (sum, max) of x over the neighbours of v + b"
    needs = (EDGE_ENDS, SPREAD, STRONGEST, SAGE)

    aggregator: str = param(
        "mean",
        "What is made of the neighbours: their mean, their sum (which can count them), or the largest of each feature.",
        choices={"mean": "Mean", "sum": "Sum", "max": "Largest"},
    )
    project: bool = param(False, "Send the neighbours through a layer of their own with a ReLU first.", advanced=True)
    normalize: bool = param(
        False, "Bring the numbers of each node to length 1 afterwards.", label="Normalise", advanced=True
    )
    bias: bool = param(True, "Add a learned constant to every output.")

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """A matrix of weights for the node, one for its neighbours, and the biases."""
        width = shapes[0][1]
        found: dict[str, Shape] = {"own.weight": (self.out_channels, width)}
        if self.bias:
            found["own.bias"] = (self.out_channels,)
        found["neighbours.weight"] = (self.out_channels, width)
        if self.project:
            found |= {"project.weight": (width, width), "project.bias": (width,)}
        return found

    def flops(self, *shapes: Shape) -> int:
        """Two weighted sums of each node, and a sum or comparison per edge and feature."""
        nodes, width, edges = nodes_and_edges(*shapes)
        projected = 2 * nodes * width * width if self.project else 0
        return projected + 4 * nodes * width * self.out_channels + edges * width

    def summary(self) -> str:
        """Units, and what is made of the neighbours."""
        return f"{self.out_channels} · {self.aggregator}"


@LAYERS.register("GATConv")
@dataclass(frozen=True)
class GATConv(_GraphLayer):
    """Each node listens to its neighbours, and learns to whom of them more.

    Attention over links, in several heads side by side. The second output shows for each head and node how much it
    takes from itself and from every neighbour: each row sums to 1.
    """

    title = "Graph attention (GAT)"
    formula = "y_i = Σⱼ aᵢⱼ W xⱼ, a = softmax over neighbours and i of LeakyReLU(l·W xᵢ + s·W xⱼ)"
    outputs = (Port("out"), Port("weights"))
    needs = (EDGE_ENDS, EDGE_TABLE, GAT)

    heads: int = param(1, "How many of them listen side by side.", low=1, high=HEAD_LIMIT)
    concat: bool = param(True, "Put what the heads say side by side; off: take their mean.", label="Heads side by side")
    negative_slope: float = param(
        0.2, "How much of a negative score gets through.", low=0.0, high=1.0, label="Slope", advanced=True
    )
    dropout: float = param(0.0, "Share of the looks that is dropped while training.", low=0.0, high=1.0, advanced=True)
    bias: bool = param(True, "Add a learned constant to every output.")

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """A row for each node, and for each head how much each node takes from each."""
        nodes, _, _ = nodes_and_edges(*shapes)
        return ((nodes, self._width()), (self.heads, nodes, nodes))

    def output_shape(self, *shapes: Shape) -> Shape:
        """A row for each node."""
        return self.output_shapes(*shapes)[0]

    def _width(self) -> int:
        return self.heads * self.out_channels if self.concat else self.out_channels

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The weights of all heads, what each listens to and speaks with, and the biases."""
        found: dict[str, Shape] = {"weight": (self.heads * self.out_channels, shapes[0][1])}
        found["listens"] = found["speaks"] = (self.heads, self.out_channels)
        return {**found, "bias": (self._width(),)} if self.bias else found

    def flops(self, *shapes: Shape) -> int:
        """The weighted sums of each node, its two scores, and a sum over all pairs of nodes."""
        nodes, width, _ = nodes_and_edges(*shapes)
        units = self.heads * self.out_channels
        return 2 * nodes * units * (width + 2 + nodes)

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A module in plain torch, printed with the network."""
        made = super().torch_code(*shapes)
        return TorchCode(made.forward, made.module, ("{r}[0]", "{r}[1]"), made.support)

    def summary(self) -> str:
        """Units and heads."""
        return f"{self.out_channels} · {words.plural(self.heads, 'head')}"


@LAYERS.register("GINConv")
@dataclass(frozen=True)
class GINConv(_GraphLayer):
    """Each node is added to the sum of its neighbours, and a small network works on that.

    Sums, unlike means, can count: this layer tells apart more graphs than the others (graph isomorphism network).
    """

    title = "Graph isomorphism (GIN)"
    formula = "y_v = MLP((1 + ε) x_v + Σ x over the neighbours of v)"
    needs = (EDGE_ENDS, SPREAD, GIN)

    hidden_channels: int | None = param(
        None,
        "Units of the small network's inner layer; left empty, as many as it puts out.",
        kind="int",
        low=1,
        high=SIZE_LIMIT,
        optional=True,
        label="Inner units",
    )
    eps: float = param(
        0.0,
        "How much more a node counts than each of its neighbours.",
        low=-1.0,
        high=1000.0,
        label="Own weight",
        advanced=True,
    )
    train_eps: bool = param(False, "Learn how much more a node counts.", label="Learn own weight", advanced=True)

    def _inner(self) -> int:
        return self.hidden_channels or self.out_channels

    def arguments(self, width: int) -> tuple[Any, ...]:
        """The sizes of the small network."""
        return (width, self._inner(), self.out_channels)

    def options(self) -> dict[str, Any]:
        """How much a node counts."""
        return {name: value for name, value in super().options().items() if name != "hidden_channels"}

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """Those of the small network, and how much a node counts if that is learned."""
        found: dict[str, Shape] = {"eps": ()} if self.train_eps else {}
        found |= {"mlp.0.weight": (self._inner(), shapes[0][1]), "mlp.0.bias": (self._inner(),)}
        return {**found, "mlp.2.weight": (self.out_channels, self._inner()), "mlp.2.bias": (self.out_channels,)}

    def flops(self, *shapes: Shape) -> int:
        """The small network at each node, and a sum per edge and feature."""
        nodes, width, edges = nodes_and_edges(*shapes)
        return 2 * nodes * self._inner() * (width + self.out_channels) + (edges + 2 * nodes) * width
