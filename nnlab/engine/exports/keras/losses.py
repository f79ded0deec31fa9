"""Losses in Keras 3: its own where it has the very same, else a small function that computes what PyTorch's does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nnlab.core.objective import Term
from nnlab.engine.exports.keras.text import folded, unlike
from nnlab.errors import BuildError

PLACES = '''class PlaceCrossentropy(keras.losses.SparseCategoricalCrossentropy):
    """Cross-entropy at every place, with the scores of the classes along axis 1, as convolutions leave them."""

    def call(self, target, prediction):
        return super().call(target, ops.moveaxis(prediction, 1, -1))
'''


@dataclass(frozen=True)
class Losses:
    """The losses of all answers."""

    chosen: tuple[str, ...]
    """For each answer what `compile` is given."""
    support: str
    """Functions and classes that they use."""


def losses(terms: Sequence[Term]) -> Losses:
    """What each answer is charged for; BuildError if Keras has nothing for one."""
    chosen, texts = [], dict[str, str]()
    for term in terms:
        found = _own(term)
        if found == "PlaceCrossentropy":
            texts["PlaceCrossentropy"] = PLACES
            found = f"PlaceCrossentropy({_logits(term)}, ignore_class=-1)"
        chosen.append(found or _function(term, texts))
    return Losses(tuple(chosen), "\n\n".join(texts.values()))


def _logits(term: Term) -> str:
    return f"from_logits={term.given == 'scores'}"


def _own(term: Term) -> str:
    """Keras's own loss, if it computes the same."""
    loss: Any = term.loss
    changed = {
        p.name: getattr(loss, p.name) for p in loss.params() if getattr(loss, p.name) != getattr(type(loss)(), p.name)
    }
    if term.loss_id == "huber":
        return f"keras.losses.Huber(delta={loss.delta!r})"
    if term.loss_id == "bce" and set(changed) <= {"label_smoothing"}:
        more = f", label_smoothing={loss.label_smoothing!r}" if changed else ""
        return f"keras.losses.BinaryCrossentropy({_logits(term)}{more})"
    plain = {"mse": "MeanSquaredError", "l1": "MeanAbsoluteError"}
    if changed:
        return ""
    if term.loss_id in plain:
        return f"keras.losses.{plain[term.loss_id]}()"
    if term.loss_id != "cross-entropy":
        return ""
    if term.target_form == "index":
        return f"keras.losses.SparseCategoricalCrossentropy({_logits(term)})"
    at_end = f"keras.losses.SparseCategoricalCrossentropy({_logits(term)}, ignore_class=-1)"
    return at_end if term.axis == -1 else "PlaceCrossentropy"


# ------------------------------------------------------------------- functions


Writer = Callable[[Term], list[str]]
"""The statements of a function of target and prediction."""
WRITERS: dict[str, Writer] = {}


def _writes(*ids: str) -> Callable[[Writer], Writer]:
    def keep(writer: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(ids, writer))
        return writer

    return keep


def _function(term: Term, texts: dict[str, str]) -> str:
    """The name of a function for this loss, which is added to the texts."""
    title = type(term.loss).title
    if term.loss_id not in WRITERS:
        raise BuildError(f"Keras has no equal for the loss {title}: export Python code or ONNX instead", term.output)
    body = [f"    {line}" for statement in WRITERS[term.loss_id](term) for line in folded(statement)]
    name = term.loss_id.replace("-", "_")
    lines = [f'    """{title}, computed as in PyTorch."""', *body]
    text = "\n".join([f"def {name}(target, prediction):", *lines]) + "\n"
    if texts.get(name, text) != text:
        name = unlike(name, set(texts), "_again")
        text = "\n".join([f"def {name}(target, prediction):", *lines]) + "\n"
    texts[name] = text
    return name


