"""When pictures are made: as often as they are asked for, at most 30 a second and a quarter of the time."""

import time

from nnlab.engine.channel import Channel
from nnlab.engine.events import Snapshot
from nnlab.engine.probes import answer
from nnlab.engine.scene import Scene

FRAME_SECONDS = 1 / 30
SHARE = 0.25  # of the time while training
SAME_SECONDS = 0.5  # a picture of which nothing changed is made again this often at most


class Answers:
    """Answers what the channel is asked, at a moment between two steps, into its one slot."""

    def __init__(self) -> None:
        self._next = 0.0
        self._last: object = None
        self._last_time = 0.0

    def is_due(self, channel: Channel) -> bool:
        """Whether a picture is wanted, and it is time for one."""
        if channel.asked and not channel.wants:
            channel.asked = False
        return channel.asked and time.perf_counter() >= self._next

    def look(self, channel: Channel, scene: Scene, training: bool) -> None:
        """Make a picture if one is wanted and it is time for it; not of what was drawn just before."""
        if not self.is_due(channel):
            return
        now = time.perf_counter()
        if self._key(scene, channel) == self._last and now < self._last_time + SAME_SECONDS:
            self._next = now + FRAME_SECONDS
        else:
            self.draw(channel, scene, training)

    def draw(self, channel: Channel, scene: Scene, training: bool) -> None:
        """Make a picture of all that is wanted."""
        began = time.perf_counter()
        wants = channel.wants
        channel.asked = False
        key = self._key(scene, channel)
        found = {want: answer(want, scene) for want in wants}
        channel.picture = Snapshot(scene.run, scene.step, scene.epoch, found)
        done = time.perf_counter()
        self._last, self._last_time = key, done
        self._next = began + max(FRAME_SECONDS, (done - began) / SHARE if training else 0.0)

    def patience(self, channel: Channel) -> float:
        """Seconds until a picture that waits may be made."""
        return max(0.001, self._next - time.perf_counter())

    def _key(self, scene: Scene, channel: Channel) -> object:
        return scene.run, scene.step, scene.phases.name, scene.over, channel.wants
