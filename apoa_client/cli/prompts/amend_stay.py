"""The conversation of `apoa amend`: reported values, newly typed values, the differences, then save and send."""

from collections.abc import Mapping, Sequence

from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.field_questions import FieldQuestions
from apoa_client.cli.prompts.finish_change import ChangeCommand
from apoa_client.cli.prompts.save_and_send import SavedReport
from apoa_client.cli.prompts.single_questions import ask_reason
from apoa_client.cli.terminal.input import confirm, index_of_choice
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import label_lines, print_error_line, sanitize, style_bold
from apoa_client.cli.views.findings import show_warnings
from apoa_client.cli.views.report import changed_field_lines, field_texts, guest_name
from apoa_client.desk.changes import PendingChange, require_current_report
from apoa_client.desk.correction_draft import CorrectionDraft
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import CredentialsProblem, DataRefused, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.ports.entries import Content, Entry
from apoa_client.report.fields import BY_NAME, ON_THE_FORM
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, short_id
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination


class CorrectionConversation:
    """What amending and fixing have in common: newly typed values replace reported ones."""

    def __init__(
        self, command: ChangeCommand, typed: Mapping[str, str], lines: Sequence[str], *, accept_check_digit: bool
    ) -> None:
        self.command = command
        self.app = command.app
        self.typed = dict(typed)
        self.lines = lines
        self.questions = FieldQuestions(command.app)
        self._accept_check_digit = accept_check_digit
        self._changed: list[tuple[str, dict[str, str]]] = []
        """Each field that was chosen, in order, with everything that was typed before it."""

    def open(self, entry: Entry) -> Content:
        """Return the content of a report. Without the key, show why it is needed and raise `CredentialsProblem`."""
        try:
            return self.app.outbox.content(entry)
        except CredentialsProblem:
            print_error_line(
                _("A correction needs the reported data, which can be read only with this property's key.")
            )
            raise

    def examine(self, before: Report) -> Examination:
        """Check the correction of a report. At a terminal, ask for invalid fields until all are valid.

        Raises `ReportRefused` for an MRZ that cannot be read.
        """
        try:
            mrz = self.app.desk.read(self.lines) if self.lines else None
        except MrzUnreadable as exc:
            path = BY_NAME["mrz"].path
            raise ReportRefused([Finding(path, exc.problem.code, exc.problem.message)]) from None
        while True:
            examination = self.app.changes.examine(CorrectionDraft(before, self.typed, mrz, self._accept_check_digit))
            if not examination.errors or not self.command.interactive:
                return examination
            typed = dict(self.typed)
            if not self.questions.ask_invalid_fields(typed, examination.errors):
                return examination
            self.typed = typed

    def choose_fields(self, before: Report) -> bool:
        """Show the reported fields, and ask for each one whose number is typed; `<` undoes the last change.

        Return False if the user goes back before the first change. Changes are kept if this is called again.
        """
        if not self._changed:
            texts = field_texts(before, self.app.settings.zone)
            values = (sanitize(texts.get(item.name, "")) or "-" for item in ON_THE_FORM)
            numbered = [f"{number:>2} {text(item.label)}" for number, item in enumerate(ON_THE_FORM, 1)]
            for line in label_lines(list(zip(numbered, values, strict=True))):
                print_error_line(line)
        question = Question(
            _("Number of the field that is wrong; Enter when done"),
            _("Type the number of the field, then the correct value.") + "\n" + _("< undoes the last change."),
            _parse_field_number,
            required=False,
        )
        while True:
            answer = ask(question)
            if answer is Move.BACK:
                if not self._changed:
                    return False
                name, self.typed = self._changed.pop()
                print_error_line("  " + _("Undone: {field}").format(field=text(BY_NAME[name].label)))
            elif answer is Move.ACCEPT_ALL or not answer.value:
                return True
            else:
                typed = dict(self.typed)
                self.questions.ask_change(self.typed, before, answer.value)
                if self.typed != typed:
                    self._changed.append((answer.value, typed))

    def show(self, before: Report, change: PendingChange) -> None:
        """Show the warnings and, at a terminal, each changed field before and after."""
        show_warnings(change.warnings)
        if not self.command.interactive:
            return
        if before.guest is not None:
            print_error_line(style_bold(guest_name(before.guest)))
        for line in changed_field_lines(before, change.report, self.app.settings.zone):
            print_error_line(f"  {line}")

    def save(self, change: PendingChange, before: Report) -> None:
        """Save and send a change, after a confirmation at a terminal."""
        if self.command.interactive and not self.command.yes and not confirm(_("Save and send this correction?")):
            print_error_line(_("Nothing was saved."))
            return
        self.command.save(change, before.guest)


class _GoneBack(Exception):
    """The user goes back from the question for the reason."""


