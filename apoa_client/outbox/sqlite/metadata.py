"""Values kept once for the property, by key, in the table `memo`: why sending stopped, the last contact, and so on."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def read_metadata(db: sqlite3.Connection, key: str) -> object:
    """Return the value of this key; None if there is none. For use within `translate_errors`."""
    row = db.execute("SELECT value FROM memo WHERE key = ?", [key]).fetchone()
    return None if row is None else row[0]


def write_metadata(db: sqlite3.Connection, key: str, value: str | int | None) -> None:
    """Store a value, or remove it (None), inside a transaction."""
    if value is None:
        db.execute("DELETE FROM memo WHERE key = ?", [key])
    else:
        db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", [key, value])
