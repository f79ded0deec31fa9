"""A module from Python as a network: torch.fx reads its forward, and every step becomes a node."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from nnlab.core.arithmetic.axes import listed
from nnlab.core.layer import PortKind, Shape
from nnlab.engine.imports import forms, modules, moments, pools, scopes, supports, time_first, typed_steps, weighted
from nnlab.engine.imports.blocks import submodules
from nnlab.engine.imports.comparing import compared, unchanged
from nnlab.engine.imports.drawing import Drawing, Held, Pile, Spread, Turned, Unfit, Value
from nnlab.engine.imports.finishing import Imported, finished, kind_of
from nnlab.engine.imports.formulas import as_expressions
from nnlab.engine.imports.loops import drawn_loop, is_loop
from nnlab.engine.imports.naming import flat, function_name, is_touched
from nnlab.engine.imports.operations import OPERATIONS, as_value
from nnlab.engine.imports.own_words import recognise
from nnlab.engine.imports.recorded import recorded
from nnlab.errors import BuildError, SettingError, ShapeError

KNOWN = (forms, pools, weighted, supports, moments, typed_steps)
"""Those that fill the table of operations."""
DECIDES = (
    "The model decides by the numbers of a sample what it computes. It is drawn as it was run for the example; for other "
    "samples it may do something else."
)
BATCHES = (2, 3, 5, 7, 11, 13)


def from_module(model: nn.Module, example_input: Any, title: str = "", blocks: bool = True) -> Imported:
    """The model as a network, its numbers with it; BuildError with a sentence if torch.fx cannot read it.

    Code that NNLab exported becomes the drawing that it was exported from, kinds and settings with it. What no code
    and no number shows cannot come back: notes and places, the data, how fast a layer learns, and how its weights were
    begun (calls of nn.init are over once the module is there). Where two kinds print the same code it is torch's own,
    as Conv2d for a pointwise convolution. Modules of the model's own that hold several layers become blocks, unless
    `blocks` is off.
    """
    inputs = _inputs(example_input)
    was = model.training
    model.eval()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with unchanged(model):
                read = _Reading(model, inputs)
            made = read.drawn(title or type(model).__name__)
            found = compared(read.in_blocks(made) if blocks else made, model, read.inputs)
            if not blocks or len(found.notices) == len(made.notices):
                return found
            plain = compared(made, model, read.inputs)  # something is amiss: is it so without blocks as well?
            return plain if len(plain.notices) < len(found.notices) else found
    finally:
        model.train(was)


def _inputs(example: Any) -> tuple[Tensor, ...]:
    given = example if isinstance(example, (tuple, list)) else (example,)
    found = tuple(torch.as_tensor(each) for each in given)
    if not found or any((each.dim() < 2 and each.dtype.is_floating_point) or each.dim() < 1 for each in found):
        raise BuildError(
            "An example input is a tensor with the batch as its first axis, or several: give x[None] for one sample."
        )
    if len({len(each) for each in found}) > 1 or not len(found[0]):
        raise BuildError(
            "The example inputs have different numbers of samples: their first axis is the batch, make it equal."
        )
    return found


class _Tracer(fx.Tracer):
    """Leaves are torch's modules, and those that NNLab prints itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.given: dict[str, dict[str, Any]] = {}

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        """Notes what the module's code calls that which it is given."""

        def noted(*args: Any, **kwargs: Any) -> Any:
            self.given[next(reversed(self.module_stack), "")] = scopes.arguments(m.forward, args, kwargs)
            return forward(*args, **kwargs)

        return super().call_module(m, noted, args, kwargs)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether the module becomes one node."""
        return is_leaf(m)


def is_leaf(m: nn.Module) -> bool:
    """torch's own modules are one node each, and those that NNLab prints."""
    if type(m).__module__.startswith("torch.nn."):
        return not isinstance(m, (nn.Sequential, nn.ModuleList, nn.ModuleDict)) or modules.is_separable(m)
    return supports.is_ours(type(m)) or is_loop(m)


