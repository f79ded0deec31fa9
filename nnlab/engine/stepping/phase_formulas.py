"""The formulas of one number of one node, phase by phase: what layer, loss and optimizer say, and words where they say nothing."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nnlab.core import words
from nnlab.core.dataset import Field
from nnlab.core.formula import (
    Batch,
    Formula,
    LossSpot,
    Place,
    Spot,
    Term,
    WeightStep,
    in_order,
    index_text,
    over_samples,
    signed,
)
from nnlab.core.layer import MISSING
from nnlab.core.learning import NORM_CALLS
from nnlab.core.shapes import bindings
from nnlab.engine.stepping.phase_record import Record, local_slopes, value_key
from nnlab.engine.wants import MEAN, PhaseFocus

SLOPES = 6  # numbers that a number depends on most
TERMS = 12  # products of one sum that cross to the window
MAPS = 8  # channels of a filter that do
SIDE = 11  # rows and columns of one that do
CODE_LIMIT = 200
CLOSE = 1e-3  # of a step: the arithmetic of a formula has more digits than the network's


def focus_on(record: Record, phase: str, node_id: str, place: Place, sample: int) -> PhaseFocus:
    """All formulas of one number for the phases reached so far."""
    focus = _Focus(record, node_id, place, sample)
    found = {"forward": focus.forward()}
    if record.loss is not None:
        found["loss"] = focus.loss()
    if record.gradients:
        found["backward"] = focus.backward()
    if record.after:
        found["update"] = focus.update()
    kept = {name: tuple(_bounded(formula) for formula in formulas) for name, formulas in found.items()}
    return PhaseFocus(node_id, focus.place, kept, focus.code)


class _Focus:
    """One number of one node for one sample of a record."""

    def __init__(self, record: Record, node_id: str, place: Place, sample: int) -> None:
        self._record, self._id, self._sample = record, node_id, sample
        self._graph = record.learner.document.graph
        self._node = self._graph.nodes[node_id]
        self._shown = _array(record.outputs[node_id].of(sample))
        fits = len(place) == self._shown.ndim and all(0 <= k < n for k, n in zip(place, self._shown.shape, strict=True))
        self.place: Place = place if fits and place else _farthest(self._shown)

    @property
    def code(self) -> str:
        """The layer as torch code: "nn.Linear(2, 8)(x)"."""
        shapes = self._record.learner.document.shapes[self._id].inputs
        code = self._node.layer.torch_code(*shapes)
        wired = sum(shape != MISSING for shape in shapes)
        inputs = [f"x{k + 1}" if wired > 1 else "x" for k in range(max(1, len(shapes)))]
        module = code.module.source() if code.module else ""
        norm = NORM_CALLS.get(self._node.learning.norm, "")
        text = code.forward.format(*inputs, self=f"{norm}({module})" if norm else module, batch="x.shape[0]")
        text = code.results[0].format(r=text)
        return text if len(text) <= CODE_LIMIT else text[: CODE_LIMIT - 1] + "…"

    # ---------------------------------------------------------------- the phases

    def forward(self) -> tuple[Formula, ...]:
        """How the number came about."""
        value, rule = float(self._shown[self.place]), self._node.layer.formula
        if self._sample == MEAN:
            each = self._over_batch(self._record.outputs[self._id].tensor)
            return (Formula("mean of the batch", rule, _mean_text(value, each.tolist()), value, float(each.mean())),)
        if not self._sources:
            return (Formula("output", rule, f"{words.number(value)}, {self._given(value)}", value),)
        plain = self._node.learning.norm == "none"  # else the weights that it speaks of are not the learned numbers
        said = self._node.layer.explain_forward(self._spot(self._sample)) if plain else None
        return (said or self._general(value),)

    def _given(self, value: float) -> str:
        """What a number of the data is: a word, or a number that may have been scaled."""
        field = self._field(self._id)
        if field is not None and field.kind == "i" and 0 <= int(value) < len(field.vocabulary):
            return f"which stands for “{field.vocabulary[int(value)]}”"
        scaled = field is None or field.kind == "x"
        return "as the data have it after scaling" if scaled else "as the data have it"

    def _general(self, value: float) -> Formula:
        """For a layer that says nothing of itself: its torch code, and what the number depends on most."""
        line, rule = f"{words.number(value)}, computed as {self.code}", self._node.layer.formula
        sources = list(dict.fromkeys(self._sources))
        slopes = local_slopes(self._record, self._id, sources, (self._sample, *self.place))
        terms: list[Term] = []
        for source, slope in zip(sources, slopes, strict=False):
            whose = f"{self._title(source)}, " if len(sources) > 1 else ""
            flat = _array(slope)
            strongest = np.argsort(-np.abs(flat), axis=None)[:SLOPES].tolist()
            places = [tuple(int(k) for k in np.unravel_index(n, flat.shape)) for n in strongest]
            terms += [Term(f"{whose}{_place_text(at)}", 1.0, float(flat[at])) for at in places if flat[at]]
        note = "Bars: how fast this number grows with each number that comes in, the strongest first."
        return Formula("output", rule, line, value, terms=in_order(terms)[:SLOPES], notes=(note,) if terms else ())

    def loss(self) -> tuple[Formula, ...]:
        """The loss of the sample, and the mean over the batch."""
        record, found = self._record, []
        assert record.loss is not None
        loss, given = record.learner.objective.loss, record.learner.objective.given
        spot = self._loss_spot()
        said = loss.explain_forward(spot, given) if spot is not None else None
        if said is not None:
            found.append(said)
        if record.losses is not None:
            each = record.losses.astype(float)
            line, rule = _mean_text(record.loss, each.tolist()), "L = mean over the samples of the batch"
            found.append(Formula("loss of the batch", rule, line, record.loss, float(each.mean())))
        else:
            line = f"{words.number(record.loss)}, over {words.plural(record.rows, 'sample')}"
            found.append(Formula("loss of the batch", loss.rule, line, record.loss))
        return tuple(found)

    def backward(self) -> tuple[Formula, ...]:
        """The gradient that arrived here, what it means for the weights, and what goes on to the left."""
        record, spot = self._record, self._spot(max(0, self._sample))
        plain = self._node.learning.norm == "none"
        said = self._node.layer.explain_backward(spot) if plain and spot.gradient is not None else ()
        if self._sample == MEAN:
            said = tuple(formula for formula in said if formula.name.startswith("∂L/∂"))
        known = {formula.name for formula in said}
        general = []
        for name, at in spot.chosen.items():
            title, value = f"∂L/∂{name}[{index_text(at)}]", float(spot.slopes[name][at])
            if title not in known:
                line = f"{words.number(value)}, added up over all {words.plural(record.rows, 'sample')} by torch"
                general.append(Formula(title, "∂L/∂w: how the loss changes with this weight", line, value))
        return (self._arrived(), *general, *said)

    def update(self) -> tuple[Formula, ...]:
        """What the update rule made of the weights' gradients."""
        chosen = self._chosen()
        if not chosen:
            line = "This layer has nothing to learn: nothing changes here."
            return (Formula("no weights", "", line, 0.0),)
        return tuple(self._updated(name, at) for name, at in chosen.items())

    # ---------------------------------------------------------------- parts

    @property
    def _sources(self) -> list[str]:
        """What comes in, by the names under which a trace keeps it: the node, and the port unless it is the first."""
        keys = [value_key(self._graph, link) for link in self._graph.incoming[self._id]]
        return [key for key in keys if key in self._record.outputs]

    def _title(self, source: str) -> str:
        return self._graph.nodes[source.partition(".")[0]].title

    def _spot(self, sample: int) -> Spot:
        record, sources = self._record, self._sources
        flow, output = record.flows.get(self._id), record.outputs[self._id]
        inputs = tuple(_view(record.outputs[s].tensor) for s in sources)
        return Spot(
            place=self.place,
            inputs=tuple(_array(record.outputs[s].tensor[sample]) for s in sources),
            output=_array(output.tensor[sample]),
            parameters={name: _array(kept.tensor) for name, kept in record.tensors.get(self._id, {}).items()},
            sources=tuple(self._title(s) for s in sources),
            units=tuple(self._names(s) for s in sources),
            batch=Batch(inputs, None if flow is None else _view(flow.tensor)),
            sample=sample,
            gradient=None if flow is None else _array(flow.tensor[sample]),
            slopes=self._slopes(),
            chosen=self._chosen(),
            passed=tuple(self._passed(s, sample) for s in sources),
        )

    def _over_batch(self, tensor: Tensor) -> NDArray[np.float64]:
        """This number in every sample."""
        return _array(tensor.reshape(len(tensor), -1)[:, int(np.ravel_multi_index(self.place, self._shown.shape))])

    def _names(self, node_id: str) -> tuple[str, ...]:
        """The data's own names, for numbers that come straight from them."""
        field = self._field(node_id)
        return field.names[:1024] if field is not None and len(field.shape) == 1 else ()

    def _field(self, node_id: str) -> Field | None:
        """Which input of the data enters at this node, if one does."""
        document = self._record.learner.document
        spec = document.spec
        if spec is None or node_id not in document.graph.nodes or not document.graph.nodes[node_id].layer.is_entry:
            return None
        at = bindings(document.graph, spec.fields).get(node_id)
        return None if at is None else spec.fields[at]

    def _passed(self, source: str, sample: int) -> NDArray[np.float64] | None:
        leaving = self._graph.outgoing[source.partition(".")[0]]
        readers = [k for k in leaving if k.target in self._record.outputs and value_key(self._graph, k) == source]
        flow = self._record.flows.get(source)
        return _array(flow.tensor[sample]) if flow is not None and len(readers) == 1 else None

    def _slopes(self) -> dict[str, NDArray[np.float64]]:
        record = self._record
        places = record.places.get(self._id, {})
        return {n: _array(record.gradients[k].tensor) for n, k in places.items() if 0 <= k < len(record.gradients)}

    def _chosen(self) -> Mapping[str, Place]:
        """Of each learned tensor the number with the largest gradient, among those of this unit where one can tell."""
        found: dict[str, Place] = {}
        for name, slopes in self._slopes().items():
            units = {self._shown.shape[0]: self.place[0], self._shown.shape[-1]: self.place[-1]}
            unit = units.get(slopes.shape[0]) if slopes.ndim else None
            if unit is None:
                found[name] = _farthest(slopes)
            else:
                found[name] = (unit, *_farthest(slopes[unit]))
        return found

    def _arrived(self) -> Formula:
        """The gradient at this number, and where it came from."""
        record = self._record
        flow = record.flows.get(self._id)
        rule = "δ = ∂L/∂y: how fast the loss grows with this number"
        if flow is None:
            line = "No gradient comes here: the loss does not depend on these numbers in a smooth way."
            return Formula("δ at this number", rule, line, 0.0)
        value = float(_array(flow.of(self._sample, added=True))[self.place])
        if self._sample == MEAN:
            return over_samples("δ at this number, all samples", rule, value, self._over_batch(flow.tensor))
        spot = self._loss_spot()
        if spot is not None and self._id == record.learner.objective.output:
            objective = record.learner.objective
            said = objective.loss.explain_backward(spot, objective.given)
            if said is not None:
                return said
        readers = [self._title(k.target) for k in self._graph.outgoing[self._id] if k.target in record.outputs]
        origin = " and ".join(readers) or "the loss"
        return Formula("δ at this number", rule, f"{words.number(value)}, passed back by {origin}", value)

    def _loss_spot(self) -> LossSpot | None:
        """The sample as the loss sees it; None where a single sample cannot be told apart."""
        record, output = self._record, self._record.learner.objective.output
        if record.learner.objective.is_packed:
            return None  # its loss is a sum of several
        prediction = _array(record.outputs[output].tensor[max(0, self._sample)])
        if self._sample == MEAN or prediction.ndim != 1 or record.losses is None:
            return None
        at = self.place[0] if self._id == output and len(self.place) == 1 else 0
        flow = record.flows.get(output)
        slope = None if flow is None else float(flow.tensor[self._sample, at])
        target = _array(record.y[self._sample])
        return LossSpot(prediction, target, record.rows, float(record.losses[self._sample]), at, slope)

    def _updated(self, name: str, at: Place) -> Formula:
        record, index = self._record, self._record.places[self._id][name]
        kept = (record.before, record.after, record.gradients, record.used)
        before, after, raw, used = (float(one[index].tensor[at]) for one in kept)
        memory = tuple(float(group[index][at]) for group in record.memory if len(group) > index)
        steps = int(getattr(record.learner.update, "steps", 1))
        step = WeightStep(before, after, raw, used, record.rate, record.training.l2, steps, memory)
        said = record.learner.document.training.optimizer.explain(step)
        if said is None or not _agrees(said, step):
            line = f"{words.number(step.after)} = {words.number(step.before)} + {signed(step.after - step.before)}"
            said = Formula("new value", "w ← w + step", line, step.after, step.after)
        notes = (*_changes(step, record.training.l1, record.clipped), *said.notes)
        return replace(said, name=f"{name}[{index_text(at)}]", notes=notes)


