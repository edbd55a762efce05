"""The status of a property, as `apoa status` and monitoring show it. Needs no key."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.desk.attention import Problem, find_doubts, find_problems
from apoa_client.errors import Exit, StorageProblem
from apoa_client.outbox.sql.metadata import LAST_BACKUP, SCHEDULED_RUN
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.state import ScheduledRun, Summary, Suspension
from apoa_client.report.kinds import SOON
from apoa_client.settings.config import PropertySettings


class PropertyStatus(NamedTuple):
    """What is known of a property without its key, and what to alarm about."""

    summary: Summary
    last_run: ScheduledRun | None
    last_backup: datetime | None
    suspension: Suspension | None
    """Why nothing is sent now, if so."""
    doubts: Sequence[Doubt]
    """What another program changed. A report in doubt is in no count of `summary`."""
    unwritable: StorageProblem | None
    """Why nothing can be saved, although what was saved can be read."""
    problems: Sequence[Problem]

    def exit_code(self, *, alarm: bool) -> Exit:
        """Return the exit code of a command that shows it: for an alarm, that of the first problem."""
        if alarm:
            return self.problems[0].exit_code if self.problems else Exit.DONE
        return self.doubts[0].error().exit_code if self.doubts else Exit.DONE


def read_status(app: Container, now: datetime) -> PropertyStatus:
    """Read the status, also where the outbox can be read only. Raises `StorageProblem` and `SettingsProblem`."""
    found = list[StorageProblem]()
    app.on_unwritable = found.append
    outbox = app.outbox
    with outbox.database.read_errors(), outbox.database.snapshot():
        summary = outbox.summary(now=now, soon=now + SOON)
        last_run, last_backup = outbox.value(SCHEDULED_RUN), outbox.value(LAST_BACKUP)
    suspension = summary.current_suspension(lambda: app.settings.fingerprint)

    def contradictions() -> Iterable[Doubt]:  # read only if the numbers of reports are wrong
        return outbox.integrity.doubts()

    doubts = find_doubts(summary, app.settings.public_key, contradictions)
    for doubt in doubts:
        for entry in outbox.find(doubt.report) if doubt.report else ():
            summary = summary._replace(counts={**summary.counts, entry.state: summary.counts[entry.state] - 1})
    unwritable = found[0] if found else None
    problems = find_problems(summary, suspension, last_run, doubts, unwritable, now)
    return PropertyStatus(summary, last_run, last_backup, suspension, doubts, unwritable, problems)


class OtherCounts(NamedTuple):
    """Another property of this computer. `settings` and `summary` are None where they cannot be read."""

    name: str
    settings: PropertySettings | None
    summary: Summary | None


def read_others(app: Container, now: datetime) -> Iterator[OtherCounts]:
    """Yield the counts of each other property. No server is asked: of a shared outbox, there are none."""
    for name in app.config.names:
        settings = app.config.properties.get(name)
        if name != app.settings.name:
            yield OtherCounts(name, settings, None if settings is None else _summary_of_file(app, settings, now))


def _summary_of_file(app: Container, settings: PropertySettings, now: datetime) -> Summary | None:
    if settings.has_shared_outbox:
        return None
    try:
        with closing(app.outbox_opener(settings).file_for_reading(lambda _problem: None)) as outbox:
            return outbox.summary(now=now, soon=now + SOON)
    except StorageProblem:
        return None
