"""Decides about the reports of one call, and answers later what became of them.

The checks run in the contract's order: is the id known, is the report valid, does it fit the stay. The decision about a
valid report is stored under its id before the call is answered; a report that breaks a rule for its fields is not
received. Whether a guest is reported twice is not looked for, because nothing about a guest is stored; the fault script
makes a duplicate.

Verdicts, receipts and hashes of photos are stored in one SQLite file, without personal data. Every transaction is on
disk before the call is answered. Several processes may have the file open at once: each `apoa report` in training
starts its own authority.
"""

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from apoa_client.authority.contract import STAY_RULES
from apoa_client.errors import StorageProblem
from apoa_client.files import FILE_MODE, create_private, make_private_folder
from apoa_client.messages import N_, msg
from apoa_client.ports.authority import Status
from apoa_client.report.kinds import TRAINING_NUMBER, State, instant
from apoa_client.sandbox.faults import OK, Step
from apoa_client.sandbox.validation import (
    Refusal,
    Violation,
    Violations,
    report_violations,
    rule_violations,
    rule_warnings,
)

BUSY_SECONDS = 30.0

_FIRST_SCHEMA = """
CREATE TABLE reports (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    stay_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    received_at TEXT NOT NULL,
    errors TEXT NOT NULL,
    warnings TEXT NOT NULL,
    number INTEGER UNIQUE,
    issued_at TEXT,
    covered_by TEXT
);
CREATE INDEX reports_of_stay ON reports (stay_id);
"""
_WITH_PHOTOS = """
CREATE TABLE photos (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, received_at TEXT NOT NULL) WITHOUT ROWID;
"""
_STEPS = (_FIRST_SCHEMA, _WITH_PHOTOS)
"""The statements that make each schema version from the one before."""
SCHEMA_VERSION = len(_STEPS)


@dataclass(frozen=True, slots=True)
class Record:
    """One report's verdict. `content` and `sha256` are hexadecimal hashes of the report; nothing else is personal."""

    id: str
    stay_id: str
    kind: str
    content: str
    """SHA-256 of the report's canonical form: equal content has an equal hash."""
    sha256: str
    """What the receipt states: the same, or, from before version 1.3 of the contract, of the report as it was sent."""
    status: str
    received_at: str
    errors: str = "[]"
    """JSON, as are the warnings: fields, codes and fixed sentences."""
    warnings: str = "[]"
    number: int | None = None
    issued_at: str | None = None
    covered_by: str | None = None
    """For a duplicate that an earlier version found: the id of the report whose receipt it gets."""


_COLUMNS = ", ".join(field.name for field in fields(Record))
_SAVE = (
    f"INSERT INTO reports ({_COLUMNS}) VALUES ({', '.join('?' * len(fields(Record)))}) "  # noqa: S608  names of our own
    "ON CONFLICT (id) DO UPDATE SET status = excluded.status, errors = excluded.errors, number = excluded.number, "
    "issued_at = excluded.issued_at"
)
_FIND = f"SELECT {_COLUMNS} FROM reports WHERE id = ?"  # noqa: S608  names of our own
_ACCEPTED = (
    f"SELECT {_COLUMNS} FROM reports WHERE status = 'accepted' "  # noqa: S608  names of our own
    "AND substr(issued_at, 1, 10) BETWEEN ? AND ? ORDER BY number"
)


class Records:
    """The stored reports within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, report_id: str) -> Record | None:
        """The record of one report."""
        row = self._connection.execute(_FIND, (report_id,)).fetchone()
        return Record(*row) if row is not None else None

    def save(self, record: Record) -> None:
        """Store a new record, or the new verdict of a known one."""
        self._connection.execute(_SAVE, astuple(record))

    def accepted_between(self, first: str, last: str) -> list[Record]:
        """The accepted reports whose receipts state a day from `first` to `last`, in the order of their numbers."""
        return [Record(*row) for row in self._connection.execute(_ACCEPTED, (first, last))]

    def photo(self, report_id: str) -> str | None:
        """The SHA-256 of a report's photo; None where none arrived."""
        row = self._connection.execute("SELECT sha256 FROM photos WHERE id = ?", (report_id,)).fetchone()
        return str(row[0]) if row is not None else None

    def save_photo(self, report_id: str, sha256: str, received_at: str) -> None:
        """Store that a photo arrived, and not the photo."""
        self._connection.execute("INSERT INTO photos VALUES (?, ?, ?)", (report_id, sha256, received_at))

    def of_stay(self, stay_id: str) -> list[tuple[str, str]]:
        """The kind and the status of each report of a stay, in the order in which they came."""
        return self._connection.execute(
            "SELECT kind, status FROM reports WHERE stay_id = ? ORDER BY seq", (stay_id,)
        ).fetchall()

    def next_number(self) -> int:
        """The next receipt's number. It is used up when a record with it is saved and the transaction is committed."""
        (highest,) = self._connection.execute("SELECT max(number) FROM reports").fetchone()
        return int(highest or 0) + 1


