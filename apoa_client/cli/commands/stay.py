"""The commands that change a stay: `apoa checkout`, `apoa amend`, `apoa fix` and `apoa cancel`.

A check-out needs no key, and neither does a cancellation, unless a guest is given by room or name.
"""

from collections.abc import Sequence
from typing import Any

from apoa_client.cli.commands.guest_options import changed_report_options
from apoa_client.cli.prompts.find_stays import (
    StayAndReport,
    StayFinder,
    guest_line,
    guests_due_to_leave,
    in_house,
    open_current_report,
    recent,
    refused,
)
from apoa_client.cli.prompts.finish_change import ChangeCommand, ask_reason, change_options
from apoa_client.cli.prompts.save_and_send import SavedReport, given_details, warns_if_not_saved
from apoa_client.cli.registry import command, flag, guest_argument, option
from apoa_client.cli.report_reader import open_if_possible
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, print_warning, style_bold
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, moment_text
from apoa_client.cli.views.report import OpenedReport, report_json, report_lines
from apoa_client.desk.changes import reports_to_withdraw
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import Exit, ReportMoved, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report


@command("checkout", N_("Report that a guest has left."), "apoa checkout --room 7")
@guest_argument
@option("--room", text=N_("The guest in this room."))
@flag("--all-due", text=N_("Every guest whose planned day has come."))
@option("--at", metavar="TIME", text=N_("When they left: 26/11/2026 10:05, or 10.05 for today; now if it is left out."))
@change_options
@warns_if_not_saved
def checkout(
    session: Session,
    /,
    *,
    reference: str,
    room: str | None,
    all_due: bool,
    at: str | None,
    **options: Any,  # noqa: ANN401  click's
) -> int:
    """Find the guests who leave, and report it."""
    if sum(map(bool, (reference, room, all_due))) > 1:
        raise UsageProblem(msg("Give one of these: a guest, --room or --all-due."))
    change = ChangeCommand(session, **options)
    leaving: Sequence[StayAndReport]
    if all_due:
        leaving = guests_due_to_leave(change.app)
        if not leaving and not session.json:
            print_line(_("No guest's planned day has come."))
            return Exit.DONE
    else:
        leaving = _chosen(change, reference, room)
        if not leaving:
            return Exit.DONE
    return _check_out(change, leaving, at, several=all_due or len(leaving) > 1)


def _chosen(change: ChangeCommand, reference: str, room: str | None) -> Sequence[StayAndReport]:
    """Return the guests that the user means, with their current reports. Raises `UsageProblem`."""
    heading = _("Several guests are in that room. Who leaves?") if room else _("Who leaves?")
    finder = StayFinder(change.session, in_house, in_house, if_none=msg("No guest is in house."), heading=heading)
    found = finder.find(reference, room, yes=change.yes)
    histories: Sequence[StayHistory] = [change.app.stays.find(each)[0] for each in found]
    if room and len(histories) > 1 and not change.yes:
        histories = finder.choose(histories, several=True)
    return [(history, open_current_report(change.app, history)) for history in histories]


def _check_out(change: ChangeCommand, leaving: Sequence[StayAndReport], typed: str | None, *, several: bool) -> int:
    """Check everything before anything is saved. Returns the exit code."""
    changes = change.app.changes
    at = changes.parse_time(typed) if typed is not None else None
    pending = [(opened, changes.check_out(history, at, opened.stay)) for history, opened in leaving]
    if not _check_out_confirmed(change, pending):
        print_error_line(_("Nothing was saved."))
        return Exit.DONE
    code = Exit.DONE
    saved = []
    for opened, check_out in pending:
        try:
            saved.append(SavedReport(change.app.desk.save(check_out), check_out.report, guest=opened.guest))
        except ReportMoved as exc:  # another user changed this stay: the other guests are checked out
            if not several:
                raise
            show_error(exc)
            code = exc.exit_code
    change.finish(saved, several=several)
    return code or change.session.exit_code


