"""From a drawing to a document: answers, stand-in data of the right form, and sentences about what came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnlab.core.document import Data, Document
from nnlab.core.layer import LAYERS, PortKind, Shape, UnknownLayer
from nnlab.core.words import count, plural
from nnlab.core.writing import slug
from nnlab.datasets.blank import Blank, described
from nnlab.engine.imports.drawing import Drawing, Value

CLASSES_LIMIT = 100_000
SHOWN = 8  # unknown parts that are named


@dataclass(frozen=True)
class Imported:
    """What became of a model."""

    document: Document
    notices: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """What no layer does, by the name it has where it comes from."""

    def with_notice(self, sentence: str) -> "Imported":
        """With one more sentence."""
        return replace(self, notices=(*self.notices, sentence))


def kind_of(dtype: str) -> PortKind:
    """What goes through a wire for numbers of this type, as "torch.int64" or "float32"."""
    if "bool" in dtype:
        return "m"
    return "i" if "int" in dtype else "x"


def finished(d: Drawing, answers: Sequence[tuple[str, Value]], title: str, names: Sequence[object]) -> Imported:
    """The drawing with its Outputs, laid out, on random numbers of the form that it takes and gives."""
    targets = [slug(name) or f"y{k + 1}" for k, (name, _) in enumerate(answers)] if len(answers) > 1 else [""]
    for (_, value), target in zip(answers, targets, strict=True):
        d.exit(value, target)
    graph = d.graph()
    inputs = _inputs(d, [str(name) for name in names])
    asked = "; ".join(
        _asked(d, value, target or "y", len(answers) == 1) for (_, value), target in zip(answers, targets, strict=True)
    )
    blank = Blank(inputs=inputs, targets=asked)
    document = Document(graph, Data(blank, standardise=False), title=title, starts=d.numbers().only(graph.nodes))
    left = [node.layer.type_id for node in graph.nodes.values() if isinstance(node.layer, UnknownLayer)]
    d.unknown = {name: many for name in d.unknown if (many := left.count(d.outside(name)))}
    unknown = tuple(sorted(d.unknown))
    notices = [
        *_about_unknown(d),
        "No data came with the model: random numbers of its form stand for them. Choose data under Data.",
    ]
    return Imported(document, tuple(notices), unknown)


def _inputs(d: Drawing, names: Sequence[str]) -> str:
    """Each input as the data say it, in the order in which the model takes them."""
    entries = [n for n, node in d.nodes.items() if node.layer.is_entry]
    called = [name or "x" for name in names] if len(names) == len(entries) else ["x"] * len(entries)
    return "; ".join(_given(d, n, name) for n, name in zip(entries, called, strict=True))


def _given(d: Drawing, node_id: str, name: str) -> str:
    fact = d.entered[node_id]
    if fact.kind == "e":
        rows = [other.shape[0] for other in d.entered.values() if other.kind == "x" and len(other.shape) == 2]
        return described(name, fact.shape, max(2, min(rows, default=2)), links=True)
    return described(name, fact.shape, _vocabulary(d, node_id) if fact.kind == "i" else 0, fact.kind == "m")


def _vocabulary(d: Drawing, node_id: str) -> int:
    """How many different whole numbers may enter: as many as the smallest table that they look into has rows."""
    rows = [
        int(getattr(d.nodes[k.target].layer, name))
        for k in d.links
        if k.source == node_id and k.target in d.nodes
        for name in ("num_embeddings", "num_classes")
        if hasattr(d.nodes[k.target].layer, name)
    ]
    return max(2, min(rows, default=2))


def _asked(d: Drawing, value: Value, name: str, alone: bool) -> str:
    """What an answer of this form is compared with: one class, if it is the only answer and a row of scores, else values."""
    shape: Shape = value.shape
    given = {fact.shape for fact in d.entered.values()}
    if (
        alone
        and shape not in given
        and len(shape) == 1
        and 2 <= shape[0] <= CLASSES_LIMIT
        and not _is_bounded(d, value)
    ):
        return described(name, (1,), shape[0])
    words = [n for n, node in d.nodes.items() if node.layer.is_entry and d.entered[n].kind == "i"]
    if len(shape) == 2 and shape[1] >= 2 and any(d.entered[n].shape[:1] == shape[:1] for n in words):
        return described(name, shape[:1], shape[1])
    return described(name, shape or (1,))


def _is_bounded(d: Drawing, value: Value) -> bool:
    """Whether the answer cannot be scores of classes, because a bend has squeezed it number by number."""
    return type(d.nodes[value.node].layer) in (LAYERS["Sigmoid"], LAYERS["Tanh"])


def _about_unknown(d: Drawing) -> list[str]:
    if not d.unknown:
        return []
    said = [f"{name} ({count(many)}×)" if many > 1 else name for name, many in sorted(d.unknown.items())]
    more = f" and {count(len(said) - SHOWN)} more" if len(said) > SHOWN else ""
    total = sum(d.unknown.values())
    return [
        f"{plural(total, 'part')} of the model {'has' if total == 1 else 'have'} no layer here: {', '.join(said[:SHOWN])}{more}. "
        "Each stands as a node of its own with its wires; replace it to train."
    ]
