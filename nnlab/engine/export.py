"""A project taken away: one readable Python file that needs only PyTorch, or the learned numbers as safetensors."""

import inspect
import textwrap
from collections.abc import Mapping
from math import prod
from typing import Any, Self

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import nnlab.engine.compile as compiling
from nnlab.core.document import Document, Training
from nnlab.core.learning import NORM_CALLS
from nnlab.core.objective import Objective, counted, resolve
from nnlab.core.optimizer import FUSED
from nnlab.engine.batch_norm import leaves_out_last
from nnlab.engine.dice import undisturbed
from nnlab.engine.metrics import WIDE
from nnlab.engine.precision import KINDS
from nnlab.engine.rates import own_rates
from nnlab.engine.script_data import TAKE, Form, load, main
from nnlab.errors import BuildError

TITLE_LIMIT = 80
LINE_LIMIT = 110
PENALTY = "L1 * sum(p.abs().sum() for p in model.parameters())"
SKIP = """            if len(batch) == 1:
                continue  # batch normalisation cannot compare a sample with itself"""

BY_BATCH = '''def loss_by_batch(prediction, target):
    """The loss is one of the distances in a batch: of more samples it is the mean over batches of every k-th sample."""
    batches = -(-len(target) // BATCH_SIZE)
    each = [loss_function(prediction[k::batches], target[k::batches]) * len(target[k::batches]) for k in range(batches)]
    return torch.stack(each).sum() / len(target)


'''
ROWS = '''    """The share of rows that are exactly right: steps that repeat are one, and blanks (0) are dropped."""
    right = 0
    for said, row in zip(prediction.argmax(2), target, strict=True):
        said = said.unique_consecutive()
        right += said[said > 0].sub(1).tolist() == row[row >= 0].tolist()
    return torch.tensor(right / len(target))
'''
NEAREST = '''    """The share of samples whose nearest neighbour is of their class."""
    step = -(-len(prediction) // 1024)
    prediction, target = prediction[::step], target[::step]
    distance = torch.cdist(prediction, prediction).fill_diagonal_(float("inf"))
    return (target[distance.argmin(1)] == target).float().mean()
'''


def python(document: Document) -> str:
    """The network and its training as one .py that needs only PyTorch; BuildError names the node at fault.

    Given the same samples, its `train` takes the same steps as training here: same start, same order, same losses.
    """
    objective = counted(document, resolve(document))
    spec = document.spec
    if spec is None:  # resolve has refused this already
        raise BuildError("The data set is not in this installation: choose another under Data")
    if not any(document.parameter_count(node_id) for node_id in document.graph.upstream(objective.output)):
        raise BuildError(
            "This network has nothing to learn: add a layer with weights, such as Linear", objective.output
        )
    form = Form.of(document, objective, spec)
    sections = (
        _constants(document),
        compiling.source(document),
        _loss(objective),
        _targets(objective),
        _evaluate(objective, form),
        TAKE if form.is_wide else "",
        _groups(document),
        _train(document, objective, form),
        load(form),
        main(document, objective, form),
        'if __name__ == "__main__":\n    main()\n',
    )
    body = "\n\n".join(section for section in sections if section)
    functional = "from torch.nn import functional as F\n" if "F." in body else ""
    used = [name for name in NORM_CALLS.values() if f"{name}(" in body]
    functional += f"from torch.nn.utils.parametrizations import {', '.join(used)}\n" if used else ""
    functional += "\nimport math\n" if "math." in body else ""
    return f"{_heading(document, form)}{functional}\n{body}"


def safetensors(model: nn.Module | Mapping[str, Tensor | NDArray[Any]]) -> bytes:
    """The learned numbers of a model, or of its state by name, as the bytes of a .safetensors file."""
    from safetensors.torch import save

    state = model.state_dict() if isinstance(model, nn.Module) else model
    return bytes(save({name: torch.as_tensor(value).detach().cpu().contiguous() for name, value in state.items()}))


class _Named(float):
    """A number that prints as the name it has in the script, also in a product: "EPOCHS * steps_per_epoch"."""

    name: str

    def __new__(cls, value: float, name: str) -> Self:
        made = super().__new__(cls, value)
        made.name = name
        return made

    def __mul__(self, other: float) -> "_Named":
        return _Named(float(self) * float(other), f"{self.name} * {other}")

    __rmul__ = __mul__

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return self.name


