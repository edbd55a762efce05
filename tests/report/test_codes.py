"""An authority's code tables: which code a text means, how a table is kept, and the warning about an unlisted code."""

from datetime import date

import pytest
from code_tables_helpers import PERMITS, code
from report_helpers import NOW, WIB, draft

from apoa_client.report import checking
from apoa_client.report.codes import (
    NO_TABLES,
    CodeTable,
    CodeTables,
    find,
    read_table,
    rows_of,
    suggest,
    table_value,
    valid_codes,
)
from apoa_client.report.findings import Finding
from apoa_client.report.rules import examine

VALID = valid_codes(PERMITS.stay_permits, date(2026, 11, 24))


@pytest.mark.parametrize("text", ["N7", "n-7", "Remote worker visa", "visa PEKERJA jarak jauh"])
def test_a_code_or_its_name_is_found(text: str) -> None:
    """In any spelling, and in both languages."""
    found = find(text, VALID)
    assert found is not None
    assert found.code == "N7"


@pytest.mark.parametrize("text", ["C1", "C9", "X", "", "visa"])
def test_what_is_not_valid_or_not_one_code_is_not_found(text: str) -> None:
    """A code of other days, an unknown one, a text of no letter, and a word of which no code has the whole name."""
    assert find(text, VALID) is None


def test_a_name_of_two_codes_means_none() -> None:
    """The user chooses."""
    assert find("wisata", [code("A", id="Wisata"), code("B", id="wisata")]) is None


def test_suggestions_begin_with_the_text_or_are_similar() -> None:
    """Codes come before names; what is not valid on the day is not suggested."""
    rows = (*VALID, code("Remo"))
    assert [row.code for row in suggest("remo", rows)] == ["Remo", "N7"]
    assert [row.code for row in suggest("remoet worker visa", rows)] == ["N7"]
    assert suggest("C", rows) == suggest("", rows) == suggest("qqqq", rows) == []


def test_a_code_may_have_several_rows() -> None:
    """In any spelling, each for other days."""
    rows = [code("A", valid_to=date(2026, 1, 1)), code("a", valid_from=date(2026, 11, 1)), code("A-"), code("B")]
    assert rows_of(rows, "A") == rows[:3]
    assert len(valid_codes(rows, date(2026, 11, 24))) == 2


def test_a_table_is_read_as_it_was_written() -> None:
    """With its days, its version and its ETag."""
    table = CodeTable("stay_permits", "7", PERMITS.stay_permits, '"7"')
    assert read_table(table_value(table)) == table


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"table": "purposes", "version": "1", "etag": None, "codes": [["A"]]},
        {"table": "purposes", "version": "1", "etag": None, "codes": [["A", "A", "A", "kemarin", None]]},
        {"table": "purposes", "version": "1", "etag": None, "codes": [[1, "A", "A", None, None]]},
        {"table": "purposes", "version": "1", "etag": None, "codes": None},
        {"table": 3, "version": "1", "etag": None, "codes": []},
    ],
)
def test_a_damaged_table_is_not_read(value: dict[str, object]) -> None:
    """It raises one of three errors, and has no half of a table."""
    with pytest.raises((LookupError, TypeError, ValueError)):
        read_table(value)


# The warning.


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
