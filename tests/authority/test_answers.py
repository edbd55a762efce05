"""An answer is accepted as a whole or rejected as a whole, and the contract's table of errors, row by row."""

import copy
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from authority_helpers import DAY, ID, LINE, META, RESULT
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.authority import answers
from apoa_client.authority.http_errors import HttpResponse, error_for, photo_refusal, retry_after
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    NotTheAuthority,
    SettingsProblem,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.ports.authority import DailyReceipt, Status
from apoa_client.report.codes import Code

REJECTED: dict[str, Any] = {
    "id": ID,
    "status": "rejected",
    "receipt": None,
    "errors": [{"field": "", "code": "c", "message": "m"}],
    "warnings": [],
    "retry_after": None,
}
CODES: dict[str, Any] = {
    "table": "purposes",
    "version": "1",
    "codes": [{"code": "tourism", "id": "wisata", "en": "tourism", "valid_from": "2026-01-01", "valid_to": None}],
}
TOKEN: dict[str, Any] = {"access_token": "abc", "token_type": "bearer", "expires_in": 60}


def changed(value: dict[str, Any], path: str, new: object) -> dict[str, Any]:
    whole = copy.deepcopy(value)
    *parents, last = path.split(".")
    inner: Any = whole
    for name in parents:
        inner = inner[int(name) if name.isdigit() else name]
    inner[last] = new
    return whole


TODAY = date(2026, 11, 24)


def read_day(page: dict[str, Any]) -> DailyReceipt:
    answers.next_page(page, TODAY)
    return answers.read_daily_receipt([page], TODAY)


READ: dict[str, tuple[Callable[[dict[str, Any]], object], dict[str, Any]]] = {
    "meta": (answers.read_meta, META),
    "day": (read_day, DAY),
    "codes": (lambda value: answers.read_codes(value, "purposes", None), CODES),
    "token": (answers.read_token, TOKEN),
}
"""What reads each kind of answer, and a good one."""


def test_meta() -> None:
    """Each member is in its field; times keep their offset. An older authority offers less; `max_batch` is limited."""
    meta = answers.read_meta(META)
    assert (meta.contract, meta.environment, meta.property_id, meta.property_office) == ("1.0", "training", "P-1", None)
    assert meta.server_time == datetime.fromisoformat("2026-11-24T20:14:05+07:00")
    assert (meta.timezone, meta.wants_photo, meta.daily_receipts) == (None, False, False)
    more = {"timezone": "Asia/Jayapura", "wants_photo": True, "daily_receipts": True, "max_batch": 10**6}
    newer = answers.read_meta(changed({**META, **more}, "property.office", "Kanim"))
    assert (newer.timezone, newer.wants_photo, newer.daily_receipts) == ("Asia/Jayapura", True, True)
    assert (newer.property_office, newer.max_batch) == ("Kanim", 1000)


def test_receipt_of_a_day() -> None:
    """Each receipt by its report's id. Before version 1.3 there is no next page."""
    daily = read_day(DAY)
    assert answers.next_page(DAY, TODAY) is None
    assert {each: receipt.number for each, receipt in daily.receipts.items()} == {"a": "STT-1"}
    assert (daily.end - daily.begin, daily.property_id) == (timedelta(days=1), "P-1")


