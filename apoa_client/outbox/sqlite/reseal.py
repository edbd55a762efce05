"""Sealing every record anew, when another key pair takes the place of the property's.

Piece by piece, each in one transaction that reads what it replaces: whatever another process writes meanwhile is not
lost, and a kill leaves each row whole, sealed to the one key or to the other. What was erased has nothing to seal. The
draft comes last, and holds nothing up: where it does not open it is given up.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SealBroken
from apoa_client.outbox.errors import damaged, translate_errors
from apoa_client.outbox.sqlite import audit, drafts
from apoa_client.outbox.sqlite.database import empty_log, transaction
from apoa_client.outbox.sqlite.rows import ERRORS, WARNINGS
from apoa_client.ports import Actor, AuditEvent, Sealer

_PIECE = 200
"""Rows a transaction: others wait for so many to be opened and sealed, some 50 ms."""

_ROWS = """
    SELECT seq, id, content, errors, warnings FROM reports
    WHERE seq > ? AND coalesce(content, errors, warnings) IS NOT NULL ORDER BY seq LIMIT ?
"""
_RENEW = "UPDATE reports SET content = ?, errors = ?, warnings = ? WHERE seq = ?"

Renew = Callable[[str, bytes], bytes]
"""A sealed record, by its id, sealed to the new key; the very same where it is already. Raises as a `Sealer` does."""


class _Row(NamedTuple):
    seq: int
    id: str
    content: bytes | None
    errors: bytes | None
    warnings: bytes | None

    def sealed(self) -> Iterator[tuple[str, bytes | None]]:
        """Each sealed column, with the id that it was sealed under."""
        yield self.id, self.content
        yield f"{self.id}#{ERRORS}", self.errors
        yield f"{self.id}#{WARNINGS}", self.warnings

    def as_written(self) -> bool:
        """Whether the values are of the kinds that we write: a file may have been meddled with."""
        values: tuple[object, ...] = self
        return isinstance(values[1], str) and all(isinstance(value, bytes | None) for value in values[2:])


class Records:
    """Every sealed record of an outbox. Raises what `translate_errors` and a `Sealer` raise.

    `actor` changes the keys.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, actor: Actor) -> None:
        self._db = db
        self._path = path
        self._author = actor

    def open_all(self, sealer: Sealer) -> int:
        """Open each, and count the rows. Raises `SealBroken`, naming the first record that cannot be opened."""
        rows = 0
        for row in self._rows():
            _open(row, sealer)
            rows += 1
        return rows

    def opens_any(self, sealer: Sealer) -> bool:
        """Whether there is a row that the sealer opens."""
        return any(_opens(row, sealer) for row in self._rows())

    def reseal(self, renew: Renew) -> int:
        """Seal anew whatever is not sealed to the new key, and count the rows. Raises `SealBroken`."""
        renewed = self._reseal_rows(renew)
        with transaction(self._db, self._path):
            if drafts.renew(self._db, renew):
                audit.append(self._db, self._author, [AuditEvent(drafts.ERASED, detail=drafts.UNREADABLE)])
        return renewed

    def _reseal_rows(self, renew: Renew) -> int:
        renewed, last = 0, -1
        while True:
            with transaction(self._db, self._path):
                piece = self._piece(last)
                renewed += sum(self._renewed(row, renew) for row in piece)
            if not piece:
                return renewed
            last = piece[-1].seq

    def empty_log(self) -> None:
        """Empty the database's log, where the records still stand as they were sealed before."""
        with translate_errors(self._path):
            empty_log(self._db)

    def _rows(self) -> Iterator[_Row]:
        piece = self._piece(-1)
        while piece:
            yield from piece
            piece = self._piece(piece[-1].seq)

    def _piece(self, last: int) -> list[_Row]:
        with translate_errors(self._path):
            found = [_Row(*row) for row in self._db.execute(_ROWS, [last, _PIECE]).fetchall()]
        if not all(row.as_written() for row in found):
            raise damaged(self._path)
        return found

    def _renewed(self, row: _Row, renew: Renew) -> bool:
        before = [sealed for _name, sealed in row.sealed()]
        after = [None if sealed is None else renew(name, sealed) for name, sealed in row.sealed()]
        if after == before:
            return False
        self._db.execute(_RENEW, [*after, row.seq])
        return True


def _open(row: _Row, sealer: Sealer) -> None:
    for name, sealed in row.sealed():
        if sealed is not None:
            sealer.open(name, sealed)


def _opens(row: _Row, sealer: Sealer) -> bool:
    try:
        _open(row, sealer)
    except SealBroken:
        return False
    return True
