"""Graph layers against the formulas of their papers, written out node by node; and the code of a VAE."""

from typing import Any

import pytest
import torch
from lone_layers import lone
from torch import Tensor

from nnlab.errors import ShapeError

NODES, FEATURES, UNITS = 6, 3, 4
GRAPHS: list[list[tuple[int, int]]] = [
    [(0, 1), (1, 0), (1, 2), (2, 1), (3, 1), (1, 3), (4, 5)],  # one edge leads one way only
    [(2, 0), (0, 2), (5, 0)],
    [],
]
"""Edges (from, to) of three graphs; in the last nobody knows anybody."""

SHAPES = ((NODES, FEATURES), (2, 8))


def graphs() -> tuple[Tensor, Tensor]:
    """Features of the nodes, and the edges, filled up with -1: at the end, and once between."""
    edges = torch.full((len(GRAPHS), 2, 8), -1)
    for k, graph in enumerate(GRAPHS):
        for n, (source, target) in enumerate(graph):
            edges[k, :, n + (n > 1)] = torch.tensor([source, target])
    return torch.randn(len(GRAPHS), NODES, FEATURES), edges


def heard(graph: list[tuple[int, int]], node: int) -> list[int]:
    """From which nodes edges lead here."""
    return [source for source, target in graph if target == node]


def by_node(formula: Any, x: Tensor) -> Tensor:
    """A formula of (graph, its features, node) at every node of every graph."""
    return torch.stack([torch.stack([formula(graph, x[k], v) for v in range(NODES)]) for k, graph in enumerate(GRAPHS)])


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("self_loops", [True, False])
def test_graph_convolution_is_kipf_and_welling_s_formula(dense: bool, normalize: bool, self_loops: bool) -> None:
    x, edges = graphs()
    layer = lone("GCNConv", *SHAPES, out_channels=UNITS, dense=dense, normalize=normalize, self_loops=self_loops)
    assert layer.inside is not None
    layer.inside.bias.data.normal_()
    wanted = []
    for k, graph in enumerate(GRAPHS):
        a = torch.eye(NODES) if self_loops else torch.zeros(NODES, NODES)
        for source, target in graph:
            a[target, source] += 1
        if normalize:
            d = a.sum(1)
            scale = torch.where(d > 0, d**-0.5, torch.zeros(NODES))
            a = torch.diag(scale) @ a @ torch.diag(scale)
        wanted.append(a @ x[k] @ layer.inside.weight.T + layer.inside.bias)
    assert torch.allclose(layer(x, edges)[0], torch.stack(wanted), atol=1e-5)


