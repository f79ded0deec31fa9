"""A learning rate that is too high, though nothing blows up."""

import math

from nnlab.core.words import number
from nnlab.engine.doctor.cures import lower_rate
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import OVERSHOT, RATE_KEPT


def _find(signs: Signs) -> Finding | None:
    if signs.unsolved is None:
        return None
    losses = signs.course.column("train_loss")
    at = int(losses.argmax())
    worst, rate = float(losses[at]), float(signs.course.column("learning_rate")[at])
    if not (worst >= OVERSHOT * signs.usual_loss) or math.isnan(signs.course.first_loss):
        return None
    if signs.document.training.learning_rate < RATE_KEPT * rate:
        return None
    epoch = int(signs.course.column("epoch")[at])
    message = (
        f"In epoch {epoch} the loss was {number(worst)}, and the same answer for every sample would give "
        f"{number(signs.healths[-1].guess_loss)}: the steps are so large that they make the network worse. "
        f"The learning rate is {number(signs.document.training.learning_rate)}."
    )
    return Finding(message, None, (lower_rate(signs.document, True, " and begin again"),))


RULES.register("rate")(
    Rule(
        "The learning rate is too high",
        _find,
        explains=("dead", "saturated", "vanishing", "exploding", "collapse", "plateau", "overfitting"),
    )
)
