"""A guest who was given as options: read, examined, shown, saved, and sent where that can be.

Somebody at a terminal is asked for what is missing or does not hold. Whoever gave nothing of the guest is asked one
question at a time instead, in `apoa_client.cli.prompts.report_guests`.
"""

from collections.abc import Mapping, Sequence

from apoa_client.cli.prompts.report_options import ReportOptions
from apoa_client.cli.prompts.save_and_send import SaveAndSend, SavedReport
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line
from apoa_client.cli.views.findings import show_warnings
from apoa_client.cli.views.report import dry_run_value, report_lines
from apoa_client.desk.duplicates import ReportedBefore, duplicate_warnings
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.report.draft import Draft
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination, in_form_order
from apoa_client.report.unaccompanied_minors import unaccompanied_minor_warning


class ReportFromOptions:
    """One guest's registration at the command line."""

    def __init__(self, session: Session, wishes: ReportOptions) -> None:
        self._session = session
        self._app = session.app
        self._wishes = wishes
        self._asking = session.terminal and not wishes.json
        self._filing = SaveAndSend(session, send=not wishes.no_send, as_json=wishes.json)

    def receive(self, typed: Mapping[str, str], lines: Sequence[str]) -> None:
        """Carry the guest from the options to the outbox, and on to the authority where it can be reached."""
        examination = self._examine(dict(typed), self._read(lines))
        report = self._app.desk.compose(examination)
        found = duplicate_warnings(self._app.desk.overlapping_stays(report))
        remarks = in_form_order([*examination.warnings, *unaccompanied_minor_warning(examination)])
        warnings = (*remarks, *found)
        if self._wishes.dry_run:
            self._show_checked(report, warnings)
            return
        doubtful = bool(found) and not self._wishes.again
        if doubtful and (self._wishes.yes or not self._asking):
            raise ReportedBefore(found, remarks)
        if self._wanted(report, warnings, doubtful=doubtful):
            self._filing.finish([SavedReport(self._app.desk.save(report, warnings), report, warnings)])
        else:
            print_error_line(_("Nothing was saved."))

    def _wanted(self, report: Report, warnings: Sequence[Finding], *, doubtful: bool) -> bool:
        """Show it, and ask whether to save it; one that is doubtful, because it was reported, only if they say so."""
        if not self._asking:
            show_warnings(warnings)
            return True
        self._show(report, warnings)
        if doubtful:
            return confirm(_("The guest seems to be reported already. Report them again?"), default=False)
        return self._wishes.yes or confirm(_("Save and send this report?"))

    def _read(self, lines: Sequence[str]) -> Mrz | None:
        try:
            return self._app.desk.read(lines) if lines else None
        except MrzUnreadable as exc:
            path = BY_NAME["mrz"].path
            raise ReportRefused([Finding(path, exc.problem.code, exc.problem.message)]) from None

    def _examine(self, typed: dict[str, str], mrz: Mrz | None) -> Examination:
        """Examine, and at a terminal ask for what is missing or does not hold, until all does."""
        while True:
            examination = self._app.desk.examine(Draft(typed, mrz, self._wishes.accept_check_digit))
            if not examination.errors or not self._asking or not self._ask_again(typed, examination.errors):
                return examination

    def _ask_again(self, typed: dict[str, str], errors: Sequence[Finding]) -> bool:
        from apoa_client.cli.prompts.field_questions import FieldQuestions  # only for a person

        return FieldQuestions(self._app).ask_invalid_fields(typed, errors)

    def _show_checked(self, report: Report, warnings: Sequence[Finding]) -> None:
        if self._wishes.json:
            print_json(dry_run_value(report, warnings))
            return
        self._show(report, warnings)
        print_line(_("Everything is in order. Nothing was saved (--dry-run)."))

    def _show(self, report: Report, warnings: Sequence[Finding]) -> None:
        show_warnings(warnings)
        for line in report_lines(report, self._app.settings.zone):
            print_error_line(line)
