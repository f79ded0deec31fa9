"""A trainer that is always closed."""

from collections.abc import Iterator

import pytest

from nnlab.engine.trainer import Trainer


@pytest.fixture
def trainer() -> Iterator[Trainer]:
    """A trainer without a document."""
    with Trainer() as made:
        yield made
