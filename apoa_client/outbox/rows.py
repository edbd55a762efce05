"""The columns of the table `reports`, how stored values are read and written, and how a row becomes an `Entry`.

`COLUMNS` says of each column what every part of the program does with it: insertion, entries, codes, hand-over,
backup and merge derive from it. A new column is a line there, a migration of each engine, and a field of `Entry` if it
is read. One that is sealed needs more: `insertion`, and `Row.sealed` in `codes`, are written for its parts.

A damaged or manipulated file may hold anything: an unknown state, or text in place of a number. Such a value raises
`ValueError`, `TypeError` or `OverflowError` here, and the engine turns that into `OutboxDamaged`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Actor
from apoa_client.report.kinds import Kind, PhotoState, Receipt, State, short_id

if TYPE_CHECKING:
    from apoa_client.ports.entries import NewReport
    from apoa_client.report.model import Report

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_ACTOR = Actor(lambda: "-", lambda: EPOCH)
"""The actor if none is given, as in a test: no user, no time and no command."""
MILLISECOND = timedelta(milliseconds=1)
_HEX = frozenset("0123456789abcdef")
_AFTER_HEX = "g"
_UUID_DIGITS = 32
_ID = r"(?a)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
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


def end_of_stay(report: "Report") -> datetime | None:
    """Return the check-out, or the end of the planned last day in the property's zone; None for a cancellation."""
    if report.check_out is not None or report.stay is None:
        return report.check_out
    next_day = report.stay.planned_check_out + timedelta(days=1)
    return datetime.combine(next_day, time(), report.stay.check_in.tzinfo)


def _first_night(report: "Report") -> int | None:
    return None if report.stay is None else report.stay.check_in.date().toordinal()


def _last_morning(report: "Report") -> int | None:
    return None if report.stay is None else report.stay.planned_check_out.toordinal()


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


def _str_or_none(value: object) -> str | None:
    return None if value is None else _str(value)


def _date(ordinal: object) -> date | None:
    return None if ordinal is None else date.fromordinal(_int(ordinal))


def _photo_state(value: object) -> PhotoState | None:
    return None if value is None else PhotoState(_str(value))


def _id(value: object) -> str:
    """Return an id as this program makes them. It goes into addresses, on screens and on paper, so nothing else may."""
    text = _str(value)
    if re.fullmatch(_ID, text) is None:
        message = "not an id"
        raise ValueError(message)
    return text


def _receipt(number: object, issued_at: object, sha256: object, typed: object) -> Receipt | None:
    issued = from_millis_or_none(issued_at)
    if number is None or issued is None:
        return None
    return Receipt(_str(number), issued, _str_or_none(sha256), bool(_int(typed)))


class Column(NamedTuple):
    """A column of `reports`."""

    name: str
    read: Callable[[Any], Any] | None = None
    """Returns the value of the `Entry`, whose field has the name of the column; None if no entry has it."""
    report: "Callable[[Report], Any] | None" = None
    """Returns what a new row has of its report outside the seal."""
    saved: "Callable[[NewReport], Any] | None" = None
    """Returns what a new row has of what is saved with the report. What is sealed is added by `insertion`."""
    initial: Any = None
    """What a new row has by the schema if nothing above says it."""
    coded: bool = True
    """Whether the row's code is over its value: not for what senders change without meaning.

    What is sealed, and the digest of the photo, is under the code too, as bytes: see `Row.sealed` in `codes`.
    """
    sealed: bool = False
    of_state: bool = False
    """Whether it is part of the state, and goes with that, also if it is empty: in a merge, or when it is queued again.

    Any other column is merged as `merged` says.
    """
    merged: Callable[[Any, Any], Any] = lambda mine, theirs: mine if theirs is None else theirs
    """Returns the value of a report that is further along in a backup, from the values here and there."""


def _ours(mine: object, _theirs: object) -> object:
    return mine


