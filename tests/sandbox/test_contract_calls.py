"""The calls of the contract over real HTTP, beyond what the conformance suite asks of every server."""

import gzip
import json
import socket
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import pytest
import requests
from sandbox_helpers import PASSWORD, USERNAME, Json, LogIn, Make, Report, Send

from apoa_client.authority.contract import contract_text
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.sandbox.validation import Limits, fits


def problem(answer: requests.Response, status: int) -> Json:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: Json = answer.json()
    assert fits("Problem", body)
    assert body["status"] == status
    return body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("grant_type=client_credentials", 200),
        ("grant_type=client_credentials&scope=all", 400),
        ("grant_type=client_credentials&grant_type=client_credentials", 400),
        ("grant_type", 400),
        ("", 400),
    ],
)
def test_a_token_needs_the_contracts_form(make_server: Make, bare: requests.Session, body: str, status: int) -> None:
    """An unknown or doubled field, or no form at all, is a bad request; a token is not cached."""
    server = make_server(token_lifetime_s=120)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = bare.post(
        f"{server.base_url}/oauth/token", data=body, headers=headers, auth=(USERNAME, PASSWORD), timeout=20
    )
    if status == 200:
        assert fits("Token", answer.json())
        assert (answer.json()["expires_in"], answer.headers["Cache-Control"]) == (120, "no-store")
    else:
        problem(answer, status)


def test_tokens_expire(make_server: Make, log_in: LogIn, clock: list[datetime]) -> None:
    """A token is valid until its last second; a new one is valid again."""
    server = make_server(token_lifetime_s=60)
    http = log_in(server)
    clock[0] += timedelta(seconds=59)
    assert http.get(f"{server.base_url}/meta", timeout=20).status_code == 200
    clock[0] += timedelta(seconds=1)
    problem(http.get(f"{server.base_url}/meta", timeout=20), 401)
    assert log_in(server).get(f"{server.base_url}/meta", timeout=20).status_code == 200


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_contract_is_served_without_a_token(
    make_server: Make, bare: requests.Session, form: Literal["yaml", "json"]
) -> None:
    """The OpenAPI file is served byte for byte as it ships, as YAML and as JSON."""
    answer = bare.get(f"{make_server().base_url}/openapi.{form}", timeout=20)
    assert answer.headers["Content-Type"].partition(";")[0] == f"application/{form}"
    assert answer.content.decode() == contract_text(form)


def test_unknown_addresses_and_methods(make_server: Make, log_in: LogIn) -> None:
    """404 for an unknown path, 405 with the allowed methods for a wrong method; never a redirect."""
    server = make_server()
    http = log_in(server)
    for path in ("/v1/hotels", "/v1/meta/", "/v1//meta", "/v2/meta", "/favicon.ico"):
        root = server.base_url.removesuffix("/v1")
        problem(http.get(f"{root}{path}", timeout=20, allow_redirects=False), 404)
    for path in ("reports", "reports/validate"):
        answer = http.get(f"{server.base_url}/{path}", timeout=20)
        problem(answer, 405)
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("host", ["apoa.example", "127.0.0.1.evil.example", "evil.example:80", "[::1]", ""])
def test_other_host_names_are_refused(make_server: Make, bare: requests.Session, host: str) -> None:
    """A web site that points its name to this computer (DNS rebinding) reads neither the page nor the calls."""
    server = make_server()
    for url in (server.page_url, f"{server.base_url}/openapi.yaml"):
        problem(bare.get(url, headers={"Host": host}, timeout=20), 421)
    assert bare.get(server.page_url, headers={"Host": f"localhost:{server.port}"}, timeout=20).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"reports": [{"id": "0199C2A4-7D1E-7B3C-9D55-0A4F1C2E8B11"}]}',
        b'{"reports": [{"id": "0199c2a4-7d1e-7b3c-9d55-0a4f1c2e8b11\\n"}]}',
        b'{"reports": [NaN]}',
        b"[" * 100_000,
        b'{"reports": ' + b"[" * 20 + b"]" * 20 + b"}",
        b'{"reports": [' + b"9" * 5000 + b"]}",
    ],
)
def test_a_body_that_is_no_list_of_reports_is_refused(make_server: Make, log_in: LogIn, body: bytes) -> None:
    """400 with the reason: beyond what the conformance suite asks, other forms of ids and numbers, and deep lists."""
    server = make_server()
    headers = {"Content-Type": "application/json"}
    problem(log_in(server).post(f"{server.base_url}/reports", data=body, headers=headers, timeout=20), 400)


