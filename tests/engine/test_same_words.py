"""What torch refuses is told in the words of the check, wherever a network is trained."""

import pytest

from nnlab.core.chain import chain, layer
from nnlab.core.check import check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.layer import Layer
from nnlab.engine.headless import run_to_end
from nnlab.errors import BuildError


def network(data: str, *layers: Layer, **training: object) -> Document:
    graph = chain(layer("Input"), *layers, layer("Output"))
    return Document(graph, Data(dataset=DATASETS[data]()), Training().with_(epochs=1, device="cpu", **training))


WRONG = {
    "an Embedding that is too small": network(
        "first-word",
        layer("Embedding", num_embeddings=3),
        layer("LSTM"),
        layer("LastStep"),
        layer("Linear", out_features=4),
    ),
    "a batch norm of single samples": network(
        "moons", layer("Linear"), layer("BatchNorm1d"), layer("Tanh"), layer("Linear", out_features=2), batch_size=1
    ),
    "a row into a convolution": network("moons", layer("Conv2d"), layer("Flatten"), layer("Linear", out_features=2)),
    "words into an LSTM": network("first-word", layer("LSTM"), layer("LastStep"), layer("Linear", out_features=4)),
    "a sequence to the end": network("hourly-load", layer("GRU"), layer("Linear", out_features=6)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_training_refuses_with_the_sentence_of_the_check(wrong: str) -> None:
    document = WRONG[wrong]
    first = check(document)[0]
    with pytest.raises(BuildError) as refused:
        run_to_end(document)
    assert str(refused.value) == first.message.replace(f"({first.node}) ", "")
    assert refused.value.node == first.node
