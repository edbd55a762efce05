"""A series: each stored thing of an outbox is changed in turn by another program, and every check is run.

What holds after a sync, with the private key at hand and with a keyring that only the opening of a report asks: a
report that the desk saved has reached the authority as the desk wrote it, or a message says so; what the desk
withdrew is not sent; nothing that another program wrote is read as the desk's; and no receipt is proved that the
authority did not give. `CHANGES` says for each change what notices it.
"""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest
from authority_simulator import AuthoritySimulator
from basics import FixedClock, search
from delivery_helpers import SETTINGS, Hotel, ProgressRecorder, report
from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import NOON, PRIVATE_KEY, PUBLIC_KEY, receipt, sealer, sealer_without_key, uuid
from outbox_stores import AnyOutbox, SqliteStore

from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.desk.attention import find_doubts
from apoa_client.errors import ApoaError, StorageProblem
from apoa_client.outbox.sql.codes import ALL_COLUMNS
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Selection
from apoa_client.ports.run import OutboxVersion
from apoa_client.report.kinds import State
from apoa_client.report.model import to_json
from apoa_client.vault.sealing import PropertySealer, encode_key

WAITING, SENT, WITHDRAWN, TYPED = (1, 2), 3, 4, 5
EVERY = (*WAITING, SENT, WITHDRAWN, TYPED)
NUMBER = "TYPED-5"
DESK = {uuid(number): report(number) for number in EVERY}
"""The reports of the desk, by their ids."""


class Known:
    """The version of the outbox in a vault."""

    def __init__(self, version: OutboxVersion | None) -> None:
        self.version = version

    def read(self) -> OutboxVersion | None:
        return self.version

    def write(self, version: OutboxVersion) -> None:
        self.version = version


class Original(NamedTuple):
    """An outbox as this program left it: its file, an older copy of it, the authority, and the vault's version."""

    file: Path
    older: Path
    authority: AuthoritySimulator
    version: OutboxVersion | None


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """Two reports wait, one was sent, one was withdrawn, of one a number was typed; and there is a draft."""
    folder = tmp_path_factory.mktemp("tampering")
    file, older = folder / "outbox.db", folder / "older.db"
    hotel = Hotel(SqliteStore(file), FixedClock())
    hotel.add(SENT)
    hotel.outbox.authenticate(ask=False)
    copy(hotel.outbox, older)
    hotel.sync()
    hotel.add(*WAITING, WITHDRAWN, TYPED)
    hotel.outbox.withdraw([uuid(WITHDRAWN)])
    hotel.outbox.record_receipt(uuid(TYPED), receipt()._replace(number=NUMBER, typed=True))
    hotel.outbox.drafts.save("what was typed", NOON)
    version = hotel.outbox.authenticate(ask=False).version
    hotel.close()
    return Original(file, older, hotel.authority, version)


def copy(outbox: AnyOutbox, file: Path) -> None:
    with closing(sqlite3.connect(file)) as target:
        assert isinstance(outbox, SqliteOutbox)
        outbox._sqlite.connection.backup(target)


Change: TypeAlias = Callable[[Path, Path], object]
"""Changes the file of an outbox; it is given an older copy, too."""


class Changed:
    """A copy of the original that another program changed."""

    def __init__(self, original: Original, folder: Path, change: Change) -> None:
        self.file = folder / "outbox.db"
        self.clock = FixedClock()
        self.known = Known(original.version)
        self.authority = deepcopy(original.authority)
        for file in folder.iterdir():
            file.unlink()
        shutil.copyfile(original.file, self.file)
        change(self.file, original.older)

    def open(self, key: PropertySealer) -> SqliteOutbox:
        return SqliteOutbox.open(self.file, key)

    def sync(self, key: PropertySealer) -> Outcome:
        with self.open(key) as outbox:
            dependencies = Dependencies(
                *(outbox, lambda _time_left: self.authority, self.clock, lambda: 0.5, ProgressRecorder()),
                known=self.known,
            )
            return deliver(dependencies, RunOptions(SETTINGS))


def keyring() -> PropertySealer:
    """A key that is not at hand until a report is opened."""
    return PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY, is_at_hand=lambda: False)


# What notices a change.


def status(changed: Changed) -> bool:
    """`apoa status`, which has no key."""
    with changed.open(sealer_without_key()) as outbox:
        found = outbox.summary(now=NOON, soon=NOON)
        return bool(found.suspension or find_doubts(found, encode_key(PUBLIC_KEY), outbox.integrity.doubts))


def log(changed: Changed, key: PropertySealer) -> bool:
    """`apoa log --verify`."""
    with changed.open(key) as outbox:
        return outbox.audit_trail.verify().wrong is not None or bool(outbox.integrity.verify(changed.known.read).doubts)


