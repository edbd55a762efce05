"""Seals reports, and inserts, withdraws and replaces them, one by one or many at once; records typed receipts.

What changes rows runs inside a transaction. Only a report that the authority certainly does not have can be withdrawn
or replaced: it was never sent, or it was rejected. The statement that changes the report checks this, so that no
sending can happen in between.

Each report is sealed under an id of its own, and so are its findings and photo. A report is sealed together with its
warnings, because a seal is what takes the longest time of saving it. The findings of an answer are sealed separately,
so that they can be replaced without the key; then those warnings replace the first.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import ExitStack, contextmanager
from itertools import chain
from json import JSONEncoder, loads
from typing import IO, TYPE_CHECKING, Any, Self, TypeAlias

from apoa_client.errors import ReportMoved
from apoa_client.messages import msg
from apoa_client.outbox.errors import report_exists
from apoa_client.outbox.rows import COLUMNS, INITIAL, SAVED, millis
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.codes import Row, photo_digest
from apoa_client.outbox.sql.queries import WITHDRAWABLE
from apoa_client.outbox.sql.register import sealed_to_current_key
from apoa_client.ports.entries import Content
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.findings import Finding, finding_from_json
from apoa_client.report.kinds import PhotoState, Receipt, State, short_id
from apoa_client.report.model import Report, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.ports.entries import NewReport
    from apoa_client.ports.run import Sealer


CONTENT = "content"
ERRORS = "errors"
WARNINGS = "warnings"
"""The kinds of findings."""
PHOTO = "photo"
_BORDER = b"\n"
"""Between a report and its warnings: JSON of `to_json` has no line end. Rows of before have their warnings apart."""
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def part_id(report_id: str, part: str) -> str:
    """Return the id under which a column of a report is sealed: its content, findings of one kind, or its photo."""
    return report_id if part == CONTENT else f"{report_id}#{part}"


class Contents:
    """Seals and opens what a row holds."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal_report(self, report: Report, warnings: Sequence[Finding] = ()) -> bytes:
        """Seal the report, as the bytes that will be sent, and its warnings behind them."""
        content = to_json(report)
        return self._sealer.seal(report.id, content + _BORDER + _findings_json(warnings) if warnings else content)

    def seal_findings(self, report_id: str, kind: str, findings: Sequence[Finding] | None) -> bytes | None:
        """Seal findings of one kind; None for None."""
        if findings is None:
            return None
        return self._sealer.seal(part_id(report_id, kind), _findings_json(findings))

    def seal_photo(self, report_id: str, photo: bytes | None) -> bytes | None:
        """Seal a photo; None for None."""
        return None if photo is None else self._sealer.seal(part_id(report_id, PHOTO), photo)

    def open_photo(self, report_id: str, sealed: bytes) -> bytes:
        """Open a photo. Raises what the sealer does."""
        return self._sealer.open(part_id(report_id, PHOTO), sealed)

    def open(self, report_id: str, body: bytes, errors: bytes | None, warnings: bytes | None) -> Content:
        """Open all of it.

        Raises what the sealer does, and `ValueError`, `TypeError` or `KeyError` for what this program never wrote.
        """
        report, _border, first = self._sealer.open(report_id, body).partition(_BORDER)
        return Content(
            from_json(report),
            report,
            self._open_findings(report_id, ERRORS, errors),
            self._open_findings(report_id, WARNINGS, warnings, first),
        )

    def _open_findings(
        self, report_id: str, kind: str, sealed: bytes | None, first: bytes = b""
    ) -> tuple[Finding, ...]:
        content = first if sealed is None else self._sealer.open(part_id(report_id, kind), sealed)
        return tuple(map(finding_from_json, loads(content))) if content else ()


def _findings_json(findings: Sequence[Finding]) -> bytes:
    return _encode([finding.as_json() for finding in findings]).encode()


SAVED_LIST = ", ".join(SAVED)

