"""A network, its data on the device and its update rule: all that happens to one batch. `loop.py` says which batch when."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nnlab.core.blocks.inside import leaves, same_leaves
from nnlab.core.dataset import Samples
from nnlab.core.document import Document, Training
from nnlab.core.graph import Graph
from nnlab.core.loss import WHOLE_NUMBERS
from nnlab.core.objective import fitted, resolve
from nnlab.core.parts import PART_NAMES, Parts, divide
from nnlab.engine.compile import Network, attribute_names, build, unfit_starts
from nnlab.engine.cut import Head, cut_of, widened
from nnlab.engine.device import Place, check_memory, choose
from nnlab.engine.dice import Dice, undisturbed
from nnlab.engine.flat import Flat
from nnlab.engine.metrics import all_targets, measure, measured_loss
from nnlab.engine.precision import LossScale, Precision
from nnlab.engine.rates import own_rates
from nnlab.engine.trial import arranged
from nnlab.engine.update import TorchUpdate, Update, prepare, update_rule
from nnlab.errors import BuildError

PICTURE_AXES = (0, 3, 1, 2)  # of samples that are kept with the channels of a pixel side by side
CHUNK_NUMBERS = 2**24  # numbers in the activations of one evaluated chunk: 64 MB


@dataclass(frozen=True)
class LearnerState:
    """Everything that training changes in a learner, as private copies."""

    tensors: list[Tensor]
    update: Any
    dice: Tensor
    scale: tuple[float, int, int] | None = None
    """Of the loss, in float16."""

    @property
    def bytes(self) -> int:
        """How much memory this takes, about."""
        memory = self.update[1]
        groups = memory if isinstance(memory, list) else []
        return int(sum(t.numel() * t.element_size() for group in (self.tensors, *groups) for t in group)) + 6_000


class Learner:
    """Trains one network batch by batch. All of it happens in one thread."""

    def __init__(
        self, document: Document, weights: object = None, kept_from: "Learner | None" = None, spare: int = 1
    ) -> None:
        self.document = document
        self.objective = resolve(document)
        self.parts: Parts = divide(document.data)
        self.objective = fitted(self.objective, self.parts)
        rows = self.parts.rows[0]
        self.batch_size = min(document.training.batch_size, rows)
        self.place: Place = choose(document.training.device)
        check_memory(document, self.batch_size, sum(self.parts.rows), place=self.place)
        self.dice = Dice()
        with self.dice.rolling():
            self.network = build(document, document.training.seed)
        self.dice.drawn = None
        self.notices: list[str] = [self.place.notice] if self.place.notice else []
        graph = document.graph
        self.notices += [
            f"What {graph.node(n).title} was to start from does not fit its sizes any more: it starts from random numbers."
            for n in unfit_starts(self.network)
        ]
        self.unfit: tuple[str, ...] = ()
        """Titles of the layers that the given weights did not fit."""
        self.kept = _bring(self, kept_from) if kept_from is not None else ()
        if weights is not None:
            self.load(weights)
        self.network.to(self.place.device).train()
        self.loss = measured_loss(self.objective, document.training.batch_size)
        self.data = {name: self.on_device(self.parts.part(name)) for name in PART_NAMES}
        self.cut = (
            cut_of(document) if document.training.cache_features and document.training.precision == "float32" else None
        )
        self.brain: nn.Module = self.brain_of(self.network)
        """What is run at each step: the network, or its second half where the first was computed once and for all."""
        if self.cut is not None:
            self.data = widened(self, self.cut, self.data)
        self._arrange(spare)
        self._rates = own_rates(document, (name for name, _ in self.network.named_parameters()))
        self._one = torch.ones((), device=self.place.device)
        self.precision = Precision(document.training.precision, self.place.device.type)
        learned = self._read()
        self.scale = LossScale(self.place.device) if self.precision.kind == "fp16" else None
        self.take(learned)

    def _arrange(self, spare: int) -> None:
        """Choose threads and the layout of pictures in memory, and lay everything out that way."""
        x, y = (part[: self.batch_size] for part in self.data["train"])
        self.arrangement = arranged(self.document, self.network, (x, y), self.loss, spare)
        self.threads = self.arrangement.threads
        self.axes: tuple[int, ...] = PICTURE_AXES if self.arrangement.channels_last else ()
        """The order of the axes that the network sees, where samples are kept in another one."""
        if self.axes:
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            last = {name: x.contiguous(memory_format=torch.channels_last) for name, (x, _) in self.data.items()}
            self.data = {name: (last[name], y) for name, (_, y) in self.data.items()}

    def brain_of(self, network: Network) -> nn.Module:
        """What of this network is run at each step."""
        return Head(network, self.cut) if self.cut is not None else network

    def raw(self, x: Tensor) -> Tensor:
        """These rows of the data as the whole network takes them."""
        if self.cut is None or x.dim() != 2 or x.shape[1] != self.cut.width:
            return x
        return x[:, : self.cut.input_width].reshape(len(x), *self.parts.spec.packed_shape)

    def first_target(self, y: Tensor) -> Tensor:
        """The target that the metric is of, out of all of them."""
        term = self.objective.main
        if not self.objective.is_packed:
            return y
        mine = y[:, : prod(term.target_shape)].reshape(-1, *term.target_shape)
        return mine.long() if term.target_form in WHOLE_NUMBERS else mine

    def samples(self, part: str) -> tuple[Tensor, Tensor]:
        """The samples of a part as they lie in memory; `axes` says how the network sees them."""
        x, y = self.data[part]
        return (x.permute(0, 2, 3, 1) if self.axes else x), y

    def _read(self) -> list[Tensor]:
        """The parameters that the answer depends on; the others are left alone, as torch's own optimizers do."""
        learned = [p for p in self.network.parameters() if p.requires_grad]
        if not learned:
            raise BuildError("This network has nothing to learn: add a layer with weights, such as Linear.")
        self.network.eval()
        try:
            found = self._slopes(learned)
        except RuntimeError:
            if self.precision.is_full:
                raise
            self.notices.append(self.precision.refusal())
            self.precision = Precision("float32", self.place.device.type)
            found = self._slopes(learned)
        self.network.train()
        return [p for p, gradient in zip(learned, found, strict=True) if gradient is not None]

    def _slopes(self, learned: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
        x, y = (part[:2] for part in self.data["train"])
        with undisturbed():
            loss = self.loss(self.precision.answer(self.brain, x), y)
            return torch.autograd.grad(loss, learned, self._one, allow_unused=True)

    def take(self, parameters: list[Tensor]) -> None:
        """Train these of the network's parameters: put them into one piece of memory and an update rule over them."""
        self.parameters = parameters
        self.flat = Flat(parameters)
        mine = {id(p) for p in self.parameters}
        rest = [t.detach() for t in self.network.state_dict(keep_vars=True).values() if id(t) not in mine]
        self.storage: list[Tensor] = [self.flat.values, *rest]
        """Everything that training changes in the network, in few pieces."""
        self.update: Update = self.rule(self.flat)

    def rule(self, flat: Flat) -> Update:
        """The document's update rule over these parameters: over all of them as one, if that makes no difference."""
        settings = self.document.training.optimizer
        if self._rates:
            names = {id(p): name for name, p in self.network.named_parameters()}
            each = [self._rates.get(names[id(p)], 1.0) for p in self.parameters]
            return TorchUpdate([p.detach() for p in flat.parameters], settings.arguments(), settings.torch_name, each)
        found = update_rule(settings, [flat.values])
        return found if found.whole else update_rule(settings, [p.detach() for p in flat.parameters])

    def named(self, storage: list[Tensor]) -> dict[str, Tensor]:
        """Pieces such as `state().tensors` as the network's tensors by name."""
        views = dict(zip(map(id, self.parameters), self.flat.views(storage[0]), strict=True))
        rest = iter(storage[1:])
        found = {}
        for name, tensor in self.network.state_dict(keep_vars=True).items():
            found[name] = views[id(tensor)] if id(tensor) in views else next(rest)
        return found

    # ---------------------------------------------------------------- one batch

    def step(self, x: Tensor, y: Tensor, training: Training) -> tuple[Tensor, Tensor]:
        """Train on one batch; its loss and the network's answers, still on the device."""
        prediction = self.forward(x)
        loss = self.loss(prediction, y)
        self.apply(self.gradients(loss), training)
        return loss.detach(), prediction.detach()

    def forward(self, x: Tensor) -> Tensor:
        """The network's answers in training mode."""
        if self.dice.drawn is False:
            return self.precision.answer(self.brain, x)
        with self.dice.rolling():
            return self.precision.answer(self.brain, x)

    def trace(self, x: Tensor) -> dict[str, Tensor]:
        """The same, with the output of every node."""
        with self.dice.rolling(), self.precision.inside():
            return self.network.trace(self.raw(x))

    def answer_in(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """All answers as the loss takes them, out of what every node gave."""
        if not self.objective.is_packed:
            return outputs[self.objective.output]
        return torch.cat([outputs[n].reshape(len(outputs[n]), -1).float() for n in self.objective.outputs], 1)

    def first(self, answers: Tensor) -> Tensor:
        """The answer that the metric is of, out of all of them."""
        term = self.objective.main
        return answers[:, : prod(term.shape)].reshape(-1, *term.shape) if self.objective.is_packed else answers

    def gradients(self, loss: Tensor) -> list[Tensor]:
        """The slope of the loss for each parameter, in their order."""
        scale = self.scale
        if scale is None:
            return list(torch.autograd.grad(loss, self.parameters, self._one))
        found = list(torch.autograd.grad(loss, self.parameters, scale.slope))
        scale.undo(found)
        return found

    def apply(self, gradients: list[Tensor], training: Training) -> None:
        """Move the weights by one step of the update rule, after L1 and clipping.

        In float16 a step with an infinite gradient is left out.
        """
        with torch.no_grad():
            flat = [self.flat.put_gradients(gradients)]
            if self.scale is not None and not self.scale.passes(flat[0]):
                return
            if training.l1 or training.clip_norm:
                prepare([self.flat.values], flat, self.flat.gradients, training.l1, training.clip_norm)
            self.update.weight_decay = training.l2
            self.update.apply(flat if self.update.whole else self.flat.gradients)

    # ---------------------------------------------------------------- measuring

    def metric(self, prediction: Tensor, target: Tensor) -> Tensor:
        """How good the first answer is: accuracy for classes, R² for values, unless the data say otherwise."""
        return measure(prediction, target, self.objective)

    def evaluate(self, part: str) -> tuple[Tensor, Tensor]:
        """Loss and metric of one part as the network is now, in evaluation mode."""
        x, y = self.data[part]
        with self.looking():
            prediction = self.answers(x)
            return self.loss(prediction, y), self.metric(prediction, y)

    def measure(self) -> dict[str, float]:
        """Loss and metric of every part that has samples, as the network is now."""
        found: dict[str, float] = {}
        for part, rows in zip(PART_NAMES, self.parts.rows, strict=True):
            if rows:
                loss, metric = self.evaluate(part)
                found[f"{part}_loss"] = float(loss)
                found[f"{part}_{self.objective.metric}"] = float(metric)
        return found

    def health(self) -> Tensor:
        """A number that is finite as long as every weight is."""
        with torch.no_grad():
            return self.flat.values.sum()

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Inside, the network is in evaluation mode and nothing is recorded for gradients."""
        self.network.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            self.network.train()

    def answers(self, x: Tensor) -> Tensor:
        """The network's answers while looking; in chunks, if they are many."""
        size = self.rows_at_once
        cached = self.cut is not None and x.dim() == 2 and x.shape[1] == self.cut.width
        network = self.brain if cached else self.network
        if len(x) <= size:
            return network(x)  # type: ignore[no-any-return]
        return torch.cat([network(chunk) for chunk in x.split(size)])

    @property
    def rows_at_once(self) -> int:
        """How many samples are looked at together."""
        return max(1, CHUNK_NUMBERS // self.numbers_per_sample)

    @cached_property
    def numbers_per_sample(self) -> int:
        """How many numbers all layers together put out for one sample."""
        return max(1, sum(prod(shape) for at in self.document.shapes.values() for shape in at.outputs))

    # ---------------------------------------------------------------- state

    def state(self) -> LearnerState:
        """A private copy of everything training changes."""
        scale = self.scale.state() if self.scale is not None else None
        return LearnerState([t.clone() for t in self.storage], self.update.state(), self.dice.state, scale)

    def restore(self, state: LearnerState) -> None:
        """Be as `state` was, to the bit."""
        self.put(state.tensors)
        self.update.restore(state.update)
        self.dice.state = state.dice
        if self.scale is not None and state.scale is not None:
            self.scale.restore(state.scale)

    def weights(self) -> list[Tensor]:
        """A private copy of the network's tensors alone."""
        return [t.clone() for t in self.storage]

    def put(self, tensors: list[Tensor]) -> None:
        """Put these values into the network's tensors."""
        with torch.no_grad():
            for mine, saved in zip(self.storage, tensors, strict=True):
                mine.copy_(saved)

    def as_arrays(self, graph: Graph | None = None) -> dict[str, NDArray[Any]]:
        """The network's tensors as private arrays, under the names that they have in `graph` (the run's own by default)."""
        now = attribute_names(graph) if graph is not None else {}
        renamed = {name: now.get(node_id, name) for node_id, name in self.network.attributes.items()}
        found: dict[str, NDArray[Any]] = {}
        for key, tensor in self.network.state_dict().items():
            attribute, _, name = key.partition(".")
            found[f"{renamed.get(attribute, attribute)}.{name}"] = tensor.detach().cpu().numpy().copy()
        return found

    def load(self, weights: object) -> None:
        """Take these tensors by name where they fit; what does not fit starts fresh, with a notice."""
        given: Mapping[str, Any] = weights if isinstance(weights, Mapping) else {}
        by_id = {f"{name}.": f"{node_id}." for node_id, name in self.network.attributes.items()}
        left: set[str] = set()
        with torch.no_grad():
            for name, tensor in self.network.state_dict().items():
                attribute = name.split(".", 1)[0]
                value = given.get(name, given.get(name.replace(f"{attribute}.", by_id.get(f"{attribute}.", ""), 1)))
                if value is None or tuple(np.shape(value)) != tuple(tensor.shape):
                    left.add(attribute)
                else:
                    tensor.copy_(torch.tensor(np.asarray(value)))
        names = self.network.attributes
        self.unfit = tuple(self.document.graph.node(n).title for n in names if names[n] in left)
        if self.unfit:
            self.notices.append(f"The saved weights do not fit {', '.join(self.unfit)}: fresh ones were drawn there.")

    def on_device(self, samples: Samples) -> tuple[Tensor, Tensor]:
        """Standardised samples as tensors where the network is, targets in the form the loss takes."""
        x = torch.tensor(samples.inputs, device=self.place.device)
        y = all_targets(self.objective, samples, self.parts)
        return x, y.to(self.place.device)


def _bring(new: Learner, old: Learner) -> tuple[str, ...]:
    """Copy the weights of layers that did not change, also into a block or out of one; the nodes that kept all of theirs."""
    mine, theirs = new.network.state_dict(), old.network.state_dict()
    same = same_leaves(new.document, old.document)
    changed = {path.partition("/")[0] for path in leaves(new.document) if path not in same}
    with torch.no_grad():
        for path, (leaf, before) in same.items():
            for key in [k for k in mine if k.startswith(f"{leaf.prefix}.")]:
                value = theirs.get(f"{before.prefix}{key[len(leaf.prefix) :]}")
                if value is None:  # it was drawn, but led nowhere
                    changed.add(path.partition("/")[0])
                else:
                    mine[key].copy_(value)
    return tuple(node_id for node_id in new.network.attributes if node_id not in changed)
