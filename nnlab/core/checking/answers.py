"""Mistakes between the network's answer, the loss and what the data ask for."""

from collections.abc import Iterator
from functools import partial
from math import prod

from nnlab.core.arithmetic.class_weights import ClassWeights
from nnlab.core.chain import layer
from nnlab.core.checking.structure import remove
from nnlab.core.fixes import (
    Fix,
    bypass,
    fix,
    fix_graph,
    insert,
    putting,
    removing,
    set_layer,
    setting,
    swap_layer,
    wiring,
)
from nnlab.core.graph import Graph, Link
from nnlab.core.layer import Shape
from nnlab.core.loss import AUTO, LOSSES, Loss, loss_id
from nnlab.core.mistake import Mistake, mistake
from nnlab.core.objective import INPUT_TARGET, resolve, target_places
from nnlab.core.problem import FLATTEN, LINEAR, Case, Problem
from nnlab.core.words import plural
from nnlab.errors import BuildError

ANSWER_COUNT = mistake(
    "answer-count", "Too many or too few answers", "error",
    "The last layer needs one number for each class, or one for each value to predict.",
)  # fmt: skip
PICTURE_TO_END = mistake(
    "picture-to-the-end", "A picture where one answer is needed", "error",
    "One answer for a sample is a row of numbers; Flatten makes a row of a picture.",
)  # fmt: skip
SEQUENCE_TO_END = mistake(
    "sequence-to-the-end", "A whole sequence where one answer is needed", "error",
    "One answer for a sequence is made of its last step, or of the mean or largest over all steps.",
)  # fmt: skip
NODES_TO_END = mistake(
    "nodes-to-the-end", "All nodes of a graph where one answer is needed", "error",
    "One answer for a graph is made of all its nodes by a Graph pool.",
)  # fmt: skip
PLACES = mistake(
    "class-for-each-place", "Answers that do not match the places", "error",
    "Where each step or pixel has its class, there must be a score for each class at each of them.",
)  # fmt: skip
OTHER_SHAPE = mistake(
    "other-shape", "An answer of another shape than its target", "error",
    "An answer is compared with its target number by number, as an autoencoder's picture with its input.",
)  # fmt: skip
WRONG_LOSS = mistake(
    "wrong-loss", "A loss for another kind of answer", "error",
    "Cross-entropy compares classes, squared errors compare values; Automatic chooses what fits the data.",
)  # fmt: skip
WRONG_ROLE = mistake(
    "wrong-role", "An Output set to what the data do not have", "error",
    "The role of an Output says classes or values; Automatic takes what the data have.",
)  # fmt: skip
SIGMOID_CLASSES = mistake(
    "sigmoid-and-cross-entropy", "Sigmoid before cross-entropy", "error",
    "Cross-entropy needs probabilities that add up to 1; a Sigmoid gives each class its own.",
)  # fmt: skip
SOFTMAX_OF_ONE = mistake(
    "softmax-of-one", "Softmax of a single number", "error",
    "Softmax shares 1 among several numbers; a single one always gets all of it.",
)  # fmt: skip
NO_TARGET = mistake(
    "more-outputs-than-targets", "An Output with nothing to be compared with", "error",
    "Each Output is compared with a target of the data, and there are only so many.",
)  # fmt: skip
UNKNOWN_TARGET = mistake(
    "unknown-target", "An Output that names a target the data do not have", "error",
    "An Output names one target of the data, or input; with another data set the names are others.",
)  # fmt: skip
NO_ANSWER = mistake(
    "no-answer", "A network that cannot be trained", "error",
    "Every way from the data to an Output must be complete.",
)  # fmt: skip
NOTHING_TO_LEARN = mistake(
    "nothing-to-learn", "Nothing to learn", "error",
    "Training changes weights, and layers such as Flatten or ReLU have none.",
)  # fmt: skip
CUT_OFF = mistake(
    "no-gradient", "No gradient reaches a weight", "error",
    "Learning goes backwards from the loss; Stop gradient, Arg-max and One-hot let nothing through.",
)  # fmt: skip

