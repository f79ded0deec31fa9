"""Digits drawn clean again."""

from nnlab.core.chain import chain, dense, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
Noise is put on each picture before the network sees it, and it has to draw the picture as it was without. It cannot copy \
what it sees, so it must know what digits look like (Vincent and others, 2008). The noise is there while training only.
Try next: more noise, a narrower middle, or convolutions in the place of Linear layers.
"""


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=chain(
            layer("Input"),
            layer("GaussianNoise", sigma=0.4),
            layer("Flatten"),
            *dense(64, 24, 64, 64, activation="GELU"),
            layer("Unflatten", dim=1, unflattened_size="1, 8, 8"),
            layer("Output"),
        ),
        data=Data(dataset=DATASETS["digits"](), answer="input", standardise=False),
        training=Training(learning_rate=0.003, batch_size=32, epochs=30),
        title="Denoising autoencoder",
        notes=NOTES,
    )


TEMPLATES.register("denoising-autoencoder")(
    Template("Denoising autoencoder", "Draws pictures clean again that it saw through noise.", make, order=30)
)