def _heading(document: Document, form: Form) -> str:
    shown = "".join(c for c in document.title if c.isprintable() and c not in '"\\').strip()[:TITLE_LIMIT]
    arrays = form.arrays
    named = ", ".join(f"{name}={name}" for name, _ in arrays)
    if len(arrays) == 2:
        trains = "trains on the arrays " + " and ".join(f"{name} {what}" for name, what in arrays) + ","
    else:
        listed = ("\n" + " " * 40).join(f"{name} {what}" for name, what in arrays)
        trains = f"trains on the arrays{chr(10)}{' ' * 40}{listed},"
    return f"""\"\"\"{shown or "A neural network"}: exported from NNLab, needs only PyTorch.

    python this_file.py data.npz    {trains}
                                    written by numpy.savez("data.npz", {named})
    python this_file.py             trains on random numbers, which shows that it runs and nothing else
\"\"\"

import sys

import torch
from torch import nn
"""


def _constants(document: Document) -> str:
    training, data = document.training, document.data
    own_split = document.spec is not None and document.spec.split is not None
    values = {
        "SEED": training.seed,
        "EPOCHS": training.epochs,
        "BATCH_SIZE": training.batch_size,
        "LEARNING_RATE": training.learning_rate,
        "L1": training.l1,
        "WEIGHT_DECAY": training.l2 if _decay_matters(training) else 0,
        "CLIP_NORM": training.clip_norm,
        "PATIENCE": training.patience if training.early_stopping else 0,
        "VALIDATION_SHARE": 0 if own_split else data.validation,
        "TEST_SHARE": 0 if own_split else data.test,
        "SPLIT_SEED": data.split_seed,
    }
    shown = {"SEED", "EPOCHS", "BATCH_SIZE", "LEARNING_RATE"} | {name for name, value in values.items() if value}
    shown = shown | {"SPLIT_SEED"} if (data.validation or data.test) and not own_split else shown - {"SPLIT_SEED"}
    lines = [f"{name} = {value!r}" for name, value in values.items() if name in shown]
    if training.device == "auto":
        lines.append('DEVICE = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"')
    else:
        lines.append(f'DEVICE = "{training.device}"')
    return "\n".join(lines) + "\n"


def _decay_matters(training: Training) -> bool:
    """Whether weight decay must be said: torch's own default differs from optimizer to optimizer."""
    usual = inspect.signature(getattr(torch.optim, training.optimizer.torch_name)).parameters.get("weight_decay")
    return usual is not None and usual.default != training.l2


def _loss(objective: Objective) -> str:
    if not objective.is_packed:
        return f"def loss_function(prediction, target):\n    return {objective.main.expression}\n"
    parts, total = [], []
    for k, term in enumerate(objective.terms):
        parts.append(f"def loss_{k + 1}(prediction, target):\n    return {term.expression}\n")
        weight = "" if term.weight == 1 else f"{term.weight!r} * "
        total.append(f"{weight}loss_{k + 1}(answers[{k}], targets[{k}])")
    for k, (_, share) in enumerate(objective.penalties, len(objective.terms)):
        total.append(f"{'' if share == 1 else f'{share!r} * '}answers[{k}].mean()")
    whole = f"def loss_function(answers, targets):\n    return {' + '.join(total)}\n"
    return "\n\n".join([*parts, whole])


def _targets(objective: Objective) -> str:
    forms = {
        "column": ("Class numbers 0 and 1 as a column of decimal numbers.", "y.float().unsqueeze(1)"),
        "one-hot": ("1 in the column of the right class, 0 in the others.", "F.one_hot(y, {classes}).float()"),
    }
    found = []
    for k, term in enumerate(objective.terms):
        if term.target_form in forms:
            says, expression = forms[term.target_form]
            name = "as_targets" if not objective.is_packed else f"as_targets_{k + 1}"
            text = expression.format(classes=term.target.width)
            found.append(f'def {name}(y):\n    """{says}"""\n    return {text}\n')
    return "\n\n".join(found)


