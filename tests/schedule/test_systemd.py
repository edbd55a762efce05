"""The units of systemd's user manager."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from basics import needs_tool, raises_error
from schedule_helpers import NAMES, Tools, UserManager, files_below, found_by, use

from apoa_client.schedule.interface import INTERVALS, MINUTE, Change, Job, ToolResult
from apoa_client.schedule.systemd import Systemd, service_text, timer_text

JOB = Job("apoa-sync", ("/opt/apoa",), ("sync", "--all", "--scheduled"), 15 * MINUTE, {})
FOLLOW = JOB._replace(arguments=("sync", "--follow"), follow=True)


@pytest.fixture
def manager() -> UserManager:
    return UserManager()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, manager: UserManager) -> Tools:
    return use(monkeypatch, Tools({"systemctl": manager}))


@pytest.fixture
def systemd(tools: Tools, home: Path) -> Systemd:
    del tools
    return Systemd({}, home, "hotel", 1000)


def test_install_update_and_remove(systemd: Systemd, manager: UserManager, tools: Tools, home: Path) -> None:
    """What was planned is done. A second time nothing changes, another interval changes the timer."""
    planned = systemd.plan(JOB)
    assert (files_below(home), tools.calls) == ([], [])
    assert systemd.install(JOB) is Change.INSTALLED
    assert {path: Path(path).read_text(encoding="utf-8") for path, _text in planned.files} == dict(planned.files)
    assert [words for words in tools.calls if "show" not in words] == [list(words) for words in planned.commands]
    assert files_below(home) == [f".config/systemd/user/apoa-sync.{kind}" for kind in ("service", "timer")]
    assert manager.active == {"apoa-sync.timer"}
    assert systemd.install(JOB) is Change.UNCHANGED
    assert systemd.install(JOB._replace(every_s=INTERVALS[-1])) is Change.UPDATED
    assert systemd.remove(JOB.name)
    assert (files_below(home), manager.active) == ([], set())
    assert (systemd.remove(JOB.name), systemd.find(JOB.name)) == (False, None)


def test_a_service_in_place_of_a_timer(systemd: Systemd, manager: UserManager, home: Path) -> None:
    """And back: what is not wanted any more is stopped and removed."""
    systemd.install(JOB)
    assert systemd.install(FOLLOW) is Change.UPDATED
    assert (files_below(home), manager.active) == ([".config/systemd/user/apoa-sync.service"], {"apoa-sync.service"})
    found = found_by(systemd)
    assert (found.follow, found.every_s, found.active) == (True, None, True)
    assert systemd.install(FOLLOW) is Change.UNCHANGED
    assert systemd.install(JOB) is Change.UPDATED
    assert manager.active == {"apoa-sync.timer"}
    systemd.install(FOLLOW)
    assert systemd.remove(JOB.name)
    assert (files_below(home), manager.active) == ([], set())


def test_two_schedules_and_drop_ins(systemd: Systemd, home: Path) -> None:
    """Another home's units, and what the admin added to ours, stay."""
    folder = home / ".config" / "systemd" / "user"
    systemd.install(JOB)
    systemd.install(JOB._replace(name="apoa-sync-0123abcd"))
    (folder / "apoa-sync.service.d").mkdir()
    (folder / "apoa-sync.service.d" / "mine.conf").touch()
    systemd.remove(JOB.name)
    assert [path.rpartition("/")[2] for path in files_below(home)] == [
        "apoa-sync-0123abcd.service",
        "apoa-sync-0123abcd.timer",
        "mine.conf",
    ]


def test_each_interval_and_word(systemd: Systemd) -> None:
    """The interval is read back from the timer, and the words as they were given, whatever they hold."""
    for every_s in INTERVALS:
        systemd.install(JOB._replace(every_s=every_s))
        assert found_by(systemd).every_s == every_s
    for path in NAMES:
        job = JOB._replace(program=(path,), variables={"APOA_HOME": path, "APOA_LANG": "id"})
        systemd.install(job)
        found = found_by(systemd)
        assert (found.command, found.variables, found.every_s) == (job.command, job.variables, JOB.every_s)


