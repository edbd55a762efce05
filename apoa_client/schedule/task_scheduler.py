"""A task of Windows' Task Scheduler, registered and read with `schtasks`.

`schtasks` prints the task's own XML in each language alike, in the code page of the console: the task also has its
command in ASCII. All users of a computer share one folder of tasks, so the name of a task ends with a digest of its
user.

The task runs as the user who installed it, with the token of the session: only that opens the Credential Manager. The
program in it has no console, so no window appears.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from apoa_client.files import write_private
from apoa_client.messages import Message, msg
from apoa_client.schedule.interface import (
    DESCRIPTION,
    MADE_BY,
    TASK,
    Change,
    Found,
    Job,
    Plan,
    Scheduler,
    refused,
)

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
_NO_TASK = 0x80070002
"""The HRESULT of ERROR_FILE_NOT_FOUND."""


class TaskScheduler(Scheduler):
    """The tasks of the user who runs the program."""

    kind = TASK
    tool = "schtasks"
    missing = (
        msg("There is no Task Scheduler here."),
        msg("It is a part of Windows. Elsewhere choose another kind with --kind"),
    )

    def __init__(self, environ: Mapping[str, str], now: Callable[[], datetime]) -> None:
        super().__init__(environ)
        self._now = now
        self._account = _account(environ)
        self._suffix = hashlib.sha256(self._account.encode()).hexdigest()[:8]

    def find(self, name: str) -> Found | None:
        """Return the schedule as the system has it."""
        text = self._query(name)
        return None if text is None else found_in(text, name, self._now().astimezone())

    def plan(self, job: Job) -> Plan:
        """Return the definition of the task and the call of schtasks."""
        file = f"{job.name}.xml"
        return Plan([(file, task_text(job, self._account))], commands=[["schtasks", *self._creation(job.name, file)]])

    def install(self, job: Job) -> Change:
        """Register the task, in place of an earlier one."""
        text, before = task_text(job, self._account), self._query(job.name)
        if before is not None and _version(before) == _version(text):
            found = found_in(before, job.name, self._now())
            if (found.command, found.every_s, found.active) == (job.command, job.every_s, True):
                return Change.UNCHANGED
        with tempfile.TemporaryDirectory(prefix="apoa-") as folder:
            file = Path(folder) / "task.xml"
            write_private(file, text.encode("utf-16"))
            self._do(*self._creation(job.name, str(file)))
        return Change.INSTALLED if before is None else Change.UPDATED

    def remove(self, name: str) -> bool:
        """Remove the task."""
        done = self._call("/Delete", "/TN", self._task(name), "/F")
        if done.code == 0:
            return True
        if self._query(name) is None:
            return False
        raise refused(self.tool, done.reason)

    def note(self) -> Message:
        """Return when the task runs."""
        return msg("It runs while this user is logged in to Windows, without a window, and catches up after sleep.")

    def _creation(self, name: str, file: str) -> list[str]:
        return ["/Create", "/TN", self._task(name), "/XML", file, "/F"]

    def _task(self, name: str) -> str:
        return f"{name}-{self._suffix}"

    def _query(self, name: str) -> str | None:
        """Return the definition that the system has of a task, or None if there is no such task."""
        done = self._call("/Query", "/TN", self._task(name), "/XML", "/HRESULT")
        if done.code == _NO_TASK or not (done.code or done.out) or not self._answers():  # Wine's prints nothing
            return None
        if done.code != 0:
            raise refused(self.tool, done.reason)
        return done.out


def _account(environ: Mapping[str, str]) -> str:
    """Return the security identifier of this user, by which a task names its user; elsewhere the account's name."""
    if sys.platform == "win32":
        from apoa_client.windows_access import user_sid

        return user_sid()
    name, domain = environ.get("USERNAME", ""), environ.get("USERDOMAIN", "")
    return f"{domain}\\{name}" if name and domain else name


