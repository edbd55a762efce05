"""Checks of the saved reports: the database, what others changed in it, what waits, drafts, the backup."""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from apoa_client.archive.backup import is_same_disk
from apoa_client.doctor.results import Finding, failed, failed_with, ok, warning
from apoa_client.errors import Exit
from apoa_client.messages import duration_message, msg, nmsg
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import State
from apoa_client.settings.config import PropertySettings
from apoa_client.timeouts import call_with_timeout

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