def _check_out_confirmed(change: ChangeCommand, pending: Sequence[tuple[OpenedReport, NewReport]]) -> bool:
    if not change.interactive or not pending:
        return True
    for opened, check_out in pending:
        print_error_line(f"  {guest_line(opened)}")
        if check_out.report.check_out is not None:
            moment = style_bold(moment_text(check_out.report.check_out, change.app.settings.zone))
            print_error_line("  " + _("leaves: {moment}").format(moment=moment))
    question = nmsg("Save and send this check-out?", "Save and send these {count} check-outs?", len(pending))
    by_hand = nmsg("Save this check-out?", "Save these {count} check-outs?", len(pending))
    return change.yes or confirm(change.by_way(question, by_hand))


@command("amend", N_("Correct what was reported of a guest or a stay."), "apoa amend 2e8b11aa --nights +1")
@guest_argument
@option("--reason", text=N_("Why, for the authority; not needed for what never left."))
@changed_report_options
@change_options
@warns_if_not_saved
def amend(
    session: Session,
    /,
    *,
    reference: str,
    reason: str | None,
    yes: bool,
    no_send: bool,
    **details: Any,  # noqa: ANN401  click's
) -> None:
    """Correct stays. Needs the key, because a correction repeats everything that was reported.

    Without a guest, --room does not change the room, but corrects all guests in that room.
    """
    from apoa_client.cli.prompts.amend_stay import AmendConversation  # not for --help

    given = given_details(**details)
    room = given.typed.pop("room", None) if not reference else None
    found = StayFinder(session, recent, in_house, recent).find(reference, room, yes=yes)
    change = ChangeCommand(session, yes=yes, no_send=no_send)
    reason = change.reason(reason)
    if found:
        AmendConversation(change, **given._asdict()).amend(found, reason, several=len(found) > 1 or bool(room))


@command("fix", N_("Correct a report that the authority refused."), "apoa fix 2e8b11aa")
@guest_argument
@option("--at", metavar="TIME", text=N_("When they left, for a check-out that was refused."))
@option("--reason", text=N_("Another reason, for a correction or cancellation that was refused."))
@changed_report_options
@change_options
@warns_if_not_saved
def fix(
    session: Session,
    /,
    *,
    reference: str,
    at: str | None,
    reason: str | None,
    yes: bool,
    no_send: bool,
    **details: Any,  # noqa: ANN401  click's
) -> None:
    """Correct the refused report. Needs the key, because the new report repeats everything that was refused."""
    from apoa_client.cli.prompts.amend_stay import FixConversation  # not for --help

    found = StayFinder(session, refused, refused, in_house, recent, if_none=msg("No report is refused.")).one(reference)
    if found is None:
        return
    given = given_details(**details)
    FixConversation(ChangeCommand(session, yes=yes, no_send=no_send), **given._asdict()).fix(found, at, reason)


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
    _show_cancelled(change, open_current_report(change.app, history).report, notice)
    if not _agreed(change, _("Withdraw it?")):
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
    _show_cancelled(change, opened.report, notice)
    if reason is None and change.interactive:
        reason = ask_reason(_("Why is the stay cancelled? One sentence for the authority"))
        if reason is None:
            print_error_line(_("Nothing was changed."))
            return
    cancellation = change.app.changes.cancel(history, reason)
    if _agreed(change, _("Cancel the whole stay?")):
        change.save(cancellation, opened.guest)


def _show_cancelled(change: ChangeCommand, report: Report | None, notice: str) -> None:
    """Show what would be cancelled, if the user can be asked."""
    if not change.interactive:
        return
    for line in report_lines(report, change.app.settings.zone) if report is not None else ():
        print_error_line(line)
    print_warning(notice)


def _agreed(change: ChangeCommand, question: str) -> bool:
    if not change.interactive or change.yes or confirm(question, default=False):
        return True
    print_error_line(_("Nothing was changed."))
    return False
