"""A run of automatic sending: its log, its record, its notice on the desktop, and trouble that it prints once."""

import re
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cli_helpers import (
    GUESTS,
    OBADIAH,
    PASSWORD,
    PRIVATE,
    QUENTIN,
    XIMENA,
    Apoa,
    CallResult,
    Hostile,
    Serve,
    listening,
    raising,
)
from terminal_helpers import FakeDesktop

from apoa_client.report.kinds import short_id
from apoa_client.sandbox.server import SandboxServer

HOUR = timedelta(hours=1)


LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO apoa_client.cli.commands.scheduled_run: run property=(\S+) exit=(\d+) "
    r"error=(\S+)(?: sent=(\d+) .* left=(\d+) photos_sent=\d+ photos_refused=\d+ photos_left=\d+)? duration_s=\d+\.\d"
)


@pytest.fixture(autouse=True)
def _without_notices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scheduled runs show no notice on this computer's desktop."""
    if "desktop" not in request.fixturenames:
        monkeypatch.setattr("apoa_client.cli.commands.scheduled_run.show_notice", lambda *_arguments: False)


def scheduled(apoa: Apoa, *more: str) -> CallResult:
    return apoa("sync", "--scheduled", *more)


def log_of(apoa: Apoa) -> Path:
    return apoa.home / "logs" / "sync.log"


def runs(apoa: Apoa) -> list[tuple[str | None, ...]]:
    """Return property, exit code, error, sent and left of each run in the log."""
    found = [LINE.fullmatch(line) for line in log_of(apoa).read_text().splitlines()]
    return [each.groups() for each in found if each is not None]


def repeat(apoa: Apoa) -> list[str]:
    """Return what runs print at once, a quarter of an hour later, a quarter before the end of six hours, and then."""
    printed = []
    for pause in (HOUR / 4, 5.5 * HOUR, HOUR / 4, HOUR / 4):
        printed.append(scheduled(apoa).all)
        apoa.clock.forward(pause)
    return printed


