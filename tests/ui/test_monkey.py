"""Commands given at random: whatever the order, nothing is raised and the document stays whole."""

import random

import pytest
from PySide6.QtWidgets import QApplication

from nnlab.files import codec
from nnlab.ui import dialogs
from nnlab.ui.shell.main_window import MainWindow

COMMANDS = 30
LEFT_OUT = {"file.quit", "view.full_screen"}  # they are tested by themselves


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("seed", range(4))
def test_commands_in_any_order_do_no_harm(qtbot, monkeypatch, tmp_path, seed):
    file = tmp_path / "any.nnlab"
    monkeypatch.setattr(dialogs, "ask", lambda parent, sentence, advice, buttons, level="info": buttons[-2])
    monkeypatch.setattr(dialogs, "tell", lambda *_, **__: None)
    monkeypatch.setattr(dialogs, "file_to_open", lambda *_: file if file.exists() else None)
    monkeypatch.setattr(dialogs, "file_to_save", lambda parent, title, start, kinds: tmp_path / ("any" + start.suffix))
    rng = random.Random(seed)
    window = MainWindow()
    qtbot.addWidget(window, before_close_func=lambda w: w.leave_in_a_hurry())
    window.show()
    window.complete()
    window.files.example(rng.choice(["spiral", "xor", "circles"]))
    done = []
    with qtbot.captureExceptions() as caught:
        for _ in range(COMMANDS):
            nodes = list(window.bench.document.graph.nodes)
            window.bench.select(rng.sample(nodes, min(len(nodes), rng.randrange(3))))
            window.commands.refresh()
            open_ = [id_ for id_ in window.commands if window.commands[id_].isEnabled() and id_ not in LEFT_OUT]
            done.append(rng.choice(sorted(open_)))
            window.commands[done[-1]].trigger()
            qtbot.wait(1)
            assert not caught, done
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()  # a command palette that was opened last would grab the keyboard of the next test
    document = window.bench.document
    again, notices = codec.document_from_dict(codec.document_to_dict(document))
    assert again.graph == document.graph, done
    assert not notices
