"""PNG pictures are read as they were drawn, and nothing else is read at all."""

import struct
import zlib

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, qRgb

from nnlab.errors import FileError
from nnlab.files import png

RNG = np.random.default_rng(0)


def encoded(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "PNG")
    return bytes(data.data())


def drawn(colours: np.ndarray) -> QImage:
    high, wide = colours.shape[1:]
    image = QImage(wide, high, QImage.Format.Format_RGB888)
    for y in range(high):
        for x in range(wide):
            image.setPixel(x, y, qRgb(*map(int, colours[:, y, x])))
    return image


@pytest.mark.parametrize("form", ["RGB888", "Grayscale8", "ARGB32", "Indexed8"])
def test_a_picture_of_another_program_is_read_pixel_by_pixel(form: str) -> None:
    smooth = np.add.outer(np.arange(24) * 9, np.arange(31) * 3).astype(np.uint8)
    for colours in (np.stack([smooth, smooth // 2, 255 - smooth]),
                    RNG.integers(0, 256, (3, 9, 7), dtype=np.uint8)):  # fmt: skip
        image = drawn(colours).convertToFormat(getattr(QImage.Format, f"Format_{form}"))
        found = png.read(encoded(image), "a.png")
        wanted = image.convertToFormat(QImage.Format.Format_RGB888)
        assert found.shape == colours.shape
        for y in range(colours.shape[1]):
            for x in range(colours.shape[2]):
                assert tuple(found[:, y, x]) == wanted.pixelColor(x, y).getRgb()[:3]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("kind", range(5))
def test_every_way_to_write_a_line_is_understood(kind: int) -> None:
    wanted = RNG.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    lines, before = [], [0] * 18
    for row in wanted.reshape(5, 18).tolist():
        left = [row[k - 3] if k >= 3 else 0 for k in range(18)]
        corner = [before[k - 3] if k >= 3 else 0 for k in range(18)]
        guesses = {
            0: [0] * 18, 1: left, 2: before, 3: [(a + b) // 2 for a, b in zip(left, before, strict=True)],
            4: [png._nearest(a, b, c) for a, b, c in zip(left, before, corner, strict=True)],
        }[kind]  # fmt: skip
        lines.append(bytes([kind, *((x - g) % 256 for x, g in zip(row, guesses, strict=True))]))
        before = row
    head = struct.pack(">IIBBBBB", 6, 5, 8, 2, 0, 0, 0)
    data = png.SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(png.read(data, "a.png"), np.moveaxis(wanted, -1, 0))


def test_what_is_no_plain_picture_is_refused_in_words() -> None:
    good = encoded(drawn(RNG.integers(0, 256, (3, 4, 4), dtype=np.uint8)))
    deep = drawn(np.zeros((3, 4, 4), np.uint8)).convertToFormat(QImage.Format.Format_RGBX64)
    huge = png.SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 10**6, 10**6, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"x")
    bomb = png.SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    bomb += chunk(b"IDAT", zlib.compress(bytes(10**7)))
    refused = 0
    for data in (b"", b"nonsense", good[:-20], good[:40] + b"\0" + good[41:], encoded(deep), huge):
        with pytest.raises(FileError, match=r"a\.png"):
            png.read(data, "a.png")
        refused += 1
    assert refused == 6
    assert png.read(bomb, "a.png").shape == (3, 4, 4)  # no more of it is unpacked than the picture has
