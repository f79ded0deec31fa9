"""The network as torch.export traces it, for any number of samples; and which layer it is that a form cannot hold."""

import contextlib
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from nnlab.core.layer import MISSING, PortKind, Shape, TorchCode
from nnlab.errors import BuildError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nnlab.engine.exports.trained import Trained

T = TypeVar("T")
Maker = Callable[["nn.Module", "tuple[Tensor, ...]"], T]
"""Makes a file of a module and the samples to trace it with."""

LOUD = ("torch.onnx", "torch.export", "torch._export", "onnxscript", "onnx_ir")
BATCH = 3  # samples to trace with: neither 0 nor 1, which torch.export takes for sizes that never change
OPERATION = re.compile(r"\b(?:aten|prims|quantized|torchvision)[:.]+(\w+)")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what torch's exporters say of themselves; errors still come through."""
    loggers = [logging.getLogger(name) for name in LOUD]
    levels = [each.level for each in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in loggers:
            each.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for each, level in zip(loggers, levels, strict=True):
                each.setLevel(level)


def trace(model: "nn.Module", inputs: "tuple[Tensor, ...]") -> Any:
    """The module as an exported program that takes any number of samples; raises whatever torch raises."""
    import torch

    batch = torch.export.Dim("batch", min=1)
    with _sizes_kept_free():
        program = torch.export.export(model, inputs, dynamic_shapes=tuple({0: batch} for _ in inputs))
    for module in program.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)  # it names folders of this computer
    return program


def _sizes_kept_free() -> Any:
    """While this lasts, functions that torch.export can only follow for one number of samples are others that are equal."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Kept(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is torch.take_along_dim:
                x, index, dim = args
                sizes = (-1 if k == dim else n for k, n in enumerate(x.shape))
                return x.gather(dim, index.expand(*sizes))
            return func(*args, **(kwargs or {}))

    return Kept()


def held(form: str, subject: "Trained", make: "Maker[T]") -> T:
    """What `make` makes of the network; BuildError with the layer at fault if it cannot."""
    with quiet():
        try:
            return make(subject.network, subject.samples)
        except Exception as problem:
            raise _refusal(form, subject, make, problem) from problem


def _refusal(form: str, subject: "Trained", make: "Maker[T]", problem: Exception) -> BuildError:
    """Which layer it is: each is tried by itself, in the graph's order."""
    graph = subject.document.graph
    for node_id in subject.order:
        node, shapes = graph.nodes[node_id], subject.document.shapes[node_id].inputs
        code = node.layer.torch_code(*shapes)
        if code.forward == "{0}":
            continue
        try:
            make(lone(code, shapes), _made_up(shapes, subject.kinds_into(node_id)))
        except Exception as its_own:  # noqa: BLE001 - as above
            return BuildError(
                f"{node.title} cannot be written as {form}{_why(its_own)}: export Python code instead", node_id
            )
    return BuildError(f"This network cannot be written as {form}{_why(problem)}: export Python code instead")


def lone(code: TorchCode, shapes: Sequence[Shape]) -> "nn.Module":
    """One layer as a module of its own, which takes the inputs that are wired; without one, anything with samples."""
    from nnlab.engine.compile import run_text

    names = [f"x{k}" if shape != MISSING else "None" for k, shape in enumerate(shapes)]
    taken = [name for name in names if name != "None"] or ["x"]
    lines = [*(each.text for each in code.support), "class Lone(nn.Module):", "    def __init__(self):"]
    lines += ["        super().__init__()", f"        self.layer = {code.module.source() if code.module else None}"]
    lines += [
        f"    def forward(self, {', '.join(taken)}):",
        f"        r = {code.forward.format(*names, self='self.layer', batch=f'{taken[0]}.shape[0]')}",
        f"        return {', '.join(each.format(r='r') for each in code.results)}",
    ]
    made: nn.Module = run_text("\n".join(lines) + "\n")["Lone"]()
    return made.eval()


def _made_up(shapes: Sequence[Shape], kinds: Sequence[PortKind]) -> "tuple[Tensor, ...]":
    import torch

    found = []
    for shape, kind in zip(shapes, kinds, strict=True):
        if shape == MISSING:
            continue
        if kind in "ie":
            found.append(torch.zeros(BATCH, *shape, dtype=torch.int64))
        else:
            found.append(torch.zeros(BATCH, *shape, dtype=torch.bool) if kind == "m" else torch.rand(BATCH, *shape))
    return tuple(found) or (torch.rand(BATCH, 1),)


def _why(problem: BaseException) -> str:
    """The operation that has no equal, where torch says which; or that the number of samples is wired in."""
    said: BaseException | None = problem
    while said is not None:
        found = OPERATION.search(str(said))
        if found:
            return f" (its operation {found[1]} has no equal there)"
        if "Constraints violated" in str(said) or "specialized" in str(said):
            return " (it works for one number of samples only)"
        said = said.__cause__
    return ""
