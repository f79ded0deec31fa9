"""A hand-made module trained by both engines: captured, and in a loop as anyone would write it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nnlab.core.optimizer import OPTIMIZERS
from nnlab.engine.captured.capture import Memory, Program, Work, capture
from nnlab.engine.captured.program import COLUMNS, FLAGS, Layout
from nnlab.engine.captured.recorder import Subject
from nnlab.engine.flat import Flat
from nnlab.engine.order import padded, spread
from nnlab.engine.precision import Precision
from nnlab.engine.update import Update, WrittenUpdate, update_rule

ROWS, SIZE, EPOCHS = 22, 8, 4
RATE = 0.05


@dataclass
class Apart:
    """How far the two came apart, at most: in the losses of all steps, in the state, in the epochs' figures."""

    losses: float
    state: float
    figures: float
    steps: int

    @property
    def is_close(self) -> bool:
        """Whether they are one run."""
        return self.losses <= 1e-6 and self.state <= 1e-5 and self.figures <= 1e-5


def mean_square(answer: Tensor, target: Tensor) -> Tensor:
    return ((answer - target) ** 2).mean()


def mean(answer: Tensor, target: Tensor) -> Tensor:
    return answer.float().mean()


def rule_of(optimizer: str) -> Callable[[Flat], Update]:
    def rule(flat: Flat) -> Update:
        settings = OPTIMIZERS[optimizer]()
        found = update_rule(settings, [flat.values])
        return found if found.whole else update_rule(settings, [p.detach() for p in flat.parameters])

    return rule


def subject_of(
    network: nn.Module, x: Tensor, y: Tensor, held: tuple[Tensor, Tensor], optimizer: str, chunk: int = 10**6
) -> Subject:
    size = min(SIZE, len(x))
    used = _used(network, x, y)
    layout = Layout(len(x), size, padded(size, (x, y)), -(-len(x) // size))
    return Subject(
        network=copy.deepcopy(network),
        used=used,
        loss=mean_square,
        metric=mean,
        rule=rule_of(optimizer),
        train=(x, y),
        held=held,
        layout=layout,
        chunk=chunk,
        precision=Precision("float32", "cpu"),
    )


def _used(network: nn.Module, x: Tensor, y: Tensor) -> tuple[int, ...]:
    parameters = list(network.parameters())
    state = torch.get_rng_state()
    twin = copy.deepcopy(network)
    found = torch.autograd.grad(mean_square(twin(x[:4]), y[:4]), list(twin.parameters()), allow_unused=True)
    torch.set_rng_state(state)
    return tuple(k for k in range(len(parameters)) if found[k] is not None)


def answer_like(network: nn.Module, x: Tensor) -> Tensor:
    """Targets of the right form."""
    with torch.no_grad():
        return torch.randn_like(copy.deepcopy(network).eval()(x), generator=None)


def compare(network: nn.Module, x: Tensor, held: Tensor | None = None, optimizer: str = "sgd") -> Apart:
    """Train this module with both; CannotCapture where one of them is no use."""
    torch.manual_seed(3)
    y = answer_like(network, x)
    seen = (x[:0], y[:0]) if held is None else (held, answer_like(network, held))
    program = capture(subject_of(network, x, y, seen, optimizer, chunk=5))
    mine, theirs = copy.deepcopy(network), copy.deepcopy(network)
    losses, table = fly(program, mine, x, y, seen, optimizer)
    by_hand, figures = eager(theirs, x, y, seen, optimizer)
    state = zip(mine.state_dict().values(), theirs.state_dict().values(), strict=True)
    return Apart(
        float((losses - by_hand).abs().max()),
        max(float((a.double() - b.double()).abs().max()) for a, b in state if a.numel()),
        float((table - figures).abs().nan_to_num().max()),
        len(losses),
    )


def fly(
    program: Program, network: nn.Module, x: Tensor, y: Tensor, held: tuple[Tensor, Tensor], optimizer: str
) -> tuple[Tensor, Tensor]:
    """Losses and epoch figures of a captured run, with two stops on the way."""
    network.train()
    used = _used(network, x, y)
    every = list(network.parameters())
    flat = Flat([every[k] for k in used])
    rule = rule_of(optimizer)(flat)
    assert isinstance(rule, WrittenUpdate)
    learned = {id(p) for p in flat.parameters}
    rest = [t.detach() for t in network.state_dict(keep_vars=True).values() if id(t) not in learned]
    memory = Memory([flat.values, *rest], flat, rule, [x, y, *held])
    order, dice = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    per_epoch = program.layout.steps
    steps = per_epoch * EPOCHS
    losses, tables, taken, position = [], [], 0, 0
    epoch: list[Tensor] = []
    answers: list[Tensor] = []
    earlier: Tensor = torch.empty(0)
    for part in (1, per_epoch + 1, steps - per_epoch - 2):
        work = Work(
            part, position, taken, [RATE] * part, torch.cat([earlier, torch.empty(part)]),
            torch.zeros(EPOCHS + 2, COLUMNS, dtype=torch.float64), torch.zeros(FLAGS, dtype=torch.int64),
            [t.clone() for t in memory.storage], [t.clone() for t in memory.storage],
            order, dice, epoch, answers, 3, len(earlier),
        )  # fmt: skip
        out = program.run(memory, work)
        assert (out.steps, out.taken) == (part, taken + part)
        losses.append(work.losses[len(earlier) :])
        tables.append(work.table[: out.epochs, :4])
        position, taken, epoch, answers = out.position, out.taken, out.epoch, out.answers
        earlier = work.losses[len(work.losses) - position :]
        rule.count_to(taken)
    return torch.cat(losses), torch.cat(tables)


def eager(
    network: nn.Module, x: Tensor, y: Tensor, held: tuple[Tensor, Tensor], optimizer: str
) -> tuple[Tensor, Tensor]:
    """The same by hand."""
    network.train()
    size = min(SIZE, len(x))
    used = _used(network, x, y)
    every = list(network.parameters())
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}[optimizer]
    fused = {"fused": True} if optimizer == "adam" else {}
    rule = kind([every[k] for k in used], lr=RATE, **fused)
    order = torch.Generator().manual_seed(1)
    torch.manual_seed(2)
    losses, figures = [], []
    for _ in range(EPOCHS):
        perm = torch.randperm(len(x), generator=order)
        stride = padded(size, (x, y))
        rows = spread(perm, size, stride)
        laid, targets = x.index_select(0, rows), y.index_select(0, rows)
        answers, mine = [], []
        for k in range(-(-len(x) // size)):
            count = min(size, len(x) - k * size)
            rule.zero_grad()
            answer = network(laid.narrow(0, k * stride, count))
            loss = mean_square(answer, targets.narrow(0, k * stride, count))
            loss.backward()
            rule.step()
            answers.append(answer.detach())
            mine.append(loss.detach())
        losses += mine
        row = [float(torch.stack(mine).double().mean()), float(mean(torch.cat(answers), y))]
        if len(held[0]):
            network.eval()
            with torch.no_grad():
                state = torch.get_rng_state()
                answer = torch.cat([network(chunk) for chunk in held[0].split(5)])
                torch.set_rng_state(state)
                row += [float(mean_square(answer, held[1])), float(mean(answer, held[1]))]
            network.train()
        else:
            row += [float("nan")] * 2
        figures.append(row)
    return torch.stack(losses), torch.tensor(figures, dtype=torch.float64)
