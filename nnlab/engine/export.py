"""A project taken away: one readable Python file that needs only PyTorch, or the learned numbers as safetensors."""

import inspect
import textwrap
from collections.abc import Mapping
from typing import Any, Self

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import nnlab.engine.compile as compiling
from nnlab.core.dataset import DataSpec
from nnlab.core.document import Document, Training
from nnlab.core.layer import Shape
from nnlab.core.objective import Objective, resolve
from nnlab.core.optimizer import FUSED
from nnlab.engine.batch_norm import leaves_out_last
from nnlab.engine.precision import KINDS
from nnlab.errors import BuildError

DEMO_ROWS = 100  # made-up samples a script trains on when it is given none
TITLE_LIMIT = 80
LINE_LIMIT = 110
PENALTY = "L1 * sum(p.abs().sum() for p in model.parameters())"
SKIP = """            if len(batch) == 1:
                continue  # batch normalisation cannot compare a sample with itself"""


def python(document: Document) -> str:
    """The network and its training as one .py that needs only PyTorch; BuildError names the node at fault.

    Given the same samples, its `train` takes the same steps as training here: same start, same order, same losses.
    """
    objective = resolve(document)
    spec = document.spec
    if spec is None:  # resolve has refused this already
        raise BuildError("The data set is not in this installation: choose another under Data")
    if not any(document.parameter_count(node_id) for node_id in document.graph.upstream(objective.output)):
        raise BuildError(
            "This network has nothing to learn: add a layer with weights, such as Linear", objective.output
        )
    sections = (
        _constants(document),
        compiling.source(document),
        _loss(objective),
        _targets(objective, spec),
        _evaluate(objective),
        _train(document, objective),
        _load(spec),
        _main(document, objective, spec),
        'if __name__ == "__main__":\n    main()\n',
    )
    body = "\n\n".join(section for section in sections if section)
    functional = "from torch.nn import functional as F\n" if "F." in body else ""
    return f"{_heading(document, spec)}{functional}\n{body}"


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


def _heading(document: Document, spec: DataSpec) -> str:
    shown = "".join(c for c in document.title if c.isprintable() and c not in '"\\').strip()[:TITLE_LIMIT]
    x = ", ".join(["samples", *map(str, spec.input_shape)])
    classes = f"(samples,) of class numbers 0 to {spec.width - 1}"
    y = classes if spec.task == "classes" else f"(samples, {spec.width}) of values"
    return f"""\"\"\"{shown or "A neural network"}: exported from NNLab, needs only PyTorch.

    python this_file.py data.npz    trains on the arrays x ({x}) and y {y},
                                    written by numpy.savez("data.npz", x=x, y=y)
    python this_file.py             trains on random numbers, which shows that it runs and nothing else
\"\"\"

import sys

import torch
from torch import nn
"""


def _constants(document: Document) -> str:
    training, data = document.training, document.data
    values = {
        "SEED": training.seed,
        "EPOCHS": training.epochs,
        "BATCH_SIZE": training.batch_size,
        "LEARNING_RATE": training.learning_rate,
        "L1": training.l1,
        "WEIGHT_DECAY": training.l2 if _decay_matters(training) else 0,
        "CLIP_NORM": training.clip_norm,
        "PATIENCE": training.patience if training.early_stopping else 0,
        "VALIDATION_SHARE": data.validation,
        "TEST_SHARE": data.test,
        "SPLIT_SEED": data.split_seed,
    }
    shown = {"SEED", "EPOCHS", "BATCH_SIZE", "LEARNING_RATE"} | {name for name, value in values.items() if value}
    shown = shown | {"SPLIT_SEED"} if data.validation or data.test else shown - {"SPLIT_SEED"}
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
    expression = objective.loss.expression(objective.given)
    return f"def loss_function(prediction, target):\n    return {expression}\n"


def _targets(objective: Objective, spec: DataSpec) -> str:
    forms = {
        "column": ("Class numbers 0 and 1 as a column of decimal numbers.", "y.float().unsqueeze(1)"),
        "one-hot": ("1 in the column of the right class, 0 in the others.", f"F.one_hot(y, {spec.width}).float()"),
    }
    if objective.target_form not in forms:
        return ""
    says, expression = forms[objective.target_form]
    return f'def as_targets(y):\n    """{says}"""\n    return {expression}\n'


def _evaluate(objective: Objective) -> str:
    if objective.metric == "r2":
        name = "r2"
        body = (
            "    explained = 1 - ((target - prediction) ** 2).sum(0) / ((target - target.mean(0)) ** 2).sum(0)\n"
            "    return explained.mean()\n"
        )
    else:
        name = "accuracy"
        scores = objective.given == "scores" and objective.loss_id == "bce"
        body = {
            "column": f"    right = (prediction > {0 if scores else 0.5}) == (target > 0.5)\n",
            "one-hot": "    right = prediction.argmax(1) == target.argmax(1)\n",
        }.get(objective.target_form, "    right = prediction.argmax(1) == target\n")
        body += "    return right.float().mean()\n"
    return f"""def {name}(prediction, target):
{body}

def evaluate(model, x, y):
    \"\"\"Loss and {"R²" if name == "r2" else name} on these samples.\"\"\"
    model.eval()
    with torch.no_grad():
        prediction = model(x)
        return loss_function(prediction, y).item(), {name}(prediction, y).item()
"""


