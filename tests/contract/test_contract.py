"""One suite for every authority: what delivery may rely on."""

import json
from typing import Any

import pytest
from contract_helpers import AnyAuthority, AuthorityUnderTest, Desk

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
from apoa_client.ports.authority import Authority, Status
from apoa_client.report.kinds import Receipt
from apoa_client.report.model import from_json, to_json

Examples = dict[str, list[dict[str, Any]]]


def example_bodies(examples: Examples, name: str = "check_in") -> list[tuple[str, bytes]]:
    reports = (from_json(_dumps(value)) for value in examples[name])
    return [(report.id, to_json(report)) for report in reports]


def _dumps(value: object) -> bytes:
    return json.dumps(value).encode()


def test_is_an_authority(any_authority: AnyAuthority) -> None:
    """Each of them fits the port."""
    behind_the_port: Authority = any_authority
    assert behind_the_port is any_authority


def test_meta(any_authority: AnyAuthority) -> None:
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


def test_acquires_the_contracts_own_example(any_authority: AnyAuthority, examples: Examples) -> None:
    """The contract's example, through our own model, is acquired and gets a receipt with a number."""
    bodies = example_bodies(examples)
    (verdict,) = any_authority.submit(bodies)
    assert (verdict.id, verdict.status, verdict.errors) == (bodies[0][0], Status.ACCEPTED, ())
    assert verdict.receipt is not None
    assert verdict.receipt.number
    assert verdict.receipt.issued_at.tzinfo is not None


def test_repeats_the_verdict_later(any_authority: AnyAuthority, examples: Examples) -> None:
    """By our own id."""
    bodies = example_bodies(examples)
    (verdict,) = any_authority.submit(bodies)
    assert any_authority.verdict(bodies[0][0]) == verdict


def test_validates_the_contracts_own_example(any_authority: AnyAuthority, examples: Examples) -> None:
    """A validation has the form of a submission, and issues no receipt."""
    (verdict,) = any_authority.validate(example_bodies(examples))
    assert (verdict.status, verdict.receipt) == (Status.ACCEPTED, None)


def test_may_have_a_pdf(any_authority: AnyAuthority, examples: Examples) -> None:
    """A receipt as PDF is a PDF, or there is none."""
    bodies = example_bodies(examples)
    any_authority.submit(bodies)
    pdf = any_authority.receipt_pdf(bodies[0][0])
    assert pdf is None or pdf.startswith(b"%PDF-")


def test_the_contracts_examples_are_what_we_send(examples: Examples) -> None:
    """Our model reads each example report and writes it again, member for member."""
    for reports in examples.values():
        for value in reports:
            assert _loads(to_json(from_json(_dumps(value)))) == value


def _loads(body: bytes) -> object:
    return json.loads(body)


def test_life_of_a_stay(place: AuthorityUnderTest, examples: Examples) -> None:
    """Check-in, amendment and check-out of one stay in one call, each with its own receipt."""
    verdicts = place.visit().submit(example_bodies(examples, "life_of_a_stay"))
    assert [each.status for each in verdicts] == [Status.ACCEPTED] * 3
    assert len({each.receipt for each in verdicts}) == 3


def test_many_results_in_the_order_sent(place: AuthorityUnderTest, desk: Desk) -> None:
    """Fifty reports get fifty verdicts, in their order, and fifty receipt numbers."""
    bodies = desk.bodies(*(desk.check_in(serial) for serial in range(50, 0, -1)))
    authority = place.visit()
    authority.meta()
    verdicts = authority.submit(bodies)
    assert [each.id for each in verdicts] == [each[0] for each in bodies]
    assert len({each.receipt.number for each in verdicts if each.receipt is not None}) == 50


def test_same_id_again_is_the_same_receipt(place: AuthorityUnderTest, desk: Desk) -> None:
    """A report that is sent again is not acquired twice."""
    authority, bodies = place.visit(), desk.bodies(desk.check_in(1))
    assert authority.submit(bodies) == authority.submit(bodies)


