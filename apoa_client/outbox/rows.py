"""How stored values are read and written, and a row of the table `reports` becomes an `Entry`.

A damaged or manipulated file may hold anything: an unknown state, or text in place of a number. Such a value raises
`ValueError`, `TypeError` or `OverflowError` here, and the engine turns that into `OutboxDamaged`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from apoa_client.ports.audit import Actor
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Suspension
from apoa_client.report.kinds import Kind, PhotoState, Receipt, State

COLUMNS = (
    "seq, id, stay_id, kind, state, created_at, due_at, attempts, next_attempt_at, not_before, lease_until, last_error,"
    " receipt_number, receipt_issued_at, receipt_sha256, erased_at, receipt_typed, calls, ends_at, first_night,"
    " last_morning, mac IS NOT NULL, photo_state"
)
"""The columns that `entry_from_row` reads, in its order."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_ACTOR = Actor(lambda: "-", lambda: EPOCH)
"""The actor if none is given, as in a test: no user, no time and no command."""
MILLISECOND = timedelta(milliseconds=1)
_MOST_DOUBTS = 100
_HEX = frozenset("0123456789abcdef")
_AFTER_HEX = "g"
_UUID_DIGITS = 32
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_HYPHENS_AFTER = (8, 12, 16, 20)


def millis(instant: datetime) -> int:
    """Return milliseconds since 1970 in UTC. Raises `TypeError` for a time without a zone."""
    return (instant - EPOCH) // MILLISECOND


def millis_or_none(instant: datetime | None) -> int | None:
    """Return what `millis` does; None for None."""
    return None if instant is None else millis(instant)


def from_millis(value: object) -> datetime:
    """Return the instant that `millis` stored, in UTC."""
    return EPOCH + _int(value) * MILLISECOND


def from_millis_or_none(value: object) -> datetime | None:
    """Return what `from_millis` does; None for None."""
    return None if value is None else from_millis(value)


def duration_or_none(value: object) -> timedelta | None:
    """Return this number of milliseconds as a duration; None for None."""
    return None if value is None else _int(value) * MILLISECOND


def text_or_none(value: object) -> str | None:
    """Return a text; None for anything else."""
    return value if isinstance(value, str) else None


def suspension_text(suspension: Suspension) -> str:
    """Return a suspension as one text, whose three parts contain no blanks."""
    return f"{suspension.reason} {millis(suspension.since)} {suspension.settings}"


def suspension_from_text(value: object) -> Suspension | None:
    """Return the suspension that `suspension_text` stored; None for None."""
    if value is None:
        return None
    reason, since, settings = _str(value).split(" ")
    return Suspension(reason, from_millis(int(since)), settings)


def notice_text(code: str, at: datetime) -> str:
    """Return a notice as one text: when it was shown, and its code."""
    return f"{millis(at)} {code}"


def notice_from_text(value: object) -> tuple[str, datetime] | None:
    """Return the code and time that `notice_text` stored; None for None."""
    if value is None:
        return None
    at, code = _str(value).split(" ")
    return code, from_millis(int(at))


def doubts_text(doubts: Sequence[Doubt]) -> str | None:
    """Return the first doubts as one text; None for none."""
    return " ".join(f"{doubt.kind.value}:{doubt.report}" for doubt in doubts[:_MOST_DOUBTS]) or None


def doubts_from_text(value: object) -> tuple[Doubt, ...]:
    """Return the doubts that `doubts_text` stored."""
    words = () if value is None else _str(value).split(" ")
    return tuple(Doubt(DoubtKind(kind), report) for kind, _colon, report in (word.partition(":") for word in words))


def entry_from_row(row: Sequence[Any]) -> Entry:
    """Return the entry of a row of `COLUMNS`."""
    return Entry(
        seq=_int(row[0]),
        id=_id(row[1]),
        stay_id=_id(row[2]),
        kind=Kind(row[3]),
        state=State(row[4]),
        created_at=from_millis(row[5]),
        due_at=from_millis_or_none(row[6]),
        attempts=_int(row[7]),
        next_attempt_at=from_millis_or_none(row[8]),
        not_before=from_millis_or_none(row[9]),
        lease_until=from_millis_or_none(row[10]),
        last_error=None if row[11] is None else _str(row[11]),
        receipt=_receipt(row[12], row[13], row[14], row[16]),
        erased_at=from_millis_or_none(row[15]),
        calls=_int(row[17]),
        ends_at=from_millis_or_none(row[18]),
        first_night=_date(row[19]),
        last_morning=_date(row[20]),
        authenticated=bool(row[21]),
        photo=None if row[22] is None else PhotoState(row[22]),
    )


def _receipt(number: object, issued_at: object, sha256: object, typed: object) -> Receipt | None:
    issued = from_millis_or_none(issued_at)
    if number is None or issued is None:
        return None
    return Receipt(_str(number), issued, None if sha256 is None else _str(sha256), bool(_int(typed)))


def _date(ordinal: object) -> date | None:
    return None if ordinal is None else date.fromordinal(_int(ordinal))


def _int(value: object) -> int:
    if not isinstance(value, int):
        message = "not a whole number"
        raise TypeError(message)
    return value


def _str(value: object) -> str:
    if not isinstance(value, str):
        message = "not a text"
        raise TypeError(message)
    return value


def _id(value: object) -> str:
    """Return an id as this program makes them. It goes into addresses, on screens and on paper, so nothing else may."""
    text = _str(value)
    if _ID.fullmatch(text) is None:
        message = "not an id"
        raise ValueError(message)
    return text


def reference_range(reference: str) -> dict[str, str] | None:
    """Return the bounds of the ids and short ids that begin with `reference`; None if no id can.

    Capital letters, hyphens and blanks at the ends make no difference.
    """
    digits = reference.strip().replace("-", "").lower()
    if not digits or len(digits) > _UUID_DIGITS or not _HEX.issuperset(digits):
        return None
    cuts = [0, *(cut for cut in _HYPHENS_AFTER if cut < len(digits)), len(digits)]
    prefix = "-".join(digits[start:end] for start, end in pairwise(cuts))
    return {"id": prefix, "id_end": prefix + _AFTER_HEX, "short": digits, "short_end": digits + _AFTER_HEX}
