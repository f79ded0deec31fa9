"""Rolling the dice to the end, in whatever thread asks: side by side where that goes, else one seed after another."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from nnlab.core.document import SEED_LIMIT, Document
from nnlab.core.objective import resolve
from nnlab.core.parts import divide
from nnlab.core.words import count, plural
from nnlab.engine.device import arithmetic, memory_sentence, out_of_memory, threads_for
from nnlab.engine.many.one_by_one import OneByOne
from nnlab.engine.many.rolled import Planes, Rolled, RollStatus
from nnlab.engine.many.room import MOST_SEEDS, fits_side_by_side
from nnlab.engine.many.side_by_side import SideBySide
from nnlab.engine.many.stack import Unstackable
from nnlab.errors import BuildError, DataError

TELL_SECONDS = 1 / 20
PLANES_SHARE = 0.08  # of the time, at most, goes into pictures
PLANES_SECONDS = 0.4

EARLY_STOPPING = "Early stopping is off while many seeds are rolled: all of them train equally long."


@dataclass(frozen=True)
class Asked:
    """What a roll is asked to do, and whom it tells."""

    document: Document
    seeds: tuple[int, ...]
    epochs: int | None = None
    roll: int = 0
    tell: Callable[[RollStatus], object] = field(default=lambda status: None)
    go_on: Callable[[], bool] = field(default=lambda: True)
    """Asked between two steps; False ends the roll there."""
    wants_planes: Callable[[], bool] = field(default=lambda: False)


def check_seeds(seeds: tuple[int, ...]) -> None:
    """DataError with a sentence if these cannot be rolled."""
    if not seeds:
        raise DataError("There is no seed to roll: give a number from 1 up, or a list of seeds.")
    if len(seeds) > MOST_SEEDS:
        raise DataError(f"{count(len(seeds))} seeds are too many to roll at once: the most is {count(MOST_SEEDS)}.")
    wrong = next((seed for seed in seeds if not 0 <= seed <= SEED_LIMIT), None)
    if wrong is not None:
        raise DataError(f"A seed is a whole number from 0 to {SEED_LIMIT}, and {wrong} is none.")


def roll(asked: Asked) -> Rolled:
    """Train every seed to the end; BuildError or DataError with a sentence if the project cannot be trained."""
    check_seeds(asked.seeds)
    document, notices = _prepared(asked)
    with _in_words():
        resolve(document)
        rows = divide(document.data).rows[0]
        batch = min(document.training.batch_size, rows)
        fits = fits_side_by_side(document, len(asked.seeds), document.training.epochs, batch, rows)
        asked = replace(asked, document=document)
        if not fits:
            return _one_by_one(asked, notices, "they do not fit into memory together")
        with arithmetic(threads_for(document, batch * len(asked.seeds))):
            try:
                together = SideBySide(document, asked.seeds)
            except Unstackable as reason:
                return _one_by_one(asked, notices, str(reason))
            return _Telling(asked, together, notices).to_the_end()


def _prepared(asked: Asked) -> tuple[Document, tuple[str, ...]]:
    """The document as it is rolled, and what must be said of that."""
    document = asked.document
    notices = (EARLY_STOPPING,) if document.training.early_stopping else ()
    document = document.with_training(early_stopping=False, seed=asked.seeds[0])
    if asked.epochs is not None:
        document = document.with_training(epochs=asked.epochs)
    return document, notices


def _one_by_one(asked: Asked, notices: tuple[str, ...], reason: str) -> Rolled:
    said = f"The seeds are trained one after another, which takes longer: {reason}."
    return _Telling(asked, OneByOne(asked.document, asked.seeds), (*notices, said)).to_the_end()


class _Telling:
    """Drives one roll and says where it stands, now and then."""

    def __init__(self, asked: Asked, rolling: SideBySide | OneByOne, notices: tuple[str, ...]) -> None:
        self._asked, self._rolling = asked, rolling
        self._notices = (*notices, rolling.place.notice) if rolling.place.notice else notices
        self._next_tell = self._next_planes = 0.0
        self._planes: Planes | None = None

    def to_the_end(self) -> Rolled:
        """Train, tell, and hand over what is left."""
        self._tell()
        stopped = False
        for _ in self._rolling.steps():
            if not self._asked.go_on():
                stopped = True
                break
            if time.perf_counter() >= self._next_tell:
                self._tell()
        result = self._result(stopped)
        self._asked.tell(replace(self._status(), state="finished", message=result.message, result=result, done=1.0))
        return result

    def _tell(self) -> None:
        self._draw()
        self._asked.tell(self._status())
        self._next_tell = time.perf_counter() + TELL_SECONDS

    def _draw(self) -> None:
        now = time.perf_counter()
        if now < self._next_planes or not self._asked.wants_planes():
            return
        self._planes = self._rolling.planes()
        done = time.perf_counter()
        self._next_planes = done + max(PLANES_SECONDS, (done - now) / PLANES_SHARE)

    def _status(self) -> RollStatus:
        rolling, asked = self._rolling, self._asked
        return RollStatus(
            asked.roll, "rolling", rolling.document, asked.seeds, rolling.epoch, rolling.document.training.epochs,
            rolling.done, rolling.objective.metric, rolling.book.curves(), rolling.lost.copy(), self._planes,
            notices=self._notices,
        )  # fmt: skip

    def _result(self, stopped: bool) -> Rolled:
        rolling, asked = self._rolling, self._asked
        lost = bool(rolling.lost.all())
        reason: Literal["done", "stopped", "lost"] = "lost" if lost else "stopped" if stopped else "done"
        self._planes = rolling.planes()
        tensors, metrics = rolling.arrays(), rolling.measure()
        for array in (*tensors.values(), *metrics.values(), rolling.lost):
            array.flags.writeable = False
        return Rolled(
            rolling.document, asked.seeds, rolling.book.curves(), metrics, rolling.objective.metric, rolling.lost,
            tensors, rolling.book.rows, reason, _farewell(reason, len(asked.seeds), rolling.book.rows), rolling.engine,
            rolling.place.label, rolling.seconds, self._notices, self._planes,
        )  # fmt: skip


def _farewell(reason: str, seeds: int, epochs: int) -> str:
    if reason == "lost":
        return f"All {plural(seeds, 'seed')} blew up. Lower the learning rate, then roll again."
    trained = f"{plural(seeds, 'seed')}, {plural(epochs, 'epoch')} each"
    return f"Stopped: {trained}." if reason == "stopped" else f"{trained}."


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Errors of torch that a user can act on become sentences."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            raise BuildError(f"{memory_sentence()} Fewer seeds need less, too.") from error
        raise
