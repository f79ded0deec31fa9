"""What blocks that come from modules are called, and the nodes inside them: as their author does, as far as that says something."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain, count

from nnlab.core.blocks.block import Block
from nnlab.core.blocks.ports import BlockInput, BlockOutput
from nnlab.core.graph import ID_PATTERN, Graph, Node
from nnlab.core.layer import UnknownLayer
from nnlab.core.writing import class_name, slug
from nnlab.engine.imports.scopes import Scope

GENERAL = ("layers", "layer", "blocks", "block", "stack", "modules", "net", "model", "main", "body", "h", "seq")
"""Names of containers that say nothing of what is in them."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+")
PLAIN_WORD = re.compile(r"[A-Z][a-z]{2,}|[A-Z]{2,5}")
TITLE_LIMIT = 60


def called(scope: Scope) -> str:
    """What a block of this module is called: its class, as words; of a container, the name that the model has for it."""
    if scope.kind and not scope.is_container:
        return in_words(scope.kind)[:TITLE_LIMIT]
    *before, last = scope.path.split(".")
    if last.isdigit() and before:
        return (f"{before[-1]} {last}" if scope.kind else f"{before[-1]} block")[:TITLE_LIMIT]
    return last[:TITLE_LIMIT]


def in_words(name: str) -> str:
    """A class's name as a title, where it can be read back: "ResidualBlock" is "Residual block", and "UNet" stays."""
    words = WORD.findall(name)
    if "".join(words) != name or not all(PLAIN_WORD.fullmatch(w) for w in words) or words[-1] == "Net":
        return name
    title = " ".join([words[0], *(w if w.isupper() else w.lower() for w in words[1:])])
    return title if class_name(title) == name else name


def named_apart(
    graph: Graph, names: Mapping[str, str], blocks: Collection[str], only: Collection[str] | None = None
) -> tuple[Graph, dict[str, str]]:
    """The graph with ids and names made of these, and the new id of each node; `only` these get others."""
    ids: dict[str, str] = {}
    nodes: dict[str, Node] = {}
    taken = {n for n in graph.nodes if only is not None and n not in only}
    for node_id, node in graph.nodes.items():
        if node_id in taken or isinstance(node.layer, (BlockInput, BlockOutput)):
            ids[node_id], name = node_id, node.name
        else:
            ids[node_id], name = _called(node, names.get(node_id, ""), {*nodes, *taken})
        nodes[ids[node_id]] = replace(node, id=ids[node_id], name=name)
    found = {n: _relearned(node, ids) for n, node in nodes.items()}
    links = frozenset(replace(k, source=ids[k.source], target=ids[k.target]) for k in graph.links)
    return Graph(found, links), ids


def _relearned(node: Node, ids: Mapping[str, str]) -> Node:
    shares = node.learning.shares
    return replace(node, learning=node.learning.with_(shares=ids.get(shares, shares))) if shares else node


def _called(node: Node, name: str, taken: Collection[str]) -> tuple[str, str]:
    """An id, and a name where it says more than the title."""
    if isinstance(node.layer, Block):
        return _block_called(node.layer, name, taken)
    stem = "unknown" if isinstance(node.layer, UnknownLayer) else re.sub(r"_\d+$", "", Graph().new_id(node.layer))
    if not name or name.rpartition(".")[2].isdigit():
        return _free(stem, taken), ""
    wanted = slug(name)[:50].strip("_")
    if not ID_PATTERN.fullmatch(wanted):
        return _free(stem, taken), name[:64]
    rest = wanted.removeprefix(stem)
    says_more = not (wanted.startswith(stem) and (not rest or rest.strip("_").isdigit()))
    return _free(wanted, taken), name[:64] if says_more else ""


def _block_called(block: Block, name: str, taken: Collection[str]) -> tuple[str, str]:
    """As the model has it, unless that is only a number; the name is left out where it says less than the class."""
    title = slug(block.called) or "block"
    wanted, own = slug(name)[:50].strip("_"), name.rpartition(".")[2]
    if not ID_PATTERN.fullmatch(wanted) or own.isdigit():
        return _free(title, taken), ""
    says_less = re.sub(r"_\d+$", "", own) in GENERAL or re.sub(r"_\d+$", "", wanted) == title
    return _free(wanted, taken), "" if says_less else name[:64]


def _free(stem: str, taken: Collection[str]) -> str:
    stem = stem if ID_PATTERN.fullmatch(stem) else "block"
    return next(n for n in chain([stem], (f"{stem}_{k}" for k in count(2))) if n not in taken)
