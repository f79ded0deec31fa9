"""nnlab predict and eval with data of every kind: tables, words, pictures, graphs, several inputs, several answers."""

import csv
import io
import json
import os

import numpy as np
import pytest
from PySide6.QtGui import QImage

import nnlab
from nnlab.cli import main
from nnlab.core.parts import divide


@pytest.fixture
def run(capsys):
    def call(*argv: str | os.PathLike) -> tuple[int, str, str]:
        code = main([os.fspath(a) for a in argv])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


class Known:
    """A project with numbers of its own, in a file, and samples of its data."""

    def __init__(self, folder, name: str, template: bool = False) -> None:
        self.project = nnlab.Project.template(name) if template else nnlab.Project.example(name)
        state = self.project.build().state_dict()
        self.project.weights = {key: value.numpy().copy() for key, value in state.items()}
        self.path, self.folder = folder / f"{name}.nnlab", folder
        self.project.save(self.path)
        parts = divide(self.project.document.data)
        rows = min(5, len(parts.raw_train))
        self.spec = parts.spec
        self.inputs = parts.spec.unpack(parts.raw_train.inputs[:rows])
        self.targets = tuple(y[:rows] for y in (parts.raw_train.targets, *parts.raw_train.also))

    def npz(self, targets: bool = False, without: str = ""):
        arrays = {f.name: x for f, x in zip(self.spec.fields, self.inputs, strict=True)}
        if targets:
            arrays |= {t.name: y for t, y in zip(self.spec.targets, self.targets, strict=True)}
        arrays.pop(without, None)
        np.savez(self.folder / "d.npz", **arrays)
        return self.folder / "d.npz"

    def text(self, text: str):
        (self.folder / "d.csv").write_text(text, encoding="utf-8")
        return self.folder / "d.csv"


KINDS = ("spiral", "digits-mlp", "mood", "zed", "colours", "karate-club", "molecules", "house-price", "hourly-load")


@pytest.mark.parametrize("name", [*KINDS, "outlines", "two-number-digits"])
def test_arrays_of_every_kind_of_data_are_answered_and_judged_as_in_python(run, tmp_path, name):
    known = Known(tmp_path, name)
    wanted = known.project.predict_all(*known.inputs)
    assert run("predict", known.path, "--data", known.npz(), "-o", tmp_path / "out.npz")[0] == 0
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        assert set(found) == set(wanted)
        for key, array in wanted.items():
            np.testing.assert_array_equal(found[key], array)
    code, out, _ = run("eval", known.path, "--data", known.npz(targets=True), "--json")
    assert code == 0
    assert json.loads(out) == pytest.approx(known.project.evaluate(known.inputs, known.targets))


def test_words_are_read_from_a_column_and_words_that_nobody_knows_are_named(run, tmp_path):
    known = Known(tmp_path, "mood")
    words = [w for w in known.spec.vocabulary if w != "·"]
    lines = [" ".join(words[:4]), " ".join(reversed(words[:6]))]
    code, out, _ = run("predict", known.path, "--data", known.text("words\n" + "\n".join(lines) + "\n"))
    assert code == 0
    numbers = np.zeros((2, known.inputs[0].shape[1]), np.int64)
    numbers[0, :4] = [known.spec.vocabulary.index(w) for w in words[:4]]
    numbers[1, :6] = [known.spec.vocabulary.index(w) for w in reversed(words[:6])]
    answers = known.project.predict(numbers)
    for row, wanted in zip(csv.DictReader(io.StringIO(out)), answers, strict=True):
        assert row["prediction"] == known.spec.answers[wanted.argmax()]
        assert float(row["probability of Good mood"]) == pytest.approx(wanted[1], rel=1e-5)
    by_number = known.text("words\n" + "\n".join(" ".join(str(n) for n in row if n) for row in numbers) + "\n")
    assert run("predict", known.path, "--data", by_number)[1] == out
    code, out, err = run("predict", known.path, "--data", known.text("words\nthe was not\nthe wass not\n"))
    assert (code, out) == (2, "")
    assert "line 3, column 'words'" in err
    assert "did you mean 'was'?" in err
    code, _, err = run("predict", known.path, "--data", known.text("words\n" + "the " * 40 + "\n"))
    assert code == 2
    assert "40 words" in err


