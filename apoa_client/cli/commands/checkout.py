"""`apoa checkout` and `apoa cancel`: the guest leaves, or the stay never was. Neither needs the key."""

from collections.abc import Iterator, Sequence
from datetime import datetime
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
from apoa_client.cli.prompts.single_questions import ask_reason
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, style_bold, style_warning
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, moment_text
from apoa_client.cli.views.report import report_json, report_lines
from apoa_client.cli.views.report_reader import open_if_possible
from apoa_client.desk.changes import PendingChange, reports_to_withdraw
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import Exit, ReportMoved, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.ports import Entry
from apoa_client.report.kinds import Kind, short_id


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
    **wishes: Any,  # noqa: ANN401  click's
) -> int:
    """Find who leaves, and report it."""
    departure = Checkout(ChangeCommand(session, **wishes), at)
    if [reference, room, all_due or None].count(None) < 2:  # noqa: PLR2004  of three
        raise UsageProblem(msg("Give one of these: an id, --room, --all-due."))
    if reference is not None:
        departure.of_one(reference)
    elif room is not None:
        departure.of_room(room)
    elif all_due:
        departure.of_all_due()
    else:
        departure.of_the_chosen()
    return departure.code


class Checkout:
    """Guests leave, at one time: what was typed, or now."""

    def __init__(self, ending: ChangeCommand, at: str | None) -> None:
        self._ending = ending
        self._app = ending.app
        self._at = at
        self.code = Exit.DONE

    def of_one(self, reference: str) -> None:
        """The guest of a stay."""
        story, _entry = self._app.stays.find(reference)
        self._leave([(story, open_current_report(self._app, story))])

    def of_room(self, room: str) -> None:
        """The guest in a room. Where there are several, somebody chooses, or says beforehand that all are meant."""
        found = guests_in_room(self._app, room)
        if not found:
            raise UsageProblem(msg("No guest in house is in that room."), msg("See who is here: apoa list --in-house"))
        if len(found) == 1 or self._ending.yes:
            self._leave(found, several=len(found) > 1)
        elif not self._ending.interactive:
            raise several_guests_error(found)
        else:
            print_error_line(_("Several guests are in that room. Who leaves?"))
            self._leave_if_any(choose_guests(found))

    def of_all_due(self) -> None:
        """Everybody whose planned day has come."""
        found = guests_due_to_leave(self._app)
        if found or self._ending.as_json:
            self._leave(found, several=True)
        else:
            print_line(_("No guest's planned day has come."))

    def of_the_chosen(self) -> None:
        """Whoever somebody at the terminal chooses among the guests in house."""
        if not self._ending.interactive:
            raise UsageProblem(
                msg("Say which guest has left."), msg("Give an id, --room or --all-due. See: apoa checkout --help")
            )
        found = guests_in_house(self._app)
        if not found:
            print_line(_("No guest is in house."))
            return
        print_error_line(_("Who leaves?"))
        self._leave_if_any(choose_guests(found))

    def _leave_if_any(self, chosen: Sequence[StayAndReport]) -> None:
        if chosen:
            self._leave(chosen, several=len(chosen) > 1)
        else:
            print_error_line(_("Nothing was saved."))

    def _leave(self, leaving: Sequence[StayAndReport], *, several: bool = False) -> None:
        """All of it is checked before any is saved."""
        at = self._app.changes.parse_time(self._at) if self._at is not None else None
        proposals = [self._proposal(each, at) for each in leaving]
        if not self._agreed(leaving, proposals):
            print_error_line(_("Nothing was saved."))
            return
        filed = [each for pair in zip(proposals, leaving, strict=True) for each in self._file(*pair, several=several)]
        self._ending.finish(filed, several=several)

    def _file(self, change: PendingChange, leaving: StayAndReport, *, several: bool) -> Iterator[SavedReport]:
        """Save one. Where somebody else changed its stay meanwhile, the others of several leave all the same."""
        _history, opened = leaving
        try:
            yield SavedReport(self._app.changes.save(change), change.report, guest=opened.guest)
        except ReportMoved as exc:
            if not several:
                raise
            show_error(exc)
            self.code = exc.exit_code

    def _proposal(self, leaving: StayAndReport, at: datetime | None) -> PendingChange:
        history, opened = leaving
        return self._app.changes.check_out(history, at, opened.stay)

    def _agreed(self, leaving: Sequence[StayAndReport], proposals: Sequence[PendingChange]) -> bool:
        if not self._ending.interactive or not proposals:
            return True
        for (_history, opened), change in zip(leaving, proposals, strict=True):
            left = change.report.check_out
            print_error_line(f"  {guest_line(opened)}")
            if left is not None:
                print_error_line(
                    "  " + _("leaves: {moment}").format(moment=style_bold(moment_text(left, self._app.settings.zone)))
                )
        question = nmsg("Save and send this check-out?", "Save and send these {count} check-outs?", len(proposals))
        return self._ending.yes or confirm(text(question))


