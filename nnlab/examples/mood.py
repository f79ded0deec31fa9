"""The mood of a review, said after each of its words."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
The network reads a review word by word: the film was not bad but the ending was very dull. A GRU keeps what it has \
understood so far, and a layer makes a mood of it after every word. Only the mood after the last word is judged.
Look at the layer Linear in the activations: it changes its mind at "not", and again at "but the ending".
Counting words is no use here: it is right for about half of the reviews, as tossing a coin is.
Try next: an RNN in the place of the GRU, or 4 units.
"""


def make() -> Document:
    """The document of this example."""
    data = DATASETS["mood"]()
    return Document(
        graph=wired(
            {
                "words": layer("Input"),
                "embedding": layer("Embedding", num_embeddings=len(data.spec().vocabulary), embedding_dim=8),
                "gru": layer("GRU", hidden_size=16),
                "mood": layer("Linear", out_features=2),
                "padding": layer("PaddingMask"),
                "last": layer("LastStep"),
                "output": layer("Output"),
            },
            "words > embedding",
            "embedding > gru",
            "gru > mood",
            "mood > last",
            "words > padding",
            "padding > last.mask",
            "last > output",
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.005, batch_size=32, epochs=8),
        title="Mood after each word",
        notes=NOTES,
    )


EXAMPLES.register("mood")(
    Example(
        title="Mood after each word",
        blurb="Read reviews word by word, and see the mood turn at a single “not”.",
        make=make,
        goal=0.97,
        order=220,
    )
)
