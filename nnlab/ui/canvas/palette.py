"""The list of layers beside the canvas: search, drag onto the canvas, double-click or Enter to add."""

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QMimeData,
    QObject,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QDrag, QHoverEvent, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtGui import Qt as QtText
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from nnlab.core import words
from nnlab.core.blocks.block import Block
from nnlab.core.document import Document
from nnlab.core.graph import Graph, Node
from nnlab.core.layer import CATEGORIES
from nnlab.ui.canvas import edits, geometry, paint, search, shelf
from nnlab.ui.canvas.looks import node_look
from nnlab.ui.canvas.my_blocks_menu import MyBlocksMenu
from nnlab.ui.canvas.shelf import Thing
from nnlab.ui.keeping import my_blocks
from nnlab.ui.look import icons, theme
from nnlab.ui.look.theme import CAPTION_PX, RADIUS, TEXT_PX
from nnlab.ui.scope import Scope
from nnlab.ui.workbench import Workbench

MIME = "application/x-nnlab-layer"
ICON = 18
ID_LIMIT = 400  # bytes of an id in a drag
MARGINS = (8, 8, 4, 0)
ID_ROLE = Qt.ItemDataRole.UserRole
TIER_ROLE = Qt.ItemDataRole.UserRole + 1  # how many know a layer; the row that opens a heading further has 0


