"""Keras 3 code: the network in Keras's functional style, and its training with compile and fit."""

from collections.abc import Sequence

from nnlab.core.dataset import Target
from nnlab.core.document import Document
from nnlab.core.objective import Objective, Term, counted, resolve
from nnlab.engine.exports.format import FORMATS, Format, Weights, Written
from nnlab.engine.exports.keras import training as training_in_keras
from nnlab.engine.exports.keras.losses import losses
from nnlab.engine.exports.keras.model import KerasModel, model
from nnlab.engine.exports.keras.text import folded, one_or_list, plain

DEMO_ROWS = 100
TITLE_LIMIT = 80


def write(document: Document, weights: Weights | None = None) -> Written:
    """The program; BuildError names every layer that Keras has no equal for. It carries no weights."""
    return Written(text(document).encode())


def text(document: Document) -> str:
    """The program as text."""
    objective = counted(document, resolve(document))
    made = model(document, objective)
    charged = losses(objective.terms)
    sections = [
        _constants(document),
        made.support,
        made.network,
        made.takes_over,
        charged.support,
        _rate(document),
        training_in_keras.one_cycle(document.training),
        _train(document, objective, charged.chosen),
        _load(document, objective, made),
        _main(document, objective, made),
        'if __name__ == "__main__":\n    main()\n',
    ]
    body = "\n\n".join(section for section in sections if section)
    return f"{_heading(document, objective, made, body)}\n{body}"


def _heading(document: Document, objective: Objective, made: KerasModel, body: str) -> str:
    shown = "".join(c for c in document.title if c.isprintable() and c not in '"\\').strip()[:TITLE_LIMIT]
    lines = [
        f'"""{shown or "A neural network"}: exported from NNLab for Keras 3.',
        "",
        "    python this_file.py data.npz    trains on arrays written by numpy.savez, with these names:",
        *(f"                                    {line}" for line in _arrays(document, objective, made)),
        "    python this_file.py             trains on random numbers, which shows that it runs and nothing else",
        "",
        "The layers compute what those of the PyTorch network do. Not taken over from its training:",
        *(f"  - {line}" for line in training_in_keras.left_out(document)),
        '"""',
        "",
        *(["import math"] if "math." in body else []),
        "import os",
        "import sys",
        "",
        'os.environ.setdefault("KERAS_BACKEND", "torch")  # jax does as well; TensorFlow wants a GPU where channels come first',
        "",
        "import keras",
        "import numpy as np",
        f"from keras import {'layers, ops' if 'ops.' in body else 'layers'}",
        "",
        'keras.config.set_image_data_format("channels_first")  # as in PyTorch: samples × channels × height × width',
    ]
    return "\n".join(lines) + "\n"


def _arrays(document: Document, objective: Objective, made: KerasModel) -> list[str]:
    spec = document.spec
    assert spec is not None
    fields = {f.name: f for f in spec.fields}
    kinds = {"i": "whole numbers", "m": "True where there is padding"}
    given = [f"{plain(n)}: {_sizes(fields[n].shape)} of {kinds.get(fields[n].kind, 'decimals')}" for n in made.inputs]
    for target in _targets(objective):
        what = f"class numbers 0 to {target.width - 1}" if target.task == "classes" else "values"
        given.append(f"{plain(target.name)}: {_sizes(target.own_shape)} of {what}")
    return given


def _sizes(shape: tuple[int, ...]) -> str:
    return f"({', '.join(['samples', *map(str, shape)])}{'' if shape else ','})"


def _targets(objective: Objective) -> list[Target]:
    """The targets that the data must bring, each once; the input as its own target needs no second array."""
    found: dict[str, Target] = {}
    for term in objective.terms:
        if term.at >= 0:
            found.setdefault(term.target.name, term.target)
    return list(found.values())


def _constants(document: Document) -> str:
    training, data = document.training, document.data
    spec = document.spec
    values = {
        "SEED": training.seed,
        "EPOCHS": training.epochs,
        "BATCH_SIZE": training.batch_size,
        "LEARNING_RATE": training.learning_rate,
    }
    if training.early_stopping:
        values["PATIENCE"] = training.patience
    if data.validation and (spec is None or spec.split is None):
        values |= {"VALIDATION_SHARE": data.validation, "SPLIT_SEED": data.split_seed}
    return "\n".join(f"{name} = {value!r}" for name, value in values.items()) + "\n"


def _rate(document: Document) -> str:
    expression = training_in_keras.schedule(document.training)
    if not expression:
        return ""
    return f'def rate(epoch):\n    """The learning rate of an epoch, counted from 0."""\n    return {expression}\n'


def _train(document: Document, objective: Objective, charged: Sequence[str]) -> str:
    weights = [term.weight for term in objective.terms]
    metric = training_in_keras.metric(objective)
    several = len(charged) > 1
    each_step = bool(training_in_keras.one_cycle(document.training))
    options = [f"loss={one_or_list(charged)}"]
    if any(weight != 1 for weight in weights):
        options.append(f"loss_weights={weights if several else weights[0]!r}")
    if metric:
        options.append(f"metrics=[{metric}{', None' * (len(charged) - 1)}]")
    done = training_in_keras.callbacks(document)
    lines = [
        "def train(model, x, y, validation=None):",
        '    """Train on x and y, and watch the pair `validation` meanwhile."""',
        *([f"    steps = EPOCHS * -(-len(y{'[0]' if several else ''}) // BATCH_SIZE)"] if each_step else []),
        f"    optimizer = {training_in_keras.optimizer(document.training)}",
        "    model.compile(",
        "        optimizer,",
        *(f"        {line}" for option in options for line in folded(f"{option},")),
        "    )",
        "    return model.fit(",
        "        x,",
        "        y,",
        "        batch_size=BATCH_SIZE,",
        "        epochs=EPOCHS,",
        "        validation_data=validation,",
        *(["        callbacks=[", *(f"            {each}," for each in done), "        ],"] if done else []),
        "        verbose=2,",
        "    )",
    ]
    return "\n".join(lines) + "\n"


