"""`apoa checkout`: report that guests have left. Needs no key."""

from collections.abc import Sequence
from typing import Any

import click

from apoa_client.cli.prompts.choose_guest import (
    StayAndReport,
    choose_guests,
    guest_line,
    guests_due_to_leave,
    guests_in_house,
    guests_in_room,
    open_current_report,
    several_guests_error,
)
from apoa_client.cli.prompts.finish_change import ChangeCommand, change_options
from apoa_client.cli.prompts.save_and_send import SavedReport
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_line, style_bold
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import moment_text
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.desk.changes import PendingChange
from apoa_client.errors import Exit, ReportMoved, UsageProblem
from apoa_client.messages import msg, nmsg


@command("checkout", N_("Report that a guest has left."), "apoa checkout --room 7")
@click.argument("reference", metavar="[ID]", required=False)
@option("--room", text=N_("The guest in this room."))
@option("--all-due", is_flag=True, text=N_("Every guest whose planned day has come."))
@option("--at", metavar="TIME", text=N_("When they left: 26/11/2026 10:05, or 10.05 for today; now if it is left out."))
@change_options
@click.pass_obj
def checkout(
    session: Session,
    /,
    *,
    reference: str | None,
    room: str | None,
    all_due: bool,
    at: str | None,
    **options: Any,  # noqa: ANN401  click's
) -> int:
    """Find the guests who leave, and report it."""
    if [reference, room, all_due or None].count(None) < 2:  # noqa: PLR2004  of three
        raise UsageProblem(msg("Give one of these: an id, --room, --all-due."))
    change = ChangeCommand(session, **options)
    leaving: Sequence[StayAndReport]
    if reference is not None:
        history, _entry = change.app.stays.find(reference)
        leaving = [(history, open_current_report(change.app, history))]
    elif room is not None:
        leaving = _in_room(change, room)
    elif all_due:
        leaving = guests_due_to_leave(change.app)
        if not leaving and not session.json:
            print_line(_("No guest's planned day has come."))
            return Exit.DONE
    else:
        present = _in_house(change)
        if not present:
            print_line(_("No guest is in house."))
            return Exit.DONE
        print_error_line(_("Who leaves?"))
        leaving = choose_guests(present)
    if not leaving and not all_due:
        print_error_line(_("Nothing was saved."))
        return Exit.DONE
    return _check_out(change, leaving, at, several=all_due or len(leaving) > 1)


def _in_room(change: ChangeCommand, room: str) -> Sequence[StayAndReport]:
    """Return the guest in a room. Of several, the user chooses, unless `--yes` means all. Raises `UsageProblem`."""
    found = guests_in_room(change.app, room)
    if not found:
        raise UsageProblem(msg("No guest in house is in that room."), msg("See who is here: apoa list --in-house"))
    if len(found) == 1 or change.yes:
        return found
    if not change.interactive:
        raise several_guests_error(found)
    print_error_line(_("Several guests are in that room. Who leaves?"))
    return choose_guests(found)


def _in_house(change: ChangeCommand) -> Sequence[StayAndReport]:
    if not change.interactive:
        raise UsageProblem(
            msg("Say which guest has left."), msg("Give an id, --room or --all-due. See: apoa checkout --help")
        )
    return guests_in_house(change.app)


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
            saved.append(SavedReport(changes.save(check_out), check_out.report, guest=opened.guest))
        except ReportMoved as exc:  # another user changed this stay: the other guests are checked out
            if not several:
                raise
            show_error(exc)
            code = exc.exit_code
    change.finish(saved, several=several)
    return code or change.session.exit_code


def _confirmed(change: ChangeCommand, pending: Sequence[tuple[OpenedReport, PendingChange]]) -> bool:
    if not change.interactive or not pending:
        return True
    for opened, check_out in pending:
        print_error_line(f"  {guest_line(opened)}")
        if check_out.report.check_out is not None:
            moment = style_bold(moment_text(check_out.report.check_out, change.app.settings.zone))
            print_error_line("  " + _("leaves: {moment}").format(moment=moment))
    question = nmsg("Save and send this check-out?", "Save and send these {count} check-outs?", len(pending))
    return change.yes or confirm(text(question))
