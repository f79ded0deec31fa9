"""Graph -> an ordinary nn.Module: the text of its class, and the class that this text makes.

The text is what export prints, and running it is the only way a network comes into being here, so the exported
code and the running network cannot differ. `forward` is straight-line code: no graph is walked while training.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from nnlab.core.blocks.families import in_families
from nnlab.core.dataset import Field
from nnlab.core.document import Document
from nnlab.core.graph import ID_PATTERN
from nnlab.core.layer import Shape
from nnlab.core.learning import made_of
from nnlab.core.loss import WHOLE_NUMBERS
from nnlab.core.objective import Objective, find_output, find_outputs
from nnlab.core.shapes import bindings
from nnlab.core.writing import (
    RESERVED,
    Body,
    Value,
    attribute_names,
    batch_shape,
    by_branches,
    class_text,
    settled,
    slug,
    steps_of,
    variants,
)
from nnlab.errors import BuildError

__all__ = [
    "Network",
    "arguments",
    "attribute_names",
    "build",
    "loss_function",
    "loss_text",
    "run_text",
    "source",
    "unfit_starts",
]

# While only looking, torch would take a shorter way through attention, and its last digits would not be training's.
torch.backends.mha.set_fastpath_enabled(False)


class Network(nn.Module):
    """A network built from a document: an ordinary module that also knows which node is which."""

    attributes: Mapping[str, str]
    """Node id -> its attribute, the first part of its keys in state_dict; only nodes that are modules."""
    source: str
    """The class's own text, as exported."""
    document: Document
    """What it was built from."""

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
    parts: dict[str, Any] = {"attributes": plan.attributes, "source": text, "document": document}
    parts |= {"trace": run_text(plan.trace_text(), names)["trace"]}
    if packed and plan.is_packed:
        parts |= {"forward": run_text(plan.packed_text(), {**names, "apart": made.forward})["forward"]}
    kind: type[Network] = type("Network", (made, Network), parts)
    if seed is not None:
        torch.manual_seed(seed)
    network = kind()
    for node_id in document.starts.keys() & plan.attributes.keys():
        _begin(network.get_submodule(plan.attributes[node_id]), document.starts[node_id])
    return network


def unfit_starts(network: Network) -> tuple[str, ...]:
    """Ids of nodes that were to start from learned numbers, and have other sizes than these by now."""
    starts, found = network.document.starts, []
    for node_id, attribute in network.attributes.items():
        mine = network.get_submodule(attribute).state_dict()
        given = _as_kept(network.get_submodule(attribute), starts.get(node_id, {}))
        if any(name not in mine or tuple(mine[name].shape) != tuple(a.shape) for name, a in given.items()):
            found.append(node_id)
    return tuple(found)


def _begin(module: nn.Module, tensors: Mapping[str, Any]) -> None:
    """Let a layer start from these numbers, where they fit."""
    with torch.no_grad():
        tensors = _as_kept(module, tensors)
        for name, mine in module.state_dict().items():
            given = tensors.get(name)
            if given is not None and tuple(given.shape) == tuple(mine.shape):
                mine.copy_(torch.from_numpy(np.array(given)))


