"""What a monitoring system should alarm about: reports that need a person, and sending that has stopped. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from apoa_client.errors import ApoaError, Exit
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.state import ScheduledRun, Summary, Suspension
from apoa_client.report.kinds import State

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
