"""The import of one file: find out its columns, check every row, show the result, save the good rows, and send them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from apoa_client.app.table_import import ImportResult, RowFinding, table_import
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_command, quote_words
from apoa_client.cli.terminal.input import confirm, standard_input_bytes
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_ending, check_writable, write_output
from apoa_client.cli.terminal.pager import paged
from apoa_client.cli.terminal.progress import current_step, watcher
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.imports import (
    import_value,
    print_problems,
    print_warnings,
    problem_text,
    show_counts,
    show_facts,
    show_problems,
    show_sheets,
    show_unread,
    unread_headings,
)
from apoa_client.cli.views.outcome import show_outcome
from apoa_client.cli.views.report import property_line
from apoa_client.errors import Exit, StorageProblem, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.settings.writer import save_mapping
from apoa_client.tables.cells import CANCELLED_MARK, NOT_REPORTED
from apoa_client.tables.columns import ColumnMap, guest_rows, match_columns
from apoa_client.tables.headings import find_mapping, parse_default
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import MAX_BYTES, CellValue, Records, Row, Table
from apoa_client.tables.sheets import SheetChoice, is_known
from apoa_client.tables.writing import WHOLE_ROW, MarkedRow, marked_copy

_STDIN = Path("-")
_MANY_ROWS = 500
"""A shorter file is checked before a count could be read."""
_SENDING_S = 60.0
"""How long sending may take. A booking system's file has more guests than one that a receptionist types."""


_CELL = re.compile(r"([A-Z]{1,3})[0-9]+")


class ImportOptions(NamedTuple):
    """The options of `apoa import` that are about a file."""

    file: Path
    check: bool = False
    file_format: str | None = None
    sheets: tuple[str, ...] = ()
    heading_row: int | None = None
    mapping: str | None = None
    date_order: str | None = None
    name_order: str | None = None
    defaults: tuple[str, ...] = ()
    all_or_nothing: bool = False
    write_errors: Path | None = None
    force: bool = False
    yes: bool = False
    no_send: bool = False

    @property
    def choice(self) -> SheetChoice:
        """What the options say about sheets and headings."""
        return SheetChoice(self.sheets, self.heading_row or 0)

    def about_columns(self) -> list[str]:
        """Return the words of the options that say what the columns are, for another file with the same ones."""
        given = (("--map", self.mapping), ("--date-order", self.date_order), ("--name-order", self.name_order))
        words = [word for name, value in given if value for word in (name, value)]
        return words + [word for default in self.defaults for word in ("--default", default)]


def find_columns(session: Session, table: Table, options: ImportOptions) -> ColumnMap:
    """Return what the columns of a table are, without a question.

    Raises `DataRefused` if something is doubtful or missing, or a sheet with guests would not be read, `UsageProblem`
    for a wrong option.
    """
    if table.facts.left:
        from apoa_client.cli.prompts.import_columns import sheets_error

        raise sheets_error(table.facts.left)
    columns = _match(session, table, _stated(session, options))
    if columns.doubts or columns.missing:
        from apoa_client.cli.prompts.import_columns import doubt_error, missing_error

        if columns.missing and columns.fields:
            raise missing_error(columns, table)
        raise doubt_error(columns.doubts[0], table)
    return columns


def _match(session: Session, table: Table, mapping: ColumnMapping) -> ColumnMap:
    """Match the columns, and warn of headings of the mapping that the table does not have."""
    columns = match_columns(table, mapping, session.app.today)
    if columns.absent and not session.json:
        names = ", ".join(map(sanitize, columns.absent))
        print_error_line(
            style_warning(_("The mapping has headings that this table does not have: {names}").format(names=names))
        )
    return columns


def _stated(session: Session, options: ImportOptions) -> ColumnMapping:
    """Return the mapping of --map, with what other options say."""
    mapping = find_mapping(options.mapping, session.app.config) if options.mapping else ColumnMapping()
    return mapping._replace(
        date_order=options.date_order or mapping.date_order,
        name_order=(options.name_order or "").replace("-", "_") or mapping.name_order,
        defaults={**mapping.defaults, **dict(map(parse_default, options.defaults))},
    )


