"""Metrics, update rules and schedules as Keras 3 has them, and what it has none of."""

import math
from collections.abc import Iterator
from typing import Any

from nnlab.core.blocks.block import Block
from nnlab.core.document import Document, Training
from nnlab.core.graph import Graph, Node
from nnlab.core.objective import Objective
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.schedule import SCHEDULES
from nnlab.errors import BuildError

ONE_CYCLE = '''class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Half a cosine up to the learning rate, then half a cosine down to almost nothing."""

    def __init__(self, steps):
        self.steps = steps

    def __call__(self, step):
        step = ops.cast(step, "float32")
        top, end = PEAK * self.steps - 1, self.steps - 1
        first = LEARNING_RATE / DIVISOR
        last = first / LAST
        rising = ops.clip(step / max(top, 1e-9), 0, 1)
        falling = ops.clip((step - top) / (end - top), 0, 1)
        up = LEARNING_RATE + (first - LEARNING_RATE) / 2 * (1 + ops.cos(np.pi * rising))
        down = last + (LEARNING_RATE - last) / 2 * (1 + ops.cos(np.pi * falling))
        return ops.where(step <= top, up, down)
'''


def metric(objective: Objective) -> str:
    """The metric of the first answer, or empty where Keras has none."""
    term = objective.main
    if objective.metric == "r2":
        plain = len(term.shape) == 1 and not term.loss.values_expression(term.target.width)
        return "keras.metrics.R2Score()" if plain else ""
    if objective.metric != "accuracy":
        return ""
    return {
        "index": 'keras.metrics.SparseCategoricalAccuracy(name="accuracy")',
        "one-hot": 'keras.metrics.CategoricalAccuracy(name="accuracy")',
        "column": f'keras.metrics.BinaryAccuracy(name="accuracy", threshold={term.middle})',
    }.get(term.target_form, "")


def optimizer(training: Training) -> str:
    """The update rule with the names of the script's constants."""
    rule: Any = training.optimizer
    id_ = OPTIMIZERS.id_of(rule)
    options: dict[str, Any] = {}
    if id_ == "sgd":
        options = {"momentum": rule.momentum or None, "nesterov": (rule.momentum and rule.nesterov) or None}
    elif id_ in ("adam", "adamw"):
        options = {"beta_1": _other(rule.beta1, 0.9), "beta_2": _other(rule.beta2, 0.999), "epsilon": rule.eps}
    elif id_ == "rmsprop":
        options = {"rho": rule.alpha, "momentum": rule.momentum or None, "epsilon": rule.eps}
    else:
        raise BuildError(
            f"Keras has no equal for the update rule {type(rule).title}: export Python code or ONNX instead"
        )
    if id_ == "adamw":
        options["weight_decay"] = training.l2
    if training.clip_norm:
        options["global_clipnorm"] = training.clip_norm
    name = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop"}[id_]
    shown = [f"{key}={value!r}" for key, value in options.items() if value is not None]
    learning = "OneCycle(steps)" if one_cycle(training) else "LEARNING_RATE"
    return f"keras.optimizers.{name}({', '.join([f'learning_rate={learning}', *shown])})"


def schedule(training: Training) -> str:
    """The learning rate of an epoch as an expression over epoch, from 0, or empty if it stays."""
    plan: Any = training.schedule
    id_ = SCHEDULES.id_of(plan)
    if id_ == "exponential":
        return f"LEARNING_RATE * {plan.gamma!r}**epoch"
    if id_ == "step":
        return f"LEARNING_RATE * {plan.gamma!r} ** (epoch // {plan.step_size})"
    if id_ == "cosine":
        falling = "(1 + math.cos(math.pi * epoch / EPOCHS)) / 2"
        return (
            f"LEARNING_RATE * ({plan.final!r} + {1 - plan.final!r} * {falling})"
            if plan.final
            else f"LEARNING_RATE * {falling}"
        )
    return ""


def one_cycle(training: Training) -> str:
    """The class of a schedule that moves at every step, or empty."""
    plan: Any = training.schedule
    if SCHEDULES.id_of(plan) != "one-cycle":
        return ""
    numbers = {"PEAK": plan.pct_start, "DIVISOR": plan.div_factor, "LAST": plan.final_div_factor}
    text = ONE_CYCLE
    for name, value in numbers.items():
        text = text.replace(name, f"{value:.12g}")
    return text


def callbacks(document: Document) -> list[str]:
    """What is done at the ends of epochs."""
    training = document.training
    found = []
    if schedule(training):
        found.append("keras.callbacks.LearningRateScheduler(rate)")
    if training.early_stopping:
        watched = '"val_loss"' if document.data.validation else '"loss"'
        found.append(f"keras.callbacks.EarlyStopping({watched}, patience=PATIENCE, restore_best_weights=True)")
    return found


def left_out(document: Document) -> list[str]:
    """What of the training Keras has no equal for, in words."""
    training = document.training
    found = ["the first weights: Keras draws its own", *_of_layers(document.graph)]
    if training.l1:
        found.append(f"L1 of {training.l1!r}")
    if training.l2 and OPTIMIZERS.id_of(training.optimizer) != "adamw":
        found.append(f"L2 of {training.l2!r}, which Keras takes off the weights apart from the gradient")
    id_ = SCHEDULES.id_of(training.schedule)
    if id_ not in ("constant", "exponential", "step", "cosine", "one-cycle"):
        found.append(f"the schedule {type(training.schedule).title}: the learning rate stays")
    if training.precision != "float32":
        found.append("16-bit arithmetic")
    return found


def _of_layers(graph: Graph) -> list[str]:
    """How single layers learn, where Keras cannot be told."""
    every = list(_nodes(graph))
    rates = [node.title for node in every if node.learning.rate != 1]
    norms = [node.title for node in every if node.learning.norm == "weight"]
    found = [f"learning rates of their own: {_listed(rates)} learn as the others do"] if rates else []
    return [*found, f"weight norm: {_listed(norms)} learn the weights themselves"] if norms else found


def _nodes(graph: Graph) -> Iterator[Node]:
    """The nodes of a graph, and of those within its blocks."""
    for node in graph.nodes.values():
        yield node
        if isinstance(node.layer, Block):
            yield from _nodes(node.layer.inner)


def _listed(titles: list[str]) -> str:
    """A few names, as a comment has room for, without what could end it."""
    plain = ["".join(c for c in title if c.isprintable() and c not in '"\\').strip() for title in dict.fromkeys(titles)]
    return ", ".join(plain[:4]) + (" and others" if len(plain) > 4 else "")


def _other(value: float, usual: float) -> float | None:
    return None if math.isclose(value, usual) else value
