"""The conversation of `apoa amend`: reported values, newly typed values, the differences, then save and send."""

from collections.abc import Mapping, Sequence

from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.field_questions import FieldQuestions, field_to_ask
from apoa_client.cli.prompts.find_stays import open_current_report
from apoa_client.cli.prompts.finish_change import ChangeCommand, ask_check_out_time, ask_reason
from apoa_client.cli.prompts.save_and_send import SavedReport
from apoa_client.cli.terminal.command_names import localized_option
from apoa_client.cli.terminal.input import confirm, index_of_choice
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import label_lines, print_error_line, sanitize, style_bold, style_error
from apoa_client.cli.views.findings import finding_line, show_warnings
from apoa_client.cli.views.labels import moment_text
from apoa_client.cli.views.report import changed_field_lines, field_texts, guest_name
from apoa_client.desk.changes import find_refused, require_current_report
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import CredentialsProblem, DataRefused, UsageProblem
from apoa_client.messages import Message, msg, nmsg
from apoa_client.ports.entries import Content, Entry, NewReport
from apoa_client.report.fields import BY_NAME, ON_THE_FORM
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, instant, short_id
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination


class CorrectionConversation:
    """What amending and fixing have in common: newly typed values replace reported ones."""

    def __init__(self, command: ChangeCommand, typed: Mapping[str, str], lines: Sequence[str]) -> None:
        self.command = command
        self.app = command.app
        self.typed = dict(typed)
        self.lines = lines
        self.questions = FieldQuestions(command.app)
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
        mrz = self.app.desk.read_typed(self.lines)
        while True:
            examination = self.app.changes.examine(before, self.typed, mrz)
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

    def show(self, before: Report, change: NewReport) -> None:
        """Show the warnings and, at a terminal, each changed field before and after."""
        show_warnings(change.warnings)
        if not self.command.interactive:
            return
        if before.guest is not None:
            print_error_line(style_bold(guest_name(before.guest)))
        for line in changed_field_lines(before, change.report, self.app.settings.zone):
            print_error_line(f"  {line}")

    def save(self, corrections: Sequence[tuple[NewReport, Report]], *, several: bool = False) -> None:
        """Save and send corrections, each with the report before it, all or none, after a confirmation at a terminal.

        With `several`, JSON output is a list.
        """
        count = len(corrections)
        sending = nmsg("Save and send this correction?", "Save and send {count} corrections?", count)
        by_hand = nmsg("Save this correction?", "Save {count} corrections?", count)
        asked = self.command.interactive and not self.command.yes
        if asked and not confirm(self.command.by_way(sending, by_hand)):
            print_error_line(_("Nothing was saved."))
            return
        entries = self.app.desk.save_all([change for change, _before in corrections])
        saved = [
            SavedReport(entry, change.report, change.warnings, before.guest)
            for entry, (change, before) in zip(entries, corrections, strict=True)
        ]
        self.command.finish(saved, several=several)


class _GoneBack(Exception):
    """The user goes back before the first question."""


