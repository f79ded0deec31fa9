"""PT2 files as networks: the graph that torch.export wrote, read as JSON; nothing in a file is run.

torch.export.load is not used: it unpickles constants and example inputs, and evaluates formulas for sizes as code.
"""

from collections import Counter
from math import prod
from typing import Any

import numpy as np

from nnlab.core.layer import PortKind, Shape
from nnlab.core.words import count
from nnlab.engine.imports import forms, pools, scopes, supports, typed_steps, weighted
from nnlab.engine.imports.attention.drawn import forget_unused
from nnlab.engine.imports.attention.following import Following
from nnlab.engine.imports.blocks import submodules
from nnlab.engine.imports.drawing import NODES_LIMIT, Drawing, Held, Pile, Turned, Unfit, Value
from nnlab.engine.imports.finishing import Imported, finished
from nnlab.engine.imports.operations import OPERATIONS, Kind, Piece
from nnlab.engine.imports.pt2 import following as pt2_following
from nnlab.engine.imports.pt2.archive import TYPES, Archive, Json
from nnlab.errors import FileError

KNOWN = (forms, pools, weighted, supports, typed_steps)
"""Those that fill the table of operations."""
OPEN_SIZE = 32  # of an axis that a file leaves open
OPEN_BATCH = 4_099  # stands for the number of samples where a file leaves it open: hardly a size is this number
LIMIT = 2**24  # numbers that a file may have made of nothing
PLAIN = ("as_int", "as_float", "as_bool", "as_string", "as_ints", "as_floats", "as_bools", "as_strings")
LEFT_OUT = ("dtype", "device", "layout", "pin_memory", "memory_format", "non_blocking")
PREFIXES = ("torch.ops.aten.", "_operator.", "math.", "torch.")


def read(data: bytes, what: str, title: str = "") -> Imported:
    """The model in these bytes as a network; FileError with a sentence if it is none."""
    archive = Archive(data, what)
    try:
        held = archive.tensors("data/weights/", "weights_config.json")
        held |= archive.tensors("data/constants/", "constants_config.json")
        return _Program(archive.model()["graph_module"], held, what).drawn(title)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError, ValueError, OverflowError) as problem:
        raise FileError(
            f"{what} is damaged, or was written by a version of PyTorch that NNLab does not know"
        ) from problem


