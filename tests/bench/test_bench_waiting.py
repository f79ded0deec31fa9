"""How long threads wait for a core is read where the system tells, and is nothing elsewhere."""

import threading
from pathlib import Path

import pytest

from nnlab.bench import waiting
from nnlab.bench.waiting import Crew, Thread


def test_a_thread_that_computes_is_seen_to_where_the_system_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "TASKS", tmp_path)
    me = threading.main_thread()
    file = tmp_path / str(me.native_id) / "schedstat"
    file.parent.mkdir()
    file.write_text("1000000000 500000000 7\n")
    seen = Thread(me)
    file.write_text("3000000000 750000000 9\n")
    assert seen.computed() == pytest.approx(2.0)
    assert seen.waited() == pytest.approx(0.25)


def test_elsewhere_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TASKS", tmp_path / "nowhere")
    assert Thread(threading.main_thread()).waited() == 0.0


def test_of_the_crew_the_busiest_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TASKS", tmp_path)
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait, name=f"nnlab-test-{k}") for k in range(2)]
    try:
        for thread in threads:
            thread.start()
            (tmp_path / str(thread.native_id)).mkdir()
            (tmp_path / str(thread.native_id) / "schedstat").write_text("0 0 1")
        crew = Crew()
        for k, thread in enumerate(threads):
            (tmp_path / str(thread.native_id) / "schedstat").write_text(f"{k + 1}000000000 {k + 3}000000000 5")
        assert crew.waited() == pytest.approx(4.0)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