def _load(document: Document, objective: Objective, made: KerasModel) -> str:
    spec = document.spec
    assert spec is not None
    fields = {f.name: f for f in spec.fields}
    lines = [
        "def load(paths):",
        '    """The samples of an .npz file, or random numbers of the right shape."""',
        "    if paths:",
    ]
    lines += ["        return dict(np.load(paths[0]))"]
    lines += ['    print("No data given: these are random numbers, from which nothing can be learned.")']
    lines += [
        f"    dice = np.random.default_rng(0)\n    rows = {sum(spec.split[:2]) if spec.split else DEMO_ROWS}",
        "    return {",
    ]
    for name in made.inputs:
        field = fields[name]
        size = f"(rows, {', '.join(map(str, field.shape))}{',' if not field.shape else ''})"
        random = {"i": f"dice.integers({max(2, len(field.vocabulary))}, size={size})", "m": f"np.zeros({size}, bool)"}
        lines.append(f'        "{plain(name)}": {random.get(field.kind, f"dice.standard_normal({size})")},')
    for target in _targets(objective):
        size = (
            f"(rows,{''.join(f' {n},' for n in target.own_shape)})".replace(",)", ")") if target.own_shape else "rows"
        )
        random_y = (
            f"dice.integers({target.width}, size={size})"
            if target.task == "classes"
            else f"dice.standard_normal({size})"
        )
        lines.append(f'        "{plain(target.name)}": {random_y},')
    return "\n".join([*lines, "    }"]) + "\n"


def _as_given(term: Term, first: str) -> str:
    """The target of one answer in the form that its loss takes, from the arrays."""
    array = f'data["{plain(term.target.name)}"]' if term.at >= 0 else first
    if term.target_form == "column":
        return f'{array}.reshape(-1{"".join(f", {n}" for n in term.shape)}).astype("float32")'
    if term.target_form == "one-hot":
        return f'np.eye({term.target.width}, dtype="float32")[{array}]'
    if term.target_form == "values":
        return f'{array}.reshape(-1{"".join(f", {n}" for n in term.target.own_shape)}).astype("float32")'
    return array


def _main(document: Document, objective: Objective, made: KerasModel) -> str:
    spec, data = document.spec, document.data
    assert spec is not None
    fields = {f.name: f for f in spec.fields}
    first = f'data["{plain(made.inputs[0])}"]'
    lines = ["def main():", "    data = load(sys.argv[1:])"]
    known = _split(document, first)
    lines += known
    rows = "[rows]" if known else ""
    for name in made.inputs:
        if fields[name].kind == "x" and data.standardise:
            lines += _standardise(plain(name), rows, len(fields[name].shape))
    for target in _targets(objective):
        if target.task == "values" and data.standardise_targets and target is objective.main.target:
            lines += _standardise(plain(target.name), rows, len(target.own_shape))
    x, y = [f'data["{plain(n)}"]' for n in made.inputs], [_as_given(term, first) for term in objective.terms]
    lines += [f"    x = {one_or_list(x)}", f"    y = {one_or_list(y)}"]
    lines += ["", "    keras.utils.set_random_seed(SEED)", "    model = network()", "    model.summary()"]
    if not known:
        return "\n".join([*lines, "    train(model, x, y)"]) + "\n"
    part = "{v}[{r}]" if len(x) == 1 else "[each[{r}] for each in {v}]"
    parts = "{v}[{r}]" if len(y) == 1 else "[each[{r}] for each in {v}]"
    lines.append(f"    held_back = {part.format(v='x', r='validation')}, {parts.format(v='y', r='validation')}")
    lines.append(f"    train(model, {part.format(v='x', r='rows')}, {parts.format(v='y', r='rows')}, held_back)")
    return "\n".join(lines) + "\n"


def _split(document: Document, first: str) -> list[str]:
    """Which rows are held back."""
    spec, data = document.spec, document.data
    if spec is not None and spec.split is not None:
        train, validation, _ = spec.split
        return [f"    rows, validation = slice({train}), slice({train}, {train + validation})"] if validation else []
    if not data.validation:
        return []
    return [
        f"    order = np.random.default_rng(SPLIT_SEED).permutation(len({first}))",
        "    validation, rows = np.split(order, [round(VALIDATION_SHARE * len(order))])",
    ]


def _standardise(name: str, rows: str, axes: int) -> list[str]:
    """Mean 0 and spread 1 for each feature or channel, as the rows trained on have it."""
    over = (0, *range(2, axes + 1))
    shown = f"axis={over if len(over) > 1 else 0}, keepdims=True"
    array = f'data["{name}"]'
    return [
        f"    known = {array}{rows}",
        f"    mean, scale = known.mean({shown}), known.std({shown})",
        f"    {array} = ({array} - mean) / np.where(scale > 0, scale, 1)",
    ]


FORMATS.register("keras")(
    Format(
        title="Keras code",
        kind="Python programs",
        ending=".py",
        about="The network and its training for Keras 3, where every layer has an equal there.",
        order=3,
        make=write,
    )
)
