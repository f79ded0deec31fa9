"""Houses with a picture and a row of numbers each: the price depends on both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Field, Samples
from nnlab.core.disk_cache import Arrays, kept
from nnlab.core.param import param
from nnlab.core.picworld.drawing import SIDE, WHITE, coloured, developed, paint
from nnlab.core.picworld.objects import Part, box, ellipse, triangle

SET = 18
VERSION = 1  # of the drawing: one more whenever the same settings give other pictures
SIZES = (2000, 300, 600)
COLUMNS = ("Area (m²)", "Rooms", "Age (years)", "Distance (km)")
STOREYS = (1, 2, 3)
POOLS = 0.35  # share of the houses that have one

GROUND, STOREY, HALF_WALL = 0.55, 0.28, 0.5  # where the walls stand; heights and widths in half pictures
AREA_OF_A_ROOM = 35
GRASS, WALL, ROOF, GLASS, WATER = range(5)
"""Colour slots."""
GRAIN = 0.02  # noise of the pictures

Exact = NDArray[np.float64]


@dataclass(frozen=True)
class _Houses:
    """What is known of each house: shown in the picture, or written in the table."""

    storeys: NDArray[np.int64]
    garden: Exact
    pool: Exact
    paint: Exact
    table: Exact

    def prices(self) -> Exact:
        """What they cost before any noise, in thousands."""
        area, rooms, age, distance = self.table.T
        written = 1.2 * area + 8 * rooms - 0.6 * age - 5 * distance
        return np.asarray(written + 45 * (self.storeys - 1) + 60 * self.garden + 55 * self.pool + 70 * self.paint)


@DATASETS.register("house")
@dataclass(frozen=True)
class House(Dataset):
    """What does a house cost? Area, rooms, age and distance are in a table; storeys, garden, pool and paint in a picture."""

    title = "House prices"
    category = "Pictures"

    samples: int = param(
        SIZES[0], "How many houses to train on; 300 more are for validation, 600 for the test.", low=10, high=20_000
    )
    noise: float = param(12.0, "How far prices stray, in thousands.", low=0.0, high=200.0)
    seed: int = param(0, "Which random houses.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """A row of four numbers and a picture; one price."""
        sizes = self._sizes()
        return DataSpec(
            (len(COLUMNS),),
            "values",
            COLUMNS,
            ("Price (thousands)",),
            rows=sum(sizes),
            axes=(0, 3),
            name="table",
            more=(Field("picture", (3, SIDE, SIDE)),),
            target_name="price",
            split=sizes,
        )

    def make(self) -> Samples:
        """The houses of the three parts, each drawn by itself."""
        made = [self._part(k) for k in range(len(SIZES))]
        joined = {name: np.concatenate([part[name] for part in made]) for name in made[0]}
        pictures = joined["pictures"].astype(np.float32) / np.float32(WHITE)
        return Samples(joined["table"], joined["prices"], more=(pictures,))

    def _sizes(self) -> tuple[int, int, int]:
        return self.samples, SIZES[1], SIZES[2]

    def _part(self, number: int) -> Arrays:
        rows = self._sizes()[number]

        def built() -> Arrays:
            rng = np.random.default_rng([SET, number, self.seed])
            houses = _built(rows, rng)
            prices = houses.prices() + self.noise * rng.standard_normal(rows)
            return {
                "table": houses.table.astype(np.float32),
                "prices": prices[:, None].astype(np.float32),
                "pictures": _drawn(houses, rng),
            }

        facts = {"version": VERSION, "part": number, "rows": rows, "noise": self.noise, "seed": self.seed}
        return kept("house", facts, built)


def _built(n: int, rng: np.random.Generator) -> _Houses:
    """As many houses, no two things of them depending on each other but area and rooms."""
    storeys = rng.integers(STOREYS[0], STOREYS[-1] + 1, n)
    garden, pool, colour = rng.uniform(0, 1, n), (rng.uniform(0, 1, n) < POOLS).astype(float), rng.uniform(0, 1, n)
    area, age, distance = rng.uniform(50, 250, n), rng.uniform(0, 80, n), rng.uniform(0, 20, n)
    rooms = np.maximum(1, np.round(area / AREA_OF_A_ROOM))
    return _Houses(storeys, garden, pool, colour, np.stack([area, rooms, age, distance], axis=1))


def _parts(storeys: int, pool: bool) -> tuple[Part, ...]:
    """What the picture of such a house is painted of."""
    top = GROUND - STOREY * storeys
    windows = [
        box("window", GLASS, x, GROUND - STOREY * (k + 0.5), 0.12, 0.08) for k in range(storeys) for x in (-0.25, 0.25)
    ]
    return (
        box("ground", GRASS, 0, (1 + GROUND) / 2, 1, (1 - GROUND) / 2),
        box("wall", WALL, 0, (GROUND + top) / 2, HALF_WALL, (GROUND - top) / 2),
        triangle("roof", ROOF, -0.62, top, 0.62, top, 0, top - 0.28),
        *windows,
        *((ellipse("pool", WATER, 0.68, 0.8, 0.24, 0.12),) if pool else ()),
    )


def _drawn(houses: _Houses, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A picture of each: sky, ground between grey and green, walls as bright as their paint."""
    n = len(houses.garden)
    upright = np.array([[1, 0, 0, 0, 1, 0]], np.float32)
    sky = np.array([0.62, 0.78, 0.92], np.float32)[:, None, None] * np.ones((1, 1, SIDE, SIDE), np.float32)
    pictures = np.empty((n, 3, SIDE, SIDE), np.float32)
    colours = _colours(houses)
    for storeys in STOREYS:
        for pool in (False, True):
            parts = _parts(storeys, pool)
            painted = paint(parts, upright)
            slots = np.array([0, *(part.slot + 1 for part in parts)], np.uint8)[painted]
            rows = np.flatnonzero((houses.storeys == storeys) & (houses.pool == pool))
            pictures[rows] = coloured(sky, slots, colours[rows])
    pictures += np.float32(GRAIN) * rng.standard_normal(pictures.shape, np.float32)
    return developed(pictures)


def _colours(houses: _Houses) -> NDArray[np.float32]:
    """(n, 5, 3): ground, wall, roof, windows and pool of each."""
    n = len(houses.garden)
    grey, green = np.array([0.55, 0.55, 0.55]), np.array([0.15, 0.6, 0.15])
    ground = grey + houses.garden[:, None] * (green - grey)
    wall = (0.4 + 0.6 * houses.paint)[:, None] * np.array([1.0, 0.95, 0.85])
    fixed = [np.broadcast_to(np.array(rgb), (n, 3)) for rgb in ((0.6, 0.22, 0.16), (0.2, 0.25, 0.35), (0.1, 0.4, 0.9))]
    return np.stack([ground, wall, *fixed], axis=1).astype(np.float32)
