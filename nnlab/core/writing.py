"""Straight-line torch code for a piece of network: names, statements, classes. It only writes; the engine runs it."""

import builtins
import keyword
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from nnlab.core.graph import Graph
from nnlab.core.layer import Call, Shape, Support, TorchCode

NAME_LIMIT = 40  # characters of a node's name that go into an attribute
LINE_LIMIT = 100  # characters of a statement, before its indentation
_MODULE_WORDS = """
add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
"""
MODULE_WORDS = frozenset(_MODULE_WORDS.split())
"""What nn.Module itself has, so that an attribute of that name would break it; a test compares it with torch."""

RESERVED = MODULE_WORDS | {
    *keyword.kwlist, "x", "self", "torch", "nn", "f", "math", "trace", "values", "attributes", "source", "block", "blocks",
}  # fmt: skip
"""Names an attribute may not take: they mean something to Python, to nn.Module or to the code around them."""

CLASS_WORDS = frozenset({"Network", "None", "True", "False", "Tensor", "List", "F", *dir(builtins)})

Value = tuple[str, int]
"""A node and the number of its output port."""


@dataclass(frozen=True)
class Step:
    """What the writer needs to know of one node."""

    code: TorchCode
    sources: tuple[Value | None, ...]
    """Where each of its inputs comes from; None where an optional one has no wire."""
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]

    @property
    def passes(self) -> bool:
        """Its one output is its first input, unchanged."""
        return self.code.forward == "{0}" and self.code.results == ("{r}",) and bool(self.sources)


# ------------------------------------------------------------------- names


