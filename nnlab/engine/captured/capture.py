"""The captured engine: a whole training run as one program that needs no Python while it goes.

One step of the network is run once under a tape, forward, backward and all; its operations become straight-line
TorchScript text inside the loop of `program.py`, and torch compiles that without a C++ compiler. The tensors that are
trained are those of the eager engine: either of the two can take the next step.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from nnlab.engine.captured.program import COLUMNS, FLAGS, WANT, Layout
from nnlab.engine.captured.recorder import Recorder, Subject
from nnlab.engine.captured.tape import CannotCapture
from nnlab.engine.flat import Flat
from nnlab.engine.order import spread
from nnlab.engine.update import WrittenUpdate

WARM_UP = 3  # runs before torch's executor has settled on how to run a program


@dataclass
class Memory:
    """The tensors that a program works on. `storage` is all that training changes in the network."""

    storage: list[Tensor]
    flat: Flat
    rule: WrittenUpdate
    data: list[Tensor]
    """Inputs and targets of the training part, then those of the validation part."""

    def __post_init__(self) -> None:
        self.parameters = [p.detach() for p in self.flat.parameters]
        weights = [self.flat.values] if self.rule.whole else self.parameters
        gradients = [self.flat.gradient] if self.rule.whole else self.flat.gradients
        memories = (self.rule.first, self.rule.second, self.rule.counts)
        self.lists = (self.parameters, self.storage[1:], weights, gradients, self.flat.gradients, *memories)


@dataclass
class Work:
    """One stretch of training: from where, how far, with which settings, and where its results go."""

    steps: int
    position: int
    taken: int
    rates: list[float]
    losses: Tensor
    """Room for `earlier` losses of the epoch that is under way, which it begins with, and for those of all steps."""
    table: Tensor
    flags: Tensor
    best: list[Tensor]
    snap: list[Tensor]
    order: torch.Generator
    dice: torch.Generator
    epoch: list[Tensor] = field(default_factory=list)
    answers: list[Tensor] = field(default_factory=list)
    every: int = 1
    """Steps between two looks at the flags."""
    earlier: int = 0
    epochs_left: int = 2**62
    since: int = 0
    """Epochs since the best one."""
    patience: int = 0
    """Epochs without a better one before it stops; 0 never."""
    penalties: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """L1, longest gradient, L2."""
    lost: float = math.inf
    best_loss: float = math.inf


@dataclass(frozen=True)
class Outcome:
    """Where a program stands when it comes back."""

    steps: int
    epochs: int
    position: int
    taken: int
    since: int
    reason: int
    best_loss: float
    answers: list[Tensor]
    """To the samples of the epoch under way."""
    epoch: list[Tensor]
    """Inputs, targets and permutation of the epoch under way; empty between two."""


class Runs(Protocol):
    """What trains in stretches: the CPU's program without Python, or the graphs of an NVIDIA GPU."""

    title: str
    """What the engine is called."""

    def run(self, memory: Memory, work: Work) -> Outcome:
        """Train until the stretch is over or something ends it."""
        ...


@dataclass
class Program:
    """A captured run: its text, what the text calls constants, and the function torch made of it."""

    text: str
    constants: list[Tensor]
    function: Any
    layout: Layout
    held: bool
    """Whether there is a validation part."""
    title: str = "captured"

    def run(self, memory: Memory, work: Work) -> Outcome:
        """Train. Other threads of this process run freely meanwhile."""
        n = [work.steps, work.every, work.position, work.taken, work.earlier, work.epochs_left, work.since]
        n += [work.patience, self.layout.steps, int(self.held)]
        f = [*work.penalties, work.lost, work.best_loss, 1.0]
        lists = (memory.storage, work.best, work.snap, *memory.lists, self.constants, memory.data)
        tensors = (work.losses, work.table, work.flags, work.order, work.dice)
        with torch.inference_mode():
            found, best, answers, epoch = self.function(
                *lists, work.epoch, work.answers, [], [], *tensors, work.rates, n, f
            )
        done, epochs, position, taken, since, reason = found
        return Outcome(done, epochs, position, taken, since, reason, best, answers, epoch)


def capture(subject: Subject) -> Program:
    """Record, write and compile; CannotCapture with a reason if that cannot be done. Takes a fraction of a second."""
    network = subject.network.train()
    every = list(network.parameters())
    flat = Flat([every[k] for k in subject.used])
    rule = subject.rule(flat)
    if not isinstance(rule, WrittenUpdate):
        raise CannotCapture("its optimizer runs as torch's own class")
    mine = {id(p) for p in flat.parameters}
    rest = [t.detach() for t in network.state_dict(keep_vars=True).values() if id(t) not in mine]
    memory = Memory([flat.values, *rest], flat, rule, [*subject.train, *subject.held])
    recorder = Recorder(subject, flat, rest, rule.text)
    text = recorder.text()
    try:
        made = torch.jit.CompilationUnit(str(text))
    except RuntimeError as error:
        raise CannotCapture(f"torch cannot compile it ({str(error).strip().splitlines()[0]})") from error
    program = Program(str(text), recorder.constants, made.run, subject.layout, bool(text.looks))
    _warm_up(program, memory, recorder.answer)
    return program


def _warm_up(program: Program, memory: Memory, answer: Tensor) -> None:
    """Run it a little on its own copies, so that torch has settled how to before it counts."""
    at, rows = program.layout, torch.arange(program.layout.rows, device=memory.data[0].device)
    laid = spread(rows, at.size, at.stride)
    epoch = [memory.data[0].index_select(0, laid), memory.data[1].index_select(0, laid), rows]
    position = max(0, at.steps - 2)
    flags = torch.zeros(FLAGS, dtype=torch.int64)
    flags[WANT] = 1
    before = [answer[:1].expand(position * at.size, *answer.shape[1:])] if position else []
    for _ in range(WARM_UP):
        work = Work(
            at.steps - position + 1, position, 0, [0.0] * 3,
            torch.zeros(3), torch.zeros(2, COLUMNS, dtype=torch.float64), flags,
            [t.clone() for t in memory.storage], [t.clone() for t in memory.storage],
            torch.Generator(), torch.Generator(memory.flat.values.device), epoch, before,
        )  # fmt: skip
        program.run(memory, work)
