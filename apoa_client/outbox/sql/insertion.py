"""Inserts new reports."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from apoa_client.outbox import rows
from apoa_client.outbox.audit_chain import photo_event
from apoa_client.outbox.contents import WARNINGS, Contents
from apoa_client.outbox.errors import report_exists
from apoa_client.outbox.rows import COLUMNS
from apoa_client.outbox.sql.codes import photo_digest
from apoa_client.ports.audit import AuditEvent
from apoa_client.report.kinds import PhotoState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apoa_client.outbox.database import Database
    from apoa_client.ports.entries import Entry, NewReport
    from apoa_client.report.model import Report

Row: TypeAlias = tuple[Any, ...]
"""The values of a new report's row, without its number (`seq`)."""

_SEALED = ("content", "warnings", "photo_digest", "photo")
SAVED = (*(each.name for each in COLUMNS if each.report is not None or each.saved is not None), *_SEALED)
"""The columns of a new report's row, in the order of `Row`."""
SAVED_LIST = ", ".join(SAVED)

_INSERT = f"""
    INSERT INTO reports ({{seq}}{SAVED_LIST}) VALUES ({{place}}{", ".join("?" * len(SAVED))}) ON CONFLICT DO NOTHING
"""  # noqa: S608  constants
_INSERT_LAST = _INSERT.format(seq="", place="")
_INSERT_AT = _INSERT.format(seq="seq, ", place="?, ")
_ENTRY = rows.ENTRY_COLUMNS.split(", ")
_BY_THE_SCHEMA = {column.name: column.initial for column in COLUMNS}


def sealed_row(contents: Contents, new: NewReport) -> Row:
    """Return a new report's row."""
    report, photo = new.report, contents.seal_photo(new.report.id, new.photo)
    values = {
        **columns_of(report),
        **{column.name: column.saved(new) for column in COLUMNS if column.saved is not None},
        "content": contents.seal_report(report),
        "warnings": contents.seal_findings(report.id, WARNINGS, new.warnings or None),
        "photo_digest": None if photo is None else photo_digest(photo),
        "photo": photo,
    }
    return tuple(values[name] for name in SAVED)


def columns_of(report: Report) -> dict[str, Any]:
    """Return what a row tells of its report outside the seal, by column."""
    return {column.name: column.report(report) for column in COLUMNS if column.report is not None}


def insert(db: Database, row: Row, seq: int | None = None) -> Entry:
    """Insert a row without a code, inside a transaction, at the end or with a free number, and return its entry.

    Raises `StorageProblem` if a report has this id already.
    """
    number = db.insert_report(_INSERT_LAST, row) if seq is None else db.insert_report(_INSERT_AT, (seq, *row))
    if number is None:
        raise report_exists(row[SAVED.index("id")])
    stored = {**_BY_THE_SCHEMA, **dict(zip(SAVED, row, strict=True)), "seq": number}
    return rows.entry_from_row([stored.get(column) for column in _ENTRY])  # `mac IS NOT NULL` is in none


def saved_events(report_id: str, first: str | None, photo: object) -> Iterator[AuditEvent]:
    """Yield the events of a new report; `first` is the id of the first of several that are saved together.

    `photo` is its photo or its photo's state, or None.
    """
    yield AuditEvent("saved", report_id, first)
    if photo is not None:
        yield photo_event(report_id, PhotoState.KEPT)
