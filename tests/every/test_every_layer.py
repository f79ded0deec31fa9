"""What every layer promises, checked for all of them against torch: a new layer is tested the moment it exists."""

import dataclasses
import inspect
import warnings
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nnlab.core.blocks.ports import EMPTY
from nnlab.core.graph import ID_PATTERN, Graph
from nnlab.core.layer import CATEGORIES, LAYERS, MISSING, Layer, Shape, TorchCode
from nnlab.core.param import Param
from nnlab.engine.compile import run_text
from nnlab.errors import SettingError, ShapeError

KINDS = [LAYERS[id_] for id_ in LAYERS]
SUMMARY_LIMIT = 24
BATCH = 2
SMALL = 6  # sizes that a test can afford; the ends of each range are tested apart
STRICTER_THAN_TORCH = {
    "GlobalAvgPool2d": "torch averages the last two axes of anything, also of a film",
    "Flatten": "the batch together with axes of size 1, which happens to change nothing",
    "FractionalMaxPool2d": "a share that leaves no number, of which torch makes an empty picture",
    "MaxUnpool2d": "a border wider than the pool before it can have had",
    "PatchEmbedding": "a picture that patches do not divide, whose edge torch would leave out",
    "Slice": "a part without any numbers, which torch would make",
    "Split": "a piece without any numbers, which torch would make",
    "Transpose": "the batch in place of itself, which changes nothing",
    "SequencePool": "a mask of one step, which torch would stretch over all of them",
    "LastStep": "a mask of one step, which torch would stretch over all of them",
    "Reverse": "a mask of one step, which torch would stretch over all of them",
    "GraphPool": "a mask of one node, which torch would stretch over all of them",
    "PositionalEncoding": "a table of one position, which torch would add to every step",
    "Reparameterise": "one spread for several means, which torch would stretch over all of them",
    "ScaledDotProductAttention": "not to look ahead from one sequence into another, where ahead means nothing",
    "GRU": "a bias for its gates to start with, and no biases: torch would leave it out",
    "LSTM": "a bias for its gates to start with, and no biases: torch would leave it out",
}
"""Layers that refuse what torch could compute, and what that is."""

DTYPES = {
    "x": torch.float32, "h": torch.float32, "s": torch.float32, "i": torch.int64, "e": torch.int64, "m": torch.bool,
}  # fmt: skip
SIZE_ALONE = {"MaxUnpool2d": "like", "ResizeTo": "like"}
"""Inputs of which only the size counts, which no gradient reaches."""
NO_GRADIENT = {"ArgMax", "CausalMask", "Detach", "NodeMask", "OneHot"}
"""Layers that no gradient passes, as their help says."""

TORCH_REFUSES = (AssertionError, RuntimeError, ValueError, IndexError)

MADE_BY: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("RNN", "LSTM", "GRU"), (nn.RNNBase, nn.RNNCell)),
    "TransformerEncoder": (nn.TransformerEncoder, nn.TransformerEncoderLayer),
    "TransformerDecoder": (nn.TransformerDecoder, nn.TransformerDecoderLayer),
    "MultiheadAttention": (nn.MultiheadAttention, nn.MultiheadAttention.forward),
}
"""Where torch declares the settings of layers that are made of others, or that hide what they take."""

OUR_OWN = {
    "Dropout": {"channels"},
    "LSTM": {"forget_bias"},
    "GRU": {"update_bias"},
    **{
        id_: {"causal"}
        for id_ in (
            "MultiheadAttention",
            "Transformer",
            "TransformerDecoder",
            "TransformerDecoderLayer",
            "TransformerEncoder",
            "TransformerEncoderLayer",
        )
    },
}
"""Settings that torch has no word for: how weights start, and a mask that is made for the user."""

every_layer = pytest.mark.parametrize("kind", KINDS, ids=list(LAYERS))
quick = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def values(p: Param) -> st.SearchStrategy[Any]:
    """Values a setting takes, small enough to be computed with."""
    low, high = int(p.low or 0), int(min(p.high if p.high is not None else SMALL, SMALL))
    number = st.integers(low, high)
    made: dict[str, st.SearchStrategy[Any]] = {
        "bool": st.booleans(),
        "choice": st.sampled_from([value for value, _ in p.choices] or [""]),
        "int": number,
        "float": st.floats(p.low, p.high, allow_subnormal=False),
        "text": st.text(max_size=5),
        "graph": st.just(EMPTY),
        "places": st.just(()),
        "size": st.one_of(
            number,
            st.tuples(*[number] * (p.axes or 2)),
            *([st.sampled_from([v for v, _ in p.choices])] if p.choices else []),
        ),
    }
    return st.none() | made[p.kind] if p.optional else made[p.kind]


