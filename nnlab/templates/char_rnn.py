"""A recurrent network that says the next letter."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.template import TEMPLATES, Template

NOTES = """\
It reads a story letter by letter and says at each place which letter comes next. What it has read so far is kept in the \
memory of the LSTM. About one letter in six cannot be known: which animal comes, and whether it is a big one.
Try next: an RNN or a GRU in the place of the LSTM; two layers of it; longer pieces, under Data.
"""


def make() -> Document:
    """The document of this template."""
    data = DATASETS["next-letter"]()
    spec = data.spec()
    return Document(
        graph=chain(
            layer("Input"),
            layer("Embedding", num_embeddings=len(spec.vocabulary), embedding_dim=16),
            layer("LSTM", hidden_size=64),
            layer("Linear", out_features=spec.width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.005, batch_size=32, epochs=10, clip_norm=1.0),
        title="Char-RNN",
        notes=NOTES,
    )


TEMPLATES.register("char-rnn")(
    Template("Char-RNN", "Reads letter by letter with a memory, and says each next letter.", make, order=120)
)
