"""What a table has, and what importing it does: columns, counts, problems with their cells, and warnings.

They are shown on a screen and as JSON. The text beside a refused file says nothing about a guest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import click

from apoa_client.app.import_folder import REFUSED, TakenFile
from apoa_client.app.table_import import ImportResult, RowFinding
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, print_error_line, sanitize, style_error, style_warning
from apoa_client.cli.terminal.tables import show_table, table_lines
from apoa_client.cli.terminal.wrapping import width
from apoa_client.cli.views.findings import error_fields, warning_line
from apoa_client.cli.views.labels import moment_text
from apoa_client.errors import ApoaError
from apoa_client.messages import Message, literal, msg, nmsg
from apoa_client.report.fields import label_of
from apoa_client.settings.column_mappings import label_of_target
from apoa_client.tables.columns import ColumnMap, unread_columns
from apoa_client.tables.row_reading import column_letters
from apoa_client.tables.rows import NO_GUEST, CellValue, SheetFacts, SourceFacts, Table

SKIP_REASONS: Mapping[str, Message] = {
    "not_foreign": msg("Indonesian, who are not reported"),
    "not_arrived": msg("not arrived yet"),
    "already_reported": msg("reported already"),
    NO_GUEST: msg("no guest: a total, a note or headings"),
    "cancelled": msg("cancelled, or the guest did not come"),
}
"""Why rows are skipped, in words."""

_COUNTS_OF_A_FILE = ("rows", "saved", "unchanged", "amended", "skipped", "refused")
_MOST_SHOWN, _MOST_CELLS = 10, 3
"""Different problems that are shown before the question whether to save, and cells of each."""

_FORMATS = {
    "csv": literal("CSV"),
    "xlsx": msg("an Excel workbook"),
    "xls": msg("an old Excel workbook (.xls)"),
    "ods": msg("a LibreOffice workbook"),
    "json": literal("JSON"),
}
_DELIMITERS = {",": msg("commas"), ";": msg("semicolons"), "\t": msg("tabs"), "|": msg("bars")}
ORDERS = {"dmy": msg("day/month/year"), "mdy": msg("month/day/year"), "ymd": msg("year-month-day")}
"""The orders of a date in words."""
_EXAMPLE_WIDTH = 28
_SHEET_WIDTH = 62
"""The columns of the longest name that a spreadsheet program allows: 31 characters that are two columns wide."""
_KINDS_OF_PROBLEM = {
    "missing": msg("is missing"),
    "bad_length": msg("has the wrong length"),
    "bad_character": msg("has a character that cannot be there"),
    "bad_date": msg("is no date"),
    "name_order": msg("may have the surname first"),
    "spreadsheet_error": msg("is an error of the spreadsheet program"),
    "check_digit": msg("does not fit its check digit"),
    "unknown_state": msg("is no country that is known"),
    "unknown_format": msg("cannot be understood"),
    "order": msg("does not fit the other dates"),
    "not_foreign": msg("is Indonesian, and is not reported"),
    "conflict": msg("contradicts another cell, another row, or an imported guest"),
    "duplicate": msg("was reported already for one of these nights"),
    "implausible": msg("cannot be right"),
}
"""What is wrong with a cell, by the code of the problem. Its own message may repeat what the cell says."""

Print = Callable[[str], object]


def import_value(result: ImportResult, unread: Sequence[str] = (), *, saved: bool) -> dict[str, Any]:
    """Return the document of ``import --json``. Nothing but the counts says what would be saved if not `saved`.

    `unread` are the columns that are not read.
    """
    return {
        "rows": result.rows,
        "saved": result.saved,
        "unchanged": result.unchanged,
        "already_reported": result.skip_reasons.get("already_reported", 0),
        "amended": result.amended,
        "checked_out": result.checked_out,
        "skipped": result.skipped,
        "skipped_for": dict(result.skip_reasons),
        "sheets": _sheet_values(result),
        "refused": result.refused,
        "late": result.warning_counts.get("late", 0),
        "problems": [_finding_value(each) for each in result.problems],
        "warnings": [_finding_value(each) for each in result.warnings],
        "reports": list(result.reports),
        "unread_columns": list(unread),
        "dry_run": not saved,
    }


def _sheet_values(result: ImportResult | None) -> list[dict[str, Any]]:
    return [] if result is None else [sheet._asdict() for sheet in result.sheets]


def _finding_value(finding: RowFinding) -> dict[str, Any]:
    return {
        "sheet": finding.sheet or None,
        "row": finding.row,
        "cell": finding.cell or None,
        "field": finding.field,
        "code": finding.code,
        "message": text(finding.message),
        "suggestion": finding.suggestion,
    }


def folder_value(taken: Iterable[TakenFile], reports: Sequence[str]) -> dict[str, Any]:
    """Return the document of ``import --from --json``."""
    files = [
        {
            "file": each.name,
            "where": each.where,
            **{name: getattr(each.result, name, 0) for name in _COUNTS_OF_A_FILE},
            "skipped_for": {} if each.result is None else dict(each.result.skip_reasons),
            "sheets": _sheet_values(each.result),
            "warnings": [] if each.result is None else [_finding_value(found) for found in each.result.warnings],
            "error": None if each.error is None else error_fields(each.error),
        }
        for each in taken
    ]
    return {"files": files, "reports": list(reports)}


def taken_line(taken: TakenFile) -> str:
    """Return in one line what became of a file of a folder."""
    name, error = sanitize(taken.name), taken.error
    if error is not None and taken.where == REFUSED:
        reason = _("refused: {reason}").format(reason=text(error.message))
        return f"{name}: {style_warning(reason)}"
    if error is not None or taken.result is None:
        return f"{name}: {text(error.message) if error is not None else ''}"
    result = taken.result
    counts = (
        (_("{count} saved"), result.saved),
        (_("{count} changed"), result.amended),
        (_("{count} unchanged"), result.unchanged),
        (_("{count} skipped"), result.skipped),
        (_("{count} refused"), result.refused),
        (_("sheets not read: {count}"), sum(not sheet.read and sheet.rows != 0 for sheet in result.sheets)),
    )
    words = ", ".join(label.format(count=count) for label, count in counts if count) or _("no rows")
    if taken.implausible:
        words += _("; to compare: {cells}").format(cells=_listed([_place(each, result) for each in taken.implausible]))
    return f"{name}: {style_warning(words) if result.refused or taken.implausible else words}"


def show_counts(result: ImportResult, show: Print, *, saved: bool) -> None:
    """Show how many rows there are, and what importing them does, or did if they are `saved`."""
    if not result.rows:
        show(_("The table has no rows with guests."))
        return
    show(text(nmsg("{count} row was read and checked:", "{count} rows were read and checked:", result.rows)))
    for count, label in _counts(result, saved=saved):
        if count:
            line = f"{label}: {count}" if plain() else f"{count:>7}  {label}"
            show(style_error(line) if label == _refused_label() and not plain() else line)
    if result.warning_counts.get("late") and not saved:
        hint = _(
            "A check-in without a time counts from 00:00. If guests came later, add to the command: --default "
            "check_in_time=14:00"
        )
        show(hint)


def _counts(result: ImportResult, *, saved: bool) -> Iterable[tuple[int, str]]:
    late = result.warning_counts.get("late", 0)
    new, amended = result.saved, result.amended
    if saved:
        yield new, text(nmsg("new guest, saved", "new guests, saved", new))
    else:
        yield new, text(nmsg("new guest", "new guests", new))
    yield late, _("   reported more than 24 hours after check-in")
    yield amended, _("changed since the last import, saved") if saved else _("changed since the last import")
    yield result.checked_out, _("   checked out now")
    yield result.unchanged, _("saved before, and unchanged")
    for reason, count in result.skip_reasons.items():
        yield count, _("skipped: {reason}").format(reason=text(SKIP_REASONS.get(reason, literal(reason))))
    yield result.refused, _refused_label()


def _refused_label() -> str:
    return _("refused: to be corrected")


def show_problems(result: ImportResult) -> None:
    """Show every problem of refused rows on stdout, as a table."""
    if not result.problems:
        return
    heads: list[str] = [_("Row"), _("Cell"), _("Problem")]
    rows = [[str(each.row), sanitize(each.cell), problem_text(each)] for each in result.problems]
    if result.sheet_numbers:
        heads = [_("Sheet"), *heads]
        rows = [[sanitize(each.sheet), *row] for each, row in zip(result.problems, rows, strict=True)]
    show_table(heads, rows)


def print_problems(result: ImportResult) -> None:
    """Show the problems of refused rows on stderr, before a question: the same one once, with its first cells."""
    places: dict[str, list[str]] = {}
    for each in result.problems:
        places.setdefault(problem_text(each), []).append(_place(each, result))
    if not places:
        return
    heads = (_("Cells"), _("Problem"))
    rows = [(_listed(cells), words) for words, cells in islice(places.items(), _MOST_SHOWN)]
    _print_rows(heads, rows)
    more = len(places) - len(rows)
    if more:
        print_error_line(text(nmsg("... and {count} other problem.", "... and {count} other problems.", more)))
    print_error_line()


def _print_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show rows on stderr: as a table, or each in one line on a plain screen."""
    lines = table_lines(heads, rows)
    if plain():
        lines = [", ".join(f"{head}: {cell}" for head, cell in zip(heads, row, strict=True) if cell) for row in rows]
    for line in lines:
        print_error_line(line)


