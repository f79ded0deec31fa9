"""A transformer that writes, as small as can be."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.ready import READY
from nnlab.core.schedule import SCHEDULES
from nnlab.core.template import TEMPLATES, Template

WIDTH, HEADS, BLOCKS = 48, 4, 3

NOTES = """\
Letters become rows of numbers, positions are added, and the same block follows three times: attention, then two Linear layers, \
each with a norm before it and a wire that leads past it (Radford and others, 2019). Attention is causal: no letter may look \
at a later one, so at all places at once the network learns to say what comes next.
Try next: open the block and turn Causal off: it reads the answer off the next place, and learns nothing; or repeat the \
block more often.
"""


def make() -> Document:
    """The document of this template."""
    data = DATASETS["next-letter"]()
    spec = data.spec()
    block = READY["encoder-pre-norm"].block((spec.input_shape[0], WIDTH))
    return Document(
        graph=chain(
            layer("Input"),
            layer("Embedding", num_embeddings=len(spec.vocabulary), embedding_dim=WIDTH),
            layer("PositionalEncoding", kind="learned"),
            block.with_(called="GPT block", heads=HEADS, causal=True, repeat=BLOCKS),
            layer("LayerNorm"),
            layer("Linear", out_features=spec.width),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.003, schedule=SCHEDULES["cosine"](), batch_size=32, epochs=10),
        title="Tiny GPT",
        notes=NOTES,
    )


TEMPLATES.register("tiny-gpt")(
    Template("Tiny GPT", "Attention that may only look back learns to say each next letter.", make, order=150)
)