def test_what_the_manager_says(systemd: Systemd, manager: UserManager) -> None:
    """When it ran, when it runs next, and the exit code."""
    systemd.install(JOB)
    manager.shown = (
        "NextElapseUSecRealtime=Thu 2026-11-26 20:30:00 UTC\nLastTriggerUSec=Thu 2026-11-26 20:15:00 UTC\n"
        "ExecMainStatus=75\nExecMainExitTimestamp=Thu 2026-11-26 20:15:04 UTC\n"
    )
    found = found_by(systemd)
    assert found.next_run_at == datetime(2026, 11, 26, 20, 30, tzinfo=UTC)
    assert (found.last_run_at, found.last_result) == (datetime(2026, 11, 26, 20, 15, tzinfo=UTC), 75)


def test_units_that_a_user_changed(systemd: Systemd, manager: UserManager, home: Path) -> None:
    """They are read as far as they can be. A timer that was stopped is not active, and the next installation starts it.

    Where the manager refuses that, its words are shown.
    """
    systemd.install(JOB)
    manager.active.clear()
    assert not found_by(systemd).active
    assert systemd.install(JOB) is Change.UPDATED
    assert manager.active == {"apoa-sync.timer"}
    manager.active.clear()
    manager.broken = {"apoa-sync.timer"}
    with raises_error("schedule_refused") as caught:
        systemd.install(JOB)
    assert caught.value.message.values["reason"] == "Job for apoa-sync.timer failed."
    folder = home / ".config" / "systemd" / "user"
    (folder / "apoa-sync.service").write_text("[Service]\nExecStart='/opt/apoa\n")
    (folder / "apoa-sync.timer").write_text("[Timer]\nOnCalendar=hourly\n")
    found = found_by(systemd)
    assert (found.command, found.every_s) == ((), None)
    (folder / "apoa-sync.timer").unlink()
    assert systemd.find(JOB.name) is None


def test_no_user_manager(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """As on another system, in a container, or after su: it is said with what to do."""
    for tools in (Tools(), Tools({"systemctl": lambda _words, _text: ToolResult(1, "", "Failed to connect")})):
        use(monkeypatch, tools)
        problem = Systemd({}, home, "hotel", None).problem()
        assert problem is not None
        assert problem.name == "schedule_missing"
    use(monkeypatch, Tools({"systemctl": UserManager()}))
    assert Systemd({}, home, "hotel", 1000).problem() is None


def test_lingering_is_explained(systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line to type, unless it is on."""
    monkeypatch.setattr("apoa_client.schedule.systemd._LINGER", tmp_path)
    assert "loginctl enable-linger hotel" in systemd.note().render()
    (tmp_path / "hotel").touch()
    assert "lingering is on" in systemd.note().render()


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux' own")
@pytest.mark.parametrize("name", ["apoa", "my 100% $HOME é", 'it\'s "here" \\'])
@pytest.mark.parametrize("job", [JOB, FOLLOW], ids=["timer", "service"])
def test_systemd_verifies_the_units(job: Job, name: str, tmp_path: Path) -> None:
    """Without an error or a warning, also where the program's path has blanks, quotes and specifiers."""
    needs_tool("systemd", found=shutil.which("systemd-analyze") is not None)
    program = tmp_path / name
    shutil.copy("/bin/true", program)
    job = job._replace(program=(str(program),), variables={"APOA_HOME": f"{tmp_path}/a b %h"})
    service = tmp_path / "apoa-sync.service"
    service.write_text(service_text(job), encoding="utf-8")
    units = [service]
    if not job.follow:
        units.append(tmp_path / "apoa-sync.timer")
        units[-1].write_text(timer_text(job), encoding="utf-8")
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_LOG_LEVEL": "warning"}
    words = ["systemd-analyze", "verify", "--user", "--man=no", *map(str, units)]
    done = subprocess.run(words, capture_output=True, env=environ, check=False, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux' own")
def test_systemd_reads_the_intervals() -> None:
    """Each is one that systemd repeats evenly: the next two moments are as far apart as the interval is long."""
    needs_tool("systemd", found=shutil.which("systemd-analyze") is not None)
    for every_s in INTERVALS:
        calendar = next(line for line in timer_text(JOB._replace(every_s=every_s)).splitlines() if "OnCalendar" in line)
        words = ["systemd-analyze", "calendar", "--iterations=2", calendar.partition("=")[2]]
        done = subprocess.run(
            words, capture_output=True, check=True, encoding="utf-8", timeout=60, env={**os.environ, "TZ": "UTC"}
        )
        moments = [
            datetime.strptime(" ".join(line.split()[-3:-1]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            for line in done.stdout.splitlines()
            if line.strip().startswith(("Next elapse:", "Iteration #2:"))
        ]
        assert (moments[1] - moments[0]).total_seconds() == every_s, done.stdout
