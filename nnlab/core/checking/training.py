"""Mistakes in how a network is trained: rates, batches, early stopping, batch norm on single samples."""

from collections.abc import Iterator
from math import prod

from nnlab.core.checking.data import HELD_BACK, rows
from nnlab.core.fixes import Fix, fix
from nnlab.core.mistake import mistake
from nnlab.core.problem import Case, Problem
from nnlab.core.words import count, number, plural

GOOD_BATCH = 16
HIGH_RATE, LOW_RATE = 50.0, 1e-4  # times the usual rate of the optimizer
STRONG_L2 = 10.0
GOOD_L2 = 0.001

BLIND_STOPPING = mistake(
    "blind-early-stopping", "Early stopping that sees nothing", "warning",
    "Early stopping watches samples that are not trained on; some must be held back.",
)  # fmt: skip
LATE_STOPPING = mistake(
    "late-early-stopping", "Early stopping that comes too late", "warning",
    "It waits for as many epochs as its patience says; a run that is shorter ends before.",
)  # fmt: skip
NO_RATE = mistake(
    "no-rate", "A learning rate of 0", "warning", "The learning rate is how far each step goes; 0 stands still."
)  # fmt: skip
RATE_HIGH = mistake(
    "rate-too-high", "A learning rate far too high", "warning",
    "Too large steps jump over every valley: the loss bounces or blows up.",
)  # fmt: skip
RATE_LOW = mistake(
    "rate-too-low", "A learning rate far too low", "warning", "With tiny steps nothing is seen to happen for a long time."
)  # fmt: skip
LARGE_BATCH = mistake(
    "large-batch", "A batch larger than the data", "warning",
    "One step is made for each batch; with all samples in one batch an epoch is a single step.",
)  # fmt: skip
LONE_SAMPLE = mistake(
    "lone-sample", "Batch norm with one sample at a time", "error",
    "Batch norm compares the samples of a batch with each other; a single one has nothing to be compared with.",
)  # fmt: skip
TOO_MUCH_L2 = mistake(
    "strong-decay", "Weights pulled to 0 too strongly", "warning",
    "Weight decay shrinks every weight at each step; if it is stronger than what is learned, nothing remains.",
)  # fmt: skip


def look(case: Case) -> Iterator[Problem]:
    """What is wrong with the training settings."""
    training, spec = case.document.training, case.document.spec
    yield from _stopping(case)
    yield from _rates(case)
    if training.l2 >= STRONG_L2:
        said = f"L2 is {number(training.l2)}, which pulls every weight to 0 faster than it can learn"
        less = fix(f"Set L2 to {GOOD_L2:g}", lambda d: d.with_training(l2=GOOD_L2))
        yield case.general(TOO_MUCH_L2, said, less)
    train = (spec.split or rows(case.document.data, spec.rows))[0] if spec and spec.rows else 0
    if 2 <= train < training.batch_size:
        said = (
            f"The batch size is {count(training.batch_size)}, and there are {plural(train, 'sample')} to train on: "
            "each epoch will be one step"
        )
        yield case.general(LARGE_BATCH, said, _batches(train))
    yield from _lone_samples(case)


def _stopping(case: Case) -> Iterator[Problem]:
    data, training, spec = case.document.data, case.document.training, case.document.spec
    if not training.early_stopping:
        return
    off = fix("Turn early stopping off", lambda d: d.with_training(early_stopping=False))
    if data.validation == 0 and (spec is None or spec.split is None):
        said = "Early stopping has nothing to watch: no samples are held back for validation"
        share = fix("Hold back 20 % for validation", lambda d: d.with_data(validation=HELD_BACK))
        yield case.general(BLIND_STOPPING, said, share, off)
    if training.patience >= training.epochs > 1:
        patience = max(1, training.epochs // 10)
        said = (
            f"Early stopping waits for {plural(training.patience, 'epoch')} without improvement, and the run has "
            f"{plural(training.epochs, 'epoch')}: it will never stop early"
        )
        shorter = fix(f"Set the patience to {patience}", lambda d: d.with_training(patience=patience))
        yield case.general(LATE_STOPPING, said, shorter, off)


def _rates(case: Case) -> Iterator[Problem]:
    training = case.document.training
    good = training.optimizer.good_rate
    usual = fix(f"Set the learning rate to {good:g}", lambda d: d.with_training(learning_rate=good))
    rate, title = number(training.learning_rate), training.optimizer.title
    if training.learning_rate == 0:
        yield case.general(NO_RATE, "The learning rate is 0, so nothing will be learned", usual)
    elif training.learning_rate >= HIGH_RATE * good:
        said = f"The learning rate is {rate}, and {title} usually takes about {good:g}: the loss will hardly go down"
        yield case.general(RATE_HIGH, said, usual)
    elif training.learning_rate <= LOW_RATE * good:
        said = f"The learning rate is {rate}, and {title} usually takes about {good:g}: it will learn very slowly"
        yield case.general(RATE_LOW, said, usual)


def _batches(size: int) -> Fix:
    return fix(f"Set the batch size to {size}", lambda d: d.with_training(batch_size=size))


def _lone_samples(case: Case) -> Iterator[Problem]:
    """A batch norm that would have to take the spread of a single number."""
    if case.document.training.batch_size > 1:
        return
    for node_id in case.graph.nodes:
        inputs = case.document.shapes[node_id].inputs
        norm = case.kinds[node_id].startswith("BatchNorm") and node_id in case.needed
        if norm and inputs and prod(inputs[0][1:]) == 1:
            said = "compares the samples of a batch, so it needs a batch size of at least 2"
            yield case.problem(LONE_SAMPLE, node_id, said, _batches(GOOD_BATCH))
