"""What pictures are made of: the network at one moment, with all that is known of the run around it."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnlab.engine.learner import Learner
from nnlab.engine.stepping.phases import Phases
from nnlab.engine.travel.timeline import Timeline

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop


@dataclass(frozen=True)
class Scene:
    """A run between two steps, as the probes see it."""

    run: int
    step: int
    epoch: int
    over: bool
    learner: Learner
    phases: Phases
    timeline: Timeline

    @classmethod
    def of(cls, loop: "Loop") -> "Scene":
        """The run as it is now."""
        over = loop.finished is not None
        return cls(loop.run, loop.step, loop.epoch, over, loop.learner, loop.phases, loop.timeline)

    @classmethod
    def copied(cls, loop: "Loop", learner: Learner, at: tuple[int, int]) -> "Scene":
        """The run at an earlier step and epoch, of which `learner` is the copy."""
        return cls(loop.run, *at, False, learner, Phases(learner), loop.timeline)


def shadow(learner: Learner) -> Learner:
    """The same learner with a network of its own, for pictures of a moment while training goes on."""
    found = copy.copy(learner)
    found.network = copy.deepcopy(learner.network)
    found.brain = learner.brain_of(found.network)
    places = {id(p): k for k, p in enumerate(learner.network.parameters())}
    mine = list(found.network.parameters())
    found.take([mine[places[id(p)]] for p in learner.parameters])
    return found
