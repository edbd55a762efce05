"""`apoa import --from`: import the tables that a booking system has put into a folder, and move each file.

What is in the folder now is taken, and the command ends; automatic sending does the same before it sends. A file whose
reading fails for a reason outside it stays where it is, for the next run.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from apoa_client.app.import_folder import DONE, LEFT, REFUSED, ImportFolder, TakenFile, reason_file
from apoa_client.app.table_import import ImportResult, table_import
from apoa_client.cli.commands.import_file import ImportOptions, find_columns, marked_file, send_imported
from apoa_client.cli.failures import show_bug
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, sanitize
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.imports import error_lines, folder_value, problem_lines, taken_line
from apoa_client.errors import ApoaError, DataRefused, Exit, NotNow, StorageProblem, UsageProblem, worst_exit
from apoa_client.files import FileInUse, write_private
from apoa_client.messages import msg
from apoa_client.tables.columns import guest_rows
from apoa_client.tables.headings import find_mapping
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Records, Table, TableRefused

Show = Callable[[str, Callable[[], object]], object]
"""Shows something, or not if what has this code was shown before."""

_NOT_OF_THE_FILE = frozenset({"table_changed", "table_unreadable", "file_in_use"})
"""Names of errors that the next run may not have: the file is being written, or another program has it open."""


def import_folder(session: Session, folder: Path, options: ImportOptions) -> Exit:
    """Import what is in the folder, and send. Return the exit code: 75 if a file was left for the next run.

    Raises `UsageProblem` for options that need one file and for a folder that does not exist, `SettingsProblem` if it
    cannot be changed or another user can change the folders in it.
    """
    if options.check or options.write_errors is not None:
        raise UsageProblem(
            msg("--from imports and moves each file of the folder."),
            msg("Leave out --check and --write-errors: refused rows are written beside each refused file."),
        )
    taken = _take_all(session, folder, options, lambda _code, show: show())
    reports = [each for file in taken if file.result is not None for each in file.result.reports]
    if session.json:
        print_json(folder_value(taken, reports))
    elif not taken and not session.quiet:
        print_line(_("There is no file to import in {folder}.").format(folder=sanitize(str(folder))))
    if reports and not options.no_send:
        send_imported(session, reports)
    return worst_exit([*(each.exit_code for each in taken), session.exit_code])


def import_waiting(session: Session, show: Show) -> Exit:
    """Import what is in the folder of the property's settings, before automatic sending. Raises as `import_folder`."""
    settings = session.app.settings
    options = ImportOptions(Path(settings.import_folder), mapping=settings.import_map or None, no_send=True)
    return worst_exit(each.exit_code for each in _take_all(session, options.file, options, show))


def _take_all(session: Session, path: Path, options: ImportOptions, show: Show) -> Sequence[TakenFile]:
    if options.mapping:
        find_mapping(options.mapping, session.app.config)
    folder = ImportFolder(path)
    with folder.held() as is_held:
        if not is_held:
            raise NotNow(
                msg("Another process imports from {path} now.", path=str(path)),
                msg("It takes each file that is there. Run the command again when it has ended."),
                name="folder_in_use",
            )
        whole, recent = folder.waiting(session.app.clock.now())
        taken = []
        for file in whole:
            taken.append(_FileOfFolder(session, folder, file, options).take())
            _show(session, taken[-1], show)
        for file in recent:
            taken.append(TakenFile(file.name, LEFT, error=_still_written()))
            _show(session, taken[-1], show)
    return taken


