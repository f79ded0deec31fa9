"""Layers of plain arithmetic, whichever the catalogue has: known by the last step of the text that they print.

So a layer that somebody adds in a file of its own comes back from exported code, and nobody has to say so here.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice, product
from typing import Any

from torch import fx

from nnlab.core.layer import LAYERS, Layer, Shape
from nnlab.core.param import Param
from nnlab.engine.imports.naming import plain_name
from nnlab.errors import NNLabError

TRIED = 64  # settings of one layer at one step
SEVERAL = 4  # numbers that a setting may have, of those that stand in the steps
ROWS: tuple[Shape, ...] = ((4,), (3, 8, 8))
TYPED = frozenset({"Expression"})
"""Layers whose text is what their user typed: they are read as formulas."""

Traced = Callable[[str], fx.Node | None]


def layers_that_end(
    node: fx.Node, numbers: list[float], traced: Traced
) -> Iterator[tuple[Layer, tuple[Shape, ...], int]]:
    """Layers whose text may end in this step, with the numbers that stand there as settings."""
    for id_ in _by_last_step(traced).get(plain_name(node), ()):
        kind = LAYERS[id_]
        shapes = (tuple(node.meta["seen"].shape[1:]),) * max(1, len(kind.inputs))
        for settings in islice(_settings(kind, numbers), TRIED):
            try:
                layer = kind(**settings)
                layer.output_shapes(*shapes)
            except NNLabError:
                continue
            yield layer, shapes, 0


def _settings(kind: type[Layer], numbers: list[float]) -> Iterator[dict[str, Any]]:
    """Settings of this kind: the usual ones first, then those that the numbers allow."""
    params, usual = list(kind.params()), kind()
    for values in product(*(_values(p, getattr(usual, p.name), numbers) for p in params)):
        yield {p.name: value for p, value in zip(params, values, strict=True)}


def _values(p: Param, usual: Any, numbers: list[float]) -> list[Any]:
    if p.kind == "bool":
        return [usual, not usual]
    if p.kind == "choice":
        return [usual, *(value for value, _ in p.choices if value != usual)]
    if p.kind == "float":
        return [*dict.fromkeys(map(float, numbers))][:SEVERAL] or [usual]
    if p.kind == "int":
        return [*dict.fromkeys(int(n) for n in numbers if n == int(n))][:SEVERAL] or [usual]
    return [usual]


@lru_cache(maxsize=1)
def _by_last_step(traced: Traced) -> dict[str, tuple[str, ...]]:
    """The kinds of layers whose text has several steps, by what the last one is called."""
    found: dict[str, tuple[str, ...]] = {}
    for id_, kind in LAYERS.items():
        last = None if id_ in TYPED else _last_step(kind, traced)
        if last is not None and any(each.op != "placeholder" for each in last.all_input_nodes):
            found[plain_name(last)] = (*found.get(plain_name(last), ()), id_)
    return found


def _last_step(kind: type[Layer], traced: Traced) -> fx.Node | None:
    """The last step of what a layer of this kind prints, if it needs neither module nor definition."""
    for shapes in kind.fits or tuple((row,) * max(1, len(kind.inputs)) for row in ROWS):
        try:
            layer = kind()
            layer.output_shapes(*shapes)
            code = layer.torch_code(*shapes)
        except NNLabError:
            continue
        plain = code.module is None and not code.support and len(code.results) == 1 and not kind.is_entry
        return traced(code.forward) if plain else None
    return None
