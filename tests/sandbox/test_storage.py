"""The storage's file: durable, private, shared by processes, and without personal data."""

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import released_homes
from sandbox_helpers import PASSWORD, LogIn, Make, Report, Send

from apoa_client.errors import StorageProblem
from apoa_client.sandbox.decisions import SCHEMA_VERSION, Decisions, Record, Storage


def record(number: int) -> Record:
    return Record(f"id-{number}", "stay", "check_in", "c", "s", "accepted", "t", number=number, issued_at="2026")


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def test_no_personal_data_reaches_the_disk(
    make_server: Make,
    log_in: LogIn,
    send: Send,
    check_in: Report,
    follow_up: Report,
    tmp_path: Path,
) -> None:
    """No name, number, date or room of a guest is in any file, accepted or rejected, running or stopped.

    Of a photo there is the hash.
    """
    server = make_server(faults="ok,pending")
    accepted = check_in()
    refused = check_in({"guest.sex": "Jane", "guest.document.number": "??", "kind": "check_in"})
    smuggled = check_in(kind="RAHASIA KIND", stay_id="RAHASIA STAY")
    send(server, accepted, refused, smuggled, follow_up(accepted, "cancel"))
    send(server, check_in({"guest.document.number": "X7654321"}))
    photo, url = b"\xff\xd8\xff RAHASIA \xff\xd9", f"{server.base_url}/reports/{accepted['id']}/photo"
    assert log_in(server).put(url, data=photo, headers={"Content-Type": "image/jpeg"}, timeout=20).status_code == 200
    own = {"check_in", "F", "P", accepted["id"], accepted["stay_id"]}
    secret = {*texts(accepted), "X7654321", "RAHASIA", "Jane", PASSWORD} - own
    for _ in range(2):
        written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert accepted["id"].encode() in written
        assert hashlib.sha256(photo).hexdigest().encode() in written
        assert [text for text in secret if text.encode() in written] == []
        server.stop()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")
def test_file_and_folder_are_private(tmp_path: Path) -> None:
    """0600 in 0700, also for an existing file with other permissions."""
    path = tmp_path / "new" / "sandbox.db"
    Storage(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    Storage(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_failed_and_unkept_transactions_change_nothing(tmp_path: Path) -> None:
    """A transaction that raises, or with `keep` False, is rolled back, and the next one works."""
    storage = Storage(tmp_path / "sandbox.db")
    with storage.transaction() as records:
        records.save(record(1))
    with storage.transaction(keep=False) as records:
        records.save(record(2))
    with pytest.raises(KeyError):
        broken_off(storage)
    with storage.transaction() as records:
        assert records.find("id-1") == record(1)
        assert records.next_number() == 2
        assert records.find("id-2") is records.find("id-3") is None
    storage.close()


def broken_off(storage: Storage) -> None:
    with storage.transaction() as records:
        records.save(record(3))
        raise KeyError


_MANY = """
import sys
from pathlib import Path
from apoa_client.sandbox.decisions import Storage, Record
storage = Storage(Path(sys.argv[1]))
for n in range(20):
    with storage.transaction() as records:
        number = records.next_number()
        records.save(Record(f"{sys.argv[2]}-{n}", "stay", "check_in", "c", "s", "accepted", "t", number=number))
"""


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    """They open a new file at once and write to it; no number is lost or doubled."""
    path = tmp_path / "sandbox.db"
    runs = [subprocess.Popen([sys.executable, "-c", _MANY, str(path), name]) for name in ("a", "b")]
    assert [run.wait(timeout=60) for run in runs] == [0, 0]
    storage = Storage(path)
    with storage.transaction() as records:
        assert records.next_number() == 41
    storage.close()


def test_a_file_of_the_first_version_is_kept(tmp_path: Path) -> None:
    """A training file of release 0.1.0 keeps its reports and numbers, and takes photos from now on."""
    released_homes.unpack(4, tmp_path)
    path = tmp_path / released_homes.PROPERTY / "sandbox.db"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        ((report_id,),) = connection.execute("SELECT id FROM reports").fetchall()
    for photo in (None, "hash"):
        with closing(Storage(path)) as storage, storage.transaction() as records:
            kept = records.find(report_id)
            assert kept is not None
            assert (kept.status, kept.number, records.next_number()) == ("accepted", 1, 2)
            assert records.photo(report_id) == photo
            if photo is None:
                records.save_photo(report_id, "hash", "2026-11-27T09:00:00+08:00")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    with closing(Storage(path)) as storage, storage.transaction() as records:
        records.save(replace(record(2), status="duplicate", number=None, covered_by=report_id))
    with closing(Storage(path)) as storage:  # that version looked for duplicates
        result = Decisions(storage, lambda: datetime(2026, 11, 27, tzinfo=UTC), 24).result("id-2")
    assert result is not None
    assert result.receipt is not None
    assert result.receipt.number.endswith("-000001")


def test_broken_newer_or_unreachable_file(tmp_path: Path) -> None:
    """A file that is no database, one of a later version, and a folder: an error, and nothing is overwritten."""
    broken, newer, folder = tmp_path / "broken.db", tmp_path / "newer.db", tmp_path / "folder.db"
    broken.write_bytes(b"this is no database at all" * 100)
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    folder.mkdir()
    for path in (broken, newer, folder):
        with pytest.raises(StorageProblem) as caught:
            Storage(path)
        assert str(path) in caught.value.message.render()
    assert broken.read_bytes().startswith(b"this is no database")


def test_storage_that_fails_is_a_500_and_the_report_may_be_sent_again(
    make_server: Make,
    log_in: LogIn,
    check_in: Report,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """A disk error is an unknown outcome for the client, and prints no traceback."""
    server = make_server()
    http = log_in(server)
    with sqlite3.connect(tmp_path / "training" / "sandbox.db") as other:
        other.execute("ALTER TABLE reports RENAME TO elsewhere")
        other.commit()
        answer = http.post(f"{server.base_url}/reports", json={"reports": [check_in()]}, timeout=20)
        other.execute("ALTER TABLE elsewhere RENAME TO reports")
    other.close()
    assert answer.status_code == 500
    assert "storage_problem" in caplog.text
    again = http.post(f"{server.base_url}/reports", json={"reports": [check_in()]}, timeout=20)
    assert again.json()["results"][0]["status"] == "accepted"
