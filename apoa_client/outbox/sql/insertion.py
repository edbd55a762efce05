"""Inserts new reports."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from apoa_client.outbox import rows
from apoa_client.outbox.audit_chain import photo_event
from apoa_client.outbox.contents import WARNINGS, Contents, end_of_stay
from apoa_client.outbox.errors import report_exists
from apoa_client.outbox.rows import millis, millis_or_none
from apoa_client.outbox.sql.codes import photo_digest
from apoa_client.ports.audit import AuditEvent
from apoa_client.report.kinds import PhotoState, State, short_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apoa_client.outbox.database import Database
    from apoa_client.ports.entries import Entry, NewReport
    from apoa_client.report.model import Report

Row: TypeAlias = tuple[Any, ...]
"""The values of a new report's row, without its number (`seq`)."""

_NAMES = (
    *("id", "due_at", "content", "warnings", "guest_tag", "short_id", "stay_id", "kind", "created_at", "ends_at"),
    *("first_night", "last_morning", "photo_state", "photo_digest", "photo"),
)
COLUMNS = ", ".join(_NAMES)
"""The columns of a new report's row, in the order of `Row`."""

_INSERT = f"""
    INSERT INTO reports ({{seq}}{COLUMNS}) VALUES ({{place}}{", ".join("?" * len(_NAMES))}) ON CONFLICT DO NOTHING
"""  # noqa: S608  constants
_INSERT_LAST = _INSERT.format(seq="", place="")
_INSERT_AT = _INSERT.format(seq="seq, ", place="?, ")
_ENTRY = rows.COLUMNS.split(", ")
_NEW_ROW = {"state": State.QUEUED.value, "attempts": 0, "calls": 0, "receipt_typed": 0, "mac IS NOT NULL": False}
"""What a new row has in these columns by the schema; null in all others that the insertion does not name."""


def sealed_row(contents: Contents, new: NewReport) -> Row:
    """Return a new report's row."""
    report, photo = new.report, contents.seal_photo(new.report.id, new.photo)
    return (
        report.id,
        millis_or_none(new.due_at),
        contents.seal_report(report),
        contents.seal_findings(report.id, WARNINGS, new.warnings or None),
        new.guest_tag,
        *columns_of(report).values(),
        None if photo is None else PhotoState.KEPT.value,
        None if photo is None else photo_digest(photo),
        photo,
    )


def columns_of(report: Report) -> dict[str, Any]:
    """Return what a row tells of its report outside the seal, by column."""
    stay = report.stay
    return {
        "short_id": short_id(report.id),
        "stay_id": report.stay_id,
        "kind": report.kind.value,
        "created_at": millis(report.created_at),
        "ends_at": millis_or_none(end_of_stay(report)),
        "first_night": stay.check_in.date().toordinal() if stay is not None else None,
        "last_morning": stay.planned_check_out.toordinal() if stay is not None else None,
    }


def insert(db: Database, row: Row, seq: int | None = None) -> Entry:
    """Insert a row without a code, inside a transaction, at the end or with a free number, and return its entry.

    Raises `StorageProblem` if a report has this id already.
    """
    number = db.insert_report(_INSERT_LAST, row) if seq is None else db.insert_report(_INSERT_AT, (seq, *row))
    if number is None:
        raise report_exists(row[0])
    stored = {**_NEW_ROW, **dict(zip(_NAMES, row, strict=True)), "seq": number}
    return rows.entry_from_row([stored.get(column) for column in _ENTRY])


def saved_events(report_id: str, first: str | None, photo: object) -> Iterator[AuditEvent]:
    """Yield the events of a new report; `first` is the id of the first of several that are saved together.

    `photo` is its photo or its photo's state, or None.
    """
    yield AuditEvent("saved", report_id, first)
    if photo is not None:
        yield photo_event(report_id, PhotoState.KEPT)
