#!/usr/bin/env python3
"""Set NNLab up and open it: `python3 lab.py`. Set it up and pass the tests: `python3 lab.py test`.

One file of the standard library, for any machine that has Python 3.11 or later. It makes a virtual environment
beside this file, installs the pinned libraries into it once, and starts. Later starts take no network and no set-up.
"""

import argparse
import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "nnlab-setup.json"
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
OLDEST = (3, 11)

# What Qt loads on Linux, and the Debian package that brings it (the second name is the one of later releases).
LIBRARIES = {
    "libGL.so.1": ("libgl1",),
    "libEGL.so.1": ("libegl1",),
    "libxkbcommon.so.0": ("libxkbcommon0",),
    "libdbus-1.so.3": ("libdbus-1-3",),
    "libfontconfig.so.1": ("libfontconfig1",),
    "libglib-2.0.so.0": ("libglib2.0-0", "libglib2.0-0t64"),
    "libxcb-cursor.so.0": ("libxcb-cursor0",),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0",),
    "libxcb-icccm.so.4": ("libxcb-icccm4",),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1",),
    "libxcb-shape.so.0": ("libxcb-shape0",),
}


class SetUpError(Exception):
    """Set-up cannot go on; the text says what to do."""


def main() -> int:
    """Read the command, set up what is missing, run."""
    if sys.version_info < OLDEST:
        print(f"NNLab needs Python {OLDEST[0]}.{OLDEST[1]} or later; this is {platform.python_version()}.")
        return 2
    args, rest = _arguments()
    try:
        if args.command == "lock":
            return lock()
        set_up(test=args.command == "test", torch=args.torch)
        return _start(args.command, rest)
    except SetUpError as problem:
        print(f"\nNNLab could not be set up. {problem}", file=sys.stderr)
        if os.name == "nt" and sys.stdin and sys.stdin.isatty():
            input("Press Enter to close.")
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


def _start(command: str, rest: list[str]) -> int:
    if command == "setup":
        return 0
    return {"open": open_lab, "test": run_tests, "doctor": doctor}[command](rest)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description="Set NNLab up and open it, or run its tests.")
    parser.add_argument(
        "--torch",
        choices=["auto", "cpu", "cuda", "keep"],
        default="auto",
        help="which build of PyTorch to install: the one that suits this machine (auto), or the one already there (keep)",
    )
    words = {"open", "test", "setup", "doctor", "lock"}
    own = [a for a in sys.argv[1:] if a.startswith("--torch")]
    rest = [a for a in sys.argv[1:] if a not in own]
    if own and own[0] == "--torch" and rest:
        own.append(rest.pop(0))
    if rest[:1] in (["-h"], ["--help"]):
        parser.epilog = (
            "open [FILE] (default) | test [pytest arguments] | setup | doctor | lock; anything else goes to nnlab"
        )
        parser.print_help()
        raise SystemExit(0)
    args = parser.parse_args(own)
    args.command = rest.pop(0) if rest and rest[0] in words else "open"
    return args, rest


# ------------------------------------------------------------------ running


def open_lab(rest: list[str]) -> int:
    """Open the window; with no display, train an example and print its table."""
    if not rest and not _has_display():
        print("There is no display here, so NNLab trains its spiral example without a window.\n", flush=True)
        rest = ["train", "spiral"]
    # -P: a file called torch.py in the folder the user stands in must not be imported
    return subprocess.call([_python(), "-P", "-m", "nnlab", *rest])


def run_tests(rest: list[str]) -> int:
    """Every check of the project; arguments go to pytest alone, as in `lab.py test tests/core -x`."""
    env = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"), "OMP_NUM_THREADS": "1"}
    env["PYTHONHASHSEED"] = "0"  # so that every process collects the tests in one order
    python = _python()
    checks = [
        ("format", [python, "-m", "ruff", "format", "--check", "--quiet", "."]),
        ("lint", [python, "-m", "ruff", "check", "--quiet", "."]),
        ("types", [python, "-m", "mypy"]),
        ("import contracts", [str(Path(python).with_name("lint-imports")), "--no-logo"]),
    ]
    failed = []
    for name, command in [] if rest else checks:
        started = time.monotonic()
        code = _run(command, env)
        print(f"{'ok    ' if code == 0 else 'FAILED'} {name} ({time.monotonic() - started:.0f} s)", flush=True)
        failed += [name] if code else []
    several = [] if rest else ["-n", str(min(4, os.cpu_count() or 1))]
    code = _run([python, "-m", "pytest", *several, *rest], env)
    failed += ["tests"] if code else []
    if failed:
        print("FAILED: " + ", ".join(failed))
    return 1 if failed else 0


def doctor(rest: list[str]) -> int:
    """Facts of this installation, for a bug report."""
    code = (
        "import importlib.metadata as m, platform, sys; print('Python', sys.version); print(platform.platform());"
        "[print(f'{n} {m.version(n)}') for n in ('nnlab','torch','numpy','PySide6_Essentials','pyqtgraph','scikit-learn','safetensors')];"
        "import torch; print('NVIDIA GPU:', torch.cuda.get_device_name() if torch.cuda.is_available() else 'none')"
    )
    return _run([_python(), "-c", code])


