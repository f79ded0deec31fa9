"""ONNX's recurrent operations as layers: steps come first in them, then samples, and their gates stand in another order."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnlab.engine.imports.drawing import Held, Turned, Unfit, layer_of
from nnlab.engine.imports.onnx.operations import Call, Rows, drawn

GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""ONNX's order of the gates, as torch's."""


@drawn("LSTM", "GRU", "RNN")
def recurrent(call: Call) -> tuple[Any, ...]:
    """A sequence read step by step."""
    x, w, r, b = (call.get(k) for k in range(4))
    if not isinstance(x, Turned):
        raise Unfit(f"{call.op} whose batch comes first")
    way = call.attributes.get("direction", "forward")
    plain_gates = not any(call.attributes.get(name) for name in ("activation_alpha", "clip", "input_forget", "layout"))
    if way == "reverse" or not plain_gates or not _starts_empty(call) or _own_bends(call):
        raise Unfit(f"{call.op} of another kind")
    if call.op == "GRU" and not call.attributes.get("linear_before_reset", 0):
        raise Unfit("GRU that resets before its sums")
    units = int(call.attributes["hidden_size"])
    tensors = _torch_order(call.op, units, w.array, r.array, None if b is None else b.array)
    layer = layer_of(call.op, hidden_size=units, bidirectional=way == "bidirectional", bias=b is not None)
    call.d.name = (w.name or "").rpartition(".")[0]
    out, last, *memory = call.d.add(layer, x.value, tensors=tensors)
    ways = 2 if layer.bidirectional else 1
    first = Turned(memory[0], last, ways == 2)
    return (Rows(out, ways), first, *(Turned(each) for each in memory[1:]))


def _starts_empty(call: Call) -> bool:
    """Whether its memory starts with zeros, and all samples are equally long."""
    begins = [call.get(k) for k in (5, 6)]
    weights = call.get(7)
    return call.get(4) is None and weights is None and all(
        each is None or (isinstance(each, Held) and not each.array.any()) for each in begins
    )  # fmt: skip


def _own_bends(call: Call) -> bool:
    given: Sequence[Any] = call.attributes.get("activations", ())
    usual = {"LSTM": {"Sigmoid", "Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "RNN": {"Tanh"}}[call.op]
    return any((each.decode() if isinstance(each, bytes) else each) not in usual for each in given)


def _torch_order(op: str, units: int, w: Any, r: Any, b: Any) -> dict[str, Any]:
    """The weights of every direction with torch's names and order of gates."""

    def ordered(array: Any) -> Any:
        blocks = array.reshape(len(GATES[op]), units, *array.shape[1:])
        return np.ascontiguousarray(blocks[list(GATES[op])].reshape(array.shape))

    found: dict[str, Any] = {}
    for k, ending in enumerate(("", "_reverse")[: len(w)]):
        found[f"weight_ih_l0{ending}"], found[f"weight_hh_l0{ending}"] = ordered(w[k]), ordered(r[k])
        if b is not None:
            half = b.shape[1] // 2
            found[f"bias_ih_l0{ending}"], found[f"bias_hh_l0{ending}"] = ordered(b[k][:half]), ordered(b[k][half:])
    return found
