"""The network as a picture file, in both themes and all kinds, and refused with a sentence when it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.errors import FileError
from nnlab.ui.canvas import diagram
from nnlab.ui.look import theme


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_picture_is_in_the_theme_asked_for_at_the_size_asked_for(qtbot: QtBot, tmp_path: Path, name: str) -> None:
    path = tmp_path / "net.png"
    diagram.render(EXAMPLES["spiral"].make(), path, name, (640, 400))
    image = QImage(str(path))
    assert (image.width(), image.height()) == (640, 400)
    wanted = QColor((theme.DARK if name == "dark" else theme.LIGHT).canvas)
    assert image.pixelColor(2, 2) == wanted
    shades = {image.pixel(x, y) for x in range(0, 640, 4) for y in range(0, 400, 4)}
    assert len(shades) > 20  # something is drawn


def test_vector_pictures_hold_the_titles_as_drawings(qtbot: QtBot, tmp_path: Path) -> None:
    document = EXAMPLES["digits-cnn"].make()
    diagram.render(document, tmp_path / "net.svg")
    text = (tmp_path / "net.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "Conv 2-D" in text
    diagram.render(document, tmp_path / "net.pdf")
    assert (tmp_path / "net.pdf").read_bytes().startswith(b"%PDF")


def test_an_empty_network_is_an_empty_picture(qtbot: QtBot, tmp_path: Path) -> None:
    diagram.render(Document(), tmp_path / "net.png")
    assert not QImage(str(tmp_path / "net.png")).isNull()


@pytest.mark.parametrize(("name", "size"), [("net.bmp", None), ("net.png", (0, 10)), ("net.png", (10, 100_000))])
def test_what_cannot_be_is_refused(qtbot: QtBot, tmp_path: Path, name: str, size: tuple[int, int] | None) -> None:
    with pytest.raises(FileError, match="picture"):
        diagram.render(Document(), tmp_path / name, "light", size)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="could not be written"):
        diagram.render(Document(), tmp_path / "nowhere" / "net.png")


def test_it_needs_no_window_and_no_application(tmp_path: Path) -> None:
    program = (
        "import sys; from nnlab.core.example import EXAMPLES; from nnlab.ui.canvas import diagram;"
        "diagram.render(EXAMPLES['xor'].make(), sys.argv[1], 'dark')"
    )
    path = tmp_path / "net.svg"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert path.stat().st_size > 1000
