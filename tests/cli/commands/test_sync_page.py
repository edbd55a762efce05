"""The page from which staff copy into APOA, over real HTTP: who may see it, what it shows, and how it ends."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from queue import Queue
from threading import Event
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from app_helpers import app_of
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa
from outbox_helpers import report, uuid

from apoa_client.app.by_hand_page import IDLE, ByHandPage
from apoa_client.cli.documents.by_hand import page_files
from apoa_client.cli.terminal.language import set_language
from apoa_client.delivery.plan import LEASE
from apoa_client.desk.by_hand import ByHand
from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.ports.entries import NewReport
from apoa_client.report.kinds import State


@contextmanager
def served(apoa: Apoa, *, as_browser: bool = False) -> Iterator[SimpleNamespace]:
    """Serve the page in another thread. Its `url` is the user's, or the one with which a browser is started.

    At the end, `recorded` is the number of reports that were closed, and `messages` is what the page says. A visitor
    who leaves reports behind leaves the page idle, which ends it.
    """
    set_language("en")
    addresses: Queue[str] = Queue()
    run = SimpleNamespace()

    def serve() -> None:
        with closing(app_of(apoa.home, apoa.clock, "melati")) as app:
            page = ByHandPage(app, page_files(app))
            page.serve(lambda url, once: addresses.put(once if as_browser else url))
            run.recorded, run.messages = page.recorded, [each.render() for each in page.messages]

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(serve)
        try:
            run.url = addresses.get(timeout=20)
            yield run
        finally:
            apoa.clock.forward(IDLE)
        ended.result(timeout=20)


class Browser:
    """A browser that has exchanged the token of an address."""

    def __init__(self, url: str) -> None:
        self.http = requests.Session()
        self.origin, _fragment, token = url.partition("/#")
        self.entered = self.http.post(f"{self.origin}/enter", data=token, timeout=5)
        self.base = self.origin + self.entered.text

    def get(self, part: str = "", **headers: str) -> requests.Response:
        return self.http.get(self.base + part, headers=headers, timeout=5)

    def post(self, part: str, **form: str) -> requests.Response:
        return self.http.post(self.base + part, data=form, timeout=5)

    def page(self) -> str:
        return self.get().text

    def save(self, number: str) -> str:
        """Send the form of the report that is shown, and return the page that follows."""
        report_id = value_of(self.page(), "report")
        answer = self.post("number", report=report_id, number=number, do="save")
        assert answer.status_code == 200
        return answer.text


def value_of(page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


class TestAccess:
    """Who sees the reports."""

    def test_the_address_of_a_started_browser(self, manual: Apoa) -> None:
        """It is valid once: another user of the computer who sees the process cannot enter after the browser has."""
        manual.save()
        with served(manual, as_browser=True) as run:
            assert Browser(run.url).entered.status_code == 200
            assert Browser(run.url).entered.status_code == 403

    def test_only_with_the_token(self, manual: Apoa) -> None:
        """Without it no path shows anything of a guest; the token is never part of a request's path."""
        manual.save()
        with served(manual) as run:
            bare = requests.Session()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#[\w-]{20,}", run.url)
            answers = [bare.get(run.url, timeout=5)]
            browser = Browser(run.url)
            path = urlsplit(browser.base).path
            answers += [bare.get(browser.base + part, timeout=5) for part in ("", "photo", "alive", "number")]
            answers += [bare.post(browser.base + part, timeout=5) for part in ("number", "used")]
            answers += [bare.post(f"{browser.origin}/enter", data=data, timeout=5) for data in ("", path, b"\xff")]
            answers += [
                requests.get(browser.base, cookies={each.name: "x"}, timeout=5) for each in browser.http.cookies
            ]
            assert {each.status_code for each in answers} == {403}
            assert not [word for word in QUENTIN.words for each in answers if word in each.text]
            assert QUENTIN.surname in browser.page()

    def test_another_host_or_origin_is_refused(self, manual: Apoa) -> None:
        """A web site cannot make its name point here, nor send anything from its own pages."""
        manual.save()
        with served(manual) as run:
            browser = Browser(run.url)
            token = run.url.partition("#")[2]
            for headers, status in (
                ({"Host": "evil.example:80"}, 421),
                ({"Origin": "https://evil.example"}, 403),
                ({"Origin": "http://127.0.0.1:1"}, 403),
                ({"Origin": "null"}, 403),
                ({"Sec-Fetch-Site": "cross-site"}, 403),
                ({"Sec-Fetch-Site": "same-site"}, 403),
            ):
                assert browser.get(**headers).status_code == status
                again = requests.post(f"{browser.origin}/enter", data=token, headers=headers, timeout=5)
                assert (again.status_code, again.cookies.get_dict()) == (status, {})
            own = {"Origin": browser.origin, "Sec-Fetch-Site": "same-origin"}
            assert browser.get(**own).status_code == 200

    def test_headers(self, manual: Apoa) -> None:
        """No inline script, no frame, nothing kept; the cookie is read by no script and sent to no other path."""
        manual.save()
        with served(manual) as run:
            browser = Browser(run.url)
            cookie = browser.entered.headers["Set-Cookie"]
            path = urlsplit(browser.base).path
            assert {"HttpOnly", "SameSite=Strict", f"Path={path}"} <= set(cookie.split("; "))
            assert not {"Expires", "Max-Age"} & {part.partition("=")[0] for part in cookie.split("; ")}
            for answer in (
                browser.get(),
                browser.http.get(run.url, timeout=5),
                browser.http.get(f"{browser.origin}/page.js", timeout=5),
            ):
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'; script-src 'self'" in policy
                assert "frame-ancestors 'none'" in policy
            page = browser.page()
            assert not re.search(r"<script(?! src=)|<style| style=| on\w+=|https?:", page)
            assert browser.get("nothing").status_code == 404
            assert browser.post("number", number="1" * 5000).status_code == 400


