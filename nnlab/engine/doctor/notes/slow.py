"""A learning rate so low that nothing moves."""

from nnlab.core.words import count, number
from nnlab.engine.doctor.cures import usual_rate
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import POOR, SLOW, SLOW_EPOCHS, SLOW_FALL


def _find(signs: Signs) -> Finding | None:
    health = signs.unsolved
    if health is None or signs.way >= POOR or signs.course.epochs < SLOW_EPOCHS:
        return None
    usual = signs.document.training.optimizer.good_rate
    if max(signs.document.training.learning_rate, float(signs.course.column("learning_rate").max())) > SLOW * usual:
        return None
    losses = signs.course.column("train_loss")
    if losses[0] - losses[-1] >= SLOW_FALL * health.guess_loss:
        return None
    message = (
        f"In {count(signs.course.epochs)} epochs the loss went from {number(float(losses[0]))} to "
        f"{number(float(losses[-1]))}. The learning rate is {number(signs.document.training.learning_rate)}, and "
        f"{number(usual)} is usual for {signs.document.training.optimizer.title}: the steps are too small."
    )
    return Finding(message, None, (usual_rate(signs.document),))


RULES.register("slow")(Rule("The learning rate is too low", _find, explains=("plateau", "collapse")))
