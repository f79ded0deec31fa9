"""The drawn network as a Keras model: the text of a function that makes it, and one that takes learned numbers over."""

from dataclasses import dataclass

from nnlab.core.document import Document
from nnlab.core.objective import Objective
from nnlab.core.shapes import bindings
from nnlab.core.writing import attribute_names
from nnlab.engine.exports.keras.blocks import Blocks
from nnlab.engine.exports.keras.carrying import freezing, taking
from nnlab.engine.exports.keras.code import KerasCode
from nnlab.engine.exports.keras.nodes import Missing, check_sharing, equals
from nnlab.engine.exports.keras.scope import TAKEN, Plan, Scope
from nnlab.engine.exports.keras.text import folded, one_or_list, plain

ENDINGS = ("layer", "part", *(f"part{n}" for n in range(2, 1000)))
"""What is added to a name that something else has."""
TYPES = {"i": "int64", "m": "bool", "e": "int64"}
CHARGE = '''class Charge(layers.Layer):
    """Hands on its first input, and adds the mean of the second to the loss."""

    def __init__(self, weight=1.0, **options):
        super().__init__(**options)
        self.weight = weight

    def call(self, inputs, loss):
        self.add_loss(self.weight * ops.mean(loss))
        return inputs
'''


@dataclass(frozen=True)
class KerasModel:
    """The parts of the script that make the model."""

    inputs: tuple[str, ...]
    """The names of the inputs of the data that it takes, in its order."""
    support: str
    """Functions and classes that the others use; empty if there are none."""
    network: str
    """The function that makes it."""
    takes_over: str
    """The function that gives it the numbers that PyTorch has learned; empty if there are none."""


def model(document: Document, objective: Objective) -> KerasModel:
    """The network in Keras; BuildError names every layer that has no equal there."""
    return _Writer(document, objective).model()


class _Writer:
    """The function of the whole network."""

    def __init__(self, document: Document, objective: Objective) -> None:
        self.document, self.graph, self.objective = document, document.graph, objective
        ends = objective.outputs
        needed = frozenset(ends).union(*(self.graph.upstream(n) for n in ends))
        order = [n for n in self.graph.in_order if n in needed]
        self.names = attribute_names(self.graph)
        assert document.spec is not None
        self.fields = document.spec.fields
        entries = {n: k for n, k in bindings(self.graph, self.fields).items() if n in needed}
        self.used = sorted(set(entries.values()))
        missing, shapes = Missing(), document.shapes
        blocks = Blocks(self.graph, order, shapes, missing)
        self.codes = equals(self.graph, [n for n in order if n not in entries], shapes, blocks.code, missing)
        missing.check()
        inputs = {k: self._input_name(k) for k in self.used}
        given = {n: inputs[k] for n, k in entries.items()}
        plan = Plan(self.graph, self.codes, given, ends, self.names, self._called())
        check_sharing(plan, shapes, missing)
        missing.check()
        self.scope = Scope(plan, inside=False)
        self.inputs = list(inputs.values())

    def model(self) -> KerasModel:
        """All parts."""
        lines = ["def network():", '    """The network as it was drawn."""']
        for k, name in zip(self.used, self.inputs, strict=True):
            field = self.fields[k]
            kind = f', dtype="{TYPES[field.kind]}"' if field.kind in TYPES else ""
            lines.append(f'    {name} = keras.Input({field.shape}, name="{plain(field.name)}"{kind})')
        lines += [f"    {line}" for line in self.scope.lines()]
        answers = self.scope.answers()
        terms = len(self.objective.terms)
        for (_, weight), loss in zip(self.objective.penalties, answers[terms:], strict=True):
            made = "Charge()" if weight == 1 else f"Charge({weight!r})"
            lines.append(f"    {answers[0]} = {made}({answers[0]}, {loss})")
        whole = f"keras.Model({one_or_list(self.inputs)}, {one_or_list(answers[:terms])})"
        frozen = freezing(self.scope)
        lines += [f"    {line}" for line in folded(f"model = {whole}" if frozen else f"return {whole}")]
        lines += [*(f"    {line}" for line in frozen), "    return model"] if frozen else []
        names = tuple(self.fields[k].name for k in self.used)
        return KerasModel(names, self._support(), "\n".join(lines) + "\n", self._takes_over())

    def _support(self) -> str:
        every = {each.name: each.text.strip("\n") + "\n" for code in self.codes.values() for each in code.support}
        if self.objective.penalties:
            every["Charge"] = CHARGE
        return "\n\n".join(every.values())

    def _input_name(self, at: int) -> str:
        name = "inputs" if len(self.used) == 1 else plain(self.fields[at].name)
        return f"{name}_given" if name in TAKEN - {"inputs"} or name in self.names.values() else name

    def _called(self) -> dict[str, str]:
        """Names in the model, where those of PyTorch would name two layers alike."""
        taken = {plain(self.fields[k].name) for k in self.used}
        found: dict[str, str] = {}
        for n, code in self.codes.items():
            others = taken | {self.names[m] for m in self.codes if m != n}
            tried = (self.names[n], *(f"{self.names[n]}_{ending}" for ending in ENDINGS))
            called = next(name for name in tried if not _names(code, name) & others)
            found |= {n: called} if called != self.names[n] else {}
            taken |= _names(code, called)
        return found

    def _takes_over(self) -> str:
        lines = taking(self.scope)
        if not lines:
            return ""
        head = [
            "def take_over(model, state):",
            '    """Give the model what PyTorch has learned.',
            "",
            '    `state` is what safetensors.numpy.load_file("weights.safetensors") gives.',
            '    """',
        ]
        return "\n".join([*head, *(f"    {line}" for line in lines)]) + "\n"


def _names(code: KerasCode, name: str) -> set[str]:
    """What the layers of a node are called in the model."""
    times = getattr(code, "times", 1)
    if times > 1 and not getattr(code, "shared", False):
        return {f"{name}_{k + 1}" for k in range(times)}
    return {called.format(name=name) for called, _ in code.numbers}
