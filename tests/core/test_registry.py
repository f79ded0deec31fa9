"""A registry that two threads look into at once."""

import sys
import threading
from pathlib import Path

import pytest

from nnlab.registry import Registry


def test_a_second_thread_never_sees_half_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "halfway_things"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "first.py").write_text("import test_registry_gate as g\ng.THINGS.register('first')(1)\ng.pause()\n")
    (folder / "second.py").write_text("import test_registry_gate as g\ng.THINGS.register('second')(2)\n")
    monkeypatch.syspath_prepend(tmp_path)
    things: Registry[int] = Registry("halfway_things", "thing")
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        assert go_on.wait(10)

    gate = type(sys)("test_registry_gate")
    gate.THINGS, gate.pause = things, pause  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "test_registry_gate", gate)
    seen: list[list[str]] = []
    first = threading.Thread(target=lambda: seen.append(list(things)))
    second = threading.Thread(target=lambda: seen.append(list(things)))
    first.start()
    assert inside.wait(10)
    second.start()
    second.join(0.05)  # it waits: were it not to, it would be through by now with half of the folder
    go_on.set()
    first.join(10)
    second.join(10)
    assert seen == [["first", "second"]] * 2
