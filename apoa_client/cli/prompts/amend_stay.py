"""The conversation of `apoa amend`: what was said, what is typed on top, both side by side, saved, sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.field_questions import FieldQuestions
from apoa_client.cli.prompts.finish_change import ChangeCommand
from apoa_client.cli.prompts.single_questions import ask_reason
from apoa_client.cli.terminal.input import confirm, index_of_choice
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, print_error_line, sanitize, style_bold
from apoa_client.cli.views.findings import show_warnings
from apoa_client.cli.views.report import changed_field_lines, field_texts, guest_name
from apoa_client.desk.changes import PendingChange, require_current_report
from apoa_client.desk.correction_draft import CorrectionDraft
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import CredentialsProblem, DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.ports import Entry
from apoa_client.report.fields import BY_NAME, ON_THE_FORM
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, short_id
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination


class CorrectionConversation:
    """What amending and fixing have in common: something is typed on top of what was said."""

    def __init__(
        self, command: ChangeCommand, typed: Mapping[str, str], lines: Sequence[str], *, accept_check_digit: bool
    ) -> None:
        self.command = command
        self.app = command.app
        self.typed = dict(typed)
        self.lines = lines
        self._accept = accept_check_digit
        self._earlier: list[tuple[str, dict[str, str]]] = []
        """Each field that was chosen, the last one last, and all that was typed before it."""

    @cached_property
    def questions(self) -> FieldQuestions:
        """How each field is asked for."""
        return FieldQuestions(self.app)

    def read(self, entry: Entry) -> Report:
        """What a report says. Raises `CredentialsProblem` where the key that it is sealed to cannot be had."""
        try:
            return self.app.outbox.content(entry).report
        except CredentialsProblem as exc:
            print_error_line(
                _("A correction begins with what was reported, and that can be read only with this property's key.")
            )
            raise exc from None

    def redraft(self, before: Report) -> CorrectionDraft:
        """What was said, and what was given on top. Raises `ReportRefused` for lines that cannot be read."""
        try:
            mrz = self.app.desk.read(self.lines) if self.lines else None
        except MrzUnreadable as exc:
            path = BY_NAME["mrz"].path
            raise ReportRefused([Finding(path, exc.problem.code, exc.problem.message)]) from None
        return CorrectionDraft(before, self.typed, mrz, self._accept)

    def examined(self, redraft: CorrectionDraft) -> Examination:
        """Examine, and at a terminal ask again for what does not hold, until all does."""
        while True:
            examination = self.app.changes.examine(redraft)
            if not examination.errors or not self.command.interactive:
                return examination
            typed = dict(redraft.typed)
            if not self.questions.ask_invalid_fields(typed, examination.errors):
                return examination
            self.typed = typed
            redraft = replace(redraft, typed=typed)

    def choose_fields(self, before: Report) -> bool:
        """Show what was said, and ask for each field whose number is typed; `<` takes the last one back.

        False where somebody goes back before the first one. What was chosen before stands when this is called again.
        """
        if not self._earlier:
            self._show_fields(before)
        while True:
            answer = ask(_which_field())
            if answer is Move.BACK:
                if not self._took_back():
                    return False
            elif answer is Move.ACCEPT_ALL or not answer.value:
                return True
            else:
                self._change(before, answer.value)

    def _change(self, before: Report, name: str) -> None:
        typed = dict(self.typed)
        self.questions.ask_change(self.typed, before, name)
        if self.typed != typed:
            self._earlier.append((name, typed))

    def _took_back(self) -> bool:
        if not self._earlier:
            return False
        name, self.typed = self._earlier.pop()
        print_error_line("  " + _("Taken back: {field}").format(field=text(BY_NAME[name].label)))
        return True

    def _show_fields(self, before: Report) -> None:
        texts = field_texts(before, self.app.settings.zone)
        for number, item in enumerate(ON_THE_FORM, 1):
            said = f"{text(item.label)}: {sanitize(texts.get(item.name, '')) or '-'}"
            print_error_line(f"{number}. {said}" if plain() else f"{number:>3}  {said}")

    def show(self, before: Report, change: PendingChange) -> None:
        """Each field that changes, before and after; at a terminal, and for whoever reads stderr otherwise."""
        show_warnings(change.warnings)
        if not self.command.interactive:
            return
        if before.guest is not None:
            print_error_line(style_bold(guest_name(before.guest)))
        for line in changed_field_lines(before, change.report, self.app.settings.zone):
            print_error_line(f"  {line}")

    def save(self, change: PendingChange, before: Report) -> None:
        """Ask, unless told not to, and save."""
        if self.command.interactive and not self.command.yes and not confirm(_("Save and send this correction?")):
            print_error_line(_("Nothing was saved."))
            return
        self.command.save(change, before.guest)


class AmendConversation(CorrectionConversation):
    """A correction that nobody asked for."""

    def amend(self, reference: str, reason: str | None) -> None:
        """Carry a correction from the options to the outbox, and on to the authority where it can be reached."""
        history, _meant = self.app.stays.find(reference)
        told = require_current_report(history)
        before = self.read(told)
        if history.check_out is not None:
            self.command.show_hint(_("The guest was checked out. By this, they are in house again."))
        change = self._proposal(history, told, before, reason)
        if change is None:
            print_error_line(_("Nothing was saved."))
            return
        self.show(before, change)
        self._say_what_it_does(change)
        self.save(change, before)

    def _proposal(self, history: StayHistory, told: Entry, before: Report, reason: str | None) -> PendingChange | None:
        """What is to be filed, from what was given or is chosen; None where somebody goes back before that."""
        chooses = not self.typed and not self.lines and history.check_out is None
        while True:
            if chooses and not self._chosen(before):
                return None
            examination = self._examined(history, told, before)
            given = reason or self._reason(told, before, examination)
            if given is not None or not self._asks_why(told, examination):
                return self.app.changes.amend(history, examination, given)
            if not chooses:
                return None

    def _chosen(self, before: Report) -> bool:
        """What somebody types, where nothing was given; False where they go back."""
        if self.command.interactive and not self.choose_fields(before):
            return False
        if not self.typed:
            raise UsageProblem(
                msg("Nothing was given that should change."), msg("See the options with: apoa amend --help")
            )
        return True

    def _examined(self, history: StayHistory, told: Entry, before: Report) -> Examination:
        """Examine what was typed. Raises `DataRefused` where that is what was said."""
        examination = self.examined(self.redraft(before))
        if history.check_out is None and (examination.guest, examination.stay) == (before.guest, before.stay):
            raise DataRefused(
                msg("Nothing would change: that is what was reported."),
                msg("See what was reported with: apoa show {id}", id=short_id(told.id)),
            )
        return examination

    def _reason(self, told: Entry, before: Report, examination: Examination) -> str | None:
        """Why, as it is typed, or was said before in a correction that is said again."""
        if told.withdrawable:
            return before.reason
        return (
            ask_reason(_("Why is it changed? One sentence for the authority"))
            if self._asks_why(told, examination)
            else None
        )

    def _asks_why(self, told: Entry, examination: Examination) -> bool:
        return self.command.interactive and not told.withdrawable and not examination.errors

    def _say_what_it_does(self, change: PendingChange) -> None:
        for old in change.replaces:
            self.command.show_hint(_("Report {id} never arrived. This one takes its place.").format(id=short_id(old)))
        if change.report.kind is Kind.AMEND and not change.replaces:
            self.command.show_hint(_("The whole report is sent again, as a correction."))


def _which_field() -> Question:
    """Which one is wrong; its name is the answer."""
    return Question(
        _("Number of the field that is wrong; Enter when done"),
        _("Type the number in front of the field, then what is right.") + "\n" + _("< takes the last change back."),
        _field_of,
        required=False,
    )


def _field_of(answer: str) -> Answer:
    place = index_of_choice(answer, len(ON_THE_FORM))
    if place is None:
        raise UnclearAnswer(_("Type one of the numbers."))
    return Answer(ON_THE_FORM[place].name)
