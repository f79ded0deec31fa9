"""Graph -> an ordinary nn.Module: the text of its class, and the class that this text makes.

The text is what export prints, and running it is the only way a network comes into being here, so the exported
code and the running network cannot differ. `forward` is straight-line code: no graph is walked while training.
"""

import keyword
import math
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from nnlab.core.dataset import Field
from nnlab.core.document import Document
from nnlab.core.graph import ID_PATTERN, Graph
from nnlab.core.layer import Shape, TorchCode
from nnlab.core.objective import Objective, find_output, find_outputs
from nnlab.core.shapes import bindings
from nnlab.errors import BuildError

NAME_LIMIT = 40  # characters of a node's name that go into an attribute
LINE_LIMIT = 100  # characters of a statement, before its indentation
RESERVED = frozenset(
    {
        *dir(nn.Module()),
        *keyword.kwlist,
        "x",
        "self",
        "torch",
        "nn",
        "f",
        "math",
        "trace",
        "values",
        "attributes",
        "source",
    }
)
"""Names an attribute may not take: they mean something to Python, to nn.Module or to the code around them."""

Value = tuple[str, int]
"""What leaves a node by one of its outputs: its id, and which output."""


class Network(nn.Module):
    """A network built from a document: an ordinary module that also knows which node is which."""

    attributes: Mapping[str, str]
    """Node id -> its attribute, the first part of its keys in state_dict; only nodes that are modules."""
    source: str
    """The class's own text, as exported."""

    def trace(self, x: Tensor) -> dict[str, Tensor]:
        """The output of every node on the way to the answer, by node id; the Output's is the answer.

        Of a node with several outputs it is the first; the others go by id and port, as "lstm.last".
        """
        raise NotImplementedError  # each network has its own, generated beside its forward


def build(document: Document, seed: int | None = None, packed: bool = True) -> Network:
    """The document as a module on the CPU, its layers made in the graph's order; BuildError names the node at fault.

    A seed is given to torch.manual_seed first: the same layers made by hand in that order start from the same numbers.
    Packed, it takes samples as `DataSpec.pack` lays them and gives all answers in one row; else `forward` takes each
    input and gives each answer by itself. With one input of decimals and one answer that is the same.
    """
    plan = _Plan(document)
    text = plan.module_text()
    names = run_text(text)
    made: type[nn.Module] = names["Network"]
    parts = {"attributes": plan.attributes, "source": text}
    parts |= {"trace": run_text(plan.trace_text(), names)["trace"]}
    if packed and plan.is_packed:
        parts |= {"forward": run_text(plan.packed_text(), {**names, "apart": made.forward})["forward"]}
    kind: type[Network] = type("Network", (made, Network), parts)
    if seed is not None:
        torch.manual_seed(seed)
    return kind()


def source(document: Document) -> str:
    """The text of the document's nn.Module class and of what it needs; BuildError names the node at fault."""
    return _Plan(document).module_text()


def loss_text(objective: Objective) -> str:
    """The loss of all answers together, as a function of one row of predictions and one of targets."""
    if not objective.is_packed:
        return f"def loss(prediction, target):\n    return {objective.main.expression}\n"
    lines, total, at, to = [], [], 0, 0
    for k, term in enumerate(objective.terms):
        ends = at + prod(term.shape), to + prod(term.target_shape)
        y = f"target[:, {to}:{ends[1]}].reshape(-1{_sizes(term.target_shape)})"
        y += ".long()" if term.target_form in ("index", "positions") else ""
        lines += [f"def loss_{k}(prediction, target):", f"    return {term.expression}", ""]
        total.append(f"{term.weight!r} * loss_{k}(prediction[:, {at}:{ends[0]}].reshape(-1{_sizes(term.shape)}), {y})")
        at, to = ends
    for _, weight in objective.penalties:
        total.append(f"{weight!r} * prediction[:, {at}].mean()")
        at += 1
    return "\n".join([*lines, "def loss(prediction, target):", f"    return {' + '.join(total)}"]) + "\n"


