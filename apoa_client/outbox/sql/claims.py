"""How delivery claims reports under a lease that expires and records their results, and the maintenance that stops it.

Senders hold no lock, because the lease decides who sends a report. A change of keys and a restore record in the
metadata which process works, and until when: no report is claimed meanwhile, and the leases that run are waited for.
The record ends by itself: a process that is killed or stopped holds up the senders for `LENGTH`. Longer work renews it.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.errors import NotNow, StorageProblem
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import MILLISECOND, millis, millis_or_none
from apoa_client.outbox.sql.insertion import ERRORS, WARNINGS, Contents
from apoa_client.outbox.sql.metadata import MAINTENANCE, read_metadata, write
from apoa_client.outbox.sql.queries import OPEN, places
from apoa_client.report.kinds import OPEN_STATES, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from apoa_client.outbox.database import Database
    from apoa_client.ports.entries import Change
    from apoa_client.ports.state import Actor


LENGTH = timedelta(minutes=5)
"""How long a record holds: as long as a lease. A later end was written by a clock that was set back since."""
_LENGTH_MS = LENGTH // MILLISECOND

_PAUSE_S = 0.25
"""Seconds between two looks at what has to end before the work begins."""

_ANY_LEASE = "SELECT 1 FROM reports WHERE state = 'sending' AND lease_until > ? AND lease_until <= ? LIMIT 1"


class _Record(NamedTuple):
    """What is stored: a token, the end in milliseconds, the process and its command."""

    token: str
    until: int
    pid: int
    command: str

    def holds(self, now: int) -> bool:
        """Return whether it is not over, by the database's clock in milliseconds."""
        return now < self.until <= now + _LENGTH_MS

    @property
    def busy(self) -> Message:
        """Who works there."""
        return msg(
            "{command} (process {pid}) is busy with the queue, or was ended less than five minutes ago.",
            command=self.command or "apoa",
            pid=self.pid,
        )


def refuse_during_maintenance(db: Database, now: Callable[[], int]) -> None:
    """Raise `NotNow`, inside a transaction, if maintenance is underway; `now` returns the database's time.

    Raises `OutboxDamaged` for a record that this program never wrote: while it is not known whether an outbox is under
    maintenance, nothing is claimed.
    """
    record = _read(db)
    if record is not None and record.holds(now()):
        raise NotNow(record.busy, name="under_maintenance")


def _read(db: Database) -> _Record | None:
    value = read_metadata(db, MAINTENANCE.key)
    if value is None:
        return None
    try:
        token, until, pid, command = str(value).split(" ", 3)
        return _Record(token, int(until), int(pid), command)
    except ValueError:
        raise damaged(db.place) from None


class Maintenance:
    """The maintenance of one outbox by one process: see `maintenance`."""

    def __init__(self, db: Database, actor: Actor, advice: Message, name: str) -> None:
        self._db = db
        self._actor = actor
        self._advice = advice
        self._name = name
        self._token = os.urandom(8).hex()

    def begin(self) -> NotNow | None:
        """Let nothing be claimed from now on; return the error for what has to end first, other maintenance or a call.

        None if there is nothing, so that the work may begin.
        """
        with self._db.transaction():
            now, record = self._now(), _read(self._db)
            if record is None or not record.holds(now):
                self._write(now)
            elif record.token != self._token:
                return self._error(record.busy)
            if self._db.execute(_ANY_LEASE, [now, now + _LENGTH_MS]).fetchone() is None:
                return None
        return self._error(msg("Another apoa command is sending at this moment, or was stopped while it was sending."))

    def renew(self) -> None:
        """Hold on for another `LENGTH`. Raises `NotNow` if other maintenance has begun because this one took longer."""
        with self._db.errors():
            now, record = self._now(), _read(self._db)
        if record is not None and record.token == self._token and now + _LENGTH_MS // 2 < record.until:
            return  # without the lock of a writer
        with self._db.transaction():
            record = _read(self._db)
            if record is None or record.token != self._token:
                message = msg("The command was stopped for too long, and another one has begun meanwhile.")
                raise self._error(message if record is None else record.busy)
            self._write(now)

    def end(self) -> None:
        """Let reports be claimed again. If the database cannot be written, the record ends by itself."""
        with suppress(StorageProblem), self._db.transaction():
            record = _read(self._db)
            if record is not None and record.token == self._token:
                write(self._db, MAINTENANCE, None)

    def _write(self, now: int) -> None:
        write(self._db, MAINTENANCE, f"{self._token} {now + _LENGTH_MS} {os.getpid()} {self._actor.command}")

    def _now(self) -> int:
        return millis(self._db.now(self._actor.now()))

    def _error(self, message: Message) -> NotNow:
        return NotNow(message, self._advice, name=self._name)


@contextmanager
def maintenance(db: Database, actor: Actor, advice: Message, *, wait_s: float, name: str = "") -> Iterator[Maintenance]:
    """Keep every sender and other maintenance away until the context is left.

    Raises `NotNow`, with this advice and `ApoaError.name`, if what is underway has not ended after `wait_s` seconds.
    """
    work = Maintenance(db, actor, advice, name)
    pauses = round(wait_s / _PAUSE_S)
    try:
        while (error := work.begin()) is not None:
            if not pauses:
                raise error
            pauses -= 1
            sleep(_PAUSE_S)
        yield work
    finally:
        work.end()


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
