"""Backups into a folder: by hand, and one a day by automatic sending.

The daily one is written in a thread that is not waited for beyond a time limit: a network share that does not answer
would hang the process. It never stops sending, and is tried again at later runs until it is written.
"""

import logging
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from apoa_client import __version__
from apoa_client.app.container import Container
from apoa_client.archive.backup import MISSING, BackupFolder, FolderBackup
from apoa_client.archive.backup_check import BackupInfo
from apoa_client.errors import ApoaError, CredentialsProblem, NotNow
from apoa_client.files import full_path
from apoa_client.messages import msg
from apoa_client.ports.state import FolderBackups
from apoa_client.settings.writer import settings_text
from apoa_client.timeouts import call_with_timeout

_log = logging.getLogger(__name__)

_LEAST_S = 60
_SLOWEST = 1 << 20
"""How long a backup may take: a minute, or longer at this many bytes a second (a slow stick)."""
_REPORT_BYTES = 100 << 10
"""What is assumed of a report on a server, whose size is not known: some have a photo of 300 KiB."""
_AGAIN_AFTER = timedelta(hours=1)
"""When a backup that failed is tried again. One whose folder was not there is tried at each run."""


def describe_backup(app: Container) -> tuple[BackupInfo, bytes | None]:
    """Return the time and the property's settings as they are now, for a backup, and the private key if available.

    The key of the guest hash is left out: with it, the finder of a backup could test whether a passport was here. So is
    the folder for backups, which another computer does not have.
    """
    app.sealer.refresh()  # the settings may have changed meanwhile
    private_key: bytes | None = None
    try:
        private_key = app.sealer.private_key()
    except CredentialsProblem as exc:
        _log.info("nothing proves the backup: %s", exc.name)
    settings = app.saved_settings(app.settings)._replace(
        public_key=app.sealer.public_key, index_key="", backup_folder=""
    )
    return BackupInfo(__version__, app.clock.now(), settings.name, settings_text(settings)), private_key


def write_folder_backup(app: Container, folder: Path | None, keep: int) -> FolderBackup:
    """Write a backup of the property into a folder, and delete the oldest ones beyond `keep`.

    None is the folder of the settings, which must be on the disk that it was on. Raises as `BackupFolder.write`.
    """
    settings = app.settings
    now = app.clock.now()
    known = app.outbox.folder_backups(settings.backup_folder)
    other_disk = folder is None and known.other_disk
    folder = folder or Path(settings.backup_folder)
    backups = BackupFolder(full_path(folder), settings.name, app.outbox.backup_series(), keep, other_disk)
    moment = now.astimezone(settings.zone)
    place = place_of_files(app)
    written = backups.write(app.outbox.database, place, moment, partial(describe_backup, app), app.actor)
    if settings.backup_folder and folder == Path(settings.backup_folder):
        known = FolderBackups(written_at=now, other_disk=not written.same_disk)
        app.outbox.record_folder_backups(settings.backup_folder, known)
    return written._replace(same_disk=False) if settings.has_shared_outbox else written


def place_of_files(app: Container) -> Path:
    """Return the file of the outbox; beside a shared one, the folder of this computer's own file.

    A folder of backups that was once on another disk than this must not be on the same one.
    """
    path = app.folders.outbox(app.settings.name)
    return next(each for each in path.parents if each.exists()) if app.settings.has_shared_outbox else path


def back_up_daily(app: Container) -> ApoaError | None:
    """Write the day's backup, if the settings name a folder and it was not written yet.

    Returns why no backup was written, at most once a day.
    Of several desks with the same folder, one writes it: the others see that it was begun within the hour.
    """
    folder, now = app.settings.backup_folder, app.clock.now()
    if not folder:
        return None
    known = app.outbox.folder_backups(folder)

    def is_today(moment: datetime | None) -> bool:
        return moment is not None and moment.astimezone(app.settings.zone).date() == app.today

    failed_at = known.failed_at
    if is_today(known.written_at) or (failed_at is not None and failed_at <= now < failed_at + _AGAIN_AFTER):
        return None
    if app.settings.has_shared_outbox:
        app.outbox.record_folder_backups(folder, known._replace(failed_at=now))
    try:
        run_backup(app)
    except ApoaError as exc:
        _log.warning("backup property=%s error=%s", app.settings.name, exc.name)
        shown = is_today(known.shown_at)
        if exc.name != MISSING:
            failed_at = now
        shown_at = known.shown_at if shown else now
        app.outbox.record_folder_backups(folder, known._replace(failed_at=failed_at, shown_at=shown_at))
        return None if shown else exc
    _log.info("backup property=%s written", app.settings.name)
    return None


def run_backup(app: Container) -> None:
    """Write the day's backup. Raises what `write_folder_backup` does, or `NotNow` after a time limit."""
    name = app.settings.name

    def write() -> None:
        with closing(Container(app.environ, app.clock, name)) as own:  # an outbox belongs to one thread
            write_folder_backup(own, None, own.settings.backup_keep)

    try:
        call_with_timeout(max(_LEAST_S, _expected_bytes(app) / _SLOWEST), write)
    except TimeoutError:
        raise NotNow(
            msg("The backup was not finished in time: {path} does not answer.", path=app.settings.backup_folder),
            msg("Check the disk or the connection to it, then run: apoa backup"),
            name="backup_timed_out",
        ) from None


def _expected_bytes(app: Container) -> int:
    if not app.settings.has_shared_outbox:
        return app.folders.outbox(app.settings.name).stat().st_size
    now = app.clock.now()
    return sum(app.outbox.summary(now=now, soon=now).counts.values()) * _REPORT_BYTES
