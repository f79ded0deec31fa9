"""What a run says of itself in words: how it begins and how it ended."""

from typing import TYPE_CHECKING

from nnlab.core.words import plural
from nnlab.engine.captured.switching import EAGER
from nnlab.engine.events import EndReason, Prepared, RunState, RunStatus
from nnlab.engine.forecast import forecast
from nnlab.engine.pace import Pace

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop


def engine(loop: "Loop") -> str:
    """Which engine takes the steps: "captured", "CUDA graph" or "eager"."""
    return "eager" if loop.captured is None else loop.captured.program.title


def prepared(loop: "Loop") -> Prepared:
    """The event that says what was built, with what the user should know of it."""
    learner, rows = loop.learner, loop.learner.parts.rows
    notices = list(learner.notices)
    if loop.training.batch_size > rows[0]:
        notices.append(
            f"The batch is larger than the training part: each step sees all {plural(rows[0], 'sample')} of it."
        )
    if loop.leaves_out_last:
        notices.append(
            "The last batch of each epoch has a single sample, which batch normalisation cannot learn from: it is left out."
        )
    if loop.training.early_stopping and not rows[1]:
        notices.append("Nothing is held back for validation, so early stopping watches the training loss.")
    ahead = forecast(loop)
    return Prepared(
        loop.run, loop.document, learner.place.label, engine(loop), learner.threads, loop.steps_per_epoch, rows,
        learner.kept, tuple(notices), learner.precision.title, ahead.bytes, ahead.epoch_seconds(loop.steps_per_epoch),
    )  # fmt: skip


def status(loop: "Loop", state: RunState, pace: Pace) -> RunStatus:
    """Where the run stands."""
    last, running, scale = loop.last_epoch, state == "running", loop.learner.scale
    total = loop.training.epochs * loop.steps_per_epoch
    return RunStatus(
        run=loop.run,
        state=state,
        epoch=loop.epoch,
        epochs=loop.training.epochs,
        step=loop.step,
        steps_per_epoch=loop.steps_per_epoch,
        loss=loop.last_loss,
        metric_name=loop.learner.objective.metric,
        metric=last.train_metric if last else None,
        validation_metric=last.validation_metric if last else None,
        steps_per_second=pace.rate if running else 0.0,
        seconds=loop.seconds,
        seconds_left=pace.left(total - loop.step) if running else None,
        learning_rate=loop.rate,
        engine=engine(loop),
        engine_reason=loop.engine_reason or EAGER,
        device=loop.learner.place.label,
        threads=loop.learner.threads,
        precision=loop.learner.precision.title,
        loss_scale=scale.value if scale else None,
        skipped_steps=scale.skipped if scale else 0,
        furthest=max(loop.step, loop.timeline.furthest),
        moments=len(loop.timeline.checkpoints.steps),
        moments_bytes=loop.timeline.checkpoints.bytes,
        phase=loop.phases.name,
    )


def farewell(reason: EndReason, epochs: int, best_in_place: int | None) -> str:
    """A sentence on how the run ended."""
    kept = f" The weights are those of epoch {best_in_place}, the best one." if best_in_place else ""
    if reason == "stopped":
        return f"Stopped after {plural(epochs, 'epoch')}."
    if reason == "early":
        return f"Stopped early after {plural(epochs, 'epoch')}: validation no longer improved.{kept}"
    return f"Trained for {plural(epochs, 'epoch')}.{kept}"
