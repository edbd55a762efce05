"""Statements written for SQLite become psycopg's, and what is quoted in them stays."""

import pytest

from apoa_client.outbox.postgres.database import translated


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT ? + :name_2", "SELECT %s + %(name_2)s"),
        ("SELECT '?:a''?' || \"?:b\"", "SELECT '?:a''?' || \"?:b\""),
        ("SELECT 1 -- ? :a\n, ?", "SELECT 1 -- ? :a\n, %s"),
        ("SELECT /* ? :a */ ?", "SELECT /* ? :a */ %s"),
        ("SELECT ?::bigint", "SELECT %s::bigint"),
        ("SELECT 5 % 2, 'a%'", "SELECT 5 %% 2, 'a%%'"),
        ("SELECT * FROM a INDEXED BY a_b WHERE c", "SELECT * FROM a WHERE c"),
        ("SELECT * FROM a\n    indexed  by a_b", "SELECT * FROM a"),
        ("SELECT * FROM a NOT INDEXED", "SELECT * FROM a"),
        ("SELECT indexed_by FROM a", "SELECT indexed_by FROM a"),
    ],
)
def test_translation(statement: str, expected: str) -> None:
    """Places for values and SQLite's hints are translated."""
    assert translated(statement) == expected.encode()
