"""`apoa status --all`: every property in one table, the most urgent first; and one line for a monitoring system."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.app.property_status import PropertyStatus, read_status
from apoa_client.cli.every_property import run_for_every_property, sessions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_json, print_line, sanitize, style_error, style_warning
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.findings import show_damage, show_doubts, show_error, show_unwritable
from apoa_client.cli.views.labels import duration_text, moment_text
from apoa_client.cli.views.outboxes import show_only_here
from apoa_client.cli.views.status import MAX_URGENT, status_json
from apoa_client.desk.attention import Level, Problem, most_urgent, worst_level
from apoa_client.errors import ApoaError, StorageProblem, UsageProblem
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.ports.state import ScheduledRun
from apoa_client.report.kinds import State
from apoa_client.settings.config import PropertySettings

_NEVER = datetime.max.replace(tzinfo=UTC)


class Urgency(IntEnum):
    """How soon a property needs attention."""

    UNREADABLE = 0
    WRONG = 1
    """Something was changed or refused, or sending has stopped."""
    OVERDUE = 2
    DUE_SOON = 3
    WAITING = 4
    NO_ANSWER = 5
    """The server does not answer, and nothing waits on this computer."""
    QUIET = 6


class PropertyState(NamedTuple):
    """A property and its status; without one, it could not be read."""

    label: str
    settings: PropertySettings | None = None
    status: PropertyStatus | None = None
    away: bool = False
    """Whether the server does not answer: the status, if any, is of what waits on this computer."""

    @property
    def urgency(self) -> Urgency:
        """How soon it needs attention."""
        if self.status is None:
            return Urgency.NO_ANSWER if self.away else Urgency.UNREADABLE
        summary = self.status.summary
        counts = summary.counts
        if self.status.doubts or self.status.unwritable or self.status.suspension or counts[State.REJECTED]:
            return Urgency.WRONG
        if summary.overdue:
            return Urgency.OVERDUE
        if summary.due_soon:
            return Urgency.DUE_SOON
        waits = summary.waiting + counts[State.PENDING]
        return Urgency.WAITING if waits else Urgency.QUIET


def show_properties(states: Sequence[PropertyState]) -> None:
    """Show a row for each property, the most urgent first, and how to see more of one."""
    heads = (
        _("Property"),
        _("Waiting"),
        _("Refused"),
        _("Overdue"),
        _("Delivery"),
        _("Next deadline"),
        _("Last contact"),
    )

    def order(state: PropertyState) -> tuple[Urgency, datetime]:
        due = state.status.summary.next_due_at if state.status is not None else None
        return state.urgency, due or _NEVER

    rows = [_row(state) for state in sorted(states, key=order)]  # else in the order of the settings
    if rows:
        show_table(heads, rows)
        print_line()
    print_line(_("More about one: apoa --property NAME status"))


def _row(state: PropertyState) -> tuple[str, ...]:
    label, settings, status = sanitize(state.label), state.settings, state.status
    if settings is None or status is None:
        problem = style_warning(_("no answer")) if state.away else style_error(_("cannot be read"))
        return (label, "", "", "", problem, "", "")
    counts = status.summary.counts
    due, contact = (
        moment_text(moment, settings.zone) if moment is not None else "" if settings.by_hand else "-"
        for moment in (status.summary.next_due_at, status.summary.last_contact_at)
    )
    return (
        label,
        _number(status.summary.waiting, style_warning),
        _number(counts[State.REJECTED], style_error),
        _number(status.summary.overdue, style_error),
        _delivery(state, settings, status),
        *(due, contact),
    )


def _number(count: int, style: Callable[[str], str]) -> str:
    return style(str(count)) if count else "0"


def _delivery(state: PropertyState, settings: PropertySettings, status: PropertyStatus) -> str:
    """Return what is special about the delivery, if anything is."""
    if status.suspension is not None:
        return style_error(_("STOPPED"))
    if state.away:
        return style_warning(_("no answer"))
    if settings.by_hand:
        return _("by hand")
    return _("training") if settings.is_training else ""


class Checked(NamedTuple):
    """One property as a monitoring system sees it: `texts` say what to alarm about, `numbers` are by their labels."""

    property_name: str
    level: Level
    texts: Sequence[str]
    numbers: dict[str, int]


def checked(name: str, status: PropertyStatus, now: datetime) -> Checked:
    """Return a property whose status is known."""
    summary, last_run = status.summary, status.last_run
    numbers = {state.value: summary.counts[state] for state in State}
    numbers |= {"overdue": summary.overdue, "due_within_6h": summary.due_soon}
    for label, moment in (
        ("last_contact_age", summary.last_contact_at),
        ("last_run_age", last_run.at if last_run is not None else None),
    ):
        if moment is not None:
            numbers[label] = max(round((now - moment).total_seconds()), 0)
    texts = [_problem_text(problem, last_run, now) for problem in status.problems]
    return Checked(name, worst_level(status.problems), texts, numbers)


def unchecked(name: str, error: ApoaError) -> Checked:
    """Return a property whose state cannot be read."""
    level = Level.CRITICAL if isinstance(error, StorageProblem) else Level.UNKNOWN
    return Checked(name, level, [text(error.message)], {})


def _problem_text(problem: Problem, last_run: ScheduledRun | None, now: datetime) -> str:
    if problem.name == "no_run" and last_run is not None:
        return _("automatic sending has not run for {time}").format(time=duration_text(now - last_run.at))
    words = {
        "overdue": _("{count} overdue"),
        "refused": _("{count} refused"),
        "sending_stopped": _("sending has stopped: apoa login"),
        "changed": _("the outbox was changed by another program"),
        "unwritable": _("nothing can be saved"),
    }
    return words[problem.name].format(count=problem.reports)


def alarm_line(properties: Sequence[Checked]) -> str:
    """Return the line about these properties. Labels have the property's name in front if there are several."""
    level = alarm_level(properties)
    several = len(properties) > 1
    texts = [": ".join(filter(None, (each.property_name, ", ".join(each.texts)))) for each in properties if each.texts]
    said = "; ".join(texts) or _("nothing is overdue or refused")
    prefixes = [f"{each.property_name}_" if several else "" for each in properties]
    numbers = [
        f"{prefix}{label}={number}{'s' if label.endswith('_age') else ''};;;0"
        for prefix, each in zip(prefixes, properties, strict=True)
        for label, number in each.numbers.items()
    ]
    line = f"apoa {level.name} - {sanitize(said).replace('|', '/')}"
    return f"{line} | {' '.join(numbers)}" if numbers else line


def alarm_level(properties: Sequence[Checked]) -> Level:
    """Return the level of the worst of the properties."""
    # What is not known is less than what is certainly critical.
    return max((each.level for each in properties), key=(Level.OK, Level.WARNING, Level.UNKNOWN, Level.CRITICAL).index)


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
    names = {address: of_server[0] if len(of_server) == 1 else "" for address, of_server in away.items()}
    return [*(unchecked(names[each], problem) for each, problem in servers.problems.items()), *found]
