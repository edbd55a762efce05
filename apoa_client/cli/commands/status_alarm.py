"""`apoa status --alarm` and `--nagios`: one line for a monitoring system, and its level."""

from datetime import datetime
from typing import NamedTuple

from apoa_client.app.property_status import status_without_settings
from apoa_client.app.shared_status import SharedStatus
from apoa_client.cli.commands.status_of_all import read_all_shared, status_of_one
from apoa_client.cli.every_property import sessions
from apoa_client.cli.session import Session
from apoa_client.cli.views.alarm import Checked, alarm_level, alarm_line, checked, unchecked
from apoa_client.desk.attention import Level, most_urgent
from apoa_client.errors import ApoaError, UsageProblem


class FoundAlarm(NamedTuple):
    """The line, and the level of the worst property."""

    line: str
    level: Level


def alarm_of(session: Session, *, every_property: bool) -> FoundAlarm:
    """Return what to alarm about, for the property of the session or for all. Raises only `UsageProblem`."""
    now = session.app.clock.now()
    try:
        found = _check_all(session, now) if every_property else [_check(session, SharedStatus(), now)]
    except UsageProblem:
        raise
    except ApoaError as exc:  # of the settings of all
        found = [unchecked("", exc)]
    return FoundAlarm(alarm_line(found), alarm_level(found))


def _check_all(session: Session, now: datetime) -> list[Checked]:
    """Check every property; a server that several need is one line of what is wrong."""
    shared = read_all_shared(session, now)
    return [
        *(unchecked("", problem) for problem in shared.problems),
        *(
            _check(each, shared, now)
            for each in sessions(session, reread=False)
            if shared.errors.get(each.property_name) not in shared.problems
        ),
        *(checked(each.settings.name, status_without_settings(each.overview, now), now) for each in shared.others),
    ]


def _check(session: Session, shared: SharedStatus, now: datetime) -> Checked:
    name = session.property_name
    try:
        name = session.app.settings.name
        status = status_of_one(session, shared, now)
        if name in shared.overviews:
            return checked(name, status, now)
        problem = most_urgent(session.app.outbox, now, 1).damage or session.app.handed_over.problem
        return checked(name, status, now) if problem is None else unchecked(name, problem)
    except ApoaError as exc:
        return unchecked(name, exc)
