"""Commands of the Train menu."""

from typing import TYPE_CHECKING

from nnlab.core.check import check
from nnlab.ui.actions import action, in_lab
from nnlab.ui.keeping.settings import PACES
from nnlab.ui.playback import Playback
from nnlab.ui.shell.speed_button import pace_words

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow

HALF_WAY = ("forward", "loss", "backward")


def _state(window: "MainWindow") -> str:
    return window.bench.status.state if window.in_lab else "none"


def _has_steps(window: "MainWindow") -> bool:
    """Something was trained, even if the moment before the first step is looked at."""
    return window.bench.status.step > 0 or window.bench.looks_back


def can_train(window: "MainWindow") -> bool:
    """There is a network, and it is not training already."""
    return _state(window) in ("idle", "preparing", "paused", "finished", "failed")


def is_running(window: "MainWindow") -> bool:
    """The network is training."""
    return _state(window) == "running"


def can_step(window: "MainWindow") -> bool:
    """One step can be taken: the network is at rest."""
    return _state(window) in ("idle", "paused", "failed")


def can_stop(window: "MainWindow") -> bool:
    """A run is under way, going or holding."""
    return _state(window) == "running" or (_state(window) == "paused" and _has_steps(window))


def has_trained(window: "MainWindow") -> bool:
    """There is something to go back from."""
    return window.in_lab and _has_steps(window)


def is_stale(window: "MainWindow") -> bool:
    """The run is of an older network than the one on the canvas."""
    return window.in_lab and window.bench.stale and _has_steps(window)


def steps_phases(window: "MainWindow") -> bool:
    """Whether a step is one phase: a batch is half way through them, or their panel is in front."""
    return window.in_lab and (window.bench.status.phase in HALF_WAY or window.workspace.is_in_front("phases"))


def step_text(window: "MainWindow") -> str:
    """What the next press of the step key does."""
    return "Next phase" if steps_phases(window) else "Step one batch"


def train_text(window: "MainWindow") -> str:
    """ "Resume" while a run is held, else "Train"."""
    held = _state(window) == "paused" and _has_steps(window) and not window.bench.stale
    return "Resume" if held else "Train"


def is_sound(window: "MainWindow") -> bool:
    """Whether the network can be built. If not, say what is wrong and where; the present run keeps what it learned."""
    problem = next((p for p in check(window.bench.document) if p.severity == "error"), None)
    if problem is None:
        return True
    if problem.node is not None:
        window.bench.select([problem.node])
    window.bench.say("mistake", problem.message)
    return False


@action("train.start", "Train", menu="Train", key="F5", icon="play", enabled=can_train, label=train_text)
def start(window: "MainWindow") -> None:
    """Start training, or go on where it was paused."""
    if is_sound(window):
        window.bench.train()


@action("train.pause", "Pause", menu="Train", key="F8", icon="pause", enabled=is_running)
def pause(window: "MainWindow") -> None:
    """Hold training; Train goes on from here."""
    window.bench.pause()


@action(
    "train.step",
    "Step one batch",
    menu="Train",
    key="F7",
    icon="step",
    enabled=can_step,
    group=True,
    label=step_text,
)
def step(window: "MainWindow") -> None:
    """Learn from one batch of samples, then hold; while Steps is in front, go through one phase of it."""
    if is_sound(window):
        window.bench.step("phase" if steps_phases(window) else "batch")


@action("train.step_epoch", "Step one epoch", menu="Train", key="Shift+F7", enabled=can_step)
def step_epoch(window: "MainWindow") -> None:
    """Go through the training samples once, then hold."""
    if is_sound(window):
        window.bench.step("epoch")


@action("train.step_phase", "Step one phase", menu="Train", key="Ctrl+F7", enabled=can_step)
def step_phase(window: "MainWindow") -> None:
    """Go through forward pass, loss, backward pass and update one by one."""
    if is_sound(window):
        window.bench.step("phase")


@action("train.stop", "Stop", menu="Train", key="Shift+F5", icon="stop", enabled=can_stop, group=True)
def stop(window: "MainWindow") -> None:
    """End the run; the network stays as it is now."""
    window.bench.stop()


@action("train.reset", "Reset", menu="Train", key="Ctrl+R", icon="reset", enabled=has_trained)
def reset(window: "MainWindow") -> None:
    """Forget what was learned and go back to the same first weights."""
    window.bench.reset()


