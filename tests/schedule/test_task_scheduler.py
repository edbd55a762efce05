"""The task of Windows' Task Scheduler."""

import ctypes
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from basics import WINE, raises_error
from hypothesis import given
from hypothesis import strategies as st
from schedule_helpers import Tools, found_by, use

from apoa_client.schedule.interface import DAY, INTERVALS, MINUTE, Change, Job, ToolResult
from apoa_client.schedule.task_scheduler import NAMESPACE, TaskScheduler, found_in, split_arguments, task_text

ACCOUNT = r"MEJA-1\Kadek Ayu"
JOB = Job(
    "apoa-sync",
    (r"C:\Users\Kadek Ayu\apoa é & <b>\pythonw.exe", "-P", "-m", "apoa_client"),
    ("--set-variable", r"APOA_HOME=D:\my apoa", "sync", "--all", "--scheduled"),
    15 * MINUTE,
    {},
    offset_s=77,
)
SCHEMA = Path(__file__).with_name("task.xsd")


class Windows:
    """schtasks and PowerShell, with the tasks by name."""

    def __init__(self) -> None:
        self.tools = Tools({"schtasks": self.schtasks, "powershell": self.powershell})
        self.tasks: dict[str, str] = {}
        self.info: dict[str, object] = {"enabled": True, "result": 0x41303, "last": "1999-11-30T00:00:00"}
        self.error = ""

    def schtasks(self, arguments: Sequence[str], _text: str) -> ToolResult:
        verb, name = arguments[0], arguments[2]
        if self.error:
            return ToolResult(1, "", self.error)
        if verb == "/Create":
            assert arguments[3] == "/XML"
            self.tasks[name] = Path(arguments[4]).read_bytes().decode("utf-16")
        elif name not in self.tasks:
            return ToolResult(1, "", "ERROR: The system cannot find the file specified.")
        elif verb == "/Delete":
            del self.tasks[name]
        return ToolResult(0, "", "")

    def powershell(self, _arguments: Sequence[str], _text: str) -> ToolResult:
        text = self.tasks.get(self.tools.environ["SCHEDULED_TASK"])
        if text is None:
            return ToolResult(3, "", "")
        return ToolResult(0, json.dumps({"xml": text, **self.info}), "")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    windows = Windows()
    use(monkeypatch, windows.tools)
    return windows


@pytest.fixture
def tasks(windows: Windows) -> TaskScheduler:
    del windows
    return TaskScheduler({"USERDOMAIN": "MEJA-1", "USERNAME": "Kadek Ayu"})


def test_install_update_and_remove(tasks: TaskScheduler, windows: Windows) -> None:
    """A second installation changes nothing, another interval the task, and removing leaves none."""
    assert tasks.install(JOB) is Change.INSTALLED
    [(name, text)] = windows.tasks.items()
    assert (name.startswith("apoa-sync-"), text) == (True, tasks.plan(JOB).files[0][1])
    assert tasks.install(JOB) is Change.UNCHANGED
    assert tasks.install(JOB._replace(every_s=DAY)) is Change.UPDATED
    assert tasks.remove(JOB.name)
    assert (windows.tasks, tasks.remove(JOB.name), tasks.find(JOB.name)) == ({}, False, None)


def test_what_windows_says(tasks: TaskScheduler, windows: Windows) -> None:
    """Nothing of a run before the first one; then when it was, how it ended, and the next."""
    tasks.install(JOB)
    found = found_by(tasks)
    assert (found.command, found.every_s, found.active) == (JOB.command, JOB.every_s, True)
    assert (found.last_run_at, found.last_result, found.next_run_at) == (None, None, None)
    windows.info = {
        "enabled": False,
        "result": 75,
        "last": "2026-11-26T20:15:04",
        "next": "2026-11-26T20:30:00",
    }
    found = found_by(tasks)
    assert (found.active, found.last_result) == (False, 75)
    assert found.last_run_at == datetime(2026, 11, 26, 20, 15, 4, tzinfo=UTC)
    assert found.next_run_at == datetime(2026, 11, 26, 20, 30, tzinfo=UTC)
    assert tasks.install(JOB) is Change.UPDATED


def test_the_schema_accepts_the_task() -> None:
    """Microsoft's own, for each interval, which is read back."""
    xmlschema = pytest.importorskip("xmlschema")
    schema = xmlschema.XMLSchema(str(SCHEMA))
    for every_s in INTERVALS:
        text = task_text(JOB._replace(every_s=every_s), ACCOUNT)
        schema.validate(text.partition("?>")[2])
        assert found_in({"xml": text, "enabled": True, "result": 0}, JOB.name).every_s == every_s


@pytest.mark.parametrize(("interval", "every_s"), [("P1D", DAY), ("PT1H30M", 5400), ("PT0M", None), ("soon", None)])
def test_an_interval_as_windows_writes_it(interval: str, every_s: int | None) -> None:
    """Windows may write hours and days in place of minutes."""
    text = task_text(JOB, ACCOUNT).replace("PT15M", interval)
    assert found_in({"xml": text, "enabled": True, "result": 0}, JOB.name).every_s == every_s


