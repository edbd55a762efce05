"""The outbox knows when automatic sending last ran, how it ended, and how long after the run before."""

from datetime import datetime, timedelta

import pytest
from outbox_helpers import HOUR, NOON
from outbox_stores import AnyOutbox, Store

from apoa_client.outbox.sql.metadata import SCHEDULED_RUN
from apoa_client.ports.state import ScheduledRun


def test_there_was_none(outbox: AnyOutbox) -> None:
    """A new outbox has no run."""
    assert outbox.value(SCHEDULED_RUN) is None


def test_the_last_one_outlives_the_process(store: Store) -> None:
    """With its exit code and the time since the run before."""
    with store.open() as outbox:
        outbox.record_scheduled_run(NOON, 0)
        assert outbox.value(SCHEDULED_RUN) == ScheduledRun(NOON, 0)
        outbox.record_scheduled_run(NOON + HOUR, 75)
    with store.open() as outbox:
        assert outbox.value(SCHEDULED_RUN) == ScheduledRun(NOON + HOUR, 75, HOUR)


def test_it_can_be_forgotten(outbox: AnyOutbox) -> None:
    """As if there had been none; the next one knows no interval."""
    outbox.record(SCHEDULED_RUN, None)
    outbox.record_scheduled_run(NOON, 0)
    outbox.record(SCHEDULED_RUN, None)
    assert outbox.value(SCHEDULED_RUN) is None
    outbox.record_scheduled_run(NOON + HOUR, 0)
    assert outbox.value(SCHEDULED_RUN) == ScheduledRun(NOON + HOUR, 0)


@pytest.mark.parametrize("at", [NOON, NOON - HOUR])
def test_a_clock_that_was_set_back(outbox: AnyOutbox, at: datetime) -> None:
    """The time since the run before is not known then."""
    outbox.record_scheduled_run(NOON, 0)
    outbox.record_scheduled_run(at, 0)
    assert outbox.value(SCHEDULED_RUN) == ScheduledRun(at, 0)


@pytest.mark.parametrize("value", [b"7", b"noon 0 0", b"1 2 3 4", b"1 2 99999999999999999999"])
def test_an_invalid_one_is_unknown(outbox: AnyOutbox, store: Store, value: bytes) -> None:
    """No command ends for it, and the next run replaces it."""
    store.change("INSERT INTO memo (key, value) VALUES ('scheduled_run', CAST(? AS TEXT))", value)
    assert outbox.value(SCHEDULED_RUN) is None
    outbox.record_scheduled_run(NOON, 0)
    assert outbox.value(SCHEDULED_RUN) == ScheduledRun(NOON, 0, None)


def test_a_minute_is_enough(outbox: AnyOutbox) -> None:
    """Times are exact to the millisecond."""
    outbox.record_scheduled_run(NOON, 0)
    outbox.record_scheduled_run(NOON + timedelta(milliseconds=1), 0)
    assert outbox.value(SCHEDULED_RUN) == ScheduledRun(NOON + timedelta(milliseconds=1), 0, timedelta(milliseconds=1))
