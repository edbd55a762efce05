"""The one draft: what was typed of guests whose reports are not made yet, so that an interruption costs no retyping.

Sealed as a report is, and as short-lived as what it is for: it is erased when the reports are made or given up, a day
later at the latest, and when its key is gone; no backup carries it. One row for the property: of two desks the last one
to keep a draft wins, as nobody could say which of two half-typed groups the next person means.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apoa_client.errors import SealBroken
from apoa_client.outbox.errors import translate_errors, translate_read_errors
from apoa_client.outbox.sqlite.database import empty_log, transaction
from apoa_client.outbox.sqlite.rows import millis, moment

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from apoa_client.ports import Sealer

ERASED = "draft_erased"
"""The audit trail's word for a draft that went without anybody's asking."""
UNREADABLE = "unreadable"
"""Why, where its key is gone."""

_ID = "draft"
"""What it is sealed under: no report has such an id."""
_LONGEST = timedelta(days=1)
_AS_TYPED = "surrogatepass"
"""What a terminal gives for bytes that are no UTF-8 is kept, too."""

_KEEP = "INSERT OR REPLACE INTO draft VALUES (1, ?, ?)"
_ERASE = "DELETE FROM draft"


class StoredDraft:
    """The draft of one database."""

    def __init__(self, db: sqlite3.Connection, path: Path, sealer: Sealer) -> None:
        self._db = db
        self._path = path
        self._sealer = sealer

    def keep(self, text: str, at: datetime) -> None:
        """Keep a draft in the place of any other. Needs no key."""
        sealed = self._sealer.seal(_ID, text.encode(errors=_AS_TYPED))
        with transaction(self._db, self._path):
            self._db.execute(_KEEP, [millis(at), sealed])

    def kept_at(self) -> datetime | None:
        """When it was kept; None where there is none."""
        with translate_read_errors(self._path):
            row = self._db.execute("SELECT kept_at FROM draft").fetchone()
            return moment(row[0]) if row is not None else None

    def open(self) -> str | None:
        """The draft; None where there is none. Raises `CredentialsProblem` or `SealBroken`."""
        with translate_read_errors(self._path):
            row = self._db.execute("SELECT content FROM draft").fetchone()
            return self._sealer.open(_ID, row[0]).decode(errors=_AS_TYPED) if row is not None else None

    def drop(self, kept_at: datetime | None = None) -> None:
        """Erase it, or only the one that was kept then. Nobody at the desk waits.

        Where a reader is in the way, what the log holds of it goes later.
        """
        with transaction(self._db, self._path):
            erased = erase(self._db) if kept_at is None else _erase_of(self._db, kept_at)
        if erased:
            with translate_errors(self._path):
                empty_log(self._db, wait=False)


def erase(db: sqlite3.Connection) -> bool:
    """Erase the draft, inside a transaction; whether there was one. `secure_delete` overwrites it."""
    return bool(db.execute(_ERASE).rowcount)


def _erase_of(db: sqlite3.Connection, kept_at: datetime) -> bool:
    return bool(db.execute(f"{_ERASE} WHERE kept_at = ?", [millis(kept_at)]).rowcount)


def erase_old(db: sqlite3.Connection, now: datetime) -> bool:
    """The same where nobody went on with it for a day, on a clock that may have been set back since."""
    longest = _LONGEST // timedelta(milliseconds=1)
    return bool(db.execute(f"{_ERASE} WHERE abs(? - kept_at) > ?", [millis(now), longest]).rowcount)


def renew(db: sqlite3.Connection, renewed: Callable[[str, bytes], bytes]) -> bool:
    """Seal it to another key, inside a transaction; whether one that its key did not open was given up instead.

    It is what somebody was typing when they were interrupted: worth no report's being kept from its new key.
    """
    row = db.execute("SELECT content FROM draft").fetchone()
    try:
        after = renewed(_ID, row[0]) if row is not None else None
    except (SealBroken, TypeError):  # the latter for what is no sealed record at all
        return erase(db)
    if row is not None and after != row[0]:
        db.execute("UPDATE draft SET content = ?", [after])
    return False
