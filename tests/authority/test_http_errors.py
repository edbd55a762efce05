"""The contract's table of errors, row by row."""

import json

import pytest

from apoa_client.authority.http_errors import HttpResponse, error_for, photo_refusal, retry_after
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    NotTheAuthority,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)

PROBLEM = json.dumps({"type": "about:blank", "title": "T", "status": 400, "detail": "Says {why}."}).encode()
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"


def reply(status: int, body: bytes = PROBLEM, kind: str = "application/problem+json", **headers: str) -> HttpResponse:
    return HttpResponse(
        status, {"content-type": kind} | {name.replace("_", "-"): v for name, v in headers.items()}, body
    )


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, CallRefused),
        (401, WrongPassword),
        (403, AccountSuspended),
        (404, NotTheAuthority),
        (405, NotTheAuthority),
        (408, UnknownOutcome),
        (413, TooLarge),
        (429, AuthorityBusy),
        (500, UnknownOutcome),
        (502, UnknownOutcome),
        (503, UnknownOutcome),
        (504, UnknownOutcome),
        (520, UnknownOutcome),
        (511, NotTheAuthority),
        (301, NotTheAuthority),
        (302, NotTheAuthority),
        (304, NotTheAuthority),
        (204, NotTheAuthority),
        (100, NotTheAuthority),
    ],
)
def test_status(status: int, error: type[ApoaError]) -> None:
    """Each status is exactly one class of error."""
    assert type(error_for(reply(status))) is error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, NotTheAuthority),
        (400, NotTheAuthority),
        (401, WrongPassword),
        (403, NotTheAuthority),
        (413, TooLarge),
        (429, AuthorityBusy),
        (502, UnknownOutcome),
    ],
)
def test_status_with_a_web_page(status: int, error: type[ApoaError]) -> None:
    """A web page does not suspend the account and is no refused call; but a 401 is always a wrong password."""
    page = reply(status, b"<html>", "text/html; charset=utf-8")
    with pytest.raises(error):
        page.value()
    assert type(error_for(reply(403, b"", ""))) is AccountSuspended  # without a text it is no web page


def test_the_authoritys_text_is_shown() -> None:
    """The authority's text is shown to the user literally; the exception's own text keeps it out of logs."""
    for status in (400, 403):
        error = error_for(reply(status))
        assert "Says {why}." in error.message.render()
        assert "why" not in str(error)


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, "invalid_client", WrongPassword),
        (401, "invalid_client", WrongPassword),
        (400, "unsupported_grant_type", CallRefused),
    ],
)
def test_errors_of_oauth(status: int, error: str, expected: type[ApoaError]) -> None:
    """A stock identity server says them in its own form (RFC 6749 §5.2)."""
    found = error_for(reply(status, json.dumps({"error": error}).encode(), "application/json;charset=UTF-8"))
    assert type(found) is expected
    assert expected is not CallRefused or error in found.message.render()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "999999999"}, 86_400),
        ({"retry-after": "Tue, 24 Nov 2026 12:01:00 GMT", "date": DATE}, 60),
        ({"retry-after": "Tue, 24 Nov 2026 11:00:00 GMT", "date": DATE}, 0),
        ({"retry-after": "Tue, 24 Nov 2036 11:00:00 GMT", "date": DATE}, 86_400),
        ({"retry-after": "Tue, 24 Nov 2026 12:01:00 GMT"}, None),
        ({"retry-after": "Tue, 24 Nov 2026 12:01:00 -0000", "date": DATE}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: int | None) -> None:
    """Seconds, or a date counted from the answer's own Date; at most a day; anything else is None."""
    assert retry_after(headers) == seconds


def test_only_a_problem_is_not_found() -> None:
    """A web page with 404 does not mean that a report was never received."""
    assert reply(404).is_not_found
    assert not reply(404, b"<html>", "text/html").is_not_found
    assert not reply(404, b"<html>").is_not_found
    assert not reply(200).is_not_found


def test_200_of_another_type() -> None:
    """JSON with another content type is not used."""
    with pytest.raises(NotTheAuthority):
        reply(200, b"{}", "text/plain").value()
    assert reply(200, b"{}", "Application/JSON; charset=utf-8").value() == {}


def test_other_servers_refuse_no_photo() -> None:
    """Only a 413 may come from a gateway; another error page, and any other status, is judged like that of any call."""
    assert [photo_refusal(reply(status, b"<html>", "text/html")) for status in (400, 404, 409)] == [None] * 3
    assert [photo_refusal(reply(status)) for status in (200, 401, 403, 405, 429, 500, 503)] == [None] * 7
    too_large = photo_refusal(reply(413, b"<html>", "text/html"))
    assert too_large is not None
    assert too_large.message.render().endswith(": HTTP 413")
