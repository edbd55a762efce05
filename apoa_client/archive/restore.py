"""Restores a backup: a property that is not here is created, and one that is here gets the reports that it lacks.

A property whose reports are in a shared outbox gets them there: an outbox that was never used is filled, and in any
other one only rows are added, or brought further along. Nothing is deleted.

Everything is checked before anything is changed, and each change is one step that happens completely or not at all: a
new outbox gets its name, some stays are merged in a transaction, the settings file is replaced. If a kill falls between
two steps, the same restore, run again, does the rest.

A backup is proved by its message authentication code and a private key of the property: from the vault, or from the
recovery code. Without that proof, a property that is here keeps its address, its certificates and its key, a property
that is not here is restored only if address and key are confirmed, and no certificates are taken from the backup.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from apoa_client import __version__
from apoa_client.archive.backup_check import Backup, not_ours, open_backup
from apoa_client.archive.merge import Belief, Merge, MergeResult, copy, count_shared, count_to_ask, is_empty
from apoa_client.errors import NotNow, OutboxDamaged, SettingsProblem
from apoa_client.files import make_private_folder
from apoa_client.messages import Message, msg
from apoa_client.outbox.database import Database
from apoa_client.outbox.errors import too_new
from apoa_client.outbox.sql.guest_tags import forget_tags
from apoa_client.outbox.sql.maintenance import Maintenance, maintenance
from apoa_client.outbox.sql.sealing_key import record_public_key
from apoa_client.outbox.sql.store import SqlOutbox
from apoa_client.outbox.sqlite.database import (
    SqliteDatabase,
    create_database,
    open_database,
    remove_abandoned_drafts,
)
from apoa_client.outbox.sqlite.error_translation import translate_errors
from apoa_client.ports.audit import Actor
from apoa_client.settings.config import INDEX_KEY_BYTES, SQLITE, PropertySettings
from apoa_client.settings.folders import Folders
from apoa_client.settings.parsing import parse
from apoa_client.settings.property_names import check_name
from apoa_client.settings.reading import load
from apoa_client.settings.writer import save
from apoa_client.vault.sealing import PropertySealer, decode_public_key, encode_key, public_key_of

if TYPE_CHECKING:
    from apoa_client.outbox.interface import Outbox

WAIT_S = 30.0
"""How long to wait for a call that is sending reports."""
_ADVICE = msg("Nothing was changed. Wait until the sending is over, then restore again.")

_GENERAL = ("display_name", "office", "address")
_OF_THE_AUTHORITY = ("username", "environment", "property_id", "ca_bundle")
"""Settings that are filled in if they are empty here; the latter only for the same authority, from a proved backup."""


class RestoreResult(NamedTuple):
    """The result of a restore. `created` says that the property was not in the settings here before."""

    settings: PropertySettings
    created: bool
    made_at: datetime
    merged: MergeResult
    proved: bool
    """Whether a private key of the property proves who wrote the backup."""
    left_out: str
    """The file of certificates that was not taken over, because nothing proves the backup; empty if none."""


class Here(NamedTuple):
    """Where a backup is restored, and by whom. `open_shared` opens the shared outbox of a property's settings."""

    folders: Folders
    actor: Actor
    open_shared: "Callable[[PropertySettings], Outbox]"


class Trust(Protocol):
    """Why a backup is to be believed."""

    def private_keys(self, settings: PropertySettings) -> Iterable[bytes]:
        """Return the private keys at hand for a property with these settings."""
        ...

    def confirm(self, settings: PropertySettings, *, needed: bool) -> None:
        """Compare the settings with what a user gave; if `needed`, a user must confirm address and key.

        Raises `SettingsProblem` or `UsageProblem` if they are not right or not confirmed.
        """
        ...


def restore_backup(file: Path, here: Here, trust: Trust, *, name: str = "", dry_run: bool = False) -> RestoreResult:
    """Restore a backup as the property `name`, or under the name in the backup if that is empty.

    With `dry_run`, find out what the result would be, and confirm nothing. Raises `DataRefused` (65),
    `SettingsProblem`, `StorageProblem` (78), what `trust` raises, or `NotNow` (75) while reports are sent; then nothing
    was changed.
    """
    with open_backup(file) as backup:
        theirs = _settings_in(backup)
        if name:
            check_name(name)
        task = _Restore(backup, theirs._replace(name=name or theirs.name), here, trust)
        needed = task.known is None and not task.proved and not dry_run
        trust.confirm(task.settings, needed=needed)
        merged = task.preview() if dry_run else task.run()
        left_out = "" if task.proved or task.settings.ca_bundle else theirs.ca_bundle
        return RestoreResult(task.settings, task.known is None, backup.info.created_at, merged, task.proved, left_out)