class TestWork:
    """From one report to the next."""

    def test_reports_one_after_the_other(self, manual: Apoa) -> None:
        """The most urgent first; each gets its number; with the last one the page ends and says so."""
        for guest, hour in ((QUENTIN, "12"), (XIMENA, "10"), (OBADIAH, "11")):
            manual.save(guest, "--check-in", f"2026-11-24T{hour}:00")
        surnames: list[str] = []
        with served(manual) as run:
            browser = Browser(run.url)
            page = browser.page()
            for number in ("STT-0001", "STT-0002", "STT-0003"):
                surnames += re.findall(r'data-copy="([^"]*)"', page)[:1]
                page = browser.save(number)
                assert number in page
            assert "Everything is recorded." in page
        assert run.recorded == 3
        assert surnames == [XIMENA.surname, OBADIAH.surname, QUENTIN.surname]
        assert {state for _kind, state in manual.states()} == {"accepted"}

    def test_two_windows(self, manual: Apoa) -> None:
        """A form of an old window changes nothing: its answer shows the report that is next."""
        manual.save()
        manual.save(XIMENA)
        with served(manual) as run:
            first, second = Browser(run.url), Browser(run.url)
            old = value_of(second.page(), "report")
            first.save("STT-0001")
            assert XIMENA.surname in second.post("number", report=old, number="STT-0002", do="save").text
            second.save("STT-0003")
        assert run.recorded == 2
        assert [each["receipt"]["number"] for each in manual.reports()] == ["STT-0001", "STT-0003"]

    def test_the_photo(self, manual: Apoa) -> None:
        """The photo that is kept can be saved for APOA's own upload, under a name that says nothing of the guest."""
        jpeg = b"\xff\xd8\xff a page \xff\xd9"
        with closing(app_of(manual.home, manual.clock, "melati")) as app:
            app.outbox.add_all([NewReport(report(1), manual.clock.now() + timedelta(hours=1), photo=jpeg)])
        manual.save(XIMENA)
        with served(manual) as run:
            browser = Browser(run.url)
            assert 'href="photo"' in browser.page()
            answer = browser.get("photo")
            assert (answer.content, answer.headers["Content-Type"]) == (jpeg, "image/jpeg")
            assert answer.headers["Content-Disposition"] == f"attachment; filename={uuid(1)[-8:]}.jpg"
            assert 'href="photo"' not in browser.save("STT-0001")
            assert browser.get("photo").status_code == 404


class TestEnd:
    """How the page ends."""

    def test_fifteen_minutes_unused(self, manual: Apoa) -> None:
        """A look for the end is no use, a copied value is; then the report is free for others, as it was."""
        manual.save()
        before = manual.reports()
        with served(manual) as run:
            browser = Browser(run.url)
            for part, request in (("used", browser.post), ("", browser.get)):
                manual.clock.forward(IDLE - timedelta(seconds=1))
                assert request(part).ok
            manual.clock.forward(IDLE - timedelta(seconds=1))
            assert browser.get("alive").status_code == 204
        assert run.recorded == 0
        assert manual.reports() == before

    def test_a_lease_that_another_desk_took_over(self, manual: Apoa) -> None:
        """The number is not recorded, and the page says what happened."""
        saved = manual.save()
        with served(manual) as run:
            browser = Browser(run.url)
            assert browser.page()
            with closing(app_of(manual.home, manual.clock, "melati")) as app:
                now = manual.clock.now() + LEASE
                assert app.outbox.claim([saved["id"]], now=now, lease_until=now + LEASE)[1]
            assert "is being sent" in browser.save("STT-0001")
        assert (run.recorded, run.messages[0].endswith("finished in the meantime.")) == (0, True)
        with closing(app_of(manual.home, manual.clock, "melati")) as app:
            assert app.outbox.find(saved["id"])[0].state is State.SENDING

    def test_a_report_that_is_typed_slowly(self, manual: Apoa) -> None:
        """Other desks do not get it while the page shows it, however long that takes."""
        saved = manual.save()
        with served(manual) as run:
            browser = Browser(run.url)
            for _minute in range(3 * int(LEASE / timedelta(minutes=1))):
                manual.clock.forward(timedelta(minutes=1))
                assert all(browser.page() for _time in range(2))  # the lease is renewed between two answers
            with closing(app_of(manual.home, manual.clock, "melati")) as app:
                now = manual.clock.now()
                assert not app.outbox.claim([saved["id"]], now=now, lease_until=now + LEASE)[1]
            browser.save("STT-0001")
        assert run.recorded == 1

    def test_an_outbox_that_is_away_between_two_answers(self, manual: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """A lease that cannot be renewed now does not end the page in the middle of a report."""
        manual.save()
        failed = Event()

        def fail(*_arguments: object) -> None:
            failed.set()
            raise StorageProblem(msg("away"))

        with served(manual) as run:
            browser = Browser(run.url)
            monkeypatch.setattr(ByHand, "renew", fail)
            manual.clock.forward(timedelta(minutes=1))
            assert failed.wait(10)
            browser.save("STT-0001")
        assert run.recorded == 1
