"""A row and the `Entry` that it means, and the SQL that the outbox asks with.

What a damaged or meddled-with file may hold (a state that no version knew, a text where a number belongs) raises
`ValueError`, `TypeError` or `OverflowError` here, and becomes `OutboxDamaged` in `store`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from apoa_client.ports import Entry, Selection, Suspension
from apoa_client.report.kinds import OPEN_STATES, Kind, Receipt, State

_OPEN = "state IN ('queued', 'sending', 'pending', 'rejected')"
"""Word for word the condition of the partial indexes, without which SQLite does not use them."""

ERRORS = "errors"
WARNINGS = "warnings"
"""What findings are sealed as: an id of their own beside the report's."""

COLUMNS = (
    "seq, id, stay_id, kind, state, created_at, due_at, attempts, next_attempt_at, not_before, lease_until, last_error,"
    " receipt_number, receipt_issued_at, receipt_sha256, erased_at, receipt_typed, calls, ends_at, first_night,"
    " last_morning"
)

# The first open report of each stay, where it may go now.
HEADS = f"""
    SELECT seq FROM reports AS head
    WHERE {_OPEN} AND state IN ('queued', 'sending') AND NOT EXISTS (
        SELECT 1 FROM reports AS earlier WHERE earlier.stay_id = head.stay_id AND earlier.seq < head.seq
        AND earlier.{_OPEN})
    ORDER BY due_at IS NULL, due_at, seq
"""  # noqa: S608  constants of this module

# In both queries for deadlines, as in `HEADS`, the open reports alone are looked at.
DUE = f"SELECT count(*) FROM reports WHERE {_OPEN} AND due_at >= ? AND due_at < ?"  # noqa: S608  constants
NEXT_DUE = f"SELECT min(due_at) FROM reports WHERE {_OPEN} AND due_at IS NOT NULL"  # noqa: S608  constants
TALLY = "SELECT state, reports FROM tally"

# Each arm keeps the newest twenty, so that a reference of one digit costs little at a million rows. The plus keeps
# SQLite from walking the whole table backwards, which it thinks is cheaper.
FIND = """
    SELECT seq FROM (SELECT seq FROM reports WHERE id >= :id AND id < :id_end ORDER BY +seq DESC LIMIT 20)
    UNION SELECT seq FROM (
        SELECT seq FROM reports WHERE stay_id >= :id AND stay_id < :id_end ORDER BY +seq DESC LIMIT 20)
    UNION SELECT seq FROM (
        SELECT seq FROM reports WHERE short_id >= :short AND short_id < :short_end ORDER BY +seq DESC LIMIT 20)
    ORDER BY seq DESC LIMIT 20
"""

# The plus, as above.
SAME_GUEST = """
    SELECT seq FROM reports WHERE last_morning > :first AND first_night < :last AND guest_tag = :tag ORDER BY +seq
"""

# From an index alone: what a damaged page of the table cannot stand in the way of.
EVERY_SEQ = "SELECT seq FROM reports INDEXED BY reports_created ORDER BY seq"

_AMONG_OPEN = f"seq IN (SELECT seq FROM reports WHERE {_OPEN})"  # noqa: S608  constants
_AMONG_RECENT = f"""seq IN (
    SELECT seq FROM reports WHERE created_at >= :since UNION SELECT seq FROM reports WHERE {_OPEN})"""  # noqa: S608  constants
_AMONG_LEAVING = "seq IN (SELECT seq FROM reports WHERE last_morning >= :morning)"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
_HEX = frozenset("0123456789abcdef")
_AFTER_HEX = "g"
_UUID_DIGITS = 32
_HYPHENS_AFTER = (8, 12, 16, 20)


def millis(moment: datetime | None) -> int | None:
    """Milliseconds since 1970 in UTC; `TypeError` for a time without a zone."""
    return None if moment is None else (moment - EPOCH) // MILLISECOND


def moment(value: object) -> datetime | None:
    """The instant that `millis` kept, in UTC."""
    return None if value is None else _certain(value)


def day(value: object) -> date | None:
    """The date with this ordinal."""
    return None if value is None else date.fromordinal(_whole(value))


