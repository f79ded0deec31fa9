"""The drawn network as a Keras model: the text of a function that makes it, and one that takes learned numbers over."""

import keyword
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.layer import Port
from nnlab.core.objective import Objective
from nnlab.core.shapes import bindings
from nnlab.engine.exports.keras_code import KerasCode, NoEqual
from nnlab.engine.exports.keras_table import keras_code
from nnlab.errors import BuildError

LINE_LIMIT = 108
TAKEN = frozenset({"x", "inputs", "keras", "layers", "ops", "np", "state", "model"})
TYPES = {"i": "int64", "m": "bool"}
NO_FORM = {"e": "a list of edges has no form there"}


@dataclass(frozen=True)
class KerasModel:
    """The parts of the script that make the model."""

    inputs: tuple[str, ...]
    """The names of the inputs of the data that it takes, in its order."""
    support: str
    """Functions that the others call; empty if there are none."""
    network: str
    """The function that makes it."""
    takes_over: str
    """The function that gives it the numbers that PyTorch has learned; empty if there are none."""


def model(document: Document, objective: Objective) -> KerasModel:
    """The network in Keras; BuildError names every layer that has no equal there."""
    return _Writer(document, objective).model()


class _Writer:
    """One statement for each node, in the graph's order."""

    def __init__(self, document: Document, objective: Objective) -> None:
        from nnlab.engine.compile import attribute_names

        self.document, self.graph, self.objective = document, document.graph, objective
        ends = objective.outputs
        needed = frozenset(ends).union(*(self.graph.upstream(n) for n in ends))
        self.order = [n for n in self.graph.in_order if n in needed]
        self.names = attribute_names(self.graph)
        assert document.spec is not None
        self.fields = document.spec.fields
        self.entries = {n: k for n, k in bindings(self.graph, self.fields).items() if n in needed}
        self.code = self._equals()
        self.ports = {n: [p.name for p in _ports(self.graph, n)] for n in self.order}
        self.variables: dict[tuple[str, str], str] = {}
        self.reads = Counter(self._origin(n, port) for step in self.steps for n, port in self._sources(step) if n)
        self.reads.update(self._origin(n, "") for n in ends)

    def model(self) -> KerasModel:
        lines = ["def network():", '    """The network as it was drawn."""']
        used = sorted(set(self.entries.values()))
        for k in used:
            field, name = self.fields[k], self._input_name(k, len(used) == 1)
            self.variables["", str(k)] = name
            kind = f', dtype="{TYPES[field.kind]}"' if field.kind in TYPES else ""
            lines.append(f'    {name} = keras.Input({field.shape}, name="{plain(field.name)}"{kind})')
        for k, node_id in enumerate(self.steps):
            following = self.steps[k + 1] if k + 1 < len(self.steps) else ""
            lines += [f"    {line}" for line in self._statement(node_id, following)]
        given = [self.variables["", str(k)] for k in used]
        answers = [self.variables[self._origin(n, "")] for n in self.objective.outputs]
        lines.append(f"    return keras.Model({one_or_list(given)}, {one_or_list(answers)})")
        support = {each.name: each.text.strip("\n") + "\n" for n in self.order for each in self.code[n].support}
        names = tuple(self.fields[k].name for k in used)
        return KerasModel(names, "\n\n".join(support.values()), "\n".join(lines) + "\n", self._takes_over())

    def _input_name(self, at: int, alone: bool) -> str:
        name = "inputs" if alone else plain(self.fields[at].name)
        return f"{name}_given" if name in TAKEN - {"inputs"} or name in self.names.values() else name

    @property
    def steps(self) -> list[str]:
        return [n for n in self.order if self.code[n].forward != "{0}"]

    def _equals(self) -> dict[str, KerasCode]:
        found: dict[str, KerasCode] = {}
        missing: dict[str, str] = {}
        for n in self.order:
            node = self.graph.nodes[n]
            try:
                found[n] = keras_code(node.type_id, node.layer, self.document.shapes[n].inputs)
                self._check_ports(n, found[n])
            except NoEqual as lack:
                missing[n] = str(lack)
        for n, k in self.entries.items():
            if self.fields[k].kind in NO_FORM:
                missing[n] = NO_FORM[self.fields[k].kind]
        if missing:
            shown = [f"{self.graph.nodes[n].title}{f' ({why})' if why else ''}" for n, why in missing.items()]
            raise BuildError(
                f"Keras has no equal for {', '.join(dict.fromkeys(shown))}: export Python code or ONNX instead",
                next(iter(missing)),
            )
        return found

    def _check_ports(self, node_id: str, code: KerasCode) -> None:
        ports = [p.name for p in _ports(self.graph, node_id)]
        used = {link.source_port for link in self.graph.outgoing[node_id]}
        beyond = [p for p in ports[len(code.results) :] if p in used]
        if beyond:
            raise NoEqual(f"what leaves at {beyond[0]} has another form there")

    def _sources(self, node_id: str) -> list[tuple[str, str]]:
        """Node and port behind each input port, in the order of the ports; an optional one without a wire is empty."""
        links, layer = self.graph.incoming[node_id], self.graph.nodes[node_id].layer
        if layer.variadic or not layer.inputs:
            return [(k.source, k.source_port) for k in links]
        wired = {k.target_port: (k.source, k.source_port) for k in links}
        return [wired.get(port.name, ("", "")) for port in layer.inputs]

    def _origin(self, node_id: str, port: str) -> tuple[str, str]:
        """Where a value was made: layers that pass it on unchanged are left out of the text."""
        if node_id in self.entries:
            return "", str(self.entries[node_id])
        if self.code[node_id].forward == "{0}":
            return self._origin(*self._sources(node_id)[0])
        return node_id, port

    def _statement(self, node_id: str, following: str) -> list[str]:
        """The layer applied; its value goes by x where the next statement alone reads it, else by the node's name."""
        code, name = self.code[node_id], self.names[node_id]
        inputs = [self.variables[self._origin(*source)] if source[0] else "None" for source in self._sources(node_id)]
        read = [port for port in self.ports[node_id] if self.reads[node_id, port]] or [self.ports[node_id][0]]
        alone = len(read) == 1
        at = self.ports[node_id].index(read[0])
        forward = code.shorter.get(at, code.forward) if alone else code.forward
        result = "{r}" if alone and at in code.shorter else code.results[at]
        text = forward.format(*inputs, name=name)
        if alone and result == "{r}":
            variable = self._variable(node_id, read[0], following)
            self.variables[node_id, read[0]] = variable
            return _folded(variable, text)
        variable = f"{name}_" if name in TAKEN else name
        for port in read:
            self.variables[node_id, port] = code.results[self.ports[node_id].index(port)].format(r=variable)
        return _folded(variable, text)

    def _variable(self, node_id: str, port: str, following: str) -> str:
        if following:
            inputs = [self._origin(*source) for source in self._sources(following) if source[0]]
            passing = inputs.count((node_id, port)) == self.reads[node_id, port]
        else:
            passing = self.reads[node_id, port] == 1
        own = self.names[node_id]
        return "x" if passing else f"{own}_" if own in TAKEN else own

    def _takes_over(self) -> str:
        lines = []
        for n in self.order:
            for name, numbers in self.code[n].numbers:
                place = name.format(name=self.names[n])
                values = numbers.format(s=self.names[n])
                lines += _folded("", f'model.get_layer("{place}").set_weights([{values}])')
        if not lines:
            return ""
        head = [
            "def take_over(model, state):",
            '    """Give the model what PyTorch has learned: state = safetensors.numpy.load_file("weights.safetensors")."""',
        ]
        return "\n".join([*head, *(f"    {line}" for line in lines)]) + "\n"


def _ports(graph: Graph, node_id: str) -> tuple[Port, ...]:
    return graph.output_ports(node_id) or (Port(""),)


def plain(text: str) -> str:
    """The name of an input of the data as a name in Python."""
    made = "".join(c if c.isascii() and c.isalnum() else "_" for c in text.lower()).strip("_")
    return made if made[:1].isalpha() and not keyword.iskeyword(made) else f"x_{made}".rstrip("_")


def one_or_list(names: Sequence[str]) -> str:
    """One name alone, or several in brackets."""
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _folded(variable: str, text: str) -> list[str]:
    """A statement on one line, or within brackets on several if it would be too long to read."""
    whole = f"{variable} = {text}" if variable else text
    if len(whole) <= LINE_LIMIT:
        return [whole]
    if variable:
        opening, inner = f"{variable} = (", text
    else:
        at = text.index("set_weights(") + len("set_weights(")
        opening, inner = text[:at], text[at:-1]
    middle = textwrap.wrap(inner, LINE_LIMIT - 4, break_long_words=False, break_on_hyphens=False)
    return [opening, *(f"    {line}" for line in middle), ")"]