def test_what_the_task_promises() -> None:
    """The user's own session without more rights, no second run beside a first, on battery too, caught up, bounded."""
    task = ET.fromstring(task_text(JOB, ACCOUNT).partition("?>")[2])  # noqa: S314  our own
    values = {element.tag.removeprefix(f"{{{NAMESPACE}}}"): element.text for element in task.iter()}
    assert values["UserId"] == ACCOUNT
    assert (values["LogonType"], values["RunLevel"]) == ("InteractiveToken", "LeastPrivilege")
    assert values["MultipleInstancesPolicy"] == "IgnoreNew"
    assert (values["DisallowStartIfOnBatteries"], values["StopIfGoingOnBatteries"]) == ("false", "false")
    assert (values["StartWhenAvailable"], values["ExecutionTimeLimit"]) == ("true", "PT30M")
    assert values["Command"] == JOB.program[0]


@given(st.lists(st.text(st.sampled_from('a \t"\\%é'), max_size=8), max_size=5))
def test_arguments_are_split_as_they_were_joined(words: list[str]) -> None:
    """Whatever quotes, backslashes and blanks they hold, and Windows reads the same."""
    line = subprocess.list2cmdline(words)
    assert split_arguments(line) == words
    if sys.platform == "win32":
        count = ctypes.c_int()
        split = ctypes.windll.shell32.CommandLineToArgvW
        split.restype = ctypes.POINTER(ctypes.c_wchar_p)
        found = split(ctypes.c_wchar_p(f"program {line}"), ctypes.byref(count))
        assert [found[index] for index in range(1, count.value)] == words


@pytest.mark.parametrize("answer", ["", "Get-ScheduledTask: not recognized"])
def test_powershell_fails(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """It is an error: a schedule that cannot be seen is not called missing."""
    use(monkeypatch, Tools({"powershell": lambda _words, _text: ToolResult(1, answer, "blocked by policy")}))
    with raises_error("schedule_refused"):
        TaskScheduler({}).find(JOB.name)


def test_schtasks_refuses(tasks: TaskScheduler, windows: Windows) -> None:
    """Its words are shown, at an installation and at a removal."""
    windows.error = "ERROR: Access is denied."
    with raises_error("schedule_refused") as caught:
        tasks.install(JOB)
    assert caught.value.message.values["reason"] == windows.error
    assert not tasks.remove(JOB.name)
    windows.tasks = {tasks.plan(JOB).commands[0][3]: ""}
    with raises_error("schedule_refused"):
        tasks.remove(JOB.name)


def test_a_task_that_is_damaged() -> None:
    """It is found and not active."""
    assert not found_in({"xml": "<Task", "enabled": True, "result": 0}, JOB.name).active


def test_plan_is_what_install_registers(tasks: TaskScheduler, windows: Windows) -> None:
    """And making the plan registers nothing."""
    planned = tasks.plan(JOB)
    assert windows.tasks == {}
    tasks.install(JOB)
    assert [text for _path, text in planned.files] == list(windows.tasks.values())
    [name] = windows.tasks
    assert planned.commands == [["schtasks", "/Create", "/TN", name, "/XML", "apoa-sync.xml", "/F"]]


@pytest.mark.skipif(sys.platform == "win32", reason="the account is the one of this process")
def test_two_accounts_of_one_computer(windows: Windows) -> None:
    """Each has a task of its own, finds that one alone, and leaves the other one when it removes its own."""
    ayu, dewi = (TaskScheduler({"USERDOMAIN": "MEJA-1", "USERNAME": name}) for name in ("Ayu", "Dewi"))
    assert ayu.install(JOB) is Change.INSTALLED
    assert dewi.find(JOB.name) is None
    assert dewi.install(JOB._replace(every_s=DAY)) is Change.INSTALLED
    assert (found_by(ayu).every_s, found_by(dewi).every_s) == (JOB.every_s, DAY)
    assert dewi.remove(JOB.name)
    assert (len(windows.tasks), ayu.find(JOB.name) is None) == (1, False)


def test_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no Task Scheduler, and no task."""
    use(monkeypatch, Tools())
    tasks = TaskScheduler({})
    problem = tasks.problem()
    assert problem is not None
    assert problem.name == "schedule_missing"
    assert (tasks.find(JOB.name), tasks.remove(JOB.name)) == (None, False)
    use(monkeypatch, Tools({"schtasks": Windows().schtasks}))
    assert tasks.problem() is None
    assert "without a window" in tasks.note().template


@pytest.mark.skipif(not WINE, reason="registers a task: under Wine only, whose Task Scheduler is a throw-away one")
def test_schtasks_takes_the_file(tmp_path: Path) -> None:
    """Windows' own program, as Wine has it, accepts the file and removes the task."""
    file = tmp_path / "task.xml"
    file.write_bytes(task_text(JOB, ACCOUNT).encode("utf-16"))
    for words in (["/Create", "/TN", "apoa-test", "/XML", str(file), "/F"], ["/Delete", "/TN", "apoa-test", "/F"]):
        done = subprocess.run(["schtasks", *words], capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done
