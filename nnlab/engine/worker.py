"""The training thread's own side: takes commands between two steps, trains, answers what panels ask. Never touches a window."""

import contextlib
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from functools import partial

from nnlab.engine.answers import Answers
from nnlab.engine.channel import Channel, Command, Preparation, Reply
from nnlab.engine.device import arithmetic, memory_sentence, out_of_memory
from nnlab.engine.events import Event, Failed, RunState, RunStatus, StateChanged
from nnlab.engine.learner import Learner
from nnlab.engine.loop import Loop
from nnlab.engine.pace import Amble, Pace
from nnlab.engine.pilot import Pilot
from nnlab.engine.rescue import rescued
from nnlab.engine.scene import Scene
from nnlab.engine.telling import prepared, status
from nnlab.engine.travel.seeking import SECONDS as EPOCH_SECONDS
from nnlab.engine.travel.seeking import seeking
from nnlab.errors import BuildError, NNLabError

LOOK_SECONDS = 0.01  # between two looks at what else there is to do while training
REST_SECONDS = 0.5  # a thread with nothing to do looks round this often
BREATH_SECONDS = 0.005  # training lets other threads of this process in at least this often
BREATH_LENGTH = 0.0003
STATUS_SECONDS = 1 / 30


class Worker:
    """Runs in one thread from the first command to the end. All that others see of it is the channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._loop: Loop | None = None
        self._run = 0
        self._state: RunState = "idle"
        self._going: Iterator[None] | None = None
        """What is under way: training, an epoch to finish, a way to another moment. None while holding."""
        self._goal: RunState = "paused"
        """The state when what is under way has come to its end, unless the run itself did."""
        self._kept: Learner | None = None
        """The network of the last run that was built, for one that begins with its weights."""
        self._answers = Answers()
        self._pilot = Pilot(channel, self._answers)
        self._freely = False
        """What is under way is training without an end in sight, not a step or a way to another moment."""
        self._pace = Pace()
        self._slowly = Amble()
        self._arithmetic = contextlib.ExitStack()

    def work(self) -> None:
        """Until the channel closes: commands, training, pictures; rest where there is nothing of these."""
        with self._arithmetic, contextlib.closing(self._pilot):
            self._work(self._channel)

    def _work(self, channel: Channel) -> None:
        while not channel.closing:
            self._take_commands()
            self._limit_moments()
            if self._going is not None:
                with self._told():
                    self._train()
            self._answer()
            if self._going is None and not channel.commands:
                self._publish()
                channel.rest()
                channel.wake.wait(self._answers.patience(channel) if channel.asked else REST_SECONDS)
                channel.wake.clear()

    # ---------------------------------------------------------------- training

    def _train(self) -> None:
        """Steps, until it is time to look round."""
        channel, loop, going = self._channel, self._loop, self._going
        assert loop is not None
        assert going is not None
        if self._freely and self._goes_freely(loop):
            return
        now = time.perf_counter()
        look, breath = now + LOOK_SECONDS, now + BREATH_SECONDS
        while not channel.commands and not channel.closing:
            if next(going, self) is self:
                self._arrived(loop)
                break
            now = time.perf_counter()
            if now >= breath:
                time.sleep(BREATH_LENGTH)  # the interpreter is let go: the window draws, and is not waited for
                breath = time.perf_counter() + BREATH_SECONDS
            if now >= look:
                break
        self._publish_now_and_then()

    def _goes_freely(self, loop: Loop) -> bool:
        """Train without an end in sight; False if the next step is the eager engine's, to be taken one by one."""
        self._pilot.look(loop)
        if self._channel.pace > 0:
            self._amble(loop, self._channel.pace * loop.steps_per_epoch)
        elif not self._pilot.fly(loop, self._publish_now_and_then):
            return False
        if loop.finished is not None:
            self._arrived(loop)
        return True

    def _amble(self, loop: Loop, per_second: float) -> None:
        """The steps that are due by now, at a pace that eyes can follow."""
        steps = self._slowly.steps(per_second, time.perf_counter())
        if steps == 0:
            self._channel.wake.wait(min(LOOK_SECONDS, self._slowly.patience(per_second)))
            self._channel.wake.clear()
            return
        before = loop.step
        loop.stretch(before + steps, LOOK_SECONDS)
        self._slowly.took(max(1, loop.step - before))
        self._publish_now_and_then()

    def _arrived(self, loop: Loop) -> None:
        self._going = None
        loop.flush()
        self._enter("finished" if loop.finished is not None else self._goal)

    def _limit_moments(self) -> None:
        cap, loop = self._channel.moments_cap, self._loop
        if cap is not None and loop is not None and loop.timeline.checkpoints.cap != cap:
            loop.timeline.checkpoints.limit(cap)
            self._publish()

    # ---------------------------------------------------------------- commands

    def _take_commands(self) -> None:
        channel = self._channel
        while channel.commands and not channel.closing:
            command = channel.commands.popleft()
            with self._told():
                self._obey(command)

    def _obey(self, command: Command) -> None:
        if command.kind == "weights":
            self._hand_over(command.value)
            return
        if command.kind == "prepare":
            if not self._superseded():
                self._prepare(command.run, command.value)
            return
        loop = self._loop
        if loop is None or command.run != self._run or self._state in ("idle", "failed"):
            return
        if command.kind == "configure":
            loop.configure(command.value)
            self._publish()
        else:
            getattr(self, f"_{command.kind}")(loop, command.value)

    def _superseded(self) -> bool:
        """Whether another preparation waits that needs nothing of this one (the user presses Reset again and again)."""
        waiting = [c.value for c in self._channel.commands if c.kind == "prepare"]
        asked = any(c.kind == "weights" for c in self._channel.commands)
        return bool(waiting) and not asked and not any(p.keep for p in waiting)

    def _prepare(self, run: int, what: Preparation) -> None:
        self._let_go()
        if self._loop is not None:
            self._kept = self._loop.learner
        self._loop, self._run = None, run
        self._pace.reset()
        self._pilot.renew()
        self._enter("preparing")
        self._loop = loop = Loop(what.document, self._say, run, what.weights, self._kept if what.keep else None)
        self._kept = None
        self._arithmetic.close()
        self._arithmetic.enter_context(arithmetic(loop.learner.threads))
        self._say(prepared(loop))
        self._goal = "paused"
        if what.go:
            self._resume(loop, None)
        else:
            self._enter("paused")

    def _resume(self, loop: Loop, value: object) -> None:
        loop.reopen()
        self._begin(_freely(loop), "finished")
        self._freely = True

    def _pause(self, loop: Loop, value: object) -> None:
        if self._going is not None:
            self._let_go()
            loop.flush()
            self._enter("paused" if loop.finished is None else "finished")

    def _step(self, loop: Loop, what: object) -> None:
        loop.reopen()
        if what == "phase":
            self._begin(_once(partial(loop.advance, by_phase=True)), "paused")
        elif what == "epoch":
            self._begin(_epoch(loop), "paused")
        else:
            self._begin(_once(loop.advance), "paused")

    def _seek(self, loop: Loop, step: object) -> None:
        assert isinstance(step, int)
        self._begin(seeking(loop, step), "paused")

    def _stop(self, loop: Loop, value: object) -> None:
        self._let_go()
        loop.finish("stopped")
        self._enter("finished")

    def _begin(self, going: Iterator[None], goal: RunState) -> None:
        self._let_go()
        self._going, self._goal = going, goal
        self._pace.reset()
        self._enter("running")

    def _let_go(self) -> None:
        """What is under way is left where it is."""
        going, self._going = self._going, None
        self._freely = False
        if isinstance(going, Generator):
            going.close()

    def _hand_over(self, reply: Reply) -> None:
        try:
            if self._loop is not None:
                reply.value = self._loop.learner.as_arrays(reply.named_by)
        finally:
            reply.ready.set()

    # ---------------------------------------------------------------- telling

    def _say(self, event: Event) -> None:
        self._channel.events.append(event)

    def _enter(self, state: RunState) -> None:
        if state != self._state or state == "preparing":
            self._state = state
            self._say(StateChanged(self._run, state))
        self._publish()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong inside ends the run with a Failed event, and the thread lives on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a bad layer, data or device may raise anything; the user is told
            self._let_go()
            if self._is_rescued(error):
                self._enter("paused")
            else:
                self._say(_failure(self._run, error))
                self._enter("failed")

    def _is_rescued(self, error: Exception) -> bool:
        """Whether the run could be brought back to its last good moment after this error."""
        loop = self._loop
        if loop is None or self._state == "preparing":
            return False
        with contextlib.suppress(RuntimeError, MemoryError, NNLabError):
            found = rescued(loop, error, self._say)
            if found is not None:
                self._loop = found
                if found is not loop:
                    self._pilot.renew()
                return True
        return False

    def _publish_now_and_then(self) -> None:
        if time.perf_counter() >= self._pace.next_status:
            self._pace.next_status = time.perf_counter() + STATUS_SECONDS
            self._publish()

    def _publish(self) -> None:
        loop, channel = self._loop, self._channel
        if loop is None:
            channel.status = RunStatus(run=self._run, state=self._state)
            return
        if self._state == "running":
            self._pace.see(loop.step, time.perf_counter())
        channel.status = status(loop, self._state, self._pace)

    def _answer(self) -> None:
        loop = self._loop
        if loop is not None and self._state != "preparing":
            self._answers.look(self._channel, Scene.of(loop), training=self._going is not None)


def _once(act: Callable[[], None]) -> Iterator[None]:
    act()
    yield


def _freely(loop: Loop) -> Iterator[None]:
    """Eager steps to the end; the captured engine's are the pilot's."""
    while loop.finished is None:
        loop.advance()
        yield


def _epoch(loop: Loop) -> Iterator[None]:
    """To the end of the present epoch."""
    goal = loop.epoch + 1
    while loop.finished is None and loop.epoch < goal:
        loop.stretch((goal * loop.steps_per_epoch), EPOCH_SECONDS)
        yield


def _failure(run: int, error: Exception) -> Failed:
    details = traceback.format_exc()
    if isinstance(error, NNLabError):
        return Failed(run, str(error), error.node if isinstance(error, BuildError) else None, details)
    if out_of_memory(error):
        return Failed(run, memory_sentence(), None, details)
    first = str(error).strip().splitlines()[:1] or [type(error).__name__]
    return Failed(run, f"Training could not go on: {first[0]}", None, details)
