"""Keras code for blocks: repeated, shared, nested, with several ports, over time; frozen layers and shared weights."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.dataset import DATASETS
from nnlab.core.document import Data, Document
from nnlab.core.example import EXAMPLES
from nnlab.core.graph import Graph, Link, Node
from nnlab.core.layer import LAYERS, MISSING, Layer
from nnlab.core.learning import USUAL, Learning
from nnlab.core.loss import LOSSES
from nnlab.core.template import TEMPLATES
from nnlab.engine.compile import build
from nnlab.engine.exports import keras_script
from nnlab.engine.exports.keras import training as keras_training
from nnlab.engine.exports.keras.code import KERAS, NoEqual
from nnlab.engine.exports.keras.table import keras_code
from nnlab.engine.exports.keras.text import LAYER_WORDS, folded
from nnlab.engine.exports.trained import Trained
from nnlab.errors import BuildError

with_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras is not installed")
NO_EQUAL = {"FractionalMaxPool2d"}
"""Layers for which Keras has nothing, and of which nothing sensible can be made of what it has."""
SHOWN = ("resnet-18", "tiny-gpt", "vae", "vit-tiny", "dcgan", "siamese")
"""Templates that are tried with numbers: blocks, decoders, an Output that is a loss, patches, norms of weights, sharing."""


def of(id_: str, **settings: Any) -> Layer:
    return LAYERS[id_](**settings)


def graph(nodes: dict[str, Layer | tuple[Layer, Learning]], *wires: str) -> Graph:
    """Nodes by their ids, and wires such as "a > b", "a.out > b.in"."""
    made = Graph()
    for name, given in nodes.items():
        layer, learning = given if isinstance(given, tuple) else (given, USUAL)
        made = made.with_node(Node(name, layer, learning=learning))
    for wire in wires:
        (a, _, out), (b, _, into) = (end.partition(".") for end in wire.split(" > "))
        taken = {link.target_port for link in made.incoming[b]}
        into = into or next(port.name for port in made.input_ports(b) if port.name not in taken)
        link = Link(a, b, into, out or made.output_ports(a)[0].name)
        made = replace(made, links=made.links | {link})
    return made


def document(nodes: dict[str, Any], *wires: str) -> Document:
    whole = graph({"input": of("Input"), **nodes, "output": of("Output")}, *wires)
    return Document(whole, Data(DATASETS["breast-cancer"]()))


RESIDUAL = graph(
    {"i": BlockInput(), "dense": of("Linear", out_features=30), "act": of("Tanh"), "drop": of("Dropout"), "add": of("Add"),
     "o": BlockOutput()},
    "i > dense", "dense > act", "act > drop", "drop > add", "i > add", "add > o",
)  # fmt: skip
TWO = graph(
    {"p": BlockInput(), "q": BlockInput(name="x"), "f": of("Linear", out_features=30),
     "g": (of("Linear", out_features=30), Learning(frozen=True)), "m": of("Multiply"), "s": of("Subtract"),
     "o": BlockOutput(), "u": BlockOutput(name="The other, 2")},
    "p > f", "q > g", "f > m", "g > m", "m > o", "f > s", "g > s", "s > u",
)  # fmt: skip
NESTED = graph(
    {"i": BlockInput(), "one": Block(called="Residual", inner=RESIDUAL, repeat=2),
     "same": Block(called="Residual", inner=RESIDUAL, repeat=3, share=True),
     "norm": (of("BatchNorm1d"), Learning(frozen=True)), "o": BlockOutput()},
    "i > one", "one > same", "same > norm", "norm > o",
)  # fmt: skip
STEP = graph(
    {"i": BlockInput(), "h": BlockInput(name="h", order=1), "a": of("Linear", out_features=7),
     "b": of("Linear", out_features=7), "s": of("Add"), "t": of("Tanh"), "y": of("Linear", out_features=3),
     "o": BlockOutput(), "n": BlockOutput(name="h", order=1)},
    "i > a", "h > b", "a > s", "b > s", "s > t", "t > y", "y > o", "t > n",
)  # fmt: skip
PATHS = graph(
    {"i": BlockInput(), "dense": of("Linear", out_features=30), "path": of("DropPath", p=0.4, schedule="linear"),
     "add": of("Add"), "o": BlockOutput()},
    "i > dense", "dense > path", "path > add", "i > add", "add > o",
)  # fmt: skip


def nested() -> Document:
    nodes = {"first": Block(called="Deep", inner=NESTED, repeat=2),
             "second": (Block(called="Deep", inner=NESTED), Learning(frozen=True)),
             "last": of("Linear", out_features=2)}  # fmt: skip
    return document(nodes, "input > first", "first > second", "second > last", "last > output")


def ports() -> Document:
    nodes = {"a": Block(called="Two", inner=TWO), "b": Block(called="Two", inner=TWO, repeat=2),
             "c": Block(called="Two", inner=TWO, repeat=2, share=True), "all": of("Concat"),
             "last": of("Linear", out_features=2)}  # fmt: skip
    return document(
        nodes, "input > a.in", "input > a.x", "a.out > b.in", "a.The other, 2 > b.x", "b.out > c.in", "input > c.x",
        "c.out > all", "b.The other, 2 > all", "c.The other, 2 > all", "all > last", "last > output",
    )  # fmt: skip


def shared() -> Document:
    nodes = {"first": of("Linear", out_features=30), "again": (of("Linear", out_features=30), Learning(shares="first")),
             "a": Block(called="Residual", inner=RESIDUAL, repeat=2),
             "b": (Block(called="Residual", inner=RESIDUAL, repeat=2), Learning(shares="a")),
             "add": of("Add"), "last": (of("Linear", out_features=2), Learning(frozen=True, rate=2.0))}  # fmt: skip
    return document(
        nodes, "input > first", "first > again", "again > a", "a > b", "b > add", "input > add", "add > last",
        "last > output",
    )  # fmt: skip


def over_time() -> Document:
    cell = Block(called="Cell", inner=STEP, repeat_as="time")
    nodes = {"rows": of("Reshape", shape="5, 6"), "cell": cell, "more": cell, "f": of("Flatten"), "g": of("Flatten"),
             "all": of("Concat"), "last": of("Linear", out_features=2)}  # fmt: skip
    return document(
        nodes, "input > rows", "rows > cell", "rows > more.in", "cell.h > more.h", "cell > f", "f > all", "more > g",
        "g > all", "all > last", "last > output",
    )  # fmt: skip


def normed() -> Document:
    nodes = {"paths": Block(called="Paths", inner=PATHS, repeat=3),
             "weight": (of("Linear", out_features=8), Learning(norm="weight")),
             "last": (of("Linear", out_features=2), Learning(norm="spectral"))}  # fmt: skip
    return document(nodes, "input > paths", "paths > weight", "weight > last", "last > output")


def weighed() -> Document:
    loss = LOSSES["cross-entropy"](label_smoothing=0.1, class_weights="balanced")
    return EXAMPLES["iris"].document().with_training(loss=loss)


MADE = {
    "weighed": weighed,
    "nested": nested,
    "ports": ports,
    "shared": shared,
    "over_time": over_time,
    "normed": normed,
}

CHILD = """
import keras, numpy, pathlib, sys, warnings
warnings.simplefilter("ignore")
words = {n for n in dir(keras.layers.Layer) if not n.startswith("_")}
words -= {*dir(__import__("torch").nn.Module), *sys.argv.pop().split(",")}
assert not words, words
for path in sorted(pathlib.Path(sys.argv.pop()).glob("*.py")):
    names = {"__name__": path.stem}
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), names)
    model = names["network"]()
    held = numpy.load(path.with_suffix(".npz"))
    names["take_over"](model, {k[2:]: held[k] for k in held if k.startswith("w:")})
    answers = model([held[f"x{n}"] for n in range(len(model.inputs))], training=False)
    answers = answers if isinstance(answers, (list, tuple)) else [answers]
    for n, answer in enumerate(answers):
        wanted, got = held[f"y{n}"], answer.detach().numpy()
        assert got.shape == wanted.shape, path
        assert abs(got - wanted).max() / max(1, abs(wanted).max()) < 1e-5, (path.name, n)
    print("same", path.stem, sum(int(numpy.prod(v.shape)) for v in model.trainable_variables))
    if path.stem in ("nested", "vae", "weighed"):
        names["main"]()
