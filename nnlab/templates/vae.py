"""A variational autoencoder."""

from dataclasses import replace

from nnlab.core.chain import layer, row_block, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph
from nnlab.core.layer import Layer
from nnlab.core.template import TEMPLATES, Template

CODE = 4

NOTES = """\
The encoder says of each picture where its code lies and how far it may stray; a code is drawn there by chance, and the \
decoder draws the picture from it (Kingma and Welling, 2013). Open the encoder to see how. The second Output is a penalty, \
not an answer: it keeps all codes close to a standard normal distribution, so that codes drawn from it give digits too.
Try next: change the weight of the Output called Penalty: at 0 this is an ordinary autoencoder, at 0.1 all digits look alike.
"""


def encoder() -> Layer:
    """A mean and a spread for each number of the code, the code drawn from them, and what that costs."""
    inner = wired(
        {
            "x": layer("BlockInput"),
            "flat": layer("Flatten"),
            "wide": layer("Linear", out_features=64),
            "gelu_1": layer("GELU"),
            "narrow": layer("Linear", out_features=48),
            "gelu_2": layer("GELU"),
            "mean": layer("Linear", out_features=CODE),
            "log_variance": layer("Linear", out_features=CODE),
            "draw": layer("Reparameterise"),
            "code": layer("BlockOutput", name="code"),
            "kl": layer("BlockOutput", name="kl"),
        },
        *("x > flat", "flat > wide", "wide > gelu_1", "gelu_1 > narrow", "narrow > gelu_2", "gelu_2 > mean"),
        *(
            "gelu_2 > log_variance",
            "mean > draw.mean",
            "log_variance > draw.log_variance",
            "draw > code",
            "draw.kl > kl",
        ),
    )
    promoted = (("code_size", ("mean.out_features", "log_variance.out_features")),)
    return layer("Block", called="Encoder", inner=inner, promoted=promoted)


def decoder() -> Layer:
    """From a code back to a picture."""
    return row_block(
        "Decoder",
        {
            "widen": layer("Linear", out_features=48),
            "gelu_1": layer("GELU"),
            "wide": layer("Linear", out_features=64),
            "gelu_2": layer("GELU"),
            "pixels": layer("Linear", out_features=64),
            "picture": layer("Unflatten", dim=1, unflattened_size="1, 8, 8"),
        },
    )


def network() -> Graph:
    """Encoder and decoder, and the penalty beside them."""
    graph = wired(
        {
            "input": layer("Input"),
            "encoder": encoder(),
            "decoder": decoder(),
            "output": layer("Output"),
            "penalty": layer("Output", weight=0.001),
        },
        *("input > encoder", "encoder.code > decoder", "decoder > output", "encoder.kl > penalty"),
    )
    return graph.with_node(replace(graph.node("penalty"), name="Penalty"))


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
