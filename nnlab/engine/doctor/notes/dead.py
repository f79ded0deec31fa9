"""Units that answer 0 to everything."""

from nnlab.core.words import count
from nnlab.engine.doctor.cures import lower_rate, new_dice, normalised, other_kind
from nnlab.engine.doctor.doctor import RULES, Finding, Rule
from nnlab.engine.doctor.signs import Signs
from nnlab.engine.doctor.thresholds import DEAD, DEEP


def _find(signs: Signs) -> Finding | None:
    health = signs.unsolved
    if health is None or signs.learning:
        return None
    nodes = [(n, health.nodes[n]) for n in signs.document.graph.in_order if n in health.nodes]
    found = [(n, h) for n, h in nodes if h.dead >= DEAD * h.units and h.dead > 0]
    if not found:
        return None
    node_id, most = max(found, key=lambda pair: pair[1].dead / pair[1].units)
    what = "nothing reaches the layers after it" if most.dead == most.units else "they no longer learn"
    message = (
        f"{count(most.dead)} of {count(most.units)} units of {signs.case.name(node_id)} answer 0 to all of "
        f"{count(health.rows)} samples: {what}."
    )
    alike = signs.of_kind(signs.case.kinds[node_id])
    leaky = other_kind(signs, [node_id], "LeakyReLU") if signs.case.kinds[node_id] == "ReLU" else []
    gentler = [lower_rate(signs.document, True, " and begin again")]
    norms = normalised(signs, alike if len(alike) >= DEEP else [node_id])
    # in a deep network a lower rate alone hardly helps: measured with eight layers
    cures = [*norms, *leaky, *gentler] if len(alike) >= DEEP else [*leaky, *gentler, *norms]
    cures.append(new_dice(signs.document))
    return Finding(message, node_id, tuple(cures[:3]))


RULES.register("dead")(
    Rule("Dead units", _find, explains=("saturated", "vanishing", "collapse", "plateau", "slow", "overfitting"))
)