class _FileOfFolder:
    """One file that is imported and moved."""

    def __init__(self, session: Session, folder: ImportFolder, path: Path, options: ImportOptions) -> None:
        self._session = session
        self._app = session.app
        self._folder = folder
        self._path = path
        self._options = options._replace(file=path)

    def take(self) -> TakenFile:
        """Import the file and move it, or leave it where it is if the reason is not in the file.

        Raises the errors that each file would have, such as a full disk or an unsafe folder: then it is not moved.
        """
        name = self._path.name
        try:
            self._folder.check()
            return self._import()
        except FileInUse:
            return TakenFile(name, LEFT, error=_still_written())
        except OSError:
            return TakenFile(name, LEFT, error=_unmovable(self._path))
        except (DataRefused, StorageProblem) as exc:
            if exc.name not in _NOT_OF_THE_FILE:
                raise
            return TakenFile(name, LEFT, error=_still_written())
        except ApoaError:
            raise
        except Exception as exc:  # noqa: BLE001  a bug of ours with one file must not hold up the others for good
            show_bug(type(exc), exc.__traceback__, verbose=bool(self._session.verbosity))
            return TakenFile(name, LEFT, error=ApoaError(msg("The file stays where it is."), name="bug"))

    def _import(self) -> TakenFile:
        try:
            options = self._options
            source = open_source(self._path, options.file_format or "", options.choice, self._app.environ)
            records = source
            if isinstance(records, Table):
                records = guest_rows(records, find_columns(self._session, records, self._options))
            with table_import(self._app, records) as run:
                run.check()
                result = run.save(all_or_nothing=self._options.all_or_nothing)
        except DataRefused as exc:
            if exc.name in _NOT_OF_THE_FILE:
                raise
            target = self._folder.target(self._path, REFUSED)
            self._write(reason_file(target), _reason(error_lines(exc, self._now())))
            self._folder.move(self._path, target)
            return TakenFile(self._path.name, REFUSED, error=exc)
        return self._finish(source, result)

    def _finish(self, source: Table | Records, result: ImportResult) -> TakenFile:
        """Move the file; if rows were refused, with the reason and the refused rows beside it."""
        where = REFUSED if result.refused else DONE
        target = self._folder.target(self._path, where)
        if result.refused and self._folder.is_as_seen(self._path):  # else another file has its name now
            copy = ""
            if isinstance(source, Table) and not self._options.all_or_nothing:
                copy = self._write_refused_rows(source, result, target)
            self._write(reason_file(target), _reason(problem_lines(result, self._now(), copy)))
        if not self._folder.move(self._path, target):
            return TakenFile(self._path.name, LEFT, result, _still_written())
        return TakenFile(self._path.name, where, result)

    def _write_refused_rows(self, table: Table, result: ImportResult, target: Path) -> str:
        """Write the refused rows beside the refused file. Return the name; empty if that is not possible."""
        ending = ".csv" if target.suffix.casefold() == ".csv" else ".xlsx"
        # Named after the whole name, the ending included: guests.ods and guests.xlsx have a copy each.
        copy = target.with_name(_("{name}-problems").format(name=target.name) + ending)
        if reason_file(copy).exists():  # it is a refused file itself
            return ""
        try:
            content = marked_file(table, result.problems, copy)
        except (TableRefused, UsageProblem):  # it takes too long, or a cell is too long; the reason names the rows
            return ""
        self._write(copy, content)
        return copy.name

    def _write(self, path: Path, content: bytes) -> None:
        with self._folder.own(REFUSED):
            write_private(path, content)

    def _now(self) -> datetime:
        return self._app.clock.now().astimezone(self._app.settings.zone)


def _show(session: Session, taken: TakenFile, show: Show) -> None:
    """Show what became of a file: what a user must act on also with ``--quiet``, but nothing beside a document."""
    error = taken.error
    if session.json:
        return
    if taken.where == LEFT and error is not None and error.exit_code is not Exit.NOT_NOW:
        show(f"import:{error.name}", lambda: show_error(error))
    elif not session.quiet:
        print_line(taken_line(taken))
    elif taken.where == REFUSED or taken.implausible:
        print_error_line(taken_line(taken))


def _reason(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8-sig")


def _still_written() -> NotNow:
    return NotNow(
        msg("It is left for the next run: it was changed less than a minute ago, or another program has it open."),
        msg("Run the command again in a minute."),
        name="file_unfinished",
    )


def _unmovable(path: Path) -> StorageProblem:
    return StorageProblem(
        msg("The file {path} was imported, and cannot be moved.", path=str(path)),
        msg("The next run tries it again, and nothing is reported twice. Let this user write in the folder."),
        name="file_unmovable",
    )
