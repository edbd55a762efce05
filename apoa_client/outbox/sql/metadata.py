"""Values kept once for the property, by key, in the table `memo`: why sending stopped, the last contact, and so on.

Each is a `Value` below, which says how it is stored. A new one is a line there.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from apoa_client.outbox.rows import MILLISECOND, from_millis, millis
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import FolderBackups, Restrictions, ScheduledRun, Suspension

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database

T = TypeVar("T")

READ_ALL = "SELECT key, value FROM memo"
"""Read at the beginning of each transaction, after the lock was taken: no other process changes it then."""

_MOST_DOUBTS = 100
_BETWEEN_FOLDERS = ", "
_NEVER = "-"


class Value(NamedTuple, Generic[T]):
    """How a value is stored: under which key, and as what."""

    key: str
    dump: Callable[[T], str | int]
    """Returns what is stored, a text or a number."""
    load: Callable[[Any], T | None]
    """Returns the value of what is stored. Not every engine tells a number from its digits.

    Raises `TypeError`, `ValueError` or `OverflowError` for what this program never wrote.
    """
    of_computer: bool = False
    """Whether it is about the computer: its clock, line, schedule or backups. A restore does not take it over."""
    optional: bool = False
    """Whether what cannot be read counts as nothing: no report waits for it, and the next value replaces it."""

    def loaded(self, stored: object) -> T | None:
        """Return the value of what is stored; None for None."""
        try:
            return None if stored is None else self.load(stored)
        except (TypeError, ValueError, OverflowError):
            if self.optional:
                return None
            raise

    def of(self, metadata: Mapping[str, object]) -> T | None:
        """Return the value from stored values by their keys; None if there is none."""
        return self.loaded(metadata.get(self.key))


def _number(stored: object) -> int:
    if not isinstance(stored, int | str):
        message = "not a whole number"
        raise TypeError(message)
    return int(stored)


def _instant(stored: object) -> datetime:
    return from_millis(_number(stored))


def _words(stored: object) -> list[str]:
    if not isinstance(stored, str):
        message = "not a text"
        raise TypeError(message)
    return stored.split(" ")


def _text(stored: object) -> str | None:
    return stored if isinstance(stored, str) else None


def _load_account(stored: object) -> tuple[str, str]:
    name, office = str(stored).split("\n")
    return name, office


def _dump_suspension(suspension: Suspension) -> str:
    return f"{suspension.reason} {millis(suspension.since)} {suspension.settings}"


def _load_suspension(stored: object) -> Suspension:
    reason, since, settings = _words(stored)
    return Suspension(reason, from_millis(int(since)), settings)


def _dump_notice(notice: tuple[str, datetime]) -> str:
    code, at = notice
    return f"{millis(at)} {code}"


def _load_notice(stored: object) -> tuple[str, datetime]:
    at, code = _words(stored)
    return code, from_millis(int(at))


def _dump_doubts(doubts: Sequence[Doubt]) -> str:
    return " ".join(f"{doubt.kind.value}:{doubt.report}" for doubt in doubts[:_MOST_DOUBTS])


def _load_doubts(stored: object) -> tuple[Doubt, ...]:
    parts = (word.partition(":") for word in _words(stored))
    return tuple(Doubt(DoubtKind(kind), report) for kind, _colon, report in parts)


def _dump_run(run: ScheduledRun) -> str:
    interval = 0 if run.interval is None else run.interval // MILLISECOND
    return f"{millis(run.at)} {int(run.exit_code)} {interval}"


def _load_run(stored: object) -> ScheduledRun:
    at, exit_code, interval = map(int, _words(stored))
    return ScheduledRun(from_millis(at), exit_code, interval * MILLISECOND if interval else None)


def _dump_numbers(numbers: tuple[int, int]) -> str:
    return " ".join(map(str, numbers))


def _load_numbers(stored: object) -> tuple[int, int]:
    first, second = map(int, _words(stored))
    return first, second


def _dump_folders(folders: Mapping[str, FolderBackups]) -> str:
    texts = []
    for checksum, known in folders.items():
        times = (known.written_at, known.failed_at, known.shown_at)
        words = (_NEVER if time is None else str(millis(time)) for time in times)
        texts.append(" ".join((checksum, str(int(known.other_disk)), *words)))
    return _BETWEEN_FOLDERS.join(texts)


def _load_folders(stored: object) -> dict[str, FolderBackups]:
    """Return what is known of each folder, by the checksum of its path. What cannot be read is not known."""
    found = {}
    for text in str(stored).split(_BETWEEN_FOLDERS):
        with suppress(ValueError, OverflowError):
            checksum, other_disk, *times = text.split(" ")
            written_at, failed_at, shown_at = (None if time == _NEVER else from_millis(int(time)) for time in times)
            found[checksum] = FolderBackups(written_at, failed_at, shown_at, bool(int(other_disk)))
    return found


# What forbids sending. `register` notes who wrote these two.
SUSPENSION = Value("stop", _dump_suspension, _load_suspension)
HOLD = Value("hold", millis, _instant)

# What says who wrote the reports. The texts of register, keys and trail are read by the modules of these names.
PUBLIC_KEY = Value("public_key", str, _text)
REPLACED_KEY = Value("replaced_key", str, str)
"""What the last key rotation leaves: the new public key, under a code of the old key."""
REGISTER = Value("register", str, str)
AUDIT_HEAD = Value("audit_head", str, str)
DOUBTS = Value("doubts", _dump_doubts, _load_doubts)
"""What the last check with the private key found, for `apoa status`, which has none."""
CODE_CONFIRMED = Value("code_confirmed", str, _text)
"""The public key whose recovery code a person has typed back."""

# What the authority said.
LAST_CONTACT = Value("last_contact", millis, _instant)
WANTS_PHOTOS = Value("wants_photos", int, _number)
"""1 if it takes photos."""
ACCOUNT = Value("account", "\n".join, _load_account, optional=True)
"""The name of the property and of its office there, for printed pages."""
SESSION = Value("session", str, _text, of_computer=True, optional=True)
"""The token and the limits that it gave, encrypted with a key of the private key, in hexadecimal."""
CLOCK_SKEW = Value[timedelta](
    "clock_skew", lambda skew: skew // MILLISECOND, lambda stored: _number(stored) * MILLISECOND, of_computer=True
)
"""How far its clock was ahead of this computer's."""

