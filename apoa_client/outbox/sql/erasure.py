"""Erases what is sealed about guests when it is no longer needed, and keeps the proof that they were reported.

UU 27/2022 (personal data) requires the erasure. Receipt number, state, times and ids stay: they identify no person. All
reports of one stay are erased together, and a stay with an open report is left alone. Drafts older than a day are
erased too. SQLite overwrites what is erased with zeros (`secure_delete`), and the log, which holds older pages, is
emptied afterwards. Blocks that an SSD has not overwritten yet, and earlier backups, are out of this program's reach.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from apoa_client.outbox.errors import undelivered
from apoa_client.outbox.rows import ERASED, millis
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.drafts import DRAFT_ERASED, count_old_drafts, delete_old_drafts
from apoa_client.outbox.sql.metadata import LAST_PURGE, PURGE_SKIPPED, write
from apoa_client.outbox.sql.queries import NO_LIMIT, OPEN
from apoa_client.ports.state import Actor, AuditEvent, Erasure
from apoa_client.report.kinds import MAX_OVERSTAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes

_RETENTION, _REQUEST = "retention", "request"
"""The details of an erasure in the audit trail: why it was erased."""

_BATCH = 200
"""Stays erased in one transaction: short enough that no one waits long to save a report."""

_ACCEPTED = "max(CASE WHEN state = 'accepted' AND kind IN ({}) THEN {} END)"
_IN_AT, _OUT_AT = _ACCEPTED.format("'check_in', 'amend'", "finished_at"), _ACCEPTED.format("'check_out'", "finished_at")
_OUT, _CANCELLED = _ACCEPTED.format("'check_out'", "ends_at"), _ACCEPTED.format("'cancel'", "1")

# A stay ended when the guest checked out, or else on the latest planned day, or else when its last report was finished.
# A check-out does not count if it was never accepted, or if a correction was accepted later: the guest is back. Without
# one, the guest of an accepted stay counts as in house for longer.
_DUE = f"""
    SELECT stay_id FROM reports WHERE erased_at IS NULL AND {{which}} GROUP BY stay_id
    HAVING sum(CASE WHEN {OPEN} THEN 1 ELSE 0 END) = 0
        AND COALESCE(CASE WHEN {_OUT_AT} >= {_IN_AT} THEN {_OUT} END, max(ends_at), max(finished_at))
        < CASE WHEN {_IN_AT} IS NULL OR {_OUT_AT} >= {_IN_AT} OR {_CANCELLED} = 1 THEN ? ELSE ? END
"""  # noqa: S608  constants

_NOT_ERASED = "SELECT seq, id FROM reports WHERE erased_at IS NULL AND stay_id = ? ORDER BY seq"
_FIRST_OPEN = f"SELECT id FROM reports WHERE {OPEN} AND stay_id = ? ORDER BY seq LIMIT 1"  # noqa: S608  constants
_ERASE = f"UPDATE reports SET {ERASED}, erased_at = ? WHERE seq = ?"  # noqa: S608  constants

_Report: TypeAlias = tuple[int, str]
"""A report's number (`seq`) and id."""
_EndedBefore: TypeAlias = tuple[int, int]
"""Before which times a stay must have ended to be erased: one that is over, and one whose guest may be in house."""


def _ended_before(before: datetime, now: datetime) -> _EndedBefore:
    return millis(before), millis(min(before, now - MAX_OVERSTAY))


