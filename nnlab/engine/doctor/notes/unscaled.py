"""Inputs, or values to predict, far from the sizes that networks begin with."""

from nnlab.core.words import number
from nnlab.engine.doctor.cures import cure
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import LARGE_INPUT, SMALL_INPUT
from nnlab.engine.wants import Health

ALL = (
    "rate", "decay", "dead", "saturated", "vanishing", "exploding", "collapse", "plateau", "slow",
    "overfitting",
)  # fmt: skip


def _inputs(signs: Signs) -> Finding | None:
    spec = signs.document.spec
    if not signs.healths or spec is None or signs.document.data.standardise or spec.more or spec.kind != "x":
        return None
    health = signs.healths[-1]
    sizes = [max(abs(m), s) for m, s in zip(health.input_mean, health.input_spread, strict=True)]
    largest = sizes.index(max(sizes))
    if sizes[largest] <= LARGE_INPUT and max(health.input_spread) >= SMALL_INPUT:
        return None
    means, spreads = health.input_mean, health.input_spread
    named = dict(enumerate(spec.inputs)) if len(spec.inputs) == len(sizes) else {}
    told = _said(named.get(largest, "The input"), means[largest], spreads[largest]) + _other(health, named, sizes)
    message = f"{told}: networks begin as if every input had mean 0 and spread 1."
    scaled = cure("Standardise the inputs", lambda d: d.with_data(standardise=True), True)
    return Finding(message, None, (scaled,))


def _said(name: str, mean: float, spread: float) -> str:
    return f"{name} has mean {number(mean)} and spread {number(spread)}"


def _other(health: Health, named: dict[int, str], sizes: list[float]) -> str:
    """The input that is most unlike it, if one is far smaller."""
    least = sizes.index(min(sizes))
    if least not in named or sizes[least] * LARGE_INPUT > max(sizes):
        return ""
    return f", {_said(named[least], health.input_mean[least], health.input_spread[least])}"


def _targets(signs: Signs) -> Finding | None:
    spec, data = signs.document.spec, signs.document.data
    if (
        not signs.healths
        or data.standardise_targets
        or spec is None
        or spec.task == "classes"
        or data.answer == "input"
    ):
        return None
    health = signs.healths[-1]
    if max(health.target_mean, health.target_spread) <= LARGE_INPUT and health.target_spread >= SMALL_INPUT:
        return None
    message = (
        f"The values to predict lie around {number(health.target_mean)} with a spread of {number(health.target_spread)}: "
        "a fresh network answers with numbers around 0, and has a long way to go."
    )
    scaled = cure("Standardise the values to predict", lambda d: d.with_data(standardise_targets=True), True)
    return Finding(message, None, (scaled,))


RULES.register("inputs")(Rule("Inputs are not scaled", _inputs, explains=ALL, at_once=True))
RULES.register("targets")(Rule("Values to predict are not scaled", _targets, explains=ALL, at_once=True))
