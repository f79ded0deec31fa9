"""Commands that are not written down but follow from what is there: for each example, template, data set and panel."""

from typing import TYPE_CHECKING

from nnlab.core.dataset import DATASETS
from nnlab.core.example import EXAMPLES
from nnlab.core.template import TEMPLATES
from nnlab.ui.actions import ACTIONS, Action

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow


def of_examples() -> list[Action]:
    """Open an example."""

    def opening(id_: str) -> Action:
        example = EXAMPLES[id_]
        return Action(
            f"learn.{id_}", example.title, lambda w: w.files.example(id_), "Learn", why=example.blurb
        )  # fmt: skip

    return [opening(id_) for id_ in sorted(EXAMPLES, key=lambda i: EXAMPLES[i].order)]


def of_templates() -> list[Action]:
    """Start from a template."""
    place = ACTIONS["file.new"].place  # right behind that one

    def starting(id_: str) -> Action:
        template = TEMPLATES[id_]
        return Action(
            f"template.{id_}", template.title, lambda w: w.files.template(id_), "File/New from template",
            why=template.blurb, place=place,
        )  # fmt: skip

    return [starting(id_) for id_ in sorted(TEMPLATES, key=lambda i: TEMPLATES[i].order)]


def of_data() -> list[Action]:
    """Choose a data set."""

    def choosing(id_: str, first: bool) -> Action:
        kind = DATASETS[id_]

        def choose(window: "MainWindow") -> None:
            bench = window.bench
            if type(bench.document.data.dataset) is not kind:
                bench.apply(f"Choose {kind.title}", bench.document.with_data(dataset=kind()))

        return Action(
            f"data.{id_}",
            kind.title,
            choose,
            "Data",
            enabled=lambda w: w.in_lab,
            checked=lambda w: type(w.bench.document.data.dataset) is kind,
            group=first,
            why="Learn from this data; the network stays as it is drawn.",
        )

    ids = sorted(DATASETS, key=lambda i: DATASETS[i].title)
    return [choosing(id_, number == 0) for number, id_ in enumerate(ids)]


def of_panel(id_: str, title: str, icon: str, group: bool) -> Action:
    """Show or hide a panel."""
    return Action(
        f"panel.{id_}.toggle",
        title,
        lambda w: w.workspace.toggle(id_),
        "Window",
        icon=icon,
        enabled=lambda w: w.in_lab,
        checked=lambda w: w.workspace.is_open(id_),
        group=group,
        why=f"Show or hide {title}.",
    )