def receipts(changed: Changed) -> bool:
    """`apoa receipt` of each report."""
    with changed.open(sealer()) as outbox:
        for entry in outbox.entries(Selection()):
            outbox.integrity.check(entry.id)
    return False


def contents(changed: Changed) -> bool:
    """`apoa list`, which opens each report."""
    with changed.open(sealer()) as outbox:
        for entry in outbox.entries(Selection()):
            outbox.content(entry)
    return False


def is_reported(outcome: Outcome) -> bool:
    return bool(outcome.doubts or outcome.error or outcome.repaired)


def noticed(original: Original, folder: Path, change: Change) -> str:
    """Return the letters of what notices a change: see `CHANGES`."""
    checks: dict[str, Callable[[Changed], bool]] = {
        "S": status,
        "L": lambda changed: log(changed, sealer()),
        "l": lambda changed: log(changed, sealer_without_key()),
        "R": receipts,
        "C": contents,
        "Y": lambda changed: is_reported(changed.sync(sealer())),
        "y": lambda changed: is_reported(changed.sync(keyring())),
    }
    letters = ""
    for letter, check in checks.items():
        try:
            found = check(Changed(original, folder, change))
        except ApoaError:
            found = True
        letters += letter if found else ""
    return letters


def assert_nothing_silent(changed: Changed, key: PropertySealer) -> None:
    """Sync, and see that what the module promises holds."""
    try:
        outcome = changed.sync(key)
    except StorageProblem:
        return  # everything stops, and the error says so
    for number in WAITING:
        assert is_reported(outcome) or uuid(number) in changed.authority.acquired
    assert uuid(WITHDRAWN) not in changed.authority.known
    for report_id, sent in changed.authority.known.items():
        assert sent.content == json.loads(to_json(DESK[report_id]))
    with changed.open(sealer()) as outbox:
        try:
            entries = list(outbox.entries(Selection()))
        except StorageProblem:
            return
        for report_id in outcome.repaired:
            outbox.integrity.check(report_id)
        for entry in entries:
            assert_as_the_desk_wrote(changed, outbox, entry.id)


def assert_as_the_desk_wrote(changed: Changed, outbox: SqliteOutbox, report_id: str) -> None:
    """Assert that a report is refused, or is the desk's, with the authority's receipt or the typed number."""
    [entry] = outbox.find(report_id)
    try:
        content = outbox.content(entry)
    except ApoaError:
        content = None
    assert content is None or content.report == DESK.get(report_id)
    try:
        outbox.integrity.check(report_id)
    except ApoaError:
        return
    if entry.receipt is not None:
        given = changed.authority.acquired.get(report_id)
        assert entry.receipt.number == (given.number if given is not None and report_id != uuid(TYPED) else NUMBER)
        assert entry.state is State.ACCEPTED


# The changes.


def changes_rows(change: Callable[[sqlite3.Connection], object]) -> Change:
    """Return a change that another program makes in the database, to which the older copy is attached."""

    def changed(file: Path, older: Path) -> None:
        with closing(sqlite3.connect(file)) as db, db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute("ATTACH ? AS older", [str(older)])
            change(db)

    return changed


def sql(*statements: str) -> Change:
    """Return a change by SQL; `:1` and the like stand for the ids of the reports."""
    texts = [re.sub(r":(\d)", lambda found: f"'{uuid(int(found[1]))}'", each) for each in statements]
    return changes_rows(lambda db: [db.execute(text) for text in texts])


def row(number: int, values: str) -> Change:
    """Return a change of one report's columns."""
    return sql(f"UPDATE reports SET {values} WHERE id = :{number}")  # noqa: S608  ours


def forged_content(number: int) -> Change:
    """Return a change of one report's content, sealed with the public key, which is no secret."""
    sealed = sealer().seal(uuid(number), to_json(report(number)._replace(created_at=report(2).created_at)))
    return changes_rows(lambda db: db.execute("UPDATE reports SET content = ? WHERE id = ?", [sealed, uuid(number)]))


def memo(key: str, value: str) -> Change:
    """Return a change of one value of the metadata."""
    return sql(f"INSERT OR REPLACE INTO memo VALUES ('{key}', {value})")  # noqa: S608  ours


