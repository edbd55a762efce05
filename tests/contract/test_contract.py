"""One suite for every authority: what delivery may rely on, the rules that are data, and every documented error."""

import io
import itertools
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from basics import FixedClock, raises_error
from contract_helpers import Desk, Visit

from apoa_client.app.container import Container
from apoa_client.authority.contract import FIELD_RULES, STAY_RULES
from apoa_client.cli.main import run
from apoa_client.conformance.samples import by_rule
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    NotTheAuthority,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.ports.authority import MAX_PHOTO_BYTES, Authority, Status, Verdict
from apoa_client.report.kinds import Receipt
from apoa_client.report.model import from_json, to_json

Json = dict[str, Any]
Examples = dict[str, list[Json]]


def example_bodies(examples: Examples) -> list[tuple[str, bytes]]:
    reports = (from_json(json.dumps(value).encode()) for value in examples["check_in"])
    return [(report.id, to_json(report)) for report in reports]


def test_meta(any_authority: Authority) -> None:
    """It has the version, the property and usable limits."""
    meta = any_authority.meta()
    assert meta.contract.startswith("1.")
    assert meta.environment == "training"
    assert meta.server_time.tzinfo is not None
    assert meta.max_batch >= 1
    assert meta.max_body_bytes >= 1024
    assert meta.reporting_window_hours >= 1
    assert meta.property_id
    assert meta.property_name
    assert meta.wants_photo
    assert meta.daily_receipts


def test_acquires_the_contracts_own_example(any_authority: Authority, examples: Examples, example_photo: bytes) -> None:
    """The example, through our own model, is valid and acquired; its receipt has a number, and its photo is taken."""
    bodies = example_bodies(examples)
    (checked,) = any_authority.validate(bodies)
    assert (checked.status, checked.receipt) == (Status.ACCEPTED, None)
    (verdict,) = any_authority.submit(bodies)
    assert (verdict.id, verdict.status, verdict.errors) == (bodies[0][0], Status.ACCEPTED, ())
    assert verdict.receipt is not None
    assert verdict.receipt.number
    assert verdict.receipt.issued_at.tzinfo is not None
    assert any_authority.verdict(verdict.id) == verdict
    for _ in range(2):
        any_authority.send_photo(verdict.id, example_photo)


def test_documents(any_authority: Authority, examples: Examples) -> None:
    """A receipt and a day as PDF are a PDF, or there is none; a day is named with its midnights and its property."""
    bodies, day = example_bodies(examples), date(2026, 11, 24)
    any_authority.submit(bodies)
    for pdf in (any_authority.receipt_pdf(bodies[0][0]), any_authority.daily_receipt_pdf(day)):
        assert pdf is None or pdf.startswith(b"%PDF-")
    daily = any_authority.daily_receipt(day)
    assert daily is not None
    assert (daily.day, daily.begin.date(), daily.end - daily.begin) == (day, day, timedelta(days=1))
    assert daily.property_id


def test_the_contracts_examples_are_what_we_send(examples: Examples) -> None:
    """Our model reads each example report and writes it again, member for member."""
    for value in (each for reports in examples.values() for each in reports):
        assert json.loads(to_json(from_json(json.dumps(value).encode()))) == value


def test_many_results_in_the_order_sent(place: Visit, desk: Desk) -> None:
    """Fifty reports get fifty verdicts, in their order, and fifty receipt numbers; one bad report affects no other."""
    bodies = desk.bodies(*(desk.check_in(serial) for serial in range(50, 0, -1)), desk.check_out(51, stay=99))
    authority = place()
    authority.meta()
    *verdicts, refused = authority.submit(bodies)
    assert [each.id for each in (*verdicts, refused)] == [each[0] for each in bodies]
    assert len({each.receipt.number for each in verdicts if each.receipt is not None}) == 50
    assert (refused.receipt, [each.code for each in refused.errors]) == (None, ["unknown_stay"])
    today = authority.meta().server_time.date()
    days = [authority.daily_receipt(today + timedelta(days=each)) for each in (-1, 0, 1)]
    assert [len(each.receipts) for each in days if each is not None] == [0, 50, 0]
    assert days[1] is not None
    assert {(each.id, each.receipt and each.receipt.number) for each in verdicts} == {
        (report_id, receipt.number) for report_id, receipt in days[1].receipts.items()
    }


