"""A batch of reports in a temporary file of this computer, until it is sent to the server to be saved.

A pooler may give each transaction another session of the server, so that no table of a session lives until then.
"""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

import pickle
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Self

from apoa_client.outbox.sql import insertion
from apoa_client.outbox.sql.batch import STAGED, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.ports.state import Actor
    from apoa_client.ports.vault import Sealer

_TABLE = f"""
    CREATE TEMP TABLE batch ON COMMIT DROP AS
    SELECT 0::bigint AS n, 0::bigint AS key, 0 AS is_first, 0 AS is_new, '' AS replaces, '' AS active,
        {insertion.SAVED_LIST} FROM reports WITH NO DATA
"""  # noqa: S608  constants
_ADD = f"INSERT INTO batch (n, {STAGED}) VALUES (?, {', '.join('?' * (STAGED.count(',') + 1))})"  # noqa: S608  constants


class PostgresBatch(Batch):
    """A `ports.ReportBatch`. Its file has no name, or is removed when it is closed, and holds only sealed bytes."""

    def __init__(self, file: IO[bytes], db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> None:
        super().__init__(db, sealer, codes, actor)
        self._file = file
        self._discarded: list[tuple[int, int]] = []
        """Keys, each with the number of rows from which on it counts again."""
        self._count = 0

    @classmethod
    @contextmanager
    def opened(cls, db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> Iterator[Self]:
        """Return an empty batch, and forget at the end what was not saved."""
        with TemporaryFile() as file:
            with db.errors():
                batch = cls(file, db, sealer, codes, actor)
            yield batch

    def discard(self, key: int) -> None:
        """As `ports.ReportBatch`."""
        self._discarded.append((key, self._count + len(self._pending)))

    def _flush(self) -> None:
        pickle.dump([(self._count + n, *row) for n, row in enumerate(self._pending)], self._file)
        self._count += len(self._pending)
        self._pending.clear()

    def _fill_table(self) -> None:
        """As `Batch`: the table lives as long as the transaction."""
        self._db.execute(_TABLE)
        self._file.seek(0)
        read = 0
        while read < self._count:
            piece = pickle.load(self._file)  # noqa: S301  the process's own file, which no other one can open
            self._db.executemany(_ADD, piece)
            read += len(piece)
        self._db.executemany("DELETE FROM batch WHERE key = ? AND n < ?", self._discarded)
        self._db.execute("ANALYZE batch")
