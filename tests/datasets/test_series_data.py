"""Series: hourly load and three waves."""

import numpy as np
import pytest

from nnlab.datasets import hourly_load, wave


@pytest.mark.parametrize("seed", [0, 1])
def test_windows_are_of_one_series_and_follow_each_other_in_time(seed: int) -> None:
    made = hourly_load.HourlyLoad(seed=seed).make()
    x, y = made.inputs[..., 0], made.targets
    assert np.array_equal(x[1:, :-1], x[:-1, 1:])
    assert np.array_equal(x[hourly_load.AHEAD :, -hourly_load.AHEAD :], y[: -hourly_load.AHEAD])
    assert hourly_load.HourlyLoad().spec().split == (1740, 60, 546)


def test_the_windows_tested_share_no_hour_with_those_trained_on() -> None:
    _, validation, _ = hourly_load.SIZES
    assert validation >= hourly_load.WINDOW + hourly_load.AHEAD
    assert hourly_load.HOURS == 2400


def test_load_without_deviations_is_the_waves_of_day_and_week() -> None:
    load = hourly_load.series(np.random.default_rng(0), 0.0)
    hour = np.arange(len(load))
    day, week = np.sin(hour * np.pi / 12), np.sin(hour * np.pi / 84)
    assert np.allclose(load, day + 0.5 * week * (1 + 0.3 * day))


def test_deviations_last() -> None:
    noisy, plain = (hourly_load.series(np.random.default_rng(3), noise) for noise in (0.08, 0.0))
    rest = noisy - plain
    assert np.corrcoef(rest[1:], rest[:-1])[0, 1] == pytest.approx(0.6, abs=0.05)
    assert (rest[1:] - 0.6 * rest[:-1]).std() == pytest.approx(0.08, rel=0.05)


def test_three_waves() -> None:
    made = wave.Wave(noise=0.0).make()
    assert wave.Wave().spec().split == (256, 128, 512)
    assert np.allclose(made.targets, np.sin(6 * np.pi * made.inputs), atol=1e-5)
    assert 0 <= made.inputs.min() < made.inputs.max() <= 1
    noisy = wave.Wave().make()
    rest = noisy.targets - np.sin(6 * np.pi * noisy.inputs)
    assert rest.std() == pytest.approx(0.05, rel=0.1)
