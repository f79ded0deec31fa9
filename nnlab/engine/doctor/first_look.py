"""The look before the first step: units that start dead, numbers that start far too large or all alike. No torch."""

from collections.abc import Iterator
from dataclasses import replace

from nnlab.core.document import Document
from nnlab.core.words import count, number
from nnlab.engine.doctor.cures import cure, new_dice, normalised, other_kind
from nnlab.engine.doctor.doctor import Cure, Note
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.wants import Health

DEAD = 0.95
"""Share of a layer's units that answer 0 to every sample before the first step. Examples: at most 0.38 (moons)."""

WILD = 100.0
"""Spread of a layer's answers, in spreads of the inputs or 1. Examples: at most 8.3 (skips)."""

SILENT = 1e-6
"""Spread of a layer's answers below which all samples look the same behind it. Examples: at least 0.0007."""

TITLES = {
    "dead-start": "Dead from the start",
    "wild-start": "Starts far too large",
    "silent-start": "Nothing gets through",
}


def first_look(signs: Signs) -> tuple[Note, ...]:
    """What is wrong with a network before it has learned anything: one note, of the first layer in question."""
    health = signs.healths[-1]
    if health.step > 0:
        return ()
    return next(((note,) for note in (*_wild(signs, health), *_dead(signs, health), *_silent(signs, health))), ())


def _wild(signs: Signs, health: Health) -> Iterator[Note]:
    usual = max([1.0, *(health.nodes[n].spread for n in _entries(signs) if n in health.nodes)])
    for n in _layers(signs, health):
        spread = health.nodes[n].spread
        if not spread < WILD * usual:
            said = (
                f"Before the first step the answers of {signs.case.name(n)} differ by about {number(spread)}, "
                f"and what goes in by {number(usual)}: the first steps would tear everything apart."
            )
            yield _note("wild-start", said, n, [*_initialised(signs, n), *normalised(signs, [n])])
            return


def _dead(signs: Signs, health: Health) -> Iterator[Note]:
    for n in _layers(signs, health):
        at = health.nodes[n]
        if at.units > 1 and at.dead >= DEAD * at.units:
            said = (
                f"Before the first step {count(at.dead)} of {count(at.units)} units of {signs.case.name(n)} answer 0 to "
                f"all of {count(health.rows)} samples: hardly anything reaches the layers after it."
            )
            leaky = other_kind(signs, [n], "LeakyReLU") if signs.case.kinds[n] == "ReLU" else []
            yield _note("dead-start", said, n, [*_initialised(signs, n), *leaky, *normalised(signs, [n])])
            return


def _silent(signs: Signs, health: Health) -> Iterator[Note]:
    for n in _layers(signs, health):
        if health.nodes[n].spread < SILENT:
            said = (
                f"Before the first step {signs.case.name(n)} answers nearly the same to every sample: "
                "what tells them apart is lost on the way."
            )
            alike = [m for m in signs.of_kind(signs.case.kinds[n]) if m in signs.case.before([n])]
            yield _note("silent-start", said, n, [*normalised(signs, alike or [n]), *_initialised(signs, n)])
            return


def _note(kind: str, said: str, node_id: str, cures: "list[Cure]") -> Note:
    return Note(said, node_id, tuple(cures[:3]), kind, TITLES[kind])


def _entries(signs: Signs) -> list[str]:
    return [n for n, node in signs.document.graph.nodes.items() if node.layer.is_entry]


def _layers(signs: Signs, health: Health) -> list[str]:
    """The layers that make something of the data, in their order. Not those behind a batch norm, which has no figures yet."""
    document, kinds, found = signs.document, signs.case.kinds, []
    for n in document.graph.in_order:
        if n not in health.nodes or n not in signs.case.needed or document.graph.node(n).layer.is_entry:
            continue
        before = signs.case.before([n])
        learned = any((document.parameter_count(m) or 0) > 0 for m in before)
        if learned and not any(kinds[m].startswith("BatchNorm") or kinds[m] == "Block" for m in before):
            found.append(n)
    return found


def _initialised(signs: Signs, node_id: str) -> list[Cure]:
    """Another start for the layers before: PyTorch's own where another was chosen, else other dice."""
    odd = [
        n
        for n in signs.document.graph.in_order
        if n in signs.case.before([node_id]) and signs.document.graph.node(n).learning.init != "default"
    ]
    if not odd:
        return [new_dice(signs.document)]

    def usual(document: Document) -> Document:
        graph = document.graph
        for n in odd:
            node = graph.node(n)
            graph = graph.with_node(replace(node, learning=node.learning.with_(init="default")))
        return document.with_graph(graph)

    name = signs.case.name(odd[0]) if len(odd) == 1 else f"{len(odd)} layers"
    return [cure(f"Start {name} with PyTorch's own weights", usual, True)]
