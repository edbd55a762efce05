"""`apoa import --watch`: import what a booking system puts into a folder, until the process is asked to end.

Between two files nothing is open, and each file is imported with the settings as they are then.
"""

import time
from datetime import datetime
from pathlib import Path

from apoa_client.app.table_import import ImportResult, table_import
from apoa_client.app.table_watch import DONE, REFUSED, WatchedFolder, reason_file
from apoa_client.cli.commands.import_columns import find_columns
from apoa_client.cli.commands.import_options import ImportOptions
from apoa_client.cli.commands.import_sending import send_imported
from apoa_client.cli.documents.marked_rows import marked_file
from apoa_client.cli.failures import show_failure
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_line, sanitize, style_warning
from apoa_client.cli.terminal.service_manager import ServiceManager
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.terminal.streams import discard_output
from apoa_client.cli.views.labels import moment_text
from apoa_client.cli.views.refusal import error_lines, problem_lines
from apoa_client.errors import ApoaError, DataRefused, Exit, StorageProblem, UsageProblem, file_in_use
from apoa_client.files import FileInUse, write_private
from apoa_client.messages import msg
from apoa_client.ports.run import Interruptions
from apoa_client.tables.columns import guest_rows
from apoa_client.tables.mapping_file import find_mapping
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Records, Table

LOOK_EVERY_S = 1.0
_NOT_OF_THE_FILE = frozenset({"table_changed", "table_unreadable"})
"""Names of errors that another look may not have: the file is being written, or has just been taken."""


class _Silent:
    """Shows no progress: no user looks on."""

    def checked(self, rows: int) -> None:
        """Show nothing."""

    def saving(self, reports: int) -> None:
        """Show nothing."""


def watch(session: Session, folder: Path, options: ImportOptions) -> Exit:
    """Import each file that is put into the folder, until Ctrl-C, SIGTERM or a closed window. Then return `DONE`.

    Raises `UsageProblem` for options that need one file, `SettingsProblem` if the folder cannot be changed.
    """
    _check(session, options)
    manager = ServiceManager(session.environ)
    with Signals() as signals:
        try:
            watcher = Watcher(session, WatchedFolder(folder, session.app.clock.monotonic), options, signals)
            if not session.quiet:
                line = _("Importing what is put into {folder}, until Ctrl-C ends it.")
                print_line(line.format(folder=sanitize(str(folder))))
            manager.ready()
            while True:
                watcher.look(manager)
                time.sleep(LOOK_EVERY_S)  # which Ctrl-C interrupts on Windows, too
        except KeyboardInterrupt:
            return Exit.DONE
        finally:
            manager.stopping()


def _check(session: Session, options: ImportOptions) -> None:
    """Raise `UsageProblem` for options that make no sense here, and for an unknown mapping."""
    if session.json or options.check or options.write_errors is not None:
        raise UsageProblem(
            msg("--watch imports one file after the other and never ends by itself."),
            msg("Leave out --json, --check and --write-errors: refused rows are written beside each refused file."),
        )
    if options.mapping:
        find_mapping(options.mapping, session.app.config)


class Watcher:
    """Imports the files of one folder into the session's property."""

    def __init__(
        self, session: Session, folder: WatchedFolder, options: ImportOptions, interruptions: Interruptions
    ) -> None:
        self._session = session
        self._folder = folder
        self._options = options
        self._interruptions = interruptions
        self._property = session.app.settings.name
        self._shown: dict[str, str] = {}
        """The name of the last error that was shown about a file which is still there, by the file's name."""
        folder.prepare()

    def look(self, manager: ServiceManager) -> None:
        """Import the files that are whole now. Errors are shown."""
        now = self._session.app.clock.monotonic
        manager.alive(now())
        try:
            found = self._folder.whole_files()
        except OSError:
            self._show_once("", _unreadable(self._folder.folder))
            return
        self._shown = {name: shown for name, shown in self._shown.items() if (self._folder.folder / name).exists()}
        for path in found:
            with self._folder.lock() as is_held:
                if is_held and self._folder.is_as_seen(path):
                    self._take(path)
            manager.alive(now())

    def _take(self, path: Path) -> None:
        """Import a file and move it, or leave it where it is if the reason is not in the file."""
        session = self._session.for_property(self._property)
        session.terminal = False
        try:
            with session:
                _TakenFile(session, self._folder, path, self._options, self._interruptions).run()
        except BrokenPipeError:
            discard_output()  # who read it has ended, and the importing goes on
        except FileInUse:
            self._leave(path, file_in_use(str(path)))
        except OSError:
            self._leave(path, _unmovable(path))
        except ApoaError as exc:
            self._leave(path, exc)
        except Exception as exc:  # noqa: BLE001  a bug of ours must not end the importing for good
            self._folder.leave(path)
            show_failure(session, exc)

    def _leave(self, path: Path, error: ApoaError) -> None:
        self._folder.leave(path)
        self._show_once(path.name, error)

    def _show_once(self, name: str, error: ApoaError) -> None:
        if self._shown.get(name) != error.name:
            show_failure(self._session, error)
        self._shown[name] = error.name


