"""Every layer as ONNX and as PT2: for any number of samples both files answer as the layer does."""

import io
import os
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from test_every_layer import tensors_for
from torch import nn

from nnlab.core.layer import LAYERS, MISSING, Layer, Shape
from nnlab.core.param import Param
from nnlab.engine.exports.onnx_file import of_program
from nnlab.engine.exports.onnx_trial import far
from nnlab.engine.exports.traced import lone, quiet, trace
from nnlab.errors import NNLabError

NEAR = 1e-5
TOGETHER = 24  # layers in one file: what it takes to write one is mostly the same for one layer and for many
ANSWERS_BY_CHANCE = {"Noise": "draws new numbers for every sample also outside training"}
"""Layers of which only the sizes can be compared, and why."""
NOT_HELD: dict[str, str] = {}
"""Layers that ONNX or PT2 cannot hold, and why."""
NO_CODE = ("Input", "Output", "BlockInput", "BlockOutput", "Block", "Unknown")

THOROUGH = int(os.environ.get("NNLAB_GRAPHS", "60")) >= 300

Case = tuple[str, Layer, tuple[Shape, ...]]


def cases() -> Iterator[Case]:
    """Every layer once, with settings by chance; if all is asked for, as it is for all it fits, and thrice otherwise."""
    for id_ in LAYERS:
        if id_ in NO_CODE:
            continue
        kind, dice = LAYERS[id_], random.Random(id_)
        usual = tuple((shape,) * len(kind().inputs) for shape in ((4,), (3, 6, 6), (5, 4)))
        fitting = [(id_, kind(), shapes) for shapes in kind.fits or usual if fits(kind(), shapes)]
        assert fitting, id_
        changed = [(id_, changed_by(dice, kind()), dice.choice(fitting)[2]) for _ in range(30)]
        changed = [case for case in changed if case[1] != kind() and fits(case[1], case[2])]
        if THOROUGH:
            yield from [*fitting, *changed[:3]]
            continue
        id_, layer, shapes = (changed or fitting)[0]
        yield id_, low(layer), shapes


def low(layer: Layer) -> Layer:
    """Of few layers: each further one is written as those before it, and takes as long again."""
    most = 1 if "Transformer" in type(layer).__name__ else 2
    deep = {p.name: getattr(layer, p.name) for p in layer.params() if p.name.startswith("num_") and "layers" in p.name}
    return layer.with_(**{name: min(most, count) for name, count in deep.items()})


def fits(layer: Layer, shapes: tuple[Shape, ...]) -> bool:
    try:
        layer.output_shapes(*shapes)
    except NNLabError:
        return False
    return True


def changed_by(dice: random.Random, layer: Layer) -> Layer:
    for p in layer.params():
        if dice.random() < 0.6:
            try:
                layer = layer.with_(**{p.name: setting(dice, p, getattr(layer, p.name))})
            except NNLabError:
                continue
    return layer


def setting(dice: random.Random, p: Param, now: Any) -> Any:
    low, high = p.low or 0, min(4, 4 if p.high is None else p.high)
    return {
        "bool": lambda: dice.random() < 0.5,
        "choice": lambda: dice.choice([value for value, _ in p.choices]),
        "int": lambda: dice.randint(int(low), max(int(low), int(high))),
        "float": lambda: round(dice.uniform(float(low), min(float(high), 1.0)), 3),
        "size": lambda: tuple(dice.randint(max(1, int(low)), 3) for _ in range(p.axes or 2)),
    }.get(p.kind, lambda: now)()


class Together(nn.Module):
    """Many layers side by side, each with inputs of its own."""

    def __init__(self, many: list[Case]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(lone(layer.torch_code(*shapes), shapes) for _, layer, shapes in many)
        self.takes = [max(1, sum(shape != MISSING for shape in shapes)) for _, _, shapes in many]

    def all(self, *given: Any) -> tuple[Any, ...]:
        said, left = [], list(given)
        for part, count in zip(self.parts, self.takes, strict=True):
            taken, left = left[:count], left[count:]
            made = part(*taken)
            said += [each.clone() for each in (made if isinstance(made, tuple) else (made,))]
        return tuple(said)


def together(many: list[Case]) -> nn.Module:
    """Them as one module; torch.export wants to see a name for each input."""
    names = ", ".join(f"x{k}" for k in range(sum(Together(many).takes)))
    kind = type("Them", (Together,), {"forward": eval(f"lambda self, {names}: self.all({names})")})
    made: nn.Module = kind(many)
    return made.eval()


def inputs(many: list[Case], samples: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    monkeypatch.setattr("test_every_layer.BATCH", samples)
    found: list[Any] = []
    for _, layer, shapes in many:
        found += [each for each in tensors_for(layer, shapes) if each is not None] or [torch.rand(samples, 1)]
    return tuple(found)


def answers(model: nn.Module, given: tuple[Any, ...]) -> list[np.ndarray]:
    with torch.no_grad():
        return [each.numpy() for each in model(*given)]


def files_of(model: nn.Module, given: tuple[Any, ...]) -> dict[str, Any]:
    """What the two files say to other inputs, by their names."""
    with quiet():
        program, held = trace(model, given), io.BytesIO()
        torch.export.save(program, held)
        written = of_program(program).SerializeToString()
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    held.seek(0)
    program = torch.export.load(held).module()
    return {
        "ONNX": lambda *x: session.run(None, dict(zip(names, (each.numpy() for each in x), strict=True))),
        "PT2": lambda *x: answers(program, x),
    }


ALL = list(cases())


def test_every_layer_is_here() -> None:
    assert {id_ for id_, _, _ in ALL} == set(LAYERS) - set(NO_CODE)
    assert set(NOT_HELD) | set(ANSWERS_BY_CHANCE) <= set(LAYERS)


@pytest.mark.parametrize("first", range(0, len(ALL), TOGETHER))
def test_every_layer_leaves_for_onnx_and_pt2_and_answers_as_before(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [case for case in ALL[first : first + TOGETHER] if case[0] not in NOT_HELD]
    torch.manual_seed(first)
    model = together(many)
    files = files_of(model, inputs(many, 3, monkeypatch))
    of = [case for case in many for _ in case[1].torch_code(*case[2]).results]
    wrong = []
    for samples in (1, 5):
        given = inputs(many, samples, monkeypatch)
        wanted = answers(model, given)
        for form, file in files.items():
            for case, mine, theirs in zip(of, wanted, file(*given), strict=True):
                off = far(mine, theirs)
                if not (off < float("inf") if case[0] in ANSWERS_BY_CHANCE else off <= NEAR):
                    wrong.append((form, samples, *case, off))
    assert not wrong


@pytest.mark.parametrize("id_", ANSWERS_BY_CHANCE)
def test_layers_that_answer_by_chance_do(id_: str) -> None:
    layer = LAYERS[id_]()
    shapes = ((4,),) * len(layer.inputs)
    model = lone(layer.torch_code(*shapes), shapes)
    x = torch.rand(3, 4)
    assert not torch.equal(model(x), model(x))
