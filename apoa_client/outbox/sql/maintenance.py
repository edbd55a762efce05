"""Maintenance of a whole outbox: no report is claimed meanwhile, and the leases that run are waited for.

Senders hold no lock, because the lease decides who sends a report. A change of keys, a restore and the erasure of what
waits record in the metadata which process works, and until when. The record ends by itself: a process that is killed
or stopped holds up the senders for `LENGTH`. Longer work renews it.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import sleep
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import NotNow, StorageProblem
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import MILLISECOND, millis
from apoa_client.outbox.sql.metadata import MAINTENANCE, read_metadata, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apoa_client.outbox.database import Database
    from apoa_client.ports.audit import Actor

LENGTH = timedelta(minutes=5)
"""How long a record holds: as long as a lease. A later end was written by a clock that was set back since."""
_LENGTH_MS = LENGTH // MILLISECOND

_PAUSE_S = 0.25
"""Seconds between two looks at what has to end before the work begins."""

_ANY_LEASE = "SELECT 1 FROM reports WHERE state = 'sending' AND lease_until > ? AND lease_until <= ? LIMIT 1"


class _Record(NamedTuple):
    """What is stored: a token, the end in milliseconds, the process and its command."""

    token: str
    until: int
    pid: int
    command: str

    def holds(self, now: int) -> bool:
        """Return whether it is not over, by the database's clock in milliseconds."""
        return now < self.until <= now + _LENGTH_MS

    @property
    def busy(self) -> Message:
        """Who works there."""
        return msg(
            "{command} (process {pid}) is busy with the queue, or was ended less than five minutes ago.",
            command=self.command or "apoa",
            pid=self.pid,
        )


def refuse_during_maintenance(db: Database, now: Callable[[], int]) -> None:
    """Raise `NotNow`, inside a transaction, if maintenance is underway; `now` returns the database's time.

    Raises `OutboxDamaged` for a record that this program never wrote: while it is not known whether an outbox is under
    maintenance, nothing is claimed.
    """
    record = _read(db)
    if record is not None and record.holds(now()):
        raise NotNow(record.busy, name="under_maintenance")


def _read(db: Database) -> _Record | None:
    value = read_metadata(db, MAINTENANCE.key)
    if value is None:
        return None
    try:
        token, until, pid, command = str(value).split(" ", 3)
        return _Record(token, int(until), int(pid), command)
    except ValueError:
        raise damaged(db.place) from None


class Maintenance:
    """The maintenance of one outbox by one process: see `maintenance`."""

    def __init__(self, db: Database, actor: Actor, advice: Message, name: str) -> None:
        self._db = db
        self._actor = actor
        self._advice = advice
        self._name = name
        self._token = os.urandom(8).hex()

    def begin(self) -> NotNow | None:
        """Let nothing be claimed from now on; return the error for what has to end first, other maintenance or a call.

        None if there is nothing, so that the work may begin.
        """
        with self._db.transaction():
            now, record = self._now(), _read(self._db)
            if record is None or not record.holds(now):
                self._write(now)
            elif record.token != self._token:
                return self._error(record.busy)
            if self._db.execute(_ANY_LEASE, [now, now + _LENGTH_MS]).fetchone() is None:
                return None
        return self._error(msg("Another apoa command is sending at this moment, or was stopped while it was sending."))

    def renew(self) -> None:
        """Hold on for another `LENGTH`. Raises `NotNow` if other maintenance has begun because this one took longer."""
        with self._db.errors():
            now, record = self._now(), _read(self._db)
        if record is not None and record.token == self._token and now + _LENGTH_MS // 2 < record.until:
            return  # without the lock of a writer
        with self._db.transaction():
            record = _read(self._db)
            if record is None or record.token != self._token:
                message = msg("The command was stopped for too long, and another one has begun meanwhile.")
                raise self._error(message if record is None else record.busy)
            self._write(now)

    def end(self) -> None:
        """Let reports be claimed again. If the database cannot be written, the record ends by itself."""
        with suppress(StorageProblem), self._db.transaction():
            record = _read(self._db)
            if record is not None and record.token == self._token:
                write(self._db, MAINTENANCE, None)

    def _write(self, now: int) -> None:
        write(self._db, MAINTENANCE, f"{self._token} {now + _LENGTH_MS} {os.getpid()} {self._actor.command}")

    def _now(self) -> int:
        return millis(self._db.now(self._actor.now()))

    def _error(self, message: Message) -> NotNow:
        return NotNow(message, self._advice, name=self._name)


@contextmanager
def maintenance(db: Database, actor: Actor, advice: Message, *, wait_s: float, name: str = "") -> Iterator[Maintenance]:
    """Keep every sender and other maintenance away until the context is left.

    Raises `NotNow`, with this advice and `ApoaError.name`, if what is underway has not ended after `wait_s` seconds.
    """
    work = Maintenance(db, actor, advice, name)
    pauses = round(wait_s / _PAUSE_S)
    try:
        while (error := work.begin()) is not None:
            if not pauses:
                raise error
            pauses -= 1
            sleep(_PAUSE_S)
        yield work
    finally:
        work.end()
