"""Graph -> an ordinary nn.Module: the text of its class, and the class that this text makes.

The text is what export prints, and running it is the only way a network comes into being here, so the exported
code and the running network cannot differ. `forward` is straight-line code: no graph is walked while training.
"""

import keyword
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn

from nnlab.core.document import Document
from nnlab.core.graph import ID_PATTERN, Graph
from nnlab.core.layer import Shape, TorchCode
from nnlab.core.objective import Objective, find_output
from nnlab.errors import BuildError

NAME_LIMIT = 40  # characters of a node's name that go into an attribute
LINE_LIMIT = 100  # characters of a statement, before its indentation
RESERVED = frozenset(
    {*dir(nn.Module()), *keyword.kwlist, "x", "self", "torch", "nn", "f", "trace", "values", "attributes", "source"}
)
"""Names an attribute may not take: they mean something to Python, to nn.Module or to the code around them."""


class Network(nn.Module):
    """A network built from a document: an ordinary module that also knows which node is which."""

    attributes: Mapping[str, str]
    """Node id -> its attribute, the first part of its keys in state_dict; only nodes that are modules."""
    source: str
    """The class's own text, as exported."""

    def trace(self, x: Tensor) -> dict[str, Tensor]:
        """The output of every node on the way to the answer, by node id; the Output's is the answer."""
        raise NotImplementedError  # each network has its own, generated beside its forward


def build(document: Document, seed: int | None = None) -> Network:
    """The document as a module on the CPU, its layers made in the graph's order; BuildError names the node at fault.

    A seed is given to torch.manual_seed first: the same layers made by hand in that order start from the same numbers.
    """
    plan = _Plan(document)
    made: type[nn.Module] = run_text(plan.class_text())["Network"]
    trace = run_text(plan.trace_text())["trace"]
    parts = {"trace": trace, "attributes": plan.attributes, "source": plan.class_text()}
    kind: type[Network] = type("Network", (made, Network), parts)
    if seed is not None:
        torch.manual_seed(seed)
    return kind()


def source(document: Document) -> str:
    """The text of the document's nn.Module class, which uses torch, nn and F; BuildError names the node at fault."""
    return _Plan(document).class_text()


def loss_function(objective: Objective) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of a prediction and a target, from the expression that export prints."""
    expression = objective.loss.expression(objective.given)
    made: Callable[[Tensor, Tensor], Tensor] = run_text(f"def loss(prediction, target):\n    return {expression}\n")[
        "loss"
    ]
    return made


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
        self.output = find_output(document)
        needed = graph.upstream(self.output) | {self.output}
        if not all(ID_PATTERN.fullmatch(node_id) for node_id in graph.nodes):
            raise BuildError("A node has an id that cannot be a name in code: small letters, digits and _ are needed")
        self.order = [node_id for node_id in graph.in_order if node_id in needed]
        self.names = attribute_names(graph)
        self.sources = {n: [link.source for link in graph.incoming[n]] for n in self.order}
        self.code: dict[str, TorchCode] = {
            n: graph.nodes[n].layer.torch_code(*document.shapes[n].inputs) for n in self.order
        }
        self.attributes = {n: self.names[n] for n in self.order if self.code[n].module is not None}
        self.shapes = {n: document.shapes[n].outputs[0] for n in self.order}

    def class_text(self) -> str:
        """The class as a good engineer would write it: constructors in order, then straight-line forward."""
        made = [f"self.{self.attributes[n]} = {_module(self.code[n])}" for n in self.attributes]
        lines = ["class Network(nn.Module):", "    def __init__(self):", "        super().__init__()"]
        lines += [f"        {line}" for line in made]
        entry = next(n for n in self.order if not self.sources[n])
        lines += ["", f"    def forward(self, x):  # {_batch_shape(self.shapes[entry])}"]
        lines += [f"        {line}" for line in self._forward()]
        return "\n".join(lines) + "\n"

    def trace_text(self) -> str:
        """The same arithmetic as forward, with every node's output kept by its id."""
        lines = ["def trace(self, x):", "    values = {}"]
        for n in self.order:
            inputs = [f"values[{source!r}]" for source in self.sources[n]] or ["x"]
            lines.append(f"    values[{n!r}] = {self._applied(n, inputs)}")
        return "\n".join([*lines, "    return values"]) + "\n"

    def _applied(self, node_id: str, inputs: list[str]) -> str:
        code = self.code[node_id]
        return code.forward.format(*inputs, self=f"self.{self.names[node_id]}")

    def _shape_note(self, node_id: str) -> str:
        """A comment with the shape, where it is not that of the input."""
        shape, sources = self.shapes[node_id], self.sources[node_id]
        if shape == self.shapes[sources[0]]:
            return ""
        return f"  # {_batch_shape(shape)}"

    def _forward(self) -> list[str]:
        """One statement a node: `x` runs through a chain, and a value that is read again has a name of its own."""
        origin: dict[str, str] = {}  # node -> the node whose value it passes on unchanged (Output, Input)
        for n in self.order:
            passes = self.code[n].forward == "{0}"
            origin[n] = (origin[self.sources[n][0]] if self.sources[n] else "x") if passes else n
        steps = [n for n in self.order if origin[n] == n]
        reads = Counter(origin[s] for n in steps for s in self.sources[n])
        reads[origin[self.output]] += 1
        variable, in_x, lines = {"x": "x"}, "x", []
        left = reads.copy()
        for n in steps:
            inputs = [origin[s] for s in self.sources[n]]
            texts = [variable[s] for s in inputs]
            left.subtract(inputs)
            free = left[in_x] <= 0
            variable[n] = "x" if free and reads[n] == 1 else self.names[n]
            in_x = n if variable[n] == "x" else in_x
            lines += _folded(f"{variable[n]} = {self._applied(n, texts)}", self._shape_note(n))
        return [*lines, f"return {variable[origin[self.output]]}"]


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


def run_text(text: str) -> dict[str, Any]:
    """Run text that this package generated from checked values; no text of a user or a file gets here."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": nn.functional, "Tensor": Tensor, "List": list}
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
