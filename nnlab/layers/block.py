"""Blocks and their ends, filed among the layers; what they are stands in core, where networks nest."""

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.layer import LAYERS

LAYERS.register("Block")(Block)
LAYERS.register("BlockInput")(BlockInput)
LAYERS.register("BlockOutput")(BlockOutput)
