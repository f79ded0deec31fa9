"""Rolling the dice from Python and from the command line."""

import json
import os

import numpy as np
import pytest

import nnlab
from nnlab.cli import main
from nnlab.engine.many.rolled import RollStatus
from nnlab.errors import DataError


@pytest.fixture(scope="module")
def project() -> nnlab.Project:
    made = nnlab.Project.example("spiral")
    made.set_training(epochs=4, learning_rate=0.02, seed=3)
    return made


@pytest.fixture
def run(capsys):
    def call(*argv: str | os.PathLike) -> tuple[int, str, str]:
        code = main([os.fspath(a) for a in argv])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


def test_so_many_seeds_begin_with_the_projects_own(project):
    before = project.document
    runs = project.train_many(5)
    assert runs.seeds == (3, 4, 5, 6, 7)
    assert runs.curves["validation_loss"].shape == (4, 5)
    assert project.document is before
    assert project.weights is None


def test_a_seed_taken_away_is_the_project_trained_with_it(project):
    runs = project.train_many([17, 4])
    taken = runs.project(17)
    assert taken.document.training.seed == 17
    alone = nnlab.Project(project.document)
    alone.train(seed=17)
    for name, values in alone.weights.items():
        np.testing.assert_allclose(taken.weights[name], values, atol=1e-6)
    assert taken.evaluate() == pytest.approx(dict(alone.run.metrics), abs=1e-5)
    np.testing.assert_allclose(taken.curves["train_loss"], alone.curves["train_loss"], atol=1e-6)


def test_a_seed_taken_away_can_be_saved_and_opened(project, tmp_path):
    taken = project.train_many([9, 8]).project(8)
    taken.save(tmp_path / "eight.nnlab")
    opened = nnlab.Project.open(tmp_path / "eight.nnlab")
    assert opened.document.training.seed == 8
    assert opened.evaluate() == taken.evaluate()


def test_solved_is_what_reaches_the_threshold(project):
    runs = project.train_many(6, epochs=2, threshold=0.0)
    assert runs.solved == 1.0
    assert runs.solved_seeds == runs.seeds
    assert "6 of 6 seeds" in str(runs)
    none = project.train_many(6, epochs=2, threshold=1.0)
    assert none.solved == 0.0
    assert none.best in none.seeds
    assert none.scores[none.seeds.index(none.best)] == np.nanmax(none.scores)


def test_values_are_judged_by_r2():
    runs = nnlab.Project.example("curve").train_many(3, epochs=3)
    assert runs.threshold == 0.9
    assert "R²" in str(runs)


def test_progress_is_told(project):
    told: list[RollStatus] = []
    project.train_many(3, on_progress=told.append)
    assert told[0].epoch == 0
    assert told[-1].done == 1.0


def test_seeds_that_were_not_rolled_are_a_sentence(project):
    runs = project.train_many([1, 2], epochs=1)
    with pytest.raises(DataError, match="Seed 7 was not rolled"):
        runs.project(7)
    with pytest.raises(DataError, match="no seed to roll"):
        project.train_many(0)
    with pytest.raises(DataError, match="no seed to roll"):
        project.train_many([])


def test_a_seed_that_blew_up_has_no_weights():
    wild = nnlab.Project.example("surface")
    wild.set_training(optimizer="sgd", learning_rate=900.0)
    runs = wild.train_many(2)
    assert runs.lost_seeds == runs.seeds
    assert runs.best is None
    with pytest.raises(DataError, match="blew up"):
        runs.weights(runs.seeds[0])
    assert runs.project(runs.seeds[0]).weights is None
    assert "2 seeds blew up" in str(runs)


def test_the_command_line_prints_a_table_and_a_verdict(run):
    code, out, err = run("dice", "spiral", "--seeds", "12", "--epochs", "2")
    assert code == 0
    assert "of 12 seeds" in out
    assert "..." in out
    assert len([line for line in out.splitlines() if "%" in line]) >= 10
    assert all(line.startswith("nnlab: ") for line in err.splitlines())


def test_the_command_line_gives_json(run, tmp_path):
    code, out, _ = run("dice", "curve", "--seeds", "3", "--epochs", "2", "--json", "-o", tmp_path / "best.nnlab")
    facts = json.loads(out)
    assert code == 0
    assert len(facts["seeds"]) == 3
    assert facts["metric"] == "r2"
    assert len(facts["metrics"]["train_loss"]) == 3
    assert nnlab.Project.open(tmp_path / "best.nnlab").document.training.seed == facts["best"]


def test_the_command_line_refuses_what_cannot_be_rolled(run):
    code, _, err = run("dice", "spiral", "--seeds", "0")
    assert code == 1
    assert "no seed to roll" in err
    code, _, err = run("dice", "spiral", "--solved", "two")
    assert code == 2
