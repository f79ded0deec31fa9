"""Masks: what may not be looked at."""

from dataclasses import dataclass

from nnlab.core.arithmetic.attending import LATER_POSITIONS
from nnlab.core.arithmetic.sequences import SIZE_LIMIT, sequence
from nnlab.core.layer import LAYERS, Layer, Port, Shape, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError


@LAYERS.register("PaddingMask")
@dataclass(frozen=True)
class PaddingMask(Layer):
    """Marks the places of a sentence that only fill it up: yes where the number is that of padding.

    Sentences of one batch have one length, so short ones are filled up. With this mask attention and pooling leave the
    filling out.
    """

    title = "Padding mask"
    category = "Attention"
    tier = 2
    formula = "m = (i = padding number)"
    inputs = (Port("in", "i"),)
    outputs = (Port("out", "m"),)
    fits = (((7,),), ((1,),), ((3, 4),))

    number: int = param(0, "The whole number that stands for padding.", low=0, high=SIZE_LIMIT, label="Padding number")

    def output_shape(self, *shapes: Shape) -> Shape:
        """A yes or no for each number."""
        return shapes[0]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A comparison."""
        return TorchCode(f"{{0}} == {self.number}")

    def summary(self) -> str:
        """The number."""
        return f"= {self.number}"


@LAYERS.register("CausalMask")
@dataclass(frozen=True)
class CausalMask(Layer):
    """Marks for each step the later ones, so that attention cannot look into the future.

    A network that is to guess the next word must not see it. Every sample has the same table of steps by steps; it is
    kept in memory only once. Attention layers have a setting for it as well.
    """

    title = "Causal mask"
    category = "Attention"
    tier = 3
    formula = "m of step t and step s = (s > t)"
    inputs = (Port("in", "*"),)
    outputs = (Port("out", "m"),)
    fits = (((7, 3),), ((7,),), ((1, 4),))

    def output_shape(self, *shapes: Shape) -> Shape:
        """Steps by steps."""
        if len(shapes[0]) not in (1, 2):
            raise ShapeError(
                f"needs a sequence (N × steps, or N × steps × features), and gets {shape_text(shapes[0])}: "
                "put a Flatten or a Reshape before it"
            )
        return (shapes[0][0], shapes[0][0])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """One table, seen once for each sample."""
        return TorchCode(f"{LATER_POSITIONS.name}({{0}}).expand({{0}}.shape[0], -1, -1)", support=(LATER_POSITIONS,))


@LAYERS.register("NodeMask")
@dataclass(frozen=True)
class NodeMask(Layer):
    """Marks the rows that are all 0: the places of a graph where there is no node, or steps that only fill up.

    Graphs of one batch have room for as many nodes; a small one leaves rows empty. With this mask a Graph pool leaves
    them out. It belongs directly after the Input: further layers make something of empty rows as well.
    """

    title = "Empty rows"
    category = "Graph"
    tier = 3
    formula = "m of row v = (all features of v are 0)"
    inputs = (Port("in"),)
    outputs = (Port("out", "m"),)
    fits = (((7, 3),), ((1, 4),))

    def output_shape(self, *shapes: Shape) -> Shape:
        """A yes or no for each row."""
        rows, _ = sequence(shapes[0], "rows of features (N × nodes × features)")
        return (rows,)

    def flops(self, *shapes: Shape) -> int:
        """One comparison per number."""
        return shapes[0][0] * shapes[0][1]

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """A comparison of every number."""
        return TorchCode("({0} == 0).all(dim=-1)")