def layers(kind: type[Layer]) -> st.SearchStrategy[Layer]:
    """Layers of one kind; half of each setting at its default, so that most of them fit something."""
    fields = {p.name: st.just(default) | values(p) for p, default in zip(kind.params(), _defaults(kind), strict=True)}
    return st.fixed_dictionaries(fields).map(lambda chosen: kind(**chosen))


def _defaults(kind: type[Layer]) -> list[object]:
    return [getattr(kind(), p.name) for p in kind.params()]


@st.composite
def inputs(draw: st.DrawFn, kind: type[Layer]) -> tuple[Shape, ...]:
    """Shapes for each input: those that the layer says fit it, mostly; pictures, rows and series; for merges alike."""
    sizes = st.integers(1, 9)
    if kind.fits:
        fitting = draw(st.sampled_from(kind.fits))
        return tuple(_changed(draw, shape, sizes) for shape in fitting)
    ports = kind().inputs
    if not ports and not kind.is_entry:
        return ()
    first = tuple(draw(st.lists(sizes, min_size=1, max_size=4) | st.tuples(sizes, sizes, sizes)))
    shapes = [first]
    for _ in range(draw(st.integers(1, 3)) if kind.variadic else max(0, len(ports) - 1)):
        other = list(first)
        if draw(st.booleans()):
            other[draw(st.integers(0, len(other) - 1))] = draw(sizes)
        shapes.append(tuple(other) if draw(st.integers(0, 9)) else (*other, 2))
    return tuple(shapes)


def _changed(draw: st.DrawFn, shape: Shape, sizes: st.SearchStrategy[int]) -> Shape:
    """Now and then with one size changed."""
    if shape in (MISSING, ()) or draw(st.integers(0, 4)):
        return shape
    at = draw(st.integers(0, len(shape) - 1))
    return (*shape[:at], draw(sizes), *shape[at + 1 :])


def definitions(code: TorchCode) -> dict[str, Any]:
    """Everything that the layer's code may name."""
    return run_text("\n\n\n".join(support.text for support in code.support))


def construct(code: TorchCode) -> nn.Module | None:
    """The torch module that the code names."""
    return None if code.module is None else eval(code.module.source(), definitions(code))


def tensors_for(layer: Layer, shapes: tuple[Shape, ...], gradients: bool = False) -> list[Tensor | None]:
    """Numbers of the right kind for each input; None where no wire is."""
    kinds = [layer.inputs[0].kind] * len(shapes) if layer.variadic else [port.kind for port in layer.inputs]
    kinds = kinds or ["x"] * len(shapes)
    nodes = next((s[0] for s, kind in zip(shapes, kinds, strict=True) if kind == "x" and s not in (MISSING, ())), 1)
    return [
        None if shape == MISSING else _numbers(kind, (BATCH, *shape), nodes, gradients)
        for shape, kind in zip(shapes, kinds, strict=True)
    ]


def _numbers(kind: str, shape: Shape, nodes: int, gradients: bool) -> Tensor:
    if kind == "i":
        return torch.randint(0, 2, shape)
    if kind == "e":
        return torch.randint(-1, max(1, nodes), (BATCH, 1, *shape[2:])).repeat(
            1, shape[1], 1
        )  # -1 in both rows or none
    if kind == "m":
        mask = torch.rand(shape) > 0.7
        mask[..., :1] = False
        return mask
    return torch.randn(shape, requires_grad=gradients)


def results(code: TorchCode, module: nn.Module | None, tensors: list[Tensor | None]) -> list[Tensor]:
    """What leaves by each output of the layer for these tensors."""
    names = {f"x{n}": t for n, t in enumerate(tensors)}
    known = {**definitions(code), "module": module, **names}
    text = code.forward.format(
        *names, self="module", batch=str(len(tensors[0]) if tensors and tensors[0] is not None else BATCH)
    )
    value = eval(text, known)
    return [eval(each.format(r="value"), {**known, "value": value}) for each in code.results]


