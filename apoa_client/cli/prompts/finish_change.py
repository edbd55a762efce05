"""What the commands that change a stay share: their options, the questions for a reason and a time, and their end.

The questions understand `?` and `<` like those of a conversation.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.mrz_lines import reject_mrz_line
from apoa_client.cli.prompts.save_and_send import SaveAndSend, SavedReport
from apoa_client.cli.registry import json_option, no_send_option, yes_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import NO, YES
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.desk.changes import undo_advice
from apoa_client.errors import StorageProblem
from apoa_client.messages import Message
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.report import parse_fields
from apoa_client.report.findings import ReportRefused, Unreadable
from apoa_client.report.kinds import NO_REASON, short_id
from apoa_client.report.model import Guest


def change_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that `ChangeCommand` takes, and `--json`."""
    return yes_option(no_send_option(json_option(function)))


class ChangeCommand:
    """The common options of the commands that change a stay, and the end of these commands."""

    def __init__(self, session: Session, *, yes: bool, no_send: bool) -> None:
        self.session = session
        self.app = session.app
        self.yes = yes
        self.as_json = session.json
        self.interactive = session.interactive
        """Whether the user can be asked."""
        self._quiet = session.quiet
        self._save_and_send = SaveAndSend(session, send=not no_send, may_ask=not yes, shown_id=self._shown_id)

    def _shown_id(self, entry: Entry) -> str:
        """Return the short id of a report's stay. The change is saved: an outbox out of reach now is no error."""
        with suppress(StorageProblem):
            return self.app.stays.of(entry.stay_id).shown_id
        return short_id(entry.id)

    def reason(self, given: str | None) -> str | None:
        """Return the reason of a change: by hand no authority gets it, so none is asked for."""
        return given or (NO_REASON if self.app.settings.by_hand else None)

    def by_way(self, sending: Message, by_hand: Message) -> str:
        """Return the one of two sentences that is true: for a property that sends, or for one that types by hand."""
        return text(by_hand if self.app.settings.by_hand else sending)

    def save(self, change: NewReport, guest: Guest | None) -> None:
        """Save one change, send it, and show how to undo it. `guest` is for reports without a guest of their own."""
        entry = self.app.desk.save(change)
        self.finish([SavedReport(entry, change.report, change.warnings, guest)])

    def finish(self, saved: Sequence[SavedReport], *, several: bool = False) -> None:
        """Send saved reports, show their state, and show how to undo each."""
        for entry in self._save_and_send.finish(saved, several=several):
            self.show_hint(text(undo_advice(entry, self._shown_id(entry))))

    def show_hint(self, line: str) -> None:
        """Show a hint on stderr, unless the command prints JSON or is quiet."""
        if not self.as_json and not self._quiet:
            print_error_line(line)


def ask_reason(label: str) -> str | None:
    """Ask for the reason that the authority gets. None if the user goes back."""

    def parse(answer: str) -> Answer:
        reject_mrz_line(answer)
        if answer.casefold() in YES | NO:
            raise UnclearAnswer(_("Yes or no is not a reason. Give the reason in a few words."))
        try:
            value = parse_fields.reason(answer)
        except Unreadable as exc:
            raise UnclearAnswer(text(exc.message)) from None
        return Answer(value, sanitize(value) if value != answer else "")

    help_text = _("It is sent to the authority as you type it, for example: wrong room, or the guest never came.")
    return _ask(Question(label, help_text + "\n" + _("< goes back, and nothing is saved yet."), parse))


def ask_check_out_time(parse_time: Callable[[str], Answer]) -> str | None:
    """Ask when a guest left. None if the user goes back. `parse_time` may raise `ReportRefused`."""

    def parse(answer: str) -> Answer:
        try:
            return parse_time(answer)
        except ReportRefused as exc:
            raise UnclearAnswer(text(exc.errors[0].message)) from None

    help_text = _("The day and time, day first: 26/11/2026 10:05. A time alone, 10.05, is today's.")
    return _ask(
        Question(
            "  " + _("When did the guest leave? 26/11/2026 10:05, or 10.05 for today"),
            help_text + "\n" + _("< goes back, and nothing is saved yet."),
            parse,
        )
    )


def _ask(question: Question) -> str | None:
    """Ask a question without a default. `>` is no answer, because there is no default to accept."""
    while (answer := ask(question)) is Move.ACCEPT_ALL:
        print_error_line(_("This must be answered first. ? shows help."))
    return answer.value if isinstance(answer, Answer) else None
