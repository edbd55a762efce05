"""What no schema can say about a report: dates that contradict each other, states that do not exist, no foreigner.

A rule that cannot read its fields says nothing: `apoa_client.sandbox.validation` has already said what is wrong there.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.sandbox.answers import Violation, Violations

AHEAD = timedelta(days=1)
"""How far ahead a check-in may lie: staff prepare a report, but nobody has arrived the day after tomorrow."""


def rule_violations(report: Mapping[str, Any], now: datetime) -> Violations:
    """Every rule that a report breaks, from what can be read of it."""
    return (*_unreal_dates(report), *_wrong_order(report), *_too_early(report, now), *_states(report))


def rule_warnings(report: Mapping[str, Any], now: datetime, window_hours: int) -> Violations:
    """What is accepted and yet worth a remark. Only for a report without violations."""
    if report["kind"] != "check_in":
        return ()
    return (*_late(report, now, window_hours), *_expired(report))


def check_in_of(report: Mapping[str, Any]) -> datetime | None:
    """The instant of check-in, where it can be read."""
    return _instant(_at(report, "stay", "check_in"))


def planned_check_out_of(report: Mapping[str, Any]) -> date | None:
    """The day on which the guest means to leave, where it can be read."""
    return _day(_at(report, "stay", "planned_check_out"))


def _unreal_dates(report: Mapping[str, Any]) -> Iterator[Violation]:
    born = _at(report, "guest", "birth_date")
    if isinstance(born, str) and _partial(born) is None:
        yield Violation("guest.birth_date", "bad_date", "The calendar has no such date.")


def _wrong_order(report: Mapping[str, Any]) -> Iterator[Violation]:
    check_in, leaving = check_in_of(report), planned_check_out_of(report)
    born = _partial(_at(report, "guest", "birth_date"))
    if check_in is None:
        return
    if leaving is not None and leaving <= check_in.date():
        yield Violation("stay.planned_check_out", "order", "The planned check-out must be after the day of check-in.")
    if born is not None and born.earliest > check_in.date():
        yield Violation("guest.birth_date", "order", "The guest would be born after the check-in.")


def _too_early(report: Mapping[str, Any], now: datetime) -> Iterator[Violation]:
    check_in, left = check_in_of(report), _instant(_at(report, "check_out"))
    if check_in is not None and check_in > now + AHEAD:
        yield Violation("stay.check_in", "implausible", "The check-in is more than a day ahead.")
    if left is not None and left > now + AHEAD:
        yield Violation("check_out", "implausible", "The check-out is more than a day ahead.")


def _states(report: Mapping[str, Any]) -> Iterator[Violation]:
    nationality = _at(report, "guest", "nationality")
    issuer = _at(report, "guest", "document", "issuing_state")
    if nationality == "IDN":
        yield Violation("guest.nationality", "not_foreign", "An Indonesian guest is not reported.")
    for field, code in (("guest.nationality", nationality), ("guest.document.issuing_state", issuer)):
        if isinstance(code, str) and states.by_code(code) is None:
            yield Violation(field, "unknown_state", "This is no code of ICAO Doc 9303-3 section 5.")


def _late(report: Mapping[str, Any], now: datetime, window_hours: int) -> Iterator[Violation]:
    check_in = check_in_of(report)
    if check_in is not None and now - check_in > timedelta(hours=window_hours):
        yield Violation("stay.check_in", "late", f"The check-in is more than {window_hours} hours ago.")


def _expired(report: Mapping[str, Any]) -> Iterator[Violation]:
    check_in, expiry = check_in_of(report), _day(_at(report, "guest", "document", "expiry_date"))
    if check_in is not None and expiry is not None and expiry < check_in.date():
        yield Violation("guest.document.expiry_date", "expired", "The document had expired at check-in.")


def _at(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _instant(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _partial(text: object) -> PartialDate | None:
    try:
        return PartialDate.from_iso(text) if isinstance(text, str) else None
    except ValueError:
        return None
