"""Backups that another program changed: what notices each change, with the private key at hand and without it.

Each change is tried in three ways: as it is; with the digest computed again, which needs no secret; and with the code
of the key removed too, so that it looks like a backup that was made without the key. `CHANGES` says what comes of the
last one, which nothing can prove; with the key at hand the first two are refused.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import pytest
from authority_simulator import AuthoritySimulator
from backup_helpers import SETTINGS, Home, changed, signed, snapshot
from basics import FixedClock, raises_error
from delivery_helpers import Hotel
from delivery_helpers import report as guest_report
from key_helpers import new_key_pair
from outbox_helpers import PHOTO, PUBLIC_KEY, report, sealer, uuid
from outbox_stores import SqliteStore

from apoa_client.archive.merge import MergeResult
from apoa_client.errors import DataRefused, SealBroken, SettingsProblem
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import State
from apoa_client.report.model import to_json
from apoa_client.settings.config import TRAINING
from apoa_client.vault.sealing import PropertySealer, encode_key

FORGER, FORGER_PUBLIC = new_key_pair()
ACCEPT = "state = 'accepted', receipt_number = 'STT-9', receipt_issued_at = 5, finished_at = 5"

SAME = "UPDATE backup SET value = value WHERE key = 'sha256'"
"""A statement that changes nothing."""


def of(report: int, change: str) -> str:
    return f"UPDATE reports SET {change} WHERE id = '{uuid(report)}'"  # noqa: S608  ours


def setting(line: str) -> str:
    return f"UPDATE backup SET value = value || '{line}' || char(10) WHERE key = 'settings'"  # noqa: S608  ours


def replaced(before: str, after: str) -> str:
    return f"UPDATE backup SET value = replace(value, '{before}', '{after}') WHERE key = 'settings'"  # noqa: S608  ours


def resealed() -> str:
    """Another guest's report under the id of report 2: sealing needs only the public key."""
    forged = PropertySealer(PUBLIC_KEY, lambda: b"").seal(uuid(2), to_json(guest_report(2, document=99)))
    return of(2, f"content = x'{forged.hex()}'")


def sealed_photo() -> bytes:
    return sealer().seal(f"{uuid(2)}#photo", PHOTO)


def added() -> str:
    sealed = sealer().seal(uuid(9), to_json(guest_report(9)))
    return (
        "INSERT INTO reports (id, short_id, stay_id, kind, created_at, content) "  # noqa: S608  ours
        f"VALUES ('{uuid(9)}', '{uuid(9)[-8:]}', '{uuid(9, 'a')}', 'check_in', 5, x'{sealed.hex()}')"
    )


KEPT = "the reports here stay as they are"
REFUSED = "refused"
DAMAGED = "no backup of this program"
NEW_REPORT = "a report is added"
QUEUED = "what is open in it waits to be sent"
SEALED = "the seal does not open"
SHOWN = "a user sees it, and must confirm it"
LEFT_OUT = "a report is left out, and counted"
REMOVED = "nothing shows it"

