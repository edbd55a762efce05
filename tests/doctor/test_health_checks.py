"""The health checks: how they run one after another, and what they say of this computer, sending and the authority."""

import os
import stat
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW, PERSONAL, FixedClock

from apoa_client.authority import route as module
from apoa_client.authority.route import Proxy, Route
from apoa_client.authority.tls import Certificate
from apoa_client.doctor import computer, reports
from apoa_client.doctor.authority import AuthorityChecks
from apoa_client.doctor.computer import Screen, check_installation, check_screen, check_space
from apoa_client.doctor.permissions import check_permissions_below
from apoa_client.doctor.reports import check_backup_folder, check_last_run, check_schedule, log_files
from apoa_client.doctor.results import (
    Check,
    CheckResult,
    Finding,
    Group,
    Result,
    failed,
    ok,
    run_checks,
    skipped,
)
from apoa_client.errors import AccountSuspended, ApoaError, Exit, Offline, StorageProblem, TimedOut, WrongPassword
from apoa_client.messages import msg
from apoa_client.ports.authority import Meta
from apoa_client.ports.state import ScheduledRun
from apoa_client.schedule.interface import CRON, SYSTEMD, Found

NAME = "apoa.exe" if sys.platform == "win32" else "apoa"


def program(folder: Path) -> Path:
    folder.mkdir()
    file = folder / NAME
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    """The disk is that of the nearest folder that is."""
    assert check_space(tmp_path / "a" / "b").result is Result.OK


def test_commands_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that runs is the one that is found; another one later is named; typing apoa would start a first one."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    own, other = program(tmp_path / "own"), program(tmp_path / "other")
    assert check_installation([str(own)], str(own.parent)).message.render() == f"It is {own}."
    assert check_installation([str(own)], "").result is Result.OK
    found = check_installation([str(own)], os.pathsep.join([str(own.parent), str(other.parent)]))
    assert (found.result, str(other) in found.message.render()) == (Result.OK, True)
    found = check_installation([str(own)], os.pathsep.join([str(other.parent), str(own.parent)]))
    assert found.result is Result.WARNING
    assert found.message.render() == f"Typing apoa starts another program: {other}. This one is {own}."


