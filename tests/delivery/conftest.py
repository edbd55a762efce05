"""A property that delivers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FixedClock
from delivery_helpers import House
from delivery_wire import Wire, serving


@pytest.fixture
def house(tmp_path: Path, clock: FixedClock) -> Iterator[House]:
    """A property with nothing in its outbox yet, and an authority in a good mood."""
    opened = House(tmp_path / "outbox.db", clock)
    yield opened
    opened.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """An authority over HTTP that keeps the contract."""
    with serving() as server:
        yield server
