"""Restores a backup: a property that is not here is created, and one that is here gets the reports that it lacks.

Everything is checked before anything is changed, and each change is one step that happens completely or not at all: a
new outbox gets its name, some stays are merged in a transaction, the settings file is replaced. If a kill falls between
two steps, the same restore, run again, does the rest.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from apoa_client.archive.backup import Backup, not_ours, open_backup
from apoa_client.archive.merge import Merge, MergeResult, copy, count_shared
from apoa_client.errors import SettingsProblem
from apoa_client.files import make_private_folder
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import too_new
from apoa_client.outbox.locking import exclusive
from apoa_client.outbox.sqlite.database import (
    create_database,
    open_database,
    remove_abandoned_drafts,
    transaction,
)
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock, lock_holder
from apoa_client.outbox.sqlite.error_translation import translate_errors
from apoa_client.outbox.sqlite.sealing_key import record_public_key
from apoa_client.ports import Actor
from apoa_client.settings.config import PropertySettings, check_name, load, parse
from apoa_client.settings.folders import Folders
from apoa_client.settings.writer import save

LOCK_WAIT_S = 30.0
"""How long to wait for a delivery that is running."""

_GENERAL = ("display_name", "office", "address")
_OF_THE_AUTHORITY = ("username", "environment", "property_id", "ca_bundle")
"""Settings that are filled in if they are empty here; the latter only for the same authority."""


class RestoreResult(NamedTuple):
    """The result of a restore. `created` says that the property was not in the settings here before."""

    settings: PropertySettings
    created: bool
    made_at: datetime
    merged: MergeResult


def restore_backup(
    file: Path, folders: Folders, actor: Actor, *, name: str = "", dry_run: bool = False
) -> RestoreResult:
    """Restore a backup as the property `name`, or under the name in the backup if that is empty.

    With `dry_run`, find out what the result would be. Raises `DataRefused` (65), `SettingsProblem`, `StorageProblem`
    (78), or `NotNow` (75) while reports are sent; then nothing was changed.
    """
    with open_backup(file) as backup:
        try:
            theirs = parse(backup.info.settings, file).properties[backup.info.property_name]
        except (SettingsProblem, KeyError):  # they are intact, so another version wrote them
            raise too_new(file) from None
        except ValueError:  # such as an integer that is too long for Python
            raise not_ours(file) from None
        if name:
            check_name(name)
        task = _Restore(backup, theirs._replace(name=name or theirs.name), folders, actor)
        merged = task.preview() if dry_run else task.run()
        return RestoreResult(task.settings, task.known is None, backup.info.created_at, merged)


class _Restore:
    """The restoring of a backup, with the settings in it, into the property of that name."""

    def __init__(self, backup: Backup, theirs: PropertySettings, folders: Folders, actor: Actor) -> None:
        self.backup = backup
        self._theirs = theirs
        self.folders = folders
        self.actor = actor
        self.path = folders.outbox(theirs.name)
        self._read_settings()

    def _read_settings(self) -> None:
        """Read the settings here before (`known`), and find those after (`settings`)."""
        self.known = load(self.folders.config).properties.get(self._theirs.name)
        self.settings = self._theirs if self.known is None else _completed(self.known, self._theirs)

    def preview(self) -> MergeResult:
        """Return what `run` would do. Only reads: no other process waits for it, and nothing is created."""
        if os.path.lexists(self.path):
            with self._open_checked() as db, translate_errors(self.path):
                return Merge(db, self.backup.db).preview()
        (reports,) = self.backup.db.execute("SELECT count(*) FROM reports").fetchone()
        return MergeResult(reports, 0, 0, 0)

    def run(self) -> MergeResult:
        """Create the outbox from the backup, or merge the backup into it."""
        with translate_errors(self.path):
            make_private_folder(self.path.parent)
        advice = msg("Nothing was changed. Wait until the sending is over, then restore again.")
        lock = delivery_lock(self.path, LOCK_WAIT_S, self.actor)
        with exclusive(lock, lambda: lock_holder(self.path), advice, name="delivery_underway"):
            self._read_settings()  # again: a key rotation, which holds the lock too, may have ended meanwhile
            with translate_errors(self.path):
                remove_abandoned_drafts(self.path)
            if not os.path.lexists(self.path):
                results: list[MergeResult] = []
                self._save_if_known()
                with translate_errors(self.path):
                    created = create_database(self.path, lambda db: results.append(self._fill(db)))
                if created:  # otherwise another process created one meanwhile
                    self._save_if_new()
                    return results[0]
            with self._open_checked() as db, translate_errors(self.path):
                self._save_if_known()
                with transaction(db, self.path):  # before the reports that are sealed to it
                    record_public_key(db, self.settings.public_key)
                merged = Merge(db, self.backup.db).run(self.path, self.actor)
            self._save_if_new()
            return merged

    def _save_if_known(self) -> None:
        """Save the settings of a known property before its reports: reports saved from now on get the right key."""
        if self.known is not None and self.settings != self.known:
            save(self.folders.config, self.settings)

    def _save_if_new(self) -> None:
        """Save the settings of a new property after its reports: until then, no property is there without reports."""
        if self.known is None:
            save(self.folders.config, self.settings)

    def _fill(self, db: sqlite3.Connection) -> MergeResult:
        filled = copy(db, self.backup.db, self.actor)
        record_public_key(db, self.settings.public_key)
        return filled

    @contextmanager
    def _open_checked(self) -> Iterator[sqlite3.Connection]:
        """Open the outbox. Refuses records of two keys in one outbox: only one of them could be opened."""
        with closing(open_database(self.path, create=False)) as db:
            if self.known is None or self.known.public_key != self.settings.public_key:
                with translate_errors(self.path):
                    sealed, shared = count_shared(db, self.backup.db)
                name = self.settings.name
                if self.known is None and sealed and not shared:
                    raise _other_key(
                        msg("Reports of {name} are here without settings, and the backup has none of them.", name=name)
                    )
                if self.known is not None and shared < sealed:
                    raise _other_key(
                        msg("The reports of {name} on this computer are sealed for another key.", name=name)
                    )
            yield db


def _other_key(message: Message) -> SettingsProblem:
    """Return the error for reports here that are sealed to another private key than those of the backup."""
    advice = msg(
        "Nothing was changed. If it is another property, or this one before it got a new key, restore it under "
        "another name: apoa restore FILE --property NAME"
    )
    return SettingsProblem(message, advice, name="other_key")


def _completed(known: PropertySettings, theirs: PropertySettings) -> PropertySettings:
    """Return the settings here, completed with the backup's, and with the key to which its reports are sealed."""
    if known.uses_sandbox != theirs.uses_sandbox:
        raise SettingsProblem(
            msg("Either the backup or the property here is for training, and the other one is not."),
            msg("Restore it under another name: apoa restore FILE --property NAME"),
        )
    names = _GENERAL + (_OF_THE_AUTHORITY if known.api_url == theirs.api_url else ())
    missing = {name: getattr(theirs, name) for name in names if not getattr(known, name)}
    return known._replace(**missing, public_key=theirs.public_key)