class LayerTree(QTreeWidget):
    """Categories and their layers; what is dragged out carries the layer's id."""

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Drag the layer under the mouse, shown as the node it will be."""
        item = self.currentItem()
        layer_id = item.data(0, ID_ROLE) if item is not None else None
        if not layer_id:
            return
        drag = QDrag(self)
        drag.setMimeData(mime_of(layer_id))
        ghost = ghost_of(layer_id, self.devicePixelRatioF())
        drag.setPixmap(ghost)
        size = ghost.deviceIndependentSize()
        drag.setHotSpot(QPoint(round(size.width() / 2), round(size.height() / 2)))
        drag.exec(Qt.DropAction.CopyAction)
        self.viewportEvent(_gone())  # the drag took the pointer away without a word to the row below it

    def viewportEvent(self, event: QEvent) -> bool:
        """Layers light up under the pointer, headings do not: there is nothing to take."""
        if isinstance(event, QHoverEvent) and event.type() != QEvent.Type.HoverLeave:
            place = self.indexAt(event.position().toPoint())
            if place.isValid() and place.data(TIER_ROLE) is None:
                event = _gone()
        return super().viewportEvent(event)


class Palette(QWidget):
    """Every layer there is, by category: the first ones at once, further ones where a heading is opened, all by search."""

    _styled: theme.Theme | None = None

    def __init__(self, bench: Workbench | Scope, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bench = bench
        self._opened: dict[str, int] = {}
        """How far each heading is opened: the last tier that it shows."""
        self.setObjectName("palette")
        self.setAccessibleName("Layers")
        self.field = QLineEdit(self)
        self.field.setObjectName("paletteSearch")
        self.field.setPlaceholderText("Search layers")
        self.field.setAccessibleName("Search layers")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.tree = LayerTree(self)
        self._set_up_tree()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*MARGINS)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self.tree)
        self._fill()
        self.on_theme()
        self.own = MyBlocksMenu(self.tree, ID_ROLE, bench.say)
        my_blocks.news().changed.connect(self.refill)
        if isinstance(bench, Scope):
            bench.path_changed.connect(self.refill)

    def shown_layers(self) -> list[str]:
        """The ids of the layers that are to be seen, top to bottom."""
        rows = [row for heading in self._headings() for row in _children(heading)]
        return [str(row.data(0, ID_ROLE)) for row in rows if not row.isHidden() and row.data(0, ID_ROLE)]

    def open_all(self, tier: int = 3) -> None:
        """Show the layers of every heading up to this tier."""
        self._opened = {heading.text(0): tier for heading in self._headings()}
        self._filter(self.field.text())

    def refill(self) -> None:
        """List anew: a block was kept or went away, or another place of the network is looked at."""
        self.tree.clear()
        self._fill()
        self.on_theme()
        self._filter(self.field.text())

    def whole_width(self) -> int:
        """How wide it must be to show every name whole."""
        bar = self.tree.verticalScrollBar().sizeHint().width()
        return self.tree.sizeHintForColumn(0) + bar + MARGINS[0] + MARGINS[2]

    def on_theme(self) -> None:
        """Take the colours of the present theme."""
        now = self._styled = theme.current()
        self.setStyleSheet(
            f"QTreeWidget {{ background: {now.surface}; border: none; outline: none; font-size: {TEXT_PX}px;"
            f" color: {now.text}; }}"
            f"QTreeWidget::item {{ padding: 3px 2px; border-radius: {RADIUS}px; }}"
            f"QTreeWidget::item:hover {{ background: {now.hover}; }}"
            f"QTreeWidget::item:selected {{ background: {now.hover}; color: {now.text}; }}"
            f"QTreeWidget::item:selected:active {{ border: 1px solid {now.accent}; }}"
            f"#palette {{ background: {now.surface}; }}"
        )
        for heading in self._headings():
            heading.setForeground(0, now.color("muted"))
            category = shelf.BLOCKS if heading.text(0) == shelf.MY_BLOCKS else heading.text(0)
            icon = category_icon(category, self.devicePixelRatioF())
            for row in _children(heading):
                if row.data(0, TIER_ROLE):
                    row.setIcon(0, icon)
                else:
                    row.setForeground(0, now.color("muted"))
                    row.setIcon(0, icons.icon("chevron-down", "muted"))

    def _set_up_tree(self) -> None:
        tree = self.tree
        tree.setObjectName("paletteTree")
        tree.setAccessibleName("Layers by category")
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setIndentation(4)
        tree.setIconSize(QSize(ICON, ICON))
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setDragEnabled(True)
        tree.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.setExpandsOnDoubleClick(False)
        tree.setUniformRowHeights(False)
        tree.itemDoubleClicked.connect(self._add)
        tree.itemClicked.connect(self._open_further)
        tree.installEventFilter(self)

    def _fill(self) -> None:
        groups: dict[str, list[Thing]] = {}
        inside = bool(getattr(self.bench, "path", ()))
        hidden = shelf.ONLY_OUTSIDE if inside else shelf.ONLY_INSIDE
        for each in shelf.things():
            if each.id not in hidden:
                groups.setdefault(each.group, []).append(each)
        for category in [*CATEGORIES, *sorted(groups.keys() - set(CATEGORIES))]:
            if category not in groups:
                continue
            heading = QTreeWidgetItem([category])
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            heading.setFont(0, paint.font(CAPTION_PX, True))
            for each in sorted(groups[category], key=lambda thing: (thing.tier, thing.title)):
                heading.addChild(_row(each))
            heading.addChild(_more_row())
            self.tree.addTopLevelItem(heading)
            heading.setExpanded(True)
            fold(heading, self._opened.get(category, 1))

    def _open_further(self, row: QTreeWidgetItem | None) -> None:
        """The last row of a heading was chosen: show the next layers, or only the first ones again."""
        heading = row.parent() if row is not None and row.data(0, TIER_ROLE) == 0 else None
        if heading is None:
            return
        shown = self._opened.get(heading.text(0), 1)
        self._opened[heading.text(0)] = min((t for t in _tiers(heading) if t > shown), default=1)
        fold(heading, self._opened[heading.text(0)])

    def _headings(self) -> list[QTreeWidgetItem]:
        items = [self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount())]
        return [item for item in items if item is not None]

    def _filter(self, typed: str) -> None:
        if not typed.strip():
            for heading in self._headings():
                heading.setHidden(False)
                fold(heading, self._opened.get(heading.text(0), 1))
            return
        kept = {c.value for c in search.found(search.layer_choices([each.id for each in shelf.things()]), typed)}
        first: QTreeWidgetItem | None = None
        for heading in self._headings():
            children = _children(heading)
            for child in children:
                child.setHidden(child.data(0, ID_ROLE) not in kept)  # the row that opens a heading has no id
            visible = [child for child in children if not child.isHidden()]
            heading.setHidden(not visible)
            first = first or (visible[0] if visible else None)
        if first is not None:
            self.tree.setCurrentItem(first)

    def _add(self, item: QTreeWidgetItem | None) -> None:
        layer_id = item.data(0, ID_ROLE) if item is not None and not item.isHidden() else None
        if layer_id:
            self.add(str(layer_id))

    def add(self, layer_id: str) -> None:
        """Add a layer behind the selected one, connected, or right of the network if none is selected; select it."""
        document, selection = self.bench.document, self.bench.selection
        outputs = [p for n in selection for p in document.graph.output_ports(n)] if len(selection) == 1 else []
        shape = edits.shape_at(document, edits.End(next(iter(selection)), outputs[0].name, True)) if outputs else None
        layer = shelf.layer_of(layer_id, shape)
        if layer is None:
            return
        if len(selection) == 1:
            graph, new = edits.after_selection(document, layer, *selection)
        else:
            graph, new = edits.added(document.graph, layer, *edits.free_place(document.graph))
        self.bench.apply_graph(f"Add {layer.title}", graph)
        self.bench.select({new})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter adds; arrow keys in the search field walk the list."""
        if not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.type() == QEvent.Type.ShortcutOverride and enter:
            event.accept()  # here Enter adds, whatever it does in the window
            return True
        if event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        if enter:
            self._add(self.tree.currentItem())
            self._open_further(self.tree.currentItem())
            return True
        if watched is self.field and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.tree.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._styled not in (None, theme.current()):
            self.on_theme()