def slug(name: str) -> str:
    """A name as a Python name: "Hidden layer 1" -> "hidden_layer_1"; empty if nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name[:1000]).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:NAME_LIMIT].strip("_")
    return f"layer_{found}" if found[:1].isdigit() else found


def class_name(title: str) -> str:
    """A title as a class name: "Residual block" -> "ResidualBlock"."""
    plain = unicodedata.normalize("NFKD", title[:1000]).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", plain)
    found = "".join(word[0].upper() + word[1:] for word in words)[:NAME_LIMIT]
    found = f"Block{found}" if not found or found[0].isdigit() else found
    return f"{found}Block" if found in CLASS_WORDS else found


def attribute_names(graph: Graph) -> dict[str, str]:
    """A name for every node in code: what the user calls it, where that can be a name and is the only one; else its id."""
    wanted = {node_id: slug(node.name) for node_id, node in graph.nodes.items()}
    seen = Counter(wanted.values())
    found: dict[str, str] = {}
    for node_id, name in wanted.items():
        mine = name if name and seen[name] == 1 and (name == node_id or name not in graph.nodes) else node_id
        found[node_id] = mine
    taken = set(found.values())
    for node_id, name in found.items():
        if name in RESERVED:
            found[node_id] = next(n for n in _variants(name) if n not in taken)
            taken.add(found[node_id])
    return found


def _variants(name: str) -> Iterator[str]:
    yield f"{name}_layer"
    for n in count(2):
        yield f"{name}_layer_{n}"


# ------------------------------------------------------------------- supports


def settled(codes: Mapping[str, TorchCode]) -> tuple[tuple[Support, ...], dict[str, TorchCode]]:
    """Every definition that these nodes need, once; of two that share a name and differ, the later gets a number."""
    texts: dict[str, str] = {}
    found: dict[str, TorchCode] = {}
    for node_id, code in codes.items():
        names: dict[str, str] = {}
        for support in code.support:
            base = _renamed(support.text, names)
            for name in (support.name, *(f"{support.name}{n}" for n in range(2, 10_000))):
                text = _renamed(base, {support.name: name})
                if texts.setdefault(name, text) == text:
                    names |= {support.name: name} if name != support.name else {}
                    break
        found[node_id] = _with_names(code, names) if names else code
    return tuple(Support(name, text) for name, text in texts.items()), found


def _with_names(code: TorchCode, names: Mapping[str, str]) -> TorchCode:
    module = replace(code.module, target=_renamed(code.module.target, names)) if code.module else None
    return replace(code, forward=_renamed(code.forward, names), module=module)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    changed = {old: new for old, new in names.items() if old != new}
    if not changed:
        return text
    pattern = r"\b(" + "|".join(re.escape(old) for old in changed) + r")\b"
    return re.sub(pattern, lambda hit: changed[hit[1]], text)


@dataclass(frozen=True)
class Repeated(Call):
    """The same constructor several times in a row: nn.Sequential(*(Residual() for _ in range(3)))."""

    times: int = 1

    def source(self) -> str:
        """The call as Python text."""
        return f"nn.Sequential(*({super().source()} for _ in range({self.times})))"


# ------------------------------------------------------------------- statements


def class_text(name: str, made: Mapping[str, str], arguments: Sequence[str], note: str, body: Sequence[str]) -> str:
    """A class as a good engineer would write it: constructors in order, then straight-line forward."""
    lines = [f"class {name}(nn.Module):"]
    if made:
        lines += ["    def __init__(self):", "        super().__init__()"]
        lines += [f"        self.{attribute} = {source}" for attribute, source in made.items()]
        lines.append("")
    lines.append(f"    def forward({', '.join(['self', *arguments])}):{note}")
    lines += [f"        {line}" for line in body]
    return "\n".join(lines) + "\n"


class Body:
    """The statements of one forward: `x` runs through a chain, and a value that is read again has a name of its own."""

    def __init__(
        self, steps: Mapping[str, Step], names: Mapping[str, str], entries: Mapping[str, str], returns: Sequence[Value]
    ) -> None:
        """`steps` in their order; `entries` are the nodes whose value is an argument, with the argument's name."""
        self._steps = steps
        self._names = names
        self._origin: dict[Value, Value] = {}
        for node_id, step in steps.items():
            for k in range(len(step.code.results)):
                source = step.sources[0] if step.passes and node_id not in entries else None
                self._origin[node_id, k] = self._origin[source] if source else (node_id, k)
        self._returns = [self._origin[value] for value in returns]
        self._left = Counter(self._returns)
        self._order = [n for n in steps if n not in entries and self._origin[n, 0] == (n, 0)]
        for node_id in self._order:
            self._left.update(self._inputs(node_id))
        self._variable: dict[Value, str] = {(node_id, 0): name for node_id, name in entries.items()}
        self._taken = {*names.values(), *entries.values(), *RESERVED}
        self._in_x: Value | None = next((v for v, name in self._variable.items() if name == "x"), None)

    def lines(self) -> list[str]:
        """The statements, the last of which returns."""
        found: list[str] = []
        for node_id in self._order:
            found += self._statements(node_id)
        returned = ", ".join(self._variable[value] for value in self._returns)
        return [*found, f"return {returned}"]

    def _inputs(self, node_id: str) -> list[Value]:
        return [self._origin[source] for source in self._steps[node_id].sources if source is not None]

    def _statements(self, node_id: str) -> list[str]:
        step, code = self._steps[node_id], self._steps[node_id].code
        inputs = [None if s is None else self._variable[self._origin[s]] for s in step.sources]
        call = code.forward.format(*[text or "None" for text in inputs], self=f"self.{self._names[node_id]}")
        wanted = [k for k in range(len(code.results)) if self._left[node_id, k] > 0]
        self._left.subtract(self._inputs(node_id))
        if len(wanted) == 1 and code.results[wanted[0]].count("{r}") == 1:
            k = wanted[0]
            applied = code.results[k].format(r=call if code.results[k] == "{r}" or _is_call(call) else f"({call})")
            return _folded(f"{self._keep(node_id, k)} = {applied}", self._note(step, k))
        whole = self._fresh(f"{self._names[node_id]}_results")
        found = _folded(f"{whole} = {call}", "")
        for k in wanted:
            name = self._variable[node_id, k] = self._fresh(f"{self._names[node_id]}_{k + 1}")
            found += _folded(f"{name} = {code.results[k].format(r=whole)}", self._note(step, k))
        return found

    def _fresh(self, name: str) -> str:
        """A name that nothing else has here."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def _keep(self, node_id: str, k: int) -> str:
        """The variable that this value goes into."""
        value = (node_id, k)
        free = self._in_x is None or self._left[self._in_x] <= 0
        self._variable[value] = "x" if free and self._left[value] == 1 else self._names[node_id]
        self._in_x = value if self._variable[value] == "x" else self._in_x
        return self._variable[value]

    def _note(self, step: Step, k: int) -> str:
        """A comment with the shape, where it is not that of the input."""
        shape = step.output_shapes[k]
        return "" if step.input_shapes and shape == step.input_shapes[0] else f"  # {batch_shape(shape)}"


def _is_call(text: str) -> bool:
    """Whether something may be put behind it without brackets: a name, or calls one after the other."""
    return re.fullmatch(r"[\w.]+(\([^()]*\))?", text) is not None


def _folded(statement: str, note: str) -> list[str]:
    """The statement on one line, or on several within brackets if it would be too long to read."""
    if len(statement) + len(note) <= LINE_LIMIT:
        return [statement + note]
    name, expression = statement.split(" = ", 1)
    head, inner = expression[:-1].split("(", 1) if expression.endswith(")") else ("", expression)
    if head and not _closes_last(expression):
        head, inner = "", expression
    middle = textwrap.wrap(inner, LINE_LIMIT, break_long_words=False, break_on_hyphens=False)
    return [f"{name} = {head}({note}", *(f"    {line}" for line in middle), ")"]


def _closes_last(expression: str) -> bool:
    """Whether the first bracket closes at the very end."""
    depth = 0
    for at, character in enumerate(expression):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == ")" and depth == 0:
            return at == len(expression) - 1
    return False


def batch_shape(shape: Shape) -> str:
    """A shape as a comment has it: (N, 16, 8, 8)."""
    return f"({', '.join(['N', *map(str, shape)])})"
