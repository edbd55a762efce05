"""What a schedule runs and with which variables, what is found of it, the base of each kind, and calls of tools.

The tools of the system get a time limit and none of this program's secrets.
"""

import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, NamedTuple

from apoa_client.errors import SettingsProblem
from apoa_client.files import write_private
from apoa_client.messages import Message, msg
from apoa_client.processes import find_program
from apoa_client.settings.config import GENERAL, OF_A_PROPERTY

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


def refused(tool: str, reason: str) -> SettingsProblem:
    """Return the error that a tool of the system did not do what it was asked."""
    return SettingsProblem(
        msg("{tool} refused: {reason}", tool=tool, reason=reason or "-"),
        msg("No schedule was changed. Correct this, or choose another kind with --kind; see: apoa help admin"),
        name="schedule_refused",
    )


_TIMEOUT_S = 30.0
_PRIVATE = ("APOA_", "CREDENTIALS_DIRECTORY")
"""Beginnings of variables that may hold secrets or their places. A tool does not get them."""


class ToolResult(NamedTuple):
    """The exit code and the two outputs. Bytes that are no text are kept as surrogates."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """The first line that the tool printed about its failure."""
        return next(iter((self.err.strip() or self.out.strip()).splitlines()), f"exit code {self.code}")


def run_tool(words: Sequence[str], environ: Mapping[str, str], text: str = "", folder: str | None = None) -> ToolResult:
    """Run a tool in `folder` with `text` as its standard input.

    Raises `SettingsProblem` if it cannot run, or does not end.
    """
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_PRIVATE)}
    try:
        done = subprocess.run(  # noqa: S603  the caller's fixed words; nothing passes through a shell
            words,
            cwd=folder,
            env={**kept, "LC_ALL": "C"},
            input=text.encode(errors="surrogateescape"),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no black window for a moment
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
        raise SettingsProblem(
            msg("{tool} cannot be run: {reason}.", tool=words[0], reason=reason),
            msg("Try again in a minute. If it stays so, ask your IT admin."),
            name="schedule_refused",
        ) from None
    return ToolResult(done.returncode, _text_of(done.stdout), _text_of(done.stderr))


def _text_of(output: bytes) -> str:
    """Return what a tool of the system wrote: for the console, or as Windows' XML in UTF-16."""
    console = "oem" if sys.platform == "win32" else "utf-8"
    return output.decode("utf-16-le" if b"\0" in output[:4] else console, errors="surrogateescape")


class Scheduler(ABC):
    """One kind of scheduler, for the user who runs the program. `environ` is the environment of its tool."""

    kind: ClassVar[str]
    """One of `KINDS`."""
    tool: ClassVar[str]
    """The program of the system by which it is used."""
    missing: ClassVar[tuple[Message, Message]]
    """What is said and advised where it cannot be used."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def problem(self) -> SettingsProblem | None:
        """Return why this scheduler cannot be used here, or None."""
        return None if self._answers() else SettingsProblem(*self.missing, name="schedule_missing")

    @abstractmethod
    def find(self, name: str) -> Found | None:
        """Return the schedule with this name, or None. Raises `SettingsProblem` if the system does not answer."""

    @abstractmethod
    def plan(self, job: Job) -> Plan:
        """Return what `install` does, without doing it."""

    @abstractmethod
    def install(self, job: Job) -> Change:
        """Install the job, or update the schedule of its name. Raises `SettingsProblem`."""

    @abstractmethod
    def remove(self, name: str) -> bool:
        """Remove the schedule with this name and return whether there was one. Raises `SettingsProblem`."""

    @abstractmethod
    def note(self) -> Message:
        """Return when this scheduler runs what is installed, and what a user can do about it."""

    def _answers(self) -> bool:
        """Return whether the tool is there and serves this user."""
        return find_program(self.tool, self._environ) is not None

    def _call(self, *words: str, text: str = "") -> ToolResult:
        """Call the tool with `text` as its standard input. One that is missing fails without a word."""
        tool = find_program(self.tool, self._environ)
        return ToolResult(1, "", "") if tool is None else run_tool([tool, *words], self._environ, text)

    def _do(self, *words: str, text: str = "") -> None:
        """Call the tool, which must succeed."""
        done = self._call(*words, text=text)
        if done.code != 0:
            raise refused(self.tool, done.reason)


def read_file(path: Path) -> str | None:
    """Return the text of a schedule's file, or None if there is none. Raises `SettingsProblem`."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):  # the latter where HOME is a file
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise _unusable(path, exc) from None


def write_file(path: Path, text: str) -> bool:
    """Write a schedule's file as one step and return whether it changed. Raises `SettingsProblem`."""
    if read_file(path) == text:
        return False
    try:
        write_private(path, text.encode())
    except OSError as exc:
        raise _unusable(path, exc) from None
    return True


def remove_file(path: Path) -> bool:
    """Remove a schedule's file and return whether there was one. Raises `SettingsProblem`."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):  # the latter where HOME is a file
        return False
    except OSError as exc:
        raise _unusable(path, exc) from None
    return True


def _unusable(path: Path, exc: OSError | UnicodeDecodeError) -> SettingsProblem:
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else type(exc).__name__
    return SettingsProblem(
        msg("The file {path} cannot be read or written: {reason}.", path=str(path), reason=reason),
        msg("Ask your IT admin to make the file and its folder writable for this user."),
        name="schedule_refused",
    )


_HOME = "APOA_HOME"
_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
"""Where platformdirs looks on Linux, unless everything is below `_HOME`."""
_PROPERTY = "APOA_PROPERTY"
"""A schedule names its property, or sends for all."""
_SECRETS = ("APOA_PASSWORD", "APOA_PRIVATE_KEY", "APOA_OUTBOX_PASSWORD")
_PATHS = tuple(f"{name}_FILE" for name in _SECRETS)
_KEPT = (
    *(each.variable for each in (*GENERAL.values(), *OF_A_PROPERTY.values()) if each.variable not in {"", _PROPERTY}),
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "all_proxy", "no_proxy"),
)


class Variables(NamedTuple):
    """The variables of a schedule, and the names of those that hold a secret and are left out of its files."""

    kept: Mapping[str, str]
    left_out: tuple[str, ...]


def variables_of(environ: Mapping[str, str]) -> Variables:
    """Choose from this environment what a scheduled run needs to find the same files and the same authority."""
    wanted = {name: environ[name] for name in (*folder_variables(environ), *_KEPT) if environ.get(name)}
    wanted |= {name: str(Path(environ[name]).absolute()) for name in _PATHS if environ.get(name)}
    secret = {name for name, value in wanted.items() if name.lower().endswith("_proxy") and "@" in value}
    kept = {name: value for name, value in wanted.items() if name not in secret}
    return Variables(kept, (*(name for name in _SECRETS if environ.get(name)), *sorted(secret)))


def folder_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that decide where the program's files are. None: they are in the platform's folders."""
    if environ.get(_HOME):
        return {_HOME: environ[_HOME]}
    return {name: environ[name] for name in _FOLDERS if environ.get(name)}
