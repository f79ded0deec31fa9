"""Time and memory as users read them, at any size."""

import math

import pytest

from nnlab.core import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0\u202fms"), (4.2e-5, "0.042\u202fms"), (0.012, "12\u202fms"), (1.34, "1.34\u202fs"), (59.0, "59\u202fs"),
     (60.0, "1:00"), (7322.0, "2:02:02"), (math.inf, "0:00")],
)  # fmt: skip
def test_a_time_span_has_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 kB"), (21_500, "21.5 kB"), (310e6, "310 MB"), (2.1e9, "2.1 GB"), (139e9, "139 GB")]
)
def test_memory_has_the_unit_that_suits_it(size: float, text: str) -> None:
    assert words.memory(size) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.042137, "0.0421"), (0.99996, "1.000"), (1.23456, "1.235"), (9.9997, "10.00"), (12.3456, "12.35"),
     (123.4567, "123.5"), (-123.4567, "−123.5"), (999.97, "1\u202f000"), (1234.5, "1\u202f234"), (0.00123456, "0.00123"),
     (1.5e-8, "1.5×10⁻⁸"), (0.0, "0"), (float("nan"), "not a number"), (float("inf"), "∞")],
)  # fmt: skip
def test_a_figure_that_changes_keeps_four_digits(value: float, text: str) -> None:
    assert words.steady(value) == text
