"""Undo and redo: the list of the documents before, each with the name of the edit that left it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

UNDO_LIMIT = 2_000  # documents share all that did not change, so this is a few megabytes


@dataclass(frozen=True)
class Step(Generic[T]):
    """One edit: its name and the value it made."""

    label: str
    value: T
    merge_key: str | None = None


class History(Generic[T]):
    """The present value, the ones before and after it, and which of them is on disk."""

    def __init__(self, value: T) -> None:
        self._steps = [Step("", value)]
        self._at = 0
        self._saved: T | None = value
        self.changed: Callable[[T, T], None] = lambda old, new: None
        """Called with (old, new) after every apply, undo and redo that changes the value."""

    @property
    def value(self) -> T:
        """The present value."""
        return self._steps[self._at].value

    def apply(self, label: str, value: T, merge_key: str | None = None) -> None:
        """Make `value` the present one; edits in a row with the same `merge_key` undo as one."""
        old = self.value
        if value is old or value == old:
            return
        step = self._steps[self._at]
        if merge_key is not None and step.merge_key == merge_key and self._at > 0 and step.value is not self._saved:
            self._steps[self._at :] = [Step(label, value, merge_key)]
        else:
            self._steps[self._at + 1 :] = [Step(label, value, merge_key)]
            self._at += 1
        excess = len(self._steps) - UNDO_LIMIT
        if excess > 0:
            del self._steps[:excess]
            self._at -= excess
        self.changed(old, value)

    def end_merge(self) -> None:
        """The next edit starts a step of its own, whatever its merge key (focus left, mouse released)."""
        step = self._steps[self._at]
        self._steps[self._at] = Step(step.label, step.value)

    @property
    def undo_label(self) -> str | None:
        """What undo would take back, or None."""
        return self._steps[self._at].label if self._at > 0 else None

    @property
    def redo_label(self) -> str | None:
        """What redo would do again, or None."""
        return self._steps[self._at + 1].label if self._at + 1 < len(self._steps) else None

    def undo(self) -> bool:
        """Go one edit back; False if there is none."""
        return self._go(-1)

    def redo(self) -> bool:
        """Go one edit forward; False if there is none."""
        return self._go(+1)

    @property
    def is_saved(self) -> bool:
        """The present value is the one on disk."""
        return self.value is self._saved or self.value == self._saved

    def mark_saved(self, value: T | None = None) -> None:
        """This value (the present one unless named) is now on disk."""
        self._saved = self.value if value is None else value

    def mark_unsaved(self) -> None:
        """Nothing of this is on disk (recovered work)."""
        self._saved = None

    def _go(self, by: int) -> bool:
        if not 0 <= self._at + by < len(self._steps):
            return False
        old = self.value
        self._at += by
        self.changed(old, self.value)
        return True