def test_same_id_with_other_content_is_refused(place: AuthorityUnderTest, desk: Desk) -> None:
    """The content first acquired under an id stays."""
    authority = place.visit()
    (first,) = authority.submit(desk.bodies(desk.check_in(1)))
    (second,) = authority.submit(desk.bodies(desk.check_in(1, number="X9")))
    assert second.status is Status.REJECTED
    assert [each.code for each in second.errors] == ["id_conflict"]
    assert authority.verdict(first.id) == first


def test_a_bad_report_does_not_affect_the_others(place: AuthorityUnderTest, desk: Desk) -> None:
    """A check-out of an unknown stay is rejected by itself."""
    reports = desk.check_in(1), desk.check_out(2, stay=99), desk.check_in(3)
    verdicts = place.visit().submit(desk.bodies(*reports))
    assert [each.status for each in verdicts] == [Status.ACCEPTED, Status.REJECTED, Status.ACCEPTED]
    assert [each.code for each in verdicts[1].errors] == ["unknown_stay"]
    assert verdicts[1].receipt is None


def test_check_out_after_check_in(place: AuthorityUnderTest, desk: Desk) -> None:
    """A stay's reports may come in several calls, also a cancellation."""
    authority = place.visit()
    for report in (desk.check_in(1), desk.check_out(2, stay=1), desk.cancel(3, stay=1)):
        (verdict,) = authority.submit(desk.bodies(report))
        assert verdict.status is Status.ACCEPTED


def test_same_guest_and_night_is_a_duplicate(place: AuthorityUnderTest, desk: Desk) -> None:
    """The same document on the same night under another stay gets the receipt of the first."""
    authority = place.visit()
    (first,) = authority.submit(desk.bodies(desk.check_in(1, number="X123")))
    (second,) = authority.submit(desk.bodies(desk.check_in(2, number="X123")))
    assert (second.status, second.receipt) == (Status.DUPLICATE, first.receipt)


def test_unknown_id(place: AuthorityUnderTest, desk: Desk) -> None:
    """A report that was never received is None, and so is the PDF of its receipt."""
    authority, report_id = place.visit(), desk.check_in(1).id
    assert authority.verdict(report_id) is None
    assert authority.receipt_pdf(report_id) is None


def test_a_validation_acquires_nothing(place: AuthorityUnderTest, desk: Desk) -> None:
    """After a validation the report is unknown, and is acquired when it is sent."""
    authority, bodies = place.visit(), desk.bodies(desk.check_in(1))
    assert [each.status for each in authority.validate(bodies)] == [Status.ACCEPTED]
    assert authority.verdict(bodies[0][0]) is None
    assert authority.submit(bodies)[0].status is Status.ACCEPTED


def test_pending_is_decided_later(place: AuthorityUnderTest, desk: Desk) -> None:
    """A pending report has no receipt until it is asked for; then it keeps one."""
    authority, bodies = place.visit(faults="pending,result:pending"), desk.bodies(desk.check_in(1))
    (first,) = authority.submit(bodies)
    assert (first.status, first.receipt) == (Status.PENDING, None)
    again, later = authority.verdict(first.id), authority.verdict(first.id)
    assert again == first
    assert later is not None
    assert (later.status, type(later.receipt)) == (Status.ACCEPTED, Receipt)
    assert authority.submit(bodies) == [later]


def test_deferred_says_for_how_long(place: AuthorityUnderTest, desk: Desk) -> None:
    """A deferred report is not received; it is sent again under the same id."""
    authority, bodies = place.visit(faults="defer=60"), desk.bodies(desk.check_in(1))
    (verdict,) = authority.submit(bodies)
    assert (verdict.status, verdict.retry_after) == (Status.DEFERRED, 60)
    assert authority.submit(bodies)[0].status is Status.ACCEPTED


