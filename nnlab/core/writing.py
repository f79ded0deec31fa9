"""Straight-line torch code for a piece of network: names, statements, classes. It only writes; the engine runs it."""

import builtins
import keyword
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from nnlab.core.graph import Graph
from nnlab.core.layer import Call, Shape, Support, TorchCode
from nnlab.core.learning import Made
from nnlab.core.shapes import NodeShapes

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
    *keyword.kwlist, "x", "self", "torch", "nn", "f", "math", "trace", "values", "attributes", "source",
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
    shapes: tuple[Shape, ...]
    """Of what leaves it."""
    ports: tuple[str, ...] = ("out",)
    """The names of its outputs."""
    attribute: str = ""
    """That of its module, if it is a module."""

    @property
    def passes(self) -> bool:
        """It hands on its one input, unchanged."""
        return self.code.forward == "{0}" and bool(self.sources) and self.code.results == ("{r}",)

    def applied(self, inputs: Sequence[str], batch: str) -> str:
        """The expression for these inputs; `batch` is a variable that has as many samples as there are."""
        return self.code.forward.format(*inputs, self=f"self.{self.attribute}", batch=f"{batch}.shape[0]")


def steps_of(
    graph: Graph,
    order: Sequence[str],
    codes: Mapping[str, TorchCode],
    shapes: Mapping[str, NodeShapes],
    attributes: Mapping[str, str],
) -> dict[str, Step]:
    """What the writer needs to know of these nodes."""
    return {
        n: Step(
            codes[n],
            _sources(graph, n),
            shapes[n].outputs,
            tuple(port.name for port in graph.output_ports(n)) or ("out",),
            attributes.get(n, ""),
        )
        for n in order
    }


def _sources(graph: Graph, node_id: str) -> tuple[Value | None, ...]:
    """What arrives at each input, in the order of the ports; None at an optional one without a wire."""
    layer, values = graph.nodes[node_id].layer, dict[str, Value]()
    for link in graph.incoming[node_id]:
        ports = [port.name for port in graph.output_ports(link.source)]
        values[link.target_port] = (link.source, ports.index(link.source_port))
    if layer.variadic or not layer.inputs:
        return tuple(values.values())
    return tuple(values.get(port.name) for port in layer.inputs)


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
            found[node_id] = next(n for n in variants(name) if n not in taken)
            taken.add(found[node_id])
    return found


def variants(name: str) -> Iterator[str]:
    """What a name becomes that is taken."""
    yield f"{name}_layer"
    for n in count(2):
        yield f"{name}_layer_{n}"


# ------------------------------------------------------------------- supports


def settled(codes: Mapping[str, TorchCode]) -> tuple[tuple[Support, ...], dict[str, TorchCode]]:
    """Every definition that these nodes need, once; of two that share a name and differ, the later gets a number."""
    texts: dict[str, str] = {}
    families: dict[str, str] = {}
    found: dict[str, TorchCode] = {}
    for node_id, code in codes.items():
        names: dict[str, str] = {}
        for support in code.support:
            base = _renamed(support.text, names)
            for name in (support.name, *(f"{support.name}{n}" for n in range(2, 10_000))):
                text = _renamed(base, {support.name: name})
                if texts.setdefault(name, text) == text:
                    names |= {support.name: name} if name != support.name else {}
                    families[name] = support.family
                    break
        found[node_id] = _with_names(code, names) if names else code
    return tuple(Support(name, text, families[name]) for name, text in texts.items()), found


def _with_names(code: TorchCode, names: Mapping[str, str]) -> TorchCode:
    module = replace(code.module, target=_renamed(code.module.target, names)) if code.module else None
    return replace(code, forward=_renamed(code.forward, names), module=module)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    changed = {old: new for old, new in names.items() if old != new}
    if not changed:
        return text
    pattern = (
        r"(?<![.\w])(" + "|".join(re.escape(old) for old in changed) + r")\b"
    )  # nn.Linear is no block called Linear
    return re.sub(pattern, lambda hit: changed[hit[1]], text)