@pytest.mark.parametrize(("second", "accepted"), [(LINE, 2), ({**LINE, "id": "b"}, 1), ({**LINE, "id": "b"}, 3)])
def test_pages_that_do_not_add_up(second: dict[str, Any], accepted: int) -> None:
    """A report on two pages, and another count than that of the last page, break the contract."""
    pages = [{**DAY, "next": "2"}, {**DAY, "accepted": accepted, "reports": [second]}]
    with pytest.raises(NotTheAuthority):
        answers.read_daily_receipt(pages, TODAY)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        *(("meta", "contract", value) for value in (1, "1.x")),
        ("meta", "environment", "test"),
        *(("meta", "server_time", value) for value in ("2026-11-24T20:14:05", "2026-11-24 20:14:05+07:00", 5)),
        *(("meta", "server_time", f"{value}T20:14:05+07:00") for value in ("2026-13-24", "0001-01-01")),
        *(("meta", "max_batch", value) for value in (0, True, "500", 1.5)),
        *(("meta", "max_body_bytes", value) for value in (10, 2**70)),
        *(("meta", "accepts_gzip", value) for value in (1, None)),
        *(("meta", "wants_photo", value) for value in ("yes", None)),
        ("meta", "daily_receipts", 1),
        *(("meta", "timezone", value) for value in ("", "Asia/Jakarta\n")),
        *(("meta", "reporting_window_hours", value) for value in (0, 10_000)),
        ("meta", "property", None),
        ("meta", "property.id", ""),
        *(("meta", "property.name", value) for value in ("x" * 501, "\ud800")),
        ("meta", "property.office", 5),
        *(("day", "day", value) for value in ("2026-11-25", None)),
        *(("day", member, value) for member, value in (("from", "2026-11-24"), ("to", None), ("property", ""))),
        *(("day", "accepted", value) for value in (2, "1")),
        *(("day", "reports", value) for value in (None, [None], [{**LINE, "number": ""}], [LINE, LINE])),
        *(("day", "next", value) for value in ("", "a/b", 2)),
        ("codes", "table", "stay_permits"),
        *(("codes", "codes", value) for value in (None, ["x"])),
        *(("codes", f"codes.0.{member}", value) for member, value in (("code", ""), ("valid_from", "soon"))),
        ("codes", "codes.0.valid_to", 5),
        ("codes", "version", ""),
        *(("token", "access_token", value) for value in ("", "a b", "a\nb", None)),
        *(("token", "token_type", value) for value in ("mac", None)),
        *(("token", "expires_in", value) for value in (0, None)),
    ],
)
def test_a_broken_answer(kind: str, path: str, value: object) -> None:
    """Nothing of an answer with an impossible value is used."""
    read, good = READ[kind]
    with pytest.raises(NotTheAuthority):
        read(changed(good, path, value))


def test_results() -> None:
    """Receipts, findings and statuses are read; an authority's text is literal, in any script, and cut if long."""
    (verdict,) = answers.read_results({"results": [RESULT], "more": 1}, [ID])
    assert verdict.status is Status.ACCEPTED
    assert verdict.receipt is not None
    assert verdict.receipt.number == "STT-1"
    assert verdict.warnings[0].message.render() == "Late {braces}."
    result = answers.read_result(changed(REJECTED, "errors.0.message", "不" * 5000), ID)
    assert result.errors[0].message.render() == "不" * 2000


def test_a_validation_needs_no_receipt_and_a_wait_is_limited() -> None:
    """A validated report is accepted without a receipt; a report is deferred for a day at most."""
    (verdict,) = answers.read_results({"results": [changed(RESULT, "receipt", None)]}, [ID], acquired=False)
    assert (verdict.status, verdict.receipt) == (Status.ACCEPTED, None)
    deferred = {**REJECTED, "status": "deferred", "retry_after": 10**9}
    assert answers.read_result(deferred, ID).retry_after == 86_400


@pytest.mark.parametrize(
    ("value", "path", "new"),
    [
        *((RESULT, "status", value) for value in ("archived", ["accepted"], "pending")),
        *((RESULT, "receipt", value) for value in (None, "STT-1")),
        *((RESULT, "receipt.number", value) for value in ("", "x" * 101, "A\x1b[31m", 17)),
        (RESULT, "receipt.issued_at", "2026-11-24T20:14:05"),
        *((RESULT, "receipt.sha256", value) for value in ("xyz", 5)),
        *((RESULT, member, value) for member, value in (("errors", None), ("warnings", {}), ("warnings", ["late"]))),
        (RESULT, "warnings.0.code", ""),
        *((RESULT, f"warnings.0.{member}", None) for member in ("field", "message")),
        *((RESULT, "retry_after", value) for value in (-1, "5")),
        (REJECTED, "errors", []),
        (REJECTED, "receipt", RESULT["receipt"]),
        *((REJECTED, "status", value) for value in ("deferred", "duplicate")),
    ],
)
def test_broken_results(value: dict[str, Any], path: str, new: object) -> None:
    """The error names the place and not the value."""
    with pytest.raises(NotTheAuthority) as caught:
        answers.read_results({"results": [changed(value, path, new)]}, [ID])
    assert "results[0]" in caught.value.message.render()


@pytest.mark.parametrize(
    "results", [None, {}, [], [None], [[]], [{"id": []}], [changed(RESULT, "id", "other")], [RESULT, REJECTED]]
)
def test_no_readable_verdict(results: object) -> None:
    """Also none about the reports that were sent, and two different ones about the only report."""
    with pytest.raises(NotTheAuthority):
        answers.read_results({"results": results}, [ID])


