"""A project file comes back equal; anything else opens or is refused with a sentence, and never does harm."""

import contextlib
import io
import json
import os
import random
import struct
import sys
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

import nnlab
from nnlab.core.document import Document
from nnlab.core.example import EXAMPLES
from nnlab.errors import FileError
from nnlab.files import archive, codec, store, tensors
from nnlab.files import disk as files
from nnlab.files.facts import RunFacts

HERE = Path(__file__).resolve().parent
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


def spiral() -> Document:
    return EXAMPLES["spiral"].make()


def weights() -> dict:
    rng = np.random.default_rng(0)
    return {
        "linear.weight": rng.normal(size=(8, 2)).astype(np.float32),
        "linear.bias": np.zeros(8, np.float32),
        "norm.num_batches_tracked": np.array(3),
        "half": np.ones((2, 2), np.float16),
        "mask": np.array([True, False]),
        "empty": np.zeros((0, 3), np.float32),
    }


def history() -> dict:
    return {"loss": np.linspace(1, 0, 50, dtype=np.float32), "epoch": np.arange(5), "gap": np.array([np.nan, 1.0])}


def whole() -> bytes:
    return store.to_bytes(spiral(), weights(), history(), PNG)


def parts() -> dict[str, bytes]:
    return archive.unpack(whole(), "x")


def with_parts(**changes: bytes | None) -> bytes:
    """The file with members replaced ("__" stands for "/", "_dot_" for "."), or taken away."""
    members = parts()
    for name, data in changes.items():
        name = name.replace("__", "/").replace("_dot_", ".")
        members.pop(name, None)
        if data is not None:
            members[name] = data
    return archive.pack(members)


def raw_zip(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED, mode: int = 0o644) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = method, mode << 16
            made.writestr(info, data)
    return out.getvalue()


def refusal(data: bytes) -> str:
    """The sentence this is refused with, within the time and memory that are allowed."""
    began = time.process_time()
    with pytest.raises(FileError) as caught:
        store.from_bytes(data, "work.nnlab")
    assert time.process_time() - began < 5
    text = str(caught.value)
    assert text.startswith("work.nnlab")
    assert "\n" not in text
    assert len(text) < 400
    return text


# -------------------------------------------------------------------- a round trip


def test_everything_comes_back_equal(tmp_path):
    path = tmp_path / "work.nnlab"
    seen = store.save(path, spiral(), weights(), history(), PNG)
    opened = store.open(path)
    assert opened.document == spiral()
    assert opened.notices == ()
    assert opened.thumbnail == PNG
    assert opened.fingerprint == seen == files.fingerprint(path)
    for given, found in ((weights(), opened.weights), (history(), opened.history)):
        assert found is not None
        assert given.keys() == found.keys()
        for name, array in given.items():
            assert found[name].dtype == array.dtype
            assert found[name].shape == array.shape
            np.testing.assert_array_equal(found[name], array)
            assert found[name].flags.writeable


def test_a_project_without_anything_learned_has_no_weights_and_no_history(tmp_path):
    store.save(tmp_path / "x.nnlab", spiral())
    opened = store.open(tmp_path / "x.nnlab")
    assert (opened.weights, opened.history, opened.thumbnail) == (None, None, None)


def test_the_settings_that_made_the_weights_are_kept_beside_them():
    training = spiral().training.with_(epochs=7, seed=3)
    opened = store.from_bytes(store.to_bytes(spiral(), weights(), history(), None, training), "x")
    assert opened.trained_with == training
    assert opened.document == spiral()
    for wrong in (b"[]", b'{"epochs": "x"}', b"{"):
        assert "settings" in refusal(with_parts(runs__last__settings_dot_json=wrong))


def test_how_the_run_was_computed_is_kept_beside_its_curves():
    facts = RunFacts("NVIDIA H200", "eager", "bfloat16", 1, 680, 34, 12.5)
    data = store.to_bytes(spiral(), weights(), history(), facts=facts)
    assert store.from_bytes(data, "x").facts == facts
    assert store.from_bytes(whole(), "x").facts is None
    assert store.from_bytes(store.to_bytes(spiral(), facts=facts), "x").facts is None, "there was no run"
    some = with_parts(runs__last__facts_dot_json=b'{"device": "CPU", "seconds": 3, "of_a_newer_version": [1]}')
    assert store.from_bytes(some, "x").facts == RunFacts("CPU", seconds=3.0)
    wrongs = (
        b"[]",
        b"{",
        b'{"threads": "2"}',
        b'{"steps": -1}',
        b'{"seconds": true}',
        b'{"epochs": 1e400}',
        b'{"device": "\\u0000"}',
    )
    for wrong in wrongs:
        assert "facts" in refusal(with_parts(runs__last__facts_dot_json=wrong))


