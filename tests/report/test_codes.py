"""An authority's code tables: which code a text means, which are suggested, and how a table is kept."""

from datetime import date

import pytest
from report_helpers import PERMITS, code

from apoa_client.report.codes import CodeTable, find, read_table, rows_of, suggest, table_value, valid_codes

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
