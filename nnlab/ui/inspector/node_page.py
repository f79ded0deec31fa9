"""The inspector's page of one layer: its name, what it does, its settings, its shapes, and what is wrong with it."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QGridLayout

from nnlab.core import words
from nnlab.core.blocks import grouping
from nnlab.core.blocks.block import Block
from nnlab.core.check import Problem
from nnlab.core.document import Document
from nnlab.core.graph import Node
from nnlab.core.layer import MISSING, Layer, Port, Shape, shape_text
from nnlab.core.learning import owner
from nnlab.core.param import Param
from nnlab.ui.forms.controls import Fold, Hairline, chain_focus
from nnlab.ui.forms.form import SettingsForm
from nnlab.ui.forms.number_edit import LineEdit
from nnlab.ui.inspector.activation_part import ActivationPart
from nnlab.ui.inspector.block_part import BlockPart, pins
from nnlab.ui.inspector.data_choices import Choices, data_choices
from nnlab.ui.inspector.learning_part import LearningPart
from nnlab.ui.inspector.page import Cards, Facts, Page
from nnlab.ui.look import icons, theme
from nnlab.ui.look.labels import label, plain
from nnlab.ui.look.port_words import port_words
from nnlab.ui.scope import Scope, scope_of
from nnlab.ui.workbench import Workbench

NAME_LIMIT = 80
_FLAT = (
    "QLineEdit { background: transparent; border-color: transparent; padding-left: 4px; }"
    "QLineEdit:hover { border-color: palette(mid); }"
    "QLineEdit:focus { border-color: palette(highlight); }"
)


class NameEdit(LineEdit):
    """The name of a layer, to be typed over; empty means the name of its kind."""

    renamed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._name, self._default = "", ""
        self.setAccessibleName("Name")
        self.setMaxLength(NAME_LIMIT)
        self.setStyleSheet(_FLAT)
        font = self.font()
        font.setPixelSize(theme.TITLE_PX)
        font.setWeight(font.Weight.DemiBold)
        self.setFont(font)
        self.setToolTip("What you call this layer; it also names it in exported code")
        self.editingFinished.connect(self._on_finished)

    def set_name(self, name: str, default: str) -> None:
        """Show this name, or the default where there is none; what is being typed stays while the name does."""
        if (name, default) != (self._name, self._default):
            self._name, self._default = name, default
            self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc brings the name back."""
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self._show()
        else:
            super().keyPressEvent(event)

    def _show(self) -> None:
        self.setPlaceholderText(plain(self._default))
        self.setText(plain(self._name or self._default))
        self.setCursorPosition(0)
        self.setModified(False)

    def _on_finished(self) -> None:
        if not self.isModified():
            return
        typed = unicodedata.normalize("NFC", " ".join(plain(self.text()).split()))
        name = "" if typed == self._default else typed
        changed = name != self._name
        self._name = name
        self._show()
        if changed:
            self.renamed.emit(name)


