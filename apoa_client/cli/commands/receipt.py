"""`apoa receipt`: show a report's receipt, print it or fetch its PDF, or compare those of a day."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client.app.container import Container
from apoa_client.cli.prompts.find_stays import StayFinder, all_stays, in_house, recent
from apoa_client.cli.registry import command, flag, force_option, guest_argument, json_option, option, path_option
from apoa_client.cli.report_reader import open_report, parse_day_start, parse_period
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_done, print_json, print_line, sanitize, style_bold, style_warning
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.views.findings import receipt_value, show_unwritable
from apoa_client.cli.views.labels import STATES, day_text, moment_text, receipt_source
from apoa_client.cli.views.report import receipt_text, show_erased
from apoa_client.errors import AuthorityRefuses, DataRefused, Exit, NotNow, UsageProblem
from apoa_client.messages import Message, msg, nmsg
from apoa_client.ports.authority import DailyReceipt
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.kinds import Kind, State, instant, short_id

if TYPE_CHECKING:
    from apoa_client.delivery.single_call import DayComparison

_PRINT = msg("A page to print is made here instead: apoa receipt ID --html FILE")


@command("receipt", N_("Show or print the receipt of a report."), "apoa receipt 2e8b11aa --html 2e8b11aa.html")
@guest_argument
@path_option("--html", text=N_("Write a page to print to this file; - for standard output."))
@path_option("--pdf", text=N_("Write the authority's own PDF to this file, where it has one."))
@option("--day", metavar="DATE", text=N_("What the authority accepted on a day, compared with the reports here."))
@flag("--all", "everything", text=N_("For an inspection: a page for each report with a receipt."))
@option("--from", "first", metavar="DATE", text=N_("With --all: of guests who checked in on this day or later."))
@option("--to", "last", metavar="DATE", text=N_("With --all: of guests who checked in on this day or before."))
@path_option("--output", "folder", metavar="DIR", text=N_("With --all: the folder to write into."))
@force_option
@json_option
def receipt(session: Session, /, *, reference: str, **options: Any) -> int:  # noqa: ANN401  click's
    """Show or write the receipt of one report or of one day, or write a folder with those of many."""
    _check_options(session, reference, options)
    app = session.app
    if options["day"] is not None:
        return _receipt_of_day(session, options["day"], options["pdf"], force=options["force"])
    if options["pdf"] is None:  # which records when the authority answered
        app.on_unwritable = show_unwritable
    if options["everything"]:
        return _write_folder(session, options)
    found = StayFinder(session, recent, in_house, recent, all_stays).one(reference)
    if found is None:
        return Exit.DONE
    history, named = app.stays.find(found)
    # The short id of the first report is the one that lists show for the stay.
    is_stay = found == history.stay_id or reference.strip().lower() == history.shown_id
    with_guest = (each for each in reversed(history.active_reports) if each.kind in {Kind.CHECK_IN, Kind.AMEND})
    entry = next((each for each in with_guest if each.receipt), history.display_report) if is_stay else named
    checked = app.outbox.integrity.check(entry.id)
    if options["html"] is not None:
        _write_page(app, entry, options["html"], force=options["force"])
    elif options["pdf"] is not None:
        no_pdf = AuthorityRefuses(msg("The authority has no PDF of this receipt."), _PRINT, name="no_pdf")
        _write_pdf(lambda: _fetch_pdf(app, entry), options["pdf"], no_pdf, force=options["force"])
    else:
        _show(session, entry, checked=checked)
    return Exit.DONE


def _check_options(session: Session, reference: str, options: Mapping[str, Any]) -> None:
    """Raise `UsageProblem` if the options do not go together."""
    if options["day"] is not None and (reference or options["html"] or options["everything"]):
        raise UsageProblem(msg("--day takes no ID, no --html and no --all."))
    if options["everything"]:
        if reference or options["html"] or options["pdf"]:
            raise UsageProblem(msg("--all takes no ID, no --html and no --pdf."))
        if not options["folder"]:
            raise UsageProblem(
                msg("Which folder? The pages of --all go into one."),
                msg("Name it with: apoa receipt --all --output DIR"),
            )
    elif options["first"] or options["last"] or options["folder"]:
        raise UsageProblem(msg("--from, --to and --output go with --all only."))
    elif bool(options["html"]) + bool(options["pdf"]) + session.json > 1:
        raise UsageProblem(msg("Give only one of --html, --pdf and --json."))


def _show(session: Session, entry: Entry, *, checked: bool) -> None:
    """Show the receipt, and say if it could not be `checked`."""
    zone = session.app.settings.zone
    if session.json:
        erased = {"erased": True} if entry.erased_at is not None else {}
        value = receipt_value(entry.receipt, zone)
        print_json({"id": entry.id, "state": entry.state.value, "receipt": value, "unchecked": not checked, **erased})
        return
    if entry.receipt is None:
        print_line(style_warning(text(_no_receipt(entry))))
    else:
        print_line(_("Receipt number: {number}").format(number=style_bold(sanitize(entry.receipt.number))))
        print_line(_(receipt_source(entry.receipt)))
        print_line(_("Issued: {moment}").format(moment=moment_text(entry.receipt.issued_at, zone)))
        print_line(_("Report: {id}").format(id=entry.id))
        show_erased(entry, zone)
        if session.app.settings.is_training or entry.receipt.is_training:
            training = _("Training only: this is not a receipt from Immigration, and the guest is not reported there.")
            print_line(style_warning(training))
    if not checked:
        print_line(style_warning(_("Not checked for changes by other programs: the private key is not at hand.")))


def _no_receipt(entry: Entry) -> Message:
    return msg("Report {id} has no receipt yet: {state}.", id=short_id(entry.id), state=_(STATES[entry.state]))


def _write_page(app: Container, entry: Entry, file: Path, *, force: bool) -> None:
    from apoa_client.cli.documents.receipts import receipt_page  # templates are slow to load
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, write_output

    report = open_report(app, entry)
    page = receipt_page(app.printed_settings, report, app.clock.now())
    write_output(file, page.encode(), force=force, done=_("The page is written: {file}"))
    if entry.receipt is None and file != STANDARD_OUTPUT:
        print_line(style_warning(text(_no_receipt(entry))))


def _write_pdf(fetch: Callable[[], bytes | None], file: Path, missing: AuthorityRefuses, *, force: bool) -> None:
    """Write the authority's PDF. Raises `missing` if there is none."""
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_writable, write_output

    if file == STANDARD_OUTPUT and is_terminal(sys.stdout):
        # Another computer made it: its bytes may control the terminal.
        raise UsageProblem(
            msg("A PDF is no text, so it is not shown on a screen."),
            msg("Name a file with --pdf FILE, or send it to another program."),
        )
    check_writable(file, force=force)  # before the authority is asked
    pdf = fetch()
    if pdf is None:
        raise missing
    write_output(file, pdf, force=force, done=_("The authority's PDF is written: {file}"))


