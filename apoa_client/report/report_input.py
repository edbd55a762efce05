"""A report that another program gives as JSON, in the contract's form, read as if its fields had been typed.

The members of `guest` and `stay` are those of the contract. What is left out, null or empty is not given, so the fields
of an MRZ need not be repeated; without an MRZ, an expiry of null says that the date cannot be read. The rules check the
values, as they check what staff type.
"""

from collections.abc import Iterator
from typing import NamedTuple

from apoa_client.messages import Message, msg
from apoa_client.report.fields import BY_NAME, FIELDS, UNREADABLE
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.texts import repr_with

_TYPE, _MRZ = "guest.document.type", "guest.document.mrz"
_NAMES = {field.path: field.name for field in FIELDS if field.name not in {"nights", "mrz"}}
_KNOWN = {*_NAMES, _TYPE, _MRZ}
_OBJECTS = {"", *(path.rpartition(".")[0] for path in _NAMES), "guest"}
_PASSPORT = "P"
_MOST_LINES = 3

_NO_OBJECT = msg("This must be an object of the contract.")
_NO_TEXT = msg("This must be a text, or null.")
_NO_LINES = msg("This must be the lines of the MRZ, two or three texts, or null.")
_NO_PASSPORT = msg("Without MRZ lines, the document is reported as a passport, so its type must be P.")
_UNKNOWN = msg("This has a member that the contract does not have. See: apoa help contract")


@repr_with()
class ReportInput(NamedTuple):
    """The fields of a report by the names of `apoa_client.report.fields`, and the lines of the MRZ."""

    typed: dict[str, str]
    lines: list[str]


def parse_report_input(value: object) -> ReportInput:
    """Return the report in a JSON value of the form `{"guest": {...}, "stay": {...}}`.

    Raises `ReportRefused` with a finding for each part of another form. No finding repeats what was given.
    """
    given = ReportInput({}, [])
    errors = [Finding(path, "unknown_format", problem) for path, problem in _read(value, "", given)]
    if errors:
        raise ReportRefused(errors)
    return given


def _read(value: object, path: str, given: ReportInput) -> Iterator[tuple[str, Message]]:
    """Add what is at `path` and below it to `given`, and yield the problems with their paths."""
    if value is None and path == BY_NAME["expiry_date"].path and not given.lines:
        value = UNREADABLE
    if path not in _OBJECTS:
        problem = None if value is None or value == "" else _add(value, path, given)
        if problem is not None:
            yield path if path in _KNOWN else path.rpartition(".")[0], problem
    elif isinstance(value, dict):
        # The lines come first: whether a type is possible depends on them.
        for member in sorted(value, key=lambda name: name != "mrz"):
            yield from _read(value[member], f"{path}.{member}".lstrip("."), given)
    elif value is not None or not path:
        yield path, _NO_OBJECT


def _add(value: object, path: str, given: ReportInput) -> Message | None:
    """Add the value of one member to `given`. Returns the problem with it."""
    if path not in _KNOWN:
        return _UNKNOWN
    if path == _TYPE:
        return None if value == _PASSPORT or given.lines else _NO_PASSPORT
    if path == _MRZ:
        if not isinstance(value, list) or len(value) > _MOST_LINES or not all(isinstance(line, str) for line in value):
            return _NO_LINES
        given.lines.extend(value)
        return None
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return _NO_TEXT
    given.typed[_NAMES[path]] = str(value)
    return None
