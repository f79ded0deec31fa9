"""Weight decay that holds the weights down."""

from statistics import median

from nnlab.core.words import number, percent
from nnlab.engine.doctor.cures import GOOD_L2, setting
from nnlab.engine.doctor.doctor import RULES, Cure, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import GONE, PULL, SHRUNK, STRONG_L1, STRONG_L2
from nnlab.engine.wants import WeightHealth


def _find(signs: Signs) -> Finding | None:
    training, health = signs.document.training, signs.unsolved
    if health is None or (training.l2 < STRONG_L2 and training.l1 < STRONG_L1):
        return None
    weights = signs.weights(health)
    if not weights or (held := max(w.weight / w.fresh for _, w in weights)) > SHRUNK:
        return None
    if held > GONE and median(_pull(w, training.l2, training.l1) for _, w in weights) < PULL:
        return None
    node_id, least = min(weights, key=lambda pair: pair[1].weight / pair[1].fresh)
    name, strength = ("L2", training.l2) if training.l2 >= STRONG_L2 else ("L1", training.l1)
    message = (
        f"{name} is {number(strength)} and pulls the weights to zero harder than the data pull them away: those of "
        f"{signs.case.name(node_id)} have {_share(least.weight / least.fresh)} of the size that a fresh layer has."
    )
    return Finding(message, node_id, _cures(name))


def _pull(weight: WeightHealth, l2: float, l1: float) -> float:
    return (l2 * weight.weight + l1) / max(weight.gradient, 1e-30)


def _share(share: float) -> str:
    return percent(share) if share >= 0.001 else f"less than {percent(0.001)}"


def _cures(name: str) -> tuple[Cure, ...]:
    off = {"L2": {"l2": 0.0}, "L1": {"l1": 0.0}}[name]
    lower = {"L2": {"l2": GOOD_L2}, "L1": {"l1": GOOD_L2 / 10}}[name]
    (value,) = lower.values()
    return (setting(f"Set {name} to {number(value)}", True, **lower), setting(f"Turn {name} off", True, **off))


RULES.register("decay")(
    Rule(
        "The weights are held too small",
        _find,
        explains=("alike", "dead", "saturated", "vanishing", "collapse", "plateau", "slow"),
    )
)
