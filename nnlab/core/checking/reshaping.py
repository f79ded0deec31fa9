"""Mistakes of layers that lay numbers out anew or keep a part of them: sizes, orders and places that are not there."""

from collections.abc import Iterator

from nnlab.core.chain import layer
from nnlab.core.checking.pictures import settings
from nnlab.core.fault import Fault
from nnlab.core.fixes import Fix, bypass, fix_graph, insert
from nnlab.core.mistake import Mistake, mistake

WRONG_SIZES = mistake(
    "wrong-sizes", "Sizes that hold another count of numbers", "error",
    "Laying numbers out anew keeps every one of them: the sizes multiplied give how many there are.",
)  # fmt: skip
WRONG_ORDER = mistake(
    "wrong-order", "An order of axes that leaves one out", "error",
    "Every axis is named once in the new order, and the batch stays in front.",
)  # fmt: skip
NOTHING_KEPT = mistake(
    "nothing-kept", "A part that is outside of what there is", "error",
    "Places are counted from 0, so the last of 64 is 63.",
)  # fmt: skip
WRONG_PRODUCT = mistake(
    "wrong-product", "A product of tables that do not fit", "error",
    "Each row of the first meets each column of the second, so both must be equally long.",
)  # fmt: skip

SIZES = {"Reshape": "shape", "Unflatten": "unflattened_size", "Split": "sizes"}
"""Layers with sizes as a text, and the setting that has them."""


def look(fault: Fault) -> "tuple[Mistake, Iterator[Fix]] | None":
    """Which of these mistakes it is."""
    if not fault.inputs:
        return None
    if fault.kind in SIZES and "sizes" in fault.said:
        return WRONG_SIZES, _sizes(fault)
    if fault.kind == "Permute":
        return WRONG_ORDER, _orders(fault)
    if fault.kind == "Slice" and "keeps nothing" in fault.said:
        return NOTHING_KEPT, _parts(fault)
    if fault.kind == "MatMul" and "multiplies rows" in fault.said:
        return WRONG_PRODUCT, _products(fault)
    return None


def _sizes(fault: Fault) -> Iterator[Fix]:
    """One of the sizes as what is left, the last first; then all that is there in one row."""
    name = SIZES[fault.kind]
    given = [part.strip() for part in str(getattr(fault.layer, name)).split(",")]
    tried = [", ".join([*given[:k], "-1", *given[k + 1 :]]) for k in reversed(range(len(given)))]
    yield from settings(fault, *((name, text) for text in (*tried, "-1")))
    yield from _removal(fault)


def _orders(fault: Fault) -> Iterator[Fix]:
    """Channels last, where there are three axes; the last two swapped; the order that is there."""
    axes = [str(k) for k in range(len(fault.first) + 1)]
    turned = [[*axes[:1], *axes[2:], axes[1]]] if len(axes) > 2 else []
    swapped = [[*axes[:-2], axes[-1], axes[-2]]] if len(axes) > 2 else []
    yield from settings(fault, *(("dims", ", ".join(order)) for order in (*turned, *swapped)))
    yield from _removal(fault)


def _parts(fault: Fault) -> Iterator[Fix]:
    """From the beginning, to the end, or not at all."""
    yield from settings(fault, ("start", 0), ("end", None))
    yield from _removal(fault)


def _products(fault: Fault) -> Iterator[Fix]:
    """The second turned, or the first brought to size."""
    turned = getattr(fault.layer, "transpose_b", False)
    yield from settings(fault, ("transpose_b", not turned))
    units = fault.inputs[1][-1 if turned else -2]
    made = layer("Linear", out_features=units)
    label = f"Insert a Linear with {units} units before {fault.name}"
    yield fix_graph(label, lambda graph: insert(graph, fault.node_id, made, port=fault.layer.inputs[0].name))


def _removal(fault: Fault) -> Iterator[Fix]:
    if fault.graph.outgoing[fault.node_id]:
        yield fix_graph(f"Remove {fault.name}", lambda graph: bypass(graph, fault.node_id))