BARRIERS = ("Detach", "ArgMax", "OneHot", "CausalMask", "NodeMask", "PaddingMask")
RECURRENT = ("RNN", "LSTM", "GRU")
GRAPH_LAYERS = ("GCNConv", "GATConv", "GINConv", "SAGEConv")
SAID: tuple[tuple[str, Mistake], ...] = (
    ("gives every class a probability of its own", SIGMOID_CLASSES),
    ("over a single number", SOFTMAX_OF_ONE),
    ("set to classes", WRONG_ROLE),
    ("choose mean squared error", WRONG_LOSS),
    ("choose cross-entropy", WRONG_LOSS),
    ("asks for the loss", WRONG_LOSS),
    ("nothing in the data is left", NO_TARGET),
    ("the data have no such target", UNKNOWN_TARGET),
    ("its loss has", WRONG_LOSS),
    ("has a loss with the weights", WRONG_LOSS),
    ("at each place", PLACES),
    ("make them equal", OTHER_SHAPE),
    ("cross-entropy needs one for each class", ANSWER_COUNT),
    ("and the data need", ANSWER_COUNT),
)


def look(case: Case) -> Iterator[Problem]:
    """The answer against the data and the loss. Asked only once the network itself is sound."""
    try:
        resolve(case.document)
    except BuildError as problem:
        kind = _kind(case, problem)
        fixes = case.curing(_cures(case, problem), 3 if kind is SEQUENCE_TO_END else 2)
        yield case.general(kind, str(problem), *fixes, node=problem.node)
        return
    learned = [n for n in case.needed if case.document.parameter_count(n)]
    if not learned:
        said = "There is nothing to learn: no layer between Input and Output has weights"
        yield case.general(NOTHING_TO_LEARN, said, *case.curing(_new_linear(case, case.outputs[0])))
    else:
        yield from _cut_off(case, learned)


def _kind(case: Case, problem: BuildError) -> Mistake:
    said = str(problem)
    if "needs one row of numbers" in said and problem.node is not None:
        return _too_many_axes(case, problem.node)
    return next((kind for words, kind in SAID if words in said), NO_ANSWER)


def _too_many_axes(case: Case, output: str) -> Mistake:
    shape = case.document.shapes[output].inputs[0]
    if len(shape) != 2:
        return PICTURE_TO_END
    graph_layer = any(case.kinds[n] in GRAPH_LAYERS for n in case.before([output]))
    return NODES_TO_END if graph_layer else SEQUENCE_TO_END


def _cut_off(case: Case, learned: list[str]) -> Iterator[Problem]:
    """Weights that no gradient reaches, if that is all of them."""
    seen, todo = set(case.outputs), list(case.outputs)
    while todo:
        for link in case.graph.incoming[todo.pop()]:
            if link.source not in seen and case.kinds[link.source] not in BARRIERS:
                seen.add(link.source)
                todo.append(link.source)
    if seen & set(learned):
        return
    barriers = [n for n in case.graph.in_order if n in case.needed and case.kinds[n] in BARRIERS]
    for node_id in barriers[-1:]:
        said = "lets no gradient through, and all weights lie before it: nothing would be learned. Remove it"
        removal = fix_graph(f"Remove {case.name(node_id)}", removing(node_id))
        yield case.problem(CUT_OFF, node_id, said, *case.curing([removal]))


# ----------------------------------------------------------------- cures


def _cures(case: Case, problem: BuildError) -> Iterator[Fix]:
    """Everything that may make answer, data and loss fit; the caller keeps what does."""
    output = problem.node if problem.node in case.outputs else case.outputs[0]
    spec = case.document.spec
    if spec is None or output is None:
        return
    yield from _targets(case, output)
    width, places = _wanted(case, output)
    yield from _places(case, output, width, places)
    yield from _sizes(case, output, width)
    yield from _losses(case, output)
    yield from _steps(case, output, width)
    yield from _flattenings(case, output, width)
    yield from _new_linear(case, output)
    if output not in case.outputs[:1]:
        yield remove(case, output)


def _wanted(case: Case, output: str) -> tuple[int, Shape]:
    """How many numbers the answer needs, and for which places."""
    spec = case.document.spec
    assert spec is not None, "asked only with data"
    try:
        at = target_places(case.document, case.outputs)[output]
    except (BuildError, KeyError):
        at = 0
    if at < 0:
        return 0, spec.fields[0].shape
    target = spec.targets[at]
    width = _loss_of(case, output).numbers(target)
    return width, target.own_shape if target.task == "classes" or len(target.own_shape) > 1 else ()


def _loss_of(case: Case, output: str) -> type[Loss]:
    """The kind of loss that is asked for this answer; Loss itself where that is left open."""
    own = loss_id(getattr(case.graph.node(output).layer, "loss", AUTO))
    training = loss_id(case.document.training.loss) if output in case.outputs[:1] else AUTO
    found = next((id_ for id_ in (own, training) if id_ != AUTO), AUTO)
    return LOSSES.get(found, Loss)


