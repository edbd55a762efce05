"""The property's one draft: what was typed for guests whose reports are not finished, sealed like a report.

It is erased when the reports are saved or discarded, after a day at the latest, and when its key is gone; no backup
contains it. There is one row for the property: of two desks, the last one to save a draft replaces the other's.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from apoa_client.errors import SealBroken
from apoa_client.outbox.rows import MILLISECOND, from_millis, millis
from apoa_client.outbox.sqlite.database import empty_log, transaction
from apoa_client.outbox.sqlite.error_translation import translate_errors, translate_read_errors
from apoa_client.outbox.sqlite.sealing_key import sealed_to_current_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from apoa_client.ports import Sealer

DRAFT_ERASED = "draft_erased"
"""The audit trail's code for a draft that the program erased by itself."""
UNREADABLE = "unreadable"
"""The detail of such an event if the draft's key is gone."""

_ID = "draft"
"""The id under which the draft is sealed: no report has such an id."""
_LONGEST = timedelta(days=1)
_ENCODING_ERRORS = "surrogatepass"
"""Keeps what a terminal gives for bytes that are not UTF-8."""

_DELETE = "DELETE FROM draft"


class SqliteDrafts:
    """The `interface.Drafts` of one database."""

    def __init__(self, db: sqlite3.Connection, path: Path, sealer: Sealer) -> None:
        self._db = db
        self._path = path
        self._sealer = sealer

    def save(self, text: str, at: datetime) -> None:
        """As `interface.Drafts`."""

        def seal() -> bytes:
            return self._sealer.seal(_ID, text.encode(errors=_ENCODING_ERRORS))

        sealed = seal()
        with transaction(self._db, self._path):
            sealed = sealed_to_current_key(self._db, self._sealer, sealed, seal)
            self._db.execute("INSERT OR REPLACE INTO draft VALUES (1, ?, ?)", [millis(at), sealed])

    def saved_at(self) -> datetime | None:
        """As `interface.Drafts`."""
        with translate_read_errors(self._path):
            row = self._db.execute("SELECT kept_at FROM draft").fetchone()
            return from_millis(row[0]) if row is not None else None

    def open(self) -> str | None:
        """As `interface.Drafts`."""
        with translate_read_errors(self._path):
            row = self._db.execute("SELECT content FROM draft").fetchone()
            return self._sealer.open(_ID, row[0]).decode(errors=_ENCODING_ERRORS) if row is not None else None

    def delete(self, saved_at: datetime | None = None) -> None:
        """As `interface.Drafts`.

        The log may still hold the draft while another process reads; the next erasure removes it there.
        """
        with transaction(self._db, self._path):
            if saved_at is None:
                deleted = delete_draft(self._db)
            else:
                deleted = bool(self._db.execute(f"{_DELETE} WHERE kept_at = ?", [millis(saved_at)]).rowcount)
        if deleted:
            with translate_errors(self._path):
                empty_log(self._db, wait=False)  # a guest is waiting


def delete_draft(db: sqlite3.Connection) -> bool:
    """Delete the draft, inside a transaction, and return whether there was one. `secure_delete` overwrites it."""
    return bool(db.execute(_DELETE).rowcount)


def old_draft_exists(db: sqlite3.Connection, clocks: Iterable[datetime]) -> bool:
    """Return whether a draft was saved more than a day ago by each of these clocks, which may have been set back."""
    row = db.execute("SELECT kept_at FROM draft").fetchone()
    return row is not None and all(abs(millis(now) - row[0]) > _LONGEST // MILLISECOND for now in clocks)


def reseal_draft(db: sqlite3.Connection, renew: Callable[[str, bytes], bytes]) -> bool:
    """Seal the draft to another key, inside a transaction. If its key does not open it, delete it and return True.

    A draft is only unfinished typing: it must not prevent the reports from getting their new key.
    """
    row = db.execute("SELECT content FROM draft").fetchone()
    if row is None:
        return False
    try:
        resealed = renew(_ID, row[0])
    except (SealBroken, TypeError):  # the latter for a value that is not a sealed record
        return delete_draft(db)
    if resealed != row[0]:
        db.execute("UPDATE draft SET content = ?", [resealed])
    return False