@dataclass(frozen=True)
class Repeated(Call):
    """The same constructor several times in a row: nn.Sequential(*(Residual() for _ in range(3)))."""

    times: int = 1

    def source(self) -> str:
        """The call as Python text."""
        return f"nn.Sequential(*({super().source()} for _ in range({self.times})))"


# ------------------------------------------------------------------- statements


def class_text(name: str, made: Made, arguments: Sequence[str], note: str, body: Sequence[str]) -> str:
    """A class as a good engineer would write it: constructors in order, then straight-line forward."""
    lines = [f"class {name}(nn.Module):"]
    if made.constructors:
        lines += ["    def __init__(self):", "        super().__init__()"]
        for attribute, source in made.constructors.items():
            lines += [f"        {line}" for line in _folded(f"self.{attribute} = {source}", "")]
        lines += [f"        {statement}" for statement in made.starts]
        lines.append("")
    if made.still:
        lines += ["    def train(self, mode=True):", "        super().train(mode)"]
        lines += [f"        self.{attribute}.eval()  # frozen" for attribute in made.still]
        lines += ["        return self", ""]
    lines.append(f"    def forward({', '.join(['self', *arguments])}):{note}")
    lines += [f"        {line}" for line in body]
    return "\n".join(lines) + "\n"


def by_branches(steps: Mapping[str, Step], ends: Sequence[str]) -> list[str]:
    """These nodes, each after those that it reads from, and one branch whole before the next begins.

    So forward reads as one thinks of it, and whatever draws random numbers draws them in one order everywhere.
    """
    found: dict[str, None] = {}
    todo = [(node_id, False) for node_id in reversed((*ends, *steps))]
    while todo:
        node_id, is_ready = todo.pop()
        if node_id in found or node_id not in steps:
            continue
        if is_ready:
            found[node_id] = None
        else:
            todo.append((node_id, True))
            todo += [(value[0], False) for value in reversed(steps[node_id].sources) if value]
    return list(found)


