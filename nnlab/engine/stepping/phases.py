"""One batch in four phases - forward, loss, backward, update - with all that each computed kept to be looked at.

It is the run's own next batch, and its arithmetic is that of a step: after the update the weights are the same to the bit.
"""

import math

import torch
from torch import Tensor

from nnlab.core.document import Training
from nnlab.engine.learner import Learner
from nnlab.engine.stepping.phase_record import ALONE_LIMIT, Kept, Record, frozen, main_output
from nnlab.engine.stepping.phase_values import describe
from nnlab.engine.wants import Array, PhaseValues, PhaseWant

PHASES = ("forward", "loss", "backward", "update")


class Phases:
    """Where a batch stands on its way through the phases; `name` is empty while no batch is under way."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._forget()

    def clear(self) -> None:
        """No batch is under way; what was computed is forgotten, and one that was left half way never began."""
        if self.half_way:
            self._undo()
        if self.name:
            self._forget()

    def _forget(self) -> None:
        self.name = ""
        self.loss: Tensor | None = None
        self.prediction: Tensor | None = None
        self._outputs: dict[str, Tensor] = {}
        self._record: Record | None = None
        self._told: dict[PhaseWant, PhaseValues] = {}
        self._before: tuple[Tensor, list[Tensor]] | None = None

    @property
    def half_way(self) -> bool:
        """A batch has begun and its update is not done."""
        return self.name in PHASES[:-1]

    def advance(self, x: Tensor, y: Tensor, training: Training) -> None:
        """Go through the next phase; after an update, the first phase of the batch given."""
        if not self.half_way:
            self._forget()
            self._forward(x, y, training)
            self.name = "forward"
        elif self.name == "forward":
            self._measure(y)
            self.name = "loss"
        elif self.name == "loss":
            self._backward()
            self.name = "backward"
        else:
            self._update(training)
            self.name = "update"
        self._told = {}

    def complete(self, x: Tensor, y: Tensor, training: Training) -> None:
        """Go through the phases that are left."""
        while self.half_way:
            self.advance(x, y, training)

    def result(self) -> tuple[Tensor, Tensor]:
        """Loss and answers of a batch that went through all phases."""
        assert self.loss is not None
        assert self.prediction is not None
        return self.loss.detach(), self.prediction.detach()

    def values(self, want: PhaseWant | None = None) -> PhaseValues:
        """What the phases so far computed, as private arrays: of one sample, with the formulas of one number."""
        want = want or PhaseWant()
        if self._record is None:
            return PhaseValues("")
        if want not in self._told:
            if len(self._told) > 8:  # somebody walks through nodes and samples: only what is looked at is kept
                self._told = {}
            self._told[want] = describe(self._record, self.name, want)
        return self._told[want]

    # ---------------------------------------------------------------- the four

    def _forward(self, x: Tensor, y: Tensor, training: Training) -> None:
        self._before = self._learner.dice.state, [t.clone() for t in self._learner.storage[1:]]
        x = self._learner.raw(x)
        if x.is_floating_point():
            x = x.detach().requires_grad_()  # so that the gradient of the data is known as well
        traced = {node_id: main_output(value) for node_id, value in self._learner.trace(x).items()}
        self._outputs = {node_id: value for node_id, value in traced.items() if value is not None}
        self.prediction = self._learner.answer_in(self._outputs).float()
        kept = {node_id: Kept(value) for node_id, value in self._outputs.items()}
        self._record = Record(self._learner, x.detach(), y, training, kept, live=self._outputs)

    def _undo(self) -> None:
        """A forward pass draws random numbers and moves the statistics of batch normalisation: neither happened."""
        assert self._before is not None
        self._learner.dice.state, statistics = self._before
        with torch.no_grad():
            for mine, saved in zip(self._learner.storage[1:], statistics, strict=True):
                mine.copy_(saved)

    def _measure(self, y: Tensor) -> None:
        assert self.prediction is not None
        assert self._record is not None
        self.loss = self._learner.loss(self.prediction, y)
        self._record.loss = float(self.loss.detach())
        self._record.losses = self._one_by_one(y)

    def _one_by_one(self, y: Tensor) -> Array | None:
        """The loss of each sample alone; None for a batch too large, or a loss that is not their mean."""
        assert self.prediction is not None
        assert self.loss is not None
        rows = len(self.prediction)
        if not 0 < rows <= ALONE_LIMIT or len(y) != rows:
            return None
        with torch.no_grad():
            each = [self._learner.loss(self.prediction[k : k + 1], y[k : k + 1]) for k in range(rows)]
            found = torch.stack(each)
        return frozen(found) if torch.allclose(found.mean(), self.loss.detach(), rtol=1e-3, atol=1e-5) else None

    def _backward(self) -> None:
        """Gradients of what the nodes put out are asked first and apart, so that the learner takes its own by its own way."""
        assert self.loss is not None
        assert self._record is not None
        followed = [node_id for node_id, value in self._outputs.items() if value.requires_grad]
        inputs = [self._outputs[node_id] for node_id in followed]
        scale = self._learner.scale  # float16 holds gradients only when they are made larger first
        slope, factor = (None, 1.0) if scale is None else (scale.slope, 1.0 / scale.value)
        flows = torch.autograd.grad(self.loss, inputs, slope, retain_graph=True, allow_unused=True)
        self._record.flows = {
            n: Kept(g if scale is None else g.float() * factor)
            for n, g in zip(followed, flows, strict=True)
            if g is not None
        }
        gradients = self._learner.gradients(self.loss)
        self._record.gradients = [Kept(g) for g in gradients]
        self._record.__dict__.pop("places", None)  # the first batch shows which parameters are read at all
        self._outputs = self._record.live = {}
        self.loss, self.prediction = self.result()

    def _update(self, training: Training) -> None:
        record, learner = self._record, self._learner
        assert record is not None
        parameters = learner.parameters
        record.training, record.rate = training, float(learner.update.rate)
        record.before = [Kept(p.detach().clone()) for p in parameters]
        record.memory = _memory(learner)
        record.used, record.clipped = _used(record, training)
        learner.apply([kept.tensor.clone() for kept in record.gradients], training)
        record.after = [Kept(p.detach().clone()) for p in parameters]
        pairs = zip(record.after, record.before, strict=True)
        record.steps = [Kept(new.tensor - old.tensor) for new, old in pairs]
        record.__dict__.pop("tensors", None)


def _used(record: Record, training: Training) -> tuple[list[Kept], float]:
    """The gradients as the update rule gets them, and by what clipping multiplied them."""
    found = [kept.tensor for kept in record.gradients]
    if training.l1:
        found = [g + training.l1 * old.tensor.sign() for g, old in zip(found, record.before, strict=True)]
    factor = 1.0
    if training.clip_norm:
        length = math.sqrt(sum(float(g.float().pow(2).sum()) for g in found))
        factor = min(1.0, training.clip_norm / (length + 1e-6))
        found = [g * factor for g in found]
    return [Kept(g) for g in found], factor


def _memory(learner: Learner) -> list[list[Tensor]]:
    """What the update rule remembers of each parameter, as private copies; nothing for a rule that hides it."""
    found: list[list[Tensor]] = []
    for group in (getattr(learner.update, name, None) or [] for name in ("first", "second")):
        parts = learner.flat.views(group[0]) if learner.update.whole and len(group) == 1 else group
        if len(parts) == len(learner.parameters):
            found.append([part.detach().clone() for part in parts])
    return found
