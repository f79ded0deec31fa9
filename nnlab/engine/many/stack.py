"""The same network from many seeds as one: every tensor has the seeds on its first axis, and one step moves them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from nnlab.core.document import Document, Training
from nnlab.core.objective import Objective
from nnlab.engine.captured.tape import CannotCapture
from nnlab.engine.compile import Network, build
from nnlab.engine.dice import undisturbed
from nnlab.engine.many.captured import Captured, Subject, capture, capture_look
from nnlab.engine.many.functions import SideBySideFunctions, loss_for_many
from nnlab.engine.many.layers import put_side_by_side
from nnlab.engine.many.noise import Noise
from nnlab.engine.many.pieces import Pieces
from nnlab.engine.many.rolled import Array
from nnlab.engine.metrics import measured_loss
from nnlab.engine.update import WrittenUpdate
from nnlab.errors import BuildError

CHUNK_NUMBERS = 2**22  # numbers in the activations of one evaluated chunk of all seeds
CLOSE = 1e-4  # how near the first step of a seed must be to its step alone
ELEMENTWISE = frozenset({"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD"})
"""Update rules that treat every number by itself, so that they may run over the numbers of all seeds at once."""

Tensors = dict[str, Tensor]


class Unstackable(Exception):
    """This network cannot be trained side by side; the text says why, as a clause."""


@dataclass(frozen=True)
class Batch:
    """One batch for every seed: (seeds, rows, ...)."""

    x: Tensor
    y: Tensor


class Stack:
    """Many seeds of one network; all of it happens in one thread."""

    def __init__(
        self, document: Document, objective: Objective, seeds: tuple[int, ...], device: torch.device, probe: Batch
    ) -> None:
        """`probe` is a batch of one seed that shows which numbers are learned; Unstackable if the seeds cannot go together."""
        if document.training.optimizer.torch_name not in ELEMENTWISE:
            raise Unstackable(f"{document.training.optimizer.title} looks at all numbers of a network together")
        if document.training.precision != "float32":
            raise Unstackable("side by side there is only arithmetic in 32 bits")
        self.document, self.seeds, self.device = document, seeds, device
        self.loss = measured_loss(objective, document.training.batch_size)
        self._loss_for_many = loss_for_many(objective, self.loss)
        self.keys: list[str] = []
        self._learned: list[str] = []
        self._fixed: Tensors = {}
        self._views: Tensors = {}
        self.network = self._build(probe)
        self._pieces = Pieces(document.training.optimizer, self._views)
        self._views = dict(self._pieces.parameters)
        self.update = self._pieces.update
        self._programs: dict[int, Captured | None] = {}
        self._training_pass = vmap(self._loss_of_one)
        self._looking_pass = vmap(self._answer_of_one, in_dims=(0, 0, None))
        self._check(probe)

    # ---------------------------------------------------------------- one batch

    def steps(self, xs: Tensor, ys: Tensor, training: Training, rates: list[float]) -> tuple[Tensor, list[Tensor]]:
        """Train every seed on batches (steps, seeds, rows, ...): losses (steps, seeds), and answers still on the device."""
        program = self._program(xs[0], ys[0])
        if program is not None and not (training.l1 or training.clip_norm or self._noise.is_there):
            return program.run(xs, ys, rates, training.l2)
        losses, answers = [], []
        for x, y, rate in zip(xs, ys, rates, strict=True):
            loss, answer = self._step(x, y, training, rate, program)
            losses.append(loss)
            answers.append(answer)
        return torch.stack(losses), answers

    def _step(
        self, x: Tensor, y: Tensor, training: Training, rate: float, program: Captured | None
    ) -> tuple[Tensor, Tensor]:
        masks = self._noise.masks(x.shape[1])
        if program is not None:
            losses, answers = program.look(x, y)
            gradients = program.subject.gradients
        else:
            losses, answers, gradients = self.slopes(Batch(x, y), masks)
        with torch.no_grad():
            self.update.rate, self.update.weight_decay = rate, training.l2
            self.update.apply(self._prepared(gradients, training))
        return losses, answers

    def slopes(self, batch: Batch, masks: Tensors) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Losses, answers and gradients of every seed: no seed's loss knows of another's numbers."""
        with SideBySideFunctions():
            losses, answers = self._training_pass(self._views, {**self._fixed, **masks}, batch.x, batch.y)
        gradients = torch.autograd.grad(losses.sum(), [self._views[name] for name in self._learned])
        return losses.detach(), answers.detach(), list(gradients)

    def answers(self, x: Tensor) -> Tensor:
        """What every seed says of these samples, in evaluation mode: (seeds, rows, ...)."""
        self.network.eval()
        try:
            with torch.no_grad():
                parts = [self._looking_pass(self._views, self._fixed, chunk) for chunk in x.split(self._chunk)]
        finally:
            self.network.train()
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    def looker(self, look: Callable[[Tensor, Tensor], Sequence[Tensor]], x: Tensor, y: Tensor) -> Callable[[], Any]:
        """A fast way to ask `look(x, y)` again and again; `look` itself where there is none."""
        plain = partial(look, x, y)
        if self.device.type != "cpu" or len(x) > self._chunk:
            return plain
        first = plain()  # and the products have found their ways
        try:
            program = capture_look(self._tensors(), list(self._fixed.values()), look, x, y)
        except CannotCapture:
            return plain
        same = all(torch.allclose(a, b, rtol=CLOSE, atol=CLOSE) for a, b in zip(first, program(), strict=True))
        return program if same else plain

    @property
    def _chunk(self) -> int:
        return max(1, CHUNK_NUMBERS // (numbers_per_sample(self.document) * len(self.seeds)))

    def _tensors(self) -> list[Tensor]:
        return [self._views[name].detach() for name in self._learned]

    def health(self) -> Tensor:
        """For each seed a number that is finite as long as every weight is."""
        return torch.stack([view.detach().reshape(len(self.seeds), -1).sum(1) for view in self._views.values()]).sum(0)

    def arrays(self) -> dict[str, Array]:
        """All tensors by the names of state_dict, the seeds on the first axis, as private copies."""
        found: dict[str, Array] = {}
        for key in self.keys:
            tensor = self._views.get(key, self._fixed.get(key))
            assert tensor is not None
            found[key] = tensor.detach().cpu().numpy().copy()
        return found

    # ---------------------------------------------------------------- inside

    def _program(self, x: Tensor, y: Tensor) -> Captured | None:
        """The step for batches of this shape as a program; None where there is none, or it would give other numbers."""
        rows = x.shape[1]
        if rows not in self._programs:
            kept = [tensor.clone() for tensor in self._fixed.values()]
            try:
                self._programs[rows] = self._captured(x, y)
            except CannotCapture:
                self._programs[rows] = None
            for tensor, value in zip(self._fixed.values(), kept, strict=True):
                tensor.copy_(value)
        return self._programs[rows]

    def _captured(self, x: Tensor, y: Tensor) -> Captured:
        if self.device.type != "cpu" or not isinstance(self.update, WrittenUpdate):
            raise CannotCapture("it is not worth it")
        masks = {name: mask.fill_(1.0) for name, mask in self._noise.shaped(x.shape[1]).items()}
        losses, _, gradients = self.slopes(Batch(x, y), masks)
        places = [self._pieces.gradients[name] for name in self._learned]
        subject = Subject(
            self._tensors(),
            list(self._fixed.values()),
            list(masks.values()),
            places,
            self.update,
            self._pieces.laid_out,
        )
        program = capture(subject, lambda x, y: self.slopes(Batch(x, y), masks), x.clone(), y.clone())
        found, _ = program.look(x, y)
        pairs = [(losses, found), *zip(gradients, places, strict=True)]
        if not all(torch.allclose(a, b, rtol=CLOSE, atol=CLOSE, equal_nan=True) for a, b in pairs):
            raise CannotCapture("its first step would give other numbers")
        return program

    def _loss_of_one(self, learned: Tensors, fixed: Tensors, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        prediction = functional_call(self.network, {**fixed, **learned}, (x,))
        return self._loss_for_many(prediction, y), prediction

    def _answer_of_one(self, learned: Tensors, fixed: Tensors, x: Tensor) -> Tensor:
        return functional_call(self.network, {**fixed, **learned}, (x,))  # type: ignore[no-any-return]

    def _prepared(self, gradients: list[Tensor], training: Training) -> list[Tensor]:
        """The gradients of all seeds as the update rule takes them, after L1 and each seed's own clipping."""
        if training.l1:
            views = [self._views[name].detach() for name in self._learned]
            gradients = [torch.add(g, view.sign(), alpha=training.l1) for g, view in zip(gradients, views, strict=True)]
        if training.clip_norm:
            gradients = _clipped(gradients, training.clip_norm)
        return self._pieces.put(dict(zip(self._learned, gradients, strict=True)))

    def _build(self, probe: Batch) -> Network:
        """Every seed's first numbers, drawn as it would draw them alone."""
        made: list[Tensors] = []
        states: list[Tensor] = []
        network: Network | None = None
        with undisturbed():
            for seed in self.seeds:
                network = build(self.document, seed)
                states.append(torch.get_rng_state())
                made.append({key: tensor.detach() for key, tensor in network.state_dict().items()})
        assert network is not None
        self._alone = network
        self.keys = list(made[0])
        stacked = {key: torch.stack([one[key] for one in made]).to(self.device) for key in self.keys}
        network.to(self.device).train()
        self._learned = _find_learned(network, self.loss, probe)
        self._views = {key: stacked.pop(key) for key in self._learned}
        self._fixed = stacked
        copy = build_like(self.document)
        node_shapes = {name: self.document.shapes[n].inputs[0] for n, name in copy.attributes.items()}
        self._noise = Noise(copy, node_shapes, states, self.device)
        put_side_by_side(copy)
        return copy.to(self.device).train()

    def _check(self, probe: Batch) -> None:
        """Unstackable if the first step of the last seed is not what it is alone."""
        seeds = len(self.seeds)
        ones = {name: torch.ones_like(mask) for name, mask in self._noise.shaped(probe.x.shape[1]).items()}
        fixed = {key: tensor.clone() for key, tensor in self._fixed.items()}
        wide = Batch(probe.x.expand(seeds, *probe.x.shape[1:]), probe.y.expand(seeds, *probe.y.shape[1:]))
        try:
            losses, _, gradients = self.slopes(wide, ones)
        except (RuntimeError, NotImplementedError) as error:
            raise Unstackable("one of its layers has no form for many networks at once") from error
        self._fixed = fixed
        alone = _without_noise(self._alone)
        loss = self.loss(alone(probe.x[0]), probe.y[0])
        named = dict(alone.named_parameters())
        slopes = torch.autograd.grad(loss, [named[name] for name in self._learned])
        del self._alone
        pairs = [(losses[-1], loss.detach()), *((g[-1], s) for g, s in zip(gradients, slopes, strict=True))]
        if not all(torch.allclose(a, b, rtol=CLOSE, atol=CLOSE, equal_nan=True) for a, b in pairs):
            raise Unstackable("its numbers side by side would differ from those of each network alone")


def build_like(document: Document) -> Network:
    """A network of this document whose numbers do not matter."""
    with undisturbed():
        return build(document, 0)


def numbers_per_sample(document: Document) -> int:
    """How many numbers all layers together put out for one sample."""
    return max(1, sum(prod(shape) for at in document.shapes.values() if at.known for shape in at.outputs))


def _without_noise(network: Network) -> Network:
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def _clipped(gradients: list[Tensor], longest: float) -> list[Tensor]:
    """Each seed's gradients scaled to a common length of at most `longest`; each length is summed as it is alone."""
    seeds = len(gradients[0])
    each = torch.stack(torch._foreach_norm([own for g in gradients for own in g.unbind(0)], 2.0))
    lengths = each.view(len(gradients), seeds).T.contiguous().unbind(0)
    total = torch.stack([torch.linalg.vector_norm(length, 2.0) for length in lengths])
    factor = torch.clamp(torch.reciprocal(total + 1e-6) * longest, max=1.0)
    return [g * factor.reshape(seeds, *[1] * (g.dim() - 1)) for g in gradients]


def _find_learned(network: Network, measured: Callable[[Tensor, Tensor], Tensor], probe: Batch) -> list[str]:
    """The parameters that the answer depends on: others are left alone, as torch's own optimizers do."""
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    if not named:
        raise BuildError("This network has nothing to learn: add a layer with weights, such as Linear.")
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with undisturbed():
        loss = measured(network(probe.x[0]), probe.y[0])
    found = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True)
    network.load_state_dict(before)
    return [name for (name, _), gradient in zip(named, found, strict=True) if gradient is not None]
