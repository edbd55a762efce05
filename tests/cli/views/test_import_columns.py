"""The fields that a table lacks are listed once each."""

from apoa_client.cli.views.import_columns import absent_fields
from apoa_client.tables.columns import ColumnMap


def test_a_missing_field_is_named_once() -> None:
    """A table without columns for the place of birth and the check-in: each name once."""
    names = absent_fields(ColumnMap(fields={0: "document_number"}))
    assert {"birth_place", "check_in"} <= set(names)
    assert len(names) == len(set(names))
