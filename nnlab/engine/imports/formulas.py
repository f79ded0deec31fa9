"""Arithmetic for which there is no layer of its own, such as exp or where: as much of it as hangs together is one Expression."""

import ast
import operator
from collections.abc import Sequence
from typing import Any

from torch import fx

from nnlab.core.arithmetic.expressions import INPUTS, read
from nnlab.engine.imports.drawing import layer_of
from nnlab.engine.imports.naming import function_name
from nnlab.errors import ShapeError

SOFT = {"add": "({0} + {1})", "sub": "({0} - {1})", "mul": "({0} * {1})", "truediv": "({0} / {1})", "sin": "sin({0})"}
"""What has a layer of its own as well, and goes along where another part needs an expression."""
HARD = {
    "exp": "exp({0})", "log": "log({0})", "sqrt": "sqrt({0})", "rsqrt": "(1 / sqrt({0}))", "cos": "cos({0})",
    "neg": "(-{0})", "abs": "abs({0})", "pow": "({0} ** {1})", "square": "({0} ** 2)", "reciprocal": "(1 / {0})",
    "where": "where({0}, {1}, {2})",
}  # fmt: skip
COMPARED = {"gt": ">", "lt": "<", "ge": ">=", "le": "<="}
"""Allowed within where() alone, or made into 0 and 1."""
SAME = {"div": "truediv", "divide": "truediv", "multiply": "mul", "subtract": "sub", "iadd": "add", "isub": "sub"}
SAME |= {"imul": "mul", "itruediv": "truediv", "absolute": "abs", "negative": "neg"}
TURNED = {"radd": "add", "rmul": "mul", "rsub": "sub", "rdiv": "truediv", "rtruediv": "truediv", "rpow": "pow"}
"""What a step is called if a number stands in front of it."""


def as_expressions(graph: fx.Graph) -> None:
    """Make one step of all that hangs together; it holds the layer as `own` in its notes."""
    for node in reversed(list(graph.nodes)):
        if node.op in ("call_function", "call_method") and not node.meta.get("gone") and _fits(node):
            for region in (_region(node), {node}):
                if any(_named(n)[0] in (*HARD, "float") or _is_lone(n) for n in region) and _put(graph, node, region):
                    break


def _put(graph: fx.Graph, node: fx.Node, region: set[fx.Node]) -> bool:
    leaves: dict[fx.Node, str] = {}
    try:
        text = ast.unparse(ast.parse(_text(node, region, leaves), mode="eval"))
        read(text)
    except (ShapeError, StopIteration, SyntaxError, RecursionError):
        return False
    node.meta["own"] = layer_of("Expression", expression=text), 0
    node.args, node.kwargs = tuple(leaves), {}
    for inner in [n for n in reversed(graph.nodes) if n in region and n is not node]:
        inner.meta["gone"] = True
        graph.erase_node(inner)
    return True


def _region(root: fx.Node) -> set[fx.Node]:
    """The root, and every step before it that only one step of the region reads, and only once."""
    found, grows = {root}, True
    while grows:
        before = {a for n in found for a in n.all_input_nodes} - found
        new = {n for n in before if _readers(n) == 1 and _fits(n, inside=True) and _scope(n) == _scope(root)}
        found |= new
        grows = bool(new)
    return found


def _readers(node: fx.Node) -> int:
    """How often what a step gives is read."""
    return sum(list(user.args).count(node) if not user.kwargs else 2 for user in node.users)


def _scope(node: fx.Node) -> tuple[str, ...]:
    return tuple(node.meta.get("nn_module_stack") or ())


def _named(node: fx.Node) -> tuple[str, Sequence[Any]]:
    """A step's plain name, and its arguments in their order."""
    name = function_name(node)
    if node.op == "call_function" and node.target is operator.neg:
        return "neg", node.args
    if name in TURNED:
        return TURNED[name], tuple(reversed(node.args))
    return SAME.get(name, name), node.args


def _fits(node: fx.Node, inside: bool = False) -> bool:
    """Whether a step is one of these, on decimals of the samples that have as many axes as it has itself."""
    if node.op not in ("call_function", "call_method") or node.kwargs or "own" in node.meta:
        return False
    name, args = _named(node)
    if name in COMPARED:
        return inside and _are_numbers(args, node)
    if name == "float":
        return len(args) == 1 and isinstance(args[0], fx.Node) and args[0].op != "placeholder" and _is_compared(args[0])
    if name == "where":
        return (
            len(args) == 3 and isinstance(args[0], fx.Node) and _is_compared(args[0]) and _are_numbers(args[1:], node)
        )
    return name in (*SOFT, *HARD) and _is_decimal(node) and _are_numbers(args, node)


def _is_lone(node: fx.Node) -> bool:
    """Whether a step is of one number a sample and one that is given, for which a merge of two wires has no axis."""
    given = any(isinstance(each, (int, float)) for each in node.args)
    return given and len(getattr(node.meta.get("seen"), "shape", ())) == 1


def _is_compared(node: fx.Node) -> bool:
    if node.op not in ("call_function", "call_method") or len(node.users) != 1:
        return False
    return _named(node)[0] in COMPARED and _fits(node, inside=True)


def _are_numbers(args: Sequence[Any], node: fx.Node) -> bool:
    rank = len(node.meta["seen"].shape) if hasattr(node.meta.get("seen"), "shape") else -1
    for each in args:
        if isinstance(each, fx.Node):
            if not each.meta.get("touched") or not _is_decimal(each) or len(each.meta["seen"].shape) != rank:
                return False
        elif isinstance(each, bool) or not isinstance(each, (int, float)):
            return False
    return any(isinstance(each, fx.Node) for each in args)


def _is_decimal(node: fx.Node) -> bool:
    seen = node.meta.get("seen")
    dtype: Any = getattr(seen, "dtype", None)
    return dtype is not None and bool(dtype.is_floating_point)


def _text(part: Any, region: set[fx.Node], leaves: dict[fx.Node, str]) -> str:
    """A part as the text of an expression; StopIteration if there are too many inputs."""
    if not isinstance(part, fx.Node):
        return f"({part!r})" if part < 0 else repr(part)
    if part not in region:
        if part not in leaves:
            leaves[part] = INPUTS[len(leaves)] if len(leaves) < len(INPUTS) else next(iter(()))
        return leaves[part]
    name, args = _named(part)
    said = [_text(each, region, leaves) for each in args]
    if name in COMPARED:
        return f"({said[0]} {COMPARED[name]} {said[1]})"
    if name == "float":
        return f"where({said[0]}, 1, 0)"
    return {**SOFT, **HARD}[name].format(*said)
