"""An answer is accepted as a whole or rejected as a whole."""

import copy
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.authority import answers
from apoa_client.errors import NotTheAuthority, SettingsProblem
from apoa_client.ports.authority import Status
from apoa_client.report.codes import Code

ID = "0199c2a4-7d1e-7b3c-9d55-0a4f1c2e8b11"
META: dict[str, Any] = {
    "contract": "1.0",
    "environment": "training",
    "server_time": "2026-11-24T20:14:05+07:00",
    "max_batch": 500,
    "max_body_bytes": 1048576,
    "accepts_gzip": True,
    "reporting_window_hours": 24,
    "property": {"id": "P-1", "name": "Wisma Melati", "office": None},
}
RECEIPT: dict[str, Any] = {"number": "STT-1", "issued_at": "2026-11-24T20:14:05Z", "sha256": "0" * 64}
RESULT: dict[str, Any] = {
    "id": ID,
    "status": "accepted",
    "receipt": RECEIPT,
    "errors": [],
    "warnings": [{"field": "stay.check_in", "code": "late", "message": "Late {braces}."}],
    "retry_after": None,
}
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


def test_meta() -> None:
    """Each member is in its field; times keep their offset."""
    meta = answers.read_meta(META)
    assert (meta.contract, meta.environment, meta.property_id, meta.property_office) == ("1.0", "training", "P-1", None)
    assert meta.server_time == datetime.fromisoformat("2026-11-24T20:14:05+07:00")
    assert answers.read_meta(changed(META, "property.office", "Kanim")).property_office == "Kanim"
    assert meta.timezone is None  # before version 1.3
    assert answers.read_meta({**META, "timezone": "Asia/Jayapura"}).timezone == "Asia/Jayapura"


def test_wish_for_photos() -> None:
    """An authority of version 1.0 does not say it, and wants none."""
    assert not answers.read_meta(META).wants_photo
    assert answers.read_meta({**META, "contract": "1.1", "wants_photo": True}).wants_photo


LINE = {"id": "a", "number": "STT-1", "issued_at": "2026-11-24T20:14:05+07:00"}
DAY = {
    "day": "2026-11-24",
    "from": "2026-11-24T00:00:00+07:00",
    "to": "2026-11-25T00:00:00+07:00",
    "property": "P-1",
    "issued_at": "2026-11-25T06:30:00+07:00",
    "accepted": 1,
    "reports": [LINE],
}


def test_receipt_of_a_day() -> None:
    """Each receipt by its report's id. An authority of version 1.1 does not say that it has them, and has none."""
    daily = answers.read_daily_receipt([DAY], date(2026, 11, 24))
    assert answers.next_page(DAY, date(2026, 11, 24)) is None  # as of an authority before version 1.3
    assert {each: receipt.number for each, receipt in daily.receipts.items()} == {"a": "STT-1"}
    assert (daily.end - daily.begin, daily.property_id) == (timedelta(days=1), "P-1")
    assert not answers.read_meta(META).daily_receipts
    assert answers.read_meta({**META, "daily_receipts": True}).daily_receipts


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("day", "2026-11-25"),
        ("day", None),
        ("from", "2026-11-24"),
        ("to", None),
        ("property", ""),
        ("accepted", 2),
        ("accepted", "1"),
        ("reports", None),
        ("reports", [None]),
        ("reports", [{"id": "a", "number": "", "issued_at": "2026-11-24T20:14:05+07:00"}]),
        ("reports", [LINE, LINE]),
        ("next", ""),
        ("next", "a/b"),
        ("next", 2),
    ],
)
def test_receipt_of_a_day_that_breaks_the_contract(member: str, value: object) -> None:
    """Nothing of it is used: another day, a wrong count, a report twice, or a broken line."""

    def read(page: dict[str, Any], day: date) -> None:
        answers.next_page(page, day)
        answers.read_daily_receipt([page], day)

    with pytest.raises(NotTheAuthority):
        read({**DAY, member: value}, date(2026, 11, 24))


@pytest.mark.parametrize(("second", "accepted"), [(LINE, 2), ({**LINE, "id": "b"}, 1), ({**LINE, "id": "b"}, 3)])
def test_pages_that_do_not_add_up(second: dict[str, Any], accepted: int) -> None:
    """A report on two pages, and another count than that of the last page, break the contract."""
    pages = [{**DAY, "next": "2"}, {**DAY, "accepted": accepted, "reports": [second]}]
    with pytest.raises(NotTheAuthority):
        answers.read_daily_receipt(pages, date(2026, 11, 24))