def test_two_columns_of_words_give_a_word_for_each_place(run, tmp_path):
    known = Known(tmp_path, "zed")
    english = " ".join(known.spec.fields[0].vocabulary[1:4])
    data = known.text(f"zed so far,english\nstart,{english}\nstart taro,{english}\n")
    code, out, _ = run("predict", known.path, "--data", data)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [len(row["prediction"].split()) for row in rows] == [10, 10]
    said = {word.removeprefix("'") for word in rows[0]["prediction"].split()}  # so that "-i" is no formula
    assert said <= set(known.spec.answers)
    judged = known.text(f"english,zed so far,next zed word\n{english},start,taro end\n{english},start taro,- end\n")
    code, out, _ = run("eval", known.path, "--data", judged, "--json")
    assert code == 0
    assert np.isfinite(json.loads(out)["loss"])
    code, _, err = run("predict", known.path, "--data", known.text(f"english\n{english}\n"))
    assert code == 2
    assert "lacks a column called zed so far" in err


def test_class_names_with_spaces_between_places_are_told_by_commas_only_where_needed(run, tmp_path):
    known = Known(tmp_path, "colours")
    code, out, _ = run("predict", known.path, "--data", known.text("words\nthe black cat was\n"))
    assert code == 0
    assert len(next(csv.DictReader(io.StringIO(out)))["prediction"].split()) == known.inputs[0].shape[1]


def test_a_graph_may_have_fewer_edges_and_a_wrong_one_is_refused(run, tmp_path):
    known = Known(tmp_path, "molecules")
    atoms, bonds = known.inputs
    used = int((bonds[0, 0] >= 0).sum())
    np.savez(tmp_path / "d.npz", atoms=atoms[:1], bonds=bonds[:1, :, :used])
    code, out, _ = run("predict", known.path, "--data", tmp_path / "d.npz")
    assert code == 0
    assert float(out.splitlines()[1]) == pytest.approx(
        float(known.project.predict(atoms[:1], bonds[:1])[0, 0]), rel=1e-5
    )
    np.savez(tmp_path / "d.npz", atoms=atoms[:1], bonds=np.full((1, 2, 26), 12))
    code, _, err = run("predict", known.path, "--data", tmp_path / "d.npz")
    assert code == 1
    assert "bonds takes whole numbers from -1 to 11" in err


@pytest.mark.parametrize(("without", "wanted"), [("picture", "called picture"), ("table", "called table")])
def test_an_array_that_is_missing_is_named(run, tmp_path, without, wanted):
    known = Known(tmp_path, "house-price")
    code, out, err = run("predict", known.path, "--data", known.npz(without=without))
    assert (code, out) == (2, "")
    assert "d.npz lacks an array" in err
    assert wanted in err
    np.save(tmp_path / "d.npy", known.inputs[0])
    code, _, err = run("predict", known.path, "--data", tmp_path / "d.npy")
    assert code == 2
    assert "table and picture: give a .npz file" in err
    code, _, err = run("predict", known.path, "--data", known.text("Rooms,a\n1,2\n"))
    assert code == 2
    assert "lacks a column for Area (m²)" in err


def test_several_answers_have_columns_of_their_own(run, tmp_path):
    known = Known(tmp_path, "two-heads", template=True)
    names = list(known.project.predict_all(*known.inputs))
    assert len(names) == 2
    code, out, _ = run("predict", known.path, "--data", known.npz(), "-o", tmp_path / "out.npz")
    assert code == 0
    assert "2 for each sample" in out
    code, out, err = run("predict", known.path, "--data", known.npz())
    rows = list(csv.DictReader(io.StringIO(out))) if code == 0 else []
    assert (code == 0 and len(rows) == len(known.inputs[0])) or "add -o answers.npz" in err
    code, _, err = run("predict", known.path, "--data", known.npz(), "-o", tmp_path / "out.npy")
    assert code == 2
    assert "write to a .npz file" in err


