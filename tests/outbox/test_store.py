"""What the outbox guarantees about reports, on a real file."""

import re
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from basics import raises_error
from outbox_helpers import (
    HOUR,
    NOON,
    PERSONAL,
    add,
    claimed,
    finding,
    open_outbox,
    receipt,
    report,
    sealer,
    sealer_without_key,
    settle,
    stay_id,
    uuid,
)
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import OutboxDamaged, SealBroken
from apoa_client.outbox.sql import queries
from apoa_client.outbox.sql.insertion import WARNINGS, Contents
from apoa_client.outbox.sql.metadata import TAGS_MISSING
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.state import Suspension
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import to_json


def state(outbox: AnyOutbox, number: int) -> State:
    return outbox.find(uuid(number))[0].state


def test_what_was_added_is_there_after_reopening(store: Store) -> None:
    """The next process finds a saved report complete, byte for byte."""
    with store.open() as outbox:
        added = outbox.add(report(1), due_at=NOON + 24 * HOUR, warnings=[finding("late")])
    with store.open() as outbox:
        [entry] = outbox.entries(Selection())
        content = outbox.content(entry)
    assert entry == added
    assert (entry.state, entry.attempts, entry.kind, entry.due_at) == (State.QUEUED, 0, Kind.CHECK_IN, NOON + 24 * HOUR)
    assert entry.created_at == report(1).created_at
    assert content.report == report(1)
    assert content.body == to_json(report(1))
    assert content.warnings == (finding("late"),)
    assert content.errors == ()


def test_what_is_returned_is_what_is_stored(outbox: AnyOutbox) -> None:
    """The entry that adding returns, also of several reports and of one in the place of another."""
    with_photo = NewReport(report(2), NOON, [finding("late")], guest_tag=7, photo=b"JPEG")
    added = [outbox.add(report(1), due_at=None), *outbox.add_all([with_photo, NewReport(report(3), None)])]
    assert added == list(outbox.entries(Selection()))
    replaced = outbox.add(report(4, stay=1), due_at=NOON, replaces=[uuid(1)], active_reports=[uuid(1)])
    assert replaced in outbox.entries(Selection())
    assert outbox.integrity.verify().doubts == ()


@only_sqlite
def test_a_report_is_saved_with_few_statements(outbox: SqliteOutbox) -> None:
    """The row is written once, with its code, and never read: each statement costs every save."""
    outbox.add(report(1), due_at=NOON)
    statements: list[str] = []
    outbox._sqlite.connection.set_trace_callback(statements.append)
    outbox.add(report(2), due_at=NOON)
    done = [each.split()[0] for each in dict.fromkeys(statements)]  # a trigger repeats the text of its statement
    assert done == ["BEGIN", "SELECT", "SELECT", "INSERT", "SELECT", "UPDATE", "SELECT", "INSERT", "UPDATE", "COMMIT"]


@only_sqlite
def test_metadata_that_cannot_be_read_stop_no_report(outbox: SqliteOutbox, store: Store) -> None:
    """Another program wrote text that is not UTF-8 into a value that saving does not need."""
    outbox.add(report(1), due_at=NOON)
    store.change("INSERT INTO memo (key, value) VALUES ('notice', CAST(? AS TEXT))", b"\xff")
    outbox.add(report(2), due_at=NOON)
    assert [entry.id for entry in outbox.entries(Selection())] == [uuid(1), uuid(2)]


def test_nothing_personal_is_readable_in_the_files(path: Path) -> None:
    """Names, numbers, dates and rooms are readable neither in the database nor in its log, in any state."""
    with open_outbox(path) as outbox:
        outbox.add(report(1), due_at=None, warnings=[finding()])
        words = finding("its own words")  # of the authority
        change = Change(uuid(1), State.REJECTED, errors=(words,), last_error="rejected")
        outbox.settle(claimed(outbox, 1), [change])
        raw = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert uuid(1).encode() in raw
    for text in (*PERSONAL, "its own words"):
        assert text.encode() not in raw


