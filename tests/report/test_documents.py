"""Which document the machine readable lines are of: a passport, a card, a visa, or one that was read badly."""

from typing import Any
from uuid import UUID

import pytest
from report_helpers import NOW, PRINTED, TYPED, WIB, contract_errors, look, scanned, told

from apoa_client.passport.compose import Details, compose
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Report


def lines_of(form: str, **changes: Any) -> Mrz:
    """The guest's document of another format."""
    return read_mrz(compose(form, Details(**PRINTED | changes)), today=NOW.date())


@pytest.mark.parametrize("form", ["MRV-A", "MRV-B"])
def test_a_visa_is_no_passport(form: str) -> None:
    """Its number and its dates are the visa's own, whatever is typed beside them."""
    assert told(look(scanned(lines_of(form))).errors) == {("mrz", "unknown_format")}
    assert told(look(scanned(lines_of(form), TYPED)).errors) == {("mrz", "unknown_format")}


@pytest.mark.parametrize(
    ("form", "changes"),
    [("TD1", {}), ("TD2", {}), ("TD3", {"document_type": "I"}), ("TD1", {"document_number": "925076473AB12"})],
)
def test_a_card_is_reported_with_a_warning(form: str, changes: dict[str, Any]) -> None:
    """It is what the guest has; all its lines go with the report, as the contract allows."""
    card = lines_of(form, **changes)
    seen = look(scanned(card))
    assert seen.errors == ()
    assert told(seen.warnings) == {("mrz", "implausible")}
    assert seen.guest is not None
    assert seen.guest.document.mrz == card.lines
    report = Report(str(UUID(int=1)), str(UUID(int=2)), Kind.CHECK_IN, NOW.astimezone(WIB), seen.guest, seen.stay)
    assert contract_errors(report) == []


def test_a_card_without_an_expiry_date_is_asked_for_it() -> None:
    """The French identity card prints it elsewhere."""
    french = {"issuing_state": "FRA", "nationality": "FRA", "document_number": "050995201874"}
    card = lines_of("FRA-ID", **french)
    assert told(look(scanned(card)).errors) == {("expiry_date", "missing")}
    assert look(scanned(card, {"expiry_date": "2032-03-30"})).errors == ()


def test_a_passports_lines_are_a_passports_in_any_size() -> None:
    """Passport cards have the code P and are no reason for a remark."""
    assert look(scanned(lines_of("TD1", document_type="P"))).warnings == ()


def test_fillers_read_as_k_are_complained_of_where_they_stand() -> None:
    """At the end of the last name there is, which typing that name mends."""
    lines = compose("TD3", Details(**PRINTED))
    both = read_mrz([lines[0].rstrip("<").ljust(44, "K"), lines[1]], today=NOW.date())
    assert told(look(scanned(both)).errors) == {("given_names", "bad_character")}
    assert look(scanned(both, {"given_names": "Jane Ann"})).errors == ()
    single = compose("TD3", Details(**PRINTED | {"given_names": ""}))
    alone = read_mrz([single[0].rstrip("<").ljust(44, "K"), single[1]], today=NOW.date())
    assert told(look(scanned(alone)).errors) == {("surname", "bad_character")}


def test_a_line_that_lost_a_filler_is_read_and_refused() -> None:
    """What it must have been is suggested, and only a person's word puts it back."""
    lines = compose("TD3", Details(**PRINTED))
    seen = look(scanned(read_mrz([lines[0][:-1], lines[1]], today=NOW.date())))
    assert told(seen.errors) == {("mrz", "bad_length")}
    assert seen.errors[0].suggestion == lines[0]