CHANGES: dict[str, tuple[list[str], str, str]] = {
    # Each with what comes of it where all reports wait, and on a computer without the property.
    "nothing but the code": ([SAME], KEPT, QUEUED),
    "accepted": ([of(2, ACCEPT)], KEPT, LEFT_OUT),
    "rejected": ([of(2, "state = 'rejected', errors = x'00'")], KEPT, QUEUED),
    "pending": ([of(2, "state = 'pending'")], KEPT, QUEUED),
    "another receipt": ([of(1, "receipt_number = 'STT-8'")], KEPT, QUEUED),
    "accepted, and typed": ([of(2, f"{ACCEPT}, receipt_typed = 1")], KEPT, LEFT_OUT),
    "withdrawn": ([of(2, "state = 'withdrawn', finished_at = 5")], KEPT, LEFT_OUT),
    "replaced": ([of(2, "state = 'superseded', finished_at = 5, errors = x'00'")], KEPT, LEFT_OUT),
    "erased": ([of(2, f"{ACCEPT}, content = NULL, warnings = NULL, erased_at = 5")], KEPT, LEFT_OUT),
    "photo put in": ([of(2, f"photo_state = 'kept', photo = x'{sealed_photo().hex()}'")], KEPT, QUEUED),
    "photo without a state": ([of(2, f"photo = x'{sealed_photo().hex()}'")], DAMAGED, DAMAGED),
    "photo removed": ([of(2, "photo_state = 'kept'")], DAMAGED, DAMAGED),
    "deleted": ([f"DELETE FROM reports WHERE id = '{uuid(2)}'"], KEPT, REMOVED),  # noqa: S608  ours
    "a flipped bit": (
        [
            of(
                2,
                "content = CAST(substr(content, 1, 80) || CASE substr(content, 81, 1) WHEN x'00' THEN x'01' ELSE x'00' "
                "END || substr(content, 82) AS BLOB)",
            )
        ],
        KEPT,
        SEALED,
    ),
    "exchanged": (
        [of(2, f"content = (SELECT content FROM reports WHERE id = '{uuid(3)}')")],  # noqa: S608  ours
        KEPT,
        SEALED,
    ),
    "sealed again": ([resealed()], KEPT, QUEUED),
    "added": ([added()], NEW_REPORT, NEW_REPORT),
    "in another order": ([of(2, "seq = 99")], KEPT, QUEUED),
    "audit events": (["DELETE FROM audit WHERE n = 2"], KEPT, QUEUED),
    "metadata": (["INSERT INTO memo VALUES ('stop', 'wrong_password 5 x')"], KEPT, QUEUED),
    "address": ([replaced("authority.example", "forger.example")], KEPT, SHOWN),
    "certificates": ([setting('ca_bundle = "/tmp/forger.pem"')], KEPT, QUEUED),
    "account": ([replaced("wisma", "forger"), setting('property_id = "forger"')], KEPT, SHOWN),
    "public key": ([replaced(encode_key(PUBLIC_KEY), encode_key(FORGER_PUBLIC))], REFUSED, SHOWN),
    "training": ([replaced("https://authority.example/v1", TRAINING)], REFUSED, SHOWN),
}


