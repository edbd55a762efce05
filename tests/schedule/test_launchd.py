"""The agent of launchd."""

import plistlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from basics import raises_error
from schedule_helpers import NAMES, Tools, files_below, found_by, use

from apoa_client.schedule import launchd as module
from apoa_client.schedule.interface import HOUR, MINUTE, Change, Job, ToolResult
from apoa_client.schedule.launchd import Launchd, agent_text

JOB = Job("apoa-sync", ("/opt/apoa",), ("sync", "--all", "--scheduled"), 15 * MINUTE, {})
FILE = "Library/LaunchAgents/apoa-client.apoa-sync.plist"


class Launchctl:
    """launchctl, with the agents that are loaded. The next `failures` loads fail."""

    def __init__(self) -> None:
        self.loaded: set[str] = set()
        self.calls: list[list[str]] = []
        self.failures = 0
        self.exit_code = "(never exited)"

    def __call__(self, arguments: Sequence[str], _text: str) -> ToolResult:
        self.calls.append(list(arguments))
        verb, target = arguments[:2]
        if verb == "bootstrap":
            if self.failures:
                self.failures -= 1
                return ToolResult(5, "", "Bootstrap failed: 5: Input/output error")
            self.loaded.add(f"{target}/{Path(arguments[2]).stem}")
        elif verb == "bootout":
            self.loaded.discard(target)
        elif verb == "print" and target != "gui/501" and target not in self.loaded:
            return ToolResult(113, "", "Could not find service")
        return ToolResult(0, f"\tlast exit code = {self.exit_code}\n", "")


@pytest.fixture
def launchctl(monkeypatch: pytest.MonkeyPatch) -> Launchctl:
    launchctl = Launchctl()
    use(monkeypatch, Tools({"launchctl": launchctl}))
    monkeypatch.setattr(module, "_PAUSE_S", 0)
    return launchctl


@pytest.fixture
def launchd(launchctl: Launchctl, home: Path) -> Launchd:
    del launchctl
    return Launchd({}, home, 501)


def test_install_update_and_remove(launchd: Launchd, launchctl: Launchctl, home: Path) -> None:
    """What was planned is done. A second time nothing changes, another interval loads the agent again."""
    planned = launchd.plan(JOB)
    assert (files_below(home), launchctl.calls) == ([], [])
    assert launchd.install(JOB) is Change.INSTALLED
    assert {path: Path(path).read_text(encoding="utf-8") for path, _text in planned.files} == dict(planned.files)
    assert [["launchctl", *words] for words in launchctl.calls] == [list(words) for words in planned.commands]
    assert files_below(home) == [FILE]
    assert launchctl.loaded == {"gui/501/apoa-client.apoa-sync"}
    assert launchd.install(JOB) is Change.UNCHANGED
    assert launchd.install(JOB._replace(every_s=HOUR)) is Change.UPDATED
    found = found_by(launchd)
    assert (found.every_s, found.active, found.last_result) == (HOUR, True, None)
    launchctl.exit_code = "75"
    assert found_by(launchd).last_result == 75
    assert launchd.remove(JOB.name)
    assert (files_below(home), launchctl.loaded) == ([], set())
    assert (launchd.remove(JOB.name), launchd.find(JOB.name)) == (False, None)


@pytest.mark.parametrize("path", NAMES)
def test_words_are_read_back(launchd: Launchd, path: str) -> None:
    """As they were given, whatever they hold."""
    job = JOB._replace(program=(path,), variables={"APOA_HOME": path})
    launchd.install(job)
    found = found_by(launchd)
    assert (found.command, found.variables) == (job.command, job.variables)


def test_the_agent_catches_up() -> None:
    """It runs at each log-in, in the background, and its files are private."""
    agent = plistlib.loads(agent_text(JOB).encode())
    assert agent == {
        "Label": "apoa-client.apoa-sync",
        "ProgramArguments": list(JOB.command),
        "StartInterval": 900,
        "RunAtLoad": True,
        "ProcessType": "Background",
        "Umask": 0o077,
    }


@pytest.mark.parametrize("text", ["not a list", "<plist><array/></plist>"])
def test_what_a_user_changed(launchd: Launchd, launchctl: Launchctl, home: Path, text: str) -> None:
    """An agent that was unloaded is not active, and the next installation loads it, also if it was disabled.

    A changed file is read as far as it can be.
    """
    launchd.install(JOB)
    launchctl.loaded.clear()
    assert not found_by(launchd).active
    assert launchd.install(JOB) is Change.UPDATED
    assert ["enable", "gui/501/apoa-client.apoa-sync"] in launchctl.calls
    (home / FILE).write_text(text)
    found = found_by(launchd)
    assert (found.command, found.every_s) == ((), None)


def test_an_agent_that_is_still_ending(launchd: Launchd, launchctl: Launchctl) -> None:
    """It is loaded as soon as the earlier one has gone; a new agent that launchd refuses is not tried again."""
    launchd.install(JOB)
    launchctl.failures = 3
    assert launchd.install(JOB._replace(every_s=HOUR)) is Change.UPDATED
    launchctl.failures = 1
    with raises_error("schedule_refused"):
        launchd.install(JOB._replace(name="apoa-sync.melati"))


def test_no_launchd(monkeypatch: pytest.MonkeyPatch, launchd: Launchd, home: Path) -> None:
    """As over SSH without a session at the desktop: it is said with what to do."""
    assert launchd.problem() is None
    assert "after sleep" in launchd.note().template
    use(monkeypatch, Tools({"launchctl": lambda _words, _text: ToolResult(125, "", "Domain does not support it")}))
    problem = Launchd({}, home, 501).problem()
    assert problem is not None
    assert problem.name == "schedule_missing"
    use(monkeypatch, Tools())
    assert Launchd({}, home, 501).problem() is not None
