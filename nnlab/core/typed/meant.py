"""One typed layer: which one its name means, and what the words behind it set."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from nnlab.core import words
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.typed import spelling
from nnlab.errors import NNLabError, SettingError

NAME_WORDS = 5  # of the longest name of a layer
SHOWN = 40  # characters of a word in a sentence


class ShorthandError(NNLabError):
    """A text that cannot be read as layers; `at` says which characters are at fault."""

    def __init__(self, message: str, at: tuple[int, int] = (0, 0)) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Typed:
    """One layer as it was typed."""

    ids: tuple[str, ...]
    """The layers it can mean; which one, the data at its place decide."""
    settings: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        name = self.ids[0] if len(self.ids) == 1 else spelling.family(self.ids[0])
        params = {p.name: p for p in LAYERS[self.ids[0]].params()}
        return " ".join([name, *(f"{key}={spelling.spelled(params[key], value)}" for key, value in self.settings)])

    def layer(self, id_: str = "") -> Layer:
        """The layer itself; of several, the one that is named or the usual one."""
        return LAYERS[id_ or self.ids[0]]().with_(**dict(self.settings))


@dataclass(frozen=True)
class Repeated:
    """What stands in brackets, so many times."""

    count: int
    items: "tuple[Typed | Repeated, ...]"

    def __str__(self) -> str:
        return f"{self.count}x({', '.join(map(str, self.items))})"


@dataclass(frozen=True)
class Description:
    """A text that was understood; printed, it can be typed again."""

    items: tuple[Typed | Repeated, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.items))

    @property
    def count(self) -> int:
        """How many layers it stands for."""
        return how_many(self.items)

    def layers(self) -> Iterator[Typed]:
        """Every layer in order, repeats written out."""
        yield from _flat(self.items)

    def title(self, ids: Sequence[str] = ()) -> str:
        """It in a few words, for a list: "3 × (Conv 2-D, Batch norm, ReLU)"; `ids` are the layers that were chosen."""
        chosen = iter(ids) if ids else (each.ids[0] for each in self.layers())
        return _titles(self.items, chosen)


def how_many(items: Sequence[Typed | Repeated]) -> int:
    """How many layers these are, repeats counted."""
    return sum(each.count * how_many(each.items) if isinstance(each, Repeated) else 1 for each in items)


def _flat(items: Sequence[Typed | Repeated]) -> Iterator[Typed]:
    for each in items:
        if isinstance(each, Repeated):
            for _ in range(each.count):
                yield from _flat(each.items)
        else:
            yield each


def _titles(items: Sequence[Typed | Repeated], chosen: Iterator[str]) -> str:
    said: list[str] = []
    for each in items:
        if isinstance(each, Typed):
            said.append(
                re.sub(r" [123]-D$", "", LAYERS[next(chosen)].title) if _is_norm(each) else LAYERS[next(chosen)].title
            )
            continue
        rounds = [_titles(each.items, chosen) for _ in range(each.count)]
        said.append(f"{each.count} × ({rounds[0]})")
    runs = [(name, len(list(run))) for name, run in groupby(said)]
    return ", ".join(f"{n} × {name}" if n > 1 else name for name, n in runs)


def _is_norm(typed: Typed) -> bool:
    return LAYERS[typed.ids[0]].category == "Normalisation"


@dataclass(frozen=True)
class Token:
    """A word or sign of a text, and which characters it is."""

    kind: str
    text: str
    at: tuple[int, int]


def quoted(text: str) -> str:
    """A word of the text within a sentence."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return f"“{shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + '…'}”"


# ---------------------------------------------------------------- names


def named(run: Sequence[Token]) -> tuple[tuple[str, ...], Sequence[Token]]:
    """The layers that the first words name, the longest name that fits, and what follows."""
    known = spelling.names()
    most = next((k for k, token in enumerate(run) if token.kind != "word"), len(run))
    most = most if most == len(run) else most - 1  # the word before = is a setting
    for count in range(min(max(most, 1), NAME_WORDS), 0, -1):
        name = spelling.plain("".join(token.text for token in run[:count]))
        if name in known:
            return known[name], run[count:]
    raise _unknown(run[0])


def _unknown(token: Token) -> ShorthandError:
    if spelling.is_number(token.text):
        return ShorthandError(
            f"{quoted(token.text)} is a number where a layer should be: sizes stand behind a name with spaces, as mlp 64 10",
            token.at,
        )
    near = spelling.nearest(token.text)
    hint = f": did you mean {near}?" if near else ": type part of a name in the search to find one"
    return ShorthandError(f"I do not know the layer {quoted(token.text)}{hint}", token.at)


# ---------------------------------------------------------------- settings


