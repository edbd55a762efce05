"""Checks of automatic sending: its schedule, its last run, and its log."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from apoa_client.desk.attention import has_stopped
from apoa_client.doctor.results import Finding, ok, skipped, warning
from apoa_client.errors import Exit
from apoa_client.messages import duration_message, msg, nmsg
from apoa_client.ports.state import ScheduledRun
from apoa_client.schedule.interface import Found
from apoa_client.settings.file_names import is_log

_WITHOUT_TROUBLE = frozenset({Exit.DONE, Exit.NOT_NOW})


def check_schedule(found: Found, *, is_own: bool, program_exists: bool) -> Finding:
    """Check that a schedule is active and starts this installation."""
    correct = msg("Correct it with: apoa schedule install")
    if not program_exists:
        return warning(msg("The program that the schedule starts is not there any more."), correct)
    if not is_own:
        return warning(msg("The schedule starts another installation of apoa."), correct)
    if not found.active:
        return warning(msg("The schedule is there, but switched off."), correct)
    if found.every_s is None:
        return ok(msg("It starts this program ({kind}).", kind=found.kind))
    every = duration_message(timedelta(seconds=found.every_s))
    return ok(msg("It starts this program every {time} ({kind}).", kind=found.kind, time=every))


def check_last_run(run: ScheduledRun | None, now: datetime, *, is_scheduled: bool) -> Finding:
    """Check that automatic sending ran lately, if it ever did; `is_scheduled` says that there is a schedule."""
    if run is None:
        if not is_scheduled:
            return skipped(msg("Reports are not sent automatically on this computer."))
        return warning(
            msg("The schedule is installed, but it has not run yet."), msg("Look again in an hour: apoa doctor")
        )
    age = now - run.at
    values = {"age": duration_message(abs(age))}
    if has_stopped(run, now):
        return warning(
            msg("It last ran {age} ago: it may have stopped.", **values),
            msg("Send what waits: apoa sync"),
        )
    if run.exit_code not in _WITHOUT_TROUBLE:
        return warning(
            msg("It last ran {age} ago, with a problem (exit code {code}).", code=run.exit_code, **values),
            msg("See what is wrong: apoa sync"),
        )
    return ok(msg("It last ran {age} ago (exit code {code}).", code=run.exit_code, **values))


def check_log(folder: Path) -> Finding:
    """Check that the log of automatic sending can be written, if there is one."""
    if not folder.exists():
        return skipped(msg("There is no log: nothing was sent automatically yet."))
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return warning(
            msg("The folder of the log cannot be written to: {path}", path=str(folder)),
            msg("Check that this user may write there."),
        )
    files = log_files(folder)
    return ok(nmsg("{count} file in {path}", "{count} files in {path}", len(files), path=str(folder)))


def log_files(folder: Path) -> list[Path]:
    """Return the files of the log, the newest first. Links are left out: they may lead anywhere."""
    try:
        found = [each for each in folder.iterdir() if is_log(each.name) and each.is_file() and not each.is_symlink()]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    except OSError:
        return []
