"""What is kept once for the property, beside its reports: why sending stopped, the last contact, backups, notices."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from apoa_client.outbox import rows
from apoa_client.outbox.rows import MILLISECOND, millis
from apoa_client.outbox.sql.metadata import (
    HOLD_KEY,
    SUSPENSION_KEY,
    read_metadata,
    read_number,
    read_restrictions,
    write_metadata,
)
from apoa_client.outbox.sql.waits import by_own_clock, clock_lead
from apoa_client.ports.audit import Actor, AuditEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.ports.state import FolderBackups, LearnedBatchSize, Restrictions, ScheduledRun, Suspension
    from apoa_client.ports.vault import Sealer

_WANTS_PHOTOS = "wants_photos"
"""The metadata's key of whether the authority takes photos: 1, or not there."""


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

    def restrictions(self) -> Restrictions:
        """As `ports.DeliveryState`."""
        with self._db.read_errors(), self._db.snapshot():
            [found] = by_own_clock(self._db, self._actor.now, [read_restrictions(self._db)])
        return found

    def set_suspension(self, suspension: Suspension | None) -> None:
        """As `ports.DeliveryState`; kept as `hold` is."""
        if suspension is None:
            value, event = None, AuditEvent("sending_resumed")
        else:
            value, event = rows.suspension_text(suspension), AuditEvent("sending_stopped", detail=suspension.reason)
        with self._db.transaction():
            if read_metadata(self._db, SUSPENSION_KEY) != value and self._restrict(SUSPENSION_KEY, value):
                self._record([event])

    def hold(self, until: datetime) -> None:
        """As `ports.DeliveryState`; a later call replaces an earlier one.

        It is not kept where the private key cannot be had, because it would look as if another program had written it.
        The next run then asks the authority again, and sends nothing before that.
        """
        with self._db.transaction():
            self._restrict(HOLD_KEY, millis(until + clock_lead(self._db, self._actor.now())))
            self._record([AuditEvent("asked_to_wait")])

    def _restrict(self, key: str, value: str | int | None) -> bool:
        """Write a restriction, inside a transaction, or remove it, and return whether that is kept."""
        before = read_metadata(self._db, key)
        write_metadata(self._db, key, value)
        is_kept = self._codes.steered(key) or value is None
        if not is_kept:
            write_metadata(self._db, key, before if isinstance(before, str | int) else None)
        return is_kept

    def record_contact(self, at: datetime, server_time: datetime | None = None) -> None:
        """As `ports.DeliveryState`."""
        with self._db.transaction():
            write_metadata(self._db, "last_contact", millis(at))
            if server_time is not None:
                from apoa_client.outbox.sql.clock_check import record_clock_check
                from apoa_client.report.kinds import MAX_BELIEVED_SKEW

                skew = server_time - at
                write_metadata(self._db, "clock_skew", skew // MILLISECOND)
                if abs(skew) <= MAX_BELIEVED_SKEW:
                    record_clock_check(self._db, at)

    def batch_size(self) -> LearnedBatchSize | None:
        """As `ports.DeliveryState`."""
        from apoa_client.outbox.sql.batch_size import batch_size

        with self._db.read_errors():
            return batch_size(self._db)

    def record_batch_size(self, learned: LearnedBatchSize) -> None:
        """As `ports.DeliveryState`."""
        from apoa_client.outbox.sql.batch_size import record_batch_size

        with self._db.transaction():
            record_batch_size(self._db, learned)

    def wants_photos(self) -> bool:
        """As `ports.DeliveryState`."""
        with self._db.read_errors():
            return read_number(self._db, _WANTS_PHOTOS) == 1

    def record_wants_photos(self, *, wants: bool) -> None:
        """As `ports.DeliveryState`."""
        if wants != self.wants_photos():
            with self._db.transaction():
                write_metadata(self._db, _WANTS_PHOTOS, 1 if wants else None)

    def record_notice(self, code: str, at: datetime) -> None:
        """As `interface.Outbox`."""
        with self._db.transaction():
            write_metadata(self._db, "notice", rows.notice_text(code, at))

    def last_notice(self) -> tuple[str, datetime] | None:
        """As `interface.Outbox`."""
        with self._db.read_errors():
            return rows.notice_from_text(read_metadata(self._db, "notice"))

    def record_scheduled_run(self, at: datetime, exit_code: int) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.scheduled_run import record_scheduled_run

        with self._db.transaction():
            record_scheduled_run(self._db, at, exit_code)

    def forget_scheduled_runs(self) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.scheduled_run import forget_scheduled_runs

        with self._db.transaction():
            forget_scheduled_runs(self._db)

    def last_scheduled_run(self) -> ScheduledRun | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.scheduled_run import last_scheduled_run

        with self._db.read_errors():
            return last_scheduled_run(self._db)

    def last_backup(self) -> datetime | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.backups import last_backup

        with self._db.read_errors():
            return last_backup(self._db)

    def backup_series(self) -> str:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.backups import backup_series

        with self._db.transaction():
            return backup_series(self._db)

    def folder_backups(self, folder: str) -> FolderBackups:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.backups import folder_backups

        with self._db.read_errors():
            return folder_backups(self._db, folder)

    def record_folder_backups(self, folder: str, known: FolderBackups) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.backups import record_folder_backups

        with self._db.transaction():
            record_folder_backups(self._db, folder, known)

    def record_clock_check(self, at: datetime) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.clock_check import record_clock_check

        with self._db.transaction():
            write_metadata(self._db, "clock_skew", None)
            record_clock_check(self._db, at)

    def clock_checked_at(self, now: datetime) -> datetime | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.clock_check import clock_checked_at

        with self._db.read_errors():
            return clock_checked_at(self._db, now)

    def public_key(self) -> str | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.sealing_key import KEY

        with self._db.read_errors():
            return rows.text_or_none(read_metadata(self._db, KEY))

    def record_public_key(self, public_key: str) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.sealing_key import record_public_key

        with self._db.transaction():
            record_public_key(self._db, public_key)

    def index_key_hash(self) -> str | None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.guest_tags import INDEX_KEY_HASH

        with self._db.read_errors():
            return rows.text_or_none(read_metadata(self._db, INDEX_KEY_HASH))

    def record_index_key_hash(self, value: str) -> None:
        """As `interface.Outbox`."""
        from apoa_client.outbox.sql.guest_tags import INDEX_KEY_HASH

        with self._db.transaction():
            write_metadata(self._db, INDEX_KEY_HASH, value)

    def record_code_confirmed(self, public_key: str) -> None:
        """As `interface.Outbox`."""
        with self._db.transaction():
            write_metadata(self._db, "code_confirmed", public_key)
            self._record([AuditEvent("code_confirmed")])

    def _record(self, events: Sequence[AuditEvent]) -> None:
        from apoa_client.outbox.sql import audit

        audit.append(self._db, self._actor, events)