_INSERT = "INSERT INTO reports ({columns}) VALUES ({places})"
_INSERT_LAST, _INSERT_AT = (
    _INSERT.format(columns=", ".join(names), places=", ".join(f":{name}" for name in names))
    for names in (("mac", "version", *SAVED), ("seq", "mac", "version", *SAVED))
)
_UNLESS_KNOWN = " ON CONFLICT DO NOTHING"

_OF_REPORT = tuple((column.name, column.report) for column in COLUMNS if column.report is not None)
_OF_SAVING = tuple((column.name, column.saved) for column in COLUMNS if column.saved is not None)


def new_row(contents: Contents, new: NewReport) -> Row:
    """Return a new report's row, sealed, without a code, and without a number (`seq`) until it is inserted."""
    report, photo = new.report, contents.seal_photo(new.report.id, new.photo)
    return Row(
        INITIAL,
        **columns_of(report),
        **{name: value_of(new) for name, value_of in _OF_SAVING},
        content=contents.seal_report(report, new.warnings),
        photo_digest=None if photo is None else photo_digest(photo),
        photo=photo,
    )


def columns_of(report: Report) -> dict[str, Any]:
    """Return what a row tells of its report outside the seal, by column."""
    return {name: value_of(report) for name, value_of in _OF_REPORT}


def insert(db: Database, row: dict[str, Any]) -> None:
    """Insert a row, inside a transaction: with its number, which must be free, or at the end. It has its number then.

    Raises `StorageProblem` if a report has its id already.
    """
    statement = _INSERT_LAST if row["seq"] is None else _INSERT_AT
    number = db.insert_report(statement + _UNLESS_KNOWN, row)
    if number is None:
        raise report_exists(row["id"])
    row["seq"] = number


def saved_events(report_id: str, first: str | None, photo: object) -> Iterator[AuditEvent]:
    """Yield the events of a new report; `first` is the id of the first of several that are saved together.

    `photo` is its photo or its photo's state, or None.
    """
    yield AuditEvent("saved", report_id, first)
    if photo is not None:
        yield audit.photo_event(report_id, PhotoState.KEPT)


_RETIRE = f"""
    UPDATE reports SET state = ?, next_attempt_at = NULL, not_before = NULL, finished_at = ?
    WHERE id = ? AND {WITHDRAWABLE}
"""  # noqa: S608  constants
_CURRENT = """
    SELECT id FROM reports WHERE stay_id = (SELECT stay_id FROM reports WHERE id = ?)
        AND state NOT IN ('superseded', 'withdrawn')
    ORDER BY seq
"""
_FIRST = "SELECT seq, id FROM reports WHERE id IN ({places}) ORDER BY seq LIMIT 1"
_MOVE_TO_END = "UPDATE reports SET seq = ? WHERE id = ?"

# A number that was typed wrongly may be typed again; one that the authority itself gave is not replaced.
_RECORD_RECEIPT = """
    UPDATE reports SET state = 'accepted', last_error = NULL, next_attempt_at = NULL, not_before = NULL, lease = NULL,
        lease_until = NULL, receipt_number = ?, receipt_issued_at = ?, receipt_sha256 = NULL, receipt_typed = 1,
        finished_at = ?
    WHERE id = ? AND (state IN ('queued', 'pending', 'rejected') OR (state = 'accepted' AND receipt_typed = 1)
        OR (state = 'sending' AND lease = ?))
"""


def retire(db: Database, ids: Sequence[str], state: State, at: int) -> None:
    """Make reports superseded or withdrawn, at this time in milliseconds. Raises `ReportMoved`."""
    for report_id in ids:
        if db.execute(_RETIRE, [state.value, at, report_id]).rowcount != 1:
            raise _moved(report_id)


def check_active(db: Database, ids: Sequence[str]) -> None:
    """Raise `ReportMoved` if these are not the stay's current reports in their order; nothing for no ids.

    Two people at two desks may look at one guest: a decision of one must not silently undo what the other did.
    """
    if ids and [row[0] for row in db.execute(_CURRENT, [ids[0]])] != list(ids):
        raise ReportMoved(msg("Another user has changed this stay in the meantime: report {id}.", id=short_id(ids[0])))


