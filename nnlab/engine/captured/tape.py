"""What a piece of Python does with tensors, written down as the flat list of torch's own operations that ran.

Method: a dispatch mode sees every operation after autograd has taken it apart, those of the backward pass included.
A value is known by its place in memory and not by its Python object (autograd wraps what it saved in new ones); nothing
that was made is let go while the tape lives, so no place is used twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

Place = tuple[Any, ...]

READS_VALUES = frozenset({"_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select", "_unique2"})
"""Operations whose result Python goes by: what comes after them depends on the data."""

PICKS = frozenset({"index", "index_put", "index_put_", "_index_put_impl_"})
"""Operations that pick by number, or by yes and no; how much they pick by yes and no depends on the data."""


class CannotCapture(Exception):
    """A step that cannot be written down once for all; the text says why, to follow "because"."""


@dataclass(frozen=True)
class Operation:
    """One operation that ran."""

    function: Any
    """torch's OpOverload."""
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    result: Any

    @property
    def name(self) -> str:
        """Such as "aten::mm"."""
        return str(self.function._schema.name)

    @property
    def mutates(self) -> bool:
        """Whether it writes into one of its arguments."""
        return bool(self.function._schema.is_mutable)

    @property
    def is_view(self) -> bool:
        """Whether its result is other words for memory that was there before."""
        if self.function.is_view:
            return True
        read = {storage(t) for t in self.read}  # _unsafe_view does not say what it is
        return not self.mutates and any(t.numel() > 0 and storage(t) in read for t in self.made)

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers; some operations say so even where they drop nothing out, or do not train."""
        return torch.Tag.nondeterministic_seeded in self.function.tags and bool(self.made) and not self._is_still

    @property
    def _is_still(self) -> bool:
        given = dict(zip((a.name for a in self.function._schema.arguments), self.arguments, strict=False))
        given.update(self.keywords)
        return not all(given.get(name) for name in ("dropout_p", "training") if self._takes(name))

    def _takes(self, name: str) -> bool:
        return any(a.name == name for a in self.function._schema.arguments)

    @property
    def can_draw_from_any(self) -> bool:
        """Whether it can be told which generator to draw from."""
        packet = self.function.overloadpacket
        schemas = [getattr(packet, overload)._schema for overload in packet.overloads()]
        return any(a.name == "generator" for schema in schemas for a in schema.arguments)

    @property
    def read(self) -> list[Tensor]:
        """The tensors it was given."""
        return list(tensors_in((self.arguments, tuple(self.keywords.values()))))

    @property
    def written(self) -> list[Tensor]:
        """The arguments it writes into."""
        found: list[Tensor] = []
        for k, argument in enumerate(self.function._schema.arguments):
            if argument.alias_info is not None and argument.alias_info.is_write:
                value = self.arguments[k] if k < len(self.arguments) else self.keywords.get(argument.name)
                found += tensors_in(value)
        return found

    @property
    def made(self) -> list[Tensor]:
        """The tensors it gave."""
        return list(tensors_in(self.result))


class Tape(TorchDispatchMode):
    """Inside `with`, everything that torch does in this thread is run and written down."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch.compile is not used here, and to be wrapped for it would load all of it: a second, held by Python."""
        return False

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one operation, and keep it with all that it touched."""
        name = function._schema.name.split("::")[1]
        if name in READS_VALUES or (name in PICKS and _picks_by_value(args)):
            raise CannotCapture("what it computes depends on the values that pass through")
        if name == "lift_fresh":  # numbers from Python, the same at every step even if something is written there later
            function = torch.ops.aten.clone.default
        result = function(*args, **(kwargs or {}))
        self.operations.append(Operation(function, args, kwargs or {}, result))
        return result


def _picks_by_value(arguments: tuple[Any, ...]) -> bool:
    asked = any(t.dtype in (torch.bool, torch.uint8) for t in tensors_in(arguments[1]))
    one_for_all = len(arguments) > 2 and arguments[2].numel() == 1
    return asked and not one_for_all


def place(tensor: Tensor) -> Place:
    """Where a tensor's numbers lie, and how they are read: equal for two tensors that are the same value.

    Empty ones lie nowhere and have nothing to read: any two of a form are the same value.
    """
    layout = (tuple(tensor.shape), tensor.stride(), tensor.storage_offset(), tensor.dtype)
    return (storage(tensor), *layout)


def storage(tensor: Tensor) -> int:
    """The memory that a tensor is a part of."""
    return int(tensor.untyped_storage().data_ptr())


def tensors_in(value: object) -> Iterator[Tensor]:
    """Every tensor in an argument or a result."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors_in(part)


def needed(operations: list[Operation], results: list[Tensor], lasting: list[Tensor]) -> list[Operation]:
    """Those operations that the results, or what stays in lasting tensors, are made by.

    And those that draw random numbers, whatever for: the next ones that are drawn depend on how many were drawn before.
    """
    operations = _without_repeats(operations)
    places = {place(t) for t in results}
    memories = {storage(t) for t in (*results, *lasting)}
    found: list[Operation] = []
    for operation in reversed(operations):
        if not operation.draws and not _serves(operation, places, memories):
            continue
        found.append(operation)
        for tensor in operation.read:
            places.add(place(tensor))
            memories.add(storage(tensor))
    return found[::-1]


def _without_repeats(operations: list[Operation]) -> list[Operation]:
    """Without views of what is known already, such as the transpose of a transpose."""
    known: set[Place] = set()
    found: list[Operation] = []
    for operation in operations:
        known |= {place(t) for t in operation.read}
        made = {place(t) for t in operation.made}
        if operation.is_view and made <= known:
            continue
        known |= made
        found.append(operation)
    return found


def _serves(operation: Operation, places: set[Place], memories: set[int]) -> bool:
    if any(storage(t) in memories for t in operation.written):
        return True
    if operation.is_view:
        return any(place(t) in places for t in operation.made)
    return any(storage(t) in memories for t in operation.made)


def record(act: Callable[[], Any]) -> tuple[Tape, Any]:
    """What `act` does, and what it gives."""
    with Tape() as tape:
        result = act()
    return tape, result
