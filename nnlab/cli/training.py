"""nnlab train: a progress bar on a terminal, a table in a log, or one JSON object a line."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from nnlab.cli.output import Stopped, complain, draw, finite, flush, note, one_line, say, say_json, silence
from nnlab.cli.projects import find
from nnlab.core.objective import resolve
from nnlab.core.words import METRICS, count, duration, fixed, is_share, memory, number, percent, plural, span
from nnlab.engine.events import EpochDone, Epochs, Event, Finished, Interrupted, Prepared
from nnlab.errors import BuildError
from nnlab.files.disk import check_writable, name_of
from nnlab.project import Project, Run

TABLE_ROWS = 20
BAR = 24  # characters


def train(
    name: str, out: str | None, epochs: int | None, device: str | None, seed: int | None, jsonl: bool,
    weights: str | None = None,
) -> int:  # fmt: skip
    """Train a project; 1 if it has mistakes, blew up, or is an example that missed its goal."""
    project = find(name)
    refuse_mistakes(project)
    if weights is not None:
        project.load_weights(weights)
    if out is not None:
        check_writable(out)
    reporter = _Lines() if jsonl else _Bar() if _is_terminal() else _Table()

    def tell(event: Event) -> None:
        try:
            reporter(event)
        except Stopped:  # nobody reads any more, but what is learned shall still be saved
            silence()

    with _terminated_like_interrupted():
        run = project.train(epochs, device, seed, on_event=tell, keep=weights is not None)
    with _uninterrupted():
        reporter.end(run)
        if out is not None:
            project.save(out)
            reporter.saved(name_of(out))
    if out is None and not jsonl:
        say("Not saved: add -o FILE to keep what was learned.")
    return _verdict(project, run)


def refuse_mistakes(project: Project) -> None:
    """BuildError with the first mistake, if there is one."""
    wrong = [p for p in project.check() if p.severity == "error"]
    if wrong:
        more = f" (and {plural(len(wrong) - 1, 'more mistake')}; see nnlab check)" if len(wrong) > 1 else ""
        raise BuildError(f"{wrong[0].message.rstrip('.')}{more}", wrong[0].node)


def _verdict(project: Project, run: Run) -> int:
    """1 if the run blew up or missed the goal; a run that was cut short has none."""
    if run.reason == "diverged":
        complain(run.message)
        return 1
    if run.reason == "stopped" or run.document.training.epochs < project.document.training.epochs:
        return 0
    reached = next((v for k, v in run.metrics.items() if k in JUDGED), None)
    if project.goal is not None and reached is not None and reached < project.goal:
        said = f"{percent(reached)} on validation, and this example reaches {percent(project.goal)}"
        complain(f"the goal was not met: {said}")
        return 1
    loss = run.metrics.get("validation_loss")
    if project.loss_goal is not None and loss is not None and loss > project.loss_goal:
        said = f"a validation loss of {number(loss)}, and this example gets below {number(project.loss_goal)}"
        complain(f"the goal was not met: {said}")
        return 1
    return 0


JUDGED = ("validation_accuracy", "validation_r2", "validation_iou", "validation_exact")


class _Table:
    """Some twenty lines over the whole run."""

    def __init__(self) -> None:
        self._epochs = 1
        self._metric = "accuracy"

    def __call__(self, event: Event) -> None:
        """Print what is worth a line."""
        if isinstance(event, Prepared):
            self._begin(event)
        elif isinstance(event, Epochs):
            self._epochs_done(event)
        elif isinstance(event, Interrupted):
            note(event.message)

    def end(self, run: Run) -> None:
        """The final figures."""
        say()
        say(one_line(run.message))
        speed = f", {count(run.steps_per_second)} steps a second" if run.steps_per_second else ""
        say(f"{run.device}, {run.engine} engine{speed}, {span(run.seconds)} of training")
        if run.skipped_steps:
            say(f"{plural(run.skipped_steps, 'step')} left out because a gradient became infinite")
        for name, value in run.metrics.items():
            say(f"{name.replace('_', ' '):24}{figure(name, value)}")
        for doctors in run.notes:
            say()
            told = "" if doctors.message == run.message else f": {doctors.message}"
            say(one_line(f"{doctors.title}{told}"))
            for cure in doctors.cures:
                say(one_line(f"  Try: {cure.label}"))

    def saved(self, name: str) -> None:
        """Where it went."""
        say(f"Saved to {name}.")

    def _begin(self, event: Prepared) -> None:
        for notice in event.notices:
            note(notice)
        document = event.document
        self._epochs = document.training.epochs
        self._metric = METRICS[resolve(document).metric]
        rows = f"{plural(event.rows[0], 'sample')} to train on, {count(event.rows[1])} for validation"
        say(f"{event.device}, {rows}, {plural(self._epochs, 'epoch')} of {plural(event.steps_per_epoch, 'step')}")
        arithmetic = f"{event.precision}, {plural(event.threads, 'thread')}"
        took = "" if event.epoch_seconds is None else f", {span(event.epoch_seconds)} for an epoch"
        say(f"{arithmetic}; predicted: about {memory(event.needed_bytes)} of memory{took}")
        self._head()

    def _head(self) -> None:
        say(f"{'epoch':>8}  {'loss':>10}  {'validation':>10}  {self._metric:>10}  {'validation':>10}")

    def _epochs_done(self, event: Epochs) -> None:
        for epoch in event.rows:
            self._epoch(epoch)

    def _epoch(self, event: EpochDone) -> None:
        every = max(1, self._epochs // TABLE_ROWS)
        if event.epoch % every and event.epoch != self._epochs:
            return
        losses = (event.train_loss, event.validation_loss)
        metrics = (event.train_metric, event.validation_metric)
        cells = [number(v) if v is not None else "" for v in losses] + [_share(v, self._metric) for v in metrics]
        say(f"{event.epoch:>8}  " + "  ".join(f"{cell:>10}" for cell in cells))
        flush()


class _Bar(_Table):
    """A single line that is written over."""

    def end(self, run: Run) -> None:
        """The final figures, below the bar."""
        draw("\n")
        super().end(run)

    def _head(self) -> None:
        return

    def _epochs_done(self, event: Epochs) -> None:
        self._epoch(event.last)

    def _epoch(self, event: EpochDone) -> None:
        filled = round(BAR * event.epoch / self._epochs)
        bar = "█" * filled + "░" * (BAR - filled)
        left = event.seconds / event.epoch * (self._epochs - event.epoch)
        metric = event.train_metric if event.validation_metric is None else event.validation_metric
        shown = f"loss {fixed(event.train_loss)}  {self._metric} {_share(metric, self._metric)}  {duration(left)} left"
        draw(f"\r{bar} {event.epoch}/{self._epochs}  {shown}\x1b[K")


class _Lines:
    """One JSON object a line, for programs."""

    def __call__(self, event: Event) -> None:
        """Everything but the losses of single steps."""
        if isinstance(event, Prepared):
            self._put(
                "prepared",
                device=event.device,
                engine=event.engine,
                threads=event.threads,
                epochs=event.document.training.epochs,
                seed=event.document.training.seed,
                steps_per_epoch=event.steps_per_epoch,
                rows=dict(zip(("train", "validation", "test"), event.rows, strict=True)),
                notices=list(event.notices),
                precision=event.precision,
                needed_bytes=event.needed_bytes,
                epoch_seconds=event.epoch_seconds,
            )
        elif isinstance(event, Interrupted):
            self._put("interrupted", message=event.message, device=event.device)
        elif isinstance(event, Epochs):
            for epoch in event.rows:
                self._put("epoch", **vars(epoch))
        elif isinstance(event, Finished):
            self._put("finished", reason=event.reason, message=event.message, epoch=event.epoch, **_metrics(event))

    def end(self, run: Run) -> None:
        """How it was computed, and what the doctor has to say."""
        facts = vars(run.facts) | {"steps_per_second": run.steps_per_second, "skipped_steps": run.skipped_steps}
        self._put("computed", **facts)
        for n in run.notes:
            cures = [cure.label for cure in n.cures]
            self._put(
                "note", kind=n.kind, severity=n.severity, title=n.title, message=n.message, node=n.node, cures=cures
            )

    def saved(self, name: str) -> None:
        """Where it went."""
        self._put("saved", file=name)

    def _put(self, event: str, **facts: Any) -> None:
        say_json({"event": event, **finite(facts)}, indent=None)
        flush()


def _metrics(event: Finished) -> dict[str, Any]:
    return {"step": event.step, "metrics": dict(event.metrics), "best_epoch": event.best_epoch, "node": event.node}


def figure(name: str, value: float) -> str:
    """A metric as it is read: accuracy as a share, all else as a number."""
    return percent(value) if is_share(name) else number(value)


def _share(value: float | None, metric: str) -> str:
    if value is None:
        return ""
    return percent(value) if metric != METRICS["r2"] else fixed(value)


def _is_terminal() -> bool:
    return sys.stderr.isatty() and sys.stdout.isatty()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second, impatient Ctrl+C does not undo what the first one asked for."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """A polite end from outside (SIGTERM) does what Ctrl+C does: stop after the step, and save."""
    before: Callable[[int, FrameType | None], Any] | int | None = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
