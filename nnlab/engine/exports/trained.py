"""The network that is taken away: built, with its learned numbers, and samples to try it on."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import Field
from nnlab.core.document import Document
from nnlab.core.layer import PortKind
from nnlab.core.objective import find_output, find_outputs
from nnlab.core.shapes import bindings
from nnlab.engine.exports.format import Weights
from nnlab.errors import BuildError

if TYPE_CHECKING:
    from torch import Tensor

    from nnlab.engine.compile import Network

TRIED = 4  # samples that a file is tried on before it is handed out


class Trained:
    """A document's network with learned numbers, or with those that training would start from, in evaluation mode."""

    def __init__(self, document: Document, weights: Weights | None) -> None:
        """BuildError if the network cannot be built, or the numbers are of another one. Nobody's dice move."""
        import torch

        from nnlab.engine.compile import build
        from nnlab.engine.dice import undisturbed

        self.document = document
        with undisturbed():
            network = build(document, document.training.seed, packed=False)
        if weights is not None:
            state = network.state_dict()
            if {k: tuple(t.shape) for k, t in state.items()} != {k: tuple(np.shape(a)) for k, a in weights.items()}:
                raise BuildError("The learned weights are of another network than the one drawn here: train it again.")
            network.load_state_dict({k: torch.tensor(np.asarray(a)) for k, a in weights.items()})
        self.network: Network = network.eval()

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The inputs of the data that the network's forward takes, in its order."""
        spec = self.document.spec
        if spec is None:
            raise BuildError("The data set is not in this installation: choose another under Data")
        bound = bindings(self.document.graph, spec.fields)
        return tuple(spec.fields[k] for k in sorted({k for n, k in bound.items() if n in self.order}))

    @cached_property
    def order(self) -> list[str]:
        """The ids of the nodes that the answers come from, in the graph's order."""
        graph = self.document.graph
        needed = frozenset(self.outputs).union(*(graph.upstream(node_id) for node_id in self.outputs))
        return [node_id for node_id in graph.in_order if node_id in needed]

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The ids of the Outputs, in the order of the answers."""
        main, reached = find_output(self.document), find_outputs(self.document)
        losses = [n for n in reached if n != main and self.document.shapes[n].kinds[:1] == ("s",)]
        return (main, *(n for n in reached if n != main and n not in losses), *losses)

    @cached_property
    def answers(self) -> list[str]:
        """A name for each answer of the network."""
        if len(self.outputs) == 1:
            return ["answer"]
        from nnlab.engine.compile import attribute_names

        names = attribute_names(self.document.graph)
        return [names[node_id] for node_id in self.outputs]

    def kinds_into(self, node_id: str) -> list[PortKind]:
        """What comes in at each port of a node, "*" where no wire ends."""
        document = self.document
        links = {link.target_port: link for link in document.graph.incoming[node_id]}
        found: list[PortKind] = []
        for port in document.graph.input_ports(node_id):
            link = links.get(port.name)
            if link is None:
                found.append("*")
                continue
            leaving = [each.name for each in document.graph.output_ports(link.source)]
            found.append(document.shapes[link.source].kinds[leaving.index(link.source_port)])
        return found

    @cached_property
    def samples(self) -> "tuple[Tensor, ...]":
        """A few samples as forward takes them: random decimals; words, masks and edges as they stand in the data."""
        import torch

        spec = self.document.spec
        assert spec is not None
        dice = np.random.default_rng(0)
        real: dict[str, NDArray[Any]] = {}
        if any(each.kind != "x" for each in self.fields):
            real = self._real()
        found = []
        for each in self.fields:
            random = dice.standard_normal((TRIED, *each.shape), np.float32)
            found.append(torch.from_numpy(np.array(real[each.name]) if each.kind != "x" else random))
        return tuple(found)

    def answer(self) -> list[NDArray[Any]]:
        """What the network says to these samples."""
        import torch

        with torch.no_grad():
            said = self.network(*self.samples)
        return [each.numpy() for each in (said if isinstance(said, tuple) else (said,))]

    def _real(self) -> dict[str, NDArray[Any]]:
        """The first samples of the data, by the names of their inputs."""
        from nnlab.core.parts import samples

        spec = self.document.spec
        assert spec is not None
        inputs = samples(self.document.data.dataset).inputs
        rows = spec.unpack(inputs[np.arange(TRIED) % len(inputs)])  # a club of friends is one sample
        return {each.name: array for each, array in zip(spec.fields, rows, strict=True)}