def _fetch_pdf(app: Container, entry: Entry) -> bytes | None:
    """Return the PDF; None if there is none. Raises `NotNow` or `DataRefused` without a receipt."""
    if entry.receipt is None:
        if entry.state in {State.QUEUED, State.SENDING, State.PENDING}:
            raise NotNow(_no_receipt(entry))
        raise DataRefused(_no_receipt(entry), msg("See its state with: apoa show {id}", id=short_id(entry.id)))
    if entry.receipt.typed:
        problem = msg("The number was typed in by staff, so the authority has no PDF of it.")
        raise AuthorityRefuses(problem, _PRINT, name="no_pdf")
    from apoa_client.delivery.single_call import SingleCalls  # loads the HTTP client

    try:
        calls = SingleCalls(app.outbox, app.connect, app.clock, app.settings.fingerprint)
        return calls.call(lambda authority: authority.receipt_pdf(entry.id))
    except NotNow as exc:
        raise type(exc)(exc.message, _PRINT, retry_after=exc.retry_after) from None


def _write_folder(session: Session, options: Mapping[str, Any]) -> int:
    """Write a page for each receipt of a period. Returns the exit code."""
    from apoa_client.cli.documents.receipts import index_name, write_inspection_folder  # as above

    app = session.app
    period = parse_period(app, options["first"], options["last"])
    folder: Path = options["folder"]
    silent = session.quiet or not session.interactive
    found = write_inspection_folder(app, period, folder, force=options["force"], silent=silent)
    without = found.without_receipt
    if session.json:
        print_json({"folder": str(folder.absolute()), "written": found.written, "without_receipt": without})
    elif found.written or without:
        done = nmsg("{count} page is written.", "{count} pages are written.", found.written)
        print_done(text(done))
        index = folder / index_name()
        print_line(_("Begin with: {file}").format(file=sanitize(str(index))))
        if without:
            warning = nmsg(
                "{count} report of this time has no receipt.", "{count} reports of this time have no receipt.", without
            )
            print_line(style_warning(text(warning)))
    else:
        print_line(_("No reports."))
    return found.exit_code


