"""Layers that older ONNX files take apart into arithmetic, put together before they are drawn: GELU and layer norm."""

from collections.abc import Iterable
from math import isclose, pi, sqrt
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

NEAR = 1e-4  # how far a constant may be from that of the formula, as a share of it
FACTORS = 6  # products in a row that are looked at


def fused(graph: Any) -> list[Any]:
    """The operations of a graph, those of one layer as one operation."""
    steps = _Steps(graph)
    for node in graph.node:
        if node.op_type in ("Erf", "Tanh"):
            _gelu(steps, node)
        elif node.op_type == "Sqrt":
            _layer_norm(steps, node)
    return steps.left()


class _Steps:
    """Who makes what, and who uses it."""

    def __init__(self, graph: Any) -> None:
        self.nodes = list(graph.node)
        self.maker = {name: node for node in self.nodes for name in node.output}
        self.users: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in set(node.input):
                self.users.setdefault(name, []).append(node)
        self.answers = {each.name for each in graph.output}
        self.held = {each.name: each for each in graph.initializer}
        self.instead: dict[str, Any] = {}
        self.gone: set[str] = set()

    def number(self, name: str) -> float | None:
        """A constant that is one number."""
        tensor, node = self.held.get(name), self.maker.get(name)
        if node is not None and node.op_type == "Constant" and len(node.attribute) == 1:
            value = onnx.helper.get_attribute_value(node.attribute[0])
            if isinstance(value, (int, float)):
                return float(value)
            tensor = value if isinstance(value, onnx.TensorProto) else None
        if tensor is None or int(np.prod(list(tensor.dims))) != 1:
            return None
        return float(numpy_helper.to_array(tensor).reshape(-1)[0])

    def is_held(self, name: str) -> bool:
        """Whether these are numbers of the file."""
        node = self.maker.get(name)
        if node is not None and node.op_type == "Identity":
            return self.is_held(node.input[0])
        return name in self.held or (node is not None and node.op_type == "Constant")

    def made_by(self, name: str, *kinds: str) -> Any:
        """The operation that makes this, if it is one of these."""
        node = self.maker.get(name)
        return node if node is not None and node.op_type in kinds else None

    def only_user(self, node: Any, *kinds: str) -> Any:
        """The one operation that uses what this one makes, if it is one of these."""
        users = self.users.get(node.output[0], [])
        is_answer = node.output[0] in self.answers
        return users[0] if len(users) == 1 and not is_answer and users[0].op_type in kinds else None

    def scaled(self, name: str) -> tuple[str, float] | None:
        """A tensor and the number that it is multiplied by here."""
        node = self.made_by(name, "Mul", "Div")
        if node is None:
            return None
        for k, each in enumerate(node.input):
            factor = self.number(each)
            if factor and (node.op_type == "Mul" or k == 1):
                return node.input[1 - k], factor if node.op_type == "Mul" else 1 / factor
        return None

    def put(self, node: Any, inner: Iterable[Any], kind: str, inputs: list[str], **settings: Any) -> None:
        """One operation in the place of all of these, the last of which keeps its name."""
        made = onnx.helper.make_node(kind, inputs, list(node.output), name=node.name, **settings)
        made.metadata_props.extend(node.metadata_props)
        self.instead[node.output[0]] = made
        self.gone.update(each.output[0] for each in inner)

    def left(self) -> list[Any]:
        """All operations but those that nobody needs any more."""
        found = [self.instead.get(node.output[0], node) if node.output else node for node in self.nodes]
        for at in range(len(found) - 1, -1, -1):
            name = found[at].output[0] if found[at].output else ""
            if name in self.gone and name not in self.instead:
                later = found[at + 1 :]
                if not any(node is not None and name in node.input for node in later) and name not in self.answers:
                    found[at] = None
        return [node for node in found if node is not None]


def _gelu(steps: _Steps, bend: Any) -> None:
    """0.5 · x · (1 + erf(x / √2)), or the same with tanh."""
    tanh = bend.op_type == "Tanh"
    x = _inside_tanh(steps, bend) if tanh else _inside_erf(steps, bend)
    one = steps.only_user(bend, "Add")
    if x is None or one is None or not any(steps.number(name) == 1 for name in one.input):
        return
    inner, node, times, factor = [bend, one], one, 0, 1.0
    for _ in range(FACTORS):
        after = steps.only_user(node, "Mul")
        if after is None:
            return
        other = next((name for name in after.input if name != node.output[0]), "")
        number, scaled = steps.number(other), steps.scaled(other)
        if number is not None:
            factor *= number
        elif other == x or (scaled is not None and scaled[0] == x):
            times, factor = times + 1, factor * (1.0 if other == x or scaled is None else scaled[1])
        else:
            return
        if times == 1 and isclose(factor, 0.5, rel_tol=NEAR):
            steps.put(after, inner, "Gelu", [x], approximate="tanh" if tanh else "none")
            return
        inner.append(after)
        node = after