def apply(code: TorchCode, module: nn.Module | None, tensors: list[Tensor | None]) -> Tensor:
    """The layer's first output."""
    return results(code, module, tensors)[0]


def keeps_samples_apart(code: TorchCode, module: nn.Module | None, tensors: list[Tensor | None]) -> bool:
    """Whether torch computes each sample by itself: the answer for a batch is that for each of its samples."""
    whole = apply(code, module, tensors)
    try:
        single = [apply(code, module, [t if t is None else t[n : n + 1] for t in tensors]) for n in range(BATCH)]
    except TORCH_REFUSES:
        return False
    each = torch.cat(single)
    return whole.shape == each.shape and torch.allclose(whole.float(), each.float(), atol=1e-5)


def accepted(layer: Layer, shapes: tuple[Shape, ...]) -> tuple[Shape, ...] | None:
    """The shape of each output, or None if the layer refuses; a refusal must be a sentence."""
    if len(shapes) != len(layer.inputs) and not (layer.variadic or layer.is_entry):
        return None
    try:
        return layer.output_shapes(*shapes)
    except ShapeError as problem:
        said = str(problem)
    assert len(said) > 20
    assert "\n" not in said
    return None


@every_layer
class TestEveryLayer:
    def test_explains_itself(self, kind: type[Layer]) -> None:
        assert kind.title
        assert kind.category in CATEGORIES
        assert kind.tier in (1, 2, 3)
        assert kind.formula
        assert "\n" not in kind.formula
        assert kind.__doc__ != dataclasses.make_dataclass("Plain", []).__doc__
        assert len(kind.help_text().splitlines()[0]) > 20, "the first line is the tooltip"
        for p in kind.params():
            assert p.why.endswith("."), f"{p.name} needs a sentence that says why it is there"
            assert p.label[:1].isupper()

    def test_bounds_every_number(self, kind: type[Layer]) -> None:
        for p in kind.params():
            if p.kind in ("int", "float", "size"):
                assert p.low is not None
                assert p.high is not None
                assert max(abs(p.low), abs(p.high)) <= 65_536

    def test_refuses_hostile_settings_with_a_sentence(self, kind: type[Layer]) -> None:
        for p in kind.params():
            empty = () if p.kind == "places" else ([], {})
            for value in (float("nan"), float("inf"), 2**70, -(2**70), "x" * 20_000, *empty, object(), (1, 2, 3, 4)):
                with pytest.raises(SettingError) as problem:
                    kind(**{p.name: value})
                assert len(str(problem.value)) < 400

    def test_survives_being_written_down(self, kind: type[Layer]) -> None:
        @quick
        @given(layers(kind))
        def check(layer: Layer) -> None:
            assert kind(**layer.as_dict()) == layer

        check()

    def test_has_torchs_names_for_its_settings(self, kind: type[Layer]) -> None:
        id_ = LAYERS.id_of(kind)
        if hasattr(nn, id_):
            makers = MADE_BY.get(id_, (getattr(nn, id_),))
            known = {name for maker in makers for name in inspect.signature(maker).parameters}
            assert {p.name for p in kind.params()} - OUR_OWN.get(id_, set()) <= known

    def test_says_little_on_its_node(self, kind: type[Layer]) -> None:
        @quick
        @given(layers(kind))
        def check(layer: Layer) -> None:
            assert len(layer.summary()) <= SUMMARY_LIMIT

        check()
        widest = {
            p.name: tuple(int(p.high or 0) - k % 2 for k in range(p.axes or 2)) if p.kind == "size" else p.high
            for p in kind.params()
            if p.kind in ("int", "float", "size")
        }
        assert len(kind(**widest).summary()) <= SUMMARY_LIMIT

    def test_gets_an_id_that_a_graph_takes(self, kind: type[Layer]) -> None:
        assert ID_PATTERN.fullmatch(Graph().new_id(kind()))

    def test_promises_the_shape_that_torch_makes(self, kind: type[Layer]) -> None:
        seen = 0

        @quick
        @given(layers(kind), inputs(kind))
        def check(layer: Layer, shapes: tuple[Shape, ...]) -> None:
            nonlocal seen
            promised = accepted(layer, shapes)
            assume(promised is not None)
            code = layer.torch_code(*shapes)
            module = construct(code)
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what would warn a user at every run is written otherwise
                made = results(code, module.eval() if module else None, tensors_for(layer, shapes))
            assert [tuple(t.shape) for t in made] == [(BATCH, *shape) for shape in promised or ()]
            ports = layer.outputs or layer.inputs  # an Output has none, and passes on what it gets
            for port, tensor in zip(ports, made, strict=True):
                assert port.kind == "*" or tensor.dtype == DTYPES[port.kind], port.name
            seen += 1

        check()
        assert seen >= 3, "the test must not pass by meeting refusals alone"

    def test_promises_the_parameters_that_torch_makes(self, kind: type[Layer]) -> None:
        @quick
        @given(layers(kind), inputs(kind))
        def check(layer: Layer, shapes: tuple[Shape, ...]) -> None:
            assume(accepted(layer, shapes) is not None)
            module = construct(layer.torch_code(*shapes)) or nn.Identity()
            real = {name: tuple(p.shape) for name, p in module.named_parameters()}
            assert layer.parameter_shapes(*shapes) == real
            assert layer.parameter_count(*shapes) == sum(p.numel() for p in module.parameters())
            assert layer.flops(*shapes) >= 0

        check()

    def test_refuses_only_what_torch_refuses_or_what_would_mix_samples(self, kind: type[Layer]) -> None:
        @quick
        @given(layers(kind), inputs(kind))
        def check(layer: Layer, shapes: tuple[Shape, ...]) -> None:
            if accepted(layer, shapes) is not None:
                return
            tensors = tensors_for(layer, shapes)
            try:
                code = layer.torch_code(*shapes)
                module = construct(code)
                apart = keeps_samples_apart(code, module.eval() if module else None, tensors)
            except (*TORCH_REFUSES, ShapeError):  # a list that cannot be read has no torch code
                return
            assert not apart or LAYERS.id_of(kind) in STRICTER_THAN_TORCH

        check()

    def test_survives_the_ends_of_its_ranges(self, kind: type[Layer]) -> None:
        """A stride of 2³¹ − 1 ends the whole process; nothing that a setting allows may."""
        for p in kind.params():
            for end in (p.low, p.high):
                if p.kind not in ("int", "size", "float") or end is None:
                    continue
                layer = kind(**{p.name: end})
                plain = [(shape,) * len(layer.inputs) for shape in ((4,), (2, 5, 5), (1, 1, 1), (2, 9))]
                for shapes in kind.fits or plain:
                    made = accepted(layer, shapes)
                    if made is not None and sum(map(prod, made)) + layer.parameter_count(*shapes) < 1_000_000:
                        code = layer.torch_code(*shapes)
                        module = construct(code)
                        answer = apply(code, module.eval() if module else None, tensors_for(layer, shapes, True))
                        if answer.requires_grad:
                            answer.sum().backward()

    def test_lets_the_gradient_through(self, kind: type[Layer]) -> None:
        @quick
        @given(layers(kind), inputs(kind))
        def check(layer: Layer, shapes: tuple[Shape, ...]) -> None:
            assume(accepted(layer, shapes) is not None)
            code = layer.torch_code(*shapes)
            module = construct(code)
            tensors = tensors_for(layer, shapes, gradients=True)
            answers = results(code, module.eval() if module else None, tensors)
            ignored = SIZE_ALONE.get(LAYERS.id_of(kind))
            sizes = {n for n, port in enumerate(layer.inputs) if port.name == ignored}
            floats = [t for n, t in enumerate(tensors) if t is not None and t.requires_grad and n not in sizes]
            if LAYERS.id_of(kind) in NO_GRADIENT:
                assert not any(t.requires_grad for t in answers[:1])
                return
            loose = [t for t in answers if t.requires_grad]
            through = any(port.kind in ("x", "h", "s", "*") for port in layer.outputs or layer.inputs)
            assert loose or not floats or not through
            if loose and floats:
                torch.stack([t.float().sum() for t in loose]).sum().backward()
                assert all(t.grad is not None and t.grad.isfinite().all() for t in floats)

        check()