def loss_function(objective: Objective) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of a prediction and a target, from the expression that export prints."""
    made: Callable[[Tensor, Tensor], Tensor] = run_text(loss_text(objective))["loss"]
    return made


def _sizes(shape: Shape) -> str:
    return "".join(f", {n}" for n in shape)


def attribute_names(graph: Graph) -> dict[str, str]:
    """A name for every node in code: what the user calls it, where that can be a name and is the only one; else its id."""
    wanted = {node_id: _slug(node.name) for node_id, node in graph.nodes.items()}
    seen = Counter(wanted.values())
    found: dict[str, str] = {}
    for node_id, slug in wanted.items():
        mine = slug if slug and seen[slug] == 1 and (slug == node_id or slug not in graph.nodes) else node_id
        found[node_id] = mine
    taken = set(found.values())
    for node_id, name in found.items():
        if name in RESERVED:
            found[node_id] = next(n for n in _variants(name) if n not in taken)
            taken.add(found[node_id])
    return found


class _Plan:
    """What goes into one network's text: its nodes in order, with their torch code and names."""

    def __init__(self, document: Document) -> None:
        graph = document.graph
        self.outputs = _ordered_outputs(document)
        self.output = self.outputs[0]
        needed = frozenset[str]().union(*(graph.upstream(n) | {n} for n in self.outputs))
        if not all(ID_PATTERN.fullmatch(node_id) for node_id in graph.nodes):
            raise BuildError("A node has an id that cannot be a name in code: small letters, digits and _ are needed")
        self.order = [node_id for node_id in graph.in_order if node_id in needed]
        self.names = attribute_names(graph)
        self.at = document.shapes
        self.code: dict[str, TorchCode] = {
            n: graph.nodes[n].layer.torch_code(*document.shapes[n].inputs) for n in self.order
        }
        self.attributes = {n: self.names[n] for n in self.order if self.code[n].module is not None}
        self.shapes = {n: document.shapes[n].outputs[0] for n in self.order}
        self.ports = {n: [port.name for port in graph.output_ports(n)] or ["out"] for n in self.order}
        self.sources = {n: _sources(graph, n) for n in self.order}
        self.fields = document.spec.fields if document.spec is not None else ()
        entries = bindings(graph, self.fields)
        self.entries = {n: entries.get(n, 0) for n in self.order if graph.nodes[n].layer.is_entry}
        self.arguments = _arguments(self.fields, sorted(set(self.entries.values())), set(self.names.values()))

    @property
    def is_packed(self) -> bool:
        """Whether `forward` differs from what the engine calls: several inputs or answers, or whole numbers."""
        return len(self.outputs) > 1 or len(self.fields) > 1 or any(f.kind != "x" for f in self.fields)

    def module_text(self) -> str:
        """The definitions that the layers need, then the network."""
        support = {each.name: each.text.strip("\n") for n in self.order for each in self.code[n].support}
        return "\n\n\n".join([*support.values(), self.class_text()])

    def class_text(self) -> str:
        """The class as a good engineer would write it: constructors in order, then straight-line forward."""
        made = [f"self.{self.attributes[n]} = {_module(self.code[n])}" for n in self.attributes]
        lines = ["class Network(nn.Module):", "    def __init__(self):", "        super().__init__()"]
        lines += [f"        {line}" for line in made]
        names = list(self.arguments.values())
        note = f"  # {', '.join(_batch_shape(self.fields[k].shape) for k in self.arguments)}" if names else ""
        lines += ["", f"    def forward(self, {', '.join(names)}):{note}"]
        lines += [f"        {line}" for line in self._forward()]
        return "\n".join(lines) + "\n"

    def _unpacked(self) -> list[str]:
        """Statements that take the inputs out of one packed row x, each under its own name."""
        lines, at = [], 0
        alone = len(self.fields) == 1
        for k, field in enumerate(self.fields):
            width = prod(field.shape)
            part = "x" if alone else f"x[:, {at}:{at + width}].reshape(-1{_sizes(field.shape)})"
            part += {"x": "", "h": "", "m": ".bool()"}.get(field.kind, ".long()")
            if k in self.arguments:
                lines.append(f"given_{k} = {part}")
            at += width
        return lines

    def packed_text(self) -> str:
        """A forward that takes one row for each sample and gives one."""
        given = ", ".join(f"given_{k}" for k in self.arguments)
        lines = ["def forward(self, x):", *(f"    {line}" for line in self._unpacked())]
        if len(self.outputs) == 1:
            return "\n".join([*lines, f"    return apart(self, {given})"]) + "\n"
        lines += [f"    answers = apart(self, {given})"]
        rows = "torch.cat([answer.reshape(len(x), -1).float() for answer in answers], 1)"
        return "\n".join([*lines, f"    return {rows}"]) + "\n"

    def trace_text(self) -> str:
        """The same arithmetic as forward, with every node's output kept by its id."""
        lines = ["def trace(self, x):", "    values = {}", *(f"    {line}" for line in self._unpacked())]
        for n in self.order:
            if n in self.entries:
                lines.append(f"    values[{n!r}] = given_{self.entries[n]}")
                continue
            inputs = [f"values[{self._key(value)!r}]" if value else "None" for value in self.sources[n]]
            lines.append(f"    r = {self._applied(n, inputs, 'x')}")
            for at, result in enumerate(self.code[n].results):
                lines.append(f"    values[{self._key((n, at))!r}] = {result.format(r='r')}")
        return "\n".join([*lines, "    return values"]) + "\n"

    def _key(self, value: Value) -> str:
        node_id, at = value
        return f"{node_id}.{self.ports[node_id][at]}" if at else node_id

    def _applied(self, node_id: str, inputs: list[str], batch: str) -> str:
        code = self.code[node_id]
        return code.forward.format(*inputs, self=f"self.{self.names[node_id]}", batch=f"{batch}.shape[0]")

    def _shape_note(self, value: Value) -> str:
        """A comment with the shape, where it is not that of the input."""
        (node_id, at), sources = value, [each for each in self.sources[value[0]] if each]
        shape = self.at[node_id].outputs[at]
        if sources and shape == self.at[sources[0][0]].outputs[sources[0][1]]:
            return ""
        return f"  # {_batch_shape(shape)}"

    def _origins(self) -> dict[Value, Value | str]:
        """Each value -> the value that it is, where nodes pass it on unchanged (Output), or the argument (Input)."""
        found: dict[Value, Value | str] = {}
        for n in self.order:
            for at in range(len(self.code[n].results)):
                found[n, at] = (n, at)
            if n in self.entries:
                found[n, 0] = self.arguments[self.entries[n]]
            elif self.code[n].forward == "{0}":
                source = self.sources[n][0]
                assert source is not None
                found[n, 0] = found[source]
        return found

    def _forward(self) -> list[str]:
        """One statement a value: `x` runs through a chain, and what is read again has a name of its own."""
        return _Writer(self, self._origins()).lines()


