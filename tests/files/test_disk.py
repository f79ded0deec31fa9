"""A save is all or nothing whatever fails, and only regular files of bounded size are read."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnlab.errors import FileError
from nnlab.files import disk as files

OLD, NEW = b"the old file", b"the new file " * 1000
STEPS = ("open", "write", "fsync", "close", "replace", "stat", "fstat")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(files, "RETRY_PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "work.nnlab"
    path.write_bytes(OLD)
    return path


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


# -------------------------------------------------------------------- writing


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(target):
    found = files.write(target, NEW)
    assert target.read_bytes() == NEW
    assert names(target.parent) == ["work.nnlab"]
    assert found == files.fingerprint(target)


def test_a_new_file_has_the_usual_permissions_and_an_old_one_keeps_its_own(target):
    target.chmod(0o640)
    files.write(target, NEW)
    assert target.stat().st_mode & 0o777 == 0o640
    umask = os.umask(0)
    os.umask(umask)
    files.write(target.with_name("fresh"), NEW)
    assert target.with_name("fresh").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT, errno.EROFS, errno.EMFILE])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2])
def test_when_any_operation_fails_once_the_file_is_whole(target, monkeypatch, step, code, nth):
    real, calls = getattr(os, step), []

    def failing(*args, **kwargs):
        calls.append(args)
        if len(calls) == nth:
            if step == "close":
                real(*args, **kwargs)
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, step, failing)
    problem = ""
    try:
        files.write(target, NEW)
    except FileError as refusal:
        problem = str(refusal)
    monkeypatch.undo()
    assert target.read_bytes() == (OLD if problem else NEW)
    assert not problem or problem.startswith("work.nnlab could not be saved: ")
    assert names(target.parent) == ["work.nnlab"]


def test_a_disk_that_takes_a_part_only_is_asked_again(target, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    files.write(target, NEW)
    assert target.read_bytes() == NEW


def test_a_disk_that_fills_half_way_keeps_the_old_file(target, monkeypatch):
    real, left = os.write, [1000]

    def filling(handle, data):
        if not left[0]:
            raise OSError(errno.ENOSPC, "full")
        count = real(handle, data[: left[0]])
        left[0] -= count
        return count

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(FileError, match="the disk is full"):
        files.write(target, NEW)
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["work.nnlab"]


def test_a_disk_that_claims_to_write_and_does_not_is_found_out(target, monkeypatch):
    monkeypatch.setattr(os, "write", lambda handle, data: len(data))
    with pytest.raises(FileError):
        files.write(target, NEW)
    assert target.read_bytes() == OLD


def test_a_held_file_is_tried_again(target, monkeypatch):
    real, refusals = os.replace, [1, 2]

    def held(*args):
        if refusals:
            refusals.pop()
            raise PermissionError(errno.EACCES, "held")
        return real(*args)

    monkeypatch.setattr(os, "replace", held)
    files.write(target, NEW)
    assert target.read_bytes() == NEW


def test_a_link_stays_a_link_and_its_target_is_replaced(target, tmp_path):
    link = tmp_path / "link.nnlab"
    link.symlink_to(target)
    files.write(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing folder", "file as folder", "nul", "long", "device"])
def test_what_is_no_file_is_not_written_to(tmp_path, kind):
    (tmp_path / "file").write_bytes(OLD)
    os.mkfifo(tmp_path / "pipe")
    path = {
        "folder": tmp_path,
        "pipe": tmp_path / "pipe",
        "missing folder": tmp_path / "no" / "x",
        "file as folder": tmp_path / "file" / "x",
        "nul": str(tmp_path / "a") + "\0b",
        "long": tmp_path / ("x" * 300),
        "device": "/dev/null",
    }[kind]
    with pytest.raises(FileError):
        files.write(path, NEW)
    assert names(tmp_path) == ["file", "pipe"]


@pytest.mark.parametrize(
    "name", ["🧪 ünï.nnlab", "a\nb.nnlab", "\u202egpj.nnlab", "x" * 240, "<b>.nnlab", os.fsdecode(b"\xff.x")]
)
def test_strange_names_are_written_and_read(tmp_path, name):
    files.write(tmp_path / name, NEW)
    assert files.read(tmp_path / name, 10**6)[0] == NEW
    files.name_of(tmp_path / name).encode()


def test_what_a_killed_save_left_is_cleaned_but_not_what_may_be_in_use(target):
    code = "from nnlab.files import disk; from pathlib import Path; print(disk._beside(Path('x')).name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ancient = time.time() - 2 * 86_400
    dead = done.stdout.strip()
    mine = files._beside(target).name
    elsewhere = ".nnlab-save-00000000-1-0123abcd.tmp"
    forgotten = ".nnlab-save-00000000-1-0123abce.tmp"
    for name in (dead, mine, elsewhere, forgotten, "notes.tmp"):
        target.with_name(name).write_bytes(b"x")
    for name in (forgotten, "notes.tmp"):
        os.utime(target.with_name(name), (ancient, ancient))
    files.write(target, NEW)
    assert names(target.parent) == sorted([mine, elsewhere, "notes.tmp", "work.nnlab"])


def test_whether_a_file_can_be_written_is_known_before_the_work(target, tmp_path):
    files.check_writable(target)
    files.check_writable(tmp_path / "new.nnlab")
    assert names(tmp_path) == ["work.nnlab"]
    assert target.read_bytes() == OLD
    for path in (tmp_path, tmp_path / "no" / "x", "/dev/null"):
        with pytest.raises(FileError, match="could not be saved"):
            files.check_writable(path)


SAVER = """
import sys
from nnlab.files import disk as files
path, size = sys.argv[1], 2_000_000
print("ready", flush=True)
n = 0
while True:
    n += 1
    files.write(path, n.to_bytes(4, "big") * (size // 4))
    print(n, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_killed_at_random_moments_of_saving_the_file_is_whole_and_as_new_as_was_said(tmp_path):
    path, rng = tmp_path / "work.nnlab", random.Random(7)
    for _ in range(20):
        saver = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE, text=True)
        assert saver.stdout is not None
        saver.stdout.readline()
        said = 0
        for _ in range(rng.randint(1, 3)):
            said = int(saver.stdout.readline())
        end = time.perf_counter() + rng.uniform(0, 0.01)
        while time.perf_counter() < end:
            pass
        saver.send_signal(signal.SIGKILL)
        rest = saver.stdout.read().split()
        saver.wait()
        saver.stdout.close()
        data = path.read_bytes()
        number = int.from_bytes(data[:4], "big")
        assert data == number.to_bytes(4, "big") * 500_000
        assert number >= max([said, *map(int, rest)])
        assert len(names(tmp_path)) <= 2  # the file, and what the last kill left
    files.write(path, NEW)
    assert names(tmp_path) == ["work.nnlab"]


# -------------------------------------------------------------------- reading


def test_reading_gives_the_bytes_and_a_fingerprint_that_tells_of_changes(target):
    data, found = files.read(target, 100)
    assert data == OLD
    assert found == files.fingerprint(target)
    target.write_bytes(b"changed by another program")
    assert found != files.fingerprint(target)
    target.unlink()
    assert files.fingerprint(target) is None


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/dev/urandom", "/dev/null", "/dev/tty", "/etc", "/nowhere/at/all", "", "a\0b", "x/" * 2000]
)
def test_devices_folders_and_nonsense_are_refused_at_once(path):
    with pytest.raises(FileError) as caught:
        files.read(path, 100)
    assert "could not be opened" in str(caught.value)


def test_pipes_and_loops_of_links_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "a", "zero"):
        with pytest.raises(FileError):
            files.read(tmp_path / name, 100)


def test_a_file_beyond_the_limit_is_refused_by_its_size(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(10 * 2**30)
    with pytest.raises(FileError, match="larger than 1 MB"):
        files.read(path, 2**20)


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EMFILE])
@pytest.mark.parametrize("step", ["stat", "open", "fstat", "read"])
def test_when_reading_fails_there_is_a_sentence(target, monkeypatch, step, code):
    def failing(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, step, failing)
    with pytest.raises(FileError) as caught:
        files.read(target, 100)
    monkeypatch.undo()  # pytest needs it too
    assert str(caught.value).startswith("work.nnlab could not be opened: ")
