"""One row made of all rows of a sequence or a graph, in Keras; what is masked is left out."""

from nnlab.core.layer import Support
from nnlab.engine.exports.keras.code import KerasCode

KEPT = Support(
    "kept",
    '''
def kept(mask):
    """1 for each row that is not masked, else 0, as a column."""
    return ops.cast(ops.expand_dims(ops.logical_not(mask), -1), "float32")
''',
)
MEAN = Support(
    "masked_mean",
    '''
def masked_mean(x, mask):
    """The mean over axis 1 of what is not masked; 0 if all of it is."""
    return ops.sum(x * kept(mask), axis=1) / ops.maximum(ops.sum(kept(mask), axis=1), 1)
''',
)
SUM = Support(
    "masked_sum",
    '''
def masked_sum(x, mask):
    """The sum over axis 1 of what is not masked."""
    return ops.sum(x * kept(mask), axis=1)
''',
)
MAX = Support(
    "masked_max",
    '''
def masked_max(x, mask):
    """The largest over axis 1 of what is not masked; 0 if all of it is."""
    largest = ops.max(ops.where(mask[:, :, None], -np.inf, x), axis=1)
    return ops.where(ops.all(mask, axis=1, keepdims=True), 0.0, largest)
''',
)
FIRST = Support(
    "masked_first",
    '''
def masked_first(x, mask):
    """The first step that is not masked."""
    first = ops.argmax(ops.cast(ops.logical_not(mask), "int32"), axis=1)
    return ops.take_along_axis(x, first[:, None, None], axis=1)[:, 0]
''',
)
LAST = Support(
    "masked_last",
    '''
def masked_last(x, mask):
    """The last step that is not masked."""
    last = ops.argmax(ops.cast(ops.logical_not(mask), "int64") * ops.arange(x.shape[1], dtype="int64"), axis=1)
    return ops.take_along_axis(x, last[:, None, None], axis=1)[:, 0]
''',
)
REVERSED = Support(
    "reversed_steps",
    '''
def reversed_steps(x, mask):
    """The steps that are not masked in the opposite order; those that are masked stay where they are."""
    counted = ops.cast(ops.logical_not(mask), "int64")
    rank = ops.maximum(ops.sum(counted, axis=1, keepdims=True) - ops.cumsum(counted, axis=1), 0)
    places = ops.arange(x.shape[1], dtype="int64")
    order = ops.argsort(ops.cast(mask, "int64") * x.shape[1] + places, axis=1)
    source = ops.where(mask, places, ops.take_along_axis(order, rank, axis=1))
    return ops.take_along_axis(x, source[:, :, None], axis=1)
''',
)
MASKED = {"mean": (KEPT, MEAN), "sum": (KEPT, SUM), "max": (MAX,), "first": (FIRST,), "last": (LAST,)}
PLAIN = {
    "mean": "ops.mean({0}, axis=1)",
    "sum": "ops.sum({0}, axis=1)",
    "max": "ops.max({0}, axis=1)",
    "first": "{0}[:, 0]",
    "last": "{0}[:, -1]",
}


def pooled_rows(mode: str, masked: bool) -> KerasCode:
    """The code of a pool over rows, with a mask or without."""
    if not masked:
        return KerasCode(PLAIN[mode])
    return KerasCode(f"masked_{mode}({{0}}, {{1}})", support=MASKED[mode])
