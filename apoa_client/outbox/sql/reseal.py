"""Passes over every sealed record: a change of keys, and the guest hashes that restored reports lack.

A change of keys goes batch by batch, each in one transaction that reads what it replaces: what another process writes
meanwhile is not lost, and a kill leaves each row complete, sealed to the old key or to the new one. The drafts come
last; those that do not open are deleted.

A backup does not have the key of the guest hash (`apoa_client.desk.ids`): with it, the finder of a backup could
test whether a passport was here. So a restored report has no hash until it can be opened.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import SealBroken
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import SEALED
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.codes import RowCodes, photo_digest
from apoa_client.outbox.sql.drafts import DRAFT_ERASED, UNREADABLE, reseal_drafts
from apoa_client.outbox.sql.insertion import PHOTO, part_id
from apoa_client.outbox.sql.metadata import INDEX_KEY_HASH, TAGS_MISSING, read, write
from apoa_client.outbox.sql.register import record_replacement
from apoa_client.ports.state import Actor, AuditEvent

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.insertion import Contents
    from apoa_client.ports.run import Authenticator, Sealer
    from apoa_client.report.model import Document


_BATCH = 200
"""Rows in one transaction: other processes wait while these are opened and sealed, about 50 ms."""
_PHOTOS = 10
"""The photos among them, each of which takes as long as some twenty rows without one, and up to 300 KiB of memory."""

_SEALED = f"coalesce({', '.join(SEALED)}) IS NOT NULL"
# Of what was erased, only the code depends on the key.
_SEALED_OR_CODED = f"coalesce({', '.join(SEALED)}, mac) IS NOT NULL"
_NEXT = "SELECT seq, photo IS NOT NULL FROM reports WHERE seq > ? AND {which} ORDER BY seq LIMIT ?"
_ROWS = f"SELECT seq, id, {', '.join(SEALED)} FROM reports WHERE seq > ? AND seq <= ? AND {{which}} ORDER BY seq"  # noqa: S608  constants
_UPDATE = f"UPDATE reports SET {' = ?, '.join(SEALED)} = ?, photo_digest = ? WHERE seq = ?"  # noqa: S608  constants

Renew = Callable[[str, bytes], bytes]
"""See `SealedRecords.reseal`."""


class _Row(NamedTuple):
    seq: int
    id: str
    values: Sequence[bytes | None]
    """Those of the columns `SEALED`."""

    def sealed(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield each sealed value, with the id under which it was sealed."""
        return ((part_id(self.id, column), value) for column, value in zip(SEALED, self.values, strict=True))

    def open(self, sealer: Sealer) -> None:
        """Open each column, to check that it opens. Raises what the sealer does."""
        for name, sealed in self.sealed():
            if sealed is not None:
                sealer.open(name, sealed)


class SealedRecords:
    """Every sealed record at once, for a change of keys. Raises `StorageProblem` and what a `Sealer` does.

    `actor` is the user who changes the keys.
    """

    def __init__(self, db: Database, codes: RowCodes, actor: Actor) -> None:
        self._db = db
        self._codes = codes
        self._actor = actor

    def open_all(self, sealer: Sealer) -> None:
        """Open each record. Raises `SealBroken` for the first that cannot be opened."""
        for row in self._rows():
            row.open(sealer)

    def opens_all(self, sealer: Sealer) -> bool:
        """Return whether the sealer opens every row and every draft, so that no other key is needed."""
        try:
            self.open_all(sealer)
            with self._db.errors():
                for draft_id, sealed in self._db.execute("SELECT id, content FROM drafts").fetchall():
                    sealer.open(draft_id, sealed)
        except SealBroken:
            return False
        return True

    def opens_any(self, sealer: Sealer) -> bool:
        """Return whether the sealer opens at least one row."""
        for row in self._rows():
            try:
                row.open(sealer)
            except SealBroken:
                continue
            return True
        return False

    def reseal(
        self,
        renew: Renew,
        public_key: str,
        authenticators: tuple[Authenticator, Authenticator],
        go_on: Callable[[], object],
    ) -> int:
        """Seal to the new key what is not yet sealed to it, and count the rows. Raises `SealBroken`.

        `go_on` is called between two transactions, and ends the work by raising an error.

        `renew` takes a record's id and its sealed bytes, and returns it sealed to the new key, or unchanged if it
        already is. `public_key` is the new key, which the settings must have: it is recorded first, so that no process
        stores a record that is sealed to an earlier key. `authenticators` make the codes of the
        old key, and those of the new key, which confirm the old ones too.
        """
        # From here on, every process stores what is sealed to the new key. A record that moves to another number
        # meanwhile moves to the end, so that one pass reaches every record of the old key.
        before, now = authenticators
        with self._db.transaction():
            record_replacement(self._db, public_key, before)
        resealed, last = 0, -1
        while True:
            go_on()
            with self._db.transaction():
                batch = self._batch(last, _SEALED_OR_CODED)
                with self._codes.changing([row.id for row in batch], now):
                    resealed += sum(self._reseal_row(row, renew) for row in batch)
            if not batch:
                break
            last = batch[-1].seq
        with self._db.transaction():
            self._codes.renew(now)
            erased = reseal_drafts(self._db, renew)
            audit.append(self._db, self._actor, [AuditEvent(DRAFT_ERASED, detail=UNREADABLE)] * erased)
        return resealed

    def empty_log(self) -> None:
        """Remove from the database's log the records as they were sealed before."""
        with self._db.errors():
            self._db.empty_log()

    def _rows(self) -> Iterator[_Row]:
        batch = self._batch(-1)
        while batch:
            yield from batch
            batch = self._batch(batch[-1].seq)

    def _batch(self, last: int, which: str = _SEALED) -> list[_Row]:
        """Return the next rows after this number: fewer where many of them have photos."""
        with self._db.errors(), self._db.snapshot():
            coming = self._db.execute(_NEXT.format(which=which), [last, _BATCH]).fetchall()
            photos = [seq for seq, has_photo in coming if has_photo]
            end = min([coming[-1][0] if coming else last, *photos[_PHOTOS - 1 :]])
            found = self._db.execute(_ROWS.format(which=which), [last, end]).fetchall()
        if not all(
            isinstance(row[1], str) and all(isinstance(each, bytes | None) for each in row[2:]) for row in found
        ):
            raise damaged(self._db.place)  # values that this program never writes
        return [_Row(row[0], row[1], row[2:]) for row in found]

    def _reseal_row(self, row: _Row, renew: Renew) -> bool:
        after = [None if sealed is None else renew(name, sealed) for name, sealed in row.sealed()]
        if after == list(row.values):
            return False
        photo = after[SEALED.index(PHOTO)]
        self._db.execute(_UPDATE, [*after, None if photo is None else photo_digest(photo), row.seq])
        return True


_HASHED = 200
"""Reports hashed in one transaction."""
_UNHASHED = """
    SELECT seq, id, content FROM reports
    WHERE seq > ? AND guest_tag IS NULL AND content IS NOT NULL AND kind IN ('check_in', 'amend')
    ORDER BY seq LIMIT ?
"""
_SET_HASH = "UPDATE reports SET guest_tag = ? WHERE id = ? AND content IS NOT NULL"


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
            batch = db.execute(_UNHASHED, [last, _HASHED]).fetchall()
            tags = [(_tag(contents, report_id, content, hash_of), report_id) for _seq, report_id, content in batch]
        with db.transaction():
            db.executemany(_SET_HASH, tags)
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