def _place(finding: RowFinding, result: ImportResult) -> str:
    """Return where a finding is: a cell, a place in JSON, or a row, with its sheet if several were read."""
    place = sanitize(finding.cell) or _("row {number}").format(number=finding.row)
    sheet = sanitize(finding.sheet) if result.sheet_numbers else ""
    return f"{sheet}!{place}" if sheet and finding.cell else ", ".join(filter(None, (sheet, place)))


def _listed(cells: Sequence[str]) -> str:
    """Return the first cells, and how many more there are."""
    more = len(cells) - _MOST_CELLS
    return ", ".join(cells[:_MOST_CELLS]) + (f" +{more}" if more > 0 else "")


def problem_text(finding: RowFinding) -> str:
    """Return a problem in words, sanitized: with the label of its field, and with the suggestion, each once."""
    words, label = text(finding.message), text(label_of(finding.field)) if finding.field else ""
    if not words.startswith(label):
        words = f"{label}: {words}"
    suggestion = sanitize(finding.suggestion or "")
    if suggestion and suggestion not in words:
        words += " " + _("Perhaps: {value}").format(value=suggestion)
    return words


def print_warnings(result: ImportResult) -> None:
    """Show the warnings on stderr, the same one once: its first cell, and how many rows have it."""
    places: dict[tuple[str, str], list[str]] = {}
    for each in result.warnings:
        if each.code != "late":  # counted
            places.setdefault((each.code, text(each.message)), []).append(_place(each, result))
    codes = [code for code, _words in places]
    for (code, words), found in islice(places.items(), _MOST_SHOWN):
        # The list of warnings has only the first ones of each code; the counts are whole.
        count = result.warning_counts[code] if codes.count(code) == 1 else len(found)
        line = f"{found[0]}: {words}"
        if count > 1:
            line += " " + text(nmsg("({count} more row)", "({count} more rows)", count - 1))
        print_error_line(warning_line(line))
    more = len(places) - _MOST_SHOWN
    if more > 0:
        print_error_line(text(nmsg("... and {count} other warning.", "... and {count} other warnings.", more)))