@pytest.mark.parametrize("aggregator", ["mean", "sum", "max"])
@pytest.mark.parametrize("project", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
def test_graphsage_is_hamilton_s_formula(aggregator: str, project: bool, normalize: bool) -> None:
    x, edges = graphs()
    settings = {"aggregator": aggregator, "project": project, "normalize": normalize}
    layer = lone("SAGEConv", *SHAPES, out_channels=UNITS, **settings)
    inside: Any = layer.inside

    def formula(graph: list[tuple[int, int]], rows: Tensor, v: int) -> Tensor:
        said = [torch.relu(inside.project(rows[u])) if project else rows[u] for u in heard(graph, v)]
        together = torch.stack(said) if said else torch.zeros(1, FEATURES)
        every = {"mean": together.mean(0), "sum": together.sum(0), "max": together.amax(0)}
        neighbours = every[aggregator]
        both = torch.cat([inside.own.weight, inside.neighbours.weight], dim=1)  # W · concat(own, neighbours)
        y: Tensor = both @ torch.cat([rows[v], neighbours]) + inside.own.bias
        return y / y.norm() if normalize else y

    assert torch.allclose(layer(x, edges)[0], by_node(formula, x), atol=1e-5)


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("concat", [True, False])
def test_graph_attention_is_velickovic_s_formula(heads: int, concat: bool) -> None:
    x, edges = graphs()
    layer = lone("GATConv", *SHAPES, out_channels=UNITS, heads=heads, concat=concat)
    inside: Any = layer.inside
    inside.bias.data.normal_()
    matrices = inside.weight.view(heads, UNITS, FEATURES)
    found, weights = layer(x, edges)

    def formula(graph: list[tuple[int, int]], rows: Tensor, v: int) -> Tensor:
        said = []
        around = sorted({v, *heard(graph, v)})
        for h in range(heads):
            w, a = matrices[h], torch.cat([inside.listens[h], inside.speaks[h]])
            scores = torch.stack([a @ torch.cat([w @ rows[v], w @ rows[u]]) for u in around])
            alpha = torch.nn.functional.leaky_relu(scores, 0.2).softmax(0)
            k = next(n for n, each in enumerate(GRAPHS) if each is graph)
            row = torch.zeros(NODES)
            row[around] = alpha
            assert torch.allclose(weights[k, h, v], row, atol=1e-5)
            said.append(sum(p * (w @ rows[u]) for p, u in zip(alpha, around, strict=True)))
        whole = torch.cat(said) if concat else torch.stack(said).mean(0)
        answer: Tensor = whole + inside.bias
        return answer

    assert torch.allclose(found, by_node(formula, x), atol=1e-5)
    assert torch.allclose(weights.sum(-1), torch.ones(len(GRAPHS), heads, NODES), atol=1e-5)


@pytest.mark.parametrize("settings", [{}, {"eps": 0.5}, {"eps": 0.25, "train_eps": True}, {"hidden_channels": 7}])
def test_graph_isomorphism_is_xu_s_formula(settings: dict[str, Any]) -> None:
    x, edges = graphs()
    layer = lone("GINConv", *SHAPES, out_channels=UNITS, **settings)
    inside: Any = layer.inside
    one = 1 + settings.get("eps", 0.0)

    def formula(graph: list[tuple[int, int]], rows: Tensor, v: int) -> Tensor:
        total = one * rows[v] + sum((rows[u] for u in heard(graph, v)), torch.zeros(FEATURES))
        first, _, second = inside.mlp
        answer: Tensor = second(torch.relu(first(total)))
        return answer

    assert torch.allclose(layer(x, edges)[0], by_node(formula, x), atol=1e-5)


KINDS: list[tuple[str, dict[str, Any]]] = [
    ("GCNConv", {}),
    ("GCNConv", {"dense": True}),
    ("SAGEConv", {}),
    ("SAGEConv", {"aggregator": "max"}),
    ("GATConv", {"heads": 2}),
    ("GINConv", {}),
]
every_kind = pytest.mark.parametrize(("kind", "settings"), KINDS)


@every_kind
def test_another_order_of_nodes_and_edges_is_the_same_graph(kind: str, settings: dict[str, Any]) -> None:
    x, edges = graphs()
    layer = lone(kind, *SHAPES, **settings)
    before = layer(x, edges)[0]
    order = torch.randperm(NODES)
    place = order.argsort()  # where each node has gone to
    moved = torch.where(edges < 0, edges, place[edges.clamp(min=0)])[:, :, torch.randperm(edges.shape[2])]
    after = layer(x[:, order], moved)
    assert torch.allclose(after[0], before[:, order], atol=1e-5)
    for mode in ("sum", "mean", "max"):
        pool = lone("GraphPool", (NODES, before.shape[2]), (-1,), mode=mode)
        assert torch.allclose(pool(after[0], None)[0], pool(before, None)[0], atol=1e-5)


@every_kind
def test_columns_of_minus_one_and_nodes_without_edges_change_nothing(kind: str, settings: dict[str, Any]) -> None:
    x, edges = graphs()
    layer = lone(kind, *SHAPES, **settings)
    before = layer(x, edges)[0]
    more = torch.cat([torch.full((len(x), 2, 3), -1), edges], dim=2)
    assert torch.allclose(layer(x, more)[0], before, atol=1e-6)
    larger = torch.cat([x, torch.randn(len(x), 2, FEATURES)], dim=1)
    assert torch.allclose(layer(larger, edges)[0][:, :NODES], before, atol=1e-6)


@every_kind
def test_gradients_are_finite_where_nothing_arrives(kind: str, settings: dict[str, Any]) -> None:
    x, edges = graphs()
    x.requires_grad_()
    layer = lone(kind, *SHAPES, **settings)
    layer(x, edges)[0].square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def test_features_reach_as_many_friends_away_as_there_are_layers() -> None:
    line = torch.tensor([[[0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2]]])
    x = torch.randn(1, 4, FEATURES, requires_grad=True)
    first = lone("GCNConv", (4, FEATURES), (2, 6), out_channels=5)
    second = lone("GCNConv", (4, 5), (2, 6), out_channels=5)
    second(first(x, line)[0], line)[0][0, 0].sum().backward()
    assert x.grad is not None
    assert [bool(row.any()) for row in x.grad[0]] == [True, True, True, False]


def test_what_is_no_graph_gets_a_sentence_with_a_remedy() -> None:
    with pytest.raises(ShapeError, match="brings the edges"):
        lone("GCNConv", (NODES, FEATURES), (3, 8))
    with pytest.raises(ShapeError, match="one for each node"):
        lone("GINConv", (NODES,), (2, 8))


# ---------------------------------------------------------------- the code of a variational autoencoder


def test_the_cost_of_a_code_is_the_divergence_from_a_standard_normal_distribution() -> None:
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    for beta in (1.0, 0.25):
        layer = lone("Reparameterise", (3,), (3,), beta=beta)
        _, cost = layer(mean, log_variance)
        normal = torch.distributions.Normal
        each = torch.distributions.kl_divergence(normal(mean, (0.5 * log_variance).exp()), normal(0.0, 1.0))
        assert cost.shape == (5,)
        assert torch.allclose(cost, beta * each.sum(1), atol=1e-5)


def test_codes_are_drawn_around_the_mean_while_training_and_are_the_mean_afterwards() -> None:
    layer = lone("Reparameterise", (2,), (2,))
    mean = torch.tensor([1.0, -2.0]).expand(20_000, 2)
    log_variance = torch.tensor([0.0, -1.0]).expand(20_000, 2)
    torch.manual_seed(0)
    drawn, _ = layer(mean, log_variance)
    assert torch.allclose(drawn.mean(0), mean[0], atol=0.03)
    assert torch.allclose(drawn.var(0), log_variance[0].exp(), atol=0.03)
    torch.manual_seed(0)
    assert torch.equal(layer(mean, log_variance)[0], drawn), "the seed decides"
    layer.eval()
    assert torch.equal(layer(mean, log_variance)[0], mean)


def test_gradients_pass_through_a_drawn_code() -> None:
    mean, log_variance = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    drawn, _ = lone("Reparameterise", (3,), (3,))(mean, log_variance)
    drawn.sum().backward()
    assert mean.grad is not None
    assert log_variance.grad is not None
    assert mean.grad.eq(1).all()
    noise = (drawn - mean).detach()
    assert torch.allclose(log_variance.grad, 0.5 * noise, atol=1e-6)


def test_means_and_spreads_of_different_sizes_are_refused() -> None:
    with pytest.raises(ShapeError, match="as many units"):
        lone("Reparameterise", (3,), (4,))
