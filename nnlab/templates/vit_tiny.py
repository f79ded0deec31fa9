"""A transformer that looks at pictures."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.ready import READY
from nnlab.core.schedule import SCHEDULES
from nnlab.core.template import TEMPLATES, Template

WIDTH, HEADS, BLOCKS, PATCH = 48, 4, 4, 2
PATCHES = 16

NOTES = """\
The picture is cut into patches of 2 × 2 pixels, and these are read like the words of a sentence (Dosovitskiy and others, 2020). \
A learned row before them gathers the answer: only what it holds at the end is judged. Nothing tells the network that \
neighbours belong together, so it needs more pictures than a convolution does.
Try next: patches of 4 × 4, or fewer blocks.
"""


def make() -> Document:
    """The document of this template."""
    data = DATASETS["digits"]()
    block = READY["encoder-pre-norm"].block((PATCHES + 1, WIDTH))
    return Document(
        graph=chain(
            layer("Input"),
            layer("PatchEmbedding", patch=PATCH, size=WIDTH),
            block.with_(called="Encoder", heads=HEADS, repeat=BLOCKS),
            layer("LayerNorm"),
            layer("Slice", dim=1, end=1),
            layer("Flatten"),
            layer("Linear", out_features=data.spec().width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.002, schedule=SCHEDULES["cosine"](), batch_size=32, epochs=15),
        title="ViT, tiny",
        notes=NOTES,
    )


TEMPLATES.register("vit-tiny")(
    Template("ViT, tiny", "Cuts a picture into patches and reads them like the words of a sentence.", make, order=160)
)
