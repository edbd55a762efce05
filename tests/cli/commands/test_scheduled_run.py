"""A run of automatic sending: its log, its record, and lasting trouble that it prints once and not at each run."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cli_helpers import (
    GUESTS,
    PASSWORD,
    PRIVATE,
    QUENTIN,
    XIMENA,
    Apoa,
    CallResult,
    Hostile,
    Serve,
    listening,
)

from apoa_client.report.kinds import short_id
from apoa_client.sandbox.server import SandboxServer

HOUR = timedelta(hours=1)
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO apoa_client.cli.commands.scheduled_run: run property=(\S+) exit=(\d+) "
    r"error=(\S+)(?: sent=(\d+) .* left=(\d+) photos_sent=\d+ photos_refused=\d+ photos_left=\d+)? duration_s=\d+\.\d"
)

pytestmark = pytest.mark.usefixtures("_unpaused")


@pytest.fixture
def _unpaused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scheduled runs start without a pause, and show no notice on the desktop."""
    monkeypatch.setattr("apoa_client.cli.commands.scheduled_run.show_notice", lambda *_arguments: False)


def scheduled(apoa: Apoa, *more: str, **environ: str) -> CallResult:
    return apoa("sync", "--scheduled", *more, **environ)


def log_of(apoa: Apoa) -> Path:
    return apoa.home / "logs" / "sync.log"


def runs(apoa: Apoa) -> list[tuple[str | None, ...]]:
    """Return property, exit code, error, sent and left of each run in the log."""
    found = [LINE.fullmatch(line) for line in log_of(apoa).read_text().splitlines()]
    return [each.groups() for each in found if each is not None]


def repeat(apoa: Apoa, runs: int = 25, every: timedelta = HOUR / 4) -> list[str]:
    """Return what runs print, a quarter of an hour apart."""
    printed = []
    for _run in range(runs):
        printed.append(scheduled(apoa).all)
        apoa.clock.forward(every)
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

    @pytest.mark.parametrize("options", [["-v"], ["--log-file", "FILE"], ["-v", "--log-file", "FILE"]])
    def test_the_users_own_log_wins(self, configured: Apoa, tmp_path: Path, options: list[str]) -> None:
        """With `-v` or `--log-file` the log goes there, and nowhere else."""
        file = tmp_path / "own.log"
        given = [str(file) if option == "FILE" else option for option in options]
        result = configured(*given, "sync", "--scheduled")
        assert not log_of(configured).exists()
        assert "run property=melati" in (result.err if options == ["-v"] else file.read_text())


class TestRecord:
    """The outbox knows when automatic sending last ran."""

    def test_each_run_is_recorded(self, configured: Apoa, authority: SandboxServer) -> None:
        """With its time and exit code, also if it failed; a run by a user is not."""

        def last() -> object:
            return configured("status", "--json").json["last_scheduled_run"]

        configured("sync")
        assert last() is None
        scheduled(configured)
        assert last() == {"at": "2026-11-24T20:00:00+07:00", "exit_code": 0}
        configured.clock.forward(HOUR)
        configured.save()
        authority.stop()
        scheduled(configured)
        assert last() == {"at": "2026-11-24T21:00:00+07:00", "exit_code": 75}
        authority.start()
        configured.clock.forward(HOUR)
        configured("logout")
        assert scheduled(configured).code == 77
        assert last() == {"at": "2026-11-24T22:00:00+07:00", "exit_code": 77}

    def test_a_bug_is_recorded(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The schedule works, but no run ends well."""

        def fail(*_arguments: object, **_options: object) -> None:
            raise ValueError(QUENTIN.surname)

        monkeypatch.setattr("apoa_client.cli.commands.scheduled_run.deliver", fail)
        result = scheduled(configured)
        assert (result.code, QUENTIN.surname in result.all) == (1, False)
        assert configured("status", "--json").json["last_scheduled_run"]["exit_code"] == 1
        assert "run property=melati exit=1 error=bug" in log_of(configured).read_text()


def break_settings(apoa: Apoa) -> None:
    (apoa.home / "config.toml").write_text("[")


def remove_outbox(apoa: Apoa) -> None:
    apoa.outbox_file.unlink()


class TestPrintedOnce:
    """cron mails what a run prints: the same trouble is printed once, and again after six hours."""

    def test_a_refused_password(self, apoa: Apoa, serve: Serve) -> None:
        """At the first run and after six hours; the exit code is the same at each run."""
        apoa.set_up(serve("401*2").base_url)
        apoa.save()
        printed = repeat(apoa)
        assert [bool(each) for each in printed] == [True, *[False] * 23, True]
        assert "apoa login" in printed[0]
        assert {run[1:3] for run in runs(apoa)} == {("77", "wrong_password")}

    @pytest.mark.parametrize("options", [[], ["--all"]], ids=["one", "all"])
    @pytest.mark.parametrize(
        ("harm", "code"),
        [(break_settings, 78), (remove_outbox, 78), (Apoa.delete_key, 77)],
        ids=["settings", "outbox", "secrets"],
    )
    def test_lasting_trouble(
        self, configured: Apoa, harm: Callable[[Apoa], None], code: int, options: list[str]
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

    def test_offline_prints_nothing_until_a_deadline_is_near(self, away: Apoa) -> None:
        """Then it is printed, with the counts, once for each change."""
        away.save()
        printed = repeat(away, 25, HOUR)
        assert [hour for hour, each in enumerate(printed) if each] == [18, 24]
        assert printed[18] == "Due within 6 hours: 1. What to do: apoa status\n"

    def test_a_refused_report(self, apoa: Apoa, serve: Serve) -> None:
        """Its id is printed when it is refused, and then as a count after six hours, until it is fixed."""
        apoa.set_up(serve("reject").base_url)
        report = apoa.save()
        printed = repeat(apoa)
        short = short_id(report["id"])
        assert printed[0].splitlines()[0] == f"Refused: {short}. See why: apoa show {short}"
        assert [bool(each) for each in printed] == [True, *[False] * 23, True]
        assert printed[24] == "Refused: 1. What to do: apoa status\n"

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

    @pytest.mark.parametrize("content", ["", "[]", "7", '{"a": "b"}', '{"error:outbox_missing": 1e300}', "\0"])
    def test_a_damaged_file(self, configured: Apoa, content: str) -> None:
        """It is no failure, and is replaced."""
        configured.outbox_file.unlink()
        scheduled(configured)
        file = configured.home / "logs" / "melati.shown.json"
        file.write_text(content)
        first, second = (scheduled(configured) for _run in range(2))
        assert (first.code, bool(first.err), second.err) == (78, True, "")
