"""Compares reports with their audit events, which needs no key: each state must be what the last event says."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apoa_client.outbox.event_states import ACTIONS, MOVED_IN, MOVED_OUT, states_after
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.report.kinds import OPEN_STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apoa_client.outbox.database import Database

VOUCHED = "vouched"
"""The action of a person who takes the outbox as it is, after something was found wrong with it."""

_ACTIONS = ", ".join(f"'{action}'" for action in sorted(ACTIONS))
_LAST = f"""
    SELECT n, action, detail FROM audit WHERE report = ? AND action IN ({_ACTIONS}) ORDER BY n DESC LIMIT 1
"""  # noqa: S608  constants
_OF_REPORTS = f"""
    SELECT report, n, action, detail FROM audit WHERE report IN ({{among}}) AND action IN ({_ACTIONS}) ORDER BY n
"""  # noqa: S608  constants
_ROWS = "SELECT seq, id, state, erased_at IS NOT NULL, created_at FROM reports WHERE seq > ? ORDER BY seq LIMIT 500"
_RESTORED = "SELECT 1 FROM audit WHERE n > ? AND action = 'restored' AND report IS NULL LIMIT 1"
_BEFORE_ALL = -(1 << 63)
_AFTER_ALL = 1 << 62

# Reports that were added, since a person last vouched, and are not there any more, although none was moved away.
_MISSING = f"""
    SELECT DISTINCT report FROM audit WHERE action IN ('saved', 'restored', '{MOVED_IN}') AND report IS NOT NULL
    AND n > COALESCE((SELECT max(n) FROM audit WHERE action = '{VOUCHED}'), 0)
    AND NOT EXISTS (SELECT 1 FROM reports WHERE id = audit.report)
    AND NOT EXISTS (SELECT 1 FROM audit AS later
        WHERE later.report = audit.report AND later.action = '{MOVED_OUT}' AND later.n > audit.n)
"""  # noqa: S608  constants


class LastEvent(NamedTuple):
    """The last event about a report's state."""

    n: int
    action: str
    detail: str | None

    def agrees(self, state: str, *, erased: bool) -> bool:
        """Return whether a report may be in this state after it. The data of an open report are never erased."""
        return state in states_after(self.action, self.detail) and not (erased and state in OPEN_STATES)


def last_event(db: Database, report_id: str) -> LastEvent | None:
    """Return the last event about a report's state; None if there is none."""
    row = db.execute(_LAST, [report_id]).fetchone()
    return None if row is None else LastEvent(*row)


def last_events(db: Database, ids: Sequence[str]) -> dict[str, LastEvent]:
    """Return the last event about the state of each of these reports that has one; they are at most 500."""
    found = db.execute(_OF_REPORTS.format(among=", ".join("?" * len(ids))), ids).fetchall() if ids else []
    return {report: LastEvent(*event) for report, *event in found}


def events_span(db: Database, report_id: str) -> tuple[int, int] | None:
    """Return the numbers of the first and the last event about a report, of any kind; None if there is none."""
    first, last = db.execute("SELECT min(n), max(n) FROM audit WHERE report = ?", [report_id]).fetchone()
    return None if first is None else (first, last)


def was_restored(db: Database, after: int = 0) -> bool:
    """Return whether a backup was restored after the event with this number: its reports may have no events here."""
    return db.execute(_RESTORED, [after]).fetchone() is not None


def find_contradictions(db: Database) -> Iterator[Doubt]:
    """Yield every report that contradicts its events or is missing. Reads the whole outbox."""
    restored, last = was_restored(db), _BEFORE_ALL
    (began,) = db.execute("SELECT COALESCE((SELECT at FROM audit ORDER BY n LIMIT 1), ?)", [_AFTER_ALL]).fetchone()
    while rows := db.execute(_ROWS, [last]).fetchall():
        for _seq, report_id, state, erased, created_at in rows:
            event = last_event(db, report_id)
            if event is None and (restored or created_at < began):  # from before there was an audit trail
                continue
            if event is None or not event.agrees(state, erased=bool(erased)):
                yield Doubt(DoubtKind.STATE, report_id)
        last = rows[-1][0]
    for (report_id,) in db.execute(_MISSING).fetchall():
        yield Doubt(DoubtKind.MISSING, report_id)
