"""The status of a property, as `apoa status` and monitoring show it. Needs no key."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.desk.alarm import Problem, find_problems
from apoa_client.desk.attention import find_doubts
from apoa_client.errors import StorageProblem
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.state import ScheduledRun, Summary
from apoa_client.report.deadline import SOON


class PropertyStatus(NamedTuple):
    """What is known of a property without its key, and what to alarm about."""

    summary: Summary
    last_run: ScheduledRun | None
    last_backup: datetime | None
    doubts: Sequence[Doubt]
    unwritable: StorageProblem | None
    """Why nothing can be saved, although what was saved can be read."""
    problems: Sequence[Problem]


def read_status(app: Container, now: datetime) -> PropertyStatus:
    """Read the status, also where the outbox can be read only. Raises `StorageProblem` and `SettingsProblem`."""
    unwritable = list[StorageProblem]()
    app.on_unwritable = unwritable.append
    summary = app.outbox.summary(now=now, soon=now + SOON)
    last_run = app.outbox.last_scheduled_run()
    doubts = find_doubts(summary, lambda: app.outbox.integrity.doubts())  # noqa: PLW0108  loading the check is put off
    problem = unwritable[0] if unwritable else None
    suspension = summary.current_suspension(lambda: app.settings.fingerprint)
    problems = find_problems(summary, suspension, last_run, doubts, problem, now)
    return PropertyStatus(summary, last_run, app.outbox.last_backup(), doubts, problem, problems)
