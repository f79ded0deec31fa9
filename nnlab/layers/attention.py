"""Attention: every step looks at every other and takes more from some than from others."""

from dataclasses import dataclass
from math import prod
from typing import Any

from nnlab.core import words
from nnlab.core.arithmetic.attending import (
    HEAD_LIMIT,
    LATER_POSITIONS,
    attention_flops,
    attention_weights,
    check_heads,
    check_pairs,
    pairs_mask,
)
from nnlab.core.arithmetic.sequences import check_mask, sequence
from nnlab.core.layer import LAYERS, MISSING, Call, Layer, Port, Shape, Support, TorchCode, shape_text
from nnlab.core.param import param
from nnlab.errors import ShapeError

SCALE_LIMIT = 1000.0


@LAYERS.register("MultiheadAttention")
@dataclass(frozen=True)
class MultiheadAttention(Layer):
    """Every step asks all others a question, and takes over most from those whose answer fits best.

    A query is compared with every key; the better they match, the more of that step's value is taken. Several heads do
    so side by side, each with questions of its own. With q alone connected, a sequence looks at itself (self-attention);
    with k, too, one sequence looks at another. The second output shows who looked at whom: each row sums to 1.
    """

    title = "Multi-head attention"
    category = "Attention"
    tier = 2
    formula = "y = softmax(q·kᵀ / √d) · v, in each head, for learned projections q, k, v"
    inputs = (
        Port("q"),
        Port("k", optional=True),
        Port("v", optional=True),
        Port("padding", "m", optional=True),
        Port("mask", "m", optional=True),
    )
    outputs = (Port("out"), Port("weights"))
    fits = (
        ((5, 8), MISSING, MISSING, MISSING, MISSING),
        ((5, 8), (3, 8), (3, 8), (3,), MISSING),
        ((4, 4), (6, 6), (6, 2), MISSING, (4, 6)),
    )

    num_heads: int = param(
        2,
        "How many heads look side by side; the features are shared among them.",
        low=1,
        high=HEAD_LIMIT,
        label="Heads",
    )
    dropout: float = param(0.0, "Share of the looks that is dropped while training.", low=0.0, high=1.0, advanced=True)
    bias: bool = param(True, "Add learned constants to the projections.", advanced=True)
    causal: bool = param(False, "No step may look at a later one, as for guessing the next word.")
    average_attn_weights: bool = param(
        True,
        "Give the weights as the mean over all heads: one table. Off: a table for each head.",
        label="Mean over heads",
        advanced=True,
    )

    def output_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """A row for each query, and for each query a weight of each key."""
        queries, keys, values = self._wired(shapes)
        steps, width = sequence(queries)
        seen, _ = sequence(keys)
        said, _ = sequence(values)
        check_heads(width, self.num_heads)
        if seen != said:
            raise ShapeError(
                f"has {words.plural(seen, 'key')} and {words.plural(said, 'value')}: "
                "connect k and v to the same sequence"
            )
        if self.causal and steps != seen:
            raise ShapeError(
                f"may not look ahead, and compares {words.plural(steps, 'step')} with {words.count(seen)}: "
                "turn causal off where one sequence looks at another"
            )
        check_mask(shapes[3], seen, "padding", "keys")
        check_pairs(shapes[4], steps, seen, "mask")
        table = (steps, seen)
        return (queries, table if self.average_attn_weights else (self.num_heads, *table))

    def output_shape(self, *shapes: Shape) -> Shape:
        """A row for each query."""
        return self.output_shapes(*shapes)[0]

    def _wired(self, shapes: tuple[Shape, ...]) -> tuple[Shape, Shape, Shape]:
        """Queries, keys and values: what has no wire is what stands before it."""
        queries = shapes[0]
        keys = queries if shapes[1] == MISSING else shapes[1]
        return queries, keys, keys if shapes[2] == MISSING else shapes[2]

    def parameter_shapes(self, *shapes: Shape) -> dict[str, Shape]:
        """The projections of queries, keys, values and of the answer."""
        queries, keys, values = self._wired(shapes)
        return attention_weights(queries[1], self.bias, keys[1], values[1])

    def flops(self, *shapes: Shape) -> int:
        """The projections, and two products of all pairs."""
        queries, keys, values = self._wired(shapes)
        return attention_flops(queries[0], keys[0], queries[1], keys[1], values[1])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """nn.MultiheadAttention."""
        queries, keys, values = self._wired(shapes)
        options: dict[str, Any] = {"dropout": self.dropout} if self.dropout else {}
        if not self.bias:
            options["bias"] = False
        if (keys[1], values[1]) != (queries[1], queries[1]):
            options |= {"kdim": keys[1], "vdim": values[1]}
        given = "{4}" if shapes[4] != MISSING else ""
        pairs = pairs_mask(given, "{0}" if self.causal else "", self.num_heads)
        key = "{0}" if shapes[1] == MISSING else "{1}"
        arguments = ["{0}", key, key if shapes[2] == MISSING else "{2}"]
        arguments += ["key_padding_mask={3}"] if shapes[3] != MISSING else []
        arguments += [f"attn_mask={pairs}"] if pairs else []
        arguments += [] if self.average_attn_weights else ["average_attn_weights=False"]
        made = Call("nn.MultiheadAttention", (queries[1], self.num_heads), {**options, "batch_first": True})
        support = (LATER_POSITIONS,) if self.causal else ()
        return TorchCode(f"{{self}}({', '.join(arguments)})", made, ("{r}[0]", "{r}[1]"), support)

    def summary(self) -> str:
        """The heads, and whether it may look ahead."""
        return f"{words.plural(self.num_heads, 'head')}{' · causal' if self.causal else ''}"


