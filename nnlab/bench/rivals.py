"""The best loops that one writes by hand in eager torch: data as tensors, one permutation an epoch, no waste in a step."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nnlab.bench.clocks import Clock, now
from nnlab.bench.contest import Contestant, Runner
from nnlab.bench.workloads import Workload

if TYPE_CHECKING:
    from torch import Tensor, nn

Step = Callable[[Any, Any], "Tensor"]


def by_hand(work: Workload, clock: Clock) -> list[Contestant]:
    """Every hand-written loop for this work. Those that are slower by design are told for information."""
    found = [
        Contestant("plain", _loop(work, clock, _by_optimizer(work, work.module()))),
        Contestant("foreach", _loop(work, clock, _by_optimizer(work, work.module(), foreach=True))),
        Contestant("fused", _loop(work, clock, _by_optimizer(work, work.module(), fused=True))),
    ]
    if work.rule == "sgd":
        found.append(Contestant("autograd.grad + foreach", _loop(work, clock, _direct(work))))
    if work.has_pictures:
        found.append(Contestant("fused, channels last", _channels_last(work, clock), counts=False))
    found.append(Contestant("textbook (DataLoader)", _textbook(work, clock), counts=False))
    return found


def _by_optimizer(work: Workload, module: "nn.Module", **options: Any) -> Step:
    optimizer, loss_of = work.optimizer(module.parameters(), **options), work.loss_of()

    def step(x: Any, y: Any) -> "Tensor":
        loss = loss_of(module(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    return step


def _direct(work: Workload) -> Step:
    """No optimizer at all: one addition moves all weights."""
    import torch

    module, loss_of, rate = work.module(), work.loss_of(), -work.rate
    parameters = list(module.parameters())
    values = [p.data for p in parameters]

    def step(x: Any, y: Any) -> "Tensor":
        loss = loss_of(module(x), y)
        torch._foreach_add_(values, torch.autograd.grad(loss, parameters), alpha=rate)
        return loss.detach()

    return step


def _loop(work: Workload, clock: Clock, step: Step, data: "tuple[Tensor, Tensor] | None" = None) -> Runner:
    x, y = data or work.data()
    return _timed(clock, _batches(x, y, work.batch), step)


def _channels_last(work: Workload, clock: Clock) -> Runner:
    """The same with pictures and filters laid out the other way."""
    import torch

    x, y = work.data()
    module = work.module().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pictures = x.contiguous(memory_format=torch.channels_last)
    return _loop(work, clock, _by_optimizer(work, module, fused=True), (pictures, y))


def _batches(x: "Tensor", y: "Tensor", size: int) -> "Iterator[tuple[Tensor, Tensor]]":
    """Batches without end: each epoch in an order of its own."""
    import torch

    while True:
        order = torch.randperm(len(x))
        yield from zip(x[order].split(size), y[order].split(size), strict=True)


def _timed(clock: Clock, batches: "Iterator[tuple[Tensor, Tensor]]", step: Step) -> Runner:
    import torch

    read = now(clock)

    def run(steps: int) -> tuple[int, float]:
        total = torch.zeros(())
        began = read()
        with torch.autograd.set_multithreading_enabled(False):
            for _, (x, y) in zip(range(steps), batches, strict=False):
                total += step(x, y)
        return steps, read() - began

    return run


def _textbook(work: Workload, clock: Clock) -> Runner:
    """As in the tutorials: a DataLoader, and the loss of every step read at once."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    read, loss_of, module = now(clock), work.loss_of(), work.module()
    optimizer = work.optimizer(module.parameters())
    loader: Any = DataLoader(TensorDataset(*work.data()), batch_size=work.batch, shuffle=True)

    def run(steps: int) -> tuple[int, float]:
        taken, total, began = 0, 0.0, read()
        while taken < steps:
            for x, y in loader:
                optimizer.zero_grad()
                loss = loss_of(module(x), y)
                loss.backward()
                optimizer.step()
                total += loss.item()
                taken += 1
                if taken == steps:
                    break
        return taken, read() - began

    torch.manual_seed(0)
    return run
