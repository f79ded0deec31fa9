"""What every data set promises, asked of each that is registered."""

import dataclasses
import socket
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.core.dataset import DATASETS, Dataset
from nnlab.core.param import Param

CATEGORIES = {
    *("Points in the plane", "Curves and surfaces", "Made-up tables", "Real tables", "Pictures"),
    *("Sequences", "Graphs"),
}
REAL = {
    "iris": "load_iris",
    "wine": "load_wine",
    "breast-cancer": "load_breast_cancer",
    "diabetes": "load_diabetes",
    "digits": "load_digits",
}
FACTS = {"karate-club"}
"""Typed in from a book: neither drawn at random nor scikit-learn's."""
MADE_UP = sorted(set(DATASETS) - set(REAL) - FACTS)
EXPECTED = {
    *REAL,
    *FACTS,
    *("spiral", "circles", "moons", "xor", "blobs", "curve", "surface", "ten-features"),
    *("mood", "first-word", "colours", "zed", "hourly-load", "wave", "molecules"),
    *("picworld", "house", "moving-square", "two-spirals"),
}


def test_the_data_sets_that_files_may_name_are_there() -> None:
    assert set(DATASETS) >= EXPECTED


@pytest.mark.parametrize("kind", [DATASETS[i] for i in DATASETS], ids=list(DATASETS))
class TestEveryDataset:
    def test_explains_itself(self, kind: type[Dataset]) -> None:
        assert kind.title
        assert kind.category in CATEGORIES
        assert kind.__doc__
        assert kind.__doc__.splitlines()[0].endswith((".", ","))
        assert all(p.why.endswith(".") for p in kind.params())

    def test_promised_facts_are_the_real_ones(self, kind: type[Dataset]) -> None:
        holds_what_it_promises(kind())

    def test_the_plane_drawn_first_is_of_two_inputs_it_has(self, kind: type[Dataset]) -> None:
        spec = kind().spec()
        if len(spec.inputs) > 1:
            assert len(set(spec.axes)) == 2
            assert all(0 <= axis < len(spec.inputs) for axis in spec.axes)

    def test_same_settings_give_the_same_numbers(self, kind: type[Dataset]) -> None:
        first, second = kind().make(), kind().make()
        assert np.array_equal(first.inputs, second.inputs)
        assert np.array_equal(first.targets, second.targets)

    def test_is_made_without_a_network(self, kind: type[Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a data set opened a socket")

        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)
        kind().make()

    def test_names_are_told_apart(self, kind: type[Dataset]) -> None:
        spec = kind().spec()
        assert len(set(spec.inputs)) == len(spec.inputs)
        assert len(set(spec.answers)) == len(spec.answers)
        assert all(name.strip() == name != "" for name in (*spec.inputs, *spec.answers))


KINDS = {"x": np.float32, "i": np.int64, "e": np.int64, "m": np.bool_}


def holds_what_it_promises(dataset: Dataset) -> None:
    spec, made = dataset.spec(), dataset.make()
    assert spec.rows == len(made) == len(made.targets)
    assert spec.split is None or sum(spec.split) == spec.rows
    for field, array in zip(spec.fields, (made.inputs, *made.more), strict=True):
        assert array.dtype == KINDS[field.kind]
        assert array.shape == (spec.rows, *field.shape)
        assert np.isfinite(array).all()
        if field.kind == "i":
            assert set(np.unique(array)) <= set(range(len(field.vocabulary)))
        if field.kind == "x" and len(field.shape) == 1:
            assert len(field.names) == field.shape[0]
    for target, array in zip(spec.targets, (made.targets, *made.also), strict=True):
        assert array.shape == (spec.rows, *target.own_shape)
        if target.task == "classes":
            assert array.dtype == np.int64
            everyone = set(range(target.width))
            uncounted = {-1} if target.own_shape else set()
            assert everyone <= set(np.unique(array)) <= everyone | uncounted, "every class has samples"
        else:
            assert array.dtype == np.float32
            assert np.isfinite(array).all()
            assert array.std() > 0


def values_of(p: Param) -> st.SearchStrategy[object]:
    if p.kind == "choice":
        return st.sampled_from([value for value, _ in p.choices])
    if p.kind == "bool":
        return st.booleans()
    if p.optional:
        return st.one_of(st.none(), values_of(dataclasses.replace(p, optional=False)))
    if p.name in ("samples", "validation", "test"):
        return st.integers(int(p.low or 0), 300 if p.name == "samples" else 60)
    if p.kind == "int":
        return st.integers(int(p.low or 0), int(p.high or 0))
    return st.floats(p.low, p.high)


@pytest.mark.parametrize("id_", MADE_UP)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_setting_in_its_range_makes_what_is_promised(id_: str, data: st.DataObject) -> None:
    kind = DATASETS[id_]
    chosen = {p.name: data.draw(values_of(p), label=p.name) for p in kind.params() if p.kind != "text"}
    holds_what_it_promises(kind(**chosen))


@pytest.mark.parametrize("id_", MADE_UP)
def test_another_seed_gives_other_numbers(id_: str) -> None:
    kind = DATASETS[id_]
    assert not np.array_equal(kind(seed=0).make().inputs, kind(seed=1).make().inputs)


@pytest.mark.parametrize("id_", MADE_UP)
def test_classes_are_of_equal_size(id_: str) -> None:
    dataset = DATASETS[id_]()
    if dataset.spec().task == "classes" and dataset.spec().targets[0].own_shape == ():
        sizes = np.bincount(dataset.make().targets)
        assert sizes.max() - sizes.min() <= 2


@pytest.mark.parametrize("id_", sorted(REAL))
def test_real_tables_are_scikit_learns_own(id_: str) -> None:
    import sklearn.datasets

    options = {"scaled": False} if id_ == "diabetes" else {}
    theirs = getattr(sklearn.datasets, REAL[id_])(**options)
    ours = DATASETS[id_]().make()
    assert np.array_equal(ours.targets.ravel(), theirs.target.astype(ours.targets.dtype))
    flat = ours.inputs.reshape(len(ours), -1)
    assert np.allclose(flat, theirs.data / (16 if id_ == "digits" else 1), rtol=1e-6)


def words(name: str) -> str:
    """A column's name without unit, case and signs, British or not."""
    for sign in "_-/":
        name = name.replace(sign, " ")
    return " ".join(name.split(" (")[0].lower().replace("colour", "color").split())


@pytest.mark.parametrize("id_", ["iris", "breast-cancer"])
def test_columns_bear_the_names_of_the_original_table(id_: str) -> None:
    import sklearn.datasets

    theirs = getattr(sklearn.datasets, REAL[id_])()
    spec = DATASETS[id_]().spec()
    assert [words(n) for n in spec.inputs] == [words(n) for n in theirs.feature_names]
    assert [words(n) for n in spec.answers] == [words(n) for n in theirs.target_names]


def test_wine_has_the_columns_of_the_original_table() -> None:
    from sklearn.datasets import load_wine

    theirs = [words(n).replace("diluted wines", "diluted wine") for n in load_wine().feature_names]
    assert [words(n) for n in DATASETS["wine"]().spec().inputs] == theirs


def test_pictures_are_scaled_to_one() -> None:
    pictures = DATASETS["digits"]().make().inputs
    assert (pictures.min(), pictures.max()) == (0.0, 1.0)


def test_facts_are_had_without_any_library() -> None:
    code = (
        "import sys\n"
        "from nnlab.core.dataset import DATASETS\n"
        "for i in DATASETS: DATASETS[i]().spec()\n"
        "print(*sorted({'sklearn', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("arms", [2, 3, 4, 5])
def test_spiral_arms_wind_evenly_around_each_other(arms: int) -> None:
    made = DATASETS["spiral"](arms=arms, noise=0.0, samples=60 * arms).make()
    radius = np.hypot(*made.inputs.T)
    angle = np.arctan2(made.inputs[:, 1], made.inputs[:, 0])
    turned = angle - 2 * np.pi * (1.5 * radius / 3 + made.targets / arms)
    assert np.allclose(np.cos(turned), 1, atol=1e-4), "every point lies on its arm"
    halves = np.array([np.mean(radius[made.targets == arm] > 3 / np.sqrt(2)) for arm in range(arms)])
    assert np.allclose(halves, 0.5, atol=0.05), "half of an arm's length, half of its points"


@pytest.mark.parametrize("id_", ["circles", "blobs"])
def test_number_of_classes_is_a_setting(id_: str) -> None:
    for classes in (2, 3, 5):
        dataset = DATASETS[id_](classes=classes)
        assert dataset.spec().width == classes == len(np.unique(dataset.make().targets))


def test_settings_are_declared_in_one_way() -> None:
    for id_ in set(MADE_UP) - {"blank"}:  # which says first what it stands for
        names = [f.name for f in dataclasses.fields(DATASETS[id_])]
        assert names[-1] == "seed"
        if DATASETS[id_]().spec().split is None:  # the others have sizes of their own, and some no noise
            assert names[0] == "samples"
            assert "noise" in names
