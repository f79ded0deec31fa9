"""The text of the captured engine: epochs, batches, losses, best weights and a place to look in, all in one function.

The function trains until it is told to stop and never needs Python, so nothing waits for it and it waits for nobody.
`flags` is the one thing that both sides look at: [stop, want a snapshot, steps done, snapshots taken, epochs done,
steps done at the last snapshot].
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from nnlab.engine.update import PREPARE

STOP, WANT, STEPS, TAKEN, EPOCHS, SEEN_AT = range(6)
FLAGS = 6

RAN, STOPPED, LOST, EARLY, DONE = range(5)
"""Why the function came back."""

COLUMNS = 5
"""Of the table of epochs: training loss and metric, validation loss and metric (nan without), 1 for the best so far."""


@dataclass(frozen=True)
class Body:
    """What happens to one batch, as lines over `x` and `y`; or to samples that are only looked at, over `x`."""

    rows: int
    before: tuple[str, ...]
    lines: tuple[str, ...]
    answer: str
    loss: str = ""


@dataclass(frozen=True)
class Measure:
    """What happens at the end of an epoch: lines over `answer` and `y`, and the figures they give."""

    before: tuple[str, ...]
    lines: tuple[str, ...]
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How an epoch's samples become batches."""

    rows: int
    size: int
    stride: int
    steps: int
    """Batches an epoch."""
    axes: tuple[int, ...] = ()
    """The order of the axes that the network sees, where the samples are kept in another one."""


@dataclass(frozen=True)
class Text:
    """All parts of one program."""

    names: Sequence[str]
    """Lines that give the tensors of the lists names of their own."""
    layout: Layout
    update: str
    batches: Sequence[Body]
    """For a whole batch, and for the last one where it is smaller."""
    measure: Measure
    looks: Sequence[Body]
    """For a chunk of the validation part and for its last, smaller one; none without a validation part."""
    looked: Measure
    looked_rows: int

    def __str__(self) -> str:
        """The whole source: `update`, `prepare` and `run`."""
        parts: list[Body | Measure] = [*self.batches, self.measure, *self.looks, self.looked]
        before = [line for part in parts for line in part.before]
        lines = [HEAD, *_indent(1, [*self.names, *before]), START, *_indent(2, self._next_batch()), TRAIN]
        lines += [*_indent(3, self._epoch_end()), DECIDE, LOOK]
        return f"{self.update}\n{PREPARE}\n" + "\n".join(lines) + "\n"

    def _next_batch(self) -> list[str]:
        at, layout = self.layout, self.layout
        lines = [
            "if len(epoch) == 0:",
            f"    perm = torch.randperm({at.rows}, generator=order)",
            *_indent(1, self._rows()),
        ]
        lines.append("    epoch = [data[0].index_select(0, rows), data[1].index_select(0, rows), perm]")
        whole = layout.rows // layout.size
        if len(self.batches) == 1:
            return [*lines, *self._batch(self.batches[0])]
        lines += [f"if position < {whole}:", *_indent(1, self._batch(self.batches[0]))]
        return [*lines, "else:", *_indent(1, self._batch(self.batches[1]))]

    def _rows(self) -> list[str]:
        """Rows of each batch at every `stride`, as `order.spread` has them."""
        at = self.layout
        whole = at.rows // at.size * at.size
        if at.stride == at.size or whole == 0:
            return ["rows = perm"]
        filled = f"torch.constant_pad_nd(perm.narrow(0, 0, {whole}).view(-1, {at.size}), [0, {at.stride - at.size}])"
        rest = f"perm.narrow(0, {whole}, {at.rows - whole})"
        return [f"rows = torch.cat([{filled}.view(-1), {rest}])" if at.rows > whole else f"rows = {filled}.view(-1)"]

    def _batch(self, body: Body) -> list[str]:
        taken = [
            f"{n} = epoch[{k}].narrow(0, position * {self.layout.stride}, {body.rows})" for k, n in enumerate("xy")
        ]
        taken[0] += self._turned()
        return [*taken, *body.lines, f"loss = {body.loss}", f"answer = {body.answer}"]

    def _turned(self) -> str:
        return f".permute({', '.join(map(str, self.layout.axes))})" if self.layout.axes else ""

    def _epoch_end(self) -> list[str]:
        seen = min(self.layout.rows, self.layout.steps * self.layout.size)
        lines = ["answer = torch.cat(answers)", f"y = data[1].index_select(0, epoch[2].narrow(0, 0, {seen}))"]
        lines += [*self.measure.lines, "train_loss = losses.narrow(0, first, at - first).to(torch.float64).mean()"]
        lines += ["health = storage[0].sum()", f"train_metric = {self.measure.figures[0]}"]
        if not self.looks:
            lines += ["held_loss = nothing", "held_metric = nothing"]
            return [*lines, *FIGURES]
        return [*lines, *self._look(), *FIGURES]

    def _look(self) -> list[str]:
        lines, begin = ["seen.clear()"], 0
        first = self.looks[0]
        whole = self.looked_rows // first.rows
        loop = [f"x = data[2].narrow(0, k * {first.rows}, {first.rows}){self._turned()}", *first.lines]
        lines += [f"for k in range({whole}):", *_indent(1, [*loop, f"seen.append({first.answer})"])]
        begin = whole * first.rows
        for body in self.looks[1:]:
            lines += [f"x = data[2].narrow(0, {begin}, {body.rows}){self._turned()}", *body.lines]
            lines.append(f"seen.append({body.answer})")
        lines += ["answer = torch.cat(seen) if len(seen) > 1 else seen[0]", "y = data[3]", *self.looked.lines]
        return [*lines, f"held_loss = {self.looked.figures[0]}", f"held_metric = {self.looked.figures[1]}"]