def task_text(job: Job, account: str) -> str:
    """Return the definition of the task, which declares UTF-16: `schtasks` reads no other encoding reliably."""
    ET.register_namespace("", NAMESPACE)
    task = ET.Element(f"{{{NAMESPACE}}}Task", version="1.2")
    program, *arguments = job.command
    start = (_MIDNIGHT + timedelta(seconds=job.offset_s)).strftime("%Y-%m-%dT%H:%M:%S")
    parts: dict[str, Any] = {
        "RegistrationInfo": {
            "Version": "",
            "Description": f"{DESCRIPTION}. {MADE_BY}",
            "Documentation": json.dumps(job.command),
        },
        "Triggers": {"TimeTrigger": {"StartBoundary": start, "Repetition": {"Interval": f"PT{job.every_s // 60}M"}}},
        "Principals": {"Principal": {"UserId": account, "LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"}},
        "Settings": {
            "MultipleInstancesPolicy": "IgnoreNew",
            "DisallowStartIfOnBatteries": "false",
            "StopIfGoingOnBatteries": "false",
            "StartWhenAvailable": "true",
            "IdleSettings": {"StopOnIdleEnd": "false", "RestartOnIdle": "false"},
            "ExecutionTimeLimit": "PT30M",
        },
        "Actions": {"Exec": {"Command": program, "Arguments": subprocess.list2cmdline(arguments)}},
    }
    _append(task, parts)
    version = task.find(f".//{{{NAMESPACE}}}Version")
    if version is not None:  # always: it is made above
        version.text = hashlib.sha256(ET.tostring(task)).hexdigest()[:16]
    ET.indent(task)
    return '<?xml version="1.0" encoding="UTF-16"?>\n' + ET.tostring(task, encoding="unicode") + "\n"


def found_in(text: str, name: str, now: datetime) -> Found:
    """Return the schedule that a definition describes; `now` is in the zone of the computer, which is the task's."""
    try:
        task = ET.fromstring(text.partition("?>")[2] or text)  # noqa: S314  of this user's own system
    except (ET.ParseError, ValueError):  # the latter for bytes that are no text
        return Found(TASK, name, active=False)
    every_s = _seconds(_text_of(task, "Interval"))
    active = all(each.text != "false" for each in task.iter(f"{{{NAMESPACE}}}Enabled"))
    next_run_at = _next_run(_text_of(task, "StartBoundary"), every_s, now) if active and every_s else None
    return Found(TASK, name, _command(task), every_s, active=active, next_run_at=next_run_at)


def _command(task: ET.Element) -> tuple[str, ...]:
    """Return the words in ASCII if they agree with what the task starts, where a character may be a `?`.

    The words of a task that was changed by hand are split at each blank.
    """
    program, arguments = _text_of(task, "Command"), _text_of(task, "Arguments")
    with suppress(ValueError, TypeError):
        first, *rest = json.loads(_text_of(task, "Documentation"))
        line = f"{first}\n{subprocess.list2cmdline(rest)}"
        pattern = "".join(re.escape(each) if each.isascii() else ".{1,2}" for each in line)  # two: a surrogate pair
        if re.fullmatch(pattern, f"{program}\n{arguments}"):
            return (first, *rest)
    return (program, *arguments.split())


def _next_run(start_boundary: str, every_s: int, now: datetime) -> datetime | None:
    """Return the next time of a trigger that repeats; None if it begins at no time."""
    with suppress(ValueError):
        start, interval = datetime.fromisoformat(start_boundary), timedelta(seconds=every_s)
        start = start if start.tzinfo else start.replace(tzinfo=now.tzinfo)
        return (start + max(0, (now - start) // interval + 1) * interval).astimezone(UTC)
    return None


def _append(parent: ET.Element, parts: Mapping[str, Any]) -> None:
    for name, value in parts.items():
        child = ET.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        if isinstance(value, str):
            child.text = value
        else:
            _append(child, value)


def _version(text: str) -> str:
    found = re.search(r"<Version>(\w+)</Version>", text)
    return "" if found is None else found[1]


def _text_of(task: ET.Element, name: str) -> str:
    return task.findtext(f".//{{{NAMESPACE}}}{name}", "")


def _seconds(duration: str) -> int | None:
    """Return the seconds of a duration such as PT15M, PT1H or P1D; None for another form."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", duration)
    if found is None:
        return None
    days, hours, minutes = (int(each or 0) for each in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 or None
