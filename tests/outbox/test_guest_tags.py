"""The hashes of restored reports are computed once the key is at hand, in pieces, and only where they are missing."""

import pytest
from outbox_helpers import PUBLIC_KEY, report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import SecretMissing
from apoa_client.messages import msg
from apoa_client.outbox.sql import reseal
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Document
from apoa_client.vault.sealing import PropertySealer


def hash_of(_document: Document) -> int:
    return 5


def tags(outbox: AnyOutbox) -> list[int | None]:
    return [row[0] for row in outbox._db.execute("SELECT guest_tag FROM reports ORDER BY seq")]


@pytest.fixture(autouse=True)
def _reports(store: Store) -> None:
    """Five reports: one is hashed, and one names no guest."""
    with store.open() as outbox:
        outbox.add(report(0), due_at=None, guest_tag=1)
        for number in (1, 2, 3):
            outbox.add(report(number), due_at=None)
        outbox.add(report(4, 1, Kind.CHECK_OUT), due_at=None)


def test_only_what_is_recorded_as_missing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property that was set up without a key of the hash is left alone; else each report gets its hash once."""
    monkeypatch.setattr(reseal, "_HASHED", 2)
    with store.open() as outbox:
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, None, None, None, None]
        with outbox._db.transaction():
            reseal.record_missing_tags(outbox._db)
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, 5, 5, 5, None]
        outbox.complete_guest_tags(lambda _document: 6)
        assert tags(outbox) == [1, 5, 5, 5, None]


def test_a_report_that_does_not_open(store: Store) -> None:
    """Stays without a hash, and does not hold up the others; an erased one has no content."""
    with store.open() as outbox:
        with outbox._db.transaction():
            reseal.forget_tags(outbox._db)
        for number, content in ((1, b"\1\2"), (2, None)):
            store.change("UPDATE reports SET content = ? WHERE id = ?", content, uuid(number))
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [5, None, None, 5, None]


def test_without_the_key(store: Store) -> None:
    """Nothing is stored, and the next run with the key does it."""

    def no_key() -> bytes:
        raise SecretMissing(msg("none"))

    with store.open() as outbox, outbox._db.transaction():
        reseal.record_missing_tags(outbox._db)
    with store.open(PropertySealer(PUBLIC_KEY, no_key)) as outbox, pytest.raises(SecretMissing):
        outbox.complete_guest_tags(hash_of)
    with store.open() as outbox:
        outbox.complete_guest_tags(hash_of)
        assert tags(outbox) == [1, 5, 5, 5, None]
