"""The audit trail: every change is recorded in its transaction, and no entry can be changed without being noticed."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from basics import raises_error, search
from hypothesis import assume, given
from hypothesis import strategies as st
from outbox_helpers import NOON, add, claimed, finding, open_outbox, receipt, report, uuid
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.sql.audit import AuditEntry, link_of
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change
from apoa_client.ports.state import Actor, AuditEvent, Suspension
from apoa_client.report.kinds import State


class Staff:
    """A user, and a clock that advances by a minute for each transaction."""

    def __init__(self) -> None:
        self.name = "ni-luh"
        self.time = NOON

    def now(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time

    @property
    def actor(self) -> Actor:
        return Actor(lambda: self.name, self.now)


@pytest.fixture
def staff() -> Staff:
    """The user who writes."""
    return Staff()


@pytest.fixture
def box(store: Store, staff: Staff) -> Iterator[AnyOutbox]:
    """An outbox with that user."""
    with store.open(actor=staff.actor) as opened:
        yield opened


def recorded(outbox: AnyOutbox) -> list[tuple[str, str | None, str | None]]:
    return [(entry.action, entry.report, entry.detail) for entry in outbox.audit_trail.entries()]


def test_a_saved_report_is_recorded_with_user_and_time(box: AnyOutbox) -> None:
    """There is one entry, with the clock's time and the user's name; a new outbox has none, and lacks none."""
    assert box.audit_trail.verify().wrong is None
    box.add(report(1), due_at=None)
    [entry] = box.audit_trail.entries()
    expected = AuditEntry(1, NOON + timedelta(minutes=1), "ni-luh", "saved", uuid(1), None, entry.link)
    assert entry == expected
    assert len(entry.link) == 64


@only_sqlite
def test_a_report_that_was_not_saved_is_not_recorded(box: SqliteOutbox) -> None:
    """The entry is in the transaction of the change: both are written or none."""
    box.add(report(1), due_at=None)
    with raises_error("report_exists"):
        box.add(report(1), due_at=None)
    box._db.execute("CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(OutboxDamaged):
        box.add(report(2), due_at=None)
    assert box.find(uuid(2)) == []
    assert recorded(box) == [("saved", uuid(1), None)]


def test_the_result_of_each_report_is_recorded(box: AnyOutbox) -> None:
    """The authority's answer, or the error; a claim is not recorded, and neither is a call that changed nothing."""
    add(box, *range(1, 7))
    before = len(recorded(box))
    changes = [
        Change(uuid(1), State.ACCEPTED, receipt=receipt()),
        Change(uuid(2), State.ACCEPTED, "duplicate", receipt=receipt(2)),
        Change(uuid(3), State.REJECTED, "rejected", errors=(finding(),)),
        Change(uuid(4), State.QUEUED, "deferred", not_before=NOON),
        Change(uuid(5), State.QUEUED, "offline"),
        Change(uuid(6), State.PENDING),
    ]
    lease = claimed(box, *range(1, 7))
    box.settle("0" * 32, changes)
    assert len(recorded(box)) == before
    box.settle(lease, changes)
    box.settle(lease, changes)
    box.settle_pending([Change(uuid(6), State.QUEUED, "forgotten"), Change(uuid(5), State.ACCEPTED)])
    assert recorded(box)[before:] == [
        ("accepted", uuid(1), None),
        ("accepted", uuid(2), "duplicate"),
        ("rejected", uuid(3), None),
        ("deferred", uuid(4), None),
        ("queued", uuid(5), "offline"),
        ("pending", uuid(6), None),
        ("queued", uuid(6), "forgotten"),
    ]
    assert box.audit_trail.verify().wrong is None


def test_a_suspension_is_recorded_once(box: AnyOutbox) -> None:
    """Ending it is recorded too; ending one that does not exist is not."""
    suspension = Suspension("wrong_password", NOON, "settings")
    for one in (None, suspension, suspension, None, None):
        box.set_suspension(one)
    assert recorded(box) == [("sending_stopped", None, "wrong_password"), ("sending_resumed", None, None)]