def test_each_verdict_is_read_by_itself() -> None:
    """Matched by id, in the order sent; broken, missing and contradicting results are left out."""
    ids = [f"{ID[:-1]}{digit}" for digit in "0123456"]
    good = [changed(RESULT, "id", report_id) for report_id in ids]
    sent = [
        good[5],
        changed(good[1], "status", "archived"),
        good[0],
        good[0],
        changed(RESULT, "id", "foreign"),
        *(good[2], changed(good[2], "receipt.number", "another"), good[2]),
        *(changed(good[3], "errors", None), good[3]),
        good[6],
    ]
    assert [verdict.id for verdict in answers.read_results({"results": sent}, ids)] == [ids[0], ids[5], ids[6]]


@pytest.mark.parametrize("version", ["0.9", "2.0", "10.1"])
def test_another_major_version(version: str) -> None:
    """The program must be updated; a later try does not help."""
    with pytest.raises(SettingsProblem) as caught:
        answers.read_meta(changed(META, "contract", version))
    assert (caught.value.name, caught.value.exit_code) == ("other_contract_version", 78)
    assert version in caught.value.message.render()


def test_codes() -> None:
    """A table keeps its rows, in both languages, with the days on which they are valid."""
    table = answers.read_codes(CODES, "purposes", '"1"')
    assert (table.version, table.etag) == ("1", '"1"')
    for unusable in (None, "", '"1"\r\n X: y', '"é"', '"' + 300 * "1" + '"'):  # it would be sent back
        assert answers.read_codes(CODES, "purposes", unusable).etag is None
    assert table.codes == (Code("tourism", "wisata", "tourism", date(2026, 1, 1), None),)


def test_token_is_kept_secret() -> None:
    """A token is read, and its repr does not show it."""
    token = answers.read_token(TOKEN)
    assert (token.secret, token.expires_in) == ("abc", 60)
    assert "abc" not in repr(token)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"\xff", b'{"a":', b"[" * 100_000, b'{"a":' + b"1" * 5000 + b"}", b"null"]
)
def test_no_json_object(body: bytes) -> None:
    """Anything that is no JSON object in UTF-8 breaks the contract, however deep or long."""
    with pytest.raises(NotTheAuthority):
        answers.read_json(body)


def test_problem_detail() -> None:
    """The text of a problem is its detail, else its title; cut, with surrogates replaced."""
    assert answers.problem_detail(b'{"detail": "d", "title": "t"}') == "d"
    assert answers.problem_detail(b'{"title": "t"}') == "t"
    assert answers.problem_detail(b'{"detail": "\\ud800"}') == "?"
    assert answers.problem_detail(b'{"detail": 5}') is None
    assert answers.problem_detail(b"<html>") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = ["id", "status", "receipt", "receipt.number", "receipt.issued_at", "receipt.sha256", "errors", "warnings"]


@given(st.sampled_from([*PATHS, "warnings.0.field", "retry_after"]), JSON)
def test_anything_anywhere(path: str, junk: object) -> None:
    """Any value in any place of a result gives a verdict about our report or a broken answer, and nothing else."""
    try:
        (verdict,) = answers.read_results({"results": [changed(RESULT, path, junk)]}, [ID])
    except NotTheAuthority:
        return
    assert verdict.id == ID
    json.dumps([each.as_json() for each in verdict.warnings], ensure_ascii=False).encode()


PROBLEM = json.dumps({"type": "about:blank", "title": "T", "status": 400, "detail": "Says {why}."}).encode()
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"


def reply(status: int, body: bytes = PROBLEM, kind: str = "application/problem+json", **headers: str) -> HttpResponse:
    return HttpResponse(
        status, {"content-type": kind} | {name.replace("_", "-"): v for name, v in headers.items()}, body
    )


@pytest.mark.parametrize(
    ("error", "statuses"),
    [
        (CallRefused, [400]),
        (WrongPassword, [401]),
        (AccountSuspended, [403]),
        (TooLarge, [413]),
        (AuthorityBusy, [429]),
        (UnknownOutcome, [408, 500, 502, 503, 504, 520]),
        (NotTheAuthority, [100, 204, 301, 302, 304, 404, 405, 511]),
    ],
)
def test_status(error: type[ApoaError], statuses: list[int]) -> None:
    """Each status is exactly one class of error."""
    assert {type(error_for(reply(status))) for status in statuses} == {error}


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