def _gone() -> QHoverEvent:
    far = QPointF(-1, -1)
    return QHoverEvent(QEvent.Type.HoverLeave, far, far, far)


def mime_of(layer_id: str) -> QMimeData:
    """What a drag of this layer carries."""
    data = QMimeData()
    data.setData(MIME, QByteArray(layer_id.encode()))
    return data


def layer_in(data: QMimeData) -> str | None:
    """The layer that a drag carries, if it carries one that exists."""
    if not data.hasFormat(MIME):
        return None
    layer_id = bytes(data.data(MIME).data()[:ID_LIMIT]).decode(errors="replace")
    return layer_id if shelf.thing(layer_id) is not None else None


def ghost_of(layer_id: str, ratio: float) -> QPixmap:
    """The node that will be, half see-through, to drag about."""
    node = Node("ghost", shelf.layer_of(layer_id) or Block())
    look = node_look(Document(graph=Graph({"ghost": node})), "ghost")
    look = type(look)(look.title, look.summary, look.category, look.inputs, look.outputs, look.height)
    margin = geometry.MARGIN
    picture = QPixmap(round((geometry.WIDTH + 2 * margin) * ratio), round((look.height + 2 * margin) * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setOpacity(0.7)
    painter.translate(margin, margin)
    paint.node(painter, look, theme.current())
    painter.end()
    return picture


def category_icon(category: str, ratio: float) -> QIcon:
    """The icon of a category in its hue."""
    side = round(ICON * ratio)
    picture = QPixmap(side, side)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    color = paint.family(theme.current(), category)
    paint.category_icon(painter, category, QRectF(1, 1, ICON - 2, ICON - 2), color)
    painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)  # not tinted: the selected row keeps its light ground
    return icon


def plain_tip(text: str) -> str:
    """A text as a tooltip shows it to the letter, whatever it holds."""
    return QtText.convertFromPlainText(text, Qt.WhiteSpaceMode.WhiteSpaceNormal) if text else ""


def _children(heading: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    rows = [heading.child(i) for i in range(heading.childCount())]
    return [row for row in rows if row is not None]


def _row(found: Thing) -> QTreeWidgetItem:
    row = QTreeWidgetItem([found.title])
    row.setData(0, ID_ROLE, found.id)
    row.setData(0, TIER_ROLE, found.tier)
    row.setToolTip(0, plain_tip(found.help))
    row.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled)
    return row


def _more_row() -> QTreeWidgetItem:
    row = QTreeWidgetItem()
    row.setData(0, TIER_ROLE, 0)
    row.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    return row


def _tiers(heading: QTreeWidgetItem) -> list[int]:
    """The tiers of a heading's layers, one for each."""
    return [int(row.data(0, TIER_ROLE)) for row in _children(heading) if row.data(0, TIER_ROLE)]


def fold(heading: QTreeWidgetItem, opened: int) -> None:
    """Show the layers of a heading up to this tier, and below them a row that says what else there is."""
    tiers = _tiers(heading)
    following = min((t for t in tiers if t > opened), default=0)
    for row in _children(heading):
        tier = row.data(0, TIER_ROLE)
        row.setHidden(tier > opened if tier else max(tiers) == 1)
        if tier == 0:
            row.setText(0, _more_text(tiers, opened, following))
            row.setIcon(0, icons.icon("chevron-down" if following else "chevron-up", "muted"))


def _more_text(tiers: list[int], opened: int, following: int) -> str:
    if not following:
        return "Fewer"
    many = tiers.count(following)
    if min(tiers) > opened:
        return words.plural(many, "layer")
    return f"{words.count(many)} more" if following == 2 else f"{words.count(many)} for experts"