def test_an_id_is_added_once(outbox: AnyOutbox) -> None:
    """A second report with the same id is refused, and the first one stays as it was."""
    outbox.add(report(1), due_at=NOON)
    with raises_error("report_exists"):
        outbox.add(report(1), due_at=None)
    assert [entry.due_at for entry in outbox.entries(Selection())] == [NOON]


def test_heads_are_the_first_open_report_of_each_stay_most_urgent_first(outbox: AnyOutbox) -> None:
    """A stay's later reports wait for its first; the soonest deadline comes first, reports without one last."""
    outbox.add(report(1), due_at=None)
    outbox.add(report(2), due_at=NOON + 2 * HOUR)
    outbox.add(report(3, stay=2, kind=Kind.CHECK_OUT), due_at=NOON)
    outbox.add(report(4), due_at=NOON + HOUR)
    assert [entry.id for entry in outbox.heads()] == [uuid(4), uuid(2), uuid(1)]


def test_several_are_opened_together(outbox: AnyOutbox, store: Store) -> None:
    """One that another program changed or removed has its error, and the others their contents."""
    entries = outbox.add_all([NewReport(report(number), None, [finding()]) for number in range(5)])
    store.change(
        "UPDATE reports SET content = (SELECT content FROM reports WHERE id = ?) WHERE id = ?", *map(uuid, (1, 2))
    )
    store.change("UPDATE reports SET content = NULL WHERE id = ?", uuid(3))
    store.change("DELETE FROM reports WHERE id = ?", uuid(4))
    opened = outbox.contents(entries)
    assert [opened[uuid(number)] for number in (0, 1)] == [outbox.content(entry) for entry in entries[:2]]
    assert isinstance(opened[uuid(2)], SealBroken)
    for number in (3, 4):
        assert isinstance(opened[uuid(number)], OutboxDamaged)
        with pytest.raises(OutboxDamaged):
            outbox.content(entries[number])
    assert outbox.contents([]) == {}


