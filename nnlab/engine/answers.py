"""When pictures are made: as often as they are asked for, at most 30 a second and a quarter of the thread's time."""

import time

from nnlab.engine.channel import Channel
from nnlab.engine.events import Snapshot
from nnlab.engine.loop import Loop
from nnlab.engine.probes import answer

FRAME_SECONDS = 1 / 30
SHARE = 0.25  # of the time while training
SAME_SECONDS = 0.5  # a picture of which nothing changed is made again this often at most


class Answers:
    """Answers what the channel is asked, at a moment between two steps, into its one slot."""

    def __init__(self) -> None:
        self._next = 0.0
        self._last: object = None
        self._last_time = 0.0

    def look(self, channel: Channel, loop: Loop, training: bool) -> None:
        """Make a picture if one is wanted and it is time for it."""
        now = time.perf_counter()
        if not channel.asked or now < self._next:
            return
        wants = channel.wants
        key = (loop.run, loop.step, loop.phases.name, loop.finished is None, wants)
        if not wants or (key == self._last and now < self._last_time + SAME_SECONDS):
            if not wants:
                channel.asked = False
            else:
                self._next = now + FRAME_SECONDS
            return
        channel.asked = False
        found = {want: answer(want, loop) for want in wants}
        channel.picture = Snapshot(loop.run, loop.step, loop.epoch, found)
        done = time.perf_counter()
        self._last, self._last_time = key, done
        self._next = now + max(FRAME_SECONDS, (done - now) / SHARE if training else 0.0)

    def patience(self, channel: Channel) -> float:
        """Seconds until a picture that waits may be made."""
        return max(0.001, self._next - time.perf_counter())
