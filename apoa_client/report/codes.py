"""The code tables of an authority: which stay permits and purposes it takes, and on which days.

They are suggestions, as the built-in lists are: the index of visas changes by decree. A code that an authority does not
list is a warning, and the report is saved anyway.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from apoa_client.texts import fold, similarity

TABLES = ("stay_permits", "purposes")
"""The contract's tables, which are the fields of `CodeTables`."""

_MIN_SIMILARITY = 0.7
_MIN_MISTYPED = 4
"""Characters; shorter texts are similar to too many words."""


class Code(NamedTuple):
    """One row of a code table: names in Indonesian (`id`) and English (`en`), and the days on which it is valid."""

    code: str
    id: str
    en: str
    valid_from: date | None
    valid_to: date | None

    def valid_on(self, day: date) -> bool:
        """Return whether the code may be reported for an arrival on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def name(self, language: str) -> str:
        """Return the name in this language, not sanitized; the other one where the table has none."""
        return (self.id or self.en) if language == "id" else (self.en or self.id)


class CodeTable(NamedTuple):
    """A code table, and the `etag` for the next request."""

    table: str
    version: str
    codes: tuple[Code, ...]
    etag: str | None


class CodeTables(NamedTuple):
    """The rows of an authority's tables. A table that is not known is empty, and then every code is taken."""

    stay_permits: tuple[Code, ...] = ()
    purposes: tuple[Code, ...] = ()


NO_TABLES = CodeTables()


def rows_of(codes: Iterable[Code], code: str) -> list[Code]:
    """Return the rows with a code in any spelling: a code may have several, each for other days."""
    folded = fold(code)
    return [row for row in codes if fold(row.code) == folded]


def valid_codes(codes: Iterable[Code], day: date) -> list[Code]:
    """Return the codes that are valid on a day, each once."""
    return list({fold(row.code): row for row in codes if row.valid_on(day)}.values())


def find(text: str, valid: Sequence[Code]) -> Code | None:
    """Return the one of the valid codes that a text means: the code in any spelling, or a name that no other has."""
    folded = fold(text)
    named = [row for row in valid if folded and folded in _words(row)]
    return next(iter(rows_of(valid, text)), named[0] if len(named) == 1 else None)


def suggest(text: str, valid: Sequence[Code], limit: int = 5) -> list[Code]:
    """Return the valid codes that a text may mean: those that begin so, else those that are similar; the best first."""
    folded = fold(text)
    if not folded:
        return []
    begun = [row for row in valid if any(word.startswith(folded) for word in _words(row))]
    if begun or len(folded) < _MIN_MISTYPED:
        return sorted(begun, key=lambda row: not fold(row.code).startswith(folded))[:limit]
    scores = [(similarity(folded, _words(row)), row) for row in valid]
    similar = sorted((pair for pair in scores if pair[0] > _MIN_SIMILARITY), key=lambda pair: -pair[0])
    return [row for _score, row in similar[:limit]]


def table_value(table: CodeTable) -> dict[str, Any]:
    """Return a table as JSON values; `read_table` reads them."""
    rows = [[row.code, row.id, row.en, _day_value(row.valid_from), _day_value(row.valid_to)] for row in table.codes]
    return {"table": table.table, "version": table.version, "etag": table.etag, "codes": rows}


def read_table(value: Mapping[str, Any]) -> CodeTable:
    """Return the table from the values of `table_value`. Raises `LookupError`, `TypeError` or `ValueError`."""
    name, version, etag = value["table"], value["version"], value["etag"]
    rows = [
        Code(_text(code), _text(in_indonesian), _text(in_english), _day(valid_from), _day(valid_to))
        for code, in_indonesian, in_english, valid_from, valid_to in value["codes"]
    ]
    return CodeTable(_text(name), _text(version), tuple(rows), None if etag is None else _text(etag))


def tables_of(tables: Sequence[CodeTable]) -> CodeTables:
    """Return the rows of the tables whose names the contract has."""
    return CodeTables(**{table.table: table.codes for table in tables if table.table in TABLES})


def _words(row: Code) -> tuple[str, ...]:
    return tuple(word for word in map(fold, (row.code, row.id, row.en)) if word)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(_text(value))


def _day_value(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
