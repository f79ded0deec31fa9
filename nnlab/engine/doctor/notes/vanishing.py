"""Gradients that fade on their way back to the first layers."""

from nnlab.core.words import number
from nnlab.engine.doctor.cures import normalised, other_kind
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import SQUASHING, Signs
from nnlab.engine.doctor.thresholds import DEEP, SATURATED, VANISHED, VANISHED_DEEP
from nnlab.engine.wants import WeightHealth


def _find(signs: Signs) -> Finding | None:
    health = signs.unsolved
    if health is None:
        return None
    weights, squashing = signs.weights(health), signs.of_kind(*SQUASHING)
    if len(weights) < 2 or any(w.gradient == 0 for _, w in weights):  # what is cut off has not faded
        return None
    early, strongest = min(weights[:-1], key=_size), max(weights, key=_size)
    deep = len(squashing) >= DEEP
    ends = max((health.nodes[n].saturated for n in squashing if n in health.nodes), default=0.0)
    ratio = _size(early) / _size(strongest)
    if ratio >= (VANISHED_DEEP if deep else VANISHED) or (ends >= SATURATED and not deep):
        return None
    message = (
        f"The gradient of {signs.case.name(early[0])} is {number(1 / ratio)} times smaller than that of "
        f"{signs.case.name(strongest[0])}: on the way back through {len(weights)} layers it "
        "fades to almost nothing, so the first layers hardly learn."
    )
    kinds = {signs.case.kinds[n] for n in squashing}
    same = squashing if len(kinds) == 1 else []
    cures = [*other_kind(signs, same, "ReLU", normed=deep), *normalised(signs, squashing or signs.of_kind("ReLU"))]
    return Finding(message, early[0], tuple(cures))


def _size(pair: tuple[str, WeightHealth]) -> float:
    return pair[1].gradient


RULES.register("vanishing")(
    Rule("Vanishing gradients", _find, explains=("saturated", "collapse", "plateau", "slow", "overfitting"))
)
