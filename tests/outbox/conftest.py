"""An outbox in a folder of the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from outbox_helpers import open_outbox

from apoa_client.outbox.sqlite.store import SqliteOutbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the outbox is."""
    return tmp_path / "home" / "bali" / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """An empty outbox."""
    with open_outbox(path) as opened:
        yield opened
