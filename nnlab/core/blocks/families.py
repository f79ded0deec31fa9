"""Block classes that differ in numbers alone become one class with arguments, as an engineer would write them."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nnlab.core.layer import Call, Support, TorchCode
from nnlab.core.writing import RESERVED

ARGUMENTS_LIMIT = 6  # with more, classes of their own read better
UNNAMED_LIMIT = 2  # arguments that a call gives without their names

_POSITIONS = {
    "Linear": ("in_features", "out_features"),
    "Conv": ("in_channels", "out_channels", "kernel_size"),
    "BatchNorm": ("num_features",),
    "InstanceNorm": ("num_features",),
    "GroupNorm": ("num_groups", "num_channels"),
    "LayerNorm": ("normalized_shape",),
    "RMSNorm": ("normalized_shape",),
    "Embedding": ("num_embeddings", "embedding_dim"),
    "RNN": ("input_size", "hidden_size"),
    "LSTM": ("input_size", "hidden_size"),
    "GRU": ("input_size", "hidden_size"),
    "MultiheadAttention": ("embed_dim", "num_heads"),
    "Transformer": ("d_model", "nhead"),
    "Dropout": ("p",),
    "range": ("repeats",),
}
"""What torch calls the arguments that are given by their place, by the beginning of the class's name."""

_PLACES = {1: ("features",), 2: ("length", "features"), 3: ("channels", "height", "width")}
"""What a comment calls the sizes of a sample that differ from copy to copy, by how many there are."""

_COMMENT_NUMBER = re.compile(r"\d+")
_CONSTRUCTOR = re.compile(r"def __init__\(self, ([^)]*)\)")


def in_families(
    supports: Sequence[Support], codes: Mapping[str, TorchCode]
) -> tuple[tuple[Support, ...], dict[str, TorchCode]]:
    """The same definitions and code, with one class in place of several that differ in numbers alone.

    What is inside comes before what holds it, in `supports` as in what is returned.
    """
    left, found = list(supports), dict(codes)
    for family in dict.fromkeys(each.family for each in supports if each.family):
        for members in _alike([each for each in left if each.family == family]):
            merged = _Family(members, _signatures(left))
            if len(members) > 1 and len(merged.names) <= ARGUMENTS_LIMIT:
                left = list(_rewritten(left, merged))
                found = {node_id: merged.called(code) for node_id, code in found.items()}
    return tuple(left), found


def _alike(members: Sequence[Support]) -> list[list[Support]]:
    """Members of one family, those together that differ in numbers alone."""
    groups: dict[tuple[str, ...], list[Support]] = {}
    for each in members:
        groups.setdefault(_Text(each).skeleton, []).append(each)
    return list(groups.values())


def _signatures(supports: Sequence[Support]) -> dict[str, tuple[str, ...]]:
    """What each of these classes calls its own arguments."""
    found = {}
    for each in supports:
        arguments = _CONSTRUCTOR.search(each.text)
        if arguments:
            found[each.name] = tuple(part.split("=")[0].strip() for part in arguments[1].split(","))
    return found


def _rewritten(supports: Sequence[Support], family: "_Family") -> Iterator[Support]:
    for each in supports:
        if each == family.first:
            yield replace(each, text=family.text)
        elif each not in family.members:
            yield replace(each, text=family.calls(each.text))