class NodePage(Page):
    """One layer. It keeps its widgets while the same kind of layer is shown, so nothing flickers."""

    def __init__(self, bench: Workbench | Scope, explain: Callable[[str], None]) -> None:
        super().__init__("Layer")
        self._bench = bench = scope_of(bench)
        self._shown: tuple[Param, ...] = ()
        self._choices: Mapping[str, Choices] = {}
        self._block = BlockPart(bench)
        self.activation = ActivationPart(bench)
        self.activation.explained.connect(explain)
        self.learning = LearningPart(bench)
        self._explain = explain
        self._node_id = ""
        self._kind: type[Layer] | None = None
        self.form: SettingsForm | None = None
        self.name = NameEdit()
        self.name.renamed.connect(self._rename)
        self._sign = label("")
        self._sign.setFixedSize(24, 24)
        self._type = label("", "caption")
        self._help = _wrapped()
        self._formula = _wrapped()
        self._formula.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = _wrapped()
        self.fold = Fold("What it does in full", self._more.setVisible)
        self.cards = Cards(lambda fix: bench.apply(fix.label, fix.apply(bench.document)))
        self.facts = Facts()
        self._build()

    def show_node(self, node_id: str, document: Document, problems: tuple[Problem, ...]) -> None:
        """Show this layer as it is in this document."""
        node = document.graph.node(node_id)
        choices = data_choices(document, node)
        same = node_id == self._node_id and type(node.layer) is self._kind
        if not same or node.layer.open_params() != self._shown or choices != self._choices:
            self._choices = choices
            self._change_node(node)
        elif self.form is not None:
            self.form.set_settings(node.layer)
        self.activation.show_node(node, document)
        self.learning.show_node(node, document)
        self.name.set_name(node.name, node.layer.title)
        kind = node.layer
        self._type.setText(f"{kind.title} · {kind.category}" if node.name else kind.category)  # the title says it above
        self.cards.set_problems(tuple(p for p in problems if p.node == node_id))
        self.facts.set_facts(_facts(node_id, document))

    def changeEvent(self, event: QEvent) -> None:
        """The sign follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._kind is not None:
            self._draw_sign(self._kind)

    # ---------------------------------------------------------------- inside

    def _build(self) -> None:
        head = QGridLayout()
        head.setHorizontalSpacing(4)
        head.setVerticalSpacing(0)
        head.addWidget(self._sign, 0, 0)
        head.addWidget(self.name, 0, 1)
        head.addWidget(self._type, 1, 1)
        self._type.setContentsMargins(7, 0, 0, 0)
        self.column.addLayout(head)
        for widget in (self.cards, self._help, self._block, Hairline()):
            self.column.addWidget(widget)
        self._form_at = self.column.count()
        self._line = Hairline()
        for widget in (
            self.activation,
            self.learning,
            self._line,
            self.facts,
            Hairline(),
            self._formula,
            self.fold,
            self._more,
        ):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self._more.hide()

    def _change_node(self, node: Node) -> None:
        self._node_id, self._kind, self._shown = node.id, type(node.layer), node.layer.open_params()
        self._block.show_node(node)
        first, rest = _help_parts(node.layer)
        self._help.setText(first)
        self._formula.setText(node.layer.formula)
        self._formula.setVisible("=" in node.layer.formula)  # a lone letter explains nothing
        self._more.setText(rest)
        self.fold.setVisible(bool(rest))
        self._more.setVisible(bool(rest) and self.fold.isChecked())
        self._draw_sign(type(node.layer))
        self._change_form(node)
        self.verticalScrollBar().setValue(0)

    def _change_form(self, node: Node) -> None:
        if self.form is not None:
            self.column.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        self._line.setVisible(bool(self._shown))
        if self._shown:
            node_id = node.id

            def change(name: str, value: Any, done: bool) -> None:
                set_layers(self._bench, (node_id,), name, value, done)

            self.form = SettingsForm(node.layer, change, pins(self._bench, node), choices=self._choices)
            self.form.explained.connect(self._explain)
            self.column.insertWidget(self._form_at, self.form)
            if isinstance(node.layer, Block):
                self.form.hide_setting("called")  # the line above edits it
            chain_focus([self.name, *self.form.controls(), *self.activation.form.controls(), self.fold])

    def _draw_sign(self, kind: type[Layer]) -> None:
        token = kind.category if kind.category in theme.current().families else "muted"
        self._sign.setPixmap(icons.pixmap(icons.for_category(kind.category), 24, token))

    def _rename(self, name: str) -> None:
        graph = self._bench.document.graph
        if self._node_id in graph.nodes:
            node = grouping.named(graph.node(self._node_id), name)
            self._bench.apply_graph("Rename", graph.with_node(node))


class SeveralPage(Page):
    """Several layers at once: what they are, and the settings they share where all are of one kind."""

    def __init__(self, bench: Workbench | Scope, explain: Callable[[str], None]) -> None:
        super().__init__("Several layers")
        self._bench = bench
        self._explain = explain
        self._shown: tuple[tuple[str, ...], type[Layer] | None] = ((), None)
        self._choices: Mapping[str, Choices] = {}
        self.form: SettingsForm | None = None
        self.title = label("", "title")
        self.facts = Facts()
        self._note = _wrapped()
        self._note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for widget in (self.title, self.facts, Hairline(), self._note):
            self.column.addWidget(widget)
        self._form_at = self.column.count()
        self.column.addStretch(1)

    def show_nodes(self, node_ids: tuple[str, ...], document: Document) -> None:
        """Show these layers as they are in this document."""
        layers = [document.graph.node(n).layer for n in node_ids]
        kinds = {type(layer) for layer in layers}
        alike = all(layer.open_params() == layers[0].open_params() for layer in layers)
        kind = type(layers[0]) if len(kinds) == 1 and alike and layers[0].open_params() else None
        self.title.setText(words.plural(len(layers), "layer") + " selected")
        self.facts.set_facts(_counted(layers, node_ids, document))
        self._note.setText("A change here changes every one of them." if kind else "They have no settings in common.")
        if (node_ids, kind) != self._shown:
            self._shown = (node_ids, kind)
            self._choices = data_choices(document, document.graph.node(node_ids[0])) if kind else {}
            self._change_form(node_ids, layers[0] if kind else None)
        if self.form is not None:
            names = [p.name for p in layers[0].open_params()]
            mixed = {n for n in names if len({repr(getattr(layer, n)) for layer in layers}) > 1}
            self.form.set_settings(layers[0], mixed)

    def _change_form(self, node_ids: tuple[str, ...], first: Layer | None) -> None:
        if self.form is not None:
            self.column.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if first is not None:

            def change(name: str, value: Any, done: bool) -> None:
                set_layers(self._bench, node_ids, name, value, done)

            self.form = SettingsForm(first, change, choices=self._choices)
            self.form.explained.connect(self._explain)
            self.column.insertWidget(self._form_at, self.form)


def set_layers(bench: Workbench | Scope, node_ids: tuple[str, ...], name: str, value: Any, done: bool) -> None:
    """Change one setting of these layers, as one undo step; SettingError if one of them cannot take it."""
    graph = bench.document.graph
    nodes = [graph.nodes[n] for n in node_ids if n in graph.nodes]
    if not nodes:
        return  # the layer went away while its field was being left
    text = f"Change {next(p.label for p in nodes[0].layer.open_params() if p.name == name)}"
    changed = [replace(node, layer=node.layer.with_(**{name: value})) for node in nodes]
    bench.apply_graph(text, graph.with_nodes(changed), merge_key=f"layers:{','.join(node_ids)}:{name}")
    if done:
        bench.history.end_merge()


def _wrapped() -> Any:
    made = label("")
    made.setWordWrap(True)
    return made


def _help_parts(layer: Layer) -> tuple[str, str]:
    """The first paragraph, and the rest with its lines joined."""
    paragraphs = [" ".join(p.split()) for p in layer.help_text().split("\n\n")]
    return paragraphs[0], "\n\n".join(paragraphs[1:])


def _facts(node_id: str, document: Document) -> list[tuple[str, str]]:
    at = document.shapes[node_id]
    graph = document.graph
    facts = _sizes("In", graph.input_ports(node_id), at.inputs)
    if not at.known:
        return [*facts, ("Out", "not known yet")]
    facts += _sizes("Out", graph.output_ports(node_id), at.outputs)
    return [*facts, *_costs(graph.nodes[node_id], at.inputs)]


def _sizes(side: str, ports: tuple[Port, ...], shapes: tuple[Shape, ...]) -> list[tuple[str, str]]:
    """A line for each port that is used; where a layer has several, with what the port is called."""
    named = [f"{side}, {port_words(port.name)}" for port in ports] if 1 < len(ports) == len(shapes) else []
    lines = [(named[k] if named else side if k == 0 else "", shape) for k, shape in enumerate(shapes)]
    return [(name, shape_text(shape)) for name, shape in lines if shape != MISSING]


def _costs(node: Node, inputs: tuple[Shape, ...]) -> list[tuple[str, str]]:
    learned = node.parameter_shapes(*inputs)
    costs = [("Parameters", words.count(node.parameter_count(*inputs)))]
    costs += [(f"   {name}", " × ".join(str(n) for n in shape)) for name, shape in learned.items()]
    return [*costs, ("Operations per sample", words.count(node.layer.flops(*inputs)))]


def _counted(layers: list[Layer], node_ids: tuple[str, ...], document: Document) -> list[tuple[str, str]]:
    counts: dict[str, int] = {}
    for layer in layers:
        counts[layer.title] = counts.get(layer.title, 0) + 1
    learned = [document.parameter_count(n) for n in {owner(document.graph, n) for n in node_ids}]
    total = words.count(sum(n for n in learned if n is not None))
    return [*((title, words.count(n)) for title, n in counts.items()), ("Parameters in all", total)]
