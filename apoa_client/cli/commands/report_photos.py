"""`apoa report --photo`: each page is one guest; several are a group, in order, and none is left out unsaid.

With `--photo-from`, each new picture in a folder is the next guest. Nothing in the folder is changed or deleted.

At a terminal `apoa_client.cli.prompts.report_guests` asks about each guest. Elsewhere the sure and complete ones are
saved together, and of each other photo it is said what is missing.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client.app.import_folder import file_state
from apoa_client.cli.commands.guest_options import MRZ_BESIDE_A_PHOTO
from apoa_client.cli.failures import show_failure
from apoa_client.cli.prompts.mrz_lines import name_unreported, photo_pages, photo_reader, unreported
from apoa_client.cli.prompts.save_and_send import GivenDetails, ReportOptions, SaveAndSend, SavedReport, show_checked
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import discard_typed_ahead
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import error_heading, print_error_line, sanitize
from apoa_client.cli.views.checked_document import NOT_SURE, doubt_message, doubtful_lines
from apoa_client.cli.views.findings import error_fields, findings_value, show_error, show_findings, show_warnings
from apoa_client.desk.arrivals import GroupMember, ReportedBefore, compose_group
from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.fields import BY_NAME, IN_AN_MRZ
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import Examination, in_form_order

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading


_NOT_SAVED = msg("The guest of this photo is not saved.")


def report_photos(session: Session, options: ReportOptions, given: GivenDetails, photos: Sequence[Path]) -> None:
    """Report the guests on the photos.

    Raises `UsageProblem` for lines beside a photo, or for one guest's details beside several; `ScanMissing` without
    the extra `scan`. At a terminal, `PictureRefused` for a file that is no picture. For a single photo without a
    terminal, what `_Page.refusal` says of it.
    """
    if given.lines:
        raise UsageProblem(MRZ_BESIDE_A_PHOTO)
    if len(photos) > 1 and not given.typed.keys().isdisjoint(IN_AN_MRZ):
        raise UsageProblem(msg("The typed details are one guest's, and there are several photos."))
    work = _ask_about if session.interactive else _report
    work(session, options, given, photos)


def _ask_about(session: Session, options: ReportOptions, given: GivenDetails, photos: Sequence[Path]) -> None:
    """Ask about the guests. Name the photos of those who are not saved, where there are several."""
    from apoa_client.cli.prompts.report_guests import GuestConversation  # asks a user

    shots: list[tuple[Path, PhotoReading]] = []
    with photo_reader(session) as read:
        for file in photos:
            try:
                shots += [(file, each) for each in _documents(read(file))]
            except DataRefused:
                if len(photos) > 1:
                    print_error_line(_name(file))
                raise
    pages = photo_pages(shots)
    conversation = GuestConversation(session, options)
    try:
        conversation.run(given.typed, [reading for reading, _files in pages])
    finally:
        if len(photos) > 1 and not options.dry_run:
            name_unreported(unreported(pages, conversation.photos_saved))


def _documents(reading: "PhotoReading") -> list["PhotoReading"]:
    """Return a reading of each document that a picture shows. Says so, if there are several.

    Such a picture is not kept with a report: it shows another guest's passport.
    """
    if not reading.others:
        return [reading]
    documents = [replace(each, others=(), hint=None, evidence=None) for each in (reading, *reading.others)]
    print_error_line(
        _("The picture shows {count} documents: each is asked about as a guest, and < leaves one out.").format(
            count=len(documents)
        )
    )
    return documents


def _name(file: Path) -> str:
    return sanitize(str(file))


class _Page:
    """A page that becomes a report, or why it does not, and the files of its photos."""

    def __init__(
        self, files: Sequence[Path], reading: "PhotoReading | None", refusal: DataRefused | None = None
    ) -> None:
        self.files = files
        self.reading = reading
        self.examination: Examination | None = None
        self.member: GroupMember | None = None
        self.refusal = refusal

    @property
    def name(self) -> str:
        """The names of the files."""
        return ", ".join(map(_name, self.files))

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The warnings about the guest, in the order of the form."""
        if self.member is None:
            return ()
        return (*in_form_order(self.member.other_warnings), *self.member.duplicates)

    def values(self, report: str | None) -> Iterator[dict[str, Any]]:
        """Yield each photo as JSON values, with the id of its report."""
        refused = self.refusal if isinstance(self.refusal, ReportRefused) else None
        findings = findings_value(refused.errors, refused.warnings) if refused is not None else findings_value((), ())
        error = error_fields(self.refusal) if self.refusal is not None else None
        zones = self.reading.zones if self.reading is not None else 0
        for file in self.files:
            yield {"file": str(file), "zones": zones, "report": report, "error": error, **findings}


