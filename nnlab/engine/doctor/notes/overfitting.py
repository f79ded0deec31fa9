"""A network that learns the training samples by heart."""

import numpy as np

from nnlab.core.chain import layer
from nnlab.core.words import fixed, number, percent
from nnlab.engine.doctor.cures import DROPPED, GOOD_L2, before_last_linear, setting
from nnlab.engine.doctor.doctor import RULES, Cure, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import OVERFIT, OVERFIT_EPOCHS

PATIENCE = 20


def _find(signs: Signs) -> Finding | None:
    if signs.health is None or signs.course.epochs < OVERFIT_EPOCHS:
        return None
    losses = signs.course.column("validation_loss")
    if not np.isfinite(losses).all() or (_kept(signs) and signs.finished is not None):
        return None
    width = max(5, len(losses) // 10)
    sums = np.cumsum(np.concatenate([[0.0], losses]))
    smooth = (sums[width:] - sums[:-width]) / width
    best = int(smooth.argmin())
    rise = float(smooth[-1] - smooth[best]) / max(1e-12, signs.healths[-1].guess_loss)
    train = float(signs.course.column("train_metric")[-width:].mean())
    held = float(signs.course.column("validation_metric")[-width:].mean())
    if not any(train - held >= gap and rise >= least for gap, least in OVERFIT):
        return None
    epoch = int(signs.course.column("epoch")[min(best + width // 2, len(losses) - 1)])
    message = (
        f"The validation loss rose from {number(float(smooth[best]))} around epoch {epoch} to {number(float(smooth[-1]))}, "
        f"while {_metrics(signs, train, held)}: the network learns the training samples by heart."
    )
    return Finding(message, None, _cures(signs))


def _kept(signs: Signs) -> bool:
    """Whether the best weights are put in place at the end."""
    return signs.document.training.early_stopping


def _metrics(signs: Signs, train: float, held: float) -> str:
    if signs.task == "classes":
        return f"{percent(train)} of the training samples are right and {percent(held)} of the others"
    return f"R² is {fixed(train)} on the training samples and {fixed(held)} on the others"


def _cures(signs: Signs) -> tuple[Cure, ...]:
    training, found = signs.document.training, list[Cure]()
    if not training.early_stopping:
        found.append(setting("Stop early and keep the best weights", True, early_stopping=True, patience=PATIENCE))
    if training.l2 < GOOD_L2:
        found.append(setting(f"Set L2 to {number(GOOD_L2)}", True, l2=GOOD_L2))
    if not signs.of_kind("Dropout"):
        found += before_last_linear(signs, f"Add a dropout of {percent(DROPPED, 0)}", layer("Dropout", p=DROPPED))
    return tuple(found)


RULES.register("overfitting")(Rule("Overfitting", _find))
