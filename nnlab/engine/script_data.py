"""The part of an exported script that has to do with data: loading, dividing, standardising, and which arrays there are."""

from collections.abc import Sequence
from dataclasses import dataclass

import nnlab.engine.compile as compiling
from nnlab.core.dataset import DataSpec, Field
from nnlab.core.document import Document
from nnlab.core.layer import Shape
from nnlab.core.objective import Objective, Term
from nnlab.core.writing import slug

DEMO_ROWS = 100  # made-up samples a script trains on when it is given none
TAKE = '''def take(tensors, rows):
    """These rows of each tensor."""
    return [tensor[rows] for tensor in tensors]
'''


LEARNED = [
    "    # Some layers start from what they learned elsewhere: export this project as safetensors, and name that file last.",
    "    if len(sys.argv) > 2:",
    "        from safetensors.torch import load_file",
    "",
    "        model.load_state_dict(load_file(sys.argv[2]))",
]


@dataclass(frozen=True)
class Form:
    """Which arrays a script works on. With several inputs x is a list of tensors, with several answers y is one."""

    inputs: tuple[tuple[str, Field], ...]
    targets: tuple[tuple[str, Term], ...]
    is_packed: bool
    itself: bool
    """The first target is the first input."""
    spec: DataSpec

    @classmethod
    def of(cls, document: Document, objective: Objective, spec: DataSpec) -> "Form":
        """What this document's script needs."""
        names = compiling.arguments(document)
        inputs = tuple((name, spec.fields[k]) for k, name in names.items())
        taken = {name for name, _ in inputs}
        targets = []
        for term in objective.terms:
            name = "y" if not objective.is_packed else slug(term.target.name) or "target"
            while name in taken:
                name = f"{name}_target"
            taken.add(name)
            targets.append((name, term))
        return cls(inputs, tuple(targets), objective.is_packed, document.data.answer == "input", spec)

    @property
    def is_wide(self) -> bool:
        """Whether there is a list of tensors somewhere."""
        return self.is_packed or len(self.inputs) > 1

    @property
    def rows(self) -> str:
        """How many samples x has, as code."""
        return "len(x[0])" if len(self.inputs) > 1 else "len(x)"

    @property
    def in_32_bits(self) -> str:
        """The prediction as numbers of 32 bits, as code."""
        return "[answer.float() for answer in prediction]" if self.is_packed else "prediction.float()"

    def inputs_at(self, rows: str) -> str:
        """These rows of x, as code."""
        return f"take(x, {rows})" if len(self.inputs) > 1 else f"x[{rows}]"

    def targets_at(self, rows: str) -> str:
        """These rows of y, as code."""
        return f"take(y, {rows})" if self.is_packed else f"y[{rows}]"

    def answer(self, x: str, rows: str = "") -> str:
        """The network's answer to x, as code."""
        given = self.inputs_at(rows) if rows else x
        return f"model(*{given})" if len(self.inputs) > 1 else f"model({given})"

    @property
    def given_targets(self) -> tuple[tuple[str, Term], ...]:
        """Those that are arrays of their own, and not an input."""
        return tuple((name, term) for name, term in self.targets if term.at >= 0 and not (self.itself and term.at == 0))

    @property
    def arrays(self) -> list[tuple[str, str]]:
        """Each array of a data file, with what is in it."""
        found = [
            (name, f"({', '.join(['samples', *map(str, each.shape)])}){_said(each)}") for name, each in self.inputs
        ]
        for name, term in self.given_targets:
            own = term.target.own_shape
            sizes = ", ".join(["samples", *map(str, own)])
            if term.target.task == "classes":
                what = f"({sizes}{'' if own else ','}) of class numbers 0 to {term.target.width - 1}"
                what += ", -1 where none counts" if own else ""
            else:
                what = f"({sizes}) of values"
            found.append((name, what))
        return found


def _said(field: Field) -> str:
    words = {"i": " of whole numbers", "m": " of True and False", "e": " of pairs of node numbers, -1 for none"}
    return words.get(field.kind, "")


def load(form: Form) -> str:
    """The function that reads the samples of a file."""
    xs = [_read(name, each) for name, each in form.inputs]
    ys = [_read_target(name, term) for name, term in form.given_targets]
    rows = sum(form.spec.split) if form.spec.split else DEMO_ROWS
    made_up = [_demo(each.kind, (rows, *each.shape), len(each.vocabulary)) for _, each in form.inputs]
    demo_ys = [_demo_target(term, rows) for _, term in form.given_targets]
    return f"""def load(paths):
    \"\"\"The samples of an .npz file, or random numbers of the right shape.\"\"\"
    if not paths:
        print("No data given: these are random numbers, from which nothing can be learned.")
        return {_both(form, made_up, demo_ys)}
    import numpy

    arrays = numpy.load(paths[0])
    return {_both(form, xs, ys)}
"""


def _both(form: Form, xs: Sequence[str], ys: Sequence[str]) -> str:
    x = f"[{', '.join(xs)}]" if len(form.inputs) > 1 else xs[0]
    if not ys:
        return f"{x}, None"
    return f"{x}, {f'[{chr(44).join(ys)}]'.replace(chr(44), ', ') if form.is_packed else ys[0]}"


def _read(name: str, field: Field) -> str:
    kind = {"x": "float", "h": "float", "m": "bool"}.get(field.kind, "long")
    return f'torch.from_numpy(arrays["{name}"]).{kind}().reshape(-1, {", ".join(map(str, field.shape))})'


