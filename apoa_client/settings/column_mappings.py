"""Which columns of a table are which fields: the form of a mapping in the settings and in a file of its own.

A mapping is the table ``[map.NAME]`` of config.toml, or a whole TOML file. Both have the same keys: `date_order`,
`name_order`, and the tables `columns`, from headings to targets, and `defaults`, from targets to values.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from apoa_client.report.fields import FIELDS

DATE_ORDERS = ("dmy", "mdy", "ymd")
"""Day first, month first, and year first: the orders of a date with three numbers."""

SURNAME_FIRST, GIVEN_FIRST = NAME_ORDERS = ("surname_first", "given_first")
"""Which names come first in a column that has both: the first word, or the last word, is the surname."""

IGNORE = "ignore"
"""The target of a column that is not read."""

TARGETS = (
    *(field.name for field in FIELDS),
    *("full_name", "middle_names", "title", "mrz1", "mrz2", "mrz3", "document_type"),
    *("check_in_time", "check_out", "check_out_time", "status", "booking", "guest_count", IGNORE),
)
"""What a column can be: a field of a report, or something that a field is made of or that decides about the row."""

_NONE: Mapping[str, str] = MappingProxyType({})


class ColumnMapping(NamedTuple):
    """What a user says about the columns of a table. Empty for what the table itself says.

    `columns` has targets by heading, `defaults` the values of empty cells by target.
    """

    columns: Mapping[str, str] = _NONE
    date_order: str = ""
    name_order: str = ""
    defaults: Mapping[str, str] = _NONE

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return "ColumnMapping(…)"
