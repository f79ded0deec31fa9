"""Typed formulas: a grammar of their own, exact torch code, a shape rule, and nothing that is run as it stands."""

import ast
import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from nnlab.core.arithmetic.expressions import FUNCTIONS, INPUTS, PARTS_LIMIT, TEXT_LIMIT, of_wires, read
from nnlab.core.layer import MISSING
from nnlab.errors import ShapeError

KNOWN = {"torch": torch, "F": functional}

WORDS = {name: getattr(torch, name) for name in FUNCTIONS if hasattr(torch, name)} | {
    "softplus": functional.softplus,
    "pi": math.pi,
    "mean": lambda x: x.mean(-1, keepdim=True),
    "sum": lambda x: x.sum(-1, keepdim=True),
    "maximum": lambda x, y: torch.maximum(_tensor(x), _tensor(y)),
    "minimum": lambda x, y: torch.minimum(_tensor(x), _tensor(y)),
}
"""What each word means in a text that torch computes directly: the reference for the written code."""


def _tensor(value: Tensor | float) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float32)


def computed(text: str, *inputs: Tensor) -> Tensor:
    """The value of the written code."""
    code = read(text).code().format(*(f"x{k}" for k in range(4)))
    made: Tensor = eval(code, {**KNOWN, **{f"x{k}": x for k, x in enumerate(inputs)}})
    return made


GOOD = {
    "a + sin(a) ** 2": "{0} + torch.sin({0}) ** 2",
    "-a ** 2": "-{0} ** 2",
    "(-a) ** 2": "(-{0}) ** 2",
    "-2 ** a": "-2 ** {0}",
    "(-2) ** a": "(-2) ** {0}",
    "a - (b - c) / d": "{0} - ({1} - {2}) / {3}",
    "2 * pi * a": f"{2 * math.pi} * {{0}}",
    "maximum(a, 0)": "torch.clamp({0}, min=0)",
    "minimum(3, a)": "torch.clamp({0}, max=3)",
    "clamp(a, -1, 1)": "torch.clamp({0}, -1, 1)",
    "where(a > 0, 1, b)": "torch.where({0} > 0, 1.0, {1})",
    "where(1 > 2, a, b)": "{1}",
    "a - mean(a)": "{0} - torch.mean({0}, -1, keepdim=True)",
    "  a\n  + b  ": "{0} + {1}",
}


@pytest.mark.parametrize(("text", "code"), GOOD.items(), ids=list(GOOD))
def test_is_written_as_torch_code_with_no_bracket_too_few(text: str, code: str) -> None:
    assert read(text).code() == code


WRONG = {
    "": "no expression",
    "1 + 2": "same number whatever comes in",
    "a +": "cannot read",
    "a; b": "cannot read",
    "a b": "cannot read",
    "x + a": "“x”",
    "a.__class__": "“a.__class__”",
    "().__class__.__bases__[0].__subclasses__()": "no function",
    "__import__('os').system('true')": "no function",
    "getattr(a, 'b')": "no function",
    "(lambda: a)()": "no function",
    "a[0]": r"“a\[0\]”",
    "[a for a in b]": "not known here",
    "a if b else c": "not known here",
    "f'{a}'": "not known here",
    "(a := 3)": "not known here",
    "a and b": "not known here",
    "a % 2": "“a % 2”",
    "a @ b": "“a @ b”",
    "a < b < c": "not known here",
    "a < b": "yes or no",
    "(a > 0) + b": "yes or no",
    "maximum(a > 0, b)": "yes or no",
    "where(a, 1, 2)": "must be a comparison",
    "sin(a, b)": "one input",
    "sin(x=a)": "one input",
    "sin(*a)": "not known here",
    "sin": "needs brackets",
    "True * a": "no number",
    "'a' * 3": "no number",
    "1j * a": "no number",
    "1e999 * a": "too large",
    "9" * 300 + " * a": "too large",
    "10 ** 10 ** 10 * a": "cannot be worked out|can be worked out",
    "2 ** 2 ** 2 ** 2 ** 2 ** 2 * a": "can be worked out",
    "(-8) ** 0.5 * a": "can be worked out",
    "log(0) + a": "can be worked out",
    "exp(1000) + a": "can be worked out",
    "a / 0": "divides by 0",
    "a / (1 - 1)": "divides by 0",
    "clamp(a, 1, -1)": "clamp takes",
    "clamp(a, b, 1)": "clamp takes",
    "-" * 300 + "a": f"more than {PARTS_LIMIT} parts",
    "sin(" * 40 + "a" + ")" * 40: "nested more than",
    "a" + " + a" * 99: f"more than {PARTS_LIMIT} parts",
    "a" * (TEXT_LIMIT + 1): "characters",
    "\x00": "cannot read|no number|not known",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=[text[:24] or "nothing" for text in WRONG])
