"""When two drawings are one network: the same kinds with the same code on the same wires, up to layout and names.

A setting counts by what it writes: a dropout between the layers of an RNN that has one layer is no difference. Kinds
that write the very same code cannot be told apart by it; they are listed here, each with what it is that they share.
"""

import ast
import re
from typing import Any

import torch
from torch import nn

from nnlab.core.blocks.grouping import taken_apart
from nnlab.core.document import Document
from nnlab.core.graph import Node
from nnlab.core.learning import owner
from nnlab.engine.compile import run_text

ONE_CODE = {
    "PointwiseConv2d": "Conv2d",  # nn.Conv2d(4, 16, 1) is both
    "DepthwiseConv2d": "Conv2d",  # of a picture of one channel; `is_depthwise` tells the others
    "GraphPool": "SequencePool",  # x.mean(1), and masked_mean(x, mask): nodes of a graph are rows as steps are
    "LastStep": "SequencePool",  # x[:, -1]
    **dict.fromkeys(("Dropout1d", "Dropout2d", "Dropout3d"), "Dropout"),  # a Dropout can drop whole channels too
}
"""Kinds that print what another prints. Nothing is printed at all by Identity, Tap, Cast to the kind that is there
already, Slice from end to end, and the first output of ActivityPenalty: the wire goes through them."""
ARITHMETIC = ("Add", "Multiply", "Subtract", "Divide", "Average", "Maximum", "Minimum", "Sine", "Expression")
"""A formula is one Expression, or several layers: a + b + c is also two Adds, and torch.sin(x) a Sine in either."""
DECIMALS = ("x", "h")
EVERYTHING = re.compile(r"\{0\}\[(\.\.\.|:)(, :)*\]")
FLAT = "torch.flatten({0}, 1)"
STARTS_ALONE = re.compile(r', start="\w+"|, std=[-0-9.e]+')
"""How a Constant begins is over once it is made."""


def told(document: Document) -> list[int]:
    """A network as one number for each of its answers: that of everything that leads to it."""
    whole = document.with_graph(taken_apart(document.graph))
    telling = _Telling(whole)
    return sorted(telling.of[n, ""] for n, node in whole.graph.nodes.items() if node.type_id == "Output")


class _Telling:
    """Each output of each node as the number of its code with the numbers of what goes into it."""

    def __init__(self, document: Document) -> None:
        self.graph, self.shapes = document.graph, document.shapes
        self.of: dict[tuple[str, str], int] = {}
        self.own: dict[str, int] = {}
        for node_id in self.graph.in_order:
            self._tell(self.graph.nodes[node_id])

    def _tell(self, node: Node) -> None:
        values = self._values(node)
        ports = [p.name for p in self.graph.output_ports(node.id)] or [""]
        if node.layer.is_entry or node.type_id == "Output":
            source = getattr(node.layer, "source", "")
            self.of[node.id, ports[0]] = values[0] if values else hash(("Input", source if self._many else ""))
            return
        code = node.layer.torch_code(*self.shapes[node.id].inputs)
        mine = self._made(node, code, values)
        for port, result in zip(ports, code.results, strict=True):
            self.of[node.id, port] = _piece(mine, result)
        if self._prints_nothing(node, code.forward):
            self.of[node.id, ports[0]] = values[0]

    def _made(self, node: Node, code: Any, values: list[int]) -> int:
        kind = ONE_CODE.get(node.type_id, node.type_id)
        if node.type_id == "ResizeTo" and "F.pad" in code.forward:
            kind, values = "Pad", values[:1]  # the sizes are those of the other wire, which is not in the code
        forward = code.forward
        if node.type_id == "AsLoss" and "{0}.flatten(1)" in forward:  # or a Flatten before it
            forward, values = (
                forward.replace("{0}.flatten(1)", "{0}"),
                [hash(("Flatten", (False, ""), FLAT, values[0]))],
            )
        shared = owner(self.graph, node.id)
        whose = self.own.get(shared, 0) if shared != node.id else (node.learning.frozen, _described(code))
        if kind in ARITHMETIC and not code.module:
            names = [f"v{k}" for k in range(len(values))]
            return _formula(
                ast.parse(code.forward.format(*names), mode="eval").body, dict(zip(names, values, strict=True))
            )
        if kind.startswith("Global") and code.forward.startswith("torch.flatten("):  # or a Flatten behind it
            inner = hash((kind, whose, code.forward.removeprefix("torch.flatten(").removesuffix(", 1)"), *values))
            return hash(("Flatten", (False, ""), FLAT, inner))
        text = forward.format(*[f"<{v}>" for v in values], self="{self}", batch="{batch}")
        simple = len(values) == 1
        mine = hash((kind, whose, forward, *values)) if simple else hash((kind, whose, text))
        self.own[node.id] = mine
        return mine

    @property
    def _many(self) -> bool:
        return sum(node.layer.is_entry for node in self.graph.nodes.values()) > 1

    def _values(self, node: Node) -> list[int]:
        """What enters each port; 0 for one without a wire, which is in the code as nothing or as the first again."""
        wires = {k.target_port: self.of[k.source, k.source_port] for k in self.graph.incoming[node.id]}
        if node.layer.variadic:
            return [wires[name] for name in sorted(wires, key=lambda name: int(name[2:]))]
        return [wires.get(p.name, 0) for p in node.layer.inputs]

    def _prints_nothing(self, node: Node, forward: str) -> bool:
        if forward == "{0}" or (node.type_id == "Slice" and EVERYTHING.fullmatch(forward)):
            return True
        if node.type_id != "Cast":
            return False
        link = self.graph.incoming[node.id][0]
        ports = [p.name for p in self.graph.output_ports(link.source)]
        given, to = self.shapes[link.source].kinds[ports.index(link.source_port)], getattr(node.layer, "to", "")
        return given == to or (given in DECIMALS and to in DECIMALS)


def _piece(mine: int, result: str) -> int:
    """One answer of several; the last step of an answer is what a layer for the last step makes of it."""
    if result == "{r}":
        return mine
    if result.endswith("[:, -1]"):
        return hash(("SequencePool", (False, ""), "{0}[:, -1]", _piece(mine, result.removesuffix("[:, -1]"))))
    return hash((mine, result))


def _formula(part: ast.AST, values: dict[str, int]) -> int:
    """A formula as one number, by its parts."""
    if isinstance(part, ast.Name) and part.id in values:
        return values[part.id]
    inner = [
        _formula(each, values) for each in ast.iter_child_nodes(part) if isinstance(each, (ast.expr, ast.operator))
    ]
    said = [getattr(part, name, "") for name in ("id", "attr", "value")]
    said = ["" if isinstance(each, ast.AST) else each for each in said]
    return hash((type(part).__name__, repr(said), *inner))


_KNOWN: dict[str, str] = {}


def _described(code: Any) -> str:
    """A module as torch describes it, or as its constructor for one of NNLab's own."""
    if code.module is None:
        return ""
    text = code.module.source()
    if not text.startswith("nn."):
        return STARTS_ALONE.sub("", text) if text.startswith("Constant(") else text
    if text not in _KNOWN:
        with torch.device("meta"):
            _KNOWN[text] = repr(run_text(f"def make():\n    return {text}\n")["make"]())
    return _KNOWN[text]


def learned(network: nn.Module) -> list[tuple[tuple[int, ...], bytes]]:
    """All numbers that a network learns, in an order that its names do not change."""
    return sorted((tuple(p.shape), p.detach().numpy().tobytes()) for p in network.parameters())
