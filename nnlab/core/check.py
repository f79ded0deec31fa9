"""What is wrong with a document, in sentences that name the node, each with the fixes that cure it."""

from collections.abc import Callable, Iterator
from math import prod

from nnlab.core.chain import layer
from nnlab.core.document import Data, Document
from nnlab.core.fixes import (
    Fix,
    add_input,
    add_output,
    bypass,
    fix,
    fix_graph,
    insert,
    loop_wires,
    set_layer,
    shape_fixes,
    swap_layer,
    without_branch,
)
from nnlab.core.graph import Graph, Link
from nnlab.core.inside import InnerDocument
from nnlab.core.layer import UnknownLayer
from nnlab.core.objective import resolve
from nnlab.core.problem import FLATTEN, INPUT, LINEAR, OUTPUT, Case, Problem
from nnlab.core.words import count, plural
from nnlab.errors import BuildError, NNLabError

__all__ = ["Fix", "Problem", "check"]

HELD_BACK = 0.2  # for validation, where a fix has to choose
GOOD_BATCH = 16
SCORE_SPANS = {"ReLU": "at 0 or above", "Tanh": "between −1 and 1"}
SPANS = {**SCORE_SPANS, "Sigmoid": "between 0 and 1", "Softmax": "between 0 and 1"}


def check(document: Document) -> tuple[Problem, ...]:
    """Everything that is wrong with a document, errors first, in the order of the network."""
    global _latest
    known, found = _latest
    if known is not document:
        found = _examine(document)
        _latest = document, found
    return found


_latest: tuple[Document | None, tuple[Problem, ...]] = (None, ())
"""The document examined last and what was found: several views ask about the same one after each edit."""


def _examine(document: Document) -> tuple[Problem, ...]:
    case = Case(document)
    if isinstance(document, InnerDocument):
        return tuple(_inside(case))
    found = list(_data(case))
    found += _structure(case)
    found += _shapes(case)
    if not any(problem.severity == "error" for problem in found):
        found += _objective(case)
    found += _habits(case)
    found += _training(case)
    order = {node_id: k for k, node_id in enumerate(document.graph.in_order)}
    found.sort(key=lambda p: (p.severity != "error", order.get(p.node, len(order)) if p.node else -1))
    return tuple(found)


# ----------------------------------------------------------------- data


def _data(case: Case) -> Iterator[Problem]:
    data, spec = case.document.data, case.document.spec
    if spec is None:
        try:
            data.dataset.spec()
        except NNLabError as problem:
            text = str(problem)
            yield Problem("error", None, text[:1].upper() + text[1:])
        return
    if not spec.rows or spec.split is not None:
        return
    share = fix("Hold back 20 % for validation", lambda d: d.with_data(validation=HELD_BACK, test=0.0))
    train, validation, test = _rows(data, spec.rows)
    for name, wanted, rows in (("validation", data.validation, validation), ("test", data.test, test)):
        if wanted > 0 and rows == 0:
            said = f"The {name} part is empty: the share is too small for {plural(spec.rows, 'sample')}"
            yield Problem("error", None, said, (share,))
    if train < 2:
        said = "Too little is left to train on: validation and test share take nearly all samples"
        yield Problem("error", None, said, (share,))


def _rows(data: Data, total: int) -> tuple[int, int, int]:
    """Samples in the training, validation and test part, as parts.divide will count them."""
    validation, test = round(total * data.validation), round(total * data.test)
    return total - validation - test, validation, test


# ------------------------------------------------------------ structure


def _structure(case: Case) -> Iterator[Problem]:
    if not case.of_kind(INPUT):
        said = "There is no Input: add one and connect it to the first layer"
        yield Problem("error", None, said, (fix_graph("Add an Input", add_input),))
    if not case.outputs:
        ends = case.loose_ends[-1:]
        fixes = [fix_graph(f"Add an Output after {case.name(n)}", _output_after(n)) for n in ends]
        yield Problem("error", None, "There is no Output: add one and connect the last layer to it", tuple(fixes))
    for extra in case.outputs[1:]:
        if extra in case.reached:
            said = "is a second Output, and a network has one answer: keep one and remove the others"
            yield case.problem("error", extra, said, _remove(case, extra))
    closing = loop_wires(case.graph)
    if closing:
        yield _loop(case, closing)
    yield from _dead_ends(case)