def _report(session: Session, options: ReportOptions, given: GivenDetails, files: Sequence[Path]) -> None:
    """Report the guests whose photos are sure and complete in one transaction."""
    photos = _read(session, files)
    for each in photos:
        if each.reading is not None:
            try:
                _examine(session, given, each, each.reading)
            except DataRefused as exc:
                each.refusal = exc
    _compose(session, options, photos)
    refused = [each.refusal for each in photos if each.refusal is not None]
    several = len(files) > 1
    if refused and not several:
        raise refused[0]
    for refusal in refused:
        session.exit_code = refusal.exit_code
        if isinstance(refusal, ReportRefused):
            refusal.message = _NOT_SAVED  # in place of a sentence about all that was given
    if not session.json:
        _show(session, options, photos, several=several)
    _finish(session, options, photos, several=several)


def _read(session: Session, files: Sequence[Path]) -> list[_Page]:
    """Read the photos, and put those of one page together."""
    refused: list[_Page] = []
    shots: list[tuple[Path, PhotoReading]] = []
    with photo_reader(session) as read:
        for file in files:
            try:
                shots.append((file, read(file)))
            except DataRefused as exc:
                refused.append(_Page([file], None, exc))
    pages = [_Page(files_of_page, reading) for reading, files_of_page in photo_pages(shots)]
    return sorted([*pages, *refused], key=lambda each: files.index(each.files[0]))


def _compose(session: Session, options: ReportOptions, photos: Sequence[_Page]) -> None:
    """Compose the reports of the photos that can be reported, as a group; refuse guests who are reported already."""
    examined = [(each, each.examination) for each in photos if each.refusal is None and each.examination is not None]
    examinations = [examination for _photo, examination in examined]
    group = session.app.ask(lambda app: compose_group(app.desk, examinations, app.report_at_hand))
    for (each, _examination), member in zip(examined, group, strict=True):
        each.member = member
        if member.duplicates and not (options.again or options.dry_run):
            each.refusal = ReportedBefore(member.duplicates, in_form_order(member.other_warnings))


def _examine(session: Session, given: GivenDetails, photo: _Page, reading: "PhotoReading") -> None:
    """Check what was read from a photo. Raises `ReportRefused` if it is not sure, or details are missing or wrong."""
    if not reading.sure:
        raise _not_sure(session, reading)
    desk = session.app.reachable_desk
    photo.examination = desk.examine(Draft(given.typed, desk.read(reading.lines)))
    if photo.examination.errors:
        raise ReportRefused(photo.examination.errors, photo.examination.warnings)


def _not_sure(session: Session, reading: "PhotoReading") -> ReportRefused:
    """Return the error for a reading that a user would have to compare with the page."""
    path = BY_NAME["mrz"].path
    if reading.others and reading.hint is not None:
        return ReportRefused([Finding(path, "several_documents", reading.hint)])
    doubts = [Finding(path, "bad_character", doubt_message(reading, index)) for index in doubtful_lines(reading)]
    wrong = session.app.reachable_desk.check({}, reading.lines).errors
    refused = ReportRefused(doubts or wrong or [Finding(path, "bad_character", NOT_SURE)])
    if reading.hint is not None:
        refused.advice = reading.hint
    return refused


def _show(session: Session, options: ReportOptions, photos: Sequence[_Page], *, several: bool) -> None:
    """Show the warnings about each guest, in a dry run the report, and why a photo does not become one."""
    for each in photos:
        with error_heading(partial(str, each.name if several else "")):
            if each.refusal is not None:
                show_findings(each.refusal)
                show_error(each.refusal)
            elif options.dry_run and each.member is not None:
                show_checked(session.app, each.member.report, each.warnings)
            else:
                show_warnings(each.warnings)


