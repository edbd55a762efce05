"""Inserts, withdraws and replaces reports, and records receipts that were typed in: always inside a transaction.

Only a report that the authority certainly does not have can be withdrawn or replaced: it was never sent, or it was
rejected. The statement that changes the report checks this, so that no sending can happen in between.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from apoa_client.errors import ReportMoved
from apoa_client.messages import msg
from apoa_client.outbox import rows
from apoa_client.outbox.contents import Contents
from apoa_client.outbox.errors import report_exists
from apoa_client.outbox.rows import COLUMNS, INITIAL, SAVED, millis
from apoa_client.outbox.sql.audit import photo_event
from apoa_client.outbox.sql.codes import photo_digest
from apoa_client.outbox.sql.queries import WITHDRAWABLE
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import PhotoState, Receipt, State, short_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.ports.entries import Entry, NewReport
    from apoa_client.report.model import Report


Row: TypeAlias = tuple[Any, ...]
"""The values of `SAVED`: a new report's row, without its number (`seq`)."""

SAVED_LIST = ", ".join(SAVED)

_INSERT = f"""
    INSERT INTO reports ({{seq}}mac, version, {SAVED_LIST}) VALUES ({{place}}?, ?, {", ".join("?" * len(SAVED))})
    ON CONFLICT DO NOTHING
"""  # noqa: S608  constants
_INSERT_LAST = _INSERT.format(seq="", place="")
_INSERT_AT = _INSERT.format(seq="seq, ", place="?, ")


def sealed_row(contents: Contents, new: NewReport) -> Row:
    """Return a new report's row."""
    report, photo = new.report, contents.seal_photo(new.report.id, new.photo)
    values = {
        **columns_of(report),
        **{column.name: column.saved(new) for column in COLUMNS if column.saved is not None},
        "content": contents.seal_report(report, new.warnings),
        "warnings": None,  # they are sealed with the report; a report that is handed over may have its own
        "photo_digest": None if photo is None else photo_digest(photo),
        "photo": photo,
    }
    return tuple(values[name] for name in SAVED)


def columns_of(report: Report) -> dict[str, Any]:
    """Return what a row tells of its report outside the seal, by column."""
    return {column.name: column.report(report) for column in COLUMNS if column.report is not None}


def insert(
    db: Database, row: Row, seq: int | None = None, give_code: Callable[[dict[str, Any]], None] | None = None
) -> Entry:
    """Insert a row, inside a transaction, at the end or with a free number, and return its entry.

    `give_code` is what `RowCodes.saving` yields; without it the row has no code. Raises `StorageProblem` if a report
    has this id already.
    """
    stored = {**INITIAL, **dict(zip(SAVED, row, strict=True))}
    if give_code is not None:
        give_code(stored)
    values = (stored["mac"], stored["version"], *row)
    number = db.insert_report(_INSERT_LAST, values) if seq is None else db.insert_report(_INSERT_AT, (seq, *values))
    if number is None:
        raise report_exists(stored["id"])
    stored["seq"] = number
    return rows.entry_from_values(stored)


def saved_events(report_id: str, first: str | None, photo: object) -> Iterator[AuditEvent]:
    """Yield the events of a new report; `first` is the id of the first of several that are saved together.

    `photo` is its photo or its photo's state, or None.
    """
    yield AuditEvent("saved", report_id, first)
    if photo is not None:
        yield photo_event(report_id, PhotoState.KEPT)


_RETIRE = f"""
    UPDATE reports SET state = ?, next_attempt_at = NULL, not_before = NULL, finished_at = ?
    WHERE id = ? AND {WITHDRAWABLE}
"""  # noqa: S608  constants
_CURRENT = """
    SELECT id FROM reports WHERE stay_id = (SELECT stay_id FROM reports WHERE id = ?)
        AND state NOT IN ('superseded', 'withdrawn')
    ORDER BY seq
"""
_FIRST = "SELECT seq, id FROM reports WHERE id IN ({places}) ORDER BY seq LIMIT 1"
_MOVE_TO_END = "UPDATE reports SET seq = ? WHERE id = ?"

# A number that was typed wrongly may be typed again; one that the authority itself gave is not replaced.
_RECORD_RECEIPT = """
    UPDATE reports SET state = 'accepted', last_error = NULL, next_attempt_at = NULL, not_before = NULL, lease = NULL,
        lease_until = NULL, receipt_number = ?, receipt_issued_at = ?, receipt_sha256 = NULL, receipt_typed = 1,
        finished_at = ?
    WHERE id = ? AND (state IN ('queued', 'pending', 'rejected') OR (state = 'accepted' AND receipt_typed = 1)
        OR (state = 'sending' AND lease = ?))
"""


def retire(db: Database, ids: Sequence[str], state: State, at: int) -> None:
    """Make reports superseded or withdrawn, at this time in milliseconds. Raises `ReportMoved`."""
    for report_id in ids:
        if db.execute(_RETIRE, [state.value, at, report_id]).rowcount != 1:
            raise _moved(report_id)


def check_active(db: Database, ids: Sequence[str]) -> None:
    """Raise `ReportMoved` if these are not the stay's current reports in their order; nothing for no ids.

    Two people at two desks may look at one guest: a decision of one must not silently undo what the other did.
    """
    if ids and [row[0] for row in db.execute(_CURRENT, [ids[0]])] != list(ids):
        raise ReportMoved(msg("Another user has changed this stay in the meantime: report {id}.", id=short_id(ids[0])))


def make_room(db: Database, active: Sequence[str], replaced: Sequence[str], at: int) -> int | None:
    """Supersede what a new report replaces, and return the number that it then takes; None for one at the end.

    `active` are the stay's current reports as the caller saw them. Raises `ReportMoved` if they are others now. Reports
    of a stay are sent in the order of their numbers, so a replacement must not come after later reports: it takes the
    number of the first that it replaces, and that one gets a number at the end.
    """
    check_active(db, active)
    if not replaced:
        return None
    retire(db, replaced, State.SUPERSEDED, at)
    seq, first = db.execute(_FIRST.format(places=", ".join("?" * len(replaced))), list(replaced)).fetchone()
    db.execute(_MOVE_TO_END, [db.unused_seq(), first])
    return int(seq)


def record_receipt(db: Database, report_id: str, receipt: Receipt, lease: str) -> bool:
    """Record a receipt that was typed in, and return whether it replaces an earlier one.

    Raises `ReportMoved` if the report is being sent, under another lease than this, or is finished.
    """
    issued_at = millis(receipt.issued_at)
    before = db.execute("SELECT state FROM reports WHERE id = ?", [report_id]).fetchone()
    if db.execute(_RECORD_RECEIPT, [receipt.number, issued_at, issued_at, report_id, lease]).rowcount != 1:
        raise _moved(report_id)
    return bool(before[0] == State.ACCEPTED)


def _moved(report_id: str) -> ReportMoved:
    return ReportMoved(msg("Report {id} is being sent, or was finished in the meantime.", id=short_id(report_id)))
