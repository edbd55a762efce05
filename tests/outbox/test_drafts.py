"""The drafts: sealed, erased soon, each continued by one desk, and never in the way of a report."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from basics import FixedClock
from cli_helpers import readable_in
from outbox_helpers import HOUR, NOON, PERSONAL, open_outbox, report, sealer, sealer_without_key
from outbox_stores import AnyOutbox, Store, only_sqlite

from apoa_client.errors import CredentialsProblem, OutboxDamaged, SealBroken
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sqlite import migrations
from apoa_client.outbox.sqlite.database import open_database
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.state import StoredDraft

TYPED = "|".join(PERSONAL) * 90
"""Long enough to fill pages of its own."""
MINUTE = timedelta(minutes=1)
HALF = timedelta(minutes=30)
DAY = timedelta(days=1)


def sealed_draft(path: Path) -> bytes:
    """The only draft, sealed as it is in the file."""
    with closing(sqlite3.connect(path)) as db:
        [[content]] = db.execute("SELECT content FROM drafts")
        assert isinstance(content, bytes)
        return content


def texts(outbox: AnyOutbox, now: datetime = NOON) -> list[str | None]:
    """What is in each draft that waits."""
    return [outbox.drafts.open(draft) for draft in outbox.drafts.waiting(now)]


def only(outbox: AnyOutbox, now: datetime = NOON) -> StoredDraft:
    [draft] = outbox.drafts.waiting(now)
    return draft


def taken(outbox: AnyOutbox, draft: StoredDraft, now: datetime = NOON) -> StoredDraft:
    """The draft, taken by this desk."""
    got = outbox.drafts.take(draft, now)
    assert got is not None
    return got


def left_of(path: Path, sealed: bytes) -> bool:
    """Whether any part of it is in any file of the folder."""
    raw = b"".join(file.read_bytes() for file in path.parent.iterdir())
    return any(sealed[at : at + 24] in raw for at in range(0, len(sealed) - 24, 512))


def test_a_draft_outlives_the_process(store: Store) -> None:
    """The text, also what a terminal gives for bytes that are not UTF-8, and the time."""
    text = "MUÑOZ\x00 李 \udcff\n"
    with store.open() as outbox:
        assert outbox.drafts.waiting(NOON) == []
        outbox.drafts.save(text, NOON)
    with store.open() as outbox:
        assert (texts(outbox), only(outbox).saved_at) == ([text], NOON)
        outbox.drafts.save("", NOON + HOUR)
        assert texts(outbox) == ["", text]  # the newest first


def test_nothing_personal_is_readable_in_the_files(path: Path) -> None:
    """Neither in the database nor in its log, while it is saved, replaced and deleted.

    What was replaced or deleted is not there even sealed: it is overwritten in the database, and the log is emptied.
    """
    with open_outbox(path) as outbox:
        outbox.drafts.save(TYPED, NOON)
        gone = [sealed_draft(path)]
        assert left_of(path, gone[0])  # shows that the search finds it
        assert readable_in(path.parent, PERSONAL) == []
        outbox.drafts.save(TYPED * 2, NOON, only(outbox))
        gone.append(sealed_draft(path))
        assert readable_in(path.parent, PERSONAL) == []
        outbox.drafts.delete(only(outbox))
        assert readable_in(path.parent, PERSONAL) == []
        assert not any(left_of(path, each) for each in gone)


def test_saving_taking_and_deleting_need_no_key(store: Store) -> None:
    """The keyring may be locked: only opening needs it and says so, and the draft stays until the key is there."""
    with store.open(sealer_without_key()) as outbox:
        outbox.drafts.save(TYPED, NOON)
        with pytest.raises(CredentialsProblem):
            outbox.drafts.open(only(outbox))
    with store.open() as outbox:
        assert texts(outbox) == [TYPED]
    with store.open(sealer_without_key()) as outbox:
        outbox.drafts.delete(taken(outbox, only(outbox)))
        assert outbox.drafts.waiting(NOON + DAY) == []


class TestTwoDesks:
    """Nothing that one desk does loses or repeats what another one does."""

    def test_each_draft_is_kept(self, store: Store) -> None:
        """Both desks see both drafts; one that was deleted is gone for both, and may be deleted again."""
        with store.open() as one, store.open() as other:
            one.drafts.save("one", NOON)
            other.drafts.save("other", NOON - HOUR)  # its clock may be slow
            assert texts(one) == texts(other) == ["one", "other"]
            seen = other.drafts.waiting(NOON)
            one.drafts.delete(seen[0])
            other.drafts.delete(seen[0])
            assert texts(one) == texts(other) == ["other"]
            assert other.drafts.open(seen[0]) is None

    def test_only_one_desk_continues_with_a_draft(self, store: Store) -> None:
        """The first one takes it. It is not offered to another one, which cannot take, delete or replace it."""
        with store.open() as one, store.open() as other:
            one.drafts.save("typed", NOON)
            seen = only(other)
            mine = taken(one, only(one))
            assert (other.drafts.take(seen, NOON), other.drafts.waiting(NOON)) == (None, [])
            other.drafts.delete(seen)
            assert one.drafts.open(mine) == "typed"
            one.drafts.save("typed further", NOON + MINUTE, mine)
            assert texts(other) == ["typed further"]

    @pytest.mark.parametrize(
        ("later", "waits"), [(HALF, False), (HALF + MINUTE, True), (-HALF, False), (-HALF - MINUTE, True)]
    )
    def test_a_desk_that_ended_without_a_word(self, outbox: AnyOutbox, later: timedelta, *, waits: bool) -> None:
        """After half an hour its draft is offered and counted again, also if its clock was wrong."""
        outbox.drafts.save("typed", NOON)
        taken(outbox, only(outbox))
        now = NOON + later
        assert texts(outbox, now) == (["typed"] if waits else [])
        assert outbox.summary(now=now, soon=now).drafts == int(waits)

    def test_a_desk_that_took_too_long(self, store: Store) -> None:
        """Another one has its draft meanwhile: what it typed becomes a draft of its own, and it deletes nothing."""
        with store.open() as slow, store.open() as other:
            slow.drafts.save("typed", NOON)
            mine = taken(slow, only(slow))
            theirs = taken(other, only(other, NOON + HOUR), NOON + HOUR)
            slow.drafts.delete(mine)
            slow.drafts.save("typed slowly", NOON + HOUR, mine)
            assert texts(slow, NOON + HOUR) == ["typed slowly"]
            assert other.drafts.open(theirs) == "typed"


def test_deleting_does_not_wait_for_a_reader(box: SqliteOutbox, path: Path, clock: FixedClock) -> None:
    """A guest is waiting. The draft is deleted at once, and removed from the log with the next erasure."""
    box.drafts.save(TYPED, NOON)
    gone = sealed_draft(path)
    draft = only(box)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM reports").fetchone()
        asked = list[str]()
        box._sqlite.connection.set_trace_callback(asked.append)
        box.drafts.delete(draft)
        box._sqlite.connection.set_trace_callback(None)
        assert asked[-3:-1] == ["PRAGMA busy_timeout = 0", "PRAGMA wal_checkpoint(TRUNCATE)"]
        assert box.drafts.waiting(NOON) == []
        assert box._db.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
        assert left_of(path, gone)
    box.eraser.finished(clock.now(), clock.now(), dry_run=False)
    assert not left_of(path, gone)


@pytest.mark.parametrize("source", ["SELECT content FROM reports", "SELECT content FROM drafts WHERE kept_at > 0"])
def test_another_record_in_its_place_does_not_open(outbox: AnyOutbox, store: Store, source: str) -> None:
    """What was sealed under another id, a report or another draft, does not open as this draft."""
    outbox.add(report(1), due_at=None)
    outbox.drafts.save(TYPED, NOON)
    store.change(f"INSERT INTO drafts (id, kept_at, content) VALUES ('other', 0, ({source}))")  # noqa: S608  constants
    other = outbox.drafts.waiting(NOON)[-1]
    with pytest.raises(SealBroken):
        outbox.drafts.open(other)
    outbox.drafts.delete(other)
    assert texts(outbox) == [TYPED]


@only_sqlite
def test_invalid_values_are_damage(box: AnyOutbox, store: Store) -> None:
    """A file that was manipulated raises `OutboxDamaged`; an erasure by age repairs it."""
    box.drafts.save(TYPED, NOON)
    store.change("UPDATE drafts SET content = 7")
    with pytest.raises(OutboxDamaged):
        box.drafts.open(only(box))
    store.change("UPDATE drafts SET kept_at = 'noon'")
    with pytest.raises(OutboxDamaged):
        box.drafts.waiting(NOON)
    assert box.eraser.finished(NOON, NOON, dry_run=False).drafts == 1
    assert box.drafts.waiting(NOON) == []


class TestErasing:
    """No personal data stays in a draft for longer than a day."""

    @pytest.mark.parametrize(
        ("age", "erased"), [(DAY, False), (DAY + MINUTE, True), (-DAY, False), (-DAY - MINUTE, True)]
    )
    def test_after_a_day(
        self, box: SqliteOutbox, path: Path, clock: FixedClock, age: timedelta, *, erased: bool
    ) -> None:
        """It is recorded in the trail; a draft from the future, saved before the clock was corrected, is erased too."""
        box.drafts.save(TYPED, NOON)
        gone = sealed_draft(path)
        clock.time = NOON + age
        dry = box.eraser.finished(NOON, clock.now(), dry_run=True)
        assert (dry.drafts, texts(box)) == (int(erased), [TYPED])
        result = box.eraser.finished(NOON, clock.now(), dry_run=False)
        assert (result.drafts, list(result.reports), result.stays, result.complete) == (int(erased), [], 0, True)
        assert (texts(box), left_of(path, gone)) == ([] if erased else [TYPED], not erased)
        recorded = [(event.action, event.report, event.detail) for event in box.audit_trail.entries()]
        assert recorded == ([("draft_erased", None, "retention")] if erased else [])
        assert box.eraser.finished(NOON, clock.now(), dry_run=False).drafts == 0

    def test_only_the_old_ones(self, box: AnyOutbox, clock: FixedClock) -> None:
        """Each by its own age, also one that a desk has taken; each is recorded, and the desk's own deletion is not."""
        box.drafts.save(TYPED, NOON)
        box.drafts.delete(only(box))
        for hours, text in ((0, "old"), (1, "taken"), (20, "new")):
            box.drafts.save(text, NOON + hours * HOUR)
        taken(box, box.drafts.waiting(NOON)[1])
        clock.time = NOON + 26 * HOUR
        assert box.eraser.is_due(NOON, clock.now())
        assert box.eraser.finished(NOON, clock.now(), dry_run=False).drafts == 2
        assert texts(box) == ["new"]
        assert [event.action for event in box.audit_trail.entries()] == ["draft_erased"] * 2
        assert not box.eraser.is_due(NOON, clock.now())


def test_the_draft_of_release_0_1_0_survives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was one row, sealed under an id of its own: it opens, and its former place is overwritten."""
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", {4: migrations.STEPS[4]})
        old = open_database(path, create=True)
    sealed = sealer().seal("draft", TYPED.encode())
    old.execute("INSERT INTO draft VALUES (1, ?, ?)", [millis(NOON), sealed])
    old.close()
    with open_outbox(path) as outbox:
        assert (texts(outbox), only(outbox).saved_at) == ([TYPED], NOON)
        outbox.drafts.delete(taken(outbox, only(outbox)))
        assert texts(outbox, NOON + HOUR) == []
        assert not left_of(path, sealed)