def _finish(session: Session, options: ReportOptions, photos: Sequence[_Page], *, several: bool) -> None:
    """Save and send the reports that can be saved, or end the dry run."""
    app = session.app
    ready = [(each, each.member) for each in photos if each.refusal is None and each.member is not None]
    ids = {} if options.dry_run else {each: member.report.id for each, member in ready}
    more = {"photos": [value for each in photos for value in each.values(ids.get(each))]} if several else None
    if options.dry_run:
        from apoa_client.cli.prompts.online_check import finish_dry_run  # not to save a report

        reports, warnings = [member.report for _each, member in ready], [each.warnings for each, _member in ready]
        finish_dry_run(session, options, reports, warnings, more)
        return
    desk = app.reachable_desk
    new = [
        desk.new_report(member.report, each.warnings, photo=each.reading.evidence if each.reading is not None else None)
        for each, member in ready
    ]
    entries = app.save_new(new) if new else []
    members = zip(entries, ready, strict=True)
    saved = [SavedReport(entry, member.report, each.warnings) for entry, (each, member) in members]
    SaveAndSend(session, send=not options.no_send).finish(saved, several=several, more=more)


LOOK_EVERY_S = 0.5
"""How often the folder is looked at. A picture is taken at the second look at which it is the same."""


class NewFiles:
    """Finds the files that arrive in a folder after this was made, each once it is complete.

    Files that are there already are left: they are of guests who were reported. A file that is unchanged between two
    looks is complete, because a program that copies a photo does not pause for so long; most give it its name at the
    end only.
    """

    def __init__(self, folder: Path) -> None:
        """Raise `UsageProblem` if there is no such folder."""
        if not folder.is_dir():
            raise UsageProblem(
                msg("There is no folder {path}.", path=str(folder)),
                msg("Name the folder into which the phone's photos come."),
            )
        self._folder = folder
        self._seen = self._before = self._states()

    def look(self) -> list[Path]:
        """Return what is new and complete, the oldest first."""
        now, before = self._states(), self._before
        complete = [path for path, state in now.items() if state == before.get(path) != self._seen.get(path)]
        self._before = now
        self._seen = self._seen | {path: now[path] for path in complete}
        return sorted(complete, key=lambda path: (now[path][-1], path.name))

    def left(self) -> list[Path]:
        """Return what arrived and was not taken yet."""
        return sorted(path for path, state in self._states().items() if state != self._seen.get(path))

    def _states(self) -> dict[Path, tuple[int, ...]]:
        """Return the facts of each file with a content; none while the folder is away, such as a phone's.

        A file's number is not one of them: a phone, a memory card or a share may give another one at each connection.
        """
        try:
            found = {path: file_state(path) for path in self._folder.iterdir()}
        except OSError:
            return {}
        known = {path: state for path, state in found.items() if state is not None and state.st_size}
        return {path: (state.st_size, state.st_mtime_ns) for path, state in known.items()}


def report_photos_from(session: Session, options: ReportOptions, given: GivenDetails, folder: Path) -> None:
    """Report the guest on each new photo of a folder, until Ctrl-C. Names those that arrived and were not asked about.

    Raises `UsageProblem` without a terminal, for a guest's details, and for a folder that does not exist. What is no
    picture, or not reported, is shown, and the next photo is waited for.
    """
    if not session.interactive:
        raise UsageProblem(
            msg("--photo-from asks about each guest, and there is no terminal."),
            msg("Give the photos by --photo, or run the command at a terminal."),
        )
    if given.lines or not given.typed.keys().isdisjoint(IN_AN_MRZ):
        raise UsageProblem(msg("The details of the guests are read from their photos. Give those of the stay alone."))
    photos = NewFiles(folder)
    arrived: list[Path] = []
    try:
        while True:
            print_error_line(
                _("Waiting for new photos in {folder}; those that are there already are left. Ctrl-C ends it.").format(
                    folder=sanitize(str(folder))
                )
            )
            try:
                while not (arrived := photos.look()):
                    time.sleep(LOOK_EVERY_S)  # which Ctrl-C interrupts on Windows, too
            except KeyboardInterrupt:
                print_error_line()
                return
            while arrived:
                photo = arrived.pop(0)
                print_error_line(_("New photo: {file}").format(file=sanitize(photo.name)))
                discard_typed_ahead()  # an Enter while waiting is no answer
                try:
                    report_photos(session, options, given, [photo])
                except DataRefused as exc:  # no picture, or no guest to report
                    show_failure(session, exc)
    finally:
        name_unreported([*arrived, *photos.left()])  # the next call leaves them
