"""Houses: the price follows from table and picture together."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS
from nnlab.datasets import house
from nnlab.datasets.house import _built, _drawn, _Houses


def houses(**changes: object) -> _Houses:
    """One house after the other, alike but for what is changed."""
    facts: dict[str, object] = {"storeys": [2], "garden": [0.5], "pool": [0.0], "paint": [0.5], **changes}
    rows = max(len(each) for each in facts.values())  # type: ignore[arg-type]
    arrays = {name: np.resize(np.array(each), rows) for name, each in facts.items()}
    return _Houses(**arrays, table=np.tile([150.0, 4, 30, 8], (rows, 1)))


def pictures(**changes: object) -> NDArray[np.float64]:
    return _drawn(houses(**changes), np.random.default_rng(0)) / 255


def test_it_has_the_sizes_of_its_definition() -> None:
    spec = DATASETS["house"]().spec()
    assert spec.split == (2000, 300, 600)
    assert [field.name for field in spec.fields] == ["table", "picture"]
    assert spec.more[0].shape == (3, 32, 32)


def test_the_price_is_the_sum_of_its_definition() -> None:
    facts = houses(storeys=[1, 3], garden=[0, 1], pool=[0.0, 1.0], paint=[0, 1])
    written = 1.2 * 150 + 8 * 4 - 0.6 * 30 - 5 * 8
    assert facts.prices().tolist() == pytest.approx([written, written + 90 + 60 + 55 + 70])


def test_table_and_lots_keep_to_their_ranges() -> None:
    made = _built(5000, np.random.default_rng(0))
    area, rooms, age, distance = made.table.T
    for column, low, high in (
        (area, 50, 250),
        (age, 0, 80),
        (distance, 0, 20),
        (made.garden, 0, 1),
        (made.paint, 0, 1),
    ):
        assert low <= column.min() < column.max() <= high
        assert column.mean() == pytest.approx((low + high) / 2, rel=0.05)
    assert np.array_equal(rooms, np.maximum(1, np.round(area / 35)))
    assert set(made.storeys) == {1, 2, 3}
    assert made.pool.mean() == pytest.approx(0.35, abs=0.03)


def test_a_storey_more_is_taller() -> None:
    sky = pictures(storeys=[1, 2, 3])[:, 2, :, 16] > 0.85
    assert np.diff(sky.sum(axis=1)).tolist() == pytest.approx([-4.5, -4.5], abs=1.1)


def test_grey_ground_turns_green_with_the_garden() -> None:
    red, green, _ = pictures(garden=[0.0, 0.5, 1.0])[:, :, 30, :].mean(axis=2).T
    assert (green - red).tolist() == pytest.approx([0, 0.225, 0.45], abs=0.03)


def test_the_pool_is_blue_and_where_it_should_be() -> None:
    without, with_it = pictures(pool=[0.0, 1.0])
    y, x = round((1 + 0.8) * 16 - 0.5), round((1 + 0.68) * 16 - 0.5)
    assert with_it[2, y, x] > 0.7 > 0.5 > without[2, y, x]
    assert np.abs(with_it - without)[:, :24].max() < 6 * 2 * house.GRAIN, "nothing else differs but the grain"


def test_walls_are_as_bright_as_their_paint() -> None:
    wall = pictures(paint=[0.0, 0.5, 1.0])[:, 0, 16:24, 15:17].mean(axis=(1, 2))
    assert wall.tolist() == pytest.approx([0.4, 0.7, 1.0], abs=0.03)


def test_neither_table_nor_picture_tells_enough() -> None:
    made = DATASETS["house"]().make()
    table, price = np.column_stack([made.inputs, np.ones(len(made))]).astype(float), made.targets[:, 0]
    weights = np.linalg.lstsq(table[:2000], price[:2000])[0]
    alone = 1 - np.var(price[2000:] - table[2000:] @ weights) / np.var(price[2000:])
    assert 0.6 < alone < 0.75
