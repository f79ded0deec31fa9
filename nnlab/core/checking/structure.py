"""Mistakes in how a network is drawn: what is missing, what leads nowhere, what goes in a circle."""

from collections.abc import Callable, Iterator

from nnlab.core.fixes import Fix, add_input, add_output, fix_graph, loop_wires, without_branch
from nnlab.core.graph import Graph, Link
from nnlab.core.mistake import mistake
from nnlab.core.problem import INPUT, OUTPUT, Case, Problem

NO_INPUT = mistake(
    "no-input", "No Input", "error", "The samples of the data enter a network at an Input."
)  # fmt: skip
NO_OUTPUT = mistake(
    "no-output", "No Output", "error", "What reaches the Output is the answer that is compared with the data."
)  # fmt: skip
LOOP = mistake(
    "loop", "Wires in a circle", "error", "A layer can only be computed once everything before it is."
)  # fmt: skip
LEADS_NOWHERE = mistake(
    "leads-nowhere", "A layer that leads nowhere", "warning",
    "What does not reach an Output changes no answer, and so it is not trained.",
)  # fmt: skip
NO_DATA_COME = mistake(
    "no-data-come", "A layer that no data reach", "warning", "Without data coming in there is nothing to compute."
)  # fmt: skip


def look(case: Case) -> Iterator[Problem]:
    """What is wrong with the drawing, whatever the layers are."""
    if not case.of_kind(INPUT):
        said = "There is no Input: add one and connect it to the first layer"
        yield case.general(NO_INPUT, said, fix_graph("Add an Input", add_input))
    if not case.outputs:
        ends = case.loose_ends[-1:]
        fixes = [fix_graph(f"Add an Output after {case.name(n)}", _output_after(n)) for n in ends]
        yield case.general(NO_OUTPUT, "There is no Output: add one and connect the last layer to it", *fixes)
    closing = loop_wires(case.graph)
    if closing:
        yield _loop(case, closing)
    yield from _dead_ends(case)


def _output_after(node_id: str) -> Callable[[Graph], Graph]:
    return lambda graph: add_output(graph, node_id)


def remove(case: Case, node_id: str) -> Fix:
    """Takes out a node and what only leads to it."""
    needed = case.before(n for n in case.outputs if n != node_id)
    return fix_graph(f"Remove {case.name(node_id)}", lambda graph: without_branch(graph, node_id, needed))


def _loop(case: Case, closing: tuple[Link, ...]) -> Problem:
    first = closing[0]
    said = f"feeds {case.name(first.target)}, which it depends on itself: a network may not loop back"
    label = "Remove the wire that closes the loop" if len(closing) == 1 else "Remove the wires that close loops"
    return case.problem(LOOP, first.source, said, fix_graph(label, lambda graph: graph.without_links(closing)))


def _dead_ends(case: Case) -> Iterator[Problem]:
    """Nodes beside the way from Input to Output: they are not trained, and that is worth a word."""
    for node_id in case.of_kind(OUTPUT):
        if node_id not in case.outputs[:1] and node_id not in case.reached and not case.is_charge(node_id):
            yield case.problem(NO_DATA_COME, node_id, "is not connected to the data", remove(case, node_id))
    if not case.needed & case.reached or not any(case.graph.incoming[n] for n in case.outputs):
        return  # the way itself is not complete: one error says so
    for node_id in case.loose_ends:
        if node_id in case.reached:
            said = "leads nowhere: what it computes does not reach the Output"
            yield case.problem(LEADS_NOWHERE, node_id, said, remove(case, node_id))
        elif node_id not in case.needed:
            yield case.problem(NO_DATA_COME, node_id, "is not connected to the data", remove(case, node_id))
