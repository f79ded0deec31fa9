"""Keras equals of graph layers, as layers that are written with the script."""

from typing import Any

from nnlab.core.layer import MISSING, Shape, Support
from nnlab.engine.exports.keras.attention import FEED_FORWARD
from nnlab.engine.exports.keras.code import KerasCode, call, composed, equal, unless
from nnlab.engine.exports.keras.pools import pooled_rows

EDGES = Support(
    "edge_table",
    '''
def edge_table(edges, nodes):
    """For each graph a table of nodes × nodes: how many edges lead to the row's node from the column's.

    `edges` has a row of where each begins and one of where it ends; -1 only fills up.
    """
    begins, ends = ops.one_hot(edges[:, 0], nodes), ops.one_hot(edges[:, 1], nodes)
    return ops.matmul(ops.swapaxes(ends, 1, 2), begins)
''',
)
GCN = Support(
    "GraphConvolution",
    '''
class GraphConvolution(layers.Layer):
    """Graph convolution (Kipf and Welling 2017): D^-1/2 (A + I) D^-1/2 X W + b."""

    def __init__(self, units, bias=True, self_loops=True, normalize=True, **options):
        super().__init__(**options)
        self.dense = layers.Dense(units, use_bias=bias)
        self.self_loops, self.normalize = self_loops, normalize

    def call(self, x, edges):
        nodes = x.shape[1]
        table = edge_table(edges, nodes)
        if self.self_loops:
            table = table + ops.eye(nodes)
        if self.normalize:
            degree = ops.sum(table, axis=2)
            scale = ops.where(degree > 0, ops.rsqrt(ops.maximum(degree, 1)), 0.0)
            table = table * scale[:, :, None] * scale[:, None, :]
        return self.dense(ops.matmul(table, x))

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.dense.set_weights([state["weight"].T, *([state["bias"]] if "bias" in state else [])])
''',
)
SAGE = Support(
    "GraphSAGE",
    '''
class GraphSAGE(layers.Layer):
    """GraphSAGE (Hamilton et al. 2017): a weighted sum of a node, and one of what its neighbours are together."""

    def __init__(self, units, aggregator="mean", project=None, normalize=False, bias=True, **options):
        super().__init__(**options)
        self.own = layers.Dense(units, use_bias=bias)
        self.neighbours = layers.Dense(units, use_bias=False)
        self.project = layers.Dense(project, activation="relu") if project else None
        self.aggregator, self.normalize = aggregator, normalize

    def call(self, x, edges):
        table = edge_table(edges, x.shape[1])
        said = x if self.project is None else self.project(x)
        if self.aggregator == "max":
            linked = table[:, :, :, None] > 0
            heard = ops.max(ops.where(linked, said[:, None], -np.inf), axis=2)
            heard = ops.where(ops.any(linked, axis=2), heard, 0.0)
        else:
            heard = ops.matmul(table, said)
        if self.aggregator == "mean":
            heard = heard / ops.maximum(ops.sum(table, axis=2, keepdims=True), 1)
        x = self.own(x) + self.neighbours(heard)
        if self.normalize:
            x = x / ops.maximum(ops.norm(x, axis=-1, keepdims=True), 1e-12)
        return x

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.own.set_weights(dense_numbers(state, "own"))
        self.neighbours.set_weights(dense_numbers(state, "neighbours"))
        if self.project is not None:
            self.project.set_weights(dense_numbers(state, "project"))
''',
)
GAT = Support(
    "GraphAttention",
    '''
class GraphAttention(layers.Layer):
    """Graph attention (Velickovic et al. 2018): each node weighs itself and its neighbours, in several heads."""

    def __init__(self, units, heads=1, concat=True, negative_slope=0.2, dropout=0.0, bias=True, **options):
        super().__init__(**options)
        self.dense = layers.Dense(heads * units, use_bias=False)
        self.listens = self.add_weight(shape=(heads, units), initializer="glorot_uniform", name="listens")
        self.speaks = self.add_weight(shape=(heads, units), initializer="glorot_uniform", name="speaks")
        width = heads * units if concat else units
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias") if bias else None
        self.dropout = layers.Dropout(dropout)
        self.units, self.heads, self.concat, self.negative_slope = units, heads, concat, negative_slope

    def call(self, x, edges):
        nodes = x.shape[1]
        linked = edge_table(edges, nodes) + ops.eye(nodes) > 0
        x = ops.reshape(self.dense(x), (-1, nodes, self.heads, self.units))
        x = ops.swapaxes(x, 1, 2)  # samples × heads × nodes × units
        listening, speaking = self.listens[:, :, None], self.speaks[:, :, None]
        scores = ops.matmul(x, listening) + ops.swapaxes(ops.matmul(x, speaking), 2, 3)
        scores = ops.leaky_relu(scores, negative_slope=self.negative_slope)
        weights = ops.softmax(ops.where(linked[:, None], scores, -np.inf))
        x = ops.matmul(self.dropout(weights), x)
        if self.concat:
            x = ops.reshape(ops.swapaxes(x, 1, 2), (-1, nodes, self.heads * self.units))
        else:
            x = ops.mean(x, axis=1)
        return (x if self.bias is None else x + self.bias), weights

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.dense.set_weights([state["weight"].T])
        self.listens.assign(state["listens"])
        self.speaks.assign(state["speaks"])
        if self.bias is not None:
            self.bias.assign(state["bias"])
''',
)
GIN = Support(
    "GraphIsomorphism",
    '''
class GraphIsomorphism(layers.Layer):
    """Graph isomorphism layer (Xu et al. 2019): a small network on (1 + eps) times a node plus its neighbours."""

    def __init__(self, inner, units, eps=0.0, train_eps=False, **options):
        super().__init__(**options)
        self.inner = layers.Dense(inner, activation="relu")
        self.outer = layers.Dense(units)
        first = keras.initializers.Constant(eps)
        self.eps = self.add_weight(shape=(), initializer=first, name="eps") if train_eps else eps

    def call(self, x, edges):
        heard = ops.matmul(edge_table(edges, x.shape[1]), x)
        return self.outer(self.inner((1 + self.eps) * x + heard))

    def take_over(self, state):
        """Take over what PyTorch has learned."""
        self.inner.set_weights(dense_numbers(state, "mlp.0"))
        self.outer.set_weights(dense_numbers(state, "mlp.2"))
        if "eps" in state:
            self.eps.assign(state["eps"])
''',
)


