"""The rules of the house that no other tool can say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "nnlab").rglob("*.py"))

FORBIDDEN = {
    r"\bimport pickle\b|\bpickle\.": "no pickle anywhere",
    r"(?<![\w.])eval\(": "no eval",
    r"torch\.load\((?!.*weights_only=True)": "nothing but plain tensors is read from others' files",
    r"allow_pickle\s*=\s*True": "no pickle inside arrays",
    r"weights_only\s*=\s*False": "no pickle",
    r"csv\.Sniffer": "it takes minutes on hostile text",
    r"extractall\(|\.extract\(": "archives are read in memory",
    r"\.setHtml\(|\.setMarkdown\(": "rich text reads local files",
    r"\.terminate\(": "it aborts the process",
    r"except\s*:": "name the exception",
    r"Signal\(int\)|Signal\(int,": "Signal(int) has 32 bits",
    r"QDoubleSpinBox": "it turns 0.001 into 1.0 in some languages: use NumberEdit",
}
EXEC_ALLOWED = {"nnlab/engine/compile.py"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_source_keeps_to_the_static_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern, why in FORBIDDEN.items():
        found = re.search(pattern, text)
        assert found is None, f"{name_of(path)}: {found and found.group()!r}: {why}"
    if name_of(path) not in EXEC_ALLOWED:
        assert not re.search(r"(?<![\w.])exec\(", text), "exec only where the generated model is made"
    assert len(text.splitlines()) <= 400, "split it by what it is"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "theme.py"], ids=name_of)
def test_colours_stand_in_the_theme_alone(path: Path) -> None:
    if "ui" not in path.parts:
        return
    found = re.findall(r"""["']#[0-9a-fA-F]{3,8}["']""", path.read_text(encoding="utf-8"))
    assert not found, f"{name_of(path)} has its own colours {found}: use theme.current()"


@pytest.mark.parametrize("path", [p for p in SOURCES if "ui" in p.parts and p.name != "labels.py"], ids=name_of)
def test_labels_are_made_by_the_one_plain_text_function(path: Path) -> None:
    assert not re.search(r"\bQLabel\(", path.read_text(encoding="utf-8")), (
        "use labels.label: QLabel alone reads rich text"
    )


def test_architecture_page_is_short_and_names_the_modules_that_exist() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(page.splitlines()) <= 100
    named = set(re.findall(r"`(nnlab/[\w/]+\.py)`", page))
    for room, modules in re.findall(r"^\| `(nnlab/[\w/]+/)`[^|]*\|[^|]*\|([^|]*)\|", page, re.MULTILINE):
        assert (ROOT / room).is_dir(), f"ARCHITECTURE.md names a room that is not there: {room}"
        named |= {f"{room}{module}.py" for module in re.findall(r"`(\w+)`", modules)}
    missing = [n for n in named if not (ROOT / n).exists()]
    assert not missing, f"ARCHITECTURE.md names what is not there: {missing}"
    things = {
        "layers",
        "datasets",
        "losses",
        "optimizers",
        "schedules",
        "examples",
        "templates",
        "blocks",
        "panels",
        "notes",
        "measures",
    }
    framework = {name_of(p) for p in SOURCES if p.name != "__init__.py" and not things & set(p.parts)}
    assert not framework - named, f"ARCHITECTURE.md does not name {sorted(framework - named)}"


@pytest.mark.parametrize("module", ["nnlab", "nnlab.cli", "nnlab.ui.app", "nnlab.ui.shell.main_window"])
def test_nothing_heavy_is_imported_before_it_is_needed(module: str) -> None:
    heavy = {"torch", "sklearn", "scipy", "pyqtgraph"}
    if "ui" not in module:
        heavy |= {"PySide6"}
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & {heavy!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_nothing_carries_a_path_of_the_machine_it_was_written_on() -> None:
    roots = [str(ROOT), str(Path.home())]
    files = list(ROOT.glob("*.md")) + list((ROOT / "docs").rglob("*.md")) + SOURCES
    guilty = [name_of(p) for p in files for root in roots if root + "/" in p.read_text(encoding="utf-8")]
    assert not guilty


def test_the_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(p.name[:4]) for p in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
