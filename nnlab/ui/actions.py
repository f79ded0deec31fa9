"""Every command as one decorated function: menus, shortcuts, toolbars, command palette and shortcut sheet are made of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QWidget

from nnlab.registry import Registry
from nnlab.ui.dialogs import shown_key
from nnlab.ui.look.labels import tooltip

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow

MENUS = ("File", "Edit", "View", "Model", "Train", "Data", "Learn", "Window", "Help")

Command = Callable[["MainWindow"], object]
Rule = Callable[["MainWindow"], bool]
F = TypeVar("F", bound=Command)

_places = count()


def always(window: "MainWindow") -> bool:
    """The rule of commands that may be given at any time."""
    return True


def in_lab(window: "MainWindow") -> bool:
    """A project is on the screen, not the welcome page."""
    return window.in_lab


@dataclass(frozen=True)
class Action:
    """One command: what it is called, where it is found, when it may be given."""

    id: str
    text: str
    run: Command
    menu: str = ""
    """"File", or "View/Theme" for a menu inside a menu; empty: in the command palette alone."""
    keys: tuple[str, ...] = ()
    icon: str = ""
    enabled: Rule = always
    checked: Rule | None = None
    """For commands that are a state: whether it is on."""
    label: Callable[["MainWindow"], str] | None = None
    """For commands whose text changes: "Undo Move"."""
    canvas: bool = False
    """Its keys are heard only while the network has the focus: single letters must not get in the way of typing."""
    group: bool = False
    """A line is drawn above it in the menu."""
    why: str = ""
    """One sentence for the tooltip and the command palette."""
    place: int = field(default_factory=lambda: next(_places))


ACTIONS: Registry[Action] = Registry("nnlab.ui.commands", "command")


def action(
    id_: str,
    text: str,
    *,
    menu: str = "",
    key: str | tuple[str, ...] = (),
    icon: str = "",
    enabled: Rule = always,
    checked: Rule | None = None,
    label: Callable[["MainWindow"], str] | None = None,
    canvas: bool = False,
    group: bool = False,
) -> Callable[[F], F]:
    """Make a function of the window a command; its docstring is the sentence users read."""

    def keep(run: F) -> F:
        keys = (key,) if isinstance(key, str) else key
        why = (run.__doc__ or "").strip().split("\n")[0]
        ACTIONS.register(id_)(Action(id_, text, run, menu, keys, icon, enabled, checked, label, canvas, group, why))
        return run

    return keep


def in_order() -> list[Action]:
    """Every command, menu by menu, in the order they were written."""
    return sorted(ACTIONS.values(), key=lambda a: (menu_place(a.menu), a.place))


def menu_place(menu: str) -> int:
    """Where in the menu bar this menu stands; last if nowhere."""
    top = menu.split("/")[0]
    return MENUS.index(top) if top in MENUS else len(MENUS)


def empty_menus(window: QMainWindow, wanted: Callable[[], object]) -> None:
    """The menu bar before there are commands; `wanted` makes them when a menu opens."""
    for name in MENUS:
        menu = _new_menu(name, name, window)
        menu.aboutToShow.connect(wanted)
        window.menuBar().addMenu(menu)


class WindowActions(Mapping[str, QAction]):
    """The commands of one window as QActions by id, kept enabled, ticked and worded as their rules say.

    They bear no icons: menus show none, and whoever shows some draws them then.
    """

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self._made: dict[str, tuple[Action, QAction]] = {}
        self._menus: dict[str, QMenu] = {}

    def __getitem__(self, id_: str) -> QAction:
        return self._made[id_][1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def described(self) -> list[tuple[Action, QAction]]:
        """Every command with its QAction, in the order of the menus."""
        return sorted(self._made.values(), key=lambda pair: (menu_place(pair[0].menu), pair[0].place))

    def add(self, described: Action) -> QAction:
        """Make the QAction of a command."""
        made = QAction(described.text, self._window)
        made.setObjectName(described.id)
        made.setShortcuts([QKeySequence(key) for key in described.keys])
        made.setCheckable(described.checked is not None)
        if described.canvas:
            made.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made.setMenuRole(_ROLES.get(described.id, QAction.MenuRole.NoRole))
        made.triggered.connect(lambda: self._run(described))
        keys = f"  ({shown_key(made.shortcut())})" if described.keys else ""
        made.setToolTip(tooltip(f"{described.text.rstrip('…')}{keys}\n{described.why}"))
        self._made[described.id] = (described, made)
        return made

    def listen(self, canvas: QWidget) -> None:
        """Hear the keys of the commands: everywhere in the window, or in the network's editor only."""
        for described, made in self._made.values():
            (canvas if described.canvas else self._window).addAction(made)

    def fill(self, bar: QMenuBar) -> None:
        """Put the commands into the menu bar; call again after `add`, it adds what is missing."""
        for described, made in self.described():
            if not described.menu or made.property("in_menu"):
                continue
            made.setProperty("in_menu", True)
            menu = self._menu(bar, described.menu, described.group)
            if described.group and not menu.isEmpty():
                menu.addSeparator()
            menu.addAction(made)

    def refresh(self) -> None:
        """Ask every rule again; called after anything that may change an answer."""
        for described, made in self._made.values():
            made.setEnabled(described.enabled(self._window))
            if described.checked is not None:
                made.setChecked(described.checked(self._window))
            if described.label is not None:
                made.setText(described.label(self._window))

    def menus(self) -> list[str]:
        """The menus that have been made: "File", "File/Export", ..."""
        return list(self._menus)

    def menu(self, path: str) -> QMenu | None:
        """The menu of that name, "File" or "File/Open recent", if it has been made."""
        return self._menus.get(path)

    def _run(self, described: Action) -> None:
        described.run(self._window)
        self.refresh()

    def _menu(self, bar: QMenuBar, path: str, group: bool = False) -> QMenu:
        if path not in self._menus:
            above, _, name = path.rpartition("/")
            empty = self._window.findChild(QMenu, f"menu.{path}")
            menu = empty or _new_menu(name, path, self._window)
            self._menus[path] = menu
            if above:
                parent = self._menu(bar, above)
                if group:
                    parent.addSeparator()
                parent.addMenu(menu)
            elif empty is None:
                bar.addMenu(menu)
        return self._menus[path]


def _new_menu(name: str, path: str, window: QWidget) -> QMenu:
    menu = QMenu(name, window)
    menu.setObjectName(f"menu.{path}")
    menu.setToolTipsVisible(True)
    return menu


_ROLES = {
    "help.about": QAction.MenuRole.AboutRole,
    "file.quit": QAction.MenuRole.QuitRole,
}
