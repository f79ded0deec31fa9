"""The ReadyBlock contract: a block that everybody needs, made to fit the wire that it is put on."""

from collections.abc import Callable
from dataclasses import dataclass

from nnlab.core.blocks.block import Block
from nnlab.core.layer import Shape
from nnlab.registry import Registry


@dataclass(frozen=True)
class ReadyBlock:
    """One line of the palette under Blocks."""

    title: str
    blurb: str
    """One sentence: what it is for."""
    make: Callable[[Shape | None], Block]
    """The block for a wire that carries this shape; None where that is not known."""
    tier: int = 2
    fits: tuple[Shape, ...] = ()
    """Shapes that it takes: the tests build on them."""

    def block(self, shape: Shape | None = None) -> Block:
        """The block, under its title."""
        return self.make(shape).with_(called=self.title)


READY: Registry[ReadyBlock] = Registry("nnlab.blocks", "ready block")
