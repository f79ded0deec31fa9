"""PicWorld: its definition, its masks, and that troubles make it harder."""

from dataclasses import replace
from math import radians

import numpy as np
import pytest
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Samples
from nnlab.core.picworld import drawing
from nnlab.core.picworld.drawing import Troubles, draw, paint, seen
from nnlab.core.picworld.objects import BASE, NOVEL, OBJECTS, Part, box, ellipse, line, triangle

FEW = {"samples": 48, "validation": 12, "test": 12}
NONE = Troubles(0, 0, 0, 0, 0)
MIDDLE = np.array([[1, 0, 0, 0, 1, 0]], np.float32)  # the object's own frame fills the picture


def few(**settings: object) -> Samples:
    return DATASETS["picworld"](**{**FEW, **settings}).make()


def drawn(troubles: Troubles, names: tuple[str, ...] = tuple(OBJECTS), seed: int = 0) -> drawing.Drawn:
    return draw(names, np.arange(len(names)), troubles, np.random.default_rng(seed))


def test_it_has_the_sizes_of_its_definition() -> None:
    dataset = DATASETS["picworld"]()
    spec = dataset.spec()
    assert spec.split == (2400, 500, 1000)
    assert spec.input_shape == (3, 32, 32)
    assert dataset.as_dict()["level"] == 0.5
    assert [name.lower() for name in spec.answers] == list(BASE)


def test_eight_objects_are_for_a_backbone_and_four_for_later() -> None:
    assert BASE == ("cat", "dog", "bird", "fish", "car", "house", "tree", "flower")
    assert NOVEL == ("rabbit", "truck", "boat", "mushroom")
    novel = DATASETS["picworld"](classes="novel", **FEW).spec()
    assert novel.answers == ("Rabbit", "Truck", "Boat", "Mushroom")
    assert DATASETS["picworld"](classes="all").spec().width == 12


def test_ten_pictures_of_each_can_be_had() -> None:
    made = few(classes="novel", samples=40)
    assert np.bincount(made.targets[:40]).tolist() == [10, 10, 10, 10]


def test_pictures_lie_between_dark_and_bright_in_256_steps() -> None:
    pictures = few().inputs
    assert pictures.dtype == np.float32
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert np.array_equal(np.round(pictures * 255) / np.float32(255), pictures)


def test_each_part_is_drawn_by_itself() -> None:
    one, other = few(), few(validation=24)
    assert np.array_equal(one.inputs[:48], other.inputs[:48])
    assert np.array_equal(one.inputs[-12:], other.inputs[-12:])
    assert not np.array_equal(one.inputs[48:60], one.inputs[60:])


def test_outline_and_parts_are_of_the_same_pictures() -> None:
    whole, outline, parts = (few(target=target) for target in ("object", "outline", "parts"))
    assert np.array_equal(whole.inputs, outline.inputs)
    assert np.array_equal(whole.inputs, parts.inputs)
    assert outline.targets.shape == (72, 32, 32)
    assert np.array_equal(outline.targets == 1, parts.targets > 0)


def test_parts_bear_their_names() -> None:
    dataset = DATASETS["picworld"](target="parts", **FEW)
    names = dataset.spec().answers
    made, labels = dataset.make(), few().targets
    for k, name in enumerate(BASE):
        found = {names[n].lower() for n in np.unique(made.targets[labels == k])} - {"background"}
        assert found == {part.name for part in OBJECTS[name]}
    assert names[0] == "Background"


@pytest.mark.parametrize("name", list(OBJECTS))
def test_masks_cover_what_is_drawn(name: str) -> None:
    """Without troubles and nearly without noise, a pixel of the object differs from the flat background."""
    picture, parts = drawn(NONE, (name,), seed=5).pictures[0].astype(float), drawn(NONE, (name,), seed=5).parts[0]
    background = np.median(picture[:, parts < 0], axis=1)
    apart = np.abs(picture - background[:, None, None]).max(axis=0)
    mask = parts >= 0
    assert 0.08 < mask.mean() < 0.45
    edge = near(mask)
    assert np.mean(apart[mask & ~edge] > 30) > 0.9, "inside, it looks different"
    assert apart[~mask & ~edge].max() < 30, "outside, it is background"


