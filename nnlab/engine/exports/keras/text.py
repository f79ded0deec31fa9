"""Python text for Keras: names, long lines, and the constructors within an expression."""

import ast
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

LINE_LIMIT = 100
INDENT = "    "
OPENING, CLOSING = "([{", ")]}"
NAME_OPTION = re.compile(r'(?:, )?name="([^"]*)"')
_LAYER_WORDS = """
add_loss add_metric add_variable add_weight build build_from_config built call compute_dtype compute_mask
compute_output_shape compute_output_spec count_params dtype dtype_policy freeze from_config get_build_config get_config
get_weights input input_dtype input_spec load_own_variables losses metrics metrics_variables name non_trainable_variables
non_trainable_weights output path quantization_mode quantize quantized_build quantized_call rematerialized_call
save_own_variables set_weights stateless_call supports_masking supports_jit symbolic_call take_over torch_params trainable
trainable_variables trainable_weights variable_dtype variables weights
"""
LAYER_WORDS = frozenset(_LAYER_WORDS.split())
"""What keras.Layer itself has, so that an attribute of that name would break it; a test compares it with Keras."""


def plain(text: str) -> str:
    """The name of an input of the data as a name in Python."""
    made = "".join(c if c.isascii() and c.isalnum() else "_" for c in text.lower()).strip("_")
    return made if made[:1].isalpha() and not keyword.iskeyword(made) else f"x_{made}".rstrip("_")


def one_or_list(names: Sequence[str]) -> str:
    """One name alone, or several in brackets."""
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def unlike(name: str, taken: "set[str] | frozenset[str]", ending: str = "_layer") -> str:
    """The name, or one made of it that is not taken."""
    found, n = name, 1
    while found in taken:
        n += 1
        found = f"{name}{ending}" if n == 2 else f"{name}{ending}_{n - 1}"
    return found


# ------------------------------------------------------------------- long lines


def folded(statement: str, limit: int = LINE_LIMIT) -> list[str]:
    """A statement on one line, or on several if it would be too long to read."""
    if len(statement) <= limit:
        return [statement]
    pair = max(_pairs(statement), key=lambda at: at[1] - at[0], default=None)
    if pair is None or pair[1] - pair[0] < len(statement) // 3:
        return _in_brackets(statement, limit)
    start, end = pair
    head, inner, tail = statement[: start + 1], statement[start + 1 : end], statement[end:]
    if len(head) > limit or len(tail) > limit:
        return _in_brackets(statement, limit)
    if len(inner) + len(INDENT) <= limit:
        return [head, INDENT + inner, tail]
    parts = _parts(inner)
    lines = [line for part in parts for line in folded(f"{part}," if len(parts) > 1 else part, limit - len(INDENT))]
    return [head, *(INDENT + line for line in lines), tail]


def _in_brackets(statement: str, limit: int) -> list[str]:
    """A sum or another long expression within brackets of its own."""
    variable, equals, text = statement.partition(" = ")
    if not equals or "(" in variable or text.startswith("("):
        return [statement]
    lines, rest = [], text
    while len(rest) > limit - len(INDENT):
        at = max((k for k in _breaks(rest) if k <= limit - len(INDENT)), default=0)
        if not at:
            break
        lines.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [f"{variable} = (", *(INDENT + line for line in (*lines, rest)), ")"]


def _depths(text: str) -> Iterator[tuple[int, str, int]]:
    """Place, character and how deep it lies within brackets, for all that is not within quotes."""
    depth, quote = 0, ""
    for k, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
            continue
        if c in "\"'":
            quote = c
            continue
        depth -= c in CLOSING
        yield k, c, depth
        depth += c in OPENING


def is_sum(text: str) -> bool:
    """Whether an expression has an operator outside of brackets."""
    return any(c == " " and depth == 0 for _, c, depth in _depths(text))