class _Seeing(fx.Interpreter):
    """Runs the graph once and notes what every step gives: sizes, and the numbers of what no sample has touched."""

    def run_node(self, n: fx.Node) -> Any:
        """One step."""
        result = super().run_node(n)
        given = any(a.meta["touched"] and _has_tensor(a.meta["seen"]) for a in n.all_input_nodes)
        module = self.fetch_attr(str(n.target)) if n.op == "call_module" else None
        touched = n.op == "placeholder" or is_touched(given, function_name(n) if module is None else "", module)
        n.meta["touched"] = touched
        n.meta["seen"] = _noted(result, touched)
        return result


class Seen:
    """A tensor's sizes and kind, without its numbers."""

    def __init__(self, tensor: Tensor) -> None:
        self.shape, self.dtype = tuple(tensor.shape), tensor.dtype


def _noted(result: Any, touched: bool) -> Any:
    if isinstance(result, Tensor):
        return Seen(result) if touched else result
    if isinstance(result, (tuple, list)):
        return tuple(_noted(each, touched) for each in result)
    return result


class _Reading:
    """One model, read step by step."""

    def __init__(self, model: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.model = model
        sizes = {n for each in inputs for n in each.shape[1:]}
        self.batch = next(n for n in (*BATCHES, 17) if n not in sizes or n == 17)
        self.inputs = tuple(_repeated(each, self.batch) for each in inputs)
        self.given: dict[str, dict[str, Any]] = {}
        self.graph = self._traced()
        recognise(self.graph, model)
        as_expressions(self.graph)
        self.d = Drawing(batch=self.batch)
        self.env: dict[fx.Node, Any] = {}
        self.names = {id(each): name for name, each in model.named_parameters()}

    def _traced(self) -> fx.Graph:
        """The steps, with what each of them gives: as torch.fx reads them, or else as one run has them."""
        space = getattr(type(self.model).forward, "__globals__", {})
        kept = [
            f
            for name, f in space.items()
            if name in supports.ours() and supports.is_ours(f) and not isinstance(f, type)
        ]
        try:
            tracer = _Tracer(autowrap_functions=tuple(kept))
            graph = tracer.trace(self.model)
            spare = [n for n in graph.nodes if n.op == "placeholder"][len(self.inputs) :]
            if not any(n.users for n in spare):
                _Seeing(self.model, graph=graph).run(*self.inputs)
                self.given = tracer.given
                return graph
        except Exception:  # noqa: BLE001 - whatever stands in a model's code: reading it unrun is only the first try
            return self._run()
        return self._run()

    def _run(self) -> fx.Graph:
        """The steps of one run."""
        graph = recorded(self.model, self.inputs, is_leaf)
        for node in graph.nodes:
            if node.op != "output":
                node.meta["seen"] = _noted(node.meta["seen"], node.meta["touched"])
        return graph

    def drawn(self, title: str) -> Imported:
        """The network of all steps."""
        places = [n for n in self.graph.nodes if n.op == "placeholder"][: len(self.inputs)]
        answers: Any = None
        for node in self.graph.nodes:
            self.d.name = _name(node)
            self.d.scope = scopes.of_stack(node.meta.get("nn_module_stack"))[: -1 if self.d.name else None]
            if node.op == "placeholder":
                self._enter(node, places)
            elif node.op == "output":
                answers = self._told(node.args[0])
            elif node.op == "get_attr":
                self.env[node] = self._held(node)
            else:
                self.env[node] = found = self._step(node)
                if len(node.users) > 1 and isinstance(found, Value):
                    self.d.awaited.add(found.node)
        made = finished(self.d, self._answers(answers), title, [n.target for n in places])
        return made.with_notice(DECIDES) if any(n.meta.get("decides") for n in self.graph.nodes) else made

    def in_blocks(self, made: Imported) -> Imported:
        """The same with a block for each module of the model's own."""
        given: dict[str, dict[tuple[str, str], str]] = {}
        for call, names in self.given.items():
            values = {name: self.env.get(getattr(each, "node", each)) for name, each in names.items() if _is_step(each)}
            given[call] = {(v.node, v.port): name for name, v in values.items() if isinstance(v, Value)}
        return submodules.in_blocks(made, self.d, given)

    def _enter(self, node: fx.Node, places: Sequence[fx.Node]) -> None:
        if node not in places:
            self.env[node] = node.args[0] if node.args else None
            return
        seen = node.meta["seen"]
        name = str(node.target)
        source = name if len(places) > 1 else ""
        self.env[node] = self.d.entry("", seen.shape[1:], kind_of(str(seen.dtype)), source)

    def _held(self, node: fx.Node) -> Any:
        found: Any = self.model
        try:
            for part in str(node.target).split("."):
                found = getattr(found, part)
        except AttributeError:
            found = node.meta["seen"]
        if not isinstance(found, Tensor):
            return found
        return Held(modules.frozen_value(found), isinstance(found, nn.Parameter), str(node.target))

    def _told(self, args: Any) -> Any:
        return fx.node.map_aggregate(args, lambda a: self.env[a] if isinstance(a, fx.Node) else a)

    def _step(self, node: fx.Node) -> Any:
        seen = node.meta["seen"]
        if not _has_tensor(seen):
            return self._sizes(node, seen)
        if not node.meta["touched"]:
            return self._unmoved(node, seen)
        args, kwargs = self._told(node.args), self._told(node.kwargs)
        before = dict(self.d.nodes), list(self.d.links), dict(self.d.starts), dict(self.d.values), dict(self.d.made_of)
        try:
            found = self._drawn(node, args, kwargs)
            if not self._fits(found, seen):
                raise Unfit("a step whose sizes differ")
            return found
        except (
            Unfit,
            ShapeError,
            SettingError,
            TypeError,
            IndexError,
            KeyError,
            AttributeError,
            ValueError,
            StopIteration,
        ):
            self.d.nodes, self.d.links, self.d.starts, self.d.values, self.d.made_of = before
            return self._opaque(node, args, kwargs, seen)

    def _drawn(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        if "own" in node.meta:
            return self._own(node, args)
        module = self.model.get_submodule(str(node.target)) if node.op == "call_module" else None
        name = function_name(node) if module is None else ""
        usual = partial(self._usual, name)
        if time_first.is_swapped((args, kwargs)):
            return time_first.drawn(self.d, name, module, args, kwargs, usual)
        if name in ("transpose", "permute", "swapaxes", "t") and isinstance(args[0], Value):
            order = time_first.order_of(name, len(args[0].shape) + 1, args[1:], kwargs)
            if order is not None and order[0] != 0:
                return time_first.turned_round(self.d, args[0], order)
        return usual(module, args, kwargs)

    def _usual(self, name: str, module: nn.Module | None, args: Any, kwargs: Any) -> Any:
        """A call of a module or function whose tensors have the batch in front."""
        if module is not None and is_loop(module):
            return drawn_loop(self.d, module, [as_value(self.d, each) for each in args], from_module)
        if module is not None:
            return modules.draw(self.d, module, args, kwargs)
        if args and isinstance(args[0], supports.May):
            return supports.of_may(self.d, name, args[0], args[1:], kwargs)
        draw = OPERATIONS.get(name)
        if draw is None:
            raise Unfit(name)
        return draw(self.d, *args, **kwargs)

    def _own(self, node: fx.Node, args: Any) -> Any:
        """A step whose code is that of a layer."""
        layer, port = node.meta["own"]
        inputs: list[Value | None] = [as_value(self.d, each) for each in args]
        if node.op == "call_module":
            found = modules.placed(self.d, layer, self.model.get_submodule(str(node.target)), inputs)
        else:
            found = self.d.add(layer, *inputs)
        return found if len(found) > 1 and not port else found[port]

    def _sizes(self, node: fx.Node, seen: Any) -> Any:
        """Whole numbers and sizes: those of a tensor know whose they are."""
        name = function_name(node) if node.op != "call_module" else ""
        of = self._told(node.args[0]) if node.args else None
        whole = (name == "getattr" and node.args[1] == "shape") or (
            name == "size" and len(node.args) == 1 and not node.kwargs
        )
        if whole and isinstance(of, Value):
            return supports.SizeOf.made(tuple(seen), of)
        if name == "getitem" and isinstance(of, supports.SizeOf) and isinstance(seen, tuple):
            return supports.SizeOf.made(tuple(seen), of.of, False)
        return seen

    def _unmoved(self, node: fx.Node, seen: Any) -> Any:
        """What no sample has touched comes along as numbers, unless it is noise for each sample."""
        if function_name(node) == "randn" and isinstance(seen, Tensor) and seen.dim() > 1 and len(seen) == self.batch:
            return self.d.one("Noise", shape=listed(seen.shape[1:]))
        if isinstance(seen, tuple):
            return tuple(self._as_held(node, each) for each in seen)
        return self._as_held(node, seen)

    def _as_held(self, node: fx.Node, tensor: Any) -> Any:
        if not isinstance(tensor, Tensor):
            return tensor
        origin = [a for a in node.all_input_nodes if isinstance(self.env.get(a), Held)]
        first = self.env[origin[0]] if len(origin) == 1 else None
        if node.op == "call_module":  # rows of a table by numbers that are always the same
            first = Held(np.zeros(0), True, str(node.target))
        array = modules.frozen_value(tensor)
        if array.ndim > 1 and len(array) == self.batch and (array == array[:1]).all():
            array = array[0]  # the same for every sample
        learned = bool(first and first.learned and array.dtype.kind == "f")
        return Held(array, learned, first.name if first else "")

    def _fits(self, found: Any, seen: Any) -> bool:
        if isinstance(found, Value) and isinstance(seen, Seen):
            return (self.batch, *found.shape) == seen.shape
        if isinstance(found, time_first.Swapped) and isinstance(seen, Seen):
            return (found.value.shape[0], self.batch, *found.value.shape[1:]) == seen.shape
        if isinstance(found, tuple) and isinstance(seen, tuple):
            return all(self._fits(a, b) for a, b in zip(found, seen, strict=False))
        return True

    def _opaque(self, node: fx.Node, args: Any, kwargs: Any, seen: Any) -> Any:
        parts = [p for a in flat((args, kwargs)) for p in (a.parts if isinstance(a, Pile) else (a,))]
        given = [_wire(a) for a in parts if isinstance(a, (Value, Turned, Spread, time_first.Swapped))]
        what = (
            function_name(node)
            if node.op != "call_module"
            else type(self.model.get_submodule(str(node.target))).__name__
        )
        tensors = modules.numbers_of(self.model.get_submodule(str(node.target))) if node.op == "call_module" else None
        facts: list[tuple[Shape, PortKind]] = [
            (each.shape[1:], kind_of(str(each.dtype))) for each in flat(seen) if isinstance(each, Seen)
        ]
        made = self.d.opaque(what, given, facts, tensors)
        return _again(seen, iter(made))

    def _answers(self, told: Any) -> list[tuple[str, Value]]:
        pairs = list(told.items()) if isinstance(told, dict) else [("", each) for each in flat(told)]
        found = []
        for name, each in pairs:
            if isinstance(each, Held):
                continue
            try:
                found.append((str(name), OPERATIONS["detach_"](self.d, _plain_value(self.d, each))))
            except Unfit:
                continue
        if not found:
            raise BuildError("The model gives no tensor that depends on its input, so there is nothing to draw.")
        return found


def _wire(x: Any) -> Value:
    """The wire of a tensor that is known to be another one in disguise."""
    found: Value = x if isinstance(x, Value) else x.of if isinstance(x, Spread) else x.value
    return found


def _plain_value(d: Drawing, x: Any) -> Value:
    return x.value if isinstance(x, Turned) else as_value(d, x)


def _repeated(x: Tensor, batch: int) -> Tensor:
    """As many samples as are wanted, the given ones over and over."""
    times = -(-batch // len(x))
    return torch.cat([x] * times)[:batch].clone()


def _is_step(each: object) -> bool:
    return isinstance(each, (fx.Proxy, fx.Node))


def _name(node: fx.Node) -> str:
    return str(node.target) if node.op == "call_module" else ""


def _has_tensor(seen: Any) -> bool:
    return any(isinstance(each, (Seen, Tensor)) for each in flat(seen))


def _again(seen: Any, values: Any) -> Any:
    """Values in the form in which the step gave its tensors."""
    if isinstance(seen, tuple):
        return tuple(_again(each, values) for each in seen)
    return next(values) if isinstance(seen, Seen) else seen