def test_the_queue_can_be_changed_while_iterating(
    outbox: AnyOutbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads and entries may be settled during the iteration, also by another process; what is finished is left out."""
    for size in ("_FIRST_BATCH", "_BATCH"):
        monkeypatch.setattr(queries, size, 3)
    outbox.add_all([NewReport(report(number), NOON) for number in range(20)])
    walk = outbox.heads()
    settle(outbox, 0)
    seen = []
    with store.open() as other:
        for entry in walk:
            settle(other, entry.seq - 1)
            seen.append(entry.seq - 1)
    assert seen == list(range(1, 20))
    assert list(outbox.heads()) == []


def test_claiming_answers_in_the_order_asked_and_counts_an_attempt(outbox: AnyOutbox) -> None:
    """The lease's entries come in the order asked for, once each, without those that do not exist."""
    add(outbox, 1, 2, 3)
    wanted = [uuid(3), uuid(9), uuid(1), uuid(3)]
    lease, got = outbox.claim(wanted, now=NOON, lease_until=NOON + HOUR)
    assert [entry.id for entry in got] == [uuid(3), uuid(1)]
    assert all((e.state, e.attempts, e.lease_until) == (State.SENDING, 1, NOON + HOUR) for e in got)
    assert len(lease) == 32
    assert outbox.claim(wanted, now=NOON, lease_until=NOON + HOUR)[1] == []


def test_settling_stores_everything_and_ends_the_lease(outbox: AnyOutbox, store: Store) -> None:
    """A deferred report is queued again with its waiting times; an accepted one has its receipt.

    A finished one has a time: the receipt's, or else the last attempt's. A report that was never claimed, or that is
    under another lease, is left alone.
    """
    add(outbox, *range(1, 7))
    later = Change(uuid(1), State.QUEUED, "deferred", NOON + HOUR, NOON + 2 * HOUR)
    done = [Change(uuid(2), State.ACCEPTED, receipt=receipt()), Change(uuid(3), State.WITHDRAWN)]
    claimed(outbox, 6)
    others = [Change(uuid(number), State.ACCEPTED, receipt=receipt(number)) for number in (5, 6)]
    outbox.settle(claimed(outbox, 1, 2, 3, 4), [*others, later, *done, Change(uuid(4), State.REJECTED)])
    assert (state(outbox, 5), state(outbox, 6)) == (State.QUEUED, State.SENDING)
    deferred, accepted, *_others = outbox.entries(Selection())
    assert (deferred.state, deferred.last_error) == (State.QUEUED, "deferred")
    assert (deferred.next_attempt_at, deferred.not_before) == (NOON + HOUR, NOON + 2 * HOUR)
    assert deferred.lease_until is None
    assert (accepted.state, accepted.receipt) == (State.ACCEPTED, receipt())
    ends = [at for (at,) in store.rows("SELECT finished_at FROM reports ORDER BY seq")]
    assert ends == [None, (NOON + HOUR).timestamp() * 1000, NOON.timestamp() * 1000, None, None, None]


def test_errors_and_warnings_are_replaced_separately(outbox: AnyOutbox) -> None:
    """New errors leave earlier warnings as they are; an empty tuple is not None, and removes them."""
    outbox.add(report(1), due_at=None, warnings=[finding("late")])
    outbox.settle(claimed(outbox, 1), [Change(uuid(1), State.REJECTED, errors=(finding("id_conflict"),))])
    content = outbox.content(outbox.find(uuid(1))[0])
    assert content.warnings == (finding("late"),)
    assert content.errors == (finding("id_conflict"),)
    outbox.add(report(2), due_at=None, warnings=[finding("late")])
    outbox.settle(claimed(outbox, 2), [Change(uuid(2), State.ACCEPTED, receipt=receipt(), warnings=())])
    assert outbox.content(outbox.find(uuid(2))[0]).warnings == ()


def test_warnings_that_an_earlier_program_sealed_apart(store: Store) -> None:
    """They are those of the report, whether its row has a code by then or not."""
    with store.open(sealer_without_key()) as outbox:
        entry = outbox.add(report(1), due_at=None)
    sealed = Contents(sealer()).seal_findings(uuid(1), WARNINGS, [finding("late")])
    store.change("UPDATE reports SET warnings = ?", sealed)
    with store.open() as outbox:
        assert outbox.content(entry).warnings == (finding("late"),)
        claimed(outbox, 1)
        assert outbox.content(outbox.find(uuid(1))[0]).warnings == (finding("late"),)
        assert outbox.integrity.verify().doubts == ()


def test_settling_pending_changes_only_pending_reports(outbox: AnyOutbox) -> None:
    """A verdict that comes later ends a pending report, and no other; without a receipt it leaves the stored one."""
    add(outbox, 1, 2, 3)
    pending = [Change(uuid(1), State.PENDING), Change(uuid(3), State.PENDING, receipt=receipt(3))]
    outbox.settle(claimed(outbox, 1, 3), pending)
    done = [Change(uuid(n), State.ACCEPTED, receipt=receipt(n)) for n in (1, 2)]
    outbox.settle_pending([*done, Change(uuid(3), State.ACCEPTED)])
    assert [state(outbox, n) for n in (1, 2, 3)] == [State.ACCEPTED, State.QUEUED, State.ACCEPTED]
    assert [outbox.find(uuid(n))[0].receipt for n in (1, 3)] == [receipt(1), receipt(3)]


def test_sending_can_only_be_claimed(outbox: AnyOutbox) -> None:
    """A change cannot mark a report as being sent."""
    with pytest.raises(ValueError, match="claimed"):
        outbox.settle("", [Change(uuid(1), State.SENDING)])


def test_a_report_is_found_by_any_spelling(outbox: AnyOutbox) -> None:
    """Full or short, in part, in capitals, with or without hyphens."""
    add(outbox, 0xABC1, 0xBCD2, 0xCDE3)
    full = uuid(0xABC1)
    short = short_id(full)
    spellings = (full, full.upper(), full.replace("-", ""), full[:13], full[:14], f" {full} ", short, short[:7])
    assert [[entry.id for entry in outbox.find(each)] for each in spellings] == [[full]] * len(spellings)


def test_what_is_no_reference_finds_nothing(outbox: AnyOutbox) -> None:
    """No pattern and no SQL: a text that is not hexadecimal finds nothing."""
    outbox.add(report(1), due_at=None)
    texts = ("", "-", "zz", "%", "_", "*", "?", "[0-9]", "' OR 1=1 --", "0" * 33, "é", "٣", "0%")
    assert [outbox.find(text) for text in texts] == [[]] * len(texts)


def test_an_ambiguous_reference_shows_the_newest_twenty(outbox: AnyOutbox) -> None:
    """Candidates are listed newest first, and their number is limited. A stay's id finds all its reports."""
    add(outbox, *range(25))
    assert [entry.id for entry in outbox.find("0199")] == [uuid(number) for number in range(24, 4, -1)]
    outbox.add(report(30, stay=1, kind=Kind.CHECK_OUT), due_at=None)
    assert [entry.id for entry in outbox.find(stay_id(1))] == [uuid(30), uuid(1)]


def test_entries_meet_every_condition_of_a_selection(outbox: AnyOutbox) -> None:
    """States, time, stay and limit are combined; an open report counts as recent however old it is."""
    for number in range(6):
        outbox.add(report(number, stay=5 if number == 5 else number % 2), due_at=None)
    outbox.settle(claimed(outbox, 0, 1, 5), [Change(uuid(n), State.ACCEPTED, receipt=receipt()) for n in (0, 1, 5)])

    def numbers(**conditions: object) -> list[int]:
        return [entry.seq - 1 for entry in outbox.entries(Selection(**conditions))]  # type: ignore[arg-type]  # by name

    recent = report(4).created_at
    assert numbers() == [0, 1, 2, 3, 4, 5]
    assert numbers(states=frozenset({State.ACCEPTED})) == [0, 1, 5]
    assert numbers(states=frozenset({State.QUEUED, State.PENDING})) == [2, 3, 4]
    assert numbers(states=frozenset()) == []
    assert numbers(since=recent) == [2, 3, 4, 5]
    assert numbers(since=recent, states=frozenset({State.ACCEPTED})) == [5]
    assert numbers(stay_id=stay_id(1)) == [1, 3]
    assert numbers(stay_id=stay_id(1), states=frozenset({State.QUEUED})) == [3]
    assert numbers(limit=2) == [0, 1]
    assert numbers(limit=0) == []


def test_the_summary_counts_states_and_deadlines(outbox: AnyOutbox, store: Store) -> None:
    """Overdue and due soon count undelivered reports; the next deadline is the earliest of these.

    Deleted rows are counted correctly too.
    """
    for number, hours in enumerate([-2, 0, 3, 6, None]):
        outbox.add(report(number), due_at=None if hours is None else NOON + hours * HOUR)
    done = Change(uuid(9), State.ACCEPTED, receipt=receipt())
    outbox.add(report(9), due_at=NOON - 9 * HOUR)
    outbox.settle(claimed(outbox, 9), [done])
    summary = outbox.summary(now=NOON, soon=NOON + 6 * HOUR)
    assert summary.counts == {state: {State.QUEUED: 5, State.ACCEPTED: 1}.get(state, 0) for state in State}
    assert (summary.overdue, summary.due_soon, summary.next_due_at) == (1, 2, NOON - 2 * HOUR)
    assert (summary.last_contact_at, summary.suspension) == (None, None)
    suspension = Suspension("wrong_password", NOON, "abc123")
    outbox.set_suspension(suspension)
    outbox.record_contact(NOON + HOUR)
    summary = outbox.summary(now=NOON, soon=NOON)
    assert (summary.last_contact_at, summary.suspension) == (NOON + HOUR, suspension)
    store.change("DELETE FROM reports WHERE seq = 2")
    assert outbox.summary(now=NOON, soon=NOON).counts[State.QUEUED] == 4


INVALID = (
    *("state = 'lost'", "kind = 'party'", "photo_state = 'seen'", "created_at = 9e18"),
    *("created_at = 9223372036854775807", "stay_id = x'ff'"),
)
OF_ANOTHER_TYPE = (
    *("created_at = 'yesterday'", "attempts = x'00'", "last_error = x'00'", "last_error = CAST(x'ff' AS TEXT)"),
    "receipt_number = x'00', receipt_issued_at = 1",
)
"""SQLite stores any type in any column."""


@pytest.mark.parametrize(
    ("engine", "damage"),
    [
        *((engine, each) for engine in ("sqlite", "postgres") for each in INVALID),
        *(("sqlite", each) for each in OF_ANOTHER_TYPE),
    ],
)
def test_invalid_values_are_damage(outbox: AnyOutbox, store: Store, damage: str) -> None:
    """A file that was manipulated raises `OutboxDamaged`, and no foreign error."""
    outbox.add(report(1), due_at=None)
    damage = f"UPDATE reports SET {damage}"  # noqa: S608  constants
    store.change(damage)
    with pytest.raises(OutboxDamaged):
        list(outbox.entries(Selection()))


@pytest.mark.parametrize(
    "damage",
    [
        "INSERT INTO memo (key, value) VALUES ('stop', '{')",
        "INSERT INTO memo (key, value) VALUES ('stop', '{}')",
        'INSERT INTO memo (key, value) VALUES (\'stop\', \'{"reason": 1, "since": 1, "settings": ""}\')',
        "INSERT INTO memo (key, value) VALUES ('last_contact', '\"noon\"')",
        "DELETE FROM tally WHERE state = 'queued'",
        "UPDATE tally SET state = 'lost' WHERE state = 'queued'",
        "ALTER TABLE memo RENAME TO gone",
    ],
)
def test_a_summary_of_a_damaged_file_is_refused(outbox: AnyOutbox, store: Store, damage: str) -> None:
    """Status does not guess."""
    store.change(damage)
    with raises_error("outbox_damaged", "outbox_missing"):  # the latter for a table of a server
        outbox.summary(now=NOON, soon=NOON)


@pytest.mark.parametrize("forged", ['"stay_permit":5', '"stay_permit":["B1"]', '"document":null', '{"id":1}'])
def test_sealed_nonsense_holds_up_no_other_report(outbox: AnyOutbox, store: Store, forged: str) -> None:
    """Anyone with the public key can seal: what is no report is damage, and does not end the search for hashes."""
    with store.open(sealer_without_key()) as without_key:
        entries = [without_key.add(report(number), due_at=None) for number in (1, 2)]
    name = forged.partition(":")[0]
    body = re.sub(name + r":(null|\{.*?\})", forged, to_json(report(1)).decode(), count=1).encode()
    sealed = sealer().seal(uuid(1), forged.encode() if name.startswith("{") else body)
    store.change("UPDATE reports SET content = ? WHERE id = ?", sealed, uuid(1))
    found = outbox.contents(entries)
    assert isinstance(found[uuid(1)], OutboxDamaged)
    assert getattr(found[uuid(2)], "report", None) == report(2)
    outbox.record(TAGS_MISSING, 1)
    outbox.complete_guest_tags(lambda document: len(document.number))
    assert store.rows("SELECT guest_tag FROM reports ORDER BY seq") == [(None,), (8,)]


def test_times_without_a_zone_are_a_bug_of_ours(outbox: AnyOutbox) -> None:
    """An ambiguous instant is refused before anything is written."""
    with pytest.raises(TypeError):
        outbox.add(report(1), due_at=datetime(2026, 1, 1))  # noqa: DTZ001  which is the point
    assert list(outbox.entries(Selection())) == []


def test_using_a_closed_outbox_is_a_bug_and_closing_twice_is_not(path: Path) -> None:
    """A bug of this program is not reported as a damaged file."""
    outbox = open_outbox(path)
    outbox.close()
    outbox.close()
    with pytest.raises(sqlite3.ProgrammingError):
        outbox.record_contact(NOON + timedelta())
