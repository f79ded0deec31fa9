"""The public Python API keeps its promises: the contract's own example, every edit undoable, every error a sentence."""

import json
import subprocess
import sys

import numpy as np
import pytest

import nnlab
from nnlab.core.example import EXAMPLES
from nnlab.errors import BuildError, DataError, FileError, GraphError, LinkError, NNLabError, SettingError


@pytest.fixture
def project():
    return nnlab.Project.example("spiral")


@pytest.fixture
def trained(project):
    project.train(epochs=2, device="cpu")
    return project


def small() -> nnlab.Project:
    """A two-layer network made with calls."""
    project = nnlab.Project.new()
    graph = project.graph
    graph.add("Input")
    hidden, act = graph.add("Linear", out_features=6), graph.add("Tanh")
    out = graph.add("Linear", out_features=2)
    graph.add("Output")
    for source, target in [("input", hidden), (hidden, act), (act, out), (out, "output")]:
        graph.connect(source, target)
    project.set_data("spiral", samples=60)
    return project


# -------------------------------------------------------------------- importing


def test_importing_nnlab_loads_neither_torch_nor_qt_nor_anything_slow():
    code = """
import sys, nnlab
nnlab.Project, nnlab.Trainer, nnlab.NNLabError, nnlab.layers(), nnlab.datasets(), nnlab.examples(), nnlab.lessons()
nnlab.Project.example("spiral").graph.add("Linear")
print([m for m in ("torch", "PySide6", "pyqtgraph", "sklearn", "scipy", "safetensors") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_there_and_no_others():
    assert set(nnlab.__all__) <= set(dir(nnlab))
    for name in nnlab.__all__:
        assert getattr(nnlab, name)
    with pytest.raises(AttributeError):
        nnlab.project_that_never_was  # noqa: B018


@pytest.mark.parametrize("name", ["layers", "datasets", "examples"])
def test_a_folder_and_its_list_share_a_name_in_either_order(name):
    code = (
        f"import nnlab.{name}, nnlab; import nnlab.{name} as folder; print(len(nnlab.{name}()), len(folder.__path__))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(getattr(nnlab, name)())), "1"]


# -------------------------------------------------------------------- lists


def test_the_lists_are_plain_values_with_everything_in_them():
    for name in ("layers", "datasets", "examples", "lessons"):
        entries = getattr(nnlab, name)()
        assert json.loads(json.dumps(entries)) == entries
    linear = next(e for e in nnlab.layers() if e["id"] == "Linear")
    assert {p["name"]: p["default"] for p in linear["parameters"]} == {"out_features": 8, "bias": True}
    assert linear["parameters"][0]["low"] == 1
    assert linear["inputs"] == [{"name": "in", "kind": "x", "optional": False}]
    assert linear["help"]
    assert nnlab.lessons() == []


# -------------------------------------------------------------------- the contract's example


def test_the_example_of_the_contract_works(tmp_path):
    import torch

    project = nnlab.Project.example("spiral")
    graph = project.graph
    for node in list(graph.nodes):
        graph.remove(node)
    x = graph.add("Input")
    fc = graph.add("Linear", out_features=8)
    act = graph.add("Tanh")
    y = graph.add("Output")
    graph.connect(x, fc)
    graph.connect(fc, act)
    graph.connect(act, y)
    graph.remove(act)
    graph.set(fc, bias=False)
    assert project.check()
    assert project.undo()
    assert project.undo()
    assert project.redo()
    assert act not in graph.nodes
    assert project.undo()
    graph.set(fc, out_features=2)
    assert not [p for p in project.check() if p.severity == "error"]
    model = project.build(seed=0)
    assert isinstance(model, torch.nn.Module)
    assert set(model.state_dict()) == {"linear.weight", "linear.bias"}
    torch.manual_seed(0)
    assert torch.equal(model.state_dict()["linear.weight"], torch.nn.Linear(2, 2).weight)
    assert "class Network(nn.Module)" in project.code()
    seen = []
    run = project.train(epochs=2, device="auto", seed=0, on_event=seen.append)
    assert seen
    assert len(run.history["epoch"]) == 2
    assert run.metrics["validation_accuracy"] >= 0
    assert set(run.model.state_dict()) == set(model.state_dict())
    assert "2 epochs" in run.summary
    project.save(tmp_path / "my.nnlab")
    assert nnlab.Project.open(tmp_path / "my.nnlab").document == project.document


def test_a_new_project_has_no_layers_and_the_spiral():
    project = nnlab.Project.new()
    assert project.graph.nodes == ()
    assert project.graph.wires == ()
    assert project.document.spec is not None
    assert not project.is_saved


# -------------------------------------------------------------------- the network


def test_what_can_be_asked_of_a_node():
    graph = small().graph
    view = graph.node("linear")
    assert (view.type, view.name, view.parameters) == ("Linear", "", {"out_features": 6, "bias": True})
    assert graph.shape("linear") == ("N", 6)
    assert graph.parameter_count("linear") == 18
    assert graph.parameter_count() == 18 + 14
    assert graph.nodes == ("input", "linear", "tanh", "linear_2", "output")
    assert len(graph.wires) == 4


def test_a_node_without_a_shape_says_why():
    graph = nnlab.Project.new().graph
    lonely = graph.add("Linear")
    after = graph.add("Tanh")
    graph.connect(lonely, after)
    assert "connected" in graph.shape(lonely)
    assert "not known yet" in graph.shape(after)
    assert graph.parameter_count(lonely) is None
    assert graph.parameter_count() is None


def test_layers_are_put_side_by_side_unless_a_place_is_given():
    graph = nnlab.Project.new().graph
    ids = [graph.add("Linear") for _ in range(5)]
    places = [(graph.node(i).x, graph.node(i).y) for i in graph.nodes]
    assert len(set(places)) == len(places)
    assert [graph.node(i).x for i in ids] == sorted(graph.node(i).x for i in ids)
    assert graph.node(graph.add("Tanh", x=-40, y=7, name="squash")).x == -40
    graph.tidy()
    assert graph.node("tanh").name == "squash"


def test_wires_can_be_made_at_a_port_and_taken_away():
    graph = small().graph
    add = graph.add("Add")
    graph.connect("linear", add)
    graph.connect("tanh", add, port="in2")
    graph.disconnect("linear", add)
    assert [k.source for k in graph.wires if k.target == add] == ["tanh"]
    with pytest.raises(GraphError, match="no wire"):
        graph.disconnect("linear", add)


@pytest.mark.parametrize(
    ("edit", "error", "words"),
    [
        (lambda g: g.add("Liner"), NNLabError, "did you mean Linear"),
        (lambda g: g.add("linear"), NNLabError, "did you mean Linear"),
        (lambda g: g.add("os.system"), NNLabError, "no layer called"),
        (lambda g: g.add(5), NNLabError, "by its name"),
        (lambda g: g.add("Linear", units=3), SettingError, "out_features"),
        (lambda g: g.add("Linear", out_features=0), SettingError, "from 1 to"),
        (lambda g: g.add("Linear", out_features="8"), SettingError, "whole number"),
        (lambda g: g.set("linear", out_features=2**40), SettingError, "whole number"),
        (lambda g: g.set("linear", p=1), SettingError, "no setting"),
        (lambda g: g.set("nobody", p=1), GraphError, "nobody"),
        (lambda g: g.node("nobody"), GraphError, "nobody"),
        (lambda g: g.shape("nobody"), GraphError, "nobody"),
        (lambda g: g.parameter_count("nobody"), GraphError, "nobody"),
        (lambda g: g.remove("linear", "nobody"), GraphError, "nobody"),
        (lambda g: g.connect("linear", "nobody"), GraphError, "nobody"),
        (lambda g: g.connect("tanh", "linear"), LinkError, "linear|Linear|wire"),
        (lambda g: g.connect("output", "linear", port="in"), LinkError, "no output"),
        (lambda g: g.connect("linear", "tanh", port="in7"), LinkError, "in7"),
    ],
)
def test_a_wrong_edit_is_refused_with_a_sentence_and_changes_nothing(edit, error, words):
    project = small()
    before = project.document
    with pytest.raises(error, match=words):
        edit(project.graph)
    assert project.document is before


def test_every_edit_is_one_step_that_can_be_undone_and_done_again():
    project = small()
    edits = [
        lambda: project.graph.add("ReLU"),
        lambda: project.graph.set("linear", out_features=5, name="hidden"),
        lambda: project.graph.disconnect("linear", "tanh"),
        lambda: project.graph.remove("tanh", "linear_2"),
        lambda: project.graph.tidy(),
        lambda: project.set_data("moons", noise=0.2, validation=0.3),
        lambda: project.set_training(optimizer="sgd", momentum=0.9, learning_rate=0.1),
        lambda: project.rename("Mine", notes="first"),
    ]
    states = [project.document]
    for edit in edits:
        edit()
        states.append(project.document)
    for state in reversed(states[:-1]):
        assert project.undo()
        assert project.document is state
    for state in states[1:]:
        assert project.redo()
        assert project.document is state
    assert not project.redo()


def test_a_fix_of_a_mistake_can_be_applied():
    project = nnlab.Project.new()
    project.graph.add("Input")
    project.graph.add("Output")
    problem = next(p for p in project.check() if p.fixes)
    project.apply(problem.fixes[0].label, problem.fixes[0].apply(project.document))
    assert project.graph.wires


# -------------------------------------------------------------------- data and training


def test_data_and_training_are_set_by_plain_names(project):
    project.set_data("spiral", arms=3, noise=0.05)
    assert project.document.data.dataset.arms == 3
    project.set_data(noise=0.3, validation=0.4)
    assert (project.document.data.dataset.arms, project.document.data.dataset.noise) == (3, 0.3)
    assert project.document.data.validation == 0.4
    project.set_training(optimizer="sgd", momentum=0.9, learning_rate=0.1, epochs=7)
    assert project.document.training.optimizer.momentum == 0.9
    project.set_training(schedule="step", momentum=0.5)
    assert project.document.training.optimizer.momentum == 0.5
    assert project.document.training.epochs == 7


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.set_data("spirals"),
        lambda p: p.set_data("spiral", legs=3),
        lambda p: p.set_data(validation=2),
        lambda p: p.set_training(optimizer="lion"),
        lambda p: p.set_training(optimizer=7),
        lambda p: p.set_training(momentum=0.5),
        lambda p: p.set_training(learning_rate="0,1"),
        lambda p: p.set_training(epochs=0),
        lambda p: p.train(epochs=-1),
        lambda p: p.train(device="cuda:99"),
        lambda p: p.train(seed=2**70),
        lambda p: nnlab.Project.example("spirals"),
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(project, change):
    before = project.document
    with pytest.raises(NNLabError) as caught:
        change(project)
    assert len(str(caught.value)) > 15
    assert project.document is before


# -------------------------------------------------------------------- training


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, second, other = (small().train(epochs=2, seed=s, device="cpu") for s in (4, 4, 5))
    np.testing.assert_array_equal(first.history["loss"], second.history["loss"])
    for name, array in first.weights.items():
        np.testing.assert_array_equal(array, second.weights[name])
    assert not np.array_equal(first.history["loss"], other.history["loss"])


def test_what_is_given_to_train_holds_for_that_run_alone(trained):
    assert trained.document.training.epochs > 2
    assert trained.run.document.training.epochs == 2


def test_after_training_there_is_a_model_that_predicts(trained):
    inputs = np.array([[0.0, 0.0], [1.0, -1.0]], np.float32)
    answers = trained.predict(inputs)
    assert answers.shape == (2, 2)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    assert trained.evaluate()["validation_accuracy"] == pytest.approx(trained.run.metrics["validation_accuracy"])
    assert not trained.model().training
    from nnlab.core.parts import divide

    parts = divide(trained.document.data)
    figures = trained.evaluate(parts.raw_validation.inputs, parts.raw_validation.targets)
    assert figures["accuracy"] == pytest.approx(trained.run.metrics["validation_accuracy"])


@pytest.mark.parametrize(
    "inputs",
    ["abc", [["a", "b"]], [[1, 2], [3]], [[None, 1.0]], [[1, 2, 3]], [1, 2], 5, [], [[1, np.nan]], [[1e39, 0]]],
)
def test_inputs_that_are_no_samples_are_refused_with_a_sentence(trained, inputs):
    with pytest.raises(DataError):
        trained.predict(inputs)
    with pytest.raises(DataError):
        trained.evaluate(inputs, [0])


@pytest.mark.parametrize("answers", [["a"], [0.5], [2], [-1], [np.nan], [None], [[0]], [0, 1]])
def test_answers_that_are_no_classes_are_refused_with_a_sentence(trained, answers):
    with pytest.raises(DataError):
        trained.evaluate([[1.0, 2.0]], answers)


def test_inputs_without_answers_are_not_evaluated_as_something_else(trained):
    for given in ({"inputs": [[1.0, 2.0]]}, {"targets": [1]}):
        with pytest.raises(DataError, match="both"):
            trained.evaluate(**given)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.graph.add("Linear", name=5),
        lambda p: p.graph.add("Linear", note=None),
        lambda p: p.graph.add("Linear", x=float("nan")),
        lambda p: p.graph.add("Linear", y="left"),
        lambda p: p.graph.set("linear", name=None),
        lambda p: p.graph.set("linear", x=[1]),
        lambda p: p.graph.set("linear", y=float("inf")),
        lambda p: p.graph.set("linear", y=-(10**400)),
        lambda p: p.rename(5),
        lambda p: p.rename("Spiral", notes=b"note"),
        lambda p: p.build(seed=-1),
        lambda p: p.build(seed=1.5),
        lambda p: p.build(seed=2**32),
    ],
)
def test_names_notes_places_and_seeds_are_checked_before_anything_changes(project, change):
    before = project.document
    with pytest.raises(SettingError):
        change(project)
    assert project.document is before


def test_learned_weights_come_back_from_the_file_and_go_on_predicting(trained, tmp_path):
    trained.save(tmp_path / "x.nnlab")
    again = nnlab.Project.open(tmp_path / "x.nnlab")
    inputs = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    np.testing.assert_array_equal(again.predict(inputs), trained.predict(inputs))
    np.testing.assert_array_equal(again.curves["loss"], trained.run.history["loss"])
    assert again.goal == EXAMPLES["spiral"].goal


def test_a_network_that_was_never_trained_or_changed_since_says_so(trained):
    with pytest.raises(BuildError, match="train it first"):
        small().model()
    trained.graph.set("linear", out_features=5)
    for ask in (trained.model, trained.evaluate, lambda: trained.predict(np.zeros((1, 2)))):
        with pytest.raises(BuildError, match="train it again"):
            ask()
    trained.undo()
    assert trained.model()


def test_a_project_with_mistakes_is_not_trained_but_explains_itself():
    project = nnlab.Project.new()
    with pytest.raises(NNLabError) as caught:
        project.train(epochs=1)
    assert len(str(caught.value)) > 15
    assert project.weights is None


def test_asking_for_a_model_does_not_move_anybodys_dice(trained):
    import torch

    torch.manual_seed(9)
    wanted = torch.rand(3)
    torch.manual_seed(9)
    trained.model()
    assert torch.equal(torch.rand(3), wanted)


# -------------------------------------------------------------------- files


def test_a_project_knows_whether_it_is_saved(project, tmp_path):
    project.save(tmp_path / "x.nnlab")
    assert project.is_saved
    project.graph.add("Tanh")
    assert not project.is_saved
    project.undo()
    assert project.is_saved
    project.save()


def test_a_project_notices_that_another_program_changed_its_file(project, tmp_path):
    path = tmp_path / "x.nnlab"
    project.save(path)
    assert not project.file_changed
    other = nnlab.Project.open(path)
    other.rename("Changed elsewhere")
    other.save()
    assert project.file_changed
    assert not other.file_changed


def test_saving_without_a_name_asks_for_one(project):
    with pytest.raises(FileError, match="save it under"):
        project.save()


def test_exports_are_written_whole(trained, tmp_path):
    from safetensors.numpy import load

    trained.export(tmp_path / "net.py", to="python")
    compile((tmp_path / "net.py").read_text(encoding="utf-8"), "net.py", "exec")
    trained.export(tmp_path / "net.safetensors", to="safetensors")
    assert load((tmp_path / "net.safetensors").read_bytes()).keys() == trained.weights.keys()
    with pytest.raises(SettingError, match="or safetensors, not 'pickle'"):
        trained.export(tmp_path / "net.pt", to="pickle")
    with pytest.raises(BuildError, match="train it first"):
        small().export(tmp_path / "no.safetensors", to="safetensors")
    assert not (tmp_path / "no.safetensors").exists()


def test_the_trainer_takes_a_project(project):
    project.set_training(epochs=1)
    with nnlab.Trainer(project) as trainer:
        trainer.start()
        assert trainer.wait(timeout=30)
        assert trainer.weights().keys() == project.build().state_dict().keys()
