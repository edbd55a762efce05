"""A folder for backups, such as a stick: each has a name of its own, and the oldest ones are deleted.

A name is ``apoa-PROPERTY-DATE-TIME-SERIES.db``. The series is an id of the outbox, so that properties of one name on
several computers share a folder without deleting each other's backups; the desks of a shared outbox have one series.
Nothing is replaced, and nothing is deleted but older backups of the same series, after the new one is on the disk.
"""

import logging
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from apoa_client.archive.backup import BackupResult, DescribeBackup, back_up, is_backup_of
from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg
from apoa_client.outbox.database import Database
from apoa_client.ports.state import Actor

_log = logging.getLogger(__name__)

_TIME_FORM = "%Y%m%d-%H%M%S"
_SECOND = timedelta(seconds=1)


MISSING = "backup_folder_missing"
"""The name of the error about a folder, or the disk that it was on, that is not there."""


def is_same_disk(folder: Path, place: Path) -> bool:
    """Return whether the folder is on the disk of this place: a file or a folder. Raises `OSError`."""
    return folder.stat().st_dev == place.stat().st_dev


class FolderBackup(NamedTuple):
    """A backup that was written into a folder."""

    file: Path
    written: BackupResult
    kept: int
    """How many backups of the series are there now."""
    deleted: int
    undeletable: int
    """How many older ones could not be deleted."""
    same_disk: bool
    """Whether it is on the disk of the property's files on this computer."""


class BackupFolder(NamedTuple):
    """The backups of one outbox in a folder; `keep` of them are kept.

    `on_other_disk` says that the folder is known to be on another disk than the property's files on this computer.
    """

    path: Path
    property_name: str
    series: str
    keep: int
    on_other_disk: bool = False

    def write(
        self, db: Database, place: Path, moment: datetime, describe: DescribeBackup, actor: Actor
    ) -> FolderBackup:
        """Write a backup, named after the moment, then delete the oldest ones.

        `place` is a file or the folder of the property on this computer.
        Raises `SettingsProblem` if the folder is not there, and as `back_up`; then nothing is deleted.
        """
        if not (self.path.is_absolute() and self.path.is_dir()):
            raise SettingsProblem(
                msg("The folder for backups is not there: {path}", path=str(self.path)),
                msg("Plug in the disk that it is on, or make the folder, then try again."),
                name=MISSING,
            )
        same_disk = is_same_disk(self.path, place)
        if same_disk and self.on_other_disk:  # the folder that a stick is mounted on exists without the stick, too
            raise SettingsProblem(
                msg(
                    "The disk of the backups is missing: {path} is on the disk of the reports now.", path=str(self.path)
                ),
                msg(
                    "Plug it in, then run: apoa backup. If this is where the backups belong: apoa backup --to {path}",
                    path=str(self.path),
                ),
                name=MISSING,
            )
        file = self._free_name(moment)
        written = back_up(db, file, describe, actor, force=False)
        return self._rotated(FolderBackup(file, written, kept=1, deleted=0, undeletable=0, same_disk=same_disk))

    def _free_name(self, moment: datetime) -> Path:
        while True:
            file = self.path / f"apoa-{self.property_name}-{moment.strftime(_TIME_FORM)}-{self.series}.db"
            if not os.path.lexists(file):
                return file
            moment += _SECOND

    def _rotated(self, new: FolderBackup) -> FolderBackup:
        """Delete the oldest backups beyond those to keep. Nothing is raised: the new one is on the disk."""
        older = self._older_than(new.file)
        surplus = older[self.keep - 1 :]
        undeletable = 0
        for file in surplus:
            try:
                file.unlink()
            except OSError as exc:  # another program has it open, or the disk is protected now
                undeletable += 1
                _log.warning("an old backup was not deleted: %s", type(exc).__name__)
        deleted = len(surplus) - undeletable
        return new._replace(kept=1 + len(older) - deleted, deleted=deleted, undeletable=undeletable)

    def _older_than(self, new: Path) -> list[Path]:
        """Return the backups of the series with an earlier time in their names than this one, the latest first.

        Times in names do not depend on the disk: FAT keeps odd seconds away from time stamps, and copying changes them.
        Backups with a later time, of a clock that was wrong, are left alone, as is what only has such a name.
        """
        name = re.compile(rf"apoa-{re.escape(self.property_name)}-\d{{8}}-\d{{6}}-{re.escape(self.series)}\.db")
        try:
            names = [file.name for file in self.path.iterdir()]
        except OSError as exc:
            _log.warning("the folder for backups cannot be listed: %s", type(exc).__name__)
            return []
        earlier = sorted((each for each in names if name.fullmatch(each) and each < new.name), reverse=True)
        return [file for file in map(self.path.joinpath, earlier) if is_backup_of(file, self.property_name)]