class _TakenFile:
    """One file that is imported and moved."""

    def __init__(
        self,
        session: Session,
        folder: WatchedFolder,
        path: Path,
        options: ImportOptions,
        interruptions: Interruptions,
    ) -> None:
        self._session = session
        self._app = session.app
        self._folder = folder
        self._path = path
        self._options = options._replace(file=path)
        self._interruptions = interruptions

    def run(self) -> None:
        """Import the file, move it, and send the reports. Raises `ApoaError` or `OSError`, and then it is not moved."""
        self._folder.check()
        try:
            source = open_source(self._path, self._options.file_format or "", self._options.sheet or "")
            result = self._import(source)
        except DataRefused as exc:
            if exc.name in _NOT_OF_THE_FILE:
                raise
            with self._interruptions.delayed():
                target = self._folder.target(self._path, REFUSED)
                self._write(reason_file(target), _reason(error_lines(exc, self._now())))
                self._folder.move(self._path, target)
            self._show(style_warning(_("refused: {reason}").format(reason=text(exc.message))))
            return
        if result.reports and not self._options.no_send:
            send_imported(self._session, result.reports)

    def _import(self, source: Table | Records) -> ImportResult:
        records = source
        if isinstance(records, Table):
            records = guest_rows(records, find_columns(self._session, records, self._options))
        with table_import(self._app, records, _Silent()) as run:
            run.check()
            with self._interruptions.delayed():  # what is saved is moved, too
                result = run.save(all_or_nothing=self._options.all_or_nothing)
                self._finish(source, result)
        return result

    def _finish(self, source: Table | Records, result: ImportResult) -> None:
        """Move the file; if rows were refused, with the reason and the refused rows beside it."""
        target = self._folder.target(self._path, REFUSED if result.refused else DONE)
        if result.refused and self._folder.is_as_seen(self._path):  # else another file has its name now
            copy = "" if self._options.all_or_nothing else self._write_refused_rows(source, result, target)
            self._write(reason_file(target), _reason(problem_lines(result, self._now(), copy)))
        self._folder.move(self._path, target)
        counts = (
            (_("{count} saved"), result.saved),
            (_("{count} changed"), result.amended),
            (_("{count} unchanged"), result.unchanged),
            (_("{count} skipped"), result.skipped),
            (_("{count} refused"), result.refused),
        )
        words = ", ".join(label.format(count=count) for label, count in counts if count) or _("no rows")
        self._show(style_warning(words) if result.refused else words)

    def _write_refused_rows(self, source: Table | Records, result: ImportResult, target: Path) -> str:
        """Write the refused rows beside the refused file. Return the name; empty if that is not possible."""
        ending = ".csv" if target.suffix.casefold() == ".csv" else ".xlsx"
        copy = target.with_name(_("{name}-problems").format(name=target.stem) + ending)
        if reason_file(copy).exists():  # it is a refused file itself
            return ""
        try:
            self._write(copy, marked_file(source, result.problems, copy))
        except ApoaError:  # the library for workbooks is missing, for example; the reason names the rows
            return ""
        return copy.name

    def _write(self, path: Path, content: bytes) -> None:
        with self._folder.own(REFUSED):
            write_private(path, content)

    def _now(self) -> datetime:
        return self._app.clock.now().astimezone(self._app.settings.zone)

    def _show(self, what: str) -> None:
        if not self._session.quiet:
            moment = moment_text(self._app.clock.now(), self._app.settings.zone)
            print_line(f"{moment}: {sanitize(self._path.name)}: {what}")


def _reason(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8-sig")


def _unreadable(folder: Path) -> StorageProblem:
    return StorageProblem(
        msg("The folder {path} cannot be read.", path=str(folder)),
        msg("It is looked at again every second. Plug in its disk, or let this user read it."),
        name="folder_unreadable",
    )


def _unmovable(path: Path) -> StorageProblem:
    return StorageProblem(
        msg("The file {path} was imported, and cannot be moved.", path=str(path)),
        msg("It is tried again every minute, and nothing is reported twice. Let this user write in the folder."),
        name="file_unmovable",
    )