def make_room(db: Database, active: Sequence[str], replaced: Sequence[str], at: int) -> int | None:
    """Supersede what a new report replaces, and return the number that it then takes; None for one at the end.

    `active` are the stay's current reports as the caller saw them. Raises `ReportMoved` if they are others now. Reports
    of a stay are sent in the order of their numbers, so a replacement must not come after later reports: it takes the
    number of the first that it replaces, and that one gets a number at the end.
    """
    check_active(db, active)
    if not replaced:
        return None
    retire(db, replaced, State.SUPERSEDED, at)
    seq, first = db.execute(_FIRST.format(places=", ".join("?" * len(replaced))), list(replaced)).fetchone()
    db.execute(_MOVE_TO_END, [db.unused_seq(), first])
    return int(seq)


def record_receipt(db: Database, report_id: str, receipt: Receipt, lease: str) -> bool:
    """Record a receipt that was typed in, and return whether it replaces an earlier one.

    Raises `ReportMoved` if the report is being sent, under another lease than this, or is finished.
    """
    issued_at = millis(receipt.issued_at)
    before = db.execute("SELECT state FROM reports WHERE id = ?", [report_id]).fetchone()
    if db.execute(_RECORD_RECEIPT, [receipt.number, issued_at, issued_at, report_id, lease]).rowcount != 1:
        raise _moved(report_id)
    return bool(before[0] == State.ACCEPTED)


def _moved(report_id: str) -> ReportMoved:
    return ReportMoved(msg("Report {id} is being sent, or was finished in the meantime.", id=short_id(report_id)))


_PIECE = 500
"""Rows handled at a time."""

# What other processes saved between the first two numbers, while a batch was made, and the batch has above the second
# one: a report of the same stay, or of the same guest and night.
_SAME_STAY = """
    SELECT 1 FROM reports AS other JOIN reports AS ours ON ours.stay_id = other.stay_id
    WHERE other.seq > :seen AND other.seq <= :last AND ours.seq > :last LIMIT 1
"""
_SAME_NIGHT = """
    SELECT 1 FROM reports AS other JOIN reports AS ours ON ours.guest_tag = other.guest_tag
    WHERE other.seq > :seen AND other.seq <= :last AND ours.seq > :last AND other.first_night < ours.last_morning
        AND ours.first_night < other.last_morning LIMIT 1
"""
_SAME_ID = "SELECT 1 FROM reports WHERE id IN ({places}) LIMIT 1"
_LAST = "SELECT COALESCE(max(seq), 0) FROM reports"


