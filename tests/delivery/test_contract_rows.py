"""The contract's two tables, row by row, as whole runs against the simulator.

`test_plan` tests the same tables as decisions, `tests/authority` as answers, and the commands' tests over HTTP. Here
each row is one answer, and its effect on the report, the run and later runs.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from basics import NOW, FixedClock
from delivery_helpers import SETTINGS, Hotel, report
from delivery_processes import StrictSimulator
from outbox_helpers import finding, uuid
from outbox_stores import Store
from report_helpers import OPENAPI

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
    WrongPassword,
)
from apoa_client.messages import msg
from apoa_client.report.kinds import State
from apoa_client.report.model import to_json

BACKOFF = NOW + timedelta(seconds=15)
"""When the first attempt after a failure may be made, with the jitter of these tests."""


@pytest.fixture
def hotel(store: Store, clock: FixedClock) -> Iterator[Hotel]:
    """A property whose authority counts how often it acquires a report."""
    opened = Hotel(store, clock, StrictSimulator())
    yield opened
    opened.close()


def sync(hotel: Hotel, *, settings: str = SETTINGS, keep_backoff: bool = False) -> Outcome:
    """One run by a new process."""
    strict(hotel).drop_token()
    return hotel.sync(settings=settings, keep_backoff=keep_backoff)


def strict(hotel: Hotel) -> StrictSimulator:
    assert isinstance(hotel.authority, StrictSimulator)
    return hotel.authority


# Results of a report.


class Result(NamedTuple):
    """One row: the simulator's script, the status, and its effect on a report."""

    script: str
    status: str
    state: State
    why: str | None
    exit: Exit
    again: str = ""
    """What is done about it later: it is sent or asked about again."""
    waits_s: int = 0
    errors: tuple[str, ...] = ()


RESULTS = [
    Result("ok", "accepted", State.ACCEPTED, None, Exit.DONE),
    Result("duplicate", "duplicate", State.ACCEPTED, "duplicate", Exit.DONE),
    Result("pending", "pending", State.PENDING, None, Exit.DONE, "asked"),
    Result("reject", "rejected", State.REJECTED, "rejected", Exit.DATA_REFUSED, errors=("scripted",)),
    Result("defer=60", "deferred", State.QUEUED, "deferred", Exit.NOT_NOW, "sent", waits_s=60),
]


def test_each_status_of_the_contract_has_its_row() -> None:
    """All statuses of the published contract are in the table."""
    properties = OPENAPI["components"]["schemas"]["ValidationResult"]["properties"]
    assert {row.status for row in RESULTS} == set(properties["status"]["enum"])


@pytest.mark.parametrize("row", RESULTS, ids=lambda row: row.status)
def test_results_of_a_report(hotel: Hotel, row: Result) -> None:
    """State, receipt, errors by code, exit code; and whether the report is sent or asked about again."""
    hotel.authority.script(row.script)
    hotel.add(1, warnings=[finding("late")])
    outcome = sync(hotel)
    entry, content = hotel.entry(1), hotel.outbox.content(hotel.entry(1))
    assert (outcome.exit_code, outcome.error, outcome.sent, outcome.counts) == (row.exit, None, 1, {row.status: 1})
    assert (entry.state, entry.last_error, entry.attempts) == (row.state, row.why, 1)
    assert entry.receipt == (hotel.authority.acquired[uuid(1)] if row.state is State.ACCEPTED else None)
    assert (tuple(error.code for error in content.errors), content.warnings[0]) == (row.errors, finding("late"))
    assert entry.not_before == (NOW + timedelta(seconds=row.waits_s) if row.waits_s else None)
    if row.waits_s:
        hotel.wait(seconds=row.waits_s - 1)
        assert sync(hotel).left == 1
    assert (len(hotel.authority.batches), hotel.authority.asked) == (1, [])
    hotel.wait(days=1 if row.again else 30)
    assert sync(hotel).counts["accepted"] == bool(row.again)
    assert len(hotel.authority.batches) == 1 + (row.again == "sent")
    assert hotel.authority.asked == ([uuid(1)] if row.again == "asked" else [])


def test_the_same_id_with_other_content_is_a_conflict(hotel: Hotel) -> None:
    """The contract's `id_conflict` is a rejection like any other: a user must look at it."""
    hotel.authority.submit([(uuid(1), to_json(report(1, document=7)))])
    hotel.add(1)
    assert sync(hotel).counts["rejected"] == 1
    assert [error.code for error in hotel.outbox.content(hotel.entry(1)).errors] == ["id_conflict"]


# Errors of a whole call.


class Row(NamedTuple):
    """One error: the simulator's script, and its effect."""

    script: str
    error: type[ApoaError]
    exit: Exit
    offline: bool = False
    stops: bool = False
    holds_s: int | None = None

    @property
    def name(self) -> str:
        return self.error(msg("")).name


LATER, REFUSES = Exit.NOT_NOW, Exit.AUTHORITY_REFUSES
ERRORS = [
    Row("drop", UnknownOutcome, LATER),
    Row("lost", UnknownOutcome, LATER),
    Row("slow=60", TimedOut, LATER),
    *(Row(code, UnknownOutcome, LATER) for code in ("500", "502", "503", "504")),
    Row("portal", NotTheAuthority, LATER, offline=True),
    Row("redirect", NotTheAuthority, LATER, offline=True),
    Row("400", CallRefused, REFUSES),
    Row("401,401", WrongPassword, Exit.CREDENTIALS, stops=True),
    Row("403", AccountSuspended, REFUSES, stops=True),
    Row("413", TooLarge, LATER),
    Row("429=30", AuthorityBusy, LATER, holds_s=30),
    Row("429", AuthorityBusy, LATER),
    Row("503=30", AuthorityBusy, LATER, holds_s=30),
]
each_error = pytest.mark.parametrize("row", ERRORS, ids=lambda row: row.script)


