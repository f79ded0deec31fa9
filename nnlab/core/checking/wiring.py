"""Mistakes of wires: a missing one, one that brings another kind of numbers, layers that nobody knows, blocks."""

from collections.abc import Iterator
from math import prod

from nnlab.core.chain import layer
from nnlab.core.checking import data
from nnlab.core.fault import Fault
from nnlab.core.fixes import Fix, bypass, fix_graph, insert, wiring
from nnlab.core.graph import Link
from nnlab.core.layer import Port, PortKind, UnknownLayer
from nnlab.core.mistake import Mistake, mistake
from nnlab.core.shapes import bindings

WIDTH = 16  # numbers for each word, where a fix has to choose
UNKNOWN = 100  # words, where the data do not say how many there are

NO_WIRE = mistake(
    "no-wire", "A layer without an input", "error", "A layer computes with what its wire brings."
)  # fmt: skip
NO_SECOND_WIRE = mistake(
    "no-second-wire", "An input without a wire", "error",
    "Layers with several inputs need something at each, but for those that are optional.",
)  # fmt: skip
NO_EDGES = mistake(
    "no-edges", "A graph layer without its edges", "error",
    "A graph layer mixes what is joined, so it must be told who is joined to whom.",
)  # fmt: skip
WORDS_INTO_NUMBERS = mistake(
    "words-into-numbers", "Words straight into a layer that computes", "error",
    "Word 7 is not more than word 3; an Embedding learns a row of numbers for each word.",
)  # fmt: skip
NUMBERS_INTO_WORDS = mistake(
    "numbers-into-words", "Decimals into an Embedding", "error",
    "An Embedding looks up whole numbers in a table; 0.37 is in no table.",
)  # fmt: skip
NO_MASK = mistake(
    "not-a-mask", "Something else at the port of a mask", "error",
    "A mask says yes or no for each place: yes where nothing may be looked at.",
)  # fmt: skip
WRONG_KIND = mistake(
    "wrong-kind", "A wire that brings another kind of numbers", "error",
    "Decimals, whole numbers, masks, memories and edges are different things; a port takes one of them.",
)  # fmt: skip
UNKNOWN_LAYER = mistake(
    "unknown-layer", "A layer that this version does not know", "error",
    "The file comes from a newer NNLab, or from one with more layers.",
)  # fmt: skip


def look(fault: Fault) -> "tuple[Mistake, Iterator[Fix]] | None":
    """Which of these mistakes it is."""
    if isinstance(fault.layer, UnknownLayer):
        return UNKNOWN_LAYER, _removal(fault)
    if fault.layer.is_entry:
        return data.UNKNOWN_INPUT, data.sources(fault.case, fault.node_id)
    if not fault.links:
        return NO_WIRE, _connections(fault)
    if not fault.inputs:
        return _missing(fault)
    wrong = _wrong_wire(fault)
    return _of_kind(fault, *wrong) if wrong else None


def _removal(fault: Fault) -> Iterator[Fix]:
    if fault.graph.outgoing[fault.node_id]:
        yield fix_graph(f"Remove {fault.name}", lambda g: bypass(g, fault.node_id))


def _connections(fault: Fault) -> Iterator[Fix]:
    """The wire that is most likely missing: from the one node whose result goes nowhere."""
    case, node_id = fault.case, fault.node_id
    behind = case.graph.downstream(node_id)
    free = [n for n in case.loose_ends if n != node_id and n not in behind and n in case.reached]
    if len(free) == 1:
        label = f"Connect {case.name(free[0])} to {fault.name}"
        yield fix_graph(label, lambda graph: graph.connect(free[0], node_id))


def _missing(fault: Fault) -> "tuple[Mistake, Iterator[Fix]]":
    wired = {link.target_port for link in fault.links}
    lacking = [p for p in fault.layer.inputs if not p.optional and p.name not in wired]
    edges = next((p for p in lacking if p.kind == "e"), None)
    if edges is not None:
        return NO_EDGES, _edges(fault, edges)
    return NO_SECOND_WIRE, _second(fault, lacking)


