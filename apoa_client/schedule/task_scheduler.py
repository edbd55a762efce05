"""A task of Windows' Task Scheduler, registered with `schtasks` and read with PowerShell.

`schtasks` answers in the language of Windows; PowerShell answers in one language, with the task's own XML. All users of
a computer share one folder of tasks, so the name of a task ends with a digest of its user.

The task runs as the user who installed it, with the token of the session: only that opens the Credential Manager. The
program in it has no console, so no window appears.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
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
    run_tool,
)
from apoa_client.search_path import find_program

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
_NOT_RUN_YET = 0x41303
"""SCHED_S_TASK_HAS_NOT_RUN."""
_RUNNING = 0x41301
"""SCHED_S_TASK_RUNNING."""

# JSON in ASCII, because the console's code page decides what else could be read.
_QUERY = r"""
$ErrorActionPreference = 'Stop'
$name = $env:SCHEDULED_TASK
$task = Get-ScheduledTask -TaskName $name -TaskPath '\' -ErrorAction SilentlyContinue
if ($null -eq $task) { exit 3 }
$info = $task | Get-ScheduledTaskInfo
$value = @{
    xml = (Export-ScheduledTask -TaskName $name -TaskPath '\') -join "`n"
    enabled = ($task.State -ne 'Disabled')
    result = [long]$info.LastTaskResult
}
if ($info.NextRunTime) { $value.next = $info.NextRunTime.ToUniversalTime().ToString('s') }
if ($info.LastRunTime) { $value.last = $info.LastRunTime.ToUniversalTime().ToString('s') }
$json = ConvertTo-Json -Compress $value
[regex]::Replace($json, '[^\x00-\x7f]', { param($c) '\u{0:x4}' -f [int][char]$c.Value })
"""
_NO_TASK = 3
_PIECE = re.compile(r"""(\\*)(")|(\s+)|((?:(?!\\*")\S)+)""")
"""A quote with the backslashes before it, blanks, or anything else."""


class TaskScheduler(Scheduler):
    """The tasks of the user who runs the program."""

    kind = TASK
    tool = "schtasks"
    missing = (
        msg("There is no Task Scheduler here."),
        msg("It is a part of Windows. Elsewhere choose another kind with --kind"),
    )

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self._account = _account(environ)
        self._suffix = hashlib.sha256(self._account.encode()).hexdigest()[:8]

    def find(self, name: str) -> Found | None:
        """Return the schedule as the system has it."""
        answer = self._query(name)
        return None if answer is None else found_in(answer, name)

    def plan(self, job: Job) -> Plan:
        """Return the definition of the task and the call of schtasks."""
        file = f"{job.name}.xml"
        return Plan([(file, task_text(job, self._account))], commands=[["schtasks", *self._creation(job.name, file)]])

    def install(self, job: Job) -> Change:
        """Register the task, in place of an earlier one."""
        text, before = task_text(job, self._account), self._query(job.name)
        if before is not None and before["enabled"] and _version(before["xml"]) == _version(text):
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

    def _query(self, name: str) -> dict[str, Any] | None:
        """Return what the system says about a task, or None if there is no such task."""
        shell = find_program("powershell", self._environ)
        if shell is None:
            return None
        words = [shell, "-NoProfile", "-NonInteractive", "-Command", _QUERY]
        done = run_tool(words, {**self._environ, "SCHEDULED_TASK": self._task(name)})
        if done.code == _NO_TASK or not (done.code or done.out.strip()):  # Wine's PowerShell says nothing
            return None
        if done.code != 0:
            raise refused("PowerShell", done.reason)
        return dict(json.loads(done.out))


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
        "RegistrationInfo": {"Version": "", "Description": f"{DESCRIPTION}. {MADE_BY}"},
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


def found_in(answer: Mapping[str, Any], name: str) -> Found:
    """Return the schedule that the system's answer describes."""
    try:
        task = ET.fromstring(answer["xml"].partition("?>")[2] or answer["xml"])  # noqa: S314  of this user's own system
    except ET.ParseError:
        return Found(TASK, name, active=False)
    result = answer["result"]
    return Found(
        TASK,
        name,
        (_text_of(task, "Command"), *split_arguments(_text_of(task, "Arguments"))),
        _seconds(_text_of(task, "Interval")),
        active=bool(answer["enabled"]),
        next_run_at=_moment(answer.get("next")),
        last_run_at=None if result == _NOT_RUN_YET else _moment(answer.get("last")),
        last_result=None if result in {_NOT_RUN_YET, _RUNNING} else result,
    )


def split_arguments(line: str) -> list[str]:
    """Return the words of a line that `subprocess.list2cmdline` made."""
    words: list[str] = []
    word, inside, quoted = "", False, False
    for backslashes, quote, blanks, rest in _PIECE.findall(f"{line} "):
        if quote:
            word += "\\" * (len(backslashes) // 2)
            word, quoted = (f'{word}"', quoted) if len(backslashes) % 2 else (word, not quoted)
        elif blanks and not quoted:
            words += [word] if inside else []
            word, inside = "", False
            continue
        else:
            word += blanks or rest
        inside = True
    return words


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


def _moment(text: str | None) -> datetime | None:
    """Return a time of the system; None for the year 1999, which stands for "never"."""
    moment = None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
    return None if moment is None or moment < _MIDNIGHT else moment