class Eraser:
    """Erases what is sealed about guests. Raises `StorageProblem`.

    `actor` is the user who erases, with the clock.
    """

    def __init__(self, db: Database, actor: Actor, codes: RowCodes) -> None:
        self._db = db
        self._actor = actor
        self._codes = codes

    def is_due(self, before: datetime, now: datetime) -> bool:
        """Return whether `finished` would erase anything."""
        with self._db.errors():
            query = f"{_DUE.format(which='TRUE')} LIMIT 1"
            stay_is_due = self._db.execute(query, _ended_before(before, now)).fetchone() is not None
            return stay_is_due or count_old_drafts(self._db, (now, self._actor.now())) > 0

    def finished(self, before: datetime, now: datetime, *, dry_run: bool) -> Erasure:
        """Erase every stay that ended before this time and has no open report, and drafts older than a day.

        `now` is the authority's time, if this computer's clock is ahead of it: a draft must be old by both clocks.
        A dry run only reads.
        """
        reports, count = list[str](), 0
        ended_before = _ended_before(before, now)
        for stays in self._batches_due(ended_before):
            if dry_run:
                erased, due = self._not_erased(stays), stays
            else:
                self._codes.ask()
                with self._db.transaction():
                    due = self._due(ended_before, f"stay_id IN ({', '.join('?' * len(stays))})", stays)
                    erased = self._not_erased(due)
                    self._erase(erased, _RETENTION)
            reports.extend(report_id for _seq, report_id in erased)
            count += len(due)
        drafts = self._erase_old_drafts(now, dry_run=dry_run)
        complete = dry_run or self._empty_log()
        if complete and not dry_run:
            with self._db.transaction():
                write(self._db, LAST_PURGE, self._actor.now())
                write(self._db, PURGE_SKIPPED, None)
        return Erasure(tuple(reports), count, complete=complete, drafts=drafts)

    def stay(self, stay_id: str, *, dry_run: bool) -> Erasure:
        """Erase one stay now. Raises `SettingsProblem` if a report of it is open: it could never be delivered."""
        with self._db.errors(), self._db.snapshot() if dry_run else self._db.transaction():
            open_report = self._db.execute(_FIRST_OPEN, [stay_id]).fetchone()
            if open_report is not None:
                raise undelivered(open_report[0])
            erased = self._not_erased([stay_id])
            if not dry_run:
                self._erase(erased, _REQUEST)
        complete = dry_run or self._empty_log()
        return Erasure(tuple(report_id for _seq, report_id in erased), int(bool(erased)), complete)

    def _batches_due(self, before: _EndedBefore) -> Iterator[list[str]]:
        """Yield the stays that are due, in batches. The caller may erase a batch before the next one is read."""
        last = ""
        while True:
            with self._db.errors():
                stays = self._due(before, "stay_id > ?", [last], limit=_BATCH)
            if not stays:
                return
            yield stays
            last = stays[-1]

    def _due(self, before: _EndedBefore, which: str, values: Sequence[str], *, limit: int = NO_LIMIT) -> list[str]:
        query = f"{_DUE.format(which=which)} ORDER BY stay_id LIMIT {limit}"
        return [row[0] for row in self._db.execute(query, [*values, *before]).fetchall()]

    def _not_erased(self, stays: Sequence[str]) -> list[_Report]:
        return [row for stay_id in stays for row in self._db.execute(_NOT_ERASED, [stay_id]).fetchall()]

    def _erase(self, reports: Sequence[_Report], reason: str) -> None:
        now, ids = millis(self._actor.now()), [report_id for _seq, report_id in reports]
        with self._codes.changing(ids):
            self._db.executemany(_ERASE, [(now, seq) for seq, _id in reports])
        audit.append(self._db, self._actor, [AuditEvent("erased", report_id, reason) for _seq, report_id in reports])

    def _erase_old_drafts(self, now: datetime, *, dry_run: bool) -> int:
        times = (now, self._actor.now())
        with self._db.errors():
            found = count_old_drafts(self._db, times)
        if dry_run or not found:
            return found
        with self._db.transaction():
            erased = delete_old_drafts(self._db, times)
            audit.append(self._db, self._actor, [AuditEvent(DRAFT_ERASED, detail=_RETENTION)] * erased)
        return erased

    def _empty_log(self) -> bool:
        with self._db.errors():
            return self._db.empty_log()