class Property:
    """A property whose first report of three was accepted, its authority and backup, and a computer that is behind."""

    def __init__(self, folder: Path) -> None:
        self.authority = AuthoritySimulator()
        self.clock = FixedClock()
        old = Home(folder / "old", SETTINGS)
        hotel = Hotel(SqliteStore(old.path), self.clock, self.authority)
        hotel.add(1)
        hotel.sync()
        hotel.add(2, 3)
        hotel.close()
        self.file = folder / "apoa.db"
        old.back_up(self.file)
        self.here = Home(folder / "here", SETTINGS)
        self.here.restore(self.file)
        waits = "state = 'queued', receipt_number = NULL, receipt_issued_at = NULL, finished_at = NULL, errors = NULL"
        changed(self.here.path, of(1, waits))
        self.new = Home(folder / "new")
        self.folder = folder

    def copied(self, folder: Path) -> "Property":
        """Return a copy of it all in another folder."""
        found = deepcopy(self)
        found.folder, found.file = shutil.copytree(self.folder, folder), folder / "apoa.db"
        found.here, found.new = Home(folder / "here"), Home(folder / "new")
        return found

    def deliver(self, home: Home) -> Hotel:
        hotel = Hotel(SqliteStore(home.path), self.clock, self.authority)
        self.errors = [hotel.sync().error, hotel.sync().error]
        return hotel

    def assert_delivered(self, home: Home) -> None:
        """The authority has every report, and the receipts here are its own."""
        hotel = self.deliver(home)
        for entry in hotel.outbox.entries(Selection()):
            assert (entry.state, entry.receipt) == (State.ACCEPTED, self.authority.acquired[entry.id])
        hotel.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Property:
    """The property of which each test has a copy."""
    return Property(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def target(whole: Property, tmp_path: Path) -> Property:
    return whole.copied(tmp_path / "copy")


every_change = pytest.mark.parametrize(("statements", "here", "elsewhere"), CHANGES.values(), ids=list(CHANGES))


@every_change
def test_with_the_key(target: Property, statements: list[str], here: str, elsewhere: str) -> None:
    """The digest notices a change, and the code one whose digest was computed again. Nothing is changed here."""
    assert here
    assert elsewhere
    original = target.file.read_bytes()
    code = rows_in_backup(target.file)["mac"]
    for home in (target.here, target.new):
        before = snapshot(home.folders.data)
        target.file.write_bytes(original)
        changed(target.file, *statements)
        if statements != [SAME]:
            with raises_error("backup_damaged"):
                home.restore(target.file)
        signed(target.file, *([] if statements != [SAME] else [of(3, "due_at = 5")]))
        changed(target.file, f"INSERT INTO backup VALUES ('mac', x'{code.hex()}')")  # noqa: S608  ours
        if here == REFUSED and home is target.new and encode_key(FORGER_PUBLIC) in statements[0]:
            assert not home.restore(target.file).proved  # the key here says nothing about another one
            continue
        with raises_error("backup_forged", "other_key", *(["backup_damaged"] if here == DAMAGED else [])):
            home.restore(target.file)
        assert snapshot(home.folders.data) == before


@every_change
def test_without_proof_where_the_reports_wait(
    target: Property, statements: list[str], here: str, elsewhere: str
) -> None:
    """No report is changed for it, nothing of the settings changes, and the authority gets each."""
    assert elsewhere
    signed(target.file, *statements)
    before = target.here.rows()
    if here in {REFUSED, DAMAGED}:
        with pytest.raises(SettingsProblem if here == REFUSED else DataRefused):
            target.here.restore(target.file)
    else:
        restored = target.here.restore(target.file)
        added = int(here == NEW_REPORT)
        assert not restored.proved
        assert (restored.merged.inserted, restored.merged.advanced, restored.merged.left_out) == (added, 0, 0)
    assert target.here.rows()[: len(before)] == before
    assert target.here.settings == SETTINGS
    target.assert_delivered(target.here)
    assert len(target.here.rows()) == len(before) + (here == NEW_REPORT)


@every_change
def test_without_proof_on_a_new_computer(target: Property, statements: list[str], here: str, elsewhere: str) -> None:
    """A user must confirm address and key; what is open waits as a new report does, and no certificate is taken over.

    What the backup calls finished is counted: of the reports that the authority never received, the counted one.
    """
    assert here
    signed(target.file, *statements)
    if elsewhere == DAMAGED:
        with raises_error("backup_damaged"):
            target.new.restore(target.file, keys=[])
        return
    restored = target.new.restore(target.file, keys=[])
    assert not restored.proved
    [shown] = target.new.trust.asked
    assert shown == restored.settings == target.new.settings
    assert shown.ca_bundle == ""
    assert (shown != SETTINGS._replace(index_key=shown.index_key)) == (elsewhere == SHOWN)
    finished = 1 + (elsewhere == LEFT_OUT)
    added = (elsewhere == NEW_REPORT) - (elsewhere in {LEFT_OUT, REMOVED})
    assert restored.merged == MergeResult(2 + added, 0, 0, 0, left_out=finished)
    rows = target.new.rows()
    assert len(rows) == 2 + added
    new = {"state": "queued", "calls": 0, "attempts": 0, "receipt_number": None, "mac": None, "version": None}
    assert all({name: row[name] for name in new} == new for row in rows)
    with target.new.outbox() as outbox:
        assert outbox.audit_trail.verify().wrong is None
    if elsewhere == SEALED:
        target.deliver(target.new).close()
        assert any(isinstance(error, SealBroken) for error in target.errors)
        assert uuid(2) not in target.authority.acquired
    elif elsewhere != SHOWN:
        target.assert_delivered(target.new)


def test_with_the_key_and_without_a_code(target: Property) -> None:
    """As a backup of 0.1.0, or of a locked keyring: its open reports get a code, so that nothing is in doubt."""
    signed(target.file)
    assert target.new.restore(target.file).merged == MergeResult(2, 0, 0, 0, left_out=1)
    assert target.new.restore(target.file).merged == MergeResult(0, 0, 2, 0, left_out=1)
    target.assert_delivered(target.new)
    with target.new.outbox() as outbox:
        assert outbox.integrity.verify().doubts == ()


def test_what_was_sent_before_has_the_same_receipt(target: Property) -> None:
    """A report that waits in an old backup, and that the authority has since accepted, is not reported twice."""
    target.assert_delivered(target.here)
    before = dict(target.authority.acquired)
    signed(target.file)
    target.new.restore(target.file, keys=[])
    target.assert_delivered(target.new)
    assert target.authority.acquired == before


def rows_in_backup(file: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(file)) as db:
        return dict(db.execute("SELECT key, value FROM backup"))


@pytest.mark.parametrize("private_key", [FORGER, None], ids=["forger", "none"])
def test_a_code_of_another_key(target: Property, private_key: bytes | None) -> None:
    """Is no proof: it is refused where the property's key is at hand, and else it proves nothing."""
    signed(target.file, of(2, ACCEPT), private_key=private_key)
    if private_key is not None:
        with raises_error("backup_forged"):
            target.here.restore(target.file)
    for keys in ([], [FORGER]):
        assert not target.here.restore(target.file, keys=keys).proved
    target.assert_delivered(target.here)


def test_a_forger_who_puts_their_own_key_into_the_settings(target: Property) -> None:
    """And makes the code with it: the property here keeps its key; a new computer shows the forger's fingerprint."""
    theirs = replaced(encode_key(PUBLIC_KEY), encode_key(FORGER_PUBLIC))
    signed(target.file, theirs, private_key=FORGER)
    with raises_error("other_key"):
        target.here.restore(target.file)
    assert not target.new.restore(target.file, keys=[]).proved
    assert target.new.trust.asked[0].public_key == encode_key(FORGER_PUBLIC)


def test_an_older_backup(target: Property) -> None:
    """Played back with its code: what is here is further along, and stays."""
    old = target.file.read_bytes()
    target.assert_delivered(target.here)
    before = target.here.rows()
    target.file.write_bytes(old)
    assert target.here.restore(target.file).proved
    assert target.here.rows() == before


def test_a_backup_in_place_of_another_propertys(target: Property, tmp_path: Path) -> None:
    """Of the same key, because it was restored under another name once: its reports are added, none is changed."""
    other = Home(tmp_path / "other", SETTINGS)
    file = tmp_path / "other.db"
    with other.outbox() as outbox:
        outbox.add(guest_report(9), due_at=None)
    other.back_up(file)
    before = target.here.rows()
    target.here.restore(file)
    code = {"mac": None, "version": None}  # which a command with the key may give
    assert [row | code for row in target.here.rows()[: len(before)]] == [row | code for row in before]


_MB = 1 << 20
_ALLOWED = 52 * _MB
"""What a restore of it may take more than one of a small backup: each value is at most 4 MB, and read at once."""

_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "


_REPORTS = (
    _NUMBERS + "INSERT INTO reports (id, short_id, stay_id, kind, created_at, content) "  # noqa: S608  ours
    "SELECT printf('0199c2a4-7d1e-7b3c-9d55-%012x', i), printf('%08x', i), '0199c2a4-7d1e-7001-8a11-5f0f4f0be001', "
    "'check_in', 5, zeroblob({size}) FROM n"
)


def reports(count: int, size: int) -> str:
    """Return a statement that adds reports of this size, in bytes, all of one stay."""
    return _REPORTS.format(count=count, size=size)


HOSTILE = {
    "many reports": [reports(3000, 5000)],
    "long reports": [reports(30, 2 * _MB)],
    "the longest values": [
        f"UPDATE reports SET {name} = zeroblob({15 * _MB})"  # noqa: S608  ours
        for name in ("content", "errors", "warnings")
    ],
    "events": [
        _NUMBERS.format(count=100_000)  # noqa: S608  ours
        + "INSERT INTO audit (at, who, action, report, link) SELECT 5, 'x', 'saved', 'r' || i, zeroblob(32) FROM n"
    ],
    "schema": [
        "PRAGMA writable_schema = ON",
        _NUMBERS.format(count=200_000)
        + "INSERT INTO sqlite_master SELECT 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS SELECT 1' "
        "FROM n",
    ],
}

_RESTORE = """
import sys
from pathlib import Path
from backup_helpers import Home
from apoa_client.errors import ApoaError
def peak():  # in KiB; in place of `ru_maxrss`, which begins with the peak of the process that started this one
    [line] = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1])
small, hostile, folder = map(Path, sys.argv[1:])
Home(folder / "small").restore(small, keys=[])
before = peak()
try:
    Home(folder / "hostile").restore(hostile, keys=[])
except ApoaError as exc:
    assert exc.name == "backup_damaged", exc.name
print((peak() - before) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
@pytest.mark.parametrize("statements", HOSTILE.values(), ids=list(HOSTILE))
def test_the_memory_is_bounded(tmp_path: Path, statements: list[str]) -> None:
    """Restored, or refused as damaged, in a process of its own that takes little more memory than for a small one."""
    old, small, hostile = Home(tmp_path / "old", SETTINGS), tmp_path / "small.db", tmp_path / "hostile.db"
    with old.outbox() as outbox:
        outbox.add(report(1), due_at=None)
    old.back_up(small)
    hostile.write_bytes(small.read_bytes())
    if "PRAGMA writable_schema = ON" in statements:
        changed(hostile, *statements)
    else:
        signed(hostile, *statements)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "support")}
    arguments = [sys.executable, "-c", _RESTORE, str(small), str(hostile), str(tmp_path / "new")]
    done = subprocess.run(arguments, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < _ALLOWED
