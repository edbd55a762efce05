"""Photos of travel documents: one suite for every authority."""

import json
from typing import Any

import pytest
from basics import raises_error
from contract_helpers import AnyAuthority, AuthorityUnderTest, Desk

from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    NotTheAuthority,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.report.model import from_json


@pytest.fixture
def another_photo(example_photo: bytes) -> bytes:
    """A photo that is not the contract's example."""
    return example_photo[:-2] + b" " + example_photo[-2:]


def test_wants_photos(any_authority: AnyAuthority) -> None:
    """Each of them says so."""
    assert any_authority.meta().wants_photo


def test_takes_the_contracts_own_example(
    any_authority: AnyAuthority, examples: dict[str, list[dict[str, Any]]], desk: Desk, example_photo: bytes
) -> None:
    """The example's photo for the example's report, once or twice."""
    report = from_json(json.dumps(examples["check_in"][0]).encode())
    any_authority.submit(desk.bodies(report))
    for _ in range(2):
        any_authority.send_photo(report.id, example_photo)


def test_another_photo_is_refused(
    place: AuthorityUnderTest, desk: Desk, example_photo: bytes, another_photo: bytes
) -> None:
    """The first one stays, and may still be sent again."""
    authority, report = place.visit(), desk.check_in(1)
    authority.submit(desk.bodies(report))
    authority.send_photo(report.id, example_photo)
    with raises_error("photo_refused"):
        authority.send_photo(report.id, another_photo)
    authority.send_photo(report.id, example_photo)


def test_only_an_accepted_check_in_gets_a_photo(place: AuthorityUnderTest, desk: Desk, example_photo: bytes) -> None:
    """Not one that was never received, that is pending, or that is a duplicate; and no check-out."""
    authority = place.visit(faults="ok,ok,ok,pending")
    reports = desk.check_in(1, number="X1"), desk.check_in(2, number="X1"), desk.check_out(3, stay=1), desk.check_in(4)
    for report in reports:
        authority.submit(desk.bodies(report))
    for refused in (*reports[1:], desk.check_in(5)):
        with raises_error("photo_refused"):
            authority.send_photo(refused.id, example_photo)
    authority.verdict(reports[3].id)
    for accepted in (reports[0], reports[3]):
        authority.send_photo(accepted.id, example_photo)


def test_photo_has_a_limit(place: AuthorityUnderTest, desk: Desk, example_photo: bytes) -> None:
    """One byte over the limit is refused; a photo of exactly that size is taken."""
    authority, report = place.visit(), desk.check_in(1)
    authority.submit(desk.bodies(report))
    start, end = example_photo[:-2], example_photo[-2:]
    with raises_error("photo_refused"):
        authority.send_photo(report.id, start.ljust(MAX_PHOTO_BYTES - 1) + end)
    authority.send_photo(report.id, start.ljust(MAX_PHOTO_BYTES - 2) + end)


@pytest.mark.parametrize("fault", ["400", "409", "413"])
def test_refusals_have_one_name(place: AuthorityUnderTest, desk: Desk, example_photo: bytes, fault: str) -> None:
    """A refused photo is no refused report, and no reason for smaller batches."""
    authority, report = place.visit(faults=f"photo:{fault}"), desk.check_in(1)
    authority.submit(desk.bodies(report))
    with raises_error("photo_refused"):
        authority.send_photo(report.id, example_photo)


@pytest.mark.parametrize(
    ("faults", "error", "stored"),
    [
        ("photo:401*2", WrongPassword, False),
        ("photo:401,token:ok,token:401", WrongPassword, False),
        ("photo:403", AccountSuspended, False),
        ("photo:429=30", AuthorityBusy, False),
        ("photo:503=30", AuthorityBusy, False),
        ("photo:500", UnknownOutcome, False),
        ("photo:drop", UnknownOutcome, False),
        ("photo:portal", NotTheAuthority, False),
        ("photo:redirect", NotTheAuthority, False),
        ("photo:lost", UnknownOutcome, True),
        ("photo:truncated", NotTheAuthority, True),
        ("photo:empty", NotTheAuthority, True),
        ("photo:huge", NotTheAuthority, True),
    ],
)
def test_a_call_that_fails_is_made_again(
    place: AuthorityUnderTest,
    desk: Desk,
    example_photo: bytes,
    another_photo: bytes,
    faults: str,
    error: type[ApoaError],
    *,
    stored: bool,
) -> None:
    """Each error of any call; where only the answer was lost, the photo was stored, and the same one is taken again."""
    authority, report = place.visit(faults=faults), desk.check_in(1)
    authority.submit(desk.bodies(report))
    with pytest.raises(error):
        authority.send_photo(report.id, example_photo)
    if stored:
        with raises_error("photo_refused"):
            authority.send_photo(report.id, another_photo)
    authority.send_photo(report.id, example_photo)


def test_one_refused_token_is_replaced(place: AuthorityUnderTest, desk: Desk, example_photo: bytes) -> None:
    """Once, without an error."""
    authority, report = place.visit(faults="photo:401"), desk.check_in(1)
    authority.submit(desk.bodies(report))
    authority.send_photo(report.id, example_photo)
