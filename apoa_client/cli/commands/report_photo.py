"""`apoa report --photo`: a guest whose passport's lines are read from a photo, which may be deleted afterwards."""

from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client.cli.commands.guest_options import MRZ_BESIDE_A_PHOTO, GivenDetails
from apoa_client.cli.prompts.report_options import ReportOptions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize, style_warning
from apoa_client.cli.views.photo import NOT_SURE, doubt_message, doubtful_lines
from apoa_client.errors import UsageProblem
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.scan.photo_process import PhotoProcess
from apoa_client.settings.config import ON

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading


def report_photo(session: Session, options: ReportOptions, given: GivenDetails, photo: Path) -> bool:
    """Report the guest on a photo, and return whether it is saved. At a terminal the user confirms what is doubtful.

    Raises `UsageProblem` for lines beside the photo, `ScanMissing` without the extra `scan`, `PictureRefused` for a
    file that is no picture, `ReportRefused` if no user can be asked and the reading is not sure.
    """
    if given.lines:
        raise UsageProblem(MRZ_BESIDE_A_PHOTO)
    app = session.app
    keep = app.settings.keep_photos == ON
    with PhotoProcess(session.environ) as reader:
        reading = reader.read(photo, app.reachable_desk.today, with_evidence=keep)
    if session.interactive:
        from apoa_client.cli.prompts.report_guests import GuestConversation  # asks a user

        return GuestConversation(session, options).run(given.typed, reading)
    if not reading.sure:
        raise _refused(session, reading)
    from apoa_client.cli.commands.report_from_options import report_from_options

    return report_from_options(session, options, given._replace(lines=list(reading.lines)), reading.evidence)


def _refused(session: Session, reading: "PhotoReading") -> ReportRefused:
    """Return the error for a reading that a user would have to compare with the page."""
    path = BY_NAME["mrz"].path
    doubts = [Finding(path, "bad_character", doubt_message(reading, index)) for index in doubtful_lines(reading)]
    wrong = session.app.reachable_desk.check({}, reading.lines).errors
    refused = ReportRefused(doubts or wrong or [Finding(path, "bad_character", NOT_SURE)])
    if reading.hint is not None:
        refused.advice = reading.hint
    return refused


def delete_original(session: Session, photo: Path, *, yes: bool) -> None:
    """Delete the photo of a saved report, if the user confirms it or said `--yes`."""
    file = sanitize(str(photo))
    if not yes and not session.interactive:
        print_error_line(_("The photo was not deleted: without a terminal, --delete-original needs --yes."))
        return
    if not yes and not confirm(_("Delete the photo {file}?").format(file=file), default=False):
        return
    if _is_deleted(photo):
        print_error_line(_("The photo {file} was deleted.").format(file=file))
    else:
        kept = _("The photo {file} could not be deleted. Delete it by hand.")
        print_error_line(style_warning(kept.format(file=file)))


def _is_deleted(photo: Path) -> bool:
    """Delete a photo, and return whether that succeeded. A link is left: behind it the photo would stay."""
    try:
        if photo.is_symlink():
            return False
        photo.unlink()
    except OSError:
        return False
    return True
