"""Entries of reports for pure decisions, and which of them may be sent when."""

from datetime import UTC, datetime, timedelta

from apoa_client.delivery import plan
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import Kind, State

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def entry(
    seq: int = 1,
    state: State = State.QUEUED,
    *,
    attempts: int = 0,
    next_attempt_at: datetime | None = None,
    not_before: datetime | None = None,
    lease_until: datetime | None = None,
) -> Entry:
    return Entry(
        seq, f"r{seq}", f"s{seq}", Kind.CHECK_IN, state, NOW, None, attempts, next_attempt_at, not_before, lease_until
    )


LATER, AGO = NOW + SECOND, NOW - SECOND
MAY_SEND = [
    (entry(), True, True),
    (entry(next_attempt_at=LATER), True, False),
    (entry(next_attempt_at=NOW), True, True),
    (entry(not_before=LATER), False, False),
    (entry(not_before=NOW), True, True),
    (entry(state=State.SENDING, lease_until=LATER), False, False),
    (entry(state=State.SENDING, lease_until=NOW), True, True),
    (entry(state=State.SENDING, lease_until=AGO, next_attempt_at=LATER), True, True),
    (entry(state=State.SENDING, lease_until=AGO, not_before=LATER), False, False),
    *((entry(state=state), False, False) for state in set(State) - {State.QUEUED, State.SENDING}),
    # Stored while the clock was wrong.
    (entry(next_attempt_at=NOW + plan.BACKOFF_LAST), True, False),
    (entry(next_attempt_at=NOW + plan.BACKOFF_LAST + SECOND), True, True),
    (entry(not_before=NOW + plan.LONGEST_WAIT), False, False),
    (entry(not_before=NOW + plan.LONGEST_WAIT + SECOND), True, True),
    (entry(state=State.SENDING, lease_until=NOW + plan.LEASE), False, False),
    (entry(state=State.SENDING, lease_until=NOW + plan.LEASE + SECOND), True, True),
]
"""An entry, whether a run by hand may send it, and whether a scheduled run may."""
