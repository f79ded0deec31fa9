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

from nnlab.core.graph import ID_PATTERN, Graph
from nnlab.core.layer import CATEGORIES, LAYERS, Layer, Shape, TorchCode
from nnlab.core.param import Param
from nnlab.errors import SettingError, ShapeError

KINDS = [LAYERS[id_] for id_ in LAYERS]
SUMMARY_LIMIT = 24
BATCH = 2
SMALL = 6  # sizes that a test can afford; the ends of each range are tested apart
STRICTER_THAN_TORCH = {
    "GlobalAvgPool2d": "torch averages the last two axes of anything, also of a film",
    "Flatten": "the batch together with axes of size 1, which happens to change nothing",
}
"""Layers that refuse what torch could compute, and what that is."""

TORCH_REFUSES = (RuntimeError, ValueError, IndexError)

every_layer = pytest.mark.parametrize("kind", KINDS, ids=list(LAYERS))
quick = settings(
    max_examples=40,
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
        "size": st.one_of(
            number, st.tuples(number, number), *([st.sampled_from([v for v, _ in p.choices])] if p.choices else [])
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
    """Shapes for each input: pictures, rows and series; for merges mostly ones that fit together."""
    sizes = st.integers(1, 9)
    first = tuple(draw(st.lists(sizes, min_size=1, max_size=4) | st.tuples(sizes, sizes, sizes)))
    shapes = [first]
    for _ in range(draw(st.integers(1, 3)) if kind.variadic else max(0, len(kind.inputs) - 1)):
        other = list(first)
        if draw(st.booleans()):
            other[draw(st.integers(0, len(other) - 1))] = draw(sizes)
        shapes.append(tuple(other) if draw(st.integers(0, 9)) else (*other, 2))
    return tuple(shapes)


def construct(code: TorchCode) -> nn.Module | None:
    """The torch module that the code names."""
    return None if code.module is None else eval(code.module.source(), {"nn": nn})


def apply(code: TorchCode, module: nn.Module | None, tensors: list[Tensor]) -> Tensor:
    """The layer's expression, run on these tensors."""
    names = {f"x{n}": t for n, t in enumerate(tensors)}
    text = code.forward.format(*names, self="module")
    result: Tensor = eval(text, {"torch": torch, "nn": nn, "F": nn.functional, "module": module, **names})
    return result


def keeps_samples_apart(code: TorchCode, module: nn.Module | None, tensors: list[Tensor]) -> bool:
    """Whether torch computes each sample by itself: the answer for a batch is that for each of its samples."""
    whole = apply(code, module, tensors)
    try:
        single = [apply(code, module, [t[n : n + 1] for t in tensors]) for n in range(BATCH)]
    except TORCH_REFUSES:
        return False
    each = torch.cat(single)
    return whole.shape == each.shape and torch.allclose(whole, each, atol=1e-5)


def accepted(layer: Layer, shapes: tuple[Shape, ...]) -> Shape | None:
    """The output's shape, or None if the layer refuses; a refusal must be a sentence."""
    try:
        return layer.output_shapes(*shapes)[0]
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
            for value in (float("nan"), float("inf"), 2**70, -(2**70), "x" * 20_000, [], {}, object(), (1, 2, 3)):
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
            known = set(inspect.signature(getattr(nn, id_)).parameters)
            assert {p.name for p in kind.params()} <= known

    def test_says_little_on_its_node(self, kind: type[Layer]) -> None:
        @quick
        @given(layers(kind))
        def check(layer: Layer) -> None:
            assert len(layer.summary()) <= SUMMARY_LIMIT

        check()
        widest = {
            p.name: (int(p.high or 0), int(p.high or 0) - 1) if p.kind == "size" else p.high
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
                made = apply(code, module.eval() if module else None, [torch.randn(BATCH, *s) for s in shapes])
            assert tuple(made.shape) == (BATCH, *promised)  # type: ignore[misc]
            seen += 1

        check()
        assert seen >= 8, "the test must not pass by meeting refusals alone"

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
            code = layer.torch_code(*shapes)
            tensors = [torch.randn(BATCH, *s) for s in shapes]
            try:
                module = construct(code)
                apart = keeps_samples_apart(code, module.eval() if module else None, tensors)
            except TORCH_REFUSES:
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
                for shape in ((4,), (2, 5, 5), (1, 1, 1), (2, 9)):
                    shapes = (shape,) * max(1, len(kind.inputs))
                    made = accepted(layer, shapes)
                    if made is not None and prod(made) + layer.parameter_count(*shapes) < 1_000_000:
                        code = layer.torch_code(*shapes)
                        tensors = [torch.randn(BATCH, *s, requires_grad=True) for s in shapes]
                        module = construct(code)
                        apply(code, module.eval() if module else None, tensors).sum().backward()

    def test_lets_the_gradient_through(self, kind: type[Layer]) -> None:
        @quick
        @given(layers(kind), inputs(kind))
        def check(layer: Layer, shapes: tuple[Shape, ...]) -> None:
            assume(accepted(layer, shapes) is not None)
            code = layer.torch_code(*shapes)
            module = construct(code)
            tensors = [torch.randn(BATCH, *s, requires_grad=True) for s in shapes]
            apply(code, module.eval() if module else None, tensors).sum().backward()
            assert all(t.grad is not None and t.grad.isfinite().all() for t in tensors)

        check()
