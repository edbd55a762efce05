"""A guest who is given as options: read, check, ask for what is missing, show, save and send.

Without options for the guest, `apoa_client.cli.prompts.report_guests` asks one question at a time instead.
"""

from collections.abc import Sequence

from apoa_client.cli.commands.guest_options import GivenDetails
from apoa_client.cli.prompts.report_options import ReportOptions
from apoa_client.cli.prompts.save_and_send import SaveAndSend, SavedReport
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.cli.views.findings import show_warnings
from apoa_client.cli.views.report import property_line, report_lines
from apoa_client.desk.arrivals import unaccompanied_minor_warning
from apoa_client.desk.duplicates import ReportedBefore, duplicate_warnings
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.report.draft import Draft
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination, in_form_order


def report_from_options(
    session: Session, options: ReportOptions, given: GivenDetails, photo: bytes | None = None
) -> bool:
    """Report one guest, and return whether it is saved. A `photo` is kept with the report, as a JPEG.

    Raises `ReportRefused` for details with errors, `ReportedBefore` for a likely duplicate.
    """
    app = session.app
    examination = _examined(session, given)
    report = app.reachable_desk.compose(examination)
    duplicates = duplicate_warnings(app.ask(lambda each: each.desk.overlapping_stays(report)))
    other_warnings = in_form_order([*examination.warnings, *unaccompanied_minor_warning(examination)])
    warnings = (*other_warnings, *duplicates)
    if options.dry_run:
        from apoa_client.cli.prompts.dry_run import finish_dry_run  # not to save a report

        if not session.json:
            _show(session, report, warnings)
        finish_dry_run(session, options, [report], warnings)
        return False
    likely_duplicate = bool(duplicates) and not options.again
    if likely_duplicate and (options.yes or not session.interactive):
        raise ReportedBefore(duplicates, other_warnings)
    if not session.interactive:
        show_warnings(warnings)
    else:
        _show(session, report, warnings)
        if likely_duplicate:
            wanted = confirm(_("The guest seems to be reported already. Report them again?"), default=False)
        else:
            wanted = options.yes or confirm(_("Save and send this report?"))
        if not wanted:
            print_error_line(_("Nothing was saved."))
            return False
    new = app.reachable_desk.new_report(report, warnings, photo=photo)
    [entry] = app.save_new([new])
    saved = SavedReport(entry, report, warnings)
    SaveAndSend(session, send=not options.no_send).finish([saved])
    return True


def _examined(session: Session, given: GivenDetails) -> Examination:
    """Check the details. At a terminal, ask for what is missing or wrong until everything is right."""
    try:
        mrz = session.app.reachable_desk.read(given.lines) if given.lines else None
    except MrzUnreadable as exc:
        path = BY_NAME["mrz"].path
        raise ReportRefused([Finding(path, exc.problem.code, exc.problem.message)]) from None
    while True:
        examination = session.app.reachable_desk.examine(Draft(given.typed, mrz, given.accept_check_digit))
        if not examination.errors or not session.interactive:
            return examination
        from apoa_client.cli.prompts.field_questions import FieldQuestions  # asks a user

        if not FieldQuestions(session.app).ask_invalid_fields(given.typed, examination.errors):
            return examination


def _show(session: Session, report: Report, warnings: Sequence[Finding]) -> None:
    show_warnings(warnings)
    for line in (*property_line(session.app.label_if_several), *report_lines(report, session.app.settings.zone)):
        print_error_line(line)
