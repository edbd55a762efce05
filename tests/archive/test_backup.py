"""A backup: one complete file, made while others work, without secrets and personal data, and checked completely."""

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from backup_helpers import SETTINGS, Home, changed, rows_of, signed, snapshot
from basics import NOW, raises_error
from cli_helpers import readable_in
from damage_helpers import clear_index, file_size_limit, needs_size_limit
from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import HOUR, NOON, PERSONAL, PRIVATE_KEY, add, finding, receipt, report, sealer

from apoa_client.archive import backup as backup_module
from apoa_client.archive import backup_check
from apoa_client.archive.backup import BackupResult
from apoa_client.archive.backup_check import columns_of, open_backup
from apoa_client.errors import DataRefused, Exit, OutboxDamaged, StorageProblem, UsageProblem
from apoa_client.files import draft_inside, make_draft_folder
from apoa_client.outbox.errors import DiskFull, OutboxMissing
from apoa_client.outbox.sql.metadata import LAST_BACKUP
from apoa_client.outbox.sqlite import migrations
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import State
from apoa_client.settings.reading import parse
from apoa_client.vault.sealing import encode_key


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a property that has a report in each state that delivery knows, and a draft; and its backup."""
    folder = tmp_path_factory.mktemp("original")
    settings = Home(folder / "home", SETTINGS)
    with settings.outbox() as outbox:
        add(outbox, *range(5), due_at=NOON + HOUR, warnings=[finding()])
        ids = [entry.id for entry in outbox.heads()]
        lease, _got = outbox.claim(ids[1:], now=NOON, lease_until=NOON + HOUR)
        outbox.settle(lease, [Change(ids[2], State.PENDING)])
        outbox.settle(lease, [Change(ids[3], State.REJECTED, "rejected", errors=(finding(),))])
        outbox.settle(lease, [Change(ids[4], State.ACCEPTED, receipt=receipt())])
        outbox.record_contact(NOON, NOON + HOUR)
        outbox.drafts.save("typed" * 2000, NOON)
    settings.back_up(folder / "apoa.db")
    return folder


@pytest.fixture
def settings(original: Path, tmp_path: Path) -> Home:
    """The property."""
    shutil.copytree(original / "home", tmp_path / "home")
    return Home(tmp_path / "home")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of the backup, alone in its folder."""
    path = tmp_path / "stick" / "apoa.db"
    path.parent.mkdir()
    return path


@pytest.fixture
def made(original: Path, file: Path) -> Path:
    """A backup of the property."""
    shutil.copy(original / "apoa.db", file)
    return file


def test_it_is_the_outbox_as_it_was(settings: Home, file: Path) -> None:
    """Every row, byte for byte, with its leases, in one file that is readable only by the owner; and the settings."""
    written = settings.back_up(file)
    assert rows_of(file) == settings.rows()
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert os.name != "posix" or stat.S_IMODE(file.stat().st_mode) == 0o600
    assert written == BackupResult(5, file.stat().st_size, NOW, proved=True)
    with open_backup(file) as backup:
        assert (backup.info.program, backup.info.created_at, backup.info.property_name) == ("0.0", NOW, "melati")
        assert parse(backup.info.settings, file).properties["melati"] == settings.settings


def test_it_follows_a_repair(settings: Home, file: Path) -> None:
    """Pages that a rebuilt index left behind are not damage: the backup is made, and can be opened."""
    clear_index(settings.path, "reports_open")
    with settings.outbox() as outbox:
        assert outbox.rebuild_indexes()
    settings.back_up(file)
    with open_backup(file):
        assert rows_of(file) == settings.rows()


def test_the_tables_text_may_be_laid_out_in_another_way(made: Path) -> None:
    """Only what it says counts: another version of SQLite may write other blanks."""
    other_blanks = "UPDATE sqlite_master SET sql = replace(sql, ' ', '\n  ') WHERE name = 'reports'"
    with open_backup(changed(made, "PRAGMA writable_schema = ON", other_blanks)):
        pass


def test_nothing_personal_and_no_secret_is_in_it(settings: Home, made: Path) -> None:
    """Neither as text nor as bytes; and no draft, not even sealed: it is kept for a day, a backup for years."""
    assert readable_in(made.parent, [*PERSONAL, encode_key(PRIVATE_KEY)]) == []
    assert PRIVATE_KEY not in made.read_bytes()
    with closing(sqlite3.connect(settings.path)) as db:
        [[draft]] = db.execute("SELECT content FROM drafts")
    assert not any(draft[at : at + 24] in made.read_bytes() for at in range(0, len(draft) - 24, 512))


