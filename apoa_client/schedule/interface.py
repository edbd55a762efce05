"""What a schedule runs, what is found of it, and the Protocol that each kind of scheduler implements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from apoa_client.errors import SettingsProblem
from apoa_client.messages import Message, msg

AUTO = "auto"
"""The best kind that the computer has."""
SYSTEMD, CRON, LAUNCHD, TASK = KINDS = ("systemd", "cron", "launchd", "task")
MINUTE, HOUR, DAY = 60, 3600, 86400
INTERVALS = (
    *(count * MINUTE for count in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(count * HOUR for count in (1, 2, 3, 4, 6, 8, 12, 24)),
)
"""The intervals in seconds that every scheduler can keep: each divides an hour or a day."""
DEFAULT_EVERY_S = 15 * MINUTE

DESCRIPTION = "Sends waiting reports of foreign guests"
MADE_BY = "Made by: apoa schedule install. Remove it with: apoa schedule remove"


class Job(NamedTuple):
    """What is to be scheduled: the program of this installation with its arguments.

    `offset_s` is the second of the interval at which it runs, the same each time, and another one on each computer.
    With `follow` the command runs all the time.
    """

    name: str
    program: tuple[str, ...]
    arguments: tuple[str, ...]
    every_s: int
    variables: Mapping[str, str]
    offset_s: int = 0
    follow: bool = False

    @property
    def command(self) -> tuple[str, ...]:
        """All words, the program's absolute path first."""
        return (*self.program, *self.arguments)


class Found(NamedTuple):
    """A schedule as the system has it. What cannot be read is empty or None.

    `active` is False if its files exist and the system does not run it. `next_run_at`, `last_run_at` and `last_result`
    are what the system says, in UTC; few systems do.
    """

    kind: str
    name: str
    command: tuple[str, ...] = ()
    every_s: int | None = None
    variables: Mapping[str, str] = {}
    follow: bool = False
    active: bool = True
    next_run_at: datetime | None = None
    last_run_at: datetime | None = None
    last_result: int | None = None


class Plan(NamedTuple):
    """What an installation does: files with their content, lines of the crontab, and commands of the system."""

    files: Sequence[tuple[str, str]] = ()
    lines: Sequence[str] = ()
    commands: Sequence[Sequence[str]] = ()


class Change(StrEnum):
    """What an installation did."""

    INSTALLED = "installed"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Scheduler(Protocol):
    """One kind of scheduler, for the user who runs the program."""

    @property
    def kind(self) -> str:
        """The name of the kind, one of `KINDS`."""
        ...

    def problem(self) -> SettingsProblem | None:
        """Return why this scheduler cannot be used here, or None."""
        ...

    def find(self, name: str) -> Found | None:
        """Return the schedule with this name, or None. Raises `SettingsProblem` if the system does not answer."""
        ...

    def plan(self, job: Job) -> Plan:
        """Return what `install` does, without doing it."""
        ...

    def install(self, job: Job) -> Change:
        """Install the job, or update the schedule of its name. Raises `SettingsProblem`."""
        ...

    def remove(self, name: str) -> bool:
        """Remove the schedule with this name and return whether there was one. Raises `SettingsProblem`."""
        ...

    def note(self) -> Message:
        """Return when this scheduler runs what is installed, and what a user can do about it."""
        ...


def refused(tool: str, reason: str) -> SettingsProblem:
    """Return the error that a tool of the system did not do what it was asked."""
    return SettingsProblem(
        msg("{tool} refused: {reason}", tool=tool, reason=reason or "-"),
        msg("No schedule was changed. Correct this, or choose another kind with --kind; see: apoa help admin"),
        name="schedule_refused",
    )
