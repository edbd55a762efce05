"""`apoa report --photo`: each photo is one guest; several are a group, in order, and none is left out unsaid.

At a terminal `apoa_client.cli.prompts.report_guests` asks about each guest. Elsewhere the sure and complete ones are
saved together, and of each other photo it is said what is missing.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client.cli.commands.guest_options import MRZ_BESIDE_A_PHOTO, GivenDetails
from apoa_client.cli.prompts.photos import photo_reader
from apoa_client.cli.prompts.save_and_send import ReportOptions, SaveAndSend, SavedReport, show_checked
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import error_heading, print_error_line, sanitize, style_warning
from apoa_client.cli.views.findings import error_fields, findings_value, show_error, show_findings, show_warnings
from apoa_client.cli.views.photo import NOT_SURE, doubt_message, doubtful_lines
from apoa_client.desk.arrivals import GroupMember, compose_group
from apoa_client.desk.duplicates import ReportedBefore
from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.draft import Draft
from apoa_client.report.fields import BY_NAME, IN_AN_MRZ
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.rules import Examination, in_form_order

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading


_NOT_SAVED = msg("The guest of this photo is not saved.")


def report_photos(
    session: Session, options: ReportOptions, given: GivenDetails, photos: Sequence[Path], *, delete: bool
) -> None:
    """Report the guests on the photos. With `delete`, offer to delete the files of those who are saved.

    Raises `UsageProblem` for lines beside a photo, or for one guest's details beside several; `ScanMissing` without
    the extra `scan`. At a terminal, `PictureRefused` for a file that is no picture. For a single photo without a
    terminal, what `_Photo.refusal` says of it.
    """
    if given.lines:
        raise UsageProblem(MRZ_BESIDE_A_PHOTO)
    if len(photos) > 1 and not given.typed.keys().isdisjoint(IN_AN_MRZ):
        raise UsageProblem(msg("The typed details are one guest's, and there are several photos."))
    work = _ask_about if session.interactive else _report
    for file in work(session, options, given, photos):
        if delete:
            _delete(session, file, yes=options.yes)


def _ask_about(session: Session, options: ReportOptions, given: GivenDetails, photos: Sequence[Path]) -> Sequence[Path]:
    """Ask about the guests, and return the photos of those who are saved. Names the others, where there are several."""
    from apoa_client.cli.prompts.report_guests import GuestConversation  # asks a user

    readings: list[PhotoReading] = []
    with photo_reader(session) as read:
        for file in photos:
            try:
                readings.append(read(file))
            except DataRefused:
                if len(photos) > 1:
                    print_error_line(_name(file))
                raise
    files = {id(reading): file for reading, file in zip(readings, photos, strict=True)}
    rest, saved = readings, list[Path]()
    try:
        while rest:
            conversation = GuestConversation(session, options)
            try:
                conversation.run(given.typed, rest, resume=rest is readings)
            finally:
                done = map(id, conversation.photos_saved)
                saved += (files[each] for each in done if each in files)  # not one named at a question
            rest = conversation.photos_left
    finally:
        left = [file for file in photos if file not in saved]
        if left and len(photos) > 1 and not options.dry_run:
            with suppress(OSError):  # the window is closed
                print_error_line(_("Photos without a report: {files}").format(files=", ".join(map(_name, left))))
    return saved


def _name(file: Path) -> str:
    return sanitize(str(file))


class _Photo:
    """A photo that becomes a report, or why it does not."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.evidence: bytes | None = None
        self.examination: Examination | None = None
        self.member: GroupMember | None = None
        self.refusal: DataRefused | None = None

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The warnings about the guest, in the order of the form."""
        if self.member is None:
            return ()
        return (*in_form_order(self.member.other_warnings), *self.member.duplicates)

    def value(self, report: str | None) -> dict[str, Any]:
        """Return the photo as JSON values, with the id of its report."""
        refused = self.refusal if isinstance(self.refusal, ReportRefused) else None
        findings = findings_value(refused.errors, refused.warnings) if refused is not None else findings_value((), ())
        error = error_fields(self.refusal) if self.refusal is not None else None
        return {"file": str(self.file), "report": report, "error": error, **findings}


def _report(session: Session, options: ReportOptions, given: GivenDetails, files: Sequence[Path]) -> Sequence[Path]:
    """Report the guests whose photos are sure and complete in one transaction, and return these photos."""
    photos = [_Photo(file) for file in files]
    with photo_reader(session) as read:
        for each in photos:
            try:
                _examine(session, given, each, read(each.file))
            except DataRefused as exc:
                each.refusal = exc
    _compose(session, options, photos)
    refused = [each.refusal for each in photos if each.refusal is not None]
    several = len(photos) > 1
    if refused and not several:
        raise refused[0]
    for refusal in refused:
        session.exit_code = refusal.exit_code
        if isinstance(refusal, ReportRefused):
            refusal.message = _NOT_SAVED  # in place of a sentence about all that was given
    if not session.json:
        _show(session, options, photos, several=several)
    _finish(session, options, photos, several=several)
    return [each.file for each in photos if each.refusal is None and not options.dry_run]


def _compose(session: Session, options: ReportOptions, photos: Sequence[_Photo]) -> None:
    """Compose the reports of the photos that can be reported, as a group; refuse guests who are reported already."""
    examined = [(each, each.examination) for each in photos if each.refusal is None and each.examination is not None]
    examinations = [examination for _photo, examination in examined]
    group = session.app.ask(lambda app: compose_group(app.desk, examinations, app.report_at_hand))
    for (each, _examination), member in zip(examined, group, strict=True):
        each.member = member
        if member.duplicates and not (options.again or options.dry_run):
            each.refusal = ReportedBefore(member.duplicates, in_form_order(member.other_warnings))


def _examine(session: Session, given: GivenDetails, photo: _Photo, reading: "PhotoReading") -> None:
    """Check what was read from a photo. Raises `ReportRefused` if it is not sure, or details are missing or wrong."""
    if not reading.sure:
        raise _not_sure(session, reading)
    desk = session.app.reachable_desk
    photo.evidence = reading.evidence
    photo.examination = desk.examine(Draft(given.typed, desk.read(reading.lines), given.accept_check_digit))
    if photo.examination.errors:
        raise ReportRefused(photo.examination.errors, photo.examination.warnings)


def _not_sure(session: Session, reading: "PhotoReading") -> ReportRefused:
    """Return the error for a reading that a user would have to compare with the page."""
    path = BY_NAME["mrz"].path
    doubts = [Finding(path, "bad_character", doubt_message(reading, index)) for index in doubtful_lines(reading)]
    wrong = session.app.reachable_desk.check({}, reading.lines).errors
    refused = ReportRefused(doubts or wrong or [Finding(path, "bad_character", NOT_SURE)])
    if reading.hint is not None:
        refused.advice = reading.hint
    return refused


def _show(session: Session, options: ReportOptions, photos: Sequence[_Photo], *, several: bool) -> None:
    """Show the warnings about each guest, in a dry run the report, and why a photo does not become one."""
    for each in photos:
        with error_heading(partial(str, _name(each.file) if several else "")):
            if each.refusal is not None:
                show_findings(each.refusal)
                show_error(each.refusal)
            elif options.dry_run and each.member is not None:
                show_checked(session.app, each.member.report, each.warnings)
            else:
                show_warnings(each.warnings)


def _finish(session: Session, options: ReportOptions, photos: Sequence[_Photo], *, several: bool) -> None:
    """Save and send the reports that can be saved, or end the dry run."""
    app = session.app
    ready = [(each, each.member) for each in photos if each.refusal is None and each.member is not None]
    ids = {} if options.dry_run else {each: member.report.id for each, member in ready}
    more = {"photos": [each.value(ids.get(each)) for each in photos]} if several else None
    if options.dry_run:
        from apoa_client.cli.prompts.online_check import finish_dry_run  # not to save a report

        reports, warnings = [member.report for _each, member in ready], [each.warnings for each, _member in ready]
        finish_dry_run(session, options, reports, warnings, more)
        return
    desk = app.reachable_desk
    new = [desk.new_report(member.report, each.warnings, photo=each.evidence) for each, member in ready]
    entries = app.save_new(new) if new else []
    members = zip(entries, ready, strict=True)
    saved = [SavedReport(entry, member.report, each.warnings) for entry, (each, member) in members]
    SaveAndSend(session, send=not options.no_send).finish(saved, several=several, more=more)


def _delete(session: Session, photo: Path, *, yes: bool) -> None:
    """Delete the photo of a saved report, if the user confirms it or said `--yes`."""
    file = _name(photo)
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
