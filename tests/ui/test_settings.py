"""What the lab remembers, and what a damaged memory does."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from nnlab.ui.keeping.settings import RECENT_LIMIT, Settings


def test_what_was_set_is_there_at_the_next_start(tmp_path):
    first = Settings(tmp_path)
    first.theme = "dark"
    first.reduced_motion = True
    first.text_scale = 1.25
    first.keep_bytes("window", QByteArray(b"\x00\x01place"))
    first.add_recent(tmp_path / "a.nnlab")
    assert first.save()
    again = Settings(tmp_path)
    assert (again.theme, again.reduced_motion, again.text_scale) == ("dark", True, 1.25)
    assert again.bytes_of("window") == QByteArray(b"\x00\x01place")
    assert again.recent == [tmp_path / "a.nnlab"]


def test_recent_files_are_few_newest_first_and_each_once(tmp_path):
    settings = Settings(tmp_path)
    for number in range(RECENT_LIMIT + 5):
        settings.add_recent(Path(f"/projects/{number}.nnlab"))
    settings.add_recent(Path("/projects/9.nnlab"))
    assert len(settings.recent) == RECENT_LIMIT
    assert settings.recent[0] == Path("/projects/9.nnlab")
    assert len(set(settings.recent)) == RECENT_LIMIT
    settings.clear_recent()
    assert settings.recent == []


@pytest.mark.parametrize(
    "damage",
    [b"\xff\xfe\x00garbage\x80", b"[General]\ntheme=dark\n", b"x" * 1_000_001, b"\x00" * 100],
    ids=["random", "no format", "too large", "zeros"],
)
def test_a_damaged_file_means_the_defaults_and_is_kept_aside(tmp_path, damage):
    (tmp_path / "settings.ini").write_bytes(damage)
    settings = Settings(tmp_path)
    assert settings.theme == "system"
    assert (tmp_path / "settings.bad").read_bytes() == damage
    settings.theme = "light"
    assert settings.save()
    assert Settings(tmp_path).theme == "light"


@pytest.mark.parametrize(
    "line", ["theme=purple", "recent=@Invalid()", "text_scale=nan", "text_scale=1e9", "window=text", "folder=/nowhere"]
)
def test_a_wrong_value_means_the_default_of_that_value(tmp_path, line):
    (tmp_path / "settings.ini").write_text(f"[General]\nformat=1\n{line}\n")
    settings = Settings(tmp_path)
    assert settings.theme == "system"
    assert settings.recent == []
    assert 0.5 < settings.text_scale <= 2
    assert settings.bytes_of("window").isEmpty()
    assert settings.folder.is_dir()


def test_a_folder_that_takes_no_files_does_not_stop_the_start(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("in the way")
    settings = Settings(blocked / "config")
    settings.theme = "dark"
    assert settings.theme == "dark"
    assert not settings.save()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_the_file_is_put_aside_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "settings.ini")
    settings = Settings(tmp_path)
    assert settings.theme == "system"
    settings.theme = "dark"
    assert settings.save()
    assert Settings(tmp_path).theme == "dark"
