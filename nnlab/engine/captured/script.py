"""Operations from a tape as TorchScript source text: straight-line code without Python, tracers or a C++ compiler.

Source text is printed because `torch.jit.trace` cannot replay the backward passes of convolutions and norms.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nnlab.engine.captured.tape import CannotCapture, Operation, Place, place, storage, tensors_in
from nnlab.engine.captured.workspace import COPY, outs

DROPPED = frozenset({"pin_memory"})
EMPTY_LISTS = (("Tensor", "Tensor"), ("float", "float"), ("bool", "bool"), ("int", "int"))
# WORKAROUND: where it sees that both factors of an addmm are 1, TorchScript makes a product and a sum of it, and in 16
# bits that rounds twice. `unit` is a 1 that it cannot see through.
FULL_BYTES = 4


class Writer:
    """Turns operations into lines. Names of values that exist before are given; new ones begin with `prefix`."""

    def __init__(
        self, known: Mapping[Place, str], changing: Mapping[Place, str], constants: list[Tensor], prefix: str
    ) -> None:
        self._names = {**known, **changing}
        self._constants = constants
        self._prefix = prefix
        self._stable = set(known.values())
        """Names of memory that is the same at every step."""
        self._fixed: set[str] = set()
        """Names of values that are the same at every step."""
        self._touched: set[int] = set()
        self._count = 0
        self.before: list[str] = []
        """Lines that need to run only once."""
        self.lines: list[str] = []

    def write(self, operations: list[Operation], into: Mapping[int, str] | None = None) -> None:
        """These operations; the result whose memory `into` names is written to that place at once, where torch can."""
        self._touched |= {storage(t) for operation in operations for t in operation.written}
        self._refuse_memories(operations)
        last_read = {storage(t): k for k, operation in enumerate(operations) for t in operation.read}
        for k, operation in enumerate(operations):
            made = operation.made
            if not operation.mutates and len(made) == 1 and place(made[0]) in self._names:
                continue  # other words for what has a name already: detach, and the transpose of a transpose
            self._write(operation, into or {})
            if operation.draws and last_read.get(storage(made[0]), k) <= k:
                # WORKAROUND: TorchScript leaves out what nobody reads, and the next random numbers would be others
                self.lines.append(f"c[{len(self._constants)}].copy_({self.name(made[0])})")
                self._constants.append(torch.empty_like(made[0]))

    def name(self, tensor: Tensor) -> str:
        """What the text calls this value; one that no operation made becomes a constant."""
        where = place(tensor)
        if where not in self._names:
            self._names[where] = name = f"c[{len(self._constants)}]"
            self._constants.append(tensor)
            self._fixed.add(name)
        return self._names[where]

    def _refuse_memories(self, operations: list[Operation]) -> None:
        """What is written to must be made in the same step, or be saved with the network."""
        mine = {storage(t) for operation in operations for t in operation.made if not operation.mutates}
        if not self._touched <= mine | {where[0] for where in self._names}:
            raise CannotCapture("it keeps numbers from one step to the next that are not saved with it")

    def _write(self, operation: Operation, into: Mapping[int, str]) -> None:
        call = self._call(operation)
        fresh = [t for t in operation.made if place(t) not in self._names]
        if not fresh:
            self.lines.append(call)
            return
        self._count += 1
        name = f"{self._prefix}{self._count}"
        lasting = self._is_lasting(operation, name)
        if not lasting and self._writes_into(operation, fresh, call, into):
            return
        (self.before if lasting else self.lines).append(f"{name} = {call}")
        if isinstance(operation.result, Tensor):
            self._names[place(operation.result)] = name
            return
        for k, part in enumerate(operation.result):
            for tensor in tensors_in(part):
                self._names.setdefault(place(tensor), f"{name}[{k}]")

    def _writes_into(self, operation: Operation, fresh: list[Tensor], call: str, into: Mapping[int, str]) -> bool:
        """Write the operation so that it puts its results where they belong, if there are such places."""
        found = outs(operation)
        places = [into.get(storage(t)) for t in fresh]
        if found is None or None in places or len(fresh) != len(found[1]):
            return False
        given = ", ".join(f"{name}={where}" for name, where in zip(found[1], places, strict=True))
        is_copy = operation.name == COPY
        self.lines.append(f"{places[0]}.copy_({self.name(operation.read[0])})" if is_copy else f"{call[:-1]}, {given})")
        for tensor, where in zip(fresh, places, strict=True):
            assert where is not None
            self._names[place(tensor)] = where
            self._stable.add(where)
        return True

    def _is_lasting(self, operation: Operation, name: str) -> bool:
        """Whether the result is the same at every step, so that one time is enough."""
        if operation.mutates or operation.draws:
            return False
        read = {self._names[place(t)] for t in operation.read}
        if operation.is_view and read <= self._stable | self._fixed:
            known = self._fixed if read <= self._fixed else self._stable
            known |= {name, *(f"{name}[{k}]" for k in range(len(operation.made)))}
            return True
        if (
            isinstance(operation.result, Tensor)
            and read <= self._fixed
            and storage(operation.result) not in self._touched
        ):
            self._fixed.add(name)
            return True
        return False

    def _call(self, operation: Operation) -> str:
        schema = operation.function._schema
        types = {a.name: str(a.type) for a in schema.arguments}
        parts = [self._text(v, str(schema.arguments[k].type)) for k, v in enumerate(operation.arguments)]
        given = {k: v for k, v in operation.keywords.items() if k not in DROPPED}
        if operation.draws:
            if not operation.can_draw_from_any or given.get("generator") is not None:
                raise CannotCapture("it draws random numbers that cannot be repeated")
            parts = [p for k, p in enumerate(parts) if schema.arguments[k].name != "generator"]
            given.pop("generator", None)
            parts.append("generator=dice")
        parts += [f"{name}={self._text(value, types[name])}" for name, value in given.items()]
        if operation.name == "aten::addmm" and not given and operation.result.element_size() < FULL_BYTES:
            parts += ["beta=unit", "alpha=unit"]
        space, name = operation.name.split("::")
        return f"torch.ops.{space}.{name}({', '.join(parts)})"

    def _text(self, value: Any, kind: str) -> str:
        """One argument; `kind` is its type in torch's schema."""
        if isinstance(value, Tensor):
            return self.name(value)
        if isinstance(value, tuple | list):
            if not value:
                return f"torch.jit.annotate(List[{next(t for word, t in EMPTY_LISTS if word in kind)}], [])"
            items = ", ".join(self._text(part, kind) for part in value)
            return (
                f"torch.jit.annotate(List[Optional[Tensor]], [{items}])" if "Optional[Tensor]" in kind else f"[{items}]"
            )
        if isinstance(value, torch.device):
            return f'torch.device("{value}")'
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        return repr(value)
