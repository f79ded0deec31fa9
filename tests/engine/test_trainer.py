"""The trainer in its thread: the same numbers as without one, steered in any order, never raising, never left behind."""

import random
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from small_networks import network

from nnlab.core.dataset import Dataset, DataSpec, Samples
from nnlab.core.document import Document
from nnlab.core.graph import Graph
from nnlab.core.layer import LAYERS
from nnlab.engine.events import Epochs, Event, Failed, Finished, Losses, Prepared, StateChanged
from nnlab.engine.headless import Curves, run_to_end
from nnlab.engine.trainer import Trainer, needs_restart
from nnlab.engine.wants import BoundaryWant, WeightsWant

PLAIN = ("Linear 8", "Tanh", "Linear 2")
WAIT = 30.0


def losses(events: list[Event]) -> list[float]:
    curves = Curves()
    for event in events:
        curves.add(event)
    return curves.arrays()["loss"].tolist()


def only(events: list[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def same(one: Any, other: Any) -> bool:
    return list(one) == list(other) and all(np.array_equal(one[k], other[k]) for k in one)


def test_importing_the_trainer_does_not_load_torch() -> None:
    code = "import sys, nnlab.engine.trainer; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "hidden", [("Linear 8", "Tanh"), ("Linear 8", "ReLU", "Dropout 0.3"), ("Linear 8", "BatchNorm1d")]
)
def test_the_thread_gives_the_numbers_of_the_plain_loop(trainer: Trainer, hidden: tuple[str, ...]) -> None:
    document = network(*hidden, "Linear 2", epochs=6, batch_size=24)
    plain = run_to_end(document)
    trainer.start(document)
    trainer.want(frozenset({BoundaryWant(resolution=10), WeightsWant()}))
    assert trainer.wait(WAIT)
    events = trainer.poll()
    assert losses(events) == plain.history["loss"].tolist()
    assert same(trainer.weights(), plain.weights)
    (end,) = only(events, Finished)
    assert end.metrics == plain.metrics
    assert [row.validation_loss for e in only(events, Epochs) for row in e.rows] == plain.history[
        "validation_loss"
    ].tolist()


def test_events_tell_the_run_in_order(trainer: Trainer) -> None:
    trainer.start(network(*PLAIN))
    assert trainer.wait(WAIT)
    events = trainer.poll()
    assert all(event.run == trainer.run for event in events)
    assert [e.state for e in only(events, StateChanged)] == ["preparing", "running", "finished"]
    (begun,) = only(events, Prepared)
    assert begun.rows == (320, 80, 0)
    assert begun.steps_per_epoch == 20
    steps = [step for e in only(events, Losses) for step in range(e.first_step, e.first_step + len(e.values))]
    assert steps == list(range(60))
    assert [row.epoch for e in only(events, Epochs) for row in e.rows] == [1, 2, 3]
    assert trainer.poll() == []


def test_steps_phases_and_epochs_hold_where_they_end(trainer: Trainer) -> None:
    trainer.prepare(network(*PLAIN))
    assert trainer.wait(WAIT)
    assert (trainer.status().state, trainer.status().step) == ("paused", 0)
    seen = []
    for what in ("batch", "phase", "phase", "phase", "phase", "phase", "epoch"):
        trainer.step(what)
        assert trainer.wait(WAIT)
        seen.append((trainer.status().step, trainer.status().phase))
    phases = [(1, "forward"), (1, "loss"), (1, "backward"), (2, "update"), (2, "forward")]
    assert seen == [(1, ""), *phases, (20, "")]
    assert trainer.status().epoch == 1


def test_a_random_order_of_commands_ends_with_the_numbers_of_a_plain_run(trainer: Trainer) -> None:
    document = network("Linear 8", "ReLU", "Dropout 0.2", "Linear 2", epochs=10)
    trainer.prepare(document)
    dice = random.Random(3)
    for _ in range(200):
        act = dice.choice(
            ["pause", "resume", "stop", "batch", "epoch", "phase", "want", "wait", "seek", "configure", "weights"]
        )
        if act in ("pause", "resume", "stop"):
            getattr(trainer, act)()
        elif act in ("batch", "epoch", "phase"):
            trainer.step(act)
        elif act == "seek":
            trainer.seek(dice.randrange(150))
        elif act == "want":
            trainer.want(frozenset({BoundaryWant(resolution=8)}))
        elif act == "configure":
            trainer.configure(document.training)
        elif act == "weights":
            assert trainer.weights()
        else:
            trainer.wait(0.001)
    trainer.resume()
    assert trainer.wait(WAIT)
    assert trainer.status().state == "finished"
    assert same(trainer.weights(), run_to_end(document).weights)
    assert not only(trainer.poll(), Failed)


def test_stop_ends_the_run_and_its_network_still_answers(trainer: Trainer) -> None:
    trainer.start(network(*PLAIN, epochs=1_000_000))
    trainer.step("epoch")
    trainer.stop()
    assert trainer.wait(WAIT)
    (end,) = only(trainer.poll(), Finished)
    assert end.reason == "stopped"
    trainer.want(frozenset({WeightsWant()}))
    snapshot = None
    while snapshot is None:
        snapshot = trainer.picture()
    assert snapshot.step == end.step
    assert trainer.picture() is None


def test_stop_start_and_reset_five_hundred_times_leaves_its_threads_and_no_double_run() -> None:
    document = network(*PLAIN, epochs=1_000_000)
    before = threading.active_count()
    with Trainer() as trainer:
        for n in range(500):
            (trainer.start, trainer.prepare)[n % 2](document)
            trainer.stop()
        assert threading.active_count() <= before + 3  # its own, the one that trains and the one that captures
        assert trainer.wait(WAIT)
        assert trainer.run == 500
        assert trainer.status().run == 500
        assert trainer.status().state == "finished"
    assert threading.active_count() == before


def test_many_trainers_come_and_go_without_a_trace() -> None:
    before = threading.active_count()
    for n in range(20):
        made = Trainer(network(*PLAIN))
        made.start()
        if n % 2:
            made.wait(0.01)
        made.close()
        made.close()
        made.start()  # after the end: nothing happens
    assert threading.active_count() == before


def test_a_bad_document_is_told_and_never_raised(trainer: Trainer) -> None:
    for bad in (Document(), Document(graph=Graph()), network("Linear 3")):
        trainer.start(bad)
        assert trainer.wait(WAIT)
        (failed,) = only(trainer.poll(), Failed)
        assert failed.message
        assert failed.run == trainer.run
        assert trainer.status().state == "failed"
        trainer.resume()
        trainer.step("batch")
        trainer.seek(3)
        assert trainer.wait(WAIT)
        assert trainer.weights() == {}
    trainer.start(network(*PLAIN))
    assert trainer.wait(WAIT)
    assert trainer.status().state == "finished"


@dataclass(frozen=True)
class Holes(Dataset):
    """Two columns, one cell of them empty."""

    def spec(self) -> DataSpec:
        return DataSpec((2,), "classes", ("Height", "Weight"), ("No", "Yes"))

    def make(self) -> Samples:
        inputs = np.ones((20, 2), np.float32)
        inputs[3, 1] = np.nan
        return Samples(inputs, np.arange(20) % 2)


def test_a_hole_in_the_data_is_told_with_its_row_and_column(trainer: Trainer) -> None:
    document = network(*PLAIN)
    trainer.start(replace(document, data=replace(document.data, dataset=Holes())))
    assert trainer.wait(WAIT)
    (failed,) = only(trainer.poll(), Failed)
    assert "row 4, column Weight" in failed.message


def test_an_error_in_the_middle_of_a_run_is_told_and_the_next_run_works(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nnlab.engine.learner import Learner

    def broken(self: Learner, *rest: object) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", broken)
        trainer.start(network(*PLAIN))
        assert trainer.wait(WAIT)
    (failed,) = only(trainer.poll(), Failed)
    assert "Lower the batch size" in failed.message
    assert "RuntimeError" in failed.details
    trainer.start(network(*PLAIN))
    assert trainer.wait(WAIT)
    assert only(trainer.poll(), Finished)


def test_live_settings_are_taken_over_at_the_next_step(trainer: Trainer) -> None:
    document = network(*PLAIN, epochs=4)
    trainer.prepare(document)
    trainer.step("epoch")
    trainer.configure(document.training.with_(learning_rate=0.0, batch_size=64, epochs=2))
    assert trainer.wait(WAIT)
    before = trainer.weights()
    trainer.resume()
    assert trainer.wait(WAIT)
    assert trainer.status().state == "finished"
    assert trainer.status().epoch == 2
    assert trainer.status().learning_rate == 0.0
    assert same(trainer.weights(), before)


def test_a_graph_edited_while_training_brings_the_weights_of_unchanged_layers_along(trainer: Trainer) -> None:
    document = network("Linear 8", "Tanh", "Linear 2", epochs=2)
    trainer.start(document)
    assert trainer.wait(WAIT)
    old = trainer.weights()
    graph = document.graph
    wider = document.with_graph(
        graph.with_node(type(graph.node("tanh"))("tanh", LAYERS["ReLU"]())).without_node("linear_2")
    )
    wider = wider.with_graph(
        wider.graph.with_node(type(graph.node("tanh"))("last", LAYERS["Linear"](out_features=2)))
        .connect("tanh", "last")
        .connect("last", "output")
    )
    assert needs_restart(document, wider)
    trainer.start(wider.with_training(epochs=1, learning_rate=0.0), keep=True)
    assert trainer.wait(WAIT)
    (begun,) = only(trainer.poll(), Prepared)[-1:]
    assert begun.kept == ("linear",)
    new = trainer.weights()
    assert np.array_equal(old["linear.weight"], new["linear.weight"])
    assert not np.array_equal(old["linear_2.weight"], new["last.weight"])


def test_weights_take_the_names_of_a_document_whose_nodes_were_renamed_meanwhile(trainer: Trainer) -> None:
    document = network(*PLAIN)
    trainer.start(document)
    assert trainer.wait(WAIT)
    node = document.graph.node("linear")
    renamed = document.with_graph(document.graph.with_node(type(node)("linear", node.layer, name="First")))
    weights = trainer.weights(renamed)
    assert sorted(weights) == ["first.bias", "first.weight", "linear_2.bias", "linear_2.weight"]
    trainer.prepare(renamed, weights=weights)
    assert trainer.wait(WAIT)
    assert same(trainer.weights(), weights)


def test_weights_that_do_not_fit_start_fresh_with_a_notice(trainer: Trainer) -> None:
    trainer.prepare(network(*PLAIN), weights={"linear.weight": np.zeros((3, 3), np.float32)})
    assert trainer.wait(WAIT)
    (begun,) = only(trainer.poll(), Prepared)
    assert "do not fit" in begun.notices[0]


def test_only_edits_that_change_the_run_need_a_restart() -> None:
    document = network(*PLAIN)
    node = document.graph.node("linear")
    moved = document.with_graph(document.graph.with_node(type(node)("linear", node.layer, 50, 60, "Name", "A note")))
    assert not needs_restart(document, moved)
    assert not needs_restart(document, document.with_training(learning_rate=1.0, epochs=9, l1=0.1, patience=3))
    assert needs_restart(document, document.with_training(batch_size=7))
    assert needs_restart(document, document.with_training(seed=7))
    assert needs_restart(document, document.with_data(split_seed=7))
    assert needs_restart(document, document.with_graph(document.graph.without_node("tanh")))


def test_events_reach_the_callback_in_the_thread_that_waits() -> None:
    told: list[tuple[str, str]] = []
    with Trainer(
        network(*PLAIN), lambda e: told.append((type(e).__name__, threading.current_thread().name))
    ) as trainer:
        trainer.start()
        assert trainer.wait(WAIT)
    assert {thread for _, thread in told} == {threading.current_thread().name}
    assert told[0][0] == "StateChanged"
    assert "Finished" in {name for name, _ in told}


def test_two_trainers_at_once_do_not_disturb_each_others_dice() -> None:
    import torch

    document = network("Linear 8", "ReLU", "Dropout 0.5", "Linear 2", epochs=4)
    plain = run_to_end(document)
    torch.manual_seed(5)
    ahead = torch.rand(3)
    torch.manual_seed(5)
    with Trainer(document) as one, Trainer(document) as other:
        one.start()
        other.start()
        assert one.wait(WAIT)
        assert other.wait(WAIT)
        assert same(one.weights(), plain.weights)
        assert same(other.weights(), plain.weights)
    assert torch.equal(torch.rand(3), ahead)


def test_losses_of_many_short_epochs_come_in_few_events(trainer: Trainer) -> None:
    trainer.start(network(*PLAIN, epochs=300, batch_size=400))
    assert trainer.wait(WAIT)
    events = trainer.poll()
    told = only(events, Losses)
    assert len(losses(events)) == 300
    seconds = only(events, Epochs)[-1].last.seconds
    assert len(told) <= 5 + 40 * (seconds + 1)
    assert len(told) < 150


def test_closing_wakes_whoever_waits_for_an_answer() -> None:
    made = Trainer(network(*PLAIN, epochs=1_000_000))
    made.start()
    found: list[Any] = []
    asking = threading.Thread(target=lambda: [found.append(made.weights()) for _ in range(50)])
    asking.start()
    made.close()
    asking.join(WAIT)
    assert not asking.is_alive()
    assert made.weights() == {}
    assert made.wait(WAIT)


def test_a_script_that_ends_while_it_trains_ends_well() -> None:
    script = """
import time
from nnlab import Project
from nnlab.engine.trainer import Trainer
trainer = Trainer()
trainer.start(Project.example("xor").document.with_training(epochs=1_000_000))
while trainer.status().engine != "captured" or trainer.status().step < 2_000:
    trainer.wait(0.01)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_run_at_a_pace_takes_no_more_than_its_steps_and_gives_the_same_numbers(trainer: Trainer) -> None:
    document = network(*PLAIN, epochs=12)
    trainer.set_pace(200.0)
    trainer.start(document)
    assert trainer.wait(WAIT)
    assert trainer.status().seconds >= 0.0
    assert losses(trainer.poll()) == run_to_end(document).history["loss"].tolist()


def test_the_pace_can_be_changed_while_it_trains(trainer: Trainer) -> None:
    trainer.set_pace(1.0)
    trainer.start(network(*PLAIN, epochs=40))
    assert not trainer.wait(0.3)
    assert trainer.status().epoch <= 1
    trainer.set_pace(0.0)
    assert trainer.wait(WAIT)
    assert trainer.status().epoch == 40
