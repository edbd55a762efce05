"""The page: what it shows, in both languages, who may see it, and who may turn faults on."""

import json
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from html import unescape

import pytest
import requests
from training_page import Json, LogIn, Make, ReadPage, Report, Send, read_page, turn

from apoa_client.locale import LANGUAGES
from apoa_client.sandbox import page_texts
from apoa_client.sandbox.fault_injection import NAMES


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_says_training_and_loads_its_own_files_only(
    make_server: Make, bare: requests.Session, language: str
) -> None:
    """It is visibly not Immigration; nothing comes from elsewhere, it cannot be framed, and is not cached."""
    server = make_server(property_name="Wisma <Melati>")
    answer = bare.get(server.page_url, params={"lang": language}, timeout=20)
    page = ReadPage(answer.text)
    assert "LATIHAN / TRAINING &mdash; bukan Imigrasi / not Immigration" in answer.text
    assert "Wisma &lt;Melati&gt;" in answer.text
    assert page.values("html", "lang") == [language]
    path = server.page_url.removeprefix(f"http://127.0.0.1:{server.port}")
    assert page.values("script", "src") == [f"{path}/page.js"]
    assert page.values("link", "href") == [f"{path}/page.css"]
    assert set(page.values("form", "action")) == {f"{path}/faults"}
    assert not {name for _tag, each in page.attributes for name in each} & {"onload", "onclick", "style"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(each.split(" ", 1) for each in answer.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        **dict.fromkeys(("script-src", "style-src", "connect-src", "form-action"), "'self'"),
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


def test_language(make_server: Make, bare: requests.Session) -> None:
    """The browser's without a choice, else Indonesian; each page links to itself in the other language."""
    server = make_server()
    pages = [bare.get(server.page_url + query, timeout=20).text for query in ("", "?lang=fr", "?lang=id")]
    assert len(set(pages)) == 1
    assert "Laporan yang masuk" in pages[0]
    for wanted, heading in (("en-US,en;q=0.9", "Reports"), ("id-ID,id;q=0.9,en;q=0.8", "Laporan"), ("fr", "Laporan")):
        answer = bare.get(server.page_url, headers={"Accept-Language": wanted}, timeout=20)
        assert ReadPage(answer.text).texts["reports-heading"].startswith(heading)
    english = read_page(bare, server, "en")
    assert "Reports received" in english.texts["reports"]
    assert {"?lang=id", "?lang=en"} <= set(english.values("a", "href"))


def test_stays_newest_first_with_their_stories(
    make_server: Make,
    send: Send,
    bare: requests.Session,
    check_in: Report,
    follow_up: Report,
    clock: list[datetime],
) -> None:
    """A stay has its reports in order, each with verdict, receipt and time; one with a new report moves to the top."""
    server = make_server()
    report, other = check_in(), check_in({"guest.surname": "ROSSI", "guest.document.number": "YA1234567"})
    send(server, report, other)
    clock[0] += timedelta(minutes=5)
    send(server, follow_up(report, "amend", guest={**report["guest"], "surname": "SMITHSONIAN"}))
    send(server, follow_up(report, "check_out"))
    send(server, follow_up(report, "cancel"))
    newest, older = read_page(bare, server).stays
    assert newest.startswith(
        "SMITHSONIAN JANE ANN Room Melati 7 Cancellation Accepted 24 Nov 2026 20:20 WIB LATIHAN-2026"
    )
    story = "Check-in 24 Nov 2026 20:15 WIB Accepted Receipt LATIHAN-2026-000001, issued 24 Nov 2026 20:15 WIB .*"
    for kind, number in (("Correction", 3), ("Check-out", 4), ("Cancellation", 5)):
        story += f"{kind} 24 Nov 2026 20:20 WIB Accepted Receipt LATIHAN-2026-00000{number}, issued .*"
    assert re.search(story, newest)
    assert report["id"] in newest
    assert report["stay_id"] in newest
    assert older.startswith("ROSSI JANE ANN")


def test_refused_report_with_errors_in_words(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report
) -> None:
    """Field and problem in the reader's language, with the contract's own names for developers."""
    server = make_server()
    send(server, check_in({"guest.sex": "Z", "stay.check_in": "2026-11-23T08:00:00+07:00", "stay.purpose": None}))
    (english,), (indonesian,) = (read_page(bare, server, language).stays for language in ("en", "id"))
    assert "Refused" in english
    assert "No receipt" in english
    assert "Sex: This is not one of the values that the contract allows. guest.sex unknown_value" in english
    assert "Jenis kelamin: Ini " in indonesian


def test_the_call_of_a_report(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON, and as a command that gets the same answer again; neither has the password or a token."""
    server = make_server()
    report = check_in({"guest.surname": "O'NEILL $(x) `y`"})
    [answer] = send(server, report)
    page = bare.get(server.page_url, timeout=20).text
    assert server.password not in page
    request, shown, curl = (unescape(each) for each in re.findall("<pre[^>]*>(.*?)</pre>", page, re.DOTALL))
    assert (json.loads(request), json.loads(shown)) == (report, answer)
    monkeypatch.setenv("APOA_USERNAME", server.username)
    monkeypatch.setenv("APOA_PASSWORD", server.password)
    if shutil.which("curl") is not None and shutil.which("sh") is not None:
        done = subprocess.run(["sh", "-c", curl], capture_output=True, encoding="utf-8", check=True)
        assert json.loads(done.stdout) == {"results": [answer]}


def test_every_fault_has_words() -> None:
    """Each one that the page offers."""
    assert {*NAMES} == page_texts.FAULT_NAMES.keys() == page_texts.FAULT_EXPLANATIONS.keys()


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
        http.get(f"{server.base_url}/reports/{each['id']}", timeout=20)
    (stay,) = read_page(http, server).stays
    assert "Accepted" in stay
    assert "LATIHAN-2026-000001" in stay


def test_page_says_which_photos_arrived(make_server: Make, send: Send, log_in: LogIn, check_in: Report) -> None:
    """Also after the report is sent again, which is counted and does not move it."""
    server = make_server()
    report, other = (check_in({"guest.document.number": f"X{number}"}) for number in range(2))
    send(server, report, other)
    url, headers = f"{server.base_url}/reports/{report['id']}/photo", {"Content-Type": "image/jpeg"}
    answer = log_in(server).put(url, data=b"\xff\xd8\xff\xd9", headers=headers, timeout=20)
    assert answer.status_code == 200
    send(server, report)
    newer, older = read_page(log_in(server), server).stays
    assert "A photo of the passport arrived." in older
    assert "It was sent 1 more time, and counts once." in older
    assert "photo" not in newer


@pytest.mark.parametrize(
    ("check_in_at", "changes", "words"),
    [
        ("2026-11-24T16:10:00+07:00", {}, "In time: 4 h 5 min after arrival."),
        ("2026-11-24T19:50:00+07:00", {}, "In time: 25 minutes after arrival."),
        ("2026-11-24T20:14:30+07:00", {}, "In time: 0 minutes after arrival."),
        ("2026-11-24T21:30:00+07:00", {}, "In time: 1 h 15 min before arrival."),
        ("2026-11-23T13:00:00+07:00", {}, "Late: 31 h 15 min after arrival, 7 h 15 min past the deadline."),
        (
            "2026-11-24T16:15:00+07:00",
            {"guest.sex": "Z"},
            "Not reported yet: this check-in was not accepted, and 20 h 0 min were left.",
        ),
        (
            "2026-11-23T16:15:00+07:00",
            {"guest.sex": "Z"},
            "Not reported yet: this check-in was not accepted, 4 h 0 min past the deadline.",
        ),
    ],
)
def test_the_deadline_clock(
    make_server: Make,
    send: Send,
    bare: requests.Session,
    check_in: Report,
    check_in_at: str,
    changes: Json,
    words: str,
) -> None:
    """Each check-in says how long after the arrival it was made; one that was refused, what was left of the window."""
    server = make_server()
    report = check_in({"stay.check_in": check_in_at, **changes}, created_at="2026-11-24T20:15:00+07:00")
    send(server, report)
    page = read_page(bare, server)
    assert words in page.stays[0]
    # A deadline is shown only of what is not accepted.
    assert (words in page.texts.get(f"clock-{report['id']}", "")) is bool(changes)
    assert "within 24 hours" in page.texts["deadline"]


def test_a_corrected_check_in_stops_the_clock(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report, clock: list[datetime]
) -> None:
    """Of a refused check-in and the one that was accepted after it, the second counts."""
    server = make_server()
    refused = check_in({"guest.sex": "Z"})
    send(server, refused)
    clock[0] += timedelta(hours=1)
    send(server, check_in(stay_id=refused["stay_id"], created_at=clock[0].isoformat()))
    (stay,) = read_page(bare, server).stays
    assert "In time: 1 h 25 min after arrival." in stay


def test_a_report_of_a_house_without_internet_is_in_time(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report, clock: list[datetime]
) -> None:
    """When it was made counts, as for the warning `late`, and not when it came."""
    server = make_server()
    clock[0] += timedelta(hours=30)
    [result] = send(server, check_in())
    assert result["warnings"] == []
    assert "In time: 24 minutes after arrival." in read_page(bare, server).stays[0]


def test_hostile_text_is_only_text(make_server: Make, send: Send, bare: requests.Session, check_in: Report) -> None:
    """A guest's name cannot become a tag, a value that is no text is not shown, and no date breaks the page."""
    server = make_server()
    evil = '<script src=//x></script>"&{0}\ud800'
    send(server, check_in({"guest.surname": evil, "guest.given_names": ["x"], "stay.room": evil}, kind=evil))
    send(server, check_in(guest="no object"), check_in(guest=None), check_in(stay_id=7), check_in(stay_id=None))
    send(
        server,
        check_in({"stay.check_in": "9999-12-31T23:59:00-23:59"}),
        check_in({"stay.check_in": "0001-01-01T00:00+14:00"}),
    )
    stays = read_page(bare, server).stays
    assert len(stays) == 7
    assert stays[-1].startswith('<script src=//x></script>"&{0}? Room <script')
    assert "Unknown kind of report" in stays[-1]
    assert stays[-2].startswith("Guest without a name")


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
    server, other = make_server(), make_server()
    here = f"http://127.0.0.1:{server.port}"
    tokens = [each.page_url.rpartition("/")[2] for each in (server, other)]
    assert tokens[0] != tokens[1]
    for guess in ("", "/", "/received", "/received/", f"/received/{tokens[1]}", f"/received/{tokens[0][:-1]}"):
        for part in ("", "/changes", "/page.js"):
            assert bare.get(here + guess + part, timeout=20).status_code == 404
    assert bare.post(f"{here}/received/{tokens[1]}/faults", timeout=20).status_code == 404
    answer = bare.get(here + "/received/%c3%a9", timeout=20)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_without_the_page(make_server: Make, bare: requests.Session) -> None:
    """A training property's server, inside a command, has no page."""
    server = make_server(page=False)
    for url in (server.page_url, f"{server.page_url}x", f"{server.page_url}/changes"):
        assert bare.get(url, timeout=20).status_code == 404


def test_turning_a_fault_on_and_off(make_server: Make, bare: requests.Session) -> None:
    """The browser is sent back to the page in its language, which says what is on and how long."""
    server = make_server()
    answer = turn(bare, server, "slow", "on", seconds="15")
    assert answer.status_code == 303
    assert answer.headers["Location"] == server.page_url.removeprefix(f"http://127.0.0.1:{server.port}") + "?lang=en"
    turn(bare, server, "reject", "once")
    turn(bare, server, "503", "once")
    texts = read_page(bare, server).texts
    assert texts["on-slow"] == "Be slow, 15 seconds: On until turned off"
    assert texts["on-reject"] == "Refuse a guest: On for the next report"
    assert texts["fault-503"].startswith("Be busy On for the next report")
    assert texts["fault-lost"].startswith("Lose the answer Off")
    for name in ("slow", "503", "reject", "lost"):
        turn(bare, server, name, "off")
    assert read_page(bare, server).texts["on"] == "No fault is on."


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
    """A form of another site is refused even with the right address and key."""
    server = make_server()
    bare.headers.update(headers)
    answer = turn(bare, server, "lost", "on")
    assert answer.status_code == 403
    assert read_page(bare, server).texts["on"] == "No fault is on."


def test_only_the_pages_own_form_turns_faults_on(make_server: Make, bare: requests.Session) -> None:
    """It is refused without the key, with another run's key, and with a fault that the page does not offer."""
    server = make_server()
    bare.headers["Origin"] = f"http://127.0.0.1:{server.port}"
    assert turn(bare, server, "lost", "on", key="").status_code == 403
    assert turn(bare, server, "lost", "on", key="é").status_code == 403
    for name, state, fields in (("401", "on", {}), ("lost", "maybe", {}), ("slow", "on", {"seconds": "3600"})):
        assert turn(bare, server, name, state, **fields).status_code == 400
    assert turn(bare, server, "slow", "on").status_code == 400
    assert turn(bare, server, "reject", "on", more="x" * 5000).status_code == 413
    assert bare.post(f"{server.page_url}/faults", json={}, timeout=20).status_code == 400
    assert bare.get(f"{server.page_url}/faults", timeout=20).status_code == 405
    assert turn(bare, server, "lost", "on").status_code == 303
