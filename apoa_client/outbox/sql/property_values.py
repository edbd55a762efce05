"""What is kept once for the property, beside its reports: why sending stopped, the last contact, backups, notices.

Guests' data are erased by age, and a clock that jumps ahead would erase those of guests in house. A jump leaves a gap
between two audit events, or between the last one and now: so it is recorded when the clock was last found right.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import os
import re
from datetime import timedelta
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from apoa_client.outbox.rows import MILLISECOND, from_millis, millis
from apoa_client.outbox.sql import metadata
from apoa_client.outbox.sql.metadata import Value, read_metadata, read_restrictions, write_metadata
from apoa_client.outbox.sql.queries import by_own_clock, clock_lead
from apoa_client.ports.state import Actor, AuditEvent, FolderBackups, ScheduledRun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.ports.authority import Meta
    from apoa_client.ports.run import Sealer
    from apoa_client.ports.state import Restrictions, Suspension

T = TypeVar("T")

_LONGEST_STEP = timedelta(days=1) // MILLISECOND

_SERIES_BYTES = 3
_SERIES = r"[0-9a-f]{6}"
_MOST_FOLDERS = 8
"""How many folders are known: each desk of a shared outbox may have its own."""


class PropertyValues:
    """The part of an outbox that keeps these values, in the metadata of its database."""

    def __init__(self, db: Database, sealer: Sealer, actor: Actor) -> None:
        self._db = db
        self._sealer = sealer
        self._actor = actor

    @cached_property
    def _codes(self) -> RowCodes:
        from apoa_client.outbox.sql.codes import RowCodes

        return RowCodes(self._db, self._sealer)

    def value(self, which: Value[T]) -> T | None:
        """Return a value; None if there is none."""
        with self._db.read_errors():
            return metadata.read(self._db, which)

    def record(self, which: Value[T], new: T | None) -> None:
        """Record a value in place of the one before, or (None) that there is none."""
        with self._db.transaction():
            metadata.write(self._db, which, new)

    def restrictions(self) -> Restrictions:
        """Return what forbids calls to the authority, as it is now; costs next to nothing."""
        with self._db.read_errors(), self._db.snapshot():
            [found] = by_own_clock(self._db, self._actor.now, [read_restrictions(self._db)])
        return found

    def set_suspension(self, suspension: Suspension | None) -> None:
        """Suspend sending for the property, or (None) resume it; kept as `hold` is."""
        if suspension is None:
            stored, event = None, AuditEvent("sending_resumed")
        else:
            stored = metadata.SUSPENSION.dump(suspension)
            event = AuditEvent("sending_stopped", detail=suspension.reason)
        key = metadata.SUSPENSION.key
        with self._db.transaction():
            if read_metadata(self._db, key) != stored and self._restrict(key, stored):
                self._record([event])

    def hold(self, until: datetime) -> None:
        """Send nothing before this time, because the authority asked for it. A later call replaces an earlier one.

        It is not kept where the private key cannot be had, because it would look as if another program had written it.
        The next run then asks the authority again, and sends nothing before that.
        """
        with self._db.transaction():
            self._restrict(metadata.HOLD.key, millis(until + clock_lead(self._db, self._actor.now())))
            self._record([AuditEvent("asked_to_wait")])

    def _restrict(self, key: str, stored: str | int | None) -> bool:
        """Write a restriction, inside a transaction, or remove it, and return whether that is kept."""
        before = read_metadata(self._db, key)
        write_metadata(self._db, key, stored)
        is_kept = self._codes.steered(key) or stored is None
        if not is_kept:
            write_metadata(self._db, key, before if isinstance(before, str | int) else None)
        return is_kept

    def record_contact(self, at: datetime, server_time: datetime | None = None) -> None:
        """Record that the authority answered at this time, and what time its clock showed, if it said so."""
        with self._db.transaction():
            metadata.write(self._db, metadata.LAST_CONTACT, at)
            if server_time is not None:
                from apoa_client.report.kinds import MAX_BELIEVED_SKEW

                metadata.write(self._db, metadata.CLOCK_SKEW, server_time - at)
                if abs(server_time - at) <= MAX_BELIEVED_SKEW:
                    self._record_clock_check(at)

    def wants_photos(self) -> bool:
        """Return whether the authority takes photos, as it last said. False if it never said so."""
        return self.value(metadata.WANTS_PHOTOS) == 1

    def record_meta(self, meta: Meta) -> None:
        """Record whether the authority takes photos, and its names of the property and office, if that changed."""
        name, office = (" ".join(each.split()) for each in (meta.property_name, meta.property_office or ""))
        if (meta.wants_photo, (name, office)) != (self.wants_photos(), self.value(metadata.ACCOUNT)):
            with self._db.transaction():
                metadata.write(self._db, metadata.WANTS_PHOTOS, 1 if meta.wants_photo else None)
                metadata.write(self._db, metadata.ACCOUNT, (name, office))

    def record_scheduled_run(self, at: datetime, exit_code: int) -> None:
        """Record that a run of automatic sending ended at this time with this exit code."""
        with self._db.transaction():
            last = metadata.read(self._db, metadata.SCHEDULED_RUN)
            interval = at - last.at if last is not None and last.at < at else None
            metadata.write(self._db, metadata.SCHEDULED_RUN, ScheduledRun(at, exit_code, interval))

    def backup_series(self) -> str:
        """Return the id of this outbox in the names of its backups: six hexadecimal digits, made at the first call.

        What has another form is replaced: it becomes a part of a file's name.
        """
        with self._db.transaction():
            series = metadata.read(self._db, metadata.BACKUP_SERIES)
            if series is None or re.fullmatch(_SERIES, series) is None:
                series = os.urandom(_SERIES_BYTES).hex()
                metadata.write(self._db, metadata.BACKUP_SERIES, series)
            return series

    def folder_backups(self, folder: str) -> FolderBackups:
        """Return what is known of the automatic backups into this folder.

        What cannot be read is not known: no backup waits for it, and the next one replaces it.
        """
        return (self.value(metadata.FOLDER_BACKUPS) or {}).get(_checksum(folder), FolderBackups())

    def record_folder_backups(self, folder: str, known: FolderBackups) -> None:
        """Record it in place of what is known of this folder. The folders that were recorded last are kept."""
        checksum = _checksum(folder)
        with self._db.transaction():
            before = metadata.read(self._db, metadata.FOLDER_BACKUPS) or {}
            others = ((key, text) for key, text in before.items() if key != checksum)
            kept = dict(islice(chain([(checksum, known)], others), _MOST_FOLDERS))
            metadata.write(self._db, metadata.FOLDER_BACKUPS, kept)

    def record_clock_check(self, at: datetime) -> None:
        """Record that this computer's clock, which shows this time, was found right."""
        with self._db.transaction():
            metadata.write(self._db, metadata.CLOCK_SKEW, None)
            self._record_clock_check(at)

    def _record_clock_check(self, at: datetime) -> None:
        """Record, inside a transaction, that the clock, which shows this time, is right or its error is known."""
        (last,) = self._db.execute("SELECT COALESCE(max(n), 0) FROM audit").fetchone()
        metadata.write(self._db, metadata.CLOCK_CHECKED, (millis(at), last))

    def clock_checked_at(self, now: datetime) -> datetime | None:
        """Return when the clock was last found right, or compared with the authority's; None if it may have jumped.

        It may have jumped if there is more than a day between that time, the audit events since, and `now`, or if one
        of these is earlier than the one before.
        """
        from apoa_client.report.kinds import CLOCK_TOLERANCE

        longest_step_back = CLOCK_TOLERANCE // MILLISECOND
        with self._db.read_errors():
            found = metadata.read(self._db, metadata.CLOCK_CHECKED)
            if found is None:
                return None
            checked, last = found
            before = checked
            events = self._db.execute("SELECT at FROM audit WHERE n > ? ORDER BY n", [last])
            for (at,) in chain(events, [(millis(now),)]):
                if not -longest_step_back <= at - before <= _LONGEST_STEP:
                    return None
                before = at
            return from_millis(checked)

    def record_public_key(self, public_key: str) -> None:
        """Record the public key of the settings: from then on, what is sealed to another one is sealed again."""
        self.record(metadata.PUBLIC_KEY, public_key)

    def record_code_confirmed(self, public_key: str) -> None:
        """Record that a person has typed back the recovery code of this key: it is safe on paper."""
        with self._db.transaction():
            metadata.write(self._db, metadata.CODE_CONFIRMED, public_key)
            self._record([AuditEvent("code_confirmed")])

    def record_event(self, action: str, report: str | None = None, detail: str | None = None) -> None:
        """Add an event to the audit trail: codes and ids only, no personal data."""
        with self._db.transaction():
            self._record([AuditEvent(action, report, detail)])

    def _record(self, events: Sequence[AuditEvent]) -> None:
        from apoa_client.outbox.sql import audit

        audit.append(self._db, self._actor, events)


def _checksum(folder: str) -> str:
    """Return what tells one folder from the next. The path may name a person, and backups hold the metadata."""
    from zlib import crc32  # start-up: only a backup into a folder needs it

    return f"{crc32(folder.encode(errors='surrogateescape')):08x}"
