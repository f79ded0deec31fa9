"""Mistakes in how the weights of single layers are treated: all frozen, all alike, another's that do not fit."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from nnlab.core.fixes import Fix, fix_graph
from nnlab.core.graph import Graph
from nnlab.core.layer import Shape
from nnlab.core.learning import norm_problem, sharing_problem
from nnlab.core.mistake import mistake
from nnlab.core.problem import Case, Problem

ALL_FROZEN = mistake(
    "all-frozen", "Everything is frozen", "error",
    "A frozen layer keeps its weights; training needs some that may change.",
)  # fmt: skip
FOREIGN_WEIGHTS = mistake(
    "foreign-weights", "Weights of a layer that is not alike", "error",
    "Two layers can only use the same weights if they are of one kind and these have the same sizes.",
)  # fmt: skip
NORM_ELSEWHERE = mistake(
    "norm-elsewhere", "A norm of weights where there is none", "error",
    "Weight norm and spectral norm are computed from the weights of a Linear layer or a convolution; others have none such.",
)  # fmt: skip
ALIKE_START = mistake(
    "alike-start", "All weights start alike", "warning",
    "Units that start with the same weights get the same gradients and stay alike for ever; a random start tells them apart.",
)  # fmt: skip


def look(case: Case) -> Iterator[Problem]:
    """What is wrong with how single layers learn."""
    if not case.sound:
        return
    learned = [n for n in case.graph.in_order if n in case.needed and case.document.parameter_count(n)]
    if learned and all(case.graph.node(n).learning.frozen for n in learned):
        said = "Every layer with weights is frozen, so nothing would be learned: let at least the last one learn"
        every = [_changed("Let all layers learn", learned, frozen=False)] if len(learned) > 1 else []
        thaw = _changed(f"Let {case.name(learned[-1])} learn", learned[-1:], frozen=False)
        yield case.general(ALL_FROZEN, said, thaw, *every)
    shapes = {n: case.document.shapes[n].inputs for n in case.needed if case.document.shapes[n].known}
    for node_id in learned:
        said = sharing_problem(case.graph, node_id, shapes)
        if said:
            own = _changed(f"Give {case.name(node_id)} weights of its own", [node_id], shares="")
            yield case.problem(FOREIGN_WEIGHTS, node_id, said, own)
    yield from _normed(case, shapes)
    yield from _alike(case, learned)


def _normed(case: Case, shapes: dict[str, tuple[Shape, ...]]) -> Iterator[Problem]:
    """Layers that are to have a norm of weights and cannot."""
    for node_id, inputs in shapes.items():
        node = case.graph.node(node_id)
        said = norm_problem(node.layer, node.learning, *inputs)
        if said:
            none = _changed(f"Take the norm from {case.name(node_id)}", [node_id], norm="none")
            yield case.problem(NORM_ELSEWHERE, node_id, said, none)


def _alike(case: Case, learned: list[str]) -> Iterator[Problem]:
    """Hidden layers that start with equal numbers; the last one may."""
    for node_id in learned:
        init = case.graph.node(node_id).learning.init
        if init not in ("zeros", "ones") or node_id in case.document.starts:
            continue
        if any(n in learned for n in case.graph.downstream(node_id)):
            said = "starts with all weights alike, so all its units learn the same: let it start at random"
            yield case.problem(ALIKE_START, node_id, said, _changed(_usual(case, node_id), [node_id], init="default"))


def _usual(case: Case, node_id: str) -> str:
    return f"Start {case.name(node_id)} with PyTorch's own weights"


def _changed(label: str, nodes: list[str], **changes: object) -> Fix:
    return fix_graph(label, _changing(tuple(nodes), changes))


def _changing(nodes: tuple[str, ...], changes: dict[str, object]) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        found = [graph.node(n) for n in nodes]
        return graph.with_nodes(replace(node, learning=node.learning.with_(**changes)) for node in found)

    return change
