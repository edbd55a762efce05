"""The audit trail in the database; `apoa_client.outbox.audit_chain` computes its chain of hashes."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apoa_client.outbox.audit_chain import (
    COLUMNS,
    LARGEST,
    AuditCheck,
    AuditEntry,
    Head,
    check_chain,
    entry_from_row,
    head_from_text,
    linked_rows,
)
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sql.metadata import AUDIT_HEAD, read_metadata, write
from apoa_client.outbox.sql.queries import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from apoa_client.outbox.database import Database
    from apoa_client.ports.audit import Actor, AuditEvent

_BATCH = 500
"""Entries read at a time."""

_LOWEST = -(1 << 63)
"""The lowest number that an entry can have, also one that this program never wrote."""
_FROM = f"SELECT {COLUMNS} FROM audit WHERE {{condition}} ORDER BY n LIMIT {_BATCH}"  # noqa: S608  constants


def append(db: Database, actor: Actor, events: Iterable[AuditEvent]) -> None:
    """Add entries, inside the transaction that makes the changes.

    If the metadata were manipulated, the trail continues all the same, because no report may fail for it; the links
    then do not fit any more, so that the manipulation stays visible.
    """
    head = head_from_text(read_metadata(db, AUDIT_HEAD.key)) or Head()
    (last,) = db.execute("SELECT max(n) FROM audit WHERE n < ?", [LARGEST]).fetchone()
    rows = list(linked_rows(head._replace(n=max(head.n, last or 0)), actor, events))
    if rows:
        db.executemany(f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608  constants
        write(db, AUDIT_HEAD, Head(rows[-1][0], rows[-1][-1]).text())


def rows_from(db: Database, n: int) -> Iterator[Any]:
    """Yield the entries from this number on, in batches: an engine may hold a whole result in memory."""
    rows = db.execute(_FROM.format(condition="n >= ?"), [n]).fetchall()
    while rows:
        yield from rows
        rows = db.execute(_FROM.format(condition="n > ?"), [rows[-1][0]]).fetchall()


class AuditTrail:
    """Reads and checks the audit trail. Raises `StorageProblem`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def entries(self, *, reports: Sequence[str] | None = None, since: datetime | None = None) -> Iterator[AuditEntry]:
        """Yield the entries in their order: those about these reports, and at or after this time, if given.

        No transaction stays open between the batches.
        """
        terms, values = ["n > :after"], dict[str, Any]()
        if reports is not None:
            among, names = places("report", reports)
            terms.append(f"report IN ({among})" if names else "FALSE")
            values.update(names)
        if since is not None:
            terms.append("at >= :since")
            values["since"] = millis(since)
        query = f"SELECT {COLUMNS} FROM audit WHERE {' AND '.join(terms)} ORDER BY n LIMIT {_BATCH}"  # noqa: S608  constants
        after = _LOWEST
        while True:
            with self._reading():
                rows = self._db.execute(query, {**values, "after": after}).fetchall()
                batch = [entry_from_row(row) for row in rows]
            yield from batch
            if len(batch) < _BATCH:
                return
            after = batch[-1].n

    def verify(self) -> AuditCheck:
        """Recompute the chain of hashes at one moment, and find the first entry that is not as it was written."""
        with self._reading(), self._db.snapshot():
            head = head_from_text(read_metadata(self._db, AUDIT_HEAD.key))
            return check_chain(rows_from(self._db, _LOWEST), head, self._db.highest_event())

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Translate errors, and read text that is not UTF-8 without failing: it breaks the chain where it is."""
        try:
            with self._db.errors(), self._db.any_text():
                yield
        except (TypeError, ValueError, OverflowError) as exc:
            raise damaged(self._db.place) from exc
