"""The missing guest hashes of restored reports, which are computed once the private key is at hand.

A backup does not have the key of the hash (`apoa_client.desk.duplicates`): with it, the finder of a backup could test
whether a passport was here. So a restored report has no hash until it can be opened.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.errors import SealBroken
from apoa_client.outbox.sql.metadata import INDEX_KEY_HASH, TAGS_MISSING, read, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.database import Database
    from apoa_client.report.model import Document

_BATCH = 200
"""Reports hashed in one transaction."""
_ROWS = """
    SELECT seq, id, content FROM reports
    WHERE seq > ? AND guest_tag IS NULL AND content IS NOT NULL AND kind IN ('check_in', 'amend')
    ORDER BY seq LIMIT ?
"""
_UPDATE = "UPDATE reports SET guest_tag = ? WHERE id = ? AND content IS NOT NULL"


def record_missing_tags(db: Database) -> None:
    """Record, inside a transaction, that reports were stored without their hashes."""
    write(db, TAGS_MISSING, 1)


def tags_are_missing(db: Database) -> bool:
    """Return whether reports may lack their hashes. For use within `Database.errors`."""
    return read(db, TAGS_MISSING) is not None


def forget_tags(db: Database) -> None:
    """Delete every hash, inside a transaction: another key is used from now on."""
    db.execute("UPDATE reports SET guest_tag = NULL WHERE guest_tag IS NOT NULL")
    write(db, INDEX_KEY_HASH, None)
    record_missing_tags(db)


def complete_tags(db: Database, contents: Contents, hash_of: Callable[[Document], int]) -> None:
    """Store the missing hashes, if there are any. A report that does not open stays without one.

    Raises `CredentialsProblem` without the private key; what is done by then is kept.
    """
    with db.read_errors():
        if not tags_are_missing(db):
            return
    last = -1
    while True:
        with db.read_errors():
            batch = db.execute(_ROWS, [last, _BATCH]).fetchall()
            tags = [(_tag(contents, report_id, content, hash_of), report_id) for _seq, report_id, content in batch]
        with db.transaction():
            db.executemany(_UPDATE, tags)
            if not batch:
                write(db, TAGS_MISSING, None)
                return
        last = batch[-1][0]


def _tag(contents: Contents, report_id: str, content: bytes, hash_of: Callable[[Document], int]) -> int | None:
    try:
        guest = contents.open(report_id, content, None, None).report.guest
    except (SealBroken, ValueError, TypeError, KeyError):
        return None
    return None if guest is None else hash_of(guest.document)
