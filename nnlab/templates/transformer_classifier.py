"""A transformer that judges sentences."""

from nnlab.core.chain import layer, wired
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.template import TEMPLATES, Template

WIDTH, HEADS, LAYERS = 32, 4, 2

NOTES = """\
Every word looks at every other one, twice over, and the mean of what they found is judged: the reading half of a transformer \
(Vaswani and others, 2017). The padding mask keeps the words that only fill up short sentences out of everything.
Try next: bypass the positions (it then sees a heap of words, and “not” can belong to any of them); more layers or heads.
"""


def make() -> Document:
    """The document of this template."""
    data = DATASETS["mood"]()
    spec = data.spec()
    return Document(
        graph=wired(
            {
                "words": layer("Input"),
                "embedding": layer("Embedding", num_embeddings=len(spec.vocabulary), embedding_dim=WIDTH),
                "positions": layer("PositionalEncoding", kind="learned"),
                "padding": layer("PaddingMask"),
                "encoder": layer("TransformerEncoder", nhead=HEADS, dim_feedforward=4 * WIDTH, num_layers=LAYERS),
                "mean": layer("SequencePool"),
                "mood": layer("Linear", out_features=spec.width),
                "output": layer("Output"),
            },
            *("words > embedding", "embedding > positions", "positions > encoder", "words > padding"),
            *("padding > encoder.padding", "encoder > mean", "padding > mean.mask", "mean > mood", "mood > output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.002, batch_size=32, epochs=12),
        title="Transformer classifier",
        notes=NOTES,
    )


TEMPLATES.register("transformer-classifier")(
    Template("Transformer classifier", "Every word looks at every other, and their mean is judged.", make, order=140)
)