def _read_target(name: str, term: Term) -> str:
    target, own = term.target, term.target.own_shape
    kind = "long" if target.task == "classes" else "float"
    return f'torch.from_numpy(arrays["{name}"]).{kind}()' + (f".reshape(-1, {_sizes(own)})" if own else "")


def _demo(kind: str, shape: Shape, words: int) -> str:
    sizes = _sizes(shape)
    if kind == "i":
        return f"torch.randint({max(words, 2)}, ({sizes}))"
    if kind == "e":
        return f"torch.randint(2, ({sizes}))"
    return f"torch.rand({sizes}) > 0.5" if kind == "m" else f"torch.randn({sizes})"


def _demo_target(term: Term, rows: int) -> str:
    own = term.target.own_shape
    if term.target.task == "classes":
        return f"torch.randint({term.target.width}, ({rows},{' ' + _sizes(own) if own else ''}))"
    return f"torch.randn({rows}, {_sizes(own)})" if own else f"torch.randn({rows})"


def _sizes(shape: Shape) -> str:
    return ", ".join(map(str, shape))


def main(document: Document, objective: Objective, form: Form) -> str:
    """The function that puts all of it together."""
    data, split = document.data, form.spec.split
    shares = zip(("test", "validation"), (data.test, data.validation), strict=True)
    parts = [name for name, share in shares if share] if split is None else [n for n, k in _held(split) if k]
    rows = "rows" if parts else ":"
    lines = ["def main():", "    x, y = load(sys.argv[1:])"]
    lines += _split(parts, form.rows) if split is None else _own_split(split)
    if data.standardise:
        lines += _standardise_inputs(form, rows)
    if data.standardise_targets and form.spec.task == "values" and not form.itself and not form.is_packed:
        lines += _standardise("y", rows, form.spec.targets[0].own_shape)
    lines += [
        *_to_device(form),
        "",
        "    torch.manual_seed(SEED)",
        "    model = Network().to(DEVICE)",
        *(LEARNED if document.starts.only(document.graph.nodes) else []),
        "    print(model)",
        "    train(model, "
        + (f"{form.inputs_at('rows')}, {form.targets_at('rows')}" if parts else "x, y")
        + (f", ({form.inputs_at('validation')}, {form.targets_at('validation')}))" if "validation" in parts else ")"),
    ]
    for name in ("validation", "test"):
        if name in parts:
            lines.append(f"    loss, score = evaluate(model, {form.inputs_at(name)}, {form.targets_at(name)})")
            lines.append(f'    print(f"{name}: loss {{loss:.4f}}, {objective.metric} {{score:.3f}}")')
    return "\n".join(lines) + "\n"


def _to_device(form: Form) -> list[str]:
    single = len(form.inputs) == 1
    x = "x.to(DEVICE)" if single else "[part.to(DEVICE) for part in x]"
    first = "x" if single else "x[0]"
    targets, at = [], 0
    for k, (_, term) in enumerate(form.targets):
        if term.at < 0 or (form.itself and term.at == 0):
            value = first
        else:
            value = f"y[{at}]" if form.is_packed else "y"
            at += 1
        if term.target_form in ("column", "one-hot"):
            value = f"as_targets{f'_{k + 1}' if form.is_packed else ''}({value})"
        targets.append(value)
    if form.is_packed:
        return [f"    y = [part.to(DEVICE) for part in ({', '.join(targets)},)]", f"    x = {x}"]
    return [f"    x, y = {x}, {targets[0]}.to(DEVICE)"]


def _standardise_inputs(form: Form, rows: str) -> list[str]:
    if len(form.inputs) == 1:
        name, field = form.inputs[0]
        return _standardise("x", rows, field.shape) if field.kind == "x" else []
    names = [name for name, _ in form.inputs]
    lines = [f"    {', '.join(names)} = x"]
    for name, field in form.inputs:
        lines += _standardise(name, rows, field.shape) if field.kind == "x" else []
    return [*lines, f"    x = [{', '.join(names)}]"]


def _held(split: tuple[int, int, int]) -> tuple[tuple[str, int], ...]:
    return ("test", split[2]), ("validation", split[1])


def _own_split(split: tuple[int, int, int]) -> list[str]:
    """The first rows are for training: these data have a division of their own."""
    train, validation, test = split
    if not validation and not test:
        return []
    found = [f"    rows = slice(0, {train})"]
    if validation:
        found.append(f"    validation = slice({train}, {train + validation})")
    if test:
        found.append(f"    test = slice({train + validation}, {train + validation + test})")
    return ["    # These data have a division of their own: the first rows are for training.", *found]


def _split(parts: list[str], count: str) -> list[str]:
    """Which rows are held back."""
    if not parts:
        return []
    sizes = ", ".join(f"round({name.upper()}_SHARE * {count})" for name in parts)
    return [
        "    # At random; NNLab itself also keeps the share of each class, so its figures may differ a little.",
        f"    held_back = [{sizes}]",
        f"    order = torch.randperm({count}, generator=torch.Generator().manual_seed(SPLIT_SEED))",
        f"    {', '.join(parts)}, rows = order.split([*held_back, {count} - sum(held_back)])",
    ]


def _standardise(name: str, rows: str, shape: Shape) -> list[str]:
    """Mean 0 and spread 1 for each feature or channel, as the rows trained on have it."""
    axes = (0, *range(2, len(shape) + 1))
    over = f"dim={axes if len(axes) > 1 else 0}, keepdim=True"
    known = name if rows == ":" else f"{name}[rows]"
    return [
        f"    mean, scale = {known}.mean({over}), {known}.std({over}, correction=0)",
        f"    {name} = ({name} - mean) / scale.where(scale > 0, 1)",
    ]
