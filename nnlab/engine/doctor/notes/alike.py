"""Units that are all the same, as when every weight begins at zero."""

from nnlab.core.words import count
from nnlab.engine.doctor.cures import new_dice
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import Signs


def _find(signs: Signs) -> Finding | None:
    health = signs.unsolved
    if health is None:
        return None
    hidden = [(n, w) for n, w in signs.weights(health)[:-1] if w.alike]
    if not hidden:
        return None
    node_id, weights = hidden[0]
    units = health.nodes[node_id].units if node_id in health.nodes else 0
    zero = " All of them are 0." if weights.weight == 0 else ""
    message = (
        f"All {count(units)} units of {signs.case.name(node_id)} have the same weights, so they always do the same "
        f"and learn the same: together they are worth one.{zero} Weights must begin different from each other."
    )
    return Finding(message, node_id, (new_dice(signs.document),))


RULES.register("alike")(
    Rule(
        "All units do the same",
        _find,
        explains=("dead", "saturated", "vanishing", "collapse", "plateau", "slow"),
    )
)
