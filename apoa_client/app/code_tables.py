"""The file beside the outbox with the code tables of a property's authority, as they were last fetched.

They are suggestions, so nothing depends on the file: a damaged one, and one of another authority or account, counts as
none. It has no personal data. Each computer of a shared outbox has its own.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.files import write_private
from apoa_client.report.codes import CodeTable, CodeTables, read_table, table_value, tables_of

if TYPE_CHECKING:
    from apoa_client.settings.config import PropertySettings

_MAX_BYTES = 8 * 1024 * 1024
"""Two tables of the largest size that an answer may have are smaller."""


class KeptTables(NamedTuple):
    """The tables by name, and when the authority is asked for each of them again."""

    tables: Mapping[str, CodeTable]
    ask_after: Mapping[str, datetime]


_NONE = KeptTables({}, {})


class CodeFile:
    """The file of one property."""

    def __init__(self, path: Path, settings: "PropertySettings") -> None:
        self._path = path
        self._settings = settings

    def rows(self) -> CodeTables:
        """Return the rows of the tables; no rows where there are none."""
        return tables_of(list(self.read().tables.values()))

    def read(self) -> KeptTables:
        """Return what is kept for the authority and the account of the settings."""
        with suppress(OSError, LookupError, AttributeError, TypeError, ValueError, RecursionError):
            with self._path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
            value: dict[str, Any] = json.loads(content)
            if len(content) <= _MAX_BYTES and value["authority"] == self._owner:
                tables = [read_table(each) for each in value["tables"]]
                times = {name: datetime.fromisoformat(at).astimezone(UTC) for name, at in value["ask_after"].items()}
                return KeptTables({each.table: each for each in tables}, times)
        return _NONE

    def write(self, kept: KeptTables) -> None:
        """Replace the file. Raises `OSError`."""
        tables = [table_value(each) for each in kept.tables.values()]
        times = {name: at.isoformat() for name, at in kept.ask_after.items()}
        value = {"authority": self._owner, "ask_after": times, "tables": tables}
        write_private(self._path, json.dumps(value, ensure_ascii=False).encode())

    @property
    def _owner(self) -> list[str]:
        return [self._settings.fingerprint, *self._settings.identity]
