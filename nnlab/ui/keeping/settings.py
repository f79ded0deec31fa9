"""What the lab remembers from one start to the next; a damaged file means the defaults, never a refusal to start."""

import contextlib
from pathlib import Path
from typing import Any, cast, get_args

from PySide6.QtCore import QByteArray, QSettings

from nnlab.ui.keeping import places
from nnlab.ui.look.theme import Choice

FILE_NAME = "settings.ini"
FORMAT = "1"
RECENT_LIMIT = 10
FILE_LIMIT = 1_000_000  # bytes; a settings file has a few thousand
TEXT_SCALES = (1.0, 1.25, 1.5, 2.0)
PACES = (0.0, 100.0, 30.0, 10.0, 3.0, 1.0)  # epochs a second; 0 is full speed
MEGABYTES, LEAST_MEGABYTES, MOST_MEGABYTES = 64, 1, 64_000


class Settings:
    """The lab's memory: theme, recent files, the window's place and layout."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read from `folder`, the user's configuration folder unless given."""
        self.path = (folder or places.config()) / FILE_NAME
        self._store = self._open()

    # ---------------------------------------------------------------- looks

    @property
    def theme(self) -> Choice:
        """Which theme was chosen: "system", "light" or "dark"."""
        found = self._text("theme")
        return cast(Choice, found) if found in get_args(Choice) else "system"

    @theme.setter
    def theme(self, choice: Choice) -> None:
        self._keep("theme", choice)

    @property
    def reduced_motion(self) -> bool:
        """Whether nothing on the screen should glide."""
        return self._text("reduced_motion") == "true"

    @reduced_motion.setter
    def reduced_motion(self, on: bool) -> None:
        self._keep("reduced_motion", "true" if on else "false")

    @property
    def text_scale(self) -> float:
        """How much larger than usual everything is drawn: one of TEXT_SCALES."""
        try:
            wanted = float(self._text("text_scale") or 1.0)
        except ValueError:
            return 1.0
        return min(TEXT_SCALES, key=lambda scale: abs(scale - wanted)) if wanted == wanted else 1.0

    @text_scale.setter
    def text_scale(self, scale: float) -> None:
        self._keep("text_scale", str(scale))

    # ---------------------------------------------------------------- memory

    @property
    def moments_megabytes(self) -> int:
        """How much memory the moments of a run that one can go back to may take."""
        text = self._text("moments_megabytes")
        wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else MEGABYTES
        return min(max(wanted, LEAST_MEGABYTES), MOST_MEGABYTES)

    @moments_megabytes.setter
    def moments_megabytes(self, megabytes: int) -> None:
        self._keep("moments_megabytes", str(megabytes))

    @property
    def pace(self) -> float | None:
        """How many epochs a second training goes at most, 0 for full speed; None if nobody has chosen yet."""
        return next((pace for pace in PACES if self._text("pace") == f"{pace:g}"), None)

    @pace.setter
    def pace(self, pace: float) -> None:
        self._keep("pace", f"{pace:g}")

    # ---------------------------------------------------------------- files

    @property
    def recent(self) -> list[Path]:
        """The last files opened or saved, newest first; they may be gone by now."""
        found = self._store.value("recent")
        names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        return [Path(name) for name in names if isinstance(name, str) and name][:RECENT_LIMIT]

    def add_recent(self, path: Path) -> None:
        """Put this file on top of the list."""
        others = [p for p in self.recent if p != path]
        self._keep("recent", [str(p) for p in [path, *others][:RECENT_LIMIT]])

    def clear_recent(self) -> None:
        """Forget the list."""
        self._keep("recent", [])

    @property
    def folder(self) -> Path:
        """Where file dialogs start."""
        found = Path(self._text("folder") or Path.home())
        return found if found.is_dir() else Path.home()

    @folder.setter
    def folder(self, folder: Path) -> None:
        self._keep("folder", str(folder))

    # ---------------------------------------------------------------- window

    def bytes_of(self, key: str) -> QByteArray:
        """The place of the window or the layout of its docks as Qt wrote it; empty if never kept."""
        found = self._store.value(key)
        return found if isinstance(found, QByteArray) else QByteArray()

    def keep_bytes(self, key: str, value: QByteArray) -> None:
        """Keep the place of the window or the layout of its docks."""
        self._keep(key, value)

    def save(self) -> bool:
        """Write to disk now; False if that failed, which is no reason to stop."""
        self._store.sync()
        return self._store.status() == QSettings.Status.NoError

    # ---------------------------------------------------------------- inside

    def _open(self) -> QSettings:
        places.usable(self.path.parent)
        if self.path.exists() and not self.path.is_file():  # a pipe would be waited for without end
            with contextlib.suppress(OSError):
                self.path.replace(self.path.with_suffix(".bad"))
        store = QSettings(str(self.path), QSettings.Format.IniFormat)
        if self._is_damaged(store):
            del store
            with contextlib.suppress(OSError):
                self.path.replace(self.path.with_suffix(".bad"))
            store = QSettings(str(self.path), QSettings.Format.IniFormat)
            store.clear()
        return store

    def _is_damaged(self, store: QSettings) -> bool:
        try:
            raw = self.path.read_bytes() if self.path.stat().st_size <= FILE_LIMIT else None
            if raw == b"":
                return False
            return raw is None or not raw.decode() or store.value("format") != FORMAT
        except FileNotFoundError:
            return False
        except (OSError, UnicodeDecodeError):
            return True

    def _text(self, key: str) -> str:
        found = self._store.value(key)
        return found if isinstance(found, str) else ""

    def _keep(self, key: str, value: Any) -> None:
        self._store.setValue("format", FORMAT)
        self._store.setValue(key, value)
