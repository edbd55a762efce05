"""Moves the whole outbox of a property to another place, from which it is used from then on; the old one is kept.

1. The new place is marked, and everything is copied while other processes go on saving reports.
2. While no other process writes, the rest is copied, everything is compared, and the old place is marked: nothing is
   saved or sent there any more. The event about it is the last one of its audit trail.
3. That event is copied, and the mark of the new place is removed.

After a kill at any moment the same call goes on. Until step 2 ends, the old place is the one in use, and then the new.
Until step 3 ends, the move can be given up.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.errors import moved_elsewhere
from apoa_client.outbox.event_states import RELOCATED, RELOCATION_CANCELLED
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.audit import AuditTrail
from apoa_client.outbox.sql.metadata import is_contradicted
from apoa_client.outbox.sql.move_mark import begun, ended, read_mark, write_mark
from apoa_client.outbox.sql.whole_copy import Copied, WholeCopy
from apoa_client.ports.audit import Actor, AuditEvent

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database


class Place(NamedTuple):
    """An outbox that is open, and the setting `outbox` that names it."""

    database: Database
    setting: str

    @property
    def engine(self) -> str:
        """What keeps it, for the audit trail."""
        return self.setting.partition(":")[0]


class Relocation:
    """The moving from `old` to `new`. The caller holds the delivery lock of both."""

    def __init__(self, old: Place, new: Place, actor: Actor) -> None:
        self._old = old
        self._new = new
        self._actor = actor
        self._copy = WholeCopy(old.database, new.database)

    def run(self) -> Copied:
        """Do it, or the rest of it. Raises `StorageProblem` if the places differ, and what both engines raise."""
        with self._old.database.read_errors():
            is_left = read_mark(self._old.database) == ended(self._new.setting)
        if not is_left:
            self._refuse_doubtful()
            self._copy.begin(begun(self._old.setting))
            self._copy.reports()
            self._leave()
        return self._finish()

    def cancel(self) -> bool:
        """Use the old place again, if it was left, and erase what is sealed in the new one, which stays marked.

        Returns false if no move is underway. A kill in between leaves a move that is underway.
        """
        with self._new.database.read_errors():
            if read_mark(self._new.database) != begun(self._old.setting):
                return False
        with self._old.database.transaction():  # first: a place that is left must have a new one that is whole
            if read_mark(self._old.database) in {None, ended(self._new.setting)}:
                write_mark(self._old.database, None)
                event = AuditEvent(RELOCATION_CANCELLED, detail=self._new.engine)
                audit.append(self._old.database, self._actor, [event])
        self._copy.erase_sealed()
        return True

    def _refuse_doubtful(self) -> None:
        """Raise `StorageProblem` for an outbox that another program has changed: a copy would hide where."""
        with self._old.database.read_errors():
            doubtful = is_contradicted(self._old.database)
        if doubtful or AuditTrail(self._old.database).verify().wrong is not None:
            raise StorageProblem(
                msg("The reports at {place} are not as apoa-client wrote them.", place=self._old.database.place),
                msg("Nothing was moved. Look at them first: apoa log --verify"),
                name="outbox_doubtful",
            )

    def _leave(self) -> None:
        """Copy the rest while no other process writes, compare everything, and mark the old place."""
        with self._old.database.transaction():
            self._copy.reports()
            self._copy.rest()
            self._copy.check_reports()
            self._copy.check_rest()
            audit.append(self._old.database, self._actor, [AuditEvent(RELOCATED, detail=self._new.engine)])
            write_mark(self._old.database, ended(self._new.setting))

    def _finish(self) -> Copied:
        """Copy what was written in leaving, and let the new place be used."""
        with self._new.database.read_errors():
            mark = read_mark(self._new.database)
        if mark is None and self._copy.is_held():
            return self._copy.count()
        if mark != begun(self._old.setting):
            raise moved_elsewhere(self._old.database.place)
        self._copy.rest()
        copied = self._copy.check_rest()
        with self._new.database.transaction():
            write_mark(self._new.database, None)
        return copied