def _evaluate(objective: Objective, form: Form) -> str:
    names = {"r2": "r2", "iou": "overlap", "exact": "exactness", "neighbours": "neighbours"}
    name = names.get(objective.metric, "accuracy")
    first = "[0]" if objective.is_packed else ""
    by_batch = objective.main.loss.is_of_places and not objective.is_packed
    loss = "loss_by_batch" if by_batch else "loss_function"
    return f"""{BY_BATCH if by_batch else ""}def {name}(prediction, target):
{_metric(objective)}

def evaluate(model, x, y):
    \"\"\"Loss and {"R²" if name == "r2" else name} on these samples.\"\"\"
    model.eval()
    with torch.no_grad():
        prediction = {form.answer("x")}
        return {loss}(prediction, y).item(), {name}(prediction{first}, y{first}).item()
"""


def _metric(objective: Objective) -> str:
    """The body of the function that says how good an answer is."""
    term = objective.main
    if objective.metric == "neighbours":
        return NEAREST
    if term.target_form == "sequence":
        return ROWS
    if objective.metric == "r2":
        values = term.loss.values_expression(term.target.width)
        sums = ".sum()" if prod(term.shape) > WIDE else ".sum(0)"
        mean = "" if prod(term.shape) > WIDE else ".mean()"
        return (
            f"{f'    prediction = {values}{chr(10)}' if values else ''}"
            f"    explained = 1 - ((target - prediction) ** 2){sums} / ((target - target.mean(0)) ** 2){sums}\n"
            f"    return explained{mean}\n"
        )
    said, real = {
        "column": (f"(prediction > {term.middle or 0})", "(target > 0.5)"),
        "one-hot": ("prediction.argmax(1)", "target.argmax(1)"),
        "positions": (f"prediction.argmax({term.axis})", "target"),
    }.get(term.target_form, ("prediction.argmax(1)", "target"))
    if objective.metric == "iou":
        return (
            f"    said, real = {said}.long(), {real}.long()\n"
            "    both = ((said > 0) & (said == real)).sum()\n"
            "    return both / (((said > 0) | (real > 0)) & (real >= 0)).sum()\n"
        )
    if objective.metric == "exact":
        return f"    right = ({said} == {real}) | (target < 0)\n    return right.flatten(1).all(1).float().mean()\n"
    if term.target_form == "positions":
        return f"    right = {said} == {real}\n    return right.sum() / (target >= 0).sum()\n"
    return f"    right = {said} == {real}\n    return right.float().mean()\n"


def _train(document: Document, objective: Objective, form: Form) -> str:
    training = document.training
    scheduler, per_step = _scheduler(training), training.schedule.per_step
    skips = leaves_out_last(document, rows=3, batch=2)  # whether a last batch of one sample would be left out
    rows = form.rows
    less = f" - ({rows} % BATCH_SIZE == 1)" if skips else ""
    early = _early_stopping(bool(document.data.validation))
    scaled = training.precision == "fp16"
    total = f"loss + {PENALTY}" if training.l1 else "loss"
    backward = (
        f"scaler.scale({total}).backward()" if scaled else f"({total}).backward()" if training.l1 else "loss.backward()"
    )
    lines = {
        "def train(model, x, y, validation=None):": True,
        '    """Train on x and y, and watch the pair `validation` meanwhile; the loss of every step."""': True,
        _assignment("optimizer", _optimizer(document)): True,
        f"    steps_per_epoch = -(-{rows} // BATCH_SIZE){less}": "steps_per_epoch"
        in scheduler + early * training.early_stopping,
        _assignment("scheduler", scheduler): bool(scheduler),
        "    scaler = torch.amp.GradScaler(torch.device(DEVICE).type)": scaled,
        "    order = torch.Generator().manual_seed(SEED)": True,
        '    best_loss, best_epoch, best_weights = float("inf"), 0, None': training.early_stopping,
        "    losses = []": True,
        "    for epoch in range(1, EPOCHS + 1):": True,
        "        model.train()": True,
        f"        for batch in torch.randperm({rows}, generator=order).split(BATCH_SIZE):": True,
        SKIP: skips,
        f"            loss = loss_function({form.answer('x', 'batch')}, {form.targets_at('batch')})": training.precision
        == "float32",
        _mixed(training, form): training.precision != "float32",
        "            optimizer.zero_grad()": True,
        f"            {backward}": True,
        "            scaler.unscale_(optimizer)": scaled and bool(training.clip_norm),
        "            nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)": bool(training.clip_norm),
        "            optimizer.step()": not scaled,
        "            scaler.step(optimizer)\n            scaler.update()": scaled,
        "            scheduler.step()": bool(scheduler) and per_step,
        "            losses.append(loss.item())": True,
        "        scheduler.step()": bool(scheduler) and not per_step,
        early: training.early_stopping,
        "        if epoch % max(1, EPOCHS // 10) == 0:": True,
        "            epoch_loss, score = evaluate(model, *(validation or (x, y)))": True,
        f'            print(f"epoch {{epoch}}: loss {{epoch_loss:.4f}}, {objective.metric} {{score:.3f}}")': True,
        "    if best_weights:\n        model.load_state_dict(best_weights)": training.early_stopping,
        "    return losses": True,
    }
    return "\n".join(line for line, shown in lines.items() if shown) + "\n"


