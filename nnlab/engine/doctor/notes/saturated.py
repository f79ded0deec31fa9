"""Units pushed to the flat ends of their curve."""

from nnlab.core.words import percent
from nnlab.engine.doctor.cures import new_dice, normalised, other_kind
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import SATURATED


def _find(signs: Signs) -> Finding | None:
    health = signs.unsolved
    if health is None:
        return None
    hidden = [
        (n, h) for n, h in health.nodes.items() if h.saturated >= SATURATED and n in signs.of_kind(signs.case.kinds[n])
    ]
    if not hidden:
        return None
    node_id, most = max(hidden, key=lambda pair: pair[1].saturated)
    message = (
        f"{percent(most.saturated)} of the answers of {signs.case.name(node_id)} are at the ends of its curve, where it "
        "is flat: a flat curve has no slope to learn by."
    )
    cures = [*normalised(signs, [node_id]), *other_kind(signs, [node_id], "ReLU"), new_dice(signs.document)]
    return Finding(message, node_id, tuple(cures))


RULES.register("saturated")(Rule("Saturated units", _find, explains=("collapse", "plateau", "slow", "overfitting")))
