"""`apoa list`, `apoa show` and `apoa receipt`: what the outbox holds, and the proof of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import click

from apoa_client.app import App
from apoa_client.cli.base import command, option
from apoa_client.cli.findings import finding_line, show_error, show_warnings
from apoa_client.cli.forms import card, guest_name, receipt_value, report_json
from apoa_client.cli.language import N_, _
from apoa_client.cli.screen import bad, careful, clean, document, remark, result, strong
from apoa_client.cli.session import Session
from apoa_client.cli.table import show_table
from apoa_client.cli.words import KINDS, STATES, moment_text
from apoa_client.errors import CredentialsProblem, Erased, Exit, SealBroken, StorageProblem, UsageProblem
from apoa_client.ports import Content, Entry, Selection
from apoa_client.report import values
from apoa_client.report.kinds import OPEN_STATES, State, short_id
from apoa_client.texts import msg

_RECENT = timedelta(days=30)
_SEALED = "-"


@dataclass(frozen=True, slots=True)
class _Row:
    entry: Entry
    content: Content | None


@command("list", N_("List reports: the open ones and those of the last 30 days."), "apoa list --state rejected")
@option("--all", "everything", is_flag=True, text=N_("The whole history."))
@option("--state", "states", multiple=True, type=click.Choice([s.value for s in State]), text=N_("In this state."))
@option("--since", metavar="DATE", text=N_("Made on this day or later."))
@option("--guest", metavar="TEXT", text=N_("Whose name or passport number holds this."))
@option("--room", metavar="TEXT", text=N_("In this room."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def list_reports(session: Session, /, *, as_json: bool, **choice: Any) -> int:  # noqa: ANN401  click's
    """Choose, open, show; what a damaged file still gives, and then that it is damaged."""
    session.json = as_json
    app = session.app
    rows: list[_Row] = []
    damage: StorageProblem | None = None
    try:
        rows += (row for row in _opened(app, _selection(app, choice)) if _fits(row, choice["guest"], choice["room"]))
    except StorageProblem as exc:
        if not rows:
            raise
        damage = exc
    if as_json:
        document({"reports": [report_json(row.entry, row.content, zone=app.house.zone) for row in rows]})
    elif rows:
        _table(app, rows)
    else:
        result(_("No reports."))
    if damage is None:
        return Exit.DONE
    show_error(damage)
    return damage.exit_code


@command("show", N_("Show one report in full."), "apoa show 2e8b11aa")
@click.argument("reference", metavar="ID")
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def show(session: Session, *, reference: str, as_json: bool) -> None:
    """Find it, open it, show it."""
    session.json = as_json
    app = session.app
    entry = find_one(app, reference)
    content = next(_opened(app, [entry])).content
    if as_json:
        document(report_json(entry, content, zone=app.house.zone))
    else:
        _show(app, entry, content)


@command("receipt", N_("Show the authority's receipt of a report."), "apoa receipt 2e8b11aa")
@click.argument("reference", metavar="ID")
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def receipt(session: Session, *, reference: str, as_json: bool) -> None:
    """Find it; say clearly where there is no receipt."""
    session.json = as_json
    app = session.app
    entry = find_one(app, reference)
    if as_json:
        proof = receipt_value(entry.receipt, app.house.zone)
        erased = {"erased": True} if entry.erased_at is not None else {}
        document({"id": entry.id, "state": entry.state.value, "receipt": proof, **erased})
    elif entry.receipt is None:
        state = _(STATES[entry.state])
        result(careful(_("Report {id} has no receipt yet: {state}.").format(id=short_id(entry.id), state=state)))
    else:
        result(_("Receipt number: {number}").format(number=strong(clean(entry.receipt.number))))
        result(_("Issued: {moment}").format(moment=moment_text(entry.receipt.issued_at, app.house.zone)))
        result(_("Report: {id}").format(id=entry.id))
        _say_erased(app, entry)
        if app.house.environment == "training":
            result(careful(_("Training: this is no receipt of Immigration's.")))


def find_one(app: App, reference: str) -> Entry:
    """The report that an id, a short id or the beginning of one means. Raises `UsageProblem`, naming candidates."""
    found = app.outbox.find(reference.strip())
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageProblem(msg("There is no report {id}.", id=reference), msg("The short ids are listed by: apoa list"))
    raise _several(reference, found)


def find_stay(app: App, reference: str) -> list[Entry]:
    """All reports of the stay that an id of it or of a report of it means, in their order. Raises `UsageProblem`."""
    found = app.outbox.find(reference.strip())
    stays = {entry.stay_id for entry in found}
    if len(stays) > 1:
        raise _several(reference, found)
    entry = found[0] if found else find_one(app, reference)
    return list(app.outbox.entries(Selection(stay_id=entry.stay_id)))


def _several(reference: str, found: Iterable[Entry]) -> UsageProblem:
    candidates = ", ".join(short_id(entry.id) for entry in found)
    return UsageProblem(
        msg("{id} can mean several reports: {candidates}.", id=reference, candidates=candidates),
        msg("Give more of the id."),
    )


def day_began(app: App, text: str) -> datetime:
    """The beginning of a day in the property's zone, as somebody typed it. Raises `UsageProblem`."""
    try:
        return datetime.combine(values.day(text), time(), app.house.zone)
    except values.Unreadable as exc:
        raise UsageProblem(exc.message) from None


