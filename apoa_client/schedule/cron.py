"""A line of the user's crontab, which ends with the schedule's name as a comment.

python-crontab makes and reads this one line. The other lines are never parsed, so each byte of them stays.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apoa_client.messages import Message, msg
from apoa_client.schedule.interface import CRON, DAY, HOUR, MINUTE, Change, Found, Job, Plan, Scheduler, refused

if TYPE_CHECKING:
    from crontab import CronItem

_NO_CRONTAB = "no crontab for"


class Cron(Scheduler):
    """The crontab of the user who runs the program."""

    kind = CRON
    tool = "crontab"
    missing = (
        msg("There is no crontab program here."),
        msg(
            "Install the package cron of this computer's system, or choose another kind with --kind. In a container, "
            "run this in place of a schedule: apoa sync --follow"
        ),
    )

    def __init__(self, environ: Mapping[str, str], now: Callable[[], datetime]) -> None:
        super().__init__(environ)
        self._now = now

    def find(self, name: str) -> Found | None:
        """Return the schedule as its line has it."""
        line = next((line for line in self._read() if _is_ours(line, name)), None)
        return None if line is None else parse_line(line, name, self._now().astimezone())

    def plan(self, job: Job) -> Plan:
        """Return the line of the crontab."""
        return Plan(lines=[line_of(job)])

    def install(self, job: Job) -> Change:
        """Write the line in place of the one of this name, or at the end."""
        lines, ours = self._read(), line_of(job) + "\n"
        at = [index for index, line in enumerate(lines) if _is_ours(line, job.name)]
        if [lines[index] for index in at] == [ours]:
            return Change.UNCHANGED
        if not at and lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        first = at[0] if at else len(lines)
        rest = [line for index, line in enumerate(lines) if index not in at]
        self._write([*rest[:first], ours, *rest[first:]])
        return Change.UPDATED if at else Change.INSTALLED

    def remove(self, name: str) -> bool:
        """Remove the lines of this name."""
        if self.problem() is not None:
            return False
        lines = self._read()
        rest = [line for line in lines if not _is_ours(line, name)]
        if len(rest) == len(lines):
            return False
        self._write(rest)
        return True

    def note(self) -> Message:
        """Return what cron does not do."""
        return msg("cron does not make up for runs that a switched-off computer missed; the next one sends it all.")

    def _read(self) -> list[str]:
        """Return the lines with their ends."""
        if not self._answers():
            return []
        done = self._call("-l")
        if done.code == 0:
            return _split(done.out)
        if _NO_CRONTAB in done.err:
            return []
        raise refused(self.tool, done.reason)

    def _write(self, lines: Sequence[str]) -> None:
        self._do("-", text="".join(lines))


def line_of(job: Job) -> str:
    """Return the line, without its end, as cron reads it: variables before the command, each % escaped."""
    from crontab import CronItem

    variables = "".join(f"{name}={_quoted(value)} " for name, value in sorted(job.variables.items()))
    item = CronItem(command=variables + " ".join(map(_quoted, job.command)), comment=job.name)
    item.setall(_times(job))
    return str(item.render())


def parse_line(line: str, name: str, now: datetime) -> Found:
    """Return what a line of this schedule says; `now` is in the zone of the computer, which is cron's.

    A line that was commented out is not active.
    """
    from crontab import CronTab

    item = next(iter(CronTab(tab=line, user="-")), None)
    if item is None or not item.is_valid():
        return Found(CRON, name, active=False)
    words = _words(item.command or "")
    count = next((index for index, word in enumerate(words) if "=" not in word), len(words))
    runs = item.frequency_per_day()
    every_s = DAY // runs if runs and DAY % runs == 0 else None
    variables = dict(word.partition("=")[::2] for word in words[:count])
    active = item.is_enabled()
    next_run_at = _next_run(item, now) if active else None
    return Found(CRON, name, tuple(words[count:]), every_s, variables, active=active, next_run_at=next_run_at)


def _next_run(item: "CronItem", now: datetime) -> datetime | None:
    """Return the next minute of a line that names minutes and hours, as ours does."""
    minutes, hours = ({int(str(each)) for each in item.slices[index]} for index in (0, 1))
    start = now.replace(second=0, microsecond=0)
    after = (start + timedelta(minutes=count) for count in range(1, DAY // MINUTE + 1))
    return next((each.astimezone(UTC) for each in after if each.minute in minutes and each.hour in hours), None)


def _times(job: Job) -> str:
    minutes, offset = job.every_s // MINUTE, job.offset_s // MINUTE
    if job.every_s == DAY:
        return f"{offset % 60} {offset // 60 % 24} * * *"
    if job.every_s >= HOUR:
        hours = job.every_s // HOUR
        hour = "*" if hours == 1 else f"{offset // 60 % hours}-23/{hours}"
        return f"{offset % 60} {hour} * * *"
    return "* * * * *" if minutes == 1 else f"{offset % minutes}-59/{minutes} * * * *"


def _quoted(word: str) -> str:
    """Return the word for the shell. No blank comes before a #, where python-crontab would see a comment."""
    return shlex.quote(word).replace(" #", " '\"#\"'")


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # it was changed by hand
        return []


def _is_ours(line: str, name: str) -> bool:
    return line.rstrip().endswith(f" # {name}")


def _split(text: str) -> list[str]:
    """Split at line feeds only: `splitlines` also splits at characters that are no line end for cron."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.rpartition("\n")[2]) else [])
