"""The open reports that staff must act on, and what a monitoring system should alarm about. Pure.

Refused, overdue and urgent reports come with the most urgent first. However many reports wait, only those that are
shown are read. An alarm says that reports need a person, or that sending has stopped.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import ApoaError, Exit, StorageProblem
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.entries import Entry, Selection
from apoa_client.ports.state import ScheduledRun, Summary, Suspension
from apoa_client.report.kinds import OPEN_STATES, State

_MISSED_RUNS = 3
_LATE = 1.5
_SHORTEST_SILENCE, _LONGEST_SILENCE = timedelta(hours=1), timedelta(days=1)


class Level(IntEnum):
    """How bad it is: the exit codes of a monitoring plugin (Monitoring Plugins Development Guidelines)."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class Problem(NamedTuple):
    """One thing to alarm about. `name` never changes: scripts rely on it."""

    name: str
    level: Level
    exit_code: Exit
    reports: int = 0
    """How many reports it concerns, if any."""


def find_problems(
    summary: Summary,
    suspension: Suspension | None,
    last_run: ScheduledRun | None,
    doubts: Sequence[Doubt],
    unwritable: ApoaError | None,
    now: datetime,
) -> list[Problem]:
    """Return what to alarm about; the exit code of ``status --alarm`` is that of the first.

    `suspension` is the current one, `last_run` is the last run of automatic sending, and `unwritable` says why nothing
    can be saved, if so.
    """
    refused = summary.counts[State.REJECTED]
    found = []
    if unwritable is not None:
        found.append(Problem("unwritable", Level.CRITICAL, unwritable.exit_code))
    if doubts:
        found.append(Problem("changed", Level.CRITICAL, doubts[0].error().exit_code))
    if summary.overdue:
        found.append(Problem("overdue", Level.CRITICAL, Exit.NOT_NOW, summary.overdue))
    if refused:
        found.append(Problem("refused", Level.WARNING, Exit.NOT_NOW, refused))
    if suspension is not None:
        is_account = suspension.reason == "account_suspended"
        found.append(
            Problem("sending_stopped", Level.CRITICAL, Exit.AUTHORITY_REFUSES if is_account else Exit.CREDENTIALS)
        )
    if last_run is not None and is_silent(last_run, now):
        found.append(Problem("no_run", Level.CRITICAL, Exit.NOT_NOW))
    return found


def is_silent(last_run: ScheduledRun, now: datetime) -> bool:
    """Return whether automatic sending seems to have stopped: it missed three runs, or has not run for a day.

    How often it runs is known from its last two runs. Nothing is concluded from less than an hour, and a daily run may
    be half a day late.
    """
    interval = last_run.interval or _LONGEST_SILENCE / _LATE
    allowed = min(max(_MISSED_RUNS * interval, _SHORTEST_SILENCE), _LONGEST_SILENCE)
    return now - last_run.at > max(allowed, _LATE * interval)


def has_stopped(last_run: ScheduledRun, now: datetime) -> bool:
    """Return whether a person is to know that automatic sending seems to have stopped: `is_silent`, and for a day.

    Monitoring watches a computer that is always on; a desk's computer may be off at night.
    """
    return now - last_run.at > _LONGEST_SILENCE and is_silent(last_run, now)


def worst_level(problems: Sequence[Problem]) -> Level:
    """Return the level of the worst of them; OK for none."""
    return max((problem.level for problem in problems), default=Level.OK)


if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox

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


def most_urgent(reports: "Outbox", now: datetime, limit: int) -> UrgentReports:
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
    found.sort(key=lambda entry: (entry.due_at or now, entry.seq))
    return UrgentReports(found[:limit], max(total, len(found)), damage)


def find_doubts(summary: Summary, public_key: str, contradictions: Callable[[], Iterable[Doubt]]) -> list[Doubt]:
    """Return what the last check with the key found, and what contradicts the register or the settings now.

    `contradictions` may read every report, and is called only if the numbers of reports are not those of the register,
    or if the outbox names another public key than that of the settings.
    """
    is_other = summary.public_key not in {None, public_key.strip()}
    found = [*summary.doubts, *(contradictions() if summary.contradicted or is_other else ())]
    return list(dict.fromkeys(found))
