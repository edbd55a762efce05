"""A whole outbox moves to the other engine and back: every row as it was, and after any interruption."""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from conftest import raises_error
from outbox_helpers import HOUR, NOON, PHOTO, PRIVATE_KEY, PUBLIC_KEY, finding, receipt, report
from outbox_stores import AnyOutbox, SqliteStore, Store

from apoa_client.outbox.database import Database
from apoa_client.outbox.sql.move_mark import read_mark
from apoa_client.outbox.sql.relocation import Place, Relocation
from apoa_client.outbox.sql.whole_copy import PLAIN, SEALED, Copied
from apoa_client.ports.audit import Actor
from apoa_client.ports.entries import Change, NewReport
from apoa_client.report.kinds import Kind, PhotoState, State
from apoa_client.vault.sealing import PropertySealer

ACTOR = Actor(lambda: "putu", lambda: NOON)
URL = "postgresql://melati@127.0.0.1/apoa"


@pytest.fixture
def other(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A place in the other engine."""
    if engine == "postgres":
        return SqliteStore(tmp_path / "other.db")
    shared: Store = request.getfixturevalue("postgres_outbox")
    return shared


@pytest.fixture
def old(outbox: AnyOutbox, store: Store) -> AnyOutbox:
    """An outbox with reports in every state, with and without photos, findings, codes and drafts."""
    outbox.record_public_key("of the property")
    outbox.add_all([NewReport(report(n), NOON, [finding()], n, photo=PHOTO if n % 2 else None) for n in range(1, 8)])
    lease, _claimed = outbox.claim([report(n).id for n in range(1, 6)], now=NOON, lease_until=NOON + HOUR)
    accepted = Change(report(1).id, State.ACCEPTED, receipt=receipt())
    rejected = Change(report(3).id, State.REJECTED, last_error="invalid", errors=(finding(),))
    outbox.settle(lease, [accepted, Change(report(2).id, State.PENDING), rejected])
    outbox.settle_photo(report(1).id, PhotoState.SENT)
    outbox.withdraw([report(6).id])
    outbox.add(report(8, stay=3, kind=Kind.AMEND), due_at=None, replaces=[report(3).id])
    outbox.drafts.save("one", NOON)
    outbox.drafts.save("two", NOON + HOUR)
    outbox.record_contact(NOON, NOON + HOUR)
    outbox.backup_series()
    locked = PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY, is_at_hand=lambda: False)
    with store.open(locked, ACTOR) as desk:
        desk.add(report(9), due_at=None)
    return outbox


def relocation(old: AnyOutbox, new: AnyOutbox, *, back: bool = False) -> Relocation:
    places = Place(old.database, URL if back else "sqlite"), Place(new.database, "sqlite" if back else URL)
    return Relocation(*places, ACTOR)


def content_of(outbox: AnyOutbox) -> dict[str, Any]:
    """Everything that an outbox has. Metadata are text, as PostgreSQL keeps them."""
    tables = {
        "reports": f"SELECT {', '.join((*PLAIN, *SEALED))} FROM reports ORDER BY seq",  # noqa: S608  constants
        "drafts": f"SELECT id, kept_at, taken_at, content FROM drafts ORDER BY {outbox.database.insertion_order}",  # noqa: S608  ours
        "audit": "SELECT n, at, who, action, report, detail, link FROM audit ORDER BY n",
        "tally": "SELECT state, reports FROM tally ORDER BY state",
    }
    found: dict[str, Any] = {name: outbox.database.execute(query).fetchall() for name, query in tables.items()}
    memo = outbox.database.execute("SELECT key, value FROM memo WHERE key <> 'move'").fetchall()
    return {**found, "memo": {key: str(value) for key, value in memo}}


def assert_whole(outbox: AnyOutbox, doubtful: Sequence[str] = ()) -> None:
    """The chain is whole, and with the key nothing is in doubt."""
    assert outbox.audit_trail.verify().wrong is None
    assert [doubt.report for doubt in outbox.integrity.verify().doubts] == list(doubtful)
    assert outbox.integrity.doubts() == []


def test_there_and_back_is_lossless(old: AnyOutbox, other: Store, new_store: Any) -> None:
    """Every row in its order, with codes, photos and drafts; only the event about it is new."""
    before = content_of(old)
    with other.open() as new, new_store() as third_store, third_store.open() as third:
        copied = relocation(old, new).run()
        assert copied == Copied(9, 2, len(before["audit"]) + 1)
        assert content_of(new) == content_of(old)
        for table in ("reports", "drafts", "tally"):
            assert content_of(new)[table] == before[table]
        assert content_of(new)["audit"][:-1] == before["audit"]
        assert [each.action for each in new.audit_trail.entries()][-1] == "relocated"
        assert_whole(new)
        assert new.photo(new.find(report(1).id)[0]) == PHOTO
        relocation(new, third, back=True).run()
        assert content_of(third)["reports"] == before["reports"]
        assert content_of(third)["audit"][:-2] == before["audit"]
        assert_whole(third)
        assert third.authenticate(ask=True).doubts == ()


def test_the_new_place_is_used_and_the_old_one_is_not(old: AnyOutbox, store: Store, other: Store) -> None:
    """A process that had it open is refused, and so is one that opens it."""
    with other.open() as new:
        relocation(old, new).run()
        with raises_error("outbox_relocated"):
            old.add(report(20), due_at=None)
        with raises_error("outbox_relocated"):
            old.claim([report(7).id], now=NOON, lease_until=NOON + HOUR)
        with raises_error("outbox_relocated"):
            store.open()
        highest = max(row[0] for row in content_of(old)["reports"])
        assert new.add(report(20), due_at=None).seq > highest
        assert new.claim([report(7).id], now=NOON, lease_until=NOON + HOUR)[1]
        assert_whole(new)
    with other.open() as again:
        assert again.find(report(20).id)


class _Ended(Exception):
    """The process ends here."""


def end_after(db: Database, patch: pytest.MonkeyPatch, commits: Iterator[int], allowed: int, *, before: bool) -> None:
    """Let the process end at a commit, before it or after it, when so many were made in both databases."""
    transaction = db.transaction

    @contextmanager
    def ending() -> Iterator[None]:
        with transaction():
            yield
            number = next(commits)
            if before and number == allowed:
                raise _Ended
        if number == allowed:
            raise _Ended

    patch.setattr(db, "transaction", ending)


@pytest.mark.parametrize("before", [True, False])
def test_it_goes_on_after_a_kill_at_any_commit(
    old: AnyOutbox, other: Store, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    """Of either side. One of the two is in use at every moment, and nothing is lost, doubled or in doubt."""
    monkeypatch.setattr("apoa_client.outbox.sql.whole_copy._PIECE", 2)
    with other.open() as new:
        for allowed in count():
            with monkeypatch.context() as patch:
                commits = count()
                for outbox in (old, new):
                    end_after(outbox.database, patch, commits, allowed, before=before)
                try:
                    relocation(old, new).run()
                except _Ended:
                    used = [read_mark(outbox.database) for outbox in (old, new)]
                    assert used != [None, None] or not content_of(new)["reports"]
                    continue
            break
        assert allowed > 4
        assert [read_mark(outbox.database) for outbox in (old, new)] == [f"to {URL}", None]
        assert content_of(new) == content_of(old)
        assert_whole(new)
        relocation(old, new).run()


@pytest.mark.parametrize("before", [True, False])
def test_it_is_given_up_after_a_kill_at_any_commit(
    old: AnyOutbox, other: Store, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    """The old place is used again, nothing about a guest is left in the new one, and a later move is whole."""
    monkeypatch.setattr("apoa_client.outbox.sql.whole_copy._PIECE", 2)
    given_up = 0
    with other.open() as new:
        assert not relocation(old, new).cancel()
        for allowed in count():
            with monkeypatch.context() as patch:
                commits = count()
                for outbox in (old, new):
                    end_after(outbox.database, patch, commits, allowed, before=before)
                try:
                    relocation(old, new).run()
                except _Ended:
                    pass
                else:
                    break
            if relocation(old, new).cancel():
                given_up += 1
                assert [read_mark(outbox.database) for outbox in (old, new)] == [None, "from sqlite"]
                found = content_of(new)
                assert not any(any(row[len(PLAIN) :]) for row in found["reports"])
                assert found["drafts"] == []
                assert_whole(old)
        assert given_up > 4
        assert not relocation(old, new).cancel()
        assert content_of(new) == content_of(old)
        assert_whole(new)


@pytest.mark.parametrize("allowed", range(4))
def test_a_kill_while_it_is_given_up(
    old: AnyOutbox, other: Store, monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    """The old place is in use, or the move is still underway; given up again, or moved, nothing is lost."""
    with other.open() as new:
        monkeypatch.setattr(Relocation, "_finish", _end)
        with pytest.raises(_Ended):
            relocation(old, new).run()
        monkeypatch.undo()
        assert read_mark(old.database) == f"to {URL}"
        with monkeypatch.context() as patch, suppress(_Ended):
            commits = count()
            for outbox in (old, new):
                end_after(outbox.database, patch, commits, allowed, before=allowed == 0)
            relocation(old, new).cancel()
        assert read_mark(new.database) == "from sqlite"
        if allowed % 2:
            assert relocation(old, new).cancel()
        relocation(old, new).run()
        assert content_of(new) == content_of(old)
        assert_whole(new)


def _end(_relocation: Relocation) -> None:
    raise _Ended


@pytest.mark.parametrize(
    "change",
    [
        lambda outbox: outbox.add(report(10), due_at=NOON),
        lambda outbox: outbox.withdraw([report(7).id]),
        lambda outbox: outbox.add(report(11, stay=7, kind=Kind.AMEND), due_at=None, replaces=[report(7).id]),
        lambda outbox: outbox.drafts.save("three", NOON),
        lambda outbox: outbox.record_contact(NOON + HOUR, NOON),
    ],
    ids=["added", "withdrawn", "replaced", "draft", "metadata"],
)
def test_a_desk_saves_meanwhile(
    old: AnyOutbox,
    store: Store,
    other: Store,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[AnyOutbox], object],
) -> None:
    """What is new or changed after its row was copied is copied again."""
    with other.open() as new:
        moving = relocation(old, new)
        leave = moving._leave

        def change_and_leave() -> None:
            with store.open() as desk:
                change(desk)
            leave()

        monkeypatch.setattr(moving, "_leave", change_and_leave)
        moving.run()
        assert content_of(new) == content_of(old)
        assert_whole(new)


def test_rows_that_changed_their_places(old: AnyOutbox, other: Store) -> None:
    """A copy whose numbers are others gets those of the source."""
    with other.open() as new:
        moving = relocation(old, new)
        moving._copy.begin("from sqlite")
        moving._copy.reports()
        with new.database.transaction():
            for seq, new_seq in ((1, 1001), (2, 1), (1001, 2), (5, 1005)):
                new.database.execute("UPDATE reports SET seq = ? WHERE seq = ?", [new_seq, seq])
            new.database.execute("UPDATE reports SET due_at = due_at + 1 WHERE seq = 4")
        moving.run()
        assert content_of(new) == content_of(old)


def test_a_place_with_other_reports(old: AnyOutbox, other: Store) -> None:
    """It is refused, and nothing is changed in either."""
    with other.open() as new:
        new.add(report(30), due_at=None)
        before = content_of(old), content_of(new)
        with raises_error("outbox_not_empty"):
            relocation(old, new).run()
        assert (content_of(old), content_of(new)) == before
        assert old.add(report(31), due_at=None)


def test_a_copy_that_another_program_changed(old: AnyOutbox, other: Store) -> None:
    """A row too many, or another audit trail, is found before the old place is left."""
    with other.open() as new:
        moving = relocation(old, new)
        moving._copy.begin("from sqlite")
        moving._copy.reports()
        moving._copy.rest()
        with new.database.transaction():
            new.database.execute("UPDATE reports SET seq = 5000, id = ? WHERE seq = 5", [report(40).id])
        with raises_error("outbox_copy_differs"):
            moving.run()
        assert old.add(report(41), due_at=None)


def test_a_doubtful_outbox_stays(old: AnyOutbox, store: Store, other: Store) -> None:
    """It is to be looked at first."""
    store.change("UPDATE audit SET who = 'another' WHERE n = 2")
    with other.open() as new, raises_error("outbox_doubtful"):
        relocation(old, new).run()


def test_every_column_is_copied(path: Path, outbox: AnyOutbox) -> None:
    """Also one that a later version adds."""
    assert path.exists()
    columns = {row[1] for row in outbox.database.execute("PRAGMA table_info(reports)").fetchall()}
    assert columns == {*PLAIN, *SEALED}


def test_a_large_outbox_moves_in_little_memory(outbox: AnyOutbox, other: Store) -> None:
    """A piece of it is in memory at a time, however many reports and photos there are."""
    photo = PHOTO * 10
    for first in range(1, 201, 25):
        outbox.add_all([NewReport(report(n), None, photo=photo) for n in range(first, first + 25)])
    with other.open() as new:
        tracemalloc.start()
        try:
            copied = relocation(outbox, new).run()
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert copied.reports == 200
    assert peak < 100 * len(photo)
