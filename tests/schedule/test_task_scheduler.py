"""The task of Windows' Task Scheduler."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from basics import WINE, raises_error
from schedule_helpers import Tools, found_by, use

from apoa_client.schedule.interface import DAY, INTERVALS, MINUTE, Change, Job, ToolResult
from apoa_client.schedule.task_scheduler import NAMESPACE, TaskScheduler, found_in, task_text

ACCOUNT = r"MEJA-1\Kadek Ayu"
JOB = Job(
    "apoa-sync",
    (r"C:\Users\Kadek Ayu\apoa é ő 宿 😀 & <b>\pythonw.exe", "-P", "-m", "apoa_client"),
    ("--set-variable", r"APOA_HOME=D:\my ŝ apoa", "sync", "--all", "--scheduled"),
    15 * MINUTE,
    {},
    offset_s=77,
)
SCHEMA = Path(__file__).with_name("task.xsd")
WIB = timezone(timedelta(hours=7))
NOW = datetime(2026, 11, 26, 20, 15, 4, tzinfo=WIB)
NO_TASK = 0x80070002


class Windows:
    """schtasks, with the tasks by name."""

    def __init__(self) -> None:
        self.tools = Tools({"schtasks": self.schtasks})
        self.tasks: dict[str, str] = {}
        self.error = ""

    def schtasks(self, arguments: Sequence[str], _text: str) -> ToolResult:
        verb, name = arguments[0], arguments[2]
        if self.error:
            return ToolResult(1, "", self.error)
        if verb == "/Create":
            assert arguments[3] == "/XML"
            self.tasks[name] = Path(arguments[4]).read_bytes().decode("utf-16")
        elif name not in self.tasks:
            code = NO_TASK if "/HRESULT" in arguments else 1
            return ToolResult(code, "", "FEJL: Systemet kan ikke finde den angivne fil.")
        elif verb == "/Delete":
            del self.tasks[name]
        else:
            assert list(arguments[3:]) == ["/XML", "/HRESULT"]
            return ToolResult(0, printed(self.tasks[name]), "")
        return ToolResult(0, "", "")


def printed(text: str) -> str:
    """Return what `schtasks` prints of a definition on a Western European console, as it is then decoded."""
    utf_16 = text.replace("😀", "??")  # one for each half of a surrogate pair
    return utf_16.encode("cp850", errors="replace").decode("cp850").replace("\n", "\r\n")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    windows = Windows()
    use(monkeypatch, windows.tools)
    return windows


@pytest.fixture
def tasks(windows: Windows) -> TaskScheduler:
    del windows
    return made("Kadek Ayu")


def made(user: str = "") -> TaskScheduler:
    return TaskScheduler({"USERDOMAIN": "MEJA-1", "USERNAME": user}, lambda: NOW)


def test_install_update_and_remove(tasks: TaskScheduler, windows: Windows) -> None:
    """What was planned is registered. A second time nothing changes, another interval changes the task."""
    planned = tasks.plan(JOB)
    assert windows.tasks == {}
    assert tasks.install(JOB) is Change.INSTALLED
    [(name, text)] = windows.tasks.items()
    assert name.startswith("apoa-sync-")
    assert [planned_text for _path, planned_text in planned.files] == [text]
    assert planned.commands == [["schtasks", "/Create", "/TN", name, "/XML", "apoa-sync.xml", "/F"]]
    assert tasks.install(JOB) is Change.UNCHANGED
    assert tasks.install(JOB._replace(every_s=DAY)) is Change.UPDATED
    assert tasks.remove(JOB.name)
    assert (windows.tasks, tasks.remove(JOB.name), tasks.find(JOB.name)) == ({}, False, None)


def test_what_windows_says(tasks: TaskScheduler, windows: Windows) -> None:
    """Each word of the command, though the console has no letter for it; the next run; whether it is switched off."""
    tasks.install(JOB)
    found = found_by(tasks)
    assert (found.command, found.every_s, found.active) == (JOB.command, JOB.every_s, True)
    tasks.install(JOB._replace(every_s=DAY))
    midnight = NOW.astimezone().replace(hour=0, minute=0, second=0) + timedelta(days=1)  # of this computer
    assert found_by(tasks).next_run_at == midnight + timedelta(seconds=JOB.offset_s)
    [(name, text)] = windows.tasks.items()
    windows.tasks[name] = text.replace("<Settings>", "<Settings><Enabled>false</Enabled>")
    found = found_by(tasks)
    assert (found.active, found.next_run_at) == (False, None)
    assert tasks.install(JOB) is Change.UPDATED
    assert tasks.install(JOB) is Change.UNCHANGED


@pytest.mark.parametrize(
    ("here", "there"), [("pythonw.exe", "other.exe"), ("--scheduled", ""), ("PT15M", "PT5M"), ("my ", "")]
)
def test_a_task_changed_by_hand(tasks: TaskScheduler, windows: Windows, here: str, there: str) -> None:
    """What the task starts counts, not what was installed, and an installation corrects it."""
    tasks.install(JOB)
    [(name, text)] = windows.tasks.items()
    begin, action = text.split("<Triggers>")
    windows.tasks[name] = f"{begin}<Triggers>{action.replace(here, there)}"
    found = found_by(tasks)
    assert (found.command, found.every_s) != (JOB.command, JOB.every_s)
    if here == "pythonw.exe":
        assert found.command[0].endswith("other.exe")
    assert tasks.install(JOB) is Change.UPDATED
    assert found_by(tasks).command == JOB.command


@pytest.mark.parametrize(
    ("boundary", "next_run_at"),
    [
        ("2026-01-01T00:01:17", "2026-11-26T20:16:17+07:00"),
        ("2026-11-26T20:00:04", "2026-11-26T20:30:04+07:00"),
        ("2026-12-24T18:00:00", "2026-12-24T18:00:00+07:00"),
        ("2026-11-26T13:20:00Z", "2026-11-26T20:20:00+07:00"),
        ("soon", None),
    ],
)
def test_the_next_run(boundary: str, next_run_at: str | None) -> None:
    """It is the next one of the trigger, in the zone of the computer. A damaged task is found and not active.

    Windows may write hours and days in place of minutes.
    """
    text = task_text(JOB, ACCOUNT).replace("2026-01-01T00:01:17", boundary)
    wanted = None if next_run_at is None else datetime.fromisoformat(next_run_at).astimezone(UTC)
    assert found_in(text, JOB.name, NOW).next_run_at == wanted
    for interval, every_s in {"P1D": DAY, "PT1H30M": 5400, "PT0M": None, "soon": None}.items():
        assert found_in(text.replace("PT15M", interval), JOB.name, NOW).every_s == every_s
    assert not any(found_in(damaged, JOB.name, NOW).active for damaged in ("<Task", "", "<Task>\udc81</Task>"))


def test_the_schema_accepts_the_task() -> None:
    """Microsoft's own, for the shortest and the longest interval; each is read back."""
    xmlschema = pytest.importorskip("xmlschema")
    schema = xmlschema.XMLSchema(str(SCHEMA))
    for every_s in INTERVALS:
        text = task_text(JOB._replace(every_s=every_s), ACCOUNT)
        if every_s in {INTERVALS[0], INTERVALS[-1]}:
            schema.validate(text.partition("?>")[2])
        assert found_in(text, JOB.name, NOW).every_s == every_s


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


