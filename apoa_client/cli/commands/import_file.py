"""The import of one file: find out its columns, check every row, show the result, save the good rows, and send them."""

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

from apoa_client.app.table_import import ImportResult, table_import
from apoa_client.cli.commands.import_columns import find_records
from apoa_client.cli.commands.import_options import ImportOptions
from apoa_client.cli.commands.import_sending import send_imported
from apoa_client.cli.documents.marked_rows import marked_file
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.input import confirm, standard_input_bytes
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_error,
    style_success,
)
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_ending, check_writable, write_output
from apoa_client.cli.terminal.pager import paged
from apoa_client.cli.terminal.progress import counting
from apoa_client.cli.terminal.quoting import quote_words
from apoa_client.cli.views.import_columns import show_facts
from apoa_client.cli.views.import_result import (
    import_value,
    print_problems,
    print_warnings,
    show_counts,
    show_problems,
)
from apoa_client.cli.views.report import property_line
from apoa_client.errors import Exit, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.tables.content import MAX_BYTES
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Records, Table

_STDIN = Path("-")
_MANY_ROWS = 500


class _Progress:
    """Shows how many rows were checked, on long files only."""

    show: Callable[[int], object] = int

    def checked(self, rows: int) -> None:
        """Show the count, once there are many."""
        if rows >= _MANY_ROWS:
            self.show(rows)

    def saving(self, reports: int) -> None:
        """Show nothing: saving takes a moment."""


class FileImport:
    """Imports one file, with questions at a terminal."""

    def __init__(self, session: Session, options: ImportOptions) -> None:
        self._session = session
        self._app = session.app
        self._options = options
        self._asks = session.interactive and not options.yes

    def run(self) -> Exit:
        """Return the exit code. Raises `DataRefused` for a file that cannot be read or has doubtful columns."""
        if self._options.write_errors is not None:
            self._check_write_errors(self._options.write_errors)
        source = self._open()
        found = find_records(self._session, source, self._options, asks=self._asks)
        result = self._import(found.records) if found is not None else None
        if found is None or result is None:
            print_error_line(_("Nothing was saved."))
            return Exit.DONE
        self._show(result)
        self._write_errors(source, result, found.options)
        if result.reports and not self._options.no_send:
            send_imported(self._session, result.reports)
        return Exit.DATA_REFUSED if result.refused else Exit(self._session.exit_code)

    def _check_write_errors(self, path: Path) -> None:
        """Raise `UsageProblem` unless the refused rows can be written there."""
        if path == STANDARD_OUTPUT:
            raise UsageProblem(msg("--write-errors needs the name of a file: standard output has the result."))
        check_writable(path, force=self._options.force)
        check_ending(path, [".xlsx", ".csv"])
        with suppress(OSError):  # one of the two does not exist
            if path.samefile(self._options.file):
                raise UsageProblem(
                    msg("{path} is the file that is imported: its good rows would be lost.", path=str(path)),
                    msg("Name another file for --write-errors."),
                )

    def _open(self) -> Table | Records:
        options = self._options
        content = standard_input_bytes(MAX_BYTES + 1) if options.file == _STDIN else options.file
        source = open_source(content, options.file_format or "", options.sheet or "")
        if self._asks:
            show_facts(source.facts, source.heading_row if isinstance(source, Table) else 0)
        return source

    def _import(self, records: Records) -> ImportResult | None:
        """Check every row, and save the good ones unless they are only checked. None if the user does not want it."""
        options, progress = self._options, _Progress()
        with table_import(self._app, records, progress, dry_run=options.check) as run:
            with counting(_("Checking rows"), silent=not self._session.interactive) as progress.show:
                checked = run.check()
            if options.check:
                return checked
            if self._asks and not self._wanted(checked):
                return None
            return run.save(all_or_nothing=options.all_or_nothing)

    def _wanted(self, checked: ImportResult) -> bool:
        """Show what importing does, and ask whether to do it, if it does anything."""
        print_error_line()
        print_problems(checked)
        print_warnings(checked)
        show_counts(checked, print_error_line, saved=False)
        if not checked.new_reports or (checked.refused and self._options.all_or_nothing):
            return True
        question = nmsg("Save {count} report?", "Save {count} reports?", checked.new_reports)
        if not self._options.no_send:
            question = nmsg("Save and send {count} report?", "Save and send {count} reports?", checked.new_reports)
        return confirm(text(question))

    def _show(self, result: ImportResult) -> None:
        """Show the result on stdout: all of it, unless the user has seen it before the question."""
        saved = not self._options.check
        if self._session.json:
            print_json(import_value(result, saved=saved))
            return
        if not self._asks or self._options.check:
            with paged(self._app.environ, wanted=self._options.check and self._session.interactive):
                show_counts(result, print_line, saved=saved)
                show_problems(result)
            print_warnings(result)
        for line in property_line(self._app.label_if_several):
            print_line(line)
        self._show_end(result)

    def _show_end(self, result: ImportResult) -> None:
        if self._options.check:
            print_line(_("Nothing was saved (--check)."))
        elif result.reports:
            done = nmsg("Saved: {count} report.", "Saved: {count} reports.", len(result.reports))
            print_line(style_success(text(done)))
        elif result.refused and self._options.all_or_nothing:
            print_line(style_error(_("Nothing was saved, because a row is refused (--all-or-nothing).")))
        else:
            print_line(_("There was nothing to save."))

    def _write_errors(self, source: Table | Records, result: ImportResult, about: ImportOptions) -> None:
        """Write the refused rows to the file of --write-errors, or to one that the user is asked about.

        `about` are the options with which its columns are not asked about again.
        """
        path = self._options.write_errors
        if not result.problems or (path is None and not self._asks):
            return
        if path is None:
            path = _free_path(self._options.file)
            question = nmsg(
                "Write the refused row to {file}, with its problems marked, so that you can correct it there?",
                "Write the {count} refused rows to {file}, with their problems marked, so that you can correct them "
                "there?",
                result.refused,
                file=str(path),
            )
            if not confirm(text(question)):
                return
        write_output(path, marked_file(source, result.problems, path), force=self._options.force)
        if not self._session.json:
            print_error_line(_("Written: {path}").format(path=sanitize(str(path))))
            again = localized_command(f"import {quote_words([str(path), *about.about_columns()])}")
            print_error_line(_("Correct the rows there, and import it: {command}").format(command=sanitize(again)))


def _free_path(file: Path) -> Path:
    """Return a name beside the file that no other file has. A copy of a copy is named after the first file."""
    ending = ".csv" if file.suffix.casefold() == ".csv" else ".xlsx"
    of_a_copy = re.escape(_("{name}-problems").format(name="")) + r"(-\d+)?$"
    stem = _("{name}-problems").format(name=re.sub(of_a_copy, "", file.stem))
    names = (f"{stem}{f'-{number}' if number > 1 else ''}{ending}" for number in count(1))
    return next(path for name in names if not (path := file.with_name(name)).exists())
