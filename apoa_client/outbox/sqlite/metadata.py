"""What is kept once for the property: why sending stopped, until when to wait, when the authority last answered."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.outbox.sqlite.database import transaction

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


class Metadata:
    """Values by key, in one database."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    def recall(self, key: str) -> object:
        """What is kept under this key; None where nothing is. For use within `translate_errors`."""
        row = self._db.execute("SELECT value FROM memo WHERE key = ?", [key]).fetchone()
        return None if row is None else row[0]

    def put(self, key: str, value: str | int | None) -> None:
        """Keep a value, or (None) nothing, inside a transaction."""
        self._db.execute("DELETE FROM memo WHERE key = ?", [key])
        if value is not None:
            self._db.execute("INSERT INTO memo VALUES (?, ?)", [key, value])

    def remember(self, key: str, value: str | int | None) -> None:
        """The same, in a transaction of its own."""
        with transaction(self._db, self._path):
            self.put(key, value)
