"""What training makes small: found from network, data and settings, or refused at the node at fault."""

import pytest

from nnlab.core.dataset import DATASETS, MissingDataset
from nnlab.core.document import Data, Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.loss import LOSSES
from nnlab.core.objective import find_output, resolve
from nnlab.errors import BuildError


def layer(id_: str, **settings: object) -> Layer:
    return LAYERS[id_](**settings)


def linear(width: int) -> Layer:
    return layer("Linear", out_features=width)


def chain(dataset: str, *layers: Layer, output: Layer | None = None, loss: str = "auto") -> Document:
    graph, before = Graph(), ""
    for each in (layer("Input"), *layers, output or layer("Output")):
        node_id = graph.new_id(each)
        graph = graph.with_node(Node(node_id, each))
        graph = graph.connect(before, node_id) if before else graph
        before = node_id
    return Document(graph, Data(DATASETS[dataset]())).with_training(loss=loss)


@pytest.mark.parametrize(
    ("dataset", "layers", "loss", "expected"),
    [
        ("spiral", [linear(2)], "auto", ("cross-entropy", "scores", "index", "accuracy")),
        ("spiral", [linear(1)], "auto", ("bce", "scores", "column", "accuracy")),
        ("iris", [linear(3), layer("Softmax")], "auto", ("cross-entropy", "probabilities", "index", "accuracy")),
        (
            "iris",
            [linear(3), layer("Softmax"), layer("Flatten")],
            "auto",
            ("cross-entropy", "probabilities", "index", "accuracy"),
        ),
        ("iris", [layer("Softmax"), linear(3)], "auto", ("cross-entropy", "scores", "index", "accuracy")),
        ("spiral", [linear(1), layer("Sigmoid")], "auto", ("bce", "probabilities", "column", "accuracy")),
        ("iris", [linear(3), layer("Sigmoid")], "auto", ("bce", "probabilities", "one-hot", "accuracy")),
        ("diabetes", [linear(1)], "auto", ("mse", "scores", "values", "r2")),
        ("diabetes", [linear(1), layer("Sigmoid")], "auto", ("mse", "scores", "values", "r2")),
        ("iris", [linear(3)], "mse", ("mse", "scores", "one-hot", "accuracy")),
        ("spiral", [linear(1)], "mse", ("mse", "scores", "column", "accuracy")),
        ("iris", [linear(3)], "bce", ("bce", "scores", "one-hot", "accuracy")),
    ],
)
def test_the_objective_follows_from_data_and_network(
    dataset: str, layers: list[Layer], loss: str, expected: tuple[str, str, str, str]
) -> None:
    found = resolve(chain(dataset, *layers, loss=loss))
    assert (found.loss_id, found.given, found.target_form, found.metric) == expected
    assert found.output == "output"
    assert LOSSES.id_of(found.loss) == found.loss_id


@pytest.mark.parametrize(
    ("document", "node", "says"),
    [
        (chain("spiral", linear(3)), "output", r"3 numbers .* need 2 \(one for each class\) or 1"),
        (chain("iris", linear(1)), "output", "1 number .* need 3"),
        (chain("diabetes", linear(2)), "output", "2 numbers .* need 1"),
        (chain("digits", layer("Conv2d", out_channels=10)), "output", "put a Flatten and a Linear with units 10"),
        (chain("spiral", linear(1), loss="cross-entropy"), "output", "binary cross-entropy"),
        (chain("diabetes", linear(1), loss="cross-entropy"), "output", "mean squared error"),
        (chain("diabetes", linear(1), loss="bce"), "output", "mean squared error"),
        (chain("spiral", linear(1), layer("Softmax")), "softmax", "always 1"),
        (chain("iris", linear(3), layer("Sigmoid"), loss="cross-entropy"), "sigmoid", "put a Softmax in its place"),
        (chain("diabetes", linear(1), output=layer("Output", role="classes")), "output", "set its role to Automatic"),
        (chain("spiral", layer("Conv2d"), linear(2)), "conv2d", "needs a picture"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_node_with_a_remedy(document: Document, node: str, says: str) -> None:
    with pytest.raises(BuildError, match=says) as problem:
        resolve(document)
    assert problem.value.node == node
    assert str(problem.value)[0].isupper()


def test_the_role_of_the_output_decides_over_the_data() -> None:
    assert resolve(chain("iris", linear(3), output=layer("Output", role="values"))).loss_id == "mse"
    assert resolve(chain("iris", linear(3), output=layer("Output", role="classes"))).loss_id == "cross-entropy"


def test_without_an_output_it_says_to_add_one() -> None:
    document = chain("spiral", linear(2))
    with pytest.raises(BuildError, match="add one") as problem:
        resolve(document.with_graph(document.graph.without_node("output")))
    assert problem.value.node is None


def test_an_output_without_a_wire_says_so() -> None:
    document = chain("spiral", linear(2))
    with pytest.raises(BuildError, match="nothing connected to it") as problem:
        resolve(document.with_graph(document.graph.without_node("linear")))
    assert problem.value.node == "output"


def test_a_chain_that_begins_nowhere_is_named_at_its_beginning() -> None:
    document = chain("spiral", linear(4), layer("Tanh"), linear(2))
    with pytest.raises(BuildError, match="Linear has nothing connected to its input") as problem:
        resolve(document.with_graph(document.graph.without_node("input")))
    assert problem.value.node == "linear"


def test_two_outputs_are_one_too_many_but_a_loose_one_does_no_harm() -> None:
    document = chain("spiral", linear(2))
    graph = document.graph.with_node(Node("spare", layer("Output")))
    assert find_output(document.with_graph(graph)) == "output"
    with pytest.raises(BuildError, match="more than one Output") as problem:
        find_output(document.with_graph(graph.connect("linear", "spare")))
    assert problem.value.node == "spare"


def test_a_fault_beside_the_way_to_the_output_does_no_harm() -> None:
    document = chain("spiral", linear(2))
    graph = document.graph.with_node(Node("pool", layer("MaxPool2d"))).connect("linear", "pool")
    assert resolve(document.with_graph(graph)).output == "output"


def test_a_missing_data_set_is_said_at_the_input() -> None:
    document = chain("spiral", linear(2))
    missing = Document(document.graph, Data(MissingDataset("gone")))
    with pytest.raises(BuildError, match="choose a data set") as problem:
        resolve(missing)
    assert problem.value.node == "input"


@pytest.mark.parametrize("loss_id", list(LOSSES))
def test_every_loss_explains_itself(loss_id: str) -> None:
    kind = LOSSES[loss_id]
    assert kind.title
    assert kind.formula
    assert len((kind.__doc__ or "").splitlines()[0]) > 20
    assert loss_id in dict(Document().training.param("loss").choices)


def test_a_network_that_begins_with_a_constant_is_told_that_no_data_reach_it() -> None:
    graph = Graph()
    for node_id, kind in (("input", "Input"), ("constant", "Constant"), ("linear", "Linear"), ("output", "Output")):
        graph = graph.with_node(Node(node_id, LAYERS[kind]()))
    graph = graph.connect("constant", "linear").connect("linear", "output")
    with pytest.raises(BuildError, match="is not reached by any data"):
        resolve(Document(graph, Data(DATASETS["iris"]())))
