"""The page: what it shows, in both languages, who may see it, and who may turn faults on."""

import json
import re
import shutil
import subprocess
import textwrap
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
import requests
from sandbox_helpers import Json, LogIn, Make, ReadPage, Report, Send, read_page, turn
from screens import Screens

from apoa_client.locale import LANGUAGES
from apoa_client.sandbox.decisions import Result
from apoa_client.sandbox.faults import Faults
from apoa_client.sandbox.page import MAX_REPORTS, Page
from apoa_client.sandbox.server import SandboxServer

WIDTH = 110
"""Characters in a line of the recorded page, so that a person can read a difference."""
FOLDED = re.compile(r" (?:Request and answer|Permintaan dan jawaban) .*? JSON(?= |$)")
"""What a report's row shows only when it is opened: `test_the_call_of_a_report` has it."""


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("en-US,en;q=0.9", "en"), ("id-ID,id;q=0.9,en;q=0.8", "id"), ("fr", "id"), ("", "id")],
)
def test_page_says_training_and_loads_its_own_files_only(
    make_server: Make, bare: requests.Session, wanted: str, language: str
) -> None:
    """It is visibly not Immigration; nothing comes from elsewhere, it cannot be framed, and is not cached.

    Its language is the browser's, else Indonesian.
    """
    server = make_server(property_name="Wisma <Melati>")
    answer = bare.get(server.page_url, headers={"Accept-Language": wanted}, timeout=20)
    assert "LATIHAN / TRAINING &mdash; bukan Imigrasi / not Immigration" in answer.text
    assert "Wisma &lt;Melati&gt;" in answer.text
    assert f'<html lang="{language}">' in answer.text
    path = server.page_url.removeprefix(f"http://127.0.0.1:{server.port}")
    page = ReadPage(answer.text)
    assert page.values("link", "href") == [f"{path}/page.css"]
    assert page.values("script", "src") == [f"{path}/page.js"]
    assert set(page.values("form", "action")) == {f"{path}/faults"}
    assert not {name for _tag, each in page.attributes for name in each} & {"onload", "onclick", "style"}
    assert bare.get(f"{server.page_url}/page.css", timeout=20).headers["Content-Type"].startswith("text/css")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= {
        *answer.headers["Content-Security-Policy"].split("; "),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_stays_newest_first_with_their_stories(
    make_server: Make,
    send: Send,
    log_in: LogIn,
    check_in: Report,
    follow_up: Report,
    clock: list[datetime],
    tmp_path: Path,
    language: str,
) -> None:
    """A stay has its reports in order, with verdict, receipt, photo and time; the newest is at the top, as recorded.

    A refused report has its errors in words, also one under an id that was sent before; a fault that is on is named.
    """
    server, screen = make_server(), Screens(f"page.test_stays-{language}", tmp_path)
    report, other = check_in(), check_in({"guest.surname": "ROSSI", "guest.document.number": "YA1234567"})
    send(server, report, other)
    clock[0] += timedelta(minutes=5)
    send(server, follow_up(report, "amend", guest={**report["guest"], "surname": "SMITHSONIAN"}))
    send(server, follow_up(report, "check_out"), follow_up(report, "cancel"))
    url, headers = f"{server.base_url}/reports/{report['id']}/photo", {"Content-Type": "image/jpeg"}
    assert log_in(server).put(url, data=b"\xff\xd8\xff\xd9", headers=headers, timeout=20).status_code == 200
    send(server, report)
    send(server, check_in({"guest.sex": "Z", "guest.document.number": ""}), {**other, "stay_id": check_in()["stay_id"]})
    http = log_in(server)
    page = read_page(http, server, language)
    screen.add("\n\n".join(textwrap.fill(FOLDED.sub("", text), WIDTH) for text in [*page.stays, page.texts["news"]]))
    for fault, state in (("slow", "on"), ("reject", "once"), ("reject", "off")):
        turn(http, server, fault, state)
        texts = read_page(http, server, language).texts
        screen.add("\n".join(texts[each] for each in ("on", "fault-reject", "fault-slow")))
    screen.check()


def test_the_call_of_a_report(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON, and as a command that gets the same answer again; neither has the password or a token."""
    server = make_server()
    report = check_in({"guest.surname": "O'NEILL $(x) `y`"})
    [answer] = send(server, report)
    page = bare.get(server.page_url, timeout=20).text
    assert server.password not in page
    request, shown, curl = (unescape(each) for each in re.findall("<pre>(.*?)</pre>", page, re.DOTALL))
    assert (json.loads(request), json.loads(shown)) == (report, answer)
    monkeypatch.setenv("APOA_USERNAME", server.username)
    monkeypatch.setenv("APOA_PASSWORD", server.password)
    if shutil.which("curl") is not None and shutil.which("sh") is not None:
        done = subprocess.run(["sh", "-c", curl], capture_output=True, encoding="utf-8", check=True)
        assert json.loads(done.stdout) == {"results": [answer]}


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
    assert "Waiting for a decision" in read_page(http, server).stays[0]
    for each in (report, old):
        decided = http.get(f"{server.base_url}/reports/{each['id']}", timeout=20).json()
        assert decided["status"] == "accepted"
    (stay,) = read_page(http, server).stays
    assert "Accepted" in stay
    assert "LATIHAN-2026-000001" in stay


@pytest.mark.parametrize(
    ("check_in_at", "changes", "words"),
    [
        ("2026-11-23T13:00:00+07:00", {}, None),
        ("2026-11-24T16:15:00+07:00", {"guest.sex": "Z"}, "and 20 h 0 min were left."),
        ("2026-11-23T20:30:00+07:00", {"guest.sex": "Z"}, "and 15 minutes were left."),
        ("2026-11-23T16:15:00+07:00", {"guest.sex": "Z"}, "4 h 0 min past the deadline."),
        ("2026-11-24T16:15:00", {"guest.sex": "Z"}, None),
    ],
)
def test_the_deadline_clock(
    make_server: Make,
    send: Send,
    bare: requests.Session,
    check_in: Report,
    clock: list[datetime],
    check_in_at: str,
    changes: Json,
    words: str | None,
) -> None:
    """A check-in that was not accepted has a deadline, by when it was made, until another of its stay is accepted."""
    server = make_server()
    created_at = clock[0].isoformat()
    report = check_in({"stay.check_in": check_in_at, **changes}, created_at=created_at)
    clock[0] += timedelta(hours=3)
    send(server, report)
    page = read_page(bare, server)
    assert "within 24 hours" in bare.get(server.page_url, headers={"Accept-Language": "en"}, timeout=20).text
    none = "No check-in that arrived waits to be reported again."
    if words is None:
        assert page.texts["deadlines"] == none
    else:
        sentence = f"Not reported yet: this check-in was not accepted, {words}"
        assert page.texts["deadlines"] == f"SMITHSON JANE ANN {sentence}"
        assert sentence in page.stays[0]
    send(server, check_in(stay_id=report["stay_id"]))
    assert read_page(bare, server).texts["deadlines"] == none


def test_hostile_text_is_only_text(make_server: Make, send: Send, bare: requests.Session, check_in: Report) -> None:
    """A guest's name cannot become a tag, a value that is no text is not shown, and no date breaks the page."""
    server = make_server()
    evil = '<script src=//x></script>"&{0}\ud800'
    send(server, check_in({"guest.surname": evil, "guest.given_names": ["x"], "stay.room": evil}, kind=evil))
    send(server, check_in(guest="no object"), check_in(guest=None), check_in(stay_id=7), check_in(stay_id=None))
    send(server, check_in({"stay.check_in": "9999-12-31T23:59:00-23:59"}))
    page = read_page(bare, server)
    assert page.values("script", "src") == [f"/received/{server.page_url.rpartition('/')[2]}/page.js"]
    assert len(page.stays) == 6
    assert page.stays[-1].startswith('<script src=//x></script>"&{0}? Room <script')
    assert "Unknown kind of report" in page.stays[-1]
    assert page.stays[-2].startswith("Guest without a name")


def test_the_newest_only(check_in: Report) -> None:
    """The page of a long-running authority is limited in size; what is logged by mistake shows no guest."""
    page, report = Page("Wisma Melati", 24, Faults(), is_shown=True), check_in()
    for number in range(MAX_REPORTS + 5):
        page.add(report, Result(str(number), "accepted"), datetime(2026, 11, 24, 13, 15, tzinfo=UTC))
    page.change("unknown", has_photo=True)
    (stay,) = page.stays()
    assert [each.key for each in stay] == [str(5 + number) for number in range(MAX_REPORTS)]
    assert "SMITHSON" not in repr(stay)


def test_each_change_is_counted(make_server: Make, send: Send, bare: requests.Session, check_in: Report) -> None:
    """The page's script asks for the number alone, which holds no personal data, and goes on after a restart."""
    server = make_server()

    def changes() -> str:
        return bare.get(f"{server.page_url}/changes", timeout=20).text

    assert changes() == "0"
    send(server, check_in())
    turn(bare, server, "lost", "once")
    assert changes() == "2"
    assert 'data-changes="2"' in bare.get(server.page_url, timeout=20).text
    server.stop()
    server.start()
    assert changes() == "2"


def test_the_page_of_another_run(make_server: Make, bare: requests.Session) -> None:
    """Other accounts of this computer can connect, and cannot guess the page's address: it is new in each run."""
    server, other, without = make_server(), make_server(), make_server(page=False)
    here = f"http://127.0.0.1:{server.port}"
    tokens = [each.page_url.rpartition("/")[2] for each in (server, other)]
    assert tokens[0] != tokens[1]
    for guess in ("", "/", "/received", "/received/", f"/received/{tokens[1]}", f"/received/{tokens[0][:-1]}"):
        for part in ("", "/page.css", "/changes", "/page.js"):
            assert bare.get(here + guess + part, timeout=20).status_code == 404
    assert bare.post(f"{here}/received/{tokens[1]}/faults", timeout=20).status_code == 404
    for url in (f"{here}/received/%c3%a9", without.page_url, f"{without.page_url}x"):
        assert bare.get(url, timeout=20).headers["Content-Type"] == "application/problem+json"


def test_turning_a_fault_on_and_off(make_server: Make, bare: requests.Session) -> None:
    """The browser is sent back to the page."""
    server = make_server()
    answer = turn(bare, server, "slow", "on")
    assert answer.status_code == 303
    assert answer.headers["Location"] == server.page_url.removeprefix(f"http://127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_no_other_site_turns_faults_on(make_server: Make, bare: requests.Session, headers: dict[str, str]) -> None:
    """A form of another site is refused even with the right address."""
    server = make_server()
    bare.headers.update(headers)
    assert turn(bare, server, "lost", "on").status_code == 403
    assert read_page(bare, server).texts["on"] == "No fault is on."


def test_only_forms_that_the_page_has(make_server: Make, bare: requests.Session) -> None:
    """A fault or a state that the page does not offer is refused, and so is a long or another body."""
    server = make_server()
    for name, state, status in (("401", "on", 400), ("lost", "maybe", 400), ("lost", "x" * 5000, 413)):
        assert turn(bare, server, name, state).status_code == status
    assert bare.post(f"{server.page_url}/faults", json={}, timeout=20).status_code == 400
    assert bare.get(f"{server.page_url}/faults", timeout=20).status_code == 405


def post(http: requests.Session, server: SandboxServer, *reports: Json) -> requests.Response:
    return http.post(f"{server.base_url}/reports", json={"reports": reports}, timeout=20)


def test_once_is_one_call(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """One call gets 503 with a time to wait, other calls none, and the page says that the fault is off again."""
    server = make_server()
    http = log_in(server)
    turn(http, server, "503", "once")
    assert http.get(f"{server.base_url}/meta", timeout=20).status_code == 200
    answer = post(http, server, check_in())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert read_page(http, server).texts["on"] == "No fault is on."
    assert post(http, server, check_in()).status_code == 200


def test_decide_later(make_server: Make, log_in: LogIn, send: Send, check_in: Report) -> None:
    """While it is on no report gets a verdict, also when it is asked for; once it is off, asking decides."""
    server = make_server()
    http = log_in(server)
    turn(http, server, "pending", "on")
    report = check_in()
    url = f"{server.base_url}/reports/{report['id']}"
    assert send(server, report)[0]["status"] == "pending"
    assert http.get(url, timeout=20).json()["status"] == "pending"
    turn(http, server, "pending", "off")
    assert http.get(url, timeout=20).json()["status"] == "accepted"


def test_the_script_comes_first(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """A step of the script is used before a fault of the page, which then applies to each later call."""
    server = make_server(faults="503")
    http = log_in(server)
    turn(http, server, "reject", "on")
    assert post(http, server, check_in()).status_code == 503
    for _ in range(2):
        (result,) = post(http, server, check_in()).json()["results"]
        assert [error["code"] for error in result["errors"]] == ["training"]
