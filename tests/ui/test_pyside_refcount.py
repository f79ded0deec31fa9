"""The bindings keep their reference counts: PySide6 6.12.0 on Python 3.11 lost one at every call and aborted."""

import os
import subprocess
import sys

PROGRAM = """
import sys
from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QGraphicsItem, QGraphicsScene

app = QApplication([])
count = 0

class Item(QGraphicsItem):
    def boundingRect(self):
        return QRectF(0, 0, 4, 4)

    def paint(self, painter, option, widget=None):
        global count
        count += 1
        painter.drawPoint(1, 1)

class Source(QObject):
    happened = Signal(bool)

scene, item, image = QGraphicsScene(), Item(), QImage(4, 4, QImage.Format.Format_ARGB32_Premultiplied)
scene.addItem(item)
painter = QPainter(image)
for n in range(20_000):
    item.setPos(n % 3, 0)
    scene.render(painter)
painter.end()
source, heard = Source(), []
source.happened.connect(heard.append)
for n in range(20_000):
    source.happened.emit(True)
assert count == 20_000 == len(heard), (count, len(heard))
print("alive")
"""


def test_twenty_thousand_paints_and_emits_do_not_end_the_process() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", PROGRAM],
        env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-2000:]