@command("cancel", N_("Take a report back: it never was, or it was a mistake."), "apoa cancel 2e8b11aa --reason '...'")
@click.argument("reference", metavar="ID")
@option("--reason", text=N_("Why, for the authority; not needed for what never left."))
@change_options
@click.pass_obj
def cancel(session: Session, /, *, reference: str, reason: str | None, **wishes: Any) -> None:  # noqa: ANN401  click's
    """Find what is meant, and take it back without traffic where that can still be done."""
    ending = ChangeCommand(session, **wishes)
    story, meant = ending.app.stays.find(reference)
    Cancellation(ending, story).take_back(meant, reason)


class Cancellation:
    """A stay, or one report of it, is taken back."""

    def __init__(self, ending: ChangeCommand, story: StayHistory) -> None:
        self._ending = ending
        self._app = ending.app
        self._story = story

    def take_back(self, meant: Entry, reason: str | None) -> None:
        """One later report that never left; else the whole stay, withdrawn or, where it may be known, cancelled."""
        withdrawn = reports_to_withdraw(self._story, meant)
        if not withdrawn:
            self._cancel(reason)
        elif withdrawn == (meant,) and meant.kind is not Kind.CHECK_IN:
            self._withdraw(withdrawn, self._only(meant))
        else:
            said = _("The authority has nothing of this stay. It is withdrawn, and nothing is sent.")
            self._withdraw(withdrawn, said)

    def _only(self, meant: Entry) -> str:
        kind = _(KINDS[meant.kind])
        return _("The {kind} {id} never left. Only that is withdrawn.").format(kind=kind, id=short_id(meant.id))

    def _withdraw(self, entries: Sequence[Entry], said: str) -> None:
        """Take back what the authority does not have; the first of it is what is shown."""
        self._show(said)
        if not self._agreed(_("Withdraw it?")):
            return
        self._app.changes.withdraw(self._story, entries)
        now = next(iter(self._app.outbox.find(entries[0].id)), entries[0])
        if self._ending.as_json:
            print_json(report_json(now, open_if_possible(self._app, now), zone=self._app.settings.zone))
            return
        print_line(
            _("Withdrawn: {kind}, report {id}. It was not sent.").format(kind=_(KINDS[now.kind]), id=short_id(now.id))
        )
        self._ending.show_hint(self._way_back(now))

    def _way_back(self, withdrawn: Entry) -> str:
        if withdrawn.kind is Kind.CHECK_IN:
            return _("If the guest did come, report them again with: apoa report")
        story = self._app.stays.of(withdrawn.stay_id)
        told = short_id(story.display_report.id)
        if story.in_house and withdrawn.kind is not Kind.AMEND:
            return _("The guest counts as in house again. What is known of the stay: apoa show {id}").format(id=told)
        return _("What was reported before counts again. See: apoa show {id}").format(id=told)

    def _cancel(self, reason: str | None) -> None:
        self._show(_("The authority may have this stay. It is told that the whole stay is void."))
        if reason is None and self._ending.interactive:
            reason = ask_reason(_("Why is the stay cancelled? One sentence for the authority"))
            if reason is None:
                print_error_line(_("Nothing was changed."))
                return
        change = self._app.changes.cancel(self._story, reason)
        if self._agreed(_("Cancel the whole stay?")):
            self._ending.save(change, open_current_report(self._app, self._story).guest)

    def _show(self, said: str) -> None:
        """What would be lost, for whoever can still be asked."""
        if not self._ending.interactive:
            return
        report = open_current_report(self._app, self._story).report
        for line in report_lines(report, self._app.settings.zone) if report is not None else ():
            print_error_line(line)
        print_error_line(style_warning(said))

    def _agreed(self, question: str) -> bool:
        """Ask; Enter alone leaves it as it is."""
        if not self._ending.interactive or self._ending.yes or confirm(question, default=False):
            return True
        print_error_line(_("Nothing was changed."))
        return False