class Body:
    """The statements of one forward: `x` runs through a chain, and what is read again has a name of its own.

    While `x` waits to be read again, `y` runs through the chain beside it; what waits has a name of its own.
    """

    def __init__(
        self, steps: Mapping[str, Step], names: Mapping[str, str], entries: Mapping[str, str], returns: Sequence[str]
    ) -> None:
        """`steps` in their order; `entries` are nodes whose value is an argument, with the argument's name."""
        self._steps, self._names = steps, names
        self._origin = self._origins(entries)
        self._order = [n for n in by_branches(steps, returns) if self._origin[n, 0] == (n, 0)]
        self._returns = [self._origin[n, 0] for n in returns]
        self._reads = Counter[Value | str](self._returns)
        for n in self._order:
            self._reads.update(self._origin[value] for value in steps[n].sources if value)
        self._left = self._reads.copy()
        self._variable: dict[Value | str, str] = {name: name for name in entries.values()}
        self._batch = next(iter(entries.values()), "x")
        self._taken = {*names.values(), *entries.values()}
        self._in_x: Value | str | None = "x" if "x" in self._variable else None
        self._in_y: Value | str | None = None
        self._has_y = "y" not in {*entries.values(), *(names[n] for n in self._order)}
        self._next = self._read_next()

    def lines(self) -> list[str]:
        """All of them, the last of which returns."""
        found: list[str] = []
        for n in self._order:
            inputs = [self._origin[value] if value else None for value in self._steps[n].sources]
            texts = ["None" if value is None else self._variable[value] for value in inputs]
            self._left.subtract(value for value in inputs if value is not None)
            found += self._statements(n, self._steps[n].applied(texts, self._batch))
        return [*found, f"return {', '.join(self._variable[value] for value in self._returns)}"]

    def _read_next(self) -> frozenset[Value | str]:
        """Values that the very next statement reads, and no other."""
        found = set[Value | str]()
        reads = [[self._origin[value] for value in self._steps[n].sources if value] for n in self._order]
        for n, read in zip(self._order, [*reads[1:], self._returns], strict=False):
            found |= {value for value in read if value[0] == n and self._reads[value] == read.count(value)}
        return frozenset(found)

    def _origins(self, entries: Mapping[str, str]) -> dict[Value, Value | str]:
        """Each value -> the value that it is, where nodes pass it on unchanged (Output), or the argument (Input)."""
        found: dict[Value, Value | str] = {}
        for n, step in self._steps.items():
            for at in range(len(step.code.results)):
                found[n, at] = (n, at)
            if n in entries:
                found[n, 0] = entries[n]
            elif step.passes and step.sources[0] is not None:
                found[n, 0] = found[step.sources[0]]
        return found

    def _statements(self, node_id: str, applied: str) -> list[str]:
        results = self._steps[node_id].code.results
        used = [at for at in range(len(results)) if self._reads[node_id, at]]
        if len(used) == 1:
            value = (node_id, used[0])
            name = self._name(value)
            if results[used[0]].count("{r}") == 1:
                applied = results[used[0]].format(r=applied)
                return _folded(f"{name} = {applied}", self._note(value))
        if results == tuple(f"{{r}}[{k}]" for k in range(len(results))):
            names = [self._part(node_id, at, bare=True) if at in used else "_" for at in range(len(results))]
            return _folded(f"{', '.join(names)} = {applied}", "")
        whole = self._free(self._names[node_id])
        found = _folded(f"{whole} = {applied}", "")
        for at in used:
            name = self._variable.get((node_id, at)) or self._part(node_id, at)
            found += _folded(f"{name} = {results[at].format(r=whole)}", self._note((node_id, at)))
        return found

    def _name(self, value: Value) -> str:
        """x or y, whichever is free, for what the next statement reads and no other; all others have their own."""
        name = self._names[value[0]]
        if value in self._next and self._is_free(self._in_x):
            name, self._in_x = "x", value
        elif value in self._next and self._has_y and self._is_free(self._in_y):
            name, self._in_y = "y", value
        self._variable[value] = name
        return name

    def _is_free(self, holds: Value | str | None) -> bool:
        """Whether what a variable holds is not read any more."""
        return holds is None or self._left[holds] <= 0

    def _part(self, node_id: str, at: int, bare: bool = False) -> str:
        """A name for one of several outputs; bare, the first needs none of its own beside the node's, which is free."""
        port = self._steps[node_id].ports[at]
        name = self._free(
            self._names[node_id] if bare and port == "out" else f"{self._names[node_id]}_{slug(port) or f'out{at}'}"
        )
        self._variable[node_id, at] = name
        return name

    def _free(self, name: str) -> str:
        """A name that nothing else has."""
        taken = self._taken - {name} if name in self._names.values() else self._taken
        found = next(n for n in chain([name], variants(name)) if n not in taken)
        self._taken.add(found)
        return found

    def _note(self, value: Value) -> str:
        """A comment with the shape, where it is not that of the input."""
        node_id, at = value
        shape = self._steps[node_id].shapes[at]
        before = next((each for each in self._steps[node_id].sources if each), None)
        if before and shape == self._steps[before[0]].shapes[before[1]]:
            return ""
        return f"  # {batch_shape(shape)}"


def _folded(statement: str, note: str) -> list[str]:
    """The statement on one line, or on several within brackets if it would be too long to read."""
    if len(statement) + len(note) <= LINE_LIMIT:
        return [statement + note]
    name, expression = statement.split(" = ", 1)
    head, inner = expression[:-1].split("(", 1) if expression.endswith(")") else ("", expression)
    if not _closes_last(expression):
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
