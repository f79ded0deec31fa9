"""docs/mistakes.md says of every mistake what the program says; NNLAB_WRITE_PAGES=1 writes it anew."""

import os
from pathlib import Path

from more_wrong_documents import MORE
from wrong_documents import MISTAKES

from nnlab.core.check import check
from nnlab.core.mistake import MISTAKES as CATALOGUE
from nnlab.core.problem import Problem

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"
HEADINGS = {
    "error": "Errors: the network cannot be trained",
    "warning": "Warnings: it trains, but hardly as it was meant",
    "info": "Worth knowing",
}
HEAD = """# The catalogue of mistakes

Each mistake that NNLab knows, why it is one, what is said of a network that has it, and the buttons that cure it (each is one
step that can be undone). The sentences stand in the inspector and behind the badges on the canvas, `nnlab check FILE` prints
them, and `project.check()` returns them with their `kind`, the id in brackets here.

This page is written by the tests: `NNLAB_WRITE_PAGES=1 pytest tests/core/test_mistakes_page.py`.
"""


def examples() -> dict[str, Problem]:
    """The first mistake of each kind that the tests make."""
    found: dict[str, Problem] = {}
    for wrong, _, node, said, _ in (*MISTAKES.values(), *MORE.values()):
        for problem in check(wrong):
            if said in problem.message and problem.node == node:
                found.setdefault(problem.kind, problem)
    return found


def page() -> str:
    made, lines = examples(), [HEAD]
    for severity, heading in HEADINGS.items():
        lines.append(f"## {heading}\n")
        for id_, mistake in sorted(CATALOGUE.items(), key=lambda item: item[1].title):
            if mistake.severity == severity:
                lines += [f"### {mistake.title} (`{id_}`)\n", f"{mistake.rule}\n", f"> {made[id_].message}\n"]
                lines += [*(f"- {fix.label}" for fix in made[id_].fixes), ""] if made[id_].fixes else []
    return "\n".join(lines).rstrip() + "\n"


def test_the_page_says_what_the_program_says() -> None:
    text = page()
    if os.environ.get("NNLAB_WRITE_PAGES"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text
    assert text.count("\n### ") == len(CATALOGUE)
