"""The state of every property in one statement: what each property's own outbox says."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from basics import raises_error
from outbox_helpers import HOUR, NOON, finding, report, uuid
from outbox_methods import settle
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox

from apoa_client.desk.attention import most_urgent
from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.overview import SharedOverview
from apoa_client.outbox.postgres.store import PostgresOutbox
from apoa_client.outbox.sql.metadata import LAST_BACKUP, PURGE_SKIPPED, SCHEDULED_RUN
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.entries import NewReport
from apoa_client.ports.state import Overview, Suspension
from apoa_client.report.kinds import State

NAMES = (PROPERTY, "anggrek", "kenanga", "cempaka")
SOON = NOON + 6 * HOUR


@pytest.fixture
def outboxes(postgres_outbox: SharedOutbox) -> Iterator[dict[str, PostgresOutbox]]:
    """The outboxes of some properties, which one login may use."""
    with ExitStack() as stack:
        for name in NAMES:
            postgres_outbox.add_login(PROPERTY, name)
        yield {name: stack.enter_context(postgres_outbox.open(property_name=name)) for name in NAMES}


@pytest.fixture
def overview(postgres_outbox: SharedOutbox, outboxes: dict[str, PostgresOutbox]) -> Iterator[SharedOverview]:
    """Reads all of them: a busy one, one that was never used, one of which all is known, and one with codes."""
    for number in range(30):
        due_at = NOON + timedelta(hours=number - 5) if number % 4 else None
        outboxes[PROPERTY].add_all([NewReport(report(number), due_at)])
    settle(outboxes[PROPERTY], 1, State.PENDING)
    settle(outboxes[PROPERTY], 2, State.ACCEPTED)
    for number in (3, 4):  # the second has no deadline
        settle(outboxes[PROPERTY], number, State.REJECTED, errors=(finding(),))
    outboxes[PROPERTY].claim([uuid(5)], now=NOON, lease_until=NOON + HOUR)
    kenanga = outboxes["kenanga"]
    kenanga.set_suspension(Suspension("wrong_password", NOON, "settings"))
    kenanga.hold(NOON + HOUR)
    kenanga.record_contact(NOON, NOON + timedelta(seconds=3))
    kenanga.record(PURGE_SKIPPED, NOON)
    kenanga.drafts.save("typed", NOON)
    kenanga.record_code_confirmed("key")
    for at in (NOON, NOON + HOUR):
        kenanga.record_scheduled_run(at, 75)
    cempaka = outboxes["cempaka"]
    cempaka.authenticate(ask=True)
    cempaka.add(report(50), due_at=NOON)
    postgres_outbox.change("UPDATE reports SET mac = NULL WHERE property = 'cempaka'")
    write(postgres_outbox, "cempaka", "last_backup", "1795521600000")
    write(postgres_outbox, "cempaka", "doubts", "state:x")
    address = postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY)
    opened = SharedOverview.open(address, PASSWORD, TimeLimits(answer=20.0))
    yield opened
    opened.close()


def write(shared: SharedOutbox, name: str, key: str, value: str) -> None:
    """Change the metadata of a property, as another program does."""
    shared.change("DELETE FROM memo WHERE property = ? AND key = ?", name, key)
    shared.change("INSERT INTO memo VALUES (?, ?, ?)", name, key, value)


def one_by_one(outbox: PostgresOutbox) -> Overview:
    summary = outbox.summary(now=NOON, soon=SOON)
    return Overview(summary, outbox.value(SCHEDULED_RUN), outbox.value(LAST_BACKUP))


def read(overview: SharedOverview) -> Any:
    return overview.overviews(now=NOON, soon=SOON)


def test_each_property_as_it_is_read_alone(overview: SharedOverview, outboxes: dict[str, PostgresOutbox]) -> None:
    """Every value of each, also of one that was never used."""
    found = read(overview)
    assert found == {name: one_by_one(outbox) for name, outbox in outboxes.items()}
    values = [found[name].summary for name in NAMES]
    assert [each.overdue for each in values] == [2, 0, 0, 0]
    assert values[2].suspension is not None
    assert values[3].doubts == (Doubt(DoubtKind.STATE, "x"),)
    assert (values[3].unauthenticated, values[1].unauthenticated) == (1, None)


def test_rows_from_before_there_were_codes(
    overview: SharedOverview, outboxes: dict[str, PostgresOutbox], postgres_outbox: SharedOutbox
) -> None:
    """Those up to the number of the checkpoint are not counted, as for one property."""
    [(highest,)] = postgres_outbox.rows("SELECT max(seq) FROM reports WHERE property = 'cempaka'")
    for legacy in (highest - 1, highest, "x", "1" * 30):
        write(postgres_outbox, "cempaka", "checkpoint", f"1 0 0 {legacy} 1 00")
        assert read(overview)["cempaka"] == one_by_one(outboxes["cempaka"])


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_most_urgent_reports(overview: SharedOverview, outboxes: dict[str, PostgresOutbox], limit: int) -> None:
    """As for one property, in the same order."""
    found = overview.urgent(NOON, limit)
    for name, outbox in outboxes.items():
        alone = most_urgent(outbox, NOON, limit)
        assert found.get(name, ([], 0)) == (list(alone.first), alone.total)


def test_what_is_wrong_with_one_property(
    overview: SharedOverview, outboxes: dict[str, PostgresOutbox], postgres_outbox: SharedOutbox
) -> None:
    """A value that this program never wrote: the others are read all the same."""
    write(postgres_outbox, "kenanga", "last_contact", "noon")
    postgres_outbox.change("UPDATE tally SET state = 'lost' WHERE property = 'cempaka' AND state = 'queued'")
    found = read(overview)
    assert isinstance(found["kenanga"], OutboxDamaged)
    assert isinstance(found["cempaka"], OutboxDamaged)
    assert found[PROPERTY] == one_by_one(outboxes[PROPERTY])


def test_a_database_that_is_no_outbox(postgres_outbox: SharedOutbox) -> None:
    """The error is that of opening one property."""
    database = postgres_outbox.cluster.create_database()
    address = postgres_outbox.cluster.address(database, PROPERTY)
    with raises_error("outbox_missing"):
        SharedOverview.open(address, PASSWORD, TimeLimits(answer=20.0))
