"""`apoa checkout`: report that guests have left. Needs no key."""

from collections.abc import Sequence
from typing import Any

from apoa_client.cli.prompts.find_stays import (
    StayAndReport,
    StayFinder,
    guest_line,
    guests_due_to_leave,
    in_house,
    open_current_report,
)
from apoa_client.cli.prompts.finish_change import ChangeCommand, change_options
from apoa_client.cli.prompts.save_and_send import SavedReport, warns_if_not_saved
from apoa_client.cli.registry import command, flag, guest_argument, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, print_line, style_bold
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import moment_text
from apoa_client.cli.views.report import OpenedReport
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import Exit, ReportMoved, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.ports.entries import NewReport


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
    if not _confirmed(change, pending):
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


def _confirmed(change: ChangeCommand, pending: Sequence[tuple[OpenedReport, NewReport]]) -> bool:
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
