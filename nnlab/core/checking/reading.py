"""Doubts about sequences, graphs and codes: order that is lost, padding that counts, words without a place, a future seen."""

from collections.abc import Iterator
from math import prod

from nnlab.core.chain import layer
from nnlab.core.dataset import Field
from nnlab.core.fixes import fix_graph, insert, set_layer
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.layout import GAP_X, GAP_Y, HEIGHT, WIDTH
from nnlab.core.mistake import mistake
from nnlab.core.problem import OUTPUT, Case, Problem
from nnlab.core.shapes import bindings
from nnlab.core.words import count

FEW_WORDS = mistake(
    "few-words", "An Embedding smaller than the vocabulary", "error",
    "An Embedding has one row for each word, so it needs as many as the data have words.",
)  # fmt: skip
NO_POSITIONS = mistake(
    "no-positions", "Attention without positions", "warning",
    "Attention takes its steps as a heap: without positions, dog bites man is man bites dog.",
)  # fmt: skip
SEES_FUTURE = mistake(
    "sees-the-future", "A decoder that sees the future", "warning",
    "Who guesses the next word must not see it: a decoder with a causal mask looks back only.",
)  # fmt: skip
PADDING_COUNTS = mistake(
    "padding-counts", "Padding that counts", "warning",
    "Short sentences are filled up; a mask keeps the filling out of means and looks.",
)  # fmt: skip
LAST_IS_PADDING = mistake(
    "last-is-padding", "The last step is padding", "info",
    "Behind a short sentence comes its filling, and the last step is of that; with a mask it is the last real word.",
)  # fmt: skip
SOFTMAX_AXIS = mistake(
    "softmax-axis", "Softmax along the wrong axis", "warning",
    "The shares of the classes at one place add up to 1, not those of one class over all places.",
)  # fmt: skip
KL_UNUSED = mistake(
    "kl-unused", "A code whose cost does not count", "warning",
    "In a variational autoencoder kl keeps the codes together; without it, nothing new can be made up from them.",
)  # fmt: skip
SWAPPED_CODE = mistake(
    "swapped-code", "Mean and spread in each other's place", "warning",
    "Reparameterise takes the mean at its first port and the log variance at its second.",
)  # fmt: skip

ATTENDING = {
    "MultiheadAttention": "q", "TransformerEncoderLayer": "in", "TransformerEncoder": "in", "Transformer": "target",
    "TransformerDecoderLayer": "in", "TransformerDecoder": "in",
}  # fmt: skip
PLACED = frozenset(
    [
        "PositionalEncoding",
        "PatchEmbedding",
        "RNN",
        "LSTM",
        "GRU",
        "Conv1d",
        "Conv2d",
        "Conv3d",
        "Block",
        "Constant",
        "GCNConv",
        "GATConv",
        "GINConv",
        "SAGEConv",
    ]
)
"""Layers after which steps are told apart, or that say where they stand; and what is not a sequence of words."""
PADDED = {
    "MultiheadAttention": "padding", "TransformerEncoderLayer": "padding", "TransformerEncoder": "padding",
    "SequencePool": "mask", "Transformer": "source_padding",
}  # fmt: skip
RECURRENT = ("RNN", "LSTM", "GRU")
TABLES = {"Embedding": "num_embeddings", "EmbeddingBag": "num_embeddings", "OneHot": "num_classes"}
FILLINGS = ("·", "", "<pad>", "[pad]", "pad", "_", "<PAD>", "[PAD]")
"""What word 0 is called where it only fills up."""


def look(case: Case) -> Iterator[Problem]:
    """What is doubtful about order, padding, words and codes."""
    entries = bindings(case.graph, case.document.spec.fields) if case.document.spec else {}
    for node_id in case.graph.in_order:
        if node_id not in case.needed or node_id not in case.reached or not case.document.shapes[node_id].known:
            continue
        yield from _words(case, node_id, entries)
        yield from _positions(case, node_id)
        yield from _future(case, node_id)
        yield from _padding(case, node_id, entries)
        yield from _codes(case, node_id)
        yield from _shares(case, node_id)


def _field(case: Case, node_id: str, port: str, entries: "dict[str, int]") -> tuple[str, Field] | None:
    """The Input whose words come to this port one by one, and what the data say of them."""
    spec = case.document.spec
    link = case.graph.wire_into(node_id, port)
    while link is not None and spec is not None:
        if link.source in entries:
            return link.source, spec.fields[entries[link.source]]
        first = case.graph.incoming[link.source][:1]
        link = first[0] if first else None
    return None


