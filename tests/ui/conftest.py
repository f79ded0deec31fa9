"""What tests of the window share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _every_mouse_move_counts() -> Iterator[None]:
    """pyqtgraph lets a hundred mouse moves a second through; a test moves faster, and must not depend on the clock."""
    import pyqtgraph

    before = pyqtgraph.getConfigOption("mouseRateLimit")
    pyqtgraph.setConfigOption("mouseRateLimit", -1)
    yield
    pyqtgraph.setConfigOption("mouseRateLimit", before)