def _receipt_of_day(session: Session, typed: str, pdf: Path | None, *, force: bool) -> int:
    """Show the receipt of the day that a user typed, compared with the outbox, or write the authority's own PDF of it.

    Returns the exit code. Raises `AuthorityRefuses` if the authority has none.
    """
    from apoa_client.delivery.single_call import SingleCalls, compare

    app = session.app
    day = parse_day_start(app, typed).date()
    calls = SingleCalls(app.outbox, app.connect, app.clock, app.settings.fingerprint, app.settings.identity)
    if pdf is not None:
        no_pdf = AuthorityRefuses(
            msg("The authority has no PDF of a whole day."),
            msg("See the day on the screen: apoa receipt --day DATE"),
            name="no_pdf",
        )
        _write_pdf(lambda: calls.of_a_day(lambda each: each.daily_receipt_pdf(day)), pdf, no_pdf, force=force)
        return Exit.DONE
    daily = calls.of_a_day(lambda each: each.daily_receipt(day))
    if daily is None:
        raise AuthorityRefuses(
            msg("The authority has no receipts for whole days."),
            msg("Each report has a receipt of its own. For a page of each: apoa receipt --all --output DIR"),
            name="no_daily_receipts",
        )
    found = compare(daily, app.outbox.entries(Selection()))
    if session.json:
        print_json(_value(app, daily, found))
    else:
        _show_day(app, daily, found)
    if not found.agrees:
        return Exit.DATA_REFUSED
    return Exit.NOT_NOW if found.waiting else Exit.DONE


def _value(app: Container, daily: DailyReceipt, found: "DayComparison") -> dict[str, Any]:
    zone = app.settings.zone
    moments = {"from": daily.begin, "to": daily.end, "issued_at": daily.issued_at}
    lists = {"missing": found.missing, "different": found.different, "waiting": found.waiting}
    return {
        "day": daily.day.isoformat(),
        "property": daily.property_id,
        **{name: instant(moment.astimezone(zone)) for name, moment in moments.items()},
        "accepted": len(daily.receipts),
        "confirmed": len(found.confirmed),
        **{name: [entry.id for entry in entries] for name, entries in lists.items()},
        "unknown": list(found.unknown),
    }


def _show_day(app: Container, daily: DailyReceipt, found: "DayComparison") -> None:
    accepted = nmsg(
        "{day}: the authority accepted {count} report.",
        "{day}: the authority accepted {count} reports.",
        len(daily.receipts),
        day=day_text(daily.day),
    )
    print_line(text(accepted))
    if daily.issued_at < daily.end:
        moment = moment_text(daily.issued_at, app.settings.zone)
        print_line(style_warning(_("The day is not over: this is how it was at {moment}.").format(moment=moment)))
    missing, different, waiting = map(len, (found.missing, found.different, found.waiting))
    headings = (
        nmsg(
            "{count} report has a receipt here and is missing there:",
            "{count} reports have a receipt here and are missing there:",
            missing,
        ),
        nmsg(
            "{count} report has another receipt number there:",
            "{count} reports have other receipt numbers there:",
            different,
        ),
        nmsg(
            "{count} report of that day or before has no receipt yet:",
            "{count} reports of that day or before have no receipt yet:",
            waiting,
        ),
    )
    for heading, entries in zip(headings, (found.missing, found.different, found.waiting), strict=True):
        if entries:
            print_line(style_warning(text(heading)))
        for entry in entries:
            print_line(f"  {short_id(entry.id)}  {receipt_text(entry.receipt) or sanitize(_(STATES[entry.state]))}")
    if found.unknown:
        unknown = nmsg(
            "{count} report is there and not on this computer: another one may have sent it.",
            "{count} reports are there and not on this computer: another one may have sent them.",
            len(found.unknown),
        )
        print_line(style_warning(text(unknown)))
    if not found.agrees:
        print_line(_("Ask the office about these reports, and show it their receipts: apoa receipt ID"))
    elif not found.waiting:
        print_done(_("Everything that this computer reported on that day has arrived."))
