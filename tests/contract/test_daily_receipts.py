"""Receipts of a whole day: one suite for every authority."""

from datetime import date, timedelta
from typing import Any

from authority_simulator import AuthoritySimulator
from contract_helpers import AnyAuthority, AuthorityUnderTest, Desk

from apoa_client.ports.authority import DailyReceipt


def asked(authority: AnyAuthority, day: date) -> DailyReceipt:
    daily = authority.daily_receipt(day)
    assert daily is not None
    return daily


def test_an_authority_says_that_it_has_them(any_authority: AnyAuthority) -> None:
    """Each of them has some, and names its day."""
    assert any_authority.meta().daily_receipts
    day = date(2026, 11, 24)
    daily = asked(any_authority, day)
    assert (daily.day, daily.begin.date(), daily.end - daily.begin) == (day, day, timedelta(days=1))
    assert daily.property_id


def test_a_day_has_its_receipts(place: AuthorityUnderTest, desk: Desk) -> None:
    """Every accepted report of the day, with the receipt that it got; a duplicate and a refused one are not in it."""
    authority = place.visit()
    today = authority.meta().server_time.date()
    assert asked(authority, today).receipts == {}
    reports = desk.check_in(1), desk.check_in(2), desk.check_in(3, number="925000001"), desk.check_out(4, stay=99)
    accepted = {each.id: each.receipt for each in authority.submit(desk.bodies(*reports))[:2]}
    listed = asked(authority, today).receipts
    assert {each: receipt.number for each, receipt in listed.items()} == {
        each: receipt.number for each, receipt in accepted.items() if receipt is not None
    }
    assert (
        asked(authority, today - timedelta(days=1)).receipts
        == asked(authority, today + timedelta(days=1)).receipts
        == {}
    )


def test_may_have_a_pdf(any_authority: AnyAuthority) -> None:
    """A day as PDF is a PDF, or there is none."""
    pdf = any_authority.daily_receipt_pdf(date(2026, 11, 24))
    assert pdf is None or pdf.startswith(b"%PDF-")


def test_an_authority_without_them(openapi: dict[str, Any]) -> None:
    """The member is optional, as the call is: an authority of version 1.1 has none."""
    assert "daily_receipts" not in openapi["components"]["schemas"]["Meta"]["required"]
    assert AuthoritySimulator().daily_receipt(date(2026, 11, 24)) is None
