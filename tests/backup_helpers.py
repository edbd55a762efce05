"""Properties with an outbox, each in its own folder, that are backed up, lost and restored."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from conftest import NOW
from outbox_helpers import PUBLIC_KEY, open_outbox

from apoa_client.archive.backup import BackupInfo, BackupResult, digest, write_backup
from apoa_client.archive.restore import RestoreResult, restore_backup
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Actor
from apoa_client.settings.config import PropertySettings, load
from apoa_client.settings.folders import Folders
from apoa_client.settings.writer import save, settings_text
from apoa_client.vault.sealing import encode_key

ACTOR = Actor(lambda: "wayan", lambda: NOW)
KEY = encode_key(PUBLIC_KEY)
SETTINGS = PropertySettings(
    "melati", "https://authority.example/v1", KEY, username="wisma", office="Denpasar", window_hours=12
)


class Home:
    """One computer, as far as the property is concerned."""

    def __init__(self, folder: Path, settings: PropertySettings | None = None) -> None:
        self.folders = Folders(folder, folder)
        if settings is not None:
            open_outbox(self.folders.outbox(settings.name)).close()
            save(self.folders.config, settings)

    @property
    def settings(self) -> PropertySettings:
        return load(self.folders.config).properties["melati"]

    @property
    def path(self) -> Path:
        return self.folders.outbox("melati")

    def outbox(self) -> SqliteOutbox:
        return open_outbox(self.path)

    def back_up(self, file: Path, *, force: bool = False) -> BackupResult:
        info = BackupInfo("0.0", NOW, "melati", settings_text(self.settings))
        return write_backup(self.path, file, lambda: info, ACTOR, force=force)

    def restore(self, file: Path, name: str = "", **how: Any) -> RestoreResult:
        return restore_backup(file, self.folders, ACTOR, name=name, **how)

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
    contents = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: content for name, content in contents.items() if content or not name.endswith("-wal")}


def changed(made: Path, *statements: str) -> Path:
    """Manipulate a backup."""
    with closing(sqlite3.connect(made)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return made


def signed(made: Path, *statements: str) -> Path:
    """Manipulate a backup, and compute its digest again."""
    changed(made, "DELETE FROM backup WHERE key = 'sha256'", "PRAGMA ignore_check_constraints = ON", *statements)
    with closing(sqlite3.connect(made)) as db:
        found = digest(db)
        db.execute("INSERT INTO backup VALUES ('sha256', ?)", [found])
        db.commit()
    return made
