"""Restores a backup: a property that is not here is created, and one that is here gets the reports that it lacks.

A property whose reports are in a shared outbox gets them there: an outbox that was never used is filled, and in any
other one only rows are added, or brought further along. Nothing is deleted.

Everything is checked before anything is changed, and each change is one step that happens completely or not at all: a
new outbox is filled, or some stays are merged, in a transaction; the settings file is replaced. If a kill falls between
two steps, the same restore, run again, does the rest.

A backup is proved by its message authentication code and a private key of the property: from the vault, or from the
recovery code. Of a backup without that proof, only the open reports are taken over, as a desk saves new ones. Then a
property that is here keeps its settings, and one that is not here is created only if address and key are confirmed. Its
writer may have called a waiting report accepted, so nothing that it says of a state is believed: each of its open
reports waits to be sent, under its id. The authority answers an id that it has received with the result of that time.
What the backup calls finished is counted and left out. Nothing that is here is changed.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, NamedTuple, Protocol

from apoa_client import __version__
from apoa_client.archive import merge
from apoa_client.archive.backup_check import Backup, not_ours, open_backup
from apoa_client.archive.merge import Merge, MergeResult, copy, is_empty
from apoa_client.errors import NotNow, SettingsProblem
from apoa_client.files import make_private_folder
from apoa_client.messages import msg
from apoa_client.outbox.database import Database
from apoa_client.outbox.errors import too_new
from apoa_client.outbox.rows import SAVED
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.claims import Maintenance, maintenance
from apoa_client.outbox.sql.codes import RowCodes
from apoa_client.outbox.sql.insertion import SAVED_LIST, insert, saved_events
from apoa_client.outbox.sql.metadata import PUBLIC_KEY, actual_counts, read_metadata
from apoa_client.outbox.sql.queries import OPEN
from apoa_client.outbox.sql.register import record_public_key
from apoa_client.outbox.sql.reseal import SealedRecords, forget_tags, record_missing_tags
from apoa_client.outbox.sqlite.database import open_database, open_in_memory, translate_errors
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.kinds import PhotoState
from apoa_client.settings.config import INDEX_KEY_BYTES, SQLITE, PropertySettings
from apoa_client.settings.folders import Folders, check_name
from apoa_client.settings.reading import load, parse
from apoa_client.settings.writer import save
from apoa_client.vault.sealing import PropertySealer, decode_public_key, encode_key, public_key_of

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox


TAKEN_OVER = "taken_over"
"""The action of the audit event: reports are taken over from a backup that nothing proves."""

_IDS = f"SELECT id, {OPEN} AND content IS NOT NULL FROM reports ORDER BY seq"  # noqa: S608  constants
_ROW = f"SELECT {SAVED_LIST} FROM reports WHERE id = ?"  # noqa: S608  constants


class OpenReports:
    """The open reports of a backup, to be added to an outbox that may be in use, some at a time."""

    def __init__(self, here: Database, backup: sqlite3.Connection) -> None:
        self._here = here
        self._backup = backup

    def preview(self) -> MergeResult:
        """Return what `run` would do, from reads alone."""
        return self._each(lambda _ids: None)

    def run(self, actor: Actor, go_on: Callable[[], object]) -> MergeResult:
        """Add each that is not here, and record it in the audit trail.

        `go_on` is called before each transaction, and ends the work by raising an error: another run does the rest.
        """

        def add(ids: list[str]) -> None:
            go_on()
            with self._here.transaction():
                record_missing_tags(self._here)
                photos = {each: self._insert(each) for each in ids}
                events = (event for each in ids for event in saved_events(each, None, photos[each]))
                audit.append(self._here, actor, events)
            sleep(merge.PAUSE_S)

        with self._here.transaction():
            audit.append(self._here, actor, [AuditEvent(TAKEN_OVER)])
        return self._each(add)

    def _each(self, add: Callable[[list[str]], None]) -> MergeResult:
        """Call `add` with the ids of some open reports that are not here, until it had all."""
        before = actual_counts(self._here).total
        common = inserted = left_out = 0
        found = self._backup.execute(_IDS)
        while piece := found.fetchmany(merge.PIECE):
            places = ", ".join("?" * len(piece))
            query = f"SELECT id FROM reports WHERE id IN ({places})"  # noqa: S608  question marks alone
            here = {row[0] for row in self._here.execute(query, [row[0] for row in piece]).fetchall()}
            new = [report_id for report_id, is_open in piece if is_open and report_id not in here]
            common += len(here)
            inserted += len(new)
            left_out += len(piece) - len(here) - len(new)
            if new:
                add(new)
        return MergeResult(inserted, 0, common, max(before - common, 0), left_out=left_out)

    def _insert(self, report_id: str) -> object:
        """Insert a report, and return its photo's state; another one was never sent, whatever the backup says."""
        row = dict(zip(SAVED, self._backup.execute(_ROW, [report_id]).fetchone(), strict=True))
        row["guest_tag"] = None  # it is hashed with the key here
        if row["photo"] is not None:
            row["photo_state"] = PhotoState.KEPT.value
        insert(self._here, {**row, "seq": None, "mac": None, "version": None})
        return row["photo_state"]


WAIT_S = 30.0
"""How long to wait for a call that is sending reports."""
_ADVICE = msg("Nothing was changed. Wait until the sending is over, then restore again.")


