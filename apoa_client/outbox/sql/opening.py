"""Opens what is sealed in a row: the report with its findings, and the photo. Refuses what another program sealed."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from apoa_client.errors import DataRefused, Erased, OutboxDamaged, SealBroken
from apoa_client.messages import msg
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.sql.codes import Row, rows_of, sealed_bytes
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.report.kinds import short_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from apoa_client.errors import ApoaError
    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.integrity import Integrity
    from apoa_client.outbox.sql.row_check import RowCheck
    from apoa_client.ports.entries import Content

    _Check: TypeAlias = Callable[[], RowCheck | None]
    """Returns what checks who sealed a row. It is called after something was opened, which reads the key."""


class SealedReports:
    """The sealed columns of the reports of one database."""

    def __init__(self, db: Database, contents: Contents, integrity: Integrity) -> None:
        self._db = db
        self._contents = contents
        self._integrity = integrity

    def content(self, report_id: str) -> Content:
        """Open a report and its findings, as `ports.ReportReader.content`."""
        with self._db.read_errors():
            return self._opened(self._row_with_photo(report_id), self._integrity.content_check)

    def contents(self, ids: Sequence[str]) -> dict[str, Content | ApoaError]:
        """Open several reports that are read together, as `ports.DeliveryState.contents`."""
        rows: Mapping[str, Row] | None
        try:
            with self._db.read_errors(), self._db.snapshot():
                rows = {row.id: row for row in rows_of(self._db, ids)}
        except OutboxDamaged:
            rows = None  # each by itself: the damage may be in one of them
        check = cache(self._integrity.content_check)
        found: dict[str, Content | ApoaError] = {}
        for report_id in ids:
            try:
                with self._db.read_errors():
                    row = rows.get(report_id) if rows is not None else self._row_with_photo(report_id)
                    found[report_id] = self._opened(row, check)
            except (SealBroken, OutboxDamaged, Erased) as exc:
                found[report_id] = exc
        return found

    def photo(self, report_id: str) -> bytes:
        """Open a photo, as `ports.ReportReader.photo`."""
        with self._db.read_errors():
            row = self._row_with_photo(report_id)
            if row is None:
                raise damaged(self._db.place)
            _refuse_erased(row)
            photo = row.read_photo()
            if photo is None:
                _refuse_foreign(row, self._integrity.content_check())
                if row.photo_state is not None:
                    raise damaged(self._db.place)
                raise DataRefused(msg("No photo was saved with report {id}.", id=short_id(report_id)), name="no_photo")
            with _authentic(row, self._integrity.content_check):
                return self._contents.open_photo(report_id, sealed_bytes(photo))

    def _row_with_photo(self, report_id: str) -> Row | None:
        """Return a row and its photo as they are at one moment."""
        with self._db.snapshot():
            row = next(rows_of(self._db, [report_id]), None)
            if row is None:
                return None
            photo = row.read_photo()
        return row._replace(read_photo=lambda: photo)

    def _opened(self, row: Row | None, check: _Check) -> Content:
        if row is None or row.content is None:
            if row is not None:
                _refuse_erased(row)
            raise damaged(self._db.place)
        with _authentic(row, check):
            findings = [None if each is None else sealed_bytes(each) for each in (row.errors, row.warnings)]
            return self._contents.open(row.id, sealed_bytes(row.content), *findings)


@contextmanager
def _authentic(row: Row, check: _Check) -> Iterator[None]:
    """Raise `NotAuthentic` if another program sealed what is opened inside: it may be anything."""
    try:
        yield
    except (ValueError, TypeError, KeyError):
        _refuse_foreign(row, check())
        raise
    _refuse_foreign(row, check())


def _refuse_foreign(row: Row, check: RowCheck | None) -> None:
    if check is not None and not check.has_own_content(row):
        raise Doubt(DoubtKind.CONTENT, row.id).error()


def _refuse_erased(row: Row) -> None:
    if row.value("erased_at") is not None:
        raise Erased(msg("The guest's data of report {id} were erased.", id=short_id(row.id)))
