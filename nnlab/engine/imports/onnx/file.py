"""ONNX files as networks: every operation with a layer of its own becomes that layer, every other one is named and kept.

A file is only parsed: nothing in it is run, nothing outside it is read, and what it claims to hold is bounded.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import numpy_helper

from nnlab.core.layer import PortKind, Shape
from nnlab.core.words import count
from nnlab.engine.imports import scopes
from nnlab.engine.imports.attention.drawn import forget_unused
from nnlab.engine.imports.attention.following import Following
from nnlab.engine.imports.blocks import submodules
from nnlab.engine.imports.drawing import NODES_LIMIT, Drawing, Held, Turned, Unfit, Value
from nnlab.engine.imports.finishing import Imported, finished
from nnlab.engine.imports.onnx import constants, following, forms, fused, operations, recurrent
from nnlab.engine.imports.onnx.operations import Call, Rows, Stacked
from nnlab.engine.imports.operations import Piece
from nnlab.errors import FileError

KNOWN = (forms, recurrent)
"""Those that fill the table of operations."""
NUMBERS_LIMIT = 2**29  # in all tensors of a file together
FOLDED = re.compile(r"val_\d+|onnx::\w+|_.*")  # what exporters call numbers that they have worked out
SECOND_CALL = re.compile(r"_\d+(?=\.|$)")  # what older files add to a module's path when it is called again
OPEN_SIZE = 32  # of an axis that a file leaves open
OPEN_BATCH = 4_099  # stands for the number of samples where a file leaves it open: no size is this number
INTEGERS = {onnx.TensorProto.INT8, onnx.TensorProto.INT16, onnx.TensorProto.INT32, onnx.TensorProto.INT64,
            onnx.TensorProto.UINT8, onnx.TensorProto.UINT16, onnx.TensorProto.UINT32, onnx.TensorProto.UINT64}  # fmt: skip


def read(data: bytes, what: str, title: str = "") -> Imported:
    """The model in these bytes as a network; FileError with a sentence if it is none."""
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as problem:
        raise FileError(f"{what} is not an ONNX file, or it is damaged") from problem
    if not model.graph.node or not model.graph.output:
        raise FileError(f"{what} is not an ONNX file, or holds no model")
    if len(model.graph.node) > NODES_LIMIT:
        raise FileError(f"{what} has more than {count(NODES_LIMIT)} operations, which is too many to be drawn")
    _check_tensors(model.graph, what)
    try:
        return _Model(model, what).drawn(title)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as problem:
        raise FileError(f"{what} is damaged, or was written in a form of ONNX that NNLab does not know") from problem


def _check_tensors(graph: Any, what: str) -> None:
    """Nothing outside the file, and no more numbers than fit into memory."""
    total = 0
    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise FileError(
                f"{what} keeps its weights in another file, and NNLab reads no other file than the one that is opened: "
                "save the model again with its weights inside"
            )
        size = 1
        for n in tensor.dims:
            size *= max(0, n)
        total += size
        if any(n < 0 for n in tensor.dims) or total > NUMBERS_LIMIT:
            raise FileError(f"{what} claims to hold more numbers than NNLab reads from a model")


def _tensors(graph: Any) -> Any:
    """Every tensor in a graph and in the graphs inside its operations."""
    todo = [graph]
    while todo:
        each = todo.pop()
        yield from each.initializer
        yield from (part for sparse in each.sparse_initializer for part in (sparse.values, sparse.indices))
        for attribute in (a for node in each.node for a in node.attribute):
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            todo += [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]


class _Model:
    """One file's model, drawn operation by operation."""

    def __init__(self, model: Any, what: str) -> None:
        self.graph, self.what = model.graph, what
        self.opset = max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=13)
        self.env: dict[str, Any] = {"": None}
        self.open: list[str] = []
        self.calls = scopes.Calls()
        self.users: dict[str, str] = {}
        self.reads = Counter[str]()
        self.shapes = _facts([*model.graph.value_info, *model.graph.output])
        for tensor in model.graph.initializer:
            learned = not FOLDED.fullmatch(tensor.name)
            self.env[tensor.name] = Held(self._array(tensor), learned, tensor.name)
        self.entries = [each for each in model.graph.input if each.name not in self.env]
        if not self.entries:
            raise FileError(f"{what} holds a model without an input")
        firsts = {_sizes(each)[0] for each in self.entries if _sizes(each)}
        fixed = firsts.pop() if len(firsts) == 1 else 0
        self.d = Drawing(batch=fixed if fixed > 0 else OPEN_BATCH)
        self.following = Following(self.d)

    def _array(self, tensor: Any) -> NDArray[Any]:
        try:
            array = np.array(numpy_helper.to_array(tensor))
        except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as problem:
            raise FileError(
                f"{self.what} is damaged: the numbers called {tensor.name[:40]!r} cannot be read"
            ) from problem
        return array.astype(np.float32) if array.dtype in (np.float16, np.float64) else array

    def drawn(self, title: str) -> Imported:
        """The network of all operations."""
        for each in self.entries:
            self._enter(each)
        nodes = list(fused.fused(self.graph))
        self.reads.update(name for node in nodes for name in {*node.input})
        self.reads.update(each.name for each in self.graph.output)
        for node in nodes:
            self._step(node)
        answers = [(each.name, self.env[each.name]) for each in self.graph.output if each.name in self.env]
        values = [(name, v.value if isinstance(v, Turned) else v) for name, v in answers]
        wires = [(name, v) for name, v in values if isinstance(v, Value)]
        if not wires:
            raise FileError(f"{self.what} holds a model whose answer does not depend on its input")
        self.d.scope = ()
        forget_unused(self.d, [value for _, value in wires])
        made = finished(self.d, wires, title or self.graph.name, [_plain(each.name) for each in self.entries])
        made = submodules.in_blocks(made, self.d)
        if self.open:
            said = f"The file leaves sizes open ({', '.join(self.open[:4])}): {OPEN_SIZE} was taken for each. Change them under Data."
            made = made.with_notice(said)
        return made

    def _enter(self, each: Any) -> None:
        sizes = _sizes(each)
        kind: PortKind = _kind(each.type.tensor_type.elem_type)
        if len(sizes) < 1 or (len(sizes) < 2 and kind == "x"):
            raise FileError(f"{self.what}: the input {each.name[:40]!r} has no axis for samples")
        if any(n <= 0 for n in sizes[1:]):
            self.open.append(each.name[:40])
        shape = tuple(n if n > 0 else OPEN_SIZE for n in sizes[1:])
        self.env[each.name] = self.d.entry("", shape, kind, _plain(each.name) if len(self.entries) > 1 else "")

    def _step(self, node: Any) -> None:
        self.d.name, self.d.scope = "", self._scopes(node)
        inputs = [self._own(self.env.get(name)) for name in node.input]
        call = Call(self.d, node.op_type, inputs, self._attributes(node), list(node.output), self.opset)
        made = self.following.step(
            lambda: following.follow(self.following, call, list(node.input)),
            lambda: self._made(call, node),
            lambda: self._opaque(call, node),
            node.input,
            node.output,
        )
        self._keep(node, made)

    def _own(self, x: Any) -> Any:
        """Numbers under the name of the module that takes them: files keep equal numbers of several modules only once."""
        if not self.d.scope or not isinstance(x, Held) or "." not in x.name:
            return x
        path = self.d.scope[-1].path
        first = self.users.setdefault(x.name, path)
        if first in (path, SECOND_CALL.sub("", path)) or not self.d.scope[-1].is_single:
            return x
        return Held(x.array, x.learned, f"{path}.{x.name.rpartition('.')[2]}")

    def _scopes(self, node: Any) -> scopes.Scopes:
        """The modules that a step stands in, if the file tells them."""
        said = {each.key: each.value for each in node.metadata_props}
        names, kinds = (said.get(f"pkg.torch.onnx.{key}", "") for key in ("name_scopes", "class_hierarchy"))
        return self.calls.scopes(names, kinds) if names and kinds else scopes.of_node_name(node.name)

    def _made(self, call: Call, node: Any) -> Any:
        if node.domain not in ("", "ai.onnx"):
            raise Unfit(node.op_type)
        if not any(isinstance(each, (Value, Turned, Piece, Rows, Stacked)) for each in call.inputs):
            return constants.computed(call)
        if node.op_type == "Shape":
            return Held(_size_of(call, self.d.batch))
        draw: Callable[[Call], Any] | None = operations.DRAWN.get(node.op_type)
        if draw is None:
            raise Unfit(node.op_type)
        return draw(call)

    def _keep(self, node: Any, made: Any) -> None:
        found = made if isinstance(made, tuple) else (made,)
        for name, each in zip(node.output, found, strict=False):
            self.env[name] = each
            if self.reads[name] > 1 and isinstance(each, Value):
                self.d.awaited.add(each.node)

    def _attributes(self, node: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in node.attribute:
            if each.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
                continue
            value = onnx.helper.get_attribute_value(each)
            if isinstance(value, onnx.TensorProto):
                value = self._array(value)
            found[each.name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return found

    def _opaque(self, call: Call, node: Any) -> tuple[Value, ...]:
        given = [_wire(each) for each in call.inputs]
        wires = [each for each in given if each is not None]
        tensors = {e.name: e.array for e in call.inputs if isinstance(e, Held) and e.name and e.array.dtype.kind == "f"}
        likely = wires[0].shape if wires else (1,)
        facts = [self.shapes.get(name, (likely, "x")) for name in node.output if name]
        if not wires:
            raise FileError(f"{self.what}: the operation {node.op_type[:40]} at its beginning is not known here")
        made = iter(self.d.opaque(node.op_type[:60], wires, facts, tensors))
        return tuple(next(made) if name else wires[0] for name in node.output)


def _plain(name: str) -> str:
    """The name of an input without signs that mean something where data are told: "onnx::Gemm_0" is onnx_Gemm_0."""
    return re.sub(r"[^\w.\- ]+", "_", name)


def _wire(each: Any) -> Value | None:
    if isinstance(each, Value):
        return each
    if isinstance(each, Stacked):
        return each.parts[-1].value
    return each.value if isinstance(each, (Turned, Rows)) else None


def _size_of(call: Call, batch: int) -> NDArray[Any]:
    value = call.inputs[0]
    if isinstance(value, Stacked):
        raise Unfit("the sizes of a memory")
    found = [batch, *value.shape] if isinstance(value, Value) else []
    if isinstance(value, Turned):
        found = [value.value.shape[0], batch, *value.value.shape[1:]]
    sizes = np.array(value.sizes(batch) if isinstance(value, Rows) else found, np.int64)
    return sizes[call.attributes.get("start", 0) : call.attributes.get("end")]


def _sizes(each: Any) -> list[int]:
    dims = each.type.tensor_type.shape.dim
    return [int(d.dim_value) if d.HasField("dim_value") and d.dim_value <= 65_536 else 0 for d in dims]


def _kind(element: int) -> PortKind:
    return "m" if element == onnx.TensorProto.BOOL else "i" if element in INTEGERS else "x"


def _facts(values: Sequence[Any]) -> dict[str, tuple[Shape, PortKind]]:
    """What a file says of the sizes of its values; sizes left open count as 1."""
    found: dict[str, tuple[Shape, PortKind]] = {}
    for each in values:
        sizes = _sizes(each)
        if sizes:
            found[each.name] = (tuple(max(1, n) for n in sizes[1:]), _kind(each.type.tensor_type.elem_type))
    return found
