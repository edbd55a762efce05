"""What the authority would say about reports that are only checked, within the short time limits of the desk."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from apoa_client.app.container import Container
from apoa_client.authority.address import Timeouts
from apoa_client.cli.prompts.save_and_send import SEND_TIMEOUT_S, SENDING_S, ReportOptions
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line
from apoa_client.cli.views.online import Online, online_lines, online_value
from apoa_client.cli.views.report import dry_run_value, guest_name
from apoa_client.delivery.single_call import SingleCalls
from apoa_client.errors import ApoaError, Exit, UnreadableAnswer
from apoa_client.messages import msg
from apoa_client.passport.mrz import Mrz
from apoa_client.ports.authority import Authority
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report, to_json
from apoa_client.report.parse_fields import Draft


class OnlineCheck:
    """Asks the authority of the property. It stores nothing, and after an error it is not asked again."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self._error: ApoaError | None = None

    def of_reports(self, reports: Sequence[Report]) -> list[Online]:
        """Return what the authority would say about each report, or why it was not asked."""
        if self._error is None:
            try:
                return self._ask(reports)
            except ApoaError as exc:
                self._error = exc
        return [Online(error=self._error) for _report in reports]

    def of_document(self, typed: Mapping[str, str], mrz: Mrz | None) -> Online | None:
        """Return the answer about the guest of a valid document, as if they arrived now, for one night.

        Where details of the guest are missing, the answer names them. None where there are other errors.
        """
        desk = self._app.reachable_desk
        examination = desk.examine(Draft({**typed, "nights": "1"}, mrz))
        if not examination.errors:
            return self.of_reports([desk.compose(examination)])[0]
        missing = tuple(error.field for error in examination.errors if error.code == "missing")
        return Online(missing=missing) if len(missing) == len(examination.errors) else None

    def _ask(self, reports: Sequence[Report]) -> list[Online]:
        app, bodies = self._app, [(report.id, to_json(report)) for report in reports]
        outbox = app.ask(lambda each: each.outbox)
        settings = app.settings
        calls = SingleCalls(outbox, lambda: self._authority, app.clock, settings.fingerprint, settings.identity)
        found = {verdict.id: verdict for verdict in calls.validate(bodies)}
        unreadable = UnreadableAnswer(msg("The authority's answer about this report cannot be read."))
        return [Online(found[report.id]) if report.id in found else Online(error=unreadable) for report in reports]

    @cached_property
    def _authority(self) -> Authority:
        self._app.guest_waits = True
        ends_at = self._app.clock.monotonic() + SENDING_S
        timeouts = Timeouts(SEND_TIMEOUT_S, SEND_TIMEOUT_S, SEND_TIMEOUT_S)
        return self._app.connect(timeouts, lambda: ends_at - self._app.clock.monotonic())


def finish_dry_run(
    session: Session,
    options: ReportOptions,
    reports: Sequence[Report],
    warnings: Sequence[Sequence[Finding]] = (),
    more: Mapping[str, Any] | None = None,
) -> None:
    """Ask the authority about valid reports, unless nothing is to be sent, and show the end of the dry run.

    That it cannot be asked is no error. A report that it would refuse sets the exit code. In JSON, each report has our
    `warnings` of it, too; with `more` members of the document, the reports are a list.
    """
    answers: list[Online | None] = [None] * len(reports)
    if not options.no_send and not session.app.settings.by_hand:
        answers = [*OnlineCheck(session.app).of_reports(reports)]
    refused = any(answer is not None and answer.refused for answer in answers)
    if refused:
        session.exit_code = Exit.DATA_REFUSED
    if session.json:
        members = zip(reports, warnings, map(online_value, answers), strict=True)
        values = [dry_run_value(*each) for each in members]
        print_json(values[0] if more is None else {"reports": values, **more})
        return
    _show_answers(session, reports, answers)
    if session.exit_code:  # also for a photo that is no report
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