def test_same_id_again(place: Visit, desk: Desk) -> None:
    """A report that is sent again has the same receipt; other content under its id is refused, and changes nothing."""
    authority, bodies = place(), desk.bodies(desk.check_in(1))
    (first,) = authority.submit(bodies)
    assert authority.submit(bodies) == [first]
    (second,) = authority.submit(desk.bodies(desk.check_in(1, number="X9")))
    assert second.status is Status.REJECTED
    assert [each.code for each in second.errors] == ["id_conflict"]
    assert authority.verdict(first.id) == first


def test_a_validation_acquires_nothing(place: Visit, desk: Desk) -> None:
    """After a validation the report is unknown, without a PDF of a receipt, and is acquired when it is sent."""
    authority, bodies = place(), desk.bodies(desk.check_in(1))
    assert [each.status for each in authority.validate(bodies)] == [Status.ACCEPTED]
    assert (authority.verdict(bodies[0][0]), authority.receipt_pdf(bodies[0][0])) == (None, None)
    assert authority.submit(bodies)[0].status is Status.ACCEPTED


def test_pending_is_decided_later(place: Visit, desk: Desk) -> None:
    """A pending report has no receipt until it is asked for; then it keeps one."""
    authority, bodies = place(faults="pending,result:pending"), desk.bodies(desk.check_in(1))
    (first,) = authority.submit(bodies)
    assert (first.status, first.receipt) == (Status.PENDING, None)
    again, later = authority.verdict(first.id), authority.verdict(first.id)
    assert again == first
    assert later is not None
    assert (later.status, type(later.receipt)) == (Status.ACCEPTED, Receipt)
    assert authority.submit(bodies) == [later]


def test_scripted_verdicts(place: Visit, desk: Desk) -> None:
    """A deferred report is not received and may come again; a rejection has its reasons, a duplicate a receipt."""
    authority = place(faults="defer=60,ok,reject,duplicate")
    (verdict,) = authority.submit(desk.bodies(desk.check_in(1)))
    assert (verdict.status, verdict.retry_after) == (Status.DEFERRED, 60)
    assert authority.submit(desk.bodies(desk.check_in(1)))[0].status is Status.ACCEPTED
    (refused,) = authority.submit(desk.bodies(desk.check_in(2)))
    (double,) = authority.submit(desk.bodies(desk.check_in(3)))
    assert (refused.status, refused.receipt, len(refused.errors)) == (Status.REJECTED, None, 1)
    assert (double.status, type(double.receipt)) == (Status.DUPLICATE, Receipt)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ("400", CallRefused),
        ("401*2", WrongPassword),
        ("token:401", WrongPassword),
        ("401,token:ok,token:401", WrongPassword),
        ("403", AccountSuspended),
        ("token:403", AccountSuspended),
        ("413", TooLarge),
        ("429=30", AuthorityBusy),
        ("503=30", AuthorityBusy),
        ("token:503=30", AuthorityBusy),
        ("500", UnknownOutcome),
        ("drop", UnknownOutcome),
        ("portal", NotTheAuthority),
        ("redirect", NotTheAuthority),
    ],
)
def test_a_call_that_fails_acquires_nothing(place: Visit, desk: Desk, faults: str, error: type[ApoaError]) -> None:
    """Each refusal of a whole call has its own class of error and its wait; sent again, the report is acquired."""
    authority, bodies = place(faults=faults), desk.bodies(desk.check_in(1))
    with pytest.raises(error) as caught:
        authority.submit(bodies)
    assert getattr(caught.value, "retry_after", None) == (30 if faults.endswith("=30") else None)
    assert authority.verdict(bodies[0][0]) is None
    assert authority.submit(bodies)[0].status is Status.ACCEPTED


