"""Cards whose data are pictures show some of them; the others show points or the network."""

import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from nnlab.core.dataset import DATASETS
from nnlab.core.example import EXAMPLES
from nnlab.core.template import TEMPLATES
from nnlab.ui.look import resources
from nnlab.ui.shell import data_pictures, thumbnails

pytestmark = pytest.mark.usefixtures("qapp")
SIZE = QSize(300, 128)


def colours(id_: str) -> set[int]:
    image: QImage = thumbnails.of_example(id_, EXAMPLES[id_].make, SIZE, 1.0).toImage()
    return {image.pixel(x, y) for x in range(0, 300, 3) for y in range(0, 128, 3)}


@pytest.mark.parametrize("id_", ["picworld-cnn", "outlines", "house-price", "which-way"])
def test_a_card_of_pictures_shows_them(id_: str) -> None:
    assert len(colours(id_)) > 100, "photographs have many colours, drawings few"


def test_films_are_shown_without_colours_that_they_do_not_have() -> None:
    ground = {colour & 0xFFFFFF for colour in colours("which-way")}
    grey = {c for c in ground if c >> 16 == (c >> 8 & 0xFF) == c & 0xFF}
    assert len(ground - grey) < 20


def test_a_card_of_an_architecture_is_a_drawing() -> None:
    image = thumbnails.of_template(TEMPLATES["two-heads"].make, SIZE, 1.0).toImage()
    assert len({image.pixel(x, y) for x in range(0, 300, 3) for y in range(0, 128, 3)}) < 100


def test_every_example_without_a_plane_has_a_picture_of_its_data_in_both_themes() -> None:
    for id_ in data_pictures.KEPT:
        for name in ("light", "dark"):
            kept = QImage(str(resources.path("examples", f"{id_}-{name}.png")))
            assert (kept.width(), kept.height()) == (640, 280), f"{id_}: see data_pictures.keep"


@pytest.mark.parametrize("id_", ["mood", "zed", "colours", "hourly-load", "karate-club"])
def test_data_are_drawn_inside_their_box(id_: str) -> None:
    ground = QColor(1, 2, 3)
    image = QImage(320, 140, QImage.Format.Format_RGB32)
    image.fill(ground)
    painter = QPainter(image)
    data_pictures.draw(painter, EXAMPLES[id_].document(), QRectF(32, 17, 256, 106))
    painter.end()
    inside = {image.pixel(x, y) for x in range(32, 288) for y in range(17, 123)}
    edge = [image.pixel(x, y) for x in range(26) for y in range(140)] + [image.pixel(x, 5) for x in range(320)]
    assert len(inside) >= 3
    assert set(edge) == {ground.rgb()}


def test_it_has_the_size_that_is_wanted_on_a_dense_screen() -> None:
    picture = thumbnails.of_example("picworld-cnn", EXAMPLES["picworld-cnn"].make, SIZE, 2.0)
    assert (picture.width(), picture.height(), picture.devicePixelRatio()) == (600, 256, 2.0)


def test_an_example_that_came_without_a_picture_is_drawn_from_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "ENDINGS", ())
    for id_ in ("first-word", "karate-club", "hourly-load"):
        assert len(colours(id_)) > 5


def test_every_sequence_and_graph_is_drawn_or_left_alone() -> None:
    drawn = set()
    for id_, kind in DATASETS.items():
        dataset = kind()
        if dataset.category in thumbnails.DRAWN_AS_DATA and data_pictures.can_draw(dataset.spec()):
            image = QImage(320, 140, QImage.Format.Format_RGB32)
            painter = QPainter(image)
            data_pictures.draw(
                painter, EXAMPLES["spiral"].document().with_data(dataset=dataset), QRectF(0, 0, 300, 120)
            )
            painter.end()
            drawn.add(id_)
    assert {"mood", "first-word", "zed", "colours", "hourly-load", "molecules", "karate-club"} <= drawn
