"""A run that blew up."""

from nnlab.core.words import number
from nnlab.engine.doctor.cures import LOWER, clip, lower_rate
from nnlab.engine.doctor.doctor import RULES, Cure, Finding, Rule
from nnlab.engine.doctor.signs import Signs


def _find(signs: Signs) -> Finding | None:
    end = signs.finished
    if end is None or end.reason != "diverged":
        return None
    cures: list[Cure] = [lower_rate(signs.document, False, " and go on")]
    training = signs.document.training
    far = training.learning_rate > LOWER * training.optimizer.good_rate
    if (
        training.optimizer.torch_name == "SGD" and not far and not training.clip_norm
    ):  # others set the length themselves
        cures.append(clip(False, " and go on"))
    rate = f" The learning rate is {number(signs.document.training.learning_rate)}."
    return Finding(end.message if "learning rate" in end.message else end.message + rate, end.node, tuple(cures))


RULES.register("diverged")(
    Rule(
        "Training blew up",
        _find,
        explains=(
            "rate", "decay", "alike", "dead", "saturated", "vanishing", "exploding", "collapse", "plateau",
            "slow", "overfitting",
        ),
        severity="error",
        at_once=True,
    )
)  # fmt: skip
