"""Beside a file's steps as they are drawn: each of them followed as strides, so that attention is known when it is met."""

from collections.abc import Callable, Sequence
from typing import Any

from nnlab.engine.imports.attention import attending
from nnlab.engine.imports.attention import drawn as attention_drawn
from nnlab.engine.imports.attention.strides import View
from nnlab.engine.imports.drawing import Drawing, Held, Turned, Unfit, Value
from nnlab.errors import FileError, SettingError, ShapeError

Seen = View | Held | Value | tuple[View | None, ...] | None
MISFITS = (
    Unfit, ShapeError, SettingError, TypeError, IndexError, KeyError, AttributeError, ValueError, ZeroDivisionError,
)  # fmt: skip


class Unseen:
    """In the place of a tensor that no node stands for, because what becomes of it is followed."""


class Following:
    """The tensors of a file, by the names that it has for them."""

    def __init__(self, d: Drawing) -> None:
        self.d = d
        self.views: dict[str, View] = {}
        self.poor: set[str] = set()
        """Tensors that depend on a step that no layer does."""

    def view(self, name: str, x: object) -> View | None:
        """A tensor as it is followed; None if it is not."""
        if name in self.views:
            return self.views[name]
        if isinstance(x, Value):
            return attending.view_of(self.d, x)
        if isinstance(x, Turned) and len(x.value.shape) == 2:
            return attending.view_of(self.d, x.value).swapped(0, 1)
        return None

    def step(
        self, follow: Callable[[], Seen], draw: Callable[[], Any], keep_parts: Callable[[], Any], given: Sequence[str], made: Sequence[str]
    ) -> Any:  # fmt: skip
        """What a step gives: attention where it is, else a layer, else a node for what no layer does."""
        try:
            seen = follow()
        except MISFITS:
            seen = None
        if isinstance(seen, Held):
            return seen
        self._note(seen, made)
        found = self._at_once(seen)
        if found is not None:
            return found
        before = self._kept()
        try:
            found, is_known = draw(), True
        except MISFITS:
            self._restore(before)
            found, is_known = None, False
        if is_known and not self.poor.intersection(given):
            attention_drawn.adopt(seen, found)
            return found
        after = self._kept()
        self._restore(before)
        better = self._settled(seen, always=True)
        if better is not None:
            return better
        self._restore(after)
        self.poor.update(made)
        return found if is_known else self._kept_parts(keep_parts, seen)

    def _kept_parts(self, keep_parts: Callable[[], Any], seen: Seen) -> Any:
        try:
            return keep_parts()
        except FileError:
            if isinstance(seen, View):
                return Unseen()
            raise

    def _at_once(self, seen: Seen) -> Any:
        """What needs no other way of drawing it: a value, or attention with all that belongs to it."""
        if isinstance(seen, tuple) and len(seen) > 1 and not any(seen[1:]):
            first = self._settled(seen[0], always=False)  # its looks come with it, which nobody may want
            return None if first is None else (first, *(Unseen() for _ in seen[1:]))
        return seen if isinstance(seen, Value) else self._settled(seen, always=False)

    def _note(self, seen: Seen, made: Sequence[str]) -> None:
        views = seen if isinstance(seen, tuple) else (seen,)
        self.views.update({n: each for n, each in zip(made, views, strict=False) if isinstance(each, View)})

    def _settled(self, seen: Seen, always: bool) -> Value | Turned | None:
        """The layer of a tensor that is followed, if it is the answer of one; attention at once, others where they are needed."""
        if not isinstance(seen, View) or not (always or attention_drawn.is_attention(seen)):
            return None
        before = self._kept()
        try:
            return attention_drawn.drawn(self.d, seen, whole=not always)
        except MISFITS:
            self._restore(before)
            return None

    def _kept(self) -> tuple[Any, ...]:
        d = self.d
        return dict(d.nodes), list(d.links), dict(d.starts), dict(d.values), dict(d.made_of)

    def _restore(self, kept: tuple[Any, ...]) -> None:
        self.d.nodes, self.d.links, self.d.starts, self.d.values, self.d.made_of = (type(each)(each) for each in kept)