def _inside_erf(steps: _Steps, bend: Any) -> str | None:
    found = steps.scaled(bend.input[0])
    return found[0] if found is not None and isclose(found[1], sqrt(0.5), rel_tol=NEAR) else None


def _inside_tanh(steps: _Steps, bend: Any) -> str | None:
    """√(2/π) · (x + 0.044715 · x³)."""
    found = steps.scaled(bend.input[0])
    total = steps.made_by(found[0], "Add") if found is not None else None
    if found is None or total is None or not isclose(found[1], sqrt(2 / pi), rel_tol=NEAR):
        return None
    for x, other in (tuple(total.input), tuple(reversed(total.input))):
        cube = steps.scaled(other)
        if cube is not None and isclose(cube[1], 0.044715, rel_tol=NEAR) and _power(steps, cube[0], x) == 3:
            return str(x)
    return None


def _power(steps: _Steps, name: str, x: str) -> int:
    """How often a tensor stands in a product of nothing else; 0 if this is another product."""
    if name == x:
        return 1
    node = steps.made_by(name, "Pow", "Mul")
    if node is None:
        return 0
    if node.op_type == "Pow":
        number = steps.number(node.input[1])
        return int(number) if node.input[0] == x and number in (2, 3) else 0
    if x not in node.input:
        return 0
    other = node.input[1] if node.input[0] == x else node.input[0]
    before = _power(steps, other, x) if other != name else 0
    return 1 + before if before else 0


def _layer_norm(steps: _Steps, root: Any) -> None:
    """(x - mean) / √(variance + ε), and then a scale and constants."""
    found = _variance(steps, root)
    last = steps.only_user(root, "Div")
    if found is None or last is None or last.input[1] != root.output[0] or last.input[0] != found[0].output[0]:
        return
    middle, x, axes, eps, inner = found
    inputs, inner = [x], [*inner, root, middle]
    scale = steps.only_user(last, "Mul")
    weight = _other(steps, scale, last)
    if weight:
        inputs, inner, last = [x, weight], [*inner, last], scale
        shift = steps.only_user(last, "Add")
        bias = _other(steps, shift, last)
        if bias:
            inputs, inner, last = [x, weight, bias], [*inner, last], shift
    steps.put(last, inner, "LayerNormalization", inputs, axis=-axes, epsilon=eps)


def _other(steps: _Steps, node: Any, given: Any) -> str:
    """What else goes into an operation, if it is numbers of the file in one row or more."""
    names = [] if node is None else [name for name in node.input if name != given.output[0]]
    return names[0] if len(names) == 1 and steps.is_held(names[0]) and steps.number(names[0]) is None else ""


def _variance(steps: _Steps, root: Any) -> Any:
    """The differences from the mean, what they are of, along how many last axes, ε, and all operations for it."""
    total = steps.made_by(root.input[0], "Add")
    if total is None:
        return None
    eps = next((n for n in map(steps.number, total.input) if n is not None), None)
    mean = next((m for m in (steps.made_by(name, "ReduceMean") for name in total.input) if m is not None), None)
    square = steps.made_by(mean.input[0], "Pow", "Mul") if mean is not None else None
    if eps is None or square is None:
        return None
    is_square = square.input[0] == square.input[1] if square.op_type == "Mul" else steps.number(square.input[1]) == 2
    middle = steps.made_by(square.input[0], "Sub")
    first = steps.made_by(middle.input[1], "ReduceMean") if middle is not None else None
    if not is_square or first is None or first.input[0] != middle.input[0]:
        return None
    axes = _last_axes(steps, mean)
    if not axes or axes != _last_axes(steps, first):
        return None
    return middle, middle.input[0], axes, eps, [total, mean, square, first]


def _last_axes(steps: _Steps, node: Any) -> int:
    """Along how many of the last axes a mean is taken; 0 if along others, or if these axes are gone afterwards."""
    settings = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    axes = settings.get("axes")
    if axes is None and len(node.input) > 1 and node.input[1] in steps.held:
        axes = numpy_helper.to_array(steps.held[node.input[1]]).reshape(-1).tolist()
    if not axes or not settings.get("keepdims", 1):
        return 0
    return len(axes) if sorted(axes) == list(range(-len(axes), 0)) else 0
