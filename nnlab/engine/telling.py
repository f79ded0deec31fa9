"""What a run says of itself in words: how it begins and how it ended."""

from typing import TYPE_CHECKING

from nnlab.core.words import plural
from nnlab.engine.events import EndReason, Prepared

if TYPE_CHECKING:
    from nnlab.engine.training import Loop

ENGINE = "eager"


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
    device, threads = learner.place.label, learner.threads
    return Prepared(
        loop.run, loop.document, device, ENGINE, threads, loop.steps_per_epoch, rows, learner.kept, tuple(notices)
    )


def farewell(reason: EndReason, epochs: int, best_in_place: int | None) -> str:
    """A sentence on how the run ended."""
    kept = f" The weights are those of epoch {best_in_place}, the best one." if best_in_place else ""
    if reason == "stopped":
        return f"Stopped after {plural(epochs, 'epoch')}."
    if reason == "early":
        return f"Stopped early after {plural(epochs, 'epoch')}: validation no longer improved.{kept}"
    return f"Trained for {plural(epochs, 'epoch')}.{kept}"
