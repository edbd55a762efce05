"""Reports taken back, put in another's place, or receipted by hand: always inside a transaction of the outbox.

Only what the authority does not have, for certain, can be taken back: what never left, and what was refused. Whether
that still holds is asked by the statement that changes it, so that no sending comes in between.
"""

import sqlite3
from collections.abc import Sequence

from apoa_client.errors import ReportMoved
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.rows import millis
from apoa_client.report.kinds import Receipt, State, short_id

_RETIRE = """
    UPDATE reports SET state = ?, next_attempt_at = NULL, not_before = NULL, finished_at = ?
    WHERE id = ? AND (state = 'rejected' OR (state = 'queued' AND calls = 0))
"""
_STANDING = """
    SELECT id FROM reports WHERE stay_id = (SELECT stay_id FROM reports WHERE id = ?)
        AND state NOT IN ('superseded', 'withdrawn')
    ORDER BY seq
"""
_SEATS = "SELECT seq, id FROM reports WHERE id IN ({places}) ORDER BY seq LIMIT 1"
_VACATE = "UPDATE reports SET seq = (SELECT max(seq) + 1 FROM reports) WHERE id = ?"

# A number that was typed wrongly may be typed again; one that the authority itself gave stands.
_RECEIVE = """
    UPDATE reports SET state = 'accepted', last_error = NULL, next_attempt_at = NULL, not_before = NULL,
        receipt_number = ?, receipt_issued_at = ?, receipt_sha256 = NULL, receipt_typed = 1, finished_at = ?
    WHERE id = ? AND (state IN ('queued', 'pending', 'rejected') OR (state = 'accepted' AND receipt_typed = 1))
"""


def retire(db: sqlite3.Connection, ids: Sequence[str], state: State, at: int) -> None:
    """Bring reports to their end, superseded or withdrawn, at so many milliseconds. Raises `ReportMoved`."""
    for report_id in ids:
        if db.execute(_RETIRE, [state.value, at, report_id]).rowcount != 1:
            raise _moved(report_id)


def check_standing(db: sqlite3.Connection, ids: Sequence[str]) -> None:
    """Raise `ReportMoved` where a stay has other reports by now than these, or has them in another order.

    Two people at two desks may look at one guest: what one of them decided must not undo unseen what the other did.
    """
    if [row[0] for row in db.execute(_STANDING, [ids[0]])] != list(ids):
        raise ReportMoved(msg("Somebody else changed this stay meanwhile: report {id}.", id=short_id(ids[0])))


def seat(db: sqlite3.Connection, ids: Sequence[str]) -> int:
    """The number of the first of these reports, which were just retired; it gets one at the end.

    Reports of a stay go in the order of their numbers, and a successor must not go after what came behind its like.
    """
    seq, first = db.execute(_SEATS.format(places=", ".join("?" * len(ids))), list(ids)).fetchone()
    db.execute(_VACATE, [first])
    return int(seq)


def receive(db: sqlite3.Connection, report_id: str, receipt: Receipt) -> None:
    """File a receipt that was typed in. Raises `ReportMoved` where the report is being sent, or at another end."""
    issued_at = millis(receipt.issued_at)
    if db.execute(_RECEIVE, [receipt.number, issued_at, issued_at, report_id]).rowcount != 1:
        raise _moved(report_id)


def _moved(report_id: str) -> ReportMoved:
    return ReportMoved(msg("Report {id} is on its way, or was settled meanwhile.", id=short_id(report_id)))