def _classes(term: Term, logs: str) -> list[str]:
    """The logarithms of the shares, and 1 in the place of the right class; nothing where nothing is to be compared."""
    axis = -1 if term.target_form == "index" else term.axis
    reshaped = "ops.reshape(target, (-1,))" if term.target_form == "index" else "target"
    lines = [f"logs = {logs}"] if logs != "prediction" else []
    count = f"prediction.shape[{axis}]"
    return [*lines, f'right = ops.one_hot(ops.cast({reshaped}, "int32"), {count}, axis={axis})']


def _logs(term: Term, already: bool = False) -> str:
    axis = -1 if term.target_form == "index" else term.axis
    if term.given == "probabilities":
        return "ops.log(ops.maximum(prediction, 1e-12))"
    return "prediction" if already else f"ops.log_softmax(prediction, axis={axis})"


def _weights(term: Term) -> list[str]:
    """The weights of the classes along their axis."""
    factors = getattr(term.loss, "factors", ())
    if not factors:
        return []
    behind = len(term.shape) - 1 if term.target_form == "positions" and term.axis == 1 else 0
    text = f'ops.convert_to_tensor({list(factors)}, "float32")'
    return [f"weights = {f'ops.reshape({text}, {(-1, *(1 for _ in range(behind)))})' if behind else text}"]


@_writes("cross-entropy", "nll")
def _cross_entropy(term: Term) -> list[str]:
    loss: Any = term.loss
    axis = -1 if term.target_form == "index" else term.axis
    smoothing, weights = getattr(loss, "label_smoothing", 0.0), _weights(term)
    logs = _logs(term, already=term.loss_id == "nll")
    of, w = ("prediction" if logs == "prediction" else "logs"), ("weights * " if weights else "")
    found = [*_classes(term, logs), *weights, f"each = -ops.sum({w}right * {of}, axis={axis})"]
    if smoothing:
        every = f"ops.sum({w}{of}, axis={axis})" if weights else f"ops.sum({of}, axis={axis})"
        share = f"{smoothing!r} / prediction.shape[{axis}]"
        found += [f"spread = -ops.sum(right, axis={axis}) * {every}"]
        found += [f"each = {1 - smoothing:.12g} * each + {share} * spread"]
    return [*found, f"return ops.sum(each) / ops.sum({w}right)"]


@_writes("focal")
def _focal(term: Term) -> list[str]:
    loss: Any = term.loss
    axis = -1 if term.target_form == "index" else term.axis
    weights = _weights(term)
    found = [*_classes(term, _logs(term)), *weights, f"each = -ops.sum(right * logs, axis={axis})"]
    found += [f"each = (1 - ops.exp(-each)) ** {loss.gamma!r} * each"]
    if weights:
        found += [f"each = ops.sum(weights * right, axis={axis}) * each"]
    return [*found, "return ops.sum(each) / ops.sum(right)"]


@_writes("bce")
def _bce(term: Term) -> list[str]:
    loss: Any = term.loss
    found = []
    if loss.label_smoothing:
        found.append(f"target = target * {1 - loss.label_smoothing:.12g} + {loss.label_smoothing / 2:.12g}")
    if term.given == "probabilities":
        found.append("prediction = ops.clip(prediction, 1e-7, 1 - 1e-7)")
        found.append("prediction = ops.log(prediction) - ops.log(1 - prediction)")
    yes = f"{loss.pos_weight!r} * target * ops.log_sigmoid(prediction)"
    return [*found, f"return -ops.mean({yes} + (1 - target) * ops.log_sigmoid(-prediction))"]


@_writes("multi-label-soft-margin")
def _soft_margin(term: Term) -> list[str]:
    if term.given == "probabilities":
        return ["return ops.mean(ops.binary_crossentropy(target, prediction))"]
    return ["return -ops.mean(target * ops.log_sigmoid(prediction) + (1 - target) * ops.log_sigmoid(-prediction))"]