def near(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels at the border of the mask, on either side: they show a little of both."""
    padded = np.pad(mask, 1)
    around = [np.roll(padded, (down, right), (0, 1))[1:-1, 1:-1] for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return np.asarray(np.any(around, axis=0) & ~np.all(around, axis=0))


@pytest.mark.parametrize("name", list(OBJECTS))
def test_every_part_is_to_be_seen(name: str) -> None:
    shown = set(np.unique(seen(paint(OBJECTS[name], MIDDLE))))
    hidden = {k for k in range(len(OBJECTS[name])) if k not in shown}
    assert {OBJECTS[name][k].name for k in hidden} <= {part.name for k, part in enumerate(OBJECTS[name]) if k in shown}


AREAS = [
    (ellipse("a", 0, 0.1, -0.2, 0.5, 0.3), np.pi * 0.5 * 0.3),
    (box("a", 0, 0.1, -0.2, 0.5, 0.3), 0.6),
    (triangle("a", 0, -0.5, 0.5, 0.5, 0.5, 0, -0.5), 0.5),
    (triangle("a", 0, 0.5, 0.5, -0.5, 0.5, 0, -0.5), 0.5),
    (line("a", 0, -0.5, -0.4, 0.5, 0.4, 0.1), 0.2 * np.hypot(1, 0.8) + np.pi * 0.01),
]


@pytest.mark.parametrize(("part", "area"), AREAS)
def test_forms_cover_the_area_they_should(part: Part, area: float) -> None:
    covered = np.mean(paint((part,), MIDDLE) == 1) * 4
    assert covered == pytest.approx(area, abs=0.02)


def test_later_parts_are_painted_over_earlier_ones() -> None:
    painted = paint((box("wall", 0, 0, 0, 0.5, 0.5), box("door", 1, 0, 0, 0.1, 0.1)), MIDDLE)[0]
    assert painted[32, 32] == 2
    assert painted[18, 18] == 1
    assert painted[2, 2] == 0


def test_a_pixel_shows_the_part_of_most_of_its_points() -> None:
    painted = np.zeros((1, 64, 64), np.uint8)
    painted[0, :2, :2] = [[1, 1], [1, 2]]
    painted[0, :2, 2:4] = [[1, 2], [0, 0]]
    painted[0, :2, 4:6] = [[3, 0], [0, 0]]
    assert seen(painted)[0, 0, :4].tolist() == [0, 1, -1, -1]


def test_objects_lie_as_far_off_as_the_troubles_say() -> None:
    rng = np.random.default_rng(0)
    frames = drawing._frames(4000, Troubles(1, 0, 0, 1, 0), rng).astype(float)
    forward = np.linalg.inv(frames.reshape(-1, 2, 3)[:, :, :2])
    place = -np.einsum("nij,nj->ni", forward, frames.reshape(-1, 2, 3)[:, :, 2])
    assert np.abs(place).max() == pytest.approx(0.3, abs=0.002)
    angle = np.arctan2(forward[:, 1, 0], forward[:, 0, 0])
    assert np.abs(angle).max() == pytest.approx(radians(20), abs=0.002)
    size = np.hypot(forward[:, 0, 0], forward[:, 1, 0])
    assert size.min() == pytest.approx(0.75 * 0.65, abs=0.002)
    assert size.max() == pytest.approx(0.75, abs=0.002)


def test_without_troubles_all_stand_in_the_middle() -> None:
    frames = drawing._frames(5, NONE, np.random.default_rng(0))
    assert np.allclose(frames, [[1 / 0.75, 0, 0, 0, 1 / 0.75, 0]])


def test_colours_keep_to_their_ranges() -> None:
    main, dark, light, second = drawing._colours(3000, np.random.default_rng(0)).transpose(1, 0, 2)
    for slot, low, high in ((main, 0.05, 0.8), (dark, 0.05, 0.18), (light, 0.75, 1.0)):
        assert (slot.min(), slot.max()) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))
    assert np.abs(second - main).max() <= 0.3 + 1e-6
    assert second.min() >= 0


@pytest.mark.parametrize("trouble", ["place", "light", "background", "angle", "focus"])
def test_each_trouble_changes_the_pictures_by_itself(trouble: str) -> None:
    easy, hard = drawn(NONE), drawn(replace(NONE, **{trouble: 1.0}))
    assert not np.array_equal(easy.pictures, hard.pictures)
    moves = trouble in ("place", "angle")
    assert np.array_equal(easy.parts, hard.parts) != moves, "only where it stands and how it is turned moves its parts"


def test_a_knob_of_its_own_goes_before_the_level() -> None:
    level = few(level=0.5)
    assert np.array_equal(
        level.inputs, few(level=1.0, place=0.5, light=0.5, background=0.5, angle=0.5, focus=0.5).inputs
    )
    assert not np.array_equal(level.inputs, few(level=0.5, focus=0.0).inputs)


def test_colour_does_not_give_the_class_away() -> None:
    """The mean colour of a picture says nothing of what it shows."""
    made = few(samples=2400, level=0.0)
    mean = made.inputs[:2400].mean(axis=(2, 3))
    labels = made.targets[:2400]
    for k in range(8):
        assert np.abs(mean[labels == k].mean(axis=0) - mean.mean(axis=0)).max() < 0.06