def _targets(case: Case, output: str) -> Iterator[Fix]:
    """For an Output without a target: none of its own, the name of one, or no such Output."""
    spec = case.document.spec
    named = str(getattr(case.graph.node(output).layer, "target", ""))
    names = [target.name for target in spec.targets] if spec else []
    if named and named not in (*names, INPUT_TARGET):
        for name in names:
            label = f"Compare {case.name(output)} with {name}"
            yield fix_graph(label, setting(output, target=name))
    if len(case.outputs) > len(names):
        yield remove(case, output)


def _sizes(case: Case, output: str, width: int) -> Iterator[Fix]:
    linear = last_linear(case, output)
    if linear and width:
        label = f"Set the units of {case.name(linear)} to {width}"
        yield fix_graph(label, lambda g: set_layer(g, linear, out_features=width))


def _losses(case: Case, output: str) -> Iterator[Fix]:
    name, last = case.name(output), case.graph.incoming[output][0].source
    own = case.graph.node(output).layer
    chosen = case.document.training.loss
    if isinstance(chosen, ClassWeights) and chosen.class_weights == "own":
        balanced = chosen.with_(class_weights="balanced")
        yield fix("Balance the weights of the classes", lambda d: d.with_training(loss=balanced))
    if chosen != "auto":
        yield fix("Set the loss to Automatic", lambda d: d.with_training(loss="auto"))
    if getattr(own, "loss", "auto") != "auto":
        yield fix_graph(f"Set the loss of {name} to auto", lambda g: set_layer(g, output, loss="auto"))
    if getattr(own, "role", "auto") != "auto":
        yield fix_graph(f"Set the role of {name} to Automatic", lambda g: set_layer(g, output, role="auto"))
    if case.kinds[last] == "Sigmoid":
        yield fix_graph(f"Put a Softmax in the place of {case.name(last)}", lambda g: swap_layer(g, last, "Softmax"))
    if case.kinds[last] in ("Sigmoid", "Softmax"):
        yield fix_graph(f"Remove {case.name(last)}", lambda g: bypass(g, last))


def _new_linear(case: Case, output: str) -> Iterator[Fix]:
    """A Linear of the right width as the last layer."""
    width, places = _wanted(case, output)
    if not width or len(places) > 1:
        return
    units = f"a Linear with {plural(width, 'unit')} before {case.name(output)}"
    yield fix_graph(f"Insert {units}", lambda g: insert(g, output, layer(LINEAR, out_features=width)))
    if any(len(shape) > 1 for shape in case.document.shapes[output].inputs):
        both = (layer(FLATTEN), layer(LINEAR, out_features=width))
        yield fix_graph(f"Insert a Flatten and {units}", lambda g: insert(g, output, *both))


def _steps(case: Case, output: str, width: int) -> Iterator[Fix]:
    """One row of a sequence, or of the nodes of a graph: for one answer per sample."""
    if len(case.document.shapes[output].inputs[0]) != 2:
        return
    linear, at = last_linear(case, output), output
    while case.only_source(at) is not None and case.kinds[at] not in RECURRENT:
        before = case.only_source(at)
        assert before is not None, "asked above"
        if case.kinds[before] in RECURRENT:
            yield from _last_step(case, before, linear, width)
        at = before
    graph_layer = any(case.kinds[n] in GRAPH_LAYERS for n in case.before([output]))
    pool = layer("GraphPool" if graph_layer else "SequencePool")
    where = linear or output
    yield fix_graph(f"Insert a {pool.title} before {case.name(where)}", lambda g: insert(g, where, pool))
    if width:
        both = (pool, layer(LINEAR, out_features=width))
        label = f"Insert a {pool.title} and a Linear with {plural(width, 'unit')} before {case.name(output)}"
        yield fix_graph(label, lambda g: insert(g, output, *both))


def _last_step(case: Case, recurrent: str, linear: str | None, width: int) -> Iterator[Fix]:
    wires = [link for link in case.graph.outgoing[recurrent] if link.source_port == "out"]
    for link in wires[:1]:
        label = f"Take the last step of {case.name(recurrent)}"
        yield fix_graph(label, partial(_taking_last, link))
        if linear and getattr(case.graph.node(linear).layer, "out_features", 0) != width > 0:
            label += f", and {width} units in {case.name(linear)}"
            yield fix_graph(label, partial(_taking_last, link, linear=linear, width=width))