def _words(case: Case, node_id: str, entries: "dict[str, int]") -> Iterator[Problem]:
    if case.kinds[node_id] not in TABLES:
        return
    name, source = TABLES[case.kinds[node_id]], case.only_source(node_id)
    found = _field(case, node_id, "in", entries)
    if found is None or source is None or case.carries(case.graph.incoming[node_id][0]) is None:
        return
    at = source
    while at not in entries:  # only what passes words on unchanged
        before = case.only_source(at)
        if before is None or case.graph.node(at).layer.outputs[0].kind != "*":
            return
        at = before
    have, need = getattr(case.graph.node(node_id).layer, name), len(found[1].vocabulary)
    if have < need:
        said = f"has rows for {count(have)} words, and the input {found[1].name!r} has {count(need)} of them: make it as large"
        label = f"Set the size of {case.name(node_id)} to {need}"
        yield case.problem(FEW_WORDS, node_id, said, fix_graph(label, lambda g: set_layer(g, node_id, **{name: need})))


def _positions(case: Case, node_id: str) -> Iterator[Problem]:
    port = ATTENDING.get(case.kinds[node_id], "")
    link = case.graph.wire_into(node_id, port)
    if link is None:
        return
    before = case.before([link.source])
    words = any(case.kinds[n] == "Embedding" for n in before)
    if not words or any(case.kinds[n] in PLACED for n in before):
        return
    said = (
        "looks at the steps as a heap, since nothing before it tells where they stand: put a positional encoding first"
    )
    made = layer("PositionalEncoding")
    label = f"Insert a Positional encoding after {case.name(link.source)}"
    yield case.problem(NO_POSITIONS, node_id, said, fix_graph(label, lambda g: _behind(g, link, made)))


def _behind(graph: Graph, link: Link, made: Layer) -> Graph:
    """With a layer behind an output, before everything that output leads to."""
    graph.node(link.target)
    new = graph.new_id(made)
    others = [k for k in graph.outgoing[link.source] if k.source_port == link.source_port and k != link]
    graph = insert(graph, link.target, made, port=link.target_port)
    for other in others:
        graph = graph.connect(new, other.target, other.target_port)
    return graph


def _future(case: Case, node_id: str) -> Iterator[Problem]:
    if case.kinds[node_id] not in ("TransformerDecoderLayer", "TransformerDecoder", "Transformer"):
        return
    spec, made = case.document.spec, case.graph.node(node_id).layer
    steps = case.document.shapes[node_id].outputs[0][:1]
    if spec is None or getattr(made, "causal", True) or spec.targets[0].own_shape != steps:
        return
    said = "may look at the words that it is to guess: turn its causal mask on"
    label = f"Turn Causal of {case.name(node_id)} on"
    yield case.problem(SEES_FUTURE, node_id, said, fix_graph(label, lambda g: set_layer(g, node_id, causal=True)))


# --------------------------------------------------------------- padding


def _padding(case: Case, node_id: str, entries: "dict[str, int]") -> Iterator[Problem]:
    kind = case.kinds[node_id]
    if kind not in PADDED and kind not in (*RECURRENT, "LastStep"):
        return
    first = case.graph.node(node_id).layer.inputs[0].name
    found = _field(case, node_id, first, entries)
    if found is None or not _is_filled(found[1]):
        return
    shape = case.document.shapes[node_id].inputs[0]
    if shape[:1] != found[1].shape[:1]:
        return  # the steps are not those of the words
    if kind in RECURRENT:
        yield from _last(case, node_id, found[0])
        return
    port = PADDED.get(kind, "mask")
    if case.graph.wire_into(node_id, port) is not None or (kind == "SequencePool" and _mode(case, node_id) == "first"):
        return
    last = kind == "LastStep" or _mode(case, node_id) == "last"
    where = (
        "the last step of a short sentence is its filling" if last else "the filling of short sentences counts as words"
    )
    said = f"has no mask, and {where}: connect a Padding mask of {case.name(found[0])} at {port}"
    label = f"Connect a Padding mask to {case.name(node_id)}"
    add = fix_graph(label, lambda g: _masked(g, found[0], node_id, port))
    yield case.problem(LAST_IS_PADDING if last else PADDING_COUNTS, node_id, said, add)


def _mode(case: Case, node_id: str) -> str:
    return str(getattr(case.graph.node(node_id).layer, "mode", ""))


def _is_filled(field: Field) -> bool:
    return (
        field.kind == "i" and len(field.shape) == 1 and field.vocabulary[:1] != () and field.vocabulary[0] in FILLINGS
    )


