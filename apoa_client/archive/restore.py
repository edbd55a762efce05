"""Restoring a backup: where nothing of the property is, it is made anew; where something is, what is missing is added.

Everything is checked before anything is changed, and each change is one step that happens whole or not at all: the
outbox gets its name or its transaction, the settings file is replaced. Where a kill falls between two steps, the same
restore, once more, does the rest.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from apoa_client.archive.backup import Backup, broken, open_backup
from apoa_client.archive.merge import MergeResult, carry, merge, shared
from apoa_client.errors import NotNow, SettingsProblem, UsageProblem
from apoa_client.files import make_private_folder
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import OutboxTooNew, translate_errors
from apoa_client.outbox.sqlite.database import make, open_database, prepare, sweep, transaction
from apoa_client.outbox.sqlite.delivery_lock import turn
from apoa_client.ports import Actor
from apoa_client.settings.config import Config, PropertySettings, parse, valid_name
from apoa_client.settings.folders import Folders
from apoa_client.settings.writer import save

TURN_S = 30.0
"""How long to wait for a delivery that is going on."""

_Bring: TypeAlias = Callable[[sqlite3.Connection, sqlite3.Connection, Actor], MergeResult]

_ANYWHERE = ("office", "address")
_OF_THE_AUTHORITY = ("username", "environment", "ca_bundle")
"""Settings that are filled in where there are none: the second ones only for the same authority."""


class DeliveryUnderway(NotNow):
    """Reports are being sent at this moment, and restoring must not come in between."""

    advice: Message | None = msg("Nothing was changed. Wait until the sending is over, then restore again.")


class OtherKey(SettingsProblem):
    """The reports here are sealed for another private key than the backup's."""

    advice: Message | None = msg(
        "Nothing was changed. If it is another property, or this one's from before it got a new key, restore it under "
        "another name: apoa restore FILE --property NAME"
    )


class RestoreResult(NamedTuple):
    """What a restore came to. `created` says that the property was not in the settings here before."""

    settings: PropertySettings
    created: bool
    made_at: datetime
    merged: MergeResult


class Restorer:
    """Restores one backup. `name` is the property's name here, empty for the one it had; `actor` does it."""

    def __init__(self, folders: Folders, config: Config, actor: Actor, name: str = "") -> None:
        self._folders = folders
        self._config = config
        self._author = actor
        self._name = name

    def restore(self, file: Path, *, dry_run: bool = False) -> RestoreResult:
        """Restore, or (`dry_run`) find out what would come of it.

        Raises `NotABackup`, `BackupDamaged` (65), `OtherKey`, `SettingsProblem`, `StorageProblem` (78) or
        `DeliveryUnderway` (75), and then nothing was changed.
        """
        with open_backup(file) as backup:
            theirs = self._renamed(_house_of(backup))
            known = self._config.properties.get(theirs.name)
            settings = theirs if known is None else _filled(known, theirs)
            task = _Task(backup, known, settings, self._folders, self._author)
            merged = task.foresee() if dry_run else task.carry_out()
            return RestoreResult(settings, known is None, backup.facts.created_at, merged)

    def _renamed(self, settings: PropertySettings) -> PropertySettings:
        if self._name and not valid_name(self._name):
            raise UsageProblem(
                msg("A property needs a short name of a-z, 0-9, - and _: {name} is none.", name=repr(self._name)),
                msg("Give one with --property, such as: --property melati"),
            )
        return replace(settings, name=self._name or settings.name)


class _Task(NamedTuple):
    backup: Backup
    known: PropertySettings | None
    settings: PropertySettings
    folders: Folders
    actor: Actor

    @property
    def path(self) -> Path:
        return self.folders.outbox(self.settings.name)

    def foresee(self) -> MergeResult:
        """The merge, and no word of it kept."""
        if os.path.lexists(self.path):
            with self._opened() as db, translate_errors(self.path):
                return self._undone(db)
        with closing(sqlite3.connect("", isolation_level=None)) as db, translate_errors(self.path):
            prepare(db)
            return self._undone(db)

    def carry_out(self) -> MergeResult:
        with translate_errors(self.path):
            make_private_folder(self.path.parent)
        with turn(self.path, TURN_S) as ours:
            if not ours:
                raise DeliveryUnderway(msg("Another apoa command is sending reports at this moment."))
            with translate_errors(self.path):
                sweep(self.path)
            return self._merged()

    def _merged(self) -> MergeResult:
        """A property that is known gets its settings first: what is saved from now on is sealed as it should be.

        For one that is not known they come last: until then there is none, and so none without its reports.
        """
        if not os.path.lexists(self.path):
            return self._made()
        with self._opened() as db:
            self._save(early=True)
            with transaction(db, self.path):
                merged = self._bring(db, merge)
        self._save(early=False)
        return merged

    def _made(self) -> MergeResult:
        done: list[MergeResult] = []
        self._save(early=True)
        with translate_errors(self.path):
            made = make(self.path, lambda db: done.append(self._bring(db, carry)))
        if not made:  # another process made one meanwhile
            return self._merged()
        self._save(early=False)
        return done[0]

    def _undone(self, db: sqlite3.Connection) -> MergeResult:
        db.execute("BEGIN IMMEDIATE")
        try:
            return self._bring(db, merge)
        finally:
            db.execute("ROLLBACK")

    def _bring(self, db: sqlite3.Connection, bring: _Bring) -> MergeResult:
        try:
            return bring(db, self.backup.db, self.actor)
        except sqlite3.IntegrityError as exc:  # which the schema of the backup, if not ours, let pass
            raise broken(self.backup.file) from exc

    def _save(self, *, early: bool) -> None:
        if early == (self.known is not None) and self.settings != self.known:
            save(self.folders.config, self.settings)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(open_database(self.path, create=False)) as db:
            with translate_errors(self.path):
                self._check_key(db)
            yield db

    def _check_key(self, db: sqlite3.Connection) -> None:
        """Refuse to put records of two keys into one outbox: only one of them could be opened."""
        if self.known is not None and self.known.public_key == self.settings.public_key:
            return
        sealed, same = shared(db, self.backup.db)
        name = self.settings.name
        if self.known is None and sealed and not same:
            raise OtherKey(
                msg("Reports of {name} are here without settings, and the backup has none of them.", name=name)
            )
        if self.known is not None and same < sealed:
            raise OtherKey(msg("The reports of {name} on this computer are sealed for another key.", name=name))


def _house_of(backup: Backup) -> PropertySettings:
    """The property as the backup's settings describe it."""
    try:
        return parse(backup.facts.settings, backup.file).properties[backup.facts.property_name]
    except (SettingsProblem, KeyError):  # they are as they were written: another version knows other settings
        raise OutboxTooNew(
            msg("The file {path} was written by a newer version of apoa-client.", path=str(backup.file))
        ) from None


def _filled(known: PropertySettings, theirs: PropertySettings) -> PropertySettings:
    """The property's settings here, with what they do not say, and the key that its reports are sealed for."""
    if known.training != theirs.training:
        raise SettingsProblem(
            msg("One of the two is for practice, and the other is not: the backup, and the property here."),
            msg("Restore it under another name: apoa restore FILE --property NAME"),
        )
    names = _ANYWHERE + (_OF_THE_AUTHORITY if known.api_url == theirs.api_url else ())
    missing = {name: getattr(theirs, name) for name in names if not getattr(known, name)}
    return replace(known, **missing, public_key=theirs.public_key)
