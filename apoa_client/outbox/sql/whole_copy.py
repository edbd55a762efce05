"""Copies the whole outbox of a property into another database, each row as it is, and finds every difference.

The copy can be continued after any interruption: what is there already is compared, and not copied again. While other
processes write to the source, more passes bring the copy up to date; the last one needs a source that does not change.
Sealed bytes and codes stay valid, because both are bound to a report's id and to the property's key.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.audit_chain import COLUMNS as EVENT_COLUMNS
from apoa_client.outbox.sql.audit import AuditTrail
from apoa_client.outbox.sql.checkpoint import last_event_number, link_at
from apoa_client.outbox.sql.codes import STATE_COLUMNS
from apoa_client.outbox.sql.metadata import write_metadata
from apoa_client.outbox.sql.move_mark import KEY as MARK_KEY
from apoa_client.outbox.sql.move_mark import read_mark, write_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apoa_client.outbox.database import Database

SEALED = ("content", "errors", "warnings", "photo")
PLAIN = ("seq", "id", *STATE_COLUMNS, "guest_tag", "photo_state", "content_mac", "state_mac")
COLUMNS = (*PLAIN, *SEALED)
"""Every column of `reports`, in each engine."""

# What is sealed is compared by its hash, so that no photo is read to be compared.
_DIGESTS = f"SELECT {', '.join(PLAIN)}, {', '.join(f'sha256({each})' for each in SEALED)} FROM reports"  # noqa: S608  constants
_PAGE = 500
"""Rows compared at a time, and events copied in one transaction."""
_NEXT = f"{_DIGESTS} WHERE seq > ? ORDER BY seq LIMIT {_PAGE}"
_BETWEEN = f"{_DIGESTS} WHERE seq > ? AND seq <= ? ORDER BY seq"
_BEFORE_ALL = -(1 << 63)
_END_OF_PAGE = f"SELECT max(seq) FROM (SELECT seq FROM reports WHERE seq > ? ORDER BY seq LIMIT {_PAGE}) AS page"  # noqa: S608  constants
_ERASED = ", ".join(f"{each} = NULL" for each in (*SEALED, "guest_tag"))
_ERASE = f"UPDATE reports SET {_ERASED} WHERE seq > ? AND seq <= ?"  # noqa: S608  constants

_PIECE = 25
"""Reports copied in one transaction; each may have a photo of 300 KiB."""
_ROWS = f"SELECT {', '.join(COLUMNS)} FROM reports WHERE seq IN ({{places}}) ORDER BY seq"  # noqa: S608  constants
_KNOWN = "SELECT id, seq FROM reports WHERE id IN ({places}) OR seq IN ({places})"
_INSERT = f"INSERT INTO reports ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608  constants
_SET = f"UPDATE reports SET {', '.join(f'{each} = ?' for each in COLUMNS)} WHERE id = ?"  # noqa: S608  constants
_GIVE_WAY = "UPDATE reports SET seq = ? WHERE seq = ? AND id <> ?"

_EVENTS = f"SELECT {EVENT_COLUMNS} FROM audit WHERE n > ? ORDER BY n LIMIT {_PAGE}"  # noqa: S608  constants
_ADD_EVENT = f"INSERT INTO audit ({EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants

_DRAFTS = "SELECT id, kept_at, taken_at, content FROM drafts ORDER BY {order}"
_ADD_DRAFT = "INSERT INTO drafts (id, kept_at, taken_at, content) VALUES (?, ?, ?, ?)"
_METADATA = "SELECT key, value FROM memo"

_TABLES = ("reports", "drafts", "audit")
OWN_KEYS = frozenset({MARK_KEY, "delivering"})
"""Metadata of the place itself: its mark, and which process holds its delivery lock."""


class Copied(NamedTuple):
    """The numbers of what is in both places."""

    reports: int
    drafts: int
    events: int


class WholeCopy:
    """The copying of `source` into `target`. Raises what the engines of both raise."""

    def __init__(self, source: Database, target: Database) -> None:
        self._source = source
        self._target = target

    def begin(self, mark: str) -> None:
        """Mark the target as being filled. Raises `StorageProblem` if it has anything that is not of this copying."""
        with self._target.read_errors():
            is_known = read_mark(self._target) == mark
            used = any(self._target.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in _TABLES)  # noqa: S608  ours
        if is_known:
            return
        if used:
            raise StorageProblem(
                msg(
                    "There are reports of this property, or traces of them, at {place} already.",
                    place=self._target.place,
                ),
                msg(
                    "Nothing was changed. See what they are with: apoa outbox show. How to remove them: apoa help admin"
                ),
                name="outbox_not_empty",
            )
        with self._target.transaction():
            write_mark(self._target, mark)

    def reports(self) -> None:
        """Bring the reports up to date, in pieces that are durable each."""
        with self._source.read_errors():
            (highest,) = self._source.execute("SELECT COALESCE(max(seq), 0) FROM reports").fetchone()
        with self._target.transaction():
            self._target.skip_numbers(highest)
        for differing in self._differing():
            for start in range(0, len(differing), _PIECE):
                self._put(differing[start : start + _PIECE])

    def rest(self) -> None:
        """Bring the audit trail, the drafts and the metadata up to date. The source must not change meanwhile."""
        self._copy_events()
        with self._source.read_errors():
            drafts = self._drafts(self._source)
            values = self._metadata(self._source)
        with self._target.transaction():
            if drafts != self._drafts(self._target):
                self._target.execute("DELETE FROM drafts")
                self._target.executemany(_ADD_DRAFT, drafts)
            before = self._metadata(self._target)
            for key in {**before, **values}:
                if before.get(key) != values.get(key):
                    write_metadata(self._target, key, values.get(key))

    def erase_sealed(self) -> None:
        """Erase what is sealed in the target, in pieces. `reports` and `rest` copy it again."""
        after = _BEFORE_ALL
        while True:
            with self._target.transaction():
                (last,) = self._target.execute(_END_OF_PAGE, [after]).fetchone()
                if last is None:
                    self._target.execute("DELETE FROM drafts")
                    return
                self._target.execute(_ERASE, [after, last])
            after = last

    def check_reports(self) -> None:
        """Raise `StorageProblem` if any value of any report differs. The source must not change."""
        if any(self._differing()):
            raise _differs(self._target.place)

    def check_rest(self) -> Copied:
        """Return what is in both places, after comparing all but the rows of reports, and the chain of hashes.

        Raises `StorageProblem` if anything differs. The source must not change.
        """
        counts = self.count()
        with self._source.read_errors(), self._target.read_errors():
            same = all(read(self._source) == read(self._target) for read in (_count, self._drafts, self._metadata))
        if not same or not self.is_held() or AuditTrail(self._target).verify().wrong is not None:
            raise _differs(self._target.place)
        return counts

    def count(self) -> Copied:
        """Return what is in the source."""
        with self._source.read_errors():
            return _count(self._source)

    def is_held(self) -> bool:
        """Return whether the target has every audit event of the source."""
        with self._source.read_errors(), self._target.read_errors():
            last = last_event_number(self._source)
            return link_at(self._source, last) == link_at(self._target, last)

    def _differing(self) -> Iterator[list[int]]:
        """Yield the numbers of the rows that differ in the target: those of one page of the source at a time."""
        after = _BEFORE_ALL
        while True:
            with self._source.read_errors():
                page = self._source.execute(_NEXT, [after]).fetchall()
            if not page:
                return
            with self._target.read_errors():
                there = set(self._target.execute(_BETWEEN, [after, page[-1][0]]).fetchall())
            yield [row[0] for row in page if row not in there]
            after = page[-1][0]

    def _put(self, seqs: Sequence[int]) -> None:
        """Write these rows into the target, in one transaction."""
        places = ", ".join("?" * len(seqs))
        with self._source.read_errors():
            rows = self._source.execute(_ROWS.format(places=places), seqs).fetchall()
        if not rows:  # they have other numbers by now
            return
        ids = [row[1] for row in rows]
        with self._target.transaction():
            query = _KNOWN.format(places=", ".join("?" * len(rows)))
            known = dict(self._target.execute(query, [*ids, *(row[0] for row in rows)]).fetchall())
            if not known:
                self._target.executemany(_INSERT, rows)
                return
            for row in rows:
                self._target.execute(_GIVE_WAY, [self._target.unused_seq(), row[0], row[1]])
                if row[1] in known:
                    self._target.execute(_SET, [*row, row[1]])
                else:
                    self._target.execute(_INSERT, row)

    def _copy_events(self) -> None:
        """Copy the events that the target lacks. Raises `StorageProblem` if those that it has are others."""
        with self._source.read_errors(), self._target.read_errors():
            after = last_event_number(self._target)
            if link_at(self._source, after) != link_at(self._target, after):
                raise _differs(self._target.place)
        while True:
            with self._source.read_errors():
                rows = self._source.execute(_EVENTS, [after]).fetchall()
            if not rows:
                return
            with self._target.transaction():
                self._target.executemany(_ADD_EVENT, rows)
            after = rows[-1][0]

    @staticmethod
    def _drafts(db: Database) -> list[Any]:
        return db.execute(_DRAFTS.format(order=db.insertion_order)).fetchall()

    @staticmethod
    def _metadata(db: Database) -> dict[str, str]:
        """Return every value as text, because not every engine tells a number from its digits."""
        return {key: str(value) for key, value in db.execute(_METADATA).fetchall() if key not in OWN_KEYS}


def _count(db: Database) -> Copied:
    return Copied(*(int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in _TABLES))  # noqa: S608  ours


def _differs(place: str) -> StorageProblem:
    return StorageProblem(
        msg("The copy at {place} is not the same as what was copied, so it is not used.", place=place),
        msg("Nothing is lost: the reports are where they were. Try again with an empty database."),
        name="outbox_copy_differs",
    )