def duration(value: object) -> timedelta | None:
    """So many milliseconds."""
    return None if value is None else _whole(value) * MILLISECOND


def _certain(value: object) -> datetime:
    return EPOCH + _whole(value) * MILLISECOND


def stop_value(stop: Suspension | None) -> str | None:
    """A stop as one text: its three parts hold no blank."""
    return None if stop is None else f"{stop.reason} {millis(stop.since)} {stop.settings}"


def stop_of(value: object) -> Suspension | None:
    """The stop that `stop_value` kept."""
    if value is None:
        return None
    reason, since, settings = _text(value).split(" ")
    return Suspension(reason, _certain(int(since)), settings)


def notice_value(what: str, at: datetime) -> str:
    """A notice as one text: when it was shown, and what it told."""
    return f"{millis(at)} {what}"


def notice_of(value: object) -> tuple[str, datetime] | None:
    """The notice that `notice_value` kept."""
    if value is None:
        return None
    at, what = _text(value).split(" ")
    return what, _certain(int(at))


def entry_of(row: Sequence[Any]) -> Entry:
    """The entry of a row of `COLUMNS`."""
    return Entry(
        seq=_whole(row[0]),
        id=_text(row[1]),
        stay_id=_text(row[2]),
        kind=Kind(row[3]),
        state=State(row[4]),
        created_at=_certain(row[5]),
        due_at=moment(row[6]),
        attempts=_whole(row[7]),
        next_attempt_at=moment(row[8]),
        not_before=moment(row[9]),
        lease_until=moment(row[10]),
        last_error=None if row[11] is None else _text(row[11]),
        receipt=_receipt(row[12], row[13], row[14], row[16]),
        erased_at=moment(row[15]),
        calls=_whole(row[17]),
        ends_at=moment(row[18]),
        first_night=day(row[19]),
        last_morning=day(row[20]),
    )


def _receipt(number: object, issued_at: object, sha256: object, typed: object) -> Receipt | None:
    issued = moment(issued_at)
    if number is None or issued is None:
        return None
    return Receipt(_text(number), issued, None if sha256 is None else _text(sha256), bool(_whole(typed)))


def _whole(value: object) -> int:
    if not isinstance(value, int):
        message = "not a whole number"
        raise TypeError(message)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "not a text"
        raise TypeError(message)
    return value


def reference_range(reference: str) -> dict[str, str] | None:
    """What `FIND` needs to find ids that begin with `reference`; None where no id can.

    Capital letters, hyphens and spaces at the ends are the reader's, not the id's.
    """
    digits = reference.strip().replace("-", "").lower()
    if not digits or len(digits) > _UUID_DIGITS or not _HEX.issuperset(digits):
        return None
    cuts = [0, *(cut for cut in _HYPHENS_AFTER if cut < len(digits)), len(digits)]
    prefix = "-".join(digits[start:end] for start, end in pairwise(cuts))
    return {"id": prefix, "id_end": prefix + _AFTER_HEX, "short": digits, "short_end": digits + _AFTER_HEX}


def selection_condition(selection: Selection) -> tuple[str, str, dict[str, Any]]:
    """What a row must meet to be wanted; further conditions, implied by it, that find the rows by an index; values."""
    terms, helps, values = ["TRUE"], ["TRUE"], dict[str, Any]()
    if selection.stay_id is not None:
        terms.append("stay_id = :stay")
        values["stay"] = selection.stay_id
    if selection.states is not None:
        names = {f"state{number}": state.value for number, state in enumerate(sorted(selection.states))}
        terms.append(f"state IN ({', '.join(f':{name}' for name in names)})")
        helps.extend([_AMONG_OPEN] if selection.states <= OPEN_STATES else [])
        values.update(names)
    if selection.leaving_from is not None:
        terms.append("last_morning >= :morning")
        helps.append(_AMONG_LEAVING)
        values["morning"] = selection.leaving_from.toordinal()
    if selection.since is not None:
        terms.append(f"(created_at >= :since OR {_OPEN})")
        helps.append(_AMONG_RECENT)
        values["since"] = millis(selection.since)
    return " AND ".join(terms), " AND ".join(helps), values