class AmendConversation(CorrectionConversation):
    """Corrections by the staff."""

    _typed_reason: str | None = None
    """The reason that was typed once, for those stays that have none of their own."""

    def amend(self, references: Sequence[str], reason: str | None, *, several: bool) -> None:
        """Correct the stays that ids mean, and save and send the corrections.

        Options are for all of them, and all are saved or none; without options each stay is asked about in turn. With
        `several`, JSON output is a list.
        """
        if several and not (self.typed or self.lines) and self.command.interactive:
            for reference in references:
                self.typed, self._changed, self._typed_reason = {}, [], None
                self._amend([reference], reason, several=False)
            return
        if several and (self.lines or any(BY_NAME[name].of_guest for name in self.typed)):
            raise UsageProblem(
                msg("The guest's own details cannot be the same for several guests."),
                msg("Correct them for one guest at a time: apoa amend ID"),
            )
        self._amend(references, reason, several=several)

    def _amend(self, references: Sequence[str], reason: str | None, *, several: bool) -> None:
        try:
            found = [self._correction(reference, reason, several=several) for reference in references]
        except _GoneBack:
            print_error_line(_("Nothing was saved."))
            return
        corrections = [each for each in found if each is not None]
        if not corrections:
            raise DataRefused(
                msg("Nothing would change: that is what was reported."),
                msg("See what was reported with: apoa show {id}", id=self.app.stays.find(references[0])[0].shown_id),
            )
        self.save(corrections, several=several)

    def _correction(self, reference: str, reason: str | None, *, several: bool) -> tuple[NewReport, Report] | None:
        """Show and return a correction, and the report before; None if nothing would change. Raises `_GoneBack`."""
        history, _report = self.app.stays.find(reference)
        current = require_current_report(history)
        before = self.open(current).report
        if history.check_out is not None:
            self.command.show_hint(_("The guest was checked out. With this correction they are in house again."))
        try:
            change = self._ask(history, current, before, reason)
        except ReportRefused:
            if several:
                print_error_line(_("Report {id}:").format(id=short_id(current.id)))
            raise
        if change is None:
            return None
        self.show(before, change)
        for replaced in change.replaces:
            hint = _("The authority does not have report {id}. This report replaces it.")
            self.command.show_hint(hint.format(id=short_id(replaced)))
        if change.report.kind is Kind.AMEND and not change.replaces:
            self.command.show_hint(_("The whole report is sent again, as a correction."))
        return change, before

    def _ask(self, history: StayHistory, current: Entry, before: Report, reason: str | None) -> NewReport | None:
        """Return the change, from the options or by questions; None if nothing would change. Raises `_GoneBack`."""
        choose = not self.typed and not self.lines and history.check_out is None
        while True:
            if choose and self.command.interactive and not self.choose_fields(before):
                raise _GoneBack
            if choose and not self.typed:
                raise UsageProblem(msg("No change was given."), msg("See the options with: apoa amend --help"))
            examination = self.examine(before)
            same = (examination.guest, examination.stay) == (before.guest, before.stay)
            if same and history.check_out is None:
                return None
            own = before.reason if current.withdrawable else None  # it replaces the report
            given = reason or own or self._typed_reason
            if given or current.withdrawable or examination.errors or not self.command.interactive:
                return self.app.changes.amend(history, examination, given)
            self._typed_reason = ask_reason(_("Why is it changed? One sentence for the authority"))
            if self._typed_reason is not None:
                return self.app.changes.amend(history, examination, self._typed_reason)
            if not choose:
                raise _GoneBack


def _advice(errors: Sequence[Finding], kind: Kind) -> Message:
    """Return with which options a refused report is corrected without a terminal."""
    if kind is Kind.CHECK_OUT:
        return msg("Give the right time with: --at TIME")
    if kind is Kind.CANCEL:
        return msg("Give another reason with: --reason TEXT")
    names = ("reason" if error.field == "reason" else field_to_ask(error) for error in errors)
    options = [
        localized_option(f"--{name.replace('_', '-')}") for name in dict.fromkeys(names) if name and name != "mrz"
    ]
    if not options:
        return msg("Give what is to be changed by its option, such as --room 7. The options: apoa fix --help")
    return msg("Give the right value with: {options}. The options: apoa fix --help", options=", ".join(options))


def _parse_field_number(answer: str) -> Answer:
    """Return the name of the field that has this number."""
    index = index_of_choice(answer, len(ON_THE_FORM))
    if index is None:
        raise UnclearAnswer(_("Type one of the numbers."))
    return Answer(ON_THE_FORM[index].name)


