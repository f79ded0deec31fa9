"""Every layer, optimizer, schedule and loss there is, trained by both engines from the same start: one run."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from rooms import appended, fitting

from nnlab.core.check import check
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.layer import LAYERS, Layer
from nnlab.core.optimizer import OPTIMIZERS
from nnlab.core.param import Settings
from nnlab.core.schedule import SCHEDULES
from nnlab.engine.captured.switching import capture_now
from nnlab.engine.headless import Curves
from nnlab.engine.loop import Loop
from nnlab.errors import NNLabError

CLOSE = 1e-6  # of the loss, where torch computes a layer by one large operation that has to be taken apart
ALWAYS_EAGER: set[str] = set()
"""Layers that no program can repeat; they fall back to the eager engine, with a reason."""
ALONE = {"Cast"}
"""As a mask it may hide all there is, and what is left is no number."""
LONG_PROGRAMS = {"Transformer", "TransformerDecoder", "TransformerEncoder"}
"""Layers whose programs take seconds to make: fewer of their settings are tried."""
LAST_DIGIT = {"ScaledDotProductAttention"} | {id_ for id_ in LAYERS if id_.startswith("Transformer")}
"""Layers with torch's fused attention, whose last digit depends on where in memory its numbers happen to lie."""


@pytest.fixture(autouse=True)
def _same_arithmetic() -> Iterator[None]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)


def trained(document: Document, captured: bool) -> tuple[Loop, dict[str, Any]]:
    """The whole run: its first step by the eager engine, and all others by the one that is asked for."""
    curves = Curves()
    loop = Loop(document, curves.add)
    loop.advance()
    if captured:
        capture_now(loop)
    for _ in loop.steps():
        pass
    return loop, curves.arrays()


def assert_one_run(document: Document, least_steps: int = 50, to_the_bit: bool = True) -> Loop:
    """Train with both engines and compare all they say and leave behind."""
    document = document.with_training(device="cpu")
    eager, its = trained(document, captured=False)
    loop, mine = trained(document, captured=True)
    assert loop.captured is not None, loop.engine_reason
    assert loop.step >= least_steps
    assert (loop.step, loop.epoch) == (eager.step, eager.epoch)
    assert loop.finished is not None
    assert eager.finished is not None
    assert replace(loop.finished, metrics={}) == replace(eager.finished, metrics={})
    close = 0.0 if loop.captured.exact and to_the_bit else CLOSE
    for name in set(mine) - {"seconds"}:
        assert np.allclose(mine[name], its[name], rtol=close, atol=close, equal_nan=True), name
    assert loop.finished.metrics == pytest.approx(eager.finished.metrics, rel=close, abs=close)
    arrays = eager.learner.as_arrays()
    for name, values in loop.learner.as_arrays().items():
        assert np.allclose(values, arrays[name], rtol=10 * close, atol=10 * close), name
    return loop


# ---------------------------------------------------------------- a small network around any layer


def training(document: Document) -> Document:
    """In batches that are several to an epoch, for at least fifty steps."""
    size = 50 if document.data.dataset == DATASETS["iris"]() else 500
    return document.with_training(batch_size=size, epochs=18, learning_rate=0.02)


