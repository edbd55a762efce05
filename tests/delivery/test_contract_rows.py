"""The contract's two tables, row by row, as whole runs: against the simulator, and over HTTP on the loopback interface.

`test_plan` tests the same tables as decisions, and `tests/authority` as answers. Here each row is one answer, and its
effect on the report, the run, later runs, `apoa status` and the exit code.

"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from basics import NOW, FixedClock
from cli_helpers import LANGUAGES, PASSWORD, XIMENA, Apoa, spoken
from delivery_helpers import Hotel, report
from delivery_wire import (
    BACKOFF,
    FAST_TIMEOUTS,
    HANG,
    ISSUED_AT,
    LOST,
    META,
    PORTAL,
    REDIRECT,
    SHORT_READ_TIMEOUT,
    Answer,
    HttpPlace,
    Place,
    Runs,
    ScriptedServer,
    SimulatorPlace,
    http_response,
    problem,
    result,
    results,
)
from outbox_helpers import finding, uuid
from report_helpers import OPENAPI

from apoa_client.authority.address import Timeouts
from apoa_client.delivery.options import Outcome
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    Exit,
    NotTheAuthority,
    TimedOut,
    TooLarge,
    UnknownOutcome,
    UnreadableAnswer,
    WrongPassword,
)
from apoa_client.messages import msg
from apoa_client.report.kinds import State
from apoa_client.report.model import to_json

# Results of a report: `{"results": [{"id", "status", "receipt", "errors", "warnings", "retry_after"}]}`.


@dataclass(frozen=True)
class Result:
    """One row: the status, and its effect on a report."""

    status: str
    members: dict[str, Any]
    state: State
    why: str | None
    exit: Exit
    done: bool
    """Whether it is never sent again."""
    waits_s: int = 0
    asked: bool = False
    receipt: bool = False
    errors: tuple[str, ...] = ()


TWO_ERRORS = [
    {"field": "guest.document.number", "code": "bad_length", "message": "Too short."},
    {"field": "stay.room", "code": "unknown", "message": "There is no such room."},
]
RESULTS = [
    Result("accepted", {}, State.ACCEPTED, None, Exit.DONE, done=True, receipt=True),
    Result("duplicate", {}, State.ACCEPTED, "duplicate", Exit.DONE, done=True, receipt=True),
    Result("pending", {}, State.PENDING, None, Exit.DONE, done=False, asked=True),
    Result(
        "rejected",
        {"errors": TWO_ERRORS},
        State.REJECTED,
        "rejected",
        Exit.DATA_REFUSED,
        done=True,
        errors=("guest.document.number bad_length", "stay.room unknown"),
    ),
    Result("deferred", {"retry_after": 60}, State.QUEUED, "deferred", Exit.NOT_NOW, done=False, waits_s=60),
]


def test_each_status_of_the_contract_has_its_row() -> None:
    """All statuses of the published contract are in the table."""
    assert {row.status for row in RESULTS} == set(
        OPENAPI["components"]["schemas"]["Result"]["discriminator"]["mapping"]
    )


@pytest.mark.parametrize("row", RESULTS, ids=lambda row: row.status)
def test_results_of_a_report(hotel: Hotel, wire: ScriptedServer, row: Result) -> None:
    """State, receipt, errors by field, exit code; and whether the report is sent or asked about again."""
    wire.replacements["reports"].append(results(lambda ids: [result(each, row.status, **row.members) for each in ids]))
    hotel.add(1, warnings=[finding("late")])
    outcome = hotel.sync(connect=wire.connect)
    entry = hotel.entry(1)
    assert (outcome.exit_code, outcome.error, outcome.sent) == (row.exit, None, 1)
    assert outcome.counts == {row.status: 1}
    assert (entry.state, entry.last_error, entry.attempts) == (row.state, row.why, 1)
    assert (entry.receipt.number if entry.receipt else None) == (f"STT-{uuid(1)[-4:]}" if row.receipt else None)
    content = hotel.outbox.content(entry)
    assert tuple(f"{error.field} {error.code}" for error in content.errors) == row.errors
    assert content.warnings == (finding("late"),)
    assert entry.not_before == (NOW + timedelta(seconds=row.waits_s) if row.waits_s else None)
    assert_sent_later(hotel, wire, row)


def assert_sent_later(hotel: Hotel, wire: ScriptedServer, row: Result) -> None:
    """Later runs by hand: one too early, and one in time."""
    wire.calls.clear()
    if row.waits_s:
        hotel.wait(seconds=row.waits_s - 1)
        assert hotel.sync(connect=wire.connect).left == 1
        assert wire.calls == []
    hotel.wait(days=30 if row.done else 1)
    outcome = hotel.sync(connect=wire.connect)
    again = [] if row.done else ["token", "meta", "result" if row.asked else "reports"]
    assert (wire.calls, outcome.counts["accepted"]) == (again, int(not row.done))


def test_the_same_id_with_other_content_is_a_conflict(hotel: Hotel) -> None:
    """The contract's `id_conflict` is a rejection like any other: a user must look at it."""
    hotel.authority.submit([(uuid(1), to_json(report(1, document=7)))])
    hotel.add(1)
    assert hotel.sync().counts["rejected"] == 1
    assert [error.code for error in hotel.outbox.content(hotel.entry(1)).errors] == ["id_conflict"]


