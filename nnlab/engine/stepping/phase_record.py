"""What the phases of one batch have computed so far, kept as tensors until somebody asks for a part of it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnlab.core.document import Training
from nnlab.core.graph import Graph, Link
from nnlab.engine.learner import Learner
from nnlab.engine.wants import MEAN, Array, Numbers

LIMIT = 4096  # numbers of one tensor that cross to the window
ALONE_LIMIT = 256  # samples whose loss is worked out one by one


class Kept:
    """A tensor as it was, and what is told of it."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor.detach()

    @cached_property
    def figures(self) -> tuple[float, float, float, float]:
        """Lowest, highest, mean and root mean square of all its numbers."""
        if self.tensor.numel() == 0:
            return 0.0, 0.0, 0.0, 0.0
        values = self.tensor.float()
        size = values.pow(2).mean().sqrt()
        low, high, mean, size_ = torch.stack([values.min(), values.max(), values.mean(), size]).tolist()
        return low, high, mean, size_

    def sample(self, number: int, added: bool = False) -> Numbers:
        """One sample of a batch, or the mean of all (the sum, if they are to be `added`)."""
        return self._shown(self.of(number, added))

    def of(self, number: int, added: bool = False) -> Tensor:
        """The numbers of one sample, or the mean or sum of all."""
        if number != MEAN:
            return self.tensor[number]
        return self.tensor.float().sum(0) if added else self.tensor.float().mean(0)

    def whole(self) -> Numbers:
        """All of it: a learned tensor."""
        return self._shown(self.tensor)

    def _shown(self, values: Tensor) -> Numbers:
        whole = values.numel() <= LIMIT
        array = frozen(values if whole else values.reshape(-1)[:LIMIT])
        return Numbers(tuple(values.shape), array, *self.figures, whole)


@dataclass
class Record:
    """One batch on its way. The lists have one entry for each parameter of the learner."""

    learner: Learner
    x: Tensor
    y: Tensor
    training: Training
    outputs: dict[str, Kept]
    loss: float | None = None
    losses: Array | None = None
    flows: dict[str, Kept] = field(default_factory=dict)
    """Node -> how the loss changes with each number it put out."""
    gradients: list[Kept] = field(default_factory=list)
    used: list[Kept] = field(default_factory=list)
    """Gradients after L1 and clipping."""
    clipped: float = 1.0
    before: list[Kept] = field(default_factory=list)
    after: list[Kept] = field(default_factory=list)
    steps: list[Kept] = field(default_factory=list)
    memory: list[list[Tensor]] = field(default_factory=list)
    """What the update rule remembered before its step: one list for each kind of memory."""
    rate: float = 0.0
    live: dict[str, Tensor] = field(default_factory=dict)
    """What the nodes put out, with its history, until the backward phase has used it up."""

    @property
    def rows(self) -> int:
        """Samples in the batch."""
        return len(self.x)

    @cached_property
    def places(self) -> dict[str, dict[str, int]]:
        """Node -> name of a learned tensor -> its place in the learner's list, or -1 if it does not learn."""
        network = self.learner.network
        nodes = {name: node_id for node_id, name in network.attributes.items()}
        known = {(p.data_ptr(), p.shape): k for k, p in enumerate(self.learner.parameters)}
        found: dict[str, dict[str, int]] = {}
        for key, parameter in network.named_parameters():
            attribute, _, name = key.partition(".")
            place = known.get((parameter.data_ptr(), parameter.shape), -1)
            found.setdefault(nodes.get(attribute, attribute), {})[name] = place
        return found

    @cached_property
    def tensors(self) -> dict[str, dict[str, Kept]]:
        """Node -> name -> the learned tensor as the forward phase used it."""
        network = self.learner.network
        found: dict[str, dict[str, Kept]] = {}
        values = [p for _, p in network.named_parameters()]
        pairs = [(node_id, name) for node_id, names in self.places.items() for name in names]
        for (node_id, name), parameter in zip(pairs, values, strict=True):
            place = self.places[node_id][name]
            is_old = place >= 0 and bool(self.before)
            found.setdefault(node_id, {})[name] = self.before[place] if is_old else Kept(parameter)
        return found


def local_slopes(record: Record, node_id: str, sources: list[str], at: tuple[int, ...]) -> list[Tensor]:
    """How fast one number (its sample first) grows with each number of that sample that comes in, one tensor a source.

    Empty where torch cannot tell: after the backward phase, where one source also feeds another, or for a yes or no.
    """
    graph, output = record.learner.document.graph, record.live.get(node_id)
    inputs = [record.live[s] for s in sources if s in record.live]
    nodes = [source.partition(".")[0] for source in sources]
    tangled = any(a in graph.upstream(b) for a in nodes for b in nodes)
    known = len(inputs) == len(sources) and all(x.requires_grad for x in inputs)
    if output is None or tangled or not known or not output.requires_grad:
        return []
    with torch.inference_mode(False), torch.enable_grad():
        found = torch.autograd.grad(output[at], inputs, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(x[at[0]]) if g is None else g[at[0]] for x, g in zip(inputs, found, strict=True)]


def value_key(graph: Graph, link: Link) -> str:
    """The name under which a trace keeps what this wire carries."""
    ports = [port.name for port in graph.output_ports(link.source)]
    first = link.source_port not in ports[1:]
    return link.source if first else f"{link.source}.{link.source_port}"


def main_output(value: Any) -> Tensor | None:
    """What a node put out: the tensor itself, or the first of several."""
    if isinstance(value, Tensor):
        return value
    first = value[0] if isinstance(value, (tuple, list)) and value else None
    return first if isinstance(first, Tensor) else None


def frozen(values: Tensor) -> Array:
    """A private copy that nobody can write to."""
    array = np.array(values.detach().float().cpu().numpy(), np.float32)
    array.flags.writeable = False
    return array