def _indent(levels: int, lines: Sequence[str]) -> list[str]:
    return [textwrap.indent(line, "    " * levels) for line in lines]


# WORKAROUND: TorchScript makes one constant of an empty list that is written in the text, and what is appended to it
# stays for the next time round. Lists that grow come in as arguments, and are emptied and not replaced.
HEAD = """\
def run(storage: List[Tensor], best: List[Tensor], snap: List[Tensor], p: List[Tensor], b: List[Tensor],
        w: List[Tensor], g: List[Tensor], each: List[Tensor], m: List[Tensor], v: List[Tensor], t: List[Tensor],
        c: List[Tensor], data: List[Tensor], epoch: List[Tensor], answers: List[Tensor],
        pending: List[Tensor], seen: List[Tensor],
        losses: Tensor, table: Tensor, flags: Tensor, order: Generator, dice: Generator,
        rates: List[float], n: List[int], f: List[float]):
    steps, every, position, taken, at, epochs_left, since, patience = n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]
    per_epoch, held = n[8], n[9] != 0
    l1, clip, decay, lost, best_loss, unit = f[0], f[1], f[2], f[3], f[4], f[5]
    nothing = torch.full([], float("nan"), dtype=torch.float64)"""

START = """\
    done = 0
    epochs = 0
    reason = 0
    first = 0
    while done < steps and reason == 0:"""

TRAIN = """\
        pending.append(loss)
        answers.append(answer)
        if l1 != 0.0 or clip != 0.0:
            prepare(w, g, each, l1, clip)
        update(w, g, m, v, t, taken, rates[done], decay)
        taken += 1
        done += 1
        position += 1
        if position == per_epoch:
            losses.narrow(0, at, len(pending)).copy_(torch.stack(pending))
            at += len(pending)
            pending.clear()"""

FIGURES = [
    "row = torch.stack([train_loss, train_metric.to(torch.float64), held_loss.to(torch.float64), "
    "held_metric.to(torch.float64), health.to(torch.float64)])",
    "figures: List[float] = row.tolist()",
]

DECIDE = """\
            watched = figures[2] if held else figures[0]
            good = math.isfinite(figures[4]) and math.isfinite(figures[0]) and figures[0] <= lost
            if good:
                row.select(0, 4).fill_(0.0)
                since += 1
                if math.isfinite(watched) and watched < best_loss:
                    best_loss = watched
                    since = 0
                    row.select(0, 4).fill_(1.0)
                    torch._foreach_copy_(best, storage)
                table.select(0, epochs).copy_(row)
                epochs += 1
                position = 0
                first = at
                answers.clear()
                epoch.clear()
                flags.select(0, 2).fill_(done)
                flags.select(0, 4).fill_(epochs)
                if patience > 0 and since >= patience:
                    reason = 3
                elif epochs >= epochs_left:
                    reason = 4
                elif epochs >= table.size(0):
                    steps = done
            else:
                reason = 2"""

LOOK = """\
        if done % every == 0:
            if len(pending) > 0:
                losses.narrow(0, at, len(pending)).copy_(torch.stack(pending))
                at += len(pending)
                pending.clear()
            flags.select(0, 2).fill_(done)
            if int(flags[1]) != 0:
                torch._foreach_copy_(snap, storage)
                flags.select(0, 5).fill_(done)
                flags.select(0, 1).fill_(0)
                flags.select(0, 3).add_(1)
            if int(flags[0]) != 0 and reason == 0:
                reason = 1
    if len(pending) > 0:
        losses.narrow(0, at, len(pending)).copy_(torch.stack(pending))
    flags.select(0, 2).fill_(done)
    return [done, epochs, position, taken, since, reason], best_loss, answers, epoch"""
