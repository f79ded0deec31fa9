"""Commands of the View and Window menus."""

from typing import TYPE_CHECKING

from nnlab.ui.actions import action, in_lab
from nnlab.ui.shell import layouts
from nnlab.ui.shell.command_palette import CommandPalette

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow


@action("view.fit", "Fit all", menu="View", key="Home", icon="fit", enabled=in_lab, canvas=True)
def fit(window: "MainWindow") -> None:
    """Show the whole network."""
    window.editor.fit_all()


@action("view.fit_selection", "Fit the selection", menu="View", key="F", enabled=in_lab, canvas=True)
def fit_selection(window: "MainWindow") -> None:
    """Show the selected layers large."""
    window.editor.fit_selection()


@action("view.zoom_in", "Zoom in", menu="View", key=("Ctrl++", "Ctrl+="), icon="zoom-in", enabled=in_lab, group=True)
def zoom_in(window: "MainWindow") -> None:
    """See the network larger."""
    window.editor.zoom_in()


@action("view.zoom_out", "Zoom out", menu="View", key="Ctrl+-", icon="zoom-out", enabled=in_lab)
def zoom_out(window: "MainWindow") -> None:
    """See more of the network."""
    window.editor.zoom_out()


@action("view.zoom_reset", "Zoom to 100 %", menu="View", key="Ctrl+0", enabled=in_lab)
def zoom_reset(window: "MainWindow") -> None:
    """See the network at its normal size."""
    window.editor.zoom_reset()


@action(
    "view.theme_system",
    "Follow the system",
    menu="View/Theme",
    checked=lambda w: w.settings.theme == "system",
    group=True,
)
def theme_system(window: "MainWindow") -> None:
    """Light or dark as the rest of the desktop, also when that changes."""
    window.appearance.set_theme("system")


@action("view.theme_light", "Light", menu="View/Theme", icon="sun", checked=lambda w: w.settings.theme == "light")
def theme_light(window: "MainWindow") -> None:
    """Dark text on light ground."""
    window.appearance.set_theme("light")


@action("view.theme_dark", "Dark", menu="View/Theme", icon="moon", checked=lambda w: w.settings.theme == "dark")
def theme_dark(window: "MainWindow") -> None:
    """Light text on dark ground."""
    window.appearance.set_theme("dark")


def _size(scale: float, text: str, why: str) -> None:
    def choose(window: "MainWindow") -> None:
        window.set_text_scale(scale)

    choose.__doc__ = why
    percent = round(100 * scale)
    action(f"view.size_{percent}", text, menu="View/Size", checked=lambda window: window.settings.text_scale == scale)(
        choose
    )


_size(1.0, "Normal", "Text and controls in their normal size, from the next start on.")
_size(1.25, "Larger", "Text and controls larger by a quarter, from the next start on.")
_size(1.5, "For a projector", "Text and controls larger by half, from the next start on.")
_size(2.0, "Twice as large", "Text and controls twice as large, from the next start on.")


@action("view.reduced_motion", "Reduce motion", menu="View", checked=lambda w: w.settings.reduced_motion)
def reduced_motion(window: "MainWindow") -> None:
    """Nothing on the screen glides: changes show at once."""
    window.set_reduced_motion(not window.settings.reduced_motion)


@action(
    "view.full_screen", "Full screen", menu="View", key="F11", icon="full-screen", group=True,
    checked=lambda w: w.isFullScreen(),
)  # fmt: skip
def full_screen(window: "MainWindow") -> None:
    """Use the whole screen."""
    window.toggle_full_screen()


@action("window.command_palette", "Command palette…", menu="Window", key="Ctrl+Shift+P", icon="command")
def command_palette(window: "MainWindow") -> None:
    """Find any command by its name."""
    CommandPalette(window.commands.described(), window).open_over(window)


@action("window.next_panel", "Next panel", menu="Window", key="F6", enabled=in_lab, group=True)
def next_panel(window: "MainWindow") -> None:
    """Go to the next part of the window."""
    window.workspace.focus_next()


@action("view.palette", "Layers", menu="Window", checked=lambda w: w.workspace.is_open("palette"), enabled=in_lab)
def palette(window: "MainWindow") -> None:
    """Show or hide the list of layers."""
    window.workspace.toggle("palette")


@action(
    "view.inspector", "Inspector", menu="Window", checked=lambda w: w.workspace.is_open("inspector"), enabled=in_lab
)
def inspector(window: "MainWindow") -> None:
    """Show or hide the settings of what is selected."""
    window.workspace.toggle("inspector")


@action("view.layout_build", "Build", menu="View/Layout", key="Ctrl+1", enabled=in_lab, group=True)
def layout_build(window: "MainWindow") -> None:
    """Layers at the left, the network in the middle, panels and settings at the right."""
    layouts.build(window.workspace)


@action("view.layout_watch", "Watch", menu="View/Layout", key="Ctrl+2", enabled=in_lab)
def layout_watch(window: "MainWindow") -> None:
    """Every panel at once beside the network."""
    layouts.watch(window.workspace)


@action("view.layout_explain", "Explain", menu="View/Layout", key="Ctrl+3", enabled=in_lab)
def layout_explain(window: "MainWindow") -> None:
    """The neurons and their formulas large beside the network."""
    layouts.explain(window.workspace)


@action("view.layout_present", "Present", menu="View/Layout", key="Ctrl+4", enabled=in_lab)
def layout_present(window: "MainWindow") -> None:
    """The panel in front fills the window."""
    layouts.present(window.workspace)


@action("view.reset_layout", "Reset the layout", menu="Window", icon="layout", enabled=in_lab, group=True)
def reset_layout(window: "MainWindow") -> None:
    """Put every part of the window back to its first place."""
    window.workspace.reset()