def facts_line(facts: SourceFacts, heading_row: int = 0) -> str:
    """Return what was found out about a file, in one line."""
    parts = [text(_FORMATS[facts.format])]
    if facts.encoding:
        parts.append(_("encoding {name}").format(name=sanitize(facts.encoding)))
    if facts.delimiter:
        delimiter = _DELIMITERS.get(facts.delimiter, literal(facts.delimiter))
        parts.append(_("cells separated by {signs}").format(signs=text(delimiter)))
    read = [sheet.name for sheet in facts.sheets if sheet.read]
    if read:
        several = nmsg("sheet {name}", "sheets {name}", len(read), name=_sheet_names(read))
        parts.append(text(several))
    if heading_row:
        parts.append(_("headings in row {number}").format(number=heading_row))
    return ", ".join(parts) + "."


def show_facts(facts: SourceFacts, heading_row: int = 0) -> None:
    """Show on stderr what was found out about a file, and the sheets that are not read."""
    print_error_line(_("The file is {facts}").format(facts=facts_line(facts, heading_row)))
    show_unread_sheets(facts.sheets, print_error_line)


def show_sheets(result: ImportResult, show: Print) -> None:
    """Show which sheets were read, if several were, with their rows, and which ones were not."""
    if result.sheet_numbers:
        names = (f"{_shortened(each.name, _SHEET_WIDTH)} ({each.rows})" for each in result.sheets if each.read)
        show(_("Rows of each sheet: {names}").format(names=", ".join(names)))
    show_unread_sheets(result.sheets, show)