def _masked(graph: Graph, entry: str, node_id: str, port: str) -> Graph:
    """With the mask of these words at a port: the one that is there, or a new one below its Input."""
    graph.node(node_id)
    for link in graph.outgoing[entry]:
        if graph.node(link.target).type_id == "PaddingMask":
            return graph.connect(link.target, node_id, port)
    made = LAYERS["PaddingMask"]()
    node = graph.node(entry)
    new = Node(graph.new_id(made), made, node.x + WIDTH + GAP_X, _free_row(graph))
    return graph.with_node(new).connect(entry, new.id).connect(new.id, node_id, port)


def _free_row(graph: Graph) -> float:
    return max(node.y for node in graph.nodes.values()) + HEIGHT + GAP_Y


def _last(case: Case, node_id: str, entry: str) -> Iterator[Problem]:
    """The last step of a recurrent layer that read padded words."""
    wires = [link for link in case.graph.outgoing[node_id] if link.source_port == "last"]
    if not wires or getattr(case.graph.node(node_id).layer, "bidirectional", False):
        return
    said = "gives its memory after the filling of short sentences: a Last step with a Padding mask takes it after the last word"

    def masked(graph: Graph) -> Graph:
        for link in wires:
            made = layer("LastStep")
            new = graph.new_id(made)
            graph = insert(graph, link.target, made, port=link.target_port)
            graph = _masked(graph.connect(node_id, new, "in", "out"), entry, new, "mask")
        return graph

    label = f"Take the last real word after {case.name(node_id)}"
    yield case.problem(LAST_IS_PADDING, node_id, said, fix_graph(label, masked))


# ----------------------------------------------------------------- codes


def _codes(case: Case, node_id: str) -> Iterator[Problem]:
    if case.kinds[node_id] != "Reparameterise":
        return
    counts = any(link.source_port == "kl" and link.target in case.needed for link in case.graph.outgoing[node_id])
    if not counts:
        said = "gives a cost at kl that nothing takes: connect it to an Output of its own"

        def add(graph: Graph) -> Graph:
            made, node = LAYERS[OUTPUT](), graph.node(node_id)
            new = Node(graph.new_id(made), made, node.x + WIDTH + GAP_X, _free_row(graph))
            return graph.with_node(new).connect(node_id, new.id, "in", "kl")

        label = f"Connect kl of {case.name(node_id)} to an Output"
        yield case.problem(KL_UNUSED, node_id, said, fix_graph(label, add))
    yield from _swapped(case, node_id)


def _swapped(case: Case, node_id: str) -> Iterator[Problem]:
    """Wires whose layers the user has named the other way round."""
    wires = {link.target_port: link for link in case.graph.incoming[node_id]}
    names = {port: _called(case, link.source) for port, link in wires.items()}
    first, second = names.get("mean", ""), names.get("log_variance", "")
    if "var" in first and "mean" not in first and "var" not in second and ("mean" in second or "mu" in second):
        one, other = wires["mean"], wires["log_variance"]
        said = (
            f"gets {case.name(one.source)} as its mean and {case.name(other.source)} as its spread: change their places"
        )

        def swap(graph: Graph) -> Graph:
            graph = graph.without_links([one, other])
            graph = graph.connect(one.source, node_id, "log_variance", one.source_port)
            return graph.connect(other.source, node_id, "mean", other.source_port)

        yield case.problem(SWAPPED_CODE, node_id, said, fix_graph("Change the places of the two wires", swap))


def _called(case: Case, node_id: str) -> str:
    return f"{node_id} {case.graph.node(node_id).name}".lower()


def _shares(case: Case, node_id: str) -> Iterator[Problem]:
    """A Softmax before an Output of classes at places that does not share among the classes."""
    if case.kinds[node_id] != "Softmax":
        return
    spec, shape = case.document.spec, case.document.shapes[node_id].inputs[0]
    outputs = [k.target for k in case.graph.outgoing[node_id] if case.kinds[k.target] == OUTPUT]
    if spec is None or not outputs or len(shape) < 2 or spec.targets[0].task != "classes":
        return
    target = spec.targets[0]
    wanted = len(shape) if shape == (*target.own_shape, target.width) else 1
    if shape not in ((*target.own_shape, target.width), (target.width, *target.own_shape)) or prod(shape) == 0:
        return
    dim = getattr(case.graph.node(node_id).layer, "dim", wanted)
    if dim not in (wanted, wanted - len(shape) - 1):
        said = f"makes shares along axis {dim}, and the classes lie along axis {wanted}: turn it to that"
        label = f"Set the axis of {case.name(node_id)} to {wanted}"
        yield case.problem(SOFTMAX_AXIS, node_id, said, fix_graph(label, lambda g: set_layer(g, node_id, dim=wanted)))
