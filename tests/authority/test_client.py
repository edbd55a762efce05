"""The client's own behaviour: tokens, headers, compression, and what it does not log."""

import base64
import gzip
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import responses
from authority_helpers import DAY, ID, LINE, META, RESULT, MakeClient

from apoa_client.authority.client import HttpAuthority
from apoa_client.errors import (
    CredentialsProblem,
    NotTheAuthority,
    SecretMissing,
    SettingsProblem,
    UnknownOutcome,
)
from apoa_client.messages import msg
from apoa_client.ports.authority import MAX_PHOTO_BYTES, Status

BASE = "https://authority.example/v1"
PROBLEM = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Never received."}


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """Mocked HTTP with an authority that gives the tokens `one`, `two`, and so on."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        numbers = iter(["one", "two", "three", "four"])
        mock.add_callback(
            responses.POST,
            f"{BASE}/oauth/token",
            lambda _: (200, {}, json.dumps({"access_token": next(numbers), "token_type": "Bearer", "expires_in": 100})),
            content_type="application/json",
        )
        yield mock


@pytest.fixture
def client(make_client: MakeClient) -> HttpAuthority:
    """A client of the mocked authority."""
    return make_client(BASE)


def body_of(call: responses.Call) -> bytes:
    body = call.request.body
    assert isinstance(body, bytes)
    return body


def paths(web: responses.RequestsMock) -> list[str]:
    return [str(call.request.url).removeprefix(BASE) for call in web.calls]


def test_one_token_for_many_calls(web: responses.RequestsMock, make_client: MakeClient) -> None:
    """A token is requested once, with Basic in UTF-8, and then sent as a bearer token."""
    web.get(f"{BASE}/meta", json=META)
    client = make_client(BASE, password=lambda: "rahasía")
    client.meta()
    client.meta()
    assert paths(web) == ["/oauth/token", "/meta", "/meta"]
    basic = web.calls[0].request.headers["Authorization"]
    assert base64.b64decode(basic.removeprefix("Basic ")).decode() == "melati:rahasía"
    assert body_of(web.calls[0]) == b"grant_type=client_credentials"
    assert web.calls[0].request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert web.calls[2].request.headers["Authorization"] == "Bearer one"


def test_an_old_token_is_replaced(web: responses.RequestsMock, make_client: MakeClient) -> None:
    """A token is replaced a little before it expires."""
    web.get(f"{BASE}/meta", json=META)
    now = [0.0]
    client = make_client(BASE, monotonic=lambda: now[0])
    for moment in (0.0, 69.0, 70.0):
        now[0] = moment
        client.meta()
    assert paths(web) == ["/oauth/token", "/meta", "/meta", "/oauth/token", "/meta"]


def test_no_password_no_call(web: responses.RequestsMock, make_client: MakeClient) -> None:
    """Without a password its own error is raised, and nothing is sent."""

    def missing() -> str:
        raise SecretMissing(msg("There is none."))

    with pytest.raises(CredentialsProblem):
        make_client(BASE, password=missing).meta()
    assert len(web.calls) == 0


def test_netrc_is_not_read(
    web: responses.RequestsMock, client: HttpAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A .netrc with the host does not replace our password."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine authority.example login someone password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    web.get(f"{BASE}/meta", json=META)
    client.meta()
    assert web.calls[1].request.headers["Authorization"] == "Bearer one"


def test_a_colon_in_the_username() -> None:
    """Basic authentication cannot encode it (RFC 7617 §2), so it is refused at once."""
    with pytest.raises(SettingsProblem):
        HttpAuthority(base_url=BASE, username="a:b", password=str, user_agent="x")


@pytest.mark.parametrize(
    ("meta_first", "size", "packed"), [(True, 2000, True), (True, 500, False), (False, 2000, False)]
)
def test_gzip_where_accepted_and_useful(
    web: responses.RequestsMock, client: HttpAuthority, *, meta_first: bool, size: int, packed: bool
) -> None:
    """Only for an authority that accepts it and a body over a kilobyte; the content is the same."""
    web.get(f"{BASE}/meta", json=META)
    web.post(f"{BASE}/reports", json={"results": [RESULT, {**RESULT, "id": "other"}]})
    if meta_first:
        client.meta()
    first = b'{"a":"' + b"x" * size + b'"}'
    client.submit([(ID, first), ("other", b'{ "b" : 1 }')])
    sent = body_of(web.calls[-1])
    assert (web.calls[-1].request.headers.get("Content-Encoding") == "gzip") is packed
    assert (gzip.decompress(sent) if packed else sent) == b'{"reports":[' + first + b',{ "b" : 1 }]}'


def test_gzip_that_is_not_accepted_any_more(web: responses.RequestsMock, client: HttpAuthority) -> None:
    """The same reports go without it at once, and so do later ones."""
    web.get(f"{BASE}/meta", json=META)
    web.post(f"{BASE}/reports", status=415, json=PROBLEM, content_type="application/problem+json")
    web.post(f"{BASE}/reports", json={"results": [RESULT]})
    body = b'{"a":"' + b"x" * 2000 + b'"}'
    client.meta()
    for _ in range(2):
        assert client.submit([(ID, body)])[0].status is Status.ACCEPTED
    sent = web.calls[2:]
    assert [call.request.headers.get("Content-Encoding") for call in sent] == ["gzip", None, None]
    assert gzip.decompress(body_of(sent[0])) == body_of(sent[1])


def test_pages_of_a_day(web: responses.RequestsMock, client: HttpAuthority, caplog: pytest.LogCaptureFixture) -> None:
    """Each page is fetched by the name that the one before gives; its name is not in the log."""
    caplog.set_level(logging.DEBUG)
    web.get(f"{BASE}/receipts/2026-11-24", json={**DAY, "next": "p-2"})
    last = {**DAY, "accepted": 2, "reports": [{**LINE, "id": "b"}], "next": None}
    web.get(f"{BASE}/receipts/2026-11-24?page=p-2", json=last)
    web.get(f"{BASE}/receipts/2026-11-25", status=404, json=PROBLEM, content_type="application/problem+json")
    daily = client.daily_receipt(date(2026, 11, 24))
    assert daily is not None
    assert list(daily.receipts) == ["a", "b"]
    assert client.daily_receipt(date(2026, 11, 25)) is None
    assert paths(web)[1:3] == ["/receipts/2026-11-24", "/receipts/2026-11-24?page=p-2"]
    assert "p-2" not in caplog.text


def test_pages_without_an_end(web: responses.RequestsMock, client: HttpAuthority) -> None:
    """An authority that always names a next page is not asked for ever."""
    web.get(f"{BASE}/receipts/2026-11-24", json={**DAY, "next": "again"})
    with pytest.raises(NotTheAuthority):
        client.daily_receipt(date(2026, 11, 24))
    assert len(web.calls) == 101


def test_a_page_that_is_gone(web: responses.RequestsMock, client: HttpAuthority) -> None:
    """It is no day without receipts: what is missing would look as if it had not been received."""
    url = f"{BASE}/receipts/2026-11-24"
    web.get(url, json={**DAY, "next": "p-2"}, match=[responses.matchers.query_param_matcher({})])
    web.get(f"{url}?page=p-2", status=404, json=PROBLEM, content_type="application/problem+json")
    with pytest.raises(NotTheAuthority):
        client.daily_receipt(date(2026, 11, 24))


def test_codes_and_their_etag(web: responses.RequestsMock, client: HttpAuthority) -> None:
    """A table is requested again with its ETag, and not sent again when it is current."""
    table = {"table": "purposes", "version": "1", "codes": []}
    web.get(f"{BASE}/codes/purposes", json=table, headers={"ETag": '"1"'})
    web.get(f"{BASE}/codes/purposes", status=304)
    web.get(f"{BASE}/codes/purposes", status=304)
    first = client.codes("purposes")
    assert first is not None
    assert client.codes("purposes", first.etag) is None
    assert web.calls[2].request.headers["If-None-Match"] == '"1"'
    with pytest.raises(NotTheAuthority):
        client.codes("purposes")


def test_receipts(web: responses.RequestsMock, client: HttpAuthority) -> None:
    """A receipt is a PDF where there is one; JSON, or no receipt, is no PDF."""
    url = f"{BASE}/reports/{ID}/receipt"
    web.get(url, body=b"%PDF-1.7 ...", content_type="application/pdf")
    web.get(url, json=RESULT["receipt"])
    web.get(url, status=404, json=PROBLEM, content_type="application/problem+json")
    assert client.receipt_pdf(ID) == b"%PDF-1.7 ..."
    assert client.receipt_pdf(ID) is None
    assert client.receipt_pdf(ID) is None
    assert web.calls[1].request.headers["Accept"].startswith("application/pdf")


@pytest.mark.parametrize(
    ("body", "kind"), [(b"<html>", "application/pdf"), (b"%PDF-1.7", "text/html"), (b"{}", "application/json")]
)
def test_no_pdf(web: responses.RequestsMock, client: HttpAuthority, body: bytes, kind: str) -> None:
    """An answer that is not a PDF, or breaks the contract, is not stored as one."""
    web.get(f"{BASE}/reports/{ID}/receipt", body=body, content_type=kind)
    with pytest.raises(NotTheAuthority):
        client.receipt_pdf(ID)


def test_photo(web: responses.RequestsMock, client: HttpAuthority, caplog: pytest.LogCaptureFixture) -> None:
    """It is sent as it is, also to an authority that accepts gzip, and again, once, with a fresh token."""
    photo = b"\xff\xd8\xff" + b"SMITH" * 1000 + b"\xff\xd9"
    web.get(f"{BASE}/meta", json=META)
    web.put(f"{BASE}/reports/{ID}/photo", status=401)
    web.put(f"{BASE}/reports/{ID}/photo", json={"id": ID, "sha256": hashlib.sha256(photo).hexdigest(), "more": 1})
    client.meta()
    with caplog.at_level(logging.DEBUG, logger="apoa_client"):
        client.send_photo(ID, photo)
    assert paths(web)[2:] == [f"/reports/{ID}/photo", "/oauth/token", f"/reports/{ID}/photo"]
    for call, token in ((web.calls[2], "one"), (web.calls[4], "two")):
        assert body_of(call) == photo
        assert call.request.headers["Authorization"] == f"Bearer {token}"
        assert call.request.headers["Content-Type"] == "image/jpeg"
        assert "Content-Encoding" not in call.request.headers
    assert [record.getMessage() for record in caplog.records if record.name.startswith("apoa_client")] == [
        "PUT /reports/{id}/photo: HTTP 401",
        "POST /oauth/token: HTTP 200",
        "PUT /reports/{id}/photo: HTTP 200",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"sha256": hashlib.sha256(b"photo").hexdigest()},
        {"id": "other", "sha256": hashlib.sha256(b"photo").hexdigest()},
        {"id": ID, "sha256": hashlib.sha256(b"phot").hexdigest()},
        {"id": ID, "sha256": None},
        {"id": ID},
        [],
    ],
)
def test_photo_that_arrived_differently(web: responses.RequestsMock, client: HttpAuthority, answer: object) -> None:
    """An answer about another report or with another hash is not believed."""
    web.put(f"{BASE}/reports/{ID}/photo", json=answer)
    with pytest.raises(NotTheAuthority):
        client.send_photo(ID, b"photo")


def test_logs_hold_no_secret_and_no_guest(
    web: responses.RequestsMock, client: HttpAuthority, caplog: pytest.LogCaptureFixture
) -> None:
    """Our own log has routes, statuses and classes of errors, and nothing else."""
    web.get(f"{BASE}/reports/{ID}", json=RESULT)
    web.post(f"{BASE}/reports", status=500)
    with caplog.at_level(logging.DEBUG, logger="apoa_client"):
        client.verdict(ID)
        with pytest.raises(UnknownOutcome):
            client.submit([(ID, b'{"surname":"SMITH"}')])
    assert [record.getMessage() for record in caplog.records if record.name.startswith("apoa_client")] == [
        "POST /oauth/token: HTTP 200",
        "GET /reports/{id}: HTTP 200",
        "POST /reports: HTTP 500",
    ]


@pytest.mark.parametrize(("time_left", "total"), [(600.0, 79.0), (50.0, 50.0)])
def test_a_photo_gets_the_time_of_a_slow_line(
    web: responses.RequestsMock,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
    time_left: float,
    total: float,
) -> None:
    """4 KiB a second are enough for the largest one, if the run has that time; a report has only the usual time."""

    def call_with_timeout(seconds: float, function: Callable[[], object]) -> object:
        totals.append(seconds)
        return function()

    totals: list[float] = []
    monkeypatch.setattr("apoa_client.authority.transport.call_with_timeout", call_with_timeout)
    photo = b"x" * MAX_PHOTO_BYTES
    web.put(f"{BASE}/reports/{ID}/photo", json={"id": ID, "sha256": hashlib.sha256(photo).hexdigest()})
    web.post(f"{BASE}/reports", json={"results": [RESULT]})
    client = make_client(BASE, time_left=lambda: time_left)
    client.send_photo(ID, photo)
    client.submit([(ID, b"{}")])
    assert totals == [4.0, total, 4.0]
    timeouts = [vars(call.request)["req_kwargs"]["timeout"] for call in list(web.calls)[1:]]
    assert timeouts == [(2, 77.0), (2, 2.0)]