def configured(ids: Sequence[str], name: Token, rest: Sequence[Token]) -> list[Typed]:
    """The layer with its settings, and the activations named behind it; of several layers those that take them."""
    problem: ShorthandError | None = None
    fits: list[str] = []
    made: tuple[Mapping[str, object], list[str]] = ({}, [])
    for id_ in ids:
        try:
            settings, activations = _settings(LAYERS[id_], name, rest)
        except ShorthandError as error:
            problem = problem or error
            continue
        made = made if fits else (settings, activations)
        fits += [id_] if (settings, activations) == made else []
    if not fits:
        assert problem is not None
        raise problem
    return [Typed(tuple(fits), tuple(made[0].items())), *(Typed((activation,)) for activation in made[1])]


def _settings(kind: type[Layer], name: Token, rest: Sequence[Token]) -> tuple[Mapping[str, object], list[str]]:
    """What these words set of a layer, and which activations they name."""
    found: dict[str, object] = {}
    activations: list[str] = []
    numbers: list[Token] = []
    place = 0
    while place < len(rest):
        token, after = rest[place], rest[place + 1] if place + 1 < len(rest) else None
        if after is not None and after.kind == "equals" and token.kind == "word":
            _set(found, kind, _by_key(kind, token), after.text.strip()[1:], token)
            place += 2
            continue
        place += 1
        if token.kind == "word" and spelling.is_number(token.text):
            numbers.append(token)
        elif token.kind == "word" and spelling.is_activation(token.text) and spelling.by_word(kind, token.text) is None:
            activations.append(spelling.is_activation(token.text))
        else:
            _bare(found, kind, token)
    for key, text, token in _placed(kind, numbers, found):
        _set(found, kind, key, text, token)
    return {p.name: found[p.name] for p in kind.params() if p.name in found}, activations


def _by_key(kind: type[Layer], token: Token) -> str:
    param = spelling.by_key(kind, token.text)
    if param is None:
        has = ", ".join(p.name for p in spelling.typed_params(kind)) or "none"
        raise ShorthandError(f"{kind.title} has no setting {quoted(token.text)} (it has: {has})", token.at)
    return param.name


def _bare(found: dict[str, object], kind: type[Layer], token: Token) -> None:
    """A letter with a number, or a word that says what a setting is."""
    split = spelling.lettered(token.text) if token.kind == "word" else None
    param = spelling.by_letters(kind, split[0]) if split else None
    if split and param is not None:
        _set(found, kind, param.name, split[1], token)
        return
    said = spelling.by_word(kind, token.text) if token.kind == "word" else None
    if said is None:
        raise ShorthandError(
            f"I cannot use {quoted(token.text)} for {kind.title}: put a comma before the next layer, "
            "or write setting=value",
            token.at,
        )
    found[said[0]] = said[1]


FROM_THE_DATA = {"num_embeddings"}
"""What the data decide: one number alone is not meant for it ("embedding 8" is 8 numbers for each word)."""


def _placed(
    kind: type[Layer], numbers: Sequence[Token], found: Mapping[str, object]
) -> Iterator[tuple[str, str, Token]]:
    """Numbers without a name, with the settings they are for: all of them for a list, else one each in order."""
    free = [p for p in spelling.positional(kind) if p.name not in found]
    lists = [p for p in free if p.kind == "text"]
    if numbers and lists and lists[0] is free[0]:
        yield lists[0].name, f'"{spelling.sizes_text([t.text for t in numbers])}"', numbers[0]
        return
    free = [p for p in free if p.kind != "text"]
    if len(numbers) == 1 and free and free[0].name in FROM_THE_DATA:
        free = free[1:]
    for token, param in zip(numbers, free, strict=False):
        yield param.name, token.text, token
    if len(numbers) > len(free):
        token = numbers[len(free)]
        takes = words.plural(len(free), "number") if free else "no number"
        raise ShorthandError(f"{quoted(token.text)} is one number too many: {kind.title} takes {takes}", token.at)


def _set(found: dict[str, object], kind: type[Layer], key: str, text: str, token: Token) -> None:
    try:
        found[key] = spelling.value_of(kind.param(key), text)
    except SettingError as problem:
        raise ShorthandError(f"{quoted(token.text)} does not fit {kind.title}: {problem}", token.at) from None


def mlp(name: Token, rest: Sequence[Token]) -> list[Typed]:
    """Linear layers of these sizes with an activation between them: mlp 256 128 10 tanh."""
    activation, sizes = "ReLU", []
    for token in rest:
        if spelling.is_activation(token.text):
            activation = spelling.is_activation(token.text)
        elif token.text.isdigit():
            sizes.append(token)
        else:
            raise ShorthandError(f"I cannot use {quoted(token.text)} for mlp: give sizes, as mlp 256 128 10", token.at)
    if not sizes:
        raise ShorthandError("mlp needs the sizes of its layers: write mlp 256 128 10", name.at)
    found: list[Typed] = []
    for token in sizes:
        found += [*configured(("Linear",), name, [token]), Typed((activation,))]
    return found[:-1]
