"""What was drawn once is kept, and nothing depends on the disk."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nnlab.core import disk_cache
from nnlab.core.dataset import DATASETS
from nnlab.core.disk_cache import Arrays, folder, forget, kept

SMALL = {"samples": 24, "validation": 12, "test": 12}


@pytest.fixture(autouse=True)
def _with_an_empty_memory() -> Iterator[None]:
    forget()
    yield
    forget()


class Counted:
    """Makes the same numbers each time, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Arrays:
        self.times += 1
        return {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(3)}


def files() -> list[Path]:
    place = folder()
    assert place is not None
    return sorted(place.iterdir()) if place.exists() else []


def test_the_same_facts_are_made_once() -> None:
    make = Counted()
    first = kept("thing", {"n": 1}, make)
    assert kept("thing", {"n": 1}, make) is first
    forget()
    again = kept("thing", {"n": 1}, make)
    assert make.times == 1
    assert all(np.array_equal(first[k], again[k]) and first[k].dtype == again[k].dtype for k in ("a", "b"))


def test_other_facts_or_names_are_made_for_themselves() -> None:
    make = Counted()
    for name, facts in (("thing", {"n": 1}), ("thing", {"n": 2}), ("other", {"n": 1})):
        kept(name, facts, make)
    assert make.times == 3
    assert len(files()) == 3


@pytest.mark.parametrize("damage", [b"", b"not a file of arrays", b"PK\x03\x04 and no more"])
def test_a_damaged_file_is_made_anew(damage: bytes) -> None:
    make = Counted()
    kept("thing", {}, make)
    files()[0].write_bytes(damage)
    forget()
    assert kept("thing", {}, make)["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert make.times == 2
    forget()
    kept("thing", {}, make)
    assert make.times == 2, "and the new one is kept"


def test_a_single_changed_bit_is_noticed() -> None:
    make = Counted()
    kept("thing", {}, make)
    whole = bytearray(files()[0].read_bytes())
    whole[whole.index(np.float32(4).tobytes())] ^= 1
    files()[0].write_bytes(whole)
    forget()
    assert kept("thing", {}, make)["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert make.times == 2


def test_no_damage_to_a_file_is_an_error() -> None:
    make = Counted()
    expected = kept("thing", {}, make)
    path = files()[0]
    whole, lots = path.read_bytes(), np.random.default_rng(0)
    for _ in range(150):
        changed = bytearray(whole)
        for place in lots.integers(0, len(whole), lots.integers(1, 4)):
            changed[place] = lots.integers(0, 256)
        path.write_bytes(changed[: lots.integers(1, len(whole) + 1)])
        forget()
        again = kept("thing", {}, make)
        assert sorted(again) == ["a", "b"]
        assert all(np.array_equal(again[name], expected[name]) for name in again)


def test_a_file_with_an_object_inside_is_not_opened() -> None:
    make = Counted()
    kept("thing", {}, make)
    with files()[0].open("wb") as file:
        np.savez(file, a=np.array([{"a": 1}], dtype=object))
    forget()
    assert kept("thing", {}, make)["a"].shape == (2, 3)


def test_without_a_usable_folder_it_is_made_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where the folder should be")
    monkeypatch.setenv("NNLAB_DATA_DIR", str(blocked))
    make = Counted()
    assert kept("thing", {}, make) is kept("thing", {}, make)
    assert make.times == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="for the owner of the machine nothing is read-only")
def test_a_folder_that_takes_no_files_is_let_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("NNLAB_DATA_DIR", str(tmp_path))
    make = Counted()
    kept("thing", {}, make)
    forget()
    kept("thing", {}, make)
    assert make.times == 2


def test_no_half_written_file_is_left_where_writing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    assert kept("thing", {}, Counted())["b"].tolist() == [0, 1, 2]
    assert files() == []


def test_the_files_used_longest_ago_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Counted()
    kept("thing", {"n": 0}, make)
    size = files()[0].stat().st_size
    monkeypatch.setattr(disk_cache, "DISK_LIMIT", 2 * size)
    os.utime(files()[0], (1000, 1000))
    kept("thing", {"n": 1}, make)
    os.utime(*next((p, (2000, 2000)) for p in files() if p.stat().st_mtime > 5000))
    forget()
    kept("thing", {"n": 0}, make)  # used just now
    kept("thing", {"n": 2}, make)
    assert len(files()) == 2
    assert make.times == 3
    forget()
    kept("thing", {"n": 0}, make)
    assert make.times == 3


def test_what_is_kept_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        kept("thing", {}, Counted())["a"][0, 0] = 7


@pytest.mark.parametrize("id_", ["picworld", "house"])
def test_pictures_from_the_disk_are_those_that_were_drawn(id_: str) -> None:
    dataset = DATASETS[id_](**(SMALL if id_ == "picworld" else {"samples": 24}))
    drawn = dataset.make()
    assert len(files()) == 3
    forget()
    read = dataset.make()
    assert np.array_equal(drawn.inputs, read.inputs)
    assert np.array_equal(drawn.targets, read.targets)
    for path in files():
        path.write_bytes(path.read_bytes()[:-100])
    forget()
    again = dataset.make()
    assert np.array_equal(drawn.inputs, again.inputs)
    assert all(np.array_equal(a, b) for a, b in zip(drawn.more, again.more, strict=True))


def test_the_place_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NNLAB_DATA_DIR")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "nnlab"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / ".cache" / "nnlab"
    monkeypatch.setattr("sys.platform", "darwin")
    assert folder() == tmp_path / "Library" / "Caches" / "nnlab"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert folder() == tmp_path / "local" / "nnlab"