@_writes("smooth-l1")
def _smooth_l1(term: Term) -> list[str]:
    beta = getattr(term.loss, "beta", 1.0)
    return [
        "miss = ops.abs(prediction - target)",
        f"return ops.mean(ops.where(miss < {beta!r}, 0.5 * miss**2 / {beta!r}, miss - {0.5 * beta!r}))",
    ]


@_writes("hinge")
def _hinge(term: Term) -> list[str]:
    margin = getattr(term.loss, "margin", 1.0)
    return [f"return ops.mean(ops.relu({margin!r} - (2 * target - 1) * prediction))"]


@_writes("hinge-embedding")
def _hinge_embedding(term: Term) -> list[str]:
    margin = getattr(term.loss, "margin", 1.0)
    return [f"return ops.mean(ops.where(target > 0, ops.relu({margin!r} - prediction), prediction))"]


@_writes("multi-margin")
def _multi_margin(term: Term) -> list[str]:
    loss: Any = term.loss
    power = f" ** {loss.p}" if loss.p != 1 else ""
    return [
        *_classes(term, "prediction"),
        "lead = ops.sum(right * prediction, axis=-1, keepdims=True) - prediction",
        f"return ops.mean((1 - right) * ops.relu({loss.margin!r} - lead){power})",
    ]


@_writes("poisson-nll")
def _poisson(term: Term) -> list[str]:
    loss: Any = term.loss
    each = "ops.exp(prediction) - target * prediction"
    found = []
    if not loss.log_input:
        found.append("prediction = ops.maximum(prediction, 0)")
        each = f"prediction - target * ops.log(prediction + {loss.eps!r})"
    if loss.full:
        found.append("safe = ops.maximum(target, 1)")
        found.append(f"rest = safe * ops.log(safe) - safe + 0.5 * ops.log({2 * 3.141592653589793!r} * safe)")
        each += " + ops.where(target > 1, rest, 0.0)"
    return [*found, f"return ops.mean({each})"]


@_writes("gaussian-nll")
def _gaussian(term: Term) -> list[str]:
    loss: Any = term.loss
    more = " + 0.9189385332046727" if loss.full else ""
    return [
        "said, spread = ops.split(prediction, 2, axis=1)",
        f"variance = ops.maximum(ops.exp(spread), {loss.eps!r})",
        f"return ops.mean(0.5 * (ops.log(variance) + (said - target) ** 2 / variance)){more}",
    ]


@_writes("kl-div")
def _kl_div(term: Term) -> list[str]:
    logs = "ops.log(ops.maximum(prediction, 1e-12))" if term.given == "probabilities" else "ops.log_softmax(prediction)"
    return [
        "own = ops.where(target > 0, target * ops.log(ops.where(target > 0, target, 1.0)), 0.0)",
        f"return ops.mean(ops.sum(own - target * {logs}, axis=-1))",
    ]


@_writes("dice")
def _dice(term: Term) -> list[str]:
    added = getattr(term.loss, "smooth", 1.0)
    if term.target_form == "column":
        shares = "prediction" if term.given == "probabilities" else "ops.sigmoid(prediction)"
        axes = tuple(range(1, len(term.shape) + 1))
        found, both = [f"shares, right, counts = {shares}, target, 1"], axes
    else:
        shares = "prediction" if term.given == "probabilities" else f"ops.softmax(prediction, axis={term.axis})"
        last = len(term.shape)
        both = tuple(range(2, last + 1)) if term.axis == 1 else tuple(range(1, last))
        found = [
            *_classes(term, "prediction"),
            f"shares, counts = {shares}, ops.sum(right, axis={term.axis}, keepdims=True)",
        ]
    return [
        *found,
        f"overlap = 2 * ops.sum(shares * right, axis={both}) + {added!r}",
        f"whole = ops.sum(shares * counts, axis={both}) + ops.sum(right, axis={both}) + {added!r}",
        "return ops.mean(1 - overlap / whole)",
    ]
