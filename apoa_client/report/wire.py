"""Conversion of a report to the contract's JSON and back.

The JSON has the members of the classes in `report.model`, in their order. A report is sealed and sent as the bytes of
`to_json`, also when it is sent again, because the authority compares the content to tell a repeated report from a
changed one.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from types import NoneType
from typing import Any, TypeAlias, get_args

from apoa_client.passport.dates import PartialDate
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import Kind, Purpose
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit

_Part: TypeAlias = Report | Guest | Stay | Document | StayPermit

_ONLY_OF_SOME_KINDS = ("guest", "stay", "check_out", "reason")
"""The members that a report leaves out where its kind does not have them."""


def to_json(report: Report) -> bytes:
    """Return the report as UTF-8 JSON, always the same bytes for the same report."""
    return json.dumps(report_value(report), ensure_ascii=False, separators=(",", ":")).encode()


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
    return {name: _value(each) for name, each in zip(part._fields, part, strict=True)}


def _value(value: Any) -> Any:  # noqa: ANN401  of any member; any JSON value
    if value is None or type(value) is str:  # most members
        return value
    if isinstance(value, _Part):
        return part_value(value)
    if isinstance(value, datetime):
        return instant(value)
    return list(value) if isinstance(value, tuple) else str(value)


def _from_value(part: type[Any], value: Mapping[str, Any]) -> Any:  # noqa: ANN401  a `_Part` of this class
    """Return a part from its JSON values. An optional member may be missing: an earlier version did not have it."""
    members = {name: value[name] for name in part._fields if name in value or name not in part._field_defaults}
    converters = _CONVERTERS_OF[part]
    return part(**{name: None if each is None else converters[name](each) for name, each in members.items()})


def _without_none(annotation: Any) -> Any:  # noqa: ANN401  a type
    options = get_args(annotation)
    return options[0] if NoneType in options else annotation


_CONVERTERS: Mapping[object, Callable[[Any], Any]] = {
    str: lambda value: value,
    Kind: Kind,
    Purpose: Purpose,
    PartialDate: PartialDate.from_iso,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    tuple[str, ...]: tuple,
}

_CONVERTERS_OF: Mapping[object, Mapping[str, Callable[[Any], Any]]] = {
    part: {
        name: _CONVERTERS.get(kind := _without_none(annotation)) or partial(_from_value, kind)
        for name, annotation in part.__annotations__.items()
    }
    for part in (Report, Guest, Stay, Document, StayPermit)
}
"""The function that makes the value of each member from its JSON value."""
