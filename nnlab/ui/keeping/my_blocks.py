"""Blocks that the user keeps for every project: one text file each, read with suspicion."""

from functools import cache
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nnlab.core.blocks.block import Block
from nnlab.core.graph import Graph, Node
from nnlab.core.writing import slug
from nnlab.errors import FileError, NNLabError
from nnlab.files import codec, disk
from nnlab.ui.keeping import places

SIZE_LIMIT = 4 * 2**20  # bytes of one file
COUNT_LIMIT = 200  # files that are looked at
NAME_LIMIT = 60  # characters


class News(QObject):
    """Tells that a block was kept, renamed or removed."""

    changed = Signal()


@cache
def news() -> News:
    """The one that tells."""
    return News()


def folder() -> Path:
    """Where they are."""
    return places.config() / "blocks"


def kept() -> dict[str, Block]:
    """Every block that can be read, by its name; damaged files are passed over."""
    found: dict[str, Block] = {}
    for path in _files():
        block = _read(path)
        if block is not None:
            found.setdefault(block.called, block)
    return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))


def keep(block: Block, name: str) -> str:
    """Keep this block under this name, in the place of an older one of that name; returns the name."""
    called = " ".join(name.split())[:NAME_LIMIT] or "Block"
    _write(block.with_(called=called), _path_of(called))
    news().changed.emit()
    return called


def rename(old: str, new: str) -> str:
    """Give a kept block another name; FileError if there is none of the old name or one of the new."""
    called = " ".join(new.split())[:NAME_LIMIT]
    blocks = kept()
    if old not in blocks or not called or called in blocks:
        raise FileError(f"{old} cannot be called {called or 'nothing'}: choose a name that no other block has")
    before = _path_of(old)
    _write(blocks[old].with_(called=called), _path_of(called))
    before.unlink(missing_ok=True)
    news().changed.emit()
    return called


def remove(name: str) -> None:
    """Keep the block of this name no longer."""
    try:
        _path_of(name).unlink(missing_ok=True)
    except OSError as problem:
        raise FileError(f"{name} cannot be removed: {disk.reason(problem)}") from None
    news().changed.emit()


def _files() -> list[Path]:
    try:
        return sorted(path for path in folder().glob("*.json") if path.is_file())[:COUNT_LIMIT]
    except OSError:
        return []


def _read(path: Path) -> Block | None:
    try:
        data, _ = disk.read(path, SIZE_LIMIT)
        graph, ids = codec.paste(Graph(), data.decode("utf-8", "replace"))
    except NNLabError:
        return None
    layer = graph.node(ids[0]).layer
    return layer if len(ids) == 1 and isinstance(layer, Block) and layer.called else None


def _write(block: Block, path: Path) -> None:
    if not places.usable(path.parent):
        raise FileError(f"{block.called} cannot be kept: the folder {path.parent} takes no files")
    disk.write(path, codec.copy(Graph().with_node(Node("block", block)), ["block"]).encode())


def _path_of(name: str) -> Path:
    """The file that holds the block of this name, or will."""
    for path in _files():
        block = _read(path)
        if block is not None and block.called == name:
            return path
    stem, taken = slug(name) or "block", {path.stem for path in _files()}
    free = (stem, *(f"{stem}_{n}" for n in range(2, COUNT_LIMIT + 2)))
    return folder() / f"{next(each for each in free if each not in taken)}.json"
