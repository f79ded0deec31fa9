"""What attention layers share: heads, masks, weights and arithmetic, and torch code that several of them print."""

from nnlab.core import words
from nnlab.core.layer import MISSING, Shape, Support, shape_text
from nnlab.errors import ShapeError

HEAD_LIMIT = 1024

LATER_POSITIONS = Support(
    "later_positions",
    '''\
def later_positions(x):
    """A table of steps × steps: True where a step would look at a later one."""
    steps = x.shape[1]
    return torch.ones(steps, steps, dtype=torch.bool, device=x.device).triu(1)
''',
)


def check_heads(width: int, heads: int) -> None:
    """ShapeError unless the heads share the features evenly."""
    if width % heads:
        fitting = max(n for n in range(1, heads + 1) if width % n == 0)
        raise ShapeError(
            f"has {words.plural(heads, 'head')} for {words.plural(width, 'feature')}, which cannot be shared evenly: "
            f"use {words.plural(fitting, 'head')}, or make the width a multiple of {words.count(heads)}"
        )


def check_pairs(mask: Shape, steps: int, looked_at: int, port: str) -> None:
    """ShapeError unless the mask is missing or has a yes or no for each step and each step it may look at."""
    if mask not in (MISSING, (steps, looked_at)):
        raise ShapeError(
            f"needs a mask of N × {steps} × {looked_at} at {port}, one yes or no for each pair, and gets "
            f"{shape_text(mask)}: use a Causal mask of the same sequence"
        )


def pairs_mask(given: str, causal: str, heads: int) -> str:
    """The mask over pairs as torch's attention takes it, as an expression; "" if there is none.

    `given` is the wire of such a mask and `causal` that of the sequence whose steps may not look ahead, or "". One mask
    for all samples is a table; one for each sample torch wants once for every head.
    """
    own = f"{LATER_POSITIONS.name}({causal})" if causal else ""
    if not given:
        return own
    both = f"({given} | {own})" if own else given
    return f"{both}.repeat_interleave({heads}, dim=0)" if heads > 1 else both


def attention_weights(width: int, bias: bool, keys: int = 0, values: int = 0) -> dict[str, Shape]:
    """The learned tensors of nn.MultiheadAttention; keys and values of another width have matrices of their own."""
    found: dict[str, Shape] = {}
    if (keys or width) == width and (values or width) == width:
        found["in_proj_weight"] = (3 * width, width)
    else:
        found["q_proj_weight"] = (width, width)
        found["k_proj_weight"] = (width, keys or width)
        found["v_proj_weight"] = (width, values or width)
    found["out_proj.weight"] = (width, width)
    return {**found, "in_proj_bias": (3 * width,), "out_proj.bias": (width,)} if bias else found


def attention_flops(steps: int, looked_at: int, width: int, keys: int = 0, values: int = 0) -> int:
    """Four projections, and a product of every query with every key and with every value."""
    projected = 2 * width * (2 * steps * width + looked_at * ((keys or width) + (values or width)))
    return projected + 4 * steps * looked_at * width


def named(prefix: str, shapes: dict[str, Shape]) -> dict[str, Shape]:
    """The same tensors as parts of a larger module."""
    return {f"{prefix}.{name}": shape for name, shape in shapes.items()}
