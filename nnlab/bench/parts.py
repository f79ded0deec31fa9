"""Parts of the bench that run in a process of their own: each measure, and the windows it opens."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib import import_module
from typing import Any

from nnlab.bench.measure import MEASURES, Bar, Effort, Outcome, Reading
from nnlab.errors import NNLabError

OPTION = "--part"
LIMIT_SECONDS = 900
PROGRAMS = {
    "window": "nnlab.bench.window",
    "engine": "nnlab.bench.engine_alone",
    "start": "nnlab.bench.starting",
    "loading": "nnlab.bench.loading",
}
"""Part -> the module whose `main(arguments)` it is; "measure" is one whole measure."""


class PartFailed(NNLabError):
    """A part of the bench ended without an answer."""


def main(part: str, arguments: list[str]) -> int:
    """Be this part; inside the process that was made for it."""
    if part == "measure":
        name, effort = arguments[0], json.loads(arguments[1])
        effort["threads"] = tuple(effort["threads"])
        answer(asdict(MEASURES[name].run(Effort(**effort))))
        return 0
    return int(import_module(PROGRAMS[part]).main(arguments))


def answer(value: Mapping[str, Any]) -> None:
    """One answer to the process that asked, as one line."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def measure(name: str, effort: Effort) -> Outcome:
    """Take one measure in a process of its own. PartFailed if it ended without an answer."""
    found = ask("measure", name, json.dumps(asdict(effort)))
    readings = tuple(Reading(Bar(**r["bar"]), tuple(r["rounds"]), r["note"]) for r in found["readings"])
    return Outcome(readings, found["facts"])


def ask(part: str, *arguments: str) -> dict[str, Any]:
    """Run a part to its end; its last answer."""
    try:
        done = subprocess.run(
            _command(part, arguments),
            capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False, env=_surroundings(),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise PartFailed(f"it did not come to an end within {LIMIT_SECONDS // 60} minutes") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise PartFailed(_last(done.stderr) or f"it ended with code {done.returncode}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found


class Partner:
    """A part that goes on living and does one thing after another."""

    def __init__(self, part: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            _command(part, arguments),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_surroundings(),
        )  # fmt: skip

    def ask(self, what: str, seconds: float = 0.0) -> dict[str, Any]:
        """Tell it what to do and for how long, and wait for its answer."""
        entrance, exit_ = self._process.stdin, self._process.stdout
        assert entrance is not None
        assert exit_ is not None
        try:
            entrance.write(json.dumps({"what": what, "seconds": seconds}) + "\n")
            entrance.flush()
        except BrokenPipeError:
            raise PartFailed("its window closed") from None
        for line in exit_:
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise PartFailed(f"it ended with code {self._process.wait()}")

    def close(self) -> None:
        """Let it end."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def asked() -> Iterator[tuple[str, float]]:
    """Inside such a part: what to do and for how long, until nobody asks any more."""
    for line in sys.stdin:
        said = json.loads(line)
        yield said["what"], said["seconds"]


@contextlib.contextmanager
def partners(*parts: str) -> Iterator[list[Partner]]:
    """Several of them, closed at the end."""
    made: list[Partner] = []
    try:
        for part in parts:
            made.append(Partner(part))
        yield made
    finally:
        for each in made:
            each.close()


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """Inside, all parts keep their settings in an empty folder, never in the user's."""
    before = os.environ.get("NNLAB_DATA_DIR")
    with tempfile.TemporaryDirectory(prefix="nnlab-bench-") as folder:
        os.environ["NNLAB_DATA_DIR"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["NNLAB_DATA_DIR"]
            else:
                os.environ["NNLAB_DATA_DIR"] = before


def _command(part: str, arguments: tuple[str, ...]) -> list[str]:
    frozen = bool(getattr(sys, "frozen", False))
    return [sys.executable, *([] if frozen else ["-m", "nnlab"]), "bench", OPTION, part, *arguments]


def _surroundings() -> dict[str, str]:
    """The environment, with a screen that is not there where there is none."""
    found = dict(os.environ)
    if sys.platform.startswith("linux") and not ({"DISPLAY", "WAYLAND_DISPLAY"} & found.keys()):
        found.setdefault("QT_QPA_PLATFORM", "offscreen")
    return found


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
