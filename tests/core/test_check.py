"""Mistakes are named with their node, in order, and each fix cures what it stands beside."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core.chain import chain, dense, layer
from nnlab.core.check import Problem, check
from nnlab.core.dataset import DATASETS, MissingDataset
from nnlab.core.document import Data, Document, Training
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer, UnknownLayer
from nnlab.core.layout import HEIGHT, WIDTH
from nnlab.core.objective import resolve
from nnlab.core.parts import divide
from nnlab.errors import BuildError, DataError, NNLabError

I, O = layer("Input"), layer("Output")  # noqa: E741
TANH, FLATTEN = layer("Tanh"), layer("Flatten")


def linear(units: int) -> Layer:
    return layer("Linear", out_features=units)


def document(*layers: Layer, data: str = "spiral", **training: object) -> Document:
    return Document(chain(I, *layers, O), Data(dataset=DATASETS[data]()), Training().with_(**training))


GOOD = document(linear(8), TANH, linear(2))
ROW = GOOD.graph  # input, linear, tanh, linear_2, output


def rewired(*, without: tuple[Link, ...] = (), nodes: tuple[Node, ...] = (), wires: tuple[Link, ...] = ()) -> Document:
    """The good network without some wires, with more nodes, and with wires that nobody checked."""
    graph = ROW.without_links(without).with_nodes(nodes)
    return GOOD.with_graph(replace(graph, links=graph.links | set(wires)))


def node(id_: str, made: Layer, name: str = "") -> Node:
    return Node(id_, made, 448.0, 320.0, name)


MERGED = (Link("linear_2", "add", "in1"), Link("linear", "add", "in2"), Link("add", "output"))
CUT = (Link("linear_2", "output"),)

# document, severity, node, part of the sentence, labels of the fixes
MISTAKES: dict[str, tuple[Document, str, str | None, str, tuple[str, ...]]] = {
    "no input": (
        GOOD.with_graph(ROW.without_node("input")),
        "error", None, "There is no Input", ("Add an Input",),
    ),
    "no output": (
        GOOD.with_graph(ROW.without_node("output")),
        "error", None, "There is no Output", ("Add an Output after Linear (linear_2)",),
    ),
    "two outputs": (
        rewired(nodes=(node("other", O, "Other"),), wires=(Link("tanh", "other"),)),
        "error", "other", "Other is a second Output", ("Remove Other",),
    ),
    "an output beside": (
        rewired(nodes=(node("other", O, "Other"),)),
        "warning", "other", "Other is not connected to the data", ("Remove Other",),
    ),
    "output without a wire": (
        rewired(without=CUT),
        "error", "output", "Output has nothing connected", ("Connect Linear (linear_2) to Output",),
    ),
    "a missing wire": (
        rewired(without=(Link("linear", "tanh"),)),
        "error", "tanh", "Tanh has nothing connected", ("Connect Linear (linear) to Tanh",),
    ),
    "a lonely layer": (
        rewired(nodes=(node("extra", linear(4), "My layer"),)),
        "warning", "extra", "My layer is not connected to the data", ("Remove My layer",),
    ),
    "a dead end": (
        rewired(
            nodes=(node("a", linear(4), "First"), node("b", TANH, "Second")), wires=(Link("tanh", "a"), Link("a", "b"))
        ),
        "warning", "b", "Second leads nowhere", ("Remove Second",),
    ),
    "a loop": (
        rewired(without=(Link("input", "linear"),), wires=(Link("linear_2", "linear"),)),
        "error", "linear_2", "may not loop back", ("Remove the wire that closes the loop",),
    ),
    "a merge with one wire": (
        rewired(without=CUT, nodes=(node("add", layer("Add")),), wires=(MERGED[0], MERGED[2])),
        "error", "add", "Add needs another wire", ("Remove Add",),
    ),
    "unequal sizes": (
        rewired(without=CUT, nodes=(node("add", layer("Add")),), wires=MERGED),
        "error", "add", "Add cannot add N × 2 and N × 8", ("Insert a Linear with 8 units before Add",),
    ),
    "an unknown layer": (
        rewired(nodes=(node("tanh", UnknownLayer(type_id="Magic")),)),
        "error", "tanh", "does not know the layer 'Magic'", ("Remove Unknown layer",),
    ),
    "missing data": (
        GOOD.with_data(dataset=MissingDataset(type_id="bananas")),
        "error", None, "The data set 'bananas' is not in this installation", (),
    ),
    "too many answers": (
        document(linear(8), TANH, linear(3)),
        "error", "output", "gets 3 numbers a sample, and the data need 2",
        ("Set the units of Linear (linear_2) to 2", "Insert a Linear with 2 units before Output"),
    ),
    "too many answers behind an activation": (
        document(linear(8), TANH),
        "error", "output", "gets 8 numbers", ("Set the units of Linear to 2", "Insert a Linear with 2 units before Output"),
    ),
    "one answer and cross-entropy": (
        document(linear(8), TANH, linear(1), loss="cross-entropy"),
        "error", "output", "cross-entropy needs one for each class",
        ("Set the units of Linear (linear_2) to 2", "Set the loss to Automatic"),
    ),
    "a loss for classes": (
        document(linear(8), TANH, linear(1), data="surface", loss="cross-entropy"),
        "error", "output", "cross-entropy is for classes", ("Set the loss to Automatic",),
    ),
    "a role for classes": (
        Document(chain(I, linear(8), TANH, linear(1), layer("Output", role="classes")), Data(dataset=DATASETS["curve"]())),
        "error", "output", "set to classes", ("Set the role of Output to Automatic",),
    ),
    "sigmoid and cross-entropy": (
        document(linear(8), TANH, linear(2), layer("Sigmoid"), loss="cross-entropy"),
        "error", "sigmoid", "Sigmoid gives every class a probability of its own",
        ("Set the loss to Automatic", "Put a Softmax in the place of Sigmoid"),
    ),
    "softmax of one number": (
        document(linear(8), TANH, linear(1), layer("Softmax")),
        "error", "softmax", "is always 1", ("Set the units of Linear (linear_2) to 2", "Remove Softmax"),
    ),
    "a picture into a Linear": (
        document(linear(8), TANH, linear(10), data="digits"),
        "warning", "linear", "gets a picture", ("Insert a Flatten before Linear (linear)",),
    ),
    "a picture to the end": (
        document(layer("Conv2d"), layer("ReLU"), layer("MaxPool2d"), data="digits"),
        "error", "output", "needs one row of numbers", ("Insert a Flatten and a Linear with 10 units before Output",),
    ),
    "a picture into a Linear to the end": (
        document(linear(8), TANH, linear(10), data="digits"),
        "error", "output", "needs one row of numbers",
        (
            "Insert a Flatten before Linear (linear)",
            "Insert a Flatten before Linear (linear) and set the units of Linear (linear_2) to 10",
        ),
    ),
    "a window larger than the picture": (
        document(*[layer("MaxPool2d")] * 4, FLATTEN, linear(10), data="digits"),
        "error", "maxpool2d_4", "the picture is only 1×1", ("Set kernel of Max pool 2-D (maxpool2d_4) to 1",),
    ),
    "a stride that cannot keep the size": (
        document(layer("Conv2d", stride=2), FLATTEN, linear(10), data="digits"),
        "error", "conv2d", "cannot keep the size", ("Set stride of Conv 2-D to 1",),
    ),
    "a convolution over points": (
        document(layer("Conv2d"), FLATTEN, linear(2)),
        "error", "conv2d", "needs a picture", (),
    ),
    "the wrong batch norm": (
        document(layer("BatchNorm1d"), FLATTEN, linear(10), data="digits"),
        "error", "batchnorm1d", "is for rows",
        ("Put Batch norm 2-D in the place of Batch norm 1-D", "Insert a Flatten before Batch norm 1-D"),
    ),
    "batch norm and single samples": (
        document(linear(8), layer("BatchNorm1d"), TANH, linear(2), batch_size=1),
        "error", "batchnorm1d", "a batch has only one", ("Set the batch size to 16",),
    ),
    "nothing to learn": (
        document(),
        "error", None, "There is nothing to learn", ("Insert a Linear with 2 units before Output",),
    ),
    "two Linears in a row": (
        document(linear(8), linear(2)),
        "warning", "linear_2", "Linear (linear_2) follows Linear (linear) with nothing between",
        ("Insert a ReLU before Linear (linear_2)",),
    ),
    "two Linears with a Dropout between": (
        document(linear(8), layer("Dropout"), linear(2)),
        "warning", "linear_2", "nothing between", ("Insert a ReLU before Linear (linear_2)",),
    ),
    "scores that cannot grow": (
        document(linear(8), TANH, linear(2), TANH),
        "warning", "tanh_2", "keeps every answer between −1 and 1, so the network can never be quite sure",
        ("Remove Tanh (tanh_2)",),
    ),
    "values that cannot be negative": (
        document(linear(8), TANH, linear(1), layer("ReLU"), data="curve"),
        "warning", "relu", "keeps every answer at 0 or above, and the values", ("Remove ReLU",),
    ),
    "values that cannot be negative and their own loss": (
        document(linear(8), TANH, linear(1), layer("ReLU"), data="curve", loss="mse"),
        "warning", "relu", "keeps every answer at 0 or above, and the values", ("Remove ReLU",),
    ),
    "a batch of everything": (
        document(linear(8), TANH, linear(2), batch_size=500),
        "warning", None, "The batch size is 500, and there are 320 samples", ("Set the batch size to 320",),
    ),
    "early stopping that sees nothing": (
        document(linear(8), TANH, linear(2), early_stopping=True).with_data(validation=0.0),
        "warning", None, "Early stopping has nothing to watch",
        ("Hold back 20 % for validation", "Turn early stopping off"),
    ),
    "a learning rate of 0": (
        document(linear(8), TANH, linear(2), learning_rate=0.0),
        "warning", None, "The learning rate is 0", ("Set the learning rate to 0.01",),
    ),
    "nothing left to train on": (
        GOOD.with_data(validation=0.6, test=0.4),
        "error", None, "Too little is left to train on", ("Hold back 20 % for validation",),
    ),
    "an empty part": (
        GOOD.with_data(validation=0.001),
        "error", None, "The validation part is empty", ("Hold back 20 % for validation",),
    ),
}  # fmt: skip


TWO_STEPS = ("unequal sizes", "a loop")  # curing them shows the next mistake


def the_problem(found: Document, said: str) -> Problem:
    matching = [p for p in check(found) if said in p.message]
    assert len(matching) == 1, [str(p) for p in check(found)]
    return matching[0]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_named_with_its_node_and_its_fixes(mistake: str) -> None:
    wrong, severity, at, said, labels = MISTAKES[mistake]
    problem = the_problem(wrong, said)
    assert problem.severity == severity
    assert problem.node == at
    assert tuple(fix.label for fix in problem.fixes) == labels
    assert not problem.message.endswith(".")
    assert str(problem) == f"{severity}: {problem.message}"


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_fix_cures_its_mistake_and_leaves_the_rest(mistake: str) -> None:
    wrong, *_, said, _ = MISTAKES[mistake]
    before = {p.message for p in check(wrong)}
    for fix in the_problem(wrong, said).fixes:
        after = check(fix.apply(wrong))
        assert not [p for p in after if said in p.message], fix.label
        assert len([p for p in after if p.severity == "error"]) <= len(before), fix.label
        no_overlap(fix.apply(wrong).graph)


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if m not in TWO_STEPS and MISTAKES[m][4]])
def test_one_fix_makes_the_network_trainable(mistake: str) -> None:
    wrong, *_, said, _ = MISTAKES[mistake]
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
        document(layer("Conv2d"), layer("BatchNorm2d"), FLATTEN, linear(10), data="digits", batch_size=1),
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


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_fix_stumbles_over_another_document(mistake: str) -> None:
    wrong, *_, said, _ = MISTAKES[mistake]
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
    data = Data(dataset=DATASETS[draw(st.sampled_from(["spiral", "surface", "digits", "iris"]))]())
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