class _Program:
    """One file's program, drawn operation by operation."""

    def __init__(self, module: Json, held: dict[str, Any], what: str) -> None:
        self.graph, self.what = module["graph"], what
        if len(self.graph["nodes"]) > NODES_LIMIT:
            raise FileError(f"{what} has more than {count(NODES_LIMIT)} operations, which is too many to be drawn")
        self.env: dict[str, Any] = {}
        self.entries: list[str] = []
        self.open: list[str] = []
        for spec in module["signature"]["input_specs"]:
            self._take(spec, held)
        firsts = {self._sizes(name)[0] for name in self.entries if self._sizes(name)}
        fixed = firsts.pop() if len(firsts) == 1 else 0
        self.d = Drawing(batch=fixed if fixed > 0 else OPEN_BATCH)
        self.following = Following(self.d)
        self.reads = Counter[str]()
        self.answers = [
            spec["user_output"]["arg"]["as_tensor"]["name"]
            for spec in module["signature"]["output_specs"]
            if "as_tensor" in spec.get("user_output", {}).get("arg", {})
        ]

    def _take(self, spec: Json, held: dict[str, Any]) -> None:
        """One input of the graph: a tensor that comes along, or one of the user's."""
        ((kind, each),) = spec.items()
        names = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
        if kind in names:
            name = each[names[kind]]
            if name not in held:
                raise FileError(f"{self.what} is damaged: its tensor {str(name)[:60]} is missing")
            self.env[each["arg"]["name"]] = Held(held[name], kind == "parameter", str(name))
        elif kind == "user_input" and "as_tensor" in each["arg"]:
            self.entries.append(each["arg"]["as_tensor"]["name"])
        else:
            raise FileError(f"{self.what}: the model takes something that is no tensor, which NNLab cannot draw")

    def _sizes(self, name: str) -> list[int]:
        """The sizes that the file tells of a value; 0 where it leaves one open."""
        sizes = self.graph["tensor_values"][name]["sizes"]
        return [int(n["as_int"]) if "as_int" in n and 0 < n["as_int"] <= 65_536 else 0 for n in sizes]

    def _fact(self, name: str) -> tuple[Shape, PortKind]:
        kind = TYPES.get(self.graph["tensor_values"][name]["dtype"])
        letter: PortKind = "m" if kind is np.bool_ else "x" if kind is None or np.dtype(kind).kind == "f" else "i"
        return tuple(n or OPEN_SIZE for n in self._sizes(name)[1:]), letter

    def drawn(self, title: str) -> Imported:
        """The network of all operations."""
        for name in self.entries:
            sizes = self._sizes(name)
            shape, kind = self._fact(name)
            if not sizes or (len(sizes) < 2 and kind == "x"):
                raise FileError(f"{self.what}: the input {name[:40]!r} has no axis for samples")
            self.open += [name[:40]] if 0 in sizes[1:] else []
            self.env[name] = self.d.entry("", shape, kind, name if len(self.entries) > 1 else "")
        for node in self.graph["nodes"]:
            self.reads.update({*_given(node["inputs"])})
        self.reads.update(self.answers)
        for node in self.graph["nodes"]:
            self._step(node)
        found = [(name, self.env.get(name)) for name in self.answers]
        values = [(name, v.value if isinstance(v, Turned) else v) for name, v in found]
        wires = [(name if len(values) > 1 else "", v) for name, v in values if isinstance(v, Value)]
        if not wires:
            raise FileError(f"{self.what} holds a model whose answer does not depend on its input")
        self.d.scope = ()
        forget_unused(self.d, [value for _, value in wires])
        made = submodules.in_blocks(finished(self.d, wires, title, self.entries), self.d)
        if self.open:
            said = f"The file leaves sizes open ({', '.join(self.open[:4])}): {OPEN_SIZE} was taken for each. Change them under Data."
            made = made.with_notice(said)
        return made

    def _step(self, node: Json) -> None:
        self.d.name = ""
        self.d.scope = scopes.of_text(node.get("metadata", {}).get("nn_module_stack"))
        name = operation_name(node["target"])
        given = [(each["name"], self._told(each["arg"]), each.get("kind", 1)) for each in node["inputs"]]
        args = [value for _, value, kind in given if kind == 1]
        named = {key: value for key, value, kind in given if kind == 2 and key not in LEFT_OUT}
        made = self.following.step(
            lambda: pt2_following.follow(self.d, name, *self._followed(node)),
            lambda: self._checked(node["outputs"], self._made(name, args, named, given)),
            lambda: self._opaque(name, [value for _, value, _ in given], node["outputs"]),
            _given(node["inputs"]),
            _names(node["outputs"]),
        )
        self._keep(node["outputs"], made)

    def _followed(self, node: Json) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a step, with tensors as they are followed."""
        args: list[Any] = []
        named: dict[str, Any] = {}
        for each in node["inputs"]:
            value = self._told(each["arg"])
            name = each["arg"].get("as_tensor", {}).get("name", "") if "as_tensor" in each["arg"] else ""
            view = self.following.view(name, value) if name else None
            if each.get("kind", 1) == 1:
                args.append(value if view is None else view)
            elif each["name"] not in LEFT_OUT:
                named[each["name"]] = value if view is None else view
        return args, named

    def _told(self, arg: Json) -> Any:
        """An argument: a name in the graph, or a plain value."""
        ((kind, value),) = arg.items()
        if kind in PLAIN:
            return float(value) if kind == "as_float" else value
        if kind in ("as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"):
            return self._named(value)
        if kind in ("as_tensors", "as_sym_ints", "as_optional_tensors", "as_sym_floats"):
            return [self._named(each) for each in value]
        if kind == "as_scalar_type":
            return Kind("m" if value == 12 else "x" if value in (6, 7, 8, 13) else "i")
        return None

    def _named(self, value: Json) -> Any:
        for key in ("as_int", "as_float", "as_bool"):
            if key in value:
                return value[key]
        if "as_none" in value:
            return None
        inner = value.get("as_tensor", value)
        return self.env[inner["name"] if "name" in inner else inner["as_name"]]

    def _made(self, name: str, args: list[Any], named: dict[str, Any], given: list[Any]) -> Any:
        flat = [part for each in (*args, *named.values()) for part in (each if isinstance(each, list) else [each])]
        if name in ("sym_size", "size") and isinstance(args[0], Value):
            return (self.d.batch, *args[0].shape)[args[1]]
        if not any(isinstance(each, (Value, Turned, Piece, Pile, supports.Marks, supports.May)) for each in flat):
            found = _computed(name, args, named)
            self.d.spend(found.array.size if isinstance(found, Held) and found not in args else 0)
            return found
        draw = OPERATIONS.get(name)
        if draw is None:
            raise Unfit(name)
        if name in ("to", "_to_copy"):
            args = [args[0], *(value for _, value, _ in given if isinstance(value, Kind))]
        return draw(self.d, *args, **named)

    def _checked(self, outputs: list[Json], made: Any) -> Any:
        """What was drawn for a step, if its sizes are those that the file tells."""
        for name, each in zip(_names(outputs), self._apart(outputs, made), strict=False):
            self._check(name, each)
        return made

    def _keep(self, outputs: list[Json], made: Any) -> None:
        for name, each in zip(_names(outputs), self._apart(outputs, made), strict=False):
            self.env[name] = each
            if self.reads[name] > 1 and isinstance(each, Value):
                self.d.awaited.add(each.node)

    @staticmethod
    def _apart(outputs: list[Json], made: Any) -> tuple[Any, ...]:
        several = len(_names(outputs)) > 1 or "as_tensors" in (outputs[0] if outputs else {})
        return made if isinstance(made, tuple) and (several or len(made) == 1) else (made,)

    def _check(self, name: str, each: Any) -> None:
        """What was drawn has the sizes that the file tells, as far as it tells them."""
        if not isinstance(each, Value) or name not in self.graph["tensor_values"]:
            return
        sizes = self._sizes(name)
        if len(sizes) != len(each.shape) + 1 or any(a and a != b for a, b in zip(sizes[1:], each.shape, strict=True)):
            raise Unfit("a step whose sizes differ")

    def _opaque(self, name: str, given: list[Any], outputs: list[Json]) -> tuple[Value, ...]:
        flat = [part for each in given for part in (each if isinstance(each, list) else [each])]
        wires = [each.value if isinstance(each, Turned) else each for each in flat if isinstance(each, (Value, Turned))]
        wires += [each.of for each in flat if isinstance(each, supports.Marks)]
        wires += [part for each in flat if isinstance(each, Pile) for part in each.parts]
        wires += [each.mask for each in flat if isinstance(each, supports.May) and isinstance(each.mask, Value)]
        names = [each for each in _names(outputs) if each in self.graph["tensor_values"]]
        if not names:
            return ()
        if not wires:
            raise FileError(f"{self.what}: the operation {name[:40]} at its beginning is not known here")
        tensors = {e.name: e.array for e in flat if isinstance(e, Held) and e.name and e.array.dtype.kind == "f"}
        made = iter(self.d.opaque(name[:60], wires, [self._fact(each) for each in names], tensors))
        return tuple(next(made) if each in names else wires[0] for each in _names(outputs))


def operation_name(target: str) -> str:
    """torch's short name: "torch.ops.aten.relu_.default" is relu."""
    for prefix in PREFIXES:
        if target.startswith(prefix):
            return target.removeprefix(prefix).partition(".")[0].rstrip("_")[:60]
    return target.rpartition(".")[2].rstrip("_")[:60]