def test_a_directory_that_hides_parts_is_refused():
    data = bytearray(whole())
    directory = data.index(b"PK\x01\x02")
    data[directory + 33] = 0x10  # the length of the first entry's comment, which then takes in the others
    assert "damaged" in refusal(bytes(data))


def test_the_same_project_gives_the_same_bytes():
    assert whole() == whole()


def test_the_file_holds_what_the_contract_says_and_no_pickle():
    members = parts()
    assert list(members)[:2] == ["manifest.json", "project.json"]
    assert {"weights/model.safetensors", "runs/last/settings.json", "runs/last/loss.npy", "thumbnail.png"} <= set(
        members
    )
    assert json.loads(members["manifest.json"])["format"] == {"major": 1, "minor": 1}
    np.testing.assert_array_equal(
        np.load(io.BytesIO(members["runs/last/loss.npy"]), allow_pickle=False), history()["loss"]
    )


def test_the_weights_are_a_safetensors_file_that_others_read():
    from safetensors.numpy import load

    found = load(parts()["weights/model.safetensors"])
    np.testing.assert_array_equal(found["linear.weight"], weights()["linear.weight"])


def test_saving_over_a_file_that_cannot_be_written_keeps_it(tmp_path, monkeypatch):
    path = tmp_path / "work.nnlab"
    store.save(path, spiral())
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(FileError, match="the disk is full"):
        store.save(path, Document(), weights())
    assert path.read_bytes() == before


def test_a_project_that_could_not_be_opened_again_is_not_saved(tmp_path):
    document = spiral()
    node = document.graph.node("linear")
    long = document.with_graph(document.graph.with_node(type(node)(node.id, node.layer, name="x" * 20_000)))
    with pytest.raises(FileError, match=r"cannot be saved.*linear.*name"):
        store.save(tmp_path / "x.nnlab", long)
    assert not list(tmp_path.iterdir())


def test_the_version_in_files_is_the_version_of_the_package():
    from importlib.metadata import version

    assert json.loads(parts()["manifest.json"])["app_version"] == nnlab.__version__ == version("nnlab")


# -------------------------------------------------------------------- versions


def manifest(**changes: object) -> bytes:
    return json.dumps({"app": "NNLab", "app_version": "9.9", "format": {"major": 1, "minor": 0}, **changes}).encode()


def test_a_newer_minor_format_opens_with_a_notice():
    data = with_parts(manifest_dot_json=manifest(format={"major": 1, "minor": 7}))
    assert "NNLab 9.9" in store.from_bytes(data, "work.nnlab").notices[0]


def test_a_newer_major_format_is_refused_and_says_who_wrote_it():
    data = with_parts(manifest_dot_json=manifest(format={"major": 2, "minor": 0}))
    assert "written by NNLab 9.9" in refusal(data)
    assert "update NNLab" in refusal(data)


@pytest.mark.parametrize(
    "number", [None, 1, "1.0", [1, 0], {}, {"major": 1}, {"major": 0, "minor": 0}, {"major": -1, "minor": 0},
               {"major": 1e9, "minor": 0}, {"major": "x", "minor": 0}, {"major": True, "minor": 0}, {"major": 10**12, "minor": 0}],
)  # fmt: skip
def test_a_nonsense_format_is_refused(number):
    refusal(with_parts(manifest_dot_json=manifest(format=number)))


def test_older_formats_are_brought_up_step_by_step():
    def first(raw):
        return {**raw, "title": raw["title"] + "b"}

    def second(raw):
        return {**raw, "title": raw["title"] + "c"}

    assert store.upgraded({"title": "a"}, 1, (first, second))["title"] == "abc"
    assert store.upgraded({"title": "a"}, 2, (first, second))["title"] == "ac"
    assert len(store.UPGRADES) == store.FORMAT[0] - 1


