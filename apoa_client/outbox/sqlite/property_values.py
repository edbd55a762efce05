"""What is kept once for the property, beside its reports: why sending stopped, the last contact, backups, notices."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.outbox import rows
from apoa_client.outbox.rows import MILLISECOND, millis
from apoa_client.outbox.sqlite.database import transaction
from apoa_client.outbox.sqlite.error_translation import translate_read_errors
from apoa_client.outbox.sqlite.metadata import read_metadata, write_metadata
from apoa_client.ports.audit import Actor, AuditEvent

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from apoa_client.ports.state import FolderBackups, LearnedBatchSize, ScheduledRun, Suspension

_WANTS_PHOTOS = "wants_photos"
"""The metadata's key of whether the authority takes photos: 1, or not there."""


class PropertyValues:
    """The part of an outbox that keeps these values, in the metadata of its database."""

    def __init__(self, db: sqlite3.Connection, path: Path, actor: Actor) -> None:
        self._db = db
        self._path = path
        self._actor = actor

    def set_suspension(self, suspension: Suspension | None) -> None:
        """As `ports.DeliveryState`."""
        if suspension is None:
            value, event = None, AuditEvent("sending_resumed")
        else:
            value, event = rows.suspension_text(suspension), AuditEvent("sending_stopped", detail=suspension.reason)
        with transaction(self._db, self._path):
            if read_metadata(self._db, "stop") != value:
                write_metadata(self._db, "stop", value)
                self._record([event])

    def hold(self, until: datetime) -> None:
        """As `ports.DeliveryState`; a later call replaces an earlier one."""
        with transaction(self._db, self._path):
            write_metadata(self._db, "hold", millis(until))

    def record_contact(self, at: datetime, server_time: datetime | None = None) -> None:
        """As `ports.DeliveryState`."""
        with transaction(self._db, self._path):
            write_metadata(self._db, "last_contact", millis(at))
            if server_time is not None:
                from apoa_client.outbox.sqlite.clock_check import record_clock_check
                from apoa_client.report.deadline import MAX_BELIEVED_SKEW

                skew = server_time - at
                write_metadata(self._db, "clock_skew", skew // MILLISECOND)
                if abs(skew) <= MAX_BELIEVED_SKEW:
                    record_clock_check(self._db, at)

    def batch_size(self) -> LearnedBatchSize | None:
        """As `ports.DeliveryState`."""
        from apoa_client.outbox.sqlite.batch_size import batch_size

        with translate_read_errors(self._path):
            return batch_size(self._db)

    def record_batch_size(self, learned: LearnedBatchSize) -> None:
        """As `ports.DeliveryState`."""
        from apoa_client.outbox.sqlite.batch_size import record_batch_size

        with transaction(self._db, self._path):
            record_batch_size(self._db, learned)

    def wants_photos(self) -> bool:
        """As `ports.DeliveryState`."""
        with translate_read_errors(self._path):
            return read_metadata(self._db, _WANTS_PHOTOS) == 1

    def record_wants_photos(self, *, wants: bool) -> None:
        """As `ports.DeliveryState`."""
        if wants != self.wants_photos():
            with transaction(self._db, self._path):
                write_metadata(self._db, _WANTS_PHOTOS, 1 if wants else None)

    def record_notice(self, code: str, at: datetime) -> None:
        """As `interface.Outbox`."""
        with transaction(self._db, self._path):
            write_metadata(self._db, "notice", rows.notice_text(code, at))

    def last_notice(self) -> tuple[str, datetime] | None:
        """As `interface.Outbox`."""
        with translate_read_errors(self._path):
            return rows.notice_from_text(read_metadata(self._db, "notice"))

    def record_scheduled_run(self, at: datetime, exit_code: int) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.scheduled_run import record_scheduled_run

        with transaction(self._db, self._path):
            record_scheduled_run(self._db, at, exit_code)

    def forget_scheduled_runs(self) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.scheduled_run import forget_scheduled_runs

        with transaction(self._db, self._path):
            forget_scheduled_runs(self._db)

    def last_scheduled_run(self) -> ScheduledRun | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.scheduled_run import last_scheduled_run

        with translate_read_errors(self._path):
            return last_scheduled_run(self._db)

    def last_backup(self) -> datetime | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.backups import last_backup

        with translate_read_errors(self._path):
            return last_backup(self._db)

    def backup_series(self) -> str:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.backups import backup_series

        with transaction(self._db, self._path):
            return backup_series(self._db)

    def folder_backups(self, folder: str) -> FolderBackups:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.backups import folder_backups

        with translate_read_errors(self._path):
            return folder_backups(self._db, folder)

    def record_folder_backups(self, folder: str, known: FolderBackups) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.backups import record_folder_backups

        with transaction(self._db, self._path):
            record_folder_backups(self._db, folder, known)

    def record_clock_check(self, at: datetime) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.clock_check import record_clock_check

        with transaction(self._db, self._path):
            write_metadata(self._db, "clock_skew", None)
            record_clock_check(self._db, at)

    def clock_checked_at(self, now: datetime) -> datetime | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.clock_check import clock_checked_at

        with translate_read_errors(self._path):
            return clock_checked_at(self._db, now)

    def record_public_key(self, public_key: str) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sqlite.sealing_key import record_public_key

        with transaction(self._db, self._path):
            record_public_key(self._db, public_key)

    def record_code_confirmed(self, public_key: str) -> None:
        """As `interface.Outbox`."""
        with transaction(self._db, self._path):
            write_metadata(self._db, "code_confirmed", public_key)
            self._record([AuditEvent("code_confirmed")])

    def _record(self, events: Sequence[AuditEvent]) -> None:
        from apoa_client.outbox.sqlite import audit

        audit.append(self._db, self._actor, events)
