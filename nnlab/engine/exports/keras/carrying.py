"""Statements after a model is made: what PyTorch has learned is taken over, and what is frozen is held still."""

from collections.abc import Callable
from functools import partial

from nnlab.engine.exports.keras.code import BlockCode, handed
from nnlab.engine.exports.keras.scope import Scope
from nnlab.engine.exports.keras.text import folded

Done = Callable[[str], str]
"""The statement for a layer at this place."""


def taking(scope: Scope) -> list[str]:
    """Statements that give every layer what PyTorch has learned."""
    lines = []
    for n in _owners(scope):
        code = scope.codes[n]
        for name, numbers in code.numbers:
            called, start = name.format(name=scope.plan.name(n)), scope.names[n]
            if isinstance(code, BlockCode) and _is_row(code):
                start = f'f"{start}.{"" if code.row else "blocks."}{{k}}.'
                done = partial(handed, numbers=numbers.replace('"{s}.', start))
                lines += _each_copy(scope, n, code, called, done, counted=True)
                continue
            start += ".block" if isinstance(code, BlockCode) and code.times > 1 else ""
            lines += folded(handed(scope.place(n, called), numbers.format(s=start)))
    return lines


def freezing(scope: Scope) -> list[str]:
    """Statements that hold still what is not to learn."""
    lines = []
    for n in _owners(scope):
        code, frozen = scope.codes[n], scope.graph.nodes[n].learning.frozen
        freezes = isinstance(code, BlockCode) and code.freezes and not frozen
        for name, _ in code.numbers if frozen or freezes else ():
            done = partial(_held, how=".freeze()" if freezes else ".trainable = False")
            called = name.format(name=scope.plan.name(n))
            if isinstance(code, BlockCode) and _is_row(code):
                lines += _each_copy(scope, n, code, called, done, counted=False)
            else:
                lines.append(done(scope.place(n, called)))
    return lines


def _held(place: str, how: str) -> str:
    return f"{place}{how}"


def _owners(scope: Scope) -> list[str]:
    return [n for n in scope.steps if scope.plan.owner(n) == n]


def _is_row(code: BlockCode) -> bool:
    """Whether there are several copies, with numbers of their own."""
    return code.times > 1 and not code.shared


def _each_copy(scope: Scope, node_id: str, code: BlockCode, called: str, done: Done, counted: bool) -> list[str]:
    if not scope.inside:
        place = f'model.get_layer(f"{called}_{{k + 1}}")'
        return [f"for k in range({code.times}):", f"    {done(place)}"]
    holder = scope.place(node_id, called)
    head = f"for k, block in enumerate({holder}):" if counted else f"for block in {holder}:"
    return [head, f"    {done('block')}"]
