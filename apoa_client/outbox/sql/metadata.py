"""Values kept once for the property, by key, in the table `memo`: why sending stopped, the last contact, and so on."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apoa_client.outbox import rows
from apoa_client.ports.state import Restrictions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apoa_client.outbox.database import Database

DOUBTS_KEY = "doubts"
"""The key of what the last check with the private key found, for `apoa status`, which has none."""

SUSPENSION_KEY, HOLD_KEY = "stop", "hold"
"""The keys of why nothing is sent, and until when the authority asked to wait, in milliseconds."""

READ_ALL = "SELECT key, value FROM memo"
"""Read at the beginning of each transaction, after the lock was taken: no other process changes it then."""

_ACTUAL = """
    SELECT COALESCE(sum(CASE WHEN state IN ('queued', 'sending', 'pending', 'rejected') THEN reports END), 0),
        COALESCE(sum(reports), 0) FROM tally
"""


class Counts(NamedTuple):
    """The number of open reports, and of all reports."""

    open: int
    total: int


def read_metadata(db: Database, key: str) -> object:
    """Return the value of this key; None if there is none. For use within `Database.errors`.

    Not every engine tells a number from its digits: `read_number` reads a number.
    """
    if db.metadata is not None:
        return db.metadata.get(key)
    row = db.execute("SELECT value FROM memo WHERE key = ?", [key]).fetchone()
    return None if row is None else row[0]


def read_number(db: Database, key: str) -> int | None:
    """Return the number of this key; None if there is none. For use within `Database.read_errors`."""
    return number_or_none(read_metadata(db, key))


def number_or_none(value: object) -> int | None:
    """Return the number that is the value of a key; None for None. Raises `TypeError` and `ValueError`."""
    if value is None:
        return None
    if not isinstance(value, int | str):
        message = "not a whole number"
        raise TypeError(message)
    return int(value)


def read_restrictions(db: Database) -> Restrictions:
    """Return what `ports.DeliveryState.restrictions` describes. For use within `Database.read_errors`."""
    keys = [SUSPENSION_KEY, HOLD_KEY]
    return restrictions_from(dict(db.execute("SELECT key, value FROM memo WHERE key IN (?, ?)", keys).fetchall()))


def restrictions_from(metadata: Mapping[str, object]) -> Restrictions:
    """Return what `read_restrictions` does, from values by their keys."""
    return Restrictions(
        rows.suspension_from_text(metadata.get(SUSPENSION_KEY)),
        rows.from_millis_or_none(number_or_none(metadata.get(HOLD_KEY))),
    )


def write_metadata(db: Database, key: str, value: str | int | None) -> None:
    """Store a value, or remove it (None), inside a transaction."""
    is_there = read_metadata(db, key) is not None
    if value is None:
        db.execute("DELETE FROM memo WHERE key = ?", [key])
    # Without ON CONFLICT, because what makes a key unique is not the same in a database of many properties.
    elif is_there:
        db.execute("UPDATE memo SET value = ? WHERE key = ?", [value, key])
    else:
        db.execute("INSERT INTO memo (key, value) VALUES (?, ?)", [key, value])
    if db.metadata is not None:
        db.metadata[key] = None if value is None else str(value)


def actual_counts(db: Database) -> Counts:
    """Return the numbers of reports that are stored now."""
    return Counts(*db.execute(_ACTUAL).fetchone())
