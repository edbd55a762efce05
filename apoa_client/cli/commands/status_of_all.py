"""`apoa status --all`, and one line for a monitoring system."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from apoa_client.app.container import Container
from apoa_client.app.property_status import PropertyStatus, read_status
from apoa_client.cli.every_property import run_for_every_property, sessions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.output import print_json
from apoa_client.cli.views.findings import show_damage, show_doubts, show_error, show_unwritable
from apoa_client.cli.views.outboxes import show_only_here
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


class Servers:
    """The servers of shared outboxes that do not answer. Each is tried once, by its address, and shown once."""

    def __init__(self) -> None:
        self.problems: dict[str, OutboxServerUnreachable] = {}
        self._waiting_here = Counter[str]()

    def read(self, app: Container, now: datetime) -> PropertyStatus:
        """Read the status of a property. Raises what `read_status` does, and the problem of its server."""
        if app.settings.outbox in self.problems:
            raise self.problems[app.settings.outbox]
        try:
            return read_status(app, now)
        except OutboxServerUnreachable as exc:
            exc.shown = True  # by `show`
            self.problems[app.settings.outbox] = exc
            raise

    def read_here(self, app: Container, now: datetime) -> tuple[Container, PropertyStatus]:
        """As `read`, or if the server does not answer, what waits on this computer, with the container that has it."""
        try:
            return app, self.read(app, now)
        except OutboxServerUnreachable as exc:
            waiting = app.outbox_opener(app.settings).waiting_here()
            if not waiting:
                raise
            self._waiting_here[app.settings.outbox] += waiting
            app.on_desk.away = exc
            return app.on_desk, read_status(app.on_desk, now)

    def show(self) -> None:
        """Show what is wrong with each server, once for all its properties, and how much waits here meanwhile."""
        for address, problem in self.problems.items():
            show_error(problem)
            if here := self._waiting_here[address]:
                show_only_here(here)


def show_status_of_all(session: Session, *, alarm: bool) -> int:
    """Show all properties in one table, below what is wrong with any of them, or as one document."""
    now, servers = session.app.clock.now(), Servers()
    states: list[PropertyState] = []

    def work(each: Session) -> int:
        return _show_one(each, servers, states, now, alarm=alarm)

    quiet, session.quiet = session.quiet, True  # so that a name is above what is wrong alone
    code = run_for_every_property(session, work, reread=False)
    session.quiet = quiet
    servers.show()
    if not session.json:
        show_properties(states)
    return code


def _show_one(session: Session, servers: Servers, states: list[PropertyState], now: datetime, *, alarm: bool) -> int:
    """Print the document of one property, or add its state to those of the table. Returns the exit code."""
    states.append(PropertyState(session.property_name))  # if it cannot be read
    settings = session.app.settings
    states[-1] = PropertyState(settings.label, settings)
    try:
        app, status = servers.read_here(session.app, now)
    except OutboxServerUnreachable:
        states[-1] = states[-1]._replace(away=True)
        raise
    states[-1] = PropertyState(settings.label, settings, status, away=app.away is not None)
    if status.unwritable is not None:
        show_unwritable(status.unwritable)
    code = status.exit_code(alarm=alarm) or (app.away.exit_code if app.away is not None else 0)
    if not session.json:
        show_doubts(status.doubts)
        return code
    urgent = most_urgent(app.outbox, now, MAX_URGENT)
    here = {"stored": "here"} if app.away is not None else {}
    print_json({**status_json(settings, status, urgent), **here})
    return show_damage(urgent.damage) or code


def alarm_of(session: Session, *, every_property: bool) -> tuple[str, Level]:
    """Return the line of what is wrong with one property or all, and the worst level. Raises only `UsageProblem`."""
    now = session.app.clock.now()
    try:
        found = _check_each(sessions(session, reread=False) if every_property else [session], now)
    except UsageProblem:
        raise
    except ApoaError as exc:  # of the settings of all
        found = [unchecked("", exc)]
    return alarm_line(found), alarm_level(found)


def _check_each(properties: Iterable[Session], now: datetime) -> list[Checked]:
    """Check these properties; a server that several need is one line of what is wrong."""
    servers, found, away = Servers(), list[Checked](), defaultdict[str, list[str]](list)
    for session in properties:
        name = session.property_name
        try:
            name = session.app.settings.name
            status = servers.read(session.app, now)
            problem = most_urgent(session.app.outbox, now, 1).damage or session.app.handed_over.problem
            found.append(checked(name, status, now) if problem is None else unchecked(name, problem))
        except OutboxServerUnreachable as exc:
            servers.problems.setdefault(session.app.settings.outbox, exc)
            away[session.app.settings.outbox].append(name)
        except ApoaError as exc:
            found.append(unchecked(name, exc))
    return [*(unchecked(_only(away[each]), problem) for each, problem in servers.problems.items()), *found]


def _only(names: Sequence[str]) -> str:
    """Return the only name; empty for several."""
    return names[0] if len(names) == 1 else ""
