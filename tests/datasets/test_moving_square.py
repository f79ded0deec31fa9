"""Films of a moving square, and the long spirals."""

from itertools import pairwise

import numpy as np
import pytest

from nnlab.core.dataset import DATASETS

STEPS = {"Up": (-1, 0), "Down": (1, 0), "Left": (0, -1), "Right": (0, 1)}


def test_each_frame_is_the_one_before_moved_by_a_pixel() -> None:
    dataset = DATASETS["moving-square"](samples=60, noise=0.0)
    made, names = dataset.make(), dataset.spec().answers
    for film, label in zip(made.inputs[:, 0], made.targets, strict=True):
        for before, after in pairwise(film):
            assert np.array_equal(np.roll(before, STEPS[names[label]], (0, 1)), after)


def test_squares_are_two_or_three_pixels_wide() -> None:
    films = DATASETS["moving-square"](samples=60, noise=0.0).make().inputs
    assert set(films.sum(axis=(3, 4)).ravel()) == {4.0, 9.0}
    assert set(np.unique(films)) == {0.0, 1.0}


def test_films_have_the_sizes_of_their_definition() -> None:
    spec = DATASETS["moving-square"]().spec()
    assert spec.split == (800, 200, 300)
    assert spec.input_shape == (1, 8, 16, 16)


def test_the_grain_is_as_strong_as_it_says() -> None:
    clean, grainy = (DATASETS["moving-square"](samples=100, noise=noise).make().inputs for noise in (0.0, 0.2))
    assert (grainy - clean).std() == pytest.approx(0.2, abs=0.003)


def test_spirals_are_those_of_the_definition() -> None:
    dataset = DATASETS["two-spirals"]()
    assert dataset.spec().split == (1000, 1000, 4000)
    made = dataset.make()
    radius = np.hypot(*made.inputs.T.astype(float))
    assert radius.max() <= 1 + 1e-6
    angle = np.arctan2(made.inputs[:, 1], made.inputs[:, 0])
    wound = radius * 1.75 * 2 * np.pi + np.pi * made.targets
    assert np.allclose(np.cos(angle - wound), 1, atol=1e-4)
    assert np.mean(radius < np.sqrt(0.5)) == pytest.approx(0.5, abs=0.03), "the radius is the root of an even number"
