"""`apoa cancel`: cancel a report that was made by mistake. Needs no key, unless a guest is given by room or name."""

from collections.abc import Sequence
from typing import Any

from apoa_client.cli.prompts.find_stays import StayFinder, in_house, open_current_report, recent
from apoa_client.cli.prompts.finish_change import ChangeCommand, ask_reason, change_options
from apoa_client.cli.prompts.save_and_send import warns_if_not_saved
from apoa_client.cli.registry import command, guest_argument, option
from apoa_client.cli.report_reader import open_if_possible
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, print_warning
from apoa_client.cli.views.labels import KINDS
from apoa_client.cli.views.report import report_json, report_lines
from apoa_client.desk.changes import reports_to_withdraw
from apoa_client.desk.stay_history import StayHistory
from apoa_client.messages import msg
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report


@command("cancel", N_("Cancel a report made by mistake."), 'apoa cancel 2e8b11aa --reason "..."')
@guest_argument
@option("--reason", text=N_("Why, for the authority; not needed for what never left."))
@change_options
@warns_if_not_saved
def cancel(
    session: Session,
    /,
    *,
    reference: str,
    reason: str | None,
    **options: Any,  # noqa: ANN401  click's
) -> None:
    """Withdraw what the authority does not have: one later report, or the whole stay. Otherwise cancel the stay."""
    change = ChangeCommand(session, **options)
    reason = change.reason(reason)
    found = StayFinder(session, recent, in_house, recent).one(reference)
    if found is None:
        return
    history, entry = change.app.stays.find(found)
    withdrawable = reports_to_withdraw(history, entry)
    if not withdrawable:
        _cancel_stay(change, history, reason)
    elif withdrawable == (entry,) and entry.kind is not Kind.CHECK_IN:
        notice = _("The {kind} {id} never left. Only that is withdrawn.")
        if entry.state is State.REJECTED:
            notice = _("The {kind} {id} was refused. Only that is withdrawn.")
        kind = _(KINDS[entry.kind])
        _withdraw(change, history, withdrawable, notice.format(kind=kind, id=short_id(entry.id)))
    else:
        notice = change.by_way(
            msg("The authority has nothing of this stay. It is withdrawn, and nothing is sent."),
            msg("Nothing of this stay was typed into APOA. It is withdrawn."),
        )
        _withdraw(change, history, withdrawable, notice)


def _withdraw(change: ChangeCommand, history: StayHistory, entries: Sequence[Entry], notice: str) -> None:
    """Withdraw reports that were never sent, and show the first of them."""
    app = change.app
    _show(change, open_current_report(change.app, history).report, notice)
    if not _confirmed(change, _("Withdraw it?")):
        return
    app.changes.withdraw(history, entries)
    withdrawn = next(iter(app.outbox.find(entries[0].id)), entries[0])
    if change.as_json:
        print_json(report_json(withdrawn, open_if_possible(app, withdrawn), zone=app.settings.zone))
        return
    done = _("Withdrawn: {kind}, report {id}. It was not sent.")
    if entries[0].state is State.REJECTED:
        done = _("Withdrawn: {kind}, report {id}. It had been refused.")
    print_line(done.format(kind=_(KINDS[withdrawn.kind]), id=short_id(withdrawn.id)))
    change.show_hint(_undo_hint(change, withdrawn))


def _undo_hint(change: ChangeCommand, withdrawn: Entry) -> str:
    if withdrawn.kind is Kind.CHECK_IN:
        return _("If the guest did come, report them again with: apoa report")
    history = change.app.stays.of(withdrawn.stay_id)
    if history.in_house and withdrawn.kind is not Kind.AMEND:
        hint = _("The guest counts as in house again. What is known of the stay: apoa show {id}")
    else:
        hint = _("What was reported before counts again. See: apoa show {id}")
    return hint.format(id=history.shown_id)


def _cancel_stay(change: ChangeCommand, history: StayHistory, reason: str | None) -> None:
    opened = open_current_report(change.app, history)
    notice = change.by_way(
        msg("The authority may have this stay. It is informed that the whole stay is cancelled."),
        msg("This stay is in APOA. Cancel it in APOA, too."),
    )
    _show(change, opened.report, notice)
    if reason is None and change.interactive:
        reason = ask_reason(_("Why is the stay cancelled? One sentence for the authority"))
        if reason is None:
            print_error_line(_("Nothing was changed."))
            return
    cancellation = change.app.changes.cancel(history, reason)
    if _confirmed(change, _("Cancel the whole stay?")):
        change.save(cancellation, opened.guest)


def _show(change: ChangeCommand, report: Report | None, notice: str) -> None:
    """Show what would be cancelled, if the user can be asked."""
    if not change.interactive:
        return
    for line in report_lines(report, change.app.settings.zone) if report is not None else ():
        print_error_line(line)
    print_warning(notice)


def _confirmed(change: ChangeCommand, question: str) -> bool:
    if not change.interactive or change.yes or confirm(question, default=False):
        return True
    print_error_line(_("Nothing was changed."))
    return False
