"""`apoa import`: report the guests of a table: a spreadsheet, or a booking system's export."""

from pathlib import Path
from typing import Any

import click

from apoa_client.cli.registry import (
    WholeNumber,
    argument,
    command,
    force_option,
    json_option,
    no_send_option,
    option,
    yes_option,
)
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, current_language
from apoa_client.cli.terminal.output import print_error_line, sanitize, style_success
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_ending, check_writable, write_output
from apoa_client.errors import Exit, UsageProblem
from apoa_client.messages import msg

FORMATS = ("csv", "xlsx", "ods", "xls", "json")
DATE_ORDERS = ("dmy", "mdy", "ymd")
NAME_ORDERS = ("surname-first", "given-first", "by-nationality", "given-first-always")
MOST_HEADING_ROW = 1000

_HELP = N_(
    "Report the guests of a table: Excel, LibreOffice, CSV or JSON. Every row is checked before anything is saved, and "
    "the same file twice reports no guest twice. See: apoa help import"
)


@command("import", _HELP, N_("apoa import guests.xlsx"))
@argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@option("--check", is_flag=True, text=N_("Only check the rows, and say what importing them would do."))
@option(
    "--format", "file_format", type=click.Choice(FORMATS), text=N_("The format of the file; else its content says it.")
)
@option(
    "--sheet",
    "sheets",
    metavar="NAME",
    multiple=True,
    text=N_("The sheet of a workbook to read, several times for more; else all sheets with the same headings."),
)
@option(
    "--heading-row",
    type=WholeNumber(1, MOST_HEADING_ROW),
    metavar="NUMBER",
    text=N_("The number of the row with the headings; else it is found."),
)
@option("--map", "mapping", metavar="NAME|FILE", text=N_("The columns' fields: a saved mapping, or a TOML file."))
@option(
    "--date-order",
    type=click.Choice(DATE_ORDERS),
    text=N_("The order in the dates: d is the day, m the month, y the year."),
)
@option("--name-order", type=click.Choice(NAME_ORDERS), text=N_("What comes first in a column with whole names."))
@option(
    "--default",
    "defaults",
    metavar="FIELD=VALUE",
    multiple=True,
    text=N_("The value of a field where its cell is empty, such as birth_place=-"),
)
@option("--all-or-nothing", is_flag=True, text=N_("Save no row if one is refused."))
@option(
    "--write-errors",
    type=click.Path(path_type=Path),
    metavar="FILE",
    text=N_("Write the refused rows to this .xlsx or .csv file, with the problems marked, to correct and import."),
)
@option(
    "--template",
    type=click.Path(path_type=Path),
    metavar="FILE",
    text=N_("Only write an empty workbook with all columns, lists and examples."),
)
@option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    text=N_("Import each file of this folder now, and move it to done or refused there. For a schedule, too."),
)
@force_option
@yes_option
@no_send_option
@json_option
def import_table(session: Session, /, *, file: Path | None, **choices: Any) -> int:  # noqa: ANN401  click's
    """Write the template, import a folder, or import the file."""
    template, folder = choices.pop("template"), choices.pop("folder")
    if template is not None:
        return _write_template(template, force=choices["force"])
    if file is not None and folder is not None:
        raise UsageProblem(msg("Give a file, or a folder with --from."), msg("See: apoa import --help"))
    from apoa_client.cli.commands.import_file import FileImport, ImportOptions  # not for --help

    if folder is not None:
        from apoa_client.cli.commands.import_folder import import_folder  # for a folder alone

        return import_folder(session, folder, ImportOptions(folder, **choices))
    if file is None:
        raise UsageProblem(
            msg("No file was given."),
            msg("Name it: apoa import guests.xlsx. For an empty one: apoa import --template guests.xlsx"),
        )
    return FileImport(session, ImportOptions(file, **choices)).run()


def _write_template(path: Path, *, force: bool) -> int:
    """Write an empty workbook, and say what to do with it. Raises what `write_output` raises."""
    from apoa_client.tables.template import template_book  # not for --help

    check_writable(path, force=force)
    check_ending(path, [".xlsx"])
    write_output(path, template_book(current_language()), force=force)
    if path != STANDARD_OUTPUT:
        print_error_line(style_success(_("Written: {path}").format(path=sanitize(str(path)))))
        line = _("Fill it in, one row for each guest, and import it with: apoa import {path}")
        print_error_line(line.format(path=sanitize(str(path))))
    return Exit.DONE
