"""The size of batches that delivery learned."""

from datetime import timedelta

import pytest
from basics import NOW
from outbox_stores import AnyOutbox, Store

from apoa_client.outbox.sql.metadata import write_metadata
from apoa_client.ports.state import LearnedBatchSize


@pytest.mark.parametrize(
    "learned",
    [
        LearnedBatchSize(500, "a1b2"),
        LearnedBatchSize(7, "", NOW + timedelta(days=1)),
    ],
)
def test_what_was_learned_is_kept(store: Store, learned: LearnedBatchSize) -> None:
    """Another process reads it; what is learned later replaces it."""
    with store.open() as outbox:
        assert outbox.batch_size() is None
        outbox.record_batch_size(LearnedBatchSize(1, "x"))
        outbox.record_batch_size(learned)
    with store.open() as outbox:
        assert outbox.batch_size() == learned


@pytest.mark.parametrize(
    "value",
    ["", "500", "many a1b2 0", "5 a 99999999999999999999", 7, "-1 a 0", "0 a 0", f"{10**9} a 0", "200 a1b2 0 0"],
)
def test_what_cannot_be_read_is_unknown(outbox: AnyOutbox, value: str | int) -> None:
    """No report waits for it."""
    with outbox._db.transaction():
        write_metadata(outbox._db, "batch_size", value)
    assert outbox.batch_size() is None
