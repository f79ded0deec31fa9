"""A recurrent layer that can be opened: what one step does, and the loop around it."""

from nnlab.core.blocks.block import Block, named
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.chain import layer, wired
from nnlab.core.layer import Shape
from nnlab.core.ready import READY, ReadyBlock

WIDTH = 16


def own_cell(shape: Shape | None) -> Block:
    """The next state is made of the step and of the state before; it is the answer to the step as well."""
    inner = wired(
        {
            "step": BlockInput(name="x"),
            "state": BlockInput(name="h", order=1),
            "of_step": layer("Linear", out_features=WIDTH),
            "of_state": layer("Linear", out_features=WIDTH, bias=False),
            "both": layer("Add"),
            "tanh": layer("Tanh"),
            "next": BlockOutput(),
        },
        "step > of_step",
        "state > of_state",
        "of_step > both",
        "of_state > both",
        "both > tanh",
        "tanh > next",
    )
    width = ("of_step.out_features", "of_state.out_features")
    return Block(inner=inner, repeat_as="time", promoted=named({"units": width}))


READY.register("own-cell")(
    ReadyBlock(
        "Own recurrent cell",
        "Runs once for each step of a sequence and carries a state on; open it to make a cell of your own.",
        own_cell,
        3,
        ((7, 3), (12, 8)),
    )
)
