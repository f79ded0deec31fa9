"""Mistakes in the data and in how the samples are divided."""

from collections.abc import Iterator

from nnlab.core.dataset import DataSpec
from nnlab.core.document import Data
from nnlab.core.fixes import Fix, fix, fix_graph, setting
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import LAYERS
from nnlab.core.layout import GAP_Y, HEIGHT
from nnlab.core.mistake import mistake
from nnlab.core.problem import INPUT, Case, Problem
from nnlab.core.shapes import bindings
from nnlab.core.words import plural
from nnlab.errors import NNLabError

HELD_BACK = 0.2  # for validation, where a fix has to choose
OFFERED = 2  # names of inputs that are offered in the place of a wrong one

MISSING_DATA = mistake(
    "missing-data", "The data set is not here", "error",
    "A network is trained on data, and these are not in this installation.",
)  # fmt: skip
EMPTY_PART = mistake(
    "empty-part", "An empty part of the data", "error",
    "A share of the samples that comes to less than one sample has nothing to measure with.",
)  # fmt: skip
NOTHING_LEFT = mistake(
    "nothing-to-train-on", "Nothing left to train on", "error",
    "Samples held back for validation and test are not learned from; some must be left.",
)  # fmt: skip
UNUSED_INPUT = mistake(
    "unused-input", "An input of the data that nothing uses", "info",
    "Data with several inputs take one Input for each; what enters nowhere cannot help.",
)  # fmt: skip
UNKNOWN_INPUT = mistake(
    "unknown-input", "An Input that the data do not have", "error",
    "An Input names one input of the data; with another data set the names are others.",
)  # fmt: skip


def look(case: Case) -> Iterator[Problem]:
    """What is wrong with the data."""
    data, spec = case.document.data, case.document.spec
    if spec is None:
        try:
            data.dataset.spec()
        except NNLabError as problem:
            text = str(problem)
            yield case.general(MISSING_DATA, text[:1].upper() + text[1:])
        return
    yield from _unused(case, spec)
    if spec.rows and spec.split is None:
        yield from _division(case, data, spec.rows)


def rows(data: Data, total: int) -> tuple[int, int, int]:
    """Samples in the training, validation and test part, as parts.divide will count them."""
    validation, test = round(total * data.validation), round(total * data.test)
    return total - validation - test, validation, test


def _division(case: Case, data: Data, total: int) -> Iterator[Problem]:
    share = fix("Hold back 20 % for validation", lambda d: d.with_data(validation=HELD_BACK, test=0.0))
    train, validation, test = rows(data, total)
    for name, wanted, found in (("validation", data.validation, validation), ("test", data.test, test)):
        if wanted > 0 and found == 0:
            said = f"The {name} part is empty: the share is too small for {plural(total, 'sample')}"
            yield case.general(EMPTY_PART, said, share)
    if train < 2:
        said = "Too little is left to train on: validation and test share take nearly all samples"
        yield case.general(NOTHING_LEFT, said, share)


def _unused(case: Case, spec: DataSpec) -> Iterator[Problem]:
    entries = case.of_kind(INPUT)
    if not entries or len(spec.fields) == 1:
        return
    used = set(bindings(case.graph, spec.fields).values())
    for k, each in enumerate(spec.fields):
        if k not in used:
            said = f"The data bring {each.name!r} as well, and no Input takes it: the network does without it"
            yield case.general(UNUSED_INPUT, said, fix_graph(f"Add an Input for {each.name}", _entry(each.name)))


def _entry(source: str, target: str = "", port: str = "") -> "_AddInput":
    return _AddInput(source, target, port)


class _AddInput:
    """Puts an Input for one input of the data below the others, wired to a port if one is named."""

    def __init__(self, source: str, target: str, port: str) -> None:
        self.source, self.target, self.port = source, target, port

    def __call__(self, graph: Graph) -> Graph:
        """The graph with that Input."""
        layer = LAYERS[INPUT]().with_(source=self.source)
        entries = [node for node in graph.nodes.values() if node.layer.is_entry]
        x = min((node.x for node in entries), default=0.0)
        y = max((node.y for node in graph.nodes.values()), default=0.0) + HEIGHT + GAP_Y
        new = Node(graph.new_id(layer), layer, x, y)
        graph = graph.with_node(new)
        return graph.connect(new.id, self.target, self.port or None) if self.target else graph


def entry_fix(label: str, source: str, target: str, port: str) -> Fix:
    """Adds an Input for one input of the data and wires it."""
    return fix_graph(label, _entry(source, target, port))


def sources(case: Case, node_id: str) -> Iterator[Fix]:
    """For an Input that names what the data do not have: those that they have."""
    spec = case.document.spec
    for each in spec.fields[:OFFERED] if spec else ():
        label = f"Take {each.name} into {case.name(node_id)}"
        yield fix_graph(label, setting(node_id, source=each.name))