def _selection(app: App, choice: Mapping[str, Any]) -> Iterator[Entry]:
    since: datetime | None = None
    if choice["since"]:
        since = day_began(app, choice["since"])
    elif not choice["everything"]:
        since = app.clock.now() - _RECENT
    states = frozenset(State(state) for state in choice["states"]) or None
    return app.outbox.entries(Selection(states=states, since=since))


def _opened(app: App, entries: Iterable[Entry]) -> Iterator[_Row]:
    """Each entry with its content; None for all of them where the key cannot be had, and for one that was changed."""
    locked = False
    for entry in entries:
        content = None
        if not locked and entry.erased_at is None:
            try:
                content = app.outbox.content(entry)
            except CredentialsProblem as exc:
                locked = True
                show_error(exc)
            except (SealBroken, Erased) as exc:  # erased while we read
                show_error(exc)
        yield _Row(entry, content)


def _fits(row: _Row, guest: str | None, room: str | None) -> bool:
    if guest is None and room is None:
        return True
    report = row.content.report if row.content is not None else None
    if report is None or report.guest is None or report.stay is None:
        return False
    names = f"{report.guest.given_names} {report.guest.surname} {report.guest.document.number}".casefold()
    return (guest is None or guest.casefold() in names) and (room is None or report.stay.room == room)


def _table(app: App, rows: list[_Row]) -> None:
    heads = [_("ID"), _("State"), _("What"), _("Guest"), _("Rm."), _("Due by"), _("Receipt")]
    show_table(heads, [_cells(app, row) for row in rows])


def _cells(app: App, row: _Row) -> list[str]:
    entry = row.entry
    report = row.content.report if row.content is not None else None
    unknown = _SEALED if entry.erased_at is None else _("erased")
    return [
        short_id(entry.id),
        _(STATES[entry.state]),
        _(KINDS[entry.kind]),
        guest_name(report.guest) if report is not None and report.guest is not None else unknown,
        clean(report.stay.room or "") if report is not None and report.stay is not None else _SEALED,
        moment_text(entry.due_at, app.house.zone) if entry.due_at is not None and entry.state in OPEN_STATES else "",
        clean(entry.receipt.number) if entry.receipt is not None else "",
    ]


def _say_erased(app: App, entry: Entry) -> None:
    if entry.erased_at is not None:
        erased = moment_text(entry.erased_at, app.house.zone)
        result(careful(_("The guest's data were erased on {moment}. This proof is kept.").format(moment=erased)))


def _show(app: App, entry: Entry, content: Content | None) -> None:
    zone = app.house.zone
    result(f"{strong(short_id(entry.id))}  {_(KINDS[entry.kind])}  {_(STATES[entry.state])}")
    for line in card(content.report, zone) if content is not None else ():
        result(line)
    _say_erased(app, entry)
    result(_("Made: {moment}").format(moment=moment_text(entry.created_at, zone)))
    if entry.due_at is not None:
        result(_("Due by: {moment}").format(moment=moment_text(entry.due_at, zone)))
    result(_("Attempts to send: {count}").format(count=entry.attempts))
    if entry.receipt is not None:
        result(_("Receipt number: {number}").format(number=strong(clean(entry.receipt.number))))
    if content is not None:
        show_warnings(content.warnings)
        for finding in content.errors:
            remark(bad("x") + finding_line(finding))
