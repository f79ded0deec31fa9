"""How one unit came to its number: the layer's own formula with the snapshot's numbers, and what stood behind its input."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnlab.core import words
from nnlab.core.document import Document
from nnlab.core.formula import Exact, Formula, Place, Spot, Term, sum_text
from nnlab.core.graph import Node
from nnlab.core.shapes import bindings
from nnlab.engine.wants import Array, SampleValues, Weights
from nnlab.ui.look import labels
from nnlab.ui.look.sample_pictures import word_of

__all__ = ["Exact", "Explanation", "Moment", "Term", "explain"]


@dataclass(frozen=True)
class Explanation:
    """One unit's number and where it comes from."""

    title: str
    value: float
    """As the snapshot has it."""
    lines: tuple[str, ...]
    """The formula in plain text, the last step first."""
    terms: tuple[Term, ...] = ()
    """The products of the weighted sum behind it, the largest first."""
    bias: float | None = None
    computed: float | None = None
    """The formula's result, worked out from the numbers in it; None where the layer has no formula here."""
    kernel: NDArray[np.float32] | None = None
    """A convolution's filter for this map: (channels, height, width)."""
    sum: float | None = None
    """What the products and the bias add up to, where that is the last line."""

    def lines_that(self, fit: Callable[[str], bool]) -> tuple[str, ...]:
        """The lines, with fewer products written out where a line would not fit."""
        if self.sum is None or fit(self.lines[-1]):
            return self.lines
        tries = [sum_text(self.sum, self.terms, self.bias, shown) for shown in (2, 1)]
        return (*self.lines[:-1], next((line for line in tries if fit(line)), tries[-1]))


@dataclass(frozen=True)
class Moment:
    """Everything a formula is made of: the network, one sample in it, and the learned tensors."""

    document: Document
    sample: SampleValues
    weights: Weights

    def sources(self, node_id: str) -> list[str]:
        """The nodes this one reads from, in the order of its ports."""
        return [link.source for link in self.document.graph.incoming[node_id] if link.source in self.sample.nodes]

    def port(self, node_id: str) -> int:
        """Which of its outputs stands for a node: the first that is used, such as the last moment of an LSTM."""
        graph = self.document.graph
        names = [port.name for port in graph.output_ports(node_id)]
        used = {link.source_port for link in graph.outgoing[node_id]}
        return next((k for k, name in enumerate(names) if name in used and self._key(node_id, k) is not None), 0)

    def shown(self, node_id: str) -> Array:
        """What a node puts out for the sample, as the snapshot has it."""
        return self.sample.nodes[self._key(node_id, self.port(node_id)) or node_id]

    def output(self, node_id: str) -> Exact:
        """The same in full precision."""
        return np.asarray(self.shown(node_id), dtype=float)

    def _key(self, node_id: str, port: int) -> str | None:
        """Under which name the sample has this output of a node."""
        names = [each.name for each in self.document.graph.output_ports(node_id)]
        key = node_id if port == 0 else f"{node_id}.{names[port]}"
        return key if key in self.sample.nodes else None

    def tensor(self, node_id: str, name: str) -> Exact | None:
        """A learned tensor of a node, or None."""
        found = self.weights.nodes.get(node_id, {}).get(name)
        return None if found is None else np.asarray(found, dtype=float)

    def unit_name(self, node_id: str, unit: int) -> str:
        """What a unit is called: an input's own name, else its number."""
        names = self.input_names(node_id)
        if unit < len(names):
            return names[unit]
        axes = self.output(node_id).ndim
        return f"{'unit' if axes == 1 else 'row' if axes == 2 else 'map'} {unit + 1}"

    def input_names(self, node_id: str) -> tuple[str, ...]:
        """The data's own names, for the node where they enter: of a table's columns, or the words of a sentence."""
        node, spec = self.document.graph.nodes[node_id], self.document.spec
        if spec is None or node.layer.inputs or node.layer.variadic:
            return ()
        field = spec.fields[bindings(self.document.graph, spec.fields).get(node_id, 0)]
        if not field.vocabulary:
            return tuple(labels.plain(name) for name in field.names)
        return tuple(word_of(field.vocabulary, number) or "padding" for number in self.output(node_id).ravel())

    def spot(self, node_id: str, place: Place) -> Spot:
        """One number of a node with all it is made of."""
        sources, graph = self.sources(node_id), self.document.graph
        tensors = self.weights.nodes.get(node_id, {})
        return Spot(
            place=place,
            inputs=tuple(self.output(source) for source in sources),
            output=self.output(node_id),
            parameters={name: np.asarray(values, dtype=float) for name, values in tensors.items()},
            sources=tuple(labels.plain(graph.nodes[source].title) for source in sources),
            units=tuple(self.input_names(source) for source in sources),
        )

    def fits(self, node_id: str) -> bool:
        """Whether the numbers have the shapes that the document promises."""
        at, sources = self.document.shapes[node_id], self.sources(node_id)
        if not at.known or at.outputs[self.port(node_id)] != self.output(node_id).shape:
            return False
        if self.port(node_id) != 0 or len(sources) != len(at.inputs):
            return False  # formulas are of the first output
        if any(self.output(s).shape != shape for s, shape in zip(sources, at.inputs, strict=True)):
            return False
        layer, tensors = self.document.graph.nodes[node_id].layer, self.weights.nodes.get(node_id, {})
        return all(
            name in tensors and tensors[name].shape == shape
            for name, shape in layer.parameter_shapes(*at.inputs).items()
        )


