"""The outbox of one property in one SQLite file, used by several processes at once."""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Self

from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite.database import SqliteDatabase, open_database, open_for_reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apoa_client.errors import StorageProblem
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

    @classmethod
    def open_for_reading(
        cls, path: Path, sealer: Sealer, on_unwritable: Callable[[StorageProblem], object], actor: Actor = NO_ACTOR
    ) -> Self:
        """Open the file as `open` does, also where nothing can be written: a full disk or a read-only folder.

        `on_unwritable` is then called with the reason, and each change raises `OutboxUnreachable`.
        """
        db, problem = open_for_reading(path)
        if problem is not None:
            on_unwritable(problem)
        return cls(db, sealer, actor)

    def check_queue(self) -> None:
        """As `ports.DeliveryState`."""
        from apoa_client.outbox.sqlite.integrity import check_queue

        check_queue(self._sqlite)

    def rebuild_indexes(self) -> bool:
        """As `ports.DeliveryState`."""
        from apoa_client.outbox.sqlite.integrity import rebuild_indexes

        return rebuild_indexes(self._sqlite, self._actor)

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:
        """As `Outbox`."""
        from apoa_client.outbox.sqlite.integrity import check_file

        return check_file(self._sqlite, is_over)
