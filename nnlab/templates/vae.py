"""A variational autoencoder."""

from nnlab.core.chain import layer, row_block, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph
from nnlab.core.ready import READY
from nnlab.core.template import TEMPLATES, Template

CODE = 4

NOTES = """\
The encoder says of each picture where its code lies and how far it may stray; a code is drawn there by chance, and the \
decoder draws the picture from it (Kingma and Welling, 2013). The second Output is a penalty, not an answer: it keeps all \
codes close to a standard normal distribution, so that codes drawn from it later give digits too.
Try next: change the weight of the Output called Penalty: at 0 this is an ordinary autoencoder, at 0.1 all digits look alike.
"""


def network() -> Graph:
    """Encoder, code and decoder, and the penalty beside them."""
    encoder = {
        "flat": layer("Flatten"), "wide": layer("Linear", out_features=64), "gelu_1": layer("GELU"),
        "narrow": layer("Linear", out_features=48), "gelu_2": layer("GELU"),
    }  # fmt: skip
    decoder = {
        "widen": layer("Linear", out_features=48), "gelu_1": layer("GELU"), "wide": layer("Linear", out_features=64),
        "gelu_2": layer("GELU"), "pixels": layer("Linear", out_features=64),
        "picture": layer("Unflatten", dim=1, unflattened_size="1, 8, 8"),
    }  # fmt: skip
    return wired(
        {
            "input": layer("Input"),
            "encoder": row_block("Encoder", encoder),
            "code": READY["vae-bottleneck"].block().with_(code_size=CODE),
            "decoder": row_block("Decoder", decoder),
            "picture": layer("Output"),
            "penalty": layer("Output", weight=0.001),
        },
        *("input > encoder", "encoder > code", "code > decoder", "decoder > picture", "code.kl > penalty"),
    )


def make() -> Document:
    """The document of this template."""
    return Document(
        graph=network(),
        data=Data(dataset=DATASETS["digits"](), answer="input", standardise=False),
        training=Training(learning_rate=0.003, batch_size=32, epochs=40),
        title="Variational autoencoder",
        notes=NOTES,
    )


TEMPLATES.register("vae")(
    Template("Variational autoencoder", "Codes are drawn by chance, and a penalty keeps them together.", make, order=40)
)