def test_it_is_recorded_where_it_was_made(settings: Home, made: Path) -> None:
    """In the audit trail and as the last backup; an outbox that was restored from it has none."""
    with settings.outbox() as outbox:
        *_before, last = outbox.audit_trail.entries()
        assert (last.action, last.who, outbox.value(LAST_BACKUP)) == ("backed_up", "wayan", NOW)
    settings.back_up(made, force=True)
    settings.restore(made, "kenanga")
    with SqliteOutbox.open(settings.folders.outbox("kenanga"), sealer()) as restored:
        assert restored.value(LAST_BACKUP) is None


def test_it_is_one_moment_while_others_write(settings: Home, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports that are added during each step of the copying are not in it, and do not restart it."""
    monkeypatch.setattr(backup_module, "_BATCH_PAGES", 1)
    before, added, stop = settings.rows(), list[int](), threading.Event()
    begun = threading.Event()

    def write() -> None:
        with SqliteOutbox.open(settings.path, sealer()) as outbox:
            for number in range(100, 1000):
                outbox.add(report(number), due_at=None)
                added.append(number)
                begun.set()
                if stop.is_set():
                    return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        begun.wait()
        settings.back_up(file)
    finally:
        stop.set()
        thread.join()
    kept = rows_of(file)
    assert kept == settings.rows()[: len(kept)]
    assert len(before) < len(kept) <= len(before) + len(added)
    with open_backup(file) as backup:
        assert backup.db.execute("SELECT sum(reports) FROM tally").fetchone() == (len(kept),)


def test_a_file_is_never_overwritten_by_mistake(settings: Home, made: Path) -> None:
    """An earlier backup is replaced only with `force`; no other file is, for example the outbox itself."""
    with pytest.raises(UsageProblem):
        settings.back_up(made)
    with settings.outbox() as outbox:
        outbox.add(report(7), due_at=None)
    settings.back_up(made, force=True)
    assert len(rows_of(made)) == 6
    made.write_bytes(b"")  # which mktemp made, for example
    settings.back_up(made, force=True)
    assert len(rows_of(made)) == 6
    before = snapshot(settings.folders.data)
    others = [settings.path, settings.folders.config, made.parent]
    if os.name == "posix":  # on Windows only an administrator makes links
        others.append(made.with_name("link"))
        others[-1].symlink_to(made)
    for other in others:
        with pytest.raises(UsageProblem):
            settings.back_up(other, force=True)
    assert snapshot(settings.folders.data) == before


WRITER = """
import sys
from pathlib import Path
from apoa_client import file_lock, files
folder = files.make_draft_folder(Path(sys.argv[1]))
with file_lock.running(folder):
    files.draft_inside(folder).write_bytes(b"half")
    print(folder, flush=True)
    sys.stdin.read()
"""
"""Is writing a backup until it is killed."""


@pytest.mark.skipif(os.name == "nt", reason="Windows does not show who has a lock: it goes by the time")
def test_what_a_killed_backup_leaves(settings: Home, file: Path) -> None:
    """The next backup removes it at once, but not what a running one writes, however old that is."""
    target = file.with_name("another.db")
    command = [sys.executable, "-c", WRITER, str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        os.utime(draft_inside(folder), (0, 0))
        settings.back_up(file)
        assert {*file.parent.iterdir()} == {file, folder}
        process.kill()
    settings.back_up(target)
    assert {*file.parent.iterdir()} == {file, target}


def test_what_a_backup_of_another_computer_leaves(settings: Home, file: Path) -> None:
    """Its lock may not be seen from here: what it writes is removed an hour after the last writing, and not before."""
    folder = make_draft_folder(file)
    inside = draft_inside(folder)
    inside.touch()
    inside.with_name(f"{inside.name}.lock").write_text("another-computer", encoding="utf-8")
    settings.back_up(file)
    assert {*file.parent.iterdir()} == {file, folder}
    for each in (folder, inside):
        os.utime(each, (0, 0))
    settings.back_up(file.with_name("later.db"))
    assert {*file.parent.iterdir()} == {file, file.with_name("later.db")}


def test_a_name_that_is_taken_meanwhile(settings: Home, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file stays, and no draft is left."""
    really = backup_module._write_draft

    def slowly(*args: Any) -> Any:
        file.write_text("first")
        return really(*args)

    monkeypatch.setattr(backup_module, "_write_draft", slowly)
    with pytest.raises(UsageProblem):
        settings.back_up(file)
    assert [path.read_text() for path in file.parent.iterdir()] == ["first"]


def test_the_folder_and_the_outbox_must_be_there(settings: Home, file: Path) -> None:
    """If a stick is not plugged in, the backup is not written to the disk below. Nothing is created."""
    file.parent.rmdir()
    with pytest.raises(UsageProblem):
        settings.back_up(file)
    settings.path.unlink()
    with pytest.raises(OutboxMissing):
        settings.back_up(file)
    assert not file.parent.exists()


@needs_size_limit
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("room_kib", [8, 40])
def test_no_space_for_it(settings: Home, file: Path, *, exists: bool, room_kib: int) -> None:
    """An earlier file is still complete, and no partial file is beside it."""
    if exists:
        settings.back_up(file)
    before = snapshot(file.parent)
    with file_size_limit(room_kib * 1024), pytest.raises(StorageProblem):
        settings.back_up(file, force=True)
    assert snapshot(file.parent) == before


@pytest.mark.parametrize("is_cut_off", [False, True])
def test_a_damaged_outbox_gives_no_backup(settings: Home, file: Path, *, is_cut_off: bool) -> None:
    """A wrong row, or a page that cannot be copied: the error names the outbox, which is the damaged file."""
    with closing(sqlite3.connect(settings.path)) as db:
        if is_cut_off:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            db.execute("PRAGMA writable_schema = ON")
            db.execute("UPDATE sqlite_master SET sql = replace(sql, 'due_at INTEGER', 'due_at INTEGER NOT NULL')")
            db.execute("UPDATE reports SET due_at = NULL WHERE seq = 1")
            db.commit()
    if is_cut_off:
        os.truncate(settings.path, settings.path.stat().st_size - 3 * 4096)
    with pytest.raises(OutboxDamaged) as caught:
        settings.back_up(file)
    assert caught.value.message.values["place"] == str(settings.path)
    assert list(file.parent.iterdir()) == []


# Reading one.


def test_a_file_that_is_not_a_backup(settings: Home, tmp_path: Path) -> None:
    """Is refused with exit code 65: so is a copy of outbox.db, which may be incomplete because of its log."""
    other, file = tmp_path / "other.db", tmp_path / "file"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE backup (key, value)")
        db.commit()
    contents = [b"", b"SQLite", b"SQLite format 3\0", b"a,b\n1,2\n" * 500, other.read_bytes()]
    for path in (tmp_path / "nothing", tmp_path, settings.path, *(file for _content in contents)):
        if path == file:
            file.write_bytes(contents.pop())
        with raises_error("not_a_backup", "backup_damaged") as caught, open_backup(path):
            pass
        assert caught.value.exit_code is Exit.DATA_REFUSED


def test_reading_changes_nothing(made: Path) -> None:
    """Not a byte, and no file beside it: the stick may be write-protected."""
    before = snapshot(made.parent)
    made.chmod(0o400)
    with open_backup(made):
        pass
    assert snapshot(made.parent) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reports SET state = 'queued', receipt_number = NULL, receipt_issued_at = NULL WHERE state = 'accepted'",
        "DELETE FROM reports WHERE seq = 1",
        "UPDATE reports SET content = substr(content, 1, length(content) - 1) || x'00' WHERE seq = 2",
        "UPDATE backup SET value = replace(value, 'authority.example', 'elsewhere.example') WHERE key = 'settings'",
        "UPDATE backup SET value = 'x' WHERE key = 'format'",
        "DELETE FROM backup WHERE key = 'sha256'",
        "PRAGMA user_version = 0",
        "DROP TABLE reports",
    ],
)
def test_any_change_is_found(made: Path, statement: str) -> None:
    """Even if the database is still intact: exit code 65."""
    with raises_error("backup_damaged") as caught, open_backup(changed(made, statement)):
        pass
    assert caught.value.exit_code is Exit.DATA_REFUSED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reports SET created_at = 'yesterday' WHERE seq = 1",
        "UPDATE reports SET content = NULL WHERE seq = 1",
        "UPDATE reports SET created_at = 1 << 62 WHERE seq = 1",
        "UPDATE reports SET last_error = CAST(x'ff' AS TEXT) WHERE seq = 2",
        "UPDATE reports SET state = 'lost' WHERE seq = 1",
        "UPDATE reports SET calls = 9223372036854775807 WHERE seq = 1",
        "UPDATE reports SET receipt_sha256 = x'00' WHERE seq = 1",
        "UPDATE audit SET report = x'00' WHERE n = 1",
        "UPDATE audit SET n = 9223372036854775807 WHERE n = 1",
        "UPDATE backup SET value = 5 WHERE key = 'settings'",
        "UPDATE backup SET value = 1 << 62 WHERE key = 'created_at'",
        "UPDATE reports SET errors = zeroblob(4200000) WHERE seq = 1",
        "UPDATE memo SET value = CAST(zeroblob(4200000) AS TEXT) WHERE key = (SELECT min(key) FROM memo)",
        "UPDATE backup SET value = value || CAST(zeroblob(4200000) AS TEXT) WHERE key = 'settings'",
        "UPDATE backup SET value = value || printf('#%.70000c', 'x') WHERE key = 'settings'",
    ],
)
def test_every_row_must_be_valid(made: Path, statement: str) -> None:
    """Also if the digest is right; and no value fills the memory."""
    forged = signed(made, statement) if "x'ff'" not in statement else changed(made, statement)
    with raises_error("backup_damaged"), open_backup(forged):
        pass


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE reports RENAME TO kept", "CREATE VIEW reports AS SELECT * FROM kept"],
        ["CREATE VIEW more AS SELECT 1"],
        ["CREATE TRIGGER more AFTER UPDATE ON reports BEGIN DELETE FROM audit; END"],
        ["CREATE TABLE more (n)"],
        ["DROP INDEX reports_due"],
        ["DROP TABLE audit", "CREATE TABLE audit (n, at, link)"],
        ["ALTER TABLE reports ADD COLUMN more INTEGER"],
        ["PRAGMA writable_schema = ON", "UPDATE sqlite_master SET name = 5 WHERE name = 'reports_due'"],
    ],
)
def test_only_our_exact_schema_is_read(made: Path, statements: list[str]) -> None:
    """Every table, index, trigger and view is compared before any row is read, also where the digest is right."""
    changed(made, *statements)
    with contextlib.suppress(sqlite3.Error):  # where it has no tables any more
        signed(made)
    with raises_error("backup_damaged"), open_backup(made):
        pass