def _output_after(node_id: str) -> Callable[[Graph], Graph]:
    return lambda graph: add_output(graph, node_id)


def _remove(case: Case, node_id: str) -> Fix:
    needed = case.needed
    return fix_graph(f"Remove {case.name(node_id)}", lambda graph: without_branch(graph, node_id, needed))


def _loop(case: Case, closing: tuple[Link, ...]) -> Problem:
    first = closing[0]
    said = f"feeds {case.name(first.target)}, which it depends on itself: a network may not loop back"
    label = "Remove the wire that closes the loop" if len(closing) == 1 else "Remove the wires that close loops"
    return case.problem("error", first.source, said, fix_graph(label, lambda graph: graph.without_links(closing)))


def _dead_ends(case: Case) -> Iterator[Problem]:
    """Nodes beside the way from Input to Output: they are not trained, and that is worth a word."""
    for node_id in case.of_kind(OUTPUT):
        if node_id not in case.outputs[:1] and node_id not in case.reached:
            yield case.problem("warning", node_id, "is not connected to the data", _remove(case, node_id))
    if not case.needed & case.reached or not any(case.graph.incoming[n] for n in case.outputs):
        return  # the way itself is not complete: one error says so
    for node_id in case.loose_ends:
        if node_id in case.reached:
            said = "leads nowhere: what it computes does not reach the Output"
            yield case.problem("warning", node_id, said, _remove(case, node_id))
        elif node_id not in case.needed:
            yield case.problem("warning", node_id, "is not connected to the data", _remove(case, node_id))


# --------------------------------------------------------------- shapes


def _shapes(case: Case) -> Iterator[Problem]:
    if case.document.spec is None:
        return
    in_order = set(case.graph.in_order)
    for node_id in case.graph.nodes:
        at = case.document.shapes[node_id]
        if not at.problem or node_id not in in_order:
            continue
        if not case.graph.incoming[node_id] and not case.of_kind(INPUT):
            continue  # that there is no Input has been said
        if node_id in case.needed:
            yield case.problem("error", node_id, at.problem, *_shape_fixes(case, node_id))
        elif at.inputs or (case.graph.incoming[node_id] and case.graph.outgoing[node_id]):
            yield case.problem("warning", node_id, at.problem, *_shape_fixes(case, node_id))


def _inside(case: Case) -> Iterator[Problem]:
    """The mistakes in a block that is looked into: what it is part of is examined outside."""
    for node_id in case.graph.nodes:
        at = case.document.shapes[node_id]
        if at.problem:
            yield case.problem("error", node_id, at.problem, *_shape_fixes(case, node_id))


def _shape_fixes(case: Case, node_id: str) -> tuple[Fix, ...]:
    graph, at = case.graph, case.document.shapes[node_id]
    if not graph.incoming[node_id]:
        return tuple(_connections(case, node_id))
    remove = fix_graph(f"Remove {case.name(node_id)}", lambda g: bypass(g, node_id))
    if isinstance(graph.node(node_id).layer, UnknownLayer) or not at.inputs:
        return (remove,) if graph.outgoing[node_id] else ()
    return shape_fixes(graph, node_id, case.name(node_id), at.inputs)


def _connections(case: Case, node_id: str) -> Iterator[Fix]:
    """The wire that is most likely missing: from the one node whose result goes nowhere."""
    behind = case.graph.downstream(node_id)
    free = [n for n in case.loose_ends if n != node_id and n not in behind and n in case.reached]
    if len(free) == 1:
        label = f"Connect {case.name(free[0])} to {case.name(node_id)}"
        yield fix_graph(label, lambda graph: graph.connect(free[0], node_id))


