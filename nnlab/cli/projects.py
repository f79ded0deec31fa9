"""nnlab new, import and export; and how every command finds its project."""

import os

from nnlab.cli.output import note, say
from nnlab.core.example import EXAMPLES
from nnlab.core.template import TEMPLATES
from nnlab.errors import FileError
from nnlab.files.disk import name_of
from nnlab.project import Project


def find(name: str) -> Project:
    """The project in this file; or the example or template of this name, if there is no such file."""
    if not os.path.lexists(name) and name.removeprefix("example:") in EXAMPLES:
        note(f"there is no file called {name!r}, so this is the example of that name")
        return Project.example(name.removeprefix("example:"))
    if not os.path.lexists(name) and name.removeprefix("template:") in TEMPLATES:
        note(f"there is no file called {name!r}, so this is the template of that name")
        return Project.template(name.removeprefix("template:"))
    project = Project.open(name)
    for notice in project.notices:
        note(notice)
    return project


def new(example: str, out: str, force: bool) -> int:
    """Write the project of an example or a template."""
    project = Project.template(example) if example in TEMPLATES else Project.example(example)
    if os.path.lexists(out) and not force:
        raise FileError(f"{name_of(out)} is there already: choose another name, or add --force to replace it")
    project.save(out)
    say(f"Wrote {name_of(out)}.")
    return 0


def bring(name: str, out: str, force: bool) -> int:
    """Write the project that a model of another program becomes."""
    from nnlab.project.importing import ENDINGS, is_model

    if not is_model(name):
        raise FileError(f"{name_of(name)} is no model that NNLab reads: its name must end in {' or '.join(ENDINGS)}")
    if os.path.lexists(out) and not force:
        raise FileError(f"{name_of(out)} is there already: choose another name, or add --force to replace it")
    project = Project.open(name)
    for notice in project.notices:
        note(notice)
    project.save(out)
    say(f"Wrote {name_of(out)}.")
    return 0


def export(name: str, to: str | None, out: str) -> int:
    """Write the model in one of the forms that other programs read."""
    for notice in find(name).export(out, to):
        note(notice)
    say(f"Wrote {name_of(out)}.")
    return 0