class FixConversation(CorrectionConversation):
    """A report of the same kind replaces a refused one."""

    def fix(self, reference: str, at: str | None, reason: str | None) -> None:
        """Show why a report was refused, take or ask for correct values, and save and send its replacement."""
        history, selected = self.app.stays.find(reference)
        refused = find_refused(history, selected)
        self._refuse_unused_options(refused.kind, at, reason)
        content = self.open(refused)
        if self.command.interactive:
            print_error_line(style_error(_("The authority refused this report:")))
            for finding in content.errors:
                print_error_line(finding_line(finding))
        elif refused.kind in {Kind.CHECK_OUT, Kind.CANCEL} and at is None and reason is None:
            raise ReportRefused(content.errors, advice=_advice(content.errors, refused.kind))
        if refused.kind is Kind.CHECK_OUT:
            change = self._fix_check_out(history, refused, at)
        elif refused.kind is Kind.CANCEL:
            if reason is None:
                reason = ask_reason("  " + _("Why is the stay cancelled? One sentence for the authority"))
            change = self.app.changes.cancel(history, reason, refused) if reason is not None else None
        else:
            change = self._fix_full_report(history, refused, content, reason)
        if change is None or not self._confirm_unchanged(change, content):
            print_error_line(_("Nothing was saved."))
            return
        self.show(content.report, change)
        self.save([(change, content.report)])

    def _refuse_unused_options(self, kind: Kind, at: str | None, reason: str | None) -> None:
        """Raise `UsageProblem` for an option that a report of this kind does not use."""
        unused = (
            (at is not None and kind is not Kind.CHECK_OUT)
            or (reason is not None and kind not in {Kind.AMEND, Kind.CANCEL})
            or (bool(self.typed or self.lines) and kind not in {Kind.CHECK_IN, Kind.AMEND})
        )
        if unused:
            raise UsageProblem(
                msg("An option was given that this kind of report does not use."),
                msg(
                    "--at is for a check-out, --reason for a correction or cancellation, the others for guest and stay."
                ),
            )

    def _fix_check_out(self, history: StayHistory, refused: Entry, at: str | None) -> NewReport | None:
        changes = self.app.changes
        stay = open_current_report(self.app, history).stay

        def parse(answer: str) -> Answer:
            left = changes.parse_time(answer)
            changes.check_out(history, left, stay, refused)  # refuses a time before the check-in
            return Answer(instant(left), moment_text(left, self.app.settings.zone))

        if at is None:
            at = ask_check_out_time(parse)
        return changes.check_out(history, changes.parse_time(at), stay, refused) if at is not None else None

    def _fix_full_report(
        self, history: StayHistory, refused: Entry, content: Content, reason: str | None
    ) -> NewReport | None:
        given = bool(self.typed or self.lines or reason)
        can_ask = any(error.field == "reason" or field_to_ask(error) for error in content.errors)
        if self.command.interactive and not given and not can_ask:
            if not self.choose_fields(content.report):  # the authority names no field, but the user may know it
                return None
        elif self.command.interactive and not (given and self.command.yes):
            reason = self._ask_refused_fields(content.errors, reason)
        elif not given:
            raise ReportRefused(content.errors, advice=_advice(content.errors, refused.kind))
        examination = self.examine(content.report)
        return self.app.changes.amend(history, examination, reason or content.report.reason, refused)

    def _ask_refused_fields(self, errors: Sequence[Finding], reason: str | None) -> str | None:
        """Ask for each refused field that no option gives, and return the reason. `<` leaves a field as it was."""
        for error in errors:
            if error.field == "reason" and reason is None:
                reason = ask_reason("  " + _("Why is it changed? One sentence for the authority"))
            elif field_to_ask(error) and field_to_ask(error) not in self.typed and not self.lines:
                self.questions.ask_invalid_field(self.typed, error)
        return reason

    def _confirm_unchanged(self, change: NewReport, content: Content) -> bool:
        """Return whether to go on: a refused report is sent again unchanged only if the user confirms it."""
        before = content.report
        if change.report._replace(id=before.id, created_at=before.created_at) != before:
            return True
        if not self.command.interactive:
            raise ReportRefused(content.errors, advice=_advice(content.errors, before.kind))
        return confirm(_("Nothing was changed. Send the same again?"), default=False)
