"""Networks as one types them: "conv 64 k3 s2", "mlp 256 128 10", "3x(conv 64, bn, relu)".

Layers stand one after the other, apart by commas, bars, arrows or lines. After a layer's name come its settings:
numbers in their usual order, letters with a number (k3), words (same, bidirectional), or setting=value. A number
and an x before brackets repeat what is in them.
"""

import re
from collections.abc import Sequence

from nnlab.core import words
from nnlab.core.dataset import Field
from nnlab.core.graph import NOTHING, Graph
from nnlab.core.shapes import infer
from nnlab.core.typed.meant import (
    NAME_WORDS,
    Description,
    Repeated,
    ShorthandError,
    Token,
    Typed,
    configured,
    how_many,
    mlp,
    named,
    quoted,
)
from nnlab.core.typed.planting import planted

TEXT_LIMIT = 2000  # characters
LAYER_LIMIT = 500  # in one text, repeats counted
DEPTH_LIMIT = 8  # brackets within brackets
MLP = "mlp"

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+)
    |(?P<separator>->|=>|[→>|,;\n])
    |(?P<open>\()|(?P<close>\))
    |(?P<equals>\s*=\s*(?:"(?:[^"\\\n]|\\.)*"|\([^()\n]*\)|\[[^\[\]\n]*\]|(?:(?!->|=>)[^\s,;|()→>"'=])+)?)
    |(?P<word>(?:(?!->|=>)[^\s,;|()→>=])+)
    |(?P<other>.)""",
    re.VERBOSE,
)


def parse(text: str) -> Description:
    """What a typed text stands for; ShorthandError with a sentence that points at the word at fault."""
    if not isinstance(text, str):
        raise ShorthandError(f"layers are typed as a text such as conv 64 k3, not {type(text).__name__}")
    if len(text) > TEXT_LIMIT:
        raise ShorthandError(f"the text is longer than {words.count(TEXT_LIMIT)} characters: add it in parts")
    reader = _Reader(text)
    items = reader.sequence(0)
    if reader.peek() is not None:
        raise reader.wrong("there is a closing bracket without an opening one before it")
    if not items:
        raise ShorthandError("type a layer, such as conv 64 k3, or several with commas between them", (0, len(text)))
    return Description(items)


class _Reader:
    """Goes through a text from left to right."""

    def __init__(self, text: str) -> None:
        made = [Token(str(m.lastgroup), m[0], m.span()) for m in _TOKEN.finditer(text)]
        self._tokens = [token for token in made if token.kind != "space"]
        self._end = (len(text), len(text))
        self._place = 0

    def peek(self, ahead: int = 0) -> Token | None:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def wrong(self, sentence: str, token: Token | None = None) -> ShorthandError:
        found = token or self.peek()
        return ShorthandError(sentence, found.at if found else self._end)

    def sequence(self, depth: int) -> tuple[Typed | Repeated, ...]:
        """Items with separators between them, up to a closing bracket or the end."""
        items: list[Typed | Repeated] = []
        while (token := self.peek()) is not None and token.kind != "close":
            if token.kind == "separator":
                self._place += 1
                continue
            items += self._item(depth)
            self._check_size(how_many(items), token)
        return tuple(items)

    def _check_size(self, count: int, token: Token) -> None:
        if count > LAYER_LIMIT:
            raise self.wrong(
                f"that would be more than {words.count(LAYER_LIMIT)} layers at once: repeat fewer times", token
            )

    def _item(self, depth: int) -> list[Typed | Repeated]:
        """Brackets, with how often before or behind them; a repeated layer; or a layer with its settings."""
        token = self.peek()
        assert token is not None
        times = self._times()
        if self._is("open"):
            return self._group(times, depth, token)
        if times is not None:
            found = self._layers()
            self._check_size(times * len(found), token)
            return [Repeated(times, tuple(found))] if times > 1 else found
        return self._layers()

    def _group(self, times: int | None, depth: int, start: Token) -> list[Typed | Repeated]:
        if depth == DEPTH_LIMIT:
            raise self.wrong(f"brackets stand in more than {DEPTH_LIMIT} others: write some of them out")
        self._place += 1
        inner = self.sequence(depth + 1)
        if not self._is("close"):
            raise self.wrong("a bracket is opened and not closed: put ) behind its last layer", start)
        self._place += 1
        if not inner:
            raise self.wrong("there is nothing in the brackets: type a layer between them", start)
        times = times if times is not None else self._times_behind()
        self._check_size((times or 1) * how_many(inner), start)
        return [Repeated(times, inner)] if times is not None and times > 1 else list(inner)

    def _times(self) -> int | None:
        """How often, where "3x" or "3 x" stands before brackets or a layer."""
        token, after, beyond = self.peek(), self.peek(1), self.peek(2)
        if token is None or token.kind != "word":
            return None
        match = re.fullmatch(r"([0-9]{1,9})[x×*]", token.text.lower())
        if match and after is not None and after.kind in ("open", "word"):
            return self._taken(1, int(match[1]), token)
        alone = re.fullmatch(r"[0-9]{1,9}", token.text) and after is not None and after.text.lower() in ("x", "×", "*")
        if alone and beyond is not None and beyond.kind in ("open", "word"):
            return self._taken(2, int(token.text), token)
        if re.fullmatch(r"[0-9]{1,9}", token.text) and after is not None and after.kind == "open":
            return self._taken(1, int(token.text), token)
        return None

    def _times_behind(self) -> int | None:
        """How often, where "x3", "x 3" or "*3" stands behind brackets."""
        token, after = self.peek(), self.peek(1)
        if token is None or token.kind != "word":
            return None
        match = re.fullmatch(r"[x×*]([0-9]{1,9})", token.text.lower())
        if match:
            return self._taken(1, int(match[1]), token)
        if token.text.lower() in ("x", "×", "*") and after is not None and re.fullmatch(r"[0-9]{1,9}", after.text):
            return self._taken(2, int(after.text), token)
        return None

    def _taken(self, tokens: int, count: int, token: Token) -> int:
        if count < 1:
            raise self.wrong(f"{quoted(token.text)} repeats nothing: use a number of at least 1", token)
        self._check_size(count, token)
        self._place += tokens
        return count

    def _is(self, kind: str) -> bool:
        token = self.peek()
        return token is not None and token.kind == kind

    def _layers(self) -> list[Typed | Repeated]:
        """A layer's name and what follows it; an activation among its settings is a layer of its own."""
        run: list[Token] = []
        while (token := self.peek()) is not None and token.kind in ("word", "equals", "other"):
            run.append(token)
            self._place += 1
        if not run:
            raise self.wrong("a layer's name is missing here: type one, such as conv or dense")
        if run[0].kind != "word":
            raise self.wrong(f"{quoted(run[0].text)} cannot begin a layer: type its name first", run[0])
        if self._is("open") and len(run) <= NAME_WORDS and all(t.kind == "word" for t in run):
            run += self._arguments()
        if run[0].text.lower() == MLP:
            return [*mlp(run[0], run[1:])]
        ids, rest = named(run)
        return [*configured(ids, run[0], rest)]

    def _arguments(self) -> list[Token]:
        """Settings in brackets behind a name, as Python writes them: Conv2d(64, kernel_size=3)."""
        opened = self.peek()
        self._place += 1
        inside: list[Token] = []
        while (token := self.peek()) is not None and token.kind not in ("close", "open"):
            if token.kind != "separator":
                inside.append(token)
            self._place += 1
        if not self._is("close"):
            raise self.wrong("a bracket is opened and not closed: put ) behind the last setting", opened)
        self._place += 1
        return inside


# ---------------------------------------------------------------- adding


def add_text(
    graph: Graph, text: str, after: str | None = None, fields: Sequence[Field] | None = None
) -> tuple[Graph, tuple[str, ...]]:
    """The graph with the layers that a text stands for, wired one after the other, and their ids.

    The first is wired to the output of the node `after`, if one is named. `fields` are the inputs of the data: with
    them the shape at that place is known, and a conv on a signal is a Conv1d. ShorthandError if it cannot be.
    """
    return planted(graph, parse(text), after, infer(graph, fields) if after in graph.nodes else NOTHING)