def variants(settings: Settings) -> list[Any]:
    """The same with each setting on its own moved inside its range."""
    found = []
    for p in settings.params():
        value = getattr(settings, p.name)
        if isinstance(value, bool):
            others: list[Any] = [not value]
        elif p.choices:
            others = [choice for choice, _ in p.choices if choice != value]
        elif isinstance(value, int | float):
            half = max(int(p.low or 0), value // 2) if isinstance(value, int) else (value or 0.8) / 2
            others = [half] if half != value else []
        else:
            others = []
        for other in others:
            try:
                found.append(replace(settings, **{p.name: other}))
            except NNLabError:
                continue
    return found


APART = {"Input", "Output", "BlockInput", "BlockOutput", "Constant", "Noise", "ArgMax"}
"""Layers that have no place of their own in a row: the ends, those of blocks, sources without data, whole numbers."""
KINDS = sorted(set(LAYERS) - APART)


@pytest.mark.parametrize("id_", KINDS)
def test_every_layer(id_: str) -> None:
    documents = [training(document) for document in fitting(LAYERS[id_]())]
    assert documents, f"no small network here has a place for {id_}: add one to ROOMS"
    if id_ in ALWAYS_EAGER:
        loop, _ = trained(documents[0], captured=True)
        assert loop.captured is None
        assert "cannot be captured because" in loop.engine_reason
        return
    assert_one_run(documents[0], to_the_bit=id_ not in LAST_DIGIT)


@pytest.mark.parametrize("id_", [k for k in KINDS if k not in ALWAYS_EAGER | ALONE and len(LAYERS[k].params()) > 0])
def test_every_layer_with_other_settings(id_: str) -> None:
    """All that differ from what it is by itself, each in its own run, as far as they fit."""
    few = id_ in LONG_PROGRAMS or LAYERS[id_].tier > 1
    for layer in itertools.islice(variants(LAYERS[id_]()), 1 if few else 4):
        sound = [d for d in fitting(layer) if not any(p.severity == "error" for p in check(d))]
        if id_ == "Embedding":  # a pool's places have no vocabulary that could be too large
            sound = [d for d in sound if d.spec is not None and d.spec.vocabulary]
        for document in sound[:1]:
            settings = training(document).with_training(epochs=5)
            assert_one_run(settings, least_steps=10, to_the_bit=id_ not in LAST_DIGIT)


# ---------------------------------------------------------------- all the rest of a run


def plain(*layers: Layer, **training: object) -> Document:
    """A chain on the spiral: six steps an epoch, the last one smaller."""
    graph, last = appended(Graph(), LAYERS["Input"](), "")
    for layer in layers or (LAYERS["Linear"](out_features=6), LAYERS["Tanh"](), LAYERS["Linear"](out_features=2)):
        graph, last = appended(graph, layer, last)
    graph, last = appended(graph, LAYERS["Output"](), last)
    return Document(graph=graph).with_training(**{"epochs": 12, "batch_size": 60, "learning_rate": 0.05, **training})


@pytest.mark.parametrize("settings", [s for k in OPTIMIZERS for s in (OPTIMIZERS[k](), *variants(OPTIMIZERS[k]()))])
def test_every_optimizer_with_its_settings(settings: Any) -> None:
    assert assert_one_run(plain(optimizer=settings, l2=0.01)).captured is not None


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_every_schedule(schedule: str) -> None:
    assert_one_run(plain(schedule=SCHEDULES[schedule]()))


LAST: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = {
    ("cross-entropy", "spiral"): (2, ()),
    ("bce", "spiral"): (1, ()),
    ("mse", "spiral"): (2, ("Softmax",)),
    ("mse", "curve"): (1, ()),
    ("bce", "iris"): (3, ("Sigmoid",)),
    ("cross-entropy", "iris"): (3, ("Softmax",)),
    ("mse", "diabetes"): (1, ()),
    ("auto", "surface"): (1, ()),
    ("auto", "digits"): (10, ()),
}


@pytest.mark.parametrize(("loss", "data"), LAST)
def test_every_loss_and_form_of_targets(loss: str, data: str) -> None:
    width, after = LAST[loss, data]
    layers = [LAYERS["Flatten"]()] if data == "digits" else []
    layers += [LAYERS["Linear"](out_features=5), LAYERS["ReLU"](), LAYERS["Linear"](out_features=width)]
    document = plain(*layers, *(LAYERS[each]() for each in after), loss=loss, batch_size=30, learning_rate=0.01)
    document = document.with_data(dataset=DATASETS[data](), standardise_targets=data in ("curve", "diabetes"))
    assert_one_run(document.with_training(epochs=4 if data == "digits" else 20), 20)


SETTINGS: dict[str, dict[str, object]] = {
    "L1": {"l1": 0.002},
    "L2": {"l2": 0.05},
    "clipping": {"clip_norm": 0.05},
    "all three": {"l1": 0.001, "l2": 0.01, "clip_norm": 0.2},
    "a batch of one": {"batch_size": 1, "epochs": 2},
    "whole batches": {"batch_size": 64, "epochs": 15},
    "a last batch of one": {"batch_size": 29, "epochs": 6},
    "a batch larger than the data": {"batch_size": 5000, "epochs": 60},
    "early stopping": {"early_stopping": True, "patience": 3, "epochs": 300, "learning_rate": 0.1},
    "another seed": {"seed": 77},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=list(SETTINGS))
@pytest.mark.parametrize("validation", [0.0, 0.2, 0.5])
def test_every_other_setting(settings: dict[str, object], validation: float) -> None:
    assert_one_run(plain(**settings).with_data(validation=validation), 10)


def test_dropout_and_batch_normalisation_together_with_a_ragged_last_batch() -> None:
    layers = [LAYERS["Linear"](out_features=8), LAYERS["BatchNorm1d"](), LAYERS["ReLU"](), LAYERS["Dropout"](p=0.4)]
    document = plain(*layers, LAYERS["Linear"](out_features=2), batch_size=50)
    loop = assert_one_run(document)
    assert loop.captured is not None
    assert loop.captured.exact


@pytest.mark.parametrize("numbers", [1, 7 * 30, 80 * 30, 10**6])
def test_a_validation_part_that_is_looked_at_in_several_chunks(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnlab.engine.learner.CHUNK_NUMBERS", numbers)
    layers = [LAYERS["Linear"](out_features=8), LAYERS["BatchNorm1d"](), LAYERS["Linear"](out_features=2)]
    assert_one_run(plain(*layers))
