"""Declared settings: whatever is given, what is kept has its proper type and range, or a sentence says why not."""

import math
from dataclasses import dataclass, make_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core.param import TEXT_LIMIT, Settings, param
from nnlab.errors import SettingError


@dataclass(frozen=True)
class Sample(Settings):
    """One setting of each kind."""

    title = "Sample"

    units: int = param(8, "How many.", low=1, high=100)
    rate: float = param(0.5, "How fast.", low=0.0, high=1.0)
    bias: bool = param(True, "Whether.")
    mode: str = param("fast", "Which.", choices={"fast": "Fast", "slow-ish": "Slow"})
    note: str = param("", "Words.")
    kernel: Any = param(3, "How large.", kind="size", low=1, high=9, axes=2, choices={"same": "Same"})
    stride: Any = param(None, "Empty: as the kernel.", kind="size", low=1, high=9, optional=True)


GOOD: dict[str, list[tuple[Any, Any]]] = {
    "units": [(1, 1), (100, 100), (7.0, 7), (np.int64(7), 7), (np.uint8(7), 7)],
    "rate": [(0, 0.0), (1, 1.0), (0.25, 0.25), (np.float32(0.25), 0.25), (np.float64(0.25), 0.25)],
    "bias": [(True, True), (False, False)],
    "mode": [("fast", "fast"), ("slow-ish", "slow-ish")],
    "note": [("", ""), ("<b>", "<b>")],
    "kernel": [(3, 3), ((3, 5), (3, 5)), ([3, 5], (3, 5)), ((3, 3), 3), ("same", "same"), ((2,), 2)],
    "stride": [(None, None), (2, 2), ((1, 2, 3), (1, 2, 3))],
}
BAD: dict[str, list[Any]] = {
    "units": [
        0,
        101,
        1.5,
        True,
        np.bool_(True),
        np.float32(1.5),
        np.array([8]),
        8j,
        "8",
        None,
        math.nan,
        math.inf,
        10**400,
        [8],
        -(2**63),
    ],
    "rate": [-0.1, 1.1, math.nan, math.inf, True, "0.5", None, 10**400],
    "bias": [1, 0, "yes", None],
    "mode": ["Fast", "", None, 3, ["fast"]],
    "note": [None, 3, "x" * (TEXT_LIMIT + 1)],
    "kernel": [0, 10, (1, 2, 3), (), "valid", None, (3, None), (True, 2), {}, "3"],
    "stride": [0, (1, 2, 3, 4), "same", "", False],
}


@pytest.mark.parametrize(("name", "value", "kept"), [(n, v, k) for n, pairs in GOOD.items() for v, k in pairs])
def test_a_good_value_is_kept_in_its_proper_type(name: str, value: Any, kept: Any) -> None:
    found = getattr(Sample(**{name: value}), name)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values])
def test_a_bad_value_is_refused_with_the_settings_name_and_what_it_needs(name: str, value: Any) -> None:
    with pytest.raises(SettingError) as problem:
        Sample(**{name: value})
    assert problem.value.field == name
    assert Sample.param(name).label in str(problem.value)
    assert len(str(problem.value)) < 300


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from([p.name for p in Sample.params()]), anything)
def test_anything_at_all_is_kept_or_refused_never_anything_else(name: str, value: Any) -> None:
    try:
        made = Sample(**{name: value})
    except SettingError as problem:
        assert problem.field == name  # noqa: PT017 - both ways are right, each with its promise
        return
    assert Sample(**made.as_dict()) == made
    assert Sample().with_(**{name: getattr(made, name)}) == made


def test_an_unknown_setting_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingError, match="units, rate, bias") as problem:
        Sample().with_(unit=3)
    assert problem.value.field == "unit"


def test_labels_follow_from_names_unless_given() -> None:
    assert [p.label for p in Sample.params()][:3] == ["Units", "Rate", "Bias"]


def test_values_come_out_as_plain_json() -> None:
    assert Sample(kernel=(3, 5)).as_dict() == {
        "units": 8, "rate": 0.5, "bias": True, "mode": "fast", "note": "", "kernel": [3, 5], "stride": None
    }  # fmt: skip


def test_a_refusal_names_every_digit_of_a_bound() -> None:
    large = param(1, "How many.", low=0, high=4_294_967_295)
    fine = param(0.5, "How much.", low=1e-12, high=0.99999)
    kind = make_dataclass("Kind", [("seed", int, large), ("beta", float, fine)], bases=(Settings,), frozen=True)
    with pytest.raises(SettingError) as refused:
        kind(seed=-1)
    assert str(refused.value).replace("\u202f", " ") == "Seed needs a whole number from 0 to 4 294 967 295, not -1"
    with pytest.raises(SettingError) as refused:
        kind(beta=1.0)
    assert str(refused.value) == "Beta needs a number from 1e-12 to 0.99999, not 1.0"
