"""The first of thirty words, remembered to the end."""

from nnlab.core.chain import chain, layer
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES, Example

NOTES = """\
An animal, then 29 syllables that mean nothing: which animal was it? The answer has to be carried through all of them.
An LSTM can, if the gate that forgets starts wide open: its bias is 5 here, so that hardly anything is lost at first.
Try next: leave the forget bias empty, or put an RNN in the LSTM's place: both go on guessing for a long time. Then make \
the rows 60 words long.
"""


def make() -> Document:
    """The document of this example."""
    data = DATASETS["first-word"]()
    return Document(
        graph=chain(
            layer("Input"),
            layer("Embedding", num_embeddings=len(data.spec().vocabulary), embedding_dim=8),
            layer("LSTM", hidden_size=24, forget_bias=5.0),
            layer("LastStep"),
            layer("Linear", out_features=4),
            layer("Output"),
        ),
        data=Data(dataset=data),
        training=Training(learning_rate=0.02, batch_size=64, epochs=3, clip_norm=1.0),
        title="Remember the first word",
        notes=NOTES,
    )


EXAMPLES.register("first-word")(
    Example(
        title="Remember the first word",
        blurb="Carry one word through 29 others, in a memory whose gate starts open.",
        make=make,
        goal=0.97,
        order=221,
    )
)
