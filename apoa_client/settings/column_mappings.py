"""Which columns of a table are which fields: the form of a mapping in the settings and in a file of its own.

A mapping is the table ``[map.NAME]`` of config.toml, or a whole TOML file. Both have the same keys: `date_order`,
`name_order`, and the tables `columns`, from headings to targets, and `defaults`, from targets to values.
"""

from collections.abc import Mapping
from datetime import date, time
from types import MappingProxyType
from typing import Any, NamedTuple

from apoa_client.messages import Message, literal, msg
from apoa_client.report.fields import BY_NAME
from apoa_client.texts import close_matches, fold

DATE_ORDERS = ("dmy", "mdy", "ymd")
"""Day first, month first, and year first: the orders of a date with three numbers."""

SURNAME_FIRST, GIVEN_FIRST = NAME_ORDERS = ("surname_first", "given_first")
"""Which names come first in a column that has both: the first word, or the last word, is the surname."""
BY_NATIONALITY, GIVEN_ALWAYS = NAME_ORDERS_BY_STATE = ("by_nationality", "given_first_always")
"""As `GIVEN_FIRST`, and for guests of states where the surname comes first: the surname, or else the given names."""

IGNORE = "ignore"
"""The target of a column that is not read."""


class OtherTarget(NamedTuple):
    """What a column can be beside a field: something that a field is made of or that decides about the row.

    `paths` are those in the contract to which a problem with a cell belongs. A target that `has_default` can have a
    value for empty cells.
    """

    label: Message
    paths: tuple[str, ...] = ()
    has_default: bool = True


_SURNAME, _GIVEN_NAMES, _BIRTH_PLACE, _BIRTH_DATE, _DOCUMENT, _MRZ, _CHECK_IN = (
    BY_NAME[name].path
    for name in ("surname", "given_names", "birth_place", "birth_date", "document_number", "mrz", "check_in")
)
OTHER_TARGETS: Mapping[str, OtherTarget] = {
    "full_name": OtherTarget(msg("Full name"), (_SURNAME, _GIVEN_NAMES)),
    "middle_names": OtherTarget(msg("Middle names"), (_GIVEN_NAMES,)),
    "birth": OtherTarget(msg("Place and date of birth"), (_BIRTH_PLACE, _BIRTH_DATE), has_default=False),
    "mrz1": OtherTarget(msg("Line 1 of the MRZ"), (_MRZ,), has_default=False),
    "mrz2": OtherTarget(msg("Line 2 of the MRZ"), (_MRZ,), has_default=False),
    "mrz3": OtherTarget(msg("Line 3 of the MRZ"), (_MRZ,), has_default=False),
    "document_type": OtherTarget(msg("Type of document"), (_DOCUMENT,)),
    "check_in_time": OtherTarget(msg("Time of check-in"), (_CHECK_IN,)),
    "check_out": OtherTarget(msg("Check-out, when the guest has left"), ("check_out",)),
    "check_out_time": OtherTarget(msg("Time of check-out"), ("check_out",)),
    "status": OtherTarget(msg("Status of the reservation"), ("",)),
    "guest_count": OtherTarget(msg("Number of guests"), ("",), has_default=False),
    IGNORE: OtherTarget(msg("not read"), has_default=False),
}

TARGETS = (*BY_NAME, *OTHER_TARGETS)
"""What a column can be."""

DEFAULT_TARGETS = tuple(
    name for name in TARGETS if name != "mrz" and (name in BY_NAME or OTHER_TARGETS[name].has_default)
)
"""What can have a value for empty cells."""


def label_of_target(target: str) -> Message:
    """Return what a target of a column is called."""
    return BY_NAME[target].label if target in BY_NAME else OTHER_TARGETS[target].label


def paths_of_target(target: str) -> tuple[str, ...]:
    """Return the paths in the contract to which a problem with a cell of a target belongs."""
    return (BY_NAME[target].path,) if target in BY_NAME else OTHER_TARGETS[target].paths


COLUMNS, DEFAULTS = "columns", "defaults"
_ORDERS = {"date_order": DATE_ORDERS, "name_order": (*NAME_ORDERS, *NAME_ORDERS_BY_STATE)}
_KEYS = (COLUMNS, DEFAULTS, *_ORDERS)
_MAX_LENGTH = 500
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

    def as_values(self) -> dict[str, Any]:
        """Return the mapping as the values of its TOML table, without empty ones."""
        values = {
            "date_order": self.date_order,
            "name_order": self.name_order,
            COLUMNS: dict(self.columns),
            DEFAULTS: dict(self.defaults),
        }
        return {key: value for key, value in values.items() if value}


class WrongMapping(Exception):
    """A mapping that is not right. `table` is empty, ``columns`` or ``defaults``, `key` the key in it."""

    def __init__(self, table: str, key: str, problem: Message, near: str = "") -> None:
        super().__init__(table)
        self.table = table
        self.key = key
        self.problem = problem
        self.near = near
        """The name that may be meant; empty if none is near."""


def parse_mapping(values: object) -> ColumnMapping:
    """Return the mapping in the values of a TOML table. Raises `WrongMapping`."""
    if not isinstance(values, dict):
        raise WrongMapping("", "", msg("a mapping must be a table"))
    for key in values:
        if key not in _KEYS:
            raise _unknown("", key, _KEYS)
    orders = {key: _one_of(key, values.get(key, ""), ("", *allowed)) for key, allowed in _ORDERS.items()}
    columns = _texts(COLUMNS, values.get(COLUMNS, {}))
    folded: dict[str, str] = {}
    for heading, target in columns.items():
        if target not in TARGETS:
            raise _unknown(COLUMNS, heading, TARGETS, target)
        if folded.setdefault(fold(heading), target) != target:
            raise WrongMapping(COLUMNS, heading, msg("this heading stands there twice, with different fields"))
    defaults = _texts(DEFAULTS, values.get(DEFAULTS, {}))
    for target, value in defaults.items():
        check_default(target, value)
    return ColumnMapping(columns, orders["date_order"], orders["name_order"], defaults)


def check_default(target: str, value: str) -> None:
    """Raise `WrongMapping` unless a target can have a value for empty cells. What it says is read as a cell is."""
    if target not in DEFAULT_TARGETS:
        raise _unknown(DEFAULTS, target, DEFAULT_TARGETS)
    if len(value) > _MAX_LENGTH or not value.isprintable():
        raise WrongMapping(DEFAULTS, target, msg("a text in one line, of at most {most} characters", most=_MAX_LENGTH))


def _texts(table: str, values: object) -> dict[str, str]:
    """Return the keys and texts of a table; a date or a number as text."""
    if not isinstance(values, dict):
        raise WrongMapping("", table, msg("this must be a table"))
    found = {}
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, date, time)):
            raise WrongMapping(table, key, msg("a text in quotation marks"))
        found[key] = value.isoformat() if isinstance(value, (date, time)) else str(value).strip()
    return found


def _one_of(key: str, value: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise WrongMapping("", key, literal(", ".join(filter(None, allowed))))
    return value


def _unknown(table: str, key: str, known: tuple[str, ...], target: str = "") -> WrongMapping:
    """Return the error about a name that is none of the known ones, with the nearest one."""
    near = close_matches(target or key, list(known), limit=1)
    return WrongMapping(table, key, literal(", ".join(known)), near[0] if near else "")