COLUMNS = (
    # A code is over these in this order, but for what is null behind `version`: a new column is added there, and the
    # codes that were made before stay right. A replacement takes the number of the report that it replaces.
    Column("seq", _int, coded=False, merged=_ours),
    Column("id", _id, saved=lambda new: new.report.id, merged=_ours),
    Column("short_id", report=lambda report: short_id(report.id), merged=_ours),
    Column("stay_id", _id, report=lambda report: report.stay_id, merged=_ours),
    Column("kind", Kind, report=lambda report: report.kind.value, merged=_ours),
    Column("state", State, initial=State.QUEUED.value, of_state=True),
    Column("created_at", from_millis, report=lambda report: millis(report.created_at), merged=_ours),
    Column("due_at", from_millis_or_none, saved=lambda new: millis_or_none(new.due_at), merged=_ours),
    Column("last_error", _str_or_none, of_state=True),
    Column("receipt_number", of_state=True),
    Column("receipt_issued_at", of_state=True),
    Column("receipt_sha256", of_state=True),
    Column("finished_at", of_state=True),
    Column("ends_at", from_millis_or_none, report=lambda report: millis_or_none(end_of_stay(report))),
    Column("erased_at", from_millis_or_none),
    Column("receipt_typed", initial=0, of_state=True),
    Column("calls", _int, initial=0, merged=max),
    Column("first_night", _date, report=_first_night),
    Column("last_morning", _date, report=_last_morning),
    # A photo's state is merged by itself.
    Column("photo_state", saved=lambda new: None if new.photo is None else PhotoState.KEPT.value, merged=_ours),
    Column("version", merged=_ours),
    Column("attempts", _int, initial=0, coded=False, merged=max),
    Column("attempted_at", coded=False),
    Column("next_attempt_at", from_millis_or_none, coded=False, of_state=True),
    Column("not_before", from_millis_or_none, coded=False, of_state=True),
    Column("lease", coded=False, of_state=True),
    Column("lease_until", from_millis_or_none, coded=False, of_state=True),
    Column("guest_tag", saved=lambda new: new.guest_tag, coded=False, merged=_ours),
    # A code is not merged: a merge with the key makes it again. A photo is under the code by its digest, because it is
    # large and rarely read.
    Column("mac", coded=False, merged=_ours),
    Column("photo_digest", coded=False, merged=_ours),
    Column("content", coded=False, sealed=True, merged=_ours),
    Column("errors", coded=False, sealed=True),
    Column("warnings", coded=False, sealed=True),
    Column("photo", coded=False, sealed=True, merged=_ours),
)
NAMES = tuple(column.name for column in COLUMNS)
SEALED = tuple(column.name for column in COLUMNS if column.sealed)
ERASED = ", ".join(f"{name} = NULL" for name in (*SEALED, "guest_tag"))
"""What an erasure sets."""
SAVED = (
    *(each.name for each in COLUMNS if each.report is not None or each.saved is not None),
    *("content", "warnings", "photo_digest", "photo"),
)
"""The columns of a new report's row, without its code."""
INITIAL = {column.name: column.initial for column in COLUMNS}
OF_STATE = {column.name: column.initial for column in COLUMNS if column.of_state}
"""The columns of a report's state, each with what a new row has there."""

_READ = tuple((column.name, column.read) for column in COLUMNS if column.read is not None)
_MORE = ("receipt_number", "receipt_issued_at", "receipt_sha256", "receipt_typed", "mac IS NOT NULL", "photo_state")
"""What `entry_from_row` reads besides: several of these are one field, or the field has another name."""
ENTRY_COLUMNS = ", ".join((*(name for name, _read in _READ), *_MORE))
"""The columns that `entry_from_row` reads, in its order."""


def entry_from_row(row: Sequence[Any]) -> Entry:
    """Return the entry of a row of `ENTRY_COLUMNS`."""
    plain = {name: read(value) for (name, read), value in zip(_READ, row, strict=False)}
    *receipt, has_code, photo_state = row[len(_READ) :]
    return Entry(**plain, receipt=_receipt(*receipt), authenticated=bool(has_code), photo=_photo_state(photo_state))


_ENTRY = (*(name for name, _read in _READ), *_MORE)


def entry_from_values(stored: Mapping[str, Any]) -> Entry:
    """Return the entry of a row from its values, by their columns."""
    values = {**stored, "mac IS NOT NULL": stored["mac"] is not None}
    return entry_from_row([values[column] for column in _ENTRY])


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