def test_the_package_of_another_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install apoa` is not ours."""
    monkeypatch.setattr(metadata, "version", lambda _name: "0.3")
    found = check_installation(["apoa"], "")
    assert found.result is Result.WARNING
    assert found.advice is not None
    assert "pip uninstall apoa" in found.advice.render()


@pytest.mark.parametrize(
    ("screen", "result"),
    [
        (Screen("utf-8", 80, is_terminal=True, language="id"), Result.OK),
        (Screen("cp437", 80, is_terminal=True, language="id"), Result.OK),
        (Screen("ascii", 80, is_terminal=True, language="en"), Result.WARNING),
        (Screen("ascii", 80, is_terminal=False, language="en"), Result.OK),
        (Screen("", 80, is_terminal=False, language="en"), Result.OK),
    ],
)
def test_screens(screen: Screen, result: Result) -> None:
    """Without accents; what is no terminal is no screen."""
    assert check_screen(screen).result is result


def test_versions_of_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program, Python, the system, the database and the installed libraries; in a bundle there are none."""
    found = computer.versions("SQLite 3.46.1")
    assert found["Database"] == "SQLite 3.46.1"
    assert {"apoa-client", "Python", "System", "TLS", "requests", "click"} <= found.keys()

    def unknown(_name: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", unknown)
    assert "requests" not in computer.versions("")


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's modes")


@posix_only
@pytest.mark.parametrize(("mode", "result"), [(0o600, Result.OK), (0o640, Result.WARNING), (0o666, Result.FAILED)])
def test_modes(tmp_path: Path, mode: int, result: Result) -> None:
    """Others must not change files, and should not read them."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    file = folder / "outbox.db"
    file.write_text("")
    file.chmod(mode)
    assert check_permissions_below([folder, folder]).result is result
    assert stat.S_IMODE(file.stat().st_mode) == mode


@posix_only
def test_a_file_of_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `sudo apoa`: it is not this user's to change, and the command that gives it back is named."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "outbox.db").write_text("")
    (folder / "outbox.db").chmod(0o600)
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    found = check_permissions_below([folder])
    assert found.result is Result.FAILED
    assert found.advice is not None
    assert "chmod u+rwX" in found.advice.render()


def test_a_folder_without_its_stick(tmp_path: Path) -> None:
    """It exists without the stick: it is on the outbox's disk now, and was on another one."""
    for on_other_disk, result in ((False, Result.OK), (True, Result.WARNING)):
        assert check_backup_folder(tmp_path, tmp_path, on_other_disk=on_other_disk, limit_s=5).result is result


def test_a_network_drive_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be reached, which is no failure of sending; nor can a stick with a write protection be written."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda _path, _mode: False)
        assert check_backup_folder(tmp_path, tmp_path, on_other_disk=False, limit_s=5).result is Result.WARNING

    def hang(_seconds: float, _call: object) -> bool:
        raise TimeoutError

    monkeypatch.setattr(reports, "call_with_timeout", hang)
    assert check_backup_folder(tmp_path, tmp_path, on_other_disk=False, limit_s=5).result is Result.WARNING


QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("found", "facts", "result"),
    [
        (Found(CRON, "apoa-sync", every_s=900), (True, True), Result.OK),
        (Found(SYSTEMD, "apoa-sync", follow=True), (True, True), Result.OK),
        (Found(CRON, "apoa-sync"), (False, False), Result.WARNING),
        (Found(CRON, "apoa-sync"), (False, True), Result.WARNING),
        (Found(SYSTEMD, "apoa-sync", active=False), (True, True), Result.WARNING),
    ],
)
def test_the_schedule(found: Found, facts: tuple[bool, bool], result: Result) -> None:
    """It must start this installation, and be switched on."""
    own, exists = facts
    assert check_schedule(found, is_own=own, program_exists=exists).result is result


@pytest.mark.parametrize(
    ("age", "code", "interval", "result"),
    [
        (timedelta(minutes=20), 0, QUARTER, Result.OK),
        (timedelta(minutes=20), 75, QUARTER, Result.OK),
        (timedelta(minutes=20), 77, QUARTER, Result.WARNING),
        (timedelta(days=2), 0, QUARTER, Result.WARNING),
        (timedelta(days=2), 0, None, Result.WARNING),
        (timedelta(hours=20), 0, QUARTER, Result.OK),
        (timedelta(hours=30), 0, timedelta(days=1), Result.OK),
        (timedelta(days=2), 0, timedelta(days=1), Result.WARNING),
    ],
)
def test_the_last_run(age: timedelta, code: int, interval: timedelta | None, result: Result) -> None:
    """It must not be too long ago, nor have ended with what a person must correct; being offline is no such thing."""
    assert check_last_run(ScheduledRun(NOW - age, code, interval), NOW, is_scheduled=True).result is result


def test_no_run_yet() -> None:
    """Without a schedule that is as it should be; with one it is not."""
    assert check_last_run(None, NOW, is_scheduled=False).result is Result.SKIPPED
    assert check_last_run(None, NOW, is_scheduled=True).result is Result.WARNING


def test_the_log(tmp_path: Path) -> None:
    """None before the first run; then its files, the newest first, and no link."""
    folder = tmp_path / "logs"
    assert log_files(folder) == []
    folder.mkdir()
    for number, name in enumerate(("sync.log.1", "sync.log", "sync.log.lock")):
        (folder / name).write_text("")
        os.utime(folder / name, (number, number))
    if sys.platform != "win32":
        (folder / "sync.log.2").symlink_to(folder / "sync.log")
    assert [path.name for path in log_files(folder)] == ["sync.log", "sync.log.1"]
    assert log_files(folder / "sync.log") == []  # a file in place of the folder


FINE = ok(msg("Fine."))


def check(name: str, run: Callable[[], Finding], *needs: str, **more: object) -> Check:
    return Check(name, Group.COMPUTER, run, needs)._replace(**more)  # type: ignore[arg-type]  # any field


def raising(error: Exception) -> Callable[[], Finding]:
    def run() -> Finding:
        raise error

    return run


def only(results: list[CheckResult]) -> Finding:
    [result] = results
    return result.finding


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageProblem(msg("Full.")), Exit.SETTINGS),
        (WrongPassword(msg("Wrong.")), Exit.CREDENTIALS),
        (AccountSuspended(msg("Suspended.")), Exit.CREDENTIALS),
        (Offline(msg("Offline.")), Exit.NOT_NOW),
    ],
)
def test_an_error_is_a_failure_with_its_exit_code(error: ApoaError, code: Exit) -> None:
    """What a check raises is its result, with the error's own words; a refused account counts as credentials."""
    found = only(run_checks([check("one", raising(error))]))
    assert found == Finding(Result.FAILED, error.message, error.advice, code)


def test_a_bug_stops_no_other_check() -> None:
    """Only its class is shown: the text of an exception may be a guest's data."""
    first, second = run_checks([check("one", raising(ValueError(PERSONAL[0]))), check("two", lambda: FINE)])
    assert first.finding.result is Result.FAILED
    assert first.finding.message.render() == "The check itself failed (ValueError)."
    assert second.finding == FINE


@pytest.mark.parametrize("cause", [failed(msg("Broken."), None), skipped(msg("The settings cannot be used."))])
def test_what_needs_it_is_skipped_with_the_reason(cause: Finding) -> None:
    """Of a failure the reason is that of the check, and it is handed on to what needs the skipped ones."""
    started: list[str] = []
    checks = [
        check("settings", lambda: cause, reason=msg("The settings cannot be used.")),
        check("outbox", lambda: FINE, "settings", reason=msg("The outbox cannot be used.")),
        check("drafts", lambda: FINE, "outbox"),
        check("disk", lambda: FINE),
    ]
    results = run_checks(checks, lambda each: started.append(each.name))
    why = skipped(msg("The settings cannot be used."))
    assert [each.finding for each in results] == [cause, why, why, FINE]
    assert started == ["settings", "disk"]


def test_what_is_not_essential_is_a_warning() -> None:
    """Whatever it raises: reports can be saved and sent all the same, and what needs it runs."""
    checks = [check("one", raising(ValueError()), essential=False), check("two", lambda: FINE, "one")]
    first, second = run_checks(checks)
    assert (first.finding.result, first.finding.exit_code) == (Result.WARNING, Exit.DONE)
    assert second.finding == FINE


def test_a_check_that_hangs_is_ended() -> None:
    """After its time it has failed, with the exit code that it was given."""
    never = threading.Event()

    def hang() -> Finding:
        never.wait(10)
        return FINE

    found = only(run_checks([check("line", hang, limit_s=0.01, exit_code=Exit.NOT_NOW)]))
    never.set()
    assert (found.result, found.exit_code) == (Result.FAILED, Exit.NOT_NOW)


HTTPS = Route("apoa.example", 443, uses_tls=True, proxy=None)


def checks(monkeypatch: pytest.MonkeyPatch, route: Route = HTTPS) -> AuthorityChecks:
    monkeypatch.setattr(module, "find_route", lambda _url: route)
    return AuthorityChecks("https://apoa.example/v1", "", AuthoritySimulator(now=NOW).meta, FixedClock())


def said(finding: Finding) -> tuple[Result, str]:
    return finding.result, finding.message.render()


@pytest.mark.parametrize(
    ("from_environment", "text"),
    [
        (True, "proxy.example:3128, from the environment (HTTPS_PROXY)"),
        (False, "proxy.example:3128, from this computer's network settings"),
    ],
)
def test_where_the_proxy_comes_from(monkeypatch: pytest.MonkeyPatch, *, from_environment: bool, text: str) -> None:
    """Its credentials are not shown."""
    proxy = Proxy("proxy.example", 3128, from_environment=from_environment, credentials="budi:rahasia")
    assert said(checks(monkeypatch, Route("apoa.example", 443, uses_tls=True, proxy=proxy)).proxy()) == (
        Result.OK,
        text,
    )


def test_an_encrypted_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls work through it; its certificate is not read apart."""
    proxy = Proxy("proxy.example", 443, from_environment=True, is_plain=False)
    found = checks(monkeypatch, Route("apoa.example", 443, uses_tls=True, proxy=proxy)).certificate()
    assert found.result is Result.OK


@pytest.mark.parametrize(
    ("days", "result", "text"),
    [
        (200, Result.OK, "This computer trusts it (issued by CA), for 200 more days."),
        (14, Result.OK, "This computer trusts it (issued by CA), for 14 more days."),
        (13, Result.WARNING, "This computer trusts it (issued by CA), for 13 more days only."),
        (1, Result.WARNING, "This computer trusts it (issued by CA), for 1 more day only."),
        (None, Result.OK, "This computer trusts it."),
    ],
)
def test_the_days_of_a_certificate(
    monkeypatch: pytest.MonkeyPatch, days: int | None, result: Result, text: str
) -> None:
    """Two weeks before its end, the authority must be informed."""
    until = None if days is None else NOW + timedelta(days=days, hours=1)

    def trusted(*_arguments: Any) -> Certificate:
        return Certificate(issuer="CA", valid_until=until)

    monkeypatch.setattr(module, "read_certificate", trusted)
    assert said(checks(monkeypatch).certificate()) == (result, text)


def test_an_authority_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent, so nothing is said about reports."""

    def ask() -> Meta:
        raise TimedOut(msg("We do not know what it received."))

    monkeypatch.setattr(module, "find_route", lambda _url: HTTPS)
    found = AuthorityChecks("https://apoa.example/v1", "", ask, FixedClock()).account()
    assert said(found) == (Result.FAILED, "The authority did not answer in time.")
    assert found.exit_code == Exit.NOT_NOW


def test_the_clock_at_the_last_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a call, what was found then counts, and before any nothing can be compared; with one, what it finds."""
    found = checks(monkeypatch)
    assert found.clock(None, "timedatectl").result is Result.SKIPPED
    assert found.clock(timedelta(hours=3), "timedatectl").result is Result.WARNING
    found.account()
    assert found.clock(timedelta(hours=3), "timedatectl").result is Result.OK