def _as_kept(module: nn.Module, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
    """Numbers of a layer without a norm of weights, as one that has it keeps them: torch says what makes this weight."""
    if "weight" not in tensors or not parametrize.is_parametrized(module, "weight"):
        return tensors
    rest = {name: value for name, value in tensors.items() if name != "weight"}
    norm: Any = next(module.get_submodule("parametrizations.weight").children())
    with torch.no_grad():
        made = norm.right_inverse(torch.from_numpy(np.array(tensors["weight"])))
    if isinstance(made, Tensor):
        return {**rest, "parametrizations.weight.original": made.numpy()}
    return {**rest, **{f"parametrizations.weight.original{k}": each.numpy() for k, each in enumerate(made)}}


def source(document: Document) -> str:
    """The text of the document's nn.Module class and of what it needs; BuildError names the node at fault."""
    return _Plan(document).module_text()


def arguments(document: Document) -> dict[int, str]:
    """What forward calls each input that it takes, by its place among those of the data."""
    return _Plan(document).arguments


@dataclass(frozen=True)
class Cutting:
    """The second half of a network as text, and the values that enter it."""

    values: tuple[tuple[str, Shape], ...]
    """Nodes of the first half whose output is needed, in the order in which a row holds them."""
    text: str
    """A function `head(self, x)` of the network and such a row."""


def cutting(document: Document, first: frozenset[str]) -> Cutting | None:
    """The network cut behind these nodes; None where that cannot be written, or would leave one half empty."""
    return _Plan(document).cut(first)


def loss_text(objective: Objective) -> str:
    """The loss of all answers together, as a function of one row of predictions and one of targets."""
    if not objective.is_packed:
        return f"def loss(prediction, target):\n    return {objective.main.expression}\n"
    lines, total, at, to = [], [], 0, 0
    for k, term in enumerate(objective.terms):
        ends = at + prod(term.shape), to + prod(term.target_shape)
        y = f"target[:, {to}:{ends[1]}].reshape(-1{_sizes(term.target_shape)})"
        y += ".long()" if term.target_form in WHOLE_NUMBERS else ""
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
        written = {n: graph.nodes[n].layer.torch_code(*document.shapes[n].inputs) for n in self.order}
        self.support, self.code = in_families(*settled(written))
        inputs = {n: document.shapes[n].inputs for n in self.order}
        self.made = made_of(graph, self.order, self.code, self.names, inputs)
        self.attributes = self.made.own
        self.steps = steps_of(graph, self.order, self.code, document.shapes, self.made.attribute)
        self.fields = document.spec.fields if document.spec is not None else ()
        entries = bindings(graph, self.fields)
        self.entries = {n: entries.get(n, 0) for n in self.order if graph.nodes[n].layer.is_entry}
        self.arguments = _arguments(
            self.fields,
            sorted(set(self.entries.values())),
            {self.names[n] for n in graph.nodes if n not in self.entries},
        )

    @property
    def is_packed(self) -> bool:
        """Whether `forward` differs from what the engine calls: several inputs or answers, or whole numbers."""
        return len(self.outputs) > 1 or len(self.fields) > 1 or any(f.kind != "x" for f in self.fields)

    def module_text(self) -> str:
        """The definitions that the layers need, then the network."""
        return "\n\n\n".join([*(each.text.strip("\n") for each in self.support), self.class_text()])

    def class_text(self) -> str:
        """The class as a good engineer would write it: constructors in order, then straight-line forward."""
        names = list(self.arguments.values())
        note = f"  # {', '.join(batch_shape(self.fields[k].shape) for k in self.arguments)}" if names else ""
        entries = {n: self.arguments[k] for n, k in self.entries.items()}
        return class_text(
            "Network", self.made, names, note, Body(self.steps, self.names, entries, self.outputs).lines()
        )

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
        for n in by_branches(self.steps, self.outputs):
            if n in self.entries:
                lines.append(f"    values[{n!r}] = given_{self.entries[n]}")
                continue
            inputs = [f"values[{self._key(value)!r}]" if value else "None" for value in self.steps[n].sources]
            lines.append(f"    r = {self.steps[n].applied(inputs, 'x')}")
            if len(inputs) == 1:  # a tensor of its own, so that its gradient is not that of other readers too
                lines.append(f"    r = r.view_as(r) if r is {inputs[0]} else r")
            for at, result in enumerate(self.code[n].results):
                lines.append(f"    values[{self._key((n, at))!r}] = {result.format(r='r')}")
        return "\n".join([*lines, "    return values"]) + "\n"

    def cut(self, first: frozenset[str]) -> Cutting | None:
        """The statements after these nodes, as a function of the network and one row of what they give."""
        rest = [n for n in self.order if n not in first]
        crossing = {value for n in rest for value in self.steps[n].sources if value and value[0] in first}
        if not rest or not crossing or any(at for _, at in crossing) or any(n in first for n in self.outputs):
            return None
        values = tuple((n, self.at[n].outputs[0]) for n in self.order if (n, 0) in crossing)
        if any(self.at[n].kinds[0] != "x" for n, _ in values):
            return None
        lines, at = ["def head(self, x):"], 0
        for k, (_, shape) in enumerate(values):
            lines.append(f"    given_{k} = x[:, {at}:{at + prod(shape)}].reshape(-1{_sizes(shape)})")
            at += prod(shape)
        entries = {n: f"given_{k}" for k, (n, _) in enumerate(values)}
        steps = {n: self.steps[n] for n in self.order if n in entries or n not in first}
        *body, last = Body(steps, self.names, entries, self.outputs).lines()
        lines += [f"    {line}" for line in body]
        if len(self.outputs) == 1:
            return Cutting(values, self._supported("\n".join([*lines, f"    {last}"])))
        lines.append(f"    answers = {last.removeprefix('return ')}")
        rows = "torch.cat([answer.reshape(len(x), -1).float() for answer in answers], 1)"
        return Cutting(values, self._supported("\n".join([*lines, f"    return {rows}"])))

    def _supported(self, text: str) -> str:
        return "\n\n\n".join([*(each.text.strip("\n") for each in self.support), text]) + "\n"

    def _key(self, value: Value) -> str:
        node_id, at = value
        return f"{node_id}.{self.steps[node_id].ports[at]}" if at else node_id


def _ordered_outputs(document: Document) -> tuple[str, ...]:
    """The Outputs, the one that the metric is of first, penalties last: as an objective packs their answers."""
    main, outputs = find_output(document), find_outputs(document)
    if len(outputs) == 1:
        return outputs
    penalties = [n for n in outputs if document.shapes[n].kinds[:1] == ("s",)]
    return (main, *(n for n in outputs if n != main and n not in penalties), *penalties)


def _arguments(fields: Sequence[Field], used: Sequence[int], taken: set[str]) -> dict[int, str]:
    """A name for each input of the data that enters: x if there is one of decimals, else what the data call it."""
    if len(fields) == 1 and fields[0].kind == "x":
        return dict.fromkeys(used, "x")
    found: dict[int, str] = {}
    for k in used:
        name = slug(fields[k].name) or f"input_{k + 1}"
        reserved = RESERVED - {"x"} | taken | set(found.values())
        found[k] = next(n for n in chain([name], variants(name)) if n not in reserved)
    return found


def run_text(text: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Run text that this package generated from checked values; no text of a user or a file gets here."""
    names: dict[str, Any] = {
        "weight_norm": parametrizations.weight_norm, "spectral_norm": parametrizations.spectral_norm,
        "torch": torch, "nn": nn, "F": nn.functional, "math": math, "Tensor": Tensor, "List": list, **(known or {}),
    }  # fmt: skip
    exec(compile(text, "<network>", "exec"), names)
    return names
