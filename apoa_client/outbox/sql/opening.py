"""Opens what is sealed in a row: the report with its findings, and the photo. Refuses what another program sealed."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from apoa_client.errors import DataRefused, Erased
from apoa_client.messages import msg
from apoa_client.outbox.errors import damaged
from apoa_client.report.kinds import short_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.integrity import Integrity
    from apoa_client.ports.entries import Content


class SealedReports:
    """The sealed columns of the reports of one database. For use within `Database.read_errors`."""

    def __init__(self, db: Database, contents: Contents, integrity: Integrity) -> None:
        self._db = db
        self._contents = contents
        self._integrity = integrity

    def content(self, report_id: str) -> Content:
        """Open a report and its findings, as `ports.ReportReader.content`."""
        query = "SELECT content, errors, warnings, erased_at FROM reports WHERE id = ?"
        row = self._db.execute(query, [report_id]).fetchone()
        if row is None or row[0] is None:
            if row is not None and row[3] is not None:
                raise _erased(report_id)
            raise damaged(self._db.place)
        with self._authentic(report_id):
            return self._contents.open(report_id, *row[:3])

    def photo(self, report_id: str) -> bytes:
        """Open a photo, as `ports.ReportReader.photo`."""
        query = "SELECT photo, photo_state, erased_at FROM reports WHERE id = ?"
        photo, state, erased_at = self._db.execute(query, [report_id]).fetchone() or (None, "", None)
        if erased_at is not None:
            raise _erased(report_id)
        if photo is None:
            self._integrity.check_content(report_id)
            if state is not None:
                raise damaged(self._db.place)
            raise DataRefused(msg("No photo was saved with report {id}.", id=short_id(report_id)), name="no_photo")
        with self._authentic(report_id):
            return self._contents.open_photo(report_id, photo)

    @contextmanager
    def _authentic(self, report_id: str) -> Iterator[None]:
        """Raise `NotAuthentic` if another program sealed what is opened inside: it may be anything."""
        try:
            yield
        except (ValueError, TypeError, KeyError):
            self._integrity.check_content(report_id)
            raise
        self._integrity.check_content(report_id)  # after the opening, which reads the key


def _erased(report_id: str) -> Erased:
    return Erased(msg("The guest's data of report {id} were erased.", id=short_id(report_id)))
