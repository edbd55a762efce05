"""The line of a crontab."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from basics import NOW, raises_error
from schedule_helpers import NAMES, Crontab, Tools, found_by, use

from apoa_client.schedule.cron import Cron, line_of, parse_line
from apoa_client.schedule.interface import DAY, HOUR, INTERVALS, MINUTE, Change, Job, ToolResult

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no cron, and python-crontab is not there")

OTHERS = (
    '# mine\n\n  5  4 * * *\techo "a  b" \\% # keep\nMAILTO=""\n'
    "@daily foo # apoa-sync-2 \n*/5 * * * * x # not-apoa-sync\n"
)
JOB = Job("apoa-sync", ("/opt/apoa",), ("sync", "--all", "--scheduled"), 15 * MINUTE, {}, offset_s=200)


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch) -> Crontab:
    tab = Crontab()
    use(monkeypatch, Tools({"crontab": tab}))
    return tab


@pytest.fixture
def cron(tab: Crontab) -> Cron:
    del tab
    return Cron({}, lambda: NOW)


def test_install_update_and_remove(cron: Cron, tab: Crontab) -> None:
    """What was planned is installed. A second time nothing changes, another interval changes the line."""
    planned = cron.plan(JOB)
    assert tab.text == ""
    assert cron.install(JOB) is Change.INSTALLED
    assert tab.text == "3-59/15 * * * * /opt/apoa sync --all --scheduled # apoa-sync\n"
    assert [f"{line}\n" for line in planned.lines] == [tab.text]
    assert cron.install(JOB) is Change.UNCHANGED
    assert cron.install(JOB._replace(every_s=HOUR)) is Change.UPDATED
    assert tab.text == "3 * * * * /opt/apoa sync --all --scheduled # apoa-sync\n"
    assert cron.remove("apoa-sync")
    assert (tab.text, cron.remove("apoa-sync"), cron.find("apoa-sync")) == ("", False, None)


@pytest.mark.parametrize("others", [OTHERS, OTHERS.rstrip("\n"), "# caf\udce9 \x0b\x85\u2028\r\n", ""])
def test_other_lines_stay_byte_for_byte(cron: Cron, tab: Crontab, others: str) -> None:
    """Whatever they hold, also where ours stands between them; only a missing end of the last line is added."""
    tab.text = others
    complete = others if others.endswith("\n") or not others else others + "\n"
    cron.install(JOB)
    assert tab.text == complete + line_of(JOB) + "\n"
    tab.text += "0 0 * * * later\n"
    cron.install(JOB._replace(every_s=DAY))
    assert tab.text.startswith(complete)
    assert tab.text.endswith(" # apoa-sync\n0 0 * * * later\n")
    cron.remove(JOB.name)
    assert tab.text == complete + "0 0 * * * later\n"


def test_two_schedules(cron: Cron, tab: Crontab) -> None:
    """The schedule of another home or property is another line, which is neither changed nor removed."""
    second = JOB._replace(name="apoa-sync-0123abcd.melati", variables={"APOA_HOME": "/srv/a b"})
    cron.install(JOB)
    cron.install(second)
    assert cron.remove(JOB.name)
    assert tab.text == line_of(second) + "\n"


def test_each_interval() -> None:
    """The line runs as often as it says, and says so when it is read, in the computer's own zone."""
    line = "3-59/15 14 * * * /opt/apoa sync # apoa-sync"
    next_run_at = parse_line(line, JOB.name, datetime(2026, 11, 24, 14, 3, tzinfo=UTC)).next_run_at
    assert next_run_at == datetime(2026, 11, 24, 14, 18, tzinfo=UTC)
    for every_s in INTERVALS:
        found = parse_line(line_of(JOB._replace(every_s=every_s, offset_s=every_s * 7 // 9)), JOB.name, NOW)
        assert (found.every_s, found.active) == (every_s, True)
        assert found.next_run_at is not None
        assert 0 < (found.next_run_at - NOW).total_seconds() <= every_s


@pytest.mark.parametrize("path", NAMES)
def test_a_shell_reads_the_same_words(path: str) -> None:
    """Blanks, quotes, %, # and $ reach the program as they are, and are read back as they are."""
    job = JOB._replace(program=(path,), variables={"APOA_HOME": path})
    line = line_of(job)
    found = parse_line(line, job.name, NOW)
    assert (found.command, found.variables) == (job.command, job.variables)
    command = line.split(" ", 5)[5].replace("\\%", "%")  # as cron does
    shown = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, check=True, encoding="utf-8"
    )
    assert shown.stdout.splitlines() == [f"APOA_HOME={path}", *job.command]
    assert "%" not in line.replace("\\%", "")


@pytest.mark.parametrize(
    ("line", "command", "every_s", "active"),
    [
        ("#*/10 * * * * /opt/apoa sync # apoa-sync", ("/opt/apoa", "sync"), 600, False),
        ("0 8,20 * * * /opt/apoa sync # apoa-sync", ("/opt/apoa", "sync"), 43200, True),
        ("0 1-7 * * * /opt/apoa sync # apoa-sync", ("/opt/apoa", "sync"), None, True),
        ("0 1 * * * '/opt/apoa sync # apoa-sync", (), 86400, True),
        ("whatever # apoa-sync", (), None, False),
    ],
)
def test_a_line_that_a_user_changed(
    cron: Cron, tab: Crontab, line: str, command: tuple[str, ...], every_s: int | None, *, active: bool
) -> None:
    """It is read as far as it can be, and the next installation replaces it."""
    tab.text = line + "\n"
    found = found_by(cron)
    assert (found.command, found.every_s, found.active) == (command, every_s, active)
    assert cron.install(JOB) is Change.UPDATED
    assert tab.text == line_of(JOB) + "\n"


def test_no_crontab_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said with what to do; nothing is found, and nothing is there to remove."""
    use(monkeypatch, Tools())
    cron = Cron({}, lambda: NOW)
    problem = cron.problem()
    assert problem is not None
    assert problem.name == "schedule_missing"
    assert problem.advice is not None
    assert "apoa sync --follow" in problem.advice.template
    assert (cron.find(JOB.name), cron.remove(JOB.name)) == (None, False)


@pytest.mark.parametrize("reading", [True, False])
def test_crontab_refuses(monkeypatch: pytest.MonkeyPatch, *, reading: bool) -> None:
    """What the program says is shown: cron.deny, or a full disk."""

    def refuse(arguments: list[str], _text: str) -> ToolResult:
        refused = arguments == ["-l"] if reading else arguments == ["-"]
        return ToolResult(1, "", "You are not allowed to use this program\n") if refused else ToolResult(0, "", "")

    use(monkeypatch, Tools({"crontab": refuse}))  # type: ignore[dict-item]  # a list is a sequence
    with raises_error("schedule_refused") as caught:
        Cron({}, lambda: NOW).install(JOB)
    assert caught.value.message.values["reason"] == "You are not allowed to use this program"
