"""The open reports that staff must act on: refused, overdue or due soon, the most urgent first.

However many reports wait, only those that are shown are read.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import StorageProblem
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.entries import Entry, Selection
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import OPEN_STATES, State

if TYPE_CHECKING:
    from apoa_client.ports.outbox import ReportReader

_REFUSED = frozenset({State.REJECTED})
_UNDELIVERED = OPEN_STATES - _REFUSED
_NEVER = datetime.max.replace(tzinfo=UTC)


def refused_reports(limit: int | None = None) -> Selection:
    """Return the selection of refused reports, whatever their deadline; those without one come last."""
    return Selection(_REFUSED, by_deadline=_NEVER, limit=limit)


def due_reports(until: datetime, limit: int | None = None) -> Selection:
    """Return the selection of undelivered reports that are due at `until` or before: the overdue ones come first."""
    return Selection(_UNDELIVERED, due_by=until, by_deadline=_NEVER, limit=limit)


class UrgentReports(NamedTuple):
    """The most urgent of the open reports, and how many there are."""

    first: Sequence[Entry]
    total: int
    damage: StorageProblem | None = None
    """Why not all of them could be read, if so."""


def most_urgent(reports: "ReportReader", now: datetime, limit: int) -> UrgentReports:
    """Return the most urgent open reports, at most `limit`, as far as the outbox can be read.

    They are the reports with a deadline, and refused reports without one, which count as due now.
    """
    found, total = list[Entry](), 0
    damage: StorageProblem | None = None
    for selection in (due_reports(_NEVER, limit), refused_reports(limit)._replace(by_deadline=now)):
        try:
            found.extend(reports.entries(selection))  # keeps what came before an error
            total += reports.count(selection)
        except StorageProblem as exc:
            damage = exc
    first = nsmallest(limit, found, key=lambda entry: (entry.due_at or now, entry.seq))
    return UrgentReports(first, max(total, len(found)), damage)


def find_doubts(summary: Summary, public_key: str, contradictions: Callable[[], Iterable[Doubt]]) -> list[Doubt]:
    """Return what the last check with the key found, and what contradicts the register or the settings now.

    `contradictions` may read every report, and is called only if the numbers of reports are not those of the register,
    or if the outbox names another public key than that of the settings.
    """
    is_other = summary.public_key not in {None, public_key.strip()}
    found = [*summary.doubts, *(contradictions() if summary.contradicted or is_other else ())]
    return list(dict.fromkeys(found))