class Storage:
    """The file, or memory if `path` is None. Safe to use from several threads.

    Raises `StorageProblem` where it cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        if path is not None:
            _create(path)
        with self._sqlite_errors():
            self._connection = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[Records]:
        """Read and write exclusively. Commits at the end of the block; rolls back on an error or with `keep` False."""
        with self._lock, self._sqlite_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Records(self._connection)
                self._connection.execute("COMMIT" if keep else "ROLLBACK")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        """Set the durability, and make the tables that a new file, or one of an earlier version, does not have."""
        with self._sqlite_errors():
            # EXTRA, not FULL: a transaction ends when the journal is removed, and FULL does not make that durable.
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._connection.execute("PRAGMA fullfsync = ON")
        with self.transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if not 0 <= version <= SCHEMA_VERSION:
                raise _unusable(self._path)
            for number, step in enumerate(_STEPS[version:], version + 1):
                for statement in step.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def _sqlite_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise _unusable(self._path) from exc


def _create(path: Path) -> None:
    """Create the file if it is missing, and make it private."""
    try:
        make_private_folder(path.parent)
        with suppress(FileExistsError):
            os.close(create_private(path))
        path.chmod(FILE_MODE)  # an existing file may be readable by others
    except OSError as exc:
        raise _unusable(path) from exc


def _unusable(path: Path | None) -> StorageProblem:
    return StorageProblem(
        msg("The training authority cannot use its file: {path}", path=str(path or "-")),
        msg(
            "Check that the folder is writable and the disk is not full. The file holds no real reports: if it is "
            "damaged, move it away and training starts with an empty one."
        ),
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt. `number` shows that it is for training; `issued_at` is RFC 3339."""

    number: str
    issued_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one report. `retry_after` is seconds."""

    id: str
    status: str
    receipt: Receipt | None = None
    errors: Violations = ()
    warnings: Violations = ()
    retry_after: int | None = None


Report = Mapping[str, Any]

_A_DAY = timedelta(days=1)
_REJECTED_BY_SCRIPT = Violation("", "training", N_("A practice fault refuses this report; nothing in it is wrong."))
_BEHIND_PENDING = Step("defer", 60)
"""For a report that is behind another one without a verdict."""
_CONFLICT = Violation("id", "id_conflict", N_("Another report was sent under this id before."))
_NO_UNICODE = Violation("", "bad_character", N_("A text holds half of a surrogate pair, which is not a character."))
_STAY_MESSAGES = {
    "stay_exists": N_("This stay has a check-in already; send an amendment."),
    "unknown_stay": N_("No check-in of this stay was acquired."),
    "stay_cancelled": N_("This stay was cancelled; send a check-in with a new stay_id."),
    "already_cancelled": N_("This stay was cancelled before."),
    "already_checked_out": N_("The guest of this stay was checked out before."),
}


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decides and stores.

    `now` is timezone-aware; `window_hours` is how long after check-in a report is in time.
    """

    storage: Storage
    now: Callable[[], datetime]
    window_hours: int

    def receive(self, reports: Sequence[Report], step: Step = OK, *, keep: bool = True) -> list[Result]:
        """One result for each report, in their order. Each report has a valid ``id``; anything else may be wrong.

        With `keep` False nothing is stored, and no receipt is shown.
        """
        with self.storage.transaction(keep=keep) as records:
            results = [self._decide(records, report, step) for report in reports]
        return results if keep else [replace(result, receipt=None) for result in results]

    def result(self, report_id: str, step: Step = OK) -> Result | None:
        """The result of one report, or None if it was never received. The question decides a pending report."""
        with self.storage.transaction() as records:
            record = records.find(report_id)
            if record is None:
                return None
            if step.status.state is State.QUEUED:
                return Result(report_id, step.status.value, retry_after=step.seconds)
            if Status(record.status).state is State.PENDING and step.status.state is not State.PENDING:
                record = self._with_verdict(records, record, step)
                records.save(record)
            return _as_result(records, record)

    def receipts_between(self, begin: datetime, end: datetime) -> dict[str, Receipt]:
        """The receipts issued from `begin` until before `end`, by the ids of their reports, in their order."""
        # The day before and the day after too: a receipt may state another offset.
        first, last = (each.date().isoformat() for each in (begin - _A_DAY, end))
        with self.storage.transaction() as records:
            found = {record.id: _receipt(record) for record in records.accepted_between(first, last)}
        return {
            report_id: receipt
            for report_id, receipt in found.items()
            if receipt is not None and begin <= datetime.fromisoformat(receipt.issued_at) < end
        }

    def add_photo(self, report_id: str, sha256: str) -> None:
        """Store the SHA-256 of an accepted check-in's photo, once. Raises `Refusal`."""
        with self.storage.transaction() as records:
            record, stored = records.find(report_id), records.photo(report_id)
            if record is None:
                raise Refusal(404, "No report with this id was received.")
            if record.kind != "check_in" or record.status != "accepted":
                raise Refusal(409, "The report is not an accepted check-in.")
            if stored is None:
                records.save_photo(report_id, sha256, instant(self.now()))
            elif stored != sha256:
                raise Refusal(409, N_("Another photo is stored for this report."))

    def _decide(self, records: Records, report: Report, step: Step) -> Result:
        try:
            # The canonical form (RFC 8785): this is it for names in ASCII and values that are no numbers.
            text = json.dumps(report, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            sha256 = hashlib.sha256(text.encode()).hexdigest()
        except UnicodeEncodeError:
            return Result(report["id"], "rejected", errors=(_NO_UNICODE,))
        known = records.find(report["id"])
        if known is not None:
            same = known.content == sha256
            return _as_result(records, known) if same else Result(known.id, "rejected", errors=(_CONFLICT,))
        found = (*report_violations(report), *rule_violations(report, self.now()))
        errors = {(violation.field, violation.code): violation for violation in reversed(found)}
        if errors:
            return Result(report["id"], "rejected", errors=tuple(reversed(errors.values())))
        rule = STAY_RULES[report["kind"], _stay_state(records.of_stay(report["stay_id"]))]
        if rule.status == "deferred":
            step = _BEHIND_PENDING
        if rule.code is None and step.status.state is State.QUEUED:
            return Result(report["id"], step.status.value, retry_after=step.seconds)
        record = Record(
            id=report["id"],
            stay_id=report["stay_id"],
            kind=report["kind"],
            content=sha256,
            sha256=sha256,
            status=Status.PENDING.value,
            received_at=instant(self.now()),
        )
        if rule.code is None:
            warnings = _to_json(rule_warnings(report, self.now().tzinfo, self.window_hours))
            record = self._with_verdict(records, replace(record, warnings=warnings), step)
        else:
            misfit = Violation("stay_id", rule.code, _STAY_MESSAGES[rule.code])
            record = replace(record, status=rule.status, errors=_to_json((misfit,)))
        records.save(record)
        return _as_result(records, record)

    def _with_verdict(self, records: Records, record: Record, step: Step) -> Record:
        """The record with its verdict: accepted, unless the script says otherwise."""
        record = replace(record, status=step.status.value)
        if step.status.state is State.REJECTED:
            return replace(record, errors=_to_json((_REJECTED_BY_SCRIPT,)))
        if step.status.state is State.PENDING:
            return record
        return replace(record, number=records.next_number(), issued_at=instant(self.now()))


def _stay_state(earlier: Sequence[tuple[str, str]]) -> str:
    """The state of a stay after its reports, each a kind and a status, as `STAY_RULES` names it."""
    state = "none"
    for kind, status in earlier:
        if Status(status).state is State.PENDING:
            return "pending"
        if Status(status).state is State.ACCEPTED:
            state = STAY_RULES[kind, state].then
        elif (kind, state) == ("check_in", "none"):
            state = "refused"
    return state


def _as_result(records: Records, record: Record) -> Result:
    holder = records.find(record.covered_by) if record.covered_by is not None else record
    receipt = _receipt(holder) if holder is not None else None
    errors, warnings = (
        tuple(Violation(**value) for value in json.loads(text)) for text in (record.errors, record.warnings)
    )
    return Result(record.id, record.status, receipt, errors, warnings)


def _receipt(record: Record) -> Receipt | None:
    if record.number is None or record.issued_at is None:
        return None
    return Receipt(f"{TRAINING_NUMBER}{record.issued_at[:4]}-{record.number:06}", record.issued_at, record.sha256)


def _to_json(violations: Violations) -> str:
    return json.dumps([asdict(violation) for violation in violations])
