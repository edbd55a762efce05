"""`apoa receipt`: the proof that a guest was reported, on screen, on paper, or as the authority's own PDF."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import click

from apoa_client.app.container import Container
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_json, print_line, sanitize, style_bold, style_success, style_warning
from apoa_client.cli.views.labels import RECEIPT_SOURCES, STATES, moment_text
from apoa_client.cli.views.report import receipt_value, show_erased
from apoa_client.cli.views.report_reader import find_report, open_report, parse_day, parse_day_start
from apoa_client.errors import AuthorityRefuses, DataRefused, Exit, NotNow, UsageProblem
from apoa_client.messages import Message, msg, nmsg
from apoa_client.ports import Entry
from apoa_client.report.kinds import State, short_id

_PATH = click.Path(path_type=Path)
_ONE_OF = ("html", "pdf", "as_json")
_FOR_ALL = ("first", "last", "folder")
_ON_ITS_WAY = frozenset({State.QUEUED, State.SENDING, State.PENDING})

_PRINT = msg("A page to print is made here instead: apoa receipt ID --html FILE")


@command("receipt", N_("Show or print the receipt of a report."), "apoa receipt 2e8b11aa --html proof.html")
@click.argument("reference", metavar="[ID]", default="")
@option("--html", type=_PATH, metavar="FILE", text=N_("Write a page to print to this file; - for standard output."))
@option("--pdf", type=_PATH, metavar="FILE", text=N_("Write the authority's own PDF to this file, where it has one."))
@option("--all", "everything", is_flag=True, text=N_("For an inspection: a page for each report with a receipt."))
@option("--from", "first", metavar="DATE", text=N_("With --all: of guests who checked in on this day or later."))
@option("--to", "last", metavar="DATE", text=N_("With --all: of guests who checked in on this day or before."))
@option("--output", "folder", type=_PATH, metavar="DIR", text=N_("With --all: the folder to write into."))
@option("--force", is_flag=True, text=N_("Replace files that are there already."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def receipt(session: Session, /, *, reference: str, as_json: bool, **choice: Any) -> int:  # noqa: ANN401  click's
    """Find it, and show or write what proves it; say clearly where there is no receipt."""
    session.json = as_json
    app = session.app
    _check(reference, {"as_json": as_json, **choice})
    if choice["everything"]:
        return _write_all(app, choice, as_json=as_json)
    entry = find_report(app, reference)
    if choice["html"] is not None:
        _write_page(app, entry, choice["html"], force=choice["force"])
    elif choice["pdf"] is not None:
        _write_pdf(app, entry, choice["pdf"], force=choice["force"])
    elif as_json:
        print_json(_value(app, entry))
    else:
        _show(app, entry)
    return Exit.DONE


def _check(reference: str, choice: Mapping[str, Any]) -> None:
    """Whether the options go together. Raises `UsageProblem`."""
    if choice["everything"]:
        _check_all(reference, choice)
    elif not reference:
        raise UsageProblem(msg("Which report? Give its ID, or --all."), msg("To see the short ids: apoa list"))
    elif any(choice[name] for name in _FOR_ALL):
        raise UsageProblem(msg("--from, --to and --output go with --all only."))
    elif sum(bool(choice[name]) for name in _ONE_OF) > 1:
        raise UsageProblem(msg("Give only one of --html, --pdf and --json."))


def _check_all(reference: str, choice: Mapping[str, Any]) -> None:
    if reference or choice["html"] or choice["pdf"]:
        raise UsageProblem(msg("--all takes no ID, no --html and no --pdf."))
    if not choice["folder"]:
        raise UsageProblem(
            msg("Which folder? The pages of --all go into one."), msg("Name it with: apoa receipt --all --output DIR")
        )


def _value(app: Container, entry: Entry) -> dict[str, Any]:
    erased = {"erased": True} if entry.erased_at is not None else {}
    proof = receipt_value(entry.receipt, app.settings.zone)
    return {"id": entry.id, "state": entry.state.value, "receipt": proof, **erased}


def _show(app: Container, entry: Entry) -> None:
    if entry.receipt is None:
        print_line(style_warning(text(_without(entry))))
        return
    print_line(_("Receipt number: {number}").format(number=style_bold(sanitize(entry.receipt.number))))
    print_line(_(RECEIPT_SOURCES[entry.receipt.typed]))
    print_line(_("Issued: {moment}").format(moment=moment_text(entry.receipt.issued_at, app.settings.zone)))
    print_line(_("Report: {id}").format(id=entry.id))
    show_erased(entry, app.settings.zone)
    if app.settings.is_training:
        print_line(style_warning(_("Training: this is not a receipt from Immigration.")))


def _without(entry: Entry) -> Message:
    return msg("Report {id} has no receipt yet: {state}.", id=short_id(entry.id), state=_(STATES[entry.state]))


def _write_page(app: Container, entry: Entry, file: Path, *, force: bool) -> None:
    from apoa_client.cli.documents.receipt_page import receipt_page  # templates are slow to load
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, write_output

    page = receipt_page(app.settings, open_report(app, entry), app.clock.now())
    write_output(file, page.encode(), force=force)
    if file == STANDARD_OUTPUT:
        return
    print_line(style_success(_("The page is written: {file}").format(file=sanitize(str(file)))))
    if entry.receipt is None:
        print_line(style_warning(text(_without(entry))))


def _write_pdf(app: Container, entry: Entry, file: Path, *, force: bool) -> None:
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_writable, write_output

    check_writable(file, force=force)  # before the line is used
    write_output(file, _fetched(app, entry), force=force)
    if file != STANDARD_OUTPUT:
        print_line(style_success(_("The authority's PDF is written: {file}").format(file=sanitize(str(file)))))


def _fetched(app: Container, entry: Entry) -> bytes:
    """The authority's PDF. Raises `AuthorityRefuses` where it has none, and what says why where there can be none."""
    if entry.receipt is None:
        _refuse_pdf(entry)
    if entry.receipt.typed:
        raise _no_pdf(msg("The number was typed in by staff, so the reporting server has no PDF of it."))
    from apoa_client.delivery.receipt_pdf import receipt_pdf  # start-up

    try:
        pdf = receipt_pdf(app.outbox, app.connect, app.clock, app.settings.fingerprint, entry.id)
    except NotNow as exc:
        raise type(exc)(exc.message, _PRINT, retry_after=exc.retry_after) from None
    if pdf is None:
        raise _no_pdf(msg("The reporting server has no PDF of this receipt."))
    return pdf


