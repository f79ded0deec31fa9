"""Cards whose data are pictures show some of them; the others show points or the network."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from nnlab.core.example import EXAMPLES
from nnlab.ui.shell import thumbnails

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


def test_a_card_of_a_network_is_a_drawing() -> None:
    assert len(colours("two-number-digits")) < 100


def test_it_has_the_size_that_is_wanted_on_a_dense_screen() -> None:
    picture = thumbnails.of_example("picworld-cnn", EXAMPLES["picworld-cnn"].make, SIZE, 2.0)
    assert (picture.width(), picture.height(), picture.devicePixelRatio()) == (600, 256, 2.0)