def test_a_report_that_was_never_received_is_sent_again(hotel: Hotel, wire: ScriptedServer) -> None:
    """404 to `GET /reports/{id}` in the contract's form; a 404 of another server says nothing about a report."""
    pending: Answer = results(lambda ids: [result(each, "pending") for each in ids])
    wire.replacements["reports"].append(pending)
    wire.replacements["result"].extend([http_response(404, b"<html>", "text/html"), problem(404)])
    hotel.add(1)
    hotel.sync(connect=wire.connect)
    assert isinstance(hotel.sync(connect=wire.connect).error, UnreadableAnswer)
    assert hotel.states() == [State.PENDING]
    assert hotel.sync(connect=wire.connect).counts["accepted"] == 1
    assert wire.sent == [[uuid(1)]] * 2


# Errors of a whole call.


@dataclass(frozen=True)
class Row:
    """One error: the simulator's script, the HTTP answers, and their effect."""

    what: str
    script: str
    answers: tuple[Answer, ...]
    error: type[ApoaError]
    exit: Exit
    offline: bool = False
    stops: bool = False
    holds_s: int | None = None
    timeouts: Timeouts = FAST_TIMEOUTS

    @property
    def name(self) -> str:
        return self.error(msg("")).name

    @property
    def backs_off(self) -> bool:
        return not self.stops


LATER, REFUSES = Exit.NOT_NOW, Exit.AUTHORITY_REFUSES
UNKNOWN = [Row(str(code), str(code), (problem(code),), UnknownOutcome, LATER) for code in (500, 502, 503, 504)]
ERRORS = [
    Row("reset before it was processed", "drop", (b"",), UnknownOutcome, LATER),
    Row("reset after it was processed", "lost", (LOST,), UnknownOutcome, LATER),
    Row("no answer in time", "slow=60", (HANG,), TimedOut, LATER, timeouts=SHORT_READ_TIMEOUT),
    *UNKNOWN,
    Row("captive portal", "portal", (PORTAL,), NotTheAuthority, LATER, offline=True),
    Row("redirect", "redirect", (REDIRECT,), NotTheAuthority, LATER, offline=True),
    Row("400", "400", (problem(400),), CallRefused, REFUSES),
    Row("401", "401,401", (problem(401), problem(401)), WrongPassword, Exit.CREDENTIALS, stops=True),
    Row("403", "403", (problem(403),), AccountSuspended, REFUSES, stops=True),
    Row("413", "413", (problem(413),), TooLarge, LATER),
    Row("429", "429=30", (problem(429, Retry_After="30"),), AuthorityBusy, LATER, holds_s=30),
    Row("429 without a time", "429", (problem(429),), AuthorityBusy, LATER),
    Row("503 with Retry-After", "503=30", (problem(503, Retry_After="30"),), AuthorityBusy, LATER, holds_s=30),
]