SWAPPED = """
    UPDATE reports SET {0} = (
        SELECT {0} FROM reports AS other WHERE other.id = CASE reports.id WHEN :1 THEN :2 ELSE :1 END)
    WHERE id IN (:1, :2)
"""
ROW = ", ".join(ALL_COLUMNS)
CHANGES: dict[str, tuple[str, Change]] = {
    "nothing": ("", sql("SELECT 1")),
    "row 1: marked as accepted": ("SLRCYy", row(1, "state = 'accepted', receipt_number = 'X', receipt_issued_at = 1")),
    "row 1: withdrawn": ("SLRCYy", row(1, "state = 'withdrawn'")),
    "row 1: superseded": ("SLRCYy", row(1, "state = 'superseded'")),
    "row 1: pending": ("LRCYy", row(1, "state = 'pending'")),
    "row 1: rejected": ("LRCYy", row(1, "state = 'rejected'")),
    "row 1: being sent for ever": ("SRCYy", row(1, "state = 'sending', lease = 'x', lease_until = 1 << 60")),
    "row 1: erased": ("LRCYy", row(1, "content = NULL, erased_at = 1")),
    "row 1: content flipped": ("LRCYy", row(1, "content = CAST(content || x'00' AS BLOB)")),
    "row 1: content sealed by another": ("LRCYy", forged_content(1)),
    "row 1: its code removed": ("SLRCYy", row(1, "mac = NULL")),
    "row 1: as just saved": ("SLRCYy", row(1, "mac = NULL, version = NULL")),
    "row 1: deleted": ("SLYy", sql("DELETE FROM reports WHERE id = :1")),
    "row 1: another id": ("LRCYy", row(1, "id = replace(id, '-7', '-6')")),
    "row 1: another short id": ("LRCYy", row(1, "short_id = 'ffffffff'")),
    "row 1: another stay": ("LRCYy", row(1, "stay_id = (SELECT stay_id FROM reports WHERE id = :4)")),
    "row 1: moved to the end": ("", row(1, "seq = 1000")),
    "rows 1 and 2: contents swapped": ("LRCYy", sql(SWAPPED.format("content"))),
    "rows 1 and 2: codes swapped": ("LRCYy", sql(SWAPPED.format("mac"))),
    "row 3: another receipt": ("LRCYy", row(3, "receipt_number = 'X'")),
    "row 3: queued again": ("SLRCYy", row(3, "state = 'queued', receipt_number = NULL, receipt_issued_at = NULL")),
    "row 3: content sealed by another": ("LRCYy", forged_content(3)),
    "row 3: deleted": ("SLYy", sql("DELETE FROM reports WHERE id = :3")),
    "row 3: as it once was": (
        "SLYy",
        row(3, f"({ROW}) = (SELECT {ROW} FROM older.reports WHERE id = :3)"),  # noqa: S608  ours
    ),
    "row 4: queued again": ("SLRCYy", row(4, "state = 'queued'")),
    "row 5: another number": ("LRCYy", row(5, "receipt_number = 'X'")),
    "rows 1 and 4: states swapped": (
        "LRCYy",
        sql("UPDATE reports SET state = CASE id WHEN :1 THEN 'withdrawn' ELSE 'queued' END WHERE id IN (:1, :4)"),
    ),
    "all rows: deleted": ("SLYy", sql("DELETE FROM reports")),
    "events: the last one deleted": ("Ll", sql("DELETE FROM audit WHERE n = (SELECT max(n) FROM audit)")),
    "events: all deleted": ("Ll", sql("DELETE FROM audit")),
    "events: one changed": ("Ll", sql("UPDATE audit SET action = 'withdrawn' WHERE report = :1")),
    "events: two swapped": (
        "Ll",
        sql("UPDATE audit SET n = -n WHERE n IN (1, 2)", "UPDATE audit SET n = 3 + n WHERE n IN (-1, -2)"),
    ),
    "events: one inserted": (
        "Ll",
        sql("INSERT INTO audit (at, who, action, report, link) VALUES (1, 'x', 'withdrawn', :1, x'00')"),
    ),
    "events: as they once were": (
        "Ll",
        sql(
            "DELETE FROM audit WHERE n > (SELECT max(n) FROM older.audit)",
            "UPDATE memo SET value = (SELECT value FROM older.memo WHERE key = 'audit_head') WHERE key = 'audit_head'",
        ),
    ),
    "metadata: suspension": ("SLYy", memo("stop", "'wrong_password 1 fingerprint'")),
    "metadata: a wait": ("SLYy", memo("hold", "1 << 60")),
    "metadata: end of the trail": ("Ll", sql("UPDATE memo SET value = '1 00' WHERE key = 'audit_head'")),
    "metadata: no end of the trail": ("Ll", sql("DELETE FROM memo WHERE key = 'audit_head'")),
    "metadata: register": ("SLYy", sql("UPDATE memo SET value = replace(value, ' ', ' 1') WHERE key = 'register'")),
    "metadata: no register": ("LYy", sql("DELETE FROM memo WHERE key = 'register'")),
    "metadata: an older register": (
        "SLYy",
        sql("UPDATE memo SET value = (SELECT value FROM older.memo WHERE key = 'register') WHERE key = 'register'"),
    ),
    "metadata: another public key": ("SLlRCYy", memo("public_key", "'x'")),
    "numbers of reports": ("SYy", sql("UPDATE tally SET reports = 0")),
    "draft: deleted": ("", sql("DELETE FROM drafts")),
    "draft: flipped": ("", sql("UPDATE drafts SET content = x'00'")),
    "file: an older copy": ("LYy", lambda file, older: file.write_bytes(older.read_bytes())),
    "file: cut": ("SLlRCYy", lambda file, _older: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])),
    "file: none": ("SLlRCYy", lambda file, _older: file.unlink()),
}
"""S: status, without the key. L, l: log --verify with and without the key. R: receipt. C: list. Y, y: sync, with the
key at hand and with a keyring.

What nothing notices holds no report up: a place in the queue, a draft. No state is derived from the audit trail, so
that its changes are named by `log --verify` alone.
"""


