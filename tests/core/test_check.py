"""Mistakes are named with their node, in order, and each fix cures what it stands beside."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from more_wrong_documents import MORE
from wrong_documents import FLATTEN, GOOD, MISTAKES, ROW, TANH, document, linear, node, rewired

from nnlab.core.chain import dense, layer
from nnlab.core.check import Problem, check, tell
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document, Training
from nnlab.core.example import EXAMPLES
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS
from nnlab.core.layout import HEIGHT, WIDTH
from nnlab.core.mistake import MISTAKES as CATALOGUE
from nnlab.core.objective import resolve
from nnlab.core.parts import divide
from nnlab.errors import BuildError, DataError, NNLabError

EVERY = {**MISTAKES, **MORE}
TWO_STEPS = ("unequal sizes", "a loop", "a mistake inside a block")  # curing them shows the next mistake


def the_problem(found: Document, said: str) -> Problem:
    matching = [p for p in check(found) if said in p.message]
    assert len(matching) == 1, [str(p) for p in check(found)]
    return matching[0]


@pytest.mark.parametrize("mistake", EVERY)
def test_every_mistake_is_named_with_its_node_and_its_fixes(mistake: str) -> None:
    wrong, severity, at, said, labels = EVERY[mistake]
    problem = the_problem(wrong, said)
    assert problem.severity == severity
    assert problem.node == at
    assert tuple(fix.label for fix in problem.fixes) == labels
    assert not problem.message.endswith(".")
    assert str(problem) == f"{severity}: {problem.message}"


@pytest.mark.parametrize("mistake", EVERY)
def test_every_fix_cures_its_mistake_and_leaves_the_rest(mistake: str) -> None:
    wrong, *_, said, _ = EVERY[mistake]
    before = {p.message for p in check(wrong)}
    for fix in the_problem(wrong, said).fixes:
        after = check(fix.apply(wrong))
        assert not [p for p in after if said in p.message], fix.label
        assert len([p for p in after if p.severity == "error"]) <= len(before), fix.label
        no_overlap(fix.apply(wrong).graph)


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if m not in TWO_STEPS and MISTAKES[m][4]])
def test_one_fix_makes_the_network_trainable(mistake: str) -> None:
    wrong, *_, said, _ = EVERY[mistake]
    first = the_problem(wrong, said).fixes[0]
    assert not [p for p in check(first.apply(wrong)) if p.severity == "error"]


def no_overlap(graph: Graph) -> None:
    nodes = list(graph.nodes.values())
    for k, one in enumerate(nodes):
        for other in nodes[k + 1 :]:
            assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT, (one.id, other.id)


# ------------------------------------------------------- what is no mistake


@pytest.mark.parametrize(
    "right",
    [
        GOOD,
        document(linear(8), TANH, linear(2), layer("Softmax")),
        document(linear(8), TANH, linear(1)),
        document(linear(8), TANH, linear(1), layer("Sigmoid")),
        document(linear(8), TANH, linear(2), layer("Sigmoid")),
        document(linear(8), TANH, linear(2), loss="mse"),
        document(linear(8), TANH, linear(2), TANH, loss="mse"),
        document(linear(8), layer("BatchNorm1d"), TANH, linear(2), batch_size=319),
        document(layer("Conv2d"), layer("BatchNorm2d"), TANH, FLATTEN, linear(10), data="digits", batch_size=1),
        document(FLATTEN, linear(10), data="digits"),
        document(linear(1), data="diabetes"),
        document(linear(8), TANH, linear(2), early_stopping=True),
        document(linear(8), TANH, linear(2)).with_data(validation=0.0),
    ],
    ids=str,
)
def test_no_false_alarm(right: Document) -> None:
    assert check(right) == ()


def test_a_skip_connection_is_no_mistake() -> None:
    wires = (Link("tanh", "add", "in1"), Link("linear", "add", "in2"), Link("add", "linear_2"))
    assert check(rewired(without=(Link("tanh", "linear_2"),), nodes=(node("add", layer("Add")),), wires=wires)) == ()


@pytest.mark.parametrize("example", list(EXAMPLES))
def test_no_example_raises_an_alarm(example: str) -> None:
    assert check(EXAMPLES[example].make()) == ()


def test_the_catalogue_is_large_and_each_of_its_mistakes_is_made_here_and_found() -> None:
    assert len(CATALOGUE) >= 80
    found = {p.kind for wrong, *_ in EVERY.values() for p in check(wrong)}
    assert found == set(CATALOGUE)
    for id_, mistake in CATALOGUE.items():
        assert mistake.rule.endswith("."), id_
        assert not mistake.title.endswith("."), id_
        assert mistake.title not in [m.title for other, m in CATALOGUE.items() if other != id_]


# ---------------------------------------------------------------- the whole


def test_the_same_document_is_examined_once() -> None:
    assert check(MISTAKES["no input"][0]) is check(MISTAKES["no input"][0])
    assert check(MISTAKES["no output"][0]) != check(MISTAKES["no input"][0])


def test_errors_come_first_and_then_the_order_of_the_network() -> None:
    wrong = document(linear(8), linear(8), linear(3), learning_rate=0.0)
    found = check(wrong)
    assert [p.severity for p in found] == ["error", "warning", "warning", "warning"]
    assert [p.node for p in found] == ["output", None, "linear_2", "linear_3"]


def test_names_given_by_the_user_stand_in_the_sentence() -> None:
    graph = GOOD.graph.with_node(replace(GOOD.graph.node("linear_2"), name="Scores", layer=linear(5)))
    (problem,) = check(GOOD.with_graph(graph))
    assert problem.fixes[0].label == "Set the units of Scores to 2"


def test_an_empty_canvas_says_what_is_needed_first() -> None:
    assert [p.message.split(":")[0] for p in check(Document())] == ["There is no Input", "There is no Output"]


def test_a_fix_for_a_node_that_has_gone_changes_nothing() -> None:
    wrong, *_, said, _ = MISTAKES["two Linears in a row"]
    (fix,) = the_problem(wrong, said).fixes
    gone = wrong.with_graph(wrong.graph.without_node("linear_2"))
    assert fix.apply(gone) is gone


@pytest.mark.parametrize("mistake", EVERY)
def test_no_fix_stumbles_over_another_document(mistake: str) -> None:
    wrong, *_, said, _ = EVERY[mistake]
    for fix in the_problem(wrong, said).fixes:
        fix.apply(Document())
        fix.apply(GOOD)
        fix.apply(wrong.with_graph(wrong.graph.without_links(wrong.graph.links)))


def test_several_loops_are_opened_at_once() -> None:
    extra = (node("a", layer("Add")), node("b", layer("Add")))
    wires = (Link("a", "b", "in1"), Link("b", "a", "in1"), Link("a", "a", "in2"), Link("b", "b", "in2"))
    wrong = rewired(nodes=extra, wires=wires)
    problem = the_problem(wrong, "loop back")
    cured = problem.fixes[0].apply(wrong)
    assert len(cured.graph.in_order) == len(cured.graph.nodes)


def test_a_dead_branch_is_removed_whole_and_nothing_else() -> None:
    wrong, *_, said, _ = MISTAKES["a dead end"]
    (fix,) = the_problem(wrong, said).fixes
    assert fix.apply(wrong) == GOOD


def test_an_inserted_layer_moves_its_own_row_and_no_other() -> None:
    row = document(linear(8), linear(8), TANH, linear(2))
    ids = list(row.graph.nodes)
    places = [(0, 0), (224, 0), (448, 0), (0, 128), (224, 128), (448, 128)]  # two rows of three
    long = row.with_graph(
        row.graph.with_nodes(
            replace(row.graph.node(n), x=float(x), y=float(y)) for n, (x, y) in zip(ids, places, strict=True)
        )
    )
    (problem,) = check(long)
    after = problem.fixes[0].apply(long).graph
    assert {n for n in ids if after.node(n) != long.graph.node(n)} == {"linear_2"}
    assert (after.node("relu").x, after.node("relu").y) == (448.0, 0.0)
    no_overlap(after)


def test_an_inserted_layer_moves_all_if_its_row_is_in_the_way_of_others() -> None:
    tight = rewired(without=(Link("tanh", "linear_2"),), wires=(Link("linear", "linear_2"),))
    graph = tight.graph.with_nodes([replace(tight.graph.node("tanh"), x=ROW.node("output").x + 224.0)])
    wrong = tight.with_graph(graph)
    no_overlap(the_problem(wrong, "nothing between").fixes[0].apply(wrong).graph)


# ----------------------------------------------------------- any network


@st.composite
def any_document(draw: st.DrawFn) -> Document:
    kinds = st.sampled_from(sorted(LAYERS))
    count = draw(st.integers(0, 8))
    graph = Graph()
    for k in range(count):
        graph = graph.with_node(Node(f"n{k}", layer(draw(kinds)), 224.0 * k))
    for _ in range(draw(st.integers(0, 12)) if count else 0):
        ends = st.integers(0, count - 1)
        try:
            graph = graph.connect(f"n{draw(ends)}", f"n{draw(ends)}")
        except NNLabError:
            continue
    data = Data(
        dataset=DATASETS[
            draw(st.sampled_from(["spiral", "surface", "digits", "iris", "mood", "hourly-load", "molecules", "zed"]))
        ]()
    )
    losses = st.sampled_from([value for value, _ in Training.param("loss").choices])
    return Document(graph, data, Training(loss=draw(losses), batch_size=draw(st.sampled_from([1, 16, 4000]))))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(any_document())
def test_any_network_is_examined_and_every_fix_on_offer_cures(wrong: Document) -> None:
    found = check(wrong)
    trainable = True
    try:
        resolve(wrong)
    except (BuildError, DataError):
        trainable = False
    if not trainable:
        assert [p for p in found if p.severity == "error"], "what cannot be trained has an error"
    for problem in found:
        assert problem.message
        assert problem.node is None or problem.node in wrong.graph.nodes
        for fix in problem.fixes:
            cured = fix.apply(wrong)
            assert cured != wrong
            same = [p for p in check(cured) if (p.node, p.message) == (problem.node, problem.message)]
            assert not same, f"{fix.label!r} leaves {problem.message!r}"


def test_a_long_network_is_examined_whole() -> None:
    long = document(*dense(*[4] * 200, 2, activation="ReLU"))
    assert check(long) == ()


@pytest.mark.parametrize(("validation", "test"), [(0.2, 0.0), (0.15, 0.15), (0.333, 0.1), (0.0, 0.0)])
def test_samples_are_counted_as_training_divides_them(validation: float, test: float) -> None:
    data = Data(dataset=DATASETS["spiral"](samples=101), validation=validation, test=test)
    train = divide(data).rows[0]
    assert check(replace(GOOD, data=data).with_training(batch_size=train)) == ()
    the_problem(replace(GOOD, data=data).with_training(batch_size=train + 1), f"there are {train} samples")


def test_what_was_found_elsewhere_is_shown_with_the_rest_of_that_document_and_no_other() -> None:
    found = Problem("warning", "tanh", "Tanh should give N × 9", (), "shapes-disagree")
    told = GOOD.with_training(epochs=3)
    tell(told, (found,))
    assert check(told) == (found,)
    assert check(GOOD) == ()
    assert check(told) == (found,)
    assert check(told.with_training(epochs=4)) == ()
