"""A property's key pair is replaced: every record opens at every moment, and only its seal changes.

The vault is a real key file, the outbox a real database, the settings a file of their own. A reader in between sees
only what is on the disk.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from basics import raises_error
from key_helpers import new_key_pair
from outbox_helpers import NOON, PHOTO, PRIVATE_KEY, PUBLIC_KEY, finding, report, uuid

from apoa_client.app.key_rotation import KeyPair, KeyRecovery
from apoa_client.errors import (
    CredentialsProblem,
    NotNow,
    OutboxDamaged,
    SealBroken,
    SecretMissing,
    SettingsProblem,
)
from apoa_client.messages import msg
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql import reseal
from apoa_client.outbox.sql.codes import RowCodes
from apoa_client.outbox.sqlite.database import SqliteDatabase
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, Content, Entry, NewReport, Selection
from apoa_client.report.kinds import State
from apoa_client.report.model import to_json
from apoa_client.vault.sealing import PropertySealer, encode_key, fingerprint, public_key_of
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import PRIVATE_KEY as PRIVATE_KEY_NAME
from apoa_client.vault.store import KeyFileStore, Keys

NEW, NEW_PUBLIC = new_key_pair()
OTHER, OTHER_PUBLIC = new_key_pair()
REPORTS = 7
WITH_PHOTO = (0, 2, 6)
DRAFTS = ["QUENTIN ZYKOWSKI, half-typed", "XIMENA QUIJANO, half-typed"]


class Killed(BaseException):
    """The process was killed."""


class Installation:
    """A property on the disk. Each action in `step` is counted, and the process dies after number `death`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "outbox.db"
        self.installation = folder / "public-key"
        self.store = KeyFileStore(folder / "keys.json")
        self.death = -1
        self.steps = 0
        self.meanwhile: Callable[[int], None] = lambda _step: None

    @property
    def public_key(self) -> bytes:
        return self.installation.read_bytes()

    def secrets(self, **environ: str) -> PropertySecrets:
        return PropertySecrets(environ, lambda: _Stepping(self), container_secrets=self.folder)

    def sealer(self) -> PropertySealer:
        secrets = PropertySecrets({}, lambda: self.store, container_secrets=self.folder)
        return PropertySealer(self.public_key, secrets.private_key, secrets.spare_keys, lambda: self.public_key)

    def outbox(self) -> SqliteOutbox:
        return SqliteOutbox.open(self.path, self.sealer(), create=True)

    def read(self) -> list[Content]:
        """Every report, as a new process opens it."""
        with self.outbox() as outbox:
            assert {outbox.photo(entry) for entry in outbox.entries(Selection()) if entry.photo} == {PHOTO}
            return [outbox.content(entry) for entry in outbox.entries(Selection())]

    def drafts(self) -> list[str | None]:
        """The drafts, the newest first, as a new process opens them."""
        with self.outbox() as outbox:
            return [outbox.drafts.open(draft) for draft in outbox.drafts.waiting(NOON)]

    @contextmanager
    def pair(self, **environ: str) -> Iterator[KeyPair]:
        with self.outbox() as outbox:
            yield KeyPair([outbox], self.secrets(**environ), self.public_key, self.name)

    def change(self, private_key: bytes = NEW, **environ: str) -> int:
        with self.pair(**environ) as pair:
            return pair.change(private_key)

    def recover(self, private_key: bytes) -> KeyRecovery:
        with self.pair() as pair:
            return pair.recover(private_key)

    def name(self, public_key: bytes) -> None:
        self.step(lambda: self.installation.write_bytes(public_key))

    def step(self, action: Callable[[], object]) -> None:
        self.steps += 1
        action()
        self.meanwhile(self.steps)
        if self.steps == self.death:
            raise Killed

    def sealed_to(self, private_key: bytes) -> int:
        """The number of reports that open completely with this key alone."""
        with SqliteOutbox.open(self.path, alone(private_key)) as outbox:
            return sum(1 for entry in outbox.entries(Selection()) if opens(outbox, entry))

    def sql(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(statement, values)

    def sealed_drafts(self) -> list[object]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute("SELECT content FROM drafts").fetchall()

    def rows(self) -> list[tuple[object, ...]]:
        """Everything that does not depend on the key."""
        with closing(sqlite3.connect(self.path)) as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(reports)")]
            kept = ", ".join(name for name in columns if name not in OF_THE_KEY)
            return db.execute(f"SELECT {kept} FROM reports ORDER BY seq").fetchall()  # noqa: S608  names of columns


OF_THE_KEY = {"content", "errors", "warnings", "photo", "photo_digest", "mac", "version"}


class _Stepping(KeyFileStore):
    """The key file, used by a process that may die."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation.folder / "keys.json")
        self._installation = installation

    def set(self, name: str, value: str) -> None:
        self._installation.step(lambda: self._installation.store.set(name, value))

    def delete(self, name: str) -> None:
        self._installation.step(lambda: self._installation.store.delete(name))


class _SteppingDatabase(SqliteDatabase):
    """The outbox's file, used by a process that may die before and after each transaction."""

    def __init__(self, installation: Installation, db: SqliteDatabase) -> None:
        super().__init__(db.connection, db.path)
        self._installation = installation

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._installation.step(lambda: None)
        with super().transaction():
            yield
        self._installation.step(lambda: None)


def alone(private_key: bytes) -> PropertySealer:
    return PropertySealer(public_key_of(private_key), lambda: private_key)


def opens(outbox: SqliteOutbox, entry: Entry) -> bool:
    try:
        outbox.content(entry)
        if entry.photo:
            outbox.photo(entry)
    except SealBroken:
        return False
    return True


def begun(folder: Path, patch: pytest.MonkeyPatch) -> Installation:
    """A property with reports in several states, some with errors, warnings or photos, sealed to one key."""
    made = Installation(folder)
    made.installation.write_bytes(PUBLIC_KEY)
    made.store.set(PRIVATE_KEY_NAME, encode_key(PRIVATE_KEY))
    with made.outbox() as outbox:
        for number in range(REPORTS):
            warnings, photo = [finding()] if number % 2 else [], PHOTO if number in WITH_PHOTO else None
            outbox.add_all([NewReport(report(number), NOON, warnings, photo=photo)])
        lease, _got = outbox.claim([uuid(0), uuid(1), uuid(2)], now=NOON, lease_until=NOON)
        outbox.settle(lease, [Change(uuid(1), State.REJECTED, "rejected", errors=(finding(),), warnings=(finding(),))])
        outbox.settle(lease, [Change(uuid(2), State.ACCEPTED)])
        for draft in DRAFTS[::-1]:
            outbox.drafts.save(draft, NOON)

    def sealed_records(outbox: SqliteOutbox) -> reseal.SealedRecords:
        db = _SteppingDatabase(made, outbox._sqlite)
        return reseal.SealedRecords(db, RowCodes(db, outbox._sealer), outbox._actor)

    patch.setattr(SqliteOutbox, "sealed_records", property(sealed_records))
    patch.setattr(reseal, "_BATCH", 2)
    return made


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A property that has saved some reports."""
    return begun(tmp_path, monkeypatch)


def test_a_change_of_keys(installation: Installation) -> None:
    """All rows and drafts are sealed to the new key, nothing else of them changes, and the old key is deleted."""
    before, rows = installation.read(), installation.rows()
    assert installation.change() == REPORTS
    assert installation.read() == before
    assert installation.rows() == rows
    assert [content.report.id for content in before] == [uuid(number) for number in range(REPORTS)]
    assert (installation.sealed_to(NEW), installation.sealed_to(PRIVATE_KEY)) == (REPORTS, 0)
    assert installation.public_key == NEW_PUBLIC
    assert Keys(lambda: installation.store).all() == [NEW]
    with SqliteOutbox.open(installation.path, alone(NEW)) as outbox:
        drafts = outbox.drafts.waiting(NOON)
        assert [(outbox.drafts.open(draft), draft.saved_at) for draft in drafts] == [(each, NOON) for each in DRAFTS]
    with installation.outbox() as outbox:
        last = list(outbox.audit_trail.entries())[-1]
        assert (last.action, last.detail) == ("key_rotated", fingerprint(NEW_PUBLIC))
        assert outbox.audit_trail.verify().wrong is None
    with installation.pair() as pair:
        assert (pair.private_key(), pair.fingerprint) == (NEW, fingerprint(NEW_PUBLIC))
        assert not any(repr(key) in repr(pair) for key in (NEW, NEW_PUBLIC))
    sealed = installation.sealed_drafts()
    assert installation.change() == 0  # once more: nothing to do
    assert installation.sealed_drafts() == sealed


@pytest.mark.parametrize("content", [b"\x01no sealed box", 7])
def test_a_draft_that_does_not_open_is_deleted(installation: Installation, content: object) -> None:
    """An unfinished draft does not prevent the change of keys, nor that of another draft; the trail records it once."""
    installation.sql("UPDATE drafts SET content = ? WHERE rowid = 1", content)
    assert installation.change() == REPORTS
    assert installation.drafts() == DRAFTS[:1]
    with installation.outbox() as outbox:
        recorded = [(event.action, event.detail) for event in outbox.audit_trail.entries()][-2:]
        assert recorded == [("draft_erased", "unreadable"), ("key_rotated", fingerprint(NEW_PUBLIC))]
        assert outbox.audit_trail.verify().wrong is None


def test_the_old_seals_leave_the_disk(installation: Installation) -> None:
    """Neither the database nor its log has a record as it was sealed before: the old key may be in wrong hands."""
    with closing(sqlite3.connect(installation.path)) as db:
        columns = db.execute(
            "SELECT content FROM reports UNION ALL SELECT content FROM drafts "
            "UNION ALL SELECT photo FROM reports WHERE photo IS NOT NULL"
        )
        sealed = [row[0] for row in columns]
    with installation.pair() as pair:  # the last connection to close would empty the log
        pair.change(NEW)
        left = b"".join(path.read_bytes() for path in installation.folder.glob("outbox.db*"))
    assert [record for record in sealed if record[8:60] in left] == []


def dies(installation: Installation) -> bool:
    try:
        installation.change()
    except Killed:
        return True
    return False


def nothing_is_in_doubt(installation: Installation) -> bool:
    """Whether each check with the key finds nothing."""
    with installation.outbox() as outbox:
        verified = outbox.integrity.verify()
        found = outbox.authenticate(ask=True)
        return verified.with_key and not [*verified.doubts, *found.doubts, *outbox.integrity.doubts()]


@pytest.mark.parametrize("death", [1, 2, 3, 6, 9])
def test_a_death(installation: Installation, death: int) -> None:
    """Whatever was done by then, a new process reads everything; and the next change, to another key, finishes it."""
    before = installation.read()
    with installation.outbox() as outbox:
        outbox.record_public_key(encode_key(PUBLIC_KEY))
    installation.death = death
    assert dies(installation)
    installation.death = -1
    assert (installation.read(), installation.drafts()) == (before, DRAFTS)
    assert len(set(Keys(lambda: installation.store).all())) == 2
    assert nothing_is_in_doubt(installation)
    installation.change(OTHER)
    assert (installation.read(), installation.drafts()) == (before, DRAFTS)
    assert installation.sealed_to(OTHER) == REPORTS
    assert nothing_is_in_doubt(installation)
    assert Keys(lambda: installation.store).next() is None


def test_what_others_do_meanwhile(installation: Installation) -> None:
    """A process that started before seals to the new key once it is recorded; what was saved earlier is resealed."""
    numbers = count(100)
    late = installation.outbox()

    def save(step: int) -> None:
        if step < 40 and step % 2:
            late.add(report(next(numbers)), due_at=NOON, warnings=[finding()])

    installation.meanwhile = save
    installation.change()
    installation.meanwhile = lambda _step: None
    saved = next(numbers) - 100
    late.add(report(99), due_at=NOON)
    late.close()
    assert len(installation.read()) == REPORTS + saved + 1
    assert saved > 3
    assert (installation.sealed_to(NEW), installation.sealed_to(PRIVATE_KEY)) == (REPORTS + saved + 1, 0)


def refuse(_installation: Installation) -> bytes:
    raise SettingsProblem(msg("The settings cannot be read."))


class TestTwoChangesWhileAProcessRuns:
    """The process read the settings before both changes, and its key is not kept any more when it stores a record."""

    @pytest.fixture
    def late(self, installation: Installation) -> Iterator[SqliteOutbox]:
        """The outbox of a process that started before the changes."""
        with installation.outbox() as late:
            late.add(report(50), due_at=NOON)
            installation.change(NEW)
            installation.change(OTHER)
            assert PRIVATE_KEY not in Keys(lambda: installation.store).all()
            yield late

    def test_what_is_saved(self, installation: Installation, late: SqliteOutbox) -> None:
        """A report, a group and a draft are sealed to the current key, and open in this process and in a new one."""
        entry = late.add(report(60), due_at=NOON, warnings=[finding()])
        assert late.content(entry).warnings == (finding(),)
        late.add_all([NewReport(report(number), NOON, [finding()]) for number in (61, 62)])
        assert installation.sealed_to(OTHER) == len(installation.read()) == REPORTS + 4
        late.drafts.save("half-typed again", NOON)
        assert installation.drafts() == ["half-typed again", *DRAFTS]

    def test_the_findings_of_an_answer(self, installation: Installation, late: SqliteOutbox) -> None:
        """What the authority answers about a report opens."""
        lease, _claimed = late.claim([uuid(3)], now=NOON, lease_until=NOON)
        late.settle(lease, [Change(uuid(3), State.REJECTED, "rejected", errors=(finding(),), warnings=(finding(),))])
        assert installation.sealed_to(OTHER) == len(installation.read()) == REPORTS + 1
        [content] = [content for content in installation.read() if content.report.id == uuid(3)]
        assert (content.errors, content.warnings) == ((finding(),), (finding(),))

    def test_settings_that_cannot_be_read(self, late: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is saved that might never open, and nothing is sent that could not be proven."""
        monkeypatch.setattr(Installation, "public_key", property(refuse))
        with pytest.raises(SettingsProblem):
            late.claim([uuid(3)], now=NOON, lease_until=NOON)
        assert late.find(uuid(3))[0].state is State.QUEUED
        with pytest.raises(SettingsProblem):
            late.add(report(60), due_at=NOON)
        assert late.find(uuid(60)) == []


def test_an_outbox_without_a_recorded_key_accepts_every_key(installation: Installation) -> None:
    """Earlier versions did not record it; the next change of keys does."""
    with installation.outbox() as late:
        late.add(report(60), due_at=NOON)
        installation.death = 1  # the vault has the new key already
        assert dies(installation)
        installation.death = -1
        late.add(report(61), due_at=NOON)
        assert (installation.sealed_to(NEW), installation.sealed_to(PRIVATE_KEY)) == (0, REPORTS + 2)
        installation.change()
        late.add(report(62), due_at=NOON)
    assert installation.sealed_to(NEW) == REPORTS + 3


def test_the_old_key_is_kept_while_it_is_needed(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a report or a draft that an earlier version of the program saved meanwhile; the next change deletes it."""
    for record_id, table, columns in (
        (uuid(70), "reports", "id, short_id, stay_id, kind, created_at, content"),
        ("draft:70", "drafts", "id, kept_at, content"),
    ):
        sealed = alone(PRIVATE_KEY).seal(record_id, to_json(report(70)))
        values = [record_id, "70", uuid(70), "check_in", 5] if table == "reports" else [record_id, 5]
        places = ", ".join("?" * (len(values) + 1))

        def finish(keys: Keys, really: Callable[[Keys], None] = Keys.finish_rotation) -> None:
            really(keys)
            installation.sql(f"INSERT INTO {table} ({columns}) VALUES ({places})", *values, sealed)  # noqa: B023, S608

        with monkeypatch.context() as patch:
            patch.setattr(Keys, "finish_rotation", finish)
            installation.change()
        assert Keys(lambda: installation.store).all() == [NEW, PRIVATE_KEY]
        with installation.pair() as pair:
            assert pair.keeps_old_key
        assert installation.change() == (table == "reports")
        assert Keys(lambda: installation.store).all() == [NEW]
        with installation.pair() as pair:
            assert not pair.keeps_old_key
        installation.change(PRIVATE_KEY)
    assert installation.drafts()[-1] is not None


def test_a_process_that_reads_meanwhile(installation: Installation) -> None:
    """It started with the old key, and reads each report at each step; one that opens nothing before the end, too."""
    before = installation.read()
    with installation.outbox() as reader, installation.outbox() as late:
        entries = list(reader.entries(Selection()))

        def read(_step: int) -> None:
            assert [reader.content(entry) for entry in entries] == before

        reader.content(entries[0])
        installation.meanwhile = read
        installation.change()
        read(0)
        assert [late.content(entry) for entry in entries] == before


CHANGED = {
    "warnings": ("warnings = CAST(warnings || x'00' AS BLOB)", uuid(1), SealBroken),
    "photo": ("photo = CAST(photo || x'00' AS BLOB)", uuid(WITH_PHOTO[1]), SealBroken),
    "another row's": (f"content = (SELECT content FROM reports WHERE id = '{uuid(3)}')", uuid(4), SealBroken),  # noqa: S608  our own id
    "a text": ("content = 'text'", uuid(3), OutboxDamaged),
    "a number": ("content = 7", uuid(3), OutboxDamaged),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_record_that_does_not_open_stops_it(installation: Installation, name: str) -> None:
    """Before anything changes: the record is named, with what to do, and everything else stays as it was."""
    change, report_id, error = CHANGED[name]
    installation.sql(f"UPDATE reports SET {change} WHERE id = ?", report_id)  # noqa: S608  constants
    kept = installation.installation.read_bytes()
    with pytest.raises(error) as caught:
        installation.change()
    if error is SealBroken:
        assert report_id in caught.value.message.render()
        assert "apoa purge --guest" in str(caught.value.advice and caught.value.advice.render())
    assert (installation.steps, installation.installation.read_bytes()) == (0, kept)
    assert Keys(lambda: installation.store).all() == [PRIVATE_KEY]


def test_few_photos_are_held_at_once(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with photos are sealed again in smaller batches: others wait for less, and memory stays flat."""
    monkeypatch.setattr(reseal, "_BATCH", 200)
    monkeypatch.setattr(reseal, "_PHOTOS", 2)
    batches = []
    really = reseal.SealedRecords._batch

    def batch(self: reseal.SealedRecords, *query: Any) -> Any:
        rows = really(self, *query)
        batches.append([row.id for row in rows])
        return rows

    monkeypatch.setattr(reseal.SealedRecords, "_batch", batch)
    assert installation.change() == REPORTS
    assert [uuid(0), uuid(1), uuid(2)] in batches
    assert max(map(len, batches)) == REPORTS - 3
    assert installation.sealed_to(NEW) == REPORTS


def test_what_was_erased_stays_erased(installation: Installation) -> None:
    """A row without content is skipped."""
    installation.sql("UPDATE reports SET content = NULL, errors = NULL, warnings = NULL WHERE id = ?", uuid(1))
    assert installation.change() == REPORTS - 1
    with closing(sqlite3.connect(installation.path)) as db:
        assert db.execute("SELECT content, errors, warnings FROM reports WHERE id = ?", [uuid(1)]).fetchall() == [
            (None, None, None)
        ]


def test_not_during_a_delivery(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the call, and then gives up with nothing changed; so it does during other maintenance."""
    monkeypatch.setattr("apoa_client.app.key_rotation._WAIT_S", 0)
    with installation.outbox() as other, other.maintenance(msg("Later."), wait_s=0), pytest.raises(NotNow):
        installation.change()
    with installation.outbox() as other:
        now, waiting = NO_ACTOR.now(), [entry.id for entry in other.heads()]
        assert other.claim(waiting, now=now, lease_until=now + timedelta(minutes=5))[1]
        with pytest.raises(NotNow):
            installation.change()
    assert installation.steps == 0


def test_a_key_from_the_environment_is_not_replaced(installation: Installation) -> None:
    """This program cannot change the environment, whose key would still be tried first."""
    with raises_error("key_from_outside"):
        installation.change(APOA_PRIVATE_KEY=encode_key(PRIVATE_KEY))
    assert installation.steps == 0


def test_a_lost_key_cannot_be_replaced_while_there_are_reports(installation: Installation) -> None:
    """They could not be read any more. Without reports, a new key is all that is needed."""
    installation.store.delete(PRIVATE_KEY_NAME)
    with pytest.raises(SecretMissing):
        installation.change()
    installation.sql("DELETE FROM reports")
    assert installation.change() == 0
    assert installation.public_key == NEW_PUBLIC


class TestRecovery:
    """A private key is recovered."""

    def test_it_fits(self, installation: Installation) -> None:
        """It is stored and recorded in the trail; the key that was in its place is kept as an old one.

        Another property's is refused. One that is here changes nothing: a way to test a code. An unreadable vault may
        have any key.
        """
        assert installation.recover(PRIVATE_KEY) is KeyRecovery.ALREADY_HERE
        with raises_error("key_of_another"):
            installation.recover(OTHER)
        assert Keys(lambda: installation.store).all() == [PRIVATE_KEY]
        installation.store.set(PRIVATE_KEY_NAME, encode_key(OTHER))
        assert installation.recover(PRIVATE_KEY) is KeyRecovery.RECOVERED
        assert Keys(lambda: installation.store).all() == [PRIVATE_KEY, OTHER]
        assert len(installation.read()) == REPORTS
        with installation.outbox() as outbox:
            assert list(outbox.audit_trail.entries())[-1].action == "key_recovered"
        (installation.folder / "keys.json").write_text("{")
        with pytest.raises(CredentialsProblem):
            installation.recover(PRIVATE_KEY)

    def test_a_backup_from_the_middle_of_a_change(self, installation: Installation) -> None:
        """Two sheets recover both keys, in either order; everything is readable, and the next change leaves one key."""
        installation.death = 6
        assert dies(installation)
        installation.death = -1
        assert 0 < installation.sealed_to(NEW) < REPORTS
        (installation.folder / "keys.json").unlink()
        assert installation.recover(PRIVATE_KEY) is KeyRecovery.FOR_OLDER_RECORDS
        assert installation.recover(NEW) is KeyRecovery.RECOVERED
        assert len(installation.read()) == REPORTS
        with raises_error("key_of_another"):
            installation.recover(OTHER)
        installation.change(OTHER)
        assert installation.sealed_to(OTHER) == REPORTS

    def test_more_keys_than_can_be_kept(self, installation: Installation) -> None:
        """A key that still opens a record is never dropped."""
        sealed = alone(OTHER).seal(uuid(3), to_json(report(3)))
        installation.sql("UPDATE reports SET content = ?, errors = NULL, warnings = NULL WHERE id = ?", sealed, uuid(3))
        sealed = alone(NEW).seal(uuid(4), to_json(report(4)))
        installation.sql("UPDATE reports SET content = ?, errors = NULL, warnings = NULL WHERE id = ?", sealed, uuid(4))
        assert installation.recover(OTHER) is KeyRecovery.FOR_OLDER_RECORDS
        assert installation.recover(OTHER) is KeyRecovery.FOR_OLDER_RECORDS
        with raises_error("key_of_another") as caught:
            installation.recover(NEW)
        assert "more key pairs" in caught.value.message.render()
        installation.sql("DELETE FROM reports WHERE id = ?", uuid(3))
        assert installation.recover(NEW) is KeyRecovery.FOR_OLDER_RECORDS
