"""The checks run one after another, none stops the others; and what those of the authority say."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW, PERSONAL, FixedClock

from apoa_client.authority import route as module
from apoa_client.authority.route import Proxy, Route
from apoa_client.authority.tls import Certificate
from apoa_client.doctor.authority import AuthorityChecks
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
    warning,
)
from apoa_client.errors import AccountSuspended, ApoaError, Exit, Offline, StorageProblem, TimedOut, WrongPassword
from apoa_client.messages import msg
from apoa_client.ports.authority import Meta

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


def test_a_warning_holds_nothing_up() -> None:
    """What needs a check with a warning runs."""
    results = run_checks([check("one", lambda: warning(msg("Old."), None)), check("two", lambda: FINE, "one")])
    assert results[1].finding == FINE


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


def test_the_clock_before_any_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be compared."""
    assert checks(monkeypatch).clock(None, "timedatectl").result is Result.SKIPPED


def test_the_clock_at_the_last_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a call, what was found then counts; with one, what it finds."""
    found = checks(monkeypatch)
    assert found.clock(timedelta(hours=3), "timedatectl").result is Result.WARNING
    found.account()
    assert found.clock(timedelta(hours=3), "timedatectl").result is Result.OK
