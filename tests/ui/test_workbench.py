"""The workbench: when pictures are of an older network, and which failures are said aloud."""

import pytest

from nnlab.core.example import EXAMPLES
from nnlab.ui.workbench import Workbench


@pytest.fixture
def bench(qtbot):
    made = Workbench()
    made.open_document(EXAMPLES["xor"].make())
    qtbot.waitUntil(lambda: made.status.state == "paused", timeout=20_000)
    yield made
    made.close()


def without_middle(bench):
    return bench.document.graph.without_node("linear")


def test_before_the_first_step_an_edit_makes_nothing_old_and_nothing_is_said(bench, qtbot):
    seen, said = [], []
    bench.stale_changed.connect(seen.append)
    bench.said.connect(lambda *what: said.append(what))
    bench.apply_graph("Delete", without_middle(bench))
    qtbot.waitUntil(lambda: bench.status.state == "failed", timeout=20_000)
    bench.undo()
    qtbot.waitUntil(lambda: bench.status.state == "paused", timeout=20_000)
    assert seen == []
    assert said == []


def test_a_failure_the_user_asked_for_is_said(bench, qtbot):
    said = []
    bench.said.connect(lambda *what: said.append(what))
    bench.apply_graph("Delete", without_middle(bench))
    bench.train()
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert said[0][0] == "error"


def test_after_training_an_edit_makes_the_pictures_old_until_restart_or_undo(bench, qtbot):
    bench.step("epoch")
    qtbot.waitUntil(lambda: bench.status.step > 0 and bench.status.state == "paused", timeout=20_000)
    bench.apply("Seed", bench.document.with_training(seed=5))
    assert bench.stale
    bench.undo()
    assert not bench.stale
    bench.apply("Rate", bench.document.with_training(learning_rate=0.02))
    assert not bench.stale
    bench.apply("Seed", bench.document.with_training(seed=5))
    bench.restart()
    qtbot.waitUntil(lambda: not bench.stale and bench.status.state == "running", timeout=20_000)
    bench.stop()


def test_train_straight_after_an_edit_trains_the_new_network(bench, qtbot):
    bench.apply("Seed", bench.document.with_training(seed=9, epochs=1))
    bench.train()
    qtbot.waitUntil(lambda: bench.status.state == "finished", timeout=20_000)
    assert bench.run_document is not None
    assert bench.run_document.training.seed == 9


def test_an_open_example_forgets_that_the_last_pictures_were_old(bench, qtbot):
    bench.step("epoch")
    qtbot.waitUntil(lambda: bench.status.step > 0 and bench.status.state == "paused", timeout=20_000)
    bench.apply("Seed", bench.document.with_training(seed=5))
    assert bench.stale
    bench.open_document(EXAMPLES["circles"].make())
    qtbot.waitUntil(lambda: not bench.stale, timeout=20_000)


def test_an_edit_at_the_very_start_of_training_does_not_throw_the_run_away(bench, qtbot):
    bench.train()  # the next frame has not come: the workbench still knows the status of before
    run = bench.trainer.run
    bench.apply("Seed", bench.document.with_training(seed=7))
    bench.undo()
    qtbot.waitUntil(lambda: bench.status.step > 5, timeout=20_000)
    assert bench.trainer.run == run
    bench.stop()


def test_an_edit_does_not_lose_the_weights_that_a_project_came_with(bench, qtbot):
    bench.step("epoch")
    qtbot.waitUntil(lambda: bench.status.step > 0 and bench.status.state == "paused", timeout=20_000)
    learned = bench.trainer.weights()
    bench.open_document(bench.document, weights=learned)
    qtbot.waitUntil(lambda: bench.status.state == "paused" and bench.status.step == 0, timeout=20_000)
    bench.apply("Seed", bench.document.with_training(seed=7))
    assert bench.stale, "the pictures stay those of the learned network until Train or Restart"
    kept = bench.trainer.weights()
    assert all((kept[name] == learned[name]).all() for name in learned)


def test_when_memory_runs_out_the_run_holds_that_is_said_and_it_can_go_on(bench, qtbot, monkeypatch):
    from nnlab.engine.learner import Learner

    real, taken = Learner.step, []

    def step(self, *rest):
        taken.append(None)
        if len(taken) == 40:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")
        return real(self, *rest)

    said = []
    bench.said.connect(lambda *what: said.append(what))
    monkeypatch.setattr(Learner, "step", step)
    bench.train()
    qtbot.waitUntil(lambda: bool(said) and bench.status.state == "paused", timeout=20_000)
    assert said[0][0] == "error"
    assert "not enough memory" in said[0][1]
    held = bench.status.step
    bench.step()
    qtbot.waitUntil(lambda: bench.status.state == "paused" and bench.status.step == held + 1, timeout=20_000)
