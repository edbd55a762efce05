"""The conversation of `apoa fix`: why the authority refused a report, then its fields, then a replacement."""

from collections.abc import Sequence

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
from apoa_client.ports.entries import Content, Entry
from apoa_client.report.deadline import instant
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind


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
            raise ReportRefused(content.errors)
        if refused.kind is Kind.CHECK_OUT:
            change = self._fix_check_out(history, refused, at)
        elif refused.kind is Kind.CANCEL:
            if reason is None:
                reason = ask_reason("  " + _("Why is the stay cancelled? One sentence for the authority"))
            change = self.app.changes.fix_cancel(history, refused, reason) if reason is not None else None
        else:
            change = self._fix_full_report(history, refused, content, reason)
        if change is None or not self._confirm_unchanged(change, content):
            print_error_line(_("Nothing was saved."))
            return
        self.show(content.report, change)
        self.save(change, content.report)

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

    def _fix_check_out(self, history: StayHistory, refused: Entry, at: str | None) -> PendingChange | None:
        changes = self.app.changes
        stay = open_current_report(self.app, history).stay

        def parse(answer: str) -> Answer:
            left = changes.parse_time(answer)
            changes.fix_check_out(history, refused, left, stay)  # refuses a time before the check-in
            return Answer(instant(left), moment_text(left, self.app.settings.zone))

        if at is None:
            at = ask_check_out_time(parse)
        return changes.fix_check_out(history, refused, changes.parse_time(at), stay) if at is not None else None

    def _fix_full_report(
        self, history: StayHistory, refused: Entry, content: Content, reason: str | None
    ) -> PendingChange | None:
        given = bool(self.typed or self.lines or reason)
        can_ask = any(error.field == "reason" or field_to_ask(error) for error in content.errors)
        if self.command.interactive and not given and not can_ask:
            if not self.choose_fields(content.report):  # the authority names no field, but the user may know it
                return None
        elif self.command.interactive and not (given and self.command.yes):
            reason = self._ask_refused_fields(content.errors, reason)
        elif not given:
            raise ReportRefused(content.errors)
        examination = self.examine(content.report)
        return self.app.changes.fix(history, refused, examination, reason or content.report.reason)

    def _ask_refused_fields(self, errors: Sequence[Finding], reason: str | None) -> str | None:
        """Ask for each refused field that no option gives, and return the reason. `<` leaves a field as it was."""
        for error in errors:
            if error.field == "reason" and reason is None:
                reason = ask_reason("  " + _("Why is it changed? One sentence for the authority"))
            elif field_to_ask(error) and field_to_ask(error) not in self.typed and not self.lines:
                self.questions.ask_invalid_field(self.typed, error)
        return reason

    def _confirm_unchanged(self, change: PendingChange, content: Content) -> bool:
        """Return whether to go on: a refused report is sent again unchanged only if the user confirms it."""
        before = content.report
        if change.report._replace(id=before.id, created_at=before.created_at) != before:
            return True
        if not self.command.interactive:
            raise ReportRefused(content.errors)
        return confirm(_("Nothing was changed. Send the same again?"), default=False)
