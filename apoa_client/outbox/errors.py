"""What can be wrong with the outbox, each with its own advice.

The outbox holds a hotel's only copy of its queue, so no error here ever leads to a new, empty one in its place.
"""

from pathlib import Path

from apoa_client.errors import DataRefused, StorageProblem
from apoa_client.messages import Message, msg


class OutboxTooNew(StorageProblem):
    """A newer version of the program wrote it."""

    advice: Message | None = msg("Update apoa-client on this computer, then try again. Nothing was changed.")


class OutboxDamaged(StorageProblem):
    """The file is not an outbox, or its content is not valid."""

    advice: Message | None = msg(
        "Nothing was changed or recreated. Keep the file, and ask your IT admin: it can be restored from a backup."
    )


class DiskFull(StorageProblem):
    """There is no space left to write."""

    advice: Message | None = msg("Free some space on the disk, then try again. What was saved before is still there.")


class OutboxUnreachable(StorageProblem):
    """The file or its folder cannot be read or written."""

    advice: Message | None = msg("Check that this user may read and write the file and its folder.")


class OutboxMissing(OutboxUnreachable):
    """There is no file where it should be."""

    advice: Message | None = msg(
        "On a new computer, start with: apoa setup. If reports were saved here before, do not set up again: ask your "
        "IT admin for the backup."
    )


class OutboxBusy(StorageProblem):
    """Another process has locked the file for too long."""

    advice: Message | None = msg("Another apoa command is still at work. Wait a minute, then try again.")


class ReportExists(StorageProblem):
    """A report with this id was saved before."""

    advice: Message | None = msg("It is in the queue or in the history already; nothing was changed.")


class Undelivered(DataRefused):
    """A stay that is to be erased has a report that the authority did not get."""

    advice: Message | None = msg(
        "Send it first: apoa sync. If it must never be sent, withdraw and erase it with: apoa purge --guest ID --force"
    )


def damaged(path: Path) -> OutboxDamaged:
    """Return the error for a file that cannot be understood."""
    return OutboxDamaged(msg("The file {path} is damaged, or it is not an outbox of apoa-client.", path=str(path)))
