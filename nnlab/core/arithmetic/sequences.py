"""Rows one after the other, in time or on a graph: their sizes, their masks, and torch code that layers share."""

from nnlab.core.layer import MISSING, Shape, Support, TorchCode, shape_text
from nnlab.errors import ShapeError

SIZE_LIMIT = 65_536
"""Units, heads and lengths that a layer can be asked for."""


def sequence(shape: Shape, what: str = "a sequence (N × steps × features)") -> tuple[int, int]:
    """Steps and features of each step; ShapeError if this is not a row of rows."""
    if len(shape) != 2:
        if len(shape) == 1:
            remedy = "put an Embedding, a Reshape or a recurrent layer's sequence before it"
        else:
            remedy = "put a Flatten or a Reshape before it that leaves two axes"
        raise ShapeError(f"needs {what}, and gets {shape_text(shape)}: {remedy}")
    return shape[0], shape[1]


def check_mask(mask: Shape, length: int, port: str, what: str = "steps") -> None:
    """ShapeError unless the mask is missing or has one yes or no for each step."""
    if mask not in (MISSING, (length,)):
        raise ShapeError(
            f"has {length} {what}, and the mask at {port} is {shape_text(mask)}: "
            f"it must be N × {length}, made from the same input"
        )


MASKED_MEAN = Support(
    "masked_mean",
    '''\
def masked_mean(x, mask):
    """The mean over axis 1 of what is not masked; 0 if all of it is."""
    keep = (~mask).unsqueeze(-1)
    return (x * keep).sum(1) / keep.sum(1).clamp(min=1)
''',
)

MASKED_SUM = Support(
    "masked_sum",
    '''\
def masked_sum(x, mask):
    """The sum over axis 1 of what is not masked."""
    return (x * (~mask).unsqueeze(-1)).sum(1)
''',
)

MASKED_MAX = Support(
    "masked_max",
    '''\
def masked_max(x, mask):
    """The largest over axis 1 of what is not masked; 0 if all of it is."""
    largest = x.masked_fill(mask.unsqueeze(-1), float("-inf")).amax(1)
    return largest.masked_fill(mask.all(1, keepdim=True), 0.0)
''',
)

MASKED_FIRST = Support(
    "masked_first",
    '''\
def masked_first(x, mask):
    """The first step that is not masked."""
    first = (~mask).int().argmax(1)
    return x[torch.arange(x.shape[0], device=x.device), first]
''',
)

MASKED_LAST = Support(
    "masked_last",
    '''\
def masked_last(x, mask):
    """The last step that is not masked."""
    steps = torch.arange(x.shape[1], device=x.device)
    last = (steps * ~mask).argmax(1)
    return x[torch.arange(x.shape[0], device=x.device), last]
''',
)

_WITHOUT_MASK = {
    "mean": "{0}.mean(1)",
    "sum": "{0}.sum(1)",
    "max": "{0}.amax(1)",
    "first": "{0}[:, 0]",
    "last": "{0}[:, -1]",
}
_WITH_MASK = {s.name[7:]: s for s in (MASKED_MEAN, MASKED_SUM, MASKED_MAX, MASKED_FIRST, MASKED_LAST)}


def pooled_rows(mode: str, mask: Shape) -> TorchCode:
    """One row made of all rows, those that are masked left out."""
    if mask == MISSING:
        return TorchCode(_WITHOUT_MASK[mode])
    support = _WITH_MASK[mode]
    return TorchCode(f"{support.name}({{0}}, {{1}})", support=(support,))
