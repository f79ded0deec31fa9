"""One batch in four phases - forward, loss, backward, update - with all that each computed kept to be looked at."""

import numpy as np
from torch import Tensor

from nnlab.core.document import Training
from nnlab.engine.learner import Learner
from nnlab.engine.wants import Array, PhaseValues

PHASES = ("forward", "loss", "backward", "update")


class Phases:
    """Where a batch stands on its way through the phases; `name` is empty while no batch is under way."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._forget()

    def clear(self) -> None:
        """No batch is under way; what was computed is forgotten."""
        if self.name:
            self._forget()

    def _forget(self) -> None:
        self.name = ""
        self.loss: Tensor | None = None
        self.prediction: Tensor | None = None
        self._outputs: dict[str, Tensor] = {}
        self._gradients: list[Tensor] = []
        self._updates: list[Tensor] = []

    @property
    def half_way(self) -> bool:
        """A batch has begun and its update is not done."""
        return self.name in PHASES[:-1]

    def advance(self, x: Tensor, y: Tensor, training: Training) -> None:
        """Go through the next phase; after an update, the first phase of the batch given."""
        if not self.half_way:
            self.clear()
            self._outputs = self._learner.trace(x)
            self.prediction = self._outputs[self._learner.objective.output]
            self.name = "forward"
        elif self.name == "forward":
            assert self.prediction is not None
            self.loss = self._learner.loss(self.prediction, y)
            self.name = "loss"
        elif self.name == "loss":
            assert self.loss is not None
            self._gradients = self._learner.gradients(self.loss)
            self.name = "backward"
        else:
            before = [p.detach().clone() for p in self._learner.parameters]
            self._learner.apply([g.clone() for g in self._gradients], training)
            after = self._learner.parameters
            self._updates = [new.detach() - old for new, old in zip(after, before, strict=True)]
            self.name = "update"

    def complete(self, x: Tensor, y: Tensor, training: Training) -> None:
        """Go through the phases that are left."""
        while self.half_way:
            self.advance(x, y, training)

    def result(self) -> tuple[Tensor, Tensor]:
        """Loss and answers of a batch that went through all phases."""
        assert self.loss is not None
        assert self.prediction is not None
        return self.loss.detach(), self.prediction.detach()

    def values(self) -> PhaseValues:
        """What the phases so far computed, as private arrays."""
        outputs = {node_id: _array(t) for node_id, t in self._outputs.items()}
        loss = None if self.loss is None else float(self.loss.detach())
        return PhaseValues(self.name, loss, outputs, self._by_node(self._gradients), self._by_node(self._updates))

    def _by_node(self, tensors: list[Tensor]) -> dict[str, dict[str, Array]]:
        if not tensors:
            return {}
        network = self._learner.network
        nodes = {name: node_id for node_id, name in network.attributes.items()}
        names = {id(p): name for name, p in network.named_parameters()}
        found: dict[str, dict[str, Array]] = {}
        for parameter, tensor in zip(self._learner.parameters, tensors, strict=True):
            attribute, _, name = names[id(parameter)].partition(".")
            found.setdefault(nodes.get(attribute, attribute), {})[name] = _array(tensor)
        return found


def _array(tensor: Tensor) -> Array:
    values = np.array(tensor.detach().float().cpu().numpy(), np.float32)
    values.flags.writeable = False
    return values