# ------------------------------------------------------------ objective


def _objective(case: Case) -> Iterator[Problem]:
    """The answer against the data and the loss. Asked only once the network itself is sound."""
    try:
        resolve(case.document)
    except BuildError as problem:
        yield Problem("error", problem.node, str(problem), case.curing(_answers(case)))
        return
    learned = sum(case.document.parameter_count(n) or 0 for n in case.needed)
    if learned == 0:
        said = "There is nothing to learn: no layer between Input and Output has weights"
        yield Problem("error", None, said, case.curing(_new_linear(case)))


def _answers(case: Case) -> Iterator[Fix]:
    """Everything that may make answer, data and loss fit; the caller keeps what does."""
    graph, output, spec = case.graph, case.outputs[0], case.document.spec
    name, last = case.name(output), graph.incoming[output][0].source
    width = spec.width if spec else 1
    linear = _last_linear(case)
    if linear:
        label = f"Set the units of {case.name(linear)} to {width}"
        yield fix_graph(label, lambda g: set_layer(g, linear, out_features=width))
    if case.document.training.loss != "auto":
        yield fix("Set the loss to Automatic", lambda d: d.with_training(loss="auto"))
    if getattr(graph.node(output).layer, "role", "auto") != "auto":
        yield fix_graph(f"Set the role of {name} to Automatic", lambda g: set_layer(g, output, role="auto"))
    if case.kinds[last] == "Sigmoid":
        yield fix_graph(f"Put a Softmax in the place of {case.name(last)}", lambda g: swap_layer(g, last, "Softmax"))
    if case.kinds[last] in ("Sigmoid", "Softmax"):
        yield fix_graph(f"Remove {case.name(last)}", lambda g: bypass(g, last))
    yield from _flattenings(case, width)
    yield from _new_linear(case)


def _new_linear(case: Case) -> Iterator[Fix]:
    """A Linear of the right width as the last layer."""
    output, spec = case.outputs[0], case.document.spec
    width = spec.width if spec else 1
    units = f"a Linear with {plural(width, 'unit')} before {case.name(output)}"
    yield fix_graph(f"Insert {units}", lambda g: insert(g, output, layer(LINEAR, out_features=width)))
    if any(len(shape) > 1 for shape in case.document.shapes[output].inputs):
        both = (layer(FLATTEN), layer(LINEAR, out_features=width))
        yield fix_graph(f"Insert a Flatten and {units}", lambda g: insert(g, output, *both))


def _flattenings(case: Case, width: int) -> Iterator[Fix]:
    """A Flatten before the first Linear that gets a picture, with the last Linear made to fit if it must be."""
    first = _first_with_picture(case)
    if first is None:
        return
    label = f"Insert a Flatten before {case.name(first)}"
    yield fix_graph(label, lambda g: insert(g, first, layer(FLATTEN)))
    linear = _last_linear(case)
    if linear:
        label += f" and set the units of {case.name(linear)} to {width}"
        yield fix_graph(label, lambda g: set_layer(insert(g, first, layer(FLATTEN)), linear, out_features=width))


def _last_linear(case: Case) -> str | None:
    """The Linear that decides how many numbers reach the Output: only layers that keep the size come after it."""
    at = case.outputs[0]
    while True:
        links, shapes = case.graph.incoming[at], case.document.shapes[at]
        if len(links) != 1 or shapes.inputs != shapes.outputs:
            return None
        at = links[0].source
        if case.kinds[at] == LINEAR:
            return at


# --------------------------------------------------------------- habits


def _habits(case: Case) -> Iterator[Problem]:
    """What trains, but hardly as it was meant."""
    picture = _first_with_picture(case)
    if picture:
        said = "gets a picture and works on each of its rows alone: put a Flatten before it to see the whole picture"
        yield case.problem("warning", picture, said, _insert(case, FLATTEN, picture))
    for node_id in case.of_kind(LINEAR):
        before = _linear_before(case, node_id) if node_id in case.reached else None
        if before:
            said = (
                f"follows {case.name(before)} with nothing between: two such layers in a row can do no more than one. "
                "Put an activation between them"
            )
            yield case.problem("warning", node_id, said, _insert(case, "ReLU", node_id))
    yield from _narrowed(case)


