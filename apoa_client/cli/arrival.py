"""The conversation of `apoa report`: read, ask for what is missing, show, save, try to send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apoa_client.cli.ask import agree, ask_again, ask_for_mrz
from apoa_client.cli.findings import finding_line, show_error, show_warnings
from apoa_client.cli.forms import card, checked_value, guest_name, report_json
from apoa_client.cli.language import _, text
from apoa_client.cli.screen import bad, careful, clean, document, good, remark, result, strong
from apoa_client.cli.session import Session
from apoa_client.cli.words import moment_text, skew_text
from apoa_client.errors import Exit, StorageProblem
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.ports import Content, Entry
from apoa_client.report.draft import Draft
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import State, short_id
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination
from apoa_client.report.wire import to_json

SENDING_PATIENCE_S = 4.0
"""How long the desk waits for each answer of the authority: a guest is standing there."""
_OF_THE_GUEST = frozenset({"surname", "given_names", "document_number"})
"""Whoever gives one of these as an option types the guest's details, and is not asked for an MRZ."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the call asks for besides the guest."""

    yes: bool
    dry_run: bool
    no_send: bool
    accept_check_digit: bool
    json: bool


class Arrival:
    """One guest's registration at the command line."""

    def __init__(self, session: Session, wishes: Wishes) -> None:
        self._session = session
        self._app = session.app
        self._wishes = wishes
        self._asking = session.terminal and not wishes.json

    def receive(self, typed: Mapping[str, str], lines: Sequence[str]) -> None:
        """Carry the guest from the options to the outbox, and on to the authority where it can be reached."""
        examination = self._examine(dict(typed), self._read(lines, typed))
        report = self._app.desk.compose(examination)
        if self._wishes.dry_run:
            self._show_checked(report, examination)
            return
        if self._asking:
            self._show(report, examination)
            if not self._wishes.yes and not agree(_("Save and send this report?")):
                remark(_("Nothing was saved."))
                return
        else:
            show_warnings(examination.warnings)
        self._finish(report, self._app.desk.file(report, examination.warnings), examination.warnings)

    def _read(self, lines: Sequence[str], typed: Mapping[str, str]) -> Mrz | None:
        if not lines:
            return ask_for_mrz(self._app.desk) if self._asking and not _OF_THE_GUEST & typed.keys() else None
        try:
            return self._app.desk.read(lines)
        except MrzUnreadable as exc:
            path = BY_NAME["mrz"].path
            raise ReportRefused([Finding(path, exc.problem.code, exc.problem.message)]) from None

    def _examine(self, typed: dict[str, str], mrz: Mrz | None) -> Examination:
        """Examine, and at a terminal ask for what is missing or does not hold, until all does."""
        while True:
            examination = self._app.desk.examine(Draft(typed, mrz, self._wishes.accept_check_digit))
            if not examination.errors or not self._asking or not ask_again(typed, examination.errors):
                return examination

    def _show_checked(self, report: Report, examination: Examination) -> None:
        if self._wishes.json:
            document(checked_value(report, examination.warnings))
            return
        self._show(report, examination)
        result(_("Everything is in order. Nothing was saved (--dry-run)."))

    def _show(self, report: Report, examination: Examination) -> None:
        show_warnings(examination.warnings)
        for line in card(report, self._app.house.zone):
            remark(line)

    def _finish(self, report: Report, entry: Entry, warnings: Sequence[Finding]) -> None:
        """Say that it is saved, and only then try to send: what follows can no longer lose it."""
        content = Content(report, to_json(report), warnings=tuple(warnings))
        if not self._wishes.json:
            self._say_saved(report, entry)
        if not self._wishes.no_send:
            entry, content = self._sent(entry, content)
        if self._wishes.json:
            document(report_json(entry, content, zone=self._app.house.zone))
        else:
            self._say_where(entry, content)

    def _say_saved(self, report: Report, entry: Entry) -> None:
        name = guest_name(report.guest) if report.guest is not None else ""
        result(_("Saved: {name}, report {id}.").format(name=strong(name), id=strong(short_id(entry.id))))

    def _sent(self, entry: Entry, content: Content) -> tuple[Entry, Content]:
        """What sending made of it. A disk that fails from here on is told, and the report is saved all the same."""
        try:
            content = self._send(content)
            return next(iter(self._app.outbox.find(entry.id)), entry), content
        except StorageProblem as exc:
            show_error(exc)
            return entry, content

    def _send(self, content: Content) -> Content:
        from apoa_client.authority.limits import Patience  # not for --no-send
        from apoa_client.cli.interruptions import Signals
        from apoa_client.cli.progress import Silent
        from apoa_client.delivery.sync import Terms

        wait = SENDING_PATIENCE_S
        terms = Terms(self._app.house.fingerprint, first=content.report.id, wait_s=wait, turn_s=wait)
        with Signals() as signals:
            outcome = self._app.deliver(terms, Silent(), signals, Patience(connect_s=wait, read_s=wait, total_s=wait))
        if outcome.error is not None and outcome.error.exit_code is not Exit.NOT_NOW:
            show_error(outcome.error)
        elif outcome.error is not None and not self._session.quiet:
            remark(careful(text(outcome.error.message)))  # its advice is what `_say_where` says
        if outcome.clock_skew is not None:
            remark(careful(skew_text(outcome.clock_skew)))
        if outcome.busy and not self._session.quiet:
            remark(_("Another apoa command is sending at this moment. It sends what waits here, too."))
        verdict = outcome.verdicts.get(content.report.id)
        if verdict is None:
            return content
        return Content(content.report, content.body, verdict.errors, (*content.warnings, *verdict.warnings))

    def _say_where(self, entry: Entry, content: Content) -> None:
        zone = self._app.house.zone
        if entry.state is State.ACCEPTED and entry.receipt is not None:
            said = _("Sent. Receipt number: {number}").format(number=strong(clean(entry.receipt.number)))
            result(good(said))
            if entry.last_error == "duplicate":
                result(_("This guest was already reported for that night; the number is that report's."))
        elif entry.state is State.REJECTED:
            result(bad(_("The authority refused this report:")))
            for finding in content.errors:
                result(finding_line(finding))
        elif entry.state is State.PENDING:
            result(_("Sent. The authority has not decided yet; the next apoa sync asks again."))
        else:
            due = moment_text(entry.due_at, zone) if entry.due_at is not None else "-"
            result(
                _("In the queue, not sent yet. Due by {due}. Send what waits with: apoa sync").format(due=strong(due))
            )
