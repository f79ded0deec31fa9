"""Attention finds the colour of each animal."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

WIDTH = 32

NOTES = """\
The black cat chased the dog that was white: at each animal the network is to say its colour. Attention lets every word \
look at every other one. Its second output is who looks at whom: each animal looks at its own colour, most of all.
Without positions it only sees a heap of words: of two colours it then has to guess whose is whose, and gets about 62 % right.
Try next: bypass the positional encoding, or take 2 heads.
"""


def make() -> Document:
    """The document of this example."""
    data = DATASETS["colours"]()
    spec = data.spec()
    return Document(
        graph=wired(
            {
                "words": layer("Input"),
                "embedding": layer("Embedding", num_embeddings=len(spec.vocabulary), embedding_dim=WIDTH),
                "places": layer("PositionalEncoding", kind="learned"),
                "padding": layer("PaddingMask"),
                "attention": layer("MultiheadAttention", num_heads=1),
                "add": layer("Add"),
                "norm": layer("LayerNorm"),
                "inner": layer("Linear", out_features=2 * WIDTH),
                "relu": layer("ReLU"),
                "outer": layer("Linear", out_features=WIDTH),
                "add_2": layer("Add"),
                "norm_2": layer("LayerNorm"),
                "colour": layer("Linear", out_features=spec.width),
                "output": layer("Output"),
            },
            "words > embedding",
            "embedding > places",
            "words > padding",
            "places > attention.q",
            "padding > attention.padding",
            "places > add",
            "attention > add",
            "add > norm",
            "norm > inner",
            "inner > relu",
            "relu > outer",
            "norm > add_2",
            "outer > add_2",
            "add_2 > norm_2",
            "norm_2 > colour",
            "colour > output",
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.003, batch_size=64, epochs=6),
        title="Whose colour",
        notes=NOTES,
    )


EXAMPLES.register("colours")(
    Example(
        title="Whose colour",
        blurb="Watch each animal of a sentence look for its own colour.",
        make=make,
        goal=0.98,
        order=223,
    )
)