def _taking_last(link: Link, graph: Graph, linear: str | None = None, width: int = 1) -> Graph:
    graph = graph.connect(link.source, link.target, link.target_port, "last")
    return set_layer(graph, linear, out_features=width) if linear else graph


def _places(case: Case, output: str, width: int, places: Shape) -> Iterator[Fix]:
    """An answer for each place: axes turned round, channels set, a shape given back."""
    if not places:
        return
    shape, name = case.document.shapes[output].inputs[0], case.name(output)
    if len(shape) == 3:
        yield from _channels(case, output, width)
        turned = layer("Permute", dims="0, 3, 1, 2")
        yield fix_graph(f"Insert a Permute before {name}: channels first", lambda g: insert(g, output, turned))
    if len(shape) == 1:
        yield from _all_steps(case, output)
    if len(shape) == 2:
        turn = layer("Transpose")
        yield fix_graph(
            f"Insert a Transpose before {name}: steps and classes change places", lambda g: insert(g, output, turn)
        )
    sizes = ", ".join(map(str, places))
    fold = layer("Reshape", shape=sizes)
    yield fix_graph(f"Insert a Reshape to {sizes} before {name}", lambda g: insert(g, output, fold))
    total = width or prod(places)
    linear = last_linear(case, output)
    if linear and total <= 65_536 and getattr(case.graph.node(linear).layer, "out_features", 0) != total:
        label = f"Set the units of {case.name(linear)} to {total} and insert a Reshape to {sizes}"
        yield fix_graph(label, lambda g: insert(set_layer(g, linear, out_features=total), output, fold))


def _channels(case: Case, output: str, width: int) -> Iterator[Fix]:
    """The last convolution with as many filters as there are classes, or one for yes and no."""
    for wanted in dict.fromkeys((width, 1)):
        if wanted < 1 or wanted > 65_536:
            continue
        last = case.graph.incoming[output][0].source
        if hasattr(case.graph.node(last).layer, "out_channels"):
            label = f"Set the filters of {case.name(last)} to {wanted}"
            yield fix_graph(label, setting(last, out_channels=wanted))
        one = layer("Conv2d", out_channels=wanted, kernel_size=1)
        label = f"Insert a 1×1 convolution with {plural(wanted, 'filter')} before {case.name(output)}"
        yield fix_graph(label, putting(output, one))


def _all_steps(case: Case, output: str) -> Iterator[Fix]:
    """Where one step was taken of a sequence: all of them."""
    at = output
    while True:
        links = case.graph.incoming[at]
        if len(links) != 1:
            return
        link, source = links[0], links[0].source
        if case.kinds[source] in RECURRENT and link.source_port == "last":
            label = f"Take all steps of {case.name(source)}"
            yield fix_graph(label, wiring(source, link.target, link.target_port))
            return
        if case.kinds[source] in ("LastStep", "SequencePool"):
            yield fix_graph(f"Remove {case.name(source)}", removing(source))
            return
        at = source


def _flattenings(case: Case, output: str, width: int) -> Iterator[Fix]:
    """A Flatten before the first Linear that gets a picture, with the last Linear made to fit if it must be."""
    first = first_with_picture(case)
    if first is None:
        return
    label = f"Insert a Flatten before {case.name(first)}"
    yield fix_graph(label, lambda g: insert(g, first, layer(FLATTEN)))
    linear = last_linear(case, output)
    if linear and width:
        label += f" and set the units of {case.name(linear)} to {width}"
        yield fix_graph(label, lambda g: set_layer(insert(g, first, layer(FLATTEN)), linear, out_features=width))


def first_with_picture(case: Case) -> str | None:
    """The first Linear that gets a picture: with a Flatten there, those after it get rows."""
    for node_id in case.graph.in_order:
        inputs = case.document.shapes[node_id].inputs
        if case.kinds[node_id] == LINEAR and node_id in case.needed and inputs and len(inputs[0]) == 3:
            return node_id
    return None


def last_linear(case: Case, output: str) -> str | None:
    """The Linear that decides how many numbers reach the Output: only layers that keep the size come after it."""
    at = output
    while True:
        links, shapes = case.graph.incoming[at], case.document.shapes[at]
        if len(links) != 1 or shapes.inputs != shapes.outputs:
            return None
        at = links[0].source
        if case.kinds[at] == LINEAR:
            return at
