"""A property that delivers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FixedClock
from delivery_helpers import Hotel
from delivery_wire import Wire, serving


@pytest.fixture
def hotel(tmp_path: Path, clock: FixedClock) -> Iterator[Hotel]:
    """A property with nothing in its outbox yet, and an authority in a good mood."""
    opened = Hotel(tmp_path / "outbox.db", clock)
    yield opened
    opened.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """An authority over HTTP that keeps the contract."""
    with serving() as server:
        yield server
