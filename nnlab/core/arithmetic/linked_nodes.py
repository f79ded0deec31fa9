"""Graphs as data: rows of features for nodes, and a list of edges; their sizes, and torch code that layers share."""

from nnlab.core.arithmetic.sequences import sequence
from nnlab.core.layer import Shape, Support, shape_text
from nnlab.errors import ShapeError


def nodes_and_edges(nodes: Shape, edges: Shape) -> tuple[int, int, int]:
    """Nodes, their features, and edges; ShapeError if these are not a graph."""
    count, width = sequence(nodes, "rows of features, one for each node (N × nodes × features)")
    if len(edges) != 2 or edges[0] != 2:
        raise ShapeError(
            f"needs a list of edges (N × 2 × edges: from which node, to which), and gets {shape_text(edges)}: "
            "connect the Input that brings the edges of the graph"
        )
    return count, width, edges[1]


EDGE_ENDS = Support(
    "edge_ends",
    '''\
def edge_ends(edges):
    """From which node each edge leads, to which, and whether it is one at all: columns of -1 only fill up."""
    source, target = edges.clamp(min=0).unbind(1)
    return source, target, (edges >= 0).all(1)
''',
)

SPREAD = Support(
    "spread",
    '''\
def spread(x, source, target, weight):
    """Send the numbers of each node along its edges, times the edge's weight, and add up what arrives at each node."""
    sent = x.gather(1, source.unsqueeze(-1).expand(-1, -1, x.shape[2])) * weight.unsqueeze(-1)
    return torch.zeros_like(x).scatter_add(1, target.unsqueeze(-1).expand_as(sent), sent)
''',
)

EDGE_TABLE = Support(
    "edge_table",
    '''\
def edge_table(edges, nodes):
    """A table of nodes × nodes for each graph: how many edges lead to the row's node from the column's."""
    source, target, real = edge_ends(edges)
    table = torch.zeros(edges.shape[0], nodes * nodes, device=edges.device)
    return table.scatter_add(1, target * nodes + source, real.float()).view(-1, nodes, nodes)
''',
)
