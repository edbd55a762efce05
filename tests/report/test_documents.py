"""Which document the MRZ is of: a passport, a card, a visa, or one that was read badly."""

from typing import Any
from uuid import UUID

import pytest
from report_helpers import NOW, PRINTED, TYPED, WIB, codes_of, contract_errors, look, scanned

from apoa_client.passport.compose import Details, compose
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Report


def lines_of(form: str, **changes: Any) -> Mrz:
    """Return the guest's document in another format."""
    return read_mrz(compose(form, Details(**PRINTED | changes)), today=NOW.date())


@pytest.mark.parametrize("form", ["MRV-A", "MRV-B"])
def test_a_visa_is_no_passport(form: str) -> None:
    """Its number and dates are the visa's, also where other fields are typed."""
    assert codes_of(look(scanned(lines_of(form))).errors) == {("mrz", "unknown_format")}
    assert codes_of(look(scanned(lines_of(form), TYPED)).errors) == {("mrz", "unknown_format")}


@pytest.mark.parametrize(
    ("form", "changes"),
    [("TD1", {}), ("TD2", {}), ("TD3", {"document_type": "I"}), ("TD1", {"document_number": "925076473AB12"})],
)
def test_a_card_is_reported_with_a_warning(form: str, changes: dict[str, Any]) -> None:
    """The guest may have no passport; all its lines go with the report, as the contract allows."""
    card = lines_of(form, **changes)
    seen = look(scanned(card))
    assert seen.errors == ()
    assert codes_of(seen.warnings) == {("mrz", "implausible")}
    assert seen.guest is not None
    assert seen.guest.document.mrz == card.lines
    report = Report(str(UUID(int=1)), str(UUID(int=2)), Kind.CHECK_IN, NOW.astimezone(WIB), seen.guest, seen.stay)
    assert contract_errors(report) == []


def test_a_card_without_an_expiry_date() -> None:
    """The French identity card prints it elsewhere, so it is missing."""
    french = {"issuing_state": "FRA", "nationality": "FRA", "document_number": "050995201874"}
    card = lines_of("FRA-ID", **french)
    assert codes_of(look(scanned(card)).errors) == {("expiry_date", "missing")}
    assert look(scanned(card, {"expiry_date": "2032-03-30"})).errors == ()


def test_a_passport_card_is_a_passport() -> None:
    """Passport cards have the code P and get no warning."""
    assert look(scanned(lines_of("TD1", document_type="P"))).warnings == ()


def test_fillers_read_as_k_are_an_error_of_the_last_name() -> None:
    """A typed name replaces the wrong one."""
    lines = compose("TD3", Details(**PRINTED))
    both = read_mrz([lines[0].rstrip("<").ljust(44, "K"), lines[1]], today=NOW.date())
    assert codes_of(look(scanned(both)).errors) == {("given_names", "bad_character")}
    assert look(scanned(both, {"given_names": "Jane Ann"})).errors == ()
    single = compose("TD3", Details(**PRINTED | {"given_names": ""}))
    alone = read_mrz([single[0].rstrip("<").ljust(44, "K"), single[1]], today=NOW.date())
    assert codes_of(look(scanned(alone)).errors) == {("surname", "bad_character")}


def test_a_line_that_lost_a_filler_is_an_error() -> None:
    """The correction is suggested, and only a user may apply it."""
    lines = compose("TD3", Details(**PRINTED))
    seen = look(scanned(read_mrz([lines[0][:-1], lines[1]], today=NOW.date())))
    assert codes_of(seen.errors) == {("mrz", "bad_length")}
    assert seen.errors[0].suggestion == lines[0]
