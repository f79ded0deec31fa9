"""The Example contract: a project that opens laid out, checks clean and trains to the result it states."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from nnlab.core.document import Document
from nnlab.registry import Registry


@dataclass(frozen=True)
class Example:
    """One card of the welcome page."""

    title: str
    blurb: str
    """One sentence: what one sees happen."""
    make: Callable[[], Document]
    goal: float
    """Validation metric that training it reaches: accuracy for classes, R² for values."""
    order: int = 100
    """Where its card stands."""
    loss_goal: float | None = None
    """Validation loss that it gets below, where the result is stated so."""

    def document(self) -> Document:
        """The project as it opens, with its goal among the fields that files keep."""
        document, goals = self.make(), {"goal": self.goal}
        goals |= {"loss_goal": self.loss_goal} if self.loss_goal is not None else {}
        return replace(document, extra={**document.extra, **goals})


EXAMPLES: Registry[Example] = Registry("nnlab.examples", "example")
