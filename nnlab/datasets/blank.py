"""Random numbers of any form: they stand for data that nobody has chosen yet."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Field, Samples, Target
from nnlab.core.layer import Shape
from nnlab.core.param import param
from nnlab.errors import DataError

SIZE_LIMIT = 65_536  # of one axis
KIND_LIMIT = 1_000_000  # different whole numbers
NUMBERS_LIMIT = 2**28  # in all samples together
NAMED_LIMIT = 65_536  # whole numbers that are given names
PARTS_LIMIT = 64

PART = re.compile(
    r"\s*(?:(?P<name>[^:;]{1,64}):)?\s*(?P<sizes>[0-9]{1,7}(?:\s*[x×]\s*[0-9]{1,7})*)\s*"
    r"(?:(?P<of>of|links\s+of)\s+(?P<many>[0-9]{1,7})|(?P<mask>yes/no))?\s*"
)


@dataclass(frozen=True)
class _Part:
    name: str
    shape: Shape
    many: int = 0
    """How many different whole numbers there are; 0 for decimals."""
    is_mask: bool = False
    links: bool = False
    """The whole numbers are the two ends of each edge of a graph."""


@DATASETS.register("blank")
@dataclass(frozen=True)
class Blank(Dataset):
    """Random numbers that mean nothing, in the form that a network from elsewhere takes.

    They keep its sizes known until you choose data of your own; there is nothing to learn from them.
    """

    title = "Random numbers (no data chosen)"
    category = "Made-up tables"

    inputs: str = param(
        "x: 8", "Name and sizes of each input, as x: 3 x 32 x 32; words: 12 of 5000 for 12 whole numbers below 5000."
    )
    targets: str = param(
        "y: 1 of 3", "Name and sizes of each answer, as y: 1 of 10 for one of ten classes, or y: 4 for four values."
    )
    samples: int = param(64, "How many samples.", low=10, high=100_000)
    seed: int = param(0, "Which random numbers.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """What the two texts say."""
        return _spec(self.inputs, self.targets, self.samples)

    def make(self) -> Samples:
        """Decimals spread around 0, whole numbers and classes all equally likely."""
        inputs, targets = _parts(self.inputs, "inputs"), _parts(self.targets, "answers")
        if self.samples * sum(prod(p.shape) for p in (*inputs, *targets)) > NUMBERS_LIMIT:
            raise DataError("So many random numbers do not fit into memory: use fewer samples or smaller sizes.")
        rng = np.random.default_rng(self.seed)
        given = [_drawn(rng, part, self.samples) for part in inputs]
        asked = [_answers(rng, part, self.samples) for part in targets]
        first: Any = given[0]
        answer: Any = asked[0]
        return Samples(first, answer, tuple(given[1:]), tuple(asked[1:]))


def described(name: str, shape: Shape, many: int = 0, is_mask: bool = False, links: bool = False) -> str:
    """An input or answer as the settings write it: "words: 12 of 5000"."""
    sizes = " x ".join(map(str, shape)) or "1"
    plain = re.sub(r"[:;]", " ", name)[:64].strip()
    ending = f" {'links ' if links else ''}of {many}" if many else " yes/no" if is_mask else ""
    return f"{plain}: {sizes}{ending}" if plain else f"{sizes}{ending}"


@lru_cache(maxsize=32)
def _spec(inputs: str, targets: str, rows: int) -> DataSpec:
    fields = [_field(part) for part in _parts(inputs, "inputs")]
    asked = [_target(part) for part in _parts(targets, "answers")]
    first, main = fields[0], asked[0]
    return DataSpec(
        first.shape, main.task, first.names, main.answers, rows, (0, min(1, len(first.names) - 1)) if first.names else (0, 1),
        first.name, first.kind, first.vocabulary, tuple(fields[1:]), main.name, main.shape, tuple(asked[1:]),
    )  # fmt: skip


def _parts(text: str, what: str) -> list[_Part]:
    pieces = [piece for piece in text.split(";") if piece.strip()]
    if not 0 < len(pieces) <= PARTS_LIMIT:
        raise DataError(f"The random numbers need {what}, as x: 8 or x: 3 x 32 x 32; write them under Data.")
    found = [_part(piece, what, k) for k, piece in enumerate(pieces)]
    if any(a.name == b.name for a, b in pairwise(sorted(found, key=lambda p: p.name))):
        raise DataError(f"Two of the {what} of the random numbers have the same name: give each its own.")
    return found


def _part(piece: str, what: str, at: int) -> _Part:
    match = PART.fullmatch(piece)
    if match is None:
        raise DataError(
            f"Among the {what} of the random numbers, {piece.strip()[:40]!r} cannot be read: write x: 3 x 32 x 32."
        )
    sizes = tuple(int(n) for n in re.split(r"[x×\s]+", match["sizes"].strip()))
    many = int(match["many"] or 0)
    if (match["of"] or "").startswith("links") and (what != "inputs" or len(sizes) != 2 or sizes[0] != 2):
        raise DataError("The links of the random numbers are pairs of nodes: write edges: 2 x 40 links of 12.")
    if not all(1 <= n <= SIZE_LIMIT for n in sizes) or many > KIND_LIMIT or (match["of"] and many < 2):
        raise DataError(
            f"Among the {what} of the random numbers, {piece.strip()[:40]!r} has a size out of bounds: sizes go from 1 to 65 536."
        )
    if prod(sizes) > NUMBERS_LIMIT:
        raise DataError(
            f"Among the {what} of the random numbers, {piece.strip()[:40]!r} is too large: use smaller sizes."
        )
    letter = ("x" if what == "inputs" else "y") + (f"{at + 1}" if at else "")
    return _Part(
        (match["name"] or letter).strip() or letter,
        sizes,
        many,
        bool(match["mask"]),
        (match["of"] or "").startswith("links"),
    )


def _field(part: _Part) -> Field:
    if part.links:
        return Field(part.name, part.shape, "e")
    if part.many:
        words = tuple(str(n) for n in range(part.many)) if part.many <= NAMED_LIMIT else ()
        return Field(part.name, part.shape, "i", (), words)
    if part.is_mask:
        return Field(part.name, part.shape, "m")
    names = tuple(f"{part.name} {n + 1}" for n in range(part.shape[0])) if len(part.shape) == 1 else ()
    return Field(part.name, part.shape, "x", names)


def _target(part: _Part) -> Target:
    if part.many:
        shape = () if part.shape == (1,) else part.shape
        return Target(part.name, "classes", tuple(f"class {n + 1}" for n in range(part.many)), shape)
    if len(part.shape) == 1:
        return Target(part.name, "values", tuple(f"{part.name} {n + 1}" for n in range(part.shape[0])), part.shape)
    return Target(part.name, "values", ("value",), part.shape)


def _drawn(rng: np.random.Generator, part: _Part, rows: int) -> NDArray[np.generic]:
    if part.many:
        return rng.integers(0, part.many, (rows, *part.shape))
    if part.is_mask:
        mask = rng.random((rows, *part.shape)) < 0.2
        mask[:, 0] = False  # a sample of which nothing counts has no meaning
        return mask
    return rng.standard_normal((rows, *part.shape), np.float32)


def _answers(rng: np.random.Generator, part: _Part, rows: int) -> NDArray[np.generic]:
    if not part.many:
        return rng.standard_normal((rows, *part.shape), np.float32)
    if part.shape == (1,):
        return rng.permutation(np.arange(rows) % part.many)
    return rng.integers(0, part.many, (rows, *part.shape))
