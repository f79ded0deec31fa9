"""English translated into Zed by a small transformer."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

WIDTH, HEADS = 48, 4

NOTES = """\
Zed is a made-up language: "the big dog saw some cats" is "mip -i taro gur pel". The encoder reads the English sentence; \
the decoder looks at it and at the Zed words so far, and says which word comes next.
While training, the words so far are those of the right translation (teacher forcing), and all places are answered at \
once. The figure is the share of sentences with every place right. In such a sentence each word is right given the right \
words before it, so the network writing on its own, always with its likeliest word, writes exactly the same sentence.
About 390 of the 400 validation sentences never occur in training: it has learned the rules, not the sentences.
Try next: a decoder that may look ahead (it cheats, and is lost when it writes on its own), or one without positions.
"""


def make() -> Document:
    """The document of this example."""
    data = DATASETS["zed"]()
    spec = data.spec()
    english, so_far = spec.fields
    half = {"nhead": HEADS, "dim_feedforward": 4 * WIDTH}
    return Document(
        graph=wired(
            {
                "english": layer("Input", source=english.name),
                "english_words": layer("Embedding", num_embeddings=len(english.vocabulary), embedding_dim=WIDTH),
                "english_places": layer("PositionalEncoding"),
                "padding": layer("PaddingMask"),
                "encoder": layer("TransformerEncoderLayer", **half),
                "so_far": layer("Input", source=so_far.name),
                "zed_words": layer("Embedding", num_embeddings=len(so_far.vocabulary), embedding_dim=WIDTH),
                "zed_places": layer("PositionalEncoding"),
                "decoder": layer("TransformerDecoderLayer", **half),
                "next_word": layer("Linear", out_features=spec.width),
                "output": layer("Output"),
            },
            "english > english_words",
            "english_words > english_places",
            "english_places > encoder",
            "english > padding",
            "padding > encoder.padding",
            "so_far > zed_words",
            "zed_words > zed_places",
            "zed_places > decoder",
            "encoder > decoder.memory",
            "padding > decoder.memory_padding",
            "decoder > next_word",
            "next_word > output",
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.002, batch_size=64, epochs=10),
        title="English to Zed",
        notes=NOTES,
    )


EXAMPLES.register("zed")(
    Example(
        title="English to Zed",
        blurb="Translate into a made-up language: the verb goes to the end, adjectives change places.",
        make=make,
        goal=0.97,
        order=222,
    )
)
