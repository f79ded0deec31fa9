"""Learned numbers that layers start from: those of a layer that was taken out of another project."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Tensors = Mapping[str, NDArray[Any]]


class Starts(Mapping[str, "Tensors"]):
    """Node id -> its tensors by their names in the layer, as "weight". Never changed in place; compared by their numbers."""

    def __init__(self, tensors: "Mapping[str, Tensors] | None" = None) -> None:
        """The arrays are kept as they are: nobody may change them afterwards."""
        self._tensors = {node_id: dict(each) for node_id, each in (tensors or {}).items() if each}

    def with_node(self, node_id: str, tensors: "Tensors") -> "Starts":
        """With these tensors for one node; with none, it starts as usual."""
        return Starts({**self._tensors, node_id: tensors})

    def only(self, node_ids: "Mapping[str, object]") -> "Starts":
        """Without those of nodes that are not there any more."""
        return Starts({n: each for n, each in self._tensors.items() if n in node_ids})

    def flat(self) -> "dict[str, NDArray[Any]]":
        """All tensors by node and name: "conv2d/weight"."""
        return {f"{n}/{name}": array for n, each in self._tensors.items() for name, array in each.items()}

    @classmethod
    def of_flat(cls, tensors: "Tensors") -> "Starts":
        """What `flat` gave."""
        found: dict[str, dict[str, Any]] = {}
        for path, array in tensors.items():
            node_id, _, name = path.partition("/")
            found.setdefault(node_id, {})[name] = array
        return cls(found)

    def __getitem__(self, node_id: str) -> "Tensors":
        return self._tensors[node_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Starts):
            return NotImplemented
        mine, theirs = self.flat(), other.flat()
        return mine.keys() == theirs.keys() and all(
            a is b or (a.shape == b.shape and a.tobytes() == b.tobytes())
            for a, b in ((mine[name], theirs[name]) for name in mine)
        )

    def __repr__(self) -> str:
        return f"Starts({', '.join(self._tensors)})"

    def __hash__(self) -> int:
        return hash(tuple(self._tensors))


NO_STARTS = Starts()
