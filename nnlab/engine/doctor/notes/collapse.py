"""A network that names one class for everything."""

from nnlab.core.words import percent
from nnlab.engine.doctor.cures import new_dice
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import COLLAPSED, COLLAPSED_EPOCHS, FEW
from nnlab.engine.wants import Health


def _find(signs: Signs) -> Finding | None:
    health = signs.unsolved
    spec = signs.document.spec
    if health is None or spec is None or not _one(health):
        return None
    since = next((h.epoch for h in reversed(signs.healths) if not _one(h)), None)
    first = signs.healths[0].epoch if since is None else since
    if health.epoch - first < COLLAPSED_EPOCHS:
        return None
    at = health.predicted.index(max(health.predicted))
    name, true = spec.answers[at], health.target[at]
    message = (
        f"{percent(health.predicted[at])} of the answers are {name}, and only {percent(true)} of the samples are: "
        f"the network says the same to nearly everything, and is right {percent(health.metric)} of the time."
    )
    common = true == max(health.target) and true > 1.5 / len(health.target)
    if common:
        message += f" {name} is the commonest class: collect more samples of the others, or use fewer of {name}."
    return Finding(message, None, () if common else (new_dice(signs.document),))


def _one(health: Health) -> bool:
    """Whether one class is named for nearly all, and the others are many enough to matter."""
    if not health.predicted or max(health.predicted) < COLLAPSED:
        return False
    return 1.0 - health.target[health.predicted.index(max(health.predicted))] >= FEW


RULES.register("collapse")(Rule("One answer for everything", _find, explains=("plateau",)))
