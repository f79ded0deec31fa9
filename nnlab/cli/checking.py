"""nnlab check: what each layer makes of its input, and what is wrong."""

from typing import Any

from nnlab.cli.output import one_line, say, say_json, table
from nnlab.cli.projects import find
from nnlab.core.layer import shape_text
from nnlab.core.words import count, plural
from nnlab.project import Project


def check(name: str, as_json: bool) -> int:
    """Print shapes, parameters and FLOPs of every layer and the mistakes with their fixes; 1 if there are any."""
    project = find(name)
    facts = gather(project)
    if as_json:
        say_json(facts)
    else:
        _print(facts)
    return 1 if any(p["severity"] == "error" for p in facts["problems"]) else 0


def gather(project: Project) -> dict[str, Any]:
    """Everything the command says, as plain values."""
    nodes = [_node(project, node_id) for node_id in project.graph.nodes]
    known = all(node["shape"] is not None for node in nodes)
    problems = [
        {
            "severity": p.severity,
            "kind": p.kind,
            "node": p.node,
            "message": p.message,
            "fixes": [f.label for f in p.fixes],
        }
        for p in project.check()
    ]
    return {
        "title": project.document.title,
        "nodes": nodes,
        "parameters": project.graph.parameter_count() if known else None,
        "flops": sum(node["flops"] for node in nodes) if known else None,
        "problems": problems,
    }


def _node(project: Project, node_id: str) -> dict[str, Any]:
    view, at = project.graph.node(node_id), project.document.shapes[node_id]
    layer = project.document.graph.node(node_id).layer
    return {
        "id": node_id,
        "type": view.type,
        "name": view.name,
        "shape": list(at.outputs[0]) if at.known else None,
        "parameters": project.graph.parameter_count(node_id),
        "flops": layer.flops(*at.inputs) if at.known else None,
    }


def _print(facts: dict[str, Any]) -> None:
    rows = [_row(node) for node in facts["nodes"]]
    if facts["parameters"] is not None and rows:
        rows.append(("total", "", "", count(facts["parameters"]), count(facts["flops"])))
    for line in table(rows, ("LAYER", "TYPE", "OUTPUT", "PARAMETERS", "FLOPS"), right=[3, 4]):
        say(line)
    say()
    if not facts["problems"]:
        say("No mistakes found.")
    for problem in facts["problems"]:
        say(f"{problem['severity']}: {one_line(problem['message'])}")
        for label in problem["fixes"]:
            say(f"    fix: {one_line(label)}")
    wrong = sum(p["severity"] == "error" for p in facts["problems"])
    if wrong:
        say(f"{plural(wrong, 'mistake')} to put right before it can be trained.")


def _row(node: dict[str, Any]) -> tuple[str, ...]:
    label = f"{node['id']} ({one_line(node['name'][:40])})" if node["name"] else node["id"]
    if node["shape"] is None:
        return label, node["type"][:40], "?", "?", "?"
    return label, node["type"], shape_text(tuple(node["shape"])), count(node["parameters"]), count(node["flops"])
