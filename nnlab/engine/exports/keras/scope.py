"""Statements for one graph in Keras: in the function that makes the model, or in the methods of a block's class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nnlab.core.graph import Graph
from nnlab.core.layer import Port
from nnlab.core.learning import owner
from nnlab.core.writing import slug
from nnlab.engine.exports.keras.code import BlockCode, KerasCode
from nnlab.engine.exports.keras.text import (
    LAYER_WORDS,
    Constructor,
    constructors,
    folded,
    is_sum,
    replaced,
    unlike,
)

Value = tuple[str, str]
"""A node and its output port; of what is given, an empty text and the variable."""

TAKEN = frozenset(
    {"x", "inputs", "keras", "layers", "ops", "np", "state", "model", "self", "block", "part", "k", "name"}
)


@dataclass(frozen=True)
class Plan:
    """A graph, what its nodes are in Keras, and where values come in and leave."""

    graph: Graph
    codes: Mapping[str, KerasCode]
    """Of the nodes to write, in their order, without those that only stand for what is given."""
    given: Mapping[str, str]
    """Node -> the variable that holds what it stands for."""
    exits: Sequence[str]
    names: Mapping[str, str]
    """What a node is called in PyTorch."""
    called: Mapping[str, str] = field(default_factory=dict)
    """What it is called in Keras, where that must be another name."""

    def name(self, node_id: str) -> str:
        """What a node is called in Keras."""
        return self.called.get(node_id, self.names[node_id])

    def owner(self, node_id: str) -> str:
        """The node whose weights this one uses."""
        found = owner(self.graph, node_id)
        return found if found in self.codes else node_id


class Scope:
    """One statement for each node, in the graph's order."""

    def __init__(self, plan: Plan, inside: bool) -> None:
        """`inside` a class, layers are made once, as its attributes; else where they are applied."""
        self.plan, self.inside = plan, inside
        self.graph, self.codes, self.names = plan.graph, plan.codes, plan.names
        support = {each.name for code in self.codes.values() for each in code.support}
        self.taken = TAKEN | support
        self.classes = _classes(self.codes)
        self.variables: dict[Value, str] = {("", name): name for name in plan.given.values()}
        self.ports = {n: [p.name for p in _ports(self.graph, n)] for n in self.codes}
        self.steps = self._live()
        self.reads = Counter(
            self._origin(*source) for step in self.steps for source in self._sources(step) if source[0]
        )
        self.reads.update(self._origin(n, "") for n in plan.exits)
        users = Counter(plan.owner(n) for n in self.steps)
        self.groups = {n for n, count in users.items() if count > 1}
        self.made: dict[str, str] = {}
        """Attribute or variable -> how the layer that it holds is made."""
        self.places: dict[tuple[str, str], str] = {}
        """Node and name in a model -> the attribute or variable that holds the layer."""
        self.batch = next(iter(plan.given.values()), "inputs")

    # ---------------------------------------------------------------- forward

    def lines(self) -> list[str]:
        """All statements without the one that returns."""
        found = []
        for k, node_id in enumerate(self.steps):
            following = self.steps[k + 1] if k + 1 < len(self.steps) else ""
            found += self._statement(node_id, following)
        return found

    def answers(self) -> list[str]:
        """The variables that leave."""
        return [self.variables[self._origin(n, "")] for n in self.plan.exits]

    def _live(self) -> list[str]:
        """The nodes to write: without those that only pass on, and without those of which only the size is wanted."""
        wanted, found = {self._origin(n, "")[0] for n in self.plan.exits}, []
        for n in reversed([n for n in self.codes if not self.codes[n].passes]):
            if n in wanted:
                found.append(n)
                wanted |= {self._origin(*source)[0] for source in self._sources(n) if source[0]}
        return found[::-1]

    def _sources(self, node_id: str) -> list[tuple[str, str]]:
        """Node and port behind each input port that is read, in their order; an optional one without a wire is empty."""
        every, forward = self._wires(node_id), self.codes[node_id].forward
        return [source if f"{{{k}}}" in forward else ("", "") for k, source in enumerate(every)]

    def _wires(self, node_id: str) -> list[tuple[str, str]]:
        """Node and port behind each input port."""
        links, layer = self.graph.incoming[node_id], self.graph.nodes[node_id].layer
        if layer.variadic or not layer.inputs:
            return [(k.source, k.source_port) for k in links]
        wired = {k.target_port: (k.source, k.source_port) for k in links}
        return [wired.get(port.name, ("", "")) for port in layer.inputs]

    def _origin(self, node_id: str, port: str) -> Value:
        """Where a value was made: layers that pass it on unchanged are left out of the text."""
        if node_id in self.plan.given:
            return "", self.plan.given[node_id]
        if self.codes[node_id].passes:
            return self._origin(*self._sources(node_id)[0])
        return node_id, port or self.ports[node_id][0]

    def _statement(self, node_id: str, following: str) -> list[str]:
        """The layer applied; its value goes by x where the next statement alone reads it, else by the node's name."""
        code = self.codes[node_id]
        inputs = [self.variables[self._origin(*source)] if source[0] else "None" for source in self._sources(node_id)]
        read = [port for port in self.ports[node_id] if self.reads[node_id, port]] or [self.ports[node_id][0]]
        if isinstance(code, BlockCode) and code.times > 1:
            return self._loop(node_id, code, inputs, following)
        at = self.ports[node_id].index(read[0])
        alone = len(read) == 1
        forward = code.shorter.get(at, code.forward) if alone else code.forward
        before, text = self._applied(node_id, self._filled(node_id, forward, inputs))
        if alone and (at in code.shorter or code.results[at].count("{r}") == 1):
            variable = self._variable(node_id, read[0], following)
            self.variables[node_id, read[0]] = variable
            value = text if at in code.shorter else code.results[at].format(r=text)
            return [*before, *folded(f"{variable} = {value}")]
        variable = self._own(node_id)
        if code.results == tuple(f"{{r}}[{k}]" for k in range(len(code.results))):
            parts = [self._part(node_id, port) if port in read else "_" for port in self.ports[node_id]]
            return [*before, *folded(f"{', '.join(parts)} = {text}")]
        for port in read:
            self.variables[node_id, port] = code.results[self.ports[node_id].index(port)].format(r=variable)
        return [*before, *folded(f"{variable} = {text}")]

    def _filled(self, node_id: str, forward: str, inputs: Sequence[str]) -> str:
        safe = [f"({each})" if is_sum(each) else each for each in inputs]
        called = self.plan.name(self.plan.owner(node_id))
        return forward.format(*safe, name=called, batch=self.batch)

    def _part(self, node_id: str, port: str) -> str:
        wanted = f"{self._own(node_id)}_{slug(port) or 'out'}"
        taken = {*self.names.values(), *self.plan.given.values(), *self.variables.values()}
        self.variables[node_id, port] = unlike(wanted, taken, "_value")
        return self.variables[node_id, port]

    def _own(self, node_id: str) -> str:
        own = self.names[node_id]
        return f"{own}_" if own in self.taken or own in self.plan.given.values() else own

    def _variable(self, node_id: str, port: str, following: str) -> str:
        if following:
            inputs = [self._origin(*source) for source in self._sources(following) if source[0]]
            passing = inputs.count((node_id, port)) == self.reads[node_id, port]
        else:
            passing = self.reads[node_id, port] == 1
        return "x" if passing else self._own(node_id)

    def _loop(self, node_id: str, code: BlockCode, inputs: list[str], following: str) -> list[str]:
        """Copies of a block, one after the other: what leaves one enters the next."""
        ports = self.ports[node_id]
        if len(ports) == 1:
            alone = self._variable(node_id, ports[0], following)
            out = [self._own(node_id) if "x" in inputs[1:] else alone]
        else:
            out = [self._part(node_id, port) for port in ports]
        for port, variable in zip(ports, out, strict=True):
            self.variables[node_id, port] = variable
        passed = [*out, *inputs[len(out) :]]
        pairs = [(a, b) for a, b in zip(out, inputs, strict=False) if a != b]
        lines = [f"{', '.join(a for a, _ in pairs)} = {', '.join(b for _, b in pairs)}"] if pairs else []
        before, head, text = self._copies(node_id, code, self._filled(node_id, code.forward, passed))
        return [*before, *lines, head, *(f"    {line}" for line in folded(f"{', '.join(out)} = {text}"))]

    # ---------------------------------------------------------------- layers that are made once

    def _copies(self, node_id: str, code: BlockCode, text: str) -> tuple[list[str], str, str]:
        """What makes the copies, the head of the loop over them, and the call in it."""
        (one,) = constructors(text, self.classes)
        called, times = one.name, code.times
        if not (code.shared or code.each or self.inside or self.plan.owner(node_id) in self.groups):
            return [], f"for k in range({times}):", text.replace(f'name="{called}"', f'name=f"{called}_{{k + 1}}"')
        if code.shared:
            holder, before = self._held(node_id, one, base=self._base(node_id))
            return before, f"for _ in range({times}):", replaced(text, [one], [holder])
        name = "" if self.inside else f'name=f"{called}_{{k + 1}}"'
        whole = f"[{_with_option(one.text, name)} for {'_' if self.inside else 'k'} in range({times})]"
        if code.each:
            names = ["" if self.inside else f'name="{called}_{k + 1}"' for k in range(times)]
            whole = f"[{', '.join(map(_with_option, code.each, names))}]"
        holder, before = self._held(node_id, replace(one, text=whole), self._base(node_id), named=False)
        return before, f"for block in {holder}:", replaced(text, [one], ["block"])

    def _applied(self, node_id: str, text: str) -> tuple[list[str], str]:
        """The expression with layers that must be made once by the name that they have, and what makes them."""
        grouped = self.plan.owner(node_id) in self.groups
        if not self.inside and not grouped:
            return [], text
        found = [each for each in constructors(text, self.classes) if self.inside or each.name]
        base = self._base(node_id)
        before, holders = [], []
        for each in found:
            own = self._attribute(node_id, each, base, len(found))
            holder, lines = self._held(node_id, each, own)
            holders.append(holder)
            before += lines
        return before, replaced(text, found, holders)

    def _base(self, node_id: str) -> str:
        """The attribute of a class, or the variable, that holds a node's layer."""
        name = self.names[self.plan.owner(node_id)]
        return unlike(name, LAYER_WORDS) if self.inside else f"{name}_layer"

    def _attribute(self, node_id: str, one: Constructor, base: str, many: int) -> str:
        if one.name:
            return base + one.name.removeprefix(self.plan.name(self.plan.owner(node_id)))
        return base if many == 1 else f"{base}_{one.kind.lower()}"

    def _held(self, node_id: str, one: Constructor, base: str, named: bool = True) -> tuple[str, list[str]]:
        """By which expression a layer goes that is made once, and the statement that makes it if that is the first use."""
        owned = self.plan.owner(node_id)
        name, n = base, 1
        while name in self.made and not (owned in self.groups and self.made[name] == one.text):
            n += 1
            name = f"{base}_{n}"
        is_new = name not in self.made
        self.made[name] = one.text
        holder = f"self.{name}" if self.inside else name
        if one.name:
            self.places[owned, one.name] = holder
        if self.inside or not is_new:
            return holder, []
        text = _with_option(one.text, f'name="{one.name}"') if named and one.name else one.text
        return holder, folded(f"{name} = {text}")

    def place(self, node_id: str, called: str) -> str:
        """The layer of a node, after everything is made."""
        if self.inside:
            return self.places.get((node_id, called)) or f"self.{self._base(node_id)}"
        return f'model.get_layer("{called}")'


def _with_option(call: str, option: str) -> str:
    """A call with one more argument, if there is one."""
    return f"{call[:-1]}{'' if call.endswith('()') or not option else ', '}{option})"


def _classes(codes: Mapping[str, KerasCode]) -> frozenset[str]:
    """The names of the classes of layers among the definitions that these nodes use."""
    every = [each for code in codes.values() for each in code.support]
    return frozenset(each.name for each in every if each.text.lstrip().startswith("class "))


def _ports(graph: Graph, node_id: str) -> tuple[Port, ...]:
    return graph.output_ports(node_id) or (Port(""),)
