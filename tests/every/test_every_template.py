"""What every template promises: it opens laid out, checks clean, survives a file, trains and is exported."""

from itertools import combinations

import numpy as np
import pytest

import nnlab
from nnlab import Project
from nnlab.cli.main import main
from nnlab.core.check import check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.core.layout import GAP_X, GAP_Y, HEIGHT, WIDTH
from nnlab.core.template import TEMPLATES, Template
from nnlab.core.wrapping import tidy
from nnlab.engine.compile import run_text
from nnlab.engine.export import python
from nnlab.engine.loop import Loop
from nnlab.files.codec import document_from_dict, document_to_dict
from nnlab.registry import UnknownKind

ARCHITECTURES = {
    "perceptron": "perceptron",
    "XOR MLP": "xor",
    "2-D spirals MLP": "spiral",
    "linear regression": "linear-regression",
    "autoencoder": "two-number-digits",
    "denoising autoencoder": "denoising-autoencoder",
    "VAE": "vae",
    "LeNet-5": "lenet-5",
    "AlexNet-mini": "alexnet-mini",
    "VGG-mini": "vgg-mini",
    "ResNet-18": "resnet-18",
    "ResNet-50": "resnet-50",
    "MobileNet-mini": "mobilenet-mini",
    "U-Net-mini": "outlines",
    "DCGAN": "dcgan",
    "char-RNN": "char-rnn",
    "LSTM forecaster": "lstm-forecaster",
    "sentiment GRU": "mood",
    "Transformer encoder classifier": "transformer-classifier",
    "Transformer, encoder and decoder": "zed",
    "tiny GPT": "tiny-gpt",
    "ViT-tiny": "vit-tiny",
    "Siamese": "siamese",
    "multi-task two-head": "two-heads",
    "GCN on a small graph": "karate-club",
    "DQN net": "dqn",
}
"""Each architecture that the lab promises, as a template or as an example."""
PARAMETERS = {
    "perceptron": 3,
    "linear-regression": 11,
    "lenet-5": 61_706,
    "resnet-18": 701_208,
    "resnet-50": 1_483_160,
    "siamese": 21_220,
}
"""How many numbers they learn, counted by hand; that of the others is only held to what PyTorch makes."""
WITH_WEIGHTS = {"lenet-5": 5, "alexnet-mini": 8, "resnet-18": 18, "resnet-50": 50}
"""Layers with weights on the longest way, as the name of the architecture says."""


def test_every_architecture_that_is_promised_is_there() -> None:
    assert set(ARCHITECTURES.values()) <= {*TEMPLATES, *EXAMPLES}
    assert set(TEMPLATES) <= set(ARCHITECTURES.values())


def test_a_name_means_one_thing() -> None:
    assert not set(TEMPLATES) & set(EXAMPLES)
    titles = [thing.title for thing in (*TEMPLATES.values(), *EXAMPLES.values())]
    assert len(set(titles)) == len(titles)
    assert len({template.order for template in TEMPLATES.values()}) == len(TEMPLATES)


def test_they_are_listed_and_opened_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert {entry["id"] for entry in nnlab.templates()} == set(TEMPLATES)
    assert main(["templates"]) == 0
    said = capsys.readouterr().out
    assert all(template.blurb in said for template in TEMPLATES.values())
    assert main(["check", "lenet-5"]) == 0
    assert "61 706" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(UnknownKind, match="did you mean resnet-18"):
        Project.template("resnet18")


def few(document: Document) -> Document:
    """The same on as few samples as its data can be made of, for one epoch."""
    dataset = document.data.dataset
    names = [p.name for p in dataset.params()]
    sizes = {name: 48 if name == "samples" else 16 for name in ("samples", "validation", "test") if name in names}
    document = document.with_data(dataset=dataset.with_(**sizes)).with_training(
        epochs=1, batch_size=32, threads=1, layout="standard", device="cpu"
    )
    return document if document.data.spec().split else document.with_data(validation=0.45, test=0.45)