class _Writer:
    """Writes the statements of one forward."""

    def __init__(self, plan: _Plan, origin: Mapping[Value, "Value | str"]) -> None:
        self.plan, self.origin = plan, origin
        self.steps = [n for n in plan.order if origin[n, 0] == (n, 0)]
        self.reads: Counter[Value | str] = Counter()
        for n in self.steps:
            self.reads.update(origin[value] for value in plan.sources[n] if value)
        self.answers = [origin[n, 0] for n in plan.outputs]
        self.reads.update(self.answers)
        self.left = self.reads.copy()
        self.variable: dict[Value | str, str] = {name: name for name in plan.arguments.values()}
        self.taken = {*plan.names.values(), *plan.arguments.values()}
        self.in_x: Value | str | None = "x" if "x" in self.variable else None

    def lines(self) -> list[str]:
        """All of them."""
        found: list[str] = []
        for n in self.steps:
            inputs = [self.origin[value] if value else None for value in self.plan.sources[n]]
            texts = ["None" if value is None else self.variable[value] for value in inputs]
            self.left.subtract(value for value in inputs if value is not None)
            batch = next(iter(self.plan.arguments.values()))
            found += self._statements(n, self.plan._applied(n, texts, batch))
        return [*found, f"return {', '.join(self.variable[value] for value in self.answers)}"]

    def _statements(self, node_id: str, applied: str) -> list[str]:
        results = self.plan.code[node_id].results
        used = [at for at in range(len(results)) if self.reads[node_id, at]]
        if len(used) == 1:
            value = (node_id, used[0])
            name = self._name(value)
            if results[used[0]].count("{r}") == 1:
                applied = results[used[0]].format(r=applied)
                return _folded(f"{name} = {applied}", self.plan._shape_note(value))
        whole = self._free(self.plan.names[node_id])
        found = _folded(f"{whole} = {applied}", "")
        for at in used:
            name = self.variable.get((node_id, at)) or self._part(node_id, at)
            found += _folded(f"{name} = {results[at].format(r=whole)}", self.plan._shape_note((node_id, at)))
        return found

    def _name(self, value: Value) -> str:
        free = self.in_x is None or self.left[self.in_x] <= 0
        name = "x" if free and self.reads[value] == 1 else self.plan.names[value[0]]
        if name == "x":
            self.in_x = value
        self.variable[value] = name
        return name

    def _part(self, node_id: str, at: int) -> str:
        name = self._free(f"{self.plan.names[node_id]}_{self.plan.ports[node_id][at]}")
        self.variable[node_id, at] = name
        return name

    def _free(self, name: str) -> str:
        """A name that nothing else has."""
        taken = self.taken - {name} if name in self.plan.names.values() else self.taken
        found = next(n for n in (name, *_variants(name)) if n not in taken)
        self.taken.add(found)
        return found


