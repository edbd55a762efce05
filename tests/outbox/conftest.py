"""An outbox of the test's own, in each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from basics import FixedClock
from outbox_stores import AnyOutbox, SqliteStore, Store

from apoa_client.ports.state import Actor


@pytest.fixture
def path(store: SqliteStore) -> Path:
    """Where the outbox in SQLite is."""
    return store.path


@pytest.fixture
def outbox(store: Store) -> Iterator[AnyOutbox]:
    """An empty outbox."""
    with store.open() as opened:
        yield opened


@pytest.fixture
def box(store: Store, clock: FixedClock) -> Iterator[AnyOutbox]:
    """An empty outbox with a clock and a user."""
    with store.open(actor=Actor(lambda: "made", clock.now)) as opened:
        yield opened
