"""For models that torch.fx cannot read, since what they do depends on sizes: they are run once, and every step is noted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

from nnlab.engine.imports.naming import function_name, is_touched
from nnlab.errors import BuildError

Leaf = Callable[[nn.Module], bool]


def recorded(model: nn.Module, inputs: tuple[Tensor, ...], is_leaf: Leaf) -> fx.Graph:
    """The steps of one run as torch.fx would have written them; BuildError if the model cannot be run."""
    recorder = _Recorder(model, is_leaf)
    for k, each in enumerate(inputs):
        recorder.enter(f"x{k + 1}" if len(inputs) > 1 else "x", each)
    try:
        with recorder.modules(), recorder:
            answer = model(*inputs)
    except Exception as problem:
        said = (str(problem).strip().splitlines() or ["unknown reason"])[0][:200]
        raise BuildError(f"The model does not take this example input: {said}") from problem
    return recorder.ended(answer)


DECIDING = ("__bool__", "item", "tolist", "__int__", "__float__", "__index__")
"""What makes a plain number of a tensor, by which Python then goes on."""


class _Recorder(TorchFunctionMode):
    """Writes down each call of a torch function or module that gives a tensor."""

    def __init__(self, model: nn.Module, is_leaf: Leaf) -> None:
        super().__init__()
        self.graph = fx.Graph()
        self.model = model
        self.nodes: dict[int, fx.Node] = {}
        self.kept: list[Tensor] = []  # ids are those of living tensors alone
        self.names = {id(m): name for name, m in model.named_modules() if name}
        self.held = {id(p): name for name, p in [*model.named_parameters(), *model.named_buffers()]}
        self.is_leaf = is_leaf
        self.depth = 0
        self.decides = False
        self.stack: dict[str, tuple[str, Any]] = {}
        self.calls: dict[str, int] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """One call of a function of torch."""
        kwargs = kwargs or {}
        if self.depth:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name in DECIDING:
            self.decides = self.decides or any(self.nodes[id(a)].meta["touched"] for a in args if id(a) in self.nodes)
        if name == "__setitem__":
            node = self.graph.create_node("call_function", func, *self._seen((args, kwargs)))
            func(*args, **kwargs)
            self._note(node, args[0])
            return None
        if name == "__get__":  # an attribute: T is a tensor, a size is none
            noted, given = getattr, (*args[:1], getattr(getattr(func, "__self__", None), "__name__", ""))
        else:
            noted, given = func, args
        before = self._seen((given, kwargs))
        self.depth += 1
        try:
            result = func(*args, **kwargs)
        finally:
            self.depth -= 1
        if not _tensors(result):
            return result
        self._note(self.graph.create_node("call_function", noted, *before), result)
        return result

    @contextmanager
    def modules(self) -> Iterator[None]:
        """While this lasts, a call of a module that becomes one node is noted as one."""
        usual = nn.Module.__call__

        def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if self.depth or id(module) not in self.names:
                return usual(module, *args, **kwargs)
            if not self.is_leaf(module):
                with self._inside(module):
                    return usual(module, *args, **kwargs)
            before = self._seen((args, kwargs))
            self.depth += 1
            try:
                result = usual(module, *args, **kwargs)
            finally:
                self.depth -= 1
            self._note(self.graph.create_node("call_module", self.names[id(module)], *before), result)
            return result

        with mock.patch.object(nn.Module, "__call__", call):
            yield

    @contextmanager
    def _inside(self, module: nn.Module) -> Iterator[None]:
        """While this lasts, steps are those of a module that is made of others."""
        name = self.names[id(module)]
        many = self.calls[name] = self.calls.get(name, 0) + 1
        before = self.stack
        self.stack = {**before, name if many == 1 else f"{name}@{many - 1}": (name, type(module))}
        try:
            yield
        finally:
            self.stack = before

    def enter(self, name: str, tensor: Tensor) -> None:
        """One of the model's inputs."""
        node = self.graph.placeholder(name)
        node.meta.update(touched=True, seen=tensor)
        self.nodes[id(tensor)] = node
        self.kept.append(tensor)

    def ended(self, answer: Any) -> fx.Graph:
        """The graph, with what the model gives at its end."""
        end = self.graph.output(self._seen(answer if not isinstance(answer, dict) else dict(answer)))
        end.meta["decides"] = self.decides
        return self.graph

    def _seen(self, value: Any) -> Any:
        """The same with nodes in the place of tensors."""
        if isinstance(value, Tensor):
            return self.nodes.get(id(value)) or self._brought(value)
        if isinstance(value, dict):
            return {key: self._seen(each) for key, each in value.items()}
        if isinstance(value, (tuple, list)):
            return type(value)(self._seen(each) for each in value) if type(value) in (tuple, list) else tuple(value)
        return value

    def _brought(self, tensor: Tensor) -> fx.Node:
        node = self.graph.create_node("get_attr", self.held.get(id(tensor), "brought along"))
        node.meta.update(touched=False, seen=tensor)
        self.nodes[id(tensor)] = node
        self.kept.append(tensor)
        return node

    def _note(self, node: fx.Node, result: Any) -> None:
        leaf = {str(node.target): (str(node.target), nn.Module)} if node.op == "call_module" else {}
        node.meta["nn_module_stack"] = {**self.stack, **leaf}
        module = self.model.get_submodule(str(node.target)) if node.op == "call_module" else None
        name = function_name(node) if module is None else ""
        node.meta.update(
            touched=is_touched(any(a.meta["touched"] for a in node.all_input_nodes), name, module), seen=result
        )
        if isinstance(result, Tensor):
            self.nodes[id(result)] = node
            self.kept.append(result)
            return
        for k, each in enumerate(result if isinstance(result, (tuple, list)) else ()):
            if _tensors(each):
                import operator

                piece = self.graph.create_node("call_function", operator.getitem, (node, k))
                self._note(piece, each)


def _tensors(value: Any) -> bool:
    if isinstance(value, Tensor):
        return True
    return isinstance(value, (tuple, list)) and any(_tensors(each) for each in value)
