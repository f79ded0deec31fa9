"""What one document has and another has not: layers, wires, places, and settings as "Units 8 → 10"."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnlab.core.blocks.block import Block
from nnlab.core.document import Document
from nnlab.core.graph import NOTHING, Graph, Link, Node
from nnlab.core.param import Param, Settings
from nnlab.core.words import count, number, plural

TEXT_SHOWN = 24  # characters of a text setting


@dataclass(frozen=True)
class Difference:
    """How a document becomes another one."""

    added: tuple[str, ...] = ()
    """Nodes that are new."""
    removed: tuple[str, ...] = ()
    """Nodes that go."""
    moved: Mapping[str, tuple[float, float]] = field(default_factory=lambda: NOTHING)
    """Nodes that stay, but elsewhere, with their new place."""
    wired: tuple[Link, ...] = ()
    """Wires that are new."""
    cut: tuple[Link, ...] = ()
    """Wires that go."""
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    """Nodes that stay with other settings: a line for each, "Units 8 → 10"."""
    settings: tuple[str, ...] = ()
    """Lines for what differs in data and training: "Validation share 0 → 0.2"."""

    @property
    def is_nothing(self) -> bool:
        """Whether the two are the same."""
        return self == Difference()


def difference(old: Document, new: Document) -> Difference:
    """What must be done to the old document to have the new one."""
    before, after = old.graph, new.graph
    stay = [n for n in before.nodes if n in after.nodes]
    other = {n: (*_of_node(before.nodes[n], after.nodes[n]),) for n in stay if before.nodes[n] != after.nodes[n]}
    moved = {n: _place(after.nodes[n]) for n in stay if _place(before.nodes[n]) != _place(after.nodes[n])}
    return Difference(
        added=tuple(n for n in after.nodes if n not in before.nodes),
        removed=tuple(n for n in before.nodes if n not in after.nodes),
        moved=moved or NOTHING,
        wired=tuple(sorted(after.links - before.links)),
        cut=tuple(sorted(before.links - after.links)),
        changed={n: lines for n, lines in other.items() if lines} or NOTHING,
        settings=(*_of_settings(old.data, new.data), *_of_settings(old.training, new.training)),
    )


def value_text(p: Param, value: Any) -> str:
    """One value of a setting as a user reads it: "8", "3 × 3", "on", "Adam"."""
    if value is None:
        return "automatic"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return count(value) if isinstance(value, int) else number(value)
    if isinstance(value, Settings):
        return value.title
    if isinstance(value, tuple):
        return " × ".join(str(n) for n in value)
    if isinstance(value, Graph):
        return plural(len(value.nodes), "layer")
    said = dict(p.choices).get(value, str(value)) or "none"
    return said if len(said) <= TEXT_SHOWN else said[: TEXT_SHOWN - 1] + "…"


def _of_node(old: Node, new: Node) -> Iterator[str]:
    if type(old.layer) is not type(new.layer):
        yield f"{old.layer.title} → {new.layer.title}"
    elif isinstance(old.layer, Block) and isinstance(new.layer, Block):
        yield from _of_block(old.layer, new.layer)
    else:
        yield from _of_settings(old.layer, new.layer)
    yield from _of_settings(old.learning, new.learning)
    if old.name != new.name and type(old.layer) is type(new.layer):
        yield f"Name {old.title} → {new.title}"


def _of_block(old: Block, new: Block) -> Iterator[str]:
    yield from _of_settings(old, new)
    before, after = old.inner, new.inner
    for node_id, node in after.nodes.items():
        if node_id not in before.nodes:
            yield f"inside: {node.title} is added"
        elif before.nodes[node_id] != node:
            yield from (f"{node.title} inside: {line}" for line in _of_node(before.nodes[node_id], node))
    yield from (f"inside: {node.title} is removed" for n, node in before.nodes.items() if n not in after.nodes)
    if before.nodes.keys() == after.nodes.keys() and before.links != after.links:
        yield "inside: other wires"


def _of_settings(old: Settings, new: Settings) -> Iterator[str]:
    if type(old) is not type(new):
        return
    for p in old.params():
        was, now = getattr(old, p.name), getattr(new, p.name)
        if was == now or p.kind in ("graph", "places"):
            continue
        if isinstance(was, Settings) and type(was) is type(now):
            yield from _of_settings(was, now)
        else:
            yield f"{p.label} {value_text(p, was)} → {value_text(p, now)}"


def _place(node: Node) -> tuple[float, float]:
    return node.x, node.y
