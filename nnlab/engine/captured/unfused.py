"""torch's LSTM taken apart: on a CPU it is one operation whose workspace no program can keep, so it is written out.

The sums are the same and rounded in another order, which shows in the seventh digit. Other recurrent layers are computed
by torch, to the last digit, with time as the first axis: given the batch first, torch turns its answer round in place,
where a program would no longer find it.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import dropout, linear
from torch.overrides import TorchFunctionMode

RECURRENT = (torch.rnn_tanh, torch.rnn_relu, torch.gru, torch.lstm)
BATCH_FIRST = 8  # its place among the arguments of a recurrent layer


class Unfused(TorchFunctionMode):
    """Inside `with`, recurrent layers in this thread are computed by operations that a program can repeat."""

    def __torch_function__(self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        """Run one function of torch; all but a few pass through."""
        if function is torch.lstm and not kwargs and _is_plain(*args):
            return _lstm(*args)
        if function in RECURRENT and not kwargs and len(args) > BATCH_FIRST and args[BATCH_FIRST] is True:
            out, *states = function(args[0].transpose(0, 1), *args[1:BATCH_FIRST], False)
            return (out.transpose(0, 1), *states)
        return function(*args, **(kwargs or {}))


def _is_plain(x: Tensor, hidden: Any, weights: Any, has_biases: Any, layers: Any, *rest: Any) -> bool:
    """Neither packed sequences nor projections, which torch never fuses."""
    if isinstance(hidden, Tensor):
        return False
    ways = 2 if rest[2] else 1
    return bool(len(weights) == layers * ways * (4 if has_biases else 2))


def _lstm(
    x: Tensor,
    hidden: Sequence[Tensor],
    weights: Sequence[Tensor],
    has_biases: bool,
    layers: int,
    share: float,
    training: bool,
    both_ways: bool,
    batch_first: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """What torch.lstm gives: the states over time, the last ones, and the last cells."""
    x = x.transpose(0, 1) if batch_first else x
    each, last = 4 if has_biases else 2, []
    for layer in range(layers):
        ways = []
        for k in range(layer * (1 + both_ways), (layer + 1) * (1 + both_ways)):
            states, cell = _one_way(
                x, hidden[0][k], hidden[1][k], weights[k * each : (k + 1) * each], both_ways and k % 2
            )
            ways.append(torch.stack(states))
            last.append((states[0] if both_ways and k % 2 else states[-1], cell))
        x = torch.cat(ways, -1) if both_ways else ways[0]
        if share and training and layer < layers - 1:
            x = dropout(x, share, True)
    ends = torch.stack([state for state, _ in last]), torch.stack([cell for _, cell in last])
    return (x.transpose(0, 1) if batch_first else x), *ends


def _one_way(
    x: Tensor, state: Tensor, cell: Tensor, weights: Sequence[Tensor], backwards: bool | int
) -> tuple[list[Tensor], Tensor]:
    """The states at every moment, in the order of time, and the last cell."""
    bias = weights[2] + weights[3] if len(weights) > 2 else None
    given, back = linear(x, weights[0], bias).unbind(0), weights[1].t()
    states: list[Tensor] = []
    for part in reversed(given) if backwards else given:
        let_in, keep, new, let_out = torch.addmm(part, state, back).chunk(4, 1)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(let_in) * torch.tanh(new)
        state = torch.sigmoid(let_out) * torch.tanh(cell)
        states.append(state)
    return (states[::-1] if backwards else states), cell