def lock() -> int:
    """Write requirements/constraints.txt anew from what the environment holds now."""
    frozen = subprocess.run([_python(), "-m", "pip", "freeze", "--exclude-editable"], capture_output=True, text=True)
    head = "".join(f"{line}\n" for line in CONSTRAINTS.read_text().splitlines() if line.startswith("#"))
    pins = [line.split("+")[0] for line in frozen.stdout.splitlines() if "==" in line]
    CONSTRAINTS.write_text(head + "\n".join(pins) + "\n")
    return frozen.returncode


# ------------------------------------------------------------------ setting up


def set_up(test: bool, torch: str = "auto") -> None:
    """Make the environment, unless a stamp says that it is the one these pins ask for."""
    wanted = _stamp()
    have = _read_stamp()
    if have.get("pins") == wanted and (have.get("test") or not test) and Path(_python()).exists():
        return
    print("Setting NNLab up (once; a few minutes, most of it downloading PyTorch).", flush=True)
    if sys.platform.startswith("linux"):
        _system_libraries()
    _make_venv(keep=have.get("python") == platform.python_version())
    test = test or bool(have.get("test"))
    _install(test, torch)
    STAMP.write_text(json.dumps({"pins": wanted, "test": test, "python": platform.python_version()}))
    print("Ready.\n", flush=True)


def _stamp() -> str:
    parts = [(ROOT / "pyproject.toml").read_bytes(), CONSTRAINTS.read_bytes(), sys.version.encode(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _read_stamp() -> dict[str, object]:
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _system_libraries() -> None:
    missing = [names for library, names in LIBRARIES.items() if not _loads(library)]
    packages = [_package(names) for names in missing] if missing else []
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        packages.append(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    if not packages:
        return
    line = "apt-get install -y " + " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SetUpError(
            "These system libraries are missing; install what your system calls them: " + ", ".join(packages)
        )
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode != 0:
        raise SetUpError(
            f"Some system libraries are missing. Run this line, then the same command again:\n\n    sudo {line}\n"
        )
    _say("Installing system libraries: " + " ".join(packages))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *packages]):
        done = subprocess.run([*root, *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetUpError(
            f"The system libraries could not be installed ({_last(done)}). Run this line yourself:\n\n    {line}\n"
        )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _package(names: tuple[str, ...]) -> str:
    if len(names) > 1 and shutil.which("apt-cache"):
        for name in reversed(names):
            if subprocess.run(["apt-cache", "show", name], capture_output=True, check=False).returncode == 0:
                return name
    return names[0]


def _make_venv(keep: bool) -> None:
    import venv

    if Path(_python()).exists() and keep:
        return
    if VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
        raise SetUpError(
            f"The folder {VENV.name} is in the way and is no virtual environment. Move it, then try again."
        )
    _say("Making the virtual environment .venv")
    try:
        venv.create(VENV, with_pip=True, clear=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as problem:
        raise SetUpError(
            f"The folder .venv could not be made ({problem}). Is this folder writable, is the disk full?"
        ) from None


def _install(test: bool, torch: str) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"]) + (project["optional-dependencies"]["test"] if test else [])
    if torch != "keep":
        _install_torch(torch)
    _say("Installing the other libraries" + (" and the test tools" if test else ""))
    _pip("install", "-c", str(CONSTRAINTS), "setuptools", *wanted)
    _pip("install", "--no-deps", "--no-build-isolation", "-e", str(ROOT))


def _install_torch(which: str) -> None:
    pin = next(line for line in CONSTRAINTS.read_text().splitlines() if line.startswith("torch=="))
    check = f"import importlib.metadata as m; assert m.version('torch').split('+')[0] == {pin.split('==')[1]!r}"
    if which == "auto" and subprocess.run([_python(), "-c", check], capture_output=True, check=False).returncode == 0:
        return
    _say(f"Installing PyTorch {pin.split('==')[1]}")
    if which in ("auto", "cpu") and _try_pip("install", f"{pin}+cpu"):
        return
    small = sys.platform.startswith("linux") and platform.machine() == "x86_64" and shutil.which("nvidia-smi") is None
    if which == "cpu" or (which == "auto" and small):
        uv = [
            _python(),
            "-m",
            "uv",
            "pip",
            "install",
            "--python",
            _python(),
            "--torch-backend=cpu",
            "-c",
            str(CONSTRAINTS),
            pin,
        ]
        if _try_pip("install", "uv") and subprocess.run(uv, capture_output=True, check=False).returncode == 0:
            return
        _say("The small build of PyTorch was not to be had: taking the standard one, several GB on Linux")
    _pip("install", "-c", str(CONSTRAINTS), pin)


def _try_pip(*arguments: str) -> bool:
    command = [_python(), "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _pip(*arguments: str) -> None:
    command = [_python(), "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
        raise SetUpError(
            "A library could not be installed (see above). Check the network and the disk, then try again."
        )


# ------------------------------------------------------------------ small things


def _python() -> str:
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _run(command: list[str], env: dict[str, str] | None = None) -> int:
    try:
        return subprocess.run(
            command, cwd=None if "-m" in command and "nnlab" in command else ROOT, env=env, check=False
        ).returncode
    except KeyboardInterrupt:
        return 130


def _say(text: str) -> None:
    print(f"  {text} …" if sys.stdout.encoding.lower().startswith("utf") else f"  {text} ...", flush=True)


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"


if __name__ == "__main__":
    raise SystemExit(main())
