"""Translates the statements that both engines share from SQLite's notation into psycopg's."""

import re
from functools import lru_cache

_PARTS = re.compile(
    r"""
    (?P<kept> '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: )  # text, names, comments, casts
    | (?P<hint> \s+ (?: INDEXED \s+ BY \s+ \w+ | NOT \s+ INDEXED ) \b )
    | :(?P<name> [A-Za-z_]\w* )
    | (?P<place> \? )
    | (?P<percent> % )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


@lru_cache(maxsize=512)
def translated(statement: str) -> bytes:
    """Return the statement with `%s` for `?` and `%(name)s` for `:name`, and without hints that only SQLite knows.

    What stands in quotes and comments stays; only `%` is doubled there too, because psycopg reads it everywhere.
    """
    return _PARTS.sub(_replacement, statement).encode()


def _replacement(part: re.Match[str]) -> str:
    if part["name"]:
        return f"%({part['name']})s"
    if part["place"]:
        return "%s"
    return "" if part["hint"] else part[0].replace("%", "%%")
