"""Which units of one layer feed which units of the next, and with what weight."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.ui.panels.network.formula import Exact, Moment

Units = NDArray[np.intp]


@dataclass(frozen=True)
class Bundle:
    """All drawn wires from one node to another, one entry for each."""

    source: str
    target: str
    starts: Units
    """Units of the source."""
    ends: Units
    """Units of the target."""
    weights: Exact | None
    """None where the wire only carries a number and has no weight."""

    def __len__(self) -> int:
        return len(self.starts)


def bundles(moment: Moment, shown: Mapping[str, int]) -> list[Bundle]:
    """The wires between the units that are drawn; `shown` says how many of each node are."""
    found: list[Bundle] = []
    for target in shown:
        offset = 0
        for source in moment.sources(target):
            if source in shown:
                bundle = _between(moment, source, target, shown, offset)
                if bundle is not None and len(bundle):
                    found.append(bundle)
            offset += len(moment.output(source))
    return found


def _between(moment: Moment, source: str, target: str, shown: Mapping[str, int], offset: int) -> Bundle | None:
    sizes = shown[source], shown[target]
    inputs, outputs = moment.output(source), moment.output(target)
    match moment.document.graph.nodes[target].type_id:
        case "Linear" if inputs.ndim == 1:
            return _all_to_all(moment, source, target, sizes)
        case "Conv1d" | "Conv2d" | "Conv3d":
            return _kernels(moment, source, target, sizes)
        case "Flatten" if inputs.ndim == 3:
            ends = np.arange(sizes[1])
            return _carried(source, target, ends // max(1, inputs[0].size), ends, sizes)
        case "Concat" if inputs.ndim == outputs.ndim and len(inputs) < len(outputs):
            starts = np.arange(sizes[0])
            return _carried(source, target, starts, starts + offset, sizes)
        case _ if len(inputs) == len(outputs) or len(inputs) == 1:
            ends = np.arange(sizes[1])
            return _carried(source, target, ends if len(inputs) > 1 else ends * 0, ends, sizes)
        case _:
            return None


def _all_to_all(moment: Moment, source: str, target: str, sizes: tuple[int, int]) -> Bundle | None:
    weight = moment.tensor(target, "weight")
    if weight is None or weight.ndim != 2 or weight.shape[1] != len(moment.output(source)):
        return None
    part = weight[: sizes[1], : sizes[0]]
    ends, starts = np.indices(part.shape)
    return Bundle(source, target, starts.ravel(), ends.ravel(), part.ravel())


def _kernels(moment: Moment, source: str, target: str, sizes: tuple[int, int]) -> Bundle | None:
    """A filter's wire to a map has the sum of its kernel as weight; with groups only the maps it sees have one."""
    weight = moment.tensor(target, "weight")
    if weight is None or weight.ndim < 3:
        return None
    sums = weight.sum(axis=tuple(range(2, weight.ndim)))
    groups = max(1, len(moment.output(source)) // sums.shape[1])
    ends, seen = np.indices(sums.shape)
    starts = seen + ends // max(1, len(sums) // groups) * sums.shape[1]
    drawn = (starts < sizes[0]) & (ends < sizes[1])
    return Bundle(source, target, starts[drawn], ends[drawn], sums[drawn])


def _carried(source: str, target: str, starts: Units, ends: Units, sizes: tuple[int, int]) -> Bundle:
    drawn = (starts < sizes[0]) & (ends < sizes[1])
    return Bundle(source, target, starts[drawn], ends[drawn], None)
