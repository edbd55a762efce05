"""Opens what is sealed in a row: the report with its findings, and the photo. Refuses what another program sealed."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from apoa_client.errors import DataRefused, Erased, OutboxDamaged, SealBroken
from apoa_client.messages import msg
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.sql.codes import Row, photo_digest, rows_of, sealed_bytes
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.report.kinds import short_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apoa_client.errors import ApoaError
    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.integrity import Integrity
    from apoa_client.ports.entries import Content


class SealedReports:
    """The sealed columns of the reports of one database."""

    def __init__(self, db: Database, contents: Contents, integrity: Integrity) -> None:
        self._db = db
        self._contents = contents
        self._integrity = integrity

    def content(self, report_id: str, *, proven: bool = True) -> Content:
        """Open a report and its findings, as `ports.ReportReader.content`."""
        with self._db.read_errors():
            return self._opened(next(rows_of(self._db, [report_id]), None), proven=proven)

    def contents(self, ids: Sequence[str]) -> dict[str, Content | ApoaError]:
        """Open several reports that are read together, as `ports.DeliveryState.contents`."""
        rows: Mapping[str, Row] | None
        try:
            with self._db.read_errors(), self._db.snapshot():
                rows = {row.id: row for row in rows_of(self._db, ids)}
        except OutboxDamaged:
            rows = None  # each by itself: the damage may be in one of them
        found: dict[str, Content | ApoaError] = {}
        for report_id in ids:
            try:
                with self._db.read_errors():
                    row = rows.get(report_id) if rows is not None else next(rows_of(self._db, [report_id]), None)
                    found[report_id] = self._opened(row)
            except (SealBroken, OutboxDamaged, Erased) as exc:
                found[report_id] = exc
        return found

    def photo(self, report_id: str) -> bytes:
        """Open a photo, as `ports.ReportReader.photo`."""
        with self._db.read_errors():
            with self._db.snapshot():
                row = next(rows_of(self._db, [report_id]), None)
                photo = self._db.execute("SELECT photo FROM reports WHERE id = ?", [report_id]).fetchone()
            if row is None:
                raise damaged(self._db.place)
            _refuse_erased(row)
            if photo[0] is None:
                self._integrity.refuse_doubtful(row)
                if row.value("photo_state") is not None:
                    raise damaged(self._db.place)
                raise DataRefused(msg("No photo was saved with report {id}.", id=short_id(report_id)), name="no_photo")
            sealed = sealed_bytes(photo[0])
            with self._authentic(row):
                opened = self._contents.open_photo(report_id, sealed)
            if photo_digest(sealed) != row.photo_digest:
                raise Doubt(DoubtKind.STATE, report_id).error()
            return opened

    def _opened(self, row: Row | None, *, proven: bool = True) -> Content:
        if row is None or row.content is None:
            if row is not None:
                _refuse_erased(row)
            raise damaged(self._db.place)
        with self._authentic(row) if proven else nullcontext():
            findings = [None if each is None else sealed_bytes(each) for each in (row.errors, row.warnings)]
            return self._contents.open(row.id, sealed_bytes(row.content), *findings)

    @contextmanager
    def _authentic(self, row: Row) -> Iterator[None]:
        """Raise `NotAuthentic` if another program wrote what is opened inside, which reads the key."""
        try:
            yield
        except (ValueError, TypeError, KeyError):
            self._integrity.refuse_doubtful(row)
            raise
        self._integrity.refuse_doubtful(row)


def _refuse_erased(row: Row) -> None:
    if row.value("erased_at") is not None:
        raise Erased(msg("The guest's data of report {id} were erased.", id=short_id(row.id)))
