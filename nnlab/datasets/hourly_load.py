"""How much electricity a town uses, hour by hour (made up)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 35
SIZES = (1740, 60, 546)
WINDOW, AHEAD = 48, 6
HOURS = sum(SIZES) + WINDOW + AHEAD  # 100 days
DAY, WEEK = 24, 168
REMEMBERED = 0.6  # of the last hour's deviation


@DATASETS.register("hourly-load")
@dataclass(frozen=True)
class HourlyLoad(Dataset):
    """A made-up town's use of electricity: a wave for the day, a slow one for the week, and deviations that last for hours.

    Two days of it are given, and the next six hours are to be foretold. The parts follow each other in time: training on
    the future to foretell the past would be cheating.
    """

    title = "Hourly load"
    category = "Sequences"

    noise: float = param(0.08, "How big the deviation is that each hour adds.", low=0.0, high=2.0)
    seed: int = param(0, "Which random deviations.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """48 hours of one number each, and six to predict."""
        return DataSpec(
            (WINDOW, 1),
            "values",
            inputs=("Load",),
            answers=tuple(f"In {k} h" for k in range(1, AHEAD + 1)),
            rows=sum(SIZES),
            name="load",
            target_name="next hours",
            split=SIZES,
        )

    def make(self) -> Samples:
        """Every window of the series, in the order of time."""
        load = series(np.random.default_rng([SET, 0, self.seed]), self.noise)
        windows = np.lib.stride_tricks.sliding_window_view(load, WINDOW + AHEAD)[: sum(SIZES)].astype(np.float32)
        return Samples(windows[:, :WINDOW, None].copy(), windows[:, WINDOW:].copy())


def series(rng: np.random.Generator, noise: float) -> NDArray[np.float64]:
    """The load of 100 days."""
    hour = np.arange(HOURS)
    day, week = np.sin(2 * np.pi * hour / DAY), np.sin(2 * np.pi * hour / WEEK)
    shocks, deviation = rng.normal(0, noise, HOURS), np.zeros(HOURS)
    for k in range(1, HOURS):
        deviation[k] = REMEMBERED * deviation[k - 1] + shocks[k]
    return day + 0.5 * week * (1 + 0.3 * day) + deviation
