"""What is shown of a table before it is imported."""

import pytest

from apoa_client.cli.terminal.language import set_language
from apoa_client.cli.views.imports import absent_fields, show_columns, show_facts
from apoa_client.tables.columns import ColumnMap
from apoa_client.tables.rows import SourceFacts, Table


def test_a_missing_field_is_named_once() -> None:
    """A table without columns for the place of birth and the check-in: each name once."""
    names = absent_fields(ColumnMap(fields={0: "document_number"}))
    assert {"birth_place", "check_in"} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("letter", ["x", "\u540d", "\u0301", "\x1b"])
def test_long_names(letter: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name of a sheet, a heading and a value of any length leave the question on the screen, at once."""
    set_language("en")
    long = letter * 100_000
    show_facts(SourceFacts("xlsx", sheet=long, other_sheets=("May", long)))
    show_columns(Table(SourceFacts("csv"), ("Room", long), 1, lambda: iter(())), ColumnMap(fields={0: "room"}), [long])
    shown = capsys.readouterr().err
    assert len(shown) < 1000
    assert "May" in shown


def test_the_longest_name_of_a_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown whole: a user types it behind --sheet."""
    name = "\u540d" * 31
    show_facts(SourceFacts("xlsx", sheet="A", other_sheets=(name,)))
    assert name in capsys.readouterr().err
