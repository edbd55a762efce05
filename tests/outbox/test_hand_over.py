"""Reports are handed over from one outbox to another: once, in order, as they were sealed, each in its state."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outbox_helpers import (
    HOUR,
    NOON,
    PHOTO,
    PRIVATE_KEY,
    PUBLIC_KEY,
    add,
    finding,
    open_outbox,
    receipt,
    report,
    sealer,
    settle,
)
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import NotAuthentic, ReportMoved, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.database import Database
from apoa_client.outbox.sql.hand_over import HANDED_OVER, HandOver, count_open
from apoa_client.outbox.sql.insertion import WARNINGS, Contents
from apoa_client.outbox.sql.metadata import PRACTICE_MOVED
from apoa_client.outbox.sql.reseal import tags_are_missing
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.state import Actor, HandedOver
from apoa_client.report.kinds import Kind, State
from apoa_client.vault.sealing import PropertySealer, key_pair_from_seed

LEASE = timedelta(minutes=5)
ACTOR = Actor(lambda: "putu", lambda: NOON)


def assert_sound(outbox: AnyOutbox) -> None:
    assert outbox.audit_trail.verify().wrong is None
    assert not outbox.integrity.verify().doubts


@pytest.fixture
def here(tmp_path: Path) -> Iterator[SqliteOutbox]:
    """The desk's own file. Nothing is in doubt at the end."""
    with open_outbox(tmp_path / "here.db") as outbox:
        yield outbox
        assert_sound(outbox)


@pytest.fixture
def there(store: Store) -> Iterator[AnyOutbox]:
    """The other outbox, in each engine. Nothing is in doubt at the end."""
    with store.open() as outbox:
        yield outbox
        assert_sound(outbox)


def move(here: SqliteOutbox, there: AnyOutbox, *, history: bool = False) -> HandedOver:
    return there.receive(here.database, history=history)


def reports(outbox: Outbox) -> list[Any]:
    return [outbox.content(entry).report for entry in outbox.entries(Selection())]


def actions(outbox: Outbox, number: int) -> list[str]:
    return [entry.action for entry in outbox.audit_trail.entries(reports=[report(number).id])]


def test_practice_is_sealed_again(here: SqliteOutbox, tmp_path: Path) -> None:
    """Only what was asked for moves to the outbox of practice; all of it opens with that key, and is proven there."""
    here.add_all([NewReport(report(1), NOON, [finding()], 7, photo=PHOTO), NewReport(report(2), NOON, [], 8)])
    lease, _claimed = here.claim([report(1).id], now=NOON, lease_until=NOON + LEASE)
    here.settle(lease, [Change(report(1).id, State.REJECTED, errors=(finding(),))])
    private_key, public_key = key_pair_from_seed(b"p" * 32)
    own = PropertySealer(public_key, lambda: private_key)
    with SqliteOutbox.open(tmp_path / "practice.db", own, create=True) as practice:
        done = HandOver(here.database, practice.database, sealer(), ACTOR, own).run(
            history=True, only=[report(1).stay_id]
        )
        assert (done.reports, done.problem) == (1, None)
        [entry] = practice.entries(Selection())
        content = practice.content(entry)
        assert (content.report, content.errors, content.warnings) == (report(1), (finding(),), (finding(),))
        assert practice.photo(entry) == PHOTO
        assert tags_are_missing(practice.database)  # it has another key for them
        for outbox in here, practice:
            assert (outbox.authenticate(ask=False).doubts, outbox.integrity.doubts()) == ((), [])
    assert reports(here) == [report(2)]
    assert here.value(PRACTICE_MOVED) == 1


def test_reports_move_in_their_order_with_all_they_have(here: SqliteOutbox, there: AnyOutbox) -> None:
    """Photos, warnings, deadlines and guest hashes too; both audit trails say so, and nothing is in doubt."""
    there.add(report(9), due_at=None)
    here.add_all([NewReport(report(2), NOON, [finding()], 7, photo=PHOTO), NewReport(report(1), NOON + HOUR, [], 8)])
    assert count_open(here.database) == 2
    assert move(here, there) == HandedOver(2)
    assert reports(there) == [report(9), report(2), report(1)]
    entry = there.find(report(2).id)[0]
    assert (there.photo(entry), there.content(entry).warnings) == (PHOTO, (finding(),))
    assert (entry.due_at, entry.state, entry.authenticated) == (NOON, State.QUEUED, True)
    assert [each.id for each in there.same_guest(7, NOON.date(), NOON.date() + timedelta(days=1))] == [report(2).id]
    assert reports(here) == []
    assert actions(here, 2) == ["saved", "photo_kept", "sending", "moved_out"]
    assert actions(there, 2) == ["moved_in"]
    assert [outbox.integrity.doubts() for outbox in (here, there)] == [[], []]
    assert count_open(here.database) == 0


class _Ended(Exception):
    """The process ends here."""


