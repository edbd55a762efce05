"""Inserts new reports."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from apoa_client.outbox.audit_chain import photo_event
from apoa_client.outbox.contents import WARNINGS, Contents, end_of_stay
from apoa_client.outbox.errors import report_exists
from apoa_client.outbox.rows import millis, millis_or_none
from apoa_client.ports.audit import AuditEvent
from apoa_client.report.kinds import PhotoState, short_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apoa_client.outbox.database import Database
    from apoa_client.ports.entries import NewReport
    from apoa_client.report.model import Report

Row: TypeAlias = tuple[Any, ...]
"""The values of a new report's row, without its number (`seq`)."""

COLUMNS = (
    "id, due_at, content, warnings, guest_tag, short_id, stay_id, kind, created_at, ends_at, first_night, last_morning,"
    " photo_state, photo"
)
"""The columns of a new report's row, in the order of `Row`."""

_PLACES = ", ".join("?" * (COLUMNS.count(",") + 1))
_INSERT = f"INSERT INTO reports ({COLUMNS}) VALUES ({_PLACES})"  # noqa: S608  constants
_INSERT_AT = f"INSERT INTO reports (seq, {COLUMNS}) VALUES (?, {_PLACES})"  # noqa: S608  constants


def sealed_row(contents: Contents, new: NewReport) -> Row:
    """Return a new report's row."""
    report = new.report
    return (
        report.id,
        millis_or_none(new.due_at),
        contents.seal_report(report),
        contents.seal_findings(report.id, WARNINGS, new.warnings or None),
        new.guest_tag,
        *columns_of(report).values(),
        None if new.photo is None else PhotoState.KEPT.value,
        contents.seal_photo(report.id, new.photo),
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


def check_new_id(db: Database, report_id: str) -> None:
    """Raise `StorageProblem` if a report has this id already."""
    if db.execute("SELECT 1 FROM reports WHERE id = ?", [report_id]).fetchone() is not None:
        raise report_exists(report_id)


def insert(db: Database, row: Row, seq: int | None = None) -> None:
    """Insert a row, inside a transaction, at the end or with a number that is free."""
    if seq is None:
        db.execute(_INSERT, row)
    else:
        db.execute(_INSERT_AT, (seq, *row))


def saved_events(report_id: str, first: str | None, photo: object) -> Iterator[AuditEvent]:
    """Yield the events of a new report; `first` is the id of the first of several that are saved together.

    `photo` is its photo or its photo's state, or None.
    """
    yield AuditEvent("saved", report_id, first)
    if photo is not None:
        yield photo_event(report_id, PhotoState.KEPT)
