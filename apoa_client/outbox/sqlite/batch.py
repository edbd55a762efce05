"""A batch of reports in a temporary table of the connection. SQLite deletes its file even if the process is killed."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from apoa_client.outbox.sql import insertion
from apoa_client.outbox.sql.batch import STAGED, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.ports.state import Actor
    from apoa_client.ports.vault import Sealer

_TABLE = f"""
    CREATE TEMP TABLE batch (n INTEGER PRIMARY KEY, key INTEGER NOT NULL, is_first INTEGER NOT NULL,
        is_new INTEGER NOT NULL, replaces TEXT NOT NULL, active TEXT NOT NULL, {insertion.SAVED_LIST})
"""
_ADD = f"INSERT INTO temp.batch ({STAGED}) VALUES ({', '.join('?' * (STAGED.count(',') + 1))})"  # noqa: S608  constants


class SqliteBatch(Batch):
    """A `ports.ReportBatch` of one connection, which can have one at a time."""

    @classmethod
    @contextmanager
    def opened(cls, db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> Iterator[Self]:
        """Return an empty batch, and forget at the end what was not saved."""
        with db.errors():
            batch = cls(db, sealer, codes, actor)
            db.execute(_TABLE)
        try:
            yield batch
        finally:
            with db.errors():
                db.execute("DROP TABLE temp.batch")

    def discard(self, key: int) -> None:
        """As `ports.ReportBatch`."""
        self._flush()
        with self._db.errors():
            self._db.execute("DELETE FROM temp.batch WHERE key = ?", [key])

    def _flush(self) -> None:
        """Write what is pending to the temporary table, in a transaction that does not touch the outbox."""
        with self._db.errors():
            self._db.execute("BEGIN")
            try:
                self._db.executemany(_ADD, self._pending)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        self._pending.clear()