def test_a_long_answer_is_compressed_where_accepted(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """Not for a client that does not accept gzip, and not for a short answer."""
    server = make_server()
    http = log_in(server)
    many, one = [{"reports": [check_in() for _ in range(count)]} for count in (20, 1)]
    answers = {
        (len(body["reports"]), how): http.post(
            f"{server.base_url}/reports", json=body, headers={"Accept-Encoding": how}, timeout=10
        )
        for body, how in ((many, "gzip"), (many, "identity"), (one, "gzip"))
    }
    assert {key: answer.headers.get("Content-Encoding") for key, answer in answers.items()} == {
        (20, "gzip"): "gzip",
        (20, "identity"): None,
        (1, "gzip"): None,
    }
    assert answers[20, "gzip"].json() == answers[20, "identity"].json()
    assert int(answers[20, "gzip"].headers["Content-Length"]) < len(answers[20, "identity"].content) / 2


@pytest.mark.parametrize(
    ("accepts", "more", "how", "status"),
    [(True, b"x", "gzip", 400), (True, b"", "br", 415), (False, b"", "gzip", 415), (True, b"", "gzip", 200)],
)
def test_a_body_that_is_not_one_gzip_member(
    make_server: Make, log_in: LogIn, check_in: Report, *, accepts: bool, more: bytes, how: str, status: int
) -> None:
    """Data after its end is a bad request; an encoding that is not accepted is 415, and names the accepted one."""
    server = make_server(limits=Limits(accepts_gzip=accepts))
    http, body = log_in(server), gzip.compress(json.dumps({"reports": [check_in()]}).encode()) + more
    headers = {"Content-Type": "application/json", "Content-Encoding": how}
    assert http.get(f"{server.base_url}/meta", timeout=20).json()["accepts_gzip"] is accepts
    answer = http.post(f"{server.base_url}/reports", data=body, headers=headers, timeout=20)
    assert answer.status_code == status
    assert answer.headers.get("Accept-Encoding") == (
        {True: "gzip", False: "identity"}[accepts] if status == 415 else None
    )


def test_pages_of_a_day(make_server: Make, log_in: LogIn, send: Send, check_in: Report) -> None:
    """A day with more receipts than a page has is listed in the order of the receipts."""
    server = make_server(limits=Limits(max_page=2))
    results, http = send(server, *(check_in() for _ in range(5))), log_in(server)
    url = f"{server.base_url}/receipts/2026-11-24"
    pages = [http.get(url, params={"page": page}, timeout=20).json() for page in ("0", "2", "4")]
    assert [(page["accepted"], page["next"]) for page in pages] == [(5, "2"), (5, "4"), (5, None)]
    listed = [(line["id"], line["number"]) for page in pages for line in page["reports"]]
    assert listed == [(each["id"], each["receipt"]["number"]) for each in results]
    for page in ("6", "x", "-1", ""):
        problem(http.get(url, params={"page": page}, timeout=20), 404)


def test_meta_names_the_zone(make_server: Make, log_in: LogIn) -> None:
    """Days are counted in it, and its times have its offset, whatever the clock's offset is."""
    server = make_server(timezone="Asia/Jayapura")
    http = log_in(server)
    meta, day = (http.get(f"{server.base_url}{path}", timeout=20).json() for path in ("/meta", "/receipts/2026-11-24"))
    assert (meta["timezone"], meta["server_time"]) == ("Asia/Jayapura", "2026-11-24T22:15:00+09:00")
    assert (day["from"], day["to"]) == ("2026-11-24T00:00:00+09:00", "2026-11-25T00:00:00+09:00")


def test_body_that_breaks_off_is_refused(make_server: Make, log_in: LogIn) -> None:
    """A body shorter than announced, by length or in chunks, is never used."""
    server = make_server()
    token = log_in(server).headers["Authorization"]
    lines = ["POST /v1/reports HTTP/1.1", "Host: localhost", f"Authorization: {token!s}"]
    head = "\r\n".join([*lines, "Content-Type: application/json", ""])
    for rest in ("Content-Length: 100\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
            raw.sendall((head + rest).encode())
            raw.shutdown(socket.SHUT_WR)
            assert raw.makefile("rb").readline().split()[1] == b"400"


def test_a_refused_photo_is_received_whole(make_server: Make, check_in: Report) -> None:
    """The answer comes when the last byte has come: a client that still sends would be cut off and not read it."""
    server = make_server()
    address = urlsplit(server.base_url)
    assert address.hostname is not None
    head = f"PUT {address.path}/reports/{check_in()['id']}/photo HTTP/1.1\r\nHost: {address.netloc}\r\n"
    head += f"Content-Type: image/jpeg\r\nContent-Length: {MAX_PHOTO_BYTES + 1}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port or 0), timeout=20) as connection:
        connection.sendall(head.encode() + b" " * MAX_PHOTO_BYTES)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(20)
        connection.sendall(b" ")
        assert connection.recv(64).startswith(b"HTTP/1.1 401 ")