@pytest.mark.parametrize("path", sorted(HERE.glob("*.nnlab")), ids=lambda p: p.name)
def test_files_of_every_released_format_open_and_come_back_equal(path):
    opened = store.open(path)
    assert opened.notices == ()
    again = store.from_bytes(store.to_bytes(opened.document, opened.weights, opened.history), path.name)
    assert again.document == opened.document
    assert len(opened.document.graph.nodes) > 3
    assert opened.weights
    assert opened.history
    assert all(opened.document.shapes[n].known for n in opened.document.graph.nodes)


def test_there_is_a_file_of_the_present_format():
    major, minor = store.FORMAT
    assert (HERE / f"format-{major}.{minor}.nnlab").is_file()


# -------------------------------------------------------------------- damaged files


@pytest.mark.parametrize(
    "data",
    [b"", b"P", b"PK", b"hello", b"<!DOCTYPE html><html>", b"\x7fELF" + bytes(100), b"PK\x05\x06" + bytes(18), bytes(1000),
     b"%PDF-1.4\n" + b"x" * 100, b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR."],
)  # fmt: skip
def test_what_is_no_project_is_refused(data):
    refusal(data)


def test_a_file_cut_at_any_byte_is_refused():
    data = whole()
    for end in range(0, len(data), 53):
        refusal(data[:end])


def test_a_flipped_bit_is_refused_or_changes_nothing():
    data, rng = bytearray(whole()), random.Random(3)
    for at in rng.sample(range(len(data)), 250):
        bit = 1 << rng.randrange(8)
        data[at] ^= bit
        try:
            opened = store.from_bytes(bytes(data), "work.nnlab")
        except FileError:
            pass
        else:
            assert opened.document == spiral()
            for name, array in weights().items():
                assert opened.weights is not None
                np.testing.assert_array_equal(opened.weights[name], array)
        data[at] ^= bit


def test_random_damage_never_raises_anything_else():
    good, rng = whole(), random.Random(11)
    for _ in range(150):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data))
            data[at : at + rng.randint(0, 30)] = rng.randbytes(rng.randint(0, 30))
        with contextlib.suppress(FileError):  # anything else fails the test
            store.from_bytes(bytes(data), "work.nnlab")


def test_something_before_or_after_the_archive_is_refused():
    for data in (b"%PDF" + whole(), whole() + b"more", whole() + whole(), b"PK" + whole()):
        refusal(data)


@pytest.mark.parametrize("name", ["manifest_dot_json", "project_dot_json"])
def test_a_missing_part_is_named(name):
    assert name.replace("_dot_", ".") in refusal(with_parts(**{name: None}))


@pytest.mark.parametrize("name", ["manifest_dot_json", "project_dot_json"])
@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"5", b"null", b'"x"', b"{} {}", b"// hi\n{}", '{"a": 1}'.encode("utf-16"), b'{"format": 1, "format": 2}',
     b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"nodes": ' + b"9" * 5000 + b"}", b"\xff\xfe", b'{"a": "\\ud800"}',
     b"[" + b"[]," * 2_000_000 + b"[]]", b'{"title": "' + b"x" * 100_000 + b'"}'],
    ids=lambda t: repr(t[:12]),
)  # fmt: skip
def test_texts_that_are_no_project_are_refused(name, text):
    refusal(with_parts(**{name: text}))


def test_a_byte_order_mark_does_no_harm():
    data = with_parts(project_dot_json=b"\xef\xbb\xbf" + parts()["project.json"])
    assert store.from_bytes(data, "x").document == spiral()


def test_a_mistake_in_the_project_names_file_node_and_field():
    raw = json.loads(parts()["project.json"])
    raw["nodes"][1]["params"]["out_features"] = "x"
    text = refusal(with_parts(project_dot_json=json.dumps(raw).encode()))
    assert text == "work.nnlab: Linear (linear): Units needs a whole number from 1 to 65\u202f536, not 'x'"


# -------------------------------------------------------------------- archives that are traps


def entries() -> list[tuple[str, bytes]]:
    return list(parts().items())


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../evil", "/etc/passwd", "C:\\x", "\\\\host\\x", "a\\b", "x" * 5000, "CON:", "a\u202eb", "a//b", "a b",
     ".hidden", "a/.b", "runs/", "é"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name):
    assert "a name that is not allowed" in refusal(raw_zip([*entries(), (name, b"x")]))


