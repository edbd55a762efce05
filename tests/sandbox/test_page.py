"""The page: what it shows, in both languages, and who may see it."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import requests
from training_page import LogIn, Make, Report, Send

from apoa_client.locale import LANGUAGES
from apoa_client.sandbox.decisions import Result
from apoa_client.sandbox.page import MAX_REPORTS, Page
from apoa_client.sandbox.server import SandboxServer


def shown(http: requests.Session, server: SandboxServer, language: str = "en") -> list[str]:
    """The text of each report on the page, the newest first, with single spaces."""
    answer = http.get(server.page_url, headers={"Accept-Language": language}, timeout=20)
    assert answer.status_code == 200
    items = re.findall('<li id="report-[0-9]+">(.*?)\n</li>', answer.text, re.DOTALL)
    return [unescape(" ".join(re.sub("<[^>]*>", " ", each).split())) for each in items]


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_says_training_and_loads_its_own_files_only(
    make_server: Make, bare: requests.Session, language: str
) -> None:
    """It is visibly not Immigration; nothing comes from elsewhere, no script runs, and nothing is cached."""
    server = make_server(property_name="Wisma <Melati>")
    answer = bare.get(server.page_url, headers={"Accept-Language": language}, timeout=20)
    assert "LATIHAN / TRAINING &mdash; bukan Imigrasi / not Immigration" in answer.text
    assert "Wisma &lt;Melati&gt;" in answer.text
    assert f'<html lang="{language}">' in answer.text
    path = server.page_url.removeprefix(f"http://127.0.0.1:{server.port}")
    assert re.findall('(?:src|href|action)="([^?][^"]*)"', answer.text) == [f"{path}/page.css"]
    assert bare.get(f"{server.page_url}/page.css", timeout=20).headers["Content-Type"].startswith("text/css")
    assert "<script" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= {
        *answer.headers["Content-Security-Policy"].split("; "),
    }


def test_language(make_server: Make, bare: requests.Session) -> None:
    """The browser's, else Indonesian."""
    server = make_server()
    for wanted, language in (("en-US,en;q=0.9", "en"), ("id-ID,id;q=0.9,en;q=0.8", "id"), ("fr", "id"), ("", "id")):
        answer = bare.get(server.page_url, headers={"Accept-Language": wanted}, timeout=20)
        assert f'<html lang="{language}">' in answer.text


def test_reports_with_their_verdicts(
    make_server: Make, send: Send, log_in: LogIn, check_in: Report, follow_up: Report, clock: list[datetime]
) -> None:
    """The newest first, each with its verdict, receipt, photo and call; one that is sent again keeps its place."""
    server = make_server()
    report = check_in()
    [answer] = send(server, report)
    clock[0] += timedelta(minutes=5)
    send(server, follow_up(report, "cancel"))
    url, headers = f"{server.base_url}/reports/{report['id']}/photo", {"Content-Type": "image/jpeg"}
    assert log_in(server).put(url, data=b"\xff\xd8\xff\xd9", headers=headers, timeout=20).status_code == 200
    send(server, report)
    cancelled, arrived = shown(log_in(server), server)
    assert cancelled.startswith(
        "Cancellation Accepted 24 Nov 2026 20:20 WIB Receipt LATIHAN-2026-000002, issued 24 Nov"
    )
    assert arrived.startswith("Check-in SMITHSON JANE ANN Room Melati 7 Accepted 24 Nov 2026 20:15 WIB")
    assert "A photo of the passport arrived." in arrived
    assert "photo" not in cancelled
    page = log_in(server).get(server.page_url, timeout=20).text
    assert server.password not in page
    bodies = [json.loads(unescape(each)) for each in re.findall("<pre>(.*?)</pre>", page, re.DOTALL)]
    assert bodies[2:] == [report, answer]


