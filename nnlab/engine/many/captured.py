"""The step of all seeds as one program that runs without Python: recorded once, compiled by torch, compared with the first."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from nnlab.engine.captured.script import Writer
from nnlab.engine.captured.tape import CannotCapture, Place, needed, place, record
from nnlab.engine.dice import undisturbed
from nnlab.engine.update import WrittenUpdate

ARGUMENTS = "p: List[Tensor], b: List[Tensor], k: List[Tensor], each: List[Tensor], c: List[Tensor]"
RUN = f"""\
def run({ARGUMENTS}, w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], t: List[Tensor],
        xs: Tensor, ys: Tensor, losses: Tensor, answers: List[Tensor], taken: int, rates: List[float], decay: float):
    for i in range(len(rates)):
        loss, answer = slopes(p, b, k, each, c, xs[i], ys[i])
        losses.select(0, i).copy_(loss)
        answers.append(answer)
        update(w, g, m, v, t, taken + i, rates[i], decay)
    return answers
"""


@dataclass
class Subject:
    """The tensors that a step works on."""

    learned: list[Tensor]
    fixed: list[Tensor]
    masks: list[Tensor]
    gradients: list[Tensor]
    """Where the gradient of each learned tensor goes."""
    rule: WrittenUpdate
    laid_out: list[Tensor]
    """The same gradients, as the update rule takes them."""


@dataclass
class Captured:
    """One shape of batch as a program."""

    subject: Subject
    constants: list[Tensor]
    function: Any
    slopes: Any
    text: str = field(repr=False)

    def run(self, xs: Tensor, ys: Tensor, rates: list[float], decay: float) -> tuple[Tensor, list[Tensor]]:
        """So many steps as there are rates, on these batches: their losses (steps, seeds) and answers."""
        at, rule = self.subject, self.subject.rule
        losses = torch.empty(len(rates), xs.shape[1], device=xs.device)
        lists = (at.learned, at.fixed, at.masks, at.gradients, self.constants)
        memory = (rule.parameters, at.laid_out, rule.first, rule.second, rule.counts)
        with torch.inference_mode():
            answers = self.function(*lists, *memory, xs, ys, losses, [], rule.steps, rates, decay)
        rule.steps += len(rates)
        return losses, answers

    def look(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Losses and answers of one batch; the gradients are put in their place."""
        at = self.subject
        with torch.inference_mode():
            found: tuple[Tensor, Tensor] = self.slopes(
                at.learned, at.fixed, at.masks, at.gradients, self.constants, x, y
            )
        return found


def capture_look(learned: list[Tensor], fixed: list[Tensor], look: Any, x: Tensor, y: Tensor) -> Any:
    """A function of nothing that gives what `look(x, y)` gives, as the learned tensors are then; CannotCapture if none."""
    with undisturbed(), torch.no_grad():
        tape, figures = record(lambda: look(x, y))
    constants: list[Tensor] = []
    writer = Writer(_named(learned, fixed, []), {place(x): "x", place(y): "y"}, constants, "s")
    writer.write(needed(tape.operations, list(figures), []))
    lines = [*writer.before, *writer.lines, f"return {', '.join(writer.name(figure) for figure in figures)}"]
    body = "".join(f"    {line}\n" for line in lines)
    text = f"def look(p: List[Tensor], b: List[Tensor], c: List[Tensor], x: Tensor, y: Tensor):\n{body}"
    try:
        made = torch.jit.CompilationUnit(text).look
    except RuntimeError as error:
        raise CannotCapture("torch cannot compile it") from error

    def run() -> tuple[Tensor, ...]:
        with torch.inference_mode():
            found: tuple[Tensor, ...] = made(learned, fixed, constants, x, y)
            return found

    return run


def capture(subject: Subject, step: Any, x: Tensor, y: Tensor) -> Captured:
    """The program of `step(x, y)`, which gives losses, answers and gradients; CannotCapture if there is none."""
    known = _named(subject.learned, subject.fixed, subject.masks)
    constants: list[Tensor] = []
    with undisturbed():
        tape, (losses, answers, gradients) = record(lambda: step(x, y))
    writer = Writer(known, {place(x): "x", place(y): "y"}, constants, "s")
    writer.write(needed(tape.operations, [losses, answers, *gradients], subject.fixed))
    lines = [*writer.before, *writer.lines]
    lines += [f"each[{number}].copy_({writer.name(gradient)})" for number, gradient in enumerate(gradients)]
    lines.append(f"return {writer.name(losses)}, {writer.name(answers)}")
    body = "".join(f"    {line}\n" for line in lines)
    text = f"{subject.rule.text}\ndef slopes({ARGUMENTS}, x: Tensor, y: Tensor):\n{body}\n{RUN}"
    try:
        made = torch.jit.CompilationUnit(text)
    except RuntimeError as error:
        raise CannotCapture("torch cannot compile it") from error
    return Captured(subject, constants, made.run, made.slopes, text)


def _named(learned: list[Tensor], fixed: list[Tensor], masks: list[Tensor]) -> dict[Place, str]:
    """What the text calls the tensors that are there before."""
    known: dict[Place, str] = {}
    for letter, tensors in (("p", learned), ("b", fixed), ("k", masks)):
        for number, tensor in enumerate(tensors):
            known.setdefault(place(tensor), f"{letter}[{number}]")
    return known
