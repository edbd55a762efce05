"""How delivery claims reports under a lease that expires, and records their results."""

# Annotations stay text, as in `store`.
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from apoa_client.outbox.contents import ERRORS, WARNINGS, Contents
from apoa_client.outbox.rows import millis, millis_or_none
from apoa_client.outbox.sql.maintenance import refuse_during_maintenance
from apoa_client.outbox.sql.queries import OPEN, places
from apoa_client.report.kinds import OPEN_STATES, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime, timedelta

    from apoa_client.outbox.database import Database
    from apoa_client.ports.entries import Change

_BATCH = 500
"""Values in a statement: SQLite before 3.32 takes at most 999."""

_CLAIM = f"""
    UPDATE reports SET state = 'sending', attempts = attempts + 1, calls = calls + 1, attempted_at = :now,
        lease = :lease, lease_until = :until
    WHERE id = :id AND (state = 'queued' OR (state = 'sending' AND (lease_until <= :begin OR lease_until > :until)))
        AND NOT EXISTS (
            SELECT 1 FROM reports AS earlier WHERE earlier.stay_id = reports.stay_id AND earlier.seq < reports.seq
            AND earlier.{OPEN})
"""  # noqa: S608  constants

# A receipt or finding that is not given leaves the stored one. `finished_at` is the receipt's time, or else the last
# attempt's: no clock is read here, and the retention period that is counted from it is in days.
_CHANGE = """
    UPDATE reports SET state = :state, lease = NULL, lease_until = NULL, last_error = :last_error,
        next_attempt_at = :next_attempt_at, not_before = :not_before, calls = calls - :unsent,
        receipt_number = COALESCE(:receipt_number, receipt_number),
        receipt_issued_at = COALESCE(:receipt_issued_at, receipt_issued_at),
        receipt_sha256 = CASE WHEN :receipt_number IS NULL THEN receipt_sha256 ELSE :receipt_sha256 END,
        receipt_typed = CASE WHEN :receipt_number IS NULL THEN receipt_typed ELSE 0 END,
        errors = COALESCE(:errors, errors), warnings = COALESCE(:warnings, warnings),
        finished_at = CASE WHEN :final
            THEN COALESCE(:receipt_issued_at, receipt_issued_at, attempted_at, created_at) END
    WHERE id = :id AND {condition}
"""
LEASED = "state = 'sending' AND lease = :lease"
"""The condition of a report that is being sent under this lease."""
RENEW = f"UPDATE reports SET lease_until = :until WHERE {LEASED}"  # noqa: S608  constants
RELEASE = f"""
    UPDATE reports SET state = 'queued', lease = NULL, lease_until = NULL, attempts = attempts - 1, calls = calls - 1
    WHERE {LEASED}
"""  # noqa: S608  constants
PENDING = "state = 'pending'"
"""The condition of a report whose result was to come later."""

SETTLE_PHOTO = "UPDATE reports SET photo_state = ? WHERE id = ? AND photo_state = 'kept'"
"""Changes the state of a photo that waits to be sent."""


def claim(db: Database, ids: Sequence[str], now: datetime, until: datetime, clock_lead: timedelta) -> str:
    """Mark reports as being sent, inside a transaction, and return the lease's token.

    `clock_lead` is how far the database's clock is ahead of that of `now` and `until`. Each report must be the first
    open one of its stay: another sender may have changed that since the caller looked. A lease that ends later than the
    one asked for was written by a clock that was set back since: it has expired. Raises `NotNow` during maintenance.
    """
    # Like every change it holds the lock of the property, in place of `FOR UPDATE SKIP LOCKED` on its rows: each claim
    # changes the property's tally, and one without the key adds to the one chain of events, so that claims of a
    # property take turns in any case. It is for milliseconds, and other properties do not wait.
    lease = os.urandom(16).hex()  # what `secrets` does, without loading it
    begin, end = millis(now + clock_lead), millis(until + clock_lead)
    refuse_during_maintenance(db, lambda: begin)
    common = {"lease": lease, "now": millis(now), "begin": begin, "until": end}
    db.executemany(_CLAIM, [{"id": report_id, **common} for report_id in ids])
    return lease


def settle(db: Database, condition: str, changes: Sequence[Mapping[str, Any]]) -> AbstractSet[str]:
    """Change those reports that meet the condition, `LEASED` or `PENDING`, and return their ids.

    Call it inside a transaction, with what `change_values` returns, of each report once.
    """
    found: set[str] = set()
    for start in range(0, len(changes), _BATCH):
        batch = changes[start : start + _BATCH]
        among, values = places("id", (change["id"] for change in batch))
        query = f"SELECT id FROM reports WHERE id IN ({among}) AND {condition}"  # noqa: S608  constants
        found.update(row[0] for row in db.execute(query, {**values, "lease": batch[0]["lease"]}))
    db.executemany(_CHANGE.format(condition=condition), [change for change in changes if change["id"] in found])
    return found


def change_values(change: Change, lease: str | None, contents: Contents) -> Mapping[str, Any]:
    """Return what `settle` takes for a change, with the findings sealed."""
    if change.state is State.SENDING:
        message = "a report is claimed, not changed, to be sent"
        raise ValueError(message)
    receipt = change.receipt
    return {
        "id": change.id,
        "lease": lease,
        "state": change.state.value,
        "final": change.state not in OPEN_STATES,
        "last_error": change.last_error,
        "next_attempt_at": millis_or_none(change.next_attempt_at),
        "not_before": millis_or_none(change.not_before),
        "unsent": int(change.unsent),
        "receipt_number": receipt.number if receipt is not None else None,
        "receipt_issued_at": millis(receipt.issued_at) if receipt is not None else None,
        "receipt_sha256": receipt.sha256 if receipt is not None else None,
        "errors": contents.seal_findings(change.id, ERRORS, change.errors),
        "warnings": contents.seal_findings(change.id, WARNINGS, change.warnings),
    }
