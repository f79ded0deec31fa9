"""PNG pictures as numbers, read with suspicion: eight bits a channel, not interlaced, as most programs write them."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from nnlab.errors import FileError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS_LIMIT = 2**24
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type -> numbers a pixel: grey, colours, palette, grey and how opaque, colours and how opaque."""
PALETTE = 3


def read(data: bytes, name: str) -> NDArray[np.uint8]:
    """The picture as (3, height, width) in red, green and blue; FileError with a sentence if it is none of these."""
    parts = _parts(data, name)
    head = parts.get(b"IHDR", [b""])[0]
    if len(head) != 13 or b"IDAT" not in parts:
        raise FileError(f"{name} is a damaged PNG picture")
    wide, high, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if not 0 < wide * high <= PIXELS_LIMIT:
        raise FileError(f"{name} has {wide} × {high} pixels: that is too many")
    if bits != 8 or kind not in CHANNELS or interlaced:
        raise FileError(f"{name} is not a plain PNG: save it with 8 bits a channel and without interlacing")
    size = high * (1 + wide * CHANNELS[kind])
    try:
        packed = zlib.decompressobj().decompress(b"".join(parts[b"IDAT"]), size)
    except zlib.error:
        raise FileError(f"{name} is a damaged PNG picture") from None
    if len(packed) != size:
        raise FileError(f"{name} is a damaged PNG picture")
    pixels = _unfiltered(np.frombuffer(packed, np.uint8).reshape(high, -1), CHANNELS[kind], name)
    return _colours(pixels.reshape(high, wide, CHANNELS[kind]), kind, parts, name)


def _parts(data: bytes, name: str) -> dict[bytes, list[bytes]]:
    """What stands in the file, by the name of its kind; checksums are looked at."""
    if not data.startswith(SIGNATURE):
        raise FileError(f"{name} is not a PNG picture")
    found: dict[bytes, list[bytes]] = {}
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        if len(check) != 4 or zlib.crc32(kind + body) != struct.unpack(">I", check)[0]:
            raise FileError(f"{name} is a damaged PNG picture")
        found.setdefault(kind, []).append(body)
        at += 12 + length
    return found


def _unfiltered(lines: NDArray[np.uint8], step: int, name: str) -> NDArray[np.uint8]:
    """Each line as it was before it was written as differences to its neighbours."""
    before = np.zeros(lines.shape[1] - 1, np.uint8)
    found = np.empty((len(lines), lines.shape[1] - 1), np.uint8)
    for number, line in enumerate(lines):
        kind, left = int(line[0]), line[1:].copy()
        if kind > 4:
            raise FileError(f"{name} is a damaged PNG picture")
        if kind == 1:
            left = np.cumsum(left.reshape(-1, step), 0, dtype=np.uint8).ravel()
        elif kind == 2:
            left += before
        elif kind > 2:
            left = _line(left.tolist(), before.tolist(), step, kind)
        found[number] = before = left
    return found


def _line(line: list[int], above: list[int], step: int, kind: int) -> NDArray[np.uint8]:
    """A line of differences to the mean of left and above (3), or to whichever of three neighbours is nearest (4)."""
    for k in range(len(line)):
        left, corner = (line[k - step], above[k - step]) if k >= step else (0, 0)
        guess = (left + above[k]) // 2 if kind == 3 else _nearest(left, above[k], corner)
        line[k] = (line[k] + guess) & 255
    return np.array(line, np.uint8)


def _nearest(left: int, above: int, corner: int) -> int:
    """Paeth's guess."""
    wanted = left + above - corner
    return min((left, above, corner), key=lambda each: abs(wanted - each))


def _colours(pixels: NDArray[np.uint8], kind: int, parts: dict[bytes, list[bytes]], name: str) -> NDArray[np.uint8]:
    if kind == PALETTE:
        colours = np.frombuffer(parts.get(b"PLTE", [b""])[0], np.uint8)
        if len(colours) % 3 or pixels.max(initial=0) >= len(colours) // 3:
            raise FileError(f"{name} is a damaged PNG picture")
        shown = colours.reshape(-1, 3)[pixels[..., 0]]
    else:
        shown = pixels[..., :3] if kind in (2, 6) else np.repeat(pixels[..., :1], 3, 2)
    return np.ascontiguousarray(np.moveaxis(shown, -1, 0))