@pytest.mark.parametrize("id_", TEMPLATES)
class TestEveryTemplate:
    def test_says_in_one_sentence_what_it_is(self, id_: str) -> None:
        template: Template = TEMPLATES[id_]
        assert template.title
        assert template.blurb.endswith(".")
        assert ". " not in template.blurb
        assert len(template.blurb) <= 90
        document = template.document()
        assert document.title == template.title
        assert "Try next:" in document.notes

    def test_opens_laid_out(self, id_: str) -> None:
        graph = TEMPLATES[id_].document().graph
        assert tidy(graph) == graph
        for one, other in combinations(graph.nodes.values(), 2):
            assert abs(one.x - other.x) >= WIDTH + GAP_X or abs(one.y - other.y) >= HEIGHT + GAP_Y
        for link in graph.links:
            source, target = graph.node(link.source), graph.node(link.target)
            assert source.x < target.x or source.y < target.y  # to the right, or on to the next row

    def test_checks_clean_and_is_the_same_each_time(self, id_: str) -> None:
        document = TEMPLATES[id_].document()
        assert check(document) == ()
        assert document == TEMPLATES[id_].document()

    def test_survives_a_file(self, id_: str) -> None:
        document = TEMPLATES[id_].document()
        again, notices = document_from_dict(document_to_dict(document))
        assert again == document
        assert not notices

    def test_trains_an_epoch_and_is_exported(self, id_: str) -> None:
        document = few(TEMPLATES[id_].document())
        loop = Loop(document, lambda event: None)
        before = loop.learner.as_arrays()
        for _ in loop.steps():
            pass
        assert loop.finished is not None
        assert loop.finished.reason == "done"
        after = loop.learner.as_arrays()
        assert all(np.isfinite(after[name]).all() for name in after)
        assert any((after[name] != before[name]).any() for name in after)
        network = loop.learner.network
        numbers = sum(p.numel() for p in network.parameters())
        assert numbers == PARAMETERS.get(id_, numbers)
        exported = run_text(python(document), {"__name__": "exported"})["Network"]()
        exported.load_state_dict(network.state_dict())


@pytest.mark.parametrize("id_", WITH_WEIGHTS)
def test_it_is_as_deep_as_its_name_says(id_: str) -> None:
    from nnlab.engine.compile import build

    network = build(TEMPLATES[id_].document())
    kinds = [type(m).__name__ for name, m in network.named_modules() if "projection" not in name]
    assert len([k for k in kinds if k in ("Conv2d", "Linear")]) == WITH_WEIGHTS[id_]


def test_the_twins_learn_as_one() -> None:
    from nnlab.engine.compile import build

    network = build(TEMPLATES["siamese"].document())
    assert "twin" in network.attributes
    assert "other_twin" not in network.attributes
    assert Project.template("siamese").graph.parameter_count() == PARAMETERS["siamese"], "shared weights count once"


def test_a_letter_of_a_tiny_gpt_does_not_depend_on_later_ones() -> None:
    import torch

    from nnlab.engine.compile import build

    network = build(TEMPLATES["tiny-gpt"].document(), seed=0).eval()
    letters = torch.randint(0, 20, (2, 32)).float()
    changed = letters.clone()
    changed[:, 20:] = (changed[:, 20:] + 1) % 20
    one, other = network(letters), network(changed)
    assert torch.equal(one[:, :20], other[:, :20])
    assert not torch.equal(one[:, 20:], other[:, 20:])


def test_the_way_of_the_highest_values_leads_out_of_the_maze() -> None:
    kind = DATASETS["maze"]
    made = kind(samples=64).make()
    moves = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    for picture, values in zip(made.inputs[:64], made.targets[:64], strict=True):
        if values.max() == 0 or values.max() == 1:
            continue  # walled in, or one step from the goal
        row, column = np.argwhere(picture[2])[0] + moves[int(values.argmax())]
        assert 0 <= row < 8
        assert 0 <= column < 8
        assert picture[0, row, column] == 0, "the best step never leads into a wall"


def test_pictures_of_training_pairs_occur_in_no_other_pair() -> None:
    data = DATASETS["digit-pairs"]()
    made, (train, validation, _) = data.make(), data.spec().split or (0, 0, 0)
    pictures = np.stack([made.inputs, made.more[0]], axis=1)
    parts = [pictures[:train], pictures[train : train + validation], pictures[train + validation :]]
    seen = [{picture.tobytes() for pair in part for picture in pair} for part in parts]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert (made.targets == (np.arange(len(made)) % 2)).mean() == 1