@pytest.mark.parametrize("fault", ["lost", "truncated", "empty", "huge"])
def test_a_lost_answer_is_repeated(place: Visit, desk: Desk, fault: str) -> None:
    """A report whose answer was lost or broken was acquired once, and the second call returns that receipt."""
    authority, bodies = place(faults=fault), desk.bodies(desk.check_in(1), desk.check_in(2))
    with pytest.raises(UnknownOutcome if fault == "lost" else NotTheAuthority):
        authority.submit(bodies)
    first = [authority.verdict(report_id) for report_id, _ in bodies]
    assert [each.status for each in first if each is not None] == [Status.ACCEPTED] * 2
    assert authority.submit(bodies) == first


def test_passwords_and_tokens(place: Visit) -> None:
    """A wrong password is refused at once; one refused token is replaced; meta fails like any call, and then works."""
    with pytest.raises(WrongPassword):
        place(right_password=False).meta()
    authority = place(faults="meta:401,meta:ok,meta:portal,meta:503=5")
    assert authority.meta().contract == "1.3"
    for error in (NotTheAuthority, AuthorityBusy):
        with pytest.raises(error):
            authority.meta()
    assert authority.meta().contract == "1.3"


def test_only_an_accepted_check_in_gets_one_photo(place: Visit, desk: Desk, example_photo: bytes) -> None:
    """Not one that was never received, that is pending or a duplicate, and no check-out; and no second photo."""
    authority = place(faults="ok,duplicate,ok,pending")
    reports = desk.check_in(1), desk.check_in(2), desk.check_out(3, stay=1), desk.check_in(4)
    for report in reports:
        authority.submit(desk.bodies(report))
    for refused in (*reports[1:], desk.check_in(5)):
        with raises_error("photo_refused"):
            authority.send_photo(refused.id, example_photo)
    authority.verdict(reports[3].id)
    start, end = example_photo[:-2], example_photo[-2:]
    for accepted in (reports[0], reports[3]):
        with raises_error("photo_refused"):
            authority.send_photo(accepted.id, start.ljust(MAX_PHOTO_BYTES - 1) + end)
        authority.send_photo(accepted.id, start.ljust(MAX_PHOTO_BYTES - 2) + end)
        with raises_error("photo_refused"):
            authority.send_photo(accepted.id, example_photo)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        *((each, "photo_refused") for each in ("400", "409", "413")),
        *(("401*2", "wrong_password"), ("403", "account_suspended"), ("503=30", "authority_busy")),
        *(("drop", "unknown_outcome"), ("portal", "not_the_authority")),
        *(("lost", "unknown_outcome"), ("truncated", "not_the_authority"), ("401", None)),
    ],
)
def test_a_photo_that_fails_is_sent_again(
    place: Visit, desk: Desk, example_photo: bytes, fault: str, error: str | None
) -> None:
    """A refused photo is no refused report; where only the answer was lost, the photo is stored."""
    authority, report = place(faults=f"photo:{fault}"), desk.check_in(1)
    authority.submit(desk.bodies(report))
    if error is not None:
        with raises_error(error):
            authority.send_photo(report.id, example_photo)
    if fault in {"lost", "truncated"}:
        with raises_error("photo_refused"):
            authority.send_photo(report.id, example_photo[:-2] + b" " + example_photo[-2:])
    authority.send_photo(report.id, example_photo)


Make = Callable[[str], Json]

BEFORE = {
    "none": [],
    "pending": [("check_in", "pending")],
    "refused": [("check_in", "reject")],
    "in_house": [("check_in", "ok")],
    "left": [("check_in", "ok"), ("check_out", "ok")],
    "cancelled": [("check_in", "ok"), ("cancel", "ok")],
}
"""The reports that bring a stay into each state, each with the step of the script for its call."""


@pytest.fixture
def make(examples: Examples) -> Make:
    """Makes reports of one stay, each with an id of its own."""
    check_in, amend, check_out = examples["life_of_a_stay"]
    by_kind = {each["kind"]: each for each in (check_in, amend, check_out, examples["cancel"][0])}
    numbers = itertools.count(1)

    def make(kind: str) -> Json:
        ids = {"id": f"0199c2a4-7d1e-7b3c-9d55-{next(numbers):012x}", "stay_id": check_in["stay_id"]}
        return {**by_kind[kind], **ids}

    return make


def submit(authority: Authority, report: Json) -> Verdict:
    (verdict,) = authority.submit([(report["id"], json.dumps(report).encode())])
    return verdict