class Batch:
    """Many reports, sealed, that wait to be saved together. Nothing is in the queue before `save`, nor after an error.

    They are kept in a temporary file until then, sealed as in the outbox: memory stays flat, and other processes wait
    only while the rows are copied, not for cryptography. The file has no name, or is removed when it is closed, also
    after a kill. Raises `StorageProblem`.
    """

    def __init__(self, file: IO[bytes], db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> None:
        self._file = file
        self._db = db
        self._sealer = sealer
        self._contents = Contents(sealer)
        self._codes = codes
        self._actor = actor
        self._pending: list[_Waiting] = []
        self._count = 0
        self._discarded: dict[int, int] = {}
        """Keys, each with the number of reports from which on it counts again."""
        with db.errors():
            (self._seen,) = db.execute(_LAST).fetchone()

    @classmethod
    @contextmanager
    def opened(cls, db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> Iterator[Self]:
        """Return an empty batch, and forget at the end what was not saved."""
        from tempfile import TemporaryFile  # start-up: the desk saves without it

        with ExitStack() as opened:
            with db.errors():
                file = opened.enter_context(TemporaryFile())
            yield cls(file, db, sealer, codes, actor)

    def add(self, key: int, new_reports: Sequence[NewReport]) -> None:
        """Seal reports of one stay, in their order, under a key of the caller. Needs no secret and no lock.

        Each but the first is saved whatever its `active_reports` are: the reports before it are in the same batch.
        """
        is_new = not any(new.replaces or new.active_reports for new in new_reports)
        for new in new_reports:
            changes = None if is_new else (list(new.active_reports), list(new.replaces))
            self._pending.append((self._count, key, changes, new_row(self._contents, new)))
            self._count += 1
        if len(self._pending) >= _PIECE or any(new.photo is not None for new in new_reports):
            self._flush()

    def discard(self, key: int) -> None:
        """Forget the reports that were added under this key."""
        self._discarded[key] = self._count

    def _flush(self) -> None:
        from pickle import dump  # start-up, as above

        with self._db.errors():
            dump(self._pending, self._file)
        self._pending.clear()

    def save(self, event: AuditEvent) -> list[str]:
        """Queue all of them, or none, in their order, record this event too, and return their ids.

        Raises `ReportMoved`, and changes nothing, if the stay of one of them was changed since it was added, if
        another process has saved a report of the same guest for the same nights, or if the property has another key.
        The audit trail records which reports were saved together, by the id of the first.
        """
        self._flush()
        with self._db.transaction():
            sealed_to_current_key(self._db, self._sealer, None, _sealed_to_another_key)
            self._insert_new()
            saved = list(self._save_changes())
            first = saved[0][0] if len(saved) > 1 else None
            for start in range(0, len(saved), _PIECE):
                events = (saved_events(each, first, photo) for each, photo in saved[start : start + _PIECE])
                audit.append(self._db, self._actor, chain.from_iterable(events))
            audit.append(self._db, self._actor, [event])
        return [report_id for report_id, _photo in saved]

    def _pieces(self) -> Iterator[list[_Waiting]]:
        from pickle import load  # start-up, as above

        self._file.seek(0)
        read = 0
        while read < self._count:
            piece = load(self._file)  # noqa: S301  the process's own file, which no other one can open
            read += len(piece)
            yield [each for each in piece if each[0] >= self._discarded.get(each[1], 0)]

    def _insert_new(self) -> None:
        """Insert the reports of new stays. Raises `ReportMoved` if another process has saved what one of them is."""
        (last,) = self._db.execute(_LAST).fetchone()
        with self._codes.saving() as give_code:
            for piece in self._pieces():
                new = [row for _n, _key, changes, row in piece if changes is None]
                ids = [row["id"] for row in new]
                if ids and self._db.execute(_SAME_ID.format(places=", ".join("?" * len(ids))), ids).fetchone():
                    raise _reported_meanwhile()  # the same file, imported by two at once, gives the same ids
                for row in new:
                    give_code(row)
                self._db.executemany(_INSERT_LAST, new)
        numbers = {"seen": self._seen, "last": last}
        if any(self._db.execute(query, numbers).fetchone() for query in (_SAME_STAY, _SAME_NIGHT)):
            raise _reported_meanwhile()

    def _save_changes(self) -> Iterator[tuple[str, object]]:
        """Save the reports of stays that were saved before, as `Outbox.add_all` does.

        Yields each report of the batch in its order: its id, and the state of its photo.
        """
        at = millis(self._actor.now())
        for _n, _key, changes, row in chain.from_iterable(self._pieces()):
            if changes is not None:
                active, replaced = changes
                with self._codes.changing(replaced):
                    row["seq"] = make_room(self._db, active, replaced, at)
                with self._codes.saving() as give_code:
                    give_code(row)
                    insert(self._db, row)
                audit.append(self._db, self._actor, [AuditEvent("superseded", old) for old in replaced])
            yield row["id"], row["photo_state"]


_Waiting: TypeAlias = "tuple[int, int, tuple[list[str], list[str]] | None, Row]"
"""A report of a batch: its number and key, its row, and, unless its stay is new, the stay's current reports as the
caller saw them, and those that it replaces."""


def _reported_meanwhile() -> ReportMoved:
    return ReportMoved(msg("Another user or program has reported one of these guests in the meantime."))


def _sealed_to_another_key() -> None:
    raise ReportMoved(msg("The property's key was replaced in the meantime."))
