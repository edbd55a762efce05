"""Rules that a schema cannot express: contradicting dates, unknown states, Indonesian guests.

A rule skips fields that it cannot read: `apoa_client.sandbox.validation` has already reported them.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.report import permits
from apoa_client.sandbox.answers import Violation, Violations

_T = TypeVar("_T")

MAX_AHEAD = timedelta(days=1)
"""How far in the future a check-in may be: staff may prepare a report for tomorrow."""


def rule_violations(report: Mapping[str, Any], now: datetime) -> Violations:
    """All rules that a report breaks, as far as its fields can be read."""
    return (*_date_violations(report, now), *_state_violations(report))


def rule_warnings(report: Mapping[str, Any], now: datetime, window_hours: int) -> Violations:
    """Warnings: a late check-in, an expired document, a permit that is unlikely for the nationality.

    Only for a report without violations.
    """
    check_in = check_in_of(report)
    if report["kind"] != "check_in" or check_in is None:
        return ()
    warnings: list[Violation] = []
    if now - check_in > timedelta(hours=window_hours):
        warnings.append(Violation("stay.check_in", "late", f"The check-in is more than {window_hours} hours ago."))
    expiry = _read(date.fromisoformat, member(report, "guest", "document", "expiry_date"))
    if expiry is not None and expiry < check_in.date():
        warnings.append(Violation("guest.document.expiry_date", "expired", "The document had expired at check-in."))
    warnings += _permit_warnings(report)
    return tuple(warnings)


def _permit_warnings(report: Mapping[str, Any]) -> Iterator[Violation]:
    text, nationality = member(report, "guest", "stay_permit", "code"), member(report, "guest", "nationality")
    permit = permits.find(text) if isinstance(text, str) else None
    if permit is not None and isinstance(nationality, str) and permits.is_unlikely(permit.code, nationality):
        yield Violation(
            "guest.stay_permit.code",
            "implausible",
            f"By the list of {permits.as_of()}, this nationality does not get {permit.code}. "
            "The visa or stamp in the passport decides.",
        )


def check_in_of(report: Mapping[str, Any]) -> datetime | None:
    """The time of check-in, or None where it cannot be read."""
    return _instant(member(report, "stay", "check_in"))


def planned_check_out_of(report: Mapping[str, Any]) -> date | None:
    """The planned day of departure, or None where it cannot be read."""
    return _read(date.fromisoformat, member(report, "stay", "planned_check_out"))


def _date_violations(report: Mapping[str, Any], now: datetime) -> Iterator[Violation]:
    check_in, leaving = check_in_of(report), planned_check_out_of(report)
    birth_text = member(report, "guest", "birth_date")
    born, left = _read(PartialDate.from_iso, birth_text), _instant(member(report, "check_out"))
    if isinstance(birth_text, str) and born is None:
        yield Violation("guest.birth_date", "bad_date", "The calendar has no such date.")
    if check_in is not None and leaving is not None and leaving <= check_in.date():
        yield Violation("stay.planned_check_out", "order", "The planned check-out must be after the day of check-in.")
    if check_in is not None and born is not None and born.earliest > check_in.date():
        yield Violation("guest.birth_date", "order", "The guest would be born after the check-in.")
    if check_in is not None and check_in > now + MAX_AHEAD:
        yield Violation("stay.check_in", "implausible", "The check-in is more than a day ahead.")
    if left is not None and left > now + MAX_AHEAD:
        yield Violation("check_out", "implausible", "The check-out is more than a day ahead.")


def _state_violations(report: Mapping[str, Any]) -> Iterator[Violation]:
    nationality = member(report, "guest", "nationality")
    issuer = member(report, "guest", "document", "issuing_state")
    if nationality == "IDN":
        yield Violation("guest.nationality", "not_foreign", "An Indonesian guest is not reported.")
    for field, code in (("guest.nationality", nationality), ("guest.document.issuing_state", issuer)):
        if isinstance(code, str) and states.by_code(code) is None:
            yield Violation(field, "unknown_state", "This is no code of ICAO Doc 9303-3 section 5.")


def member(value: object, *path: str) -> object:
    """The member of a JSON value at `path`, or None where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _read(parse: Callable[[str], _T], text: object) -> _T | None:
    try:
        return parse(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _instant(text: object) -> datetime | None:
    moment = _read(datetime.fromisoformat, text)
    return moment if moment is not None and moment.tzinfo is not None else None