@action("train.new_dice", "New dice", menu="Train", key="Ctrl+Shift+R", icon="dice", enabled=in_lab)
def new_dice(window: "MainWindow") -> None:
    """Other random first weights: the next seed."""
    window.bench.new_dice()


@action(
    "train.restart",
    "Restart with these changes",
    menu="Train",
    key="Ctrl+F5",
    icon="restart",
    enabled=is_stale,
    group=True,
)
def restart(window: "MainWindow") -> None:
    """Train the network as it is drawn now; layers that did not change keep what they learned."""
    if is_sound(window):
        window.bench.restart()


# ---------------------------------------------------------------- time travel

TIME = "Train/Go to"


def can_go_back(window: "MainWindow") -> bool:
    """An earlier moment can be looked at."""
    return _state(window) in ("paused", "running", "finished") and window.bench.shown_step > 0


def can_go_forward(window: "MainWindow") -> bool:
    """A later moment than the one that is shown is known."""
    return window.in_lab and window.bench.looks_back


def can_play(window: "MainWindow") -> bool:
    """Something was trained, and nothing trains."""
    return window.in_lab and Playback.of(window.bench).can_play


def can_go_on(window: "MainWindow") -> bool:
    """An earlier moment is shown, of the network as it is drawn."""
    return window.in_lab and window.bench.looks_back and not window.bench.stale


def _go(window: "MainWindow", step: int) -> None:
    Playback.of(window.bench).hold()
    window.bench.seek(step)


def _per_epoch(window: "MainWindow") -> int:
    return max(1, window.bench.status.steps_per_epoch)


@action("time.start", "The start", menu=TIME, key="Alt+Home", icon="time-start", enabled=can_go_back, group=True)
def time_start(window: "MainWindow") -> None:
    """Look at the network as it was before the first step; nothing is lost."""
    _go(window, 0)


@action("time.back_epoch", "The epoch before", menu=TIME, key="Alt+PgUp", icon="chevron-left", enabled=can_go_back)
def time_back_epoch(window: "MainWindow") -> None:
    """Look at the end of the epoch before the one that is shown."""
    per_epoch = _per_epoch(window)
    _go(window, (-(-window.bench.shown_step // per_epoch) - 1) * per_epoch)


@action("time.back", "The step before", menu=TIME, key="Alt+Left", enabled=can_go_back)
def time_back(window: "MainWindow") -> None:
    """Look at the network as it was one step before."""
    _go(window, window.bench.shown_step - 1)


@action("time.forward", "The next step", menu=TIME, key="Alt+Right", enabled=can_go_forward)
def time_forward(window: "MainWindow") -> None:
    """Look at the network as it was one step later."""
    _go(window, window.bench.shown_step + 1)


@action(
    "time.forward_epoch", "The next epoch", menu=TIME, key="Alt+PgDown", icon="chevron-right",
    enabled=can_go_forward,
)  # fmt: skip
def time_forward_epoch(window: "MainWindow") -> None:
    """Look at the end of the next epoch that was trained."""
    per_epoch = _per_epoch(window)
    _go(window, (window.bench.shown_step // per_epoch + 1) * per_epoch)


@action("time.newest", "The newest moment", menu=TIME, key="Alt+End", icon="time-end", enabled=can_go_forward)
def time_newest(window: "MainWindow") -> None:
    """Look at the network as far as it was trained."""
    _go(window, window.bench.time.furthest)


@action("time.play", "Play the run", menu="Train", key="Ctrl+F8", enabled=can_play)
def time_play(window: "MainWindow") -> None:
    """Play what was trained, from the moment that is shown to the newest; once more, and it holds."""
    Playback.of(window.bench).toggle()


@action("time.go_on", "Go on from here", menu="Train", enabled=can_go_on)
def time_go_on(window: "MainWindow") -> None:
    """Train on from the earlier moment that is shown; with changed settings the run takes another way."""
    Playback.of(window.bench).hold()
    window.bench.go_on()


def _command_of_pace(pace: float) -> None:
    def set_pace(window: "MainWindow") -> None:
        window.settings.pace = pace
        window.bench.set_pace(pace)

    set_pace.__doc__ = (
        f"Train at most {pace:g} epochs a second, so that eyes can follow." if pace else "Train as fast as it can."
    )
    action(
        f"train.pace_{pace:g}", pace_words(pace), menu="Train/Speed",
        checked=lambda window: window.in_lab and window.bench.pace == pace, enabled=in_lab,
    )(set_pace)  # fmt: skip


for _pace in PACES:
    _command_of_pace(_pace)
