"""The line for a monitoring system: what to alarm about, and numbers in the form of monitoring plugins.

``apoa LEVEL - text | label=value...``: Nagios, Icinga, Naemon and Checkmk read it (Monitoring Plugins Development
Guidelines, "Performance data"). Words before the bar are for people; levels, labels and names never change.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from apoa_client.app.property_status import PropertyStatus
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import duration_text
from apoa_client.desk.attention import Level, Problem, worst_level
from apoa_client.errors import ApoaError, StorageProblem
from apoa_client.ports.state import ScheduledRun
from apoa_client.report.kinds import State


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
    return max((each.level for each in properties), key=_severity)


def _severity(level: Level) -> int:
    """Return the order of levels: what is not known is less than what is certainly critical."""
    return (Level.OK, Level.WARNING, Level.UNKNOWN, Level.CRITICAL).index(level)
