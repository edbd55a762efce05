"""Backups into a folder: by hand, and one a day by automatic sending.

The daily one is written by a process of its own, which can be ended: a network share that does not answer would hang
this one. It never stops sending, and is tried again at later runs until it is written.
"""

import json
import logging
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from apoa_client import __version__
from apoa_client.app.container import Container
from apoa_client.archive.backup import MISSING, BackupFolder, FolderBackup
from apoa_client.archive.backup_check import BackupInfo
from apoa_client.errors import ApoaError, CredentialsProblem, NotNow, SettingsProblem
from apoa_client.files import full_path
from apoa_client.installation import own_command
from apoa_client.messages import literal, msg
from apoa_client.ports.state import FolderBackups
from apoa_client.settings.writer import settings_text

_log = logging.getLogger(__name__)

_LEAST_S = 60
_SLOWEST = 1 << 20
"""How long a backup may take: a minute, or longer at this many bytes a second (a slow stick)."""
_REPORT_BYTES = 100 << 10
"""What is assumed of a report on a server, whose size is not known: some have a photo of 300 KiB."""
_END_S = 5.0
"""How long a process that was asked to end may take."""
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


def back_up_daily(app: Container, environ: Mapping[str, str]) -> ApoaError | None:
    """Write the day's backup, if the settings name a folder and it was not written yet.

    `environ` is the environment of the process that writes it. Returns why no backup was written, at most once a day.
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
        run_backup(app, environ)
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


def run_backup(app: Container, environ: Mapping[str, str]) -> None:
    """Run `apoa backup` for the property in a process of its own. Raises what it reports, or that it took too long."""
    time_limit = max(_LEAST_S, _expected_bytes(app) / _SLOWEST)
    try:
        process = subprocess.Popen(  # noqa: S603  this program itself
            [*own_command(), "--property", app.settings.name, "backup", "--json"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no black window for a moment
        )
    except OSError:  # no memory, or the installation was replaced just now
        raise _reported(b"") from None
    try:
        output, _nothing = process.communicate(timeout=time_limit)
    except subprocess.TimeoutExpired:
        raise NotNow(
            msg("The backup was not finished in time: {path} does not answer.", path=app.settings.backup_folder),
            msg("Check the disk or the connection to it, then run: apoa backup"),
            name="backup_timed_out",
        ) from None
    finally:
        _end(process)
    if process.returncode:
        raise _reported(output)


def _expected_bytes(app: Container) -> int:
    if not app.settings.has_shared_outbox:
        return app.folders.outbox(app.settings.name).stat().st_size
    now = app.clock.now()
    return sum(app.outbox.summary(now=now, soon=now).counts.values()) * _REPORT_BYTES


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process that still runs. One that hangs in the system is left to itself."""
    for end in (process.terminate, process.kill):
        if process.poll() is None:
            end()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_S)
    if process.stdout is not None:
        process.stdout.close()


def _reported(output: bytes) -> SettingsProblem:
    """Return the error in the JSON document of `apoa backup`, whose texts are translated already."""
    try:
        error: dict[str, Any] = json.loads(output)["error"]
        name, message, advice = (error[key] for key in ("class", "message", "advice"))
    except (ValueError, KeyError, TypeError):
        name, message, advice = "backup_failed", "", ""
    if not message:
        return SettingsProblem(msg("The backup could not be written."), msg("See why with: apoa backup"), name=name)
    return SettingsProblem(literal(message), literal(advice), name=name)