DROPPED = Support(
    "DroppedAttention",
    '''\
class DroppedAttention(nn.Module):
    """Scaled dot-product attention that drops a share of its looks while training."""

    def __init__(self, dropout):
        super().__init__()
        self.dropout = dropout

    def forward(self, q, k, v, **options):
        share = self.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(q, k, v, dropout_p=share, **options)
''',
)


@LAYERS.register("ScaledDotProductAttention")
@dataclass(frozen=True)
class ScaledDotProductAttention(Layer):
    """The heart of attention without any weights: each query takes the mean of all values, weighted by how its key fits.

    Connect three Linear layers for query, key and value, and it is attention with one head, taken apart. An axis before
    the steps is one of heads.
    """

    title = "Scaled dot-product"
    category = "Attention"
    tier = 3
    formula = "y = softmax(q·kᵀ / √d) · v"
    inputs = (Port("q"), Port("k"), Port("v"), Port("mask", "m", optional=True))
    fits = (
        ((5, 4), (5, 4), (5, 4), MISSING),
        ((5, 4), (3, 4), (3, 6), (5, 3)),
        ((5, 4), (3, 4), (3, 6), (3,)),
        ((2, 5, 4), (2, 3, 4), (2, 3, 4), MISSING),
    )

    causal: bool = param(False, "No step may look at a later one, as for guessing the next word.")
    dropout: float = param(0.0, "Share of the looks that is dropped while training.", low=0.0, high=1.0, advanced=True)
    scale: float | None = param(
        None,
        "By what the products are multiplied before the softmax; left empty, 1 / √features.",
        kind="float",
        low=0.0,
        high=SCALE_LIMIT,
        optional=True,
        advanced=True,
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        """A row as wide as a value for each query."""
        queries, keys, values, mask = shapes
        if {len(queries), len(keys), len(values)} not in ({2}, {3}):
            raise ShapeError(
                "needs queries, keys and values of N × steps × features (or N × heads × steps × features), and gets "
                f"{shape_text(queries)}, {shape_text(keys)} and {shape_text(values)}: put a Reshape before them"
            )
        self._check_sizes(queries, keys, values)
        if mask not in (MISSING, (keys[-2],)):
            check_pairs(mask, queries[-2], keys[-2], "mask")
        if mask != MISSING and self.causal:
            raise ShapeError("has a mask and may not look ahead as well: give it a Causal mask, or turn causal off")
        return (*queries[:-1], values[-1])

    def _check_sizes(self, queries: Shape, keys: Shape, values: Shape) -> None:
        if queries[-1] != keys[-1]:
            raise ShapeError(
                f"compares queries of {words.plural(queries[-1], 'number')} with keys of {words.count(keys[-1])}: "
                "make both equally wide, with a Linear before one of them"
            )
        if keys[:-1] != values[:-1] or queries[:-2] != keys[:-2]:
            raise ShapeError(
                f"gets {shape_text(queries)}, {shape_text(keys)} and {shape_text(values)}: keys and values must be as "
                "many, and all three must have as many heads; connect k and v to the same sequence"
            )
        if self.causal and queries[-2] != keys[-2]:
            raise ShapeError(
                f"may not look ahead, and compares {words.plural(queries[-2], 'step')} with {words.count(keys[-2])}: "
                "turn causal off where one sequence looks at another"
            )

    def flops(self, *shapes: Shape) -> int:
        """Two products of all pairs."""
        return 2 * prod(shapes[0]) * shapes[1][-2] + 2 * prod(shapes[0][:-1]) * prod(shapes[2][-2:])

    def torch_code(self, *shapes: Shape) -> TorchCode:
        """F.scaled_dot_product_attention, whose masks say what may be looked at: the opposite of all other masks."""
        arguments = ["{0}", "{1}", "{2}"]
        if shapes[3] != MISSING:
            axes = (len(shapes[0]) - 2) + (1 if len(shapes[3]) == 1 else 0)
            index = "[:, None]" if axes == 1 else "[:, None, None]"
            arguments.append(f"attn_mask=~{{3}}{index if axes else ''}")
        arguments += ["is_causal=True"] if self.causal else []
        arguments += [f"scale={self.scale}"] if self.scale is not None else []
        if not self.dropout:
            return TorchCode(f"F.scaled_dot_product_attention({', '.join(arguments)})")
        return TorchCode(f"{{self}}({', '.join(arguments)})", Call(DROPPED.name, (self.dropout,)), support=(DROPPED,))

    def summary(self) -> str:
        """Whether it may look ahead."""
        return "causal" if self.causal else ""