@pytest.fixture(params=["simulator", "HTTP"])
def place(request: pytest.FixtureRequest, hotel: Hotel, wire: ScriptedServer) -> Place:
    """One of the two authorities."""
    return SimulatorPlace(hotel) if request.param == "simulator" else HttpPlace(wire)


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row.what)
def test_errors_of_a_whole_call(hotel: Hotel, place: Place, row: Row) -> None:
    """Answers to `POST /reports`: the outcome of the run, the stored report, and later runs."""
    runs = Runs(hotel, place)
    inject_fault(place, "reports", row)
    stay_another_server(place, row)
    hotel.add(1)
    assert_outcome(runs(row.timeouts), row, left=1)
    entry = hotel.entry(1)
    assert (entry.state, entry.last_error, entry.attempts) == (State.QUEUED, row.name, 1)
    assert entry.next_attempt_at == (BACKOFF if row.backs_off else None)
    assert (entry.not_before, entry.receipt, hotel.outbox.content(entry).errors) == (None, None, ())
    assert hotel.outbox.summary(now=NOW, soon=NOW).last_contact_at == NOW  # the call of /meta was a contact
    assert_later_runs(runs, row)
    assert place.acquired == {uuid(1): (1, receipt_number(hotel, 1))}


@pytest.mark.parametrize("route", ["token", "meta"])
@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row.what)
def test_errors_before_a_report_is_sent(hotel: Hotel, place: Place, row: Row, route: str) -> None:
    """No report is sent. If the cause is the connection, the first batch backs off."""
    runs = Runs(hotel, place)
    inject_fault(place, route, first_answer_only(row) if route == "token" else row)
    hotel.add(1)
    assert_outcome(runs(row.timeouts), row, left=1)
    entry = hotel.entry(1)
    tried = (row.name, 1, BACKOFF) if row.backs_off else (None, 0, None)
    assert (entry.state, entry.last_error, entry.attempts, entry.next_attempt_at) == (State.QUEUED, *tried)
    assert hotel.outbox.summary(now=NOW, soon=NOW).last_contact_at is None
    assert_later_runs(runs, row)
    assert place.acquired == {uuid(1): (1, receipt_number(hotel, 1))}


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row.what)
def test_errors_of_a_question(hotel: Hotel, place: Place, row: Row) -> None:
    """Answers to `GET /reports/{id}`: the report stays pending and is asked about again."""
    runs = Runs(hotel, place)
    place.make_next_pending()
    hotel.add(1)
    assert runs().counts["pending"] == 1
    inject_fault(place, "result", row)
    stay_another_server(place, row)
    assert_outcome(runs(row.timeouts), row, left=0)
    entry = hotel.entry(1)
    reason = row.name if issubclass(row.error, UnknownOutcome | CallRefused) else None
    assert (entry.state, entry.last_error, entry.attempts, entry.receipt) == (State.PENDING, reason, 1, None)
    assert_later_runs(runs, row, asks=True)
    assert place.acquired == {uuid(1): (1, receipt_number(hotel, 1))}


def inject_fault(place: Place, route: str, row: Row) -> None:
    place.inject_fault(route, row.script, row.answers)


def stay_another_server(place: Place, row: Row) -> None:
    """Let another server also answer the next question who it is."""
    if row.error is NotTheAuthority:
        place.inject_fault("meta", f"ok,{row.script}", (http_response(200, META), *row.answers))


def first_answer_only(row: Row) -> Row:
    """A wrong password is refused once, without a second try; a token is refused twice."""
    return replace(row, script=row.script.split(",")[0], answers=row.answers[:1])


def receipt_number(hotel: Hotel, number: int) -> str | None:
    receipt = hotel.entry(number).receipt
    return None if receipt is None else receipt.number


def assert_outcome(outcome: Outcome, row: Row, *, left: int) -> None:
    """Check the outcome of the run."""
    assert type(outcome.error) is row.error
    assert (outcome.exit_code, outcome.offline, outcome.stopped) == (row.exit, row.offline, row.stops)
    assert (outcome.sent, outcome.counts["accepted"], outcome.counts["rejected"], outcome.left) == (0, 0, 0, left)


def assert_later_runs(runs: Runs, row: Row, *, asks: bool = False) -> None:
    """Later runs keep a suspension and a hold, scheduled runs keep the backoff; then everything is delivered."""
    hotel = runs.hotel
    summary = hotel.outbox.summary(now=NOW, soon=NOW)
    assert (summary.suspension.reason if summary.suspension is not None else None) == (row.name if row.stops else None)
    assert summary.hold_until == (None if row.holds_s is None else NOW + timedelta(seconds=row.holds_s))
    # A question has no backoff of its own: it is asked at each later run.
    assert asks or runs.makes_no_call(keep_backoff=True)
    if row.stops:
        hotel.wait(days=7)
        assert runs.makes_no_call(keep_backoff=True)
        assert runs.makes_no_call()
        runs_again = runs(settings="changed")
    else:
        if row.holds_s is not None:
            hotel.wait(seconds=row.holds_s - 1)
            assert runs.makes_no_call()
            hotel.wait(seconds=1)
        runs_again = runs()
    assert runs_again.counts["accepted"] == 1 or hotel.states() == [State.ACCEPTED]


