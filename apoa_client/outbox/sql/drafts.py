"""The property's drafts: what was typed for guests whose reports are not finished, each sealed like a report.

A draft is erased when its reports are saved or discarded, after a day at the latest, and when its key is gone; no
backup contains it. A desk that continues with a draft takes it first: for half an hour no other desk is offered it. If
that desk ends without a word, by a power cut, it is offered again afterwards.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from apoa_client.errors import SealBroken
from apoa_client.outbox.rows import MILLISECOND, from_millis, from_millis_or_none, millis
from apoa_client.outbox.sql.queries import DRAFT_WAITS
from apoa_client.outbox.sql.register import sealed_to_current_key
from apoa_client.ports.state import StoredDraft

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from apoa_client.outbox.database import Database
    from apoa_client.ports.run import Sealer

DRAFT_ERASED = "draft_erased"
"""The audit trail's code for a draft that the program erased by itself."""
UNREADABLE = "unreadable"
"""The detail of such an event if the draft's key is gone."""

_LONGEST = timedelta(days=1)
_ENCODING_ERRORS = "surrogatepass"
"""Keeps what a terminal gives for bytes that are not UTF-8."""

_WAITING = f"SELECT id, kept_at, taken_at FROM drafts WHERE {DRAFT_WAITS} ORDER BY kept_at DESC, {{order}} DESC"  # noqa: S608  constants


class Drafts:
    """The drafts of reports that are not finished. Raises `StorageProblem`."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    def save(self, text: str, at: datetime, replaces: StoredDraft | None = None) -> None:
        """Seal and store what was typed as a new draft. Needs no key.

        `replaces` is a draft that this desk has taken: it is deleted, unless another desk has taken it since.
        """
        draft_id = f"draft:{os.urandom(8).hex()}"  # no report has such an id

        def seal() -> bytes:
            return self._sealer.seal(draft_id, text.encode(errors=_ENCODING_ERRORS))

        sealed = seal()
        with self._db.transaction():
            sealed = sealed_to_current_key(self._db, self._sealer, sealed, seal)
            self._db.execute(
                "INSERT INTO drafts (id, kept_at, content) VALUES (?, ?, ?)", [draft_id, millis(at), sealed]
            )
            if replaces is not None:
                _delete(self._db, replaces)

    def waiting(self, now: datetime) -> list[StoredDraft]:
        """Return the drafts that no desk is continuing with, the newest first. Needs no key."""
        with self._db.read_errors():
            query = _WAITING.format(order=self._db.insertion_order)
            rows = self._db.execute(query, [millis(now)]).fetchall()
            return [StoredDraft(str(row[0]), from_millis(row[1]), from_millis_or_none(row[2])) for row in rows]

    def open(self, draft: StoredDraft) -> str | None:
        """Return what was typed; None if the draft is gone. Raises `CredentialsProblem` or `SealBroken`."""
        with self._db.read_errors():
            row = self._db.execute("SELECT content FROM drafts WHERE id = ?", [draft.id]).fetchone()
            return self._sealer.open(draft.id, row[0]).decode(errors=_ENCODING_ERRORS) if row is not None else None

    def take(self, draft: StoredDraft, now: datetime) -> StoredDraft | None:
        """Take a draft that waits and return it as it is stored now; None if another desk was first.

        For half an hour it does not wait any more. Needs no key.
        """
        taken_at = millis(now)
        unchanged, values = _unchanged(draft)
        statement = f"UPDATE drafts SET taken_at = ? WHERE {unchanged}"  # noqa: S608  constants
        with self._db.transaction():
            taken = self._db.execute(statement, [taken_at, *values]).rowcount == 1
        return draft._replace(taken_at=from_millis(taken_at)) if taken else None

    def delete(self, draft: StoredDraft) -> None:
        """Erase a draft, unless another desk has taken it since it was listed or taken here.

        The log may still hold the draft while another process reads; the next erasure removes it there.
        """
        with self._db.transaction():
            deleted = _delete(self._db, draft)
        if deleted:
            with self._db.errors():
                self._db.empty_log(wait=False)  # a guest is waiting


def _unchanged(draft: StoredDraft) -> tuple[str, list[str | int]]:
    """Return the condition, and its values, of a draft that no desk has taken since it was listed or taken."""
    values: list[str | int] = [draft.id, millis(draft.saved_at)]
    if draft.taken_at is None:
        return "id = ? AND kept_at = ? AND taken_at IS NULL", values
    return "id = ? AND kept_at = ? AND taken_at = ?", [*values, millis(draft.taken_at)]


def _delete(db: Database, draft: StoredDraft) -> bool:
    """Delete a draft, inside a transaction, unless another desk has taken it; return whether it was deleted."""
    unchanged, values = _unchanged(draft)
    return db.execute(f"DELETE FROM drafts WHERE {unchanged}", values).rowcount == 1  # noqa: S608  constants


def count_old_drafts(db: Database, clocks: Sequence[datetime]) -> int:
    """Count the drafts saved more than a day ago by each of these clocks, which may have been set back."""
    (count,) = db.execute(f"SELECT count(*) FROM drafts WHERE {_is_old(clocks)}").fetchone()  # noqa: S608  numbers
    return int(count)


def delete_old_drafts(db: Database, clocks: Sequence[datetime]) -> int:
    """Delete the drafts that `count_old_drafts` counts, inside a transaction, and return how many there were."""
    return db.execute(f"DELETE FROM drafts WHERE {_is_old(clocks)}").rowcount  # noqa: S608  numbers


def _is_old(clocks: Sequence[datetime]) -> str:
    return " AND ".join(f"abs({millis(now)} - kept_at) > {_LONGEST // MILLISECOND}" for now in clocks)


def reseal_drafts(db: Database, renew: Callable[[str, bytes], bytes]) -> int:
    """Seal each draft to another key, inside a transaction. Delete those that do not open, and return their number.

    A draft is only unfinished typing: it must not prevent the reports from getting their new key.
    """
    deleted = 0
    for draft_id, sealed in db.execute("SELECT id, content FROM drafts").fetchall():
        try:
            resealed = renew(draft_id, sealed)
        except (SealBroken, TypeError):  # the latter for a value that is not a sealed record
            deleted += db.execute("DELETE FROM drafts WHERE id = ?", [draft_id]).rowcount
            continue
        if resealed != sealed:
            db.execute("UPDATE drafts SET content = ? WHERE id = ?", [resealed, draft_id])
    return deleted
