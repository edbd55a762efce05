"""Fixtures: a property that delivers."""

from collections.abc import Iterator

import pytest
from basics import FixedClock
from delivery_helpers import Hotel
from outbox_stores import Store


@pytest.fixture
def hotel(store: Store, clock: FixedClock) -> Iterator[Hotel]:
    """A property with an empty outbox, and an authority without faults."""
    opened = Hotel(store, clock)
    yield opened
    opened.close()