def _chosen(layer: Any, **usual: object) -> dict[str, object]:
    return {name: unless(getattr(layer, name), value) for name, value in usual.items()}


def _made(kind: str, /, *sizes: object, **options: object) -> str:
    return call("X", *sizes, **options, name="{name}").replace("layers.X", kind, 1) + "({0}, {1})"


@equal("GCNConv")
def _gcn(layer: Any, *shapes: Shape) -> KerasCode:
    options = _chosen(layer, bias=True, self_loops=True, normalize=True)
    return composed(_made(GCN.name, layer.out_channels, **options), EDGES, GCN)


@equal("SAGEConv")
def _sage(layer: Any, *shapes: Shape) -> KerasCode:
    options = _chosen(layer, aggregator="mean", normalize=False, bias=True)
    options["project"] = shapes[0][1] if layer.project else None
    return composed(_made(SAGE.name, layer.out_channels, **options), FEED_FORWARD, EDGES, SAGE)


@equal("GATConv")
def _gat(layer: Any, *shapes: Shape) -> KerasCode:
    options = _chosen(layer, heads=1, concat=True, negative_slope=0.2, dropout=0.0, bias=True)
    made = _made(GAT.name, layer.out_channels, **options)
    return composed(made, EDGES, GAT, results=("{r}[0]", "{r}[1]"))


@equal("GINConv")
def _gin(layer: Any, *shapes: Shape) -> KerasCode:
    sizes = (layer.hidden_channels or layer.out_channels, layer.out_channels)
    made = _made(GIN.name, *sizes, **_chosen(layer, eps=0.0, train_eps=False))
    return composed(made, FEED_FORWARD, EDGES, GIN)


@equal("GraphPool", "SequencePool")
def _pool(layer: Any, shape: Shape, mask: Shape = MISSING) -> KerasCode:
    return pooled_rows(layer.mode, mask != MISSING)
