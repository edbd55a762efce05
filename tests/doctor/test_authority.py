"""What the checks of the authority say."""

from datetime import timedelta
from typing import Any

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW, FixedClock

from apoa_client.authority import route as module
from apoa_client.authority.route import Proxy, Route, TrustedCertificate
from apoa_client.doctor.authority import AuthorityChecks
from apoa_client.doctor.results import Finding, Result
from apoa_client.errors import Exit, TimedOut
from apoa_client.messages import msg
from apoa_client.ports.authority import Meta

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

    def trusted(*_arguments: Any) -> TrustedCertificate:
        return TrustedCertificate("CA", until)

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
