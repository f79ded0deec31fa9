"""How numbers lie in memory and how many threads compute, found by a short measurement for each network.

Convolutions on a CPU run faster with the channels of a pixel side by side, most of the time; a second thread makes
small steps slower. Nobody can tell beforehand, so both are tried on copies of the network and remembered.
"""

import copy
import os
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.core.document import Document
from nnlab.engine.device import arithmetic, step_work
from nnlab.engine.dice import undisturbed

TRIED_WORK = 3_000_000  # floating-point operations of a step below which a second thread only costs
TRIAL_SECONDS = 0.06  # of steps for each way that is tried, after one that does not count
GAIN = 0.9  # of the usual way's time that another one must need at most: noise shall not decide
Measured = Callable[[Tensor, Tensor], Tensor]

USUAL, LAST = "standard", "channels-last"


@dataclass(frozen=True)
class Arrangement:
    """How a run computes."""

    channels_last: bool
    threads: int


_known: dict[Hashable, Arrangement] = {}


def arranged(
    document: Document,
    network: nn.Module,
    batch: tuple[Tensor, Tensor],
    loss: Measured,
    spare: int,
) -> Arrangement:
    """As the settings say; what they leave open is tried, once in the life of the program for each network and batch.

    `spare` is how many cores are left to others: one where there is a window.
    """
    training = document.training
    cores = max(1, _cores() - spare)
    several = sorted({1, (cores + 1) // 2, cores}) if step_work(document, len(batch[0])) >= TRIED_WORK else [1]
    threads = [training.threads] if training.threads else several
    asked = {USUAL: [False], LAST: [True]}.get(training.layout, [False, True])
    layouts = asked if _has_maps(network, batch[0]) else [False]
    if len(threads) == len(layouts) == 1:
        return Arrangement(layouts[0], threads[0])
    key = (str(network), tuple(batch[0].shape), str(batch[0].device), tuple(threads), tuple(layouts))
    if key not in _known:
        _known[key] = _tried(network, batch, loss, layouts, threads)
    return _known[key]


def _tried(
    network: nn.Module,
    batch: tuple[Tensor, Tensor],
    loss: Measured,
    layouts: list[bool],
    threads: list[int],
) -> Arrangement:
    work = network, batch, loss
    best = _fastest([Arrangement(layout, threads[-1]) for layout in layouts], *work)
    return _fastest([best, *(Arrangement(best.channels_last, count) for count in threads[-2::-1])], *work)


def _fastest(ways: list[Arrangement], network: nn.Module, batch: tuple[Tensor, Tensor], loss: Measured) -> Arrangement:
    """The fastest of these; the first one, unless another is clearly faster."""
    if len(ways) == 1:
        return ways[0]
    times = {way: _measured(network, batch, loss, way) for way in ways}
    fastest = min(times, key=lambda way: times[way])
    return fastest if times[fastest] < GAIN * times[ways[0]] else ways[0]


def _measured(network: nn.Module, batch: tuple[Tensor, Tensor], loss: Measured, way: Arrangement) -> float:
    """Seconds of one step, forward and backward."""
    mine, (x, y) = copy.deepcopy(network), batch
    if way.channels_last:
        mine.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        x = x.contiguous(memory_format=torch.channels_last)
    parameters = [p for p in mine.parameters() if p.requires_grad]
    found: list[float] = []
    with undisturbed(), arithmetic(way.threads):
        end = float("inf")
        while not found or time.perf_counter() < end:
            began = time.perf_counter()
            torch.autograd.grad(loss(mine(x), y), parameters, allow_unused=True)
            if x.is_cuda:
                torch.cuda.synchronize(x.device)
            found.append(time.perf_counter() - began)
            if len(found) == 1:
                end = time.perf_counter() + TRIAL_SECONDS
    return min(found[1:] or found)


def _has_maps(network: nn.Module, x: Tensor) -> bool:
    """Whether pictures go into convolutions over two axes; torch has no such layout for weights over three."""
    if x.dim() != 4 or any(p.dim() == 5 for p in network.parameters()):
        return False
    return any(isinstance(m, nn.Conv2d | nn.ConvTranspose2d) for m in network.modules())


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
