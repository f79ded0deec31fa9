"""Layers whose code is several steps: found again in a graph by the very text that they print.

A step that may be the last of such a text says which layers it could be. Each of them prints its code, that code is
traced, and if the traced steps are those of the graph, they become one step. Nothing is guessed: what differs by one
number is left as it is.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import torch
from torch import fx, nn

from nnlab.core.layer import MISSING, Layer, Shape
from nnlab.engine.compile import run_text
from nnlab.engine.imports import modules
from nnlab.engine.imports.any_layer import layers_that_end
from nnlab.engine.imports.drawing import Unfit, layer_of
from nnlab.engine.imports.naming import function_name, is_method, plain_name
from nnlab.errors import SettingError, ShapeError

Candidate = tuple[Layer, tuple[Shape, ...], int]
"""A layer, the shapes of its inputs, and which of its answers the step is."""
DEPTH = 5


@fx.wrap
def own_module(*args: Any) -> Any:
    """Stands for the module in a traced text."""
    raise NotImplementedError(args)


def recognise(graph: fx.Graph, model: nn.Module) -> None:
    """Make one step of all steps that one layer prints; it holds the layer as `own` in its notes."""
    for node in reversed(list(graph.nodes)):
        if node.op in ("call_function", "call_method", "call_module") and not node.meta.get("gone"):
            for layer, shapes, port in _candidates(node, model):
                found = _matched(layer, shapes, port, node)
                if found is not None and _builds(layer, shapes, node, model):
                    _put(graph, node, layer, port, found)
                    break


def _candidates(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    name = type(model.get_submodule(str(node.target))).__name__ if node.op == "call_module" else plain_name(node)
    for guess in GUESSES.get(name, ()):
        try:
            yield from guess(node, model)
        except (SettingError, ShapeError, Unfit, IndexError, KeyError, TypeError, AttributeError, ValueError):
            continue
    if node.op != "call_module":
        yield from layers_that_end(node, [*numbers_in(node)], _steps)


def _put(graph: fx.Graph, node: fx.Node, layer: Layer, port: int, found: "_Match") -> None:
    node.args, node.kwargs = tuple(found.inputs[k] for k in sorted(found.inputs)), {}
    node.meta["own"] = layer, port
    for inner in sorted(found.inner, key=list(graph.nodes).index, reverse=True):
        if not inner.users:
            inner.meta["gone"] = True
            graph.erase_node(inner)


# -------------------------------------------------------------------------- comparing


class _Match:
    """The steps of a text laid on those of a graph."""

    def __init__(self) -> None:
        self.inputs: dict[int, fx.Node] = {}
        self.inner: set[fx.Node] = set()

    def fits(self, text: Any, there: Any) -> bool:
        """Whether this part of the text is that part of the graph."""
        if isinstance(text, fx.Node):
            return self._fits_step(text, there)
        if isinstance(text, (tuple, list)):
            same = isinstance(there, (tuple, list)) and len(text) == len(there)
            return same and all(self.fits(a, b) for a, b in zip(text, there, strict=True))
        if isinstance(there, fx.Node):
            return not isinstance(text, bool) and isinstance(text, int) and there.meta.get("seen") == text
        return bool(text == there) and isinstance(text, bool) == isinstance(there, bool)

    def _fits_step(self, text: fx.Node, there: Any) -> bool:
        if text.op == "placeholder":
            known = self.inputs.setdefault(int(text.meta["at"]), there)
            return known is there and isinstance(there, fx.Node)
        if not isinstance(there, fx.Node):
            return self._fits_fact(text, there)
        if there.meta.get("own"):
            return False
        if plain_name(text) != ("own_module" if there.op == "call_module" else plain_name(there)):
            return False
        mine, theirs = _arguments(text), _arguments(there)
        if len(mine) != len(theirs) or set(text.kwargs) != set(there.kwargs):
            return False
        self.inner.add(there)
        pairs = [*zip(mine, theirs, strict=True), *((v, there.kwargs[k]) for k, v in text.kwargs.items())]
        return all(self.fits(a, b) for a, b in pairs)

    @staticmethod
    def _fits_fact(text: fx.Node, there: Any) -> bool:
        """A kind of numbers, a device or how many samples there are, which a run has in the place of a step."""
        name = plain_name(text)
        if name == "getattr":
            return isinstance(there, {"dtype": torch.dtype, "device": torch.device}.get(str(text.args[1]), ()))
        return name == "getitem" and isinstance(there, int) and text.args[1] in (0,)


def _matched(layer: Layer, shapes: tuple[Shape, ...], port: int, node: fx.Node) -> _Match | None:
    code = layer.torch_code(*shapes)
    text = code.forward if code.results[port] == "{r}" or not port else code.results[port].replace("{r}", code.forward)
    root = _steps(text)
    found = _Match()
    if root is None or not found.fits(root, node):
        return None
    found.inner.discard(node)
    return found if found.inner or is_method(node) else None


def _builds(layer: Layer, shapes: tuple[Shape, ...], node: fx.Node, model: nn.Module) -> bool:
    """Whether the layer has the module that is called there, if one is."""
    if node.op != "call_module":
        return True
    return modules.is_same(layer, model.get_submodule(str(node.target)), *shapes)


@lru_cache(maxsize=512)
def _steps(text: str) -> fx.Node | None:
    """The last step of a text, or None if it is nothing but its input."""
    many = next(n for n in range(9) if f"{{{n}}}" not in text)
    places = [f"given_{k}" for k in range(many)]
    said = text.format(*places, self="own_module")
    names = run_text(f"def traced({', '.join(places)}):\n    return {said}\n", {"own_module": own_module})
    tracer = fx.Tracer(autowrap_functions=(own_module,))
    graph = tracer.trace(names["traced"])
    for k, each in enumerate(n for n in graph.nodes if n.op == "placeholder"):
        each.meta["at"] = k
    (last,) = (n.args[0] for n in graph.nodes if n.op == "output")
    return last if isinstance(last, fx.Node) and last.op != "placeholder" else None


def _arguments(node: fx.Node) -> list[Any]:
    swapped = node.op == "call_function" and function_name(node) in ("rmul", "radd")
    return list(reversed(node.args)) if swapped else list(node.args)


# -------------------------------------------------------------------------- which layer it could be


def numbers_in(value: Any, depth: int = DEPTH) -> Iterator[float]:
    """Plain numbers in a step and in those before it."""
    if isinstance(value, fx.Node):
        if depth:
            for each in (*value.args, *value.kwargs.values()):
                yield from numbers_in(each, depth - 1)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from numbers_in(each, depth)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def _shape(node: Any) -> Shape:
    return tuple(node.meta["seen"].shape[1:])


def _steps_up(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    for lower in ("zero", "minus one"):
        for gradient in ("near", "everywhere"):
            yield layer_of("Step", lower=lower, gradient=gradient), (_shape(node),), 0


def _turned_gradients(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    for n in {n for n in numbers_in(node, 2) if n >= 1}:
        yield layer_of("GradientReversal", strength=float(f"{n - 1:.12g}")), (_shape(node),), 0


def _charges(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    for n in [a for a in node.args if isinstance(a, (int, float))]:
        for kind in ("l1", "l2"):
            yield layer_of("ActivityPenalty", kind=kind, strength=float(n)), ((1,),), 1


def _losses(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    """One of several answers: a single one is what the network is for."""
    ends = [n for n in node.users if n.op == "output"]
    if len(ends) < len(node.users) or not ends or not isinstance(ends[0].args[0], (tuple, list)):
        return
    mean = node if plain_name(node) == "mean" else next(a for a in node.args if isinstance(a, fx.Node))
    flat: Any = mean.args[0]
    shape = (1, 1) if flat.op != "placeholder" and plain_name(flat) == "flatten" else (1,)
    for n in [1.0] if mean is node else [a for a in node.args if isinstance(a, (int, float))]:
        for kind in ("yes", "no", "numbers"):
            yield layer_of("AsLoss", kind=kind, strength=float(n)), (shape,), 0


def _ones(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    for n in {n for n in numbers_in(node, 3) if n >= 1}:
        yield layer_of("OneHot", num_classes=int(n)), ((1,),), 0


def _gathered(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    yield layer_of("Gather", dim=node.args[1]), (_shape(node.args[0]), _shape(node.args[2])), 0


def _selected(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    shape, last = _shape(node.args[0]), node.args[2]
    at = int(str(last)) - 1
    yield layer_of("IndexSelect", dim=at + 1), (shape, (_shape(node.args[1])[at],)), 0


def _waves(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    for n in {n for n in numbers_in(node, 2) if n >= 0.01}:
        yield layer_of("Sine", omega=float(n)), (_shape(node),), 0


def _matrices(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    yield layer_of("MatMul", transpose_b=True), ((1, 1), (1, 1)), 0


def _products(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    keep = bool(node.kwargs.get("keepdim", False))
    yield layer_of("Dot", dim=node.args[1], keepdim=keep), ((1,), (1,)), 0


def _rows(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    if len(_shape(node.args[0])) == 2 and is_method(node):  # torch.sum(x, dim=1) is what Reduce prints
        yield layer_of("GraphPool", mode="sum"), (_shape(node.args[0]), MISSING), 0


def _powers(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    yield modules.layer_for(model.get_submodule(str(node.target))), (_shape(node.args[0]),), 0


def _filters(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    border: Any = node.args[0]
    if not isinstance(border, fx.Node) or plain_name(border) != "pad":
        return
    before: Any = border.args[0]
    layer: Any = modules.layer_for(model.get_submodule(str(node.target)))
    for padding in ("same", "causal"):
        try:
            yield layer.with_(padding=padding), (_shape(before),), 0
        except SettingError:
            continue


def _looks(node: fx.Node, model: nn.Module) -> Iterator[Candidate]:
    mask: Any = node.kwargs["attn_mask"]
    while isinstance(mask, fx.Node) and plain_name(mask) in ("getitem", "invert", "bitwise_not"):
        mask = mask.args[0]
    said: dict[str, Any] = {"causal": node.kwargs.get("is_causal", False), "scale": node.kwargs.get("scale")}
    if node.op == "call_module":
        said["dropout"] = model.get_submodule(str(node.target)).dropout
    shapes = tuple(_shape(each) for each in (*node.args[:3], mask))
    yield layer_of("ScaledDotProductAttention", **said), shapes, 0


Guess = Callable[[fx.Node, nn.Module], Iterator[Candidate]]
GUESSES: dict[str, tuple[Guess, ...]] = {
    "add": (_steps_up, _turned_gradients),
    "mul": (_charges, _losses),
    "mean": (_losses,),
    "float": (_ones,),
    "gather": (_gathered,),
    "take_along_dim": (_selected,),
    "sin": (_waves,),
    "sum": (_products, _rows),
    "matmul": (_matrices,),
    **dict.fromkeys(("scaled_dot_product_attention", "DroppedAttention"), (_looks,)),
    **dict.fromkeys(("LPPool1d", "LPPool2d"), (_powers,)),
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d", "Sequential"), (_filters,)),
}
"""The last step of a text, as function or module -> the layers that it may be."""
