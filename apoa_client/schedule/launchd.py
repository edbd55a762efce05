"""An agent of launchd on macOS: it runs while the user is logged in, also after sleep."""

import plistlib
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apoa_client.messages import Message, msg
from apoa_client.schedule.interface import (
    LAUNCHD,
    Change,
    Found,
    Job,
    Plan,
    Scheduler,
    read_file,
    refused,
    remove_file,
    write_file,
)

_PREFIX = "apoa-client."
_ATTEMPTS, _PAUSE_S = 10, 0.3
"""`launchctl bootout` returns before the agent has gone, and until then `bootstrap` fails."""


class Launchd(Scheduler):
    """The agents of the user with the id `uid`."""

    kind = LAUNCHD
    tool = "launchctl"
    missing = (
        msg("launchd does not answer for this user."),
        msg("Log in at this Mac's desktop and run the command there, or choose another kind: --kind cron"),
    )

    def __init__(self, environ: Mapping[str, str], home: Path, uid: int | None) -> None:
        super().__init__(environ)
        self._folder = home / "Library" / "LaunchAgents"
        self._domain = f"gui/{uid}"

    def _answers(self) -> bool:
        return self._call("print", self._domain).code == 0

    def find(self, name: str) -> Found | None:
        """Return the schedule as its file has it, and whether launchd knows it."""
        text = read_file(self._file(name))
        if text is None:
            return None
        state = self._call("print", self._service(name))
        code = re.search(r"last exit code = (\d+)", state.out)
        result = None if code is None else int(code[1])
        agent = _agent(text)
        interval = agent.get("StartInterval")
        return Found(
            LAUNCHD,
            name,
            tuple(map(str, agent.get("ProgramArguments", ()))),
            interval if isinstance(interval, int) else None,
            {key: str(value) for key, value in agent.get("EnvironmentVariables", {}).items()},
            active=state.code == 0,
            last_result=result,
        )

    def plan(self, job: Job) -> Plan:
        """Return the agent's file and the call of launchctl."""
        return Plan(
            [(str(self._file(job.name)), agent_text(job))],
            commands=[["launchctl", *words] for words in self._activation(job.name)],
        )

    def install(self, job: Job) -> Change:
        """Write the agent and load it, in place of an earlier one."""
        before = self.find(job.name)
        changed = write_file(self._file(job.name), agent_text(job))
        if before is not None and before.active and not changed:
            return Change.UNCHANGED
        if before is not None:
            self._call("bootout", self._service(job.name))
        enable, bootstrap = self._activation(job.name)
        self._call(*enable)  # a user may have disabled it in the system's settings
        done = self._call(*bootstrap)
        attempts = _ATTEMPTS if before is not None else 0
        while done.code != 0 and attempts:
            time.sleep(_PAUSE_S)
            done = self._call(*bootstrap)
            attempts -= 1
        if done.code != 0:
            raise refused(self.tool, done.reason)
        return Change.INSTALLED if before is None else Change.UPDATED

    def remove(self, name: str) -> bool:
        """Unload the agent and remove its file."""
        if not self._file(name).exists():
            return False
        self._call("bootout", self._service(name))
        return remove_file(self._file(name))

    def note(self) -> Message:
        """Return when the agent runs."""
        return msg("It runs while this user is logged in at this Mac; after sleep, it runs at once.")

    def _file(self, name: str) -> Path:
        return self._folder / f"{_PREFIX}{name}.plist"

    def _service(self, name: str) -> str:
        return f"{self._domain}/{_PREFIX}{name}"

    def _activation(self, name: str) -> tuple[list[str], list[str]]:
        return ["enable", self._service(name)], ["bootstrap", self._domain, str(self._file(name))]


def agent_text(job: Job) -> str:
    """Return the property list of the agent."""
    agent: dict[str, Any] = {
        "Label": f"{_PREFIX}{job.name}",
        "ProgramArguments": list(job.command),
        "StartInterval": job.every_s,
        "RunAtLoad": True,  # at log-in: the interval begins then, and what waited overnight is sent at once
        "ProcessType": "Background",
        "Umask": 0o077,
    }
    if job.variables:
        agent["EnvironmentVariables"] = dict(job.variables)
    return plistlib.dumps(agent).decode()


def _agent(text: str) -> dict[str, Any]:
    try:
        value = plistlib.loads(text.encode())
    except (ValueError, plistlib.InvalidFileException):  # it was changed by hand
        return {}
    return value if isinstance(value, dict) else {}