@pytest.mark.parametrize("name", CHANGES)
def test_what_notices_a_change(original: Original, tmp_path: Path, name: str) -> None:
    """As `CHANGES` says."""
    letters, change = CHANGES[name]
    assert noticed(original, tmp_path, change) == letters


@pytest.mark.parametrize("key", [sealer, keyring], ids=["key at hand", "keyring"])
@pytest.mark.parametrize("name", CHANGES)
def test_no_change_is_silent(original: Original, tmp_path: Path, name: str, key: Callable[[], PropertySealer]) -> None:
    """After one sync and after two."""
    changed = Changed(original, tmp_path, CHANGES[name][1])
    for _time in range(2):
        assert_nothing_silent(changed, key())


VALUES = (
    st.none() | st.integers(-2, 9) | st.sampled_from([1 << 60, 1e300, "", "x", "accepted", "queued", b"", b"\x01x"])
)
TABLES = {
    "reports": ("seq", *ALL_COLUMNS),
    "audit": ("n", "at", "who", "action", "report", "detail", "link"),
    "memo": ("key", "value"),
    "drafts": ("id", "kept_at", "taken_at", "content"),
    "tally": ("state", "reports"),
}


@search(120)
@given(st.data())
def test_no_value_is_silent(original: Original, data: st.DataObject) -> None:
    """Any column of any row of any table gets any value, or the row is deleted."""
    table = data.draw(st.sampled_from(sorted(TABLES)))
    column = data.draw(st.sampled_from(TABLES[table]))
    row, value = data.draw(st.integers(0, 9)), data.draw(VALUES)
    key_column = "id" if table == "reports" else TABLES[table][0]
    chosen = f"(SELECT {key_column} FROM {table} LIMIT 1 OFFSET :row)"  # noqa: S608  ours
    delete = data.draw(st.integers(0, 9)) == 0

    @changes_rows
    def change(db: sqlite3.Connection) -> None:
        what = f"DELETE FROM {table}" if delete else f"UPDATE OR IGNORE {table} SET {column} = :value"  # noqa: S608  ours
        with suppress(sqlite3.IntegrityError):
            db.execute(f"{what} WHERE {key_column} = {chosen}", {"value": value, "row": row})

    folder = original.file.with_name("copy")
    folder.mkdir(exist_ok=True)
    changed = Changed(original, folder, change)
    key = data.draw(st.sampled_from([sealer, keyring]))
    for _time in range(2):
        assert_nothing_silent(changed, key())


@pytest.mark.parametrize(
    ("name", "repaired"),
    [("row 3: queued again", [SENT]), ("row 3: another receipt", [SENT]), ("row 3: content sealed by another", [])],
)
def test_a_report_that_the_authority_has_is_repaired(
    original: Original, tmp_path: Path, name: str, repaired: list[int]
) -> None:
    """The outcome and the audit trail name it. Another content stays in doubt: a person decides."""
    changed = Changed(original, tmp_path, CHANGES[name][1])
    outcome = changed.sync(sealer())
    assert list(outcome.repaired) == [uuid(number) for number in repaired]
    with changed.open(sealer()) as outbox:
        events = [(each.report, each.detail) for each in outbox.audit_trail.entries() if each.action == "repaired"]
    assert events == [(uuid(number), "accepted") for number in repaired]


def test_a_run_raises_the_version_in_the_vault(original: Original, tmp_path: Path) -> None:
    """By it, the next run notices an older copy of the outbox. A run with nothing to send asks no keyring for it."""
    changed = Changed(original, tmp_path, lambda _file, _older: None)
    assert not is_reported(changed.sync(sealer()))
    assert changed.sync(keyring()).unchecked
    shutil.copyfile(original.file, changed.file)
    assert is_reported(changed.sync(sealer()))