def _given(inputs: list[Json]) -> list[str]:
    """The names of all tensors that a step is given."""
    return _names([each["arg"] for each in inputs if set(each["arg"]) & {"as_tensor", "as_tensors"}])


def _names(outputs: list[Json]) -> list[str]:
    found: list[str] = []
    for each in outputs:
        ((kind, value),) = each.items()
        if kind == "as_tensor":
            found.append(value["name"])
        elif kind in ("as_tensors", "as_optional_tensors"):
            found += [one["as_tensor"]["name"] if "as_tensor" in one else one.get("name", "") for one in value]
        elif kind in ("as_sym_int", "as_sym_bool", "as_sym_float"):
            found.append(value.get("as_name", ""))
    return found


def _bounded(sizes: Any) -> tuple[int, ...]:
    found = tuple(int(n) for n in sizes)
    if any(n < 0 for n in found) or prod(found) > LIMIT:
        raise Unfit("numbers beyond all bounds")
    return found


def _arange(*ends: Any) -> Any:
    if any(abs(float(n)) > LIMIT for n in ends):
        raise Unfit("numbers beyond all bounds")
    return np.arange(*ends)


MADE: dict[str, Any] = {
    "zeros": lambda sizes: np.zeros(_bounded(sizes), np.float32),
    "ones": lambda sizes: np.ones(_bounded(sizes), np.float32),
    "full": lambda sizes, value: np.full(_bounded(sizes), value),
    "arange": _arange,
    "sym_size": lambda x, dim: int(x.shape[dim]),
    "mul": lambda x, y: x * y,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "floordiv": lambda x, y: x // y,
    "unsqueeze": np.expand_dims,
    "view": lambda x, sizes: x.reshape(_bounded(sizes) if -1 not in sizes else sizes),
    "permute": np.transpose,
    "transpose": np.swapaxes,
    "expand": lambda x, sizes: np.broadcast_to(
        x, _bounded([a if b == -1 else b for a, b in zip(x.shape, sizes, strict=True)])
    ),
    "triu": np.triu,
    "tril": np.tril,
    "eq": lambda x, y: x == y,
    "gt": lambda x, y: x > y,
    "lt": lambda x, y: x < y,
    "ge": lambda x, y: x >= y,
    "le": lambda x, y: x <= y,
    "bitwise_not": lambda x: ~x,
    "slice": lambda x, dim=0, start=None, end=None, step=1: x[(slice(None),) * dim + (slice(start, end, step),)],
    "select": lambda x, dim, at: np.take(x, at, axis=dim),
    "reshape": lambda x, sizes: x.reshape(_bounded(sizes) if -1 not in sizes else sizes),
    "split_with_sizes": lambda x, sizes, dim=0: tuple(np.split(x, np.cumsum(_bounded(sizes))[:-1], axis=dim)),
    "chunk": lambda x, parts, dim=0: tuple(np.array_split(x, _bounded([parts])[0], axis=dim)),
    "zeros_like": np.zeros_like,
    "ones_like": np.ones_like,
    "full_like": lambda x, value: np.full_like(x, value),
    "masked_fill": lambda x, mask, value: np.where(mask, np.asarray(value, x.dtype), x),
    "where": np.where,
    "logical_not": np.logical_not,
    "clone": lambda x: x,
    "detach": lambda x: x,
    "lift_fresh_copy": lambda x: x,
}
"""What a program computes of its own numbers alone."""


def _computed(name: str, args: list[Any], named: dict[str, Any]) -> Any:
    function = MADE.get(name)
    arrays = [each.array if isinstance(each, Held) else each for each in args]
    if function is None or any(isinstance(each, np.ndarray) and each.size > LIMIT for each in arrays):
        if name in ("clone", "detach", "lift_fresh_copy") and args:
            return args[0]
        raise Unfit(name)
    if name in ("mul", "add", "sub") and all(isinstance(each, np.ndarray) for each in arrays):
        _bounded(np.broadcast_shapes(arrays[0].shape, arrays[1].shape))
    if name in ("mul", "add") and any(isinstance(each, int) and abs(each) > 2**62 for each in arrays):
        raise Unfit("numbers beyond all bounds")
    found = function(*arrays)
    first = next((each for each in args if isinstance(each, Held)), None)
    if isinstance(found, tuple):
        return tuple(Held(each, bool(first and first.learned), first.name if first else "") for each in found)
    if not isinstance(found, np.ndarray):
        return found
    return Held(found, bool(first and first.learned), first.name if first else "")
