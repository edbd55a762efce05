"""Backups of a property whose reports are in a shared outbox: by hand, each day by one of the desks, and restored."""

import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa
from postgres_helpers import Cluster, SharedOutbox, new_shared_outbox

from apoa_client.app import backups
from apoa_client.app.container import Container
from apoa_client.cli.commands import scheduled_run
from apoa_client.cli.session import Session
from apoa_client.errors import Exit


@pytest.fixture
def stick(shared: Apoa) -> Path:
    """A folder for backups."""
    folder = shared.home.parent / "stick"
    folder.mkdir()
    return folder


def back_up(apoa: Apoa) -> str:
    """Write a backup into one file. Returns its path."""
    file = str(apoa.home.parent / "a.db")
    assert apoa("backup", file).code == 0
    return file


def test_a_backup_of_the_shared_outbox(
    shared: Apoa, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has everything, proved, and is restored on a computer that has not the property: into a file there."""
    shared.send(QUENTIN)
    shared.save(XIMENA)
    expected, file = shared.reports(), str(shared.home.parent / "a.db")
    said = shared("backup", file, "--json").json
    assert (said["reports"], said["proved"]) == (2, True)
    assert postgres_outbox.rows("SELECT action FROM audit ORDER BY n DESC LIMIT 1") == [("backed_up",)]
    keys, other = shared.home / "melati" / "keys.json", shared.home.parent / "other"
    (other / "melati").mkdir(mode=0o700, parents=True)
    shutil.copy(keys, other / "melati")
    monkeypatch.setitem(shared.environ, "APOA_HOME", str(other))
    restored = shared("restore", file)
    assert restored.code == 0, restored.all
    assert shared("config", "get", "outbox").out == "sqlite\n"
    assert shared.reports() == expected
    assert shared("log", "--verify").code == 0


def run_daily(apoa: Apoa) -> str:
    """One run of the daily backup, as after automatic sending. Returns what it prints."""
    session = Session(apoa.environ, apoa.clock)
    apoa.capsys.readouterr()
    assert scheduled_run.show_daily_backup(session) == 0
    session.close()
    return "".join(apoa.capsys.readouterr())


def test_the_daily_backup_of_several_desks(shared: Apoa, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of those with the same folder writes it, and the others leave it to that one, also while it is written."""
    shared.change_setting("backup_folder", str(stick))

    def write(app: Container, _environ: object) -> None:
        assert run_daily(shared) == ""  # of another desk
        backups.write_folder_backup(app, None, 14)

    monkeypatch.setattr(backups, "run_backup", write)
    for day in (1, 2):
        for _desk in range(3):
            assert run_daily(shared) == ""
        assert len(list(stick.iterdir())) == day
        shared.clock.forward(timedelta(days=1))
    [check] = [
        each for each in shared("doctor", "--offline", "--json").json["checks"] if each["name"] == "backup_folder"
    ]
    assert check["result"] == "ok"


def test_a_daily_backup_in_a_process_of_its_own(shared: Apoa, stick: Path) -> None:
    """It has the reports of the server, which are on no disk of this computer."""
    shared.save(QUENTIN)
    shared.change_setting("backup_folder", str(stick))
    with closing(Container(shared.environ, shared.clock)) as app:
        backups.run_backup(app, app.environ)
    [file] = stick.iterdir()
    assert shared("restore", str(file), "--dry-run", "--json").json["unchanged"] == 1
    assert shared("backup", "--to", str(stick), "--json").json["same_disk"] is False


def test_a_restore_into_a_shared_outbox(shared: Apoa, postgres_outbox: SharedOutbox) -> None:
    """As into a file: what the backup lacks stays, what is newer here stays, and nothing is sent twice."""
    first = shared.send(QUENTIN)
    second = shared.save(XIMENA)
    file = back_up(shared)
    assert shared("sync").code == 0
    third = shared.save(OBADIAH)
    postgres_outbox.change("DELETE FROM reports WHERE id = ?", first["id"])
    preview = shared("restore", file, "--dry-run", "--json").json
    assert len(postgres_outbox.reports()) == 2
    restored = shared("restore", file, "--json").json
    names = ("inserted", "advanced", "unchanged", "only_here", "created", "proved")
    assert [restored[name] for name in names] == [1, 0, 1, 1, False, True]
    assert {name: preview[name] for name in names} == {name: restored[name] for name in names}
    assert shared("sync", "--json").json["sent"] == 1
    accepted = sorted(each["id"] for each in (first, second, third))
    assert sorted(postgres_outbox.reports()) == [(each, "accepted") for each in accepted]
    again = shared("restore", file, "--json").json
    assert (again["inserted"], again["unchanged"]) == (0, 2)
    assert shared("status").code == 78  # another program removed one
    assert shared("log", "--accept").code == shared("status").code == 0


def test_a_restore_after_the_server_was_lost(shared: Apoa, postgres: Cluster, postgres_template: str) -> None:
    """Into a database that was just prepared: with the audit trail, and other desks see an older copy."""
    shared.send(QUENTIN)
    shared.save(XIMENA)
    file = back_up(shared)
    assert shared("sync").code == 0
    expected = shared("log", "--json").json["entries"]
    keys = shared.home / "melati" / "keys.json"
    before = keys.read_bytes()
    with new_shared_outbox(postgres, postgres_template) as empty:
        shared.change_setting("outbox", empty.address())
        preview = shared("restore", file, "--dry-run", "--json").json
        assert (preview["inserted"], empty.reports()) == (2, [])
        assert shared("restore", file, "--json").json["inserted"] == 2
        assert shared("log", "--verify").code == 0
        events = shared("log", "--json").json["entries"]
        assert events[:3] == expected[:3]
        after = keys.read_bytes()
        keys.write_bytes(before)  # another desk
        assert shared("log", "--verify").code == Exit.SETTINGS
        assert shared("log", "--accept").code == 0
        assert shared("log", "--verify").code == 0
        keys.write_bytes(after)
        assert shared("log", "--verify").code == 0
        assert shared("sync", "--json").json["sent"] == 1
        assert [state for _id, state in empty.reports()] == ["accepted"] * 2


def test_a_restore_of_another_key(shared: Apoa, postgres_outbox: SharedOutbox) -> None:
    """Nothing is restored that the other desks could not open."""
    shared.save(QUENTIN)
    file = back_up(shared)
    postgres_outbox.change("INSERT INTO memo (key, value) VALUES ('public_key', ?)", "A" * 43 + "=")
    said = shared("restore", file)
    assert (said.code, "sealed for another key" in said.err) == (Exit.SETTINGS, True)
