"""What the README shows is what happens."""

import re
from pathlib import Path

import numpy as np
import pytest

from nnlab.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_on_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert "('N', 16) 48" in capsys.readouterr().out
    assert (tmp_path / "my.nnlab").is_file()


def test_the_commands_on_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("new.npy", np.zeros((3, 1, 8, 8), np.float32))
    lines = [line.split("#")[0].split() for line in PAGE.splitlines() if line.startswith("nnlab ")]
    assert len(lines) >= 6
    for _, *arguments in lines:
        if arguments[:1] == ["train"]:
            arguments += ["--epochs", "1"]  # the whole training is the examples' own test
        assert main(arguments) == 0, arguments


def test_the_pictures_and_pages_it_links_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
