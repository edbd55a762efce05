"""`apoa status --all`, and one line for a monitoring system.

The properties of a shared outbox are read together, the others one after another.
"""

from datetime import datetime

from apoa_client.app.property_status import PropertyStatus, read_status, status_of
from apoa_client.app.shared_status import SharedStatus, read_shared
from apoa_client.cli.every_property import run_for_every_property, sessions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.output import print_json
from apoa_client.cli.views.away import show_only_here
from apoa_client.cli.views.findings import show_damage, show_doubts, show_error, show_unwritable
from apoa_client.cli.views.properties import (
    Checked,
    PropertyState,
    alarm_level,
    alarm_line,
    checked,
    show_properties,
    unchecked,
)
from apoa_client.cli.views.status import MAX_URGENT, status_json
from apoa_client.desk.attention import Level, most_urgent
from apoa_client.errors import ApoaError, UsageProblem
from apoa_client.outbox.errors import OutboxServerUnreachable


def show_status_of_all(session: Session, *, alarm: bool) -> int:
    """Show all properties in one table, below what is wrong with any of them, or as one document."""
    now = session.app.clock.now()
    shared = read_all_shared(session, now, urgent=MAX_URGENT if session.json else 0)
    show_problems(shared)
    states: list[PropertyState] = []

    def work(each: Session) -> int:
        return _show_one(each, shared, states, now, alarm=alarm)

    quiet, session.quiet = session.quiet, True  # so that a name is above what is wrong alone
    code = run_for_every_property(session, work, reread=False)
    session.quiet = quiet
    if not session.json:
        show_properties(states, everything=bool(session.verbosity))
    return code


def read_all_shared(session: Session, now: datetime, *, urgent: int = 0) -> SharedStatus:
    """Read all properties of this computer that are in a shared outbox. Raises as `sessions` does."""
    return read_shared((each.app for each in sessions(session, reread=False)), now, urgent=urgent)


def show_problems(shared: SharedStatus) -> None:
    """Show what is wrong with each server, once for all its properties, and how much waits here meanwhile."""
    for problem in shared.problems:
        show_error(problem)
        problem.shown = True
        here = sum(count for name, count in shared.waiting_here.items() if shared.errors[name] is problem)
        if here:
            show_only_here(here)


def status_of_one(session: Session, shared: SharedStatus, now: datetime) -> PropertyStatus:
    """Return the status of a property as it was read with others, or else read it now. Raises what it raised."""
    app, name = session.app, session.property_name
    if name in shared.overviews:
        return status_of(app, shared.overviews[name], now)
    problem = shared.errors.get(name)
    if problem is not None:
        if not shared.waiting_here.get(name):
            raise problem
        app = app.on_desk
        app.away = problem
    return read_status(app, now)


def _show_one(
    session: Session, shared: SharedStatus, states: list[PropertyState], now: datetime, *, alarm: bool
) -> int:
    """Print the document of one property, or add its state to those of the table. Returns the exit code."""
    states.append(PropertyState(session.property_name))  # if it cannot be read
    app, problem = session.app, shared.errors.get(session.property_name)
    settings, away = app.settings, isinstance(problem, OutboxServerUnreachable)
    states[-1] = PropertyState(settings.label, settings, away=away)
    status = status_of_one(session, shared, now)
    states[-1] = PropertyState(settings.label, settings, status, away=away)
    if status.unwritable is not None:
        show_unwritable(status.unwritable)
    code = status.exit_code(alarm=alarm) or (problem.exit_code if problem is not None else 0)
    if not session.json:
        show_doubts(status.doubts)
        return code
    app = app.on_desk if app.on_desk.away is not None else app
    urgent = shared.urgent.get(session.property_name) or most_urgent(app.outbox, now, MAX_URGENT)
    here = {"stored": "here"} if app.away is not None else {}
    print_json({**status_json(settings, status, urgent), **here})
    return show_damage(urgent.damage) or code


def alarm_of(session: Session, *, every_property: bool) -> tuple[str, Level]:
    """Return the line of what is wrong with one property or all, and the worst level. Raises only `UsageProblem`."""
    now = session.app.clock.now()
    try:
        found = _check_all(session, now) if every_property else [_check(session, SharedStatus(), now)]
    except UsageProblem:
        raise
    except ApoaError as exc:  # of the settings of all
        found = [unchecked("", exc)]
    return alarm_line(found), alarm_level(found)


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