def _pairs(text: str) -> list[tuple[int, int]]:
    """The outermost pairs of brackets."""
    starts = [k for k, c, depth in _depths(text) if c in OPENING and depth == 0]
    ends = [k for k, c, depth in _depths(text) if c in CLOSING and depth == 0]
    return list(zip(starts, ends, strict=True))


def _breaks(text: str) -> list[int]:
    """Where a line may end before an operator."""
    return [
        k + 1
        for k, c, depth in _depths(text)
        if c == " " and depth == 0 and text[k + 1 : k + 3] in ("+ ", "- ", "* ", "/ ")
    ]


def _parts(inner: str) -> list[str]:
    """What stands between the outermost commas."""
    places = [-1, *(k for k, c, depth in _depths(inner) if c == "," and depth == 0), len(inner)]
    return [part for a, b in pairwise(places) if (part := inner[a + 1 : b].strip())]


# ------------------------------------------------------------------- constructors


@dataclass(frozen=True)
class Constructor:
    """A layer that is made within an expression and applied there."""

    start: int
    end: int
    text: str
    """Without its name."""
    name: str
    """What it is called in a model, or empty."""

    @property
    def kind(self) -> str:
        """The name of its class."""
        return self.text.partition("(")[0].removeprefix("layers.")


def constructors(text: str, classes: frozenset[str]) -> list[Constructor]:
    """The layers that this expression makes: those of `layers`, and of the classes named."""
    found = []
    for node in ast.walk(ast.parse(text, mode="eval")):
        made = node.func if isinstance(node, ast.Call) else None
        if isinstance(made, ast.Call) and _makes_layer(made.func, classes):
            start, end = made.col_offset, made.end_col_offset or 0
            found.append(_constructor(text.encode()[start:end].decode(), start, end))
    return sorted(found, key=lambda each: each.start)


def _makes_layer(made: ast.expr, classes: frozenset[str]) -> bool:
    if isinstance(made, ast.Name):
        return made.id in classes
    return isinstance(made, ast.Attribute) and isinstance(made.value, ast.Name) and made.value.id == "layers"


def _constructor(text: str, start: int, end: int) -> Constructor:
    named = list(NAME_OPTION.finditer(text))
    if not named:
        return Constructor(start, end, text, "")
    last = named[-1]
    rest = (text[: last.start()] + text[last.end() :]).replace("(, ", "(")
    return Constructor(start, end, rest, last[1])


def replaced(text: str, made: Sequence[Constructor], by: Sequence[str]) -> str:
    """The expression with each of these constructors, which lie apart, replaced by another text."""
    raw, at, found = text.encode(), 0, []
    for each, new in zip(made, by, strict=True):
        found += [raw[at : each.start].decode(), new]
        at = each.end
    return "".join([*found, raw[at:].decode()])


def numbers_in(text: str) -> list[tuple[int, int, str, int | float]]:
    """The numbers of an expression: where each begins and ends, what it is for, and its value."""
    found: list[tuple[int, int, str, int | float]] = []
    _collect(ast.parse(text, mode="eval").body, "size", found)
    return sorted(found)


FIRST = {
    "Conv": "filters",
    "Dense": "units",
    "Embedding": "size",
    "Dropout": "rate",
    "LSTM": "units",
    "GRU": "units",
    "range": "repeats",
}


def _collect(node: ast.AST, role: str, found: list[tuple[int, int, str, int | float]]) -> None:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            found.append((node.col_offset, node.end_col_offset or 0, role, node.value))
        return
    if not isinstance(node, ast.Call):
        for child in ast.iter_child_nodes(node):
            _collect(child, role, found)
        return
    kind = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    for k, argument in enumerate(node.args):
        first = next((word for start, word in FIRST.items() if kind.startswith(start)), role)
        second = "kernel_size" if kind.startswith("Conv") else role
        _collect(argument, first if k == 0 else second, found)
    for option in node.keywords:
        _collect(option.value, option.arg or role, found)
