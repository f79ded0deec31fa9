"""Small mazes seen from above: how good each step is, worked out exactly."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.param import param

SET = 43
SIDE = 8
HELD_BACK = (300, 500)
STEPS = {"Up": (-1, 0), "Down": (1, 0), "Left": (0, -1), "Right": (0, 1)}
VIEWS = 8  # places from which each maze is seen


@DATASETS.register("maze")
@dataclass(frozen=True)
class Maze(Dataset):
    """Mazes seen from above: how good is a step up, down, to the left or to the right? Walls, goal and place are three channels.

    A step is worth 1 at the goal, and a little less for every step more that is needed afterwards; into a wall one stays
    where one is. The values are worked out exactly, from the lengths of the shortest ways.
    """

    title = "Steps in a maze"
    category = "Pictures"

    samples: int = param(
        4000, "How many views to train on; 300 more are for validation, 500 for the test.", low=16, high=20_000
    )
    walls: float = param(0.15, "Share of the squares that are walls.", low=0.0, high=0.5)
    discount: float = param(0.9, "What is left of a value with each further step.", low=0.1, high=0.99)
    seed: int = param(0, "Which random mazes.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Pictures of three channels, and a value for each of four steps."""
        sizes = (self.samples, *HELD_BACK)
        return DataSpec(
            (3, SIDE, SIDE),
            "values",
            answers=tuple(STEPS),
            rows=sum(sizes),
            name="maze",
            target_name="values",
            split=sizes,
        )

    def make(self) -> Samples:
        """Mazes of three parts; each part has mazes of its own."""
        pictures, values = [], []
        for k, rows in enumerate((self.samples, *HELD_BACK)):
            rng = np.random.default_rng([SET, k, self.seed])
            views = [view for _ in range(-(-rows // VIEWS)) for view in _views(rng, self.walls, self.discount)][:rows]
            pictures += [picture for picture, _ in views]
            values += [value for _, value in views]
        return Samples(np.stack(pictures), np.array(values, np.float32))


def _views(
    rng: np.random.Generator, share: float, discount: float
) -> list[tuple[NDArray[np.float32], tuple[float, ...]]]:
    """One maze, seen from several places."""
    walls = rng.uniform(0, 1, (SIDE, SIDE)) < share
    goal = int(rng.integers(SIDE)), int(rng.integers(SIDE))
    walls[goal] = False
    steps_left = distances(walls, goal)
    free = np.argwhere(~walls)
    found = []
    for row, column in free[rng.integers(0, len(free), VIEWS)].tolist():
        picture = np.zeros((3, SIDE, SIDE), np.float32)
        picture[0], picture[1][goal], picture[2, row, column] = walls, 1, 1
        ways = [steps_left[_stepped(walls, row, column, step)] for step in STEPS.values()]
        found.append((picture, tuple(0.0 if way < 0 else float(discount**way) for way in ways)))
    return found


def distances(walls: NDArray[np.bool_], goal: tuple[int, int]) -> NDArray[np.int64]:
    """The fewest steps from each square to the goal; -1 where no way leads there."""
    found = np.full(walls.shape, -1, np.int64)
    found[goal] = 0
    waiting = deque([goal])
    while waiting:
        row, column = waiting.popleft()
        for step in STEPS.values():
            there = _stepped(walls, row, column, step)
            if found[there] < 0:
                found[there] = found[row, column] + 1
                waiting.append(there)
    return found


def _stepped(walls: NDArray[np.bool_], row: int, column: int, step: tuple[int, int]) -> tuple[int, int]:
    """Where a step leads: the next square, or the same one if a wall is in the way."""
    there = row + step[0], column + step[1]
    inside = 0 <= there[0] < SIDE and 0 <= there[1] < SIDE
    return there if inside and not walls[there] else (row, column)