def test_refused_report_with_errors_in_words(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report
) -> None:
    """Field and problem in the reader's language, with the contract's own names for developers."""
    server = make_server()
    send(server, check_in({"guest.sex": "Z", "guest.surname": "A" * 501}))
    (english,), (indonesian,) = (shown(bare, server, language) for language in ("en", "id"))
    assert "Refused" in english
    assert "No receipt" in english
    assert "Sex: This is not one of the values that the contract allows. guest.sex unknown_value" in english
    assert "too short for the contract. guest.surname bad_length" in english
    assert "Jenis kelamin: Ini " in indonesian


def test_page_follows_a_pending_report(make_server: Make, send: Send, log_in: LogIn, check_in: Report) -> None:
    """It shows the later verdict; a report that an earlier process received is not on the page."""
    earlier = make_server(faults="pending")
    old = check_in({"guest.document.number": "X1"})
    send(earlier, old)
    earlier.stop()
    server = make_server(faults="pending")
    report = check_in()
    send(server, report)
    http = log_in(server)
    assert "Waiting for a decision" in shown(http, server)[0]
    for each in (report, old):
        decided = http.get(f"{server.base_url}/reports/{each['id']}", timeout=20).json()
        assert decided["status"] == "accepted"
    (text,) = shown(http, server)
    assert "Accepted" in text
    assert "LATIHAN-2026-000001" in text


def test_another_report_with_the_same_id(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report
) -> None:
    """It is shown with its refusal, and the first one keeps its receipt."""
    server, report = make_server(), check_in()
    send(server, report, {**report, "stay_id": check_in()["stay_id"]})
    conflict, first = shown(bare, server)
    assert "Id of the report: Another report was sent under this id before." in conflict
    assert "LATIHAN-2026-000001" in first


def test_hostile_text_is_only_text(make_server: Make, send: Send, bare: requests.Session, check_in: Report) -> None:
    """A guest's name cannot become a tag, a value that is no text is not shown, and no date breaks the page."""
    server = make_server()
    evil = '<script src=//x></script>"&{0}\ud800'
    send(server, check_in({"guest.surname": evil, "guest.given_names": ["x"], "stay.room": evil}, kind=evil))
    send(server, check_in(guest="no object"), check_in(guest=None), check_in(stay_id=7), check_in(stay_id=None))
    send(server, check_in({"stay.check_in": "9999-12-31T23:59:00-23:59"}))
    page = bare.get(server.page_url, headers={"Accept-Language": "en"}, timeout=20).text
    assert "<script" not in page
    assert page.count("&lt;script src=//x&gt;&lt;/script&gt;&#34;&amp;{0}?") == 2
    assert len(shown(bare, server)) == 6
    assert shown(bare, server)[-1].startswith("Unknown kind of report")


def test_the_newest_only(check_in: Report) -> None:
    """The page of a long-running authority is limited in size; what is logged by mistake shows no guest."""
    page, report = Page("Wisma Melati", is_shown=True), check_in()
    for number in range(MAX_REPORTS + 5):
        page.add(report, Result(str(number), "accepted"), datetime(2026, 11, 24, 13, 15, tzinfo=UTC))
    page.change("unknown", has_photo=True)
    assert [each.result.id for each in page.newest_first()] == [str(204 - number) for number in range(MAX_REPORTS)]
    assert "SMITHSON" not in repr(page.newest_first())


def test_the_page_of_another_run(make_server: Make, bare: requests.Session) -> None:
    """Other accounts of this computer can connect, and cannot guess the page's address: it is new in each run."""
    server, other, without = make_server(), make_server(), make_server(page=False)
    here = f"http://127.0.0.1:{server.port}"
    tokens = [each.page_url.rpartition("/")[2] for each in (server, other)]
    assert tokens[0] != tokens[1]
    for guess in ("", "/", "/received", "/received/", f"/received/{tokens[1]}", f"/received/{tokens[0][:-1]}"):
        for part in ("", "/page.css"):
            assert bare.get(here + guess + part, timeout=20).status_code == 404
    for url in (f"{here}/received/%c3%a9", without.page_url, f"{without.page_url}x"):
        assert bare.get(url, timeout=20).headers["Content-Type"] == "application/problem+json"
