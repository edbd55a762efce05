"""`apoa report --photo-from`: each new picture in a folder, to which a phone sends its photos, is the next guest.

Nothing in the folder is changed or deleted.
"""

import time
from pathlib import Path

from apoa_client.app.import_folder import file_state
from apoa_client.cli.commands.guest_options import GivenDetails
from apoa_client.cli.commands.report_photos import name_left, report_photos
from apoa_client.cli.failures import show_failure
from apoa_client.cli.prompts.save_and_send import ReportOptions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import discard_typed_ahead
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.fields import IN_AN_MRZ

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
                    report_photos(session, options, given, [photo], delete=False)
                except DataRefused as exc:  # no picture, or no guest to report
                    show_failure(session, exc)
    finally:
        name_left([*arrived, *photos.left()])  # the next call leaves them