@dataclass(frozen=True)
class _Text:
    """The text of one class, apart into what must be equal and the numbers that may differ."""

    support: Support

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        """All of it."""
        return list(tokenize.generate_tokens(io.StringIO(self.support.text).readline))

    @cached_property
    def numbers(self) -> list[tokenize.TokenInfo]:
        """Those of the constructor."""
        found, within = [], False
        for before, token in zip(self.tokens, self.tokens[1:], strict=False):
            if before.string == "def":
                within = token.string == "__init__"
            elif within and token.type == tokenize.NUMBER:
                found.append(token)
        return found

    @cached_property
    def comments(self) -> list[tokenize.TokenInfo]:
        """The shapes beside the statements."""
        return [token for token in self.tokens if token.type == tokenize.COMMENT]

    @cached_property
    def skeleton(self) -> tuple[str, ...]:
        """What classes of one family have in common. Comments are part of it but for their numbers."""
        free = {token.start for token in self.numbers}
        return tuple(self._bone(token, free) for token in self.tokens)

    def _bone(self, token: tokenize.TokenInfo, free: set[tuple[int, int]]) -> str:
        if token.type == tokenize.COMMENT:
            return _COMMENT_NUMBER.sub("0", token.string)
        if token.start in free:
            return "0"
        return "" if token.string == self.support.name else token.string

    def places(self, signatures: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
        """For each number of the constructor the attribute that it is for, and what torch calls it there."""
        found: dict[tuple[int, int], tuple[str, str]] = {}
        for statement in ast.walk(ast.parse(self.support.text)):
            if isinstance(statement, ast.Assign | ast.Expr):
                attribute = getattr(statement.targets[0], "attr", "") if isinstance(statement, ast.Assign) else ""
                for call in ast.walk(statement.value):
                    if isinstance(call, ast.Call):
                        found |= {spot: (attribute, name) for spot, name in _named(call, signatures)}
        return [found.get(token.start, ("", "")) for token in self.numbers]


def _named(call: ast.Call, signatures: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[tuple[int, int], str]]:
    """Where the numbers stand that are arguments of this call, and what they are called."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    usual = next((names for start, names in _POSITIONS.items() if function.startswith(start)), ())
    names = signatures.get(function, usual)
    given: list[tuple[str, ast.expr]] = list(zip(names, call.args, strict=False))
    given += [(each.arg or "", each.value) for each in call.keywords]
    for name, value in given:
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        for part in parts:
            number = part.operand if isinstance(part, ast.UnaryOp) else part
            if isinstance(number, ast.Constant):
                yield (number.lineno, number.col_offset), name


class _Family:
    """Classes that differ in numbers alone, as one."""

    def __init__(self, members: Sequence[Support], signatures: Mapping[str, tuple[str, ...]]) -> None:
        self.members = tuple(members)
        self.first = members[0]
        self._texts = [_Text(each) for each in members]
        rows = zip(*([token.string for token in text.numbers] for text in self._texts), strict=True)
        self._values = list(rows)
        """For each number of the constructor what it is in each class."""
        different = [row for row in self._values if len(set(row)) > 1]
        self._columns = list(dict.fromkeys(different))
        self._seen: dict[str, tuple[str, ...]] = {}
        """What a word in comments stood for when it came up first."""
        self.names = self._named_columns(self._texts[0].places(signatures))

    def _named_columns(self, names: Sequence[tuple[str, str]]) -> list[str]:
        spots = list(zip(names, self._values, strict=True))
        ends = [row for (_, name), row in spots if name.startswith(("in_", "out_"))]
        found: list[str] = []
        for column in self._columns:
            places = [place for place, row in spots if row == column]
            found.append(_free(_name(places, ends[-1:] == [column]), places[0][0], found))
        return found

    @cached_property
    def text(self) -> str:
        """The text of the one class."""
        lines = self.first.text.splitlines(keepends=True)
        self._seen.clear()
        changes = [
            (token, self.names[self._columns.index(row)])
            for token, row in zip(self._texts[0].numbers, self._values, strict=True)
            if row in self._columns
        ]
        comments = zip(*(text.comments for text in self._texts), strict=True)
        changes += [(each[0], self._comment([token.string for token in each])) for each in comments]
        for token, new in sorted(changes, key=lambda change: change[0].start, reverse=True):
            row, (start, end) = token.start[0] - 1, (token.start[1], token.end[1])
            lines[row] = lines[row][:start] + new + lines[row][end:]
        return "".join(lines).replace("def __init__(self)", f"def __init__(self, {', '.join(self.names)})", 1)

    def _comment(self, said: Sequence[str]) -> str:
        """A comment for all: sizes that differ go by the argument that they are, or by what they are."""
        rows = list(zip(*(_COMMENT_NUMBER.findall(each) for each in said), strict=True))
        shape = re.findall(r"\(N[^)]*\)", said[0])
        places = [(n, at) for text in shape for n in [len(text.split(",")) - 1] for at in range(n)]
        if len(places) != len(rows):
            return said[0]
        words = iter([self._size(row, n, at) for row, (n, at) in zip(rows, places, strict=True)])
        return _COMMENT_NUMBER.sub(lambda _: next(words), said[0])

    def _size(self, row: tuple[str, ...], sizes: int, at: int) -> str:
        if len(set(row)) == 1:
            return row[0]
        named = _PLACES.get(sizes, ())
        word = named[at] if named else f"size_{at + 1}"
        if row in self._columns and word in ("features", "channels"):
            return self.names[self._columns.index(row)]
        return _as_multiple(word, self._seen.setdefault(word, row), row)

    def _given(self, name: str) -> dict[str, str]:
        """The arguments of one of the classes."""
        at = [each.name for each in self.members].index(name)
        return {argument: column[at] for argument, column in zip(self.names, self._columns, strict=True)}

    def calls(self, text: str) -> str:
        """A text that makes some of the classes, making the one instead."""
        for each in self.members:
            given = self._given(each.name)
            named = len(given) > UNNAMED_LIMIT
            arguments = ", ".join(f"{k}={v}" if named else v for k, v in given.items())
            text = re.sub(rf"(?<![.\w]){each.name}\(\)", f"{self.first.name}({arguments})", text)
        return text

    def called(self, code: TorchCode) -> TorchCode:
        """The code of a node, with the one class."""
        if code.module is None or code.module.target not in [each.name for each in self.members]:
            return code
        given = {name: ast.literal_eval(value) for name, value in self._given(code.module.target).items()}
        named = len(given) > UNNAMED_LIMIT
        arguments: Call = replace(
            code.module,
            target=self.first.name,
            args=() if named else tuple(given.values()),
            kwargs=given if named else {},
        )
        return replace(code, module=arguments)


def _as_multiple(word: str, first: tuple[str, ...], row: tuple[str, ...]) -> str:
    """A size in terms of the one that had this word first: height, height // 2, 2 * height; "..." if it is neither."""
    pairs = [(int(one), int(other)) for one, other in zip(first, row, strict=True)]
    if all(one == other for one, other in pairs):
        return word
    for k in {max(one, other) // max(1, min(one, other)) for one, other in pairs}:
        if all(one // k == other for one, other in pairs):
            return f"{word} // {k}"
        if all(one * k == other for one, other in pairs):
            return f"{k} * {word}"
    return "..."


def _name(places: Sequence[tuple[str, str]], is_last: bool) -> str:
    """What an argument is called that is put at these places: `channels` if it is what comes in and what goes out.

    What only comes in is `in_channels`; what goes out at the end, `out_channels`; what is between, by its layer.
    """
    (attribute, name), names = places[0], {name for _, name in places}
    for kind in ("channels", "features"):
        if name == f"in_{kind}" and f"out_{kind}" in names:
            return kind
        if name == f"out_{kind}" and not is_last:
            return f"{attribute}_{kind}"
    return name or (f"{attribute}_size" if attribute else "size")


def _free(name: str, attribute: str, taken: Sequence[str]) -> str:
    """That name, or one that tells it from those that are taken."""
    candidates = [name, f"{attribute}_{name}", *(f"{name}_{k}" for k in range(2, ARGUMENTS_LIMIT * 8))]
    return next(each for each in candidates if each not in taken and each not in RESERVED)