def _settings_in(backup: Backup) -> PropertySettings:
    """Return the property's settings, with a new key of the guest hash: a backup has none, and is of a file."""
    try:
        settings = parse(backup.info.settings, backup.file).properties[backup.info.property_name]
    except (SettingsProblem, KeyError):
        # They are as they were written: by another version of this program, or not by this program.
        raise (not_ours if backup.info.program == __version__ else too_new)(backup.file) from None
    return settings._replace(index_key=os.urandom(INDEX_KEY_BYTES).hex(), outbox=SQLITE)


class _Restore:
    """The restoring of a backup, with the settings in it, into the property of that name."""

    def __init__(self, backup: Backup, theirs: PropertySettings, here: Here, trust: Trust) -> None:
        self.backup = backup
        self._theirs = theirs
        self._trust = trust
        self.folders = here.folders
        self.actor = here.actor
        self._open_shared = here.open_shared
        self.path = here.folders.outbox(theirs.name)
        self._read_settings()

    def _read_settings(self) -> None:
        """Read the settings here before (`known`), and find those after (`settings`)."""
        theirs = self._theirs
        self.known = load(self.folders.config, self.folders.site).find(theirs.name)
        keys = self._trust.private_keys(self.known or theirs)
        own_key = next((key for key in keys if encode_key(public_key_of(key)) == theirs.public_key), None)
        self.proved = own_key is not None and self.backup.is_proved(own_key)
        if self.known is not None:
            if own_key is None and self.known.public_key != theirs.public_key:
                raise _unproved_key(theirs.name)
            self.settings = _completed(self.known, theirs, proved=self.proved)
        else:
            self.settings = theirs if self.proved else theirs._replace(ca_bundle="")
        ask = Belief.NO_AUTHORITY if self.settings.by_hand else Belief.ASK
        self._belief = Belief.PROVED if self.proved else ask

    def preview(self) -> MergeResult:
        """Return what `run` would do. Only reads: no other process waits for it, and nothing is created."""
        if self.known is not None and self.known.has_shared_outbox:
            with self._shared(self.known) as outbox:
                if not is_empty(outbox.database):
                    return Merge(outbox.database, self.backup.db, self._belief).preview()
        elif os.path.lexists(self.path):
            with closing(open_database(self.path, create=False)) as db, translate_errors(self.path):
                self._refuse_other_key(db)
                return Merge(db, self.backup.db, self._belief).preview()
        (reports,) = self.backup.db.execute("SELECT count(*) FROM reports").fetchone()
        return MergeResult(reports, 0, 0, 0, to_ask=count_to_ask(self.backup.db, self._belief))

    def run(self) -> MergeResult:
        """Create the outbox from the backup, or merge the backup into it."""
        if self.known is not None and self.known.has_shared_outbox:
            return self._run_shared(self.known)
        with translate_errors(self.path):
            make_private_folder(self.path.parent)
        merged = None if os.path.lexists(self.path) else self._create()
        if merged is None:
            with closing(open_database(self.path, create=False)) as db:
                self._refuse_other_key(db)
                with self._alone(db, SQLITE) as work, translate_errors(self.path):
                    self._refuse_other_key(db)  # by the settings as they are now
                    remove_abandoned_drafts(self.path)
                    self._save_if_known()
                    merged = self._merge(db, work)
        self._save_if_new()
        return merged

    def _create(self) -> MergeResult | None:
        """Create the outbox from the backup; None if another process creates one meanwhile."""
        results: list[MergeResult] = []
        self._save_if_known()
        with translate_errors(self.path):
            created = create_database(self.path, lambda db: results.append(self._fill(db)))
            remove_abandoned_drafts(self.path)
        return results[0] if created else None

    def _run_shared(self, known: PropertySettings) -> MergeResult:
        """Fill the shared outbox in one transaction if it was never used, or else merge the backup into it."""
        with self._shared(known) as outbox:
            db = outbox.database
            with self._alone(db, known.outbox) as work:
                self._save_if_known()
                with db.transaction():
                    if is_empty(db):
                        return self._fill(db)
                return self._merge(db, work)

    @contextmanager
    def _alone(self, db: Database, outbox: str) -> Iterator[Maintenance]:
        """Keep senders and key rotations away, and read the settings again: a rotation may have ended meanwhile.

        Raises `NotNow` if it is not the property's outbox any more.
        """
        with maintenance(db, self.actor, _ADVICE, wait_s=WAIT_S, name="delivery_underway") as work:
            self._read_settings()
            if self.settings.outbox != outbox:
                raise NotNow(msg("The outbox of {name} was changed meanwhile.", name=self.settings.name), _ADVICE)
            yield work

    def _merge(self, db: Database, work: Maintenance) -> MergeResult:
        with db.transaction():  # before the reports that are sealed to it
            record_public_key(db, self.settings.public_key)
            if self.known is None:  # reports whose settings were lost
                forget_tags(db)
        return Merge(db, self.backup.db, self._belief).run(self.actor, work.renew)

    def _save_if_known(self) -> None:
        """Save the settings of a known property before its reports: reports saved from now on get the right key."""
        if self.known is not None and self.settings != self.known:
            save(self.folders.config, self.settings, before=self.known, site=self.folders.site)

    def _save_if_new(self) -> None:
        """Save the settings of a new property after its reports: until then, no property is there without reports."""
        if self.known is None:
            save(self.folders.config, self.settings, site=self.folders.site)

    def _fill(self, db: Database) -> MergeResult:
        filled = copy(db, self.backup.db, self.actor, self._belief)
        record_public_key(db, self.settings.public_key)
        self._read_back(db)
        return filled

    def _read_back(self, db: Database) -> None:
        """Raise `DataRefused` for metadata or audit events that could not be read here: a forger may write anything."""
        now = self.actor.now()
        opens_nothing = PropertySealer(decode_public_key(self.settings.public_key), bytes)
        outbox = SqlOutbox(db, opens_nothing)
        try:
            outbox.summary(now=now, soon=now)
            outbox.last_notice()
            outbox.clock_checked_at(now)
            outbox.eraser.last()
            outbox.integrity.doubts()
            for _entry in outbox.audit_trail.entries():
                pass
        except OutboxDamaged as exc:
            raise not_ours(self.backup.file) from exc

    @contextmanager
    def _shared(self, known: PropertySettings) -> "Iterator[Outbox]":
        """Open the shared outbox. Refuses one whose reports, or those of another desk, are sealed to another key."""
        with closing(self._open_shared(known)) as outbox, translate_errors(self.backup.file), outbox.database.errors():
            if {known.public_key, outbox.public_key() or known.public_key} != {self.settings.public_key}:
                raise _other_key(
                    msg("The reports of {name} in the shared outbox are sealed for another key.", name=known.name)
                )
            yield outbox

    def _refuse_other_key(self, db: SqliteDatabase) -> None:
        """Refuse records of two keys in one outbox: only one of them could be opened."""
        if self.known is None or self.known.public_key != self.settings.public_key:
            with translate_errors(self.path):
                sealed, shared = count_shared(db, self.backup.db)
            name = self.settings.name
            if self.known is None and sealed and not shared:
                raise _other_key(
                    msg("Reports of {name} are here without settings, and the backup has none of them.", name=name)
                )
            if self.known is not None and shared < sealed:
                raise _other_key(msg("The reports of {name} on this computer are sealed for another key.", name=name))


