"""The checkpoint of the audit trail: its last event and the numbers of reports, under a code made with the key.

The chain of hashes needs no secret, so anyone who can write the file can write another chain. What comes before a
checkpoint cannot be rewritten, and events after it are all that a process without the key may have added.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.outbox.audit_chain import HEAD_KEY, Head, check_chain, head_from_text
from apoa_client.outbox.event_states import SENDING_EVENTS
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.metadata import (
    CHECKPOINT_KEY,
    HOLD_KEY,
    SUSPENSION_KEY,
    Counts,
    actual_counts,
    read_metadata,
    write_metadata,
)

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database
    from apoa_client.ports.vault import Authenticator


class CheckpointBroken(ValueError):
    """There is a checkpoint, and it was not made with the property's key, or not for this audit trail."""


class Checkpoint(NamedTuple):
    """What was right when it was made."""

    n: int
    """The number of the last event then."""
    counts: Counts
    legacy: int
    """Rows up to this number (`seq`) may have no code yet: they are from before codes were made."""
    counter: int
    """How many checkpoints were made."""
    sending: str = ""
    """A hash of why, and until when, nothing was sent; empty in a checkpoint from before there was one."""

    @classmethod
    def of(cls, db: Database, legacy: int, counter: int) -> Checkpoint:
        """Return a checkpoint of what there is now."""
        return cls(last_event_number(db), actual_counts(db), legacy, counter, _sending(db))

    def parts(self, link: bytes) -> tuple[bytes, ...]:
        """Return what its code is over: itself, and the link of its last event."""
        return b"checkpoint", self._text().encode(), link

    def _text(self) -> str:
        return f"{self.n} {self.counts.text()} {self.legacy} {self.counter} {self.sending}".rstrip()

    def write(self, db: Database, authenticator: Authenticator) -> None:
        """Store it with its code, inside a transaction."""
        link = link_at(db, self.n)
        if link is not None:
            write_metadata(db, CHECKPOINT_KEY, f"{self._text()} {authenticator.code(*self.parts(link)).hex()}")


def link_at(db: Database, n: int) -> bytes | None:
    """Return the link of the event with this number; that before the first event for 0; None if there is none."""
    if n == 0:
        return Head().link
    row = db.execute("SELECT link FROM audit WHERE n = ?", [n]).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else None


def read_checkpoint(db: Database, authenticator: Authenticator) -> Checkpoint | None:
    """Return the checkpoint; None if there was never one. Raises `CheckpointBroken`."""
    value = read_metadata(db, CHECKPOINT_KEY)
    if value is None:
        if _any_row_has_code(db):
            raise CheckpointBroken
        return None
    try:
        n, opened, total, legacy, counter, *sending, code = str(value).split(" ")
        checkpoint = Checkpoint(int(n), Counts(int(opened), int(total)), int(legacy), int(counter), *sending)
        stored = bytes.fromhex(code)
        link = link_at(db, checkpoint.n)
    except (TypeError, ValueError, OverflowError) as exc:
        raise CheckpointBroken from exc
    if link is None or not authenticator.confirms(stored, *checkpoint.parts(link)):
        raise CheckpointBroken
    return checkpoint


def has_checkpoint(db: Database) -> bool:
    """Return whether there is a checkpoint, right or not."""
    return read_metadata(db, CHECKPOINT_KEY) is not None


def _any_row_has_code(db: Database) -> bool:
    return db.execute("SELECT 1 FROM reports WHERE state_mac IS NOT NULL LIMIT 1").fetchone() is not None


def begin(db: Database, authenticator: Authenticator) -> None:
    """Make the first checkpoint, inside a transaction, unless there is one or was one."""
    if not has_checkpoint(db) and not _any_row_has_code(db):
        (highest,) = db.execute("SELECT COALESCE(max(seq), 0) FROM reports").fetchone()
        Checkpoint.of(db, highest, 1).write(db, authenticator)


def last_event_number(db: Database) -> int:
    """Return the number of the last event; 0 if there is none."""
    (last,) = db.execute("SELECT COALESCE(max(n), 0) FROM audit").fetchone()
    return int(last)


def tail_is_intact(db: Database, after: int) -> bool:
    """Return whether the events after this number continue the chain to the end that the metadata say."""
    link = link_at(db, after)
    if link is None:
        return False
    head = head_from_text(read_metadata(db, HEAD_KEY))
    tail = audit.rows_from(db, after + 1)
    return check_chain(tail, head, head.n if head else 0, Head(after, link)).wrong is None


def counts_agree(db: Database, checkpoint: Checkpoint) -> bool:
    """Return whether the numbers of reports are those of the checkpoint and the events since; False if not known."""
    events = db.execute("SELECT action, detail FROM audit WHERE n > ?", [checkpoint.n])
    return audit.add_counts(checkpoint.counts, events) == actual_counts(db)


def sending_agrees(db: Database, checkpoint: Checkpoint) -> bool:
    """Return whether what says that nothing is sent is that of the checkpoint, or an event since explains it."""
    if checkpoint.sending in {"", _sending(db)}:
        return True
    query = f"SELECT 1 FROM audit WHERE n > ? AND action IN ({', '.join('?' * len(SENDING_EVENTS))}) LIMIT 1"  # noqa: S608  places
    return db.execute(query, [checkpoint.n, *SENDING_EVENTS]).fetchone() is not None


def _sending(db: Database) -> str:
    values = [str(read_metadata(db, key)) for key in (SUSPENSION_KEY, HOLD_KEY)]
    return sha256("\n".join(values).encode("utf-8", "surrogatepass")).hexdigest()


def renew_checkpoint(db: Database, authenticator: Authenticator) -> None:
    """Make the checkpoint's code again with another key, inside a transaction, if there is one and it is right."""
    try:
        checkpoint = read_checkpoint(db, authenticator)
    except CheckpointBroken:
        return
    if checkpoint is not None:
        checkpoint.write(db, authenticator)
