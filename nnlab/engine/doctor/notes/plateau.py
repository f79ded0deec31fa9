"""A loss that has stopped falling though the task is far from solved."""

from nnlab.core.chain import layer
from nnlab.core.words import count, number
from nnlab.engine.doctor.cures import before_last_linear, new_dice, setting, wider
from nnlab.engine.doctor.doctor import RULES, Cure, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import FLAT, FLAT_EPOCHS, FLAT_SHARE, POOR

HIDDEN = 16
BENDING = ("ReLU", "LeakyReLU", "Tanh", "Sigmoid", "GELU", "ELU", "SiLU")


def _find(signs: Signs) -> Finding | None:
    drop = signs.drop() if signs.unsolved is not None else None
    if drop is None or drop >= FLAT or signs.way >= POOR:
        return None
    epochs = round(max(FLAT_EPOCHS, FLAT_SHARE * signs.course.epochs))
    loss = number(float(signs.course.column("train_loss")[-1]))
    message = f"The loss has stayed at about {loss} for {count(epochs)} epochs, and {signs.result()}."
    if signs.of_kind(*BENDING):
        return Finding(f"{message} The network may be too small, or have begun badly.", None, _more(signs))
    straight = "borders" if signs.task == "classes" else "lines"
    message += f" Without an activation between its layers a network can only draw straight {straight}."
    hidden = layer("Linear", out_features=HIDDEN), layer("Tanh")
    return Finding(message, None, tuple(before_last_linear(signs, f"Add a hidden layer of {HIDDEN} units", *hidden)))


def _more(signs: Signs) -> tuple[Cure, ...]:
    return (*wider(signs), new_dice(signs.document), *_rate(signs))


def _rate(signs: Signs) -> list[Cure]:
    """The optimizer's usual rate, where this one is well below it."""
    usual = signs.document.training.optimizer.good_rate
    if signs.document.training.learning_rate > usual / 3:
        return []
    return [setting(f"Set the learning rate to {number(usual)}", learning_rate=usual)]


RULES.register("plateau")(Rule("The loss no longer falls", _find))