def test_max_batch_is_limited() -> None:
    """An authority that allows a million at once gets no more than an answer can hold."""
    assert answers.read_meta(changed(META, "max_batch", 10**6)).max_batch == 1000


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("contract", 1),
        ("environment", "test"),
        ("server_time", "2026-11-24T20:14:05"),
        ("server_time", "2026-11-24 20:14:05+07:00"),
        ("server_time", "2026-13-24T20:14:05+07:00"),
        ("server_time", "0001-01-01T00:00:00+07:00"),
        ("server_time", 5),
        ("max_batch", 0),
        ("max_batch", True),
        ("max_batch", "500"),
        ("max_batch", 1.5),
        ("max_body_bytes", 10),
        ("max_body_bytes", 2**70),
        ("accepts_gzip", 1),
        ("accepts_gzip", None),
        ("wants_photo", "yes"),
        ("wants_photo", None),
        ("daily_receipts", 1),
        ("timezone", ""),
        ("timezone", "Asia/Jakarta\n"),
        ("reporting_window_hours", 0),
        ("reporting_window_hours", 10_000),
        ("property", None),
        ("property.id", ""),
        ("property.name", "x" * 501),
        ("property.name", "\ud800"),
        ("property.office", 5),
    ],
)
def test_meta_out_of_bounds(path: str, value: object) -> None:
    """A meta with impossible values breaks the contract."""
    with pytest.raises(NotTheAuthority):
        answers.read_meta(changed(META, path, value))


def test_results() -> None:
    """Receipts, findings and statuses are read; an authority's text is literal, also with braces."""
    (verdict,) = answers.read_results({"results": [RESULT], "more": 1}, [ID])
    assert verdict.status is Status.ACCEPTED
    assert verdict.receipt is not None
    assert verdict.receipt.number == "STT-1"
    assert verdict.warnings[0].message.render() == "Late {braces}."


def test_names_beyond_ascii() -> None:
    """An answer may be in any script."""
    result = changed(REJECTED, "errors.0.message", "Nomor paspor salah: 不")
    assert answers.read_result(result, ID).errors[0].message.render() == "Nomor paspor salah: 不"


def test_long_messages_are_cut() -> None:
    """A message is cut to a readable length; the answer stays valid."""
    result = changed(REJECTED, "errors.0.message", "x" * 5000)
    assert len(answers.read_result(result, ID).errors[0].message.render()) == 2000


@pytest.mark.parametrize(
    ("value", "path", "new"),
    [
        (RESULT, "status", "archived"),
        (RESULT, "status", ["accepted"]),
        (RESULT, "receipt", None),
        (RESULT, "receipt", "STT-1"),
        (RESULT, "receipt.number", ""),
        (RESULT, "receipt.number", "x" * 101),
        (RESULT, "receipt.number", "A\x1b[31m"),
        (RESULT, "receipt.number", 17),
        (RESULT, "receipt.issued_at", "2026-11-24T20:14:05"),
        (RESULT, "receipt.sha256", "xyz"),
        (RESULT, "receipt.sha256", 5),
        (RESULT, "errors", None),
        (RESULT, "warnings", {}),
        (RESULT, "warnings", ["late"]),
        (RESULT, "warnings.0.code", ""),
        (RESULT, "warnings.0.field", None),
        (RESULT, "warnings.0.message", None),
        (RESULT, "retry_after", -1),
        (RESULT, "retry_after", "5"),
        (RESULT, "status", "pending"),
        (REJECTED, "errors", []),
        (REJECTED, "receipt", RECEIPT),
        (REJECTED, "status", "deferred"),
        (REJECTED, "status", "duplicate"),
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


def test_a_validation_needs_no_receipt() -> None:
    """A validated report is accepted without a receipt."""
    (verdict,) = answers.read_results({"results": [changed(RESULT, "receipt", None)]}, [ID], acquired=False)
    assert (verdict.status, verdict.receipt) == (Status.ACCEPTED, None)


def test_deferred_for_a_day_at_most() -> None:
    """A longer wait is limited to a day."""
    result = changed(changed(REJECTED, "status", "deferred"), "retry_after", 10**9)
    assert answers.read_result(result, ID).retry_after == 86_400


def test_codes() -> None:
    """A table keeps its rows, in both languages, with the days on which they are valid."""
    table = answers.read_codes(CODES, "purposes", '"1"')
    assert (table.version, table.etag) == ("1", '"1"')
    for unusable in (None, "", '"1"\r\n X: y', '"é"', '"' + 300 * "1" + '"'):  # it would be sent back
        assert answers.read_codes(CODES, "purposes", unusable).etag is None
    assert table.codes == (Code("tourism", "wisata", "tourism", date(2026, 1, 1), None),)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("table", "stay_permits"),
        ("codes", None),
        ("codes", ["x"]),
        ("codes.0.code", ""),
        ("codes.0.valid_from", "soon"),
        ("codes.0.valid_to", 5),
        ("version", ""),
    ],
)
def test_broken_codes(path: str, new: object) -> None:
    """Another table, or a row without a code, breaks the contract."""
    with pytest.raises(NotTheAuthority):
        answers.read_codes(changed(CODES, path, new), "purposes", None)


def test_token_is_kept_secret() -> None:
    """A token is read, and its repr does not show it."""
    token = answers.read_token(TOKEN)
    assert (token.secret, token.expires_in) == ("abc", 60)
    assert "abc" not in repr(token)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", ""),
        ("access_token", "a b"),
        ("access_token", "a\nb"),
        ("access_token", None),
        ("token_type", "mac"),
        ("token_type", None),
        ("expires_in", 0),
        ("expires_in", None),
    ],
)
def test_broken_token(name: str, value: object) -> None:
    """A token that is not valid in a header, or has another type, breaks the contract."""
    with pytest.raises(NotTheAuthority):
        answers.read_token({**TOKEN, name: value})


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