def _place_text(at: Place) -> str:
    """Where a number stands, as people count."""
    names = {1: ("unit",), 2: ("row", "number"), 3: ("map", "row", "column")}.get(len(at), ("place",) * len(at))
    return ", ".join(f"{name} {k + 1}" for name, k in zip(names, at, strict=True))


def _mean_text(value: float, each: list[float]) -> str:
    """0.53 = (0.2 + 0.9 + 0.1 + …) / 16."""
    shown = " + ".join(signed(x) for x in each[:3]) + (" + …" if len(each) > 3 else "")
    return f"{words.number(value)} = ({shown}) / {words.count(len(each))}"


def _changes(step: WeightStep, l1: float, clipped: float) -> list[str]:
    """What happened to the gradient before the update rule got it."""
    found = []
    if l1:
        pull = l1 * math.copysign(1.0, step.before) if step.before else 0.0
        found.append(f"L1 adds {words.number(pull)} to the gradient of {words.number(step.raw)}")
    if clipped < 1.0:
        found.append(f"Clipping multiplies all gradients by {words.number(clipped)}: together they were too long")
    return found


def _agrees(said: Formula, step: WeightStep) -> bool:
    """Whether the formula's arithmetic gives what the network has; if not, it is not shown."""
    if said.computed is None or not math.isfinite(said.computed):
        return False
    slack = 1e-6 * max(abs(step.before), 1e-3) + CLOSE * abs(step.after - step.before)
    return abs(said.computed - step.after) <= slack


def _bounded(formula: Formula) -> Formula:
    """Small enough to cross to the window."""
    left = formula.terms[TERMS:]
    kernel, patch = (None if a is None else _cut(a) for a in (formula.kernel, formula.patch))
    rest = sum(term.product for term in left)
    return replace(formula, terms=formula.terms[:TERMS], more=len(left), rest=rest, kernel=kernel, patch=patch)


def _cut(array: NDArray[np.float32]) -> NDArray[np.float32]:
    kept = np.array(array[:MAPS, :SIDE, :SIDE], np.float32)
    kept.flags.writeable = False
    return kept


def _farthest(values: NDArray[Any]) -> Place:
    """Where the number farthest from zero stands."""
    if values.size == 0:
        return ()
    sizes = np.nan_to_num(np.abs(values), nan=0.0, posinf=np.inf)
    return tuple(int(k) for k in np.unravel_index(int(sizes.argmax()), values.shape))


def _array(tensor: Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().double().numpy(), np.float64)


def _view(tensor: Tensor) -> NDArray[Any]:
    """All of a batch as it lies in memory: read at once, never kept."""
    return np.asarray(tensor.detach().float().cpu().numpy())
