"""Keeps the captured engine in the air for the training thread: captures in the background, flies, looks, lands."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from nnlab.engine.answers import Answers
from nnlab.engine.captured.capture import Program, capture
from nnlab.engine.captured.flight import Flight
from nnlab.engine.captured.recorder import Subject
from nnlab.engine.captured.switching import capture_now, is_worth_it, refusal, subject_of, switch
from nnlab.engine.captured.tape import CannotCapture
from nnlab.engine.channel import Channel
from nnlab.engine.learner import Learner
from nnlab.engine.motor import Motor
from nnlab.engine.scene import Scene, shadow

if TYPE_CHECKING:
    from nnlab.engine.loop import Loop

LOOK_SECONDS = 1 / 40  # between two looks at a flight, where nobody asks for more
TELL_SECONDS = 1 / 30
COPY_SECONDS = 0.001  # between two looks while a copy of the network is awaited


class Pilot:
    """One for each training thread; `renew` for each run."""

    def __init__(self, channel: Channel, answers: Answers) -> None:
        self._channel, self._answers = channel, answers
        self._motor = Motor("nnlab-motor", channel.wake)
        self._capturing = Motor("nnlab-capture", channel.wake)
        self._program: Program | Exception | None = None
        self._captured_for: object = None
        self._shadow: Learner | None = None
        self._next_tell = 0.0

    def renew(self) -> None:
        """Another run begins: what was captured for the last one is of no use."""
        self._shadow = self._captured_for = self._program = None

    def close(self) -> None:
        """End both threads."""
        self._motor.close()
        self._capturing.close()

    def look(self, loop: "Loop") -> None:
        """Before a step: begin to capture a run that is long enough, and switch when the program is there."""
        if self._captured_for is not loop:
            if loop.captured is not None or self._capturing.busy or not is_worth_it(loop):
                return
            if loop.learner.place.device.type == "cuda":
                self._capture_graph(loop)
                return
            self._captured_for, self._program = loop, None
            try:
                subject = subject_of(loop)
            except CannotCapture as why:
                loop.engine_reason = refusal(why)
                return
            self._capturing.start(lambda: self._capture(subject, loop))
        elif self._program is not None and loop.step > 0 and not loop.phases.half_way:
            found, self._program = self._program, None
            if isinstance(found, Program):
                switch(loop, found)
            else:
                loop.engine_reason = refusal(found)

    def _capture_graph(self, loop: "Loop") -> None:
        """A graph is of the very tensors that train, so it is recorded between two steps, after the first."""
        if loop.step > 0 and not loop.phases.half_way:
            self._captured_for, self._program = loop, None
            capture_now(loop)

    def _capture(self, subject: Subject, loop: "Loop") -> None:
        found: Program | Exception
        torch.set_flush_denormal(True)
        try:
            found = capture(subject)
        except Exception as error:  # noqa: BLE001 - whatever fails here, the eager engine goes on
            found = error
        if self._captured_for is loop:
            self._program = found

    def fly(self, loop: "Loop", publish: Callable[[], None]) -> bool:
        """Train for a stretch, telling and drawing meanwhile; False if the next step is the eager engine's."""
        if self._shadow is None and loop.captured is not None:
            self._shadow = shadow(loop.learner)
        flight = loop.take_off(snap=self._shadow.storage if self._shadow is not None else None)
        if flight is None:
            return False
        threads = loop.learner.threads
        self._motor.start(lambda: _run(flight, threads))
        self._attend(loop, flight, publish)
        try:
            self._motor.finish()
        except Exception as error:  # noqa: BLE001 - the eager engine goes on, and memory or a device that is gone is raised again
            loop.give_up(error, flight.first)
            return True
        flight.land()
        return True

    def _attend(self, loop: "Loop", flight: Flight, publish: Callable[[], None]) -> None:
        channel = self._channel
        copies = 0
        while self._motor.busy:
            if channel.commands or channel.closing or channel.pace > 0:
                flight.stop()
                return
            if flight.copies > copies:
                copies = flight.copies
                assert self._shadow is not None
                self._answers.draw(channel, Scene.copied(loop, self._shadow, flight.copied_at), training=True)
            elif not flight.asked and self._answers.is_due(channel):
                flight.ask()
            now = time.perf_counter()
            if now >= self._next_tell:
                self._next_tell = now + TELL_SECONDS
                flight.tell()
                publish()
            channel.wake.wait(COPY_SECONDS if flight.asked else LOOK_SECONDS)
            channel.wake.clear()


def _run(flight: Flight, threads: int) -> None:
    """In the motor's thread, whose arithmetic has settings of its own."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    flight.run()
