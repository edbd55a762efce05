"""The outbox of one property in one SQLite file, used by several processes at once."""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Self

from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite.database import SqliteDatabase, open_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apoa_client.outbox.sql.integrity import FileCheck
    from apoa_client.ports.state import Actor
    from apoa_client.ports.vault import Sealer


class SqliteOutbox(Outbox):
    """An `Outbox` in a file. Open it with `open`, close it, and do not share it between threads."""

    def __init__(self, db: SqliteDatabase, sealer: Sealer, actor: Actor = NO_ACTOR) -> None:
        super().__init__(db, sealer, actor)
        self._sqlite = db

    @classmethod
    def open(cls, path: Path, sealer: Sealer, *, create: bool = False, actor: Actor = NO_ACTOR) -> Self:
        """Open the file, and migrate it to this version's schema; create it first only if `create` says so.

        Raises `OutboxMissing`, `OutboxUnreachable`, `OutboxDamaged`, `too_new`, `OutboxBusy`, or
        `DiskFull`.
        """
        return cls(open_database(path, create=create), sealer, actor)

    def check_queue(self) -> None:
        """As `Outbox`."""
        from apoa_client.outbox.sqlite.integrity import check_queue

        check_queue(self._sqlite)

    def rebuild_indexes(self) -> bool:
        """As `Outbox`."""
        from apoa_client.outbox.sqlite.integrity import rebuild_indexes

        return rebuild_indexes(self._sqlite, self._actor)

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:
        """As `Outbox`."""
        from apoa_client.outbox.sqlite.integrity import check_file

        return check_file(self._sqlite, is_over)
