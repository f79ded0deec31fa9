"""The Template contract: a well-known architecture that opens laid out, checks clean and trains on data that fit it."""

from collections.abc import Callable
from dataclasses import dataclass

from nnlab.core.document import Document
from nnlab.registry import Registry


@dataclass(frozen=True)
class Template:
    """One architecture to start from. Unlike an example it promises no result: it is there to be changed."""

    title: str
    blurb: str
    """One sentence: what makes this architecture what it is."""
    make: Callable[[], Document]
    order: int = 100
    """Where it stands in the list."""

    def document(self) -> Document:
        """The project as it opens."""
        return self.make()


TEMPLATES: Registry[Template] = Registry("nnlab.templates", "template")
