"""What can be wrong with the outbox, each with its own advice.

The outbox holds a hotel's only copy of its queue, so no error here ever leads to a new, empty one in its place.
"""

from collections.abc import Sequence
from pathlib import Path

from apoa_client.errors import Exit, OutboxDamaged, SettingsProblem, StorageProblem
from apoa_client.messages import Message, msg
from apoa_client.report.kinds import short_id

_MAX_NAMED = 10


class DiskFull(StorageProblem):
    """There is no space left to write."""

    name = "disk_full"
    advice: Message | None = msg("Free some space on the disk, then try again. What was saved before is still there.")


class OutboxUnreachable(StorageProblem):
    """The file or its folder cannot be read or written."""

    name = "outbox_unreachable"
    advice: Message | None = msg("Check that this user may read and write the file and its folder.")


class OutboxMissing(OutboxUnreachable):
    """There is no file where it should be."""

    name = "outbox_missing"
    advice: Message | None = msg(
        "On a new computer, start with: apoa setup. If reports were saved here before, do not set up again: ask your "
        "IT admin for the backup."
    )


class OutboxBusy(StorageProblem):
    """Another process has locked the file for too long."""

    name = "outbox_busy"
    advice: Message | None = msg("Another apoa command is still running. Wait a minute, then try again.")


class OutboxServerUnreachable(StorageProblem):
    """The server of a shared outbox does not answer in time, or another process locks the property. It ends by itself.

    If the server does not answer, it is unknown whether a transaction that was being committed is durable.
    """

    name = "outbox_server_unreachable"
    exit_code = Exit.NOT_NOW
    advice: Message | None = msg(
        "Nothing is lost: what was saved before is still there. Try again later. If it stays so, tell your IT admin."
    )


class ServerDiskFull(DiskFull):
    """There is no space left on the server of a shared outbox."""

    name = "disk_full"  # for a script, the same

    def __init__(self, place: str) -> None:
        super().__init__(
            msg("The disk of the database server is full: nothing could be written to {place}.", place=place),
            msg("Ask your IT admin to free some space there, then try again. What was saved before is still there."),
        )


class OtherVersion(StorageProblem):
    """The tables of a shared outbox are not those of this version of the program."""

    name = "other_version"


def damaged(place: Path | str, seqs: Sequence[int] = ()) -> OutboxDamaged:
    """Return the error for an outbox that cannot be understood, or for some of its reports, by their numbers in it."""
    if seqs:
        numbers = ", ".join(map(str, seqs[:_MAX_NAMED])) + (", ..." if len(seqs) > _MAX_NAMED else "")
        return OutboxDamaged(
            msg(
                "Reports in the outbox at {place} are damaged, those with these numbers: {numbers}.",
                place=str(place),
                numbers=numbers,
            )
        )
    return OutboxDamaged(
        msg("The outbox at {place} is damaged, or it is not an outbox of apoa-client.", place=str(place))
    )


def too_new(path: Path) -> StorageProblem:
    """Return the error for a file that a newer version of the program wrote."""
    return StorageProblem(
        msg("The file {path} was written by a newer version of apoa-client.", path=str(path)),
        msg("Update apoa-client on this computer, then try again. Nothing was changed."),
        name="outbox_too_new",
    )


def report_exists(report_id: str) -> StorageProblem:
    """Return the error for a new report whose id is saved already."""
    return StorageProblem(
        msg("The report {id} was saved before.", id=report_id),
        msg("It is in the queue or in the history already; nothing was changed."),
        name="report_exists",
    )


def undelivered(report_id: str) -> SettingsProblem:
    """Return the error for a stay that is to be erased although this report of it is still open."""
    return SettingsProblem(
        msg("Report {id} of this stay is not accepted yet. Nothing was erased.", id=short_id(report_id)),
        msg(
            "First send it: apoa sync. If it was refused: apoa fix {id}. If it was a mistake: apoa cancel {id}. Then "
            "erase.",
            id=short_id(report_id),
        ),
        name="undelivered",
    )