def test_a_long_trail_is_read_in_batches(box: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few entries are held at once; between the batches no transaction is open, and another process may write.

    Each writer continues the chain: it reads the last link inside its own transaction.
    Entries can be selected by report, by time, or both.
    """
    monkeypatch.setattr("apoa_client.outbox.sql.audit._BATCH", 2)
    add(box, *range(5))
    read = []
    with store.open() as other:
        for entry in box.audit_trail.entries():
            read.append(entry.n)
            assert not box._db.in_transaction
            if entry.n == 2:
                other.record_event("logged_in")
        box.record_event("logged_in")
        other.record_event("logged_in")
        assert other.audit_trail.verify() == box.audit_trail.verify()
    assert (box.audit_trail.verify().entries, box.audit_trail.verify().wrong) == (8, None)
    assert read == [1, 2, 3, 4, 5, 6]
    later, asked = NOON + timedelta(minutes=2), [uuid(number) for number in (0, 2, 4)]
    assert [entry.n for entry in box.audit_trail.entries(reports=asked)] == [1, 3, 5]
    assert [entry.n for entry in box.audit_trail.entries(since=later)] == [2, 3, 4, 5, 7]
    assert [entry.n for entry in box.audit_trail.entries(reports=asked, since=later)] == [3, 5]
    assert list(box.audit_trail.entries(reports=[])) == []


def test_the_link_is_the_documented_one(box: AnyOutbox, store: Store, staff: Staff) -> None:
    """SHA-256 of the link before and of the entry as compact JSON, so that others can recompute it."""
    import hashlib
    import json

    box.record_event("logged_in")
    staff.name = "x" * 500  # a directory's name for a user may be very long
    box.record_event("saved", uuid(1), 'ä"')
    assert recorded(box) == [("logged_in", None, None), ("saved", uuid(1), 'ä"')]
    assert [entry.who for entry in box.audit_trail.entries()] == ["ni-luh", "x" * 64]
    link = hashlib.sha256(b"apoa-client audit trail 1").digest()
    rows = store.rows("SELECT n, at, who, action, report, detail, link FROM audit ORDER BY n")
    for n, at, who, action, about, detail, found in rows:
        entry = json.dumps([n, at, who, action, about, detail], separators=(",", ":")).encode()
        link = hashlib.sha256(link + entry).digest()
        assert link == found


TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
EVENTS = st.lists(st.builds(AuditEvent, st.text("ab", min_size=1, max_size=2), TEXTS, TEXTS), min_size=2, max_size=6)
COLUMNS = {
    "at": st.integers(0, 3) | st.floats(0.1, 0.9),
    "who": TEXTS.filter(bool) | st.binary(max_size=3),
    "action": st.text("ab\x00", max_size=2) | st.binary(max_size=3),
    "report": TEXTS | st.binary(max_size=3),
    "detail": TEXTS | st.binary(max_size=3),
    "link": st.binary(max_size=32) | st.text("ab", max_size=3),
}


Manipulation = Callable[[sqlite3.Connection, st.DataObject, int], int]
"""Changes an entry, and returns the number of the first wrong one."""


def change(db: sqlite3.Connection, data: st.DataObject, n: int) -> int:
    column = data.draw(st.sampled_from(sorted(COLUMNS)))
    before = db.execute("SELECT * FROM audit WHERE n = ?", [n]).fetchone()
    db.execute(f"UPDATE audit SET {column} = ? WHERE n = ?", [data.draw(COLUMNS[column]), n])  # noqa: S608  ours
    assume(db.execute("SELECT * FROM audit WHERE n = ?", [n]).fetchone() != before)
    return n


def remove(db: sqlite3.Connection, _data: st.DataObject, n: int) -> int:
    db.execute("DELETE FROM audit WHERE n = ?", [n])
    return n


def swap(db: sqlite3.Connection, data: st.DataObject, n: int) -> int:
    (last,) = db.execute("SELECT max(n) FROM audit").fetchone()
    m = data.draw(st.integers(1, last).filter(lambda m: m != n))
    for old, new in ((n, -1), (m, n), (-1, m)):
        db.execute("UPDATE audit SET n = ? WHERE n = ?", [new, old])
    return min(n, m)


def put_in(db: sqlite3.Connection, data: st.DataObject, n: int) -> int:
    (last,) = db.execute("SELECT max(n) FROM audit").fetchone()
    m: int = data.draw(st.sampled_from([-1, 0, last + 1]))
    db.execute("INSERT INTO audit SELECT ?, at, who, action, report, detail, link FROM audit WHERE n = ?", [m, n])
    return m


def forge_the_last(db: sqlite3.Connection, _data: st.DataObject, _n: int) -> int:
    """With a link that fits: only the metadata reveal it."""
    *_earlier, before, last = db.execute("SELECT * FROM audit ORDER BY n").fetchall()
    link = link_of(before[-1], [*last[:3], "forged", *last[4:6]])
    db.execute("UPDATE audit SET action = 'forged', link = ? WHERE n = ?", [link, last[0]])
    return int(last[0])


@given(events=EVENTS, data=st.data(), manipulate=st.sampled_from([change, remove, swap, put_in, forge_the_last]))
@search(60)
def test_any_single_manipulation_is_found(
    events: list[AuditEvent], data: st.DataObject, manipulate: Manipulation
) -> None:
    """A changed value, a removed entry (also the last), two swapped entries, an inserted one: the first is named."""
    with tempfile.TemporaryDirectory() as folder, open_outbox(Path(folder) / "outbox.db") as box:
        for event in events:
            box.record_event(*event)
        assert box.audit_trail.verify().wrong is None
        wrong = manipulate(box._sqlite.connection, data, data.draw(st.integers(1, len(events))))
        check = box.audit_trail.verify()
        assert (check.wrong, check.missing) == (wrong, manipulate is remove)


MANIPULATIONS = {
    "the last two entries": (["DELETE FROM audit WHERE n > 1"], 2),
    "all entries": (["DELETE FROM audit"], 1),
    "the metadata": (["DELETE FROM memo WHERE key = 'audit_head'"], 3),
    "the head's number": (["UPDATE memo SET value = 'x y'"], 3),
    "the head's type": (["UPDATE memo SET value = 7"], 3),
}


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        *((engine, name) for engine in ("sqlite", "postgres") for name in MANIPULATIONS),
        ("sqlite", "all entries and metadata"),
    ],
)
def test_removed_entries_stay_found(box: AnyOutbox, store: Store, name: str) -> None:
    """At the end, all entries, or the metadata: it is found at once and after more was written; writing never fails."""
    add(box, 1, 2, 3)
    # SQLite remembers the highest number by itself. A server's login cannot remove an event.
    statements, wrong = MANIPULATIONS.get(name, (["DELETE FROM audit", "DELETE FROM memo"], 1))
    for statement in statements:
        store.change(statement)
    assert box.audit_trail.verify().wrong == wrong
    box.add(report(4), due_at=None)
    after = box.audit_trail.verify()
    assert after.wrong is not None
    assert after.wrong <= 4
    assert box.find(uuid(4))


@pytest.mark.parametrize("column", ["who", "action", "report", "detail"])
@only_sqlite
def test_invalid_entries_are_damage(box: AnyOutbox, store: Store, column: str) -> None:
    """Showing them raises `OutboxDamaged`; the check names the first."""
    box.record_event("logged_in")
    store.change(f"UPDATE audit SET {column} = x'ff'")  # noqa: S608  constants
    with pytest.raises(OutboxDamaged):
        list(box.audit_trail.entries())
    assert box.audit_trail.verify().wrong == 1


@only_sqlite
def test_bytes_that_are_not_utf8_are_found(box: SqliteOutbox, store: Store) -> None:
    """They are shown as far as possible, and named by the check."""
    box.record_event("logged_in")
    store.change("UPDATE audit SET who = CAST(x'ff' AS TEXT)")
    assert next(box.audit_trail.entries()).who == "\udcff"
    assert box.audit_trail.verify().wrong == 1
    assert box._sqlite.connection.text_factory is str


@pytest.mark.parametrize("number", [1 << 62, (1 << 63) - 1])
def test_a_huge_number_does_not_stop_the_trail(box: AnyOutbox, store: Store, number: int) -> None:
    """In an entry or in the metadata: reports are saved all the same, and the check finds it."""
    box.record_event("logged_in")
    store.change(f"UPDATE audit SET n = {number}")  # noqa: S608  a number
    store.change(f"UPDATE memo SET value = '{number} 00' WHERE key = 'audit_head'")  # noqa: S608  a number
    box.add(report(4), due_at=None)
    assert box.find(uuid(4))
    assert box.audit_trail.verify().wrong is not None