def _unproved_key(name: str) -> SettingsProblem:
    """Return the error for a property here whose key nothing allows to replace by that of the backup."""
    return SettingsProblem(
        msg(
            "The backup is for another key than {name} has here, and nothing proves that it is the right one.",
            name=name,
        ),
        msg(
            "Nothing was changed. Prove it with the recovery code of the backup's sheet: apoa restore FILE "
            "--recovery-file SHEET. Or restore it under another name: apoa restore FILE --property NAME"
        ),
        name="other_key",
    )


def _other_key(message: Message) -> SettingsProblem:
    """Return the error for reports here that are sealed to another private key than those of the backup."""
    advice = msg(
        "Nothing was changed. If it is another property, or this one before it got a new key, restore it under "
        "another name: apoa restore FILE --property NAME"
    )
    return SettingsProblem(message, advice, name="other_key")


def _completed(known: PropertySettings, theirs: PropertySettings, *, proved: bool) -> PropertySettings:
    """Return the settings here, completed with the backup's, and with the key to which its reports are sealed."""
    if known.uses_sandbox != theirs.uses_sandbox:
        raise SettingsProblem(
            msg("Either the backup or the property here is for training, and the other one is not."),
            msg("Restore it under another name: apoa restore FILE --property NAME"),
        )
    names = _GENERAL + (_OF_THE_AUTHORITY if proved and known.api_url == theirs.api_url else ())
    missing = {name: getattr(theirs, name) for name in names if not getattr(known, name)}
    return known._replace(**missing, public_key=theirs.public_key)
