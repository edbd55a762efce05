"""What the checks say and send, and servers that conform: the sandbox, which passes all of them, and Prism."""

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from sandbox_helpers import LIMITS, PASSWORD, USERNAME, Suite, failed, now

from apoa_client.cli.documents.conformance_page import CHAPTERS
from apoa_client.conformance.check import Check, CheckResult, Result
from apoa_client.conformance.checks import CHECKS, LAST, OPENING
from apoa_client.conformance.checks.receipts import PHOTO, _photo
from apoa_client.conformance.exchange import _shown_body
from apoa_client.conformance.samples import Samples
from apoa_client.errors import ApoaError, UsageProblem
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.sandbox.faults import POSSIBLE, Route
from apoa_client.sandbox.server import SandboxServer

ALL = (*OPENING, *CHECKS, LAST)


@pytest.mark.parametrize("check", ALL, ids=lambda each: each.id)
def test_its_paragraph_is_in_the_contract(check: Check) -> None:
    """A change of the contract that loses the paragraph is found here."""
    assert check.paragraph.text.startswith(check.paragraph.start)
    assert check.paragraph.text


def test_ids() -> None:
    """Each is used once, and its chapter has a heading on the page; the chapters come one after the other."""
    ids = [each.id for each in ALL]
    assert len(ids) == len(set(ids))
    chapters = [each.partition(".")[0] for each in ids]
    assert list(dict.fromkeys(chapters)) == list(CHAPTERS)
    assert chapters == sorted(chapters, key=list(CHAPTERS).index)


def test_good_reports_say_that_this_is_a_test() -> None:
    """By the guest's name; each has another document."""
    samples = Samples(now, secrets.token_bytes)
    first, full = samples.check_in(), samples.full_check_in()
    for each in (first, full):
        assert (each["guest"]["surname"], each["guest"]["given_names"]) == ("APOA", "TEST")
    assert first["guest"]["document"]["number"] != full["guest"]["document"]["number"]


@pytest.mark.parametrize("length", [len(PHOTO), len(PHOTO) + 10, MAX_PHOTO_BYTES, MAX_PHOTO_BYTES + 1])
def test_photos_are_photos(length: int) -> None:
    """Any program opens them, of each size, and they have no place and no other data of a camera."""
    image = pytest.importorskip("PIL.Image")
    photo = _photo(length)
    assert len(photo) == length
    with image.open(BytesIO(photo)) as opened:
        opened.load()
        assert (opened.size, opened.format) == ((8, 8), "JPEG")
        assert not opened.getexif()


def everything(results: dict[str, CheckResult]) -> str:
    return repr([each.exchanges for each in results.values()])


