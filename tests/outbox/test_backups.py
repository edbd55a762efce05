"""What the outbox knows of its backups outlives the process, and never leaves the computer."""

import re
from pathlib import Path

import pytest
from outbox_helpers import HOUR, NOON, open_outbox
from outbox_stores import AnyOutbox, Store

from apoa_client.outbox.sql.metadata import LAST_BACKUP
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.state import FolderBackups


def test_the_series_is_made_once(store: Store, tmp_path: Path) -> None:
    """An outbox keeps its id, and another one has another."""
    with store.open() as outbox, open_outbox(tmp_path / "other" / "outbox.db") as other:
        series = outbox.backup_series()
        assert len(series) == 6
        assert other.backup_series() != series
    with store.open() as outbox:
        assert outbox.backup_series() == series


@pytest.mark.parametrize(
    "known",
    [
        FolderBackups(),
        FolderBackups(NOON),
        FolderBackups(None, NOON, NOON + HOUR),
        FolderBackups(NOON, NOON, other_disk=True),
    ],
)
def test_what_is_known_belongs_to_one_folder(store: Store, known: FolderBackups) -> None:
    """Of another folder, as after a change of the settings, nothing is known."""
    with store.open() as outbox:
        assert outbox.folder_backups("E:\\") == FolderBackups()
        outbox.record_folder_backups("E:\\", known)
    with store.open() as outbox:
        assert outbox.folder_backups("E:\\") == known
        assert outbox.folder_backups("/media/stick") == FolderBackups()


def test_no_path_is_stored(outbox: SqliteOutbox, path: Path) -> None:
    """The folder's name may name a person, and backups hold what the outbox knows."""
    outbox.record_folder_backups("/home/wayan", FolderBackups(NOON))
    outbox.close()
    assert b"wayan" not in path.read_bytes()


def test_each_desk_has_a_folder_of_its_own(outbox: AnyOutbox) -> None:
    """A shared outbox knows what is in the folder of each; one that is not used any more is forgotten."""
    for number in range(9):
        outbox.record_folder_backups(f"/media/{number}", FolderBackups(NOON + number * HOUR))
    assert outbox.folder_backups("/media/0") == FolderBackups()
    for number in range(1, 9):
        assert outbox.folder_backups(f"/media/{number}") == FolderBackups(NOON + number * HOUR)


@pytest.mark.parametrize("value", ["00000000", "x", "7cb2b4da 0 - -", "7cb2b4da 0 a - -", "7cb2b4da - 1 2 3"])
def test_an_invalid_value_is_unknown(outbox: AnyOutbox, store: Store, value: str) -> None:
    """No backup waits for it."""
    store.change("INSERT INTO memo (key, value) VALUES ('folder_backups', ?)", value)
    assert outbox.folder_backups("E:\\") == FolderBackups()
    outbox.record_folder_backups("E:\\", FolderBackups(NOON))
    assert outbox.folder_backups("E:\\") == FolderBackups(NOON)


@pytest.mark.parametrize("value", ["", "noon", 1.5, 1 << 62])
def test_an_invalid_time_of_the_last_backup_is_unknown(outbox: AnyOutbox, store: Store, value: object) -> None:
    """`apoa status` shows what waits all the same."""
    store.change("INSERT INTO memo (key, value) VALUES ('last_backup', ?)", value)
    assert outbox.value(LAST_BACKUP) is None


@pytest.mark.parametrize("value", ["", "../../x", "ABCDEF", "1234567", 5])
def test_an_invalid_series_is_replaced(outbox: AnyOutbox, store: Store, value: object) -> None:
    """It becomes a part of a file's name."""
    store.change("INSERT INTO memo (key, value) VALUES ('backup_series', ?)", value)
    series = outbox.backup_series()
    assert re.fullmatch("[0-9a-f]{6}", series)
    assert outbox.backup_series() == series
