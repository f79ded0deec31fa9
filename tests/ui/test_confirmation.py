"""Torch is asked about the shapes once edits pause; what it sees otherwise is shown where problems are shown."""

from dataclasses import replace

import pytest
import torch  # noqa: F401 - it is only asked where it has been loaded
from pytestqt.qtbot import QtBot

from nnlab.core.chain import chain, layer
from nnlab.core.check import check
from nnlab.core.document import Document
from nnlab.core.layer import Shape
from nnlab.layers.linear import Linear
from nnlab.ui.shell.status_bar import StatusBar
from nnlab.ui.workbench import Workbench


def a_document(units: int) -> Document:
    return Document(chain(layer("Input"), layer("Linear", out_features=units), layer("Tanh"), *LAST))


LAST = (layer("Linear", out_features=2), layer("Output"))


def asked(qtbot: QtBot, line: StatusBar) -> None:
    with qtbot.waitSignal(line.confirmation.asked, timeout=20_000):
        line.confirmation.look()


def test_a_sound_network_is_confirmed_and_nothing_is_said(qtbot: QtBot) -> None:
    bench = Workbench(a_document(8))
    line = StatusBar(bench)
    qtbot.addWidget(line)
    asked(qtbot, line)
    assert line.problems == ()
    line.stop()
    bench.close()


def test_a_layer_whose_rule_is_wrong_is_reported_at_its_node(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Linear, *shapes: Shape) -> Shape:
        return (*shapes[0][:-1], 2 if self.out_features == 2 else self.out_features + 1)

    monkeypatch.setattr(Linear, "output_shape", wrong)
    document = a_document(9).with_data(validation=0.3)
    bench = Workbench(document)
    line = StatusBar(bench)
    qtbot.addWidget(line)
    asked(qtbot, line)
    told = [p for p in check(bench.document) if p.kind == "shapes-disagree"]
    assert set(told) <= set(line.problems)
    moved = bench.document.graph.with_node(replace(bench.document.graph.node("tanh"), y=500.0))
    bench.apply("Move", bench.document.with_graph(moved))
    line.confirmation.look()
    assert set(told) <= set(line.problems), "only a place on the canvas has changed"
    line.stop()
    bench.close()
    assert told
    assert "please report it" in told[0].message
