"""Every property in one table, the most urgent first, as `apoa status --all` shows them."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import NamedTuple

from apoa_client.app.property_status import PropertyStatus
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_line, sanitize, style_error, style_warning
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.labels import duration_text, moment_text
from apoa_client.desk.attention import Level, Problem, worst_level
from apoa_client.errors import ApoaError, StorageProblem
from apoa_client.messages import nmsg
from apoa_client.ports.state import ScheduledRun
from apoa_client.report.kinds import State
from apoa_client.settings.config import PropertySettings

_MAX_ROWS = 20
"""Above this number of properties, those that need no attention are only counted at a terminal."""
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


def show_properties(states: Sequence[PropertyState], *, everything: bool) -> None:
    """Show a row for each property, the most urgent first, and how to see more of one.

    Of many properties, those that need no attention are only counted at a terminal, unless `everything` is to be shown.
    """
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

    ordered = sorted(states, key=order)  # else in the order of the settings
    counted = frozenset[Urgency]()
    if len(states) > _MAX_ROWS and is_terminal(sys.stdout) and not everything:
        counted = frozenset({Urgency.NO_ANSWER, Urgency.QUIET})
    rows = [_row(state) for state in ordered if state.urgency not in counted]
    if rows:
        show_table(heads, rows)
        print_line()
    _show_counted([state.urgency for state in ordered if state.urgency in counted])
    print_line(_("More about one: apoa --property NAME status"))


def _show_counted(counted: Sequence[Urgency]) -> None:
    """Show how many properties have no row, and why."""
    quiet, no_answer = counted.count(Urgency.QUIET), counted.count(Urgency.NO_ANSWER)
    if no_answer:
        line = nmsg(
            "{count} more property whose server does not answer.",
            "{count} more properties whose server does not answer.",
            no_answer,
        )
        print_line(style_warning(text(line)))
    if quiet:
        line = nmsg(
            "{count} more property where nothing waits and nothing is wrong.",
            "{count} more properties where nothing waits and nothing is wrong.",
            quiet,
        )
        print_line(text(line))
    if counted:
        print_line(_("All of them: apoa -v status --all"))


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
