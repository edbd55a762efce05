"""`apoa export`: write the reports, or the guest book, as a table for Excel or for another program."""

import sys
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import click

from apoa_client.app.table_export import ExportedReport, Exporter
from apoa_client.cli.documents.exported_table import Layout, csv_export, json_export, xlsx_export
from apoa_client.cli.every_property import all_option, sessions, set_environment_of_all
from apoa_client.cli.registry import command, flag, force_option, json_option, option, path_option
from apoa_client.cli.report_reader import StateChoice, parse_period
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_done, print_error_line, print_warning, sanitize
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_ending, check_writable, write_output
from apoa_client.cli.terminal.progress import current_step
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.views.findings import Readable, show_damage, show_error, show_unwritable
from apoa_client.errors import Exit, SealBroken, UsageProblem, worst_exit
from apoa_client.messages import msg, nmsg
from apoa_client.report.kinds import State
from apoa_client.tables.writing import BYTE_ORDER_MARK

SCHEMA = "apoa/export/1"

_FORMS = ("csv", "xlsx", "json")
_SHOWN_EVERY = 100
_HELP = N_("Write the reports as a table without guests' data; with --personal, the guest book.")


@command("export", _HELP, N_("apoa export --personal -o guests.xlsx"))
@path_option(
    "--output", "-o", "file", command="export", text=N_("The file to write; without it, or with -, standard output.")
)
@option(
    "--format", "form", type=click.Choice(_FORMS), text=N_("The form of the file; else the end of its name says it.")
)
@flag("--personal", text=N_("The guest book: each stay with its guest, in your words; recorded in the log."))
@flag("--codes", text=N_("With --personal: every field, in the codes and dates that apoa import reads without loss."))
@option("--since", metavar="DATE", text=N_("Of guests who checked in on this day or later."))
@option("--until", metavar="DATE", text=N_("Of guests who checked in on this day or before."))
@option("--state", "states", multiple=True, type=StateChoice(), text=N_("Reports in this state only."))
@force_option
@all_option
@json_option
def export(session: Session, /, *, every_property: bool, **options: Any) -> int:  # noqa: ANN401  click's
    """Write the table, and say how many rows it has."""
    if options["codes"] and not options["personal"]:
        raise UsageProblem(msg("--codes goes with --personal only."))
    target = _target(session, options["file"], options["form"], force=options["force"])
    exporter = Exporter(frozenset(map(State, options["states"])) or frozenset(State), show_error)
    layout = Layout(options["personal"], options["codes"], every_property)
    codes: list[Exit] = []

    def rows(show: Callable[[str], object]) -> Iterator[ExportedReport]:
        """Yield the rows of the chosen properties, and show their number as it grows."""
        for each in sessions(session) if every_property else [session]:
            app = each.app
            period = parse_period(app, options["since"], options["until"])
            if not layout.personal:
                app.on_unwritable = show_unwritable
            found = Readable((exporter.stays if layout.personal else exporter.reports)(app, period))
            for row in found:
                if exporter.written % _SHOWN_EVERY == 0:
                    show(str(exporter.written))
                yield row
            codes.append(show_damage(found.damage))

    silent = session.quiet or not target.is_file
    with Signals(), current_step(_("Writing the table:"), silent=silent) as show:  # an interrupted one leaves no file
        write_output(target.file, _content(session, target, layout, rows(show)), force=target.force)
    _show_result(session, target, exporter, personal=layout.personal)
    return worst_exit([*codes, SealBroken.exit_code if exporter.unreadable else Exit.DONE])


class _Target(NamedTuple):
    """Where the table goes, and its form."""

    file: Path
    form: str
    force: bool

    @property
    def is_file(self) -> bool:
        return self.file != STANDARD_OUTPUT


def _target(session: Session, file: Path | None, form: str | None, *, force: bool) -> _Target:
    """Return the target that was asked for. Raises `UsageProblem` if nothing can be written there."""
    if session.json and form not in {None, "json"}:
        raise UsageProblem(msg("--json and --format ask for different forms."), msg("Give one of them."))
    path = file or STANDARD_OUTPUT
    check_writable(path, force=force)
    found = "json" if session.json else form or _form_of(path)
    target = _Target(path, found, force)
    if found == "xlsx" and not target.is_file and is_terminal(sys.stdout):
        raise UsageProblem(
            msg("An XLSX file is no text, so it is not shown on a screen."),
            msg("Name a file with -o FILE, or send it to another program."),
        )
    return target


def _form_of(path: Path) -> str:
    """Return the form that the end of a file's name says; CSV for standard output. Raises `UsageProblem`."""
    if path == STANDARD_OUTPUT:
        return _FORMS[0]
    endings = [f".{form}" for form in _FORMS]
    check_ending(path, endings, msg("For another name, say the form with --format."))
    return path.suffix.casefold().removeprefix(".")


def _content(session: Session, target: _Target, layout: Layout, found: Iterator[ExportedReport]) -> Iterator[bytes]:
    """Return the file in pieces."""
    rows = chain(list(islice(found, 1)), found)  # without the key, nothing is written at all
    if target.form == "json":
        if layout.several:
            set_environment_of_all(session)
        return json_export(rows, SCHEMA)
    if target.form == "xlsx":
        return iter([xlsx_export(rows, layout)])
    # A program that reads a pipe needs no mark, and Excel reads no pipe.
    mark = [BYTE_ORDER_MARK] if target.is_file else []
    return chain(mark, csv_export(rows, layout))


def _show_result(session: Session, target: _Target, exporter: Exporter, *, personal: bool) -> None:
    """Show how many rows were written, and what was left out."""
    if target.is_file and not session.json:
        done = nmsg(
            "The table has {count} row: {file}",
            "The table has {count} rows: {file}",
            exporter.written,
            file=sanitize(str(target.file)),
        )
        print_done(text(done))
    if exporter.erased:
        left_out = nmsg(
            "{count} stay was left out: the guest's data are erased.",
            "{count} stays were left out: the guests' data are erased.",
            exporter.erased,
        )
        print_warning(text(left_out))
    if personal and target.is_file and exporter.written:
        warning = _(
            "It holds guests' personal data. Keep it where only staff can read it, and delete it when it is no longer "
            "needed."
        )
        print_error_line(warning)
