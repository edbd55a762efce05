"""The model of a report: immutable values, and their JSON.

A report is one message, and the history of a stay is a sequence of reports with one `stay_id`. No ``repr`` shows
personal data: each field that may have some is left out of it.

The contract's JSON has the members of the classes, in their order. A report is sealed and sent as the bytes of
`to_json`, also when it is sent again, because the authority compares the content to tell a repeated report from a
changed one.

"kamar 3", "Room 3", "No. 3" and "3" are one room. A report has the room without such words, because the authority's
form says "room" already. Reports that were saved with them are compared and shown without them.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from types import NoneType
from typing import Any, NamedTuple, TypeAlias, get_args

from apoa_client.passport.dates import PartialDate
from apoa_client.report.kinds import Kind, Purpose, instant
from apoa_client.texts import repr_with


@repr_with("type")
class Document(NamedTuple):
    """A travel document. `issuing_state` is an ICAO code. Without `expiry_date`, the date cannot be read."""

    type: str
    number: str
    issuing_state: str
    expiry_date: date | None = None
    mrz: tuple[str, ...] | None = None


@repr_with()
class StayPermit(NamedTuple):
    """A visa or stay permit: free text, because the official index changes by decree."""

    code: str | None = None
    number: str | None = None
    valid_until: date | None = None
    entry_date: date | None = None


@repr_with()
class Guest(NamedTuple):
    """A foreign guest. One of `surname` and `given_names` may be empty; `birth_place` "-" means not stated."""

    surname: str
    given_names: str
    sex: str
    birth_date: PartialDate
    birth_place: str
    nationality: str
    document: Document
    stay_permit: StayPermit | None = None
    phone: str | None = None
    email: str | None = None


@repr_with("check_in", "planned_check_out")
class Stay(NamedTuple):
    """A stay in the property. `check_in` has the property's offset from UTC."""

    check_in: datetime
    planned_check_out: date
    room: str | None = None
    purpose: Purpose = Purpose.TOURISM
    note: str | None = None

    @property
    def nights(self) -> int:
        """The number of nights."""
        return (self.planned_check_out - self.check_in.date()).days


@repr_with("id", "stay_id", "kind")
class Report(NamedTuple):
    """One message to the authority. The `kind` determines which of the last four fields are set (see the contract)."""

    id: str
    stay_id: str
    kind: Kind
    created_at: datetime
    guest: Guest | None = None
    stay: Stay | None = None
    check_out: datetime | None = None
    reason: str | None = None


_Part: TypeAlias = Report | Guest | Stay | Document | StayPermit
_PARTS = (Report, Guest, Stay, Document, StayPermit)

_ONLY_OF_SOME_KINDS = ("guest", "stay", "check_out", "reason")
"""The members that a report leaves out where its kind does not have them."""


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(report: Report) -> bytes:
    """Return the report as UTF-8 JSON, always the same bytes for the same report."""
    return _encode(report_value(report)).encode()


def from_json(body: bytes) -> Report:
    """Return the report from bytes of `to_json`. Raises `ValueError` or `KeyError` for other bytes."""
    report: Report = _from_value(Report, json.loads(body))
    return report


def report_value(report: Report) -> dict[str, Any]:
    """Return the report as JSON values, with only the members that its kind has."""
    value = part_value(report)
    return {name: each for name, each in value.items() if each is not None or name not in _ONLY_OF_SOME_KINDS}


def part_value(part: _Part) -> dict[str, Any]:
    """Return a report, or a part of it such as its guest, as JSON values with all members."""
    members = zip(part._fields, part, strict=True)
    return {name: each if each is None or type(each) is str else _value(each) for name, each in members}


def _value(value: Any) -> Any:  # noqa: ANN401  of any member; any JSON value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, tuple):
        return part_value(value) if isinstance(value, _PARTS) else list(value)
    return str(value)


def _from_value(part: type[Any], value: Mapping[str, Any]) -> Any:  # noqa: ANN401  a `_Part` of this class
    """Return a part from its JSON values. A member that may be null may be missing: an earlier version did not have it.

    Raises `ValueError`, `TypeError` or `KeyError` for values that no version wrote.
    """
    if not isinstance(value, dict):
        raise TypeError(part)
    defaults, members = part._field_defaults, []
    for name, convert in _CONVERTERS_OF[part].items():
        may_be_null = defaults.get(name, part) is None
        member = value.get(name) if may_be_null else value[name]
        members.append(member if convert is None or (member is None and may_be_null) else convert(member))
    return part(*members)


_CONVERTERS: Mapping[object, Callable[[Any], Any] | None] = {
    str: None,
    Kind: Kind,
    Purpose: Purpose,
    PartialDate: PartialDate.from_iso,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    tuple[str, ...]: tuple,
}

_CONVERTERS_OF: Mapping[object, Mapping[str, Callable[[Any], Any] | None]] = {
    part: {
        name: _CONVERTERS[kind] if kind in _CONVERTERS else partial(_from_value, kind)
        for name, annotation in part.__annotations__.items()
        for kind in [get_args(annotation)[0] if NoneType in get_args(annotation) else annotation]
    }
    for part in _PARTS
}
"""The function that makes the value of each member of its JSON value; None where the two are equal."""


_ROOM_WORDS = (
    r"(?i)(?:kamar|kmr|room|rm|nomor|nomer|number)(?![^\W\d_])[\s.:#-]*"  # not the beginning of a longer word
    r"|no\b\.[\s:#]*|no[\s:#]*(?=\d)"  # "No Name" is a name
    r"|\#\s*"
)


def room_name(text: str) -> str:
    """Return the number or name of a room without "kamar", "room", "no." and the like in front of it, in any case.

    The text itself is returned, with single blanks, if nothing else is left.
    """
    whole = rest = " ".join(text.split())
    while (match := re.match(_ROOM_WORDS, rest)) is not None:
        rest = rest[match.end() :]
    return rest or whole


def normalized_room(text: str) -> str:
    """Return a room in the form in which rooms are compared: words for "room", capitals and blanks do not matter."""
    return room_name(text).casefold()
