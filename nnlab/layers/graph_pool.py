"""One row for a whole graph."""

from dataclasses import dataclass
from math import prod

from nnlab.core.arithmetic.sequences import check_mask, pooled_rows, sequence
from nnlab.core.layer import LAYERS, MISSING, Layer, Port, Shape, TorchCode
from nnlab.core.param import param


@LAYERS.register("GraphPool")
@dataclass(frozen=True)
class GraphPool(Layer):
    """Makes one row of all nodes of a graph: their sum, their mean, or the largest of each feature.

    Whatever the order of the nodes, the row is the same. A sum can count atoms, a mean cannot. With a mask of empty
    rows, places without a node are left out.
    """

    title = "Graph pool"
    category = "Graph"
    tier = 3
    formula = "y = sum (mean, max) of x over the nodes, without what is masked"
    inputs = (Port("in"), Port("mask", "m", optional=True))
    fits = (((6, 3), MISSING), ((6, 3), (6,)), ((1, 4), (1,)))

    mode: str = param(
        "sum",
        "What is made of the nodes: their sum, their mean, or the largest of each feature.",
        choices={"sum": "Sum", "mean": "Mean", "max": "Largest"},
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """One row of features."""
        nodes, width = sequence(shapes[0], "rows of features, one for each node (N × nodes × features)")
        check_mask(shapes[1], nodes, "mask", "nodes")
        return (width,)

    def flops(self, *shapes: Shape) -> int:
        """One sum or comparison per number."""
        return prod(shapes[0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A reduction over the nodes."""
        return pooled_rows(self.mode, shapes[1])

    def summary(self) -> str:
        """What is made of the nodes."""
        return self.mode
