"""The end of ``apoa report --dry-run``: what the authority would say, and that nothing was saved."""

from collections.abc import Sequence

from apoa_client.cli.prompts.report_options import ReportOptions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line
from apoa_client.cli.views.online import Online, online_lines, online_value
from apoa_client.cli.views.report import dry_run_value, guest_name
from apoa_client.errors import Exit
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report


def finish_dry_run(
    session: Session, options: ReportOptions, reports: Sequence[Report], warnings: Sequence[Finding] = ()
) -> None:
    """Ask the authority about valid reports, unless nothing is to be sent, and show the end of the dry run.

    That it cannot be asked is no error. A report that it would refuse sets the exit code. In JSON, the one report has
    our `warnings`, too.
    """
    answers: list[Online | None] = [None] * len(reports)
    if not options.no_send and not session.app.settings.by_hand:
        from apoa_client.cli.prompts.online_check import OnlineCheck  # slow to load

        answers = [*OnlineCheck(session.app).of_reports(reports)]
    refused = any(answer is not None and answer.refused for answer in answers)
    if refused:
        session.exit_code = Exit.DATA_REFUSED
    if session.json:
        print_json(dry_run_value(reports[0], warnings, online_value(answers[0])))
        return
    _show_answers(session, reports, answers)
    if refused:
        print_line(_("Nothing was saved (--dry-run)."))
    else:
        print_line(_("Everything is in order. Nothing was saved (--dry-run)."))


def _show_answers(session: Session, reports: Sequence[Report], answers: Sequence[Online | None]) -> None:
    for report, answer in zip(reports, answers, strict=True):
        if answer is None or (answer.error is not None and session.quiet):
            continue
        if len(reports) > 1 and report.guest is not None and answer.verdict is not None:
            print_error_line(guest_name(report.guest))
        for line in online_lines(answer):
            print_error_line(line)
        if answer.error is not None:  # the same for all
            break
