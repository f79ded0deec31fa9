"""Features kept: what frozen layers make of each sample is computed once, and only the layers after them are run again.

A row of cached data is the sample itself followed by the features, so that whoever looks at the whole network still can.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nnlab.core.blocks.block import Block
from nnlab.core.document import Document
from nnlab.engine.compile import Cutting, Network, cutting, run_text

if TYPE_CHECKING:
    from nnlab.engine.learner import Learner

RANDOM = frozenset({"RReLU", "FractionalMaxPool2d", "Noise"})
"""Layers without weights that draw random numbers, beside those of regularisation."""


@dataclass(frozen=True)
class Cut:
    """Where a network is cut in two, and the text of its second half."""

    cutting: Cutting
    input_width: int

    @property
    def width(self) -> int:
        """Of one row of cached data."""
        return self.input_width + sum(prod(shape) for _, shape in self.cutting.values)

    def features(self, network: Network, x: Tensor) -> Tensor:
        """The cached rows of these samples."""
        traced = network.trace(x)
        found = [traced[node_id].reshape(len(x), -1).float() for node_id, _ in self.cutting.values]
        return torch.cat([x.reshape(len(x), -1), *found], 1)


class Head(nn.Module):
    """The second half of a network, which takes cached rows; its parameters are the network's."""

    def __init__(self, network: Network, cut: Cut) -> None:
        super().__init__()
        self.network = network
        self._cut = cut
        self._run: Callable[[Network, Tensor], Tensor] = run_text(cut.cutting.text)["head"]

    def forward(self, x: Tensor) -> Tensor:
        """All answers in one row, as the network gives them."""
        return self._run(self.network, x[:, self._cut.input_width :])

    def __deepcopy__(self, memo: dict[int, object]) -> "Head":
        return Head(copy.deepcopy(self.network, memo), self._cut)


def cut_of(document: Document) -> Cut | None:
    """Where this document's network can be cut so that the first half never changes; None if that gains nothing."""
    graph = document.graph
    steady = _steady(document)
    gains = any(graph.nodes[n].learning.frozen and document.parameter_count(n) for n in steady)
    if not gains or document.spec is None:
        return None
    found = cutting(document, steady)
    return Cut(found, prod(document.spec.packed_shape)) if found is not None else None


def _steady(document: Document) -> frozenset[str]:
    """Nodes that give the same for a sample at every step: frozen, or without weights and chance, and fed by such."""
    found: set[str] = set()
    for n in document.graph.in_order:
        if all(link.source in found for link in document.graph.incoming[n]) and _is_steady(document, n):
            found.add(n)
    return frozenset(found)


def _is_steady(document: Document, node_id: str) -> bool:
    node = document.graph.nodes[node_id]
    if node.layer.is_entry:
        return True
    if not node.layer.inputs or node.learning.shares:
        return False
    if node.learning.frozen:
        return True
    plain = node.layer.category not in ("Regularisation", "Normalisation") and node.type_id not in RANDOM
    return plain and not isinstance(node.layer, Block) and document.parameter_count(node_id) == 0


def widened(
    learner: "Learner", cut: Cut, data: Mapping[str, tuple[Tensor, Tensor]]
) -> dict[str, tuple[Tensor, Tensor]]:
    """The data with features beside the samples."""
    with learner.looking():
        size = learner.rows_at_once
        rows = {
            name: torch.cat([cut.features(learner.network, part) for part in x.split(size)])
            if len(x)
            else x.new_empty(0, cut.width)
            for name, (x, _) in data.items()
        }
    return {name: (rows[name].clone(), y) for name, (_, y) in data.items()}