def test_whatever_else_is_refused_with_a_sentence_that_points_at_it(text: str, said: str) -> None:
    with pytest.raises(ShapeError) as problem:
        read(text)
    assert re.search(said, str(problem.value))
    assert len(str(problem.value)) < 300
    assert "\n" not in str(problem.value)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="abcd01.+-*/()<>=, _sineoghlwr", max_size=40))
def test_no_text_does_more_than_be_refused_or_name_torchs_functions(text: str) -> None:
    try:
        code = read(text).code()
    except ShapeError:
        return
    allowed = ast.Constant | ast.Name | ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare | ast.Attribute
    for part in ast.walk(ast.parse(code.format("a", "b", "c", "d"), mode="eval").body):
        assert not isinstance(part, ast.expr) or isinstance(part, allowed)
        if isinstance(part, ast.Attribute):
            assert isinstance(part.value, ast.Name)
            assert part.value.id in KNOWN
            assert part.attr in FUNCTIONS
        if isinstance(part, ast.Name):
            assert part.id in {*INPUTS, *KNOWN}


def trees(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions of smaller ones, written with all their brackets."""
    one = [name for name, function in FUNCTIONS.items() if function.takes == 1 and name not in ("exp", "log", "sqrt")]
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(one), inner).map(lambda t: f"{t[0]}(a - {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"maximum(a * {t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"where(b < {t[0]}, {t[1]}, b)"),
        inner.map(lambda t: f"clamp(-(b + {t}), -1.5, 2)"),
        inner.map(lambda t: f"(a + {t}) ** 2"),
    )


leaves = st.sampled_from(["a", "b", "0.5", "2", "pi"])


@settings(max_examples=150, deadline=None)
@given(st.recursive(leaves, trees, max_leaves=6))
def test_computes_what_the_text_says(text: str) -> None:
    text = f"a + b * {text}"
    a, b = torch.randn(2, 3, 4), torch.randn(2, 1, 4)
    meant = eval(text, {"a": a, "b": b, **WORDS})
    found, given = of_wires(text, ((3, 4), (1, 4), MISSING, MISSING))
    made = computed(text, a, b)
    assert made.dtype == torch.float32
    assert torch.allclose(made, meant, rtol=1e-5, atol=1e-5, equal_nan=True)
    assert found.output_shape(given) == tuple(made.shape[1:])
    if found.is_by_number:
        number = found.at({"a": float(a[0, 0, 0]), "b": float(b[0, 0, 0])})
        assert number == pytest.approx(float(made[0, 0, 0]), rel=1e-4, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "shapes", "out"),
    [
        ("a * b", [(3, 1), (1, 4)], (3, 4)),
        ("a + sum(b)", [(3, 1), (3, 5)], (3, 1)),
        ("mean(a) * b", [(3, 9), (3, 5)], (3, 5)),
        ("a * mean(a)", [(7,)], (7,)),
        ("2 ** a", [(2, 3, 4)], (2, 3, 4)),
    ],
)
def test_sizes_are_those_of_torch(text: str, shapes: list[tuple[int, ...]], out: tuple[int, ...]) -> None:
    found, given = of_wires(text, [*shapes, *[MISSING] * (4 - len(shapes))])
    assert found.output_shape(given) == out
    assert tuple(computed(text, *(torch.rand(2, *shape) for shape in shapes)).shape) == (2, *out)


@pytest.mark.parametrize(
    ("text", "shapes", "said"),
    [
        ("a + b", [(3,), (4,)], "make the sizes equal"),
        ("a + b", [(3,), (2, 3)], "make the sizes equal"),
        ("a + b", [(3,)], "another wire, at b"),
        ("a", [(3,), (3,)], "wire at b"),
        ("sum(a)", [()], "leave it out"),
    ],
)
def test_wires_that_do_not_fit_are_said(text: str, shapes: list[tuple[int, ...]], said: str) -> None:
    def shape() -> tuple[int, ...]:
        found, given = of_wires(text, [*shapes, *[MISSING] * (4 - len(shapes))])
        return found.output_shape(given)

    with pytest.raises(ShapeError, match=said):
        shape()
