"""What a desk saved in its own file moves into another outbox: once, in order, as it was sealed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from outbox_helpers import HOUR, NOON, PHOTO, PRIVATE_KEY, PUBLIC_KEY, finding, open_outbox, report, sealer
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.database import Database
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.interface import Outbox
from apoa_client.outbox.sql.moving import Moving, count_others, count_waiting, has_waiting
from apoa_client.outbox.sqlite.database import open_database
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.audit import Actor
from apoa_client.ports.entries import NewReport, Selection
from apoa_client.report.kinds import Kind, State
from apoa_client.vault.sealing import PropertySealer

ACTOR = Actor(lambda: "putu", lambda: NOON)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[SqliteOutbox]:
    """The desk's own file."""
    with open_outbox(tmp_path / "here.db") as outbox:
        yield outbox


@pytest.fixture
def there(store: Store) -> Iterator[AnyOutbox]:
    """The other outbox, in each engine."""
    with store.open() as outbox:
        yield outbox


def move(tmp_path: Path, there: AnyOutbox) -> int:
    with closing(open_database(tmp_path / "here.db", create=False)) as source:
        return there.receive_waiting(source)


def reports(outbox: Outbox) -> list[Any]:
    return [outbox.content(entry).report for entry in outbox.entries(Selection())]


def actions(outbox: Outbox, number: int) -> list[str]:
    return [entry.action for entry in outbox.audit_trail.entries(reports=[report(number).id])]


def waiting(tmp_path: Path) -> tuple[int, int]:
    with closing(open_database(tmp_path / "here.db", create=False)) as source:
        return count_waiting(source), count_others(source)


def test_reports_move_in_their_order_with_all_they_have(tmp_path: Path, here: SqliteOutbox, there: AnyOutbox) -> None:
    """Photos, warnings, deadlines and guest hashes too; both audit trails say so, and nothing is in doubt."""
    there.add(report(9), due_at=None)
    here.add_all([NewReport(report(2), NOON, [finding()], 7, photo=PHOTO), NewReport(report(1), NOON + HOUR, [], 8)])
    assert waiting(tmp_path) == (2, 0)
    assert move(tmp_path, there) == 2
    assert reports(there) == [report(9), report(2), report(1)]
    entry = there.find(report(2).id)[0]
    assert (there.photo(entry), there.content(entry).warnings) == (PHOTO, (finding(),))
    assert (entry.due_at, entry.state, entry.authenticated) == (NOON, State.QUEUED, True)
    assert [each.id for each in there.same_guest(7, NOON.date(), NOON.date() + timedelta(days=1))] == [report(2).id]
    assert reports(here) == []
    assert actions(here, 2) == ["saved", "photo_kept", "moved_out"]
    assert actions(there, 2) == ["moved_in"]
    for outbox in (here, there):
        assert outbox.audit_trail.verify().wrong is None
        assert outbox.integrity.doubts() == []
        assert not outbox.integrity.verify().doubts
    assert waiting(tmp_path) == (0, 0)


def test_moving_again_moves_nothing(tmp_path: Path, here: SqliteOutbox, there: AnyOutbox) -> None:
    """And a file without anything to move is only read."""
    here.add(report(1), due_at=None)
    assert [move(tmp_path, there), move(tmp_path, there)] == [1, 0]
    assert reports(there) == [report(1)]
    with closing(open_database(tmp_path / "here.db", create=False)) as source:
        assert not has_waiting(source, NOON)


class _Ended(Exception):
    """The process ends here."""


def end_at_commit(db: Database, patch: pytest.MonkeyPatch, *, before: bool) -> None:
    """Let the process end at a commit of this database: before it, or after it and before its answer."""
    transaction = db.transaction

    @contextmanager
    def ending() -> Iterator[None]:
        with transaction():
            yield
            if before:
                raise _Ended
        raise _Ended

    patch.setattr(db, "transaction", ending)