def _narrowed(case: Case) -> Iterator[Problem]:
    """An activation as the last word, where it keeps the answer from being what it should be."""
    spec, links = case.document.spec, [k for n in case.outputs[:1] for k in case.graph.incoming[n]]
    if spec is None or not links or links[0].source not in case.reached:
        return
    last, values = links[0].source, spec.task == "values"
    if not values and case.document.training.loss == "mse":
        return  # each answer is compared with 0 or 1
    span = (SPANS if values else SCORE_SPANS).get(case.kinds[last])
    if span is None:
        return
    why = "and the values to predict need not be" if values else "so the network can never be quite sure"
    said = f"is the last layer and keeps every answer {span}, {why}: remove it"
    yield case.problem("warning", last, said, fix_graph(f"Remove {case.name(last)}", lambda graph: bypass(graph, last)))


def _insert(case: Case, kind: str, node_id: str) -> Fix:
    return fix_graph(f"Insert a {kind} before {case.name(node_id)}", lambda graph: insert(graph, node_id, layer(kind)))


def _first_with_picture(case: Case) -> str | None:
    """The first Linear that gets a picture: with a Flatten there, those after it get rows."""
    for node_id in case.graph.in_order:
        inputs = case.document.shapes[node_id].inputs
        if case.kinds[node_id] == LINEAR and node_id in case.needed and inputs and len(inputs[0]) == 3:
            return node_id
    return None


def _linear_before(case: Case, node_id: str) -> str | None:
    at = node_id
    while True:
        links = case.graph.incoming[at]
        if len(links) != 1:
            return None
        at = links[0].source
        if case.kinds[at] == LINEAR:
            return at
        if case.kinds[at] not in (FLATTEN, "Dropout"):  # these let numbers through as they are
            return None


# ------------------------------------------------------------- training


def _training(case: Case) -> Iterator[Problem]:
    data, training, spec = case.document.data, case.document.training, case.document.spec
    if training.early_stopping and data.validation == 0:
        said = "Early stopping has nothing to watch: no samples are held back for validation"
        share = fix("Hold back 20 % for validation", lambda d: d.with_data(validation=HELD_BACK))
        off = fix("Turn early stopping off", lambda d: d.with_training(early_stopping=False))
        yield Problem("warning", None, said, (share, off))
    if training.learning_rate == 0:
        good = training.optimizer.good_rate
        rate = fix(f"Set the learning rate to {good:g}", lambda d: d.with_training(learning_rate=good))
        yield Problem("warning", None, "The learning rate is 0, so nothing will be learned", (rate,))
    train = (spec.split or _rows(data, spec.rows))[0] if spec and spec.rows else 0
    if 2 <= train < training.batch_size:
        said = (
            f"The batch size is {count(training.batch_size)}, and there are {plural(train, 'sample')} to train on: "
            "each epoch will be one step"
        )
        yield Problem("warning", None, said, (_batches(train),))
    yield from _lone_samples(case)


def _batches(size: int) -> Fix:
    return fix(f"Set the batch size to {size}", lambda d: d.with_training(batch_size=size))


def _lone_samples(case: Case) -> Iterator[Problem]:
    """A batch norm that would have to take the spread of a single number."""
    if case.document.training.batch_size > 1:
        return
    for node_id in case.graph.nodes:
        inputs = case.document.shapes[node_id].inputs
        norm = case.kinds[node_id].startswith("BatchNorm") and node_id in case.needed
        if norm and inputs and prod(inputs[0][1:]) == 1:
            said = "compares the samples of a batch, and a batch has only one: make the batch size larger"
            yield case.problem("error", node_id, said, _batches(GOOD_BATCH))