def test_each_answer_of_the_contract_has_its_row() -> None:
    """All HTTP statuses that the published contract lists for delivery's calls are in the table."""
    calls = [("/oauth/token", "post"), ("/meta", "get"), ("/reports", "post"), ("/reports/{id}", "get")]
    named = {code for path, method in calls for code in OPENAPI["paths"][path][method]["responses"]}
    rows = {found[0] for row in ERRORS if (found := re.match(r"\d{3}", row.what))}
    assert named - rows == {"200", "404"}  # the results, and a report that was never received


# What a user sees.


@pytest.fixture
def apoa(
    home: Path,
    clock: FixedClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wire: ScriptedServer,
) -> Apoa:
    """The program, with a property whose authority can be reached, and one queued report."""
    program = Apoa({"APOA_HOME": str(home), "APOA_LANG": "en"}, clock, capsys, monkeypatch)
    set_up = program.set_up(wire.url)
    assert set_up.code == 0, set_up.err
    program.save()
    return program


SHOWN = [row for row in ERRORS if row.what in {"500", "captive portal", "401", "413", "503 with Retry-After"}]


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row.what)
def test_status_and_exit_codes(apoa: Apoa, wire: ScriptedServer, row: Row) -> None:
    """`apoa sync` has the exit code of the table; `apoa status` counts the report and warns about a suspension only."""
    wire.replacements["reports"].extend(row.answers)
    stay_another_server(HttpPlace(wire), row)
    first = apoa("sync", "--json")
    assert (first.code, first.json["error"]["class"]) == (int(row.exit), row.name)
    assert (first.json["offline"], first.json["stopped"], first.json["left"]) == (row.offline, row.stops, 1)
    status = apoa("status", "--json").json
    assert status["counts"]["queued"] == 1
    stop = {"reason": row.name, "since": "2026-11-24T20:00:00+07:00"} if row.stops else None
    assert status["sending_stopped"] == stop
    assert ("SENDING HAS STOPPED" in apoa("status").out) is row.stops
    wire.calls.clear()
    again = apoa("sync", "--json")
    quiet = row.stops or row.holds_s is not None
    assert (again.code, again.json["left"], wire.calls == []) == ((int(row.exit), 1, True) if quiet else (0, 0, False))
    if row.stops:
        assert apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
        assert "SENDING HAS STOPPED" not in apoa("status").out
    apoa.clock.forward(timedelta(seconds=31))
    assert apoa("sync").code == 0
    assert apoa("status", "--json").json["counts"]["accepted"] == 1
    assert set(wire.acquired.values()) == {1}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_receipt_number_for_several_guests(apoa: Apoa, wire: ScriptedServer, lang: str) -> None:
    """All are sent, and the number is named, because the authority made a mistake."""
    apoa.save(XIMENA)
    same = {"number": "STT-0000", "issued_at": ISSUED_AT}
    wire.replacements["reports"].append(results(lambda ids: [result(each, receipt=same) for each in ids]))
    synced = apoa("sync", "--quiet", lang=lang)
    assert (synced.code, synced.out) == (0, "")
    assert "STT-0000" in synced.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_whose_answer_cannot_be_read_is_named(apoa: Apoa, wire: ScriptedServer, lang: str) -> None:
    """By sync, status and show; status stays short."""
    [report] = apoa.reports()
    wire.replacements["reports"].append(results(lambda ids: [result(each, "archived") for each in ids]))
    wire.replacements["result"].append(problem(404))
    synced = apoa("sync", lang=lang)
    assert synced.code == 75
    assert report["short_id"] in synced.err
    reason = spoken(lang, "the authority's answer cannot be read")
    assert reason in apoa("status", lang=lang).out
    assert reason in apoa("show", report["short_id"], lang=lang).out
    assert apoa("show", report["short_id"], "--json").json["last_error"] == "unreadable_answer"