def _train(document: Document, objective: Objective) -> str:
    training = document.training
    scheduler, per_step = _scheduler(training), training.schedule.per_step
    skips = leaves_out_last(document, rows=3, batch=2)  # whether a last batch of one sample would be left out
    less = " - (len(x) % BATCH_SIZE == 1)" if skips else ""
    early = _early_stopping(bool(document.data.validation))
    scaled = training.precision == "fp16"
    total = f"loss + {PENALTY}" if training.l1 else "loss"
    backward = (
        f"scaler.scale({total}).backward()" if scaled else f"({total}).backward()" if training.l1 else "loss.backward()"
    )
    lines = {
        "def train(model, x, y, validation=None):": True,
        '    """Train on x and y, and watch the pair `validation` meanwhile; the loss of every step."""': True,
        _assignment("optimizer", _optimizer(training)): True,
        f"    steps_per_epoch = -(-len(x) // BATCH_SIZE){less}": "steps_per_epoch"
        in scheduler + early * training.early_stopping,
        _assignment("scheduler", scheduler): bool(scheduler),
        "    scaler = torch.amp.GradScaler(torch.device(DEVICE).type)": scaled,
        "    order = torch.Generator().manual_seed(SEED)": True,
        '    best_loss, best_epoch, best_weights = float("inf"), 0, None': training.early_stopping,
        "    losses = []": True,
        "    for epoch in range(1, EPOCHS + 1):": True,
        "        model.train()": True,
        "        for batch in torch.randperm(len(x), generator=order).split(BATCH_SIZE):": True,
        SKIP: skips,
        "            loss = loss_function(model(x[batch]), y[batch])": training.precision == "float32",
        _mixed(training): training.precision != "float32",
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


def _mixed(training: Training) -> str:
    """The forward pass in 16 bits; the loss has 32 again."""
    kind = str(KINDS[training.precision])
    return f"""\
            with torch.autocast(torch.device(DEVICE).type, dtype={kind}):
                prediction = model(x[batch])
            loss = loss_function(prediction.float(), y[batch])"""


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


def _optimizer(training: Training) -> str:
    arguments = ["model.parameters()", "lr=LEARNING_RATE"]
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


def _load(spec: DataSpec) -> str:
    kind = "long" if spec.task == "classes" else "float"
    shape = f"-1, {', '.join(map(str, spec.input_shape))}"
    y = f'torch.from_numpy(arrays["y"]).{kind}()' + (f".reshape(-1, {spec.width})" if spec.task == "values" else "")
    made_up = (
        f"torch.randint({spec.width}, ({DEMO_ROWS},))"
        if spec.task == "classes"
        else f"torch.randn({DEMO_ROWS}, {spec.width})"
    )
    return f"""def load(paths):
    \"\"\"The samples of an .npz file, or random numbers of the right shape.\"\"\"
    if not paths:
        print("No data given: these are random numbers, from which nothing can be learned.")
        return torch.randn({DEMO_ROWS}, {", ".join(map(str, spec.input_shape))}), {made_up}
    import numpy

    arrays = numpy.load(paths[0])
    return torch.from_numpy(arrays["x"]).float().reshape({shape}), {y}
"""


def _main(document: Document, objective: Objective, spec: DataSpec) -> str:
    data = document.data
    parts = [name for name, share in (("test", data.test), ("validation", data.validation)) if share]
    rows = "rows" if parts else ":"
    lines = ["def main():", "    x, y = load(sys.argv[1:])", *_split(parts)]
    if data.standardise:
        lines += _standardise("x", rows, spec.input_shape)
    if data.standardise_targets and spec.task == "values":
        lines += _standardise("y", rows, (spec.width,))
    y = "as_targets(y)" if objective.target_form in ("column", "one-hot") else "y"
    lines += [
        f"    x, y = x.to(DEVICE), {y}.to(DEVICE)",
        "",
        "    torch.manual_seed(SEED)",
        "    model = Network().to(DEVICE)",
        "    print(model)",
        "    train(model, "
        + ("x[rows], y[rows]" if parts else "x, y")
        + (", (x[validation], y[validation]))" if data.validation else ")"),
    ]
    for name in ("validation", "test"):
        if name in parts:
            lines.append(f"    loss, score = evaluate(model, x[{name}], y[{name}])")
            lines.append(f'    print(f"{name}: loss {{loss:.4f}}, {objective.metric} {{score:.3f}}")')
    return "\n".join(lines) + "\n"


def _split(parts: list[str]) -> list[str]:
    """Which rows are held back."""
    if not parts:
        return []
    sizes = ", ".join(f"round({name.upper()}_SHARE * len(x))" for name in parts)
    return [
        "    # At random; NNLab itself also keeps the share of each class, so its figures may differ a little.",
        f"    held_back = [{sizes}]",
        "    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(SPLIT_SEED))",
        f"    {', '.join(parts)}, rows = order.split([*held_back, len(x) - sum(held_back)])",
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
