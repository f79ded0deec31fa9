"""Runs each piece of a training step once under a tape and writes it down for the captured engine."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.engine.captured.program import Body, Layout, Measure, Text
from nnlab.engine.captured.script import Writer
from nnlab.engine.captured.tape import CannotCapture, Operation, Place, Tape, needed, place, record, storage
from nnlab.engine.captured.unfused import Unfused
from nnlab.engine.captured.workspace import Workspace, outs
from nnlab.engine.dice import undisturbed
from nnlab.engine.flat import Flat, dense_stride
from nnlab.engine.precision import Precision
from nnlab.engine.update import Update

Measured = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Subject:
    """What is to be captured. The network is a private copy; the samples are read and never written."""

    network: nn.Module
    used: tuple[int, ...]
    """Which of its parameters learn, by their place."""
    loss: Measured
    metric: Measured
    rule: Callable[[Flat], Update]
    """Makes the update rule over parameters."""
    train: tuple[Tensor, Tensor]
    held: tuple[Tensor, Tensor]
    layout: Layout
    chunk: int
    """Samples that are looked at together."""
    precision: Precision
    """Of the network while it trains."""


class Recorder:
    """Writes the parts of one program; `constants` are the tensors that its text calls c[0], c[1] and so on."""

    def __init__(self, subject: Subject, flat: Flat, buffers: list[Tensor], update: str) -> None:
        self.subject = subject
        self.constants: list[Tensor] = []
        self._flat, self._buffers, self._update = flat, buffers, update
        self._known: dict[Place, str] = {}
        for letter, tensors in (("p", flat.parameters), ("b", buffers)):
            for k, tensor in enumerate(tensors):
                self._known[place(tensor)] = f"{letter}{k}"
        self._one = torch.ones((), device=flat.values.device)
        self.answer = torch.empty(0)
        """The answers to a whole batch, for their shape."""

    def text(self) -> Text:
        """Everything that the program does."""
        at = self.subject.layout
        sizes = [min(at.size, at.rows)]
        last = at.rows - (at.steps - 1) * at.size
        if 0 < last < sizes[0]:
            sizes.append(last)
        with undisturbed(), Unfused():
            batches = [self._batch(rows, f"s{k}_") for k, rows in enumerate(sizes)]
            seen = min(at.rows, at.steps * at.size)
            answer = self.answer[:1].expand(seen, *self.answer.shape[1:]).clone()
            measure = self._figures(answer, self.subject.train[1][:seen].clone(), "e", with_loss=False)
            looks, looked = self._looks()
        named = [
            (letter, n)
            for letter, tensors in (("p", self._flat.parameters), ("b", self._buffers))
            for n in range(len(tensors))
        ]
        lines = [f"{letter}{k} = {letter}[{k}]" for letter, k in named]
        return Text(lines, at, self._update, batches, measure, looks, looked, len(self.subject.held[0]))

    def _batch(self, rows: int, prefix: str) -> Body:
        subject, parameters = self.subject, self._flat.parameters
        x, y = self._sample(subject.train[0], rows), subject.train[1][:rows].clone()

        def step() -> tuple[Tensor, Tensor, list[Tensor]]:
            answer = subject.precision.answer(subject.network, x)
            loss = subject.loss(answer, y)
            return answer, loss, list(torch.autograd.grad(loss, parameters, self._one))

        tape, (answer, loss, gradients) = record(step)
        if len(self.answer) == 0:
            self.answer = answer.detach()
        writer = Writer(self._known, {place(x): "x", place(y): "y"}, self.constants, prefix)
        routes = self._routes(tape, gradients)
        results = [routes[k][0] if k in routes else gradient for k, gradient in enumerate(gradients)]
        names = {storage(base): f"{prefix}g{k}" for k, (base, _) in routes.items()}
        operations = needed(tape.operations, [answer, loss, *results], self._buffers)
        before = self._places(operations, [answer, loss, *results], prefix, names)
        writer.write(operations, names)
        places = [f"{prefix}g{k} = {line}" for k, (_, line) in routes.items()]
        copies = [f"each[{k}].copy_({writer.name(g)})" for k, g in enumerate(gradients) if k not in routes]
        lines = (*writer.lines, *copies)
        return Body(rows, (*before, *places, *writer.before), lines, writer.name(answer), writer.name(loss))

    def _places(
        self, operations: list[Operation], results: list[Tensor], prefix: str, names: dict[int, str]
    ) -> list[str]:
        """Memory for what these operations make: more places in `names`, and the lines that say where they are."""
        workspace, lines = Workspace(), []
        workspace.plan(operations, results)
        for k, (memory, tensor) in enumerate(workspace.tensors.items()):
            names[memory] = f"{prefix}w{k}"
            lines.append(f"{prefix}w{k} = c[{len(self.constants)}]")
            self.constants.append(tensor)
        return lines

    def _routes(self, tape: Tape, gradients: list[Tensor]) -> dict[int, tuple[Tensor, str]]:
        """Gradients that the operation that makes them can put in their place: its result, and the place's expression."""
        touched = {storage(t) for operation in tape.operations for t in operation.written}
        makers: dict[int, Operation] = {}
        for operation in tape.operations:
            if not operation.is_view and not operation.mutates:
                for tensor in operation.made:
                    makers.setdefault(storage(tensor), operation)
        found: dict[int, tuple[Tensor, str]] = {}
        taken: set[int] = set(touched)
        for k, (gradient, parameter) in enumerate(zip(gradients, self._flat.parameters, strict=True)):
            maker = makers.get(storage(gradient))
            if maker is None or storage(gradient) in taken or len(maker.made) != 1 or outs(maker) is None:
                continue
            base: Tensor = maker.result
            if _fills(base, gradient) and _lies_like(gradient, parameter):
                taken.add(storage(gradient))
                found[k] = base, f"torch.as_strided(each[{k}], {list(base.shape)}, {list(base.stride())})"
        return found

    def _figures(self, answer: Tensor, y: Tensor, prefix: str, with_loss: bool) -> Measure:
        subject = self.subject

        def measure() -> list[Tensor]:
            losses = [subject.loss(answer, y)] if with_loss else []
            return [*losses, subject.metric(answer, y)]

        with torch.no_grad():
            tape, figures = record(measure)
        writer = Writer({}, {place(answer): "answer", place(y): "y"}, self.constants, prefix)
        writer.write(needed(tape.operations, figures, []))
        return Measure(tuple(writer.before), tuple(writer.lines), tuple(writer.name(figure) for figure in figures))

    def _looks(self) -> tuple[list[Body], Measure]:
        x, y = self.subject.held
        if len(x) == 0:
            return [], Measure((), (), ())
        first = min(self.subject.chunk, len(x))
        network = self.subject.network.eval()
        bodies = [self._look(x, rows, f"h{rows}_") for rows in (first, len(x) % first) if rows]
        answer = self.answer[:1].expand(len(x), *self.answer.shape[1:]).clone()
        network.train()
        return bodies, self._figures(answer, y.clone(), "f", with_loss=True)

    def _look(self, x: Tensor, rows: int, prefix: str) -> Body:
        sample = self._sample(x, rows)
        with torch.no_grad():
            tape, answer = record(lambda: self.subject.network(sample))
        writer = Writer(self._known, {place(sample): "x"}, self.constants, prefix)
        operations, names = needed(tape.operations, [answer], []), dict[int, str]()
        if any(operation.draws for operation in operations):
            raise CannotCapture("it draws random numbers even while it is only looked at")
        before = self._places(operations, [answer], prefix, names)
        writer.write(operations, names)
        return Body(rows, (*before, *writer.before), tuple(writer.lines), writer.name(answer))

    def _sample(self, x: Tensor, rows: int) -> Tensor:
        taken = x[:rows].clone(memory_format=torch.contiguous_format)
        axes = self.subject.layout.axes
        return taken.permute(axes) if axes else taken


def _fills(base: Tensor, gradient: Tensor) -> bool:
    """Whether the gradient is all of what the operation made, in whatever shape."""
    whole = base.untyped_storage().nbytes() == base.numel() * base.element_size()
    return whole and base.numel() == gradient.numel() and gradient.storage_offset() == 0


def _lies_like(gradient: Tensor, parameter: Tensor) -> bool:
    """Whether its numbers lie in memory in the parameter's order."""
    wanted = dense_stride(parameter)
    return all(n == 1 or mine == its for n, mine, its in zip(gradient.shape, gradient.stride(), wanted, strict=True))
