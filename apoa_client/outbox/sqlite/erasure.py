"""Erases what is sealed about guests when it is no longer needed, and keeps the proof that they were reported.

UU 27/2022 (personal data) requires the erasure. Receipt number, state, times and ids stay: they identify no person. All
reports of one stay are erased together, and a stay with an open report is left alone. A draft older than a day is
erased too. `secure_delete` overwrites what is erased with zeros, and the log, which holds older pages, is emptied
afterwards. Blocks that an SSD has not overwritten yet, and earlier backups, are out of this program's reach.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from apoa_client.outbox.errors import undelivered
from apoa_client.outbox.rows import from_millis, millis
from apoa_client.outbox.sqlite import audit
from apoa_client.outbox.sqlite.database import empty_log, transaction
from apoa_client.outbox.sqlite.drafts import DRAFT_ERASED, delete_draft, old_draft_exists
from apoa_client.outbox.sqlite.error_translation import translate_errors
from apoa_client.outbox.sqlite.metadata import read_metadata, write_metadata
from apoa_client.ports import Actor, AuditEvent, Erasure
from apoa_client.report.kinds import OPEN_STATES

_RETENTION, _REQUEST = "retention", "request"
"""The details of an erasure in the audit trail: why it was erased."""
_MAY_HAVE_ARRIVED = "may_have_arrived"
"""The detail of a withdrawal, and the report's last error, if the authority may have received the report."""

_LAST = "last_purge"
"""The metadata's key of when finished stays were last erased."""

_SKIPPED = "purge_skipped"
"""The metadata's key of when the user was last told that nothing is erased."""

_BATCH = 200
"""Stays erased in one transaction: short enough that no one waits long to save a report."""

_OPEN = f"state IN ({', '.join(repr(state.value) for state in sorted(OPEN_STATES))})"

# A stay ended when the guest checked out, or else on the latest planned day, or else when its last report was finished.
# A check-out that was never accepted may have been a mistake.
_DUE = f"""
    SELECT stay_id FROM reports WHERE erased_at IS NULL AND {{which}} GROUP BY stay_id
    HAVING max({_OPEN}) = 0 AND COALESCE(
        max(CASE WHEN kind = 'check_out' AND state = 'accepted' THEN ends_at END), max(ends_at), max(finished_at)
    ) < ?
"""  # noqa: S608  constants

_NOT_ERASED = "SELECT id FROM reports WHERE erased_at IS NULL AND stay_id = ? ORDER BY seq"
# With whether the authority may have received it, as the opposite of `ports.Entry.withdrawable`.
_UNDELIVERED = f"""
    SELECT id, state <> 'rejected' AND NOT (state = 'queued' AND calls = 0) FROM reports
    WHERE {_OPEN} AND stay_id = ? ORDER BY seq
"""  # noqa: S608  constants
_WITHDRAW = """
    UPDATE reports SET state = 'withdrawn', lease = NULL, lease_until = NULL, next_attempt_at = NULL, finished_at = ?,
        last_error = COALESCE(?, last_error)
    WHERE id = ?
"""
_ERASE = (
    "UPDATE reports SET content = NULL, errors = NULL, warnings = NULL, guest_tag = NULL, erased_at = ? WHERE id = ?"
)


