"""nnlab picture: the diagram or a panel as a file, without a screen."""

import os
from pathlib import Path

from nnlab.cli.output import say
from nnlab.cli.projects import find
from nnlab.errors import FileError
from nnlab.files.disk import name_of


def draw(name: str, panel: str | None, theme: str, size: tuple[int, int] | None, out: str) -> int:
    """Write the picture; its kind follows from the ending of the file's name."""
    kinds = (".svg", ".png", ".pdf") if panel is None else (".png",)
    if Path(out).suffix.lower() not in kinds:
        raise FileError(f"{name_of(out)}: the name of this picture must end in {' or '.join(kinds)}")
    project = find(name)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if panel is None:
        from nnlab.ui.canvas import diagram

        diagram.render(project.document, out, theme, size)
    else:
        from nnlab.ui import panel_picture

        panel_picture.render(
            project.document,
            panel,
            out,
            weights=project.weights,
            curves=project.curves,
            theme_name=theme,
            size=size,
        )
    say(f"Wrote {name_of(out)}.")
    return 0
