"""Which schedulers this computer has, and which of them is taken without a choice."""

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.schedule.cron import Cron
from apoa_client.schedule.interface import AUTO, CRON, KINDS, LAUNCHD, SYSTEMD, TASK, Found, Scheduler
from apoa_client.schedule.launchd import Launchd
from apoa_client.schedule.systemd import Systemd
from apoa_client.schedule.task_scheduler import TaskScheduler
from apoa_client.settings.folders import account_home, user_id, user_name

ANY_PLATFORM = ""
_BY_PLATFORM = {"win32": (TASK,), "darwin": (LAUNCHD, CRON)}
_ELSEWHERE = (SYSTEMD, CRON)


def schedulers(
    environ: Mapping[str, str], now: Callable[[], datetime], platform: str = sys.platform
) -> list[Scheduler]:
    """Return the schedulers that this platform may have, the best one first. Those of another one can only plan."""
    home = Path(environ.get("HOME") or account_home() or "/")
    made: dict[str, Scheduler] = {
        TASK: TaskScheduler(environ, now),
        LAUNCHD: Launchd(environ, home, user_id()),
        SYSTEMD: Systemd(environ, home, user_name(), user_id()),
        CRON: Cron(environ, now),
    }
    kinds = KINDS if platform == ANY_PLATFORM else _BY_PLATFORM.get(platform, _ELSEWHERE)
    return [made[kind] for kind in kinds]


def choose(known: list[Scheduler], kind: str) -> Scheduler:
    """Return the scheduler of this kind, with `AUTO` the best one that works here.

    Raises `UsageProblem` for a kind of another platform, and `SettingsProblem` if it cannot be used here.
    """
    if kind == AUTO:
        usable = next((each for each in known if each.problem() is None), None)
        if usable is None:
            raise SettingsProblem(
                msg("This computer has nothing that starts a program at intervals: neither systemd nor cron answers."),
                msg("Install the package cron, or keep this running, as in a container: apoa sync --follow"),
                name="schedule_missing",
            )
        return usable
    found = next((each for each in known if each.kind == kind), None)
    if found is None:
        kinds = ", ".join(each.kind for each in known)
        raise UsageProblem(
            msg("This computer's system has no schedules of the kind {kind}.", kind=kind),
            msg("Kinds here: {kinds}. Without --kind, the best one is taken.", kinds=kinds),
        )
    problem = found.problem()
    if problem is not None:
        raise problem
    return found


def find(known: list[Scheduler], name: str) -> tuple[Scheduler, Found] | None:
    """Return the schedule with this name and its scheduler; an active one before others. None if there is none."""
    every = [(each, found) for each in known if (found := each.find(name)) is not None]
    return min(every, key=lambda pair: not pair[1].active, default=None)