def end_at_commit(dbs: Sequence[Database], patch: pytest.MonkeyPatch, number: int, *, before: bool) -> None:
    """Let the process end at the commit of this number: before it, or after it and before its answer."""
    left = [number]

    def ending(transaction: Callable[[], AbstractContextManager[None]]) -> Callable[[], AbstractContextManager[None]]:
        @contextmanager
        def run() -> Iterator[None]:
            left[0] -= 1
            ends = not left[0]
            with transaction():
                yield
                if ends and before:
                    raise _Ended
            if ends:
                raise _Ended

        return run

    for db in dbs:
        patch.setattr(db, "transaction", ending(db.transaction))


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("before", [True, False])
def test_a_kill_at_a_commit_loses_and_doubles_nothing(
    here: SqliteOutbox,
    there: AnyOutbox,
    monkeypatch: pytest.MonkeyPatch,
    *,
    number: int,
    before: bool,
) -> None:
    """Of either side, before it or after it: the report is on one side at least, and in the end there, once."""
    here.add(report(1), due_at=None, warnings=[finding()])
    with monkeypatch.context() as patch:
        end_at_commit([here.database, there._db], patch, number, before=before)
        with pytest.raises(_Ended):
            there.receive(here.database)
    assert report(1) in [*reports(here), *reports(there)]
    move(here, there)
    assert (reports(here), reports(there)) == ([], [report(1)])
    assert there.find(report(1).id)[0].state is State.QUEUED
    assert actions(there, 1) == ["moved_in"]


