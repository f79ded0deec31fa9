"""Gradients far larger than the weights they are to change."""

from nnlab.core.words import number
from nnlab.engine.doctor.cures import clip, new_dice, normalised
from nnlab.engine.doctor.doctor import RULES, Cure, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import EXPLODED


def _find(signs: Signs) -> Finding | None:
    health = signs.unsolved
    if health is None:
        return None
    weights = [(n, w) for n, w in signs.weights(health) if w.weight > 0]
    if not weights:
        return None
    node_id, worst = max(weights, key=lambda pair: pair[1].gradient / pair[1].weight)
    ratio = worst.gradient / worst.weight
    if ratio < EXPLODED:
        return None
    message = (
        f"The gradient of {signs.case.name(node_id)} is {number(ratio)} times as large as its weights "
        f"(and the loss {number(health.loss)}): a step in its direction goes far beyond the goal."
    )
    large = worst.weight > 2 * worst.fresh
    cures: list[Cure] = [new_dice(signs.document)] if large else []
    if not signs.document.training.clip_norm:
        cures.append(clip(True))
    cures += normalised(signs, signs.of_kind("ReLU", "LeakyReLU"))
    return Finding(message, node_id, tuple(cures[:3]))


RULES.register("exploding")(
    Rule("Exploding gradients", _find, explains=("saturated", "vanishing", "collapse", "plateau", "overfitting"))
)
