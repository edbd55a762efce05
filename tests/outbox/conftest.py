"""An outbox of the test's own, in each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from outbox_stores import AnyOutbox, SqliteStore, Store


@pytest.fixture
def path(store: SqliteStore) -> Path:
    """Where the outbox in SQLite is."""
    return store.path


@pytest.fixture
def outbox(store: Store) -> Iterator[AnyOutbox]:
    """An empty outbox."""
    with store.open() as opened:
        yield opened
