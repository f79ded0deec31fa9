"""Layers that cannot take what they are given: each is asked which mistake it is and what cures it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.inside import look_into, put_back
from nnlab.core.chain import layer
from nnlab.core.checking import merging, pictures, reshaping, sequences, wiring
from nnlab.core.document import Document
from nnlab.core.fault import Fault, Look, curing
from nnlab.core.fixes import Fix, fix, fix_graph, insert, set_layer
from nnlab.core.graph import Graph
from nnlab.core.mistake import Mistake, mistake
from nnlab.core.problem import INPUT, Case, Problem

INSIDE_BLOCK = mistake(
    "inside-block", "A mistake inside a block", "error", "A block is sound if all layers inside it are."
)  # fmt: skip
REPEAT = mistake(
    "uneven-repeat", "A block that cannot feed itself", "error",
    "In a block that is repeated each copy feeds the next, so what goes in and what comes out have one size.",
)  # fmt: skip
DOES_NOT_FIT = mistake(
    "does-not-fit", "A layer that cannot take what it is given", "error",
    "Each layer says which shapes it takes; one before it, or a setting, must change.",
)  # fmt: skip

CURED = 12  # faults of one network whose repairs are tried out; the others wait until these are cured
LOOKS: tuple[Look, ...] = (wiring.look, sequences.look, reshaping.look, merging.look, pictures.look)
GENTLER: tuple[tuple[str, object], ...] = (
    ("padding", "same"), ("stride", 1), ("padding", 0), ("groups", 1), ("dilation", 1), ("dim", 1), ("dim", -1),
    ("start_dim", 1), ("end_dim", -1), ("kernel_size", 2), ("kernel_size", 1), ("normalized_shape", 1),
)  # fmt: skip


def look(case: Case) -> Iterator[Problem]:
    """The layers of a document at fault: errors where an answer depends on them."""
    if case.document.spec is None:
        return
    in_order, told = set(case.graph.in_order), 0
    for node_id in case.graph.nodes:
        at = case.document.shapes[node_id]
        if not at.problem or node_id not in in_order:
            continue
        if not case.graph.incoming[node_id] and not case.of_kind(INPUT):
            continue  # that there is no Input has been said
        beside = at.inputs or (case.graph.incoming[node_id] and case.graph.outgoing[node_id])
        if node_id in case.needed or beside or case.graph.nodes[node_id].layer.is_entry:
            told += 1
            found = _problem(case, node_id, told <= CURED)
            yield found if node_id in case.needed else replace(found, severity="warning")


def inside(case: Case) -> Iterator[Problem]:
    """The mistakes in a block that is looked into: what it is part of is examined outside."""
    for node_id in case.graph.nodes:
        if case.document.shapes[node_id].problem:
            yield _problem(case, node_id, True)


def _problem(case: Case, node_id: str, cure: bool) -> Problem:
    fault = Fault(case, node_id)
    kind, fixes = _diagnosis(fault)
    found = (curing(case, node_id, fixes) or curing(case, node_id, _general(fault))) if cure else ()
    return case.problem(kind, node_id, fault.said, *found)


def _diagnosis(fault: Fault) -> tuple[Mistake, Iterator[Fix]]:
    if isinstance(fault.layer, Block) and fault.links:
        return _of_block(fault)
    for each in LOOKS:
        found = each(fault)
        if found is not None:
            return found
    return DOES_NOT_FIT, iter(())


def _general(fault: Fault) -> Iterator[Fix]:
    """What may help any layer."""
    if fault.inputs:
        yield from pictures.settings(fault, *GENTLER)
        yield from _flattened(fault)


def _flattened(fault: Fault) -> Iterator[Fix]:
    arriving = fault.arriving
    if not any(len(shape) > 1 for _, shape in arriving):
        return

    def flatten(graph: Graph) -> Graph:
        for link, shape in arriving:
            if len(shape) > 1:
                graph = insert(graph, fault.node_id, layer("Flatten"), port=link.target_port)
        return graph

    yield fix_graph(f"Insert a Flatten before {fault.name}", flatten)


# ---------------------------------------------------------------- blocks


def _of_block(fault: Fault) -> tuple[Mistake, Iterator[Fix]]:
    if "cannot be repeated" in fault.said:
        label = f"Set repeats of {fault.name} to 1"
        return REPEAT, iter((fix_graph(label, lambda g: set_layer(g, fault.node_id, repeat=1)),))
    return INSIDE_BLOCK, _inside(fault) if fault.inputs else iter(())


def _inside(fault: Fault) -> Iterator[Fix]:
    """What cures the layers inside, done from outside."""
    path = (fault.node_id,)
    for problem in inside(Case(look_into(fault.case.document, path))):
        for each in problem.fixes:
            yield fix(f"{each.label} (in {fault.name})", partial(_within, path, each))


def _within(path: tuple[str, ...], each: Fix, document: Document) -> Document:
    return put_back(document, path, each.apply(look_into(document, path)))