class FileImport:
    """Imports one file, with questions at a terminal."""

    def __init__(self, session: Session, options: ImportOptions) -> None:
        self._session = session
        self._app = session.app
        self._options = options
        self._asks = session.interactive and not options.yes
        self._unread: tuple[str, ...] = ()

    def run(self) -> Exit:
        """Return the exit code. Raises `DataRefused` for a file that cannot be read or has doubtful columns."""
        if self._options.write_errors is not None:
            self._check_write_errors(self._options.write_errors)
        source = self._open()
        records = self._records(source) if source is not None else None
        result = self._import(records) if records is not None else None
        if source is None or result is None:
            print_error_line(_("Nothing was saved."))
            return Exit.DONE
        self._show(result)
        self._write_errors(source, result)
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

    def _open(self) -> Table | Records | None:
        """Open the file, and ask which row has its headings if that is doubtful. None if the user does not go on."""
        options = self._options
        content = standard_input_bytes(MAX_BYTES + 1) if options.file == _STDIN else options.file
        source = open_source(content, options.file_format or "", options.choice, self._app.environ)
        if not self._asks:
            return source
        show_facts(source.facts, source.heading_row if isinstance(source, Table) else 0)
        if not isinstance(source, Table):
            return source
        from apoa_client.cli.prompts.import_columns import ask_heading_row, confirm_left_sheets

        if not options.heading_row and not is_known(source.headings, _stated(self._session, options).columns):
            row = ask_heading_row(source)
            if not row:
                return None
            choice = options.choice._replace(heading_row=row)
            source = open_source(content, options.file_format or "", choice, self._app.environ)
        return source if confirm_left_sheets(source.facts.left) else None

    def _records(self, source: Table | Records) -> Records | None:
        """Return the rows as fields. None if the user does not go on. Raises as `find_columns`."""
        if isinstance(source, Records):
            if self._options.about_columns() or self._options.write_errors is not None:
                raise UsageProblem(
                    msg("The file is JSON, whose fields have names: no option about columns or rows is for it."),
                    msg("Leave out --map, --date-order, --name-order, --default and --write-errors."),
                )
            return source
        columns = self._ask_columns(source) if self._asks else find_columns(self._session, source, self._options)
        if columns is None:
            return None
        self._unread = unread_headings(source, columns)
        return guest_rows(source, columns)

    def _ask_columns(self, table: Table) -> ColumnMap | None:
        """Return what the columns are, and offer to keep the user's answers. None if the user does not go on.

        A mapping that says everything is not asked about.
        """
        from apoa_client.cli.prompts.import_columns import ColumnQuestions, ask_mapping_name

        app, mapping = self._app, _stated(self._session, self._options)
        columns = _match(self._session, table, mapping)
        if self._options.mapping and not columns.doubts and not columns.missing:
            return columns
        questions = ColumnQuestions(table, mapping, app.today)
        confirmed = questions.run()
        name = ask_mapping_name(app.saved_config().maps) if confirmed is not None and questions.answered else ""
        if name:
            save_mapping(app.folders.config, name, questions.mapping)
            self._options = self._options._replace(mapping=name, date_order=None, name_order=None, defaults=())
            line = _("Kept. The next time: apoa import FILE --map {name}")
            print_error_line(style_success(line.format(name=name)))
        return confirmed

    def _import(self, records: Records) -> ImportResult | None:
        """Check every row, and save the good ones unless they are only checked. None if the user does not want it."""
        options = self._options
        with table_import(self._app, records, dry_run=options.check, attended=self._asks) as run:
            with current_step(_("Checking rows"), silent=not self._session.interactive) as show:
                checked = run.check(lambda rows: show(str(rows)) if rows >= _MANY_ROWS else None)
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
        if not self._options.no_send and not self._app.settings.by_hand:
            question = nmsg("Save and send {count} report?", "Save and send {count} reports?", checked.new_reports)
        return confirm(text(question))

    def _show(self, result: ImportResult) -> None:
        """Show the result on stdout: all of it, unless the user has seen it before the question."""
        saved = not self._options.check
        if self._session.json:
            print_json(import_value(result, self._unread, saved=saved))
            return
        if not self._asks or self._options.check:
            with paged(self._app.environ, wanted=self._options.check and self._session.interactive):
                show_counts(result, print_line, saved=saved)
                show_sheets(result, print_line)
                show_problems(result)
            print_warnings(result)
        if not self._asks:
            show_unread(self._unread)
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

    def _write_errors(self, source: Table | Records, result: ImportResult) -> None:
        """Write the refused rows to the file of --write-errors, or to one that the user is asked about."""
        path = self._options.write_errors
        if not result.problems or not isinstance(source, Table) or (path is None and not self._asks):
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
        try:
            content = marked_file(source, result.problems, path)
        except UsageProblem as exc:  # a worksheet cannot hold them; what was saved is sent all the same
            show_error(exc)
            return
        write_output(path, content, force=self._options.force)
        if not self._session.json:
            print_error_line(_("Written: {path}").format(path=sanitize(str(path))))
            again = localized_command(f"import {quote_words([str(path), *self._options.about_columns()])}")
            print_error_line(_("Correct the rows there, and import it: {command}").format(command=sanitize(again)))