class TestLog:
    """`sync --scheduled` writes a log in the folder for logs."""

    def test_a_line_for_each_run(
        self, configured: Apoa, authority: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the counts, the exit code, the class of the error and the duration."""
        monkeypatch.setattr("random.random", lambda: 0.99)
        configured.save()
        assert scheduled(configured).code == 0
        configured.save(XIMENA)
        authority.stop()
        assert scheduled(configured).code == 75
        configured.delete_key()
        assert scheduled(configured).code == 75  # its backoff is not over
        configured.outbox_file.unlink()
        assert scheduled(configured).code == 78
        assert runs(configured) == [
            ("melati", "0", "-", "1", "0"),
            ("melati", "75", "offline", "0", "1"),
            ("melati", "75", "-", "0", "1"),
            ("melati", "78", "outbox_missing", None, None),
        ]

    def test_no_personal_data(self, apoa: Apoa, serve: Serve) -> None:
        """No part of a guest's data and no secret, whatever the authority answers; ids are there."""
        apoa.set_up(serve("reject,pending,400,lost,duplicate").base_url)
        for guest in GUESTS:
            apoa.save(guest)
        for _run in range(6):
            scheduled(apoa)
            apoa.clock.forward(2 * HOUR)
        log = log_of(apoa).read_text()
        shown = "".join(file.read_text() for file in log_of(apoa).parent.glob("*.json"))
        for word in [PASSWORD, *PRIVATE]:
            assert word.casefold() not in (log + shown).casefold()
        assert all(report["id"] in log for report in apoa.reports() if report["attempts"])

    @pytest.mark.parametrize("options", [["-v"], ["--log-file", "FILE"]])
    def test_the_users_own_log_wins(self, configured: Apoa, tmp_path: Path, options: list[str]) -> None:
        """With `-v` or `--log-file` the log goes there, and nowhere else."""
        file = tmp_path / "own.log"
        given = [str(file) if option == "FILE" else option for option in options]
        result = configured(*given, "sync", "--scheduled")
        assert not log_of(configured).exists()
        assert "run property=melati" in (result.err if options == ["-v"] else file.read_text())


class TestRecord:
    """The outbox knows when automatic sending last ran."""

    def test_each_run_is_recorded(self, configured: Apoa) -> None:
        """With its time and exit code, also if it failed; a run by a user is not."""

        def last() -> object:
            return configured("status", "--json").json["last_scheduled_run"]

        configured("sync")
        assert last() is None
        scheduled(configured)
        assert last() == {"at": "2026-11-24T20:00:00+07:00", "exit_code": 0}
        configured.clock.forward(HOUR)
        configured.save()
        configured("logout")
        assert scheduled(configured).code == 77
        assert last() == {"at": "2026-11-24T21:00:00+07:00", "exit_code": 77}

    def test_a_bug_is_recorded(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The schedule works, but no run ends well."""
        monkeypatch.setattr("apoa_client.cli.commands.scheduled_run.deliver", raising(ValueError(QUENTIN.surname)))
        result = scheduled(configured)
        assert (result.code, QUENTIN.surname in result.all) == (1, False)
        assert configured("status", "--json").json["last_scheduled_run"]["exit_code"] == 1
        assert "run property=melati exit=1 error=bug" in log_of(configured).read_text()


class TestPrintedOnce:
    """cron mails what a run prints: the same trouble is printed once, and again after six hours."""

    @pytest.mark.parametrize(
        ("harm", "code", "options"),
        [
            (lambda apoa: (apoa.home / "config.toml").write_text("["), 78, ["--all"]),
            (lambda apoa: apoa.outbox_file.unlink(), 78, []),
            (Apoa.delete_key, 77, []),
            (Apoa.delete_key, 77, ["--all"]),
        ],
        ids=["settings", "outbox", "secrets", "secrets of all"],
    )
    def test_lasting_trouble(
        self, configured: Apoa, harm: Callable[[Apoa], object], code: int, options: list[str]
    ) -> None:
        """Settings, outbox or secrets that cannot be read, for one property or all: printed once."""
        configured.save()
        harm(configured)
        first, second = (scheduled(configured, *options) for _run in range(2))
        assert (first.code, second.code, second.all) == (code, code, "")
        assert first.err
        assert scheduled(configured, *options, "--json").code == code
        configured.clock.forward(6 * HOUR)
        assert scheduled(configured, *options).err == first.err

    def test_a_refused_report(self, apoa: Apoa, serve: Serve) -> None:
        """Its id is printed when it is refused, and then as a count after six hours, until it is fixed."""
        apoa.set_up(serve("reject").base_url)
        report = apoa.save()
        printed = repeat(apoa)
        short = short_id(report["id"])
        assert printed[0].splitlines()[0] == f"Refused: {short}. See why: apoa show {short}"
        assert [bool(each) for each in printed] == [True, False, False, True]
        assert printed[3] == "Refused: 1. What to do: apoa status\n"

    def test_no_text_of_the_authority(self, apoa: Apoa) -> None:
        """What is printed is mailed or logged, and the authority may quote a passport: a user sees it on the screen."""
        quoted = f"{QUENTIN.surname} {QUENTIN.number} is wrong"
        hostile = Hostile()
        with listening(hostile) as url:
            apoa.set_up(url)
            apoa.save()
            hostile.problem = (400, quoted)
            unattended = scheduled(apoa)
            assert (unattended.code, quoted in unattended.all) == (69, False)
            assert "The authority does not accept what we sent." in unattended.err
            assert quoted in apoa("sync").err

    @pytest.mark.parametrize("content", ["[]", '{"a": "b"}', '{"error:outbox_missing": 1e300}', "\0"])
    def test_a_damaged_file(self, configured: Apoa, content: str) -> None:
        """It is no failure, and is replaced."""
        configured.outbox_file.unlink()
        scheduled(configured)
        file = configured.home / "logs" / "melati.shown.json"
        file.write_text(content)
        first, second = (scheduled(configured) for _run in range(2))
        assert (first.code, bool(first.err), second.err) == (78, True, "")


@pytest.fixture
def desktop(tmp_path: Path, apoa: Apoa) -> FakeDesktop:
    """A desktop with a logged-in user. Its tool is a shell script."""
    if sys.platform == "win32":
        pytest.skip("a shell script")
    fake = FakeDesktop(tmp_path / "bin")
    fake.install()
    apoa.environ.update(fake.environ)
    return fake


def test_refused_reports_are_shown(apoa: Apoa, serve: Serve, desktop: FakeDesktop) -> None:
    """The notice is in the user's language and names the property; the exit code is that of the delivery."""
    apoa.set_up(serve("reject").base_url)
    for guest in GUESTS[:2]:
        apoa.save(guest)
    assert scheduled(apoa).code == 65
    assert desktop.texts() == [("apoa, melati: please look", "Refused: 2\nWhat to do: apoa status")]
    assert "--urgency=critical" in desktop.shown()[0].arguments


def test_near_and_missed_deadlines_are_shown(away: Apoa, desktop: FakeDesktop) -> None:
    """The notice comes six hours before a deadline and is critical after it. What is printed says the same."""
    away.save()
    away.save(XIMENA, "--check-in", "2026-11-24T18:00")
    results = [scheduled(away)]
    assert desktop.texts() == []
    away.clock.forward(17 * HOUR)
    results.append(scheduled(away))
    away.clock.forward(6 * HOUR)
    results.append(scheduled(away))
    soon, late = "Due within 6 hours: 1", "Overdue: 1\nDue within 6 hours: 1"
    texts = [f"{each}\nWhat to do: apoa status" for each in (soon, late)]
    expected = ["", *(text.replace("\n", ". ") + "\n" for text in texts)]
    assert [(each.code, each.out, each.err) for each in results] == [(75, "", line) for line in expected]
    assert [text for _title, text in desktop.texts()] == texts
    assert ["--urgency=normal" in call.arguments for call in desktop.shown()] == [True, False]


def test_the_notice_is_repeated_after_six_hours(away: Apoa, desktop: FakeDesktop) -> None:
    """The same notice is shown once in six hours, not at each run."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    assert [bool(each) for each in repeat(away)] == [True, False, False, True]
    assert len(desktop.shown()) == 2


def test_a_changed_notice_is_shown_at_once(away: Apoa, desktop: FakeDesktop) -> None:
    """A different overdue report, or a clock that was set back, causes a new notice."""
    first = away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    scheduled(away)
    assert away("cancel", first["id"], "--yes").code == 0
    away.save(OBADIAH, "--check-in", "2026-11-23T13:00", "--yes")
    scheduled(away)
    assert [text for _title, text in desktop.texts()] == ["Overdue: 1\nWhat to do: apoa status"] * 2
    away.clock.forward(-HOUR)
    scheduled(away)
    assert len(desktop.shown()) == 3


def test_runs_without_notices(away: Apoa, desktop: FakeDesktop) -> None:
    """Those of a user, and where `notify = "off"` in the property's settings switches notices off."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    assert away("sync", "--quiet").code == 75
    assert away("status", "--alarm").code == 75
    away.change_setting("notify", "off")
    assert scheduled(away).code == 75
    assert desktop.shown() == []


def test_a_failed_tool_is_tried_again(away: Apoa, desktop: FakeDesktop, tmp_path: Path) -> None:
    """The exit code does not change; the log gives the reason, and the next run tries again and prints nothing new."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    desktop.install("exit 1")
    result = scheduled(away)
    assert (result.code, result.all) == (75, "Overdue: 1. What to do: apoa status\n")
    log = tmp_path / "log"
    again = away("-v", "--log-file", str(log), "sync", "--scheduled")
    assert (again.code, again.all) == (75, "")
    assert "no notice" in log.read_text()
    tried = len(desktop.shown())
    assert tried >= 2
    desktop.install()
    scheduled(away)
    scheduled(away)
    assert len(desktop.shown()) == tried + 1
