"""Fixtures: a property that delivers, and an authority over HTTP."""

from collections.abc import Iterator

import pytest
from basics import FixedClock
from delivery_helpers import Hotel
from delivery_wire import ScriptedServer, serving
from outbox_stores import Store


@pytest.fixture
def hotel(store: Store, clock: FixedClock) -> Iterator[Hotel]:
    """A property with an empty outbox, and an authority without faults."""
    opened = Hotel(store, clock)
    yield opened
    opened.close()


@pytest.fixture
def wire() -> Iterator[ScriptedServer]:
    """An authority over HTTP that follows the contract."""
    with serving() as server:
        yield server
