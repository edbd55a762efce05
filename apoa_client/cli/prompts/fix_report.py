"""The conversation of `apoa fix`: what the authority refused, field by field, until its successor can go."""

from collections.abc import Sequence
from dataclasses import replace

from apoa_client.cli.prompts.amend_stay import CorrectionConversation
from apoa_client.cli.prompts.choose_guest import open_current_report
from apoa_client.cli.prompts.conversation import Answer
from apoa_client.cli.prompts.field_questions import field_to_ask
from apoa_client.cli.prompts.single_questions import ask_check_out_time, ask_reason
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, style_error
from apoa_client.cli.views.findings import finding_line
from apoa_client.cli.views.labels import moment_text
from apoa_client.desk.changes import PendingChange, find_refused
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.ports import Content, Entry
from apoa_client.report.deadline import instant
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Stay


class FixConversation(CorrectionConversation):
    """A refused report gets a successor, of its kind and in its place."""

    def fix(self, reference: str, at: str | None, reason: str | None) -> None:
        """Show why it was refused, take or ask for what is right, and file the successor."""
        history, meant = self.app.stays.find(reference)
        refused = find_refused(history, meant)
        self._refuse_idle_options(refused, at, reason)
        self.read(refused)  # its error says why the key is needed
        content = self.app.outbox.content(refused)
        self._show_errors(content)
        change = self._proposal(history, refused, content, at if refused.kind is Kind.CHECK_OUT else reason)
        if change is None or not self._goes_on(change, content):
            print_error_line(_("Nothing was saved."))
            return
        self.show(content.report, change)
        self.save(change, content.report)

    def _show_errors(self, content: Content) -> None:
        if self.command.interactive:
            print_error_line(style_error(_("The authority refused this report:")))
            for finding in content.errors:
                print_error_line(finding_line(finding))

    def _proposal(
        self, history: StayHistory, refused: Entry, content: Content, given: str | None
    ) -> PendingChange | None:
        """The successor, None where somebody goes back; `given` is the time of a check-out, else the reason."""
        if refused.kind is Kind.CHECK_OUT:
            return self._check_out(history, refused, content, given)
        if refused.kind is Kind.CANCEL:
            return self._cancel(history, refused, content, given)
        return self._whole(history, refused, content, given)

    def _refuse_idle_options(self, refused: Entry, at: str | None, reason: str | None) -> None:
        """Nothing that was given is thrown away silently."""
        whole = refused.kind in {Kind.CHECK_IN, Kind.AMEND}
        idle = at is not None and refused.kind is not Kind.CHECK_OUT
        idle = idle or (reason is not None and refused.kind not in {Kind.AMEND, Kind.CANCEL})
        if idle or (not whole and (self.typed or self.lines)):
            raise UsageProblem(
                msg("An option was given that this kind of report has no place for."),
                msg("--at is for a check-out, --reason for a correction or cancellation, the others for the rest."),
            )

    def _check_out(
        self, history: StayHistory, refused: Entry, content: Content, at: str | None
    ) -> PendingChange | None:
        if at is None and not self.command.interactive:
            raise ReportRefused(content.errors)
        stay = self._stay(history)

        def change(typed: str) -> PendingChange:
            return self.app.changes.fix_check_out(history, refused, self.app.changes.parse_time(typed), stay)

        def read(answer: str) -> Answer:
            change(answer)  # a time before the guest came is as wrong as none
            left = self.app.changes.parse_time(answer)
            return Answer(instant(left), moment_text(left, self.app.settings.zone))

        at = at if at is not None else ask_check_out_time(read)
        return change(at) if at is not None else None

    def _stay(self, history: StayHistory) -> Stay | None:
        return open_current_report(self.app, history).stay

    def _cancel(
        self, history: StayHistory, refused: Entry, content: Content, reason: str | None
    ) -> PendingChange | None:
        if reason is None and not self.command.interactive:
            raise ReportRefused(content.errors)
        if reason is None:
            reason = ask_reason("  " + _("Why is the stay cancelled? One sentence for the authority"))
        return self.app.changes.fix_cancel(history, refused, reason) if reason is not None else None

    def _whole(
        self, history: StayHistory, refused: Entry, content: Content, reason: str | None
    ) -> PendingChange | None:
        given = bool(self.typed or self.lines or reason)
        if self.command.interactive and not given and not any(map(_can_be_asked, content.errors)):
            if not self.choose_fields(content.report):  # the authority names none: whoever is asked may know
                return None
        elif self.command.interactive and not (given and self.command.yes):
            reason = self._asked(content.errors, reason)
        elif not given:
            raise ReportRefused(content.errors)
        examination = self.examined(self.redraft(content.report))
        return self.app.changes.fix(history, refused, examination, reason or content.report.reason)

    def _asked(self, errors: Sequence[Finding], reason: str | None) -> str | None:
        """Ask for each field that was refused and was not given; the reason is returned. `<` leaves it as it was."""
        for error in errors:
            if error.field == "reason" and reason is None:
                reason = ask_reason("  " + _("Why is it changed? One sentence for the authority"))
            elif field_to_ask(error) and field_to_ask(error) not in self.typed and not self.lines:
                self.questions.ask_invalid_field(self.typed, error)
        return reason

    def _goes_on(self, change: PendingChange, content: Content) -> bool:
        """Whether to go on; what was refused is not sent again as it was, unless a person wants just that."""
        before = content.report
        if replace(change.report, id=before.id, created_at=before.created_at) != before:
            return True
        if not self.command.interactive:
            raise ReportRefused(content.errors)
        return confirm(_("Nothing was changed. Send the same again?"), default=False)


def _can_be_asked(error: Finding) -> bool:
    """Whether there is a question about what this error names."""
    return error.field == "reason" or bool(field_to_ask(error))
