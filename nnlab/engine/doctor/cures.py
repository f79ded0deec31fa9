"""What the doctor can do: cures, each one edit of the document. No torch."""

from collections.abc import Callable
from dataclasses import replace

from nnlab.core.chain import layer
from nnlab.core.document import SEED_LIMIT, Document
from nnlab.core.fixes import fix, insert, swap_layer
from nnlab.core.graph import Graph
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.words import number
from nnlab.engine.doctor.doctor import Cure
from nnlab.engine.doctor.signs import Signs

LOWER = 3.0  # how many times lower a rate becomes that was too high
DROPPED = 0.3
GOOD_L2 = 0.001
GOOD_CLIP = 1.0
NORMS = {1: "BatchNorm1d", 3: "BatchNorm2d"}
"""The batch norm for samples of so many axes."""


def cure(label: str, apply: Callable[[Document], Document], fresh: bool = False) -> Cure:
    """A cure that leaves the document as it is where it no longer fits."""
    safe = fix(label, apply)
    return Cure(safe.label, safe.apply, fresh)


def setting(label: str, fresh: bool = False, **changes: object) -> Cure:
    """Other training settings."""
    return cure(label, lambda document: document.with_training(**changes), fresh)


def lower_rate(document: Document, fresh: bool, more: str = "") -> Cure:
    """A third of the learning rate, or the optimizer's usual one where it is far above that."""
    now, usual = document.training.learning_rate, document.training.optimizer.good_rate
    rate = float(f"{min(now / LOWER, usual if now > LOWER * usual else now):.0e}")
    return setting(f"Set the learning rate to {number(rate)}{more}", fresh, learning_rate=rate)


def usual_rate(document: Document) -> Cure:
    """The learning rate that suits the optimizer."""
    rate = document.training.optimizer.good_rate
    return setting(f"Set the learning rate to {number(rate)}", learning_rate=rate)


def clip(fresh: bool, more: str = "") -> Cure:
    """Gradients of at most a common length."""
    return setting(f"Clip the gradients at {number(GOOD_CLIP)}{more}", fresh, clip_norm=GOOD_CLIP)


def new_dice(document: Document) -> Cure:
    """Other random weights to begin with."""
    seed = (document.training.seed + 1) % (SEED_LIMIT + 1)
    return setting("Begin with new random weights", True, seed=seed)


def other_kind(signs: Signs, nodes: list[str], kind: str, normed: bool = False) -> list[Cure]:
    """Another activation in the place of these, perhaps behind a batch norm each; none if it is not in this installation."""
    if kind not in LAYERS or not nodes:
        return []
    norms = _norms(signs, nodes) if normed else {}
    title, old = LAYERS[kind].title, signs.document.graph.node(nodes[0]).layer.title
    name = signs.case.name(nodes[0]) if len(nodes) == 1 else f"all {len(nodes)} {old} layers"

    def swap(document: Document) -> Document:
        graph = document.graph
        for node_id in nodes:
            graph = swap_layer(graph, node_id, kind)
        return document.with_graph(_with_norms(graph, norms))

    return [cure(f"Put {'a batch norm and ' if norms else ''}{title} in the place of {name}", swap, True)]


def normalised(signs: Signs, nodes: list[str]) -> list[Cure]:
    """A batch norm before each of these; none where it would not fit, or stands already."""
    norms = _norms(signs, nodes)
    if not norms:
        return []
    name = signs.case.name(next(iter(norms))) if len(norms) == 1 else f"each of {len(norms)} layers"
    return [
        cure(f"Put a batch norm before {name}", lambda d: d.with_graph(_with_norms(d.graph, norms)), True),
    ]


def _norms(signs: Signs, nodes: list[str]) -> dict[str, str]:
    """The kind of batch norm that can be put before each of these nodes."""
    document, found = signs.document, dict[str, str]()
    for node_id in nodes if document.training.batch_size > 1 else ():
        inputs, wires = document.shapes[node_id].inputs, document.graph.incoming[node_id]
        kind = NORMS.get(len(inputs[0])) if inputs else None
        if kind is not None and kind in LAYERS and signs.case.kinds[wires[0].source] != kind:
            found[node_id] = kind
    return found


def _with_norms(graph: Graph, norms: dict[str, str]) -> Graph:
    for node_id, kind in norms.items():
        graph = insert(graph, node_id, layer(kind))
    return graph


def before_last_linear(signs: Signs, label: str, *layers: Layer) -> list[Cure]:
    """Layers put before the last Linear."""
    linear = [n for n in signs.document.graph.in_order if signs.case.kinds[n] == "Linear" and n in signs.case.needed]
    if not linear:
        return []

    def put(graph: Graph) -> Graph:
        return insert(graph, linear[-1], *layers)

    return [cure(label, lambda document: document.with_graph(put(document.graph)), True)]


def wider(signs: Signs) -> list[Cure]:
    """Twice the units in the widest Linear but the last."""
    graph = signs.document.graph
    hidden = [n for n in graph.in_order if signs.case.kinds[n] == "Linear" and n in signs.case.needed][:-1]
    if not hidden:
        return []
    widest = max(hidden, key=lambda n: getattr(graph.node(n).layer, "out_features", 0))
    units = 2 * int(getattr(graph.node(widest).layer, "out_features", 8))

    def widen(document: Document) -> Document:
        node = document.graph.node(widest)
        changed = replace(node, layer=node.layer.with_(out_features=units))
        return document.with_graph(document.graph.with_node(changed))

    return [cure(f"Give {signs.case.name(widest)} {units} units", widen, True)]