def inject_fault(hotel: Hotel, route: str, row: Row) -> None:
    """Let a route answer so; another server also answers the next question who it is."""
    script = row.script.partition(",")[0] if route == "token" else row.script
    hotel.authority.script(",".join(f"{route}:{step}" for step in script.split(",")))
    if row.error is NotTheAuthority and route in {"reports", "result"}:
        hotel.authority.script(f"meta:ok,meta:{row.script}")


@each_error
def test_errors_of_a_whole_call(hotel: Hotel, row: Row) -> None:
    """Answers to `POST /reports`: the outcome of the run, the stored report, and later runs."""
    inject_fault(hotel, "reports", row)
    hotel.add(1)
    assert_outcome(sync(hotel), row, left=1)
    entry = hotel.entry(1)
    assert (entry.state, entry.last_error, entry.attempts, entry.calls) == (State.QUEUED, row.name, 1, 1)
    assert entry.next_attempt_at == (None if row.stops else BACKOFF)
    assert (entry.not_before, entry.receipt, hotel.outbox.content(entry).errors) == (None, None, ())
    assert hotel.outbox.summary(now=NOW, soon=NOW).last_contact_at == NOW  # the call of /meta was a contact
    assert_later_runs(hotel, row)


@pytest.mark.parametrize("route", ["token", "meta"])
@each_error
def test_errors_before_a_report_is_sent(hotel: Hotel, row: Row, route: str) -> None:
    """No report is sent. If the cause is the connection, the first batch backs off."""
    inject_fault(hotel, route, row)
    hotel.add(1)
    assert_outcome(sync(hotel), row, left=1)
    entry = hotel.entry(1)
    tried = (None, 0, None) if row.stops else (row.name, 1, BACKOFF)
    assert (entry.state, entry.last_error, entry.attempts, entry.next_attempt_at) == (State.QUEUED, *tried)
    assert entry.calls == 0  # no call has had it
    assert hotel.outbox.summary(now=NOW, soon=NOW).last_contact_at is None
    assert_later_runs(hotel, row)


@each_error
def test_errors_of_a_question(hotel: Hotel, row: Row) -> None:
    """Answers to `GET /reports/{id}`: the report stays pending and is asked about again."""
    hotel.authority.script("pending")
    hotel.add(1)
    assert sync(hotel).counts["pending"] == 1
    inject_fault(hotel, "result", row)
    assert_outcome(sync(hotel), row, left=0)
    entry = hotel.entry(1)
    reason = row.name if issubclass(row.error, UnknownOutcome | CallRefused) else None
    assert (entry.state, entry.last_error, entry.attempts, entry.receipt) == (State.PENDING, reason, 1, None)
    assert_later_runs(hotel, row, asks=True)


def assert_outcome(outcome: Outcome, row: Row, *, left: int) -> None:
    """Check the outcome of the run."""
    assert type(outcome.error) is row.error
    assert (outcome.exit_code, outcome.offline, outcome.stopped) == (row.exit, row.offline, row.stops)
    assert (outcome.sent, outcome.counts["accepted"], outcome.counts["rejected"], outcome.left) == (0, 0, 0, left)


def assert_later_runs(hotel: Hotel, row: Row, *, asks: bool = False) -> None:
    """Later runs keep a suspension and a hold, scheduled runs keep the backoff; then everything is delivered once.

    A suspension is lifted by other settings, for what works with the settings of before too.
    """

    def makes_no_call(*, keep_backoff: bool = False) -> bool:
        before = hotel.connections
        sync(hotel, keep_backoff=keep_backoff)
        return hotel.connections == before

    summary = hotel.outbox.summary(now=NOW, soon=NOW)
    assert (summary.suspension.reason if summary.suspension is not None else None) == (row.name if row.stops else None)
    assert summary.hold_until == (None if row.holds_s is None else NOW + timedelta(seconds=row.holds_s))
    # A question has no backoff of its own: it is asked at each later run.
    assert asks or makes_no_call(keep_backoff=True)
    if row.stops:
        hotel.wait(days=7)
        assert makes_no_call(keep_backoff=True)
        assert makes_no_call()
    elif row.holds_s is not None:
        hotel.wait(seconds=row.holds_s - 1)
        assert makes_no_call()
        hotel.wait(seconds=1)
    sync(hotel, settings="changed") if row.stops else sync(hotel)
    assert hotel.outbox.summary(now=NOW, soon=NOW).suspension is None
    assert (hotel.states(), strict(hotel).times) == ([State.ACCEPTED], {uuid(1): 1})
    assert hotel.entry(1).receipt == hotel.authority.acquired[uuid(1)]


def test_each_answer_of_the_contract_has_its_row() -> None:
    """All HTTP statuses that the published contract lists for delivery's calls are in the table."""
    calls = [("/oauth/token", "post"), ("/meta", "get"), ("/reports", "post"), ("/reports/{id}", "get")]
    named = {code for path, method in calls for code in OPENAPI["paths"][path][method]["responses"]}
    rows = {found[0] for row in ERRORS if (found := re.match(r"\d{3}", row.script))}
    # The results, a report that was never received, and gzip that is not accepted: the call is made again without it.
    assert named - rows == {"200", "404", "415"}