def test_schtasks_refuses(tasks: TaskScheduler, windows: Windows) -> None:
    """Its words are shown. A schedule that cannot be seen is not called missing."""
    windows.error = "ERROR: Access is denied."
    with raises_error("schedule_refused") as caught:
        tasks.install(JOB)
    assert caught.value.message.values["reason"] == windows.error
    for action in (tasks.remove, tasks.find):
        with raises_error("schedule_refused"):
            action(JOB.name)


@pytest.mark.skipif(sys.platform == "win32", reason="the account is the one of this process")
def test_two_accounts_of_one_computer(windows: Windows) -> None:
    """Each has a task of its own, finds that one alone, and leaves the other one when it removes its own."""
    ayu, dewi = (made(name) for name in ("Ayu", "Dewi"))
    assert ayu.install(JOB) is Change.INSTALLED
    assert dewi.find(JOB.name) is None
    assert dewi.install(JOB._replace(every_s=DAY)) is Change.INSTALLED
    assert (found_by(ayu).every_s, found_by(dewi).every_s) == (JOB.every_s, DAY)
    assert dewi.remove(JOB.name)
    assert (len(windows.tasks), ayu.find(JOB.name) is None) == (1, False)


def test_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no Task Scheduler, and no task."""
    use(monkeypatch, Tools())
    tasks = made()
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
