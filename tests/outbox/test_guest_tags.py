"""The hashes of restored reports are computed once the key is at hand, in pieces, and only where they are missing."""

from pathlib import Path

import pytest
from outbox_helpers import PUBLIC_KEY, open_outbox, report, uuid

from apoa_client.errors import SecretMissing
from apoa_client.messages import msg
from apoa_client.outbox.sql import guest_tags
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Document
from apoa_client.vault.sealing import PropertySealer


def hash_of(_document: Document) -> int:
    return 5


def tags(outbox: SqliteOutbox) -> list[int | None]:
    return [row[0] for row in outbox._db.execute("SELECT guest_tag FROM reports ORDER BY seq")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An outbox with five reports: one is hashed, and one names no guest."""
    path = tmp_path / "outbox.db"
    with open_outbox(path) as outbox:
        outbox.add(report(0), due_at=None, guest_tag=1)
        for number in (1, 2, 3):
            outbox.add(report(number), due_at=None)
        outbox.add(report(4, 1, Kind.CHECK_OUT), due_at=None)
    return path


def test_only_what_is_recorded_as_missing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that was set up without a key of the hash is left alone; else each report gets its hash once."""
    monkeypatch.setattr(guest_tags, "_BATCH", 2)
    with open_outbox(path) as outbox:
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, None, None, None, None]
        guest_tags.record_missing_tags(outbox._db)
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, 5, 5, 5, None]
        outbox.complete_guest_tags(lambda _document: 6)
        assert tags(outbox) == [1, 5, 5, 5, None]


def test_a_report_that_does_not_open(path: Path) -> None:
    """Stays without a hash, and does not hold up the others; an erased one has no content."""
    with open_outbox(path) as outbox:
        guest_tags.forget_tags(outbox._db)
        outbox._db.execute("UPDATE reports SET content = x'0102' WHERE id = ?", [uuid(1)])
        outbox._db.execute("UPDATE reports SET content = NULL WHERE id = ?", [uuid(2)])
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [5, None, None, 5, None]


def test_without_the_key(path: Path) -> None:
    """Nothing is stored, and the next run with the key does it."""

    def no_key() -> bytes:
        raise SecretMissing(msg("none"))

    with open_outbox(path) as outbox:
        guest_tags.record_missing_tags(outbox._db)
    with SqliteOutbox.open(path, PropertySealer(PUBLIC_KEY, no_key)) as outbox, pytest.raises(SecretMissing):
        outbox.complete_guest_tags(hash_of)
    with open_outbox(path) as outbox:
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, 5, 5, 5, None]
