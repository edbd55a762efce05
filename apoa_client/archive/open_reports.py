"""Takes over the open reports of a backup that nothing proves, as a desk saves new ones.

The writer of such a backup may have called a waiting report accepted, so nothing that it says of a state is believed:
each of its open reports waits to be sent, under its id. The authority answers an id that it has received with the
result of that time. What the backup calls finished is counted and left out. Nothing that is here is changed.
"""

import sqlite3
from collections.abc import Callable
from time import sleep

from apoa_client.archive import merge
from apoa_client.archive.merge import MergeResult
from apoa_client.outbox.database import Database
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.guest_tags import record_missing_tags
from apoa_client.outbox.sql.insertion import SAVED, SAVED_LIST, insert, saved_events
from apoa_client.outbox.sql.metadata import actual_counts
from apoa_client.outbox.sql.queries import OPEN
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.report.kinds import PhotoState

TAKEN_OVER = "taken_over"
"""The action of the audit event: reports are taken over from a backup that nothing proves."""

_IDS = f"SELECT id, {OPEN} AND content IS NOT NULL FROM reports ORDER BY seq"  # noqa: S608  constants
_ROW = f"SELECT {SAVED_LIST} FROM reports WHERE id = ?"  # noqa: S608  constants


class OpenReports:
    """The open reports of a backup, to be added to an outbox that may be in use, some at a time."""

    def __init__(self, here: Database, backup: sqlite3.Connection) -> None:
        self._here = here
        self._backup = backup

    def preview(self) -> MergeResult:
        """Return what `run` would do, from reads alone."""
        return self._each(lambda _ids: None)

    def run(self, actor: Actor, go_on: Callable[[], object]) -> MergeResult:
        """Add each that is not here, and record it in the audit trail.

        `go_on` is called before each transaction, and ends the work by raising an error: another run does the rest.
        """

        def add(ids: list[str]) -> None:
            go_on()
            with self._here.transaction():
                record_missing_tags(self._here)
                photos = {each: self._insert(each) for each in ids}
                events = (event for each in ids for event in saved_events(each, None, photos[each]))
                audit.append(self._here, actor, events)
            sleep(merge.PAUSE_S)

        with self._here.transaction():
            audit.append(self._here, actor, [AuditEvent(TAKEN_OVER)])
        return self._each(add)

    def _each(self, add: Callable[[list[str]], None]) -> MergeResult:
        """Call `add` with the ids of some open reports that are not here, until it had all."""
        before = actual_counts(self._here).total
        common = inserted = left_out = 0
        found = self._backup.execute(_IDS)
        while piece := found.fetchmany(merge.PIECE):
            places = ", ".join("?" * len(piece))
            query = f"SELECT id FROM reports WHERE id IN ({places})"  # noqa: S608  places
            here = {row[0] for row in self._here.execute(query, [row[0] for row in piece]).fetchall()}
            new = [report_id for report_id, is_open in piece if is_open and report_id not in here]
            common += len(here)
            inserted += len(new)
            left_out += len(piece) - len(here) - len(new)
            if new:
                add(new)
        return MergeResult(inserted, 0, common, max(before - common, 0), left_out=left_out)

    def _insert(self, report_id: str) -> object:
        """Insert a report, and return its photo's state; another one was never sent, whatever the backup says."""
        row = dict(zip(SAVED, self._backup.execute(_ROW, [report_id]).fetchone(), strict=True))
        row["guest_tag"] = None  # it is hashed with the key here
        if row["photo"] is not None:
            row["photo_state"] = PhotoState.KEPT.value
        insert(self._here, tuple(row.values()))
        return row["photo_state"]