@pytest.mark.parametrize("of_here", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_a_kill_at_a_commit_loses_and_doubles_nothing(
    tmp_path: Path,
    here: SqliteOutbox,
    there: AnyOutbox,
    monkeypatch: pytest.MonkeyPatch,
    *,
    of_here: bool,
    before: bool,
) -> None:
    """Of either side, before it or after it: the report is on one side at least, and in the end there, once."""
    here.add(report(1), due_at=None, warnings=[finding()])
    with monkeypatch.context() as patch, closing(open_database(tmp_path / "here.db", create=False)) as source:
        end_at_commit(source if of_here else there._db, patch, before=before)
        with pytest.raises(_Ended):
            there.receive_waiting(source)
    assert report(1) in [*reports(here), *reports(there)]
    move(tmp_path, there)
    assert (reports(here), reports(there)) == ([], [report(1)])
    assert actions(there, 1) == ["moved_in"]
    assert not there.integrity.verify().doubts
    assert not here.integrity.verify().doubts


def test_a_report_that_was_saved_on_both_sides(tmp_path: Path, here: SqliteOutbox, there: AnyOutbox) -> None:
    """The answer to its commit was lost, so that the desk saved it again: the one there stays, also if it was sent."""
    for outbox in (there, here):
        outbox.add(report(1), due_at=None)
    lease, _entries = there.claim([report(1).id], now=NOON, lease_until=NOON + HOUR)
    assert lease
    move(tmp_path, there)
    assert (reports(here), reports(there)) == ([], [report(1)])
    assert actions(there, 1) == ["saved"]
    assert not there.integrity.verify().doubts


def test_what_was_sent_before_stays_in_the_file(tmp_path: Path, here: SqliteOutbox, there: AnyOutbox) -> None:
    """Whole stays: a check-out is not separated from an arrival that the authority may have."""
    here.add(report(1), due_at=None)
    here.claim([report(1).id], now=NOON, lease_until=NOON + HOUR)
    here.add(report(2, stay=1, kind=Kind.CHECK_OUT), due_at=None)
    here.add(report(3), due_at=None)
    assert waiting(tmp_path) == (1, 2)
    assert move(tmp_path, there) == 1
    assert reports(there) == [report(3)]
    assert reports(here) == [report(1), report(2, stay=1, kind=Kind.CHECK_OUT)]


def test_without_the_key_the_codes_are_made_later(tmp_path: Path, there: AnyOutbox) -> None:
    """By the first command that has it, as for every report that is saved without it."""
    locked = PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY, is_at_hand=lambda: False)
    with SqliteOutbox.open(tmp_path / "here.db", locked, create=True) as here:
        here.add(report(1), due_at=None)
    with closing(open_database(tmp_path / "here.db", create=False)) as source:
        Moving(source, there._db, locked, ACTOR).run()
    assert not there.find(report(1).id)[0].authenticated
    assert there.authenticate(ask=True).doubts == ()
    assert there.find(report(1).id)[0].authenticated


def test_a_changed_report_is_not_made_authentic(tmp_path: Path, here: SqliteOutbox, there: AnyOutbox) -> None:
    """Its code says that another program changed it, there as here."""
    here.add(report(1), due_at=NOON)
    with here._db.transaction():
        here._db.execute("UPDATE reports SET due_at = due_at + 1")
    move(tmp_path, there)
    assert [doubt.report for doubt in there.integrity.verify().doubts] == [report(1).id]


def test_drafts_move_too(tmp_path: Path, here: SqliteOutbox, there: AnyOutbox) -> None:
    """But one that this desk is continuing with stays until it is stored or half an hour is over."""
    here.drafts.save("one", NOON)
    here.drafts.save("two", NOON + HOUR)
    taken = here.drafts.take(here.drafts.waiting(NOON)[1], NOON + HOUR)
    assert taken is not None
    with closing(open_database(tmp_path / "here.db", create=False)) as source:
        Moving(source, there._db, sealer(), Actor(lambda: "putu", lambda: NOON + HOUR)).run()
    assert [there.drafts.open(each) for each in there.drafts.waiting(NOON)] == ["two"]
    assert here.drafts.open(taken) == "one"


def test_the_server_goes_away_meanwhile(
    tmp_path: Path, here: SqliteOutbox, there: AnyOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not moved yet stays, and waits."""
    here.add(report(1), due_at=None)
    monkeypatch.setattr(there._db, "transaction", _unreachable)
    with pytest.raises(StorageProblem):
        move(tmp_path, there)
    assert waiting(tmp_path) == (1, 0)


def _unreachable() -> NoReturn:
    raise OutboxServerUnreachable(msg("The database does not answer."))