def _no_pdf(message: Message) -> AuthorityRefuses:
    return AuthorityRefuses(message, _PRINT, name="no_pdf")


def _refuse_pdf(entry: Entry) -> NoReturn:
    if entry.state in _ON_ITS_WAY:
        raise NotNow(_without(entry))
    raise DataRefused(_without(entry), msg("See what became of it with: apoa show {id}", id=short_id(entry.id)))


def _write_all(app: Container, choice: Mapping[str, Any], *, as_json: bool) -> int:
    from apoa_client.cli.documents.inspection_folder import Period, write_inspection_folder  # as above

    first = parse_day_start(app, choice["first"]).date() if choice["first"] else None
    last = _last_day(app, choice["last"], first)
    if first is not None and last is not None and last < first:
        raise UsageProblem(msg("The last day is before the first one."))
    folder = choice["folder"]
    found = write_inspection_folder(app, Period(first, last), folder, force=choice["force"])
    if as_json:
        print_json(
            {"folder": str(folder.absolute()), "written": found.written, "without_receipt": found.without_receipt}
        )
    elif found.written or found.without_receipt:
        where = sanitize(str(folder / "index.html"))
        print_line(style_success(text(nmsg("{count} page is written.", "{count} pages are written.", found.written))))
        print_line(_("Begin with: {file}").format(file=where))
        _say_without(found.without_receipt)
    else:
        print_line(_("No reports."))
    return found.exit_code


def _last_day(app: Container, typed: str | None, first: date | None) -> date | None:
    """The last day of a period: without a year the one nearest to its first day, else one that is over."""
    if not typed:
        return None
    return parse_day(app, typed, near=first) if first is not None else parse_day_start(app, typed).date()


def _say_without(count: int) -> None:
    if count:
        print_line(
            style_warning(
                text(
                    nmsg(
                        "{count} report of this time has no receipt.",
                        "{count} reports of this time have no receipt.",
                        count,
                    )
                )
            )
        )
