"""Checks of the saved reports: what others changed, what waits, drafts, the backup; and of automatic sending."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from apoa_client.archive.backup import is_same_disk
from apoa_client.desk.attention import has_stopped
from apoa_client.doctor.results import Finding, failed, failed_with, ok, skipped, warning
from apoa_client.errors import Exit
from apoa_client.messages import duration_message, msg, nmsg
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import ScheduledRun, Summary
from apoa_client.processes import call_with_timeout
from apoa_client.report.kinds import State
from apoa_client.schedule.interface import Found
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import is_log

_OLD_BACKUP = timedelta(days=7)
"""After a week more is at stake than a hotel can type again."""


def check_doubts(doubts: Sequence[Doubt]) -> Finding:
    """Check that no other program changed reports, as far as this is known without reading all of them."""
    if not doubts:
        return ok(msg("No other program has changed the reports, as far as is known."))
    if doubts[0].kind is DoubtKind.UNCHECKED:
        return failed_with(doubts[0].error())
    return failed(
        nmsg(
            "{count} report or record was changed, and not by apoa-client.",
            "{count} reports or records were changed, and not by apoa-client.",
            len(doubts),
        ),
        msg("See each of them: apoa log --verify"),
    )


def check_suspension(settings: PropertySettings, summary: Summary) -> Finding:
    """Check that sending is not suspended by an account that was refused."""
    if summary.current_suspension(lambda: settings.fingerprint) is None:
        return ok(msg("Sending is not stopped."))
    return failed(
        msg("Sending has stopped: the authority refused the login."),
        msg("Start it again with: apoa login"),
        Exit.CREDENTIALS,
    )


def check_waiting(settings: PropertySettings, summary: Summary) -> Finding:
    """Check that nothing is overdue, nothing was refused, and no report may be practice."""
    counts = summary.counts
    if summary.practice_undecided:
        practice = msg("Practice or real? Undecided, and not sent: {count}.", count=len(summary.practice_undecided))
        return warning(practice, msg("Decide with: apoa sync"))
    if summary.overdue:
        advice = msg("Report them now: apoa sync --by-hand") if settings.by_hand else msg("Send now: apoa sync")
        return warning(
            nmsg("{count} report is overdue.", "{count} reports are overdue.", summary.overdue),
            advice,
        )
    if counts[State.REJECTED]:
        return warning(
            nmsg("{count} report was refused.", "{count} reports were refused.", counts[State.REJECTED]),
            msg("Correct it: apoa fix"),
        )
    waiting = summary.waiting + counts[State.PENDING]
    return ok(
        nmsg(
            "{count} report waits, none is overdue or refused.",
            "{count} reports wait, none is overdue or refused.",
            waiting,
        )
    )


def check_drafts(summary: Summary) -> Finding:
    """Check that no guest is left unfinished."""
    if not summary.drafts:
        return ok(msg("No guest is unfinished."))
    return warning(
        nmsg("{count} guest is unfinished.", "{count} guests are unfinished.", summary.drafts),
        msg("Continue with: apoa report"),
    )


def check_backup(last: datetime | None, now: datetime) -> Finding:
    """Check that the last backup is not old."""
    make_one = msg("Make one: apoa backup FILE")
    if last is None:
        return warning(msg("No backup is known."), make_one)
    age = now - last
    message = msg("The last one is {age} old.", age=duration_message(age))
    return warning(message, make_one) if age > _OLD_BACKUP else ok(message)


def check_backup_folder(folder: Path, place: Path, *, on_other_disk: bool, limit_s: float) -> Finding:
    """Check that the folder of automatic backups can be reached, within this time, and is on the disk that it was on.

    `place` is where the property's files are; `on_other_disk` says that the folder was on another disk.
    """

    def is_there() -> bool:
        if not (folder.is_dir() and os.access(folder, os.W_OK)):
            return False
        return not (on_other_disk and is_same_disk(folder, place))  # the folder of a stick exists without the stick too

    try:
        reached = call_with_timeout(limit_s, is_there)
    except (TimeoutError, OSError):  # a network drive that hangs
        reached = False
    if reached:
        return ok(msg("{path} can be reached.", path=str(folder)))
    return warning(
        msg("The folder for backups cannot be reached: {path}", path=str(folder)),
        msg("Plug in the disk or connect the network drive, then run: apoa doctor"),
    )


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


def log_files(folder: Path) -> list[Path]:
    """Return the files of the log, the newest first. Links are left out: they may lead anywhere."""
    try:
        found = [each for each in folder.iterdir() if is_log(each.name) and each.is_file() and not each.is_symlink()]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    except OSError:
        return []
