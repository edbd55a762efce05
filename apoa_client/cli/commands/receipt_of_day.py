"""`apoa receipt --day`: the authority's receipt of a whole day, and what of it differs from the reports here."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from apoa_client.app.container import Container
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_json, print_line, sanitize, style_success, style_warning
from apoa_client.cli.views.labels import STATES, day_text, moment_text
from apoa_client.cli.views.report import receipt_text
from apoa_client.cli.views.report_reader import parse_day_start
from apoa_client.delivery.day_comparison import DayComparison, compare
from apoa_client.delivery.single_call import SingleCalls
from apoa_client.errors import AuthorityRefuses, Exit
from apoa_client.messages import Message, msg, nmsg
from apoa_client.ports.authority import Authority, DailyReceipt
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import short_id

_T = TypeVar("_T")


def show_receipt_of_day(session: Session, typed: str) -> int:
    """Show the receipt of the day that a user typed, compared with the outbox. Returns the exit code.

    Raises `AuthorityRefuses` if the authority has no receipts for whole days.
    """
    app = session.app
    daily = _asked(app, typed, lambda authority, day: authority.daily_receipt(day))
    if daily is None:
        problem = msg("The reporting server has no receipts for whole days.")
        advice = msg("Each report has a receipt of its own. For a page of each: apoa receipt --all --output DIR")
        raise AuthorityRefuses(problem, advice, name="no_daily_receipts")
    found = compare(daily, app.outbox.entries(Selection()))
    if session.json:
        print_json(_value(app, daily, found))
    else:
        _show(app, daily, found)
    if not found.agrees:
        return Exit.DATA_REFUSED
    return Exit.NOT_NOW if found.waiting else Exit.DONE


def pdf_of_day(app: Container, typed: str) -> bytes:
    """Return the authority's own PDF of the day that a user typed. Raises `AuthorityRefuses` if there is none."""
    pdf = _asked(app, typed, lambda authority, day: authority.daily_receipt_pdf(day))
    if pdf is None:
        problem = msg("The reporting server has no PDF of a whole day.")
        raise AuthorityRefuses(problem, msg("See the day on the screen: apoa receipt --day DATE"), name="no_pdf")
    return pdf


def _asked(app: Container, typed: str, ask: Callable[[Authority, date], _T | None]) -> _T | None:
    day = parse_day_start(app, typed).date()
    settings = app.settings
    calls = SingleCalls(app.outbox, app.connect, app.clock, settings.fingerprint, settings.identity)
    return calls.of_a_day(lambda each: ask(each, day))


def _value(app: Container, daily: DailyReceipt, found: DayComparison) -> dict[str, Any]:
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


def _show(app: Container, daily: DailyReceipt, found: DayComparison) -> None:
    accepted = nmsg(
        "{day}: the reporting server accepted {count} report.",
        "{day}: the reporting server accepted {count} reports.",
        len(daily.receipts),
        day=day_text(daily.day),
    )
    print_line(text(accepted))
    if daily.issued_at < daily.end:
        moment = moment_text(daily.issued_at, app.settings.zone)
        print_line(style_warning(_("The day is not over: this is how it was at {moment}.").format(moment=moment)))
    _show_list(
        nmsg(
            "{count} report has a receipt here and is missing there:",
            "{count} reports have a receipt here and are missing there:",
            len(found.missing),
        ),
        found.missing,
    )
    _show_list(
        nmsg(
            "{count} report has another receipt number there:",
            "{count} reports have other receipt numbers there:",
            len(found.different),
        ),
        found.different,
    )
    _show_list(
        nmsg(
            "{count} report of that day or before has no receipt yet:",
            "{count} reports of that day or before have no receipt yet:",
            len(found.waiting),
        ),
        found.waiting,
    )
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
        print_line(style_success(_("Everything that this computer reported on that day has arrived.")))


def _show_list(heading: Message, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    print_line(style_warning(text(heading)))
    for entry in entries:
        print_line(f"  {short_id(entry.id)}  {receipt_text(entry.receipt) or sanitize(_(STATES[entry.state]))}")
