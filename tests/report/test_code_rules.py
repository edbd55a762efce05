"""The warning about a code that the authority does not list."""

from datetime import date

import pytest
from report_helpers import NOW, PERMITS, WIB, code, draft

from apoa_client.report import checking
from apoa_client.report.codes import NO_TABLES, CodeTables
from apoa_client.report.findings import Finding
from apoa_client.report.rules import examine


def unknown(changes: dict[str, str], tables: CodeTables) -> list[Finding]:
    """Return the warnings about codes of a draft, which is valid whatever the authority lists."""
    found = examine(draft(changes), now=NOW, zone=WIB, tables=tables)
    assert found.errors == ()
    return [warning for warning in found.warnings if warning.code == "unknown_code"]


@pytest.mark.parametrize("permit", ["B1", "b-1", "N7", "wisata"])
def test_a_listed_permit_is_no_warning(permit: str) -> None:
    """In any spelling. A word of several permits, such as wisata, has its own warning."""
    assert unknown({"stay_permit": permit}, PERMITS) == []


@pytest.mark.parametrize("permit", ["D12", "C1", "C9"])
def test_an_unlisted_permit_is_a_warning(permit: str) -> None:
    """And so is one that the authority takes on other days than that of arrival."""
    [warning] = unknown({"stay_permit": permit}, PERMITS)
    assert warning.field == "guest.stay_permit.code"
    assert f"does not have {permit} for 24 Nov 2026" in warning.message.render()


def test_the_day_is_that_of_arrival() -> None:
    """Not that of the report: a guest who arrived while the code was valid is reported late."""
    until_yesterday = CodeTables(stay_permits=(code("B1", valid_to=date(2026, 11, 23)),))
    assert unknown({"check_in": "2026-11-23 21:00"}, until_yesterday) == []
    assert len(unknown({"check_in": "2026-11-24 19:00"}, until_yesterday)) == 1


def test_a_similar_code_is_suggested() -> None:
    """One that begins so."""
    [warning] = unknown({"stay_permit": "N"}, PERMITS)
    assert warning.suggestion == "N7"


def test_purposes() -> None:
    """Only a warning, too."""
    tables = CodeTables(purposes=(code("business"),))
    assert [each.field for each in unknown({}, tables)] == ["stay.purpose"]
    assert unknown({"purpose": "bisnis"}, tables) == []


def test_without_tables_every_code_is_taken() -> None:
    """As without an authority."""
    assert unknown({"stay_permit": "ZZZ"}, NO_TABLES) == []


def test_a_document_alone_is_checked_for_today() -> None:
    """It has no stay, and no purpose."""
    typed = {"stay_permit": "C1", "nationality": "Polandia", "surname": "ZYKOWSKI"}
    found = checking.check(typed, (), today=NOW.date(), tables=PERMITS._replace(purposes=(code("work"),)))
    assert [each.field for each in found.warnings if each.code == "unknown_code"] == ["guest.stay_permit.code"]