def test_no_secret_is_recorded(
    suite: Suite, serve: Callable[..., SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the password nor a token, in the header or in the answer."""
    tokens = iter(f"geheim-{number}" for number in range(100))
    monkeypatch.setattr("apoa_client.sandbox.service.secrets.token_urlsafe", lambda _size: next(tokens))
    shown = everything(suite(serve().base_url, {"session", "reports", "receipts"}))
    assert "POST /oauth/token" in shown
    assert "Basic ***" in shown
    assert "Bearer ***" in shown
    for member in ("id", "property"):  # the sandbox's id of the property is the username
        shown = shown.replace(f'"{member}": "{USERNAME}"', "")
    assert not {word for word in ("geheim", PASSWORD, USERNAME) if word in shown}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b'{"a": "\xc3\xa9"}', '{"a": "é"}'),
        (b"\xff\xd8\xff", "[binary: 3 bytes]"),
        (b'{"access_token":"se\\"cret", "b": 1}', '{"access_token":"***", "b": 1}'),
    ],
)
def test_bodies(body: bytes, shown: str) -> None:
    """A text as it is but for tokens, and the length of anything else."""
    assert _shown_body(body) == shown


_NEED_MORE = {
    "reports.duplicate",
    "photos.unwanted",
    "restart.during_batch",
    "accounts.apart",
    "closing.retry_after",
}
"""Skipped for a server that looks for no duplicates, wants photos, has daily receipts, is not restarted, has one
account, and is never busy."""

MAX_RECEIPTS = 140


def test_the_sandbox_passes(suite: Suite, tmp_path: Path) -> None:
    """Every check passes but for those that need another kind of server, and nothing is waited for.

    Each stay whose check-in was accepted has an accepted cancellation, and a run does not fill the account's day. What
    an earlier run left fails no later one.
    """
    file = tmp_path / "sandbox.db"
    with SandboxServer(file, username=USERNAME, password=PASSWORD, now=now, limits=LIMITS) as server:
        results = suite(server.base_url)
        assert {name for name, each in results.items() if each.result is not Result.PASSED} == _NEED_MORE
        assert {results[name].result for name in _NEED_MORE} == {Result.SKIPPED}
        assert failed(suite(server.base_url, {"reports", "stays", "idempotency", "closing"})) == set()
        assert suite.waits == []
    with closing(sqlite3.connect(file)) as database:
        query = "SELECT stay_id FROM reports WHERE kind = ? AND status = 'accepted'"
        check_ins, cancels = (set(database.execute(query, (kind,))) for kind in ("check_in", "cancel"))
        (accepted,) = database.execute("SELECT count(*) FROM reports WHERE status = 'accepted'").fetchone()
    assert check_ins
    assert check_ins <= cancels
    assert accepted <= 2 * MAX_RECEIPTS


def stopped_for_a_while(suite: Suite, server: SandboxServer) -> Callable[[], None]:
    """What stops a server, starts it when the suite has noticed, and returns."""

    def restart() -> None:
        server.stop()
        before = suite.sent()
        while suite.sent() < before + 3:
            pass
        server.start()

    return restart


def test_a_restart_during_a_batch(suite: Suite, tmp_path: Path) -> None:
    """The server is stopped and started while the batch is sent, and the receipts are the same."""
    with SandboxServer(tmp_path / "sandbox.db", username=USERNAME, password=PASSWORD, now=now) as server:
        suite.restart = stopped_for_a_while(suite, server)
        results = suite(server.base_url, {"restart"})
    assert results["restart.during_batch"].result is Result.PASSED


def test_a_restart_that_was_none(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """A server that answers all the time was not restarted, so nothing is known about it."""
    suite.restart = lambda: None
    found = suite(serve().base_url, {"restart"})["restart.during_batch"]
    assert found.result is Result.FAILED
    assert found.reason is not None
    assert "never gone" in found.reason.render()


def test_a_restart_that_forgets(suite: Suite) -> None:
    """A server that keeps its reports in memory alone issues other receipts, and fails."""
    with SandboxServer(None, username=USERNAME, password=PASSWORD, now=now) as server:
        suite.restart = stopped_for_a_while(suite, server)
        results = suite(server.base_url, {"idempotency.same_body", "restart"})
    assert failed(results) == {"restart.during_batch"}
    reason = results["restart.during_batch"].reason
    assert reason is not None
    assert "unknown now" in reason.render()


def test_a_production_server_is_refused(suite: Suite, tmp_path: Path) -> None:
    """Before any report is sent."""
    file = tmp_path / "sandbox.db"
    production = SandboxServer(file, username=USERNAME, password=PASSWORD, now=now, environment="production")
    with production as server, pytest.raises(UsageProblem, match="production"):
        suite(server.base_url)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM reports").fetchone() == (0,)


def test_an_address_that_is_none(suite: Suite) -> None:
    """A wrong argument, not a wrong setting."""
    with pytest.raises(UsageProblem):
        suite("ftp://127.0.0.1/v1")


STATELESS = {
    "session.token",
    "session.meta",
    "session.grant_type",
    "reports.speed",
    "requests.no_list",
    "requests.unknown_member",
    "requests.content_type",
    "closing.token",
    "closing.internals",
}
"""What a mock can pass that answers with examples. It checks no password and no token, and has no store."""


@pytest.mark.prism
def test_prism_passes_what_needs_no_store(suite: Suite, prism_url: str) -> None:
    """The suite runs to its end, and each failure says why."""
    results = suite(prism_url)
    assert {name for name, each in results.items() if each.result is Result.PASSED} == STATELESS
    assert all(each.reason is not None for name, each in results.items() if name not in STATELESS)


TWO_CHECKS = {"reports.accepted", "closing.retry_after"}
"""Those of which the first makes the first call that sends a report."""

ALLOWED = ["ok", "slow=0.01", "429=7", "503=7", "401", "pending", "defer=7", "pending,result:defer=7", "token:503=7"]
"""Faults that the contract allows: a client waits, takes a new token, asks again, or sends again."""

WITHOUT_SECONDS = [*sorted(POSSIBLE[Route.REPORTS] - {each.partition("=")[0] for each in ALLOWED}), "503"]
BREAKING = dict.fromkeys(WITHOUT_SECONDS, "reports.accepted") | {"429": "closing.retry_after"}
"""Faults that break the contract, with the check that fails. A busy server must say for how long."""

ENDS = {
    "token:401": "wrong_password",
    "token:403": "account_suspended",
    "token:drop": "unknown_outcome",
    "token:lost": "unknown_outcome",
}
"""Faults of the first call of all, which end the test: the name of the error."""


@pytest.mark.parametrize("step", BREAKING)
def test_a_fault_that_breaks_the_contract(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """Exactly the check that meets it fails, and shows the request, the answer and the paragraph."""
    results = suite(serve(step).base_url, TWO_CHECKS)
    assert failed(results) == {BREAKING[step]}
    shown = results[BREAKING[step]]
    assert shown.reason is not None
    assert shown.paragraph.text
    assert suite.waits == ([2] if step == "429" else [])
    if step != "429":
        last = shown.exchanges[-1]
        assert last.request.line == "POST /reports"
        assert (last.answer is None) == (last.problem is not None)


@pytest.mark.parametrize("step", ALLOWED)
def test_a_fault_that_the_contract_allows(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """No check fails, and the time that the server asks for is waited."""
    results = suite(serve(step).base_url, TWO_CHECKS)
    assert failed(results) == set()
    assert suite.waits == ([7] if step.endswith("7") else [])
    busy = "429" in step or "503" in step
    assert results["closing.retry_after"].result is (Result.PASSED if busy else Result.SKIPPED)


@pytest.mark.parametrize("step", ENDS)
def test_a_fault_of_the_first_call(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """Without a token nothing can be tested: the error is that of any command."""
    with pytest.raises(ApoaError) as caught:
        suite(serve(step).base_url)
    assert caught.value.name == ENDS[step]


def test_many_faults_that_the_contract_allows(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """The suite, but for the rules of fields, passes on a server that is busy, decides later, and ends tokens."""
    script = "429=1,pending,defer=2,ok*3,401,503=3,pending*2,defer=1,result:429=1,meta:503=2,codes:401,photo:429=1"
    chapters = {each.id.partition(".")[0] for each in CHECKS} - {"rules"}
    assert failed(suite(serve(script, token_lifetime_s=3600).base_url, chapters)) == set()
    assert {1, 2, 3} <= set(suite.waits)


@pytest.mark.parametrize("script", ["codes:429=1*100", "codes:503=3600"])
def test_a_server_that_cannot_be_tested(suite: Suite, serve: Callable[..., SandboxServer], script: str) -> None:
    """Always busy, or for hours, which are not waited: the check is skipped, because this breaks nothing."""
    results = suite(serve(script).base_url, {"codes.tables"})
    assert results["codes.tables"].result is Result.SKIPPED
    assert 3600 not in suite.waits


def test_a_server_that_stops_answering(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """After three checks without an answer the rest is skipped, and the test reports may be left."""
    results = suite(serve("drop*1000").base_url)
    unanswered = [name for name, each in results.items() if each.result is Result.FAILED]
    assert unanswered == [
        *("session.no_token", "reports.accepted", "reports.all_members", "reports.all_codes"),
        "closing.cancelled",
    ]
    assert results["idempotency.same_body"].result is Result.SKIPPED


def test_an_account_that_is_suspended_meanwhile(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """Its password is tried once more, and then no more, because many attempts could lock the account."""
    results = suite(serve("token:ok,token:401*1000,codes:401*1000").base_url, {"codes"})
    assert failed(results) == {"codes.tables"}
    assert {each.result for name, each in results.items() if name.startswith("codes.")} == {
        Result.FAILED,
        Result.SKIPPED,
    }
    asked = [each.request.line for result in results.values() for each in result.exchanges]
    assert asked.count("POST /oauth/token") == 2