# What was done, and when.
NOTICE = Value("notice", _dump_notice, _load_notice)
"""The code of the last desktop notice, without blanks and without personal data, and when it was shown."""
SCHEDULED_RUN = Value("scheduled_run", _dump_run, _load_run, of_computer=True, optional=True)
"""The last run of automatic sending on this computer."""
LAST_BACKUP = Value("last_backup", millis, _instant, of_computer=True, optional=True)
FOLDER_BACKUPS = Value("folder_backups", _dump_folders, _load_folders, of_computer=True)
BACKUP_SERIES = Value("backup_series", str, _text, of_computer=True)
LAST_PURGE = Value("last_purge", millis, _instant)
"""When finished stays were last erased completely."""
PURGE_SKIPPED = Value("purge_skipped", millis, _instant)
"""When the user last read that nothing is erased. The next complete erasure ends it."""
CLOCK_CHECKED = Value("clock_checked", _dump_numbers, _load_numbers, of_computer=True)
"""Our clock's time at the last check, in milliseconds, and the number of the last audit event before it."""
MAINTENANCE = Value("maintenance", str, str, of_computer=True)

PRACTICE_MOVED = Value("practice_moved", int, _number)
"""The number of reports of practice that were moved out of the outbox, until a user has read it."""
PRACTICE_UNDECIDED = Value[list[str]]("practice_undecided", " ".join, lambda stored: str(stored).split())
"""The ids of the stays that may be practice, or are and were not moved yet; without any, all was looked at before."""

# The guest hash.
INDEX_KEY_HASH = Value("index_key_hash", str, _text, of_computer=True)
"""A hash of the settings' `index_key`: the desks of a shared outbox must have the same."""
TAGS_MISSING = Value("guest_tags_missing", int, lambda _stored: 1)
"""1 if reports may have been stored without their hashes."""

VALUES: tuple[Value[Any], ...] = tuple(each for each in tuple(globals().values()) if isinstance(each, Value))


class Counts(NamedTuple):
    """The number of open reports, and of all reports."""

    open: int
    total: int


_ACTUAL = """
    SELECT COALESCE(sum(CASE WHEN state IN ('queued', 'sending', 'pending', 'rejected') THEN reports END), 0),
        COALESCE(sum(reports), 0) FROM tally
"""


def actual_counts(db: Database) -> Counts:
    """Return the numbers of reports that are stored now."""
    return Counts(*db.execute(_ACTUAL).fetchone())


def read(db: Database, value: Value[T]) -> T | None:
    """Return a value; None if there is none. For use within `Database.read_errors`."""
    return value.loaded(read_metadata(db, value.key))


def write(db: Database, value: Value[T], new: T | None) -> None:
    """Store a value, or remove it (None), inside a transaction."""
    write_metadata(db, value.key, None if new is None else value.dump(new))


def read_restrictions(db: Database) -> Restrictions:
    """Return what `PropertyValues.restrictions` describes. For use within `Database.read_errors`."""
    keys = [SUSPENSION.key, HOLD.key]
    return restrictions_from(dict(db.execute("SELECT key, value FROM memo WHERE key IN (?, ?)", keys).fetchall()))


def restrictions_from(metadata: Mapping[str, object]) -> Restrictions:
    """Return what `read_restrictions` does, from stored values by their keys."""
    return Restrictions(SUSPENSION.of(metadata), HOLD.of(metadata))


def read_metadata(db: Database, key: str) -> object:
    """Return what is stored under this key; None if there is nothing. For use within `Database.errors`."""
    if db.metadata is not None:
        return db.metadata.get(key)
    row = db.execute("SELECT value FROM memo WHERE key = ?", [key]).fetchone()
    return None if row is None else row[0]


def write_metadata(db: Database, key: str, stored: str | int | None) -> None:
    """Store this under the key, or remove what is there (None), inside a transaction."""
    is_there = read_metadata(db, key) is not None
    if stored is None:
        db.execute("DELETE FROM memo WHERE key = ?", [key])
    # Without ON CONFLICT, because what makes a key unique is not the same in a database of many properties.
    elif is_there:
        db.execute("UPDATE memo SET value = ? WHERE key = ?", [stored, key])
    else:
        db.execute("INSERT INTO memo (key, value) VALUES (?, ?)", [key, stored])
    if db.metadata is not None:
        db.metadata[key] = None if stored is None else str(stored)
