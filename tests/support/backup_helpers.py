"""Properties with an outbox, each in its own folder, that are backed up, lost and restored."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from basics import NOW
from outbox_helpers import PRIVATE_KEY, PUBLIC_KEY, open_outbox

from apoa_client.archive.backup import BackupResult, back_up
from apoa_client.archive.backup_check import BackupInfo, digest
from apoa_client.archive.restore import Here, RestoreResult, restore_backup
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite.database import open_database
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.state import Actor
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import Folders
from apoa_client.settings.reading import load
from apoa_client.settings.writer import save, settings_text
from apoa_client.vault.sealing import Purpose, encode_key, mac, mac_key

ACTOR = Actor(lambda: "wayan", lambda: NOW)
KEY = encode_key(PUBLIC_KEY)
SETTINGS = PropertySettings(
    "melati", "https://authority.example/v1", KEY, username="wisma", office="Denpasar", window_hours=12
)


class KeysAtHand:
    """A `Trust` with some private keys, and a user who confirms everything."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys
        self.asked: list[PropertySettings] = []

    def private_keys(self, settings: PropertySettings) -> Sequence[bytes]:
        assert settings
        return self._keys

    def confirm(self, settings: PropertySettings, *, needed: bool) -> None:
        if needed:
            self.asked.append(settings)


class Home:
    """One computer, as far as the property is concerned."""

    def __init__(self, folder: Path, settings: PropertySettings | None = None) -> None:
        self.folders = Folders(folder, folder, folder / "logs")
        if settings is not None:
            open_outbox(self.folders.outbox(settings.name)).close()
            save(self.folders.config, settings)

    @property
    def settings(self) -> PropertySettings:
        return load(self.folders.config).properties["melati"]

    @property
    def same_settings(self) -> PropertySettings:
        """The settings without the key of the guest hash, which is new after a restore."""
        return self.settings._replace(index_key="")

    @property
    def path(self) -> Path:
        return self.folders.outbox("melati")

    def outbox(self) -> SqliteOutbox:
        return open_outbox(self.path)

    def back_up(self, file: Path, *, force: bool = False, private_key: bytes | None = PRIVATE_KEY) -> BackupResult:
        info = BackupInfo("0.0", NOW, "melati", settings_text(self.settings._replace(index_key="")))
        with closing(open_database(self.path, create=False)) as db:
            return back_up(db, file, lambda: (info, private_key), ACTOR, force=force)

    def restore(
        self, file: Path, name: str = "", *, dry_run: bool = False, keys: Sequence[bytes] = (PRIVATE_KEY,)
    ) -> RestoreResult:
        """Restore a backup with these private keys at hand; a user confirms what nothing proves."""
        self.trust = KeysAtHand(keys)
        here = Here(self.folders, ACTOR, self.open_shared)
        return restore_backup(file, here, self.trust, name=name, dry_run=dry_run)

    def open_shared(self, settings: PropertySettings) -> Outbox:
        """Open the shared outbox of the settings: a test of one replaces this."""
        raise AssertionError(settings.outbox)

    def rows(self, name: str = "melati") -> list[dict[str, Any]]:
        """Every column of every report, in order."""
        return rows_of(self.folders.outbox(name))


def rows_of(file: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(file)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM reports ORDER BY seq")]


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, byte for byte, without empty write-ahead logs."""
    files = {path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")}
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: content for name, content in contents.items() if content or not name.endswith("-wal")}


def changed(made: Path, *statements: str) -> Path:
    """Manipulate a backup."""
    with closing(sqlite3.connect(made)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return made


def signed(made: Path, *statements: str, private_key: bytes | None = None) -> Path:
    """Manipulate a backup, and compute its digest again, and its code with this key; without one it has no code."""
    unsign = "DELETE FROM backup WHERE key IN ('sha256', 'mac')"
    changed(made, unsign, "PRAGMA ignore_check_constraints = ON", *statements)
    with closing(sqlite3.connect(made)) as db:
        found = digest(db)
        db.execute("INSERT INTO backup VALUES ('sha256', ?)", [found])
        if private_key is not None:
            code = mac(mac_key(private_key, Purpose.BACKUP), found.encode())
            db.execute("INSERT INTO backup VALUES ('mac', ?)", [code])
        db.commit()
    return made