def _free_path(file: Path) -> Path:
    """Return a name beside the file that no other file has. A copy of a copy is named after the first file."""
    ending = ".csv" if file.suffix.casefold() == ".csv" else ".xlsx"
    of_a_copy = re.escape(_("{name}-problems").format(name="")) + r"(-\d+)?$"
    stem = _("{name}-problems").format(name=re.sub(of_a_copy, "", file.stem))
    names = (f"{stem}{f'-{number}' if number > 1 else ''}{ending}" for number in count(1))
    return next(path for name in names if not (path := file.with_name(name)).exists())


def send_imported(session: Session, reports: Sequence[str]) -> None:
    """Send what waits, the imported reports among it, and show the outcome. Nothing that fails here is raised.

    If the authority refuses one of them, the session's exit code says so.
    """
    app = session.app
    if app.settings.by_hand:
        if not session.json:
            print_line(_("Type them into APOA with: apoa sync --by-hand"))
        return
    from apoa_client.app.sending import send  # not for --no-send

    progress = watcher(silent=not session.interactive or session.quiet)
    session.pause_progress = progress.pause
    try:
        with Signals() as signals:
            outcome = send(app, progress, signals, wait_s=_SENDING_S)
    except StorageProblem as exc:  # the reports are saved all the same
        show_error(exc)
        session.exit_code = exc.exit_code
        return
    if any(each.refused for each in map(outcome.verdicts.get, reports) if each is not None):
        session.exit_code = Exit.DATA_REFUSED
    if session.json:
        if outcome.error is not None:
            show_error(outcome.error)
        return
    show_outcome(outcome, app.settings.zone, quiet=session.quiet)
    if outcome.left:
        print_error_line(_("What waits is sent by the next apoa sync."))


def marked_file(table: Table, problems: Iterable[RowFinding], path: Path) -> bytes:
    """Return the rows with problems: as CSV if the name of the file ends so, else as a workbook.

    Raises what reading the table raises.
    """
    by_row: dict[tuple[str, int], list[RowFinding]] = {}
    for each in problems:
        by_row.setdefault((each.sheet, each.row), []).append(each)
    delimiter = table.facts.delimiter or "," if path.suffix.casefold() == ".csv" else ""
    return marked_copy(table.headings, _marked_rows(table, by_row), delimiter)


def _marked_rows(table: Table, by_row: Mapping[tuple[str, int], Sequence[RowFinding]]) -> Iterator[MarkedRow]:
    """Yield the rows with problems, with what is merged over them, and with their sheet if several are read."""
    several = sum(sheet.read for sheet in table.facts.sheets) > 1
    for row in table.read_rows():
        found = by_row.get((row.sheet, row.number), ())
        if found:
            place = f"{row.sheet}!{row.number}:" if several else ""
            if any(each.message == NOT_REPORTED for each in found):
                place = f"{CANCELLED_MARK} {place}"
            yield MarkedRow(_all_values(row), _by_column(found), place)


def _all_values(row: Row) -> Sequence[CellValue]:
    values = [*row.values]
    for column, value in row.merged.items():
        values += [None] * (column + 1 - len(values))
        values[column] = value
    return values


def _by_column(found: Iterable[RowFinding]) -> dict[int, str]:
    problems: dict[int, str] = {}
    for each in found:
        match = _CELL.fullmatch(each.cell)
        column = _column_index(match[1]) if match is not None else WHOLE_ROW
        problems[column] = " ".join(filter(None, (problems.get(column), problem_text(each))))
    return problems


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1