def test_a_part_twice_or_twice_but_for_case_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = raw_zip([*entries(), ("project.json", b"{}")])
    assert "twice" in refusal(twice)
    assert "twice" in refusal(raw_zip([*entries(), ("PROJECT.json", b"{}")]))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(method):
    assert "packed" in refusal(raw_zip(entries(), method))


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644, 0o040755, 0o060644])
def test_links_pipes_and_devices_inside_are_refused(mode):
    assert "link" in refusal(raw_zip([*entries(), ("extra", b"project.json")], mode=mode))


@pytest.mark.parametrize("name", ["project_dot_json", "weights__model_dot_safetensors", "thumbnail_dot_png", "extra"])
def test_a_bomb_is_refused_by_what_it_declares(name):
    zeros = bytes(100 * 2**20)
    bomb = raw_zip([*entries()[:1], (name.replace("__", "/").replace("_dot_", "."), zeros)])
    assert len(bomb) < 2**20
    assert "far more" in refusal(bomb)


def test_a_bomb_that_lies_about_its_size_is_never_unpacked():
    packed = zlib.compress(bytes(200 * 2**20), 9)[2:-4]
    # a member of 100 bytes by its own account, deflated, with the bomb as its stream
    local = (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), 100, 13, 0) + b"manifest.json" + packed
    )
    central = (
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(packed), 100, 13, 0, 0, 0, 0, 0, 0)
        + b"manifest.json"
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    refusal(local + central + end)


def test_parts_that_share_one_stream_are_refused():
    data = bytearray(whole())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    refusal(bytes(data))


def test_an_archive_of_a_hundred_thousand_parts_is_refused_at_once():
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    central = entry * 60_000
    for claimed in (60_000, 3):
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, claimed, claimed, len(central), 4, 0)
        refusal(b"PK\x03\x04" + central + end)


def test_an_encrypted_part_is_refused():
    data = bytearray(whole())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert "encrypted" in refusal(bytes(data))


def test_a_wrong_checksum_is_refused():
    data = bytearray(whole())
    at = data.index(b"PK\x01\x02")
    data[at + 16] ^= 0xFF
    refusal(bytes(data))


def test_parts_that_are_not_known_are_told_of():
    opened = store.from_bytes(with_parts(data__new_dot_bin=b"x"), "work.nnlab")
    assert "data/new.bin" in opened.notices[0]


# -------------------------------------------------------------------- weights and curves that are traps


