"""Doubles of the tools that start programs at intervals, so that no test changes this computer's own schedules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apoa_client.schedule.interface import Found, Scheduler, ToolResult

PROGRAM = "/opt/wisma melati/apoa"
Answer = Callable[[Sequence[str], str], ToolResult]
"""What a tool does with its arguments and its standard input."""


@dataclass
class Tools:
    """The tools of the system. A name without an answer is not installed."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    environ: Mapping[str, str] = field(default_factory=dict)
    """The variables of the last call."""

    def find(self, name: str, _environ: Mapping[str, str]) -> str | None:
        return name if name in self.answers else None

    def run(
        self, words: Sequence[str], environ: Mapping[str, str], text: str = "", folder: str | None = None
    ) -> ToolResult:
        del folder
        self.environ = environ
        self.calls.append(list(words))
        return self.answers[words[0]](words[1:], text)

    def start(self, words: Sequence[str], environ: Mapping[str, str], **_options: str | None) -> ToolResult:
        """Start the program itself, as an installation does before it changes anything."""
        del environ
        assert list(words) == [PROGRAM, "--version"]
        return ToolResult(0, "apoa 1.0\n", "")


@dataclass
class Crontab:
    """The crontab program, with its file."""

    text: str = ""

    def __call__(self, arguments: Sequence[str], text: str) -> ToolResult:
        if list(arguments) == ["-l"]:
            return ToolResult(0, self.text, "") if self.text else ToolResult(1, "", "no crontab for hotel")
        assert list(arguments) == ["-"]
        if text and not text.endswith("\n"):
            return ToolResult(1, "", "new crontab file is missing newline before EOF, can't install.")
        self.text = text
        return ToolResult(0, "", "")


@dataclass
class UserManager:
    """systemctl, with the units that are enabled. Those in `broken` cannot be started."""

    active: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    shown: str = ""

    def __call__(self, arguments: Sequence[str], _text: str) -> ToolResult:
        assert arguments[0] == "--user"
        verb, unit = arguments[1], arguments[-1]
        if verb == "show":
            unit = arguments[2]
            if unit.startswith("--"):
                return ToolResult(0, "Version=257\n", "")
            on = unit in self.active
            state = f"ActiveState={'active' if on else 'inactive'}\nUnitFileState={'enabled' if on else 'disabled'}\n"
            return ToolResult(0, state + self.shown, "")
        if unit in self.broken and verb == "restart":
            return ToolResult(1, "", f"Job for {unit} failed.")
        if verb == "restart":
            self.active.add(unit)
        if verb == "disable":
            self.active.discard(unit)
        return ToolResult(0, "", "")


def use(monkeypatch: pytest.MonkeyPatch, tools: Tools) -> Tools:
    """Let Linux' schedulers use these tools on every platform, for a program that is at the same place everywhere."""
    monkeypatch.setattr("apoa_client.schedule.choice._BY_PLATFORM", {})
    monkeypatch.setattr("apoa_client.app.scheduling.run_tool", tools.start)
    monkeypatch.setattr("apoa_client.app.scheduling.background_command", lambda: [PROGRAM])
    monkeypatch.setattr("apoa_client.schedule.interface.find_program", tools.find)
    monkeypatch.setattr("apoa_client.schedule.interface.run_tool", tools.run)
    return tools


NAMES = ("/opt/my #1 100%/apoa", '/opt/it\'s "here"/$HOME/apoa', "/opt/wisma é 宿/apoa", r"/opt/back\slash/%h/apoa")
"""Paths with every character that some format gives a meaning to."""


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file())


def found_by(scheduler: Scheduler) -> Found:
    """Return the schedule that a scheduler finds."""
    found = scheduler.find("apoa-sync")
    assert found is not None
    return found
