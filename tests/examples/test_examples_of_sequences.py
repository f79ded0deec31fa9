"""What the notes of the sequence and graph examples say, looked at in trained networks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from nnlab.core.document import Data, Document
from nnlab.core.example import EXAMPLES
from nnlab.core.parts import Parts, divide
from nnlab.datasets import colours, hourly_load, karate_club, molecules, mood, zed
from nnlab.engine.compile import Network, build
from nnlab.engine.headless import run_to_end
from nnlab.examples.zed import NOTES as ZED_NOTES


def trained(document: Document, epochs: int) -> Network:
    """The example's network after some epochs, as it is used."""
    model = run_to_end(document, device="cpu", epochs=epochs).model
    assert isinstance(model, Network)
    return model.eval()


def without(document: Document, node: str) -> Document:
    """Without a node that has one wire in; what came out of it comes from what it read."""
    graph = document.graph
    source = graph.incoming[node][0].source
    bridges = [(link.target, link.target_port) for link in graph.outgoing[node]]
    graph = graph.without_node(node)
    for target, port in bridges:
        graph = graph.connect(source, target, port)
    return document.with_graph(graph)


# ------------------------------------------------------------------- mood


def test_a_single_not_turns_the_mood() -> None:
    network = trained(EXAMPLES["mood"].make(), 4)
    texts = ["the film was good", "the film was not good", "the film was not good but the ending was very funny"]
    rows = np.zeros((len(texts), mood.LENGTH), np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text.split())] = [mood.NUMBER[word] for word in text.split()]
    with torch.no_grad():
        seen = network.trace(torch.from_numpy(rows))
    assert seen["output"].argmax(1).tolist() == [1, 0, 1]
    after_each_word = seen["mood"].argmax(2)[2].tolist()
    assert (after_each_word[4], after_each_word[10]) == (0, 1)
    assert torch.equal(seen["mood"][0, 3], seen["output"][0])  # the last word that is one, not the padding


# ------------------------------------------------------------------- whose colour


def own_colour(words: np.ndarray, noun: int) -> int:
    """Where the colour of the animal at this place stands."""
    return noun - 1 if colours.VOCABULARY[words[noun - 1]] in colours.COLOURS else noun + 3


def test_every_animal_looks_at_its_own_colour_most_of_all() -> None:
    document = EXAMPLES["colours"].make()
    network, part = trained(document, 3), divide(document.data).validation
    with torch.no_grad():
        weights = network.trace(torch.from_numpy(np.array(part.inputs)))["attention.weights"].numpy()
    words = part.inputs.astype(int)
    nouns = np.argwhere(part.targets >= 0)
    places = [own_colour(words[row], noun) for row, noun in nouns]
    given = np.array([weights[row, noun, place] for (row, noun), place in zip(nouns, places, strict=True)])
    best = np.array([weights[row, noun].argmax() for row, noun in nouns])
    assert given.mean() >= 0.5
    assert (best == places).mean() >= 0.95


def test_without_positions_whose_colour_is_whose_is_a_guess() -> None:
    document = without(EXAMPLES["colours"].make(), "places")
    result = run_to_end(document, device="cpu", epochs=4)
    assert 0.5 < result.history["validation_metric"][-1] <= 0.75


# ------------------------------------------------------------------- Zed


def written_alone(network: Network, parts: Parts, english: Tensor) -> Tensor:
    """What the network writes with nothing but the English sentence: at each place its likeliest word is taken as said."""
    so_far = torch.zeros(len(english), zed.ZED_LENGTH, dtype=torch.long)
    so_far[:, 0] = zed.START
    written = torch.zeros_like(so_far)
    for place in range(zed.ZED_LENGTH):
        packed = parts.spec.pack([english.numpy(), so_far.numpy()])
        with torch.no_grad():
            written[:, place] = network(torch.from_numpy(packed))[:, place].argmax(1)
        if place + 1 < zed.ZED_LENGTH:
            so_far[:, place + 1] = written[:, place]
    return written


def right(written: Tensor, wanted: Tensor) -> Tensor:
    """Sentences whose every word is right up to the end; what comes after the end does not count."""
    return ((written == wanted) | (wanted < 0)).all(1)


def test_a_sentence_right_with_the_right_words_given_is_the_one_the_network_writes_on_its_own() -> None:
    document = EXAMPLES["zed"].make()
    network, parts = trained(document, 3), divide(document.data)
    english = torch.from_numpy(parts.spec.unpack(parts.validation.inputs)[0])
    wanted = torch.from_numpy(np.array(parts.validation.targets))
    with torch.no_grad():
        taught = network(torch.from_numpy(np.array(parts.validation.inputs))).argmax(2)
    by_teaching, alone = right(taught, wanted), right(written_alone(network, parts, english), wanted)
    assert torch.equal(by_teaching, alone)
    assert 0 < by_teaching.sum() < len(by_teaching), "some are right and some are wrong: the two could have differed"


def test_the_notes_say_how_many_sentences_are_new() -> None:
    parts = divide(EXAMPLES["zed"].make().data)
    english = [parts.spec.unpack(part.inputs)[0] for part in (parts.validation, parts.train)]
    fresh = int(zed.unseen(english[0], english[1]).sum())
    assert f"About {round(fresh, -1)} of the 400" in ZED_NOTES


# ------------------------------------------------------------------- hourly load


def test_a_weighted_sum_foretells_the_load_better_as_the_notes_say() -> None:
    from sklearn.linear_model import Ridge

    example = EXAMPLES["hourly-load"]
    parts = divide(example.make().data)
    train, test = parts.raw_train, parts.raw_test
    fitted = Ridge(alpha=1.0).fit(train.inputs[..., 0], train.targets)
    error = float(((fitted.predict(test.inputs[..., 0]) - test.targets) ** 2).mean())
    assert f"mean squared error of {error:.3f} on the test" in example.make().notes
    assert example.loss_goal is not None
    assert error < example.loss_goal
    assert test.targets.shape[1] == hourly_load.AHEAD


# ------------------------------------------------------------------- graphs


@pytest.mark.parametrize(("friendships", "low", "high"), [(True, 0.9, 1.0), (False, 0.2, 0.7)])
def test_sides_are_found_by_friendships_and_not_without(friendships: bool, low: float, high: float) -> None:
    document = EXAMPLES["karate-club"].make()
    data = replace(document.data, dataset=karate_club.KarateClub(friendships=friendships))
    result = run_to_end(replace(document, data=data), device="cpu")
    assert low <= result.history["validation_metric"][-1] <= high


def test_the_order_of_atoms_and_empty_places_do_not_matter_to_a_molecule() -> None:
    document = EXAMPLES["molecules"].make()
    network = build(document, seed=1).eval()
    made = molecules.Molecules().make()
    atoms, bonds = made.inputs[:50], made.more[0][:50]
    turned = np.random.default_rng(0).permutation(molecules.MOST)
    places = np.append(np.argsort(turned), -1)  # where each atom went; -1 stays -1
    spec = Data(dataset=molecules.Molecules()).spec()
    with torch.no_grad():
        one = network(torch.from_numpy(spec.pack([atoms, bonds])))
        other = network(torch.from_numpy(spec.pack([atoms[:, turned], places[bonds]])))
    assert torch.allclose(one, other, atol=1e-5)
    assert one.std() > 0
