"""A report's row: sealed before the transaction that puts it in, so that nobody waits for cryptography."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from apoa_client.messages import msg
from apoa_client.outbox.errors import ReportExists
from apoa_client.outbox.sqlite.contents import Contents, end_of_stay
from apoa_client.outbox.sqlite.revision import retire, seat
from apoa_client.outbox.sqlite.rows import WARNINGS, millis
from apoa_client.ports import NewReport
from apoa_client.report.kinds import State, short_id

_ADD = """
    INSERT INTO reports (seq, id, short_id, stay_id, kind, created_at, due_at, content, warnings, ends_at, guest_tag,
        first_night, last_morning)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def row_of(contents: Contents, addition: NewReport) -> tuple[Any, ...]:
    """All that is kept of a report which is new; its number alone is missing."""
    report, stay = addition.report, addition.report.stay
    return (
        report.id,
        short_id(report.id),
        report.stay_id,
        report.kind.value,
        millis(report.created_at),
        millis(addition.due_at),
        contents.seal_report(report),
        contents.seal_findings(report.id, WARNINGS, addition.warnings or None),
        millis(end_of_stay(report)),
        addition.guest_tag,
        stay.check_in.date().toordinal() if stay is not None else None,
        stay.planned_check_out.toordinal() if stay is not None else None,
    )


def refuse_known(db: sqlite3.Connection, report_id: str) -> None:
    """Raise `ReportExists` where a report has this id already."""
    if db.execute("SELECT 1 FROM reports WHERE id = ?", [report_id]).fetchone() is not None:
        raise ReportExists(msg("The report {id} was saved before.", id=report_id))


def insert(db: sqlite3.Connection, row: tuple[Any, ...], place: int | None = None) -> int | None:
    """Put a row in, inside a transaction, at the end or in a place that is free; its number."""
    return db.execute(_ADD, (place, *row)).lastrowid


def supersede(db: sqlite3.Connection, ids: Sequence[str], at: int) -> int:
    """Bring reports to their end at so many milliseconds; the place of the first of them. Raises `ReportMoved`."""
    retire(db, ids, State.SUPERSEDED, at)
    return seat(db, ids)
