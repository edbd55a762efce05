"""Values kept once for the property, by key, in the table `memo`: why sending stopped, the last contact, and so on."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apoa_client.outbox import rows
from apoa_client.ports.state import Restrictions

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database

COUNTS_KEY = "audited"
"""The key of the numbers of reports that the audit trail counted: open ones, and all."""

DOUBTS_KEY = "doubts"
"""The key of what the last check with the private key found, for `apoa status`, which has none."""

CHECKPOINT_KEY = "checkpoint"
"""The key of the checkpoint: numbers with blanks between, and a code in hexadecimal (`outbox.sql.checkpoint`)."""
_LEGACY = 3

_ACTUAL = """
    SELECT COALESCE(sum(CASE WHEN state IN ('queued', 'sending', 'pending', 'rejected') THEN reports END), 0),
        COALESCE(sum(reports), 0) FROM tally
"""


class Counts(NamedTuple):
    """The number of open reports, and of all reports."""

    open: int
    total: int

    def text(self) -> str:
        """Return it as it is kept in the metadata."""
        return f"{self.open} {self.total}"


def read_metadata(db: Database, key: str) -> object:
    """Return the value of this key; None if there is none. For use within `Database.errors`.

    Not every engine tells a number from its digits: `read_number` reads a number.
    """
    row = db.execute("SELECT value FROM memo WHERE key = ?", [key]).fetchone()
    return None if row is None else row[0]


def read_number(db: Database, key: str) -> int | None:
    """Return the number of this key; None if there is none. For use within `Database.read_errors`."""
    value = read_metadata(db, key)
    return None if value is None else _number(value)


def _number(value: object) -> int:
    if not isinstance(value, int | str):
        message = "not a whole number"
        raise TypeError(message)
    return int(value)


def read_restrictions(db: Database) -> Restrictions:
    """Return what `ports.DeliveryState.restrictions` describes. For use within `Database.read_errors`."""
    found = dict(db.execute("SELECT key, value FROM memo WHERE key IN ('stop', 'hold')").fetchall())
    until = found.get("hold")
    return Restrictions(
        rows.suspension_from_text(found.get("stop")),
        rows.from_millis_or_none(None if until is None else _number(until)),
    )


def write_metadata(db: Database, key: str, value: str | int | None) -> None:
    """Store a value, or remove it (None), inside a transaction."""
    if value is None:
        db.execute("DELETE FROM memo WHERE key = ?", [key])
    # Without ON CONFLICT, because what makes a key unique is not the same in a database of many properties.
    elif db.execute("UPDATE memo SET value = ? WHERE key = ?", [value, key]).rowcount == 0:
        db.execute("INSERT INTO memo (key, value) VALUES (?, ?)", [key, value])


def actual_counts(db: Database) -> Counts:
    """Return the numbers of reports that are stored now."""
    return Counts(*db.execute(_ACTUAL).fetchone())


def audited_counts(db: Database) -> Counts | None:
    """Return the numbers that the audit trail counted; None if it did not count yet, or they cannot be read."""
    try:
        opened, total = str(read_metadata(db, COUNTS_KEY)).split(" ")
        return Counts(int(opened), int(total))
    except ValueError:
        return None


def is_contradicted(db: Database) -> bool:
    """Return whether the numbers of reports are not those that the audit trail counted."""
    return audited_counts(db) not in {None, actual_counts(db)}


def legacy_rows(db: Database) -> int | None:
    """Return up to which number (`seq`) rows may have no code; None if no code was made yet. Needs no key."""
    parts = str(read_metadata(db, CHECKPOINT_KEY)).split(" ")
    return int(parts[_LEGACY]) if len(parts) > _LEGACY and parts[_LEGACY].isdecimal() else None
