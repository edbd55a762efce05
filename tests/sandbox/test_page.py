"""The page that shows the received reports."""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import requests

from apoa_client.sandbox.answers import Result
from apoa_client.sandbox.page import MAX_ROWS, ReceivedReports
from apoa_client.sandbox.server import SandboxServer

Json = dict[str, Any]
Make = Callable[..., SandboxServer]
Send = Callable[..., list[Json]]
Report = Callable[..., Json]


class _Table(HTMLParser):
    """The cells of a page's table, and all its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload"}
        if tag == "tr":
            self.rows.append([])
        self._inside = tag == "td"
        if self._inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def shown(bare: requests.Session, server: SandboxServer) -> list[list[str]]:
    return [row for row in _Table(bare.get(server.page_url, timeout=5).text).rows if row]


def test_page_says_training_and_loads_nothing(make_server: Make, bare: requests.Session) -> None:
    """It is visibly not Immigration; it loads nothing, runs no script, cannot be framed, and is not cached."""
    answer = bare.get(make_server(property_name="Wisma <Melati>").page_url, timeout=5)
    assert "LATIHAN / TRAINING &mdash; bukan Imigrasi / not Immigration" in answer.text
    assert "Wisma &lt;Melati&gt;" in answer.text
    assert '<meta http-equiv="refresh"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script" not in _Table(answer.text).tags


def test_page_shows_what_came_newest_first(
    make_server: Make, send: Send, bare: requests.Session, check_in: Report, follow_up: Report
) -> None:
    """Kind, guest, room, verdict and receipt; a check-out has the name of its check-in."""
    server = make_server()
    report = check_in()
    send(server, report, check_in({"guest.sex": "Z", "guest.document.number": 5}), follow_up(report, "check_out"))
    send(server, report)
    newest, refused, oldest = shown(bare, server)
    assert oldest == [
        "2026-11-24 20:15:00+07:00",
        "Check-in",
        "SMITHSON JANE ANN",
        "Melati 7",
        "Diterima / Accepted",
        "LATIHAN-2026-000001",
        "",
    ]
    assert newest[1:5] == ["Check-out", "SMITHSON JANE ANN", "Melati 7", "Diterima / Accepted"]
    assert refused[4].startswith("Ditolak / Rejected; guest.")
    assert "guest.sex unknown_value" in refused[4]
    assert refused[5] == ""


def test_page_follows_a_pending_report(
    make_server: Make, send: Send, log_in: Callable[[SandboxServer], requests.Session], check_in: Report
) -> None:
    """It shows the later verdict; a report that an earlier process received is not on the page."""
    earlier = make_server(faults="pending")
    old = check_in({"guest.document.number": "X1"})
    send(earlier, old)
    earlier.stop()
    server = make_server(faults="pending")
    report = check_in()
    send(server, report)
    http = log_in(server)
    assert shown(http, server)[0][4] == "Menunggu keputusan / Pending"
    for each in (report, old):
        http.get(f"{server.base_url}/reports/{each['id']}", timeout=5)
    (row,) = shown(http, server)
    assert row[4:] == ["Diterima / Accepted", "LATIHAN-2026-000001", ""]


def test_page_says_which_photos_arrived(
    make_server: Make, send: Send, log_in: Callable[[SandboxServer], requests.Session], check_in: Report
) -> None:
    """Also after the report is sent again. A report that an earlier process received is not on the page."""
    earlier = make_server()
    old, report, other = (check_in({"guest.document.number": f"X{number}"}) for number in range(3))
    send(earlier, old)
    earlier.stop()
    server = make_server()
    send(server, report, other)
    http = log_in(server)
    for each in (old, report):
        url, headers = f"{server.base_url}/reports/{each['id']}/photo", {"Content-Type": "image/jpeg"}
        assert http.put(url, data=b"\xff\xd8\xff\xd9", headers=headers, timeout=5).status_code == 200
    send(server, report)
    assert [row[6] for row in shown(http, server)] == ["", "Ada / Yes"]


def test_hostile_text_is_only_text(make_server: Make, send: Send, bare: requests.Session, check_in: Report) -> None:
    """A guest's name cannot become a tag, and a value that is no text is not shown."""
    server = make_server()
    evil = '<script src=//x></script>"&{0}'
    send(server, check_in({"guest.surname": evil, "guest.given_names": ["x"], "stay.room": evil}, kind=evil))
    send(server, check_in(guest="no object"), check_in(guest=None))
    blank, other, hostile = shown(bare, server)
    assert hostile[1:4] == [evil, evil, evil]
    assert other[2] == blank[2] == ""


def test_page_keeps_the_newest_only(check_in: Report) -> None:
    """The page of a long-running authority is limited in size, and so is its process."""
    received = ReceivedReports()
    for _ in range(MAX_ROWS + 5):
        report = check_in()
        received.add(report, Result(report["id"], "accepted"), "now")
    assert len([row for row in _Table(received.page("x")).rows if row]) == MAX_ROWS


def test_surrogates_do_not_break_the_page(check_in: Report) -> None:
    """A rejected report may have text that cannot be encoded."""
    received = ReceivedReports()
    report = check_in({"guest.surname": "\ud800"})
    received.add(report, Result(report["id"], "rejected"), "now")
    assert received.page("x").encode()
    assert "SMITHSON" not in repr(received._rows)


def test_rows_show_no_guest_in_their_repr(check_in: Report) -> None:
    """A row that is logged by mistake shows no name and no room."""
    received = ReceivedReports()
    report = check_in()
    received.add(report, Result(report["id"], "accepted"), "now")
    (row,) = received._rows.values()  # rows are private
    assert "SMITHSON" not in repr(row)
    assert "Melati 7" not in repr(row)


def test_without_the_page(make_server: Make, bare: requests.Session) -> None:
    """A training property's server, inside a command, has no page."""
    server = make_server(page=False)
    for url in (server.page_url, f"{server.page_url}x"):
        assert bare.get(url, timeout=5).status_code == 404


def test_the_page_of_another_run(make_server: Make, bare: requests.Session) -> None:
    """Other accounts of this computer can connect, and cannot guess the page's address: it is new in each run."""
    server, other = make_server(), make_server()
    here = f"http://127.0.0.1:{server.port}"
    tokens = [each.page_url.rpartition("/")[2] for each in (server, other)]
    assert tokens[0] != tokens[1]
    for guess in ("", "/", "/received", "/received/", f"/received/{tokens[1]}", f"/received/{tokens[0][:-1]}"):
        assert bare.get(here + guess, timeout=5).status_code == 404
    answer = bare.get(here + "/received/%c3%a9", timeout=5)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
