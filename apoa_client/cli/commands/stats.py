"""`apoa stats`: guests, nights, punctuality and refused reports of a month, on the screen, as JSON or as a page."""

from pathlib import Path
from typing import Any

from apoa_client.app.month_figures import MonthFigures, count_month, current_month
from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import command, flag, force_option, json_option, option, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_done, print_error_line, print_json, sanitize
from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_writable, write_output
from apoa_client.cli.terminal.progress import track
from apoa_client.cli.views.figures import figures_json, show_figures
from apoa_client.cli.views.findings import show_error, show_unwritable
from apoa_client.errors import Exit, UsageProblem
from apoa_client.messages import msg
from apoa_client.tables.statistics import Month, parse_month, without_small_groups


@command(
    "stats",
    N_("Show the month's figures: guests, nights, average stay, nationalities, and how many reports were on time."),
    N_("apoa stats --month 2026-10 --html figures.html"),
)
@option("--month", metavar="YYYY-MM", text=N_("The figures of this month; without it, of the current one."))
@path_option("--html", "file", text=N_("Write a page with a chart and tables to this file, to print on A4."))
@flag("--anonymous", text=N_("Show no nationality with fewer than three guests by itself."))
@force_option
@json_option
@all_option
def stats(session: Session, /, *, month: str | None, file: Path | None, every_property: bool, **options: Any) -> int:  # noqa: ANN401  click's
    """Show the figures of one property, or of each, or write the page."""
    asked = parse_month(month) if month is not None else None
    if month is not None and asked is None:
        raise UsageProblem(
            msg("{text} is no month.", text=month), msg("Give the year and the number of the month, such as 2026-10.")
        )
    if file is not None and (every_property or session.json):
        raise UsageProblem(
            msg("A page has the figures of one property, and no JSON."),
            msg("Give --html without --all and --json. To choose a property: apoa --property NAME stats"),
        )
    if every_property:
        return run_for_every_property(session, lambda each: _show(each, asked, anonymous=options["anonymous"]))
    if file is None:
        return _show(session, asked, anonymous=options["anonymous"])
    return _write_page(session, asked, file, anonymous=options["anonymous"], force=options["force"])


def _count(session: Session, month: Month | None, *, anonymous: bool) -> MonthFigures:
    """Count a month, and show what cannot be read. Raises `UsageProblem` for a month that has not begun."""
    app = session.app
    app.on_unwritable = show_unwritable
    now = current_month(app)
    if month is not None and month > now:
        raise UsageProblem(
            msg("The month {month} has not begun.", month=str(month)),
            msg("The current month is {month}.", month=str(now)),
        )
    silent = session.quiet or not session.interactive
    found = count_month(app, month or now, lambda stays: track(stays, _("Counting"), silent=silent))
    if found.locked is not None:
        show_error(found.locked)
        print_error_line(_("Nationalities and rooms are encrypted, so they are not counted."))
    for problem in found.unreadable[:1]:
        show_error(problem)
    if anonymous and found.figures.groups is not None:
        found.figures.groups = without_small_groups(found.figures.groups)
    return found


def _show(session: Session, month: Month | None, *, anonymous: bool) -> int:
    found = _count(session, month, anonymous=anonymous)
    if session.json:
        print_json(figures_json(found.figures))
    else:
        show_figures(found.figures, session.app.today)
    return _exit_code(found)


def _exit_code(found: MonthFigures) -> Exit:
    return found.unreadable[0].exit_code if found.unreadable else Exit.DONE


def _write_page(session: Session, month: Month | None, file: Path, *, anonymous: bool, force: bool) -> int:
    check_writable(file, force=force)
    from apoa_client.cli.documents.statistics_page import statistics_page  # loads the templates and the charts

    found = _count(session, month, anonymous=anonymous)
    page = statistics_page(session.app.printed_settings, found.figures, session.app.clock.now(), anonymous=anonymous)
    write_output(file, page.encode(), force=force)
    if file != STANDARD_OUTPUT:
        print_done(_("Written: {path}").format(path=sanitize(str(file))))
    return _exit_code(found)