"""


def written(folder: Any, name: str, made: Document) -> None:
    state = {key: value.numpy().copy() for key, value in build(made, 5).state_dict().items()}
    subject = Trained(made, state)
    held = {f"w:{key}": value for key, value in state.items()}
    held |= {f"x{n}": value.numpy() for n, value in enumerate(subject.samples)}
    held |= {f"y{n}": value for n, value in enumerate(subject.answer())}
    np.savez(folder / f"{name}.npz", **held)
    (folder / f"{name}.py").write_text(keras_script.text(made), encoding="utf-8")


@with_keras
def test_losses_charge_in_keras_what_they_do_in_pytorch():
    env = {**os.environ, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    path = Path(__file__).with_name("keras_losses_equal.py")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False, timeout=115, env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not {what: far for what, far in found.items() if isinstance(far, str) or not far < 1e-5}
    assert len(found) > 70


@with_keras
def test_blocks_answer_in_keras_as_in_pytorch_and_learn_only_what_is_not_frozen(tmp_path):
    for name, made in MADE.items():
        written(tmp_path, name, made().with_training(epochs=1))
    for id_ in SHOWN:
        written(tmp_path, id_, TEMPLATES[id_].make().with_training(epochs=1))
    env = {**os.environ, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-I", "-c", f"import sys; sys.modules['nnlab'] = None\n{CHILD}"]
    done = subprocess.run(
        [*command, str(tmp_path), ",".join(LAYER_WORDS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=115,
        env=env,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = dict(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("same "))
    assert set(said) == {*MADE, *SHOWN}
    for name in ("nested", "ports", "shared"):
        free = sum(p.numel() for p in build(MADE[name](), 0).parameters() if p.requires_grad)
        assert int(said[name]) == free, name


def test_the_learning_rate_of_one_cycle_is_the_same_at_every_step():
    training = TEMPLATES["resnet-18"].make().training
    names = {
        "keras": SimpleNamespace(optimizers=SimpleNamespace(schedules=SimpleNamespace(LearningRateSchedule=object)))
    }
    names |= {"np": np, "LEARNING_RATE": training.learning_rate}
    names["ops"] = SimpleNamespace(cast=lambda x, kind: x, clip=np.clip, cos=np.cos, where=np.where)
    exec(keras_training.one_cycle(training), names)
    for steps in (2, 40):
        made = names["OneCycle"](steps)
        wanted = [training.learning_rate * training.schedule.factor(k, steps, 1) for k in range(steps)]
        assert np.allclose([made(k) for k in range(steps)], wanted)


def test_what_single_layers_learn_otherwise_is_said_at_the_top():
    assert "learning rates of their own: Linear learn as the others do" in keras_script.text(shared())
    assert "weight norm: Linear learn the weights themselves" in keras_script.text(normed())


def test_blocks_that_differ_in_numbers_alone_share_a_class_whose_arguments_have_their_names():
    text = keras_script.text(TEMPLATES["resnet-18"].make())
    assert text.count("(layers.Layer):") == 2
    assert "def __init__(self, filters, **options):" in text
    assert 'ResidualBlock(filters=64, name="block_5")(x)' in text
    assert "    for k in range(2):\n        x = ResidualBlock(filters=16" in text


def test_almost_every_layer_has_an_equal_in_keras():
    without = {id_ for id_ in LAYERS if id_ != "Block"} - set(KERAS)
    assert without >= NO_EQUAL
    assert len(without) <= len(LAYERS) // 50  # a layer may come in a file of its own


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (of("LSTM", proj_size=2), ((5, 4), MISSING, MISSING)),
        (of("InstanceNorm2d", track_running_stats=True), ((4, 6, 6),)),
        (of("MaxUnpool2d", kernel_size=3, stride=2), ((2, 3, 3), (2, 3, 3), (2, 7, 7))),
        (of("Pad", padding="-1, 1", mode="reflect"), ((2, 6, 6),)),
    ],
)
def test_settings_without_an_equal_are_a_short_list(layer, shapes):
    with pytest.raises(NoEqual):
        keras_code(LAYERS.id_of(layer), layer, shapes)


@pytest.mark.parametrize("id_", [*TEMPLATES, *EXAMPLES])
def test_every_template_and_example_is_written_for_keras(id_):
    made = TEMPLATES[id_].make() if id_ in TEMPLATES else EXAMPLES[id_].document()
    text = keras_script.text(made)
    compile(text, "net.py", "exec")
    assert max(map(len, text.splitlines())) <= 120


def test_keras_code_is_clean_whatever_it_needs(tmp_path):
    for id_ in ("resnet-18", "tiny-gpt", "vae", "vit-tiny", "dcgan", "two-heads"):
        (tmp_path / f"{id_}.py").write_text(keras_script.text(TEMPLATES[id_].make()), encoding="utf-8")
    for name, made in MADE.items():
        (tmp_path / f"{name}.py").write_text(keras_script.text(made()), encoding="utf-8")
    for id_ in ("karate-club", "molecules", "zed", "mood"):
        (tmp_path / f"{id_}.py").write_text(keras_script.text(EXAMPLES[id_].document()), encoding="utf-8")
    ruff = os.path.join(os.path.dirname(sys.executable), "ruff")
    command = [
        ruff,
        "check",
        "--isolated",
        "--no-cache",
        "--select",
        "E,F,W,B,I",
        "--line-length",
        "120",
        str(tmp_path),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_a_layer_without_an_equal_within_a_block_is_named_and_the_block_is_pointed_at():
    inner = graph({"i": BlockInput(), "pool": of("FractionalMaxPool2d"), "o": BlockOutput()}, "i > pool", "pool > o")
    nodes = {"rows": of("Reshape", shape="1, 5, 6"), "b": Block(called="Odd", inner=inner), "f": of("Flatten"),
             "last": of("Linear", out_features=2)}  # fmt: skip
    made = document(nodes, "input > rows", "rows > b", "b > f", "f > last", "last > output")
    with pytest.raises(BuildError, match="Keras has no equal for Fractional max pool 2-D") as refusal:
        keras_script.text(made)
    assert refusal.value.node == "b"


@pytest.mark.parametrize("limit", [50, 60])
def test_long_lines_are_folded_where_brackets_allow_it(limit):
    statement = 'x = layers.Conv2D(16, 3, padding="same", name="a, b")(ops.pad(inputs, ((0, 0), (1, 1))))'
    lines = folded(statement, limit)
    assert len(lines) > 1
    assert "".join(line.strip() for line in lines).replace(",)", ")").replace(" ", "") == statement.replace(" ", "")
    compile("\n".join(lines), "lines", "exec")
