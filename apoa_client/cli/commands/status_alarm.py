"""`apoa status --alarm` and `--nagios`: one line for a monitoring system, and its level."""

from datetime import datetime
from typing import NamedTuple

from apoa_client.app.property_status import read_status
from apoa_client.cli.every_property import sessions
from apoa_client.cli.session import Session
from apoa_client.cli.views.alarm import Checked, alarm_level, alarm_line, checked, unchecked
from apoa_client.desk.alarm import Level
from apoa_client.desk.attention import most_urgent
from apoa_client.errors import ApoaError, UsageProblem


class FoundAlarm(NamedTuple):
    """The line, and the level of the worst property."""

    line: str
    level: Level


def alarm_of(session: Session, *, every_property: bool) -> FoundAlarm:
    """Return what to alarm about, for the property of the session or for all. Raises only `UsageProblem`."""
    now = session.app.clock.now()
    try:
        each = sessions(session) if every_property else [session.for_property(session.property_name)]
        found = [_check(one, now) for one in each]
    except UsageProblem:
        raise
    except ApoaError as exc:  # of the settings of all
        found = [unchecked("", exc)]
    return FoundAlarm(alarm_line(found), alarm_level(found))


def _check(session: Session, now: datetime) -> Checked:
    name = session.property_name
    try:
        name = session.app.settings.name
        status = read_status(session.app, now)
        damage = most_urgent(session.app.outbox, now, 1).damage
        return checked(name, status, now) if damage is None else unchecked(name, damage)
    except ApoaError as exc:
        return unchecked(name, exc)
    finally:
        session.close()
