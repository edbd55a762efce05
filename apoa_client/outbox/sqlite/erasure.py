"""Erasing what is sealed about guests when its purpose is met, and keeping the proof that they were reported.

UU 27/2022 (personal data) asks for the erasure. Receipt number, state, times and ids stay: they name nobody. All
reports of one stay are erased together, and a stay with a report that is still open is left alone. A draft that nobody
went on with for a day goes, too. `secure_delete` overwrites what is erased with zeros, and the log, which holds older
pages, is emptied after it. What an SSD keeps of overwritten blocks, and backups made before, are out of this room's
reach.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import translate_errors
from apoa_client.outbox.sqlite import audit, drafts
from apoa_client.outbox.sqlite.database import empty_log, transaction
from apoa_client.outbox.sqlite.rows import millis, moment
from apoa_client.ports import Actor, AuditEvent, Erasure
from apoa_client.report.kinds import OPEN_STATES

RETENTION, REQUEST = "retention", "request"
"""Why something was erased, as the audit trail says it."""

_LAST = "last_purge"
"""The key in `memo` of when finished stays were last erased."""

_PIECE = 200
"""Stays erased in one transaction: nobody who saves a report waits long for the file."""

_OPEN = f"state IN ({', '.join(repr(state.value) for state in sorted(OPEN_STATES))})"

# When a stay ended: when the guest checked out, or else the latest planned day, or else when all was told. A check-out
# that was never accepted may have been a mistake.
_DUE = f"""
    SELECT stay_id FROM reports WHERE erased_at IS NULL AND {{which}} GROUP BY stay_id
    HAVING max({_OPEN}) = 0 AND COALESCE(
        max(CASE WHEN kind = 'check_out' AND state = 'accepted' THEN ends_at END), max(ends_at), max(finished_at)
    ) < ?
"""  # noqa: S608  constants

_KEPT = "SELECT id FROM reports WHERE erased_at IS NULL AND stay_id = ? ORDER BY seq"
_UNDELIVERED = f"SELECT id FROM reports WHERE {_OPEN} AND stay_id = ? ORDER BY seq"  # noqa: S608  constants
_WITHDRAW = """
    UPDATE reports SET state = 'withdrawn', lease = NULL, lease_until = NULL, next_attempt_at = NULL, finished_at = ?
    WHERE id = ?
"""
_ERASE = (
    "UPDATE reports SET content = NULL, errors = NULL, warnings = NULL, guest_tag = NULL, erased_at = ? WHERE id = ?"
)


class Undelivered(DataRefused):
    """A stay that is to be erased has a report that the authority did not get."""

    advice: Message | None = msg(
        "Send it first: apoa sync. If it must never be sent, withdraw and erase it with: apoa purge --guest ID --force"
    )


class Eraser:
    """Erases in one database; `actor` is who asked for it, and when it is now."""

    def __init__(self, db: sqlite3.Connection, path: Path, actor: Actor) -> None:
        self._db = db
        self._path = path
        self._author = actor

    def finished(self, before: datetime, *, dry_run: bool) -> Erasure:
        """Erase every stay that ended before this time and has no open report; and a draft of more than a day ago."""
        with translate_errors(self._path):
            stays = self._due(before, "TRUE")
        erased, count = list[str](), 0
        for start in range(0, len(stays), _PIECE):
            piece = stays[start : start + _PIECE]
            with self._transaction(dry_run=dry_run):
                still = self._due(before, f"stay_id IN ({', '.join('?' * len(piece))})", piece)
                erased += self._erase(self._ids(_KEPT, still), RETENTION)
                count += len(still)
        draft = self._erase_draft(dry_run=dry_run)
        return Erasure(tuple(erased), count, complete=dry_run or self._finish(), draft=draft)

    def stay(self, stay_id: str, *, force: bool, dry_run: bool) -> Erasure:
        """Erase one stay now. Raises `Undelivered` where a report of it is still open, unless `force` withdraws it.

        Whoever forces it must have the turn to deliver, so that nothing is on its way meanwhile.
        """
        with self._transaction(dry_run=dry_run):
            undelivered = self._ids(_UNDELIVERED, [stay_id])
            if undelivered and not force:
                raise Undelivered(msg("A report of this stay was not delivered yet. Nothing was erased."))
            self._withdraw(undelivered)
            erased = self._erase(self._ids(_KEPT, [stay_id]), REQUEST)
        complete = dry_run or self._emptied()
        return Erasure(tuple(erased), int(bool(erased)), tuple(undelivered), complete)

    def last(self) -> datetime | None:
        """When finished stays were last erased, to the last byte."""
        with translate_errors(self._path):
            row = self._db.execute("SELECT value FROM memo WHERE key = ?", [_LAST]).fetchone()
        return moment(row[0]) if row is not None and isinstance(row[0], int) else None

    def _due(self, before: datetime, which: str, stays: Sequence[str] = ()) -> list[str]:
        rows = self._db.execute(_DUE.format(which=which), [*stays, millis(before)])
        return [row[0] for row in rows.fetchall()]

    def _finish(self) -> bool:
        complete = self._emptied()
        if complete:
            with transaction(self._db, self._path):
                self._db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", [_LAST, millis(self._author.now())])
        return complete

    def _ids(self, query: str, stays: Sequence[str]) -> list[str]:
        return [row[0] for stay_id in stays for row in self._db.execute(query, [stay_id]).fetchall()]

    def _withdraw(self, ids: Sequence[str]) -> None:
        now = millis(self._author.now())
        self._db.executemany(_WITHDRAW, [(now, report_id) for report_id in ids])
        audit.append(self._db, self._author, [AuditEvent("withdrawn", report_id, REQUEST) for report_id in ids])

    def _erase(self, ids: Sequence[str], why: str) -> Sequence[str]:
        now = millis(self._author.now())
        self._db.executemany(_ERASE, [(now, report_id) for report_id in ids])
        audit.append(self._db, self._author, [AuditEvent("erased", report_id, why) for report_id in ids])
        return ids

    def _erase_draft(self, *, dry_run: bool) -> bool:
        with self._transaction(dry_run=dry_run):
            erased = drafts.erase_old(self._db, self._author.now())
            if erased:
                audit.append(self._db, self._author, [AuditEvent(drafts.ERASED, detail=RETENTION)])
        return erased

    def _emptied(self) -> bool:
        with translate_errors(self._path):
            return empty_log(self._db)

    @contextmanager
    def _transaction(self, *, dry_run: bool) -> Iterator[None]:
        """A transaction, which a dry run does not keep."""
        with transaction(self._db, self._path):
            self._db.execute("SAVEPOINT before")
            yield
            if dry_run:
                self._db.execute("ROLLBACK TO before")