def safetensors(header: object, body: bytes = b"", size: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + body


def entry(dtype: str = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


BAD_TENSORS = {
    "empty": b"",
    "short": b"1234",
    "header of all ones": safetensors({}, size=2**64 - 1),
    "header of 100 000 001": safetensors({}, size=100_000_001),
    "header past the end": safetensors({}, size=50),
    "header of no length": safetensors(b""),
    "header no json": safetensors(b"hello!"),
    "header a list": safetensors([]),
    "header twice the key": safetensors(b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{}}'),
    "tensor no group": safetensors({"a": 5}),
    "extra field": safetensors({"a": {**entry(), "x": 1}}, bytes(8)),
    "overlap": safetensors({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
    "hole": safetensors({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)),
    "trailing bytes": safetensors({"a": entry()}, bytes(9)),
    "too short": safetensors({"a": entry()}, bytes(7)),
    "swapped offsets": safetensors({"a": entry(offsets=(8, 0))}, bytes(8)),
    "size does not fit": safetensors({"a": entry(shape=(3,))}, bytes(8)),
    "shape overflow": safetensors({"a": entry(shape=(2**40, 2**40))}, bytes(8)),
    "negative": safetensors({"a": entry(shape=(-2,))}, bytes(8)),
    "true": safetensors({"a": entry(shape=(True, 2))}, bytes(8)),
    "fraction": safetensors({"a": entry(shape=(2.0,))}, bytes(8)),
    "rank 10 000": safetensors({"a": entry(shape=(1,) * 10_000, offsets=(0, 4))}, bytes(4)),
    "complex": safetensors({"a": entry("C64", (1,))}, bytes(8)),
    "dtype a list": safetensors({"a": entry(dtype=["F32"])}, bytes(8)),  # type: ignore[arg-type]
    "30 000 tensors": safetensors({f"t{k}": entry(shape=(0,), offsets=(0, 0)) for k in range(30_000)}),
    "long name": safetensors({"x" * 1000: entry()}, bytes(8)),
    "pickle": b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR." + bytes(100),
    "torch file": b"PK\x03\x04" + bytes(100),
    "lfs pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
    "web page": b"<!DOCTYPE html><html><body>Not found</body></html>",
}


@pytest.mark.parametrize("case", BAD_TENSORS)
def test_weights_that_lie_are_refused(case):
    text = refusal(with_parts(weights__model_dot_safetensors=BAD_TENSORS[case]))
    assert "weights/model.safetensors" in text
    hints = {"pickle": "never opened", "lfs pointer": "LFS", "web page": "web page"}
    assert hints.get(case, "") in text


def test_random_damage_of_weights_is_refused_or_harmless():
    good, rng = tensors.to_bytes(weights()), random.Random(5)
    for _ in range(300):
        data = bytearray(good)
        at = rng.randrange(len(data))
        data[at : at + rng.randint(0, 9)] = rng.randbytes(rng.randint(0, 9))
        with contextlib.suppress(FileError):
            tensors.from_bytes(bytes(data), "x")


def test_weights_that_are_not_finite_are_left_out_with_their_number():
    bad = weights()
    bad["linear.bias"][:3] = [np.nan, np.inf, -np.inf]
    opened = store.from_bytes(store.to_bytes(spiral(), bad), "x")
    assert opened.weights is None
    assert opened.notices[0].startswith("3 of the saved weights are not finite")


@pytest.mark.parametrize(
    "array", [np.array([object()]), np.zeros(2, np.complex64), np.array(["a"]), np.zeros(1, ">f4")]
)
def test_weights_of_other_kinds_are_not_saved(array):
    with pytest.raises(FileError, match="odd"):
        store.to_bytes(spiral(), {"odd": array})


@pytest.mark.parametrize(
    "header",
    ["{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }",
     "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }",
     "{'descr': '<f4', 'fortran_order': False, 'shape': (2,2), }", "__import__('os').system('touch /tmp/x')", "", "{" * 500],
)  # fmt: skip
def test_curves_that_lie_are_refused(header):
    text = header.encode() + b"\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(16)
    assert "recorded curve" in refusal(with_parts(runs__last__loss_dot_npy=data))


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\x02\x00", b"\x80\x04K\x01.", bytes(500)])
def test_damaged_curves_are_refused(data):
    refusal(with_parts(runs__last__loss_dot_npy=data))


def test_a_picture_that_is_none_is_left_out():
    assert store.from_bytes(with_parts(thumbnail_dot_png=b"<svg onload=alert()>"), "x").thumbnail is None


# -------------------------------------------------------------------- nothing is ever run


def test_no_code_of_a_file_is_run_and_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    raw = json.loads(parts()["project.json"])
    for n, name in enumerate(
        ["os.system", "torch.load", "__class__", "Module", "LazyLinear", "nnlab.core.layer.Layer"]
    ):
        raw["nodes"].append({"id": f"evil{n}", "type": name, "params": {"command": "touch evil", "__reduce__": "x"}})
    raw["data"]["dataset"] = {"type": "/etc/passwd", "path": "/etc/passwd"}
    document = store.from_bytes(with_parts(project_dot_json=json.dumps(raw).encode()), "x").document
    assert all(document.shapes[f"evil{n}"].problem or document.shapes[f"evil{n}"].waiting for n in range(6))
    assert not list(tmp_path.iterdir())
    assert not {m for m in set(sys.modules) - before if m.startswith(("torch", "pickle"))}


def test_mutants_that_open_save_and_open_again_equal():
    rng = random.Random(2)
    good = json.loads(parts()["project.json"])
    values = [None, True, -1, 0, 1e308, "x", "", [], {}, 2**63, "input", [1, 2]]
    opened = 0
    for _ in range(300):
        raw = json.loads(json.dumps(good))
        at = raw
        while isinstance(at, (dict, list)) and at:
            key = rng.choice(sorted(at)) if isinstance(at, dict) else rng.randrange(len(at))
            if rng.random() < 0.4 or not isinstance(at[key], (dict, list)):
                at[key] = rng.choice(values)
                break
            at = at[key]
        try:
            document, _ = codec.document_from_dict(raw)
        except FileError:
            continue
        opened += 1
        assert store.from_bytes(store.to_bytes(document), "x").document == document
    assert opened > 30
