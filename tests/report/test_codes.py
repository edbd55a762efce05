"""An authority's code tables: the rows of a code, and how a table is kept."""

from datetime import date

import pytest
from code_tables_helpers import PERMITS, code

from apoa_client.report.codes import CodeTable, read_table, rows_of, table_value


def test_a_code_may_have_several_rows() -> None:
    """In any spelling, each for other days."""
    rows = [code("A", valid_to=date(2026, 1, 1)), code("a", valid_from=date(2026, 11, 1)), code("A-"), code("B")]
    assert rows_of(rows, "A") == rows[:3]


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
