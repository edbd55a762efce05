"""Checks rows with the private key: their codes, and the audit events that explain a row without one."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from apoa_client.outbox.sql.checkpoint import (
    Checkpoint,
    CheckpointBroken,
    counts_agree,
    read_checkpoint,
    sending_agrees,
    tail_is_intact,
)
from apoa_client.outbox.sql.contradictions import events_span, find_contradictions, last_events, was_restored
from apoa_client.ports.doubts import Doubt, DoubtKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import Row
    from apoa_client.outbox.sql.contradictions import LastEvent
    from apoa_client.ports.vault import Authenticator


class Authenticity(Enum):
    """What a check of one row found, besides a doubt."""

    AUTHENTIC = auto()
    UNAUTHENTICATED = auto()
    """It has no code yet, and what it holds is explained by its audit events."""
    UNCONFIRMED = auto()
    """As above, and only the events since the checkpoint say that the authority accepted it."""


Finding: TypeAlias = Authenticity | DoubtKind


class RowCheck:
    """Checks rows with the key, against the checkpoint as it is now."""

    def __init__(self, db: Database, authenticator: Authenticator, counter: int | None = None) -> None:
        """`counter` is that of the vault, if it is known: then there was a checkpoint."""
        self._db = db
        self._authenticator = authenticator
        self._counter = counter
        self.broken = False
        """Whether the checkpoint is not the property's: then nothing explains a row without a code."""
        self.checkpoint: Checkpoint | None = None
        try:
            self.checkpoint = read_checkpoint(db, authenticator)
            self.broken = self.checkpoint is None and counter is not None
        except CheckpointBroken:
            self.broken = True
        self._after = self.checkpoint.n if self.checkpoint is not None else -1

    @cached_property
    def _restored(self) -> bool:
        """Whether a backup was restored since the checkpoint: reports without events came with it."""
        return was_restored(self._db, max(self._after, 0))

    def counts_agree(self) -> bool:
        """Return whether the numbers of reports are those of the checkpoint and the events since."""
        return self.checkpoint is None or counts_agree(self._db, self.checkpoint)

    def of_the_trail(self) -> Iterable[Doubt]:
        """Yield what is wrong with the outbox as a whole."""
        if self.broken:
            yield Doubt(DoubtKind.TRAIL)
        elif self.checkpoint is not None:
            if not tail_is_intact(self._db, self.checkpoint.n):
                yield Doubt(DoubtKind.TRAIL)
            if not sending_agrees(self._db, self.checkpoint):
                yield Doubt(DoubtKind.SENDING)
            if self._counter is not None and self.checkpoint.counter < self._counter:
                yield Doubt(DoubtKind.OLDER_COPY)
            if not self.counts_agree():
                found = list(find_contradictions(self._db))
                yield from found
                if not found and not self._restored:
                    yield Doubt(DoubtKind.TRAIL)

    def has_own_content(self, row: Row) -> bool:
        """Return whether this program sealed the content, or may have done so without the key."""
        if row.content is None or row.content_mac is not None:
            return row.has_own_content(self._authenticator)
        if self.broken:
            return False
        if self._is_legacy(row):
            return True
        span = events_span(self._db, row.id)
        return self._restored if span is None else span[0] > self._after

    def judge(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Finding]]:
        """Yield what is true of each of these rows, at most 500 that were read together."""
        events = last_events(self._db, [row.id for row in rows])
        for row in rows:
            if self.has_own_content(row):
                yield row, self.judge_state(row, events.get(row.id))
            else:
                yield row, DoubtKind.CONTENT

    def judge_state(self, row: Row, event: LastEvent | None) -> Finding:
        """Return what is true of a row whose last event this is, whatever its content is."""
        # A report from before there was an audit trail has a code since the first run with the key.
        eventless = event is None and (row.state_mac is not None or self._is_legacy(row) or self._restored)
        erased = row.value("erased_at") is not None
        if not eventless and (event is None or not event.agrees(row.state, erased=erased)):
            return DoubtKind.STATE
        if row.state_mac is not None:
            return Authenticity.AUTHENTIC if row.has_own_state(self._authenticator) else DoubtKind.STATE
        if not self._may_lack_code(row):
            return DoubtKind.STATE
        is_new = self.checkpoint is not None and event is not None and event.n > self._after
        unconfirmed = is_new and event is not None and event.action == "accepted" and not erased
        return Authenticity.UNCONFIRMED if unconfirmed else Authenticity.UNAUTHENTICATED

    def _may_lack_code(self, row: Row) -> bool:
        """Return whether something since the checkpoint explains that a row has no code."""
        if self.broken or not row.has_own_types():
            return False
        if self._is_legacy(row):
            return True
        span = events_span(self._db, row.id)
        return self._restored if span is None else span[1] > self._after

    def _is_legacy(self, row: Row) -> bool:
        """Return whether the row may be from before codes were made."""
        return self.checkpoint is None or 0 < row.seq <= self.checkpoint.legacy