def _mixed(training: Training, form: Form) -> str:
    """The forward pass in 16 bits; the loss has 32 again."""
    kind = str(KINDS[training.precision])
    return f"""\
            with torch.autocast(torch.device(DEVICE).type, dtype={kind}):
                prediction = {form.answer("x", "batch")}
            loss = loss_function({form.in_32_bits}, {form.targets_at("batch")})"""


def _early_stopping(validates: bool) -> str:
    watched = "evaluate(model, *validation)[0]" if validates else "sum(losses[-steps_per_epoch:]) / steps_per_epoch"
    return f"""\
        watched = {watched}
        if watched < best_loss:
            best_loss, best_epoch = watched, epoch
            best_weights = {{name: value.clone() for name, value in model.state_dict().items()}}
        if epoch - best_epoch >= PATIENCE:
            break"""


def _assignment(name: str, call: str) -> str:
    """A statement on one line, or on several if that would be too long to read."""
    whole = f"    {name} = {call}"
    if len(whole) <= LINE_LIMIT:
        return whole
    opening = whole.index("(") + 1
    indent = " " * 8
    middle = textwrap.fill(whole[opening:-1], LINE_LIMIT, initial_indent=indent, subsequent_indent=indent)
    return f"{whole[:opening]}\n{middle}\n    )"


def _groups(document: Document) -> str:
    """A function that gives layers the learning rates that they have of their own, if any has."""
    with undisturbed():
        names = [name for name, _ in compiling.build(document).named_parameters()]
    rates = own_rates(document, names)
    if not rates:
        return ""
    told: dict[str, float] = {}
    for name, rate in rates.items():
        first = name.partition(".")[0]
        alike = all(rates.get(other) == rate for other in names if other.startswith(f"{first}."))
        told[first if alike else name.rpartition(".")[0]] = rate
    return f"""def groups(model):
    \"\"\"The parameters, with multiples of the learning rate for layers that have their own.\"\"\"
    rates = {told!r}
    found = []
    for name, parameter in model.named_parameters():
        rate = next((rate for layer, rate in rates.items() if name.startswith(f"{{layer}}.")), 1.0)
        found.append({{"params": [parameter], "lr": LEARNING_RATE * rate}})
    return found
""".replace("'", '"')


def _optimizer(document: Document) -> str:
    training = document.training
    arguments = ["groups(model)" if _groups(document) else "model.parameters()", "lr=LEARNING_RATE"]
    arguments += [f"{name}={value!r}" for name, value in training.optimizer.arguments().items()]
    if _decay_matters(training):
        arguments.append("weight_decay=WEIGHT_DECAY" if training.l2 else "weight_decay=0")
    if training.optimizer.torch_name in FUSED:
        arguments.append("fused=True")
    return f"torch.optim.{training.optimizer.torch_name}({', '.join(arguments)})"


def _scheduler(training: Training) -> str:
    """The constructor, in the names of the script's constants wherever the schedule uses them as they are."""
    rate: Any = _Named(training.learning_rate, "LEARNING_RATE")
    steps: Any = _Named(1, "steps_per_epoch")
    epochs: Any = _Named(training.epochs, "EPOCHS")
    return training.schedule.torch_call(rate, steps, epochs)