def _ordered_outputs(document: Document) -> tuple[str, ...]:
    """The Outputs, the one that the metric is of first, penalties last: as an objective packs their answers."""
    main, outputs = find_output(document), find_outputs(document)
    if len(outputs) == 1:
        return outputs
    penalties = [n for n in outputs if document.shapes[n].kinds[:1] == ("s",)]
    return (main, *(n for n in outputs if n != main and n not in penalties), *penalties)


def _sources(graph: Graph, node_id: str) -> "list[Value | None]":
    """What arrives at each input, in the order of the ports; None at an optional one without a wire."""
    node, links = graph.nodes[node_id], graph.incoming[node_id]
    values: dict[str, Value] = {}
    for link in links:
        ports = [port.name for port in graph.output_ports(link.source)]
        values[link.target_port] = (link.source, ports.index(link.source_port))
    if node.layer.variadic or not node.layer.inputs:
        return list(values.values())
    return [values.get(port.name) for port in node.layer.inputs]


def _arguments(fields: Sequence[Field], used: Sequence[int], taken: set[str]) -> dict[int, str]:
    """A name for each input of the data that enters: x if there is one of decimals, else what the data call it."""
    if len(fields) == 1 and fields[0].kind == "x":
        return dict.fromkeys(used, "x")
    found: dict[int, str] = {}
    for k in used:
        name = _slug(fields[k].name) or f"input_{k + 1}"
        reserved = RESERVED - {"x"} | taken | set(found.values())
        found[k] = next(n for n in (name, *(f"{name}_{m}" for m in count(2))) if n not in reserved)
    return found


def _module(code: TorchCode) -> str:
    assert code.module is not None
    return code.module.source()


def _folded(statement: str, note: str) -> list[str]:
    """The statement on one line, or on several within brackets if it would be too long to read."""
    if len(statement) + len(note) <= LINE_LIMIT:
        return [statement + note]
    name, expression = statement.split(" = ", 1)
    head, inner = expression[:-1].split("(", 1) if expression.endswith(")") else ("", expression)
    middle = textwrap.wrap(inner, LINE_LIMIT, break_long_words=False, break_on_hyphens=False)
    return [f"{name} = {head}({note}", *(f"    {line}" for line in middle), ")"]


def _batch_shape(shape: Shape) -> str:
    return f"({', '.join(['N', *map(str, shape)])})"


def run_text(text: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run text that this package generated from checked values; no text of a user or a file gets here."""
    names: dict[str, Any] = {
        "torch": torch, "nn": nn, "F": nn.functional, "math": math, "Tensor": Tensor, "List": list, **(known or {}),
    }  # fmt: skip
    exec(compile(text, "<network>", "exec"), names)
    return names


def _slug(name: str) -> str:
    """A name as a Python name: "Hidden layer 1" -> "hidden_layer_1"; empty if nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name[:1000]).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:NAME_LIMIT].strip("_")
    return f"layer_{slug}" if slug[:1].isdigit() else slug


def _variants(name: str) -> Iterator[str]:
    yield f"{name}_layer"
    for n in count(2):
        yield f"{name}_layer_{n}"
