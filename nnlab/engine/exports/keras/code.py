"""What a layer is in Keras 3: the table of equals, filled by the modules beside this one, one entry for each layer."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnlab.core.layer import Support


class NoEqual(Exception):
    """Keras has nothing that computes the same; the text is a fragment that says what it lacks, or empty."""


@dataclass(frozen=True)
class KerasCode:
    """The expression that applies a layer, over {0}, {1}, ... for its inputs and {name} for its name in the model.

    Only `keras`, `layers` (keras.layers) and `ops` (keras.ops) may be used in it.
    """

    forward: str
    results: tuple[str, ...] = ("{r}",)
    """What leaves by each output port, over {r}, the value of `forward`."""
    numbers: tuple[tuple[str, str], ...] = ()
    """Keras layer's name -> its list of weights, over {s}, which stands for the start of this layer's names in PyTorch:
    ("{name}", 'state["{s}.weight"].T') takes the learned numbers over."""
    shorter: Mapping[int, str] = field(default_factory=dict)
    """A simpler `forward` where this output alone is read, which is then its value."""
    support: tuple[Support, ...] = ()
    """Functions and layers that `forward` or `numbers` call; they may use np as well."""
    fuller: "KerasCode | None" = None
    """What it is where an output is read that is not among `results`."""

    @property
    def passes(self) -> bool:
        """It hands on its one input, unchanged."""
        return self.forward == "{0}" and self.results == ("{r}",)


@dataclass(frozen=True)
class BlockCode(KerasCode):
    """A layer of a class that is written with the script, for a block of the drawing."""

    times: int = 1
    """How many copies follow each other."""
    shared: bool = False
    """Whether all of them are one layer, called again and again."""
    row: bool = False
    """Whether PyTorch counts copies directly, not as `blocks`."""
    each: tuple[str, ...] = ()
    """How every copy is made, where they are not all alike."""
    freezes: bool = False
    """Whether something inside is held still, which its method `freeze` does."""


Entry = Callable[..., KerasCode]
"""Gets the layer and its input shapes; raises NoEqual."""

KERAS: dict[str, Entry] = {}
"""Layer id -> what it is in Keras."""


def equal(*ids: str) -> Callable[[Entry], Entry]:
    """Enter a function in the table for these layers."""

    def keep(entry: Entry) -> Entry:
        for id_ in ids:
            KERAS[id_] = entry
        return entry

    return keep


def call(kind: str, /, *args: object, **options: object) -> str:
    """A constructor's text; options that are None are left out: Dense(8, name="hidden")."""
    parts = [_text(a) for a in args]
    parts += [f"{key}={_text(value)}" for key, value in options.items() if value is not None]
    return f"layers.{kind}({', '.join(parts)})"


def unless(value: Any, usual: Any) -> Any:
    """The value, or None where it is what Keras does anyway."""
    return None if value == usual else value


NAME = "{name}"
TAKES = 'part(state, "{s}.")'
"""The numbers of a layer that has a method `take_over`: all that PyTorch has learned there, by their names."""
PART = Support(
    "part",
    '''
def part(state, start):
    """What PyTorch has learned under names that begin so, without that beginning."""
    return {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
''',
)


def handed(place: str, numbers: str) -> str:
    """The statement that gives a layer at this place its numbers."""
    if numbers.startswith("part("):
        return f"{place}.take_over({numbers})"
    alone = numbers.startswith("*") and numbers.count("*") == 1
    return f"{place}.set_weights({numbers[1:]})" if alone else f"{place}.set_weights([{numbers}])"


def composed(forward: str, *support: Support, results: tuple[str, ...] = ("{r}",)) -> KerasCode:
    """A layer of a class among `support` that takes its numbers over by itself."""
    return KerasCode(forward, results, ((NAME, TAKES),), support=(PART, *support))


def weighted(forward: str, *numbers: str, name: str = NAME) -> KerasCode:
    """A layer with learned numbers, given one by one as they stand in Keras."""
    return KerasCode(forward, numbers=((name, ", ".join(numbers)),) if numbers else ())


def of(name: str) -> str:
    """One of the layer's tensors in the state of PyTorch."""
    return f'state["{{s}}.{name}"]'


def each(size: Any, axes: int) -> tuple[int, ...]:
    """A size as one number for each axis."""
    return tuple(size) if isinstance(size, (tuple, list)) else (size,) * axes


def short(size: Iterable[int]) -> Any:
    """One number where all axes have the same."""
    sizes = tuple(size)
    return sizes[0] if len(set(sizes)) == 1 else sizes


def only(holds: bool, why: str) -> None:
    """NoEqual with this fragment, unless it holds."""
    if not holds:
        raise NoEqual(why)


def _text(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
