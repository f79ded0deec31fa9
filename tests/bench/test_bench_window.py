"""The parts of the bench that open the real window do what they claim to measure."""

import pytest
from pytestqt.qtbot import QtBot

from nnlab.bench import parts
from nnlab.bench.gestures import Hand
from nnlab.bench.graphs import pipe, residual, sized, with_width
from nnlab.core.document import Document


def test_the_window_trains_paints_and_is_clicked_on_when_asked() -> None:
    with parts.own_folder(), parts.partners("window") as (window,):
        trained = window.ask("train", 0.3)
        assert trained["rate"] > 0
        assert len(trained["gaps"]) >= 1
        assert trained["engine"] in ("eager", "captured")
        clicked = window.ask("input", 0.3)
        assert clicked["waits"]
        assert all(wait > 0 for wait in clicked["waits"])
        assert window.ask("rest", 0.1)["cpu"] > 0


def test_a_part_that_ends_is_told_apart_from_one_that_answers() -> None:
    partner = parts.Partner("nowhere")
    with pytest.raises(parts.PartFailed):
        partner.ask("train", 0.1)
    partner.close()


def test_the_start_is_measured_up_to_the_first_painting() -> None:
    with parts.own_folder():
        assert parts.ask("start")["cpu"] > 0


@pytest.mark.parametrize("graph", [sized(40), pipe(40), residual(2)], ids=["sized", "pipe", "residual"])
def test_large_networks_have_a_shape_everywhere(graph: object) -> None:
    document = Document(graph=graph)  # type: ignore[arg-type]
    assert all(at.known for at in document.shapes.values())
    assert len(document.graph.in_order) == len(document.graph.nodes)


def test_a_sized_network_has_as_many_nodes_as_asked() -> None:
    assert [len(sized(n).nodes) for n in (40, 200)] == [40, 200]


def test_a_wider_first_layer_changes_every_shape_of_the_pipe() -> None:
    before, after = Document(graph=pipe(40)), Document(graph=with_width(pipe(40), 9))
    unchanged = [n for n in before.shapes if before.shapes[n] == after.shapes[n]]
    assert unchanged == ["n0"]


def test_a_hand_makes_every_gesture_and_leaves_the_network_as_it_was(qtbot: QtBot) -> None:
    graph = sized(24)
    with Hand(Document(graph=graph)) as hand:
        assert hand.opening > 0
        hand.look(0.5)
        for name, gesture in hand.gestures().items():
            assert len(gesture()) > 20, name
            assert hand.bench.document.graph == graph, name


def test_a_hand_drags_what_it_says_it_drags(qtbot: QtBot) -> None:
    with Hand(Document(graph=sized(24))) as hand:
        hand.look(0.5)
        moved: list[int] = []

        def count(old: Document, new: Document) -> None:
            moved.append(sum(old.graph.nodes[n] != new.graph.nodes[n] for n in new.graph.nodes))

        hand.bench.document_changed.connect(count)
        hand.drag(5)
        assert moved == [5, 5]
        hand.edits()
        assert len(moved) == 12
