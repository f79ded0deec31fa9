"""Small colour pictures of drawn objects, with what is to be seen where."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnlab.core.dataset import DATASETS, Dataset, DataSpec, Samples
from nnlab.core.disk_cache import Arrays, kept
from nnlab.core.param import param
from nnlab.core.picworld.drawing import SIDE, WHITE, Troubles, draw
from nnlab.core.picworld.objects import BASE, NOVEL, OBJECTS

SET = 20
VERSION = 1  # of the drawing: one more whenever the same settings give other pictures
FEWEST, MOST = 12, 20_000
CLASSES = {"base": BASE, "novel": NOVEL, "all": (*BASE, *NOVEL)}
BACKGROUND = "Background"


@DATASETS.register("picworld")
@dataclass(frozen=True)
class PicWorld(Dataset):
    """Pictures of 32 × 32 pixels: cats, cars, flowers and other objects, each painted of named parts.

    The colours of an object are drawn by lot, so they never give it away. Five troubles make it hard to see what it
    is: where it stands, the light, what is behind it, how it is turned, and how sharp the picture is.
    """

    title = "PicWorld"
    category = "Pictures"

    samples: int = param(2400, "How many pictures to train on.", low=FEWEST, high=MOST, label="Training pictures")
    classes: str = param(
        "base",
        "Which objects. The four others are for a network that already knows the eight.",
        choices={"base": "Eight", "novel": "Four others", "all": "All twelve"},
        label="Objects",
    )
    target: str = param(
        "object",
        "What to find out: what the picture shows, which pixels belong to it, or which part of it each pixel shows.",
        choices={"object": "Which object", "outline": "Its outline", "parts": "Its parts"},
        label="To predict",
    )
    level: float = param(0.5, "How hard all five troubles make it, from 0 (easy) to 1.", low=0.0, high=1.0)
    place: float | None = param(
        None,
        "How far objects are from the middle, and how small. Empty: as the level says.",
        kind="float",
        low=0.0,
        high=1.0,
        optional=True,
        advanced=True,
    )
    light: float | None = param(
        None,
        "How dark or bright it is, and how much from one side. Empty: as the level says.",
        kind="float",
        low=0.0,
        high=1.0,
        optional=True,
        advanced=True,
    )
    background: float | None = param(
        None,
        "How strong the ramps, stripes and blocks behind are. Empty: as the level says.",
        kind="float",
        low=0.0,
        high=1.0,
        optional=True,
        advanced=True,
    )
    angle: float | None = param(
        None,
        "How far objects are turned and lean over. Empty: as the level says.",
        kind="float",
        low=0.0,
        high=1.0,
        optional=True,
        advanced=True,
    )
    focus: float | None = param(
        None,
        "How blurred and grainy pictures are. Empty: as the level says.",
        kind="float",
        low=0.0,
        high=1.0,
        optional=True,
        advanced=True,
    )
    validation: int = param(
        500, "How many further pictures watch the training.", low=FEWEST, high=MOST, label="Validation pictures"
    )
    test: int = param(
        1000, "How many further pictures are for the verdict.", low=FEWEST, high=MOST, label="Test pictures"
    )
    seed: int = param(0, "Which random pictures.", low=0, high=2**32 - 1, advanced=True)

    def spec(self) -> DataSpec:
        """Pictures of three channels; one class for each of them, or one for each pixel."""
        sizes = self._sizes()
        whole = self.target == "object"
        return DataSpec(
            (3, SIDE, SIDE),
            "classes",
            answers=self._answers(),
            rows=sum(sizes),
            name="picture",
            target_name=self.target,
            target_shape=None if whole else (SIDE, SIDE),
            split=sizes,
            metric="iou" if self.target == "outline" else "",
        )

    def make(self) -> Samples:
        """The pictures of the three parts, each drawn by itself, from 0 (dark) to 1."""
        made = [self._part(k) for k in range(len(self._sizes()))]
        pictures = np.concatenate([part["pictures"] for part in made]).astype(np.float32) / np.float32(WHITE)
        return Samples(pictures, np.concatenate([self._targets(part) for part in made]))

    def _sizes(self) -> tuple[int, int, int]:
        return self.samples, self.validation, self.test

    def _answers(self) -> tuple[str, ...]:
        if self.target == "outline":
            return (BACKGROUND, "Object")
        if self.target == "parts":
            return (BACKGROUND, *(name.capitalize() for name in self._kinds()))
        return tuple(name.capitalize() for name in CLASSES[self.classes])

    def _kinds(self) -> tuple[str, ...]:
        """The kinds of parts that these objects have."""
        return tuple(dict.fromkeys(part.name for name in CLASSES[self.classes] for part in OBJECTS[name]))

    def _troubles(self) -> Troubles:
        own = (self.place, self.light, self.background, self.angle, self.focus)
        return Troubles(*(self.level if each is None else each for each in own))

    def _part(self, number: int) -> Arrays:
        """The pictures of training (0), validation (1) or test (2), their labels, and what each pixel shows."""
        rows, troubles = self._sizes()[number], self._troubles()
        names = CLASSES[self.classes]

        def drawn() -> Arrays:
            rng = np.random.default_rng([SET, number, self.seed])
            labels = rng.permutation(np.arange(rows) % len(names)).astype(np.int64)
            made = draw(names, labels, troubles, rng)
            return {"labels": labels, "pictures": made.pictures, "parts": made.parts}

        facts = {
            "version": VERSION,
            "part": number,
            "rows": rows,
            "names": names,
            "seed": self.seed,
            **{name: float(value) for name, value in vars(troubles).items()},
        }
        return kept("picworld", facts, drawn)

    def _targets(self, part: Arrays) -> NDArray[np.int64]:
        if self.target == "object":
            return np.asarray(part["labels"], np.int64)
        if self.target == "outline":
            return (part["parts"] >= 0).astype(np.int64)
        return _kinds_seen(part, CLASSES[self.classes], self._kinds())


def _kinds_seen(part: Arrays, names: tuple[str, ...], kinds: tuple[str, ...]) -> NDArray[np.int64]:
    """(n, 32, 32): the kind of part at each pixel, from 1; 0 is background."""
    most = max(len(OBJECTS[name]) for name in names)
    table = np.zeros((len(names), most + 1), np.int64)
    for row, name in enumerate(names):
        for k, each in enumerate(OBJECTS[name]):
            table[row, k + 1] = 1 + kinds.index(each.name)
    return table[part["labels"][:, None, None], part["parts"].astype(np.int64) + 1]
