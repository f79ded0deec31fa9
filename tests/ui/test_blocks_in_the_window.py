"""Blocks on the canvas: group, open in place, edit inside, undo outside, ungroup, keep."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from nnlab.core.blocks import grouping, promoting
from nnlab.core.blocks.block import Block
from nnlab.core.blocks.promoting import Spot
from nnlab.core.chain import chain, dense, layer
from nnlab.core.document import Document
from nnlab.core.graph import Node
from nnlab.core.ready import READY
from nnlab.errors import FileError
from nnlab.ui.canvas import menus, shelf
from nnlab.ui.canvas.editor import GraphEditor
from nnlab.ui.canvas.palette import Palette
from nnlab.ui.inspector.inspector import Inspector
from nnlab.ui.keeping import my_blocks
from nnlab.ui.scope import Scope
from nnlab.ui.workbench import Workbench


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNLAB_DATA_DIR", str(tmp_path))


@pytest.fixture
def bench() -> Iterator[Workbench]:
    made = Workbench(Document(graph=chain(layer("Input"), *dense(4, 8, 2, activation="Tanh"), layer("Output"))))
    yield made
    made.close()


@pytest.fixture
def scope(bench: Workbench) -> Scope:
    return Scope(bench)


@pytest.fixture
def editor(qtbot: QtBot, scope: Scope) -> GraphEditor:
    made = GraphEditor(scope)
    made.glide.enabled = False
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def inspector(qtbot: QtBot, scope: Scope) -> Inspector:
    made = Inspector(scope)
    qtbot.addWidget(made)
    made.show()
    return made


def grouped(editor: GraphEditor) -> str:
    editor.bench.select({"linear_2", "tanh_2"})
    editor.group_selection()
    (block_id,) = editor.bench.selection
    return block_id


def test_the_selection_becomes_a_block_and_comes_apart_again(editor: GraphEditor, bench: Workbench) -> None:
    before = bench.document
    block_id = grouped(editor)
    assert set(editor.picture.nodes) == {"input", "linear", "tanh", block_id, "linear_3", "output"}
    assert bench.history.undo_label == "Group 2 layers"
    editor.ungroup_selection()
    assert bench.document.graph == before.graph
    assert bench.selection == {"linear_2", "tanh_2"}
    bench.undo()
    bench.undo()
    assert bench.document is before


def test_what_cannot_be_grouped_is_told_and_changes_nothing(editor: GraphEditor, bench: Workbench) -> None:
    before = bench.document
    editor.bench.select({"linear", "linear_2"})
    editor.group_selection()
    assert bench.document is before
    assert "lies between" in editor.bubble.text()
    editor.ungroup_selection()
    assert "select a block" in editor.bubble.text().lower()


def test_enter_opens_a_block_in_place_and_esc_leaves_it(editor: GraphEditor, bench: Workbench) -> None:
    block_id = grouped(editor)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert editor.bench.path == (block_id,)
    assert {"linear_2", "tanh_2"} < set(editor.picture.nodes)
    assert "output" not in editor.picture.nodes
    assert editor.crumbs.isVisible()
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert editor.bench.path == ()
    assert not editor.crumbs.isVisible()
    assert bench.selection == {block_id}
    assert "output" in editor.picture.nodes


def test_a_double_click_opens_a_block(editor: GraphEditor) -> None:
    block_id = grouped(editor)
    at = editor.mapFromScene(editor.picture.nodes[block_id].card().center())
    QTest.mouseDClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert editor.bench.path == (block_id,)


def test_a_click_in_the_breadcrumb_goes_back_any_distance(editor: GraphEditor) -> None:
    block_id = grouped(editor)
    editor.bench.enter(block_id)
    editor.bench.select({"linear_2"})
    editor.group_selection()
    (inner_id,) = editor.bench.selection
    editor.bench.enter(inner_id)
    assert [b.text() for b in editor.crumbs.buttons] == ["Network", "Block", "Block"]
    editor.crumbs.buttons[1].click()
    assert (editor.bench.path, editor.bench.selection) == ((block_id,), {inner_id})
    editor.bench.enter(inner_id)
    editor.crumbs.buttons[0].click()
    assert editor.bench.path == ()


def test_an_edit_inside_is_one_step_of_the_whole_and_is_undone_outside(
    editor: GraphEditor, inspector: Inspector, bench: Workbench
) -> None:
    block_id = grouped(editor)
    editor.bench.enter(block_id)
    editor.bench.select({"linear_2"})
    inspector.refresh()
    assert inspector.node_page.form is not None
    inspector.node_page.form._on_field("out_features", 5, True)
    assert bench.document.shapes[block_id].outputs == ((5,),)
    editor.bench.leave()
    bench.undo()
    assert bench.document.shapes[block_id].outputs == ((8,),)


def test_adding_deleting_and_wiring_work_inside(editor: GraphEditor, bench: Workbench) -> None:
    block_id = grouped(editor)
    editor.bench.enter(block_id)
    editor.bench.select({"tanh_2"})
    editor.delete_selection(reconnect=True)
    inner = grouping.inner_graph(bench.document.graph, [block_id])
    assert "tanh_2" not in inner.nodes
    assert bench.document.shapes[block_id].known
    editor.drop_layer(layer("ReLU"), editor.mapToScene(QPoint(300, 300)))
    assert "relu" in grouping.inner_graph(bench.document.graph, [block_id]).nodes
    assert "relu" not in bench.document.graph.nodes


def test_undoing_the_group_leaves_the_block_that_is_gone(editor: GraphEditor, bench: Workbench) -> None:
    block_id = grouped(editor)
    editor.bench.enter(block_id)
    bench.undo()
    assert editor.bench.path == ()
    assert set(editor.picture.nodes) == set(bench.document.graph.nodes)
    assert not editor.crumbs.isVisible()


def test_another_project_closes_the_open_block(editor: GraphEditor, bench: Workbench) -> None:
    editor.bench.enter(grouped(editor))
    bench.open_document(Document(graph=chain(layer("Input"), layer("Output"))))
    assert editor.bench.path == ()
    assert set(editor.picture.nodes) == {"input", "output"}


def test_asking_for_a_layer_outside_leaves_the_block(editor: GraphEditor, bench: Workbench) -> None:
    editor.bench.enter(grouped(editor))
    bench.select({"linear_3"})
    assert editor.bench.path == ()
    assert editor.bench.selection == {"linear_3"}


def test_a_mistake_inside_has_its_badge_inside_and_outside(editor: GraphEditor) -> None:
    block_id = grouped(editor)
    editor.bench.enter(block_id)
    editor.bench.apply_graph("Swap", editor.bench.document.graph.with_node(Node("linear_2", layer("Conv2d"))))
    editor.problems.look()
    assert "needs" in editor.picture.nodes["linear_2"].look.problem
    editor.bench.leave()
    editor.problems.look()
    assert "mistake inside" in editor.picture.nodes[block_id].look.problem


def test_a_port_renamed_inside_keeps_its_wire_outside(
    editor: GraphEditor, inspector: Inspector, bench: Workbench
) -> None:
    block_id = grouped(editor)
    editor.bench.enter(block_id)
    editor.bench.select({"blockinput"})
    inspector.refresh()
    assert inspector.node_page.form is not None
    inspector.node_page.form._on_field("name", "signal", True)
    editor.bench.leave()
    assert [k.target_port for k in bench.document.graph.incoming[block_id]] == ["signal"]
    assert [p.name for p in editor.picture.nodes[block_id].look.inputs] == ["signal"]


def test_the_inspector_opens_a_block_repeats_it_and_shows_what_is_promoted(
    editor: GraphEditor, inspector: Inspector, bench: Workbench
) -> None:
    block_id = grouped(editor)
    inspector.refresh()
    assert inspector.node_page.form is not None
    assert list(inspector.node_page.form.fields) == ["called", "repeat", "share", "repeat_as"]
    inspector.node_page._block.open.click()
    assert editor.bench.path == (block_id,)
    editor.bench.select({"linear_2"})
    inspector.refresh()
    pin = inspector.node_page.form._extras["out_features"]
    QTest.mouseClick(pin, Qt.MouseButton.LeftButton)
    editor.bench.leave()
    inspector.refresh()
    assert list(inspector.node_page.form.fields) == ["called", "repeat", "share", "out_features", "repeat_as"]
    inspector.node_page.form._on_field("out_features", 3, True)
    assert bench.document.shapes[block_id].outputs == ((3,),)
    assert bench.history.undo_label == "Change Units"  # as it is called inside


def test_a_pinned_setting_is_hidden_again(editor: GraphEditor, inspector: Inspector, bench: Workbench) -> None:
    block_id = grouped(editor)
    block = promoting.promote(grouping.block_of(bench.document.graph, block_id), Spot("linear_2", "bias"))
    bench.apply_graph("Promote", grouping.with_block(bench.document.graph, block_id, block))
    editor.bench.enter(block_id)
    editor.bench.select({"linear_2"})
    inspector.refresh()
    assert inspector.node_page.form is not None
    QTest.mouseClick(inspector.node_page.form._extras["bias"], Qt.MouseButton.LeftButton)
    assert grouping.block_of(bench.document.graph, block_id).promoted == ()


def test_a_block_shows_what_it_is_how_often_and_its_ports(editor: GraphEditor, bench: Workbench) -> None:
    made = READY["unet-down"].block((16, 8, 8))
    editor.drop_layer(made, editor.mapToScene(QPoint(200, 200)))
    look = editor.picture.nodes["block"].look
    assert (look.title, look.summary, look.stacked) == ("U-Net, down", "5 layers", True)
    assert [p.name for p in look.outputs] == ["out", "skip"]
    bench.apply_graph("Repeat", bench.document.graph.with_node(Node("block", made.with_(repeat=4))))
    assert editor.picture.nodes["block"].look.summary == "× 4"


def test_naming_a_new_block_names_its_class(editor: GraphEditor, bench: Workbench) -> None:
    from nnlab.ui.canvas import edits

    block_id = grouped(editor)
    bench.apply_graph("Rename", edits.renamed(bench.document.graph, block_id, "Hidden part"))
    node = bench.document.graph.node(block_id)
    assert (node.title, grouping.block_of(bench.document.graph, block_id).called) == ("Hidden part", "Hidden part")


def test_menus_group_ungroup_and_open(editor: GraphEditor) -> None:
    block_id = grouped(editor)
    place = editor.picture.nodes[block_id].card().center()
    texts = [a.text().split("\t")[0] for a in menus.build(editor, place).actions()]
    assert {"Open the block", "Group into a block", "Ungroup"} <= set(texts)


# ------------------------------------------------------------------- the list of layers


@pytest.fixture
def palette(qtbot: QtBot, scope: Scope) -> Palette:
    made = Palette(scope)
    qtbot.addWidget(made)
    made.open_all()
    made.show()
    return made


def test_ready_blocks_are_in_the_list_and_fit_the_layer_they_follow(palette: Palette, bench: Workbench) -> None:
    assert f"{shelf.READY_MARK}mlp" in palette.shown_layers()
    bench.select({"linear_2"})
    palette.add(f"{shelf.READY_MARK}mlp")
    block = bench.document.graph.node("block").layer
    assert isinstance(block, Block)
    assert block.units == 8
    assert bench.document.shapes["output"].known


def test_the_list_offers_block_ports_inside_and_inputs_outside(palette: Palette, editor: GraphEditor) -> None:
    assert {"Input", "Output"} < set(palette.shown_layers())
    assert "BlockInput" not in palette.shown_layers()
    editor.bench.enter(grouped(editor))
    palette.open_all()
    assert {"BlockInput", "BlockOutput"} < set(palette.shown_layers())
    assert "Input" not in palette.shown_layers()


def test_a_block_that_is_kept_is_found_in_every_project(
    palette: Palette, editor: GraphEditor, inspector: Inspector, bench: Workbench
) -> None:
    block_id = grouped(editor)
    bench.apply_graph("Rename", grouping.with_block(
        bench.document.graph, block_id, grouping.block_of(bench.document.graph, block_id).with_(called="Mine")))  # fmt: skip
    inspector.refresh()
    inspector.node_page._block.keep.click()
    assert "mine:Mine" in palette.shown_layers()
    bench.open_document(Document(graph=chain(layer("Input"), layer("Output"))))
    palette.add("mine:Mine")
    assert bench.document.graph.node("block").title == "Mine"


def test_own_blocks_are_renamed_and_removed_by_their_menu(palette: Palette) -> None:
    my_blocks.keep(READY["mlp"].block(), "First")
    row = next(r for r in _rows(palette) if r.data(0, 0x0100) == "mine:First")
    menu = palette.own.build(row)
    assert menu is not None
    menu.actions()[0].trigger()
    palette.own.field.setText("Second")
    QTest.keyClick(palette.own.field, Qt.Key.Key_Return)
    assert list(my_blocks.kept()) == ["Second"]
    row = next(r for r in _rows(palette) if r.data(0, 0x0100) == "mine:Second")
    menu = palette.own.build(row)
    assert menu is not None
    menu.actions()[1].trigger()
    assert my_blocks.kept() == {}
    assert "mine:Second" not in palette.shown_layers()


def _rows(palette: Palette) -> list:  # type: ignore[type-arg]
    tops = [palette.tree.topLevelItem(k) for k in range(palette.tree.topLevelItemCount())]
    return [top.child(k) for top in tops for k in range(top.childCount())]


def test_the_menu_of_other_rows_is_none(palette: Palette, qtbot: QtBot) -> None:
    assert palette.own.build(_rows(palette)[0]) is None
    assert palette.own.build(None) is None


def test_damaged_files_among_the_own_blocks_are_passed_over() -> None:
    my_blocks.keep(READY["mlp"].block(), "Good")
    for name, text in (
        ("a", "{"),
        ("b", "{}"),
        ("c", '{"nnlab-nodes": 1, "nodes": [{"id": "x", "type": "Linear"}]}'),
        ("d", "\x00" * 50),
    ):
        (my_blocks.folder() / f"{name}.json").write_text(text)
    (my_blocks.folder() / "e.json").write_bytes(b"\xff" * 100)
    assert list(my_blocks.kept()) == ["Good"]


def test_names_of_own_blocks_cannot_leave_their_folder(tmp_path: Path) -> None:
    for name in ("../../evil", "/etc/passwd", "", "a" * 500, "Zwölf", "..", "CON"):
        my_blocks.keep(READY["mlp"].block(), name)
    assert all(path.parent == my_blocks.folder() for path in tmp_path.rglob("*.json"))
    assert len(my_blocks.kept()) == 7


def test_a_name_that_is_taken_is_refused() -> None:
    my_blocks.keep(READY["mlp"].block(), "One")
    my_blocks.keep(READY["mlp"].block(), "Two")
    with pytest.raises(FileError):
        my_blocks.rename("One", "Two")
    assert my_blocks.keep(READY["residual"].block(), "One") == "One"
    assert len(my_blocks.kept()) == 2


def test_context_menu_event_on_the_canvas_inside_offers_the_way_out(editor: GraphEditor) -> None:
    editor.bench.enter(grouped(editor))
    texts = [a.text().split("\t")[0] for a in menus.build(editor, editor.mapToScene(QPoint(5, 590))).actions()]
    assert "Leave the block" in texts


def test_pins_make_no_page_wider_than_the_inspector(editor: GraphEditor, inspector: Inspector) -> None:
    inspector.resize(280, 700)
    editor.bench.enter(grouped(editor))
    for kind in ("EmbeddingBag", "Upsample", "Conv2d", "Linear"):
        editor.bench.apply_graph("Add", editor.bench.document.graph.with_node(Node("probe", layer(kind))))
        editor.bench.select({"probe"})
        inspector.refresh()
        page = inspector.node_page.widget()
        assert page is not None
        assert page.minimumSizeHint().width() <= 270
