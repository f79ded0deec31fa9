"""Memory that a program keeps for the values of a step, so that no step asks for any.

Every operation that can write its result to a given place gets one; a place is used again once nobody reads what lay
there. Small networks gain the cost of making tensors, large ones that of fresh pages of memory at every step.
"""

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

from nnlab.engine.captured.tape import Operation, storage

MOST_BYTES = 512_000_000
COPY = "aten::clone"


class Workspace:
    """Places for the values of one straight piece of work."""

    def __init__(self) -> None:
        self.tensors: dict[int, Tensor] = {}
        """Memory of a value on the tape -> its place."""
        self._free: dict[int, list[Tensor]] = defaultdict(list)
        self._bytes = 0

    def plan(self, operations: Sequence[Operation], results: Sequence[Tensor]) -> None:
        """Give a place to all that these operations make, but for the results, which outlive the step."""
        lasting = {storage(t) for t in results}
        last = {storage(t): k for k, operation in enumerate(operations) for t in (*operation.read, *operation.made)}
        ends: dict[int, list[int]] = defaultdict(list)
        for memory, k in last.items():
            ends[k].append(memory)
        for k, operation in enumerate(operations):
            made = operation.made
            if can_be_placed(operation) and not any(storage(t) in lasting or not _is_whole(t) for t in made):
                for tensor in made:
                    self._give(tensor)
            for memory in ends[k]:
                if memory in self.tensors:
                    place = self.tensors[memory]
                    self._free[place.untyped_storage().nbytes()].append(place)

    def _give(self, tensor: Tensor) -> None:
        size = tensor.untyped_storage().nbytes()
        free = self._free[size]
        if free:
            memory = free.pop().untyped_storage()
        elif self._bytes + size > MOST_BYTES:
            return
        else:
            self._bytes += size
            memory = torch.empty(size, dtype=torch.uint8, device=tensor.device).untyped_storage()
        place = torch.empty(0, dtype=tensor.dtype, device=tensor.device)
        self.tensors[storage(tensor)] = place.set_(memory, 0, tensor.shape, tensor.stride())


def _is_whole(tensor: Tensor) -> bool:
    return tensor.numel() > 0 and tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


def outs(operation: Operation) -> tuple[str, list[str]] | None:
    """The overload that writes where it is told to, and the names of the places it takes; None where there is none."""
    if operation.is_view or operation.mutates:
        return None
    mine = [(a.name, str(a.type)) for a in operation.function._schema.arguments]
    count = len(operation.function._schema.returns)
    packet = operation.function.overloadpacket
    for overload in packet.overloads():
        schema = getattr(packet, overload)._schema
        written = [a.name for a in schema.arguments if a.alias_info is not None and a.alias_info.is_write]
        others = [(a.name, str(a.type)) for a in schema.arguments if a.name not in written]
        if len(written) == count == len(operation.made) and others == mine:
            return overload, written
    return None


def can_be_placed(operation: Operation) -> bool:
    """Whether torch writes the result where it is told to without copying it there, or it is a copy anyway."""
    found = outs(operation)
    if found is None or operation.name == COPY:
        return found is not None
    name = f"{operation.name}.{found[0]}"
    device = operation.made[0].device.type.upper()
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(name, device))
