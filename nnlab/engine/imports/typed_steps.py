"""Steps of files for which there is no layer of its own, such as exp: each is an Expression."""

from collections.abc import Callable
from typing import Any

from nnlab.engine.imports.drawing import Drawing, Held, Unfit, Value
from nnlab.engine.imports.operations import OPERATIONS, add, as_value, div, mul, operation, power, sub

TEXTS = {
    "exp": "exp(a)",
    "log": "log(a)",
    "sqrt": "sqrt(a)",
    "rsqrt": "1 / sqrt(a)",
    "cos": "cos(a)",
    "reciprocal": "1 / a",
}
"""torch's name -> what is typed."""
LONE = {
    ("add", "iadd"): (add, "a + {}", "{} + a"),
    ("sub", "isub", "subtract"): (sub, "a - {}", "{} - a"),
    ("mul", "imul", "multiply", "rmul"): (mul, "a * {}", "{} * a"),
    ("div", "truediv", "divide"): (div, "a / {}", "{} / a"),
}
"""Names -> the usual way, and what is typed for one number a sample and a number that is given, for which merges have no axis."""


def typed(d: Drawing, expression: str, value: Value) -> Value:
    """An Expression of one input."""
    return d.one("Expression", value, expression=expression)


def _of(expression: str) -> Callable[..., Value]:
    def draw(d: Drawing, x: Any) -> Value:
        return typed(d, expression, as_value(d, x))

    return draw


for _name, _text in TEXTS.items():
    OPERATIONS.setdefault(_name, _of(_text))


def _given(x: object) -> float | None:
    """A plain number, also one that a file holds as a tensor without axes."""
    if isinstance(x, (int, float)) and not isinstance(x, bool):
        return float(x)
    if isinstance(x, Held) and x.array.size == 1 and not x.learned:
        return float(x.array.reshape(-1)[0])
    return None


def _with_number(usual: Callable[..., Any], behind: str, before: str) -> Callable[..., Any]:
    def draw(d: Drawing, x: Any, y: Any, **more: Any) -> Any:
        for value, other, text in ((x, y, behind), (y, x, before)):
            number = _given(other)
            if isinstance(value, Value) and value.shape == () and number is not None and not more:
                return typed(d, text.format(f"{number:.9g}"), value)
        return usual(d, x, y, **more)

    return draw


for _names, (_usual, _behind, _before) in LONE.items():
    operation(*_names)(_with_number(_usual, _behind, _before))


@operation("pow")
def any_power(d: Drawing, x: Any, exponent: Any) -> Value:
    """A whole power as a product, any other as it is typed."""
    number = _given(exponent)
    if number is None or not isinstance(x, Value):
        raise Unfit("a power that is computed")
    if number in (1, 2, 3, 4):
        return power(d, x, int(number))
    return typed(d, f"a ** ({number:.9g})", x)