class Eraser:
    """The `interface.Eraser` of one database; `actor` is the user who erases, with the clock."""

    def __init__(self, db: sqlite3.Connection, path: Path, actor: Actor) -> None:
        self._db = db
        self._path = path
        self._actor = actor

    def is_due(self, before: datetime, now: datetime) -> bool:
        """As `interface.Eraser`."""
        with translate_errors(self._path):
            query = f"{_DUE.format(which='TRUE')} LIMIT 1"
            stay_is_due = self._db.execute(query, [millis(before)]).fetchone() is not None
            return stay_is_due or old_draft_exists(self._db, (now, self._actor.now()))

    def record_skip(self, at: datetime) -> None:
        """As `interface.Eraser`."""
        with transaction(self._db, self._path):
            write_metadata(self._db, _SKIPPED, millis(at))

    def finished(self, before: datetime, now: datetime, *, dry_run: bool) -> Erasure:
        """As `interface.Eraser`."""
        with translate_errors(self._path):
            stays = self._due(before, "TRUE")
        erased, count = list[str](), 0
        for start in range(0, len(stays), _BATCH):
            batch = stays[start : start + _BATCH]
            with self._transaction(dry_run=dry_run):
                still_due = self._due(before, f"stay_id IN ({', '.join('?' * len(batch))})", batch)
                erased += self._erase(self._ids(_NOT_ERASED, still_due), _RETENTION)
                count += len(still_due)
        with self._transaction(dry_run=dry_run):
            draft = old_draft_exists(self._db, (now, self._actor.now())) and delete_draft(self._db)
            if draft:
                audit.append(self._db, self._actor, [AuditEvent(DRAFT_ERASED, detail=_RETENTION)])
        complete = dry_run or self._empty_log()
        if complete and not dry_run:
            with transaction(self._db, self._path):
                write_metadata(self._db, _LAST, millis(self._actor.now()))
                write_metadata(self._db, _SKIPPED, None)
        return Erasure(tuple(erased), count, complete=complete, draft=draft)

    def stay(self, stay_id: str, *, force: bool, dry_run: bool) -> Erasure:
        """As `interface.Eraser`."""
        with self._transaction(dry_run=dry_run):
            open_reports: dict[str, int] = dict(self._db.execute(_UNDELIVERED, [stay_id]).fetchall())
            arrived = tuple(report_id for report_id, may_have_arrived in open_reports.items() if may_have_arrived)
            if open_reports and not force:
                raise undelivered(arrived)
            now = millis(self._actor.now())
            details = {report_id: _MAY_HAVE_ARRIVED if report_id in arrived else None for report_id in open_reports}
            self._db.executemany(_WITHDRAW, [(now, detail, report_id) for report_id, detail in details.items()])
            events = [AuditEvent("withdrawn", report_id, detail or _REQUEST) for report_id, detail in details.items()]
            audit.append(self._db, self._actor, events)
            erased = self._erase(self._ids(_NOT_ERASED, [stay_id]), _REQUEST)
        complete = dry_run or self._empty_log()
        return Erasure(tuple(erased), int(bool(erased)), tuple(open_reports), complete, may_have_arrived=arrived)

    def last(self) -> datetime | None:
        """As `interface.Eraser`."""
        with translate_errors(self._path):
            value = read_metadata(self._db, _LAST)
        return from_millis(value) if isinstance(value, int) else None

    def _due(self, before: datetime, which: str, stays: Sequence[str] = ()) -> list[str]:
        rows = self._db.execute(_DUE.format(which=which), [*stays, millis(before)])
        return [row[0] for row in rows.fetchall()]

    def _ids(self, query: str, stays: Sequence[str]) -> list[str]:
        return [row[0] for stay_id in stays for row in self._db.execute(query, [stay_id]).fetchall()]

    def _erase(self, ids: Sequence[str], reason: str) -> Sequence[str]:
        now = millis(self._actor.now())
        self._db.executemany(_ERASE, [(now, report_id) for report_id in ids])
        audit.append(self._db, self._actor, [AuditEvent("erased", report_id, reason) for report_id in ids])
        return ids

    def _empty_log(self) -> bool:
        with translate_errors(self._path):
            return empty_log(self._db)

    @contextmanager
    def _transaction(self, *, dry_run: bool) -> Iterator[None]:
        """A transaction, whose changes a dry run undoes."""
        with transaction(self._db, self._path):
            self._db.execute("SAVEPOINT before")
            yield
            if dry_run:
                self._db.execute("ROLLBACK TO before")