def test_a_view_in_place_of_the_information(made: Path) -> None:
    """Is no backup, and is not replaced like one."""
    changed(made, "ALTER TABLE backup RENAME TO kept", "CREATE VIEW backup AS SELECT * FROM kept")
    with raises_error("not_a_backup"), open_backup(made):
        pass
    assert not backup_module._is_replaceable(made)


def test_the_file_is_limited(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before it is copied."""
    monkeypatch.setattr(backup_check, "MAX_BYTES", made.stat().st_size - 1)
    with raises_error("backup_damaged"), open_backup(made):
        pass


def test_one_of_a_newer_version(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the database, or of the backup's format: exit code 78, with advice."""
    monkeypatch.setattr(migrations, "STEPS", {4: migrations.STEPS[4]})
    with raises_error("outbox_too_new") as caught, open_backup(made):
        pass
    assert caught.value.exit_code is Exit.SETTINGS
    monkeypatch.undo()
    with raises_error("outbox_too_new"), open_backup(changed(made, "UPDATE backup SET value = 3 WHERE key = 'format'")):
        pass


def test_one_of_an_older_version_is_migrated_in_a_copy(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays as it is."""
    before = made.read_bytes()
    monkeypatch.setattr(
        migrations, "STEPS", {**migrations.STEPS, 11: ("ALTER TABLE reports ADD COLUMN later INTEGER",)}
    )
    with open_backup(made) as backup:
        assert '"later"' in columns_of(backup.db, "reports")
    assert made.read_bytes() == before


def test_no_space_for_the_private_copy(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is not about the stick."""

    def full(*_args: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(backup_check, "_read", full)
    with pytest.raises(DiskFull) as caught, open_backup(made):
        pass
    assert str(made) not in caught.value.message.render()


@given(data=st.data())
def test_all_damage_is_found(original: Path, data: st.DataObject) -> None:
    """Bytes changed or removed anywhere: an error of ours, or else every row is as it was."""
    whole = original / "apoa.db"
    spoilt = bytearray(whole.read_bytes())
    if data.draw(st.booleans()):
        del spoilt[data.draw(st.integers(0, len(spoilt) - 1)) :]
    else:
        for _time in range(data.draw(st.integers(1, 4))):
            spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    file = original / "spoilt.db"
    file.write_bytes(spoilt)
    try:
        with open_backup(file) as backup:
            backup.db.row_factory = sqlite3.Row
            rows = [dict(row) for row in backup.db.execute("SELECT * FROM reports ORDER BY seq")]
    except (DataRefused, StorageProblem):
        return
    assert rows == rows_of(whole)


@pytest.mark.parametrize("at", [18, 19])
def test_a_later_format_of_sqlite(made: Path, at: int) -> None:
    """SQLite would open it read-only, and nothing could be checked: it is damage, not a missing permission."""
    spoilt = bytearray(made.read_bytes())
    spoilt[at] = 3
    made.write_bytes(spoilt)
    with raises_error("backup_damaged"), open_backup(made):
        pass
