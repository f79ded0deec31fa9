"""What the window gets of a batch that is stepped through by phases: bounded in size, whatever the network."""

import numpy as np

from nnlab.engine.stepping.phase_formulas import focus_on
from nnlab.engine.stepping.phase_record import Kept, Record
from nnlab.engine.wants import MEAN, NodePhases, Numbers, ParameterPhases, PhaseValues, PhaseWant

TARGET_LIMIT = 64  # numbers of one sample's truth


def describe(record: Record, phase: str, want: PhaseWant) -> PhaseValues:
    """Every node's numbers for one sample, and the formulas of one of them."""
    sample = MEAN if want.sample == MEAN else min(max(0, want.sample), record.rows - 1)
    nodes = {node_id: _node(record, node_id, sample) for node_id in record.outputs}
    return PhaseValues(
        phase=phase,
        loss=record.loss,
        nodes=nodes,
        rows=record.rows,
        sample=sample,
        target=_target(record, sample),
        losses=record.losses,
        rate=record.rate or float(record.learner.update.rate),
        clipped=record.clipped,
        focus=focus_on(record, phase, want.node, want.place, sample) if want.node in record.outputs else None,
    )


def _node(record: Record, node_id: str, sample: int) -> NodePhases:
    flow = record.flows.get(node_id)
    gradient = None if flow is None else flow.sample(sample, added=True)
    parameters = {name: _parameter(record, node_id, name) for name in record.places.get(node_id, {})}
    return NodePhases(record.outputs[node_id].sample(sample), gradient, parameters)


def _parameter(record: Record, node_id: str, name: str) -> ParameterPhases:
    place = record.places[node_id][name]

    def shown(kept: list[Kept]) -> Numbers | None:
        return kept[place].whole() if 0 <= place < len(kept) else None

    before = record.tensors[node_id][name].whole()
    return ParameterPhases(
        before, shown(record.gradients), shown(record.used), shown(record.after), shown(record.steps)
    )


def _target(record: Record, sample: int) -> tuple[float, ...]:
    if sample == MEAN or len(record.y) <= sample:
        return ()
    return tuple(np.ravel(record.y[sample].detach().float().cpu().numpy())[:TARGET_LIMIT].tolist())