def test_a_report_that_is_being_handed_over_changes_in_one_place(
    here: SqliteOutbox, there: AnyOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawn at one desk and corrected at another one: the desk that handed it over refuses."""
    here.add(report(1), due_at=None)
    with monkeypatch.context() as patch:
        end_at_commit([here.database, there._db], patch, 2, before=False)  # it is on both sides
        with pytest.raises(_Ended):
            there.receive(here.database)
    with pytest.raises(ReportMoved):
        here.withdraw([report(1).id])
    there.add(report(2, stay=1), due_at=None, replaces=[report(1).id])
    move(here, there)
    assert reports(here) == []
    assert {each.id: each.state for each in there.entries(Selection())} == {
        report(1).id: State.SUPERSEDED,
        report(2).id: State.QUEUED,
    }
    assert [each.id for each in there.heads()] == [report(2).id]


def test_a_report_that_is_being_sent_is_left(here: SqliteOutbox, there: AnyOutbox) -> None:
    """Until its lease is over; then it goes with its calls, because the authority may have it."""
    add(here, 1, 2)
    here.claim([report(1).id], now=NOON, lease_until=NOON + LEASE)
    assert HandOver(here.database, there._db, sealer(), ACTOR).run(history=False) == HandedOver(1, left=1)
    later = Actor(lambda: "putu", lambda: NOON + LEASE)
    assert HandOver(here.database, there._db, sealer(), later).run(history=False).reports == 1
    [entry] = there.find(report(1).id)
    assert (entry.state, entry.calls, entry.withdrawable) == (State.QUEUED, 1, False)


def test_the_history_is_handed_over_on_request(here: SqliteOutbox, there: AnyOutbox) -> None:
    """With its receipts, before what is open; refused and pending reports keep their states, errors and photos."""
    for number, state in ((1, State.ACCEPTED), (2, State.REJECTED), (3, State.PENDING)):
        here.add_all([NewReport(report(number), NOON, [], number, photo=PHOTO)])
        settle(here, number, state)
    here.add(report(4, stay=1, kind=Kind.CHECK_OUT), due_at=None)
    here.add(report(5), due_at=None)
    here.withdraw([report(5).id])
    here.authenticate(ask=True)
    assert move(here, there).reports == 4
    assert move(here, there, history=True).reports == 1
    found = {each.id: each for each in there.entries(Selection())}
    states = [State.ACCEPTED, State.REJECTED, State.PENDING, State.QUEUED, State.WITHDRAWN]
    assert [found[report(number).id].state for number in range(1, 6)] == states
    assert found[report(1).id].receipt == receipt()
    assert there.content(found[report(2).id]).errors == (finding(),)
    assert there.photo(found[report(3).id]) == PHOTO
    assert list(here.entries(Selection())) == []


def test_a_report_that_is_refused_there_stops_no_other_one(here: SqliteOutbox, store: Store) -> None:
    """It stays here, and is named; it goes when it is not refused any more."""
    add(here, 1, 2, 3)
    with store.open() as there:
        insert: Callable[..., Any] = there._db.insert_report

        def refuse(statement: str, values: Any) -> Any:
            if report(2).id == values["id"]:
                raise StorageProblem(msg("The database refused a request."))
            return insert(statement, values)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(there._db, "insert_report", refuse)
            done = move(here, there)
        assert (done.reports, done.left, type(done.problem)) == (2, 1, StorageProblem)
        assert [each.id for each in there.entries(Selection())] == [report(1).id, report(3).id]
        assert move(here, there) == HandedOver(1)


def test_there_and_back(here: SqliteOutbox, there: AnyOutbox) -> None:
    """A server, where no report can be deleted, keeps a withdrawn row without data of what was open."""
    here.add_all([NewReport(report(1), NOON, [], 7, photo=PHOTO)])
    here.add(report(2), due_at=None)
    settle(here, 2, State.ACCEPTED)
    move(here, there, history=True)
    assert here.receive(there.database, history=True).complete
    found = {each.id: each.state for each in here.entries(Selection())}
    assert found == {report(1).id: State.QUEUED, report(2).id: State.ACCEPTED}
    left = {each.id: (each.state, each.last_error) for each in there.entries(Selection())}
    if not isinstance(there, SqliteOutbox):
        assert left == {report(1).id: (State.WITHDRAWN, HANDED_OVER), report(2).id: (State.ACCEPTED, None)}
        assert there.find(report(1).id)[0].erased_at is not None
    assert list(there.heads()) == []
    settle(here, 1, State.ACCEPTED)
    move(here, there, history=True)
    assert {each.state for each in there.entries(Selection())} == {State.ACCEPTED}
    assert there.photo(there.find(report(1).id)[0]) == PHOTO


def test_a_report_that_was_saved_on_both_sides(here: SqliteOutbox, there: AnyOutbox) -> None:
    """The answer to its commit was lost, so that the desk saved it again: the one there stays, also if it was sent."""
    for outbox in (there, here):
        outbox.add(report(1), due_at=None)
    lease, _entries = there.claim([report(1).id], now=NOON, lease_until=NOON + HOUR)
    assert lease
    move(here, there)
    assert (reports(here), reports(there)) == ([], [report(1)])
    assert actions(there, 1) == ["saved"]


def test_while_a_guest_waits_the_latest_stay_comes_first(here: SqliteOutbox, there: AnyOutbox) -> None:
    """And the others stay for later when the time is over."""
    add(here, 1, 2, 3)
    assert there.receive(here.database, history=True, is_over=lambda: True) == HandedOver(1, left=2)
    assert reports(there) == [report(3)]
    assert move(here, there).reports == 2


def test_without_the_key_only_what_waits_is_handed_over(tmp_path: Path, here: SqliteOutbox, there: AnyOutbox) -> None:
    """And was saved without it: everything else has a code, which only the key checks here and makes there, later.

    Warnings that an earlier program sealed apart move too: the only sign of what was doubtful.
    """
    here.add(report(1), due_at=None)
    settle(here, 1)
    here.add(report(4), due_at=None)
    locked = PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY, is_at_hand=lambda: False)
    with SqliteOutbox.open(tmp_path / "here.db", locked) as keyless:
        keyless.add(report(2, stay=1, kind=Kind.CHECK_OUT), due_at=None)
        keyless.add(report(3), due_at=None)
        sealed = Contents(sealer()).seal_findings(report(3).id, WARNINGS, [finding("late")])
        with keyless.database.transaction():
            keyless.database.execute("UPDATE reports SET warnings = ? WHERE id = ?", [sealed, report(3).id])
        assert HandOver(keyless.database, there._db, locked, ACTOR).run(history=True) == HandedOver(1, left=2)
    [entry] = there.entries(Selection())
    assert (there.content(entry).report, there.content(entry).warnings) == (report(3), (finding("late"),))
    assert not entry.authenticated
    assert there.authenticate(ask=True).doubts == ()
    assert there.find(report(3).id)[0].authenticated
    assert move(here, there, history=True).reports == 3


@pytest.mark.parametrize(
    "change", ["due_at = due_at + 1", "state = 'accepted', receipt_number = 'X', receipt_issued_at = 1, mac = NULL"]
)
def test_a_changed_report_stays_here(here: SqliteOutbox, there: AnyOutbox, change: str) -> None:
    """Without a right code it is not believed, and is named here; the others go, and it goes once it is accepted."""
    add(here, 1, 2, 3, due_at=NOON)
    with here._db.transaction():
        here._db.execute(f"UPDATE reports SET {change} WHERE id = ?", [report(2).id])  # noqa: S608  constants
    done = move(here, there, history=True)
    assert (done.reports, done.complete) == (2, False)
    assert isinstance(done.problem, NotAuthentic)
    assert reports(there) == [report(1), report(3)]
    assert [entry.id for entry in here.entries(Selection())] == [report(2).id]
    assert {doubt.report for doubt in here.integrity.verify().doubts} - {""} == {report(2).id}
    for accepted in ([report(2).id], ()):  # the report, and the numbers
        here.integrity.accept(accepted)
    assert move(here, there) == HandedOver(1)


def test_drafts_move_too(here: SqliteOutbox, there: AnyOutbox) -> None:
    """But one that this desk is continuing with stays until it is stored or half an hour is over."""
    here.drafts.save("one", NOON)
    here.drafts.save("two", NOON + HOUR)
    taken = here.drafts.take(here.drafts.waiting(NOON)[1], NOON + HOUR)
    assert taken is not None
    HandOver(here.database, there._db, sealer(), Actor(lambda: "putu", lambda: NOON + HOUR)).run(history=False)
    assert [there.drafts.open(each) for each in there.drafts.waiting(NOON)] == ["two"]
    assert here.drafts.open(taken) == "one"
    assert here.drafts.waiting(NOON + HOUR) == []