def test_scripted_rejection_and_duplicate(place: AuthorityUnderTest, desk: Desk) -> None:
    """A rejection has its reasons and no receipt; a duplicate has a receipt."""
    authority = place.visit(faults="reject,duplicate")
    (refused,) = authority.submit(desk.bodies(desk.check_in(1)))
    (double,) = authority.submit(desk.bodies(desk.check_in(2)))
    assert (refused.status, refused.receipt, len(refused.errors)) == (Status.REJECTED, None, 1)
    assert (double.status, type(double.receipt)) == (Status.DUPLICATE, Receipt)


def test_wrong_password(place: AuthorityUnderTest) -> None:
    """It raises `WrongPassword` at once."""
    with pytest.raises(WrongPassword):
        place.visit(right_password=False).meta()


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
        ("429", AuthorityBusy),
        ("500", UnknownOutcome),
        ("502", UnknownOutcome),
        ("503", UnknownOutcome),
        ("504", UnknownOutcome),
        ("drop", UnknownOutcome),
        ("portal", NotTheAuthority),
        ("redirect", NotTheAuthority),
    ],
)
def test_a_call_that_fails_acquires_nothing(
    place: AuthorityUnderTest, desk: Desk, faults: str, error: type[ApoaError]
) -> None:
    """Each refusal of a whole call has its own class of error; sent again, the report is acquired."""
    authority, bodies = place.visit(faults=faults), desk.bodies(desk.check_in(1))
    with pytest.raises(error):
        authority.submit(bodies)
    assert authority.verdict(bodies[0][0]) is None
    assert authority.submit(bodies)[0].status is Status.ACCEPTED


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("lost", UnknownOutcome),
        ("truncated", NotTheAuthority),
        ("empty", NotTheAuthority),
        ("huge", NotTheAuthority),
        ("foreign-ids", NotTheAuthority),
        ("unknown-status", NotTheAuthority),
    ],
)
def test_a_lost_answer_is_repeated(place: AuthorityUnderTest, desk: Desk, fault: str, error: type[ApoaError]) -> None:
    """A report whose answer was lost or broken was acquired once, and the second call returns that receipt."""
    authority, bodies = place.visit(faults=fault), desk.bodies(desk.check_in(1), desk.check_in(2))
    with pytest.raises(error):
        authority.submit(bodies)
    first = [authority.verdict(report_id) for report_id, _ in bodies]
    assert [each.status for each in first if each is not None] == [Status.ACCEPTED] * 2
    assert authority.submit(bodies) == first


@pytest.mark.parametrize(("fault", "readable"), [("short-list", 1), ("one-unreadable", 1), ("shuffled-list", 2)])
def test_each_readable_verdict_counts(place: AuthorityUnderTest, desk: Desk, fault: str, readable: int) -> None:
    """Results are matched by id, and one that is missing or unreadable leaves the others valid."""
    authority, bodies = place.visit(faults=fault), desk.bodies(desk.check_in(1), desk.check_in(2))
    verdicts = authority.submit(bodies)
    assert verdicts == authority.submit(bodies)[:readable]
    assert [each.id for each in verdicts] == [report_id for report_id, _ in bodies][:readable]


@pytest.mark.parametrize("fault", ["429=30", "503=30", "token:503=30"])
def test_busy_says_for_how_long(place: AuthorityUnderTest, desk: Desk, fault: str) -> None:
    """A Retry-After reaches the caller in seconds."""
    with pytest.raises(AuthorityBusy) as caught:
        place.visit(faults=fault).submit(desk.bodies(desk.check_in(1)))
    assert caught.value.retry_after == 30


def test_one_refused_token_is_replaced(place: AuthorityUnderTest, desk: Desk) -> None:
    """Once, without an error."""
    authority = place.visit(faults="401")
    assert authority.submit(desk.bodies(desk.check_in(1)))[0].status is Status.ACCEPTED


def test_meta_fails_like_any_call(place: AuthorityUnderTest) -> None:
    """It raises the error of the connection, and works afterwards."""
    authority = place.visit(faults="meta:portal,meta:503=5")
    with pytest.raises(NotTheAuthority):
        authority.meta()
    with pytest.raises(AuthorityBusy):
        authority.meta()
    assert authority.meta().contract == "1.3"
