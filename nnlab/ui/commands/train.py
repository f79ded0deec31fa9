"""Commands of the Train menu."""

from typing import TYPE_CHECKING

from nnlab.core.check import check
from nnlab.ui.actions import action, in_lab

if TYPE_CHECKING:
    from nnlab.ui.shell.main_window import MainWindow

HALF_WAY = ("forward", "loss", "backward")


def _state(window: "MainWindow") -> str:
    return window.bench.status.state if window.in_lab else "none"


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
    return _state(window) == "running" or (_state(window) == "paused" and window.bench.status.step > 0)


def has_trained(window: "MainWindow") -> bool:
    """There is something to go back from."""
    return window.in_lab and window.bench.status.step > 0


def is_stale(window: "MainWindow") -> bool:
    """The run is of an older network than the one on the canvas."""
    return window.in_lab and window.bench.stale and window.bench.status.step > 0


def steps_phases(window: "MainWindow") -> bool:
    """Whether a step is one phase: a batch is half way through them, or their panel is in front."""
    return window.in_lab and (window.bench.status.phase in HALF_WAY or window.workspace.is_in_front("phases"))


def step_text(window: "MainWindow") -> str:
    """What the next press of the step key does."""
    return "Next phase" if steps_phases(window) else "Step one batch"


def train_text(window: "MainWindow") -> str:
    """ "Resume" while a run is held, else "Train"."""
    held = _state(window) == "paused" and window.bench.status.step > 0 and not window.bench.stale
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
    """Learn from one batch of samples, then hold; while Step by step is in front, go through one phase of it."""
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