def validate(authority: Authority, report: Json) -> Verdict:
    (verdict,) = authority.validate([(report["id"], json.dumps(report).encode())])
    return verdict


def outcome(verdict: Verdict) -> tuple[str, list[str]]:
    return verdict.status.value, [error.code for error in verdict.errors]


@pytest.mark.parametrize(("kind", "state"), STAY_RULES)
def test_a_report_does_to_its_stay_what_the_table_says(place: Visit, make: Make, kind: str, state: str) -> None:
    """Each kind in each state is accepted, rejected with its code, or deferred; a check-out shows the state after."""
    authority = place(faults=",".join(step for _kind, step in BEFORE[state]))
    for earlier, _step in BEFORE[state]:
        submit(authority, make(earlier))
    rule, report = STAY_RULES[kind, state], make(kind)
    verdict = submit(authority, report)
    assert outcome(verdict) == (rule.status, [rule.code] if rule.code else [])
    assert authority.verdict(report["id"]) == (None if rule.status == "deferred" else verdict)
    later = STAY_RULES["check_out", rule.then]
    assert outcome(submit(authority, make("check_out"))) == (later.status, [later.code] if later.code else [])


@pytest.mark.parametrize("place", ["sandbox"], indirect=True)
def test_the_example_of_each_rule_is_answered_as_it_says(place: Visit, make: Make, examples: Examples) -> None:
    """A refusal has its error and no other; a warning is accepted, with its warning. The good report has neither."""
    good = {"check_in": {**examples["check_in"][0], "id": make("check_in")["id"]}, "check_out": make("check_out")}
    authority = place()
    fine = validate(authority, good["check_in"])
    assert (outcome(fine), fine.warnings) == (("accepted", []), ())
    for rule in FIELD_RULES:
        verdict = validate(authority, by_rule(rule, good[rule.kind]))
        errors, warnings = ({(each.field, each.code) for each in found} for found in (verdict.errors, verdict.warnings))
        if rule.severity == "refusal":
            assert (verdict.status.value, errors) == ("rejected", {(rule.field, rule.code)})
        else:
            assert (verdict.status.value, errors) == ("accepted", set())
            assert (rule.field, rule.code) in warnings


def table(text: str) -> list[list[str]]:
    """The cells of the table in a description, without backticks."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows if "---" not in row]


def test_the_openapi_text_has_the_table_of_stays(openapi: Json) -> None:
    """Each cell is the state afterwards, or the code, or `deferred`."""
    (_, *states), *rows = table(openapi["paths"]["/reports"]["post"]["description"])
    found = {(kind, state): cell for kind, *cells in rows for state, cell in zip(states, cells, strict=True)}
    assert found == {key: rule.then if rule.accepted else rule.code or "deferred" for key, rule in STAY_RULES.items()}


def test_the_openapi_text_has_the_rules_of_fields(openapi: Json) -> None:
    """In the same order, with the example."""
    _heading, *rows = table(openapi["components"]["schemas"]["Violation"]["description"])
    assert rows == [[rule.field, rule.code, rule.severity, rule.rule, rule.example] for rule in FIELD_RULES]


@pytest.mark.prism
def test_set_up_sync_and_status(
    prism_url: str,
    examples: Examples,
    home: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The commands set-up, sync and status work with a server that reads the contract alone.

    Prism answers with the contract's own example, so the queued report is that example's.

    """
    environ = {"APOA_HOME": str(home), "APOA_LANG": "en"}
    account = ["--api-url", prism_url, "--username", "melati", "--password-stdin", "--vault", "file"]
    monkeypatch.setattr("sys.stdin", io.StringIO("rahasia\n"))
    assert run(["setup", "--non-interactive", "--property", "melati", *account], environ, clock) == 0
    app = Container(environ, clock)
    report = from_json(json.dumps(examples["check_in"][0]).encode())
    app.outbox.add(report, due_at=clock.now())
    app.close()
    capsys.readouterr()
    assert run(["sync", "--json"], environ, clock) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == 1
    assert run(["status", "--json"], environ, clock) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["counts"]["accepted"] == 1
    assert status["environment"] == "training"