def test_an_answer_that_is_a_picture_is_no_table(run, tmp_path):
    known = Known(tmp_path, "outlines")
    code, out, err = run("predict", known.path, "--data", known.npz())
    assert (code, out) == (2, "")
    assert "add -o answers.npz" in err
    code, _, err = run("eval", known.path, "--data", known.npz())
    assert code == 2
    assert "lacks an array called outline" in err


def test_files_that_are_no_arrays_are_refused(run, tmp_path):
    known = Known(tmp_path, "house-price")
    path = tmp_path / "d.npz"
    for data in (b"", b"PK\x03\x04", b"\x93NUMPY", known.npz().read_bytes()[:-40]):
        path.write_bytes(data)
        code, out, err = run("predict", known.path, "--data", path)
        assert (code, out) == (2, "")
        assert "not a file of NumPy arrays" in err
    np.savez(path, table=np.array([object()], dtype=object), picture=np.zeros(3))
    assert run("predict", known.path, "--data", path)[0] == 2
    np.savez(path, table=known.inputs[0], picture=known.inputs[1][:2])
    code, _, err = run("predict", known.path, "--data", path)
    assert code == 2
    assert "2 and 5 samples" in err
    np.savez(path, table=known.inputs[0], picture=known.inputs[1][:, :, :5])
    code, _, err = run("predict", known.path, "--data", path)
    assert code == 2
    assert "needed are rows of 3 × 32 × 32" in err


@pytest.mark.parametrize("words", [np.array("one"), np.array([], "U3"), np.array([[["a"]], [["b"]]])])
def test_words_in_an_array_that_is_no_list_of_samples_are_refused(run, tmp_path, words):
    known = Known(tmp_path, "mood")
    np.save(tmp_path / "words.npy", words)
    code, out, err = run("predict", known.path, "--data", tmp_path / "words.npy")
    assert (code, out) == (2, "")
    assert "needed are rows of" in err


def test_a_number_that_is_too_large_for_a_network_is_told_by_its_sample(run, tmp_path):
    known = Known(tmp_path, "iris")
    np.save(tmp_path / "large.npy", np.full((3, 4), 1e300))
    code, out, err = run("predict", known.path, "--data", tmp_path / "large.npy")
    assert code
    assert not out
    assert "without a usable number (missing or infinite)" in err


def test_folders_of_pictures_are_answered_by_name_and_judged_by_class(run, tmp_path, qapp):
    known = Known(tmp_path, "picworld-cnn")
    inputs, answers = known.inputs[0], known.targets[0]
    folder = tmp_path / "some"
    for k, (picture, label) in enumerate(zip(inputs, answers, strict=True)):
        bytes_ = np.ascontiguousarray(np.round(np.moveaxis(picture, 0, -1) * 255).astype(np.uint8))
        image = QImage(bytes_.data, 32, 32, 96, QImage.Format.Format_RGB888)
        for place in (folder, tmp_path / "all" / known.spec.answers[label]):
            place.mkdir(parents=True, exist_ok=True)
            assert image.save(str(place / f"{k}.png"))
    rounded = np.round(inputs * 255).astype(np.float32) / 255
    code, out, _ = run("predict", known.path, "--data", folder)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    wanted = known.project.predict(rounded)
    assert [row["file"] for row in rows] == [f"{k}.png" for k in range(5)]
    for row, answer in zip(rows, wanted, strict=True):
        assert row["prediction"] == known.spec.answers[answer.argmax()]
        assert float(row["probability of Cat"]) == pytest.approx(answer[0], rel=1e-4, abs=1e-7)
    code, out, _ = run("eval", known.path, "--data", tmp_path / "all", "--json")
    assert code == 0
    assert json.loads(out) == pytest.approx(known.project.evaluate(rounded, answers), rel=1e-4)
    (tmp_path / "all" / "Unicorn").mkdir()
    assert "named like none of the classes" in run("eval", known.path, "--data", tmp_path / "all")[2]
    assert "there is no .png picture" in run("predict", known.path, "--data", tmp_path / "all")[2]
    QImage(8, 8, QImage.Format.Format_RGB888).save(str(folder / "x.png"))
    assert "the network takes 32 × 32" in run("predict", known.path, "--data", folder)[2]
    assert "does not take one picture" in run("predict", Known(tmp_path, "mood").path, "--data", folder)[2]