class RestoreResult(NamedTuple):
    """The result of a restore. `created` says that the property was not in the settings here before."""

    settings: PropertySettings
    created: bool
    made_at: datetime
    merged: MergeResult
    proved: bool
    """Whether a private key of the property proves who wrote the backup."""


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
        return RestoreResult(task.settings, task.known is None, backup.info.created_at, merged, task.proved)


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
        self._here = here
        self.path = here.folders.outbox(theirs.name)
        self._read_settings()

    def _read_settings(self) -> None:
        """Read the settings here before (`known`), and find those after (`settings`)."""
        theirs = self._theirs
        self.known = load(self._here.folders.config).find(theirs.name)
        keys = self._trust.private_keys(self.known or theirs)
        self._key = next((key for key in keys if encode_key(public_key_of(key)) == theirs.public_key), None)
        self.proved = self._key is not None and self.backup.is_proved(self._key)
        if self.known is None:
            self.settings = theirs if self.proved else theirs._replace(ca_bundle="")
        elif self._key is None and self.known.public_key != theirs.public_key:
            raise SettingsProblem(
                msg(
                    "The backup is for another key than {name} has here, and nothing proves that it is the right one.",
                    name=theirs.name,
                ),
                msg(
                    "Nothing was changed. Prove it with the recovery code of the backup's sheet: apoa restore FILE "
                    "--recovery-file SHEET. Or restore it under another name: apoa restore FILE --property NAME"
                ),
                name="other_key",
            )
        elif self.known.uses_sandbox != theirs.uses_sandbox:
            raise SettingsProblem(
                msg("Either the backup or the property here is for training, and the other one is not."),
                msg("Restore it under another name: apoa restore FILE --property NAME"),
            )
        else:  # the settings here stay, but for the key of the reports
            self.settings = self.known._replace(public_key=theirs.public_key)

    def preview(self) -> MergeResult:
        """Return what `run` would do. Only reads: no other process waits for it, and nothing is created."""
        with self._outbox(create=False) as db:
            return self._merge(db).preview()

    def run(self) -> MergeResult:
        """Create the outbox from the backup, or merge the backup into it."""
        with self._outbox(create=True) as db, self._alone(db) as work:
            if self.known is not None and self.settings != self.known:
                # Before the reports: those that are saved from now on get the right key.
                save(self._here.folders.config, self.settings, before=self.known)
            with db.transaction():
                merged = copy(db, self.backup.db, self._here.actor) if self.proved and is_empty(db) else None
                record_public_key(db, self.settings.public_key)
                if self.known is None:  # reports whose settings were lost
                    forget_tags(db)
                if merged is not None:
                    self._codes(db).adopt()
            if merged is None:
                merged = self._merge(db).run(self._here.actor, work.renew)
        if self.known is None:  # after the reports: until then, no property is there without them
            save(self._here.folders.config, self.settings)
        return merged

    def _merge(self, db: Database) -> Merge | OpenReports:
        return Merge(db, self.backup.db, self._codes(db)) if self.proved else OpenReports(db, self.backup.db)

    def _codes(self, db: Database) -> RowCodes:
        """Return what makes codes with the key that proves the backup."""
        key = self._key
        return RowCodes(db, PropertySealer(decode_public_key(self.settings.public_key), lambda: key or b""))

    @contextmanager
    def _outbox(self, *, create: bool) -> Iterator[Database]:
        """Open the property's outbox; one that is not there is created, or an empty one in memory takes its place."""
        with ExitStack() as stack:
            if self._is_shared:
                db = stack.enter_context(closing(self._here.open_shared(self.known or self.settings))).database
            elif create or os.path.lexists(self.path):
                stack.enter_context(translate_errors(self.path))
                make_private_folder(self.path.parent)
                db = stack.enter_context(closing(open_database(self.path, create=create)))
            else:
                db = stack.enter_context(closing(open_in_memory(self.path)))
            stack.enter_context(translate_errors(self.backup.file))
            stack.enter_context(db.errors())
            self._refuse_other_key(db)
            yield db

    @property
    def _is_shared(self) -> bool:
        return self.known is not None and self.known.has_shared_outbox

    @contextmanager
    def _alone(self, db: Database) -> Iterator[Maintenance]:
        """Keep senders and key rotations away, and read the settings again: a rotation may have ended meanwhile.

        Raises `NotNow` if it is not the property's outbox any more.
        """
        before = self.settings.outbox
        with maintenance(db, self._here.actor, _ADVICE, wait_s=WAIT_S, name="delivery_underway") as work:
            self._read_settings()
            if self.settings.outbox != before:
                raise NotNow(msg("The outbox of {name} was changed meanwhile.", name=self.settings.name), _ADVICE)
            self._refuse_other_key(db)
            yield work

    def _refuse_other_key(self, db: Database) -> None:
        """Refuse records of two keys in one outbox: only one of them could be opened."""
        theirs, recorded = self.settings.public_key, read_metadata(db, PUBLIC_KEY.key)
        # Without settings, what an interrupted restore has recorded with its reports, some of which may not open.
        ours = self.known.public_key if self.known is not None else recorded
        if self._is_shared:
            fits = {ours, recorded or ours} == {theirs}
        elif ours == theirs or not actual_counts(db).total:
            fits = True
        else:
            key = self._key
            sealer = PropertySealer(decode_public_key(theirs), lambda: key or b"")
            fits = key is not None and SealedRecords(db, RowCodes(db, sealer), self._here.actor).opens_all(sealer)
        if not fits:
            raise SettingsProblem(
                msg("The reports of {name} that are here are sealed for another key.", name=self.settings.name),
                msg(
                    "Nothing was changed. If it is another property, or this one before it got a new key, restore it "
                    "under another name: apoa restore FILE --property NAME"
                ),
                name="other_key",
            )
