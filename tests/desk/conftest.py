"""An outbox of the test's own, with its key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from outbox_helpers import open_outbox

from apoa_client.outbox.sqlite.store import SqliteOutbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the outbox."""
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """An empty outbox that can be decrypted."""
    with open_outbox(path) as opened:
        yield opened