def show_unread_sheets(sheets: Iterable[SheetFacts], show: Print) -> None:
    """Show the sheets that are not read, but for empty ones."""
    names = _sheet_names(sheet.name for sheet in sheets if not sheet.read and sheet.rows != 0)
    if names:
        show(_("Sheets that are not read: {names}. Choose with --sheet NAME").format(names=names))


def _sheet_names(names: Iterable[str]) -> str:
    return ", ".join(_shortened(name, _SHEET_WIDTH) for name in names)


def show_columns(table: Table, columns: ColumnMap, first_row: Sequence[CellValue]) -> None:
    """Show on stderr which column is which field, with its value in the first row."""
    heads = (_("Column"), _("Field"), _("First row"))
    rows = [
        (
            _heading_text(table, column),
            _field_text(columns, column, target),
            _shortened(cell_text(first_row[column])) if column < len(first_row) else "",
        )
        for column, target in columns.fields.items()
    ]
    if rows:
        _print_rows(heads, rows)
    show_unread(unread_headings(table, columns))


def unread_headings(table: Table, columns: ColumnMap) -> tuple[str, ...]:
    """Return the letters and the headings of the columns that are not read."""
    return tuple(_heading_text(table, column) for column in unread_columns(table, columns))


def show_unread(headings: Sequence[str]) -> None:
    """Show on stderr the columns that are not read."""
    if headings:
        print_error_line(_("Not read: {headings}").format(headings=", ".join(headings)))


def _heading_text(table: Table, column: int) -> str:
    heading = table.headings[column] if column < len(table.headings) else ""
    return f"{column_letters(column)} {_shortened(heading)}".rstrip()


def _field_text(columns: ColumnMap, column: int, target: str) -> str:
    """Return the field of a column, with the order of its dates if they are text."""
    label = text(label_of_target(target))
    dates = columns.dates.get(column)
    if dates is None or not dates.order or not (dates.is_ambiguous or dates.proven):
        return label
    return f"{label} ({text(ORDERS[dates.order])})"


def cell_text(value: CellValue) -> str:
    """Return what a cell has, sanitized, as the screen shows it."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return "" if value is None else sanitize(" ".join(str(value).split()))


def _shortened(whole: str, most: int = _EXAMPLE_WIDTH) -> str:
    """Return a text, sanitized, of so many columns at the most."""
    shown = sanitize(whole[: 2 * most])  # not all of it: a cell may have thousands of characters
    if len(shown) == len(whole) and width(shown) <= most:
        return shown
    while width(shown) > most - 3:
        shown = shown[:-1]
    return f"{shown}..."


def error_lines(error: ApoaError, at: datetime) -> list[str]:
    """Return why a whole file was refused, and what to do."""
    lines = [_("Nothing of this file was saved ({moment}).").format(moment=_moment(at)), text(error.message)]
    return lines if error.advice is None else [*lines, text(error.advice)]


def problem_lines(result: ImportResult, at: datetime, copy: str) -> list[str]:
    """Return what was saved and which rows were refused. `copy` is the name of the file with the refused rows."""
    lines = [_("Not every row of this file could be saved ({moment}).").format(moment=_moment(at)), ""]
    show_counts(result, lambda line: lines.append(click.unstyle(line)), saved=True)
    lines += ["", _("What must be corrected:"), *_places(result), ""]
    advice = _("{file} has the refused rows, each with its problem. Correct them there, and put it into the folder.")
    return [*lines, advice.format(file=copy)] if copy else [*lines, _("Correct the rows, and export the file again.")]


def _places(result: ImportResult) -> Iterator[str]:
    numbers = result.sheet_numbers  # a name may be a guest's
    for problem in result.problems:
        sheet = _("Sheet {number}").format(number=numbers[problem.sheet]) + ", " if numbers else ""
        cell = problem.cell or "-"
        field = text(label_of(problem.field))
        what = text(_KINDS_OF_PROBLEM.get(problem.code, literal(problem.code)))
        yield (
            "  "
            + sheet
            + _("Row {row}, cell {cell}: {field} {problem}").format(
                row=problem.row, cell=cell, field=field, problem=what
            )
        )


def _moment(at: datetime) -> str:
    return moment_text(at, at.tzinfo) if at.tzinfo is not None else str(at)