def _second(fault: Fault, lacking: list[Port]) -> Iterator[Fix]:
    yield from _removal(fault)
    yield from _connections(fault)
    port, link = next(iter(lacking), None), fault.links[0]
    if port is not None and port.kind == "x" and not fault.layer.variadic:
        name = port.name
        label = f"Connect {fault.case.name(link.source)} at {name} as well"
        yield fix_graph(label, lambda g: g.connect(link.source, fault.node_id, name, link.source_port))


def _edges(fault: Fault, port: Port) -> Iterator[Fix]:
    """The Input that brings the edges, or a new one."""
    spec = fault.case.document.spec
    fields = spec.fields if spec else ()
    for entry, k in bindings(fault.graph, fields).items() if fields else ():
        if fields[k].kind == "e":
            label = f"Connect {fault.case.name(entry)} at {port.name}"
            yield fix_graph(label, wiring(entry, fault.node_id, port.name))
    for each in fields:
        if each.kind == "e":
            label = f"Add an Input for {each.name} and connect it at {port.name}"
            yield data.entry_fix(label, each.name, fault.node_id, port.name)
    yield from _removal(fault)


# ----------------------------------------------------------------- kinds


def _wrong_wire(fault: Fault) -> "tuple[Link, Port, PortKind] | None":
    for link in fault.links:
        port, facts = fault.port(link.target_port), fault.case.carries(link)
        if facts is not None and facts[1] != port.kind and "*" not in (facts[1], port.kind):
            return link, port, facts[1]
    return None


def _of_kind(fault: Fault, link: Link, port: Port, kind: PortKind) -> "tuple[Mistake, Iterator[Fix]]":
    if port.kind == "x" and kind == "i":
        return WORDS_INTO_NUMBERS, _embeddings(fault, link)
    if port.kind == "i" and kind in ("x", "h"):
        return NUMBERS_INTO_WORDS, _other_ways(fault, link, port)
    if port.kind == "m":
        return NO_MASK, _masks(fault, link, port, kind)
    return WRONG_KIND, _other_ways(fault, link, port)


def vocabulary(fault: Fault, link: Link) -> int:
    """How many words there are on a wire, as the data say; 0 if they do not."""
    spec, at = fault.case.document.spec, link.source
    fields = spec.fields if spec else ()
    entries = bindings(fault.graph, fields)
    while at not in entries:
        before = fault.case.only_source(at)
        if before is None:
            return 0
        at = before
    return len(fields[entries[at]].vocabulary)


def _embeddings(fault: Fault, link: Link) -> Iterator[Fix]:
    words = vocabulary(fault, link) or UNKNOWN
    made = layer("Embedding", num_embeddings=words, embedding_dim=WIDTH)
    label = f"Insert an Embedding of {words} words before {fault.name}"
    yield fix_graph(label, lambda g: insert(g, fault.node_id, made, port=link.target_port))
    facts = fault.case.carries(link)
    if facts is not None and prod(facts[0]) * words <= 65_536:
        several = (layer("OneHot", num_classes=words),)
        yield fix_graph(
            f"Insert a One-hot of {words} before {fault.name}",
            lambda g: insert(g, fault.node_id, *several, port=link.target_port),
        )


def _other_ways(fault: Fault, link: Link, port: Port) -> Iterator[Fix]:
    """Another output of the same layer that brings what is taken, or none."""
    for other in fault.graph.output_ports(link.source):
        if other.name != link.source_port and other.kind == port.kind:
            label = f"Take {other.name} of {fault.case.name(link.source)}"
            yield fix_graph(label, wiring(link.source, fault.node_id, link.target_port, other.name))
    if port.optional:
        label = f"Remove the wire from {fault.case.name(link.source)} at {port.name}"
        yield fix_graph(label, lambda g: g.without_links([link]))
    yield from _removal(fault)


def _masks(fault: Fault, link: Link, port: Port, kind: PortKind) -> Iterator[Fix]:
    if kind == "i":
        made = layer("PaddingMask")
        label = f"Insert a Padding mask before {fault.name}"
        yield fix_graph(label, lambda g: insert(g, fault.node_id, made, port=link.target_port))
    yield from _other_ways(fault, link, port)
