"""Which settings a run takes over while it goes on, and which edits need another run. No torch."""

from dataclasses import replace

from nnlab.core.document import Document, Training
from nnlab.core.graph import Graph

LIVE_SETTINGS = frozenset(
    {"learning_rate", "schedule", "epochs", "l1", "l2", "clip_norm", "early_stopping", "patience"}
)
"""Training settings that a run takes over at its next step."""


def needs_restart(old: Document, new: Document) -> bool:
    """Whether a run of `old` cannot go on as a run of `new`: its network, data or a setting that is not live differs."""
    if old is new:
        return False
    fixed_differ = with_live_settings(old.training, new.training) != new.training
    return fixed_differ or old.data != new.data or _network(old.graph) != _network(new.graph)


def with_live_settings(old: Training, new: Training) -> Training:
    """The old settings, with the live ones of the new."""
    return replace(old, **{name: getattr(new, name) for name in LIVE_SETTINGS})


def _network(graph: Graph) -> tuple[object, ...]:
    """The graph without positions, names and notes; the order counts, since first weights are drawn in it."""
    return {node.id: node.layer for node in graph.nodes.values()}, graph.links, graph.in_order