def explain(moment: Moment, node_id: str, unit: int) -> Explanation:
    """The formula of this unit; of a map, of the number in it that is farthest from zero."""
    output = moment.output(node_id)
    place: Place = (unit,)
    if output.ndim > 1:
        place = (unit, *(int(k) for k in np.unravel_index(np.abs(output[unit]).argmax(), output[unit].shape)))
    return _explain(moment, moment.document.graph.nodes[node_id], place)


def _explain(moment: Moment, node: Node, place: Place) -> Explanation:
    title, value = _title(moment, node, place), float(moment.output(node.id)[place])
    if not moment.sources(node.id):
        return Explanation(title, value, (_input_line(moment, node, place, value),))
    spot = moment.spot(node.id, place)
    found = node.layer.explain_forward(spot) if moment.fits(node.id) else None
    if found is None:
        keeps = spot.inputs[0].shape == spot.output.shape
        made = f", made from {words.number(float(spot.inputs[0][place]))}" if keeps else ""
        return Explanation(title, value, (f"{words.number(value)}{made}",))
    return _with_source(moment, node, place, _of(found, title))


def _of(found: Formula, title: str) -> Explanation:
    """A sum can be written shorter; the line of a filter that is laid on a picture cannot."""
    is_sum = bool(found.terms) and found.kernel is None
    total = found.value if is_sum else None
    return Explanation(title, found.value, (found.line,), found.terms, found.bias, found.computed, found.kernel, total)


def _with_source(moment: Moment, node: Node, place: Place, found: Explanation) -> Explanation:
    """Behind a function stands the weighted sum that it was given, so both are shown."""
    sources = moment.sources(node.id)
    if found.terms or len(sources) != 1 or moment.output(sources[0]).shape != moment.output(node.id).shape:
        return found
    source = moment.document.graph.nodes[sources[0]]
    if not moment.sources(source.id) or not moment.fits(source.id):
        return found
    behind = source.layer.explain_forward(moment.spot(source.id, place))
    if behind is None or not behind.terms:
        return found
    made = _of(behind, found.title)
    return replace(made, value=found.value, lines=(*found.lines, *made.lines), computed=found.computed)


def _title(moment: Moment, node: Node, place: Place) -> str:
    """The layer, the unit, and the place in its map."""
    title = f"{labels.plain(node.title)} · {moment.unit_name(node.id, place[0])}"
    if len(place) == 2:
        return f"{title}, number {place[1] + 1}"
    *frame, row, column = place[1:] if len(place) > 2 else (0, 0)
    named = "".join(f", frame {k + 1}" for k in frame)
    return title if len(place) < 3 else f"{title}{named}, row {row + 1}, column {column + 1}"


def _input_line(moment: Moment, node: Node, place: Place, value: float) -> str:
    raw = np.asarray(moment.sample.raw, dtype=float)
    if raw.shape != moment.output(node.id).shape or float(raw[place]) == value:
        return words.number(value)
    return f"{words.number(value)} is {words.number(float(raw[place]))}, standardised"