class AmendConversation(CorrectionConversation):
    """A correction by the staff."""

    _reason: str | None = None
    """The reason that an option gives for several stays."""
    _typed_reason: str | None = None
    """The reason that was typed once, for those stays that have none of their own."""

    def amend(self, reference: str, reason: str | None) -> None:
        """Correct the stay that an id means, from the options or by questions, and save and send the correction."""
        history, _report = self.app.stays.find(reference)
        current = require_current_report(history)
        before = self.open(current).report
        if history.check_out is not None:
            self.command.show_hint(_("The guest was checked out. With this correction they are in house again."))
        change = self._ask(history, current, before, reason)
        if change is None:
            print_error_line(_("Nothing was saved."))
            return
        self.show(before, change)
        for replaced in change.replaces:
            hint = _("The authority does not have report {id}. This report replaces it.")
            self.command.show_hint(hint.format(id=short_id(replaced)))
        if change.report.kind is Kind.AMEND and not change.replaces:
            self.command.show_hint(_("The whole report is sent again, as a correction."))
        self.save(change, before)

    def amend_all(self, references: Sequence[str], reason: str | None) -> None:
        """Make the same correction of several stays from the options: all are saved or none.

        Without options, ask for, save and send each in turn.
        """
        if not self.typed and not self.lines and self.command.interactive:
            for reference in references:
                self.typed, self._changed = {}, []
                self.amend(reference, reason)
            return
        self._refuse_options_of_one_guest()
        self._reason = reason
        try:
            found = [self._correction(reference) for reference in references]
        except _GoneBack:
            print_error_line(_("Nothing was saved."))
            return
        corrections = [correction for correction in found if correction is not None]
        if not corrections:
            raise DataRefused(msg("Nothing would change: that is what was reported."))
        question = nmsg("Save and send {count} correction?", "Save and send {count} corrections?", len(corrections))
        if self.command.interactive and not self.command.yes and not confirm(text(question)):
            print_error_line(_("Nothing was saved."))
            return
        entries = self.app.changes.save_all([change for change, _before in corrections])
        saved = [
            SavedReport(entry, change.report, change.warnings, before.guest)
            for entry, (change, before) in zip(entries, corrections, strict=True)
        ]
        self.command.finish(saved, several=True)

    def _refuse_options_of_one_guest(self) -> None:
        """Raise `UsageProblem` for options that cannot be right for several guests, and if there is none."""
        if not self.typed and not self.lines:
            raise UsageProblem(msg("No change was given."), msg("See the options with: apoa amend --help"))
        if self.lines or any(BY_NAME[name].path.startswith("guest.") for name in self.typed):
            raise UsageProblem(
                msg("The guest's own details cannot be the same for several guests."),
                msg("Correct them for one guest at a time: apoa amend ID"),
            )

    def _correction(self, reference: str) -> tuple[PendingChange, Report] | None:
        """Show and return the correction of one of several stays; None if nothing would change. Raises `_GoneBack`."""
        history, _report = self.app.stays.find(reference)
        current = require_current_report(history)
        before = self.open(current).report
        try:
            examination = self.examine(before)
            if (examination.guest, examination.stay) == (before.guest, before.stay):
                return None
            own = before.reason if current.withdrawable else None
            given = self._reason or own or self._typed_reason
            if not given and not current.withdrawable and self.command.interactive:
                given = self._typed_reason = ask_reason(_("Why is it changed? One sentence for the authority"))
                if given is None:
                    raise _GoneBack
            change = self.app.changes.amend(history, examination, given)
        except ReportRefused:
            print_error_line(_("Report {id}:").format(id=short_id(current.id)))
            raise
        self.show(before, change)
        return change, before

    def _ask(self, history: StayHistory, current: Entry, before: Report, reason: str | None) -> PendingChange | None:
        """Return the change, from the options or by questions; None if the user goes back."""
        choose = not self.typed and not self.lines and history.check_out is None
        while True:
            if choose and self.command.interactive and not self.choose_fields(before):
                return None
            if choose and not self.typed:
                raise UsageProblem(msg("No change was given."), msg("See the options with: apoa amend --help"))
            examination = self.examine(before)
            same = (examination.guest, examination.stay) == (before.guest, before.stay)
            if same and history.check_out is None:
                raise DataRefused(
                    msg("Nothing would change: that is what was reported."),
                    msg("See what was reported with: apoa show {id}", id=short_id(current.id)),
                )
            given = reason or (before.reason if current.withdrawable else None)  # it replaces the report
            must_ask = not given and not current.withdrawable and self.command.interactive and not examination.errors
            if must_ask:
                given = ask_reason(_("Why is it changed? One sentence for the authority"))
            if given is not None or not must_ask:
                return self.app.changes.amend(history, examination, given)
            if not choose:
                return None


def _parse_field_number(answer: str) -> Answer:
    """Return the name of the field that has this number."""
    index = index_of_choice(answer, len(ON_THE_FORM))
    if index is None:
        raise UnclearAnswer(_("Type one of the numbers."))
    return Answer(ON_THE_FORM[index].name)
