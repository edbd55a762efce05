"""The one draft: sealed, erased soon, and never in the way of a report."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from backup_helpers import SETTINGS, Home, signed
from cli_helpers import readable_in
from conftest import FixedClock
from outbox_helpers import HOUR, NOON, PERSONAL, PRIVATE_KEY, PUBLIC_KEY, open_outbox, report, sealer, uuid

from apoa_client.errors import CredentialsProblem, OutboxDamaged, SealBroken, SecretMissing
from apoa_client.messages import msg
from apoa_client.outbox.sqlite import migrations
from apoa_client.outbox.sqlite.database import open_database
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Actor, Selection
from apoa_client.vault.sealing import PropertySealer, new_key_pair

TYPED = "|".join(PERSONAL) * 90
"""Long enough to fill pages of its own."""
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def no_key() -> bytes:
    raise SecretMissing(msg("no key"))


@pytest.fixture
def box(path: Path, clock: FixedClock) -> Iterator[SqliteOutbox]:
    """An outbox with a clock."""
    clock.time = NOON
    with SqliteOutbox.open(path, sealer(), create=True, actor=Actor(lambda: "made", clock.now)) as opened:
        yield opened


def sealed_draft(path: Path) -> bytes:
    """The sealed draft, as it is in the file."""
    with closing(sqlite3.connect(path)) as db:
        [[content]] = db.execute("SELECT content FROM draft")
        assert isinstance(content, bytes)
        return content


def left_of(path: Path, sealed: bytes) -> bool:
    """Whether any part of it is in any file of the folder."""
    raw = b"".join(file.read_bytes() for file in path.parent.iterdir())
    return any(sealed[at : at + 24] in raw for at in range(0, len(sealed) - 24, 512))


def manipulate(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement, values)


def test_a_draft_outlives_the_process(path: Path) -> None:
    """The text, also what a terminal gives for bytes that are not UTF-8, and the time."""
    text = "MUÑOZ\x00 李 \udcff\n"
    with open_outbox(path) as outbox:
        assert (outbox.drafts.open(), outbox.drafts.saved_at()) == (None, None)
        outbox.drafts.save(text, NOON)
    with open_outbox(path) as outbox:
        assert (outbox.drafts.open(), outbox.drafts.saved_at()) == (text, NOON)
        outbox.drafts.save("", NOON + HOUR)
        assert (outbox.drafts.open(), outbox.drafts.saved_at()) == ("", NOON + HOUR)


def test_nothing_personal_is_readable_in_the_files(path: Path) -> None:
    """Neither in the database nor in its log, while it is saved, replaced and deleted."""
    with open_outbox(path) as outbox:
        outbox.drafts.save(TYPED, NOON)
        assert left_of(path, sealed_draft(path))  # shows that the search finds it
        assert readable_in(path.parent, PERSONAL) == []
        outbox.drafts.save(TYPED * 2, NOON)
        assert readable_in(path.parent, PERSONAL) == []
        outbox.drafts.delete()
        assert readable_in(path.parent, PERSONAL) == []


def test_saving_and_deleting_need_no_key(path: Path) -> None:
    """The keyring may be locked: only opening needs it and says so, and the draft stays until the key is there."""
    with SqliteOutbox.open(path, PropertySealer(PUBLIC_KEY, no_key), create=True) as outbox:
        outbox.drafts.save(TYPED, NOON)
        assert outbox.drafts.saved_at() == NOON
        with pytest.raises(CredentialsProblem):
            outbox.drafts.open()
    with open_outbox(path) as outbox:
        assert outbox.drafts.open() == TYPED
    with SqliteOutbox.open(path, PropertySealer(PUBLIC_KEY, no_key)) as outbox:
        outbox.drafts.delete()
        assert outbox.drafts.open() is None


def test_of_two_desks_the_last_one_wins(path: Path) -> None:
    """Each sees the draft saved last; what one has deleted is gone for the other, who may delete it again."""
    with open_outbox(path) as one, open_outbox(path) as other:
        one.drafts.save("one", NOON)
        other.drafts.save("other", NOON - HOUR)  # its clock may be slow
        assert (one.drafts.open(), one.drafts.saved_at()) == ("other", NOON - HOUR)
        one.drafts.delete()
        assert (other.drafts.open(), other.drafts.saved_at()) == (None, None)
        other.drafts.delete()
        other.drafts.save("again", NOON)
        assert one.drafts.open() == "again"


def test_only_the_draft_of_the_given_time_is_deleted(outbox: SqliteOutbox) -> None:
    """A desk that continued a draft deletes that one, and not one that another desk saved since."""
    outbox.drafts.save("first", NOON)
    outbox.drafts.save("second", NOON + MINUTE)
    outbox.drafts.delete(NOON)
    assert outbox.drafts.open() == "second"
    outbox.drafts.delete(NOON + MINUTE)
    assert outbox.drafts.saved_at() is None


@pytest.mark.parametrize("ending", ["dropped", "replaced"])
def test_a_deleted_draft_is_in_no_file(outbox: SqliteOutbox, path: Path, ending: str) -> None:
    """Not even sealed: it is overwritten in the database, and the log is emptied."""
    outbox.drafts.save(TYPED, NOON)
    gone = sealed_draft(path)
    assert left_of(path, gone)
    if ending == "replaced":
        outbox.drafts.save("less", NOON)
    outbox.drafts.delete()
    assert not left_of(path, gone)


def test_deleting_does_not_wait_for_a_reader(box: SqliteOutbox, path: Path, clock: FixedClock) -> None:
    """A guest is waiting. The draft is deleted at once, and removed from the log with the next erasure."""
    box.drafts.save(TYPED, NOON)
    gone = sealed_draft(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM reports").fetchone()
        asked = list[str]()
        box._db.set_trace_callback(asked.append)
        box.drafts.delete()
        box._db.set_trace_callback(None)
        assert asked[-3:-1] == ["PRAGMA busy_timeout = 0", "PRAGMA wal_checkpoint(TRUNCATE)"]
        assert box.drafts.saved_at() is None
        assert box._db.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
        assert left_of(path, gone)
    box.eraser.finished(clock.now(), clock.now(), dry_run=False)
    assert not left_of(path, gone)


def test_another_key_does_not_open_it(path: Path) -> None:
    """And the error does not show its content."""
    with open_outbox(path) as outbox:
        outbox.drafts.save(TYPED, NOON)
    private, _public = new_key_pair()
    with (
        SqliteOutbox.open(path, PropertySealer(new_key_pair()[1], lambda: private, lambda: [private])) as outbox,
        pytest.raises((SealBroken, CredentialsProblem)) as caught,
    ):
        outbox.drafts.open()
    assert "ZYKOWSKI" not in f"{caught.value!r}{caught.value}"


def test_a_report_in_its_place_does_not_open(outbox: SqliteOutbox, path: Path) -> None:
    """What was sealed under another id does not open as the draft."""
    outbox.add(report(1), due_at=None)
    manipulate(path, "INSERT INTO draft SELECT 1, 0, content FROM reports")
    with pytest.raises(SealBroken):
        outbox.drafts.open()
    outbox.drafts.delete()
    assert outbox.drafts.open() is None


@pytest.mark.parametrize("damage", ["UPDATE draft SET content = 7", "UPDATE draft SET kept_at = 'noon'"])
def test_invalid_values_are_damage(outbox: SqliteOutbox, path: Path, damage: str) -> None:
    """A file that was manipulated raises `OutboxDamaged`, and deleting the draft repairs it."""
    outbox.drafts.save(TYPED, NOON)
    manipulate(path, damage)
    with pytest.raises(OutboxDamaged):
        _ = (outbox.drafts.open(), outbox.drafts.saved_at())
    outbox.drafts.delete()
    assert (outbox.drafts.open(), outbox.drafts.saved_at()) == (None, None)


def test_there_is_only_one(outbox: SqliteOutbox, path: Path) -> None:
    """The table accepts no second row, even from another program."""
    outbox.drafts.save(TYPED, NOON)
    with pytest.raises(sqlite3.IntegrityError):
        manipulate(path, "INSERT INTO draft VALUES (2, 0, x'00')")


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
        assert (dry.draft, box.drafts.open()) == (erased, TYPED)
        result = box.eraser.finished(NOON, clock.now(), dry_run=False)
        assert (result.draft, list(result.reports), result.stays, result.complete) == (erased, [], 0, True)
        assert (box.drafts.open() is None, left_of(path, gone)) == (erased, not erased)
        recorded = [(event.action, event.report, event.detail) for event in box.audit_trail.entries()]
        assert recorded == ([("draft_erased", None, "retention")] if erased else [])
        assert box.eraser.finished(NOON, clock.now(), dry_run=False).draft is False

    def test_the_desks_own_deletion_is_not_recorded(self, box: SqliteOutbox) -> None:
        """Typing that is discarded changes no report."""
        box.drafts.save(TYPED, NOON)
        box.drafts.delete()
        assert list(box.audit_trail.entries()) == []


class TestBackup:
    """A backup is kept for years, a draft for a day."""

    @pytest.fixture
    def home(self, tmp_path: Path) -> Home:
        """A computer with a report, and a draft."""
        home = Home(tmp_path / "home", SETTINGS)
        with home.outbox() as outbox:
            outbox.add(report(1), due_at=None)
            outbox.drafts.save(TYPED, NOON)
        return home

    @pytest.fixture
    def file(self, home: Home, tmp_path: Path) -> Path:
        """Its backup, alone in its folder."""
        path = tmp_path / "stick" / "apoa.db"
        path.parent.mkdir()
        home.back_up(path)
        return path

    def test_it_contains_no_draft(self, home: Home, file: Path, tmp_path: Path) -> None:
        """Neither as a row nor as bytes; the draft is still here, and there is none after a restore."""
        assert not left_of(file, sealed_draft(home.path))
        new = Home(tmp_path / "new")
        new.restore(file)
        with home.outbox() as here, new.outbox() as there:
            assert here.drafts.open() == TYPED
            assert (there.drafts.open(), there.drafts.saved_at()) == (None, None)
            assert [entry.id for entry in there.entries(Selection())] == [uuid(1)]

    @pytest.mark.parametrize("theirs", [False, True], ids=["ours", "with a draft all the same"])
    def test_restoring_keeps_the_one_that_is_here(self, home: Home, file: Path, *, theirs: bool) -> None:
        """A user is typing at this moment, whatever happened on the day of the backup."""
        if theirs:
            signed(file, "INSERT INTO draft VALUES (1, 0, x'00')")
        home.restore(file)
        with home.outbox() as outbox:
            assert (outbox.drafts.open(), outbox.drafts.saved_at()) == (TYPED, NOON)

    def test_a_foreign_draft_is_not_restored(self, file: Path, tmp_path: Path) -> None:
        """Not even on an empty computer."""
        signed(file, "INSERT INTO draft VALUES (1, 0, x'00')")
        new = Home(tmp_path / "new")
        new.restore(file)
        with new.outbox() as outbox:
            assert outbox.drafts.saved_at() is None


def test_a_database_of_the_third_version_migrates(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made by the three migrations before this one: the report in it is still there, and a draft can be saved."""
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:3])
        old = open_database(path, create=True)
    body = sealer().seal(uuid(1), b"{}")
    row = (uuid(1), "b0000001", "stay", "check_in", 1, body)
    old.execute("INSERT INTO reports (id, short_id, stay_id, kind, created_at, content) VALUES (?, ?, ?, ?, ?, ?)", row)
    assert old.execute("PRAGMA user_version").fetchone() == (3,)
    old.close()
    with open_outbox(path) as outbox:
        assert outbox._db.execute("PRAGMA user_version").fetchone() == (len(migrations.STEPS),)
        assert outbox.drafts.saved_at() is None
        outbox.drafts.save(TYPED, NOON)
        assert outbox.drafts.open() == TYPED
        assert [entry.id for entry in outbox.entries(Selection())] == [uuid(1)]


def test_a_key_is_never_in_it(outbox: SqliteOutbox, path: Path) -> None:
    """Sealing uses only the public key."""
    outbox.drafts.save(TYPED, NOON)
    assert all(PRIVATE_KEY not in file.read_bytes() for file in path.parent.iterdir())
